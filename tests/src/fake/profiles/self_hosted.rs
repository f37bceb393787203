//! Servers that people run themselves.

use super::super::knobs::*;
use super::{ADDED, LENIENT};

impl Knobs {
    /// Nextcloud: pages of 2500, silent about pruned and future tokens, ETag of the sent bytes.
    pub fn nextcloud() -> Self {
        Self {
            page_size: Some(2500),
            pruned_token: PrunedToken::Forgets,
            tombstone_style: TombstoneStyle::Status,
            ..Self::nextcloud_old()
        }
    }

    /// Nextcloud with `carddav_sync_request_truncation` at 3 (Q57): every book comes in pages.
    pub fn nextcloud_paged() -> Self {
        Self { page_size: Some(3), ..Self::nextcloud() }
    }

    /// Nextcloud before it cut its reports: everything at once, deletions as teapots (Q42).
    pub fn nextcloud_old() -> Self {
        Self {
            home_extras: HomeExtras::Generated,
            uid_conflict: UidConflict::BadRequest,
            max_size: Some(MaxSize { bytes: 5 * 1024 * 1024, status: 403 }),
            ..Self::owncloud()
        }
    }

    /// ownCloud 10: sabre with deletions as teapots, and duplicate UIDs.
    pub fn owncloud() -> Self {
        Self {
            layout: Layout {
                root: "/remote.php/dav/",
                principal: "/remote.php/dav/principals/users/alice/",
                home: "/remote.php/dav/addressbooks/users/alice/",
                book: "contacts",
                book_name: "Contacts",
                ..Layout::default()
            },
            bare_origin: BareOrigin::Html,
            href_escapes: HrefEscapes::LowerHex,
            xml: XmlStyle {
                namespaces: Namespaces::Lower,
                address_data: AddressData::EscapedCr,
                ..XmlStyle::default()
            },
            readonly_privileges: ReadOnlyPrivileges::WriteProperties,
            readonly_put: ReadOnlyPut::NotFound,
            token_form: TokenForm::Sabre,
            future_token: FutureToken::Nothing,
            cookies: Cookies::Session,
            tombstone_style: TombstoneStyle::Teapot,
            multiget_missing: MultigetMissing::Omitted,
            put_etag: PutETag::OfSentBytes,
            uid_conflict: UidConflict::Allowed,
            demands: ADDED,
            bad_vcard: BadVcard::Unsupported,
            version_accept: VersionAccept::ServedAsThree,
            content_type: ContentTypeRule::Any,
            ..Self::default()
        }
    }

    /// Zimbra: no sync-collection, mixed home, everything regenerated, weak preconditions.
    pub fn zimbra() -> Self {
        Self {
            layout: Layout {
                root: "/dav/",
                principal: "/principals/users/alice@example.test/",
                home: "/dav/alice@example.test/",
                book: "Contacts",
                book_name: "Contacts",
                ..Layout::default()
            },
            bare_origin: BareOrigin::Html,
            well_known: WellKnown::Redirect(301, Target::WithPort),
            home_extras: HomeExtras::Calendars,
            href_escapes: HrefEscapes::All,
            error_body: ErrorBody::Html,
            xml: XmlStyle { propstat: Propstat::StatusFirst, ..XmlStyle::default() },
            sync: SyncSupport::Forbidden,
            duplicates: Duplicates::Twice,
            multiget_missing: MultigetMissing::Omitted,
            multiget_self: MultigetSelf::FirstUnlessZero,
            put_etag: PutETag::Always,
            rewrite: vec![
                Rewrite::Merge,
                Rewrite::RegenPhoto,
                Rewrite::DropProdid,
                Rewrite::AddRev,
            ],
            if_match: IfMatch::IgnoredIfMissing,
            delete_if_match: IfMatch::Ignored,
            uid_conflict: UidConflict::PreconditionFailed,
            demands: Demands { uid: Demand::Added, ..LENIENT },
            version_accept: VersionAccept::ThreeOnly,
            content_type: ContentTypeRule::VcardLike,
            delete_missing: DeleteMissing::NotFound,
            ..Self::default()
        }
    }

