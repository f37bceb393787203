//! Knobs of listing, syncing and fetching.

/// Whether `sync-collection` works, and how it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncSupport {
    /// It works.
    #[default]
    Yes,
    /// 403 `supported-report` (Zimbra, sabre 1.8); not advertised either.
    Forbidden,
    /// 415 (Nextcloud's "recent" book).
    Unsupported,
    /// 501 with a page (SOGo's LDAP books).
    NotImplemented,
    /// 405.
    NotAllowed,
    /// 207 with every card and no token (Calypso).
    NoToken,
}

/// Whether the book's ctag tells anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CTag {
    /// It changes with the book.
    #[default]
    Told,
    /// It is the same for ever (Zimbra, to agents whose answers it caches).
    Constant,
    /// There is none.
    Missing,
}

/// What a sync token looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenForm {
    /// `http://sabre.io/ns/sync/7`; pages of a first sync `…/init_<id>_7`.
    #[default]
    Sabre,
    /// `data:,1795367764-7` (Cyrus); a book made anew has another first number.
    Data,
    /// `7` (SOGo).
    Number,
    /// `urn:stalwart:davsync:7`.
    Urn,
    /// A path-like text with `&` and blanks (iCloud's are no URIs either).
    Path,
    /// Forty hex digits (Xandikos).
    Hex,
}

/// Whether an empty token is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyToken {
    /// It lists everything.
    #[default]
    ListsAll,
    /// 400 with JSON (Google).
    BadRequest,
    /// It lists everything, and every old deletion as 404 (Radicale, RustiCal).
    ListsDeletionsToo,
}

/// Which Depth a report needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DepthRule {
    /// Any.
    #[default]
    Any,
    /// Only 1 reports anything; 0 looks like "no changes" (Google).
    OneElseSilent,
    /// Other than 0 gets 400, as RFC 6578 has it.
    ZeroElseBadRequest,
}

/// What an unknown token gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadToken {
    /// 403 `valid-sync-token`.
    #[default]
    Forbidden,
    /// 403 without a body.
    BareForbidden,
    /// 412 `valid-sync-token` (Xandikos).
    PreconditionFailed,
    /// 400 with JSON (Google).
    BadRequest,
    /// This status and no condition: 409, 410, 422, 500, 507.
    Status(u16),
    /// 207, no entry, the newest token.
    AcceptSilently,
    /// 207 with every card, no deletion, a new token (Stalwart, DAViCal).
    FullListSilently,
    /// 207 with every card and every deletion ever (SOGo).
    FullListWithDeletions,
}

/// What a token from the future gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FutureToken {
    /// As an unknown one.
    #[default]
    Bad,
    /// 207, nothing, the present token (sabre, Nextcloud).
    Nothing,
    /// 207, nothing, the same token again (SOGo).
    Echo,
}

/// What a token older than the change log gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrunedToken {
    /// As an unknown one.
    #[default]
    Bad,
    /// 207 with the changes that are still known; the others are lost (Nextcloud).
    Forgets,
}

/// What the token of a cut report means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageToken {
    /// The next page.
    #[default]
    Next,
    /// Now, when the sync was a first one: the rest is lost (Stalwart).
    NowOnFirst,
    /// The token that was sent: a client that follows it never ends.
    Same,
}

/// Whether a sync report names the book itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelfEntry {
    /// No.
    #[default]
    No,
    /// In a first sync, and it counts towards the page (Stalwart).
    OnFirst,
    /// Always, with status 200 (iCloud).
    Always,
    /// Always, with status 404.
    AlwaysGone,
}

/// How a sync report says that a card is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TombstoneStyle {
    /// A response-level 404.
    #[default]
    Status,
    /// A propstat 418 and then the response-level 404 (older sabre).
    Teapot,
    /// A response-level 404 and a propstat that says 200.
    BesidePropstat,
    /// Nothing: deletions are not told (Monica).
    Untold,
}

/// How a sync report says that a card changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChangeStyle {
    /// With the properties asked for.
    #[default]
    Propstat,
    /// With an href and nothing else (Xandikos).
    HrefOnly,
}

/// Whether hrefs come twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// Once.
    #[default]
    Once,
    /// Every one twice (Zimbra, RustiCal).
    Twice,
}

/// Members of a book that are no vCards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForeignMembers {
    /// None.
    #[default]
    None,
    /// A sub-collection, a calendar entry and a SOGo list, in listings and reports.
    Some,
}

/// Whether a listing gives ETags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListingProps {
    /// It does.
    #[default]
    ETags,
    /// `getetag` is 200 and empty.
    EmptyETags,
    /// `getetag` is 404.
    NoETags,
    /// `getcontenttype` is 404 (Google).
    NoContentType,
}

/// What multiget says of a card that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MultigetMissing {
    /// An entry with status 404.
    #[default]
    Entry404,
    /// Nothing (Google, sabre, Zimbra).
    Omitted,
    /// 404 with the href decoded and not escaped (SOGo): `&` breaks the XML.
    Decoded404,
    /// The whole report is 404 (sabre 1.8).
    WholeReport404,
}

/// Whether multiget tells of the book itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MultigetSelf {
    /// No.
    #[default]
    No,
    /// First, when the Depth is not 0 (Zimbra).
    FirstUnlessZero,
    /// Alone, when the Depth is not 1 (Zoho).
    AloneUnlessOne,
}

/// What GET on a card answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GetReply {
    /// The card.
    #[default]
    Card,
    /// 302 to a web page (SOGo, to a client it does not know).
    RedirectToView,
    /// The card without an ETag header.
    NoETag,
}
