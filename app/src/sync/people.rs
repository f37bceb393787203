//! Who a fetched card is here: by its link, else by UID among moved cards, else among contacts
//! without a link by UID, then by content. Holds keys, not texts.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use contactcmd_domain::contact::{ContactId, Uid, UidKey};
use contactcmd_domain::dav::HrefKey;
use contactcmd_domain::sync::likeness::likeness;
use contactcmd_domain::sync::snapshot::{Linked, StoredContact};
use contactcmd_domain::sync::upload::upload;
use contactcmd_domain::vcard::{Card, content};

/// Contacts without a link, each to be met at most once, and links whose card was not named where it
/// was: the server may have moved it (Q75).
#[derive(Default)]
pub(super) struct People {
    moved: HashMap<UidKey, HrefKey>,
    /// Links to cards that were sent and never seen, by what the card is like: a server that names
    /// cards itself may have changed the UID as well (Q88, Q89).
    unseen: HashMap<String, HrefKey>,
    /// Links of either kind by all that the card says, for those who have no UID, or only a name.
    moved_by_content: HashMap<u64, Vec<HrefKey>>,
    free_by_uid: HashMap<UidKey, ContactId>,
    free_by_content: HashMap<u64, ContactId>,
    free_by_likeness: HashMap<String, ContactId>,
    met: HashSet<ContactId>,
    met_hrefs: HashSet<HrefKey>,
    hasher: RandomState,
}

/// Who a card may be; whoever asks looks at the contact itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Somebody {
    /// The contact whose card was at this href.
    Moved(HrefKey),
    /// A contact without a link and with the same UID.
    SameUid(ContactId),
    /// A contact without a link that seems to say the same: a hash is no proof.
    SameContent(ContactId),
    /// A contact without a link and with the same name and e-mail or phone.
    Alike(ContactId),
    Nobody,
}

impl People {
    /// Notes links whose card was not named where it was.
    pub(super) fn note_moved(&mut self, unnamed: Vec<Linked>) {
        for linked in unnamed {
            let key = || linked.link.href.key();
            match &linked.contact.uid {
                Some(uid) => drop(self.moved.entry(uid.key()).or_insert_with(key)),
                // Whoever was deleted here is met by UID alone: another's new card may say the same.
                None if linked.contact.deleted => {}
                None => self.note_content(&linked),
            }
        }
    }

    /// Notes a link by what its card said when both sides agreed, and by what was sent since.
    fn note_content(&mut self, linked: &Linked) {
        let card = Card::parse(linked.contact.vcard.as_slice());
        let sent = self.hash(&upload(&card, card.version(), None));
        let base = linked.link.base.as_deref().map(|base| self.hash(&Card::parse(base)));
        for said in base.into_iter().chain([sent]) {
            self.moved_by_content.entry(said).or_default().push(linked.link.href.key());
        }
    }

    /// Notes links to cards that were sent and never seen.
    pub(super) fn note_unseen(&mut self, unseen: Vec<Linked>) {
        // Whoever was deleted here is met by UID alone.
        for linked in unseen.iter().filter(|linked| !linked.contact.deleted) {
            let card = Card::parse(linked.contact.vcard.as_slice());
            for key in likeness(&card) {
                self.unseen.entry(key).or_insert_with(|| linked.link.href.key());
            }
            self.note_content(linked);
        }
        self.note_sent(unseen);
    }

    /// Notes links to cards that were sent, by UID alone.
    pub(super) fn note_sent(&mut self, sent: Vec<Linked>) {
        for linked in &sent {
            // Sent without a UID, it got its id for one.
            let uid = Uid(linked.contact.id.to_string());
            self.moved.entry(uid.key()).or_insert_with(|| linked.link.href.key());
        }
        self.note_moved(sent);
    }

    /// Notes the UID that a card has where it was sent to: the server may have changed it (Q89).
    pub(super) fn note_served(&mut self, card: &Card, href: HrefKey) {
        if let Some(uid) = card.uid() {
            self.moved.entry(uid.key()).or_insert(href);
        }
    }

    /// Notes contacts without a link.
    pub(super) fn note_free(&mut self, unlinked: Vec<StoredContact>) {
        for contact in unlinked {
            if let Some(uid) = &contact.uid {
                self.free_by_uid.entry(uid.key()).or_insert(contact.id);
            }
            let card = Card::parse(contact.vcard);
            self.free_by_content.entry(self.hash(&card)).or_insert(contact.id);
            for key in likeness(&card) {
                self.free_by_likeness.entry(key).or_insert(contact.id);
            }
        }
    }

    /// Who this card may be.
    pub(super) fn meet(&self, card: &Card) -> Somebody {
        let uid = card.uid().map(|uid| uid.key());
        if let Some(href) = uid
            .as_ref()
            .and_then(|uid| self.moved.get(uid))
            .filter(|h| !self.met_hrefs.contains(*h))
        {
            return Somebody::Moved(href.clone());
        }
        let alike = if self.unseen.is_empty() && self.free_by_likeness.is_empty() {
            Vec::new()
        } else {
            likeness(card)
        };
        if let Some(href) = alike
            .iter()
            .filter_map(|key| self.unseen.get(key))
            .find(|h| !self.met_hrefs.contains(*h))
        {
            return Somebody::Moved(href.clone());
        }
        if let Some(contact) = uid
            .as_ref()
            .and_then(|uid| self.free_by_uid.get(uid))
            .filter(|id| !self.met.contains(*id))
        {
            return Somebody::SameUid(*contact);
        }
        let said = self.hash(card);
        let mut moved = self.moved_by_content.get(&said).into_iter().flatten();
        if let Some(href) = moved.find(|h| !self.met_hrefs.contains(*h)) {
            return Somebody::Moved(href.clone());
        }
        match self.free_by_content.get(&said).filter(|id| !self.met.contains(*id)) {
            Some(contact) => Somebody::SameContent(*contact),
            None => match alike
                .iter()
                .filter_map(|key| self.free_by_likeness.get(key))
                .find(|id| !self.met.contains(*id))
            {
                Some(contact) => Somebody::Alike(*contact),
                None => Somebody::Nobody,
            },
        }
    }

    /// Nobody is met twice.
    pub(super) fn forget(&mut self, met: &Somebody) {
        match met {
            Somebody::Moved(href) => drop(self.met_hrefs.insert(href.clone())),
            Somebody::SameUid(id) | Somebody::SameContent(id) | Somebody::Alike(id) => {
                self.met.insert(*id);
            }
            Somebody::Nobody => {}
        }
    }

    /// Whether the contact whose card was at this href met it elsewhere.
    pub(super) fn has_met(&self, href: &HrefKey) -> bool {
        self.met_hrefs.contains(href)
    }

    fn hash(&self, card: &Card) -> u64 {
        self.hasher.hash_one(content(card))
    }
}

/// The linked contacts of one page, by href.
pub(super) fn by_href(linked: Vec<Linked>) -> HashMap<HrefKey, Linked> {
    linked.into_iter().map(|linked| (linked.link.href.key(), linked)).collect()
}
