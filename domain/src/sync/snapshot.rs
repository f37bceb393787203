//! What is known here about one book, as the store tells it.

use crate::contact::{ContactId, Timestamp, Uid};
use crate::dav::{ETag, Href};

/// One link between a contact and a card, without any text: cheap enough for a whole book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The contact here.
    pub contact: ContactId,
    /// The card there, as the server last spelled it.
    pub href: Href,
    /// The version that was last agreed on; `None` when the server gives none, or when the card has to be
    /// looked at before anything is sent: after a decision, or when it was not there.
    pub etag: Option<ETag>,
    /// What happened here since.
    pub here: Here,
}

/// What happened to a contact here since both sides last agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Here {
    /// Nothing.
    Same,
    /// It was edited (`edited > seen`), or both sides never agreed (the link has no base).
    Edited,
    /// It was deleted (a tombstone stands).
    Deleted,
}

/// A contact as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContact {
    /// Its id.
    pub id: ContactId,
    /// The card's UID.
    pub uid: Option<Uid>,
    /// What to call it in a plan.
    pub name: String,
    /// The card, exactly.
    pub vcard: Vec<u8>,
    /// How often it was edited here. Only ever grows.
    pub edited: u64,
    /// Whether it is a tombstone: deleted here, and some server does not know yet.
    pub deleted: bool,
    /// When it came into this store.
    pub created: Timestamp,
    /// When it last changed here, for whatever reason.
    pub updated: Timestamp,
}

/// What ties a contact to a card of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where the card is, as the server last spelled it.
    pub href: Href,
    /// Its version there when both sides last agreed; `None` as in [`Known::etag`].
    pub etag: Option<ETag>,
    /// The text both sides last agreed on, as the server served it; `None` before the first
    /// agreement (an href that was chosen and not yet confirmed).
    pub base: Option<Vec<u8>>,
    /// The value of `edited` that the server has.
    pub seen: u64,
}

/// A contact together with its link in the book at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The contact.
    pub contact: StoredContact,
    /// Its link.
    pub link: Link,
}

impl Linked {
    /// What happened here since both sides last agreed. Where they never did (no base), whatever
    /// stands here counts as an edit, so that nothing overwrites it.
    pub fn here(&self) -> Here {
        if self.contact.deleted {
            Here::Deleted
        } else if self.contact.edited > self.link.seen || self.link.base.is_none() {
            Here::Edited
        } else {
            Here::Same
        }
    }
}
