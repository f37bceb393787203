//! Every card of a book with its ETag: the only listing from which deletions may be concluded.

use http::{Request, Response, StatusCode};

use super::listing::Completeness;
use super::names::{Mark, Property};
use super::request::{Depth, propfind};
use super::row::{Asked, Row};
use super::{
    DavError, FullListing, Href, HrefKey, Listed, Location, Operation, errors, multistatus,
};

/// A PROPFIND of depth 1 on a book, for ETags and types only: one broken card must not break the
/// listing (Q76).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListCards {
    /// The book.
    pub book: Location,
}

impl Operation for ListCards {
    type Reply = FullListing;

    fn request(&self) -> Request<Vec<u8>> {
        let properties = [Property::ETag, Property::ContentType, Property::ResourceType];
        propfind(&self.book, Depth::One, &properties)
    }

    /// The listing; it knows whether it is complete.
    ///
    /// # Errors
    ///
    /// [`DavError::NotDav`] also when the answer names nothing at all, not even the book (Q43): an
    /// empty answer is not an empty book.
    fn reply(&self, response: &Response<Vec<u8>>) -> Result<FullListing, DavError> {
        let mut gathered = Gathered::default();
        let asked = Asked::of(&self.book);
        let summary = multistatus::read(response, &mut |row| gathered.add(&row, &asked))?;
        if summary.rows == 0 {
            return Err(DavError::NotDav { what: "an empty multistatus".to_owned() });
        }
        if let Some(status) = gathered.own_failure {
            return Err(errors::of_status(status));
        }
        if response.status() != StatusCode::MULTI_STATUS {
            gathered.cut(format!("the server answered {}", response.status().as_u16()));
        }
        Ok(gathered.listing(&self.book))
    }
}

#[derive(Default)]
struct Gathered {
    cards: Vec<Listed>,
    others: Vec<HrefKey>,
    /// Address books that are not where we asked: perhaps the book by another of its names.
    elsewhere: Vec<Href>,
    own_row: bool,
    own_failure: Option<u16>,
    why: Option<String>,
}

impl Gathered {
    fn add(&mut self, row: &Row, asked: &Asked<'_>) {
        // 507 says that the listing is cut, wherever it stands (Q59).
        if row.status == Some(507) {
            return self.cut("the server cut the listing (507)".to_owned());
        }
        let Some(href) = row.path(asked) else {
            return self.cut(format!("`{}` is not an href", row.name()));
        };
        if row.href.contains('\u{fffd}') {
            self.cut(format!("`{}` cannot be read", row.name()));
        }
        if asked.is_at(&href) {
            self.own_row = true;
            self.own_failure = row.failure();
        } else if let Some(status) = row.failure() {
            self.cut(format!("the server answered {status} for {}", row.name()));
            self.others.push(href.key());
        } else if row.is_no_card() {
            self.others.push(href.key());
            if row.has(Property::ResourceType, Mark::AddressBook) {
                self.elsewhere.push(href);
            }
        } else {
            self.cards.push(Listed { etag: row.etag(), href });
        }
    }

    /// The first reason is the one to tell.
    fn cut(&mut self, why: String) {
        self.why.get_or_insert(why);
    }

    fn listing(mut self, book: &Location) -> FullListing {
        if !self.own_row && !self.answered_under_another_name(book) {
            self.cut("the book itself is not in it".to_owned());
        }
        let completeness = match self.why {
            None => Completeness::Complete,
            Some(why) => Completeness::Cut { why },
        };
        FullListing::new(self.cards, self.others, completeness)
    }

