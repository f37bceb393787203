//! A request as isahc must be given it, so that what goes out is what was asked for.

use std::net::IpAddr;

use futures::io::Cursor;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Uri};
use isahc::AsyncBody;
use isahc::config::Configurable;

/// Why a request cannot be sent as it is. Names no path and no value: it becomes part of an error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsendable {
    /// curl would resolve them, and a PUT or DELETE to another path may succeed there (Q82).
    #[error("the path has a dot segment")]
    DotSegment,
    /// isahc panics on it.
    #[error("the value of the header {0} is not ASCII")]
    NotAscii(String),
    /// A username in an address is a secret half the time.
    #[error("the address holds a username")]
    UserInfo,
    /// Nobody to send it to.
    #[error("the address has no host")]
    NoHost,
    /// What `http` does not take.
    #[error("the request is not a valid one")]
    Invalid(#[from] http::Error),
}

/// Host and port for people, without any username in front of it.
pub(super) fn host_and_port(uri: &Uri) -> String {
    let Some(host) = uri.host() else { return "(no host)".to_owned() };
    match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None if uri.scheme_str() == Some("http") => format!("{host}:80"),
        None => format!("{host}:443"),
    }
}

/// The same request with isahc's settings for it.
pub(super) fn sendable(request: Request<Vec<u8>>) -> Result<Request<AsyncBody>, Unsendable> {
    let (head, body) = request.into_parts();
    if head.uri.host().is_none() {
        return Err(Unsendable::NoHost);
    }
    if head.uri.path().split('/').any(is_dot_segment) {
        return Err(Unsendable::DotSegment);
    }
    if head.uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(Unsendable::UserInfo);
    }
    let headers = checked(head.headers)?;

    // curl decodes what came encoded even if only `identity` was allowed, but only if it is told
    // so; without a header in the request it would then ask for compression by itself.
    let decode = headers.contains_key(ACCEPT_ENCODING);
    let mut builder = Request::builder().automatic_decompression(decode);
    if is_loopback(&head.uri) {
        builder = builder.proxy(None);
    }
    let body = sendable_body(&head.method, body);
    let mut ready = builder.method(head.method).uri(head.uri).body(body)?;
    *ready.headers_mut() = headers;
    Ok(ready)
}

/// Gives an empty body only where one has a meaning, and keeps curl from sending one twice.
fn sendable_body(method: &Method, body: Vec<u8>) -> AsyncBody {
    let safe = match method.as_str() {
        // A length of nothing on these is unusual, and curl would wait for the body of a HEAD.
        "GET" | "HEAD" | "DELETE" | "OPTIONS" if body.is_empty() => return AsyncBody::empty(),
        "GET" | "HEAD" | "OPTIONS" | "PROPFIND" | "REPORT" => true,
        _ => false,
    };
    if safe || body.is_empty() {
        return AsyncBody::from(body);
    }
    // A buffer can be rewound, and curl would send it again on a new connection when a kept one
    // breaks, although the first may have taken effect (Q108). A reader cannot.
    let length = body.len() as u64;
    AsyncBody::from_reader_sized(Cursor::new(body), length)
}

/// The length is the body's (Q33), whatever the request says; values are what isahc can write.
fn checked(mut headers: HeaderMap) -> Result<HeaderMap, Unsendable> {
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    match headers.iter().find(|(_, value)| value.to_str().is_err()) {
        Some((name, _)) => Err(Unsendable::NotAscii(name.to_string())),
        None => Ok(headers),
    }
}

/// curl takes an escaped dot for a dot.
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.replace("%2e", ".").replace("%2E", ".").as_str(), "." | "..")
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn an_error_names_host_and_port_and_nothing_else() {
        for (uri, expected) in [
            ("https://dav.example/a/b?c", "dav.example:443"),
            ("http://dav.example/", "dav.example:80"),
            ("https://ada:secret@dav.example:8443/x", "dav.example:8443"),
            ("http://[::1]:81/", "[::1]:81"),
            ("/a/b", "(no host)"),
        ] {
            assert_eq!(host_and_port(&uri.parse().unwrap()), expected);
        }
    }

    #[test]
    fn what_would_arrive_as_something_else_is_not_sent() {
        let request = |uri: &str| Request::put(uri).body(b"x".to_vec()).unwrap();
        for path in ["/a/./b", "/a/../b", "/a/..", "/.", "/a/%2e/b", "/a/.%2E"] {
            let refused = sendable(request(&format!("https://dav.example{path}")));
            assert!(matches!(refused, Err(Unsendable::DotSegment)), "{path}");
        }
        for path in ["/", "/a/.b", "/a/...", "/a/b.", "/?a=/../b", "/%2e%2e%2e"] {
            assert!(sendable(request(&format!("https://dav.example{path}"))).is_ok(), "{path}");
        }
        assert!(matches!(sendable(request("https://u:p@dav.example/")), Err(Unsendable::UserInfo)));

        assert!(matches!(sendable(request("/a/b")), Err(Unsendable::NoHost)));

        let mut odd = request("https://dav.example/");
        odd.headers_mut().insert("if-match", HeaderValue::from_bytes(b"\"\xe9\"").unwrap());
        let Err(error) = sendable(odd) else { panic!("it would panic in isahc") };
        assert_eq!(error.to_string(), "the value of the header if-match is not ASCII");
    }

    #[test]
    fn only_loopback_addresses_pass_the_proxy_by() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_loopback(&format!("http://{host}:80/").parse().unwrap()), "{host}");
        }
        for host in ["10.0.0.1", "dav.example", "localhost.example", "[fe80::1]"] {
            assert!(!is_loopback(&format!("http://{host}/").parse().unwrap()), "{host}");
        }
    }
}
