//! What clients sent, and what they should not have sent.

use std::collections::VecDeque;
use std::fmt;

/// One request as it came, and the status it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The method.
    pub method: String,
    /// Host and port, as the client spelled them.
    pub host: String,
    /// The path and query, byte for byte.
    pub path: String,
    /// `Depth`.
    pub depth: Option<String>,
    /// The scheme of `Authorization`, lower case; never the secret.
    pub authorization: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `Accept`.
    pub accept: Option<String>,
    /// `Accept-Encoding`.
    pub accept_encoding: Option<String>,
    /// `Cookie`.
    pub cookie: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Length`; a transport in process may leave it out.
    pub content_length: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// The status of the answer; `None` when no answer was given.
    pub status: Option<u16>,
}

/// Something that a careful client never does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sin {
    /// What.
    pub kind: SinKind,
    /// Method and path of the request.
    pub request: String,
}

impl fmt::Display for Sin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.request)
    }
}

/// The kinds of [`Sin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SinKind {
    /// A PUT with neither `If-Match` nor `If-None-Match`.
    PutWithoutPrecondition,
    /// A DELETE without `If-Match`.
    DeleteWithoutPrecondition,
    /// `If-Match: *`, which Radicale never matches and SOGo always (Q95).
    IfMatchStar,
    /// `DAV:limit` in a report (Q60, Q61).
    Limit,
    /// `addressbook-query` (Q72).
    Query,
    /// An element without a prefix in a request body (Q38).
    UnprefixedXml,
    /// A `Range` header (Q34).
    Range,
    /// An `Expect` header (Q34).
    Expect,
    /// A `Cookie` header (Q25).
    Cookie,
    /// A chunked body (Q33).
    Chunked,
    /// A PUT to a collection (Q106).
    PutToCollection,
    /// A DELETE of a collection.
    DeleteCollection,
    /// No `Authorization`, though the server is no Digest one that must be asked first.
    NoCredentials,
    /// Credentials for another registrable domain than the first request's (Q08).
    CredentialsElsewhere,
    /// Credentials over `http:` to another machine.
    CredentialsInClear,
    /// A card that is there, spelled otherwise than the server spells it (Q79, Q81, Q82).
    ReencodedHref,
    /// A PROPFIND without a Depth, or with `infinity`.
    NoDepth,
    /// Compression asked for where the ETag stands in a header (Q93).
    GzipOnCard,
    /// A User-Agent that changes how some servers behave, or none (Q30).
    UserAgent,
}

/// Keeps the last requests; a bench of millions must not fill the memory.
const KEPT: usize = 50_000;

#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) entries: VecDeque<Logged>,
    pub(super) sins: Vec<Sin>,
}

impl Log {
    pub(super) fn push(&mut self, entry: Logged) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(super) fn sin(&mut self, kind: SinKind, method: &str, path: &str) {
        if self.sins.len() < KEPT {
            self.sins.push(Sin { kind, request: format!("{method} {path}") });
        }
    }
}
