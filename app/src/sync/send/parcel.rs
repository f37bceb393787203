//! What is sent for an action: decided before anything is.

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{Access, BookInfo, ETag, Fetched, Href, What};
use contactcmd_domain::sync::action::{Action, Merge, RemoteCard, Sending, Standing, Step};
use contactcmd_domain::sync::likeness::{are_alike, likeness};
use contactcmd_domain::sync::refusal::Write;
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::sync::upload::{upload, version};
use contactcmd_domain::vcard::{Card, Version, same};
use contactcmd_ports::{BookId, Change, Conflict, Why};

/// One write, ready to be sent.
pub(super) struct Parcel {
    pub(super) contact: ContactId,
    pub(super) write: Write,
    /// Where it goes.
    pub(super) href: Href,
    /// The version it replaces; `None` for a create.
    pub(super) etag: Option<ETag>,
    /// The text that is sent; `None` for a deletion.
    pub(super) sent: Option<Card>,
    /// The contact's card once it was sent.
    pub(super) card: Option<Card>,
    /// The value of `edited` that it carries.
    pub(super) edited: u64,
    /// Whether the contact was linked in this book before: it was sent there once and never seen.
    pub(super) was_linked: bool,
    /// Whether it is certain that the server did nothing.
    pub(super) undone: bool,
    pub(super) action: Action,
}

/// What becomes of an action that is to be sent.
pub(super) enum Packed {
    Ready(Box<Parcel>),
    /// The version of the card there is not known: it has to be looked at first.
    Look(Href),
    /// It is not even tried, and why.
    Refused(Box<Action>, String),
}

/// Makes a parcel of an action; `new_href` names a card that is to be created, anew each time, since
/// a name that was used once may be refused (Q110).
pub(super) fn pack(action: Action, book: &BookInfo, new_href: impl Fn(&Card) -> Href) -> Packed {
    let Some(contact) = action.contact else {
        return Packed::Refused(Box::new(action), "it is no contact here".to_owned());
    };
    let Some(Writing { write, was, card, edited, sent }) = writing(&action, contact, book) else {
        return Packed::Refused(Box::new(action), "there is nothing to send".to_owned());
    };
    if let Some(words) = sent.as_ref().and_then(|sent| too_large(sent, book)) {
        return Packed::Refused(Box::new(action), words);
    }
    let place = match &action.step {
        Step::CreateThere(sending) => sending.place.clone(),
        _ => None,
    };
    let (href, etag) = match (was, &sent) {
        (Some(Standing { href, etag: Some(etag), .. }), _) => (href, Some(etag)),
        (Some(Standing { href, etag: None, .. }), _) => return Packed::Look(href),
        (None, Some(sent)) => (place.unwrap_or_else(|| new_href(sent)), None),
        (None, None) => {
            return Packed::Refused(Box::new(action), "there is nothing to delete".to_owned());
        }
    };
    let (was_linked, undone) = (false, false);
    Packed::Ready(Box::new(Parcel {
        contact,
        write,
        href,
        etag,
        sent,
        card,
        edited,
        was_linked,
        undone,
        action,
    }))
}

/// What the server will not take by its own words: known before anything is sent, and to a dry run.
pub(in crate::sync) fn is_too_large(action: &Action, book: &BookInfo) -> Option<String> {
    book.capabilities.max_resource_size?;
    too_large(&writing(action, action.contact?, book)?.sent?, book)
}

/// What an action writes, and in the place of what.
struct Writing {
    write: Write,
    was: Option<Standing>,
    card: Option<Card>,
    edited: u64,
    sent: Option<Card>,
}

fn writing(action: &Action, contact: ContactId, book: &BookInfo) -> Option<Writing> {
    let (write, was, sending) = match &action.step {
        Step::CreateThere(sending) => (Write::Create, None, Some((&sending.card, sending.edited))),
        Step::UpdateThere(sending) => {
            let Sending { card, edited, was, .. } = sending.as_ref();
            (Write::Update, was.clone(), Some((card, *edited)))
        }
        Step::Merge(merge) => {
            let Merge { remote, card, edited, .. } = merge.as_ref();
            (Write::Update, Some(remote.clone().into()), Some((card, *edited)))
        }
        Step::DeleteThere { was } => (Write::Delete, Some(was.clone()), None),
        _ => return None,
    };
    let served = was.as_ref().and_then(|was| Card::parse(was.text.as_slice()).stated_version());
    let sent = sending.map(|(card, _)| text(card, contact, (write, served), book));
    let (card, edited) = sending.map_or((None, 0), |(card, edited)| (Some(card.clone()), edited));
    Some(Writing { write, was, card, edited, sent })
}

impl Parcel {
    /// Whether its place is named after its UID, which somebody may have used before.
    pub(super) fn is_named_by_uid(&self) -> bool {
        let uid = self.sent.as_ref().and_then(Card::uid);
        uid.is_some_and(|uid| self.href.file_name() == format!("{}.vcf", uid.0))
    }

    /// What is stored before it is sent: where a new card will be, and what it replaces there, or
    /// nobody would know after a crash.
    pub(super) fn intent(
        &self,
        book: BookId,
        at: contactcmd_domain::contact::Timestamp,
    ) -> Vec<Change> {
        let Action { name, step, reason, .. } = &self.action;
        let words = match step {
            Step::DeleteThere { .. } => "deleted here",
            Step::Merge(_) => "edited here and on the server",
            _ => "edited here",
        };
        let mut changes = Vec::new();
        if let Some(before) = self.sent_over() {
            changes.push(Change::Remember {
                contact: self.contact,
                name: name.clone(),
                before: before.to_vec(),
                after: self.sent.as_ref().map(|sent| sent.as_bytes().to_vec()),
                why: Why(reason.clone().unwrap_or_else(|| words.to_owned())),
            });
        }
        if let Step::Merge(merge) = step {
            changes.extend(decided(self.contact, book, at, merge));
        }
        if self.write == Write::Create {
            let link = Link { href: self.href.clone(), etag: None, base: None, seen: 0 };
            changes.push(Change::Link { contact: self.contact, book, link });
        }
        changes
    }

