//! What is merged, by what rule, and what comes of it.

use super::Prefer;
use super::contest::Contested;
use crate::vcard::{Card, Origin, Reading};

/// Three cards of one version, read beside each other.
#[derive(Clone, Copy)]
pub(super) struct Three<'a> {
    pub(super) base: Option<&'a Reading<'a>>,
    /// The card that is edited.
    pub(super) here: &'a Reading<'a>,
    /// The card whose edits are taken over.
    pub(super) there: &'a Reading<'a>,
}

#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) prefer: Prefer,
    pub(super) target: Target,
    pub(super) gone: Gone,
}

/// Whose card is edited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Local,
    Remote,
}

/// What it means that something of the base is not in the other card.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// Somebody deleted it.
    Deleted,
    /// A server does not keep it.
    Dropped,
}

pub(super) struct Outcome {
    pub(super) text: Text,
    pub(super) contested: Vec<Contested>,
}

/// The text of a result.
pub(super) enum Text {
    /// That of the card here.
    Here,
    /// That of the server: only there was anything edited.
    There,
    New(Card),
}

impl Rule {
    /// Whose value stands; the server's, where both should and only one can.
    pub(super) fn wins(&self) -> Origin {
        match (self.prefer, self.target) {
            (Prefer::Local, Target::Local) => Origin::Here,
            (Prefer::Remote | Prefer::Both, Target::Remote) => Origin::Here,
            _ => Origin::There,
        }
    }
}
