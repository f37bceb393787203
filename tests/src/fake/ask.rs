//! One request, taken apart once.

use http::{HeaderMap, Method, Request};

use super::body::Body;
use super::knobs::Knobs;
use super::log::{Log, Logged, SinKind};
use super::place::{Hrefs, Place, path_of, place};
use super::xml::Ns;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Zero,
    One,
    Infinity,
    /// No header: RFC 4918 10.2 says infinity for PROPFIND, RFC 3253 3.6 says 0 for REPORT.
    Missing,
}

pub(super) struct Ask {
    pub(super) method: Method,
    /// The path and query, byte for byte.
    pub(super) path: String,
    pub(super) scheme: String,
    /// Host and port.
    pub(super) host: String,
    pub(super) place: Place,
    pub(super) depth: Depth,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Ask {
    pub(super) fn new(knobs: &Knobs, request: Request<Vec<u8>>) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let host = match parts.uri.authority() {
            Some(authority) => authority.as_str().to_owned(),
            None => header(&parts.headers, "host").unwrap_or_default(),
        };
        let depth = match header(&parts.headers, "depth").as_deref() {
            None => Depth::Missing,
            Some("0") => Depth::Zero,
            Some("1") => Depth::One,
            Some(_) => Depth::Infinity,
        };
        Self {
            place: place(knobs, path_of(&path)),
            method: parts.method,
            scheme: parts.uri.scheme_str().unwrap_or("http").to_owned(),
            path,
            host,
            depth,
            headers: parts.headers,
            body,
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        header(&self.headers, name)
    }

    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    pub(super) fn hrefs(&self, knobs: &Knobs) -> Hrefs {
        Hrefs::new(knobs, &self.origin())
    }

    /// The host without its port, lower case.
    pub(super) fn bare_host(&self) -> String {
        bare_host(&self.host).to_ascii_lowercase()
    }

    /// The last two labels of the host; the whole of an address.
    pub(super) fn domain(&self) -> String {
        let host = self.bare_host();
        if is_loopback(&host) {
            return "localhost".to_owned();
        }
        let from = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
        host.get(from..).unwrap_or_default().to_owned()
    }

    /// This request for the log, its body taken out; the status is filled in later.
    pub(super) fn logged(&mut self) -> Logged {
        let authorization = self.header("authorization");
        let scheme = authorization
            .map(|value| value.split(' ').next().unwrap_or_default().to_ascii_lowercase());
        Logged {
            method: self.method.to_string(),
            host: self.host.clone(),
            path: self.path.clone(),
            depth: self.header("depth"),
            authorization: scheme,
            if_match: self.header("if-match"),
            if_none_match: self.header("if-none-match"),
            accept: self.header("accept"),
            accept_encoding: self.header("accept-encoding"),
            cookie: self.header("cookie"),
            user_agent: self.header("user-agent"),
            content_type: self.header("content-type"),
            content_length: self.header("content-length"),
            body: std::mem::take(&mut self.body),
            status: None,
        }
    }

    /// Records what is wrong with the request line and headers, whatever the answer will be.
    pub(super) fn confess(&self, log: &mut Log) {
        let has = |name: &str| self.headers.contains_key(name);
        let conditional = has("if-match") || has("if-none-match");
        let writes = self.method == Method::PUT || self.method == Method::DELETE;
        let on_card = matches!(self.place, Place::Card(..));
        let gzip = self.header("accept-encoding").is_some_and(|accept| accept.contains("gzip"));
        let agent = self.header("user-agent").unwrap_or_default();
        let sins = [
            (SinKind::PutWithoutPrecondition, self.method == Method::PUT && !conditional),
            (SinKind::DeleteWithoutPrecondition, self.method == Method::DELETE && !has("if-match")),
            (SinKind::IfMatchStar, self.header("if-match").is_some_and(|tag| tag.trim() == "*")),
            (SinKind::Range, has("range")),
            (SinKind::Expect, has("expect")),
            (SinKind::Cookie, has("cookie")),
            (SinKind::Chunked, has("transfer-encoding")),
            (SinKind::PutToCollection, self.method == Method::PUT && !on_card),
            (SinKind::DeleteCollection, self.method == Method::DELETE && !on_card),
            (SinKind::NoDepth, self.method.as_str() == "PROPFIND" && !self.has_finite_depth()),
            (SinKind::GzipOnCard, gzip && (writes || self.method == Method::GET)),
            (SinKind::UserAgent, agent.is_empty() || is_sniffed(&agent)),
        ];
        for (kind, _) in sins.into_iter().filter(|(_, committed)| *committed) {
            log.sin(kind, self.method.as_str(), &self.path);
        }
    }

    /// Records what is wrong with a request body.
    pub(super) fn confess_body(&self, body: &Body, log: &mut Log) {
        let query = body.root.is(Ns::Card, "addressbook-query");
        for (kind, committed) in [
            (SinKind::UnprefixedXml, body.unprefixed),
            (SinKind::Limit, body.limit),
            (SinKind::Query, query),
        ] {
            if committed {
                log.sin(kind, self.method.as_str(), &self.path);
            }
        }
    }

    pub(super) fn has_finite_depth(&self) -> bool {
        matches!(self.depth, Depth::Zero | Depth::One)
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(super) fn bare_host(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((bare, port)) if !port.contains(']') => bare,
        _ => host,
    }
}

/// Whether some server changes its answers for such a client (Q30).
fn is_sniffed(agent: &str) -> bool {
    ["Mozilla", "Thunderbird", "DAVx5", "eM Client", "iOS", "macOS"]
        .iter()
        .any(|word| agent.contains(word))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
