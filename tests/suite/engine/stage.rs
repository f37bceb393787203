//! The whole program in process: the real command line, engine and SQLite against a fake server that
//! is its transport, with a clock and chance of its own and a keychain in memory.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use contactcmd::interrupt::Interrupt;
use contactcmd::ui::{Terminal, Ui};
use contactcmd::world::{Loopback, Reception};
use contactcmd::{Exit, World};
use contactcmd_adapters::sqlite::SqliteRepo;
use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::dav::{DnsAnswer, DnsRecord, RecordKind};
use contactcmd_domain::vcard::Card;
use contactcmd_ports::{ContactRepo, DavTransport};
use contactcmd_tests::fake::{FakeDav, Knobs};
use contactcmd_tests::memory_keychain::MemoryKeychain;
use serde_json::Value;
use tempfile::TempDir;

/// One user, one machine, one server.
pub(crate) struct Stage {
    pub(crate) fake: FakeDav,
    home: TempDir,
    /// Milliseconds since 1970; moved by the test.
    pub(crate) now: Rc<Cell<i64>>,
    chance: Rc<Cell<u64>>,
    /// How long the program chose to wait.
    pub(crate) pauses: Rc<RefCell<Vec<Duration>>>,
    /// Raised by the test to act as Ctrl-C.
    pub(crate) interrupt: Interrupt,
    server: RefCell<String>,
    /// What the program keeps in the keychain, from one run to the next.
    pub(crate) keychain: MemoryKeychain,
    /// What comes to the port that waits for the browser.
    pub(crate) visits: Rc<RefCell<Vec<String>>>,
    /// Whether the user does not answer the page in the browser.
    pub(crate) is_away: Rc<Cell<bool>>,
    /// What DNS has; see [`Stage::dns_has`].
    dns: Rc<RefCell<Vec<(String, RecordKind, DnsAnswer)>>>,
    /// The transport in place of the fake's own, where a test looks at every request.
    transport: RefCell<Option<Arc<dyn DavTransport>>>,
}

/// What one command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A week, in milliseconds.
pub(crate) const WEEK: i64 = 7 * 24 * 60 * 60 * 1000;

impl Stage {
    pub(crate) fn new(knobs: Knobs) -> Self {
        let fake = FakeDav::new(knobs);
        let server = fake.url();
        Self {
            fake,
            home: TempDir::new().expect("a folder for the test"),
            now: Rc::new(Cell::new(1_790_000_000_000)),
            chance: Rc::new(Cell::new(1)),
            pauses: Rc::default(),
            interrupt: Interrupt::default(),
            server: RefCell::new(server),
            keychain: MemoryKeychain::default(),
            visits: Rc::default(),
            is_away: Rc::default(),
            dns: Rc::default(),
            transport: RefCell::new(None),
        }
    }

    /// Another machine of the same user, with a store of its own.
    pub(crate) fn beside(other: &Self) -> Self {
        let (fake, server) = (other.fake.clone(), RefCell::new(other.server.borrow().clone()));
        let chance = Rc::new(Cell::new(other.chance.get() ^ 0x5555));
        Self { fake, server, now: other.now.clone(), chance, ..Self::new(Knobs::default()) }
    }

    /// A server with a book of `count` invented contacts.
    pub(crate) fn with_cards(knobs: Knobs, count: usize) -> Self {
        let stage = Self::new(knobs);
        for number in 0..count {
            stage.fake.put(&stage.book(), &name(number), card(number, "1"));
        }
        stage
    }

    /// The name of the book that is there from the start.
    pub(crate) fn book(&self) -> String {
        self.fake.knobs().layout.book.to_owned()
    }

    pub(crate) fn use_server(&self, url: &str) {
        *self.server.borrow_mut() = url.to_owned();
    }

    pub(crate) fn use_transport(&self, transport: Arc<dyn DavTransport>) {
        *self.transport.borrow_mut() = Some(transport);
    }

    /// Makes DNS give these records; it has no others.
    pub(crate) fn dns_has(&self, name: &str, kind: RecordKind, records: Vec<DnsRecord>) {
        let answer = DnsAnswer::Records(records);
        self.dns.borrow_mut().push((name.to_owned(), kind, answer));
    }

    /// Makes DNS fail at a name, for any records.
    pub(crate) fn dns_fails(&self, name: &str) {
        let mut dns = self.dns.borrow_mut();
        for kind in [RecordKind::Srv, RecordKind::Txt, RecordKind::Mx] {
            dns.push((name.to_owned(), kind, DnsAnswer::Failed("no answer in time".to_owned())));
        }
    }

    /// Whether nothing was stored.
    pub(crate) fn repo_is_empty(&self) -> bool {
        self.repo().cards_after(None, 1).expect("the cards are read").is_empty()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("data/contactcmd/contacts.db")
    }

    /// Pulls the default book.
    pub(crate) fn pull(&self, more: &[&str]) -> Ran {
        let server = self.server.borrow().clone();
        let mut args = vec!["sync", "carddav", "--server", server.as_str(), "--username", "alice"];
        args.extend(more);
        self.run(&args)
    }

