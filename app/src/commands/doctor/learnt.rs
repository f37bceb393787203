//! What is done otherwise with this server, why, and keeping it for the syncs to come.

use contactcmd_domain::dav::Quirks;
use contactcmd_ports::{AccountDraft, Book, Open, Progress};

use super::report::{About, BookQuirks, Finding};
use super::{Doctor, End, Seen, open};
use crate::Failure;
use crate::remote::Discovered;

/// A quirk: whether a server has it, what it is, and what is done about it.
type Kind = (fn(&Quirks) -> bool, &'static str, &'static str);

const KINDS: [Kind; 5] = [
    (|q| q.no_sync_collection, "no sync-collection", "changes are found by ctag and listings"),
    (
        |q| q.no_empty_token,
        "no empty sync token",
        "the first token is that of the book's properties",
    ),
    (|q| q.sync_depth_one, "sync-collection wants Depth: 1", "it is asked so"),
    (|q| q.no_multiget, "no multiget", "cards are read one by one"),
    (
        |q| q.no_preconditions,
        "preconditions are not looked at, or not always",
        "versions and texts are compared just before each write",
    ),
];

impl Doctor<'_, '_> {
    /// Tells the quirks of a book, and stores what was learnt.
    pub(super) fn quirks(
        &mut self,
        book: &Book,
        seen: &Seen,
        found: &Discovered,
    ) -> Result<(), End> {
        self.notes.about(About::Quirks);
        let by_address = Quirks::of_location(&seen.info.location);
        let before = &book.progress.quirks;
        let mut any = false;
        for (has, what, means) in KINDS.iter().filter(|(has, ..)| has(&seen.quirks)) {
            any = true;
            let why = if has(&by_address) {
                "known by its address"
            } else if has(before) {
                "learnt before"
            } else {
                "learnt now"
            };
            self.notes.tell(Finding::note(format!("quirk: {what} ({why})")).means(*means));
        }
        if !any {
            self.notes.tell(Finding::ok("no quirks: it is treated as the standards say"));
        }
        let learnt = seen.quirks != *before;
        if let Some(addressbook) = self.notes.addressbook() {
            let quirks = seen.quirks.clone();
            self.notes.report.books.push(BookQuirks { addressbook, quirks, learnt });
        }
        if learnt {
            self.keep(seen, found)?;
            self.notes.tell(Finding::ok("what was learnt is kept for the syncs to come"));
        }
        Ok(())
    }

    fn keep(&self, seen: &Seen, found: &Discovered) -> Result<(), Failure> {
        let mut repo = open(self.world, self.global, Open::Write)?;
        let account = repo.save_account(&AccountDraft {
            name: self.chosen.settings.name.clone(),
            server: self.chosen.address.origin.to_string(),
            username: self.chosen.username.clone(),
            home_sets: found.home_sets.clone(),
        })?;
        let key = seen.info.location.href.key();
        let books = repo.save_books(account.id, &found.books)?;
        let Some(book) = books.into_iter().find(|book| book.info.location.href.key() == key) else {
            return Ok(());
        };
        let quirks = seen.quirks.clone();
        Ok(repo.save_progress(book.id, &Progress { quirks, ..book.progress })?)
    }
}
