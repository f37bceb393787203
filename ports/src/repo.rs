//! The port to the local store: contacts, links, bases, history.

use std::error::Error;

use contactcmd_domain::contact::{ContactId, Index, Timestamp, UidKey};
use contactcmd_domain::dav::{BookInfo, HrefKey};
use contactcmd_domain::sync::snapshot::{Known, Link, Linked, StoredContact};

use super::records::{
    Account, AccountDraft, AccountId, Book, BookId, Brief, Conflict, ConflictId, ExternalId,
    JsonSummary, Keep, KeptConflict, ListPage, ListQuery, Page, Past, Pending, Progress, Run,
    RunId, Subject, Summary, Which,
};

/// Keeps contacts and what ties them to servers.
///
/// Reading takes `&self` and writing `&mut self`: a dry run holds a `&dyn ContactRepo`, so that a
/// write in one does not compile.
///
/// Absence is `Ok(None)` or an empty list, never an error. Nothing in here decides anything: it does
/// what it is told, whole or not at all, and keeps the before-image of whatever it overwrites.
///
/// # Errors
///
/// Every method fails with [`RepoError`] only, and then nothing of that call was stored:
///
/// - [`RepoError::ReadOnly`], [`RepoError::Full`]: the user can mend it; what was stored before stays.
/// - [`RepoError::Unreadable`]: not a database, or damaged; nothing may be written to it.
/// - [`RepoError::Failed`]: a fault of this program; report the cause.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait ContactRepo {
    // -- accounts and books --

    /// The account of this server and username.
    fn account(&self, server: &str, username: &str) -> Result<Option<Account>, RepoError>;

    /// Stores an account, or updates the one of the same server and username.
    fn save_account(&mut self, account: &AccountDraft) -> Result<Account, RepoError>;

    /// The books of an account, by name.
    fn books(&self, account: AccountId) -> Result<Vec<Book>, RepoError>;

    /// Every book of every account, each with what the account is called; by these names.
    fn every_book(&self) -> Result<Vec<(String, Book)>, RepoError>;

    /// Stores what discovery found, one row per path (canonical, Q07); the host, name, access and
    /// capabilities of a known path are updated, its token, ctag, times and quirks stay. Books that
    /// are not named stay as they are: absence is no deletion. New books start with `quirks` by host
    /// ([`Quirks::of_location`]) and no token. Gives all books of the account.
    fn save_books(
        &mut self,
        account: AccountId,
        found: &[BookInfo],
    ) -> Result<Vec<Book>, RepoError>;

    /// Stores how far a book was synchronised. Called last, after everything it covers was applied
    /// or is pending.
    fn save_progress(&mut self, book: BookId, progress: &Progress) -> Result<(), RepoError>;

    // -- links: what a sync reads --

    /// Every link of a book, in any order.
    fn known(&self, book: BookId) -> Result<Vec<Known>, RepoError>;

    /// The links of a book at these hrefs; costs by their number, not by the book's size.
    fn known_at(&self, book: BookId, hrefs: &[HrefKey]) -> Result<Vec<Known>, RepoError>;

    /// The links of a book whose contact was edited or deleted here since; costs by their number,
    /// not by the book's size.
    fn edited(&self, book: BookId) -> Result<Vec<Known>, RepoError>;

    /// How many links a book has.
    fn link_count(&self, book: BookId) -> Result<u64, RepoError>;

    /// Contacts and links of a book at these hrefs, with all text.
    fn linked_at(&self, book: BookId, hrefs: &[HrefKey]) -> Result<Vec<Linked>, RepoError>;

    /// How many contacts have no link in any book, tombstones excluded.
    fn unlinked_count(&self) -> Result<usize, RepoError>;

    /// The contacts that have no link in any book, tombstones excluded; costs by their number.
    fn unlinked(&self) -> Result<Vec<StoredContact>, RepoError>;

    /// What could not be done yet, in this book or (`None`) in all.
    fn pending(&self, book: Option<BookId>) -> Result<Vec<Pending>, RepoError>;

    /// Conflicts that nobody decided yet, in this book or (`None`) in all.
    fn conflicts(&self, book: Option<BookId>) -> Result<Vec<Conflict>, RepoError>;

    // -- conflicts: what a person decides --

    /// Conflicts with where they are; those that wait come first, and of either the newest.
    fn kept_conflicts(&self, which: Which) -> Result<Vec<KeptConflict>, RepoError>;

    /// The conflict of this id, decided or not.
    fn kept_conflict(&self, id: ConflictId) -> Result<Option<KeptConflict>, RepoError>;

    /// Everywhere these contacts, tombstones included, are linked, with all text; in any order.
    fn links(&self, contacts: &[ContactId]) -> Result<Vec<(BookId, Linked)>, RepoError>;

    /// A contact, tombstone or not, with its link in this book; `None` when it has none there.
    fn linked(&self, contact: ContactId, book: BookId) -> Result<Option<Linked>, RepoError>;

    // -- contacts: what a person reads; tombstones never show --

    /// One contact, or `None` if there is none or only its tombstone.
    fn contact(&self, id: ContactId) -> Result<Option<StoredContact>, RepoError>;

    /// The contacts with these ids that there are, in the order asked.
    fn contacts(&self, ids: &[ContactId]) -> Result<Vec<StoredContact>, RepoError>;

    /// The contacts whose id starts with these hex digits (hyphens are passed over).
    fn by_id_prefix(&self, prefix: &str) -> Result<Vec<Summary>, RepoError>;

    /// The contacts with this UID.
    fn by_uid(&self, uid: &UidKey) -> Result<Vec<StoredContact>, RepoError>;

    /// Contacts by page, sorted and filtered.
    fn list(&self, query: &ListQuery) -> Result<ListPage, RepoError>;

    /// As [`ContactRepo::list`] with only what a line has room for, at a fraction of the cost.
    fn list_brief(&self, query: &ListQuery) -> Result<ListPage<Brief>, RepoError>;

    /// As [`ContactRepo::list`] for a reader of JSON, who gets the typed view as it is stored.
    fn list_json(&self, query: &ListQuery) -> Result<ListPage<JsonSummary>, RepoError>;

    /// The cards of all contacts after this id, at most `limit`, in the order of ids: for exporting
    /// any number of contacts in bounded memory.
    fn cards_after(
        &self,
        after: Option<ContactId>,
        limit: u32,
    ) -> Result<Vec<StoredContact>, RepoError>;

    /// Where these contacts are on servers.
    fn external_ids(&self, ids: &[ContactId]) -> Result<Vec<(ContactId, ExternalId)>, RepoError>;

    // -- history --

    /// The latest runs, newest first, at most `limit`.
    fn runs(&self, limit: u32) -> Result<Vec<Run>, RepoError>;

    /// What was replaced and deleted, newest first: of this contact (also when it is gone), or (`None`)
    /// of all. Each has two texts, which may have photos: who needs many reads them by pages.
    fn history(&self, contact: Option<ContactId>, page: Page) -> Result<Vec<Past>, RepoError>;

    /// How much each run did, of those that did anything: as much as [`changed_in`](Self::changed_in)
    /// and [`added_in`](Self::added_in) list of it, without reading it.
    fn sizes(&self) -> Result<Vec<(RunId, u64)>, RepoError>;

    /// What one run replaced and deleted, newest first: the order to undo it in.
    fn changed_in(&self, run: RunId, page: Page) -> Result<Vec<Past>, RepoError>;

    /// The contacts that one run added and that are still here.
    fn added_in(&self, run: RunId) -> Result<Vec<ContactId>, RepoError>;

    /// The contacts with these ids that there are, tombstones included, in any order: what an undo
    /// finds.
    fn with_tombstones(&self, ids: &[ContactId]) -> Result<Vec<StoredContact>, RepoError>;

    /// The contacts that only the history still knows, and what they were last called; the latest
    /// first.
    fn gone(&self) -> Result<Vec<(ContactId, String)>, RepoError>;

    // -- writing --

    /// Opens a run: what is changed under it is listed and undone together.
    fn begin_run(&mut self, what: &str, at: Timestamp) -> Result<RunId, RepoError>;

    /// Does all `changes` in order in one transaction, or none.
    ///
    /// A change that replaces, buries or deletes a card writes its before-image to `history` in the same
    /// transaction.
    fn apply(&mut self, run: RunId, at: Timestamp, changes: &[Change]) -> Result<(), RepoError>;

    /// Forgets history by whole runs, as `keep` says, and decided conflicts of that age; gives how
    /// many entries went. The latest run with history stays whatever its age and size, and so does
    /// every conflict that waits. A run that still names who added a contact keeps its row, and
    /// [`Run::forgotten`] says what happened to it.
    fn prune(&mut self, keep: Keep) -> Result<u64, RepoError>;
}

