//! The three ports of contactcmd: what the core needs from the world, and nothing else.
//!
//! - [`DavTransport`] sends one request and returns one answer.
//! - [`CredentialStore`] keeps one secret per account.
//! - [`ContactRepo`] keeps contacts, links, bases, history.
//!
//! A doc comment here is a contract: every adapter passes the suite in `tests/suite/contracts`
//! that restates it. With the feature `mock` there is a mockall mock of each.

mod credentials;
mod records;
mod repo;
mod transport;

pub use credentials::{CredentialError, CredentialKey, CredentialStore, Secret, SecretKind};
pub use records::{
    Account, AccountDraft, AccountId, Book, BookId, Brief, Conflict, ConflictId, ExternalId,
    JsonSummary, Keep, KeptConflict, ListPage, ListQuery, Page, Past, Pending, Place, Progress,
    Run, RunId, Sort, Subject, Summary, Which,
};
pub use repo::{Change, ContactRepo, Editor, NewContact, Open, RepoError, Why};
pub use transport::{DavTransport, TransportError};

#[cfg(feature = "mock")]
pub use credentials::MockCredentialStore;
#[cfg(feature = "mock")]
pub use repo::MockContactRepo;
#[cfg(feature = "mock")]
pub use transport::MockDavTransport;
