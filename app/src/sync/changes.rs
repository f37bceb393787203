//! What an action means for the store.

use contactcmd_domain::contact::{ContactId, Index, Timestamp};
use contactcmd_domain::sync::plan::{Action, RemoteCard, Step};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_ports::{BookId, Change, Conflict, Editor, NewContact, Pending, Subject, Why};

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
        (Step::UpdateHere { remote, index, seen }, Some(contact)) => {
            take(contact, (remote, index, seen), why("changed on the server"), scene, out);
        }
        (Step::Refresh { remote, index, seen }, Some(contact)) => {
            take(contact, (remote, index, seen), why("written anew by the server"), scene, out);
        }
        (Step::Link { remote, index, seen }, Some(contact)) => {
            take(contact, (remote, index, seen), why("linked with the server's card"), scene, out);
        }
        (Step::Rebase { remote, seen }, Some(contact)) => {
            let (link, _) = agreed(remote, seen);
            out.push(Change::Link { contact, book: scene.book, link });
        }
        (Step::DeleteHere | Step::Forget, Some(contact)) => {
            out.push(Change::Delete { contact, why: why("deleted on the server") });
        }
        (Step::KeepHere, Some(contact)) => {
            out.push(Change::Unlink { contact, book: scene.book });
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
        (Step::SetAside { href, etag }, _) => out.push(Change::Pend(Pending {
            book: scene.book,
            subject: Subject::Card(href),
            name,
            reason: reason.unwrap_or_default(),
            etag,
            tried: None,
            since: scene.at,
        })),
        (Step::Wait, _) => {}
        // A step about a contact that names none is a fault of the planner; it changes nothing.
        (_, None) => {}
    }
}

/// The text there takes the place of the one here.
fn take(
    contact: ContactId,
    (remote, index, seen): (RemoteCard, Box<Index>, u64),
    why: Why,
    scene: &Scene<'_>,
    out: &mut Vec<Change>,
) {
    let (link, vcard) = agreed(remote, seen);
    out.push(Change::Replace { contact, vcard, index: *index, editor: Editor::Sync, why });
    out.push(Change::Link { contact, book: scene.book, link });
}

/// The link that says: both sides have this text now.
fn agreed(remote: RemoteCard, seen: u64) -> (Link, Vec<u8>) {
    let vcard = remote.card.into_bytes();
    (Link { href: remote.href, etag: remote.etag, base: Some(vcard.clone()), seen }, vcard)
}
