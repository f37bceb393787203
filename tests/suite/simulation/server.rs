//! The server's side: what other programs do there, and what passes the wire.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::FakeDav;
use http::{Request, Response};

use super::cards::{Token, new_card, put, reworded, tokens, who, without};
use super::fate::Fate;
use super::ledger::{Ledger, What};
use super::script::{Act, Actor};

/// The fake, with who wanted what of it.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) fake: FakeDav,
    pub(super) book: &'static str,
    pub(super) ledger: Arc<Mutex<Ledger>>,
}

impl Server {
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("nobody panicked with it")
    }

    /// Every card: its name and its text.
    pub(super) fn cards(&self) -> Vec<(String, Vec<u8>)> {
        let texts = self.fake.cards(self.book).into_iter().map(|(_, _, text)| text);
        self.fake.names(self.book).into_iter().zip(texts).collect()
    }

    /// Does what another program wants.
    pub(super) fn act(&self, act: Act) {
        let fake = &self.fake;
        let find =
            |wanted: u32| self.cards().into_iter().find(|(_, text)| who(text) == Some(wanted));
        match act {
            Act::Create(who, shape) => {
                if find(who).is_none() {
                    let mut ledger = self.ledger();
                    let number = ledger.number();
                    let shape = shape.taken_by(&fake.knobs());
                    let card = new_card(who, shape, number);
                    ledger.note_new(Actor::Server, who, &card);
                    fake.put(self.book, &format!("server-{number}.vcf"), card);
                }
            }
            Act::Put(who, kind) => {
                if let Some((name, text)) = find(who) {
                    let token = Token { kind, number: self.ledger().number() };
                    let card = put(&text, token);
                    if tokens(card.as_bytes()).contains(&token) {
                        let had = tokens(&text);
                        self.ledger().note(Actor::Server, who, What::Put(token), had);
                        fake.put(self.book, &name, card);
                    }
                }
            }
            Act::Drop(who, kind) => {
                if let Some((name, text)) = find(who) {
                    let had = tokens(&text);
                    let last = had.iter().rfind(|token| token.kind == kind).copied();
                    if let Some(token) = last {
                        let card = without(&text, token);
                        note_dropped(&mut self.ledger(), Actor::Server, who, (&text, &card));
                        fake.put(self.book, &name, card);
                    }
                }
            }
            Act::Delete(who) => {
                if let Some((name, text)) = find(who) {
                    self.ledger().note(Actor::Server, who, What::Delete, tokens(&text));
                    fake.delete(self.book, &name);
                }
            }
            Act::Touch(who) => drop(find(who).map(|(name, _)| fake.touch(self.book, &name))),
            Act::Move(who) => {
                if let Some((name, _)) = find(who) {
                    let number = self.ledger().number();
                    fake.rename(self.book, &name, &format!("moved-{number}.vcf"));
                }
            }
            Act::Reword(who) => {
                if let Some((name, text)) = find(who) {
                    fake.put(self.book, &name, reworded(&text));
                }
            }
            Act::Prune => fake.prune(self.book),
            Act::Restore(_) => {}
        }
    }
}

/// Notes what a card lost.
pub(super) fn note_dropped(
    ledger: &mut Ledger,
    by: Actor,
    who: u32,
    (before, after): (&[u8], &str),
) {
    let (had, has) = (tokens(before), tokens(after.as_bytes()));
    for token in had.difference(&has) {
        ledger.note(by, who, What::Drop(*token), had.clone());
    }
}

/// The wire of one client: where its process may die and others come in between, and where every card
/// is seen that is replaced or deleted.
pub(super) struct Wire {
    server: Server,
    fate: Arc<Fate>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: usize,
    meanwhile: Vec<(usize, Act)>,
    replaced: Vec<Vec<u8>>,
    writes: usize,
}

impl Wire {
    pub(super) fn new(server: Server, fate: Arc<Fate>) -> Self {
        Self { server, fate, state: Mutex::default() }
    }

    /// Another run: these happen before these requests.
    pub(super) fn start(&self, meanwhile: Vec<(usize, Act)>) {
        let mut state = self.state();
        state.asked = 0;
        state.meanwhile = meanwhile;
    }

    /// The texts that were replaced or deleted on the server since the last call.
    pub(super) fn take_replaced(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.state().replaced)
    }

    /// How many writes were sent so far.
    pub(super) fn writes(&self) -> usize {
        self.state().writes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked with it")
    }

    fn due(&self) -> Vec<Act> {
        let mut state = self.state();
        state.asked += 1;
        let asked = state.asked;
        let due = state.meanwhile.iter().filter(|(at, _)| *at == asked).map(|(_, act)| *act);
        due.collect()
    }
}

#[async_trait]
impl DavTransport for Wire {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        for act in self.due() {
            self.server.act(act);
        }
        if !self.fate.lives() {
            let cause = "the process died".into();
            return Err(TransportError::Unreachable { host: "nowhere".to_owned(), cause });
        }
        let writes = matches!(request.method().as_str(), "PUT" | "DELETE");
        let before = if writes { self.server.cards() } else { Vec::new() };
        let answer = self.server.fake.send(request).await;
        if writes {
            let after = self.server.cards();
            let gone = before.into_iter().filter(|card| !after.contains(card));
            let mut state = self.state();
            state.writes += 1;
            state.replaced.extend(gone.map(|(_, text)| text));
        }
        answer
    }
}
