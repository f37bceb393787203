//! What stands between a client and the fake server: it counts, lets another hand move just before a
//! request, and refuses single contacts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::{Backup, FakeDav};
use http::{Request, Response};

use super::cards;
use super::language::{Does, Hand, Refusal};

/// The way to one server.
pub(super) struct Wire {
    pub(super) fake: FakeDav,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// (method, how many such requests until it is due, what happens)
    hooks: Vec<(String, usize, Hand)>,
    refusals: Vec<Refusal>,
    methods: Vec<String>,
    saved: Option<Backup>,
}

impl Wire {
    pub(super) fn new(fake: FakeDav) -> Self {
        Self { fake, state: Mutex::default() }
    }

    pub(super) fn before(&self, method: &str, nth: usize, hand: Hand) {
        self.state().hooks.push((method.to_owned(), nth, hand));
    }

    /// Hooks that never came to their turn.
    pub(super) fn waiting(&self) -> Vec<Hand> {
        self.state().hooks.iter().map(|(_, _, hand)| hand.clone()).collect()
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        self.state().refusals.push(refusal);
    }

    pub(super) fn accept(&self, who: &str) {
        self.state().refusals.retain(|refusal| refusal.who != who);
    }

    /// How many requests with this method there were.
    pub(super) fn count(&self, method: &str) -> usize {
        self.state().methods.iter().filter(|one| *one == method).count()
    }

    /// How many requests wrote.
    pub(super) fn writes(&self) -> usize {
        ["PUT", "DELETE", "POST"].iter().map(|method| self.count(method)).sum()
    }

    /// Every card of a book: its file name and bytes.
    pub(super) fn cards(&self, book: &str) -> Vec<(String, Vec<u8>)> {
        let names = self.fake.names(book);
        names
            .into_iter()
            .filter_map(|name| self.fake.card(book, &name).map(|card| (name, card)))
            .collect()
    }

    /// Does what another client or the administrator does.
    pub(super) fn moves(&self, hand: Hand) -> Result<(), String> {
        let first = || self.fake.knobs().layout.book.to_owned();
        let book = hand.book.unwrap_or_else(first);
        match hand.does {
            Does::Has(who, said) => {
                let taken = self.fake.names(&book);
                let free = |name: &String| !taken.contains(name);
                let mut names = (1..).map(|nth| match nth {
                    1 => format!("{}.vcf", cards::slug(&who)),
                    nth => format!("{}-{nth}.vcf", cards::slug(&who)),
                });
                let name = names.find(free).unwrap_or_default();
                self.fake.put(&book, &name, cards::new(&who, &said));
            }
            Does::Edits(who, said) => {
                let (name, card) = self.find(&book, &who)?;
                self.fake.put(&book, &name, cards::edited(&card, &said));
            }
            Does::Deletes(who) => {
                let (name, _) = self.find(&book, &who)?;
                self.fake.delete(&book, &name);
            }
            Does::Moves(who) => {
                let (name, _) = self.find(&book, &who)?;
                self.fake.rename(&book, &name, &format!("moved-{name}"));
            }
            Does::Empties => {
                for (name, _) in self.cards(&book) {
                    self.fake.delete(&book, &name);
                }
            }
            Does::IsSaved => self.state().saved = Some(self.fake.backup()),
            Does::IsRestored => {
                let saved = self.state().saved.clone().ok_or("it was never saved")?;
                self.fake.restore(&saved);
            }
        }
        Ok(())
    }

    fn find(&self, book: &str, who: &str) -> Result<(String, Vec<u8>), String> {
        let mut cards = self.cards(book);
        cards.retain(|(_, card)| cards::name(card) == who);
        match cards.len() {
            1 => Ok(cards.remove(0)),
            count => Err(format!("the server has {count} contacts called {who}")),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hooks_for(&self, method: &str) -> Vec<Hand> {
        let mut state = self.state();
        state.methods.push(method.to_owned());
        let mut due = Vec::new();
        state.hooks.retain_mut(|(wanted, left, hand)| {
            if wanted != method {
                return true;
            }
            *left -= 1;
            if *left == 0 {
                due.push(hand.clone());
            }
            *left > 0
        });
        due
    }

    fn refusal_of(&self, request: &Request<Vec<u8>>) -> Option<Response<Vec<u8>>> {
        if request.method() != "PUT" {
            return None;
        }
        let who = cards::name(request.body());
        let refusal = self.state().refusals.iter().find(|one| one.who == who).cloned()?;
        let Refusal { status, words, .. } = refusal;
        let condition =
            !words.is_empty() && words.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let (kind, body) = if condition {
            let xml = format!(
                "<d:error xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:carddav\"><c:{words}/></d:error>"
            );
            ("application/xml", xml)
        } else {
            ("text/plain", words)
        };
        let answer = Response::builder().status(status).header("content-type", kind);
        answer.body(body.into_bytes()).ok()
    }
}

#[async_trait]
impl DavTransport for Wire {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        for hand in self.hooks_for(request.method().as_str()) {
            self.moves(hand).unwrap_or_else(|found| panic!("before this request: {found}"));
        }
        match self.refusal_of(&request) {
            Some(refusal) => Ok(refusal),
            None => self.fake.send(request).await,
        }
    }
}
