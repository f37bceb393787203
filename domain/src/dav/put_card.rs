//! Writing one card, never without a precondition.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{Method, Request, Response};

use super::body::{Kind, decode};
use super::get_card::etag;
use super::row::Asked;
use super::{DavError, ETag, Href, Location, Operation, errors, multistatus, request};

/// What must be true on the server for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The card there still has this version: an update.
    IfMatch(ETag),
    /// There is nothing there: a create.
    IfNoneMatch,
}

/// A PUT of one card.
///
/// That it succeeded does not mean that what was sent is what is there: read the card back
/// (Q87-Q92).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutCard {
    at: Location,
    condition: (HeaderName, HeaderValue),
    card: Vec<u8>,
}

/// Why a write is not even attempted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// The href is the book, or outside of it: on Radicale a PUT would replace the whole book (Q106).
    #[error("{0} is not in the address book")]
    NotInBook(Href),
    /// The ETag cannot be sent as it is. Read the card again for another.
    #[error("the server's version mark `{0}` cannot be sent back")]
    ETag(String),
}

impl PutCard {
    /// The write of `card` at `href`, which is below `book`.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]: nothing may be sent; set the contact aside.
    pub fn new(
        book: &Location,
        href: Href,
        precondition: Precondition,
        card: Vec<u8>,
    ) -> Result<Self, Unwritable> {
        let condition = match precondition {
            Precondition::IfMatch(etag) => (IF_MATCH, if_match(&etag)?),
            Precondition::IfNoneMatch => (IF_NONE_MATCH, HeaderValue::from_static("*")),
        };
        Ok(Self { at: in_book(book, href)?, condition, card })
    }

    /// Where the card goes.
    pub fn href(&self) -> &Href {
        &self.at.href
    }
}

/// What the server said to a write it accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// 200, 201 or 204. A 201 for an update means that the card had been deleted there and is now
    /// created anew (Q114), except on Calypso and RustiCal, which always say 201.
    pub status: u16,
    /// The version, if given; often of something else than was sent (Q91).
    pub etag: Option<ETag>,
    /// Where the card is instead, if the server chose (Google, Q87).
    pub href: Option<Href>,
}

impl Operation for PutCard {
    type Reply = Stored;

    fn request(&self) -> Request<Vec<u8>> {
        let mut request = request::plain(Method::PUT, &self.at, self.card.clone());
        // Zimbra, CCS and Cyrus refuse other types, and Cyrus a version that is not the card's (Q104).
        request::put(&mut request, CONTENT_TYPE, "text/vcard; charset=utf-8");
        let (name, value) = self.condition.clone();
        request.headers_mut().insert(name, value);
        request
    }

    fn reply(&self, response: &Response<Vec<u8>>) -> Result<Stored, DavError> {
        let status = accepted(response, &self.at)?;
        let href = errors::header(response, &LOCATION)
            .and_then(|location| self.at.resolve_name(&location).ok())
            .map(|location| location.href)
            .filter(|href| href.key() != self.at.href.key());
        Ok(Stored { status, etag: etag(response), href })
    }
}

/// The place of a card, refused when it is not one below the book.
pub(super) fn in_book(book: &Location, href: Href) -> Result<Location, Unwritable> {
    if href.is_below(&book.href) && !href.as_str().ends_with('/') {
        Ok(book.with_href(href))
    } else {
        Err(Unwritable::NotInBook(href))
    }
}

/// `If-Match` with the server's own spelling (Q95). `*` would match anything.
pub(super) fn if_match(etag: &ETag) -> Result<HeaderValue, Unwritable> {
    let refused = || Unwritable::ETag(etag.as_str().to_owned());
    if etag.as_str() == "*" {
        return Err(refused());
    }
    HeaderValue::from_bytes(etag.as_str().as_bytes()).map_err(|_| refused())
}

