//! What is true of this store beyond the port's promises: files, rights, locks, plans, full disks.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use contactcmd_domain::contact::{Index, Person, Uid};
use contactcmd_domain::dav::{Access, Capabilities, ETag, Href, Location};
use contactcmd_domain::sync::snapshot::{Here, Link};
use contactcmd_ports::{Editor, NewContact, Sort, Why};
use diesel::connection::InstrumentationEvent;
use diesel::sql_types::Text;
use tempfile::TempDir;

use super::*;

#[test]
fn what_was_written_is_there_after_reopening() {
    let place = Place::new();
    let mut repo = place.write();
    let book = book(&mut repo);
    apply(&mut repo, &[linked(1, book), linked(2, book)]);
    drop(repo);
    let mut repo = place.write();
    assert_eq!(repo.known(book).unwrap().len(), 2);
    apply(&mut repo, &[edit(1)]);
    drop(repo);
    let repo = place.read().unwrap();
    assert_eq!(repo.edited(book).unwrap()[0].here, Here::Edited);
    assert_eq!(repo.list(&ListQuery::default()).unwrap().total, 2);
}

#[test]
fn a_missing_store_reads_as_empty_and_is_not_created() {
    let place = Place::new();
    for path in [place.db(), place.folder.path().join("no/such/folder/contacts.db")] {
        let mut repo = SqliteRepo::open(&path, Open::Read).unwrap();
        assert_eq!(repo.list(&ListQuery::default()).unwrap(), ListPage::default());
        let outcome = repo.begin_run("sync", Timestamp(1));
        assert!(matches!(outcome, Err(RepoError::ReadOnly { .. })), "{outcome:?}");
    }
    assert_eq!(files(&place), Vec::<String>::new());
    // A process that died right after making the file.
    fs::write(place.db(), "").unwrap();
    assert_eq!(place.read().unwrap().list(&ListQuery::default()).unwrap().total, 0);
}

#[test]
fn an_empty_file_is_made_a_database() {
    let place = Place::new();
    fs::write(place.db(), "").unwrap();
    book(&mut place.write());
    assert!(place.read().is_ok());
}

#[test]
fn an_older_database_is_read_as_it_is_and_brought_up_to_date_by_who_writes() {
    let place = Place::new();
    let first = include_str!("../../migrations/2026-11-22-000001_first/up.sql");
    let mut conn = SqliteConnection::establish(place.db().to_str().unwrap()).unwrap();
    conn.batch_execute(&format!(
        "{first}
         CREATE TABLE __diesel_schema_migrations (
             version VARCHAR(50) PRIMARY KEY NOT NULL,
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
         );
         INSERT INTO __diesel_schema_migrations (version) VALUES ('20261122000001');
         INSERT INTO runs (id, what, at) VALUES (1, 'delete', 7);
         INSERT INTO history VALUES
             (1, 1, zeroblob(16), 7, 0, 'Ada', 'deleted', 0, CAST('card' AS BLOB), NULL);"
    ))
    .unwrap();
    drop(conn);
    let before = fs::read(place.db()).unwrap();
    let history = |repo: &SqliteRepo| {
        let past = repo.history(None, Page::first(9)).unwrap().pop().unwrap();
        assert_eq!((past.before.as_slice(), past.places), (b"card".as_slice(), vec![]));
    };
    history(&place.read().unwrap());
    assert_eq!(fs::read(place.db()).unwrap(), before, "who only reads leaves it as it is");
    history(&place.write());
    history(&place.read().unwrap());
}

#[test]
fn one_writer_at_a_time_and_readers_beside_it() {
    let place = Place::new();
    let mut writer = place.write();
    let book = book(&mut writer);
    apply(&mut writer, &[linked(1, book)]);
    assert!(matches!(SqliteRepo::open(&place.db(), Open::Write), Err(RepoError::Locked)));
    let reader = place.read().unwrap();
    assert_eq!(reader.known(book).unwrap().len(), 1);
    let seen_before = in_transaction(writer.conn.get_mut(), |conn| {
        apply::all(conn, Stamp { run: RunId(1), at: Timestamp(2) }, &[linked(2, book)])?;
        Ok(reader.known(book).unwrap().len())
    });
    assert_eq!(seen_before.unwrap(), 1, "a reader neither waits nor sees half of it");
    assert_eq!(reader.known(book).unwrap().len(), 2);
    drop((writer, reader));
    place.write();
}

