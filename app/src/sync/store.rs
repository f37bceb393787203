//! The store as a run may use it: a dry run cannot write, because it holds nothing that can.

use contactcmd_domain::contact::Timestamp;
use contactcmd_ports::{BookId, Change, ContactRepo, Progress, RepoError, RunId};

/// The store of one run.
pub enum Store<'a> {
    /// Of a dry run: to be looked at.
    Look(&'a dyn ContactRepo),
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

impl Store<'_> {
    /// For reading.
    pub fn read(&self) -> &dyn ContactRepo {
        match self {
            Self::Look(repo) => *repo,
            Self::Write { repo, .. } => &**repo,
        }
    }

    /// Whether anything can be written.
    pub fn is_dry(&self) -> bool {
        matches!(self, Self::Look(_))
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
            Self::Look(_) => Ok(()),
            Self::Write { repo, .. } => repo.save_progress(book, progress),
        }
    }
}
