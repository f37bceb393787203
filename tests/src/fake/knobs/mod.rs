//! Every way in which the fake may differ from the RFCs: one field each, one enum each.

mod place;
mod reading;
mod wire;
mod writing;

pub use place::{
    Auth, AuthFailure, BareOrigin, Challenges, Cookies, DigestAlgorithm, DigestRule, HomeExtras,
    HomeHost, HrefEscapes, HrefForm, Layout, OldNonce, Principal, Privileges, ReadOnlyPrivileges,
    SelfHref, Target, WellKnown,
};
pub use reading::{
    BadToken, CTag, ChangeStyle, DepthRule, Duplicates, EmptyToken, ForeignMembers, FutureToken,
    GetReply, ListingProps, MultigetMissing, MultigetSelf, PageToken, PrunedToken, SelfEntry,
    SyncSupport, TokenForm, TombstoneStyle,
};
pub use wire::{
    AddressData, ContentType, ErrorBody, Mood, Namespaces, Propstat, RequestXml, StatusLine,
    XmlStyle,
};
pub use writing::{
    BadVcard, ContentTypeRule, DeleteMissing, DeleteReply, Demand, Demands, ETagForm, EmptyValue,
    IfMatch, IfNoneMatch, MaxSize, NameReuse, Namesake, NewName, PutETag, PutOnCollection,
    ReadOnlyPut, Rewrite, UidConflict, UidOnPut, UpdateReply, VersionAccept,
};

/// How the fake behaves. The default keeps RFC 4918, 6352 and 6578; each field bends one thing.
///
/// Knobs are read anew for every request, so a test can turn one between two syncs.
#[derive(Debug, Clone, Default)]
pub struct Knobs {
    // --- where things are, and who may -------------------------------------------------------
    /// The paths of root, principal and home.
    pub layout: Layout,
    /// What `/` answers when it is not the root of the layout (Q01).
    pub bare_origin: BareOrigin,
    /// What `/.well-known/carddav` answers (Q02, Q03, Q05, Q06).
    pub well_known: WellKnown,
    /// On which host the home-set is (Q07).
    pub home_host: HomeHost,
    /// Whether `current-user-principal` is told (Q09).
    pub principal: Principal,
    /// What else the home holds (Q13).
    pub home_extras: HomeExtras,
    /// Paths or whole URLs in `href` elements (Q12).
    pub href_form: HrefForm,
    /// Which characters of a name are escaped (Q79).
    pub href_escapes: HrefEscapes,
    /// How a collection's own href ends (Q62).
    pub self_href: SelfHref,
    /// Which credentials are taken, and what the challenge offers (Q17, Q18).
    pub auth: Auth,
    /// What a request without good credentials gets (Q20, Q21).
    pub auth_failure: AuthFailure,
    /// Whether answers set a cookie, which must not come back (Q25).
    pub cookies: Cookies,
    /// After so many failed logins every request gets 429 (Q23).
    pub lockout: Option<u32>,
    /// Which privileges a writable book names (Q15).
    pub privileges: Privileges,
    /// Which privileges a read-only book names (Q14).
    pub readonly_privileges: ReadOnlyPrivileges,

    // --- the wire ----------------------------------------------------------------------------
    /// How answers are spelled (Q39, Q40, Q41, Q46, Q47, Q48).
    pub xml: XmlStyle,
    /// Which request bodies are understood (Q38).
    pub request_xml: RequestXml,
    /// What stands in the body of an error (Q45).
    pub error_body: ErrorBody,
    /// Everything at once: maintenance, a login page, an emptied book (Q21, Q35, Q74).
    pub mood: Mood,

