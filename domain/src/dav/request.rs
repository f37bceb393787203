//! Requests: verb, address, depth and body, the same bytes every time.

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use xmltree::{Element, EmitterConfig, Namespace, XMLNode};

use super::names::{CALENDARSERVER, CARDDAV, DAV, Property, Space};
use super::percent::is_escape;
use super::{Href, Location};

/// How far below the address a request reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Zero,
    One,
}

impl Depth {
    /// 1 where a server wants it (Q53), 0 as RFC 6578 3.2 says.
    pub(super) fn one_if(one: bool) -> Self {
        if one { Self::One } else { Self::Zero }
    }
}

/// A PROPFIND for `properties`.
pub(super) fn propfind(at: &Location, depth: Depth, properties: &[Property]) -> Request<Vec<u8>> {
    let body = element(Space::Dav, "propfind", vec![prop(properties)]);
    with_xml("PROPFIND", at, depth, body)
}

/// A REPORT with `root` as its body.
pub(super) fn report(at: &Location, depth: Depth, root: Element) -> Request<Vec<u8>> {
    with_xml("REPORT", at, depth, root)
}

/// A request without an XML body. `gzip` is not accepted: it changes ETags in headers (Q93).
pub(super) fn plain(method: Method, at: &Location, body: Vec<u8>) -> Request<Vec<u8>> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri(at);
    put(&mut request, ACCEPT_ENCODING, "identity");
    request
}

/// Sets a header whose value is known to be one.
pub(super) fn put(request: &mut Request<Vec<u8>>, name: HeaderName, value: &'static str) {
    request.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// `<D:prop>` with these properties.
pub(super) fn prop(properties: &[Property]) -> Element {
    let inside = properties.iter().map(|property| {
        let (space, name) = property.name();
        element(space, name, Vec::new())
    });
    element(Space::Dav, "prop", inside.collect())
}

/// An element with a prefix, as every element must have: iCloud and Google answer 400 to default
/// namespaces below a prefixed root (Q38).
pub(super) fn element(space: Space, name: &str, inside: Vec<Element>) -> Element {
    let mut element = Element::new(name);
    element.prefix = prefix(space).map(str::to_owned);
    element.children = inside.into_iter().map(XMLNode::Element).collect();
    element
}

/// An element that holds text; escaped when it is written.
pub(super) fn text_element(space: Space, name: &str, text: &str) -> Element {
    let mut element = element(space, name, Vec::new());
    element.children.push(XMLNode::Text(text.to_owned()));
    element
}

fn prefix(space: Space) -> Option<&'static str> {
    match space {
        Space::Dav => Some("D"),
        Space::CardDav => Some("C"),
        Space::CalendarServer => Some("CS"),
        Space::CalDav | Space::Other => None,
    }
}

fn with_xml(verb: &str, at: &Location, depth: Depth, root: Element) -> Request<Vec<u8>> {
    let mut request = Request::new(document(root));
    // Both verbs are valid tokens; were one not, a GET would do no harm.
    *request.method_mut() = Method::from_bytes(verb.as_bytes()).unwrap_or_default();
    *request.uri_mut() = uri(at);
    let depth = match depth {
        Depth::Zero => "0",
        Depth::One => "1",
    };
    put(&mut request, HeaderName::from_static("depth"), depth);
    put(&mut request, CONTENT_TYPE, "application/xml; charset=utf-8");
    // The ETags stand in the body, where compression does not reach them.
    put(&mut request, ACCEPT_ENCODING, "gzip");
    request
}

fn document(mut root: Element) -> Vec<u8> {
    let mut spaces = Namespace::empty();
    for (prefix, uri) in [("D", DAV), ("C", CARDDAV), ("CS", CALENDARSERVER)] {
        spaces.put(prefix, uri);
    }
    root.namespaces = Some(spaces);
    let mut body = Vec::new();
    match root.write_with_config(&mut body, EmitterConfig::new()) {
        Ok(()) => body,
        // Nothing that is written to memory fails; half a document must not be sent.
        Err(_) => Vec::new(),
    }
}