#[cfg(unix)]
#[test]
fn two_names_of_one_file_meet_at_one_lock() {
    let place = Place::new();
    let held = place.write();
    let other = place.folder.path().join("alias.db");
    std::os::unix::fs::symlink(place.db(), &other).unwrap();
    assert!(matches!(SqliteRepo::open(&other, Open::Write), Err(RepoError::Locked)));
    drop(held);
    SqliteRepo::open(&other, Open::Write).unwrap();
}

#[cfg(unix)]
#[test]
fn folders_and_files_are_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let path = place.folder.path().join("a/b/contacts.db");
    let mut repo = SqliteRepo::open(&path, Open::Write).unwrap();
    book(&mut repo);
    let mode = |path: &str| {
        fs::metadata(place.folder.path().join(path)).unwrap().permissions().mode() & 0o777
    };
    for (path, expected) in [
        ("a", 0o700),
        ("a/b", 0o700),
        ("a/b/contacts.db", 0o600),
        ("a/b/contacts.db.lock", 0o600),
        ("a/b/contacts.db-wal", 0o600),
        ("a/b/contacts.db-shm", 0o600),
    ] {
        assert_eq!(mode(path), expected, "{path}");
    }
}

#[test]
fn what_is_no_store_of_ours_is_refused_and_left_alone() {
    let garbage = b"This is a letter, and not a short one.\n".repeat(100);
    let place = Place::new();
    let mut foreign = SqliteConnection::establish(&place.named("foreign.db")).unwrap();
    foreign.batch_execute("CREATE TABLE bookmarks (url TEXT)").unwrap();
    drop(foreign);
    fs::write(place.named("garbage.db"), garbage).unwrap();
    fs::create_dir(place.named("folder.db")).unwrap();
    for name in ["foreign.db", "garbage.db", "folder.db"] {
        let path = PathBuf::from(place.named(name));
        let before = fs::read(&path).ok();
        for how in [Open::Read, Open::Write] {
            let outcome = SqliteRepo::open(&path, how).map(drop);
            let refused = matches!(outcome, Err(RepoError::Unreadable { .. }));
            assert!(refused, "{name} {how:?} {outcome:?}");
        }
        assert_eq!(fs::read(&path).ok(), before, "{name}");
    }
}

#[test]
fn a_newer_store_is_refused_and_left_alone() {
    for newer in [
        "PRAGMA user_version = 999",
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231')",
    ] {
        let place = Place::new();
        let mut repo = place.write();
        repo.conn.get_mut().batch_execute(newer).unwrap();
        drop(repo);
        for how in [Open::Read, Open::Write] {
            let outcome = SqliteRepo::open(&place.db(), how).map(drop);
            assert!(matches!(outcome, Err(RepoError::Newer)), "{newer} {how:?} {outcome:?}");
        }
    }
}

#[test]
fn a_damaged_store_is_unreadable() {
    let place = Place::new();
    let mut repo = place.write();
    let book = book(&mut repo);
    let people: Vec<Change> = (0..500).map(|n| linked(n, book)).collect();
    apply(&mut repo, &people);
    drop(repo);
    let mut bytes = fs::read(place.db()).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(place.db(), bytes).unwrap();
    let outcome = place.read().and_then(|repo| repo.list(&ListQuery::default()).map(drop));
    assert!(matches!(outcome, Err(RepoError::Unreadable { .. })), "{outcome:?}");
}

#[test]
fn a_full_disk_costs_the_call_and_nothing_else() {
    let place = Place::new();
    let mut repo = place.write();
    let book = book(&mut repo);
    apply(&mut repo, &[linked(1, book)]);
    let limit = |repo: &mut SqliteRepo, pages: u32| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        repo.conn.get_mut().batch_execute(&sql).unwrap();
    };
    limit(&mut repo, 1);
    let run = repo.begin_run("sync", Timestamp(2)).unwrap();
    let people: Vec<Change> = (2..500).map(|n| linked(n, book)).collect();
    for _ in 0..2 {
        let outcome = repo.apply(run, Timestamp(2), &people);
        assert!(matches!(outcome, Err(RepoError::Full { .. })), "{outcome:?}");
        assert_eq!(repo.known(book).unwrap().len(), 1);
    }
    limit(&mut repo, u32::MAX / 2);
    repo.apply(run, Timestamp(3), &people).unwrap();
    assert_eq!(repo.link_count(book).unwrap(), 499);
}

