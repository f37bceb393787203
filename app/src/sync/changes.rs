//! What an action means for the store.

use contactcmd_domain::contact::{ContactId, Timestamp};
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
        (Step::CreateHere { remote, index }, _) => {
            let (link, vcard) = agreed(remote, 0);
            let contact = NewContact { id: (scene.new_id)(), vcard, index: *index };
            out.push(Change::Insert { contact, link: Some((scene.book, link)) });
        }
        (Step::UpdateHere { remote, index, seen }, Some(contact)) => {
            let (link, vcard) = agreed(remote, seen);
            let why = why("changed on the server");
            let editor = Editor::Sync;
            out.push(Change::Replace { contact, vcard, index: *index, editor, why });
            out.push(Change::Link { contact, book: scene.book, link });
        }
        (Step::Refresh { remote, index, seen }, Some(contact)) => {
            let (link, vcard) = agreed(remote, seen);
            let why = why("written anew by the server");
            let editor = Editor::Sync;
            out.push(Change::Replace { contact, vcard, index: *index, editor, why });
            out.push(Change::Link { contact, book: scene.book, link });
        }
        (Step::Link { remote, index, seen }, Some(contact)) => {
            let (link, vcard) = agreed(remote, seen);
            let why = why("linked with the server's card");
            let editor = Editor::Sync;
            out.push(Change::Replace { contact, vcard, index: *index, editor, why });
            out.push(Change::Link { contact, book: scene.book, link });
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
        (Step::Conflict { remote, base, local }, Some(contact)) => {
            let RemoteCard { href, etag, card } = remote;
            if base.is_none() {
                // They met for the first time: tie them together without an agreement, so that
                // neither side overwrites the other.
                let link = Link { href, etag, base: None, seen: 0 };
                out.push(Change::Link { contact, book: scene.book, link });
            }
            out.push(Change::Conflict(Conflict {
                contact,
                book: scene.book,
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
            since: scene.at,
        })),
        (Step::Wait, _) => {}
        // A step about a contact that names none is a fault of the planner; it changes nothing.
        (_, None) => {}
    }
}

/// The link that says: both sides have this text now.
fn agreed(remote: RemoteCard, seen: u64) -> (Link, Vec<u8>) {
    let vcard = remote.card.into_bytes();
    (Link { href: remote.href, etag: remote.etag, base: Some(vcard.clone()), seen }, vcard)
}