/// The URI of a place: origin and href as they are.
///
/// Bytes that a URI cannot hold (RFC 3986 2) are escaped, since a server that wrote them into XML
/// means the same by them: spaces, quotes, non-ASCII, a `%` that begins no escape, and `#`, which would cut
/// the path short.
fn uri(at: &Location) -> Uri {
    let text = format!("{}{}", at.origin, escaped(&at.href));
    // Only a path beyond 64 KiB fails; a URI without a host goes nowhere, so no harm is done.
    Uri::try_from(text).unwrap_or_default()
}

fn escaped(href: &Href) -> String {
    let mut path = String::with_capacity(href.as_str().len());
    let whole = href.as_str().as_bytes();
    for (at, byte) in whole.iter().copied().enumerate() {
        match byte {
            b'%' if !is_escape(whole.get(at..).unwrap_or_default()) => path.push_str("%25"),
            0..=b' '
            | 0x7f..
            | b'#'
            | b'"'
            | b'<'
            | b'>'
            | b'\\'
            | b'^'
            | b'`'
            | b'{'
            | b'|'
            | b'}' => path.push_str(&format!("%{byte:02X}")),
            _ => path.push(char::from(byte)),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Location {
        Location::parse("https://h.example/").unwrap().resolve_name(url).unwrap()
    }

    #[test]
    fn a_path_goes_out_as_the_server_spelled_it() {
        let cases = [
            ("/a/b%40c.vcf", "https://h.example/a/b%40c.vcf"),
            ("/a/b@c:d,e;f.vcf", "https://h.example/a/b@c:d,e;f.vcf"),
            ("/a/b%2fc%c3%a9.vcf", "https://h.example/a/b%2fc%c3%a9.vcf"),
            ("/a//b%2540.vcf", "https://h.example/a//b%2540.vcf"),
            ("/a/100%.vcf", "https://h.example/a/100%25.vcf"),
            ("/a/x?y=z", "https://h.example/a/x?y=z"),
            ("/a b/é.vcf", "https://h.example/a%20b/%C3%A9.vcf"),
            ("/a/n#1.vcf", "https://h.example/a/n%231.vcf"),
            ("/a/{1}|\"2\".vcf", "https://h.example/a/%7B1%7D%7C%222%22.vcf"),
            ("https://p1.example:8443/b/", "https://p1.example:8443/b/"),
        ];
        for (href, uri) in cases {
            let request = plain(Method::GET, &at(href), Vec::new());
            assert_eq!(request.uri().to_string(), uri, "{href}");
        }
    }

    #[test]
    fn an_impossible_path_goes_nowhere() {
        let long = format!("/{}", "a".repeat(70_000));
        assert_eq!(plain(Method::GET, &at(&long), Vec::new()).uri().host(), None);
    }

    #[test]
    fn every_element_has_a_prefix_and_only_the_root_declares_them() {
        let request = propfind(&at("/book/"), Depth::One, &[Property::ETag, Property::CTag]);
        let body = std::str::from_utf8(request.body()).unwrap();
        assert_eq!(
            body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><D:propfind \
             xmlns:C=\"urn:ietf:params:xml:ns:carddav\" \
             xmlns:CS=\"http://calendarserver.org/ns/\" xmlns:D=\"DAV:\">\
             <D:prop><D:getetag /><CS:getctag /></D:prop></D:propfind>"
        );
        assert_eq!(request.method(), "PROPFIND");
        assert_eq!(request.headers()["depth"], "1");
        assert_eq!(request.headers()["content-type"], "application/xml; charset=utf-8");
        assert_eq!(request.headers()["accept-encoding"], "gzip");
    }

    #[test]
    fn text_is_escaped() {
        let root = text_element(Space::Dav, "href", "/a&b<c>.vcf");
        let body = document(root);
        let body = std::str::from_utf8(&body).unwrap();
        assert!(body.contains("/a&amp;b&lt;c"), "{body}");
    }
}