#[cfg(unix)]
#[test]
fn a_store_that_may_not_be_written_can_still_be_read() {
    let place = Place::new();
    let mut repo = place.write();
    let book = book(&mut repo);
    apply(&mut repo, &[linked(1, book)]);
    drop(repo);
    place.rights("contacts.db", 0o400);
    place.rights("", 0o500);
    let is_root = fs::write(place.named("probe"), "").is_ok();
    if !is_root {
        let outcome = SqliteRepo::open(&place.db(), Open::Write).map(drop);
        assert!(matches!(outcome, Err(RepoError::ReadOnly { .. })), "{outcome:?}");
    }
    let mut repo = place.read().unwrap();
    assert_eq!(repo.known(book).unwrap().len(), 1);
    assert!(matches!(repo.begin_run("sync", Timestamp(1)), Err(RepoError::ReadOnly { .. })));
    drop(repo);
    place.rights("", 0o700);
}

#[test]
fn reading_leaves_no_files_behind() {
    let place = Place::new();
    book(&mut place.write());
    let before = files(&place);
    assert_eq!(before, ["contacts.db", "contacts.db.lock"]);
    place.read().unwrap().list(&ListQuery::default()).unwrap();
    assert_eq!(files(&place), before);
}

#[test]
fn only_what_a_server_would_tell_again_is_not_flushed() {
    let book = BookId(1);
    let intent = |change| match change {
        Change::Insert { contact, link: Some((book, link)) } => {
            Change::Link { contact: contact.id, book, link: Link { base: None, ..link } }
        }
        other => other,
    };
    let unlinked = |change| match change {
        Change::Insert { contact, .. } => Change::Insert { contact, link: None },
        other => other,
    };
    for (changes, durability) in [
        (vec![], Durability::Repeatable),
        (vec![linked(1, book), linked(2, book)], Durability::Repeatable),
        (vec![linked(1, book), edit(1)], Durability::Final),
        (vec![unlinked(linked(1, book))], Durability::Final),
        (vec![intent(linked(1, book))], Durability::Final),
    ] {
        assert_eq!(Durability::of(&changes), durability, "{changes:?}");
    }
    let mut repo = SqliteRepo::in_memory().unwrap();
    let book = self::book(&mut repo);
    for (change, synchronous) in [(linked(1, book), "1"), (edit(1), "2"), (linked(2, book), "1")] {
        apply(&mut repo, std::slice::from_ref(&change));
        assert_eq!(plan(repo.conn.get_mut(), "PRAGMA synchronous"), synchronous, "{change:?}");
    }
}