    // --- reading -----------------------------------------------------------------------------
    /// Whether `sync-collection` works, and how it is refused (Q51).
    pub sync: SyncSupport,
    /// Whether the book's ctag tells anything (Q70).
    pub ctag: CTag,
    /// What a sync token looks like (Q68).
    pub token_form: TokenForm,
    /// Whether an empty token is taken (Q52).
    pub empty_token: EmptyToken,
    /// Which Depth `sync-collection` needs (Q53).
    pub sync_depth: DepthRule,
    /// What an unknown token gets (Q54, Q55).
    pub bad_token: BadToken,
    /// What a token from the future gets: the server was restored from a backup (Q56).
    pub future_token: FutureToken,
    /// What a token older than the change log gets (Q55).
    pub pruned_token: PrunedToken,
    /// Entries in one sync report before it is cut with 507 (Q57).
    pub page_size: Option<usize>,
    /// What the token of a cut report means (Q57, Q58).
    pub page_token: PageToken,
    /// Cards in one PROPFIND before it is cut with 507 (Q59).
    pub listing_limit: Option<usize>,
    /// Cards in one multiget before it is cut with 507 (Q78).
    pub multiget_limit: Option<usize>,
    /// Whether a sync report names the book itself (Q62).
    pub self_in_report: SelfEntry,
    /// How many cards that never were each sync report calls deleted (Q63).
    pub ghost_404: usize,
    /// How a sync report says that a card is gone (Q42).
    pub tombstone_style: TombstoneStyle,
    /// How a sync report says that a card changed (Q40).
    pub change_style: ChangeStyle,
    /// Whether hrefs come twice in listings and reports (Q64).
    pub duplicates: Duplicates,
    /// Members of a book that are no vCards (Q73).
    pub foreign_members: ForeignMembers,
    /// Whether a listing gives ETags (Q44, Q84).
    pub listing: ListingProps,
    /// What multiget says of a card that is not there (Q77).
    pub multiget_missing: MultigetMissing,
    /// Whether multiget's entry for the book comes first (Zimbra, Depth not 0), or alone.
    pub multiget_self: MultigetSelf,
    /// Names of cards that make a multiget fail with 500 (Q76).
    pub multiget_poison: Vec<String>,
    /// Names of cards that make a GET fail with 500.
    pub get_poison: Vec<String>,
    /// What GET on a card answers (Q135).
    pub get: GetReply,
    /// For so many requests after a write, GET and multiget do not see the card yet (Q115).
    pub read_lag: u64,

    // --- writing -----------------------------------------------------------------------------
    /// Which ETag a PUT answers with (Q91, Q92).
    pub put_etag: PutETag,
    /// What ETags look like (Q93, Q95, Q133).
    pub etag_form: ETagForm,
    /// Where a created card ends up (Q87, Q88).
    pub rename_on_put: NewName,
    /// What becomes of the UID of a created card (Q89).
    pub uid_replace: UidOnPut,
    /// What the server does to the text of a card, in this order (Q90, Q112).
    pub rewrite: Vec<Rewrite>,
    /// Whether `If-Match` is looked at on PUT (Q94, Q95, Q114).
    pub if_match: IfMatch,
    /// Whether `If-Match` is looked at on DELETE (Q118).
    pub delete_if_match: IfMatch,
    /// What `If-None-Match: *` does when the card is there.
    pub if_none_match: IfNoneMatch,
    /// What a UID that another card of the book has gets (Q98, Q99, Q100).
    pub uid_conflict: UidConflict,
    /// Which properties a card must have (Q102).
    pub demands: Demands,
    /// What a card that is none, or lacks a property, gets (Q103).
    pub bad_vcard: BadVcard,
    /// What a property without a value gets (Q130).
    pub empty_value: EmptyValue,
    /// What a new card that resembles another gets (Q113).
    pub namesake: Namesake,
    /// Which versions are taken, and served (Q101).
    pub version_accept: VersionAccept,
    /// Whether the Content-Type of a PUT matters (Q104).
    pub content_type: ContentTypeRule,
    /// The largest card, and what a larger one gets (Q105).
    pub max_size: Option<MaxSize>,
    /// What a write to a read-only book gets (Q16).
    pub readonly_put: ReadOnlyPut,
    /// What PUT to the book itself does (Q106).
    pub put_on_collection: PutOnCollection,
    /// The status of a successful update (Q107).
    pub update_reply: UpdateReply,
    /// The status of a successful DELETE (Q117).
    pub delete_reply: DeleteReply,
    /// The status of DELETE on a card that is not there.
    pub delete_missing: DeleteMissing,
    /// Whether a name can be used again after a DELETE (Q110).
    pub name_reuse: NameReuse,
}
