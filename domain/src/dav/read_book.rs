//! What one book says about itself: the one request of a run with nothing to do.

use http::{Request, Response};

use super::book::BOOK_PROPERTIES;
use super::probe::only_row;
use super::request::{Depth, propfind};
use super::{BookInfo, DavError, Location, Operation};

/// A PROPFIND of depth 0 on a book. Ask it before a listing, never after: what changes in between
/// must look new the next time (Q70).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBook {
    /// The book.
    pub book: Location,
}

impl Operation for ReadBook {
    type Reply = BookInfo;

    fn request(&self) -> Request<Vec<u8>> {
        propfind(&self.book, Depth::Zero, &BOOK_PROPERTIES)
    }

    /// The location in the reply is the one asked for: it is what is known to work.
    fn reply(&self, response: &Response<Vec<u8>>) -> Result<BookInfo, DavError> {
        Ok(BookInfo::of(&only_row(&self.book, response)?, self.book.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{at, multistatus, shape};
    use super::super::{Access, CTag, Capabilities, SyncToken};
    use super::*;

    #[test]
    fn a_book_says_what_it_can() {
        // server, token, ctag, versions, largest card
        let cases = [
            ("cyrus/book", "data:,1795367764-2", "1795367764-2", vec!["3.0", "4.0"], 2_147_483_647),
            // jCard's version is not a vCard's.
            ("sabre-4/book", "http://sabre.io/ns/sync/1", "1", vec!["3.0", "4.0"], 10_000_000),
        ];
        for (name, token, ctag, versions, size) in cases {
            let book = ReadBook { book: at("/book/") }.reply(&shape(name)).unwrap();
            assert_eq!(book.location, at("/book/"), "what was asked is known to work");
            assert_eq!(book.sync_token, Some(SyncToken(token.into())));
            assert_eq!(book.ctag, Some(CTag(ctag.into())));
            assert_eq!(book.access, Access::ReadWrite);
            let versions = versions.into_iter().map(str::to_owned).collect();
            assert_eq!(
                book.capabilities,
                Capabilities {
                    sync_collection: Some(true),
                    versions,
                    max_resource_size: Some(size),
                }
            );
        }
    }

    #[test]
    fn access_is_read_from_the_privileges_and_their_absence() {
        let access = |privileges: &str| {
            let body = format!(
                "<multistatus xmlns='DAV:'><response><href>/b/</href><propstat><prop>{privileges}</prop>\
                 </propstat></response></multistatus>"
            );
            ReadBook { book: at("/b/") }.reply(&multistatus(body)).unwrap().access
        };
        for (inside, expected) in [
            ("<privilege><all/></privilege>", Access::ReadWrite),
            ("<privilege><read/></privilege><privilege><write/></privilege>", Access::ReadWrite),
            ("<privilege><write-content/></privilege>", Access::ReadWrite),
            ("<privilege><bind/></privilege>", Access::ReadWrite),
            // Q14: Nextcloud's read-only shares.
            ("<privilege><read/><write-properties/></privilege>", Access::ReadOnly),
            ("<privilege><X:all xmlns:X='other:'/></privilege>", Access::ReadOnly),
            ("", Access::Unknown),
        ] {
            let set = format!("<current-user-privilege-set>{inside}</current-user-privilege-set>");
            assert_eq!(access(&set), expected, "{inside}");
        }
        assert_eq!(access(""), Access::Unknown); // Q15
    }

    #[test]
    fn empty_properties_say_nothing() {
        // Q44, and Calypso's empty sync-token and max-resource-size.
        let body = "<multistatus xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:carddav'><response>\
            <href>/alice/work/</href><propstat><prop><displayname/><sync-token/><supported-report-set/>\
            <C:max-resource-size/><C:supported-address-data/></prop><status>HTTP/1.1 200 OK</status>\
            </propstat></response></multistatus>";
        let book = ReadBook { book: at("/alice/work/") }.reply(&multistatus(body)).unwrap();
        assert_eq!(book.name, "work");
        assert_eq!(book.sync_token, None);
        assert_eq!(book.capabilities, Capabilities::default());
    }
}
