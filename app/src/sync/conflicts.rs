//! The conflicts of a book that nobody decided yet, by contact and by card.

use std::collections::HashMap;

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{Href, HrefKey};
use contactcmd_ports::Conflict;

/// The conflicts of a book that nobody decided yet: a contact has one at most.
#[derive(Default)]
pub(super) struct Conflicts {
    by_contact: HashMap<ContactId, Conflict>,
    by_href: HashMap<HrefKey, Vec<ContactId>>,
}

impl Conflicts {
    pub(super) fn of(all: Vec<Conflict>) -> Self {
        let mut conflicts = Self::default();
        for conflict in all {
            conflicts.remove(conflict.contact);
            let known = conflicts.by_href.entry(conflict.href.key()).or_default();
            known.push(conflict.contact);
            conflicts.by_contact.insert(conflict.contact, conflict);
        }
        conflicts
    }

    pub(super) fn get(&self, contact: ContactId) -> Option<&Conflict> {
        self.by_contact.get(&contact)
    }

    pub(super) fn has(&self, contact: ContactId) -> bool {
        self.by_contact.contains_key(&contact)
    }

    /// The contacts in conflict with the card at a place.
    pub(super) fn at(&self, key: &HrefKey) -> &[ContactId] {
        self.by_href.get(key).map_or(&[], Vec::as_slice)
    }

    pub(super) fn remove(&mut self, contact: ContactId) -> Option<Conflict> {
        let conflict = self.by_contact.remove(&contact)?;
        self.leave(contact, &conflict.href.key());
        Some(conflict)
    }

    /// The card of a conflict is somewhere else now.
    pub(super) fn follow(&mut self, contact: ContactId, href: &Href) {
        let Some(conflict) = self.by_contact.get_mut(&contact) else { return };
        let before = std::mem::replace(&mut conflict.href, href.clone()).key();
        self.leave(contact, &before);
        self.by_href.entry(href.key()).or_default().push(contact);
    }

    fn leave(&mut self, contact: ContactId, key: &HrefKey) {
        if let Some(contacts) = self.by_href.get_mut(key) {
            contacts.retain(|one| *one != contact);
        }
    }
}

#[cfg(test)]
mod tests {
    use contactcmd_domain::contact::Timestamp;
    use contactcmd_ports::BookId;

    use super::*;

    fn conflict(number: u32) -> Conflict {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        Conflict {
            contact: ContactId::from_random(id),
            book: BookId(1),
            href: Href::new(format!("/book/{number}.vcf")),
            base: None,
            local: Vec::new(),
            remote: Vec::new(),
            decided: None,
            at: Timestamp(0),
        }
    }

    #[test]
    fn each_is_found_by_its_card_among_any_number() {
        const MANY: u32 = 50_000;
        let all: Vec<Conflict> = (0..MANY).map(conflict).collect();
        let mut conflicts = Conflicts::of(all.clone());
        for one in &all {
            let key = one.href.key();
            assert_eq!(conflicts.at(&key), [one.contact]);
            assert_eq!(conflicts.remove(one.contact).as_ref(), Some(one));
            assert!(conflicts.at(&key).is_empty() && !conflicts.has(one.contact));
        }
    }

    #[test]
    fn a_card_that_moved_is_found_where_it_is() {
        let (one, other) = (conflict(1), conflict(2));
        let mut conflicts = Conflicts::of(vec![one.clone(), other.clone()]);
        conflicts.follow(one.contact, &other.href);
        assert!(conflicts.at(&one.href.key()).is_empty());
        assert_eq!(conflicts.at(&other.href.key()), [other.contact, one.contact]);
        assert_eq!(conflicts.get(one.contact).map(|found| &found.href), Some(&other.href));
    }
}
