//! One card by GET: for what a multiget leaves out, and for true bytes.

use http::header::{ACCEPT, ETAG, HeaderName, HeaderValue};
use http::{Method, Request, Response};

use super::body::{Kind, decode};
use super::stored_length::is_as_long;
use super::{DavError, ETag, Fetched, Href, Location, Operation, What, errors, request};

/// A GET of one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCard {
    /// The book it is in.
    pub book: Location,
    /// The card, spelled as the server spelled it.
    pub href: Href,
    /// The vCard version it is stored in, such as `4.0`; see [`Multiget`](super::Multiget).
    pub version: Option<String>,
    /// How long the stored card is, if that is known: a body of another length is a conversion
    /// ([`What::Converted`]).
    pub stored: Option<u64>,
}

impl Operation for GetCard {
    type Reply = Fetched;

    fn request(&self) -> Request<Vec<u8>> {
        let at = self.book.with_href(self.href.clone());
        let mut request = request::plain(Method::GET, &at, Vec::new());
        request::put(&mut request, ACCEPT, "text/vcard");
        if let Some(version) = &self.version
            && let Ok(value) = HeaderValue::try_from(format!("text/vcard; version={version}"))
        {
            request.headers_mut().insert(ACCEPT, value);
        }
        request
    }

    /// The card; [`What::Missing`] for 404 and 410.
    ///
    /// # Errors
    ///
    /// [`DavError::NotDav`] when it is no vCard: SOGo shows a web page to programs it takes for
    /// browsers (Q135).
    fn reply(&self, response: &Response<Vec<u8>>) -> Result<Fetched, DavError> {
        let fetched = |what| Fetched { href: self.href.clone(), etag: etag(response), what };
        if matches!(response.status().as_u16(), 404 | 410) {
            return Ok(Fetched { etag: None, ..fetched(What::Missing) });
        }
        if !response.status().is_success() {
            return Err(errors::of(response));
        }
        let card = without_frame(response.body());
        match Kind::of(&decode(card.get(..card.len().min(100)).unwrap_or_default())) {
            Kind::Card
                if self.stored.is_some_and(|stored| !is_as_long(response.body(), stored)) =>
            {
                Ok(fetched(What::Converted(card.to_vec())))
            }
            Kind::Card => Ok(fetched(What::Card(card.to_vec()))),
            Kind::Empty => Ok(fetched(What::NoData)),
            other => Err(DavError::NotDav { what: other.describe().to_owned() }),
        }
    }
}

/// The version in the headers. Where a proxy compresses, Nextcloud repeats the true one in
/// `OC-ETag` (Q93).
pub(super) fn etag(response: &Response<Vec<u8>>) -> Option<ETag> {
    let own = errors::header(response, &HeaderName::from_static("oc-etag"));
    ETag::new(&own.or_else(|| errors::header(response, &ETAG))?)
}

/// The bytes of a card without a byte order mark and blanks before it, and blank lines after its
/// last line end, so that a GET gives what a multiget gives (Q48). The bytes need not be UTF-8.
fn without_frame(body: &[u8]) -> &[u8] {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let end = body.trim_ascii_end().len();
    let rest = body.get(end..).unwrap_or_default();
    let line_end = [&b"\r\n"[..], b"\n", b"\r"].into_iter().find(|end| rest.starts_with(end));
    body.get(..end + line_end.map_or(0, <[u8]>::len)).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{at, shape};
    use super::*;

    fn get(version: Option<&str>) -> GetCard {
        let version = version.map(str::to_owned);
        GetCard { book: at("/b/"), href: Href::new("/b/a%40b.vcf"), version, stored: None }
    }

    fn reply(status: u16, body: &[u8]) -> Result<Fetched, DavError> {
        let response = Response::builder().status(status).header("etag", "W/\"1\"");
        get(None).reply(&response.body(body.to_vec()).unwrap())
    }

    #[test]
    fn a_card_is_asked_for_in_the_version_it_is_stored_in() {
        let request = get(None).request();
        assert_eq!(request.uri(), "https://dav.example/b/a%40b.vcf");
        assert_eq!(request.headers()["accept"], "text/vcard");
        assert_eq!(request.headers()["accept-encoding"], "identity");
        assert_eq!(get(Some("4.0")).request().headers()["accept"], "text/vcard; version=4.0");
    }

    #[test]
    fn what_comes_back_is_a_card_or_an_explicit_no() {
        let card = |bytes: &[u8]| What::Card(bytes.to_vec());
        for (status, body, what) in [
            (
                200,
                &b"BEGIN:VCARD\r\nN:\xe9\r\nEND:VCARD\r\n"[..],
                card(b"BEGIN:VCARD\r\nN:\xe9\r\nEND:VCARD\r\n"),
            ),
            (200, b"\xef\xbb\xbf\r\nbegin:vcard\nEND:VCARD\n\n", card(b"begin:vcard\nEND:VCARD\n")),
            (200, b"", What::NoData),
            (404, b"<html>", What::Missing),
            (410, b"", What::Missing),
        ] {
            assert_eq!(reply(status, body).unwrap().what, what, "{status}");
        }
        assert_eq!(reply(200, b"BEGIN:VCARD").unwrap().etag, ETag::new("W/\"1\""));
        assert_eq!(reply(404, b"").unwrap().etag, None);
    }

    #[test]
    fn a_web_page_is_not_a_card() {
        // Q135.
        let page = DavError::NotDav { what: "an HTML page".into() };
        assert_eq!(get(None).reply(&shape("zoho/login")), Err(page));
        assert!(matches!(get(None).reply(&shape("sogo/view")), Err(DavError::Moved { .. })));
        assert!(matches!(reply(200, b"BEGIN:VLIST"), Err(DavError::NotDav { .. })));
        assert!(matches!(reply(500, b""), Err(DavError::Refused { status: 500, .. })));
    }

    #[test]
    fn the_servers_own_etag_beats_the_proxys() {
        let response = Response::builder()
            .header("etag", "\"1-gzip\"")
            .header("oc-etag", "\"1\"")
            .body(b"BEGIN:VCARD".to_vec());
        let fetched = get(None).reply(&response.unwrap()).unwrap();
        assert_eq!(fetched.etag, ETag::new("\"1\""));
    }

    #[test]
    fn a_body_of_another_length_than_the_stored_is_a_conversion() {
        let body = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A\r\nEND:VCARD\r\n\r\n";
        let card = body.strip_suffix(b"\r\n").unwrap().to_vec();
        let response = Response::builder().body(body.to_vec()).unwrap();
        for (stored, what) in
            [(body.len(), What::Card(card.clone())), (card.len(), What::Converted(card.clone()))]
        {
            let stored = u64::try_from(stored).ok();
            let operation = GetCard { stored, ..get(Some("4.0")) };
            assert_eq!(operation.reply(&response).unwrap().what, what);
        }
    }
}
