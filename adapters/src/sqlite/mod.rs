//! The local store on SQLite, through diesel.
//!
//! One file beside its lock (`contacts.db.lock`) and, while it is open, its write-ahead log. The
//! schema is in `migrations/`. Nothing here decides: one module a family of methods, each a few
//! queries, and `fault` is the one place that turns what went wrong into the port's words.

mod accounts;
mod apply;
mod conflicts;
mod fault;
mod links;
mod notes;
mod open;
mod people;
mod prepared;
mod prune;
mod rows;
mod schema;

use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};

use contactcmd_domain::contact::{ContactId, Timestamp, UidKey};
use contactcmd_domain::dav::{BookInfo, HrefKey};
use contactcmd_domain::sync::snapshot::{Known, Linked, StoredContact};
use contactcmd_ports::{
    Account, AccountDraft, AccountId, Book, BookId, Brief, Change, Conflict, ConflictId,
    ContactRepo, ExternalId, JsonSummary, Keep, KeptConflict, ListPage, ListQuery, Open, Page,
    Past, Pending, Progress, RepoError, Run, RunId, Summary, Which,
};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use self::apply::{Durability, Stamp};
use self::fault::{Fault, explain};
use self::open::Opened;

/// A [`ContactRepo`] in one SQLite file.
pub struct SqliteRepo {
    /// Diesel reads through `&mut`; the port reads through `&`. Never borrowed across a call.
    conn: RefCell<SqliteConnection>,
    /// Where the file is, to ask for the free space there; `None` in memory.
    folder: Option<PathBuf>,
    wal: bool,
    /// How the connection flushes at the moment.
    durability: Option<Durability>,
    /// Held for its drop.
    _lock: Option<File>,
}

impl SqliteRepo {
    /// Opens the database at `path`; see [`Open`] for what is created and locked.
    ///
    /// Folders are created for the user alone (0700), and so are the files (0600).
    ///
    /// # Errors
    ///
    /// - [`RepoError::Locked`]: another process has it open for writing; try again when it ended.
    /// - [`RepoError::Newer`]: nothing was touched; the user needs the newer version.
    /// - [`RepoError::Unreadable`]: a folder, another program's file, damaged, or not permitted;
    ///   nothing was touched.
    /// - [`RepoError::ReadOnly`], [`RepoError::Full`]: it cannot be created or written there.
    /// - [`RepoError::Failed`]: a fault of this program.
    pub fn open(path: &Path, how: Open) -> Result<Self, RepoError> {
        let opened = match how {
            Open::Read => open::to_read(path)?,
            Open::Write => open::to_write(path)?,
        };
        Ok(Self::new(opened, path.parent().map(Path::to_owned)))
    }

    /// A store of its own in memory, gone when it is dropped: for tests.
    ///
    /// # Errors
    ///
    /// [`RepoError::Failed`]: a fault of this program.
    pub fn in_memory() -> Result<Self, RepoError> {
        Ok(Self::new(open::in_memory()?, None))
    }

    fn new(opened: Opened, folder: Option<PathBuf>) -> Self {
        let Opened { conn, wal, lock } = opened;
        Self { conn: RefCell::new(conn), folder, wal, durability: None, _lock: lock }
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&mut SqliteConnection) -> Result<T, Fault>,
    ) -> Result<T, RepoError> {
        query(&mut self.conn.borrow_mut()).map_err(|fault| explain(fault, self.folder.as_deref()))
    }

    fn write<T>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, Fault>,
    ) -> Result<T, RepoError> {
        let conn = self.conn.get_mut();
        flush_for(conn, if self.wal { durability } else { Durability::Final }, &mut self.durability)
            .and_then(|()| in_transaction(conn, work))
            .map_err(|fault| explain(fault, self.folder.as_deref()))
    }
}

/// Sets how the next transaction is flushed: not at all before the next checkpoint, or to the disk.
fn flush_for(
    conn: &mut SqliteConnection,
    wanted: Durability,
    now: &mut Option<Durability>,
) -> Result<(), Fault> {
    if *now != Some(wanted) {
        conn.batch_execute(match wanted {
            Durability::Repeatable => "PRAGMA synchronous = NORMAL",
            Durability::Final => "PRAGMA synchronous = FULL",
        })?;
        *now = Some(wanted);
    }
    Ok(())
}

/// All of `work` or nothing. Diesel's own transaction gives the error of the ROLLBACK where SQLite
/// has rolled back by itself (a full disk), and hides why.
fn in_transaction<T>(
    conn: &mut SqliteConnection,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    conn.batch_execute("BEGIN IMMEDIATE")?;
    let done = work(conn).and_then(|value| {
        conn.batch_execute("COMMIT")?;
        Ok(value)
    });
    if done.is_err() {
        // Fails only when there is nothing left to roll back.
        conn.batch_execute("ROLLBACK").ok();
    }
    done
}

impl ContactRepo for SqliteRepo {
    fn account(&self, server: &str, username: &str) -> Result<Option<Account>, RepoError> {
        self.read(|conn| accounts::account(conn, server, username))
    }

    fn save_account(&mut self, account: &AccountDraft) -> Result<Account, RepoError> {
        self.write(Durability::Final, |conn| accounts::save_account(conn, account))
    }

    fn books(&self, account: AccountId) -> Result<Vec<Book>, RepoError> {
        self.read(|conn| accounts::all_books(conn, account))
    }

    fn every_book(&self) -> Result<Vec<(String, Book)>, RepoError> {
        self.read(accounts::every_book)
    }

    fn save_books(
        &mut self,
        account: AccountId,
        found: &[BookInfo],
    ) -> Result<Vec<Book>, RepoError> {
        self.write(Durability::Repeatable, |conn| {
            found.iter().try_for_each(|book| accounts::save_book(conn, account, book))?;
            accounts::all_books(conn, account)
        })
    }

