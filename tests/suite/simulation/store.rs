//! The store of one client: SQLite in memory, which outlives the processes that use it.

use std::sync::Arc;

use contactcmd_adapters::sqlite::SqliteRepo;
use contactcmd_domain::contact::{ContactId, Timestamp, UidKey};
use contactcmd_domain::dav::{BookInfo, HrefKey};
use contactcmd_domain::sync::snapshot::{Known, Link, Linked, StoredContact};
use contactcmd_ports::{
    Account, AccountDraft, AccountId, Book, BookId, Brief, Change, Conflict, ConflictId,
    ContactRepo, ExternalId, JsonSummary, Keep, KeptConflict, ListPage, ListQuery, Past, Pending,
    Progress, RepoError, Run, RunId, Summary, Which,
};

use super::fate::Fate;

/// SQLite, with an end that can be ordered and a memory for every conflict.
pub(super) struct Store {
    repo: SqliteRepo,
    fate: Arc<Fate>,
    /// Every conflict that was kept, decided or not.
    pub(super) conflicts: Vec<Conflict>,
}

impl Store {
    pub(super) fn new(fate: Arc<Fate>) -> Self {
        let repo = SqliteRepo::in_memory().expect("a store in memory");
        Self { repo, fate, conflicts: Vec::new() }
    }

    /// Everything that can be read of it, for comparing.
    pub(super) fn dump(&self, book: BookId) -> Vec<String> {
        let repo = &self.repo;
        let known = repo.known(book).expect("links");
        let keys: Vec<HrefKey> = known.iter().map(|link| link.href.key()).collect();
        let mut out: Vec<String> = Vec::new();
        for contact in repo.cards_after(None, u32::MAX).expect("cards") {
            let text = contact.vcard.escape_ascii();
            out.push(format!("contact {} edited {} {text}", contact.id, contact.edited));
        }
        for Linked { contact, link } in repo.linked_at(book, &keys).expect("links") {
            let Link { href, etag, base, seen } = link;
            let base = base.map(|base| base.escape_ascii().to_string());
            let tomb = contact.deleted;
            out.push(format!("link {} {href} {etag:?} {seen} {tomb} {base:?}", contact.id));
        }
        let notes = repo.pending(None).expect("pendings");
        out.extend(notes.iter().map(|note| format!("{note:?}")));
        let conflicts = repo.conflicts(None).expect("conflicts");
        out.extend(conflicts.iter().map(|conflict| format!("{conflict:?}")));
        let past = repo.history(None, u32::MAX).expect("history");
        out.extend(
            past.iter().map(|past| format!("{:?} {} {:?}", past.run, past.contact, past.why)),
        );
        out.extend(repo.runs(u32::MAX).expect("runs").iter().map(|run| format!("{run:?}")));
        out.sort();
        out
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteRepo) -> Result<T, RepoError>,
    ) -> Result<T, RepoError> {
        if self.fate.lives() {
            return work(&mut self.repo);
        }
        Err(RepoError::Failed { cause: "the process died".into() })
    }
}

impl ContactRepo for Store {
    fn account(&self, server: &str, username: &str) -> Result<Option<Account>, RepoError> {
        self.repo.account(server, username)
    }

    fn save_account(&mut self, account: &AccountDraft) -> Result<Account, RepoError> {
        self.write(|repo| repo.save_account(account))
    }

    fn books(&self, account: AccountId) -> Result<Vec<Book>, RepoError> {
        self.repo.books(account)
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
        self.repo.known(book)
    }

    fn known_at(&self, book: BookId, hrefs: &[HrefKey]) -> Result<Vec<Known>, RepoError> {
        self.repo.known_at(book, hrefs)
    }

    fn edited(&self, book: BookId) -> Result<Vec<Known>, RepoError> {
        self.repo.edited(book)
    }

    fn link_count(&self, book: BookId) -> Result<u64, RepoError> {
        self.repo.link_count(book)
    }

    fn linked_at(&self, book: BookId, hrefs: &[HrefKey]) -> Result<Vec<Linked>, RepoError> {
        self.repo.linked_at(book, hrefs)
    }

