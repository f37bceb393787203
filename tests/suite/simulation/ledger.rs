//! Who wanted what: every intent of a run, with what its author knew.

use std::collections::BTreeSet;

use super::cards::Token;
use super::script::Actor;

/// One thing that somebody wanted.
#[derive(Debug, Clone)]
pub(super) struct Intent {
    pub(super) who: u32,
    pub(super) by: Actor,
    pub(super) what: What,
    /// The values of the card that its author had before him.
    pub(super) had: BTreeSet<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// This value is to be there; of a new card each of its values.
    Put(Token),
    /// This value is to go.
    Drop(Token),
    /// The contact is to go.
    Delete,
    /// The deletion is taken back.
    Restore,
}

/// Every intent, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) intents: Vec<Intent>,
    /// Numbers the values that are written.
    numbers: u32,
}

impl Ledger {
    pub(super) fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn note(&mut self, by: Actor, who: u32, what: What, had: BTreeSet<Token>) {
        self.intents.push(Intent { who, by, what, had });
    }

    pub(super) fn note_new(&mut self, by: Actor, who: u32, card: &str) {
        for token in super::cards::tokens(card.as_bytes()) {
            self.note(by, who, What::Put(token), BTreeSet::new());
        }
    }

    /// About one contact.
    pub(super) fn of(&self, who: u32) -> impl Iterator<Item = &Intent> {
        self.intents.iter().filter(move |intent| intent.who == who)
    }
}
