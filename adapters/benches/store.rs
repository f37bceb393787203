//! What the store costs: `cargo bench -p contactcmd-adapters --bench store`.

#![expect(clippy::unwrap_used, reason = "a bench whose set-up fails has nothing to measure")]

use contactcmd_adapters::sqlite::SqliteRepo;
use contactcmd_domain::contact::{
    Address, ContactId, Index, Labelled, Name, Person, Timestamp, Uid, fold,
};
use contactcmd_domain::dav::{Access, BookInfo, Capabilities, ETag, Href, HrefKey, Location};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_ports::{
    AccountDraft, BookId, Change, ContactRepo, Editor, ListQuery, NewContact, Open, Why,
};
use divan::Bencher;
use divan::counter::ItemsCount;
use tempfile::TempDir;

fn main() {
    divan::main();
}

/// A first sync: pages of 500, each contact with its link and base.
#[divan::bench(sample_count = 10)]
fn insert_10_000(bencher: Bencher<'_, '_>) {
    let empty = || {
        let store = Store::empty();
        let pages = store.pages(10_000, |book, n| vec![added(book, n)]);
        (store, pages)
    };
    bencher
        .counter(ItemsCount::new(10_000_u32))
        .with_inputs(empty)
        .bench_local_values(|(store, pages)| store.with(&pages));
}

/// Every card changed on the server.
#[divan::bench(sample_count = 5)]
fn replace_10_000(bencher: Bencher<'_, '_>) {
    let full = || {
        let store = Store::full(10_000);
        let pages = store.pages(10_000, replaced);
        (store, pages)
    };
    bencher
        .counter(ItemsCount::new(10_000_u32))
        .with_inputs(full)
        .bench_local_values(|(store, pages)| store.with(&pages));
}

/// Opening, as every command does.
#[divan::bench]
fn open_to_read(bencher: Bencher<'_, '_>) {
    let store = Store::full(10_000);
    bencher.bench_local(|| SqliteRepo::open(&store.path(), Open::Read).unwrap());
}

#[divan::bench]
fn open_to_write(bencher: Bencher<'_, '_>) {
    let store = Store::full(10_000);
    let path = store.path();
    let Store { folder: _folder, repo, .. } = store;
    drop(repo);
    bencher.bench_local(|| SqliteRepo::open(&path, Open::Write).unwrap());
}

#[divan::bench]
fn known_50_000(bencher: Bencher<'_, '_>) {
    let store = Store::full(50_000);
    bencher.bench_local(|| store.repo.known(store.book).unwrap());
}

#[divan::bench]
fn linked_at_500_of_50_000(bencher: Bencher<'_, '_>) {
    let store = Store::full(50_000);
    let keys: Vec<HrefKey> = (0..500).map(|n| href(n * 97).key()).collect();
    bencher.bench_local(|| store.repo.linked_at(store.book, &keys).unwrap());
}

#[divan::bench(args = [10_000, 100_000])]
fn list_a_page_of_50(bencher: Bencher<'_, '_>, count: u32) {
    let store = Store::full(count);
    let query = ListQuery { limit: Some(50), offset: 200, ..ListQuery::default() };
    bencher.bench_local(|| store.repo.list(&query).unwrap());
}

#[divan::bench]
fn list_all_10_000(bencher: Bencher<'_, '_>) {
    let store = Store::full(10_000);
    bencher.bench_local(|| store.repo.list(&ListQuery::default()).unwrap());
}

#[divan::bench]
fn search_two_words_in_10_000(bencher: Bencher<'_, '_>) {
    let store = Store::full(10_000);
    let words = vec!["person77".to_owned(), "example".to_owned()];
    let query = ListQuery { words, limit: Some(50), ..ListQuery::default() };
    bencher.bench_local(|| store.repo.list(&query).unwrap());
}

#[divan::bench]
fn find_by_name_in_100_000(bencher: Bencher<'_, '_>) {
    let store = Store::full(100_000);
    let named = Some("given500 family55 person500".to_owned());
    let query = ListQuery { named, ..ListQuery::default() };
    assert_eq!(store.repo.list(&query).unwrap().total, 1);
    bencher.bench_local(|| store.repo.list(&query).unwrap());
}

/// What a quiet sync asks of a large book.
#[divan::bench(args = [100, 100_000])]
fn quiet_sync(bencher: Bencher<'_, '_>, count: u32) {
    let mut store = Store::full(count);
    let edits: Vec<Change> = (0..3).map(edited).collect();
    store.apply(&edits);
    bencher.bench_local(|| {
        let edited = store.repo.edited(store.book).unwrap();
        assert_eq!(edited.len(), 3);
        let pending = store.repo.pending(Some(store.book)).unwrap();
        (
            edited,
            store.repo.unlinked().unwrap(),
            store.repo.link_count(store.book).unwrap(),
            pending,
        )
    });
}

struct Store {
    folder: TempDir,
    repo: SqliteRepo,
    book: BookId,
}

