//! Contacts that were deleted here and added again before any server knew: exported and imported, or
//! typed anew under the old UID.

use std::collections::HashMap;

use contactcmd_domain::contact::{Timestamp, UidKey};
use contactcmd_domain::dav::HrefKey;
use contactcmd_domain::sync::snapshot::{Here, Link, Linked};
use contactcmd_domain::vcard::{Card, index};
use contactcmd_ports::{Book, Change, Editor, Why};

use super::LOOKUP;
use super::store::Store;
use crate::Failure;

/// Gives the links of deleted contacts to those that have their UID now: to the server that is an edit.
/// Otherwise the new one could not be sent while the old one is there, and where somebody edited the
/// old one meanwhile, both would be here for good.
pub(super) fn adopt(store: &mut Store<'_>, book: &Book, at: Timestamp) -> Result<(), Failure> {
    let mut orphans = deleted_by_uid(store, book)?;
    if orphans.is_empty() {
        return Ok(());
    }
    let mut changes = Vec::new();
    for contact in store.read().unlinked()? {
        let Some(uid) = contact.uid.as_ref() else { continue };
        let Some(Linked { contact: old, link }) = orphans.remove(&uid.key()) else { continue };
        let why = Why("deleted here and added again".to_owned());
        changes.push(Change::Delete { contact: old.id, why: why.clone() });
        changes.push(Change::Replace {
            contact: contact.id,
            index: index(&Card::parse(contact.vcard.as_slice())),
            vcard: contact.vcard,
            editor: Editor::User,
            why,
        });
        let link = Link { seen: contact.edited, ..link };
        changes.push(Change::Link { contact: contact.id, book: book.id, link });
    }
    Ok(store.apply(at, &changes)?)
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