    /// Synchronises both ways.
    pub(crate) fn sync(&self, more: &[&str]) -> Ran {
        self.pull(&[&["--direction", "sync"], more].concat())
    }

    /// Synchronises both ways and gives the report.
    pub(crate) fn sync_report(&self, more: &[&str]) -> (Ran, Value) {
        self.report(&[&["--direction", "sync"], more].concat())
    }

    /// Edits, or adds, contacts here as a user would: by importing a file.
    pub(crate) fn import(&self, cards: &str) -> Ran {
        let file = self.path("import.vcf");
        std::fs::write(&file, cards).expect("the file is written");
        let ran = self.run(&["import", "vcard", "--update", &file.display().to_string()]);
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        ran
    }

    /// Writes the config.
    pub(crate) fn write_config(&self, config: &str) {
        let path = self.path("config/contactcmd/config.toml");
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        std::fs::write(&path, config).expect("the config is written");
    }

    /// Adds a line to the account that the first run wrote to the config.
    pub(crate) fn configure(&self, line: &str) {
        let path = self.path("config/contactcmd/config.toml");
        let config = std::fs::read_to_string(&path).expect("the first run wrote a config");
        std::fs::write(&path, format!("{config}{line}\n")).expect("the config is written");
    }

    /// Deletes a contact here as a user would.
    pub(crate) fn delete(&self, uid: &str) {
        let ran = self.run(&["delete", "--yes", uid]);
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    }

    /// Copies the store away; see [`Stage::restore_store`].
    pub(crate) fn save_store(&self) {
        std::fs::copy(self.database(), self.path("saved.db")).expect("the store is copied");
    }

    /// Puts the copy of the store in its place.
    pub(crate) fn restore_store(&self) {
        self.lose_store();
        std::fs::copy(self.path("saved.db"), self.database()).expect("the copy is put back");
    }

    /// Removes the store, and what SQLite keeps beside it.
    pub(crate) fn lose_store(&self) {
        let folder = self.path("data/contactcmd");
        for file in std::fs::read_dir(folder).expect("there is a store") {
            std::fs::remove_file(file.expect("its files are listed").path()).expect("it goes");
        }
    }

    /// How many requests wrote to the server so far.
    pub(crate) fn writes(&self) -> usize {
        let writes = |method: &str| matches!(method, "PUT" | "DELETE" | "POST");
        self.fake.log().iter().filter(|logged| writes(logged.method.as_str())).count()
    }

    /// Pulls and gives the report.
    pub(crate) fn report(&self, more: &[&str]) -> (Ran, Value) {
        let ran = self.pull(&[&["--json"], more].concat());
        let value = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
        (ran, value)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_as(args, Some("secret"))
    }

    pub(crate) fn run_as(&self, args: &[&str], password: Option<&str>) -> Ran {
        let (out, err) = (Shared::default(), Shared::default());
        let mut world = self.world(&out, &err, password.map(str::to_owned));
        let args = std::iter::once("contactcmd").chain(args.iter().copied()).map(Into::into);
        let exit = contactcmd::run(args, &mut world);
        Ran { exit, out: out.text(), err: err.text() }
    }

    /// The same with both streams in one, as they come on a terminal.
    pub(crate) fn run_mixed(&self, args: &[&str], password: Option<&str>) -> (Exit, String) {
        let both = Shared::default();
        let mut world = self.world(&both, &both, password.map(str::to_owned));
        let args = std::iter::once("contactcmd").chain(args.iter().copied()).map(Into::into);
        let exit = contactcmd::run(args, &mut world);
        (exit, both.text())
    }

    fn world(&self, out: &Shared, err: &Shared, password: Option<String>) -> World {
        let home = self.home.path().to_owned();
        let (fake, other) = (self.fake.clone(), self.transport.borrow().clone());
        let (now, chance, pauses) = (self.now.clone(), self.chance.clone(), self.pauses.clone());
        let (clock, dns) = (self.now.clone(), self.dns.clone());
        let is_away = self.is_away.clone();
        let (provider, sent, visits) = (fake.clone(), self.visits.clone(), self.visits.clone());
        World {
            open_repo: Box::new(|path, open| {
                let repo: Box<dyn ContactRepo> = Box::new(SqliteRepo::open(path, open)?);
                Ok(repo)
            }),
            transport: Box::new(move |_| {
                Ok(other.clone().unwrap_or_else(|| Arc::new(fake.clone())))
            }),
            dns: Box::new(move |name, kind| {
                let dns = dns.borrow();
                let found = dns.iter().find(|(known, of, _)| known == name && *of == kind);
                found.map_or(DnsAnswer::Nothing, |(_, _, answer)| answer.clone())
            }),
            credentials: Box::new(self.keychain.clone()),
            env: Box::new(move |name| match name {
                "CONTACTCMD_PASSWORD" => password.clone(),
                "XDG_CONFIG_HOME" => Some(home.join("config").display().to_string()),
                "XDG_DATA_HOME" => Some(home.join("data").display().to_string()),
                "HOME" => Some(home.display().to_string()),
                _ => None,
            }),
            now: Box::new(move || Timestamp(now.get())),
            random: Box::new(move || random(&chance)),
            pause: Box::new(move |length| {
                clock.set(clock.get() + i64::try_from(length.as_millis()).unwrap_or(0));
                pauses.borrow_mut().push(length);
            }),
            open_browser: Box::new(move |page| {
                if is_away.get() {
                    return false;
                }
                sent.borrow_mut().push(provider.sign_in(|provider| provider.agree(page)));
                true
            }),
            listen: Box::new(move || {
                let visits = visits.clone();
                Ok(Loopback {
                    port: 7,
                    wait: Box::new(move |_, reception| receive(&visits, reception)),
                })
            }),
            interrupt: self.interrupt.clone(),
            ui: Ui::new(Box::new(out.clone()), Box::new(err.clone()), Terminal::default()),
        }
    }

