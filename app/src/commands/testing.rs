//! A world in memory for the tests of the commands.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use contactcmd_domain::contact::{ContactId, Index, Labelled, Person, Timestamp, Uid, fold};
use contactcmd_domain::dav::Href;
use contactcmd_domain::sync::snapshot::StoredContact;
use contactcmd_domain::vcard::{self, Card};
use contactcmd_ports::{
    Brief, Change, CredentialError, CredentialKey, CredentialStore, ExternalId, JsonSummary,
    ListPage, ListQuery, MockContactRepo, Open, RunId, Secret, Sort, Summary,
};

use crate::interrupt::Interrupt;
use crate::ui::{Terminal, Ui};
use crate::{Exit, World};

/// A contact of this name, with [`id`] `number`.
pub(crate) fn contact(number: u8, name: &str) -> Summary {
    Summary {
        id: id(number),
        uid: None,
        person: Person { name: name.to_owned(), ..Person::default() },
        created: Timestamp(0),
        updated: Timestamp(0),
    }
}

/// A contact as the store gives it for a line.
pub(crate) fn brief(contact: &Summary) -> Brief {
    let Person { name, organisation, phones, emails, .. } = &contact.person;
    Brief {
        id: contact.id,
        name: name.clone(),
        organisation: organisation.first().cloned(),
        phone: Labelled::first(phones).map(str::to_owned),
        email: Labelled::first(emails).map(str::to_owned),
    }
}

/// A contact as the store gives it for JSON.
pub(crate) fn as_json(contact: &Summary) -> JsonSummary {
    let Summary { id, uid, person, created, updated } = contact.clone();
    JsonSummary { id, uid, person: serde_json::to_string(&person).unwrap(), created, updated }
}

/// An id of which every byte is `number`, but for the bits of the version.
pub(crate) fn id(number: u8) -> ContactId {
    ContactId::from_random([number; 16])
}

/// A value with a label.
pub(crate) fn labelled(label: &str, value: &str) -> Labelled {
    Labelled { label: Some(label.to_owned()), value: value.to_owned(), preferred: false }
}

/// An empty folder that goes when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let unique = uuid::Uuid::new_v4();
        let path = std::env::temp_dir().join(format!("contactcmd-{unique}"));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a test gives the world, and what the world printed.
#[derive(Default)]
pub(crate) struct Stage {
    env: HashMap<String, String>,
    terminal: Terminal,
    pub(crate) repo: Memory,
    pub(crate) secrets: Secrets,
    out: Sink,
    err: Sink,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn terminal(mut self, terminal: Terminal) -> Self {
        self.terminal = terminal;
        self
    }

    pub(crate) fn contacts(mut self, contacts: Vec<Summary>) -> Self {
        self.repo = Memory::with(contacts);
        self
    }

    /// Contacts with these cards; their ids are [`id`] 1, 2 ...
    pub(crate) fn cards(mut self, cards: &[&str]) -> Self {
        self.repo = Memory::with_cards(cards);
        self
    }

    pub(crate) fn world(&self) -> World {
        let (env, repo) = (self.env.clone(), self.repo.clone());
        World {
            open_repo: Box::new(move |_, purpose| Ok(Box::new(repo.open(purpose)))),
            transport: Box::new(|_| panic!("no command under test connects")),
            dns: Box::new(|_, _| contactcmd_domain::dav::DnsAnswer::Nothing),
            credentials: Box::new(self.secrets.clone()),
            // The home folder of whoever runs the tests is nobody's business.
            env: Box::new(move |name| {
                let given = env.get(name).cloned();
                given.or_else(|| (name == "HOME").then(|| "/nonexistent".to_owned()))
            }),
            now: Box::new(|| Timestamp(0)),
            random: Box::new(|| *uuid::Uuid::new_v4().as_bytes()),
            pause: Box::new(|_| {}),
            open_browser: Box::new(|_| panic!("no command under test opens a browser")),
            listen: Box::new(|| panic!("no command under test waits for a browser")),
            interrupt: Interrupt::default(),
            ui: Ui::new(Box::new(self.out.clone()), Box::new(self.err.clone()), self.terminal),
        }
    }

    /// Runs a command line, given without the program's name.
    pub(crate) fn run(&self, args: &[&str]) -> Exit {
        let args = ["contactcmd"].iter().chain(args).map(Into::into);
        crate::run::run(args, &mut self.world())
    }