    /// Radicale: home is the principal; cards are sorted and folded anew; exact preconditions.
    pub fn radicale() -> Self {
        Self {
            layout: Layout {
                root: "/",
                principal: "/alice/",
                home: "/alice/",
                book: "contacts",
                book_name: "contacts",
                ..Layout::default()
            },
            xml: XmlStyle { namespaces: Namespaces::Default, ..XmlStyle::default() },
            token_form: TokenForm::Hex,
            empty_token: EmptyToken::ListsDeletionsToo,
            put_etag: PutETag::Always,
            rewrite: vec![Rewrite::Sort],
            if_match: IfMatch::Exact,
            delete_if_match: IfMatch::Exact,
            uid_conflict: UidConflict::Conflict,
            demands: Demands { n: Demand::Optional, ..Demands::default() },
            bad_vcard: BadVcard::BadRequest,
            content_type: ContentTypeRule::Any,
            put_on_collection: PutOnCollection::ReplacesBook,
            update_reply: UpdateReply::Created,
            delete_reply: DeleteReply::Ok,
            delete_missing: DeleteMissing::NotFound,
            ..Self::default()
        }
    }

    /// SOGo: ETags are counters, tokens are numbers, `If-None-Match` is not looked at.
    pub fn sogo() -> Self {
        Self {
            layout: Layout {
                root: "/SOGo/dav/",
                principal: "/SOGo/dav/alice/",
                home: "/SOGo/dav/alice/Contacts/",
                book: "personal",
                book_name: "Personal Address Book",
                ..Layout::default()
            },
            bare_origin: BareOrigin::NotAllowed,
            well_known: WellKnown::Redirect(301, Target::Absolute),
            self_href: SelfHref::NoSlash,
            auth: Auth::LowerCaseBasic,
            privileges: Privileges::AllOnly,
            error_body: ErrorBody::Html,
            xml: XmlStyle { propstat: Propstat::BesideStatus, ..XmlStyle::default() },
            token_form: TokenForm::Number,
            bad_token: BadToken::FullListWithDeletions,
            future_token: FutureToken::Echo,
            foreign_members: ForeignMembers::Some,
            multiget_missing: MultigetMissing::Decoded404,
            etag_form: ETagForm::Counter,
            put_etag: PutETag::Always,
            rewrite: vec![Rewrite::UpperCaseGroups, Rewrite::Relabel3],
            delete_if_match: IfMatch::Ignored,
            if_none_match: IfNoneMatch::Ignored,
            uid_conflict: UidConflict::Allowed,
            demands: Demands { uid: Demand::Added, ..LENIENT },
            version_accept: VersionAccept::Unadvertised,
            content_type: ContentTypeRule::Any,
            ..Self::default()
        }
    }

    /// Stalwart: cuts everything at 2000, a first sync for good; takes any token as empty.
    pub fn stalwart() -> Self {
        Self {
            layout: Layout {
                root: "/dav/card/",
                principal: "/dav/pal/alice/",
                home: "/dav/card/alice/",
                book: "default",
                book_name: "Stalwart Address Book (alice)",
                ..Layout::default()
            },
            bare_origin: BareOrigin::NotFound,
            well_known: WellKnown::Redirect(307, Target::WithoutSlash),
            auth: Auth::BasicOrBearer,
            token_form: TokenForm::Urn,
            bad_token: BadToken::FullListSilently,
            future_token: FutureToken::Nothing,
            page_size: Some(2000),
            page_token: PageToken::NowOnFirst,
            listing_limit: Some(2000),
            multiget_limit: Some(2000),
            self_in_report: SelfEntry::OnFirst,
            put_etag: PutETag::Always,
            uid_conflict: UidConflict::PreconditionFailed,
            demands: LENIENT,
            bad_vcard: BadVcard::PreconditionFailed,
            content_type: ContentTypeRule::Any,
            max_size: Some(MaxSize { bytes: 524_288, status: 412 }),
            delete_missing: DeleteMissing::NotFound,
            ..Self::default()
        }
    }

