//! A client for tests of the fake: says what it is told to, careful or not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contactcmd_tests::fake::FakeDav;
use http::{Request, Response};

/// `alice`'s Basic credentials.
pub(super) fn basic() -> String {
    format!("Basic {}", STANDARD.encode("alice:secret"))
}

/// Sends a request with good credentials and an honest User-Agent, and these headers.
pub(super) fn ask(
    fake: &FakeDav,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response<Vec<u8>> {
    fake.handle(request(method, path, headers, body))
}

/// The request that [`ask`] sends. Bearer goes with Google's profile, so both are understood.
pub(super) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Vec<u8>> {
    let uri = match path.strip_prefix('/') {
        Some(_) => format!("https://dav.example.test{path}"),
        None => path.to_owned(),
    };
    let mut request = Request::builder().method(method).uri(uri);
    if headers.iter().all(|(name, _)| *name != "authorization") {
        request = request.header("authorization", basic());
    }
    request = request.header("user-agent", "contactcmd/0");
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    request.body(body.as_bytes().to_vec()).unwrap()
}

/// The body as text.
pub(super) fn text(response: &Response<Vec<u8>>) -> String {
    String::from_utf8_lossy(response.body()).into_owned()
}

/// A PROPFIND with all-prefixed XML.
pub(super) fn propfind(fake: &FakeDav, path: &str, depth: &str, props: &str) -> Response<Vec<u8>> {
    let body = format!(
        "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:carddav\" \
         xmlns:CS=\"http://calendarserver.org/ns/\"><D:prop>{props}</D:prop></D:propfind>"
    );
    ask(fake, "PROPFIND", path, &[("depth", depth)], &body)
}

/// A sync report from `token`, asking for ETags.
pub(super) fn sync(fake: &FakeDav, book: &str, token: &str) -> Response<Vec<u8>> {
    let body = format!(
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{}</D:sync-token>\
         <D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>",
        token.replace('&', "&amp;")
    );
    ask(fake, "REPORT", &fake.href(book, ""), &[("depth", "0")], &body)
}

/// A multiget of these hrefs.
pub(super) fn multiget(fake: &FakeDav, book: &str, hrefs: &[&str]) -> Response<Vec<u8>> {
    let hrefs: String = hrefs.iter().map(|href| format!("<D:href>{href}</D:href>")).collect();
    let body = format!(
        "<C:addressbook-multiget xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:carddav\">\
         <D:prop><D:getetag/><C:address-data/></D:prop>{hrefs}</C:addressbook-multiget>"
    );
    ask(fake, "REPORT", &fake.href(book, ""), &[("depth", "0")], &body)
}

/// A PUT with this precondition.
pub(super) fn put(
    fake: &FakeDav,
    path: &str,
    condition: (&str, &str),
    card: &str,
) -> Response<Vec<u8>> {
    let headers = [condition, ("content-type", "text/vcard; charset=utf-8")];
    ask(fake, "PUT", path, &headers, card)
}

/// The text of the only (or the last) element with this local name.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let mut found = None;
    for (at, _) in xml.match_indices(name) {
        let opens = xml[..at].ends_with(['<', ':']) && !xml[..at].ends_with("</");
        let rest = &xml[at + name.len()..];
        let closing = xml[..at].rfind('<').is_some_and(|lt| xml[lt..].starts_with("</"));
        if opens && !closing && rest.starts_with(['>', ' ']) {
            let inner = &rest[rest.find('>').unwrap() + 1..];
            found = Some(inner[..inner.find("</").unwrap()].to_owned());
        }
    }
    found.map(|text| text.replace("&amp;", "&"))
}

/// The sync token of a report.
pub(super) fn token(response: &Response<Vec<u8>>) -> String {
    element(&text(response), "sync-token").unwrap()
}

/// How often each of these texts occurs.
pub(super) fn counts<const N: usize>(text: &str, of: [&str; N]) -> [usize; N] {
    of.map(|part| text.matches(part).count())
}

/// A small card.
pub(super) fn card(uid: &str, name: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nN:{name};;;;\r\nFN:{name}\r\nEND:VCARD\r\n")
}

/// Panics unless `xml` is well-formed and every prefix is bound.
pub(super) fn assert_well_formed(xml: &str, context: &str) {
    let mut reader = quick_xml::NsReader::from_str(xml);
    loop {
        match reader.read_resolved_event() {
            Ok((_, quick_xml::events::Event::Eof)) => return,
            Ok((quick_xml::name::ResolveResult::Unknown(prefix), _)) => {
                panic!("{context}: {prefix} is not bound: {xml}")
            }
            Ok(_) => {}
            Err(error) => panic!("{context}: {error}: {xml}"),
        }
    }
}
