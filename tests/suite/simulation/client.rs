//! One client: a store, a clock and a world of its own, and the engine between it and the server.

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use contactcmd::interrupt::Interrupt;
use contactcmd::remote::{Credentials, Remote, discover};
use contactcmd::sync::{BookReport, Options, Session, Store as Access};
use contactcmd::ui::progress::Progress;
use contactcmd::ui::{Terminal, Ui};
use contactcmd::{Failure, World};
use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::dav::{BookInfo, Location};
use contactcmd_domain::sync::guard::MaxDelete;
use contactcmd_domain::sync::plan::Choice;
use contactcmd_domain::sync::policy::ConflictPolicy;
use contactcmd_domain::sync::snapshot::StoredContact;
use contactcmd_domain::vcard::{Card, index};
use contactcmd_ports::{
    AccountId, Book, BookId, Change, ContactRepo, Editor, NewContact, RepoError, Secret, Why,
};
use contactcmd_tests::memory_keychain::MemoryKeychain;
use futures::executor::block_on;

use super::cards::{Token, new_card, put, tokens, who, without};
use super::chance::Chance;
use super::fate::Fate;
use super::ledger::What;
use super::script::{Act, Actor, How, Sync, Trouble};
use super::server::{Server, Wire, note_dropped};
use super::store::Store;

pub(super) struct Client {
    at: usize,
    policy: ConflictPolicy,
    server: Server,
    pub(super) store: Store,
    fate: Arc<Fate>,
    pub(super) wire: Arc<Wire>,
    world: World,
    now: Rc<Cell<i64>>,
    chance: Rc<Cell<u64>>,
    start: Location,
    account: AccountId,
    pub(super) book: BookId,
    /// Every text that a contact here ever had, as it was after each step.
    pub(super) texts: HashSet<Vec<u8>>,
    /// Those who were deleted here, for taking it back.
    buried: Vec<(u32, ContactId, Vec<u8>)>,
}

impl Client {
    /// Where `found` is what discovery found, if it was done before.
    pub(super) fn new(
        at: usize,
        policy: ConflictPolicy,
        (server, url): (&Server, &str),
        found: &mut Option<BookInfo>,
    ) -> Self {
        let fate = Arc::new(Fate::default());
        let wire = Arc::new(Wire::new(server.clone(), fate.clone()));
        let now = Rc::new(Cell::new(1_790_000_000_000));
        let chance = Rc::new(Cell::new(at as u64 + 1));
        let world = world(now.clone(), chance.clone());
        let start = Location::parse(url).expect("an address");
        let found = found.get_or_insert_with(|| first_book(&world, &wire, &start)).clone();
        let (store, account, book) = Store::new(fate.clone(), &found);
        Self {
            at,
            policy,
            server: server.clone(),
            store,
            fate,
            wire,
            world,
            now,
            chance,
            start,
            account,
            book,
            texts: HashSet::new(),
            buried: Vec::new(),
        }
    }

    pub(super) fn wait(&self, days: i64) {
        self.now.set(self.now.get() + days * 24 * 60 * 60 * 1000);
    }

    /// Whether somebody has to decide something.
    pub(super) fn has_open_conflicts(&self) -> bool {
        !self.store.conflicts(Some(self.book)).expect("conflicts are read").is_empty()
    }

    pub(super) fn has_notes(&self) -> bool {
        !self.store.pending(Some(self.book)).expect("the notes are read").is_empty()
    }

    /// Every contact here.
    pub(super) fn contacts(&self) -> Vec<StoredContact> {
        self.store.cards_after(None, u32::MAX).expect("the cards are read")
    }

    /// One sync; whether its process lived to its end, and with what.
    pub(super) fn sync(&mut self, sync: &Sync) -> Option<Result<BookReport, Failure>> {
        self.order(&sync.troubles);
        let books = self.store.books(self.account).expect("the books are read");
        let book = books.into_iter().next().expect("there is a book");
        let done = self.session(&book, sync);
        self.server.fake.clear_faults();
        let died = self.fate.is_dead();
        self.fate.order(None);
        self.wire.start(Vec::new());
        (!died).then_some(done)
    }

    fn order(&self, troubles: &[Trouble]) {
        let mut meanwhile = Vec::new();
        self.fate.order(None);
        for trouble in troubles {
            match trouble {
                Trouble::Fault(method, nth, fault) => {
                    self.server.fake.fail_method(method, *nth, fault.clone());
                }
                Trouble::Crash(at) => self.fate.order(Some(*at)),
                Trouble::Meanwhile(at, act) => meanwhile.push((*at, *act)),
            }
        }
        self.wire.start(meanwhile);
    }

    fn session(&mut self, book: &Book, sync: &Sync) -> Result<BookReport, Failure> {
        let remote = remote(&self.world, self.wire.clone(), &self.start);
        let force = sync.how == How::Force;
        let options = Options {
            choice: Choice { direction: sync.direction, force, policy: self.policy },
            full: sync.how == How::Full,
            creates: true,
            max_delete: MaxDelete::Percent(100),
            list_actions: false,
        };
        let bar = Progress::new(false);
        let mut session =
            Session { remote: &remote, options, bar: &bar, show: &mut |action| trace(action) };
        let mut report = BookReport::default();
        let mut access = match sync.how {
            How::Dry => Access::look(&self.store),
            _ => Access::Write { repo: &mut self.store, what: "sync carddav", run: None },
        };
        block_on(session.run(&mut access, book, &mut report))?;
        Ok(report)
    }