    /// Whether the book's own row has another path than was asked for, and all cards are below it
    /// (`/` answered as `/dav`, Q12).
    fn answered_under_another_name(&self, book: &Location) -> bool {
        !self.cards.is_empty()
            && self.elsewhere.iter().any(|other| {
                !other.is_below(&book.href)
                    && self.cards.iter().all(|card| card.href.is_below(other))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ETag;
    use super::super::shapes::{at, rows, shape};
    use super::*;

    fn list(book: &str, response: &Response<Vec<u8>>) -> Result<FullListing, DavError> {
        ListCards { book: at(book) }.reply(response)
    }

    fn cards(listing: &FullListing) -> Vec<(&str, Option<&str>)> {
        listing
            .cards()
            .iter()
            .map(|card| (card.href.as_str(), card.etag.as_ref().map(ETag::as_str)))
            .collect()
    }

    #[test]
    fn every_server_lists_its_cards() {
        let google = "/carddav/v1/principals/ada%40example.org/lists/default/2efb1df0937cd4af";
        let cases = [
            // Q62, Q79: its own row without the slash, a card by URL on another pool.
            (
                "/123456/carddavhome/card/",
                "icloud/listing",
                vec![
                    ("/123456/carddavhome/card/one.vcf", Some("\"C=2\"")),
                    ("/123456/carddavhome/card/two.vcf", Some("\"C=3\"")),
                ],
            ),
            // Q40, Q44: status before prop, no content type; `@` for `%40`.
            (
                "/carddav/v1/principals/ada@example.org/lists/default/",
                "google/listing",
                vec![(google, Some("\"2019-02-28T01:49:18.255-08:00\""))],
            ),
            // Q64, Q73: a card twice, a folder, a meeting.
            (
                "/dav/ada%40example.org/Contacts/",
                "zimbra/listing",
                vec![("/dav/ada@example.org/Contacts/one@x.vcf", Some("\"5-5\""))],
            ),
            (
                "/dav/card/alice/default",
                "stalwart/listing",
                vec![("/dav/card/alice/default/one.vcf", Some("\"562198597\""))],
            ),
        ];
        for (book, name, expected) in cases {
            let listing = list(book, &shape(name)).unwrap();
            assert_eq!(cards(&listing), expected, "{name}");
            assert_eq!(listing.completeness(), &Completeness::Complete, "{name}");
        }
    }

    const OWN: &str = "<D:response><D:href>/b/</D:href><D:propstat><D:prop><D:resourcetype>\
        <D:collection/><C:addressbook/></D:resourcetype></D:prop></D:propstat></D:response>";

    fn card(href: &str) -> String {
        format!(
            "<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:getetag>\"1\"</D:getetag>\
             </D:prop></D:propstat></D:response>"
        )
    }

    #[test]
    fn a_listing_that_lacks_anything_knows_it() {
        let one = card("/b/1.vcf");
        let failed =
            "<D:response><D:href>/b/2.vcf</D:href><D:status>HTTP/1.1 500 x</D:status></D:response>";
        let cut = "<D:response><D:href>/b</D:href><D:status>HTTP/1.1 507 x</D:status></D:response>";
        let cases = [
            (format!("{OWN}{one}"), None),
            (OWN.to_owned(), None),
            (one.clone(), Some("the book itself is not in it")),
            (format!("{OWN}{one}{cut}"), Some("the server cut the listing (507)")),
            (format!("{cut}{one}{OWN}"), Some("the server cut the listing (507)")),
            (format!("{OWN}{failed}{one}"), Some("the server answered 500 for /b/2.vcf")),
            (format!("{OWN}<D:response/>{one}"), Some("`a card without an href` is not an href")),
            (format!("{OWN}{}", card("ftp://x/1.vcf")), Some("`ftp://x/1.vcf` is not an href")),
        ];
        for (text, why) in cases {
            let listing = list("/b/", &rows(&text)).unwrap();
            let known = [Href::new("/b/9.vcf").key()];
            match why {
                None => {
                    assert_eq!(listing.completeness(), &Completeness::Complete, "{text}");
                    assert_eq!(listing.absent(known.iter()), Some(known.to_vec()));
                }
                Some(why) => {
                    let cut = Completeness::Cut { why: why.to_owned() };
                    assert_eq!(listing.completeness(), &cut, "{text}");
                    assert_eq!(listing.absent(known.iter()), None);
                }
            }
        }
        let stalwart = list("/dav/card/alice/default/", &shape("stalwart/listing-cut")).unwrap();
        assert!(matches!(stalwart.completeness(), Completeness::Cut { .. }), "Q59");
        let mut ok = rows(&format!("{OWN}{one}"));
        *ok.status_mut() = StatusCode::OK;
        let cut = Completeness::Cut { why: "the server answered 200".into() };
        assert_eq!(list("/b/", &ok).unwrap().completeness(), &cut);
    }

    #[test]
    fn a_card_that_failed_or_became_something_else_is_not_absent() {
        let text = format!(
            "{OWN}<D:response><D:href>/b/list.vcf</D:href><D:propstat><D:prop><D:getcontenttype>\
             text/x-vlist</D:getcontenttype></D:prop></D:propstat></D:response>"
        );
        let listing = list("/b/", &rows(&text)).unwrap();
        assert_eq!(listing.cards(), []);
        let known = [Href::new("/b/list.vcf").key()];
        assert_eq!(listing.absent(known.iter()), Some(vec![]));
    }

    #[test]
    fn a_book_may_be_answered_under_another_of_its_names() {
        let text = format!("{OWN}{}", card("/b/1.vcf"));
        let listing = list("/alias/", &rows(&text)).unwrap();
        assert_eq!(listing.completeness(), &Completeness::Complete);
        let stranger = format!("{OWN}{}", card("/c/1.vcf"));
        let listing = list("/alias/", &rows(&stranger)).unwrap();
        assert!(matches!(listing.completeness(), Completeness::Cut { .. }));
        let empty = list("/alias/", &rows(OWN)).unwrap();
        assert!(matches!(empty.completeness(), Completeness::Cut { .. }));
    }

    #[test]
    fn no_listing_is_no_empty_book() {
        let page = DavError::NotDav { what: "an HTML page".into() };
        assert_eq!(list("/b/", &shape("zoho/login")), Err(page));
        assert!(matches!(list("/b/", &shape("calypso/nothing")), Err(DavError::NotDav { .. })));
        assert!(matches!(list("/b/", &rows("")), Err(DavError::NotDav { .. })));
        let gone =
            "<D:response><D:href>/b/</D:href><D:status>HTTP/1.1 404 x</D:status></D:response>";
        assert_eq!(list("/b/", &rows(gone)), Err(DavError::NotFound));
    }
}
