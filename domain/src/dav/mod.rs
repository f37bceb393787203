//! CardDAV as values: each operation builds one request and reads one reply, touching no socket.
//!
//! One file per operation. Everything that a reply can say is a value here: a stale token, a page
//! that was cut (507), a login page where XML should be. Nothing in here follows a redirect, waits
//! or retries; the driver in the app does, by what these values say.

mod batch;
mod body;
mod book;
mod delete_card;
mod discovery;
mod dns;
mod errors;
mod etag;
mod get_card;
mod href;
mod list_books;
mod list_cards;
mod listing;
mod multiget;
mod multistatus;
mod names;
mod percent;
mod place;
mod probe;
mod providers;
mod put_card;
mod quirks;
mod read_book;
mod redirect;
mod request;
mod retry;
mod row;
#[cfg(test)]
mod shapes;
mod stored_length;
mod sync_collection;

pub use batch::Batches;
pub use book::{Access, BookInfo, Capabilities};
pub use delete_card::{DeleteCard, Deleted};
pub use discovery::{DiscoveryError, Route, Step, route};
pub use dns::{
    DnsAnswer, DnsRecord, RecordKind, Service, Srv, hosts as service_hosts, path as service_path,
};
pub use etag::ETag;
pub use get_card::GetCard;
pub use href::{Href, HrefKey, Location, LocationError, Origin};
pub use list_books::ListBooks;
pub use list_cards::ListCards;
pub use listing::{Completeness, Delta, FullListing, NextPage};
pub use multiget::{Fetched, Multiget, What};
pub use probe::{Principal, Probe, ProbeReply};
pub use providers::{PROVIDERS, Password, Provider, SOFTWARE, Software};
pub use put_card::{Precondition, PutCard, Stored, Unwritable};
pub use quirks::Quirks;
pub use read_book::ReadBook;
pub use redirect::{Followed, RedirectRefused, Rules, follow, may_know};
pub use retry::{Trouble, pause, retry_after};
pub use stored_length::{StoredLength, is_as_long, is_of_version_3};
pub use sync_collection::{SyncCollection, SyncPage};

use http::{Request, Response};

/// One request and the meaning of its reply.
pub trait Operation {
    /// What a good reply says.
    type Reply;

    /// The request, complete but for `Authorization` and `User-Agent`, which the driver adds.
    ///
    /// The URI is absolute and its path is the server's own spelling, never re-encoded.
    fn request(&self) -> Request<Vec<u8>>;

    /// Reads the reply to [`Operation::request`].
    ///
    /// # Errors
    ///
    /// Any [`DavError`]; each variant says what the caller does next.
    fn reply(&self, response: &Response<Vec<u8>>) -> Result<Self::Reply, DavError>;
}

/// An opaque text that names a state of a book (RFC 6578 3.2); sent back byte for byte.
///
/// Not always a URI: SOGo gives seconds, Xandikos a git hash, iCloud a path (Q68).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SyncToken(pub String);

/// The `getctag` of a book: equal means that nothing changed since it was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CTag(pub String);

/// One card as a listing names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it is, spelled as the server spelled it.
    pub href: Href,
    /// Its version; `None` when the server gave none or an empty one (unknown, not "unchanged").
    pub etag: Option<ETag>,
}

/// Why a reply could not be used, by what the caller does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DavError {
    /// 401: ask for another password; never repeat the same one.
    #[error("the server refused the user name or password")]
    Unauthorized {
        /// The authentication schemes offered, lower case, in order (`basic`, `digest`, ...).
        schemes: Vec<String>,
        /// The server's own words, if it gave any, such as "2FA challenge not passed."
        words: Option<String>,
    },
    /// 404 or 410 for the thing itself.
    #[error("the server has nothing at this address")]
    NotFound,
    /// 429 or 503 (or Google's 403 `usageLimits`): wait and repeat.
    #[error("the server asks to wait")]
    Busy {
        /// The HTTP status.
        status: u16,
        /// The raw `Retry-After`, seconds or an HTTP date.
        retry_after: Option<String>,
    },
    /// 3xx: the driver follows it, within its rules, and repeats the request.
    #[error("the server moved this to {location}")]
    Moved {
        /// The HTTP status.
        status: u16,
        /// The raw `Location` header, absolute or relative.
        location: String,
    },
    /// Any other status: read the condition first, then the status.
    #[error("the server answered {status}{}", .words.as_deref().map(|w| format!(": {w}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The precondition element in the body (RFC 4918 16), if there is one.
        condition: Option<Condition>,
        /// The server's words, shortened to one line, without markup.
        words: Option<String>,
    },
    /// A success that is no DAV answer: a login page, an empty body. Never "an empty book" (Q21).
    #[error("the answer is not CardDAV: {what}")]
    NotDav {
        /// What it is instead, for the user: `an HTML page`, `an empty body`.
        what: String,
    },
    /// The answer breaks off or is not well-formed: nothing of it is used.
    #[error("the answer is broken: {what}")]
    Malformed {
        /// Where or how.
        what: String,
    },
    /// The answer exceeds a limit on size, depth or entities: ask for less, else give up.
    #[error("the answer is too large: {what}")]
    TooLarge {
        /// Which limit.
        what: String,
    },
}

/// A precondition or postcondition element in an error body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `DAV:valid-sync-token`: the token is stale, list everything.
    ValidSyncToken,
    /// `CARDDAV:no-uid-conflict`, with the href of the card that has the UID if given.
    NoUidConflict(Option<Href>),
    /// `CARDDAV:valid-address-data`.
    ValidAddressData,
    /// `CARDDAV:supported-address-data`.
    SupportedAddressData,
    /// `CARDDAV:max-resource-size`.
    MaxResourceSize,
    /// `DAV:number-of-matches-within-limits`: the answer was cut.
    NumberOfMatchesWithinLimits,
    /// `DAV:supported-report`: this server cannot do that report.
    SupportedReport,
    /// `DAV:need-privileges`: read-only.
    NeedPrivileges,
    /// `DAV:quota-not-exceeded` and `DAV:sufficient-disk-space`.
    Quota,
    /// Any other element, by its local name.
    Other(String),
}
