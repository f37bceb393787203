//! The shapes of answers.

use http::{Response, StatusCode, header};

use super::knobs::{ContentType, ErrorBody, Knobs};
use super::xml::{Ns, Xml};

pub(super) type Reply = Response<Vec<u8>>;

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
    <body><form method=\"post\"><input name=\"password\"></form><p>&nbsp;</p></body></html>\n";

/// A status and nothing else.
pub(super) fn bare(status: u16) -> Reply {
    let mut reply = Response::new(Vec::new());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    reply
}

/// A status and a body.
pub(super) fn with_body(status: u16, content_type: &'static str, body: Vec<u8>) -> Reply {
    let mut reply = bare(status);
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    *reply.body_mut() = body;
    reply
}

/// Adds a header; what cannot stand in a header is left out.
pub(super) fn and_header(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    if let Ok(value) = header::HeaderValue::from_bytes(value.as_bytes()) {
        reply.headers_mut().append(name, value);
    }
    reply
}

/// A web page where XML should be.
pub(super) fn html(status: u16) -> Reply {
    with_body(status, "text/html; charset=ISO-8859-1", PAGE.as_bytes().to_vec())
}

/// Google's error.
pub(super) fn json(status: u16, words: &str) -> Reply {
    let body = serde_json::json!({
        "error": { "code": status, "message": words, "status": "INVALID_ARGUMENT" }
    });
    with_body(status, "application/json; charset=UTF-8", body.to_string().into_bytes())
}

pub(super) fn text(status: u16, words: &str) -> Reply {
    with_body(status, "text/plain; charset=utf-8", words.as_bytes().to_vec())
}

pub(super) fn redirect(status: u16, location: &str) -> Reply {
    and_header(bare(status), "location", location)
}

/// 207 with this document, under the Content-Type that the knobs say.
pub(super) fn multistatus(xml: Xml) -> Reply {
    let content_type = match xml.style().content_type {
        ContentType::Application => "application/xml; charset=utf-8",
        ContentType::Text => "text/xml",
        ContentType::Html => "text/html; charset=utf-8",
        ContentType::Missing => "",
    };
    let mut reply = with_body(207, content_type, xml.finish("multistatus"));
    if content_type.is_empty() {
        reply.headers_mut().remove(header::CONTENT_TYPE);
    }
    reply
}

/// An error that has words and no condition.
pub(super) fn error(knobs: &Knobs, status: u16, words: &str) -> Reply {
    match knobs.error_body {
        ErrorBody::Xml => {
            let mut xml = Xml::new(knobs.xml, "error");
            xml.leaf(Ns::Sabre, "message", words);
            with_body(status, "application/xml; charset=utf-8", xml.finish("error"))
        }
        ErrorBody::Html => html(status),
        ErrorBody::Json => json(status, words),
        ErrorBody::Empty => bare(status),
    }
}

/// An error with a precondition element (RFC 4918 16), around an href if there is one.
pub(super) fn condition(knobs: &Knobs, status: u16, what: (Ns, &str), href: Option<&str>) -> Reply {
    let (ns, name) = what;
    let mut xml = Xml::new(knobs.xml, "error");
    match href {
        None => xml.empty(ns, name),
        Some(href) => {
            xml.open(ns, name);
            xml.leaf(Ns::Dav, "href", href);
            xml.close(ns, name);
        }
    }
    with_body(status, "application/xml; charset=utf-8", xml.finish("error"))
}
