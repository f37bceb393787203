//! What the local store keeps, as its port gives it.

use contactcmd_domain::contact::{ContactId, Person, Timestamp};
use contactcmd_domain::dav::{BookInfo, CTag, ETag, Href, Location, Quirks, SyncToken};
use contactcmd_domain::sync::guard::Side;

use super::Why;

/// Row id of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

/// Row id of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BookId(pub i64);

/// Row id of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// Row id of a conflict; none is ever used again, because people type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConflictId(pub i64);

/// An account to store; the secret is never here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDraft {
    /// What the user calls it: the table in the config, `default` for `[carddav]` itself.
    pub name: String,
    /// What the user gave as server, normalised.
    pub server: String,
    /// The user name.
    pub username: String,
    /// Where discovery ended, so that a warm run skips it; empty when not discovered yet.
    pub home_sets: Vec<Location>,
}

/// A stored account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its row.
    pub id: AccountId,
    /// What was stored.
    pub draft: AccountDraft,
}

/// A stored address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Its row.
    pub id: BookId,
    /// Whose it is.
    pub account: AccountId,
    /// What discovery last found. Its `ctag` and `sync_token` are `None`: see [`Book::progress`].
    pub info: BookInfo,
    /// How far it was synchronised.
    pub progress: Progress,
}

/// How far a book was synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Where the next report continues; `None`: the next listing is full.
    pub sync_token: Option<SyncToken>,
    /// The ctag read before the last listing.
    pub ctag: Option<CTag>,
    /// When the token or ctag was stored.
    pub token_at: Option<Timestamp>,
    /// When everything was last compared.
    pub full_at: Option<Timestamp>,
    /// What was learned of the server.
    pub quirks: Quirks,
}

/// A run: what was changed under it belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its row; later runs have larger ones.
    pub id: RunId,
    /// What it was, as given to [`ContactRepo::begin_run`](crate::ContactRepo::begin_run).
    pub what: String,
    /// When it began.
    pub at: Timestamp,
    /// Whether its history or that of a later run was forgotten: what it did, and what happened to
    /// that since, is not wholly known any more.
    pub forgotten: bool,
}

/// Which part of a long list to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to pass over.
    pub offset: u64,
    /// How many to give at most.
    pub limit: u32,
}

impl Page {
    /// All there are.
    pub const ALL: Self = Self::first(u32::MAX);

    /// So many from the start.
    pub const fn first(limit: u32) -> Self {
        Self { offset: 0, limit }
    }
}

/// A card that was replaced or deleted, here or there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Under which run.
    pub run: RunId,
    /// The contact, which may be gone.
    pub contact: ContactId,
    /// On which side it was replaced.
    pub side: Side,
    /// What it was called before.
    pub name: String,
    /// Whether it was a tombstone before: replacing it brought the contact back.
    pub tombstone: bool,
    /// The card before, exactly.
    pub before: Vec<u8>,
    /// The card after; `None` when it was deleted.
    pub after: Option<Vec<u8>>,
    /// Why.
    pub why: Why,
    /// When.
    pub at: Timestamp,
    /// Where it was on servers when it was removed here, its links with it; empty for everything else,
    /// and for what an older version of this program removed.
    pub places: Vec<Place>,
}

/// Where a contact is or was on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The book.
    pub book: BookId,
    /// The card.
    pub href: Href,
}

/// Something that could not be done, kept until it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The book.
    pub book: BookId,
    /// Which card or contact.
    pub subject: Subject,
    /// What to call it: the contact's name, else the file name of the card.
    pub name: String,
    /// What is wrong, for the user, the server's words included.
    pub reason: String,
    /// The version of the card that could not be used, so that another one is tried at once.
    pub etag: Option<ETag>,
    /// The value of `edited` of the contact that the server refused for good: it is tried again once
    /// it was edited. `None`: it is tried again in every run.
    pub tried: Option<u64>,
    /// Since when.
    pub since: Timestamp,
}

/// What a pending note is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A card on the server that could not be taken over.
    Card(Href),
    /// A contact here that could not be sent.
    Contact(ContactId),
}

/// Two edits that could not both stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The contact.
    pub contact: ContactId,
    /// The book.
    pub book: BookId,
    /// Where the card there is.
    pub href: Href,
    /// The text both sides last agreed on.
    pub base: Option<Vec<u8>>,
    /// The text here when they met.
    pub local: Vec<u8>,
    /// The text there when they met.
    pub remote: Vec<u8>,
    /// What was done, for the user; `None` while nothing was decided.
    pub decided: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Which conflicts to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that nobody decided yet.
    Undecided,
    /// Those that were decided as well.
    All,
}

/// A conflict as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConflict {
    /// Its row.
    pub id: ConflictId,
    /// The account's name.
    pub account: String,
    /// The book's display name.
    pub addressbook: String,
    /// Whether the contact is a tombstone: it was deleted here.
    pub tombstone: bool,
    /// The conflict.
    pub conflict: Conflict,
}

/// How much history to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Runs that began before this go.
    pub since: Timestamp,
    /// Runs go that have more entries than this together with all later ones.
    pub entries: u64,
    /// Runs that began at this time or later stay, however many entries they have: one bad hour of a
    /// server can change every card of a large book.
    pub recent: Timestamp,
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListQuery {
    /// Words that must all occur, folded with [`contactcmd_domain::contact::fold`]; empty lists all.
    pub words: Vec<String>,
    /// Only contacts whose name or nickname, folded, is exactly this.
    pub named: Option<String>,
    /// The order.
    pub sort: Sort,
    /// How many to pass over.
    pub offset: u64,
    /// How many to give at most; `None` gives all.
    pub limit: Option<u64>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By sort key, then by id.
    #[default]
    Name,
    /// Newest first.
    Created,
    /// Last changed first.
    Updated,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage<T = Summary> {
    /// The contacts.
    pub contacts: Vec<T>,
    /// How many match in all.
    pub total: u64,
}

impl<T> Default for ListPage<T> {
    fn default() -> Self {
        Self { contacts: Vec::new(), total: 0 }
    }
}

/// A contact without its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: ContactId,
    /// The card's UID, spelled as found.
    pub uid: Option<String>,
    /// The typed view.
    pub person: Person,
    /// When it came into this store.
    pub created: Timestamp,
    /// When it last changed here.
    pub updated: Timestamp,
}

/// A contact as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Its id.
    pub id: ContactId,
    /// As [`Person::name`].
    pub name: String,
    /// The first of [`Person::organisation`].
    pub organisation: Option<String>,
    /// Of [`Person::phones`], the one to show when there is room for one.
    pub phone: Option<String>,
    /// Of [`Person::emails`], the one to show when there is room for one.
    pub email: Option<String>,
}

/// A contact without its card, the typed view as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonSummary {
    /// Its id.
    pub id: ContactId,
    /// The card's UID, spelled as found.
    pub uid: Option<String>,
    /// A JSON object, as serde writes a [`Person`].
    pub person: String,
    /// When it came into this store.
    pub created: Timestamp,
    /// When it last changed here.
    pub updated: Timestamp,
}

/// Where a contact is on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalId {
    /// The account's name.
    pub account: String,
    /// The book's display name.
    pub addressbook: String,
    /// The card.
    pub href: Href,
    /// Its version.
    pub etag: Option<ETag>,
}
