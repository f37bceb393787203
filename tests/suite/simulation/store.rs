//! The store of one client: SQLite in memory, which outlives the processes that use it.

use std::cell::RefCell;
use std::sync::Arc;

use contactcmd_adapters::sqlite::SqliteRepo;
use contactcmd_domain::contact::{ContactId, Timestamp, UidKey};
use contactcmd_domain::dav::{BookInfo, HrefKey};
use contactcmd_domain::sync::snapshot::{Known, Linked, StoredContact};
use contactcmd_ports::{
    Account, AccountDraft, AccountId, Book, BookId, Brief, Change, Conflict, ConflictId,
    ContactRepo, ExternalId, JsonSummary, Keep, KeptConflict, ListPage, ListQuery, Page, Past,
    Pending, Progress, RepoError, Run, RunId, Summary, Which, Why,
};

use super::fate::Fate;

/// SQLite, with an end that can be ordered and a memory for every conflict.
pub(super) struct Store {
    /// `None` only while it is dropped.
    repo: Option<SqliteRepo>,
    fate: Arc<Fate>,
    /// Every conflict that was kept, decided or not.
    pub(super) conflicts: Vec<Conflict>,
    /// What was begun in this run: the database may be older.
    runs: Vec<RunId>,
    book: BookId,
    /// Contacts that were buried: without a link nothing names them any more.
    buried: Vec<ContactId>,
    age: u32,
}

/// What stands in a store.
#[derive(Debug, PartialEq)]
pub(super) struct Everything {
    contacts: Vec<StoredContact>,
    linked: Vec<Linked>,
    pending: Vec<Pending>,
    conflicts: Vec<Conflict>,
    past: Vec<Past>,
    runs: usize,
}

/// Databases that wait for their next run: to make one, and to have it read every statement anew, takes
/// longer than a run does.
struct Shelf {
    repos: Vec<(SqliteRepo, u32)>,
    stores: u64,
}

thread_local! {
    static SHELF: RefCell<Shelf> = const { RefCell::new(Shelf { repos: Vec::new(), stores: 0 }) };
}

/// A database is thrown away after so many runs, for its history only grows.
const OLDEST: u32 = 100;

impl Store {
    /// An empty store with one book.
    pub(super) fn new(fate: Arc<Fate>, found: &BookInfo) -> (Self, AccountId, BookId) {
        let (shelved, number) = SHELF.with_borrow_mut(|shelf| {
            shelf.stores += 1;
            (shelf.repos.pop(), shelf.stores)
        });
        let (mut repo, age) =
            shelved.unwrap_or_else(|| (SqliteRepo::in_memory().expect("a store in memory"), 0));
        let draft = AccountDraft {
            name: "default".to_owned(),
            server: "https://dav.example.test".to_owned(),
            username: format!("alice {number}"),
            home_sets: Vec::new(),
        };
        let account = repo.save_account(&draft).expect("an account").id;
        let books = repo.save_books(account, std::slice::from_ref(found)).expect("a book");
        let book = books[0].id;
        let (conflicts, runs) = (Vec::new(), Vec::new());
        let store = Self { repo: Some(repo), fate, conflicts, runs, book, buried: Vec::new(), age };
        (store, account, book)
    }

    fn repo(&self) -> &SqliteRepo {
        self.repo.as_ref().expect("it is not dropped yet")
    }

    /// The history of this run.
    pub(super) fn past(&self) -> Vec<Past> {
        let repo = self.repo();
        self.runs
            .iter()
            .flat_map(|run| repo.changed_in(*run, Page::ALL).expect("history"))
            .collect()
    }

