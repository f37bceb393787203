//! One line of the plan: what happens to one contact.
//!
//! The same values are printed by a dry run, done by a run, and listed in a report.

use std::fmt;

use crate::contact::{ContactId, Index};
use crate::dav::{ETag, Href};
use crate::vcard::{Card, FieldChange};

/// A card as a server served it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCard {
    /// Where it is.
    pub href: Href,
    /// Its version.
    pub etag: Option<ETag>,
    /// Its text.
    pub card: Card,
}

/// One line of the plan: what happens to one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What to call the contact.
    pub name: String,
    /// The contact here; `None` while it has none.
    pub contact: Option<ContactId>,
    /// What happens.
    pub step: Step,
    /// What changes in it on the side that is written, in a person's words; of a merge, what changes
    /// here.
    pub fields: Vec<FieldChange>,
    /// Why, where the step alone does not say.
    pub reason: Option<String>,
}

/// What happens to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A new contact here.
    CreateHere {
        /// The card it gets.
        remote: RemoteCard,
        /// Derived from it.
        index: Box<Index>,
    },
    /// The card there replaces the one here.
    UpdateHere {
        /// The card there.
        remote: RemoteCard,
        /// What is stored, where that is more than the server keeps; else the card there.
        card: Option<Card>,
        /// Derived from what is stored.
        index: Box<Index>,
        /// What the link's `seen` becomes.
        seen: u64,
    },
    /// The contact is deleted here.
    DeleteHere,
    /// The contact here and the card there become one; both say the same, but that the one here may
    /// have no UID. The text there is taken over, so that the UID is no edit of anybody's.
    Link {
        /// The card there.
        remote: RemoteCard,
        /// Derived from it.
        index: Box<Index>,
        /// What the link's `seen` becomes.
        seen: u64,
    },
    /// Both sides agree already: only the base and the ETag move. Never shown.
    Rebase {
        /// The card there.
        remote: RemoteCard,
        /// What the link's `seen` becomes.
        seen: u64,
    },
    /// The server wrote the same card in other words: it is taken over as it is. Never shown.
    Refresh {
        /// The card there.
        remote: RemoteCard,
        /// Derived from it.
        index: Box<Index>,
        /// What the link's `seen` becomes.
        seen: u64,
    },
    /// Edited here and there: both edits become one card.
    Merge(Box<Merge>),
    /// A new card there, at an href that is chosen when it is sent.
    CreateThere(Box<Sending>),
    /// The card here replaces the one there.
    UpdateThere(Box<Sending>),
    /// The card is deleted there.
    DeleteThere {
        /// What is there as far as is known here.
        was: Standing,
    },
    /// Both sides differ and nobody decided: both texts are kept.
    Conflict {
        /// The card there.
        remote: RemoteCard,
        /// The text both sides last agreed on.
        base: Option<Vec<u8>>,
        /// The text here.
        local: Vec<u8>,
        /// What the link's `seen` is, should it have to follow a card that moved.
        seen: u64,
    },
    /// The card there may be this contact, by name and e-mail or phone: only a person can tell.
    Offer {
        /// The card there.
        remote: RemoteCard,
        /// The text here.
        local: Vec<u8>,
    },
    /// The card there cannot be taken over; it is noted until it can.
    SetAside {
        /// Where it is.
        href: Href,
        /// Its version.
        etag: Option<ETag>,
    },
    /// The contact here could not be sent; it is noted until it can.
    Unsendable {
        /// The value of `edited` that is not tried again; `None`: the next run tries again.
        tried: Option<u64>,
    },
    /// Deleted there and edited here: the contact stays here, and in this book, where a run that sends
    /// creates it again.
    KeepHere {
        /// Where its card was.
        href: Href,
    },
    /// Deleted on both sides: the last trace goes.
    Forget,
    /// A change that this direction leaves where it is.
    Wait,
}

/// A card that is there, to be replaced or deleted under the condition that it is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it is.
    pub href: Href,
    /// Its version; without one nothing can be written safely.
    pub etag: Option<ETag>,
    /// Its text.
    pub text: Vec<u8>,
}

/// A card that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The contact's card, of which the text that is sent is made.
    pub card: Card,
    /// The value of `edited` that it carries.
    pub edited: u64,
    /// What it replaces; of a create, what it was before it was deleted there.
    pub was: Option<Standing>,
    /// Of a create, where it was sent before without ever being seen there.
    pub place: Option<Href>,
}