    pub(crate) fn stdout(&self) -> String {
        self.out.text()
    }

    pub(crate) fn take_stdout(&self) -> String {
        String::from_utf8(self.out.0.take()).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        self.err.text()
    }
}

#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A keychain in memory.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Rc<RefCell<HashMap<CredentialKey, Secret>>>);

impl CredentialStore for Secrets {
    fn secret(&self, key: &CredentialKey) -> Result<Option<Secret>, CredentialError> {
        Ok(self.0.borrow().get(key).cloned())
    }

    fn store(&self, key: &CredentialKey, secret: &Secret) -> Result<(), CredentialError> {
        self.0.borrow_mut().insert(key.clone(), secret.clone());
        Ok(())
    }

    fn forget(&self, key: &CredentialKey) -> Result<bool, CredentialError> {
        Ok(self.0.borrow_mut().remove(key).is_some())
    }
}

/// A store in memory that knows what commands on local contacts ask for; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    rows: Rc<RefCell<Vec<Row>>>,
    places: Rc<RefCell<Vec<(ContactId, ExternalId)>>>,
    buried: Rc<RefCell<Vec<ContactId>>>,
}

#[derive(Clone)]
struct Row {
    summary: Summary,
    vcard: Vec<u8>,
}

impl Memory {
    pub(crate) fn with(contacts: Vec<Summary>) -> Self {
        let row = |summary: Summary| {
            let uid = summary.uid.as_ref().map(|uid| format!("UID:{uid}\r\n")).unwrap_or_default();
            let name = &summary.person.name;
            let vcard = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\n{uid}END:VCARD\r\n")
                .into_bytes();
            Row { summary, vcard }
        };
        Self::of(contacts.into_iter().map(row).collect())
    }

    fn with_cards(cards: &[&str]) -> Self {
        let row = |(number, card): (u8, &&str)| {
            let index = vcard::index(&Card::parse(*card));
            let uid = index.uid.map(|uid| uid.0);
            let summary = Summary { uid, person: index.person, ..contact(number, "") };
            Row { summary, vcard: card.as_bytes().to_vec() }
        };
        Self::of((1..).zip(cards).map(row).collect())
    }

    fn of(rows: Vec<Row>) -> Self {
        Self { rows: Rc::new(RefCell::new(rows)), ..Self::default() }
    }

    /// Says that a contact is on a server.
    pub(crate) fn link(&self, contact: ContactId) {
        let place = ExternalId {
            account: "work".to_owned(),
            addressbook: "Colleagues".to_owned(),
            href: Href::new("/a.vcf"),
            etag: None,
        };
        self.places.borrow_mut().push((contact, place));
    }

    /// The contacts that got a tombstone.
    pub(crate) fn buried(&self) -> Vec<ContactId> {
        self.buried.borrow().clone()
    }

    /// The cards, in the order they came.
    pub(crate) fn cards(&self) -> Vec<Vec<u8>> {
        self.rows.borrow().iter().map(|row| row.vcard.clone()).collect()
    }

    /// The store, opened; asking it for anything else than these commands may is a failure of the
    /// test, and so is writing to one that was opened to read.
    pub(crate) fn open(&self, purpose: Open) -> MockContactRepo {
        let mut repo = MockContactRepo::new();
        let this = self.clone();
        repo.expect_contact().returning_st(move |id| Ok(this.stored(|found| found.id == id).pop()));
        let this = self.clone();
        repo.expect_by_uid().returning_st(move |key| {
            let is_it = |uid: &String| Uid(uid.clone()).key() == *key;
            Ok(this.stored(|found| found.uid.as_ref().is_some_and(is_it)))
        });
        let this = self.clone();
        repo.expect_by_id_prefix().returning_st(move |prefix| Ok(this.by_id_prefix(prefix)));
        let this = self.clone();
        repo.expect_list().returning_st(move |query| Ok(this.list(query)));
        let this = self.clone();
        repo.expect_list_brief().returning_st(move |query| Ok(this.list_as(query, brief)));
        let this = self.clone();
        repo.expect_list_json().returning_st(move |query| Ok(this.list_as(query, as_json)));
        let this = self.clone();
        repo.expect_cards_after().returning_st(move |after, limit| {
            let mut found = this.stored(|found| after.is_none_or(|after| found.id > after));
            found.sort_by_key(|contact| contact.id);
            found.truncate(limit.try_into().unwrap());
            Ok(found)
        });
        let this = self.clone();
        repo.expect_external_ids().returning_st(move |ids| {
            let places = this.places.borrow();
            Ok(places.iter().filter(|(contact, _)| ids.contains(contact)).cloned().collect())
        });
        if purpose == Open::Write {
            repo.expect_prune().returning_st(|_| Ok(0));
            repo.expect_begin_run().returning_st(|_, _| Ok(RunId(1)));
            let this = self.clone();
            repo.expect_apply().returning_st(move |_, _, changes| {
                changes.iter().for_each(|change| this.change(change));
                Ok(())
            });
        }
        repo
    }

