//! What stays noted from one run to the next, until it is over: conflicts, offers, and what could not be
//! done.

use contactcmd_domain::dav::HrefKey;
use contactcmd_domain::sync::action::{Action, Send, Step};
use contactcmd_ports::{Change, Conflict};

use super::cards::aside;
use super::pages::Pages;
use crate::Failure;

impl Pages<'_, '_, '_> {
    /// The card that was offered is gone, or somebody else by now: there is nothing to decide any more.
    pub(super) fn withdraw(&mut self, key: &HrefKey) -> Option<Change> {
        let mut contacts = self.conflicts.at(key).iter();
        let contact = *contacts.find(|contact| self.free.contains(contact))?;
        let conflict = self.conflicts.remove(contact)?;
        let decided = Some("the card on the server is gone, or another contact".to_owned());
        Some(Change::Conflict(Conflict { decided, at: self.at, ..conflict }))
    }

    /// An offered card that has moved is offered where it is now: that nothing is in the old place decides
    /// nothing.
    pub(super) fn follow_offer(&mut self, action: &Action) {
        let Step::Offer { remote, .. } = &action.step else { return };
        if let Some(id) = action.contact {
            self.conflicts.follow(id, &remote.href);
        }
    }

    /// A note on what could not be sent is over once the server has the last edit: it had arrived after
    /// all, or it was taken back.
    pub(super) fn arrival(&mut self, action: &Action) -> Result<Option<Change>, Failure> {
        let seen = match &action.step {
            Step::Rebase { seen, .. }
            | Step::Refresh { seen, .. }
            | Step::UpdateHere { seen, .. }
            | Step::Link { seen, .. } => *seen,
            Step::Merge(merge) if merge.send == Send::Needless => merge.edited,
            _ => return Ok(None),
        };
        let Some(id) = action.contact.filter(|id| self.refused.contains_key(id)) else {
            return Ok(None);
        };
        let edited = self.store.read().contact(id)?.map_or(0, |contact| contact.edited);
        let note = if seen >= edited { self.refused.remove(&id) } else { None };
        Ok(note.map(|note| Change::Settle { book: note.book, subject: note.subject }))
    }

    /// Whether a conflict or a note is stored already, word for word.
    pub(super) fn is_told_again(&self, action: &Action) -> bool {
        if let (Step::Unsendable { tried }, Some(id)) = (&action.step, action.contact) {
            return self.refused.get(&id).is_some_and(|note| {
                note.tried == *tried && Some(&note.reason) == action.reason.as_ref()
            });
        }
        if let Step::SetAside { href, etag } = &action.step {
            return self.pending.get(&href.key()).is_some_and(|note| {
                note.etag == *etag && Some(&note.reason) == action.reason.as_ref()
            });
        }
        let (remote, base, local) = match &action.step {
            Step::Conflict { remote, base, local, .. } => (remote, base.as_deref(), local),
            Step::Offer { remote, local } => (remote, None, local),
            _ => return false,
        };
        let Some(id) = action.contact else { return false };
        self.conflicts.get(id).is_some_and(|known| {
            known.base.as_deref() == base
                && known.local == *local
                && known.remote == remote.card.as_bytes()
                && known.href.key() == remote.href.key()
        }) && !self.moved.contains(&id)
    }

    /// A conflict is over once both sides have one text again, or one side has none; its texts stay.
    pub(super) fn agreement(&mut self, action: &Action) -> Option<Change> {
        let decided = match action.step {
            Step::Rebase { .. } | Step::Refresh { .. } => "both sides agree again",
            Step::UpdateHere { .. } => "the server's card was taken",
            Step::KeepHere { .. } => "deleted on the server, kept here",
            Step::Merge(_) => "both edits were merged",
            Step::UpdateThere(_) | Step::CreateThere(_) => "the card here was sent",
            _ => return None,
        };
        // An offer is decided by a person, whatever else happens to the contact.
        let id = action.contact.filter(|id| {
            let conflict = self.conflicts.get(*id);
            conflict.is_some_and(|one| !self.pending.contains_key(&one.href.key()))
        })?;
        let conflict = self.conflicts.remove(id)?;
        let decided = Some(decided.to_owned());
        Some(Change::Conflict(Conflict { decided, at: self.at, ..conflict }))
    }

    /// Notes that the server cannot list everything, or that it can again: visible until then, since
    /// the cards beyond the cut can neither be seen nor taken for deleted (Q59).
    pub(super) fn note_cut(&mut self, cut: Option<&str>) -> Result<(), Failure> {
        let href = &self.book.info.location.href;
        match cut {
            Some(why) => {
                let why = format!("the server does not list the whole book: {why}");
                let mut action = aside(href.clone(), None, None, why);
                action.name.clone_from(&self.book.info.name);
                self.do_all(vec![action], Vec::new())
            }
            None => self.do_all(Vec::new(), vec![href.key()]),
        }
    }
}
