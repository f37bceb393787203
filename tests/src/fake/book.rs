//! One address book: its cards and the log of what happened to them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::card::{Card, uid};
use super::knobs::SyncSupport;
use super::place::is_plain;

/// Whether a book can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// It can.
    #[default]
    ReadWrite,
    /// It cannot.
    ReadOnly,
}

/// What a book is like, beside its cards.
#[derive(Debug, Clone, Default)]
pub struct BookOptions {
    /// The display name; the property is unknown when `None`.
    pub display: Option<String>,
    /// Whether it can be written.
    pub access: Access,
    /// How this book takes `sync-collection`, if other than the server's knob says.
    pub sync: Option<SyncSupport>,
}

/// The name of a card, decoded: the last segment of its href.
pub(super) type Name = Arc<str>;

/// A step in the life of a book. Its number is its place in the log, counted from 1.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) name: Name,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Put,
    Gone,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    pub(super) options: BookOptions,
    /// Sorted, so that the same book is always listed in the same order.
    pub(super) cards: BTreeMap<Name, Card>,
    /// Told apart from a book that had this name before it; part of some tokens.
    pub(super) epoch: u64,
    /// Names that were deleted once.
    pub(super) used: HashSet<Name>,
    /// Hrefs that were tried, and the names their cards got instead.
    pub(super) aliases: HashMap<String, Name>,
    /// The names of the cards that have a UID.
    uids: HashMap<String, BTreeSet<Name>>,
    log: Vec<Change>,
    /// How many of the oldest changes are forgotten.
    pruned: u64,
    ids: u64,
}

impl Book {
    pub(super) fn new(options: BookOptions, epoch: u64) -> Self {
        Self { options, epoch, ..Self::default() }
    }

    /// The number of the last change.
    pub(super) fn seq(&self) -> u64 {
        self.pruned + self.log.len() as u64
    }

    /// The number of the last change that is forgotten.
    pub(super) fn floor(&self) -> u64 {
        self.pruned
    }

    /// Stores `card` as `name`, replacing what is there.
    pub(super) fn put(&mut self, name: &str, mut card: Card) {
        let name: Name = match self.cards.get_key_value(name) {
            Some((known, old)) => {
                card.version = old.version + 1;
                card.id = old.id;
                let (known, old_uid) = (known.clone(), uid(&old.bytes));
                self.forget_uid(old_uid, &known);
                known
            }
            None => {
                self.ids += 1;
                card.id = self.ids;
                Arc::from(name)
            }
        };
        if let Some(uid) = uid(&card.bytes) {
            self.uids.entry(uid).or_default().insert(name.clone());
        }
        card.plain_name = is_plain(&name);
        self.log.push(Change { name: name.clone(), what: What::Put });
        card.seq = self.seq();
        self.cards.insert(name, card);
    }

    /// Removes `name`; whether it was there.
    pub(super) fn delete(&mut self, name: &str) -> bool {
        let Some((name, card)) = self.cards.remove_entry(name) else { return false };
        self.forget_uid(uid(&card.bytes), &name);
        self.used.insert(name.clone());
        self.log.push(Change { name, what: What::Gone });
        true
    }

    /// Reports `name` as changed although it is not (Q66).
    pub(super) fn touch(&mut self, name: &str) {
        self.log.push(Change { name: Arc::from(name), what: What::Put });
    }

    /// Another card than `name` that has this UID.
    pub(super) fn other_with_uid(&self, uid: &str, name: &str) -> Option<&Name> {
        self.uids.get(uid)?.iter().find(|other| &***other != name)
    }

    /// What happened after change `seq`, the last word on each name, oldest first.
    pub(super) fn changes_since(&self, seq: u64) -> Vec<(u64, &Change)> {
        let skip = usize::try_from(seq.saturating_sub(self.pruned)).unwrap_or(usize::MAX);
        let mut seen = HashSet::new();
        let numbered = self.log.iter().enumerate().skip(skip).rev();
        let mut last: Vec<_> = numbered
            .filter(|(_, change)| seen.insert(&change.name))
            .map(|(at, change)| (self.pruned + at as u64 + 1, change))
            .collect();
        last.reverse();
        last
    }

    /// Forgets every change up to now; tokens from before are stale.
    pub(super) fn prune(&mut self) {
        self.pruned = self.seq();
        self.log.clear();
    }

    fn forget_uid(&mut self, uid: Option<String>, name: &Name) {
        if let Some(names) = uid.as_ref().and_then(|uid| self.uids.get_mut(uid)) {
            names.remove(name);
        }
    }
}
