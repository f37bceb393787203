//! The one fake CardDAV server.
//!
//! [`FakeDav::handle`] is a plain function from request to response. The fake *is* a
//! [`contactcmd_ports::DavTransport`] for tests in process, and [`crate::serve`] puts it on
//! loopback. [`Knobs`] bend it, one field for each way in which real servers differ from the RFCs;
//! [`Knobs::icloud`] and its like are whole servers. It writes down what clients send
//! ([`FakeDav::log`]) and what they should not have sent ([`FakeDav::sins`]).
//!
//! ```
//! use contactcmd_tests::fake::{FakeDav, Knobs};
//!
//! let fake = FakeDav::new(Knobs::nextcloud());
//! fake.put("contacts", "ada.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Ada\r\nEND:VCARD\r\n");
//! assert_eq!(fake.cards("contacts").len(), 1);
//! ```

mod ask;
mod auth;
mod body;
mod book;
mod card;
mod digest;
mod etag;
mod faults;
mod handle;
mod judge;
mod knobs;
mod log;
mod md5;
mod place;
mod profiles;
mod prop_names;
mod propfind;
mod props;
mod read;
mod reply;
mod rewrite;
mod sign_in;
mod sync;
mod token;
mod transport;
mod world;
mod write;
mod xml;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Request, Response};

pub use book::{Access, BookOptions};
pub use faults::Fault;
pub use handle::Answer;
pub use knobs::*;
pub use log::{Logged, Sin, SinKind};
pub use sign_in::SignIn;

use book::Book;
use card::Card;
use etag::listed_etag;
use place::Hrefs;
use world::World;

/// A CardDAV server in memory, with one user and at first one book. Clones are the same server.
///
/// The user is `alice` with the password `secret`; the book is the layout's, usually `contacts`.
/// The methods beside [`FakeDav::handle`] are the hand of another client or of the administrator:
/// they look at no knob but those that spell hrefs and ETags. Those that take the name of a book
/// panic when there is none, since that is a mistake of the test.
#[derive(Clone)]
pub struct FakeDav {
    world: Arc<Mutex<World>>,
}

/// Everything that a backup of the server would bring back: see [`FakeDav::restore`].
#[derive(Clone)]
pub struct Backup {
    books: std::collections::BTreeMap<String, Book>,
}

