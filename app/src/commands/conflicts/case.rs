//! A conflict with the contact as it is now.

use contactcmd_domain::sync::pick::{Difference, differences};
use contactcmd_domain::sync::snapshot::{Link, StoredContact};
use contactcmd_domain::vcard::Card;
use contactcmd_ports::{ConflictId, ContactRepo, KeptConflict};

use crate::{Exit, Failure};

/// What is decided about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) kept: KeptConflict,
    /// The contact as it is now, which may be a tombstone.
    pub(super) contact: StoredContact,
    /// Its link in that book; `None` when the two may be different people.
    pub(super) link: Option<Link>,
    /// Who has the card there, if it is another contact by now.
    pub(super) owner: Option<String>,
    /// The address book that the contact is in by now, where it met the card without being in any.
    pub(super) elsewhere: Option<String>,
    pub(super) here: Card,
    pub(super) there: Card,
    pub(super) base: Option<Card>,
}

/// Whether somebody still has to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody did yet.
    Waits,
    /// It was decided; what was then here is shown.
    Decided,
}

impl Case {
    /// Reads a conflict by the number that was typed.
    pub(super) fn load(repo: &dyn ContactRepo, id: i64) -> Result<Self, Failure> {
        let nothing = || {
            Failure::new(Exit::Failed, anyhow::anyhow!("there is no conflict {id}"))
                .hint("`contactcmd conflicts --all` lists them")
        };
        let kept = repo.kept_conflict(ConflictId(id))?.ok_or_else(nothing)?;
        let conflict = &kept.conflict;
        let found = repo.with_tombstones(&[conflict.contact])?;
        let contact = found.into_iter().next().ok_or_else(nothing)?;
        let link = repo.linked(conflict.contact, conflict.book)?.map(|linked| linked.link);
        let at_the_href = repo.linked_at(conflict.book, &[conflict.href.key()])?;
        let other = at_the_href.into_iter().find(|linked| linked.contact.id != contact.id);
        let elsewhere = match &link {
            Some(_) => None,
            None => repo.external_ids(&[contact.id])?.into_iter().next(),
        };
        let here = match conflict.decided {
            None => contact.vcard.clone(),
            Some(_) => conflict.local.clone(),
        };
        Ok(Self {
            here: Card::parse(here),
            there: Card::parse(conflict.remote.as_slice()),
            base: conflict.base.clone().map(Card::parse),
            owner: other.filter(|_| link.is_none()).map(|linked| linked.contact.name),
            elsewhere: elsewhere.map(|(_, place)| place.addressbook),
            contact,
            link,
            kept,
        })
    }

    pub(super) fn state(&self) -> State {
        match self.kept.conflict.decided {
            None => State::Waits,
            Some(_) => State::Decided,
        }
    }

    /// Whether the contact was deleted here, and that is what is to be decided.
    pub(super) fn is_deletion(&self) -> bool {
        self.contact.deleted && self.state() == State::Waits
    }

    /// Whether the contact is not the one any more that met the card there.
    pub(super) fn has_changed(&self) -> bool {
        self.state() == State::Waits && self.contact.vcard != self.kept.conflict.local
    }

    /// Whether the card there may be another person's.
    pub(super) fn is_offer(&self) -> bool {
        self.link.is_none() && self.base.is_none() && !self.contact.deleted
    }

    pub(super) fn differences(&self) -> Vec<Difference> {
        differences(self.base.as_ref(), &self.here, &self.there)
    }
}