    /// The store, for looking.
    pub(crate) fn repo(&self) -> SqliteRepo {
        SqliteRepo::open(&self.database(), contactcmd_ports::Open::Read).expect("the store opens")
    }

    /// Every card here, sorted.
    pub(crate) fn cards_here(&self) -> Vec<String> {
        let mut cards: Vec<String> = self
            .repo()
            .cards_after(None, u32::MAX)
            .expect("the cards are read")
            .into_iter()
            .map(|contact| String::from_utf8_lossy(&contact.vcard).into_owned())
            .collect();
        cards.sort();
        cards
    }

    /// Every card on the server, sorted.
    pub(crate) fn cards_there(&self) -> Vec<String> {
        let mut cards: Vec<String> = self
            .fake
            .cards(&self.book())
            .into_iter()
            .map(|(_, _, bytes)| String::from_utf8_lossy(&bytes).into_owned())
            .collect();
        cards.sort();
        cards
    }

    /// Asserts that both sides are equal: line ends aside, since XML folds them.
    pub(crate) fn assert_equal(&self, when: &str) {
        let plain = |cards: Vec<String>| -> Vec<String> {
            let mut cards: Vec<String> =
                cards.into_iter().map(|card| card.replace("\r\n", "\n")).collect();
            cards.sort();
            cards
        };
        let (here, there) = (plain(self.cards_here()), plain(self.cards_there()));
        assert_eq!(here.len(), there.len(), "{when}: as many contacts here as there");
        assert_eq!(here, there, "{when}");
    }

    /// Asserts that both sides say the same: each contact once, whatever the words.
    pub(crate) fn assert_same(&self, when: &str) {
        let normal = |cards: Vec<String>| {
            let mut all: Vec<_> = cards
                .into_iter()
                .map(|card| {
                    let normal = contactcmd_domain::vcard::normal(&Card::parse(card.as_str()));
                    (format!("{normal:?}"), card)
                })
                .collect();
            all.sort();
            all.into_iter().unzip::<_, _, Vec<String>, Vec<String>>()
        };
        let ((here, cards_here), (there, cards_there)) =
            (normal(self.cards_here()), normal(self.cards_there()));
        assert!(here == there, "{when}: here {cards_here:#?}\nthere {cards_there:#?}");
    }

    /// Asserts that the client did nothing that no careful client does.
    pub(crate) fn assert_no_sins(&self) {
        let sins: Vec<String> = self.fake.sins().iter().map(ToString::to_string).collect();
        assert!(sins.is_empty(), "{sins:?}");
    }
}

/// Lets the visitors in, as the port of the real world does.
fn receive(visits: &RefCell<Vec<String>>, reception: &mut Reception<'_>) -> std::io::Result<()> {
    for address in visits.take() {
        let target = address.strip_prefix("http://127.0.0.1:7").unwrap_or(&address);
        if reception(target).is_break() {
            break;
        }
    }
    Ok(())
}

/// The counts of the only book of a report: created, updated, deleted here.
pub(crate) fn counts(report: &Value) -> [u64; 3] {
    let here = &report["books"][0]["here"];
    ["created", "updated", "deleted"].map(|what| here[what].as_u64().unwrap_or(u64::MAX))
}

/// The name of an invented card.
pub(crate) fn name(number: usize) -> String {
    format!("card-{number:04}.vcf")
}

/// An invented card; `note` tells its versions apart.
pub(crate) fn card(number: usize, note: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:uid-{number:04}\r\nN:Number;Card {number:04};;;\r\n\
         FN:Card {number:04} Number\r\nitem1.EMAIL;type=INTERNET:card{number}@example.org\r\n\
         item1.X-ABLabel:Shed\r\nX-UNKNOWN;FOO=bar:kept\r\nNOTE:{note}\r\nEND:VCARD\r\n"
    )
}

fn random(state: &Cell<u64>) -> [u8; 16] {
    let mut bytes = [0; 16];
    for chunk in bytes.chunks_mut(8) {
        let mut x = state.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        state.set(x);
        chunk.copy_from_slice(&x.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes
}

/// Text that is written in one place and read in another.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