    /// Everything that can be read of it, for comparing.
    pub(super) fn everything(&self) -> Everything {
        let (repo, book) = (self.repo(), self.book);
        let known = repo.known(book).expect("links");
        let keys: Vec<HrefKey> = known.iter().map(|link| link.href.key()).collect();
        Everything {
            contacts: repo.cards_after(None, u32::MAX).expect("cards"),
            linked: repo.linked_at(book, &keys).expect("links"),
            pending: repo.pending(Some(book)).expect("notes"),
            conflicts: repo.conflicts(Some(book)).expect("conflicts"),
            past: self.past(),
            runs: self.runs.len(),
        }
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteRepo) -> Result<T, RepoError>,
    ) -> Result<T, RepoError> {
        if self.fate.lives() {
            return work(self.repo.as_mut().expect("it is not dropped yet"));
        }
        Err(RepoError::Failed { cause: "the process died".into() })
    }
}

impl Drop for Store {
    /// Empties the database and puts it back, unless something went wrong with it.
    fn drop(&mut self) {
        let Some(mut repo) = self.repo.take() else { return };
        if self.age >= OLDEST || std::thread::panicking() {
            return;
        }
        let mut ids: Vec<ContactId> =
            repo.known(self.book).unwrap_or_default().iter().map(|link| link.contact).collect();
        ids.extend(repo.cards_after(None, u32::MAX).unwrap_or_default().iter().map(|one| one.id));
        ids.extend(&self.buried);
        ids.sort_unstable();
        ids.dedup();
        let why = || Why("the end of the run".to_owned());
        let delete = |id: &ContactId| Change::Delete { contact: *id, why: why() };
        let at = Timestamp(0);
        let run = repo.begin_run("end", at);
        let emptied = run.is_ok_and(|run| {
            // Of those that were buried some are gone already.
            ids.iter().for_each(|id| drop(repo.apply(run, at, &[delete(id)])));
            repo.unlinked().is_ok_and(|left| left.is_empty())
        });
        if emptied {
            SHELF.with_borrow_mut(|shelf| shelf.repos.push((repo, self.age + 1)));
        }
    }
}

impl ContactRepo for Store {
    fn account(&self, server: &str, username: &str) -> Result<Option<Account>, RepoError> {
        self.repo().account(server, username)
    }

    fn save_account(&mut self, account: &AccountDraft) -> Result<Account, RepoError> {
        self.write(|repo| repo.save_account(account))
    }

    fn books(&self, account: AccountId) -> Result<Vec<Book>, RepoError> {
        self.repo().books(account)
    }

    fn save_books(
        &mut self,
        account: AccountId,
        found: &[BookInfo],
    ) -> Result<Vec<Book>, RepoError> {
        self.write(|repo| repo.save_books(account, found))
    }

    fn save_progress(&mut self, book: BookId, progress: &Progress) -> Result<(), RepoError> {
        self.write(|repo| repo.save_progress(book, progress))
    }

    fn known(&self, book: BookId) -> Result<Vec<Known>, RepoError> {
        self.repo().known(book)
    }

    fn known_at(&self, book: BookId, hrefs: &[HrefKey]) -> Result<Vec<Known>, RepoError> {
        self.repo().known_at(book, hrefs)
    }

    fn edited(&self, book: BookId) -> Result<Vec<Known>, RepoError> {
        self.repo().edited(book)
    }

    fn link_count(&self, book: BookId) -> Result<u64, RepoError> {
        self.repo().link_count(book)
    }

    fn linked_at(&self, book: BookId, hrefs: &[HrefKey]) -> Result<Vec<Linked>, RepoError> {
        self.repo().linked_at(book, hrefs)
    }

    fn unlinked_count(&self) -> Result<usize, RepoError> {
        self.repo().unlinked_count()
    }

    fn unlinked(&self) -> Result<Vec<StoredContact>, RepoError> {
        self.repo().unlinked()
    }

    fn pending(&self, book: Option<BookId>) -> Result<Vec<Pending>, RepoError> {
        self.repo().pending(book)
    }

    fn conflicts(&self, book: Option<BookId>) -> Result<Vec<Conflict>, RepoError> {
        self.repo().conflicts(book)
    }

    fn contact(&self, id: ContactId) -> Result<Option<StoredContact>, RepoError> {
        self.repo().contact(id)
    }

