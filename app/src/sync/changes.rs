//! What an action means for the store.

use contactcmd_domain::contact::{ContactId, Index, Timestamp};
use contactcmd_domain::sync::action::{Action, Merge, RemoteCard, Send, Step};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::Card;
use contactcmd_ports::{BookId, Change, Conflict, Editor, NewContact, Pending, Subject, Why};

use super::send::parcel::decided;

/// Where and when the changes are made.
pub(super) struct Scene<'a> {
    pub(super) book: BookId,
    pub(super) at: Timestamp,
    /// Draws a fresh id.
    pub(super) new_id: &'a dyn Fn() -> ContactId,
}

/// Turns an action into changes, all of which belong in one transaction.
pub(super) fn changes(action: Action, scene: &Scene<'_>, out: &mut Vec<Change>) {
    let Action { name, contact, step, reason, .. } = action;
    let why = |words: &str| Why(reason.clone().unwrap_or_else(|| words.to_owned()));
    match (step, contact) {
        (Step::CreateHere { remote, index }, id) => {
            let (link, vcard) = agreed(remote, 0);
            let id = id.unwrap_or_else(scene.new_id);
            let contact = NewContact { id, vcard, index: *index };
            out.push(Change::Insert { contact, link: Some((scene.book, link)) });
        }
        (Step::UpdateHere { remote, card, index, seen }, Some(contact)) => {
            let taken = Taken { remote, card, index, seen };
            take(contact, taken, why("changed on the server"), scene, out);
        }
        (Step::Refresh { remote, index, seen }, Some(contact)) => {
            let taken = Taken { remote, card: None, index, seen };
            take(contact, taken, why("written anew by the server"), scene, out);
        }
        (Step::Link { remote, index, seen }, Some(contact)) => {
            let taken = Taken { remote, card: None, index, seen };
            take(contact, taken, why("linked with the server's card"), scene, out);
        }
        (Step::Merge(merge), Some(contact)) => merge_here(contact, *merge, scene, out),
        (Step::Rebase { remote, seen }, Some(contact)) => {
            let (link, _) = agreed(remote, seen);
            out.push(Change::Link { contact, book: scene.book, link });
        }
        (Step::DeleteHere | Step::Forget, Some(contact)) => {
            out.push(Change::Delete { contact, why: why("deleted on the server") });
        }
        (Step::KeepHere { href }, Some(contact)) => {
            // Without a link it would be sent to whatever book new contacts go to.
            let link = Link { href, etag: None, base: None, seen: 0 };
            out.push(Change::Link { contact, book: scene.book, link });
        }
        (Step::Conflict { remote, base, local, seen }, Some(contact)) => {
            let RemoteCard { href, card, .. } = remote;
            // The link follows a card that moved, and ties those who meet for the first time without
            // an agreement. Without an ETag the card is looked at again until they agree.
            let link = Link { href: href.clone(), etag: None, base: base.clone(), seen };
            out.push(Change::Link { contact, book: scene.book, link });
            out.push(Change::Conflict(Conflict {
                contact,
                book: scene.book,
                href,
                base,
                local,
                remote: card.into_bytes(),
                decided: None,
                at: scene.at,
            }));
        }
        (Step::Offer { remote, local }, Some(contact)) => {
            let RemoteCard { href, etag, card } = remote;
            out.push(Change::Pend(Pending {
                book: scene.book,
                subject: Subject::Card(href.clone()),
                name,
                reason: reason.unwrap_or_default(),
                etag,
                tried: None,
                since: scene.at,
            }));
            out.push(Change::Conflict(Conflict {
                contact,
                book: scene.book,
                href,
                base: None,
                local,
                remote: card.into_bytes(),
                decided: None,
                at: scene.at,
            }));
        }
        (Step::Unsendable { tried }, Some(contact)) => out.push(Change::Pend(Pending {
            book: scene.book,
            subject: Subject::Contact(contact),
            name,
            reason: reason.unwrap_or_default(),
            etag: None,
            tried,
            since: scene.at,
        })),
        (Step::SetAside { href, etag }, _) => out.push(Change::Pend(Pending {
            book: scene.book,
            subject: Subject::Card(href),
            name,
            reason: reason.unwrap_or_default(),
            etag,
            tried: None,
            since: scene.at,
        })),
        // What is sent is stored by what comes of it.
        (Step::Wait, _)
        | (Step::CreateThere(_) | Step::UpdateThere(_) | Step::DeleteThere { .. }, _) => {}
        // A step about a contact that names none is a fault of the planner; it changes nothing.
        (_, None) => {}
    }
}

/// A card that takes the place of the one here.
struct Taken {
    remote: RemoteCard,
    /// What is stored, where that is more than the card there.
    card: Option<Card>,
    index: Box<Index>,
    seen: u64,
}

/// The text there takes the place of the one here.
fn take(contact: ContactId, taken: Taken, why: Why, scene: &Scene<'_>, out: &mut Vec<Change>) {
    let Taken { remote, card, index, seen } = taken;
    let (link, served) = agreed(remote, seen);
    let vcard = card.map_or(served, Card::into_bytes);
    out.push(Change::Replace { contact, vcard, index: *index, editor: Editor::Sync, why });
    out.push(Change::Link { contact, book: scene.book, link });
}

/// Both edits as one card, as far as this store goes.
fn merge_here(contact: ContactId, merge: Merge, scene: &Scene<'_>, out: &mut Vec<Change>) {
    out.extend(decided(contact, scene.book, scene.at, &merge));
    let Merge { remote, card, index, local, edited, seen, send, .. } = merge;
    let (editor, seen) = match send {
        Send::Needless => (Editor::Sync, edited),
        // The server does not have all of it: it has to count as edited here.
        _ if edited > seen => (Editor::Sync, seen),
        _ => (Editor::User, seen),
    };
    let (link, _) = agreed(remote, seen);
    let vcard = card.into_bytes();
    if vcard != local || editor == Editor::User {
        let why = Why("edited here and on the server".to_owned());
        out.push(Change::Replace { contact, vcard, index: *index, editor, why });
    }
    out.push(Change::Link { contact, book: scene.book, link });
}

/// The link that says: both sides have this text now.
fn agreed(remote: RemoteCard, seen: u64) -> (Link, Vec<u8>) {
    let vcard = remote.card.into_bytes();
    (Link { href: remote.href, etag: remote.etag, base: Some(vcard.clone()), seen }, vcard)
}
