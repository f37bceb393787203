//! Servers that differ from the RFCs, each knob by itself, and what they make impossible: as data, with
//! the reason.

use std::sync::LazyLock;

use contactcmd_tests::fake::*;

use super::cards::{Kind, Kinds};

/// One way in which a server differs.
#[derive(Debug)]
pub(super) struct Bend {
    pub(super) name: &'static str,
    what: What,
    /// Turned back when the faults stop.
    heal: Option<Turn>,
    pub(super) weaker: Weaker,
}

type Turn = fn(&mut Knobs);

#[derive(Debug)]
enum What {
    /// Some knobs, turned.
    Knobs(Turn),
    /// A whole server, by the name of its profile.
    Profile(&'static str),
}

/// What cannot be promised of a server; the default promises everything.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weaker {
    /// The quirk that makes it so; empty where nothing is weaker.
    pub(super) reason: &'static str,
    /// The server drops or changes values of these kinds: they are looked for here only.
    pub(super) unkept: Kinds,
    /// What was taken out of a card may come back.
    pub(super) undrops: bool,
    /// Changes or deletions are told by a full comparison only.
    pub(super) forgets: bool,
    /// Between the last look and the write anybody can be overwritten.
    pub(super) unguarded: bool,
    /// Nothing or not everything can be sent: what is here stays here, and is pending.
    pub(super) refuses: bool,
    /// Who creates a card does not learn that it arrived before the next sync.
    pub(super) silent: bool,
    /// A card that is made anew in the place of a deleted one looks like the old one.
    pub(super) reborn: bool,
    /// Whoever does not learn that a card arrived cannot tell it from another's that says the same.
    pub(super) nameless: bool,
}

const FIRM: Weaker = Weaker {
    reason: "",
    unkept: Kinds::NONE,
    undrops: false,
    forgets: false,
    unguarded: false,
    refuses: false,
    silent: false,
    reborn: false,
    nameless: false,
};

impl Weaker {
    fn and(self, other: Self) -> Self {
        Self {
            reason: if self.reason.is_empty() { other.reason } else { self.reason },
            unkept: self.unkept.and(other.unkept),
            undrops: self.undrops || other.undrops,
            forgets: self.forgets || other.forgets,
            unguarded: self.unguarded || other.unguarded,
            refuses: self.refuses || other.refuses,
            silent: self.silent || other.silent,
            reborn: self.reborn || other.reborn,
            nameless: self.nameless || other.nameless,
        }
    }
}

