//! Services that cannot be run at home: iCloud, Google, Fastmail, Yahoo.

use super::super::knobs::*;

impl Knobs {
    /// iCloud: another host that changes, the book in its own reports, 3.0 only.
    pub fn icloud() -> Self {
        Self {
            layout: Layout {
                root: "/",
                principal: "/12345678/principal/",
                home: "/12345678/carddavhome/",
                book: "card",
                book_name: "card",
                address: Some("https://contacts.icloud.com/"),
                photos: Some("/12345678/wbs/"),
            },
            well_known: WellKnown::Redirect(302, Target::Relative),
            home_host: HomeHost::Changing,
            self_href: SelfHref::NoSlash,
            request_xml: RequestXml::PrefixedOnly,
            token_form: TokenForm::Path,
            self_in_report: SelfEntry::Always,
            xml: XmlStyle { namespaces: Namespaces::PerElement, ..XmlStyle::default() },
            error_body: ErrorBody::Html,
            put_etag: PutETag::None,
            bad_vcard: BadVcard::ParseError,
            version_accept: VersionAccept::ThreeOnly,
            ..Self::default()
        }
    }

    /// Google: its own hrefs and UIDs, no preconditions, a token needed, Depth 1.
    pub fn google() -> Self {
        Self {
            layout: Layout {
                root: "/carddav/v1/",
                principal: "/carddav/v1/principals/alice@example.test/",
                home: "/carddav/v1/principals/alice@example.test/lists/",
                book: "default",
                book_name: "My Contacts",
                address: Some("https://www.googleapis.com/"),
                ..Layout::default()
            },
            bare_origin: BareOrigin::NotFound,
            well_known: WellKnown::AuthOnly(Target::Book),
            auth: Auth::UnadvertisedBearer,
            privileges: Privileges::Missing,
            request_xml: RequestXml::PrefixedOnly,
            error_body: ErrorBody::Json,
            xml: XmlStyle {
                namespaces: Namespaces::Lower,
                propstat: Propstat::StatusFirst,
                ..XmlStyle::default()
            },
            token_form: TokenForm::Path,
            empty_token: EmptyToken::BadRequest,
            sync_depth: DepthRule::OneElseSilent,
            bad_token: BadToken::BadRequest,
            ghost_404: 2,
            listing: ListingProps::NoContentType,
            multiget_missing: MultigetMissing::Omitted,
            etag_form: ETagForm::Timestamp,
            put_etag: PutETag::None,
            rename_on_put: NewName::Location,
            uid_replace: UidOnPut::Replaced,
            rewrite: vec![
                Rewrite::FnFromN,
                Rewrite::SingleType,
                Rewrite::DropProdid,
                Rewrite::AddRev,
            ],
            if_match: IfMatch::Ignored,
            delete_if_match: IfMatch::Ignored,
            uid_conflict: UidConflict::Allowed,
            demands: Demands { uid: Demand::Optional, ..Demands::default() },
            bad_vcard: BadVcard::BadRequestJson,
            version_accept: VersionAccept::ThreeOnly,
            update_reply: UpdateReply::Created,
            name_reuse: NameReuse::Refused,
            ..Self::default()
        }
    }

    /// Fastmail, which is Cyrus: validates everything; 4.0 comes back as 3.0.
    pub fn fastmail() -> Self {
        Self {
            layout: Layout {
                root: "/dav/",
                principal: "/dav/principals/user/alice@example.test/",
                home: "/dav/addressbooks/user/alice@example.test/",
                book: "Default",
                book_name: "Personal",
                address: Some("https://carddav.fastmail.com/"),
                ..Layout::default()
            },
            bare_origin: BareOrigin::NotFound,
            well_known: WellKnown::Redirect(301, Target::Absolute),
            auth: Auth::BasicOrBearer,
            error_body: ErrorBody::Html,
            xml: XmlStyle { address_data: AddressData::Cdata, ..XmlStyle::default() },
            token_form: TokenForm::Data,
            version_accept: VersionAccept::ServedAsThree,
            rewrite: vec![Rewrite::EscapeN],
            put_etag: PutETag::Always,
            delete_missing: DeleteMissing::NotFound,
            ..Self::default()
        }
    }

    /// Yahoo, as it was until 2014: names cards by their UIDs, spoils what is not plain ASCII.
    pub fn yahoo() -> Self {
        Self {
            layout: Layout {
                root: "/dav/",
                principal: "/principals/users/alice/",
                home: "/dav/alice/",
                book: "Contacts",
                book_name: "Contacts",
                address: Some("https://carddav.address.yahoo.com/"),
                ..Layout::default()
            },
            // "/" answers, as "/dav" (Q12).
            bare_origin: BareOrigin::Dav,
            well_known: WellKnown::BadGateway,
            auth: Auth::UnadvertisedBearer,
            xml: XmlStyle {
                namespaces: Namespaces::Default,
                status_line: StatusLine::NoReason,
                ..XmlStyle::default()
            },
            error_body: ErrorBody::Html,
            put_etag: PutETag::Always,
            rename_on_put: NewName::OfUid,
            rewrite: vec![Rewrite::Entities, Rewrite::Ascii],
            empty_value: EmptyValue::Fails,
            ..Self::default()
        }
    }
}
