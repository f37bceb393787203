//! Values to test with.

use contactcmd_domain::contact::{ContactId, Index, Labelled, Person, Timestamp, Uid, fold};
use contactcmd_domain::dav::{
    Access, BookInfo, CTag, Capabilities, ETag, Href, HrefKey, Location, Quirks, SyncToken,
};
use contactcmd_domain::sync::snapshot::{Link, StoredContact};
use contactcmd_ports::{
    AccountDraft, AccountId, BookId, Change, Conflict, ContactRepo, Editor, ListQuery, NewContact,
    Pending, Progress, Subject, Why,
};

use super::Repo;

/// Ids in the order of their numbers.
pub(super) fn id(number: u32) -> ContactId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    ContactId::from_random(bytes)
}

pub(super) fn person(number: u32, name: &str) -> NewContact {
    let email =
        Labelled { label: Some("work".into()), value: "a@b.example".into(), preferred: true };
    let index = Index {
        uid: Some(Uid(format!("urn:uuid:UID-{number}"))),
        person: Person { name: name.into(), emails: vec![email], ..Person::default() },
        sort_key: fold(name),
        search: format!("{}\na@b.example", fold(name)),
    };
    let vcard = format!("BEGIN:VCARD\r\nFN:{name}\r\nEND:VCARD\r\n").into_bytes();
    NewContact { id: id(number), vcard, index }
}

pub(super) fn insert(contact: NewContact) -> Change {
    Change::Insert { contact, link: None }
}

/// A contact whose card came from a server.
pub(super) fn linked(contact: NewContact, book: BookId, href: &str) -> Change {
    let link = link(href, &contact.vcard);
    Change::Insert { contact, link: Some((book, link)) }
}

pub(super) fn link(href: &str, base: &[u8]) -> Link {
    Link { href: Href::new(href), etag: ETag::new("\"1\""), base: Some(base.to_vec()), seen: 0 }
}

pub(super) fn relink(number: u32, book: BookId, link: Link) -> Change {
    Change::Link { contact: id(number), book, link }
}

pub(super) fn replace(number: u32, name: &str, editor: Editor) -> Change {
    let NewContact { id, vcard, index } = person(number, name);
    Change::Replace { contact: id, vcard, index, editor, why: Why("changed".into()) }
}

pub(super) fn bury(number: u32) -> Change {
    Change::Bury { contact: id(number), why: Why("deleted here".into()) }
}

pub(super) fn delete(number: u32) -> Change {
    Change::Delete { contact: id(number), why: Why("deleted there".into()) }
}

pub(super) fn note(book: BookId, subject: Subject) -> Pending {
    Pending {
        book,
        subject,
        name: "1.vcf".into(),
        reason: "it breaks off before END:VCARD".into(),
        etag: ETag::new("\"7\""),
        tried: Some(3),
        since: Timestamp(7),
    }
}

pub(super) fn conflict(number: u32, book: BookId) -> Conflict {
    Conflict {
        contact: id(number),
        book,
        href: Href::new("/b/1.vcf"),
        base: Some(b"base".to_vec()),
        local: b"local".to_vec(),
        remote: b"\xffremote".to_vec(),
        decided: None,
        at: Timestamp(7),
    }
}

pub(super) fn apply(repo: Repo<'_>, at: i64, changes: &[Change]) {
    let run = repo.begin_run("test", Timestamp(at)).unwrap();
    repo.apply(run, Timestamp(at), changes).unwrap();
}

pub(super) fn key(href: &str) -> HrefKey {
    Href::new(href).key()
}

pub(super) fn ids(contacts: &[StoredContact]) -> Vec<ContactId> {
    contacts.iter().map(|contact| contact.id).collect()
}

pub(super) fn total(repo: &dyn ContactRepo, words: &[&str]) -> u64 {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    let page = repo.list(&ListQuery { words, ..ListQuery::default() }).unwrap();
    assert_eq!(page.total, page.contacts.len() as u64);
    page.total
}

pub(super) fn named(name: &str) -> ListQuery {
    ListQuery { named: Some(name.into()), ..ListQuery::default() }
}

pub(super) fn draft(server: &str, username: &str) -> AccountDraft {
    AccountDraft {
        name: "default".into(),
        server: server.into(),
        username: username.into(),
        home_sets: Vec::new(),
    }
}

pub(super) fn info(url: &str, name: &str) -> BookInfo {
    BookInfo {
        location: Location::parse(url).unwrap(),
        name: name.into(),
        access: Access::ReadWrite,
        capabilities: Capabilities::default(),
        ctag: None,
        sync_token: None,
        hidden: false,
    }
}

pub(super) fn progress() -> Progress {
    Progress {
        sync_token: Some(SyncToken("http://sabre.io/ns/sync/1".into())),
        ctag: Some(CTag("\"c\"".into())),
        token_at: Some(Timestamp(3)),
        full_at: Some(Timestamp(-4)),
        quirks: Quirks { no_multiget: true, ..Quirks::default() },
    }
}

pub(super) fn account(repo: Repo<'_>) -> AccountId {
    repo.save_account(&draft("https://a.example/", "ada")).unwrap().id
}

pub(super) fn account_and_book(repo: Repo<'_>) -> (AccountId, BookId) {
    let account = account(repo);
    let books = repo.save_books(account, &[info("https://a.example/b/", "Contacts")]).unwrap();
    (account, books[0].id)
}

pub(super) fn second_book(repo: Repo<'_>, account: AccountId) -> BookId {
    let books = repo.save_books(account, &[info("https://a.example/c/", "More")]).unwrap();
    books.iter().find(|book| book.info.name == "More").unwrap().id
}
