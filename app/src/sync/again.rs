//! Contacts that were deleted here and added again before any server knew: exported and imported, or
//! typed anew under the old UID.

use std::collections::HashMap;

use contactcmd_domain::contact::{ContactId, UidKey};
use contactcmd_domain::dav::HrefKey;
use contactcmd_domain::sync::snapshot::{Here, Link, Linked};
use contactcmd_domain::vcard::{Card, index};
use contactcmd_ports::{Book, Change, Editor, Why};

use super::LOOKUP;
use super::store::Store;
use crate::Failure;

/// A contact that has the UID of one that was deleted here.
pub(super) struct Again {
    /// The deleted one.
    pub(super) old: ContactId,
    /// The new one with the link of the old one, which it takes over: to the server that is an edit.
    /// Otherwise the new one could not be sent while the old one is there, and where somebody edited the
    /// old one meanwhile, both would be here for good.
    pub(super) linked: Linked,
}

/// Who was deleted here and added again.
pub(super) fn find(store: &Store<'_>, book: &Book) -> Result<Vec<Again>, Failure> {
    let mut orphans = deleted_by_uid(store, book)?;
    let mut found = Vec::new();
    if orphans.is_empty() {
        return Ok(found);
    }
    for mut contact in store.read().unlinked()? {
        let Some(uid) = contact.uid.as_ref() else { continue };
        let Some(Linked { contact: old, link }) = orphans.remove(&uid.key()) else { continue };
        let link = Link { seen: contact.edited, ..link };
        contact.edited += 1;
        found.push(Again { old: old.id, linked: Linked { contact, link } });
    }
    Ok(found)
}

/// Who stands in the place of whom, for a run that stores nothing.
pub(super) fn successors(found: &[Again]) -> HashMap<ContactId, Linked> {
    found.iter().map(|again| (again.old, again.linked.clone())).collect()
}

/// What makes them one.
pub(super) fn changes(found: &[Again], book: &Book) -> Vec<Change> {
    let why = Why("deleted here and added again".to_owned());
    let change = |Again { old, linked: Linked { contact, link } }: &Again| {
        let (id, vcard) = (contact.id, contact.vcard.clone());
        let index = index(&Card::parse(vcard.as_slice()));
        let (editor, why) = (Editor::User, why.clone());
        [
            Change::Delete { contact: *old, why: why.clone() },
            Change::Replace { contact: id, vcard, index, editor, why },
            Change::Link { contact: id, book: book.id, link: link.clone() },
        ]
    };
    found.iter().flat_map(change).collect()
}

fn deleted_by_uid(store: &Store<'_>, book: &Book) -> Result<HashMap<UidKey, Linked>, Failure> {
    let repo = store.read();
    let changed = repo.edited(book.id)?;
    let deleted = changed.iter().filter(|link| link.here == Here::Deleted);
    let keys: Vec<HrefKey> = deleted.map(|link| link.href.key()).collect();
    let mut found = HashMap::new();
    for keys in keys.chunks(LOOKUP) {
        for linked in repo.linked_at(book.id, keys)? {
            if let Some(uid) = &linked.contact.uid {
                found.insert(uid.key(), linked);
            }
        }
    }
    Ok(found)
}