#[test]
fn no_query_of_a_quiet_sync_or_a_page_reads_a_whole_table() {
    let mut repo = SqliteRepo::in_memory().unwrap();
    let book = book(&mut repo);
    // So many that those of one contact are looked up.
    apply(&mut repo, &(1..=20).map(|n| linked(n, book)).collect::<Vec<_>>());
    let seen = watch(&mut repo);
    let key = Href::new("/b/1.vcf").key();
    let uid = Uid("uid-1".into()).key();
    let page = |sort| ListQuery { sort, limit: Some(10), ..ListQuery::default() };
    let named = ListQuery { named: Some("person 1".into()), ..ListQuery::default() };

    repo.edited(book).unwrap();
    repo.unlinked().unwrap();
    repo.unlinked_count().unwrap();
    repo.link_count(book).unwrap();
    repo.pending(Some(book)).unwrap();
    repo.conflicts(Some(book)).unwrap();
    repo.known_at(book, std::slice::from_ref(&key)).unwrap();
    repo.linked_at(book, std::slice::from_ref(&key)).unwrap();
    repo.by_uid(&uid).unwrap();
    repo.by_id_prefix("0").unwrap();
    repo.contact(id(1)).unwrap();
    repo.contacts(&[id(1), id(2)]).unwrap();
    repo.external_ids(&[id(1)]).unwrap();
    repo.cards_after(Some(id(1)), 10).unwrap();
    repo.list(&page(Sort::Name)).unwrap();
    repo.list(&page(Sort::Created)).unwrap();
    repo.list(&page(Sort::Updated)).unwrap();
    repo.list_brief(&page(Sort::Name)).unwrap();
    repo.list_json(&page(Sort::Name)).unwrap();
    repo.list(&named).unwrap();
    repo.changed_in(RunId(1), Page::ALL).unwrap();
    repo.history(Some(id(1)), Page::first(10)).unwrap();
    repo.history(None, Page::first(10)).unwrap();
    apply(&mut repo, &[edit(1), linked(30, book), Change::Unlink { contact: id(30), book }]);

    let queries = std::mem::take(&mut *seen.lock().unwrap());
    assert!(queries.len() > 25, "{}", queries.len());
    for query in queries {
        let plan = plan(repo.conn.get_mut(), &format!("EXPLAIN QUERY PLAN {query}"));
        // A scan along an index stops at the limit, or counts the smallest one.
        // There are a few books at most, and what was asked for is a table of its own.
        let small = |line: &str| line.contains("SCAN books") || line.contains("SCAN json_each");
        let scans = |line: &str| line.contains("SCAN") && !line.contains("USING") && !small(line);
        // A new run has no contacts yet; SQLite looks for them only after a broken reference.
        let parent = query.starts_with("INSERT INTO `runs`");
        let newest_first = query.contains("`history`.`id` DESC LIMIT");
        assert!(!plan.lines().any(scans) || newest_first || parent, "{query}\n{plan}");
        let unlinked = query.contains("contacts.linked = 0");
        assert!(!unlinked || plan.contains("contacts_unlinked"), "{query}\n{plan}");
        let sorts_a_page = plan.contains("TEMP B-TREE") && query.contains("LIMIT");
        assert!(!sorts_a_page, "{query}\n{plan}");
    }
}

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("contacts.db")
    }

    fn named(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self) -> SqliteRepo {
        SqliteRepo::open(&self.db(), Open::Write).unwrap()
    }

    fn read(&self) -> Result<SqliteRepo, RepoError> {
        SqliteRepo::open(&self.db(), Open::Read)
    }

    #[cfg(unix)]
    fn rights(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        let path: PathBuf = self.named(name).into();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn files(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.folder.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn id(number: u32) -> ContactId {
    ContactId::from_random((u128::from(number) << 96).to_be_bytes())
}

fn linked(number: u32, book: BookId) -> Change {
    let contact = contact(number, "");
    let base = Some(contact.vcard.clone());
    let href = Href::new(format!("/b/{number}.vcf"));
    let link = Link { href, etag: ETag::new("\"1\""), base, seen: 0 };
    Change::Insert { contact, link: Some((book, link)) }
}

fn edit(number: u32) -> Change {
    let NewContact { id, vcard, index } = contact(number, " edited");
    Change::Replace { contact: id, vcard, index, editor: Editor::User, why: Why("edit".into()) }
}

fn contact(number: u32, more: &str) -> NewContact {
    let name = format!("Person {number}{more}");
    let index = Index {
        uid: Some(Uid(format!("uid-{number}"))),
        sort_key: name.to_lowercase(),
        search: name.to_lowercase(),
        person: Person { name: name.clone(), ..Person::default() },
    };
    let vcard = format!("BEGIN:VCARD\r\nFN:{name}\r\nEND:VCARD\r\n").into_bytes();
    NewContact { id: id(number), vcard, index }
}

fn apply(repo: &mut SqliteRepo, changes: &[Change]) {
    let run = repo.begin_run("test", Timestamp(1)).unwrap();
    repo.apply(run, Timestamp(1), changes).unwrap();
}

fn book(repo: &mut SqliteRepo) -> BookId {
    let draft = AccountDraft {
        name: "default".into(),
        server: "https://a.example/".into(),
        username: "ada".into(),
        home_sets: Vec::new(),
    };
    let account = repo.save_account(&draft).unwrap();
    let info = BookInfo {
        location: Location::parse("https://a.example/b/").unwrap(),
        name: "Contacts".into(),
        access: Access::ReadWrite,
        capabilities: Capabilities::default(),
        ctag: None,
        sync_token: None,
        hidden: false,
    };
    repo.save_books(account.id, &[info]).unwrap()[0].id
}

/// Collects the text of every statement from now on.
fn watch(repo: &mut SqliteRepo) -> Arc<Mutex<Vec<String>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ours = Arc::clone(&seen);
    repo.conn.get_mut().set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let text = text.split(" -- binds:").next().unwrap_or_default().to_owned();
            let words = ["SELECT", "INSERT", "UPDATE", "DELETE"];
            if words.iter().any(|word| text.starts_with(word)) {
                ours.lock().unwrap().push(text);
            }
        }
    });
    seen
}

/// The answer to a statement that gives one text or number a row.
fn plan(conn: &mut SqliteConnection, statement: &str) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let statement = match statement.strip_prefix("PRAGMA ") {
        Some(name) => format!("SELECT CAST({name} AS TEXT) AS detail FROM pragma_{name}"),
        None => statement.to_owned(),
    };
    let lines: Vec<Line> = diesel::sql_query(statement).load(conn).unwrap();
    let lines: Vec<String> = lines.into_iter().map(|line| line.detail).collect();
    lines.join("\n")
}
