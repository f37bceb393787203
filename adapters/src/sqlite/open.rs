//! Opening the database file: folders, lock, what kind of file it is, migrations.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use contactcmd_ports::RepoError;
use diesel::connection::SimpleConnection;
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::fault::{explain, explain_io, explain_open};
use super::schema;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// `user_version` of the newest schema this program knows: the number of its migrations.
const SCHEMA: i32 = 2;

/// `application_id` of our databases, "ccmd".
const APPLICATION: i32 = 0x6363_6d64;

/// An open connection with what must live as long as it.
pub(super) struct Opened {
    pub(super) conn: SqliteConnection,
    /// Its log is a WAL, where a power cut under `synchronous = NORMAL` loses the last transactions
    /// and never damages the file. Other journals, used where a file system cannot do a WAL, give no
    /// such promise.
    pub(super) wal: bool,
    /// Keeps other writers out; the system drops it with the process, however that ends.
    pub(super) lock: Option<File>,
}

/// Opens the database for reading and writing; makes what is missing.
pub(super) fn to_write(path: &Path) -> Result<Opened, RepoError> {
    let path = &prepare(path)?;
    let folder = path.parent();
    let lock = lock(path)?;
    let mut conn = connect(&uri(path, "mode=rw"), folder)?;
    let kind = kind(&mut conn, folder)?;
    match kind {
        Kind::Foreign => return Err(foreign()),
        Kind::Newer => return Err(RepoError::Newer),
        Kind::Empty | Kind::Older | Kind::Current => {}
    }
    let wal = use_wal(&mut conn).map_err(|e| explain(e.into(), folder))?;
    if kind != Kind::Current {
        migrate(&mut conn, folder)?;
    }
    refuse_unknown_migrations(&mut conn, folder)?;
    Ok(Opened { conn, wal, lock: Some(lock) })
}

/// Opens the database for reading. Where there is none yet, gives an empty one in memory.
pub(super) fn to_read(path: &Path) -> Result<Opened, RepoError> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return empty_to_read(),
        Err(error) => return Err(RepoError::Unreadable { cause: error.into() }),
        Ok(_) => {}
    }
    let path = fs::canonicalize(path);
    let path = &path.map_err(|error| RepoError::Unreadable { cause: error.into() })?;
    let folder = path.parent();
    // Not `mode=ro`: that could not remove the log again, and would leave it beside the file.
    let mut conn = connect(&uri(path, "mode=rw"), folder)?;
    let kind = match kind(&mut conn, folder) {
        // SQLite wants to make the log's index beside the file to read it. Where the folder cannot
        // be written and no log waits, nobody can be writing: the file alone is everything.
        Err(_) if !has_log(path) => {
            conn = connect(&uri(path, "mode=ro&immutable=1"), folder)?;
            self::kind(&mut conn, folder)?
        }
        other => other?,
    };
    match kind {
        Kind::Empty => return empty_to_read(),
        Kind::Foreign => return Err(foreign()),
        Kind::Newer => return Err(RepoError::Newer),
        Kind::Older => conn.batch_execute(STAND_INS).map_err(|e| explain(e.into(), folder))?,
        Kind::Current => {}
    }
    refuse_unknown_migrations(&mut conn, folder)?;
    only_read(&mut conn, folder)?;
    Ok(Opened { conn, wal: true, lock: None })
}

/// The tables that an older file has not yet, empty and in memory: it is read as it is, and brought up to
/// date by whoever writes next.
const STAND_INS: &str =
    "CREATE TEMP TABLE history_places (history INTEGER, book INTEGER, href TEXT);";

/// A new database in memory.
pub(super) fn in_memory() -> Result<Opened, RepoError> {
    let mut conn = connect(":memory:", None)?;
    migrate(&mut conn, None)?;
    Ok(Opened { conn, wal: true, lock: None })
}

fn empty_to_read() -> Result<Opened, RepoError> {
    let mut opened = in_memory()?;
    only_read(&mut opened.conn, None)?;
    Ok(opened)
}

fn only_read(conn: &mut SqliteConnection, folder: Option<&Path>) -> Result<(), RepoError> {
    // Mapped, a page costs no call and no copy: that is most of what a list of everything costs. A
    // gigabyte of addresses at most; where the system gives none, SQLite reads as usual. Only for
    // readers: what is a failed read elsewhere ends the process here.
    conn.batch_execute("PRAGMA query_only = ON; PRAGMA mmap_size = 1073741824")
        .map_err(|e| explain(e.into(), folder))
}

/// Makes the folder and the file, for the user alone, and gives the file's real path: two names of
/// one file must meet at one lock.
fn prepare(path: &Path) -> Result<PathBuf, RepoError> {
    if let Some(folder) = path.parent()
        && !folder.as_os_str().is_empty()
    {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(explain_io)?;
    }
    // The log and its index get the same rights from SQLite.
    private(path).map_err(explain_io)?;
    fs::canonicalize(path).map_err(explain_io)
}

/// Opens a file for writing; makes an empty one, for the user alone, where there is none.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn lock(path: &Path) -> Result<File, RepoError> {
    let file = private(&beside(path, ".lock")).map_err(explain_io)?;
    // A process that was just started by one that held the lock has a copy of it until it becomes
    // another program: a moment.
    for _ in 0..LOCK_TRIES {
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => return Ok(file),
            Err(fs4::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(fs4::TryLockError::Error(error)) => return Err(explain_io(error)),
        }
    }
    Err(RepoError::Locked)
}

