//! Everything behind the lock: knobs, books, log, faults.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::book::{Access, Book, BookOptions};
use super::digest::Nonces;
use super::faults::Faults;
use super::knobs::SyncSupport::Unsupported;
use super::knobs::{HomeExtras, Knobs};
use super::log::Log;
use super::sign_in::SignIn;

pub(super) struct World {
    /// Shared with the request in hand, so that answering can borrow them beside the books.
    pub(super) knobs: Arc<Knobs>,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) books: BTreeMap<String, Book>,
    /// What is shown of every book while the mood says that they are empty.
    pub(super) emptied: Book,
    pub(super) log: Log,
    pub(super) faults: Faults,
    /// Counts the requests, from 1 for the first.
    pub(super) requests: u64,
    pub(super) failed_logins: u32,
    /// The nonces of Digest challenges.
    pub(super) nonces: Nonces,
    /// The OAuth2 provider.
    pub(super) sign_in: SignIn,
    /// The `NN` of the `pNN-` host that was told last.
    pub(super) pool: u32,
    /// The registrable domain of the first request: credentials belong there.
    pub(super) domain: Option<String>,
    /// Counts the books ever made, so that a book made anew is another one.
    pub(super) epochs: u64,
    /// Counts the names and UIDs that the server invented.
    pub(super) ids: u64,
}

impl World {
    pub(super) fn new(knobs: Knobs) -> Self {
        let (layout, extras) = (knobs.layout.clone(), knobs.home_extras);
        let mut world = Self {
            knobs: Arc::new(knobs),
            user: "alice".to_owned(),
            password: "secret".to_owned(),
            books: BTreeMap::new(),
            emptied: Book::default(),
            log: Log::default(),
            faults: Faults::default(),
            requests: 0,
            failed_logins: 0,
            nonces: Nonces::default(),
            sign_in: SignIn::default(),
            pool: 7,
            domain: None,
            epochs: 0,
            ids: 0,
        };
        let display = Some(layout.book_name.to_owned());
        world.add_book(layout.book, BookOptions { display, ..BookOptions::default() });
        if extras == HomeExtras::Generated {
            world.add_generated();
        }
        world
    }

    pub(super) fn add_book(&mut self, name: &str, options: BookOptions) {
        self.epochs += 1;
        self.books.insert(name.to_owned(), Book::new(options, 1_795_367_763 + self.epochs));
    }

    /// What Nextcloud shows beside the user's own books (Q13, Q51).
    fn add_generated(&mut self) {
        for (name, display, sync) in [
            (
                "z-app-generated--contactsinteraction--recent",
                "Recently contacted",
                Some(Unsupported),
            ),
            ("z-server-generated--system", "Accounts", None),
        ] {
            let display = Some(display.to_owned());
            self.add_book(name, BookOptions { display, access: Access::ReadOnly, sync });
        }
    }

    /// An id of the server's own making, sixteen hex digits, never the same twice.
    pub(super) fn new_id(&mut self) -> String {
        self.ids += 1;
        format!("{:016x}", self.ids.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}