/// The status of a write that was accepted: any 2xx, or the one inside a 207 (Q107, Q117). A page with
/// 200 is no word of the server's (Q21); with 201 it is Apache's.
pub(super) fn accepted(response: &Response<Vec<u8>>, at: &Location) -> Result<u16, DavError> {
    let status = response.status().as_u16();
    match status {
        207 => {
            let asked = Asked::of(at);
            let mut inside = None;
            multistatus::read(response, &mut |row| {
                if inside.is_none() || row.path(&asked).is_some_and(|path| asked.is_at(&path)) {
                    inside = row.status;
                }
            })?;
            match inside {
                Some(status) if !(200..300).contains(&status) => Err(errors::of_status(status)),
                Some(status) => Ok(status),
                None => Ok(status),
            }
        }
        // Whoever stands in between with a login page stored nothing (Q21); Apache says 201 with a page.
        200 if Kind::of(&decode(response.body())) == Kind::Html => {
            Err(DavError::NotDav { what: Kind::Html.describe().to_owned() })
        }
        200..300 => Ok(status),
        _ => Err(errors::of(response)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{at, rows, shape};
    use super::super::{Condition, DeleteCard, Deleted};
    use super::*;

    fn etag(text: &str) -> ETag {
        ETag::new(text).unwrap()
    }

    fn put(href: &str, precondition: Precondition) -> Result<PutCard, Unwritable> {
        PutCard::new(&at("/dav/book/"), Href::new(href), precondition, b"BEGIN:VCARD".to_vec())
    }

    fn delete(href: &str, version: &str) -> Result<DeleteCard, Unwritable> {
        DeleteCard::new(&at("/dav/book/"), Href::new(href), &etag(version))
    }

    #[test]
    fn a_write_carries_its_precondition_as_the_server_spelled_it() {
        for version in ["\"1\"", "W/\"1\"", "unquoted", "\"é\""] {
            let request =
                put("/dav/book/a.vcf", Precondition::IfMatch(etag(version))).unwrap().request();
            assert_eq!(request.headers()["if-match"].as_bytes(), version.as_bytes());
            assert_eq!(request.headers()["content-type"], "text/vcard; charset=utf-8");
            assert_eq!(request.method(), Method::PUT);
            let request = delete("/dav/book/a.vcf", version).unwrap().request();
            assert_eq!(request.headers()["if-match"].as_bytes(), version.as_bytes());
            assert_eq!(request.method(), Method::DELETE);
        }
        let create = put("/dav/book/a.vcf", Precondition::IfNoneMatch).unwrap().request();
        assert_eq!(create.headers()["if-none-match"], "*");
        assert_eq!(create.body(), b"BEGIN:VCARD");
    }

    #[test]
    fn nothing_is_written_but_cards_in_the_book() {
        // Q106.
        for href in [
            "/dav/book/",
            "/dav/book",
            "/dav/",
            "/",
            "/dav/other/a.vcf",
            "/dav/book//",
            "/dav/book/a/",
            "/dav/b%6Fok/",
            "/dav/bookish.vcf",
        ] {
            let refused = Unwritable::NotInBook(Href::new(href));
            assert_eq!(put(href, Precondition::IfNoneMatch), Err(refused.clone()), "{href}");
            assert_eq!(delete(href, "\"1\""), Err(refused), "{href}");
        }
        for version in ["*", "\"a\nb\""] {
            let refused = Unwritable::ETag(version.to_owned());
            assert_eq!(
                put("/dav/book/a.vcf", Precondition::IfMatch(etag(version))),
                Err(refused.clone())
            );
            assert_eq!(delete("/dav/book/a.vcf", version), Err(refused));
        }
    }

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response<Vec<u8>> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(Vec::new()).unwrap()
    }

    #[test]
    fn a_stored_card_may_be_elsewhere_and_without_a_version() {
        let put = put("/dav/book/a.vcf", Precondition::IfNoneMatch).unwrap();
        let stored = |status, etag, href: Option<&str>| {
            Ok(Stored { status, etag, href: href.map(Href::new) })
        };
        for (headers, version, href) in [
            (vec![], None, None),
            (vec![("etag", "\"1\"")], Some("\"1\""), None),
            // Q87: Google, and servers that repeat the name in another spelling.
            (vec![("location", "/dav/book/2efb1df0")], None, Some("/dav/book/2efb1df0")),
            (
                vec![("location", "http://inner:80/dav/book/2efb1df0")],
                None,
                Some("/dav/book/2efb1df0"),
            ),
            (vec![("location", "https://dav.example/dav/book/%61.vcf")], None, None),
        ] {
            for status in [200, 201, 204] {
                let reply = put.reply(&answer(status, &headers));
                assert_eq!(reply, stored(status, version.and_then(ETag::new), href), "{headers:?}");
            }
        }
    }

    #[test]
    fn a_refused_write_says_why() {
        let put = put("/dav/book/a.vcf", Precondition::IfNoneMatch).unwrap();
        let uid = Condition::NoUidConflict(Some(Href::new("/dav/card/alice/default/three.vcf")));
        let refused = |status, condition| DavError::Refused { status, condition, words: None };
        let conflict = put.reply(&shape("stalwart/uid-conflict"));
        assert_eq!(conflict, Err(refused(412, Some(uid))));
        // Q107: a 207 that is no success inside.
        let inside = |code: u16| {
            rows(&format!(
                "<D:response><D:href>/dav/book/a.vcf</D:href><D:status>HTTP/1.1 {code} x</D:status>\
                 </D:response>"
            ))
        };
        assert_eq!(put.reply(&inside(412)), Err(refused(412, None)));
        assert_eq!(put.reply(&inside(201)).map(|stored| stored.status), Ok(201));
    }

    #[test]
    fn a_login_page_stores_nothing() {
        let put = put("/dav/book/a.vcf", Precondition::IfNoneMatch).unwrap();
        let delete = delete("/dav/book/a.vcf", "\"1\"").unwrap();
        let page = |status| {
            let page = "<!DOCTYPE html><title>Please log in</title>";
            Response::builder().status(status).body(page.as_bytes().to_vec()).unwrap()
        };
        assert!(matches!(put.reply(&page(200)), Err(DavError::NotDav { .. })));
        assert!(matches!(delete.reply(&page(200)), Err(DavError::NotDav { .. })));
        assert_eq!(put.reply(&page(201)).map(|stored| stored.status), Ok(201));
    }

    #[test]
    fn what_is_gone_already_is_as_good_as_deleted() {
        let delete = delete("/dav/book/a.vcf", "\"1\"").unwrap();
        for (status, deleted) in [
            (200, Deleted::Now),
            (204, Deleted::Now),
            (404, Deleted::Before),
            (410, Deleted::Before),
        ] {
            assert_eq!(delete.reply(&answer(status, &[])), Ok(deleted), "{status}");
        }
        let stale = delete.reply(&answer(412, &[]));
        assert!(matches!(stale, Err(DavError::Refused { status: 412, .. })));
        // Q117.
        let inside = rows(
            "<D:response><D:href>/dav/book/a.vcf</D:href><D:status>HTTP/1.1 403 x</D:status></D:response>",
        );
        assert!(matches!(delete.reply(&inside), Err(DavError::Refused { status: 403, .. })));
    }
}