const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn connect(url: &str, folder: Option<&Path>) -> Result<SqliteConnection, RepoError> {
    let mut conn = SqliteConnection::establish(url).map_err(|e| explain_open(e, folder))?;
    // Ours are the only writers (the lock), but another program may look into the file.
    // Sorting never leaves contacts in a temporary file.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
    )
    .map_err(|e| explain(e.into(), folder))?;
    Ok(conn)
}

/// Switches to a write-ahead log: readers go on while a sync writes. Gives whether the file system
/// could do it.
fn use_wal(conn: &mut SqliteConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Mode {
        #[diesel(sql_type = Text)]
        journal_mode: String,
    }
    // This counts only for a file without anything in it. A first sync changes most pages of some
    // indexes in each transaction, and a page costs about the same in the log whatever its size.
    conn.batch_execute("PRAGMA page_size = 16384")?;
    let mode: Mode = diesel::sql_query("PRAGMA journal_mode = WAL").get_result(conn)?;
    // A first sync changes the same index pages again and again. With 64 MB of memory at most they
    // stay at hand, and they are copied into the file every 16 MB instead of every 4 MB.
    conn.batch_execute("PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = 1000")?;
    Ok(mode.journal_mode == "wal")
}

/// What a file is, by SQLite's own marks in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    Older,
    Current,
    Newer,
    /// Another program's database: nothing may be written to it.
    Foreign,
}

#[derive(QueryableByName)]
struct Marks {
    #[diesel(sql_type = Integer)]
    application: i32,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = BigInt)]
    tables: i64,
}

impl Marks {
    fn kind(&self) -> Kind {
        match self {
            Self { application: 0, tables: 0, .. } => Kind::Empty,
            Self { application, .. } if *application != APPLICATION => Kind::Foreign,
            Self { version, .. } => match version.cmp(&SCHEMA) {
                std::cmp::Ordering::Less => Kind::Older,
                std::cmp::Ordering::Equal => Kind::Current,
                std::cmp::Ordering::Greater => Kind::Newer,
            },
        }
    }
}

fn kind(conn: &mut SqliteConnection, folder: Option<&Path>) -> Result<Kind, RepoError> {
    let marks: QueryResult<Marks> = diesel::sql_query(
        "SELECT application_id AS application, user_version AS version, \
         (SELECT count(*) FROM sqlite_master WHERE name <> '__diesel_schema_migrations') AS tables \
         FROM pragma_application_id, pragma_user_version",
    )
    .get_result(conn);
    marks.map(|marks| marks.kind()).map_err(|e| explain(e.into(), folder))
}

fn foreign() -> RepoError {
    RepoError::Unreadable { cause: "it is the database of another program".into() }
}

fn migrate(conn: &mut SqliteConnection, folder: Option<&Path>) -> Result<(), RepoError> {
    match conn.run_pending_migrations(MIGRATIONS) {
        Ok(_) => Ok(()),
        // The harness boxes what the database said; the words for the user hang on it.
        Err(error) => Err(match error.downcast::<diesel_migrations::MigrationError>() {
            Ok(error) => RepoError::Failed { cause: error },
            Err(error) => match error.downcast::<diesel::result::Error>() {
                Ok(error) => explain((*error).into(), folder),
                Err(cause) => RepoError::Failed { cause },
            },
        }),
    }
}

fn refuse_unknown_migrations(
    conn: &mut SqliteConnection,
    folder: Option<&Path>,
) -> Result<(), RepoError> {
    let known = MigrationSource::<Sqlite>::migrations(&MIGRATIONS)
        .map_err(|cause| RepoError::Failed { cause })?;
    let known: Vec<MigrationVersion<'_>> =
        known.iter().map(|migration| migration.name().version()).collect();
    let applied: Vec<String> = schema::migrations::table
        .select(schema::migrations::version)
        .load(conn)
        .map_err(|e| explain(e.into(), folder))?;
    let all_known = applied.iter().all(|one| known.contains(&MigrationVersion::from(one.as_str())));
    if all_known { Ok(()) } else { Err(RepoError::Newer) }
}

/// The path as SQLite's URI, which alone can say "do not create".
fn uri(path: &Path, parameters: &str) -> String {
    let mut uri = String::from("file:");
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
    #[cfg(not(unix))]
    let text = format!("/{}", path.to_string_lossy().replace('\\', "/"));
    #[cfg(not(unix))]
    let bytes = text.as_bytes();
    for byte in bytes {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b':' => uri.push(char::from(*byte)),
            plain if plain.is_ascii_alphanumeric() => uri.push(char::from(*plain)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri.push('?');
    uri.push_str(parameters);
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_marks() {
        for (application, version, tables, kind) in [
            (0, 0, 0, Kind::Empty),
            (0, 0, 3, Kind::Foreign),
            (7, SCHEMA, 3, Kind::Foreign),
            (APPLICATION, SCHEMA - 1, 3, Kind::Older),
            (APPLICATION, SCHEMA, 9, Kind::Current),
            (APPLICATION, SCHEMA + 1, 9, Kind::Newer),
        ] {
            assert_eq!(
                Marks { application, version, tables }.kind(),
                kind,
                "{application} {version}"
            );
        }
    }

    #[test]
    fn every_migration_counts_up_the_version() {
        let migrations = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).unwrap();
        assert_eq!(i32::try_from(migrations.len()).unwrap(), SCHEMA);
        let mut opened = in_memory().unwrap();
        assert_eq!(kind(&mut opened.conn, None).unwrap(), Kind::Current);
    }

    #[cfg(unix)]
    #[test]
    fn any_path_can_be_written_as_a_uri() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/a b/\xff?x=1#%.db"));
        assert_eq!(uri(path, "mode=ro"), "file:/a%20b/%FF%3Fx%3D1%23%25.db?mode=ro");
    }
}
