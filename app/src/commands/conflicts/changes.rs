//! What a decision means for the store. All of it belongs in one transaction.

use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::{Card, index, same};
use contactcmd_ports::{Change, Conflict, Editor, NewContact, Subject, Why};

use super::case::Case;
use super::choose::Decision;

/// What is left to do after the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing: both sides have the card.
    Nothing,
    /// The next sync sends the card, or the deletion, to the server.
    ToSend,
}

/// When it is decided, and the id of a contact that comes into being by it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene {
    pub(super) at: Timestamp,
    pub(super) new: ContactId,
}

/// The changes, and what they leave to do. `decided` says in words what was decided.
///
/// The link afterwards says what the server has, without an ETag, so that the next sync looks at the
/// card there before it sends anything: a card that differs counts as edited here.
pub(super) fn changes(
    case: &Case,
    decision: Decision,
    decided: &str,
    scene: Scene,
) -> (Vec<Change>, Left) {
    let conflict = &case.kept.conflict;
    let (contact, book) = (conflict.contact, conflict.book);
    // The card may have moved since, and the link went with it.
    let href = case.link.as_ref().map_or(&conflict.href, |link| &link.href).clone();
    let base = Some(conflict.remote.clone());
    let link = Link { href: href.clone(), etag: None, base, seen: case.contact.edited };
    let mut changes = Vec::new();
    let left = match decision {
        Decision::StaysDeleted => {
            changes.push(Change::Link { contact, book, link });
            Left::ToSend
        }
        Decision::Card(card) if same(&card, &case.there) => {
            if case.contact.deleted || case.contact.vcard != conflict.remote {
                let there = case.there.clone();
                // Who was offered a card was never on the server: should that card be gone, it is sent.
                let editor = if case.link.is_none() { Editor::User } else { Editor::Sync };
                changes.push(replace(contact, there, editor, decided));
            }
            changes.push(Change::Link { contact, book, link });
            Left::Nothing
        }
        Decision::Card(card) => {
            changes.push(replace(contact, card, Editor::User, decided));
            changes.push(Change::Link { contact, book, link });
            Left::ToSend
        }
        Decision::Separate => {
            if case.owner.is_none() {
                let index = index(&case.there);
                let contact = NewContact { id: scene.new, vcard: conflict.remote.clone(), index };
                let link = Some((book, Link { seen: 0, ..link }));
                changes.push(Change::Insert { contact, link });
            }
            Left::ToSend
        }
    };
    changes.push(Change::Conflict(Conflict {
        local: case.contact.vcard.clone(),
        decided: Some(decided.to_owned()),
        at: scene.at,
        ..conflict.clone()
    }));
    changes.push(Change::Settle { book, subject: Subject::Card(href) });
    (changes, left)
}

fn replace(contact: ContactId, card: Card, editor: Editor, decided: &str) -> Change {
    let index = index(&card);
    let why = Why(format!("conflict decided: {decided}"));
    Change::Replace { contact, vcard: card.into_bytes(), index, editor, why }
}