impl FakeDav {
    /// A server of this kind with an empty book.
    pub fn new(knobs: Knobs) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(knobs))) }
    }

    /// Answers one request. Faults that need a connection (a drop, a time-out) answer 502 here.
    pub fn handle(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        match self.answer(request) {
            Answer::Whole(reply) | Answer::ThenClose(reply) => reply,
            Answer::Cut(_) | Answer::Closed | Answer::Silent | Answer::Unreachable => {
                reply::bare(502)
            }
        }
    }

    /// Answers one request, faults included; for transports.
    pub fn answer(&self, request: Request<Vec<u8>>) -> Answer {
        self.world().answer(request)
    }

    /// Turns knobs while running: `fake.set(|k| k.bad_token = BadToken::Status(410))`.
    pub fn set(&self, turn: impl FnOnce(&mut Knobs)) {
        turn(Arc::make_mut(&mut self.world().knobs));
    }

    /// How it behaves now.
    pub fn knobs(&self) -> Knobs {
        Knobs::clone(&self.world().knobs)
    }

    /// Orders a fault for the `nth` request from now; 1 is the next.
    pub fn fail_next(&self, nth: usize, fault: Fault) {
        self.world().faults.order(None, nth, fault);
    }

    /// Orders a fault for the `nth` request with this method from now; 1 is the next.
    pub fn fail_method(&self, method: &str, nth: usize, fault: Fault) {
        let method = Method::from_bytes(method.as_bytes()).ok();
        self.world().faults.order(method, nth, fault);
    }

    /// Takes back every fault that has not happened yet.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// What was asked so far, oldest first; the last 50,000 requests.
    pub fn log(&self) -> Vec<Logged> {
        self.world().log.entries.iter().cloned().collect()
    }

    /// What clients did that no careful client does, oldest first.
    pub fn sins(&self) -> Vec<Sin> {
        self.world().log.sins.clone()
    }

    /// Forgets log and sins.
    pub fn clear_log(&self) {
        self.world().log = log::Log::default();
    }

    /// How many requests came so far, whatever became of the log.
    pub fn requests(&self) -> u64 {
        self.world().requests
    }

    /// Gives the user another name and password. The paths stay as they are.
    pub fn set_login(&self, user: &str, password: &str) {
        let mut world = self.world();
        world.user = user.to_owned();
        world.password = password.to_owned();
        world.failed_logins = 0;
    }

    /// Gives the user another password.
    pub fn set_password(&self, password: &str) {
        let user = self.world().user.clone();
        self.set_login(&user, password);
    }

    /// The OAuth2 provider that belongs to the server; see [`Auth::OAuth2`].
    pub fn sign_in<T>(&self, work: impl FnOnce(&mut SignIn) -> T) -> T {
        work(&mut self.world().sign_in)
    }

    /// Adds a book, or replaces one by an empty one that is not the same book.
    pub fn add_book(&self, name: &str, options: BookOptions) {
        self.world().add_book(name, options);
    }

    /// Removes a book and everything in it.
    pub fn remove_book(&self, name: &str) {
        self.world().books.remove(name);
    }

    /// Changes the display name, access or sync mode of a book.
    pub fn set_book(&self, name: &str, turn: impl FnOnce(&mut BookOptions)) {
        self.in_book(name, |book| turn(&mut book.options));
    }

    /// Stores a card as it is and returns its ETag as listings give it.
    pub fn put(&self, book: &str, name: &str, card: impl Into<Vec<u8>>) -> String {
        let card = Card::new(card.into());
        let knobs = self.world().knobs.clone();
        self.in_book(book, |book| {
            book.put(name, card);
            let card = book.cards.get(name);
            card.map(|card| listed_etag(&knobs, card).into_owned()).unwrap_or_default()
        })
    }

    /// Deletes a card; whether it was there.
    pub fn delete(&self, book: &str, name: &str) -> bool {
        self.in_book(book, |book| book.delete(name))
    }

    /// Moves a card to another name, as a client would: UID and content stay.
    pub fn rename(&self, book: &str, from: &str, to: &str) {
        self.in_book(book, |book| {
            let card = book.cards.get(from).map(|card| Card::new(card.bytes.clone()));
            book.delete(from);
            if let Some(card) = card {
                book.put(to, card);
            }
        });
    }

    /// Reports a card as changed although it is not (Q66).
    pub fn touch(&self, book: &str, name: &str) {
        self.in_book(book, |book| book.touch(name));
    }

    /// The stored bytes of a card.
    pub fn card(&self, book: &str, name: &str) -> Option<Vec<u8>> {
        self.in_book(book, |book| book.cards.get(name).map(|card| card.bytes.clone()))
    }

    /// Every card of a book as (href, ETag, stored bytes), sorted by name.
    pub fn cards(&self, book: &str) -> Vec<(String, String, Vec<u8>)> {
        let knobs = self.world().knobs.clone();
        let hrefs = Hrefs::new(&knobs, "");
        let row = |(name, card): (&book::Name, &Card)| {
            (hrefs.card(book, name), listed_etag(&knobs, card).into_owned(), card.bytes.clone())
        };
        self.in_book(book, |book| book.cards.iter().map(row).collect())
    }

    /// The names of a book's cards, decoded and sorted.
    pub fn names(&self, book: &str) -> Vec<String> {
        self.in_book(book, |book| book.cards.keys().map(ToString::to_string).collect())
    }

    /// The path of a card (or of the book, for an empty name) as the server spells it.
    pub fn href(&self, book: &str, name: &str) -> String {
        let knobs = self.world().knobs.clone();
        let hrefs = Hrefs::new(&knobs, "");
        if name.is_empty() { hrefs.book(book) } else { hrefs.card(book, name) }
    }

    /// Forgets the change log of a book: tokens from before are stale (Q55).
    pub fn prune(&self, book: &str) {
        self.in_book(book, Book::prune);
    }

    /// Everything that [`FakeDav::restore`] needs to go back to now.
    pub fn backup(&self) -> Backup {
        Backup { books: self.world().books.clone() }
    }

    /// Goes back to a backup: cards, change log and token counter are as they were then (Q56).
    pub fn restore(&self, backup: &Backup) {
        self.world().books = backup.books.clone();
    }

    /// The user's name and password.
    pub fn login(&self) -> (String, String) {
        let world = self.world();
        (world.user.clone(), world.password.clone())
    }

    /// Where to start discovery in process; any other host name works as well.
    pub fn url(&self) -> String {
        let layout = self.world().knobs.layout.clone();
        match layout.address {
            Some(address) => address.to_owned(),
            None => format!("https://dav.example.test{}", layout.root),
        }
    }

    fn in_book<T>(&self, name: &str, work: impl FnOnce(&mut Book) -> T) -> T {
        let mut world = self.world();
        match world.books.get_mut(name) {
            Some(book) => work(book),
            None => panic!("the fake has no book {name}"),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