/// One change to the store. Read each as an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Add a contact; with a link if it came from a server.
    Insert {
        /// The contact.
        contact: NewContact,
        /// Its link, whose `seen` is 0 as is the contact's `edited`.
        link: Option<(BookId, Link)>,
    },
    /// Replace the card of a contact (and lift its tombstone). With [`Editor::User`], `edited` grows
    /// by one.
    Replace {
        /// The contact; it must exist.
        contact: ContactId,
        /// The new card, exactly.
        vcard: Vec<u8>,
        /// Derived from it.
        index: Index,
        /// Who changed it.
        editor: Editor,
        /// Why, for the history.
        why: Why,
    },
    /// Put a tombstone on a contact: people do not see it any more, its links stay and count as
    /// [`Here::Deleted`](contactcmd_domain::sync::snapshot::Here) until each server knows.
    Bury {
        /// The contact; it must exist.
        contact: ContactId,
        /// Why, for the history.
        why: Why,
    },
    /// Remove a contact, all its links, conflicts and the pendings about it. Its history keeps where it
    /// was linked.
    Delete {
        /// The contact; it must exist.
        contact: ContactId,
        /// Why, for the history.
        why: Why,
    },
    /// Store a link, in place of the contact's link in this book or of the book's link at this href.
    Link {
        /// The contact; it must exist.
        contact: ContactId,
        /// The book.
        book: BookId,
        /// The link.
        link: Link,
    },
    /// Remove a link; the contact stays.
    Unlink {
        /// The contact.
        contact: ContactId,
        /// The book.
        book: BookId,
    },
    /// Note what could not be done, in place of an older note on the same subject; the older
    /// `since` stays.
    Pend(Pending),
    /// Remove the note on this subject, if there is one.
    Settle {
        /// The book.
        book: BookId,
        /// Which card or contact.
        subject: Subject,
    },
    /// Keep a text of the server's in the history before it is replaced or deleted there: stored
    /// before the request that does it, or nobody would have it after a crash.
    Remember {
        /// The contact it belongs to.
        contact: ContactId,
        /// What to call it.
        name: String,
        /// The card there before.
        before: Vec<u8>,
        /// The card there after; `None` when it is to be deleted.
        after: Option<Vec<u8>>,
        /// Why.
        why: Why,
    },
    /// Take back the latest [`Change::Remember`] of this contact under this run, if there is one: the
    /// server did nothing. A run in which nothing else was done goes with it, and no change can be made
    /// under it any more.
    Retract {
        /// The contact it belongs to.
        contact: ContactId,
    },
    /// Keep both texts of a conflict, in place of an undecided one of the same contact and book: the
    /// id stays, and as long as it is undecided its first time. One that is decided takes the place of
    /// one that was decided at the same time as well: it was planned anew.
    Conflict(Conflict),
}

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// To read: takes no lock, creates nothing, works while another process writes. A store that is
    /// not there yet is empty; every writing method fails with [`RepoError::ReadOnly`].
    Read,
    /// To read and write: creates what is missing and keeps other writers out until it is dropped.
    Write,
}

/// A contact to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContact {
    /// A fresh id.
    pub id: ContactId,
    /// The card, exactly.
    pub vcard: Vec<u8>,
    /// Derived from it.
    pub index: Index,
}

/// Who changed a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editor {
    /// The user of this program: servers do not have it yet.
    User,
    /// A sync: it came from a server.
    Sync,
}

/// Why a card was changed or deleted, for the history: a short sentence such as
/// `changed on the server`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why(pub String);

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// Another run holds the lock.
    #[error("another run of contactcmd is using the database")]
    Locked,
    /// The database was written by a newer version of this program.
    #[error("the database was made by a newer version of contactcmd")]
    Newer,
    /// The file or its folder cannot be written.
    #[error("the database cannot be written")]
    ReadOnly {
        /// What the database said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full {
        /// What the database said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// It is not a database, it is damaged, or it may not be read.
    #[error("the database cannot be read")]
    Unreadable {
        /// What the database said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// Anything else.
    #[error("the database failed")]
    Failed {
        /// What the database said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}
