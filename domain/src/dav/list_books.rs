//! The address books in a home.

use http::{Request, Response};

use super::book::BOOK_PROPERTIES;
use super::names::{Mark, Property};
use super::request::{Depth, propfind};
use super::row::Asked;
use super::{BookInfo, DavError, Location, Operation, errors, multistatus};

/// A PROPFIND of depth 1 on a home. The home itself, calendars, principals and scheduling boxes are
/// listed there too; only what has `addressbook` among its types is a book, and where the home is
/// one, it is in the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBooks {
    /// The home.
    pub home: Location,
}

impl Operation for ListBooks {
    type Reply = Vec<BookInfo>;

    fn request(&self) -> Request<Vec<u8>> {
        propfind(&self.home, Depth::One, &BOOK_PROPERTIES)
    }

    /// The books in the server's order, each once; the server's own ones are marked `hidden`.
    fn reply(&self, response: &Response<Vec<u8>>) -> Result<Vec<BookInfo>, DavError> {
        let mut books: Vec<BookInfo> = Vec::new();
        let mut failure = None;
        let asked = Asked::of(&self.home);
        let summary = multistatus::read(response, &mut |row| {
            let Some(location) = row.location(&asked) else { return };
            if asked.is_at(&location.href) {
                failure = row.failure();
            }
            if row.failure().is_some() || !row.has(Property::ResourceType, Mark::AddressBook) {
                return;
            }
            if !books.iter().any(|known| known.location.href.key() == location.href.key()) {
                books.push(BookInfo::of(&row, location));
            }
        })?;
        match failure {
            // 507: the list is cut, and what there is of it is still good.
            Some(status) if status != 507 && books.is_empty() => Err(errors::of_status(status)),
            _ if summary.rows == 0 => {
                Err(DavError::NotDav { what: "an empty multistatus".to_owned() })
            }
            _ => Ok(books),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Access;
    use super::super::shapes::{at, rows, shape};
    use super::*;

    #[test]
    fn only_address_books_are_listed() {
        use Access::*;
        let cases = [
            ("/alice/", "radicale/home", vec![("/alice/contacts/", "contacts", ReadWrite, false)]),
            (
                "/caldav.php/alice/",
                "davical/home",
                vec![("/caldav.php/alice/addresses/", "Alice addressbook", Unknown, false)],
            ),
            (
                "/remote.php/dav/addressbooks/users/ada/",
                "nextcloud/home",
                vec![
                    (
                        "/remote.php/dav/addressbooks/users/ada/contacts/",
                        "Contacts",
                        ReadWrite,
                        false,
                    ),
                    (
                        "/remote.php/dav/addressbooks/users/ada/work_shared_by_bob/",
                        "Work (bob)",
                        ReadOnly,
                        false,
                    ),
                    (
                        "/remote.php/dav/addressbooks/users/ada/z-app-generated--contactsinteraction--recent/",
                        "Recently contacted",
                        ReadOnly,
                        true,
                    ),
                ],
            ),
            (
                "/dav/ada@example.org/",
                "zimbra/home",
                vec![
                    ("/dav/ada%40example.org/Contacts/", "Contacts", Unknown, false),
                    (
                        "/dav/ada%40example.org/Emailed%20Contacts/",
                        "Emailed Contacts",
                        Unknown,
                        false,
                    ),
                ],
            ),
        ];
        for (home, name, expected) in cases {
            let books = ListBooks { home: at(home) }.reply(&shape(name)).unwrap();
            let books: Vec<_> = books
                .iter()
                .map(|b| (b.location.href.as_str(), b.name.as_str(), b.access, b.hidden))
                .collect();
            assert_eq!(books, expected, "{name}");
        }
    }

    #[test]
    fn what_a_server_cannot_do_is_told_from_what_it_does_not_say() {
        let books = ListBooks { home: at("/dav/ada@example.org/") }.reply(&shape("zimbra/home"));
        let capable: Vec<_> =
            books.unwrap().iter().map(|b| b.capabilities.sync_collection).collect();
        assert_eq!(capable, [Some(false), None]);
    }

    #[test]
    fn a_home_without_books_is_empty_and_a_missing_one_is_not() {
        let reply = |text: &str| ListBooks { home: at("/home/") }.reply(&rows(text));
        let own = "<D:response><D:href>/home/</D:href>";
        assert_eq!(reply(&format!("{own}</D:response>")), Ok(vec![]));
        let gone = format!("{own}<D:status>HTTP/1.1 404 Not Found</D:status></D:response>");
        assert_eq!(reply(&gone), Err(DavError::NotFound));
        assert!(matches!(reply(""), Err(DavError::NotDav { .. })));
    }
}
