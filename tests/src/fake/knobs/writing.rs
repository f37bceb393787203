//! Knobs of PUT and DELETE.

/// Which ETag a PUT answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PutETag {
    /// The one that listings give, unless the server changed the card: then none (RFC 6352 6.3.2.3).
    #[default]
    UnlessChanged,
    /// The one that listings give, whatever was stored (Radicale, Zimbra, Stalwart).
    Always,
    /// The hash of the bytes that were sent, kept as the card's ETag (Nextcloud).
    OfSentBytes,
    /// The hash of the bytes that were sent, which no listing ever gives.
    Unlisted,
    /// None (DAViCal).
    None,
}

/// What ETags look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ETagForm {
    /// A quoted hash of the content.
    #[default]
    Hash,
    /// The card's version counter, shared by cards and started anew after a deletion (SOGo).
    Counter,
    /// A quoted time (Google).
    Timestamp,
    /// Without quotes; `If-Match` must be without too (Group-Office).
    Unquoted,
    /// `W/"…"` in headers, strong in XML; the weak one never matches (nginx with gzip).
    WeakHeader,
    /// `"…-gzip"` in headers, plain in XML; the suffixed one never matches (Apache).
    GzipHeader,
    /// `"1"` for all (ownCloud 5).
    Constant,
}

/// Where a created card ends up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewName {
    /// Where it was put.
    #[default]
    Kept,
    /// Under the server's id, told by a relative `Location` (Google).
    Location,
    /// Under the server's id, told by an absolute `Location`.
    AbsoluteLocation,
    /// Under the server's id, untold; reading the tried href answers with the new one.
    Alias,
    /// Under the server's id, untold; the tried href is 404.
    Silent,
    /// Under its UID and `.vcf`, untold; another tried href is 404 (Yahoo).
    OfUid,
}

/// What becomes of the UID of a created card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UidOnPut {
    /// Kept.
    #[default]
    Kept,
    /// Replaced by the server's own (Google).
    Replaced,
}

/// One thing that a server does to the text of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrite {
    /// FN is made from N (Google).
    FnFromN,
    /// Properties that start with `X-` go, unless they belong to an `itemN` group.
    DropX,
    /// Of several types the first stays (Google).
    SingleType,
    /// Properties of the old card that the new one has none of come back (Zimbra).
    Merge,
    /// The photo is encoded anew as `ENCODING=b`, folded differently (Zimbra).
    RegenPhoto,
    /// REV is set to the time of the write.
    AddRev,
    /// PRODID goes.
    DropProdid,
    /// `item1.X-ABLabel` becomes `ITEM1.X-ABLABEL` (SOGo, DAViCal).
    UpperCaseGroups,
    /// Properties are sorted by name and folded anew, with CRLF (Radicale).
    Sort,
    /// Commas in N are escaped: two names become one (Cyrus, DAViCal).
    EscapeN,
    /// The version line says 3.0, whatever the card is (SOGo).
    Relabel3,
    /// Lines end with LF.
    Lf,
    /// `&` and `\` become entities, once more with every write (Yahoo, Q49).
    Entities,
    /// What is not ASCII becomes `?` (Yahoo).
    Ascii,
}

/// Whether `If-Match` is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfMatch {
    /// As RFC 9110 says: lists and `*` are understood.
    #[default]
    Honoured,
    /// Not at all (Google).
    Ignored,
    /// Compared as one text: `*` and lists fail (Radicale).
    Exact,
    /// As one text, but passed when the card is gone (Zimbra).
    IgnoredIfMissing,
}

/// What `If-None-Match: *` does when the card is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfNoneMatch {
    /// 412.
    #[default]
    Honoured,
    /// The card is overwritten (SOGo).
    Ignored,
    /// 409 (RustiCal).
    Conflict,
}

/// What a UID that another card of the book has gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UidConflict {
    /// 403 `no-uid-conflict` with the href (RFC 6352, Cyrus).
    #[default]
    Forbidden,
    /// 400 and words (Nextcloud).
    BadRequest,
    /// 409 `no-uid-conflict`, without the href (Radicale).
    Conflict,
    /// 412 `no-uid-conflict` with the href (Zimbra, Stalwart).
    PreconditionFailed,
    /// It is stored beside the other (ownCloud, SOGo, Xandikos).
    Allowed,
}