    /// What takes back that its text of before was kept, if it is certain that nothing was done. What a
    /// merge decided stays: it holds here.
    pub(super) fn retraction(&self) -> Option<Change> {
        let was_kept = self.undone && self.sent_over().is_some();
        was_kept.then_some(Change::Retract { contact: self.contact })
    }

    /// The server's text that it is sent over, or after.
    fn sent_over(&self) -> Option<&[u8]> {
        match &self.action.step {
            Step::CreateThere(sending) | Step::UpdateThere(sending) => {
                sending.was.as_ref().map(|was| was.text.as_slice())
            }
            Step::DeleteThere { was } => Some(&was.text),
            Step::Merge(merge) => Some(merge.remote.card.as_bytes()),
            _ => None,
        }
    }

    /// Whether a text is the one that this is to replace or delete.
    pub(super) fn replaces(&self, there: &What) -> bool {
        let What::Card(there) = there else { return false };
        let before = match &self.action.step {
            Step::DeleteThere { was } => Some(was.text.as_slice()),
            _ => self.before(),
        };
        before.is_some_and(|text| {
            text == there.as_slice() || same(&Card::parse(text), &Card::parse(there.as_slice()))
        })
    }

    /// The text that an update replaces.
    fn before(&self) -> Option<&[u8]> {
        match &self.action.step {
            Step::UpdateThere(sending) => sending.was.as_ref().map(|was| was.text.as_slice()),
            Step::Merge(merge) => Some(merge.remote.card.as_bytes()),
            _ => None,
        }
    }

    /// Whether a card is, in version and text, what this was to replace.
    pub(super) fn is_as_before(&self, served: &RemoteCard) -> bool {
        let before = self.before();
        let same_version = match (&self.etag, &served.etag) {
            (Some(ours), Some(theirs)) => ours.same_version(theirs),
            // A server that tells no version: the text alone has to do (Q84).
            _ => true,
        };
        same_version && before.is_some_and(|text| same(&Card::parse(text), &served.card))
    }

    /// The same in 3.0, where it was sent as 4.0 (Q101).
    pub(super) fn as_older(&self) -> Option<Card> {
        let sent = self.sent.as_ref().filter(|sent| sent.version() == Version::V40)?;
        Some(upload(sent, Version::V30, None))
    }
}

/// The record of a merge in which a value lost.
pub(in crate::sync) fn decided(
    contact: ContactId,
    book: BookId,
    at: contactcmd_domain::contact::Timestamp,
    merge: &Merge,
) -> Option<Change> {
    let Merge { remote, base, local, contested, .. } = merge;
    let decided = Some(contested.clone()?);
    Some(Change::Conflict(Conflict {
        contact,
        book,
        href: remote.href.clone(),
        base: base.clone(),
        local: local.clone(),
        remote: remote.card.as_bytes().to_vec(),
        decided,
        at,
    }))
}

/// A merge whose record was stored before it was sent: once is enough.
pub(super) fn recorded(action: Action) -> Action {
    match action.step {
        Step::Merge(merge) => {
            let step = Step::Merge(Box::new(Merge { contested: None, ..*merge }));
            Action { step, ..action }
        }
        _ => action,
    }
}

/// Whether anything can be written to a book at all.
pub(in crate::sync) fn is_writable(book: &BookInfo) -> bool {
    book.access != Access::ReadOnly
}

fn text(
    card: &Card,
    contact: ContactId,
    (write, served): (Write, Option<Version>),
    book: &BookInfo,
) -> Card {
    let version = version(card.version(), served, &book.capabilities);
    let uid = contact.to_string();
    // The UID of a card that is there cannot be changed (Q100).
    upload(card, version, (write == Write::Create).then_some(uid.as_str()))
}

/// Q105: what the server says it will not take is not sent; the photo is what makes cards large.
fn too_large(sent: &Card, book: &BookInfo) -> Option<String> {
    let limit = book.capabilities.max_resource_size?;
    let size = sent.as_bytes().len() as u64;
    (limit > 0 && size > limit).then(|| {
        format!(
            "it has {} KB with its photo, and the server takes {} KB at most",
            size.div_ceil(1024),
            limit / 1024
        )
    })
}

/// Whether a card under another name is what was sent.
pub(super) fn is_it(card: &Fetched, parcel: &Parcel) -> bool {
    let What::Card(bytes) = &card.what else { return false };
    is_ours(parcel, &Card::parse(bytes.as_slice()))
}

/// Whether the card at the place of a new one is somebody else. A server that changes UIDs may have
/// changed that of the card that was sent (Q89).
pub(super) fn is_another(parcel: &Parcel, found: &Card) -> bool {
    found.uid().is_some() && !is_ours(parcel, found)
}

/// Whether a card is what was sent, by UID or else by what it is like.
fn is_ours(parcel: &Parcel, found: &Card) -> bool {
    let Some(sent) = &parcel.sent else { return false };
    let uid = |card: &Card| card.uid().map(|uid| uid.key());
    if uid(found).is_some() && uid(found) == uid(sent) {
        return true;
    }
    are_alike(&likeness(sent), &likeness(found))
}