    /// Xandikos: git hashes, 412 for a bad token, entries that are an href and nothing else.
    pub fn xandikos() -> Self {
        Self {
            layout: Layout {
                root: "/",
                principal: "/alice/",
                home: "/alice/contacts/",
                book: "addressbook",
                book_name: "addressbook",
                ..Layout::default()
            },
            well_known: WellKnown::Redirect(302, Target::Relative),
            privileges: Privileges::AllOnly,
            xml: XmlStyle {
                namespaces: Namespaces::Numbered,
                propstat: Propstat::BesideStatus,
                ..XmlStyle::default()
            },
            token_form: TokenForm::Hex,
            bad_token: BadToken::PreconditionFailed,
            change_style: ChangeStyle::HrefOnly,
            put_etag: PutETag::Always,
            uid_conflict: UidConflict::Allowed,
            demands: Demands { fn_: Demand::Required, ..LENIENT },
            bad_vcard: BadVcard::PreconditionFailed,
            content_type: ContentTypeRule::Any,
            delete_missing: DeleteMissing::NotFound,
            ..Self::default()
        }
    }

    /// Baikal, which is sabre/dav as it is: Digest alone, a redirect of another kind.
    pub fn baikal() -> Self {
        Self {
            layout: Layout {
                root: "/dav.php/",
                principal: "/dav.php/principals/alice/",
                home: "/dav.php/addressbooks/alice/",
                book: "default",
                book_name: "Default Address Book",
                ..Layout::default()
            },
            bare_origin: BareOrigin::NotAllowed,
            well_known: WellKnown::Redirect(308, Target::WithoutSlash),
            auth: Auth::Digest,
            readonly_privileges: ReadOnlyPrivileges::Read,
            readonly_put: ReadOnlyPut::Forbidden,
            tombstone_style: TombstoneStyle::Status,
            // sabre gives none for what it repaired, and its own else (Q92).
            put_etag: PutETag::UnlessChanged,
            max_size: Some(MaxSize { bytes: 10_000_000, status: 403 }),
            ..Self::owncloud()
        }
    }

    /// DAViCal: any unknown token lists everything and no deletion (Q55), no ETag after a PUT (Q92).
    pub fn davical() -> Self {
        Self {
            layout: Layout {
                root: "/caldav.php/",
                principal: "/caldav.php/alice/",
                home: "/caldav.php/alice/",
                book: "addresses",
                book_name: "Alice addressbook",
                ..Layout::default()
            },
            well_known: WellKnown::Redirect(301, Target::Absolute),
            home_extras: HomeExtras::Calendars,
            token_form: TokenForm::Data,
            bad_token: BadToken::FullListSilently,
            multiget_missing: MultigetMissing::Omitted,
            put_etag: PutETag::None,
            rewrite: vec![Rewrite::UpperCaseGroups, Rewrite::EscapeN, Rewrite::AddRev],
            uid_conflict: UidConflict::Allowed,
            demands: Demands { uid: Demand::Added, ..LENIENT },
            bad_vcard: BadVcard::Stored,
            version_accept: VersionAccept::Both,
            content_type: ContentTypeRule::Any,
            max_size: Some(MaxSize { bytes: 6_550_000, status: 413 }),
            delete_missing: DeleteMissing::NotFound,
            ..Self::default()
        }
    }

    /// Calypso: known by its book alone, no token (Q51), preconditions that pass where nothing is.
    pub fn calypso() -> Self {
        Self {
            layout: Layout {
                root: "/",
                principal: "/alice/",
                home: "/alice/",
                book: "contacts",
                book_name: "contacts",
                address: Some("https://dav.example.test/alice/contacts/"),
                ..Layout::default()
            },
            well_known: WellKnown::Unauthorized,
            principal: Principal::WrongHome,
            self_href: SelfHref::NoSlash,
            privileges: Privileges::AllOnly,
            xml: XmlStyle { namespaces: Namespaces::Numbered, ..XmlStyle::default() },
            sync: SyncSupport::NoToken,
            multiget_missing: MultigetMissing::Omitted,
            etag_form: ETagForm::Unquoted,
            put_etag: PutETag::Always,
            if_match: IfMatch::IgnoredIfMissing,
            if_none_match: IfNoneMatch::Ignored,
            uid_conflict: UidConflict::Allowed,
            demands: LENIENT,
            bad_vcard: BadVcard::BadRequest,
            version_accept: VersionAccept::Unadvertised,
            content_type: ContentTypeRule::Any,
            update_reply: UpdateReply::Created,
            delete_missing: DeleteMissing::Gone,
            ..Self::default()
        }
    }
}