/// What happens to a card that lacks a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demand {
    /// It is taken as it is.
    Optional,
    /// It is refused as [`BadVcard`] says.
    #[default]
    Required,
    /// The server adds the property and stores that.
    Added,
}

/// Which properties a card must have. The default is RFC 6352 and 2426: all, but for `n` in 4.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demands {
    /// `UID`.
    pub uid: Demand,
    /// `FN`.
    pub fn_: Demand,
    /// `N`, in 3.0.
    pub n: Demand,
}

/// What a card that is none, or lacks a property, gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadVcard {
    /// 403 `valid-address-data` (RFC 6352, Cyrus, Zimbra).
    #[default]
    Forbidden,
    /// 403 and the words "VCARD parse error" (iCloud).
    ParseError,
    /// 400 and words (Radicale).
    BadRequest,
    /// 400 with JSON (Google).
    BadRequestJson,
    /// 412 `valid-address-data` (Xandikos); `supported-address-data` (Stalwart).
    PreconditionFailed,
    /// 415 (sabre).
    Unsupported,
    /// It is stored, garbage or not (DAViCal).
    Stored,
}

/// What a property without a value gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyValue {
    /// It is stored.
    #[default]
    Taken,
    /// 500 (Yahoo).
    Fails,
}

/// What a new card whose name to show another card has gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Namesake {
    /// It stands beside the other.
    #[default]
    Apart,
    /// It is taken for the other, which gets what it has not yet (Yahoo).
    Merged,
}

/// Which versions are taken, and served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VersionAccept {
    /// 3.0 and 4.0, served as stored.
    #[default]
    Both,
    /// 3.0; others are refused as [`BadVcard`] says (iCloud, Zimbra).
    ThreeOnly,
    /// Both; a 4.0 card is served as 3.0 unless 4.0 is asked for (sabre, Cyrus).
    ServedAsThree,
    /// Any text, advertised as nothing (SOGo).
    Unadvertised,
}

/// Whether the Content-Type of a PUT matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentTypeRule {
    /// Other than `text/vcard` gets 403 `supported-address-data` (Cyrus).
    #[default]
    Vcard,
    /// `text/x-vcard` and `text/directory` pass too (Zimbra).
    VcardLike,
    /// No.
    Any,
}

/// The largest card, in bytes, and the status of a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxSize {
    /// In bytes.
    pub bytes: usize,
    /// 403 and 412 come with `max-resource-size`, 413 with a page, others bare.
    pub status: u16,
}

/// What a write to a read-only book gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadOnlyPut {
    /// 403 `need-privileges`.
    #[default]
    Forbidden,
    /// 404 (Nextcloud shares).
    NotFound,
    /// 405.
    NotAllowed,
}

/// What PUT to the book itself does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PutOnCollection {
    /// 405.
    #[default]
    NotAllowed,
    /// It replaces every card of the book (Radicale).
    ReplacesBook,
}

/// The status of a successful update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpdateReply {
    /// 204.
    #[default]
    NoContent,
    /// 200.
    Ok,
    /// 201 (RustiCal, Google).
    Created,
}

/// The status of a successful DELETE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeleteReply {
    /// 204.
    #[default]
    NoContent,
    /// 200 (Radicale).
    Ok,
    /// 207 with the status inside.
    MultiStatus,
    /// 207 that says 423 inside, and nothing was deleted.
    RefusedInside,
}

/// The status of DELETE on a card that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeleteMissing {
    /// 404; 412 with `If-Match` (RFC 9110 13.1.1, sabre).
    #[default]
    Precondition,
    /// 404, whatever the headers say.
    NotFound,
    /// 410 (Calypso).
    Gone,
    /// 204 (Fastmail on a wrong path).
    NoContent,
}

/// Whether a name can be used again after a DELETE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameReuse {
    /// Yes.
    #[default]
    Allowed,
    /// 409 (Google).
    Refused,
}
