//! The store as a run may use it: a dry run cannot write, because it holds nothing that can.

use std::collections::HashSet;

use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_ports::{BookId, Change, ContactRepo, Progress, RepoError, RunId};

/// The store of one run.
pub enum Store<'a> {
    /// Of a dry run: to be looked at.
    Look {
        /// The store.
        repo: &'a dyn ContactRepo,
        /// Contacts in no book that would be in one by now.
        met: HashSet<ContactId>,
    },
    /// Of a run that writes. The run is opened with its first write, so that a run that changes
    /// nothing leaves no trace.
    Write {
        /// The store.
        repo: &'a mut dyn ContactRepo,
        /// What to call the run.
        what: &'a str,
        /// The run, once it has written.
        run: Option<RunId>,
    },
}

impl<'a> Store<'a> {
    /// The store of a dry run.
    pub fn look(repo: &'a dyn ContactRepo) -> Self {
        Self::Look { repo, met: HashSet::new() }
    }

    /// Whether a contact in no book would be in one by now, if this were no dry run.
    pub(super) fn has_met(&self, contact: ContactId) -> bool {
        matches!(self, Self::Look { met, .. } if met.contains(&contact))
    }

    /// Notes who would be in a book by now.
    pub(super) fn note_met(&mut self, contacts: impl IntoIterator<Item = ContactId>) {
        if let Self::Look { met, .. } = self {
            met.extend(contacts);
        }
    }

    /// For reading.
    pub fn read(&self) -> &dyn ContactRepo {
        match self {
            Self::Look { repo, .. } => *repo,
            Self::Write { repo, .. } => &**repo,
        }
    }

    /// Whether anything can be written.
    pub fn is_dry(&self) -> bool {
        matches!(self, Self::Look { .. })
    }

    /// Writes, in a run that writes; else does nothing.
    pub(super) fn apply(&mut self, at: Timestamp, changes: &[Change]) -> Result<(), RepoError> {
        let Self::Write { repo, what, run } = self else { return Ok(()) };
        if changes.is_empty() {
            return Ok(());
        }
        let id = match *run {
            Some(id) => id,
            None => *run.insert(repo.begin_run(what, at)?),
        };
        repo.apply(id, at, changes)?;
        // A run of which all was taken back is gone: what is still to come needs another.
        let retracts = changes.iter().any(|change| matches!(change, Change::Retract { .. }));
        if retracts && repo.runs(1)?.first().is_none_or(|latest| latest.id != id) {
            *run = None;
        }
        Ok(())
    }

    /// Stores how far the book is, in a run that writes.
    pub(super) fn save_progress(
        &mut self,
        book: BookId,
        progress: &Progress,
    ) -> Result<(), RepoError> {
        match self {
            Self::Look { .. } => Ok(()),
            Self::Write { repo, .. } => repo.save_progress(book, progress),
        }
    }
}