/// What these make impossible together.
pub(super) fn weaker(bends: &[&'static Bend]) -> Weaker {
    let all = bends.iter().fold(FIRM, |all, bend| all.and(bend.weaker));
    let knobs = knobs(bends);
    // Q88, Q89: with another name and another UID nothing of a card is left but what it says.
    let nameless = knobs.uid_replace == UidOnPut::Replaced && knobs.rename_on_put != NewName::Kept;
    Weaker { nameless: all.nameless || nameless, ..all }
}

/// Whether a server that is bent so can be served by nobody, though each of the knobs alone can be.
pub(super) fn is_impossible(bends: &[&'static Bend]) -> bool {
    let knobs = knobs(bends);
    let no_multiget =
        knobs.multiget_self == MultigetSelf::AloneUnlessOne || !knobs.multiget_poison.is_empty();
    // Q88: a GET at the old name of a card answers with the card and does not tell the new one.
    let is_double = knobs.rename_on_put == NewName::Alias && no_multiget;
    // Neither the name nor the UID that a card was given is told, nor that anything changed.
    let is_blind = knobs.rename_on_put == NewName::Silent
        && knobs.uid_replace == UidOnPut::Replaced
        && (knobs.sync, knobs.ctag) == (SyncSupport::Forbidden, CTag::Constant);
    // Neither a GET nor a multiget gives a card.
    let is_mute = knobs.get == GetReply::RedirectToView && no_multiget;
    let is_unlisted = matches!(knobs.listing, ListingProps::EmptyETags | ListingProps::NoETags);
    // Q84: nothing tells a version, so that no write can have its condition.
    let is_versionless = (is_unlisted || no_multiget) && knobs.get != GetReply::Card;
    // Q93: only a GET gives a version, and one that no condition ever meets.
    let is_unmet = matches!(knobs.etag_form, ETagForm::WeakHeader | ETagForm::GzipHeader)
        && (no_multiget || is_unlisted);
    is_double || is_blind || is_mute || is_versionless || is_unmet
}

/// A server that is bent so.
pub(super) fn knobs(bends: &[&'static Bend]) -> Knobs {
    let mut knobs = Knobs::default();
    for bend in bends {
        match bend.what {
            What::Knobs(turn) => turn(&mut knobs),
            // How one logs in is no matter of what is lost.
            What::Profile(name) => {
                let profile = Knobs::named(name).expect("it is a profile");
                knobs = Knobs { auth: Auth::Basic, ..profile };
            }
        }
    }
    knobs
}

/// Takes back what was only for a while.
pub(super) fn heal(bends: &[&'static Bend], knobs: &mut Knobs) {
    bends.iter().filter_map(|bend| bend.heal).for_each(|heal| heal(knobs));
}

/// Whether something was only for a while.
pub(super) fn is_healed(bends: &[&'static Bend]) -> bool {
    bends.iter().any(|bend| bend.heal.is_some())
}

/// Every knob alone.
pub(super) fn bends() -> &'static [&'static Bend] {
    static BENDS: LazyLock<Vec<&'static Bend>> =
        LazyLock::new(|| READING.iter().chain(WRITING.iter()).collect());
    &BENDS
}

/// Whole servers.
pub(super) fn profiles() -> &'static [&'static Bend] {
    static SERVERS: LazyLock<Vec<Bend>> = LazyLock::new(|| Knobs::names().map(server).collect());
    static PROFILES: LazyLock<Vec<&'static Bend>> = LazyLock::new(|| SERVERS.iter().collect());
    &PROFILES
}

const fn bend(name: &'static str, turn: Turn) -> Bend {
    Bend { name, what: What::Knobs(turn), heal: None, weaker: FIRM }
}

const fn for_a_while(name: &'static str, turn: Turn, heal: Turn) -> Bend {
    Bend { name, what: What::Knobs(turn), heal: Some(heal), weaker: FIRM }
}

const fn weak(name: &'static str, turn: Turn, weaker: Weaker) -> Bend {
    Bend { name, what: What::Knobs(turn), heal: None, weaker }
}

const FORGETS: Weaker = Weaker {
    reason: "Q55: the report leaves out what the weekly comparison finds",
    forgets: true,
    ..FIRM
};
const UNGUARDED: Weaker = Weaker {
    reason: "Q94, Q118, Q134: nothing holds between our look and our write",
    unguarded: true,
    ..FIRM
};
const REFUSES: Weaker =
    Weaker { reason: "Q16, Q105: what is refused stays here", refuses: true, ..FIRM };

const SILENT: Weaker = Weaker {
    reason: "Q88: where a new card went is not told before the next sync",
    silent: true,
    ..FIRM
};

#[rustfmt::skip]
static READING: [Bend; 53] = [
    bend("sync: forbidden", |k| k.sync = SyncSupport::Forbidden),
    bend("sync: unsupported", |k| k.sync = SyncSupport::Unsupported),
    bend("sync: not implemented", |k| k.sync = SyncSupport::NotImplemented),
    bend("sync: not allowed", |k| k.sync = SyncSupport::NotAllowed),
    bend("sync: no token", |k| k.sync = SyncSupport::NoToken),
    bend("ctag: missing", |k| (k.sync, k.ctag) = (SyncSupport::Forbidden, CTag::Missing)),
    weak("ctag: constant", |k| {
        (k.sync, k.ctag) = (SyncSupport::Forbidden, CTag::Constant);
    }, FORGETS),
    bend("token: data", |k| k.token_form = TokenForm::Data),
    bend("token: number", |k| k.token_form = TokenForm::Number),
    bend("token: path", |k| k.token_form = TokenForm::Path),
    bend("token: hex", |k| k.token_form = TokenForm::Hex),
    bend("empty token: 400", |k| k.empty_token = EmptyToken::BadRequest),
    bend("empty token: deletions too", |k| k.empty_token = EmptyToken::ListsDeletionsToo),
    bend("depth: 0 else 400", |k| k.sync_depth = DepthRule::ZeroElseBadRequest),
    bend("bad token: bare 403", |k| k.bad_token = BadToken::BareForbidden),
    bend("bad token: 412", |k| k.bad_token = BadToken::PreconditionFailed),
    bend("bad token: 400", |k| k.bad_token = BadToken::BadRequest),
    bend("bad token: 410", |k| k.bad_token = BadToken::Status(410)),
    bend("bad token: 500", |k| k.bad_token = BadToken::Status(500)),
    bend("bad token: 507", |k| k.bad_token = BadToken::Status(507)),
    weak("bad token: accepted", |k| k.bad_token = BadToken::AcceptSilently, FORGETS),
    weak("bad token: full list", |k| k.bad_token = BadToken::FullListSilently, FORGETS),
    weak("bad token: full list, deletions", |k| {
        k.bad_token = BadToken::FullListWithDeletions;
    }, FORGETS),
    weak("pruned token: forgets", |k| k.pruned_token = PrunedToken::Forgets, FORGETS),
    bend("pages of 1", |k| k.page_size = Some(1)),
    bend("pages of 2", |k| k.page_size = Some(2)),
    weak("pages of 1, first one for good", |k| {
        (k.page_size, k.page_token) = (Some(1), PageToken::NowOnFirst);
    }, FORGETS),
    bend("pages of 1, same token", |k| (k.page_size, k.page_token) = (Some(1), PageToken::Same)),
    weak("listings of 1", |k| k.listing_limit = Some(1), Weaker {
        reason: "Q59: what is beyond the cut is not seen to go", refuses: true, ..FIRM
    }),
    bend("multigets of 1", |k| k.multiget_limit = Some(1)),
    bend("itself on first", |k| k.self_in_report = SelfEntry::OnFirst),
    bend("itself always", |k| k.self_in_report = SelfEntry::Always),
    bend("itself gone", |k| k.self_in_report = SelfEntry::AlwaysGone),
    bend("ghosts", |k| k.ghost_404 = 2),
    bend("tombstone: 418", |k| k.tombstone_style = TombstoneStyle::Teapot),
    bend("tombstone: beside", |k| k.tombstone_style = TombstoneStyle::BesidePropstat),
    weak("tombstone: untold", |k| k.tombstone_style = TombstoneStyle::Untold, FORGETS),
    bend("changes: href only", |k| k.change_style = ChangeStyle::HrefOnly),
    bend("everything twice", |k| k.duplicates = Duplicates::Twice),
    bend("foreign members", |k| k.foreign_members = ForeignMembers::Some),
    bend("listing: empty ETags", |k| k.listing = ListingProps::EmptyETags),
    bend("listing: no ETags", |k| k.listing = ListingProps::NoETags),
    bend("missing: omitted", |k| k.multiget_missing = MultigetMissing::Omitted),
    bend("missing: decoded", |k| k.multiget_missing = MultigetMissing::Decoded404),
    bend("missing: whole report", |k| k.multiget_missing = MultigetMissing::WholeReport404),
    bend("multiget: itself first", |k| k.multiget_self = MultigetSelf::FirstUnlessZero),
    bend("multiget: itself alone", |k| k.multiget_self = MultigetSelf::AloneUnlessOne),
    for_a_while("multiget poison", |k| k.multiget_poison = poison(), |k| k.multiget_poison.clear()),
    for_a_while("poison", |k| {
        (k.multiget_poison, k.get_poison) = (poison(), poison());
    }, |k| {
        k.multiget_poison.clear();
        k.get_poison.clear();
    }),
    bend("get: no ETag", |k| k.get = GetReply::NoETag),
    bend("get: a page", |k| k.get = GetReply::RedirectToView),
    for_a_while("lag of 1", |k| k.read_lag = 1, |k| k.read_lag = 0),
    for_a_while("lag of 3", |k| k.read_lag = 3, |k| k.read_lag = 0),
];

/// The names that the first cards of a run have.
fn poison() -> Vec<String> {
    ["server-1.vcf", "server-2.vcf", "uid-00000.vcf", "uid-00001.vcf", "moved-3.vcf", "moved-4.vcf"]
        .map(str::to_owned)
        .to_vec()
}

#[rustfmt::skip]
static WRITING: [Bend; 69] = [
    bend("put ETag: always", |k| k.put_etag = PutETag::Always),
    bend("put ETag: of sent bytes", |k| k.put_etag = PutETag::OfSentBytes),
    bend("put ETag: unlisted", |k| k.put_etag = PutETag::Unlisted),
    bend("put ETag: none", |k| k.put_etag = PutETag::None),
    weak("ETag: counter", |k| k.etag_form = ETagForm::Counter, Weaker {
        reason: "Q133: a card that was deleted and made anew has the version of the old one",
        forgets: true, unguarded: true, reborn: true, ..FIRM
    }),
    bend("ETag: timestamp", |k| k.etag_form = ETagForm::Timestamp),
    bend("ETag: unquoted", |k| k.etag_form = ETagForm::Unquoted),
    bend("ETag: weak in headers", |k| k.etag_form = ETagForm::WeakHeader),
    bend("ETag: gzip in headers", |k| k.etag_form = ETagForm::GzipHeader),
    weak("ETag: constant", |k| k.etag_form = ETagForm::Constant, Weaker {
        reason: "Q133: no version tells anything; a card alone in its book seems never to change",
        forgets: true, unguarded: true, refuses: true, ..FIRM
    }),
    bend("new name: location", |k| k.rename_on_put = NewName::Location),
    bend("new name: absolute location", |k| k.rename_on_put = NewName::AbsoluteLocation),
    bend("new name: alias", |k| k.rename_on_put = NewName::Alias),
    weak("new name: silent", |k| k.rename_on_put = NewName::Silent, SILENT),
    weak("new name: of UID", |k| k.rename_on_put = NewName::OfUid, SILENT),
    bend("new UID", |k| k.uid_replace = UidOnPut::Replaced),
    bend("new UID and name: location", |k| {
        (k.uid_replace, k.rename_on_put) = (UidOnPut::Replaced, NewName::Location);
    }),
    weak("new UID and name: silent", |k| {
        (k.uid_replace, k.rename_on_put) = (UidOnPut::Replaced, NewName::Silent);
    }, SILENT),
    weak("rewrite: FN from N", |k| k.rewrite = vec![Rewrite::FnFromN], Weaker {
        reason: "Q90: FN is not kept", unkept: Kinds::of(&[Kind::FullName]), ..FIRM
    }),
    weak("rewrite: drop X-", |k| k.rewrite = vec![Rewrite::DropX], Weaker {
        reason: "Q90: X- properties are not kept", unkept: Kinds::of(&[Kind::Toy]), ..FIRM
    }),
    bend("rewrite: single type", |k| k.rewrite = vec![Rewrite::SingleType]),
    weak("rewrite: merge", |k| k.rewrite = vec![Rewrite::Merge], Weaker {
        reason: "Q112: what a card has not comes back from the old one", undrops: true, ..FIRM
    }),
    bend("rewrite: photo", |k| k.rewrite = vec![Rewrite::RegenPhoto]),
    bend("rewrite: REV", |k| k.rewrite = vec![Rewrite::AddRev]),
    bend("rewrite: drop PRODID", |k| k.rewrite = vec![Rewrite::DropProdid]),
    bend("rewrite: upper case", |k| k.rewrite = vec![Rewrite::UpperCaseGroups]),
    bend("rewrite: sort", |k| k.rewrite = vec![Rewrite::Sort]),
    bend("rewrite: escape N", |k| k.rewrite = vec![Rewrite::EscapeN]),
    bend("rewrite: 3.0", |k| k.rewrite = vec![Rewrite::Relabel3]),
    bend("rewrite: LF", |k| k.rewrite = vec![Rewrite::Lf]),
    bend("rewrite: entities", |k| k.rewrite = vec![Rewrite::Entities]),
    bend("rewrite: ASCII", |k| k.rewrite = vec![Rewrite::Ascii]),
    weak("If-Match ignored", |k| {
        (k.layout, k.if_match) = (Knobs::google().layout, IfMatch::Ignored);
    }, UNGUARDED),
    bend("If-Match exact", |k| k.if_match = IfMatch::Exact),
    weak("If-Match ignored if missing", |k| {
        (k.layout, k.if_match) = (Knobs::zimbra().layout, IfMatch::IgnoredIfMissing);
    }, UNGUARDED),
    weak("delete: If-Match ignored", |k| {
        (k.layout, k.delete_if_match) = (Knobs::sogo().layout, IfMatch::Ignored);
    }, UNGUARDED),
    bend("delete: If-Match exact", |k| k.delete_if_match = IfMatch::Exact),
    weak("If-None-Match ignored", |k| {
        (k.layout, k.if_none_match) = (Knobs::sogo().layout, IfNoneMatch::Ignored);
    }, UNGUARDED),
    bend("If-None-Match: 409", |k| k.if_none_match = IfNoneMatch::Conflict),
    bend("UID taken: 400", |k| k.uid_conflict = UidConflict::BadRequest),
    bend("UID taken: 409", |k| k.uid_conflict = UidConflict::Conflict),
    bend("UID taken: 412", |k| k.uid_conflict = UidConflict::PreconditionFailed),
    bend("UID taken: allowed", |k| k.uid_conflict = UidConflict::Allowed),
    bend("demands nothing", |k| k.demands = Demands {
        uid: Demand::Optional, fn_: Demand::Optional, n: Demand::Optional,
    }),
    bend("adds UID and FN", |k| k.demands = Demands {
        uid: Demand::Added, fn_: Demand::Added, n: Demand::Optional,
    }),
    bend("adds all", |k| k.demands = Demands {
        uid: Demand::Added, fn_: Demand::Added, n: Demand::Added,
    }),
    bend("bad card: parse error", |k| k.bad_vcard = BadVcard::ParseError),
    bend("bad card: 400", |k| k.bad_vcard = BadVcard::BadRequest),
    bend("bad card: 412", |k| k.bad_vcard = BadVcard::PreconditionFailed),
    bend("bad card: 415", |k| k.bad_vcard = BadVcard::Unsupported),
    bend("bad card: stored", |k| k.bad_vcard = BadVcard::Stored),
    bend("versions: 3.0", |k| k.version_accept = VersionAccept::ThreeOnly),
    bend("versions: 3.0, parse error", |k| {
        (k.version_accept, k.bad_vcard) = (VersionAccept::ThreeOnly, BadVcard::ParseError);
    }),
    bend("versions: unadvertised", |k| k.version_accept = VersionAccept::Unadvertised),
    bend("versions: served as 3.0", |k| k.version_accept = VersionAccept::ServedAsThree),
    weak("max size: 413", |k| k.max_size = Some(MaxSize { bytes: 330, status: 413 }), REFUSES),
    weak("max size: 403", |k| k.max_size = Some(MaxSize { bytes: 330, status: 403 }), REFUSES),
    bend("update: 200", |k| k.update_reply = UpdateReply::Ok),
    bend("update: 201", |k| k.update_reply = UpdateReply::Created),
    bend("delete: 200", |k| k.delete_reply = DeleteReply::Ok),
    bend("delete: 207", |k| k.delete_reply = DeleteReply::MultiStatus),
    for_a_while("delete: 423 inside", |k| k.delete_reply = DeleteReply::RefusedInside, |k| {
        k.delete_reply = DeleteReply::NoContent;
    }),
    bend("delete of nothing: 404", |k| k.delete_missing = DeleteMissing::NotFound),
    bend("delete of nothing: 410", |k| k.delete_missing = DeleteMissing::Gone),
    bend("delete of nothing: 204", |k| k.delete_missing = DeleteMissing::NoContent),
    bend("names once", |k| k.name_reuse = NameReuse::Refused),
    bend("put on the book replaces it", |k| k.put_on_collection = PutOnCollection::ReplacesBook),
    bend("text: CR escaped", |k| k.xml.address_data = AddressData::EscapedCr),
    bend("text: CDATA", |k| k.xml.address_data = AddressData::Cdata),
];

/// A whole server, and what it makes impossible.
fn server(name: &'static str) -> Bend {
    let weaker = match name {
        "google" => Weaker {
            reason: "Q90, Q94",
            unkept: Kinds::of(&[Kind::FullName]),
            unguarded: true,
            ..FIRM
        },
        "nextcloud" | "nextcloud-paged" | "stalwart" | "davical" => FORGETS,
        "zimbra" => Weaker { reason: "Q112, Q114, Q118", undrops: true, unguarded: true, ..FIRM },
        "sogo" => Weaker {
            reason: "Q118, Q133, Q134",
            forgets: true,
            unguarded: true,
            reborn: true,
            ..FIRM
        },
        "calypso" => UNGUARDED,
        "yahoo" => SILENT,
        _ => FIRM,
    };
    Bend { name, what: What::Profile(name), heal: None, weaker }
}