    fn find(&self, is_meant: impl Fn(&Summary) -> bool) -> Vec<Row> {
        self.rows.borrow().iter().filter(|row| is_meant(&row.summary)).cloned().collect()
    }

    fn stored(&self, is_meant: impl Fn(&Summary) -> bool) -> Vec<StoredContact> {
        let stored = |row: Row| StoredContact {
            id: row.summary.id,
            uid: row.summary.uid.map(Uid),
            name: row.summary.person.name,
            vcard: row.vcard,
            edited: 0,
            deleted: false,
            created: row.summary.created,
            updated: row.summary.updated,
        };
        self.find(is_meant).into_iter().map(stored).collect()
    }

    fn by_id_prefix(&self, prefix: &str) -> Vec<Summary> {
        let digits = |text: &str| text.replace('-', "").to_lowercase();
        let starts = |id: ContactId| digits(&id.to_string()).starts_with(&digits(prefix));
        self.find(|summary| starts(summary.id)).into_iter().map(|row| row.summary).collect()
    }

    fn list(&self, query: &ListQuery) -> ListPage {
        assert_eq!(query.sort, Sort::Name, "the store in memory knows one order");
        let has_name = |summary: &Summary, name: &String| {
            let names = summary.person.nicknames.iter().chain([&summary.person.name]);
            names.into_iter().any(|found| fold(found) == *name)
        };
        let has_word = |summary: &Summary, word: &String| fold(&summary.person.name).contains(word);
        let found = self.find(|summary| {
            query.words.iter().all(|word| has_word(summary, word))
                && query.named.iter().all(|name| has_name(summary, name))
        });
        let mut found: Vec<Summary> = found.into_iter().map(|row| row.summary).collect();
        found.sort_by_key(|summary| (fold(&summary.person.name), summary.id));
        let total = found.len() as u64;
        let limit = query.limit.unwrap_or(u64::MAX).try_into().unwrap_or(usize::MAX);
        let offset = query.offset.try_into().unwrap_or(usize::MAX);
        ListPage { contacts: found.into_iter().skip(offset).take(limit).collect(), total }
    }

    fn list_as<T>(&self, query: &ListQuery, view: impl Fn(&Summary) -> T) -> ListPage<T> {
        let ListPage { contacts, total } = self.list(query);
        ListPage { contacts: contacts.iter().map(view).collect(), total }
    }

    fn change(&self, change: &Change) {
        let set = |row: &mut Row, vcard: &Vec<u8>, index: &Index| {
            row.vcard = vcard.clone();
            row.summary.uid = index.uid.as_ref().map(|uid| uid.0.clone());
            row.summary.person = index.person.clone();
        };
        let mut rows = self.rows.borrow_mut();
        match change {
            Change::Insert { contact: new, link: None } => {
                let summary = Summary { id: new.id, ..contact(0, "") };
                let mut row = Row { summary, vcard: Vec::new() };
                set(&mut row, &new.vcard, &new.index);
                rows.push(row);
            }
            Change::Replace { contact, vcard, index, .. } => {
                let row = rows.iter_mut().find(|row| row.summary.id == *contact).unwrap();
                set(row, vcard, index);
            }
            Change::Bury { contact, .. } => {
                rows.retain(|row| row.summary.id != *contact);
                self.buried.borrow_mut().push(*contact);
            }
            Change::Delete { contact, .. } => rows.retain(|row| row.summary.id != *contact),
            other => panic!("no command under test asks for {other:?}"),
        }
    }
}
