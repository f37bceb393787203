//! HTTP/1.1 as bytes: the head of a request in, a whole answer out.

use http::{Request, Response, StatusCode};

/// How long the body of a request may be, in bytes.
const MOST_BODY: usize = 64 * 1024 * 1024;

/// The head of a request, and how long head and body are.
pub(super) struct Head {
    pub(super) request: http::request::Builder,
    pub(super) length: usize,
    pub(super) body: usize,
    pub(super) last: bool,
}

/// Reads a head; `None` when it is not whole yet, a status when it cannot be served.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Head>, StatusCode> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(StatusCode::BAD_REQUEST),
    };
    let header = |name: &str| {
        let found = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).into_owned())
    };
    let host = header("host").ok_or(StatusCode::BAD_REQUEST)?;
    let body = match header("content-length") {
        Some(text) => text.trim().parse().map_err(|_| StatusCode::BAD_REQUEST)?,
        None => 0,
    };
    if body > MOST_BODY {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    // A chunked body is not read: the fake answers 411 and the connection ends.
    let last = header("transfer-encoding").is_some()
        || header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let mut request = Request::builder()
        .method(parsed.method.unwrap_or_default())
        .uri(format!("http://{host}{}", parsed.path.unwrap_or_default()));
    for header in parsed.headers.iter() {
        request = request.header(header.name, header.value);
    }
    Ok(Some(Head { request, length, body, last }))
}

/// The bytes of an answer, in one piece so that they leave in one write.
pub(super) fn wire(reply: Response<Vec<u8>>, bodiless: bool, last: bool) -> Vec<u8> {
    let (parts, body) = reply.into_parts();
    let mut out = Vec::with_capacity(512 + body.len());
    let reason = parts.status.canonical_reason().unwrap_or("Unknown");
    out.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", parts.status.as_u16()).as_bytes());
    for (name, value) in &parts.headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    let counted = parts.headers.contains_key(http::header::CONTENT_LENGTH);
    let empty = matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !counted && !empty {
        out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    if last {
        out.extend_from_slice(b"connection: close\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if !bodiless && !empty {
        out.extend_from_slice(&body);
    }
    out
}
