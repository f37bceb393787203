//! A world with a store on disk, for the commands that read what others wrote.

use std::cell::Cell;
use std::rc::Rc;

use contactcmd_adapters::sqlite::SqliteRepo;
use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::dav::{Access, BookInfo, Capabilities, ETag, Href, Location};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::{Card, index};
use contactcmd_ports::{
    AccountDraft, BookId, Change, Conflict, ContactRepo, Editor, KeptConflict, NewContact, Open,
    RunId, Which, Why,
};

use super::testing::{Folder, Stage, id};
use crate::{Exit, World};

/// A folder with config and database, a clock that is set by hand, and what was printed.
pub(crate) struct Desk {
    pub(crate) stage: Stage,
    folder: Folder,
    now: Rc<Cell<i64>>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let stage = Stage::new()
            .env("XDG_CONFIG_HOME", folder.root().to_str().unwrap())
            .env("XDG_DATA_HOME", folder.root().to_str().unwrap());
        Self { stage, folder, now: Rc::new(Cell::new(1_700_000_000_000)) }
    }

    /// Runs a command; the clock goes on by a second.
    pub(crate) fn run(&self, args: &[&str]) -> Exit {
        let mut world = self.world();
        crate::run::run(["contactcmd"].iter().chain(args).map(Into::into), &mut world)
    }

    /// The world of a command; the clock goes on by a second.
    pub(crate) fn world(&self) -> World {
        self.tick();
        let mut world = self.stage.world();
        world.open_repo = Box::new(|path, how| {
            SqliteRepo::open(path, how).map(|repo| Box::new(repo) as Box<dyn ContactRepo>)
        });
        let now = Rc::clone(&self.now);
        world.now = Box::new(move || Timestamp(now.get()));
        world
    }

    /// Runs a command that must go well, and gives what it printed.
    pub(crate) fn done(&self, args: &[&str]) -> String {
        let exit = self.run(args);
        assert_eq!(exit, Exit::Done, "{args:?}: {}", self.stage.stderr());
        self.stage.take_stdout()
    }

    pub(crate) fn later(&self, days: i64) {
        self.now.set(self.now.get() + days * 86_400_000);
    }

    pub(crate) fn config(&self, text: &str) {
        let folder = self.folder.path("contactcmd");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    pub(crate) fn repo(&self) -> SqliteRepo {
        let folder = self.folder.path("contactcmd");
        std::fs::create_dir_all(&folder).unwrap();
        SqliteRepo::open(&folder.join("contacts.db"), Open::Write).unwrap()
    }

    /// Imports cards, replacing those of the same UID.
    pub(crate) fn import(&self, cards: &[&str]) {
        let file = self.folder.path("import.vcf");
        std::fs::write(&file, cards.iter().map(|lines| card(lines)).collect::<String>()).unwrap();
        self.done(&["import", "vcard", "--update", file.to_str().unwrap()]);
    }

    pub(crate) fn runs(&self) -> usize {
        self.repo().runs(99).unwrap().len()
    }

    pub(crate) fn book(&self) -> BookId {
        self.book_at("https://a.example/b/", "Contacts")
    }

    pub(crate) fn another_book(&self) -> BookId {
        self.book_at("https://a.example/c/", "Others")
    }

    fn book_at(&self, url: &str, name: &str) -> BookId {
        let mut repo = self.repo();
        let account = AccountDraft {
            name: "work".into(),
            server: "https://a.example/".into(),
            username: "ada".into(),
            home_sets: Vec::new(),
        };
        let account = repo.save_account(&account).unwrap().id;
        let info = BookInfo {
            location: Location::parse(url).unwrap(),
            name: name.into(),
            access: Access::ReadWrite,
            capabilities: Capabilities::default(),
            ctag: None,
            sync_token: None,
            hidden: false,
        };
        let books = repo.save_books(account, &[info]).unwrap();
        books.iter().find(|book| book.info.name == name).unwrap().id
    }

    /// Applies changes as one run of a sync.
    pub(crate) fn sync(&self, changes: &[Change]) -> RunId {
        self.tick();
        let at = Timestamp(self.now.get());
        let mut repo = self.repo();
        let run = repo.begin_run("sync carddav", at).unwrap();
        repo.apply(run, at, changes).unwrap();
        run
    }

    /// A contact that has this card here and on the server.
    pub(crate) fn linked(&self, number: u8, lines: &str) -> Change {
        let card = Card::parse(card(lines));
        let link = Link { etag: ETag::new("\"1\""), ..link(number, lines, 0) };
        let contact = NewContact { id: id(number), index: index(&card), vcard: card.into_bytes() };
        Change::Insert { contact, link: Some((self.book(), link)) }
    }

    /// The only conflict there is.
    pub(crate) fn conflict(&self) -> KeptConflict {
        let mut all = self.repo().kept_conflicts(Which::All).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    /// The card of a contact, without its first and last lines; `None` when it is not here.
    pub(crate) fn text(&self, id: ContactId) -> Option<String> {
        let found = self.repo().contact(id).unwrap()?;
        Some(inside(&found.vcard))
    }

    fn tick(&self) {
        self.now.set(self.now.get() + 1000);
    }
}

/// A card with these lines, written with `|` between them.
pub(crate) fn card(lines: &str) -> String {
    let lines = lines.replace('|', "\r\n");
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD\r\n")
}

/// The lines of a card, with `|` between them.
pub(crate) fn inside(card: &[u8]) -> String {
    let text = String::from_utf8_lossy(card).into_owned();
    let text = text.strip_prefix("BEGIN:VCARD\r\nVERSION:3.0\r\n").unwrap();
    text.strip_suffix("\r\nEND:VCARD\r\n").unwrap().replace("\r\n", "|")
}

pub(crate) fn href(number: u8) -> Href {
    Href::new(format!("/b/{number}.vcf"))
}

/// A link to the card of this number, without an ETag.
pub(crate) fn link(number: u8, base: &str, seen: u64) -> Link {
    Link { href: href(number), etag: None, base: Some(card(base).into_bytes()), seen }
}

/// An edit by the user, or by a sync.
pub(crate) fn replace(number: u8, lines: &str, editor: Editor) -> Change {
    let card = Card::parse(card(lines));
    Change::Replace {
        contact: id(number),
        index: index(&card),
        vcard: card.into_bytes(),
        editor,
        why: Why(match editor {
            Editor::User => "edited".into(),
            Editor::Sync => "changed on the server".into(),
        }),
    }
}

/// An undecided conflict.
pub(crate) fn conflict(number: u8, book: BookId, texts: [Option<&str>; 3]) -> Change {
    let [base, local, remote] = texts.map(|text| text.map(|text| card(text).into_bytes()));
    Change::Conflict(Conflict {
        contact: id(number),
        book,
        href: href(number),
        base,
        local: local.unwrap(),
        remote: remote.unwrap(),
        decided: None,
        at: Timestamp(1_700_000_000_000),
    })
}
