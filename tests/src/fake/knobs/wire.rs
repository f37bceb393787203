//! Knobs of spelling: XML, status lines, errors, and moods that override everything.

/// How answers are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct XmlStyle {
    /// Prefixes.
    pub namespaces: Namespaces,
    /// Order and presence of the parts of a propstat.
    pub propstat: Propstat,
    /// The text of `status` elements.
    pub status_line: StatusLine,
    /// The Content-Type of XML answers.
    pub content_type: ContentType,
    /// How card text stands in the XML.
    pub address_data: AddressData,
}

/// Prefixes of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Namespaces {
    /// `D:`, `C:`, `CS:`.
    #[default]
    Upper,
    /// `d:`, `card:`, `cs:` (sabre).
    Lower,
    /// DAV: is the default namespace.
    Default,
    /// `ns0:`, `ns1:`, `ns2:` (Python servers).
    Numbered,
    /// Every element brings its own default namespace (Apple).
    PerElement,
}

/// The parts of a propstat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propstat {
    /// prop, then status.
    #[default]
    PropFirst,
    /// status, then prop (Google, Zimbra).
    StatusFirst,
    /// Found properties without any status.
    NoStatus,
    /// Each property in a propstat of its own (Cozy).
    OneEach,
    /// A response-level status 200 beside the propstat (SOGo, Xandikos).
    BesideStatus,
}

/// The text of `status` elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusLine {
    /// `HTTP/1.1 404 Not Found`.
    #[default]
    Full,
    /// `HTTP/1.1 404`.
    NoReason,
    /// `HTTP/2 404 Nicht gefunden`.
    Localised,
    /// `404`.
    Number,
}

/// The Content-Type of XML answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentType {
    /// `application/xml; charset=utf-8`.
    #[default]
    Application,
    /// `text/xml`.
    Text,
    /// `text/html`.
    Html,
    /// No header.
    Missing,
}

/// How card text stands in the XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressData {
    /// Escaped; what XML cannot hold is left out, CR stays and is lost in parsing.
    #[default]
    Escaped,
    /// Escaped, CR as `&#13;` so that it survives (sabre).
    EscapedCr,
    /// In a CDATA section (Cyrus).
    Cdata,
    /// Escaped, but control characters and bad UTF-8 as they are: not well-formed.
    Raw,
    /// Escaped, after a byte order mark and an empty line.
    Bom,
    /// The element is there and empty (Q83).
    Empty,
}

/// Which request bodies are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestXml {
    /// Any.
    #[default]
    Any,
    /// Reports whose elements are not all prefixed get 400 (iCloud, Google).
    PrefixedOnly,
}

/// What stands in the body of an error that has no condition to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorBody {
    /// A DAV error with words (sabre).
    #[default]
    Xml,
    /// A page.
    Html,
    /// Google's JSON.
    Json,
    /// Nothing.
    Empty,
}

/// A state of the whole server, stronger than every other knob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// As usual.
    #[default]
    Well,
    /// Every request gets this status, and Retry-After in seconds if given.
    Status(u16, Option<u32>),
    /// Every request gets a login page with 200.
    HtmlPage,
    /// Every request is sent to another domain with 302.
    RedirectToLogin,
    /// Every PROPFIND and REPORT gets 207 and an empty multistatus.
    EmptyMultistatus,
    /// Every PROPFIND and REPORT gets 207 and no body.
    EmptyBody,
    /// Books answer 404.
    BookGone,
    /// Books look empty, and tell so in good order.
    BookEmptied,
}
