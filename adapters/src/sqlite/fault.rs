//! What goes wrong inside, and its one translation into the port's words.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io;
use std::path::Path;

use contactcmd_domain::contact::ContactId;
use contactcmd_ports::{BookId, RepoError};
use diesel::result::{ConnectionError, Error as DieselError};

/// What stands behind a [`RepoError`].
pub(super) type Cause = Box<dyn StdError + Send + Sync>;

/// Why a query or a file operation failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database said no.
    Sql(DieselError),
    /// A change names a contact that is not there.
    NoSuchContact(ContactId),
    /// A book that is not there.
    NoSuchBook(BookId),
    /// A stored value cannot be understood.
    Damaged(Cause),
}

impl From<DieselError> for Fault {
    fn from(error: DieselError) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// A stored value that does not read as what it is.
    pub(super) fn damaged(what: &str, why: impl Display) -> Self {
        Self::Damaged(format!("{what} is damaged: {why}").into())
    }
}

/// Says in the port's words what happened to the database in `folder` (`None`: it is in memory).
pub(super) fn explain(fault: Fault, folder: Option<&Path>) -> RepoError {
    match fault {
        Fault::Sql(error) => explain_sql(error, folder),
        Fault::NoSuchContact(id) => {
            RepoError::Failed { cause: format!("there is no contact {id}").into() }
        }
        Fault::NoSuchBook(BookId(id)) => {
            RepoError::Failed { cause: format!("there is no book {id}").into() }
        }
        Fault::Damaged(cause) => RepoError::Unreadable { cause },
    }
}

/// Says in the port's words why the database could not be opened.
pub(super) fn explain_open(error: ConnectionError, folder: Option<&Path>) -> RepoError {
    match error {
        ConnectionError::CouldntSetupConfiguration(error) => explain_sql(error, folder),
        other => RepoError::Unreadable { cause: other.into() },
    }
}

/// Says in the port's words why a folder or file could not be made or opened for writing.
pub(super) fn explain_io(error: io::Error) -> RepoError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            RepoError::Full { cause: error.into() }
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            RepoError::ReadOnly { cause: error.into() }
        }
        _ => RepoError::Unreadable { cause: error.into() },
    }
}

fn explain_sql(error: DieselError, folder: Option<&Path>) -> RepoError {
    let condition = match &error {
        DieselError::DatabaseError(_, info) => Condition::of(info.message()),
        // A column holds another type than the one declared, text that is not UTF-8, and the like.
        DieselError::DeserializationError(_) => Condition::Damaged,
        _ => Condition::Other,
    };
    let cause = error.into();
    match condition {
        Condition::Busy => RepoError::Locked,
        Condition::Full => RepoError::Full { cause },
        Condition::Io if folder.is_some_and(has_no_space) => RepoError::Full { cause },
        Condition::ReadOnly => RepoError::ReadOnly { cause },
        Condition::Damaged | Condition::Io => RepoError::Unreadable { cause },
        Condition::Other => RepoError::Failed { cause },
    }
}

/// What SQLite's result code means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Busy,
    Full,
    /// It could not read, write or open a file and does not say why; a full disk is one reason.
    Io,
    ReadOnly,
    Damaged,
    Other,
}

impl Condition {
    /// Diesel keeps SQLite's message and drops its result code. The messages are the fixed texts of
    /// `sqlite3_errstr`, one per code.
    fn of(message: &str) -> Self {
        const TEXTS: [(&str, Condition); 10] = [
            ("database is locked", Condition::Busy),       // SQLITE_BUSY
            ("database table is locked", Condition::Busy), // SQLITE_LOCKED
            ("database or disk is full", Condition::Full), // SQLITE_FULL
            ("disk I/O error", Condition::Io),             // SQLITE_IOERR
            ("unable to open database file", Condition::Io), // SQLITE_CANTOPEN
            ("attempt to write a readonly database", Condition::ReadOnly), // SQLITE_READONLY
            ("access permission denied", Condition::ReadOnly), // SQLITE_PERM
            ("file is not a database", Condition::Damaged), // SQLITE_NOTADB
            ("database disk image is malformed", Condition::Damaged), // SQLITE_CORRUPT
            ("malformed database schema", Condition::Damaged), // SQLITE_CORRUPT, in the schema
        ];
        TEXTS
            .iter()
            .find(|(text, _)| message.starts_with(text))
            .map_or(Self::Other, |(_, condition)| *condition)
    }
}

/// Whether the disk of `folder` has no room for another page and its frame in the log.
fn has_no_space(folder: &Path) -> bool {
    fs4::available_space(folder).is_ok_and(|bytes| bytes < 64 * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_code_has_its_meaning() {
        for (message, condition) in [
            ("database is locked", Condition::Busy),
            ("database or disk is full", Condition::Full),
            ("attempt to write a readonly database", Condition::ReadOnly),
            ("file is not a database", Condition::Damaged),
            ("malformed database schema (contacts)", Condition::Damaged),
            ("disk I/O error", Condition::Io),
            ("UNIQUE constraint failed: contacts.id", Condition::Other),
        ] {
            assert_eq!(Condition::of(message), condition, "{message}");
        }
    }
}