    fn save_progress(&mut self, book: BookId, progress: &Progress) -> Result<(), RepoError> {
        self.write(Durability::Repeatable, |conn| accounts::save_progress(conn, book, progress))
    }

    fn known(&self, book: BookId) -> Result<Vec<Known>, RepoError> {
        self.read(|conn| links::known(conn, book))
    }

    fn known_at(&self, book: BookId, hrefs: &[HrefKey]) -> Result<Vec<Known>, RepoError> {
        self.read(|conn| links::known_at(conn, book, hrefs))
    }

    fn edited(&self, book: BookId) -> Result<Vec<Known>, RepoError> {
        self.read(|conn| links::edited(conn, book))
    }

    fn link_count(&self, book: BookId) -> Result<u64, RepoError> {
        self.read(|conn| links::link_count(conn, book))
    }

    fn linked_at(&self, book: BookId, hrefs: &[HrefKey]) -> Result<Vec<Linked>, RepoError> {
        self.read(|conn| links::linked_at(conn, book, hrefs))
    }

    fn unlinked_count(&self) -> Result<usize, RepoError> {
        self.read(links::unlinked_count)
    }

    fn unlinked(&self) -> Result<Vec<StoredContact>, RepoError> {
        self.read(links::unlinked)
    }

    fn pending(&self, book: Option<BookId>) -> Result<Vec<Pending>, RepoError> {
        self.read(|conn| notes::pendings(conn, book))
    }

    fn conflicts(&self, book: Option<BookId>) -> Result<Vec<Conflict>, RepoError> {
        self.read(|conn| conflicts::undecided(conn, book))
    }

    fn kept_conflicts(&self, which: Which) -> Result<Vec<KeptConflict>, RepoError> {
        self.read(|conn| conflicts::all(conn, which))
    }

    fn kept_conflict(&self, id: ConflictId) -> Result<Option<KeptConflict>, RepoError> {
        self.read(|conn| conflicts::one(conn, id))
    }

    fn links(&self, contacts: &[ContactId]) -> Result<Vec<(BookId, Linked)>, RepoError> {
        self.read(|conn| links::links(conn, contacts))
    }

    fn linked(&self, contact: ContactId, book: BookId) -> Result<Option<Linked>, RepoError> {
        self.read(|conn| links::linked(conn, contact, book))
    }

    fn contact(&self, id: ContactId) -> Result<Option<StoredContact>, RepoError> {
        self.read(|conn| people::contact(conn, id))
    }

    fn contacts(&self, ids: &[ContactId]) -> Result<Vec<StoredContact>, RepoError> {
        self.read(|conn| people::contacts(conn, ids))
    }

    fn by_id_prefix(&self, prefix: &str) -> Result<Vec<Summary>, RepoError> {
        self.read(|conn| people::by_id_prefix(conn, prefix))
    }

    fn by_uid(&self, uid: &UidKey) -> Result<Vec<StoredContact>, RepoError> {
        self.read(|conn| people::by_uid(conn, uid))
    }

    fn list(&self, query: &ListQuery) -> Result<ListPage, RepoError> {
        self.read(|conn| people::list(conn, query))
    }

    fn list_brief(&self, query: &ListQuery) -> Result<ListPage<Brief>, RepoError> {
        self.read(|conn| people::list_brief(conn, query))
    }

    fn list_json(&self, query: &ListQuery) -> Result<ListPage<JsonSummary>, RepoError> {
        self.read(|conn| people::list_json(conn, query))
    }

    fn cards_after(
        &self,
        after: Option<ContactId>,
        limit: u32,
    ) -> Result<Vec<StoredContact>, RepoError> {
        self.read(|conn| people::cards_after(conn, after, limit))
    }

    fn external_ids(&self, ids: &[ContactId]) -> Result<Vec<(ContactId, ExternalId)>, RepoError> {
        self.read(|conn| people::external_ids(conn, ids))
    }

    fn runs(&self, limit: u32) -> Result<Vec<Run>, RepoError> {
        self.read(|conn| notes::latest_runs(conn, limit))
    }

    fn history(&self, contact: Option<ContactId>, page: Page) -> Result<Vec<Past>, RepoError> {
        self.read(|conn| notes::past_of(conn, contact, page))
    }

    fn sizes(&self) -> Result<Vec<(RunId, u64)>, RepoError> {
        self.read(notes::sizes)
    }

    fn changed_in(&self, run: RunId, page: Page) -> Result<Vec<Past>, RepoError> {
        self.read(|conn| notes::changed_in(conn, run, page))
    }

    fn added_in(&self, run: RunId) -> Result<Vec<ContactId>, RepoError> {
        self.read(|conn| notes::added_in(conn, run))
    }

    fn with_tombstones(&self, ids: &[ContactId]) -> Result<Vec<StoredContact>, RepoError> {
        self.read(|conn| people::with_tombstones(conn, ids))
    }

    fn gone(&self) -> Result<Vec<(ContactId, String)>, RepoError> {
        self.read(notes::gone)
    }

    fn begin_run(&mut self, what: &str, at: Timestamp) -> Result<RunId, RepoError> {
        self.write(Durability::Repeatable, |conn| notes::begin_run(conn, what, at))
    }

    fn apply(&mut self, run: RunId, at: Timestamp, changes: &[Change]) -> Result<(), RepoError> {
        let stamp = Stamp { run, at };
        self.write(Durability::of(changes), |conn| apply::all(conn, stamp, changes))
    }

    fn prune(&mut self, keep: Keep) -> Result<u64, RepoError> {
        self.write(Durability::Repeatable, |conn| prune::prune(conn, keep))
    }
}

#[cfg(test)]
mod tests;
