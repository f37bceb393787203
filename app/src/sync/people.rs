//! Who a fetched card is here: by its link, else by UID among moved cards, else among contacts
//! without a link by UID, then by content.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use contactcmd_domain::contact::{ContactId, UidKey};
use contactcmd_domain::dav::HrefKey;
use contactcmd_domain::sync::plan::Match;
use contactcmd_domain::sync::snapshot::{Linked, StoredContact};
use contactcmd_domain::vcard::{Card, content};

/// Contacts without a link, each to be met at most once, and links whose card was not named where it
/// was: the server may have moved it (Q75).
pub(super) struct People {
    moved: HashMap<UidKey, Linked>,
    free: HashMap<ContactId, StoredContact>,
    free_by_uid: HashMap<UidKey, ContactId>,
    free_by_content: HashMap<u64, ContactId>,
    hasher: RandomState,
}

impl People {
    pub(super) fn new(unlinked: Vec<StoredContact>, unnamed: Vec<Linked>) -> Self {
        let hasher = RandomState::new();
        let mut people = Self {
            moved: HashMap::new(),
            free: HashMap::new(),
            free_by_uid: HashMap::new(),
            free_by_content: HashMap::new(),
            hasher,
        };
        for linked in unnamed {
            if let Some(uid) = &linked.contact.uid {
                people.moved.entry(uid.key()).or_insert(linked);
            }
        }
        for contact in unlinked {
            if let Some(uid) = &contact.uid {
                people.free_by_uid.entry(uid.key()).or_insert(contact.id);
            }
            let hash = people.hash(&Card::parse(contact.vcard.as_slice()));
            people.free_by_content.entry(hash).or_insert(contact.id);
            people.free.insert(contact.id, contact);
        }
        people
    }

    /// Who this card is. Whoever is named here is named no second time.
    pub(super) fn meet(&mut self, card: &Card) -> Somebody {
        let uid = card.uid().map(|uid| uid.key());
        if let Some(moved) = uid.as_ref().and_then(|uid| self.moved.remove(uid)) {
            return Somebody::Moved(moved);
        }
        if self.free.is_empty() {
            return Somebody::Nobody;
        }
        let by_uid = uid.as_ref().and_then(|uid| self.free_by_uid.remove(uid));
        if let Some(contact) = by_uid.and_then(|id| self.free.remove(&id)) {
            return Somebody::Free(contact);
        }
        let same = self.free_by_content.get(&self.hash(card)).and_then(|id| self.free.get(id));
        let same = same.filter(|contact| {
            // A hash is no proof, and a card with another UID is another contact.
            let other_uid = contact.uid.is_some() && uid.is_some();
            !other_uid && content(&Card::parse(contact.vcard.as_slice())) == content(card)
        });
        match same.map(|contact| contact.id).and_then(|id| self.free.remove(&id)) {
            Some(contact) => Somebody::Free(contact),
            None => Somebody::Nobody,
        }
    }

    fn hash(&self, card: &Card) -> u64 {
        self.hasher.hash_one(content(card))
    }
}

/// See [`People::meet`].
pub(super) enum Somebody {
    Moved(Linked),
    Free(StoredContact),
    Nobody,
}

impl Somebody {
    pub(super) fn as_match(&self) -> Match<'_> {
        match self {
            Self::Moved(linked) => Match::Linked(linked),
            Self::Free(contact) => Match::Unlinked(contact),
            Self::Nobody => Match::Nobody,
        }
    }
}

/// The linked contacts of one page, by href.
pub(super) fn by_href(linked: Vec<Linked>) -> HashMap<HrefKey, Linked> {
    linked.into_iter().map(|linked| (linked.link.href.key(), linked)).collect()
}