    fn contacts(&self, ids: &[ContactId]) -> Result<Vec<StoredContact>, RepoError> {
        self.repo().contacts(ids)
    }

    fn by_id_prefix(&self, prefix: &str) -> Result<Vec<Summary>, RepoError> {
        self.repo().by_id_prefix(prefix)
    }

    fn by_uid(&self, uid: &UidKey) -> Result<Vec<StoredContact>, RepoError> {
        self.repo().by_uid(uid)
    }

    fn list(&self, query: &ListQuery) -> Result<ListPage, RepoError> {
        self.repo().list(query)
    }

    fn list_brief(&self, query: &ListQuery) -> Result<ListPage<Brief>, RepoError> {
        self.repo().list_brief(query)
    }

    fn list_json(&self, query: &ListQuery) -> Result<ListPage<JsonSummary>, RepoError> {
        self.repo().list_json(query)
    }

    fn cards_after(
        &self,
        after: Option<ContactId>,
        limit: u32,
    ) -> Result<Vec<StoredContact>, RepoError> {
        self.repo().cards_after(after, limit)
    }

    fn every_book(&self) -> Result<Vec<(String, Book)>, RepoError> {
        self.repo().every_book()
    }

    fn external_ids(&self, ids: &[ContactId]) -> Result<Vec<(ContactId, ExternalId)>, RepoError> {
        self.repo().external_ids(ids)
    }

    fn runs(&self, limit: u32) -> Result<Vec<Run>, RepoError> {
        self.repo().runs(limit)
    }

    fn history(&self, contact: Option<ContactId>, page: Page) -> Result<Vec<Past>, RepoError> {
        // The database is older than this run, and its contacts had the same ids.
        let past = self.repo().history(contact, page)?.into_iter();
        Ok(past.filter(|past| self.runs.contains(&past.run)).collect())
    }

    fn sizes(&self) -> Result<Vec<(RunId, u64)>, RepoError> {
        self.repo().sizes()
    }

    fn changed_in(&self, run: RunId, page: Page) -> Result<Vec<Past>, RepoError> {
        self.repo().changed_in(run, page)
    }

    fn added_in(&self, run: RunId) -> Result<Vec<ContactId>, RepoError> {
        self.repo().added_in(run)
    }

    fn kept_conflicts(&self, which: Which) -> Result<Vec<KeptConflict>, RepoError> {
        self.repo().kept_conflicts(which)
    }

    fn kept_conflict(&self, id: ConflictId) -> Result<Option<KeptConflict>, RepoError> {
        self.repo().kept_conflict(id)
    }

    fn links(&self, contacts: &[ContactId]) -> Result<Vec<(BookId, Linked)>, RepoError> {
        self.repo().links(contacts)
    }

    fn linked(&self, contact: ContactId, book: BookId) -> Result<Option<Linked>, RepoError> {
        self.repo().linked(contact, book)
    }

    fn with_tombstones(&self, ids: &[ContactId]) -> Result<Vec<StoredContact>, RepoError> {
        self.repo().with_tombstones(ids)
    }

    fn gone(&self) -> Result<Vec<(ContactId, String)>, RepoError> {
        self.repo().gone()
    }

    fn prune(&mut self, keep: Keep) -> Result<u64, RepoError> {
        self.write(|repo| repo.prune(keep))
    }

    fn begin_run(&mut self, what: &str, at: Timestamp) -> Result<RunId, RepoError> {
        let run = self.write(|repo| repo.begin_run(what, at))?;
        self.runs.push(run);
        Ok(run)
    }

    fn apply(&mut self, run: RunId, at: Timestamp, changes: &[Change]) -> Result<(), RepoError> {
        self.write(|repo| repo.apply(run, at, changes))?;
        self.buried.extend(changes.iter().filter_map(|change| match change {
            Change::Bury { contact, .. } => Some(*contact),
            _ => None,
        }));
        self.conflicts.extend(changes.iter().filter_map(|change| match change {
            Change::Conflict(conflict) => Some(conflict.clone()),
            _ => None,
        }));
        Ok(())
    }
}
