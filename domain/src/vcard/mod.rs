//! The lossless vCard layer.

use crate::contact::{Index, Person, Uid};

/// One vCard: its exact bytes, and its content lines. Parsing cannot fail; what was not edited is
/// given back byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    bytes: Vec<u8>,
}

/// The version a card says it has; escaping and charset depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// vCard 2.1.
    V21,
    /// RFC 2426; also what a card without a readable VERSION is taken for.
    V30,
    /// RFC 6350.
    V40,
}

/// Why bytes cannot be kept as a contact; shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// There is no `BEGIN:VCARD`.
    #[error("it is not a vCard")]
    NotACard,
    /// There is a BEGIN and no END: cut short.
    #[error("it breaks off before END:VCARD")]
    Unfinished,
    /// More than one card.
    #[error("it holds {0} cards, not one")]
    Several(usize),
    /// Nothing between BEGIN and END.
    #[error("it is empty")]
    Empty,
}

/// One difference between two cards, in a person's words: `phone work changed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// `name`, `phone`, `e-mail`, `photo`, `X-FOO`, ...
    pub field: String,
    /// The label of the value, if it has one: `work`.
    pub label: Option<String>,
    /// What happened to it.
    pub how: How,
}

impl std::fmt::Display for FieldChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = match self.how {
            How::Added => "added",
            How::Removed => "removed",
            How::Changed => "changed",
        };
        match &self.label {
            Some(label) => write!(f, "{} {label} {how}", self.field),
            None => write!(f, "{} {how}", self.field),
        }
    }
}

/// See [`FieldChange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It has another value.
    Changed,
}

/// A card made comparable: equal when no user would call them different. See [`normal`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Normal(Vec<Vec<u8>>);

/// A part of a file of cards; all parts joined are the file again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// One card, from `BEGIN:VCARD` through its END (or to the end of the file).
    Card(&'a [u8]),
    /// What stands around the cards: a byte-order mark, blank lines, stray text.
    Other(&'a [u8]),
}

impl Card {
    /// Takes the bytes apart. Never fails.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into() }
    }

    /// The bytes, exactly.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, exactly.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The version it says it has.
    pub fn version(&self) -> Version {
        todo!()
    }

    /// Its first UID, spelled as found.
    pub fn uid(&self) -> Option<Uid> {
        todo!()
    }
}

/// The typed view of a card.
pub fn person(_card: &Card) -> Person {
    todo!()
}

/// What the store keeps beside the card so that it can be found.
pub fn index(_card: &Card) -> Index {
    todo!()
}

/// Whether the bytes are one card that can be kept as a contact.
///
/// # Errors
///
/// [`Flaw`]: set the card aside by name, with these words.
pub fn check(_card: &Card) -> Result<(), Flaw> {
    todo!()
}

/// The normal form: without REV and PRODID; folding, line ends, parameter order, and case of names
/// and types evened out; pictures by their decoded bytes.
pub fn normal(_card: &Card) -> Normal {
    todo!()
}

/// What a person would say has changed from one card to the other, in the order of the card.
pub fn diff(_before: &Card, _after: &Card) -> Vec<FieldChange> {
    todo!()
}

/// The card in another version, for export only: no way back restores the first one.
pub fn convert(_card: &Card, _to: Version) -> Card {
    todo!()
}

/// Splits a file into its cards and what stands around them.
pub fn split(_file: &[u8]) -> Vec<Piece<'_>> {
    todo!()
}