impl Store {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut repo = SqliteRepo::open(&folder.path().join("contacts.db"), Open::Write).unwrap();
        let draft = AccountDraft {
            name: "default".into(),
            server: "https://dav.example/".into(),
            username: "ada".into(),
            home_sets: Vec::new(),
        };
        let account = repo.save_account(&draft).unwrap();
        let info = BookInfo {
            location: Location::parse("https://dav.example/ada/contacts/").unwrap(),
            name: "Contacts".into(),
            access: Access::ReadWrite,
            capabilities: Capabilities::default(),
            ctag: None,
            sync_token: None,
        };
        let book = repo.save_books(account.id, &[info]).unwrap()[0].id;
        Self { folder, repo, book }
    }

    fn full(count: u32) -> Self {
        let store = Self::empty();
        let pages = store.pages(count, |book, n| vec![added(book, n)]);
        store.with(&pages)
    }

    /// The changes for each of `count` contacts, in the pages of a sync.
    fn pages(&self, count: u32, of: impl Fn(BookId, u32) -> Vec<Change>) -> Vec<Vec<Change>> {
        let numbers: Vec<u32> = (0..count).collect();
        let page = |page: &[u32]| page.iter().flat_map(|n| of(self.book, *n)).collect();
        numbers.chunks(500).map(page).collect()
    }

    fn with(mut self, pages: &[Vec<Change>]) -> Self {
        pages.iter().for_each(|page| self.apply(page));
        self
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("contacts.db")
    }

    fn apply(&mut self, changes: &[Change]) {
        let run = self.repo.begin_run("bench", Timestamp(1)).unwrap();
        self.repo.apply(run, Timestamp(1_700_000_000_000), changes).unwrap();
    }
}

fn added(book: BookId, n: u32) -> Change {
    let contact = contact(n, "");
    let link = link(n, &contact.vcard);
    Change::Insert { contact, link: Some((book, link)) }
}

fn replaced(book: BookId, n: u32) -> Vec<Change> {
    let NewContact { id, vcard, index } = contact(n, "changed");
    let link = link(n, &vcard);
    let why = Why("changed on the server".into());
    vec![
        Change::Replace { contact: id, vcard, index, editor: Editor::Sync, why },
        Change::Link { contact: id, book, link },
    ]
}

fn edited(n: u32) -> Change {
    let NewContact { id, vcard, index } = contact(n, "edited");
    Change::Replace { contact: id, vcard, index, editor: Editor::User, why: Why("edit".into()) }
}

fn link(n: u32, base: &[u8]) -> Link {
    let etag = ETag::new(&format!("\"{:032x}\"", scattered(n)));
    Link { href: href(n), etag, base: Some(base.to_vec()), seen: 0 }
}

fn href(n: u32) -> Href {
    Href::new(format!("/ada/contacts/{}.vcf", id(n)))
}

fn id(n: u32) -> ContactId {
    ContactId::from_random(scattered(n).to_be_bytes())
}

/// Numbers as far apart as random ones, the same in every run.
fn scattered(n: u32) -> u128 {
    (u128::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

/// A card of about 600 bytes with what a card usually has.
fn contact(n: u32, note: &str) -> NewContact {
    let (given, family) = (format!("Given{}", n % 997), format!("Family{}", n % 89));
    let name = format!("{given} {family} Person{n}");
    let (email, phone) = (format!("{given}.{n}@example.org"), format!("+43 1 555 {n:06}"));
    let uid = id(n).to_string();
    let street = format!("{n} Long Street, Door 7");
    let vcard = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Example Corp.//Contacts 17.1//EN\r\nUID:{uid}\r\n\
         FN:{name}\r\nN:{family};{given};;;\r\nORG:Example Corporation;Department of Examples\r\n\
         EMAIL;TYPE=INTERNET;TYPE=WORK;TYPE=pref:{email}\r\nEMAIL;TYPE=HOME:home.{email}\r\n\
         TEL;TYPE=CELL;TYPE=VOICE:{phone}\r\nTEL;TYPE=WORK:{phone}9\r\n\
         ADR;TYPE=HOME:;;{street};Vienna;;1010;Austria\r\nBDAY:1980-01-15\r\nNOTE:{note}\r\n\
         CATEGORIES:Friends,Colleagues\r\nX-ABUID:{uid}:ABPerson\r\nREV:2024-01-01T00:00:00Z\r\n\
         END:VCARD\r\n"
    )
    .into_bytes();
    let labelled = |label: &str, value: String| Labelled {
        label: Some(label.to_owned()),
        value,
        preferred: label == "work",
    };
    let person = Person {
        name: name.clone(),
        names: Some(Name { family: family.clone(), given, ..Name::default() }),
        emails: vec![labelled("work", email.clone()), labelled("home", format!("home.{email}"))],
        phones: vec![labelled("cell", phone.clone()), labelled("work", format!("{phone}9"))],
        addresses: vec![Address {
            label: Some("home".into()),
            street: street.clone(),
            locality: "Vienna".into(),
            postal_code: "1010".into(),
            country: "Austria".into(),
            ..Address::default()
        }],
        organisation: vec!["Example Corporation".into(), "Department of Examples".into()],
        birthday: Some("1980-01-15".into()),
        categories: vec!["Friends".into(), "Colleagues".into()],
        note: (!note.is_empty()).then(|| note.to_owned()),
        ..Person::default()
    };
    let search = [&name, &email, &phone, "Example Corporation", &street, "Vienna", "Austria", note];
    let index = Index {
        uid: Some(Uid(uid)),
        person,
        sort_key: fold(&format!("{family} {name}")),
        search: fold(&search.join("\n")),
    };
    NewContact { id: id(n), vcard, index }
}