/// Two edits that become one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The card there.
    pub remote: RemoteCard,
    /// The text both sides last agreed on.
    pub base: Option<Vec<u8>>,
    /// The text here.
    pub local: Vec<u8>,
    /// What both become.
    pub card: Card,
    /// Derived from it.
    pub index: Box<Index>,
    /// The value of `edited` of the text here.
    pub edited: u64,
    /// What the link's `seen` is as long as the server does not have it.
    pub seen: u64,
    /// What changes there; empty when the server has all of it already.
    pub there: Vec<FieldChange>,
    /// Whether it is sent in this run.
    pub send: Send,
    /// What both sides edited differently, and whose value stands, for the conflict that is kept.
    pub contested: Option<String>,
}

/// Whether a merged card goes to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Send {
    /// The server has all of it.
    Needless,
    /// It is sent now.
    Now,
    /// It counts as an edit here, which a run in another direction sends.
    Later,
}

impl Step {
    /// Whether a person is told of it by name.
    pub fn is_shown(&self) -> bool {
        !matches!(self, Self::Rebase { .. } | Self::Refresh { .. } | Self::Wait | Self::Forget)
    }

    /// Whether the server is written to.
    pub fn is_sent(&self) -> bool {
        match self {
            Self::CreateThere(_) | Self::UpdateThere(_) | Self::DeleteThere { .. } => true,
            Self::Merge(merge) => merge.send == Send::Now,
            _ => false,
        }
    }

    /// Whether nobody should miss it among thousands of others: somebody has to decide or is gone, a card
    /// could not be taken over or sent, a value lost.
    pub fn is_notable(&self) -> bool {
        match self {
            Self::Merge(merge) => merge.contested.is_some(),
            other => matches!(other.sign(), '!' | '?' | '-'),
        }
    }

    /// The name of the step for programs: `create-here`, `update-here`, ...
    pub fn id(&self) -> &'static str {
        match self {
            Self::CreateHere { .. } => "create-here",
            Self::UpdateHere { .. } => "update-here",
            Self::DeleteHere => "delete-here",
            Self::Link { .. } => "link",
            Self::Rebase { .. } => "rebase",
            Self::Refresh { .. } => "refresh",
            Self::Merge(_) => "merge",
            Self::CreateThere(_) => "create-there",
            Self::UpdateThere(_) => "update-there",
            Self::DeleteThere { .. } => "delete-there",
            Self::Conflict { .. } => "conflict",
            Self::Offer { .. } => "offer",
            Self::SetAside { .. } => "set-aside",
            Self::Unsendable { .. } => "unsendable",
            Self::KeepHere { .. } => "keep-here",
            Self::Forget => "forget",
            Self::Wait => "wait",
        }
    }

    fn sign(&self) -> char {
        match self {
            Self::CreateHere { .. } | Self::CreateThere(_) => '+',
            Self::UpdateHere { .. }
            | Self::Refresh { .. }
            | Self::UpdateThere(_)
            | Self::Merge(_) => '~',
            Self::DeleteHere | Self::DeleteThere { .. } | Self::Forget => '-',
            Self::Link { .. } | Self::Rebase { .. } | Self::KeepHere { .. } => '=',
            Self::Conflict { .. } | Self::SetAside { .. } | Self::Unsendable { .. } => '!',
            Self::Offer { .. } => '?',
            Self::Wait => '.',
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.step.sign(), self.name)?;
        let mut gap = "   ";
        let mut list = |f: &mut fmt::Formatter<'_>, fields: &[FieldChange]| {
            for field in fields {
                write!(f, "{gap}{field}")?;
                gap = ", ";
            }
            Ok(())
        };
        list(f, &self.fields)?;
        match &self.step {
            Step::Merge(merge) => {
                if !self.fields.is_empty() {
                    f.write_str(" -> here")?;
                }
                list(f, &merge.there)?;
                match merge.send {
                    Send::Now if !merge.there.is_empty() => f.write_str(" -> server")?,
                    Send::Later if !merge.there.is_empty() => f.write_str(" not sent")?,
                    _ => {}
                }
                reason(f, gap, self)
            }
            Step::CreateHere { .. } | Step::UpdateHere { .. } | Step::DeleteHere => {
                reason(f, gap, self)?;
                f.write_str(" -> here")
            }
            Step::CreateThere(_) | Step::UpdateThere(_) | Step::DeleteThere { .. } => {
                reason(f, gap, self)?;
                f.write_str(" -> server")
            }
            _ => reason(f, gap, self),
        }
    }
}

fn reason(f: &mut fmt::Formatter<'_>, gap: &str, action: &Action) -> fmt::Result {
    match &action.reason {
        Some(reason) => write!(f, "{gap}{reason}"),
        None => Ok(()),
    }
}
