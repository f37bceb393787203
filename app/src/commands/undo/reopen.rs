//! What an undo of a decision does to the conflict that was decided: it waits again. Restored alone, the
//! card of before would replace the one on the server, which nobody would have decided.

use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::{Card, same};
use contactcmd_ports::{Change, Conflict, ContactRepo, Pending, Run, Subject, Which};

use super::plan::{Planned, Step};
use crate::Failure;
use crate::commands::conflicts::RESOLVE;

/// A conflict that a run decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reopening {
    conflict: Conflict,
    name: String,
    /// Where the contact is linked; `None` when it may be another than the one there.
    own: Option<Link>,
}

/// The conflicts that this run decided, as long as the server was told nothing of the decision, and nobody
/// has to decide about the same contact anyway.
///
/// # Errors
///
/// [`Failure`] when the store cannot be read.
pub(super) fn find(repo: &dyn ContactRepo, run: &Run) -> Result<Vec<Reopening>, Failure> {
    if run.what != RESOLVE {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let open = repo.conflicts(None)?;
    for kept in repo.kept_conflicts(Which::All)? {
        let conflict = kept.conflict;
        let waits = |one: &Conflict| (one.contact, one.book) == (conflict.contact, conflict.book);
        if conflict.decided.is_none() || conflict.at != run.at || open.iter().any(waits) {
            continue;
        }
        let own = repo.linked(conflict.contact, conflict.book)?;
        let holder = match &own {
            Some(own) => Some(own.clone()),
            None => repo.linked_at(conflict.book, &[conflict.href.key()])?.into_iter().next(),
        };
        // As long as the server has the card that was decided about, it was told nothing.
        let there = Card::parse(conflict.remote.as_slice());
        let is_as_decided =
            |link: &Link| link.base.as_deref().is_some_and(|base| same(&Card::parse(base), &there));
        let Some(holder) = holder.filter(|holder| is_as_decided(&holder.link)) else { continue };
        let (name, own) = (holder.contact.name, own.map(|own| own.link));
        found.push(Reopening { conflict, name, own });
    }
    Ok(found)
}

impl Reopening {
    /// Tells the plan of it; gives whether it is done, which it is not where its contact is left.
    pub(super) fn join(&self, planned: &mut Vec<Planned>) -> bool {
        let id = self.conflict.contact;
        if let Some(one) = planned.iter_mut().find(|one| one.contact == id) {
            one.reopens = !matches!(one.step, Step::Left | Step::Theirs | Step::Taken);
            return one.reopens;
        }
        if planned.iter().any(|one| one.step == Step::Left) {
            return false;
        }
        let (name, step) = (self.name.clone(), Step::AsBefore);
        planned.push(Planned { contact: id, name, linked: true, step, reopens: true });
        true
    }

    /// The changes, after those that restore the card.
    pub(super) fn changes(self, at: Timestamp) -> Vec<Change> {
        let Self { conflict, name, own } = self;
        let (contact, book) = (conflict.contact, conflict.book);
        let href = own.as_ref().map_or(&conflict.href, |link| &link.href).clone();
        let mut changes = Vec::with_capacity(3);
        if own.is_some() && conflict.base.is_some() {
            let href = href.clone();
            let link = Link { href, etag: None, base: conflict.base.clone(), seen: 0 };
            changes.push(Change::Link { contact, book, link });
        } else {
            // They never agreed: the next sync has to meet the card again.
            if own.is_some() {
                changes.push(Change::Unlink { contact, book });
            }
            changes.push(Change::Pend(Pending {
                book,
                subject: Subject::Card(href.clone()),
                name,
                reason: "a decision about it was taken back: `contactcmd conflicts`".to_owned(),
                etag: None,
                tried: None,
                since: at,
            }));
        }
        changes.push(Change::Conflict(Conflict { href, decided: None, at, ..conflict }));
        changes
    }
}