    /// Does what the user wants.
    pub(super) fn act(&mut self, act: Act) {
        let by = Actor::Client(self.at);
        match act {
            Act::Create(person, shape) => {
                if self.find(person).is_none() {
                    let card = {
                        let mut ledger = self.server.ledger();
                        let number = ledger.number();
                        let card = new_card(person, shape, number);
                        ledger.note_new(by, person, &card);
                        card
                    };
                    let contact = NewContact {
                        id: ContactId::from_random(random(&self.chance)),
                        index: index(&Card::parse(card.as_str())),
                        vcard: card.into_bytes(),
                    };
                    self.change(Change::Insert { contact, link: None });
                }
            }
            Act::Put(person, kind) => {
                if let Some(contact) = self.find(person) {
                    let token = Token { kind, number: self.server.ledger().number() };
                    let card = put(&contact.vcard, token);
                    if tokens(card.as_bytes()).contains(&token) {
                        let had = tokens(&contact.vcard);
                        self.server.ledger().note(by, person, What::Put(token), had);
                        self.replace(contact.id, card.into_bytes());
                    }
                }
            }
            Act::Drop(person, kind) => {
                if let Some(contact) = self.find(person) {
                    let had = tokens(&contact.vcard);
                    if let Some(token) = had.iter().rfind(|token| token.kind == kind) {
                        let card = without(&contact.vcard, *token);
                        let texts = (contact.vcard.as_slice(), card.as_str());
                        note_dropped(&mut self.server.ledger(), by, person, texts);
                        self.replace(contact.id, card.into_bytes());
                    }
                }
            }
            Act::Delete(person) => {
                if let Some(contact) = self.find(person) {
                    let had = tokens(&contact.vcard);
                    self.server.ledger().note(by, person, What::Delete, had);
                    let why = Why("deleted by the user".to_owned());
                    self.change(Change::Bury { contact: contact.id, why });
                    self.buried.push((person, contact.id, contact.vcard));
                }
            }
            Act::Restore(person) => {
                let last = self.buried.iter().rposition(|(who, ..)| *who == person);
                if let Some(at) = last.filter(|_| self.find(person).is_none()) {
                    let (_, id, card) = self.buried.remove(at);
                    if self.try_replace(id, card).is_ok() {
                        self.server.ledger().note(by, person, What::Restore, BTreeSet::new());
                    }
                }
            }
            Act::Touch(_) | Act::Move(_) | Act::Reword(_) | Act::Prune => {}
        }
    }

    fn find(&self, wanted: u32) -> Option<StoredContact> {
        self.contacts().into_iter().find(|contact| who(&contact.vcard) == Some(wanted))
    }

    fn replace(&mut self, contact: ContactId, vcard: Vec<u8>) {
        self.try_replace(contact, vcard).expect("the contact is there");
    }

    fn try_replace(&mut self, contact: ContactId, vcard: Vec<u8>) -> Result<(), RepoError> {
        let index = index(&Card::parse(vcard.as_slice()));
        let (editor, why) = (Editor::User, Why("edited by the user".to_owned()));
        self.try_change(Change::Replace { contact, vcard, index, editor, why })
    }

    fn change(&mut self, change: Change) {
        self.try_change(change).expect("the change is possible");
    }

    fn try_change(&mut self, change: Change) -> Result<(), RepoError> {
        let at = Timestamp(self.now.get());
        let run = self.store.begin_run("edit", at)?;
        self.store.apply(run, at, &[change])
    }

    /// Notes what stands here now.
    pub(super) fn note_texts(&mut self) {
        let texts = self.contacts().into_iter().map(|contact| contact.vcard);
        self.texts.extend(texts);
    }
}

/// The book that the server has.
fn first_book(world: &World, wire: &Arc<Wire>, start: &Location) -> BookInfo {
    let remote = remote(world, wire.clone(), start);
    let found = block_on(discover(&remote, &start.to_string())).expect("the book is found");
    found.books.into_iter().find(|book| !book.hidden).expect("there is a book")
}

fn remote<'w>(world: &'w World, wire: Arc<Wire>, start: &Location) -> Remote<'w> {
    let secret = Secret::new("secret".to_owned());
    Remote::new(world, wire, Credentials::basic(start.origin.clone(), "alice", &secret), false)
}

fn trace(action: &contactcmd_domain::sync::action::Action) {
    if super::is_traced() {
        super::say(format_args!("      {action}"));
    }
}

fn world(now: Rc<Cell<i64>>, chance: Rc<Cell<u64>>) -> World {
    let clock = now.clone();
    World {
        open_repo: Box::new(|_, _| unreachable!("the store is open")),
        transport: Box::new(|_| unreachable!("the wire is there")),
        dns: Box::new(|_, _| contactcmd_domain::dav::DnsAnswer::Nothing),
        credentials: Box::new(MemoryKeychain::default()),
        env: Box::new(|_| None),
        now: Box::new(move || Timestamp(now.get())),
        random: Box::new(move || random(&chance)),
        pause: Box::new(move |length| {
            clock.set(clock.get() + i64::try_from(length.as_millis()).unwrap_or(0));
        }),
        open_browser: Box::new(|_| false),
        listen: Box::new(|| unreachable!("nobody signs in")),
        interrupt: Interrupt::default(),
        ui: Ui::new(Box::new(std::io::sink()), Box::new(std::io::sink()), Terminal::default()),
    }
}

fn random(state: &Cell<u64>) -> [u8; 16] {
    let mut chance = Chance::new(state.get());
    state.set(state.get() + 0x1_0000);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&chance.next().to_le_bytes());
    bytes[8..].copy_from_slice(&chance.next().to_le_bytes());
    bytes
}