    fn unlinked_by_uid(
        &self,
        book: BookId,
        uids: &[UidKey],
    ) -> Result<Vec<StoredContact>, RepoError> {
        self.repo.unlinked_by_uid(book, uids)
    }

    fn unlinked(&self) -> Result<Vec<StoredContact>, RepoError> {
        self.repo.unlinked()
    }

    fn pending(&self, book: Option<BookId>) -> Result<Vec<Pending>, RepoError> {
        self.repo.pending(book)
    }

    fn conflicts(&self, book: Option<BookId>) -> Result<Vec<Conflict>, RepoError> {
        self.repo.conflicts(book)
    }

    fn contact(&self, id: ContactId) -> Result<Option<StoredContact>, RepoError> {
        self.repo.contact(id)
    }

    fn contacts(&self, ids: &[ContactId]) -> Result<Vec<StoredContact>, RepoError> {
        self.repo.contacts(ids)
    }

    fn by_id_prefix(&self, prefix: &str) -> Result<Vec<Summary>, RepoError> {
        self.repo.by_id_prefix(prefix)
    }

    fn by_uid(&self, uid: &UidKey) -> Result<Vec<StoredContact>, RepoError> {
        self.repo.by_uid(uid)
    }

    fn list(&self, query: &ListQuery) -> Result<ListPage, RepoError> {
        self.repo.list(query)
    }

    fn list_brief(&self, query: &ListQuery) -> Result<ListPage<Brief>, RepoError> {
        self.repo.list_brief(query)
    }

    fn list_json(&self, query: &ListQuery) -> Result<ListPage<JsonSummary>, RepoError> {
        self.repo.list_json(query)
    }

    fn cards_after(
        &self,
        after: Option<ContactId>,
        limit: u32,
    ) -> Result<Vec<StoredContact>, RepoError> {
        self.repo.cards_after(after, limit)
    }

    fn external_ids(&self, ids: &[ContactId]) -> Result<Vec<(ContactId, ExternalId)>, RepoError> {
        self.repo.external_ids(ids)
    }

    fn runs(&self, limit: u32) -> Result<Vec<Run>, RepoError> {
        self.repo.runs(limit)
    }

    fn history(&self, contact: Option<ContactId>, limit: u32) -> Result<Vec<Past>, RepoError> {
        self.repo.history(contact, limit)
    }

    fn changed_in(&self, run: RunId) -> Result<Vec<Past>, RepoError> {
        self.repo.changed_in(run)
    }

    fn added_in(&self, run: RunId) -> Result<Vec<ContactId>, RepoError> {
        self.repo.added_in(run)
    }

    fn kept_conflicts(&self, which: Which) -> Result<Vec<KeptConflict>, RepoError> {
        self.repo.kept_conflicts(which)
    }

    fn kept_conflict(&self, id: ConflictId) -> Result<Option<KeptConflict>, RepoError> {
        self.repo.kept_conflict(id)
    }

    fn linked(&self, contact: ContactId, book: BookId) -> Result<Option<Linked>, RepoError> {
        self.repo.linked(contact, book)
    }

    fn with_tombstones(&self, ids: &[ContactId]) -> Result<Vec<StoredContact>, RepoError> {
        self.repo.with_tombstones(ids)
    }

    fn gone(&self) -> Result<Vec<(ContactId, String)>, RepoError> {
        self.repo.gone()
    }

    fn prune(&mut self, keep: Keep) -> Result<u64, RepoError> {
        self.write(|repo| repo.prune(keep))
    }

    fn begin_run(&mut self, what: &str, at: Timestamp) -> Result<RunId, RepoError> {
        self.write(|repo| repo.begin_run(what, at))
    }

    fn apply(&mut self, run: RunId, at: Timestamp, changes: &[Change]) -> Result<(), RepoError> {
        self.write(|repo| repo.apply(run, at, changes))?;
        self.conflicts.extend(changes.iter().filter_map(|change| match change {
            Change::Conflict(conflict) => Some(conflict.clone()),
            _ => None,
        }));
        Ok(())
    }
}
