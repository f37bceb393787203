//! One run of a script, from the first step to the judgement.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use contactcmd_domain::dav::BookInfo;
use contactcmd_tests::fake::{FakeDav, UidConflict};

use super::bends::{Weaker, heal, is_healed, knobs, weaker};
use super::client::Client;
use super::judge::{Court, replaced_are_kept};
use super::ledger::Ledger;
use super::script::{Actor, How, Script, Step, Sync, Trouble};
use super::server::Server;
use super::store::Everything;
use super::{is_traced, say};

/// How a run ended.
pub(super) struct Ended {
    /// What is wrong.
    pub(super) verdict: Result<(), String>,
}

/// Runs a script; a panic is a verdict too.
pub(super) fn run(script: &Script) -> Ended {
    let ended = catch_unwind(AssertUnwindSafe(|| Stage::new(script).run(script)));
    ended.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Ended { verdict: Err(format!("panic: {}", words.unwrap_or_default())) }
    })
}

thread_local! {
    /// What discovery found on each kind of server: once is enough.
    static BOOKS: RefCell<HashMap<Vec<&'static str>, BookInfo>> = RefCell::default();
}

struct Stage {
    server: Server,
    clients: Vec<Client>,
    weaker: Weaker,
}

impl Stage {
    fn new(script: &Script) -> Self {
        let knobs = knobs(&script.bends);
        let book = knobs.layout.book;
        let fake = FakeDav::new(knobs);
        let url = fake.url();
        let server = Server { fake, book, ledger: Arc::new(Mutex::new(Ledger::default())) };
        let key: Vec<&str> = script.bends.iter().map(|bend| bend.name).collect();
        let mut found = BOOKS.with_borrow(|books| books.get(&key).cloned());
        let clients = script.clients.iter().enumerate();
        let clients = clients
            .map(|(at, policy)| Client::new(at, *policy, (&server, url.as_str()), &mut found))
            .collect();
        BOOKS.with_borrow_mut(|books| books.insert(key, found.expect("it was discovered")));
        Self { server, clients, weaker: weaker(&script.bends) }
    }

    fn run(mut self, script: &Script) -> Ended {
        let verdict = self.play(script);
        Ended { verdict }
    }

    fn play(&mut self, script: &Script) -> Result<(), String> {
        for step in &script.steps {
            if is_traced() {
                say(format_args!("{step}"));
            }
            match step {
                Step::Act(Actor::Server, act) => self.server.act(*act),
                Step::Act(Actor::Client(at), act) => {
                    self.clients[*at].act(*act);
                    self.clients[*at].note_texts();
                }
                Step::Days(days) => self.clients.iter().for_each(|client| client.wait(*days)),
                Step::Sync(sync) => self.sync(sync)?,
            }
        }
        self.server.fake.set(|knobs| heal(&script.bends, knobs));
        self.settle(script)
    }

    fn settle(&mut self, script: &Script) -> Result<(), String> {
        // Where nobody learns at once where a new card went, or which one it is, each takes a round more.
        let more = usize::from(self.weaker.silent) + usize::from(self.weaker.nameless);
        let mut rounds = 2 + more;
        let mut round = 0;
        while round < rounds {
            round += 1;
            for by in 0..self.clients.len() {
                let how = if self.weaker.forgets { How::Full } else { How::Plain };
                self.last(by, how, &format!("clean round {round}"))?;
            }
            // Where somebody else deletes what a contact was offered, and where a run has to see twice what
            // another did, that is new one round later.
            let waits = |client: &Client| client.has_open_conflicts() || client.has_notes();
            if round == 1 && self.clients.iter().any(waits) {
                rounds = rounds.max(3);
            }
        }
        let troubles = script.troubles();
        let court = Court {
            clients: &self.clients,
            server: &self.server,
            weaker: self.weaker,
            disturbed: troubles.clone().next().is_some() || is_healed(&script.bends),
            forced: script.is_forced(),
            unsure: script.dropped_meanwhile(),
            twins: self.twins(script),
            reborn: if self.weaker.reborn { script.made_anew() } else { HashSet::new() },
            refused: troubles.clone().any(Trouble::is_refusal),
        };
        court.judge()?;
        for by in 0..self.clients.len() {
            let before = self.dump(by);
            let writes = self.writes();
            // One that compares everything tries again what was refused.
            self.last(by, How::Plain, "the quiet round")?;
            if self.writes() != writes {
                return Err(format!("{} still writes to the server", Actor::Client(by)));
            }
            let after = self.dump(by);
            if after != before {
                let (before, after) = (told(&before), told(&after));
                let who = Actor::Client(by);
                return Err(format!("{who} still changes:\n{before}\nbecomes\n{after}"));
            }
        }
        Ok(())
    }

    /// See [`Court::twins`].
    fn twins(&self, script: &Script) -> HashSet<u32> {
        let mut twins = script.moved_without_uid();
        if self.server.fake.knobs().uid_conflict != UidConflict::Allowed {
            return twins;
        }
        twins.extend(script.created_meanwhile());
        if self.weaker.unguarded {
            twins.extend(script.moved_meanwhile());
        }
        twins
    }

    /// A sync after the faults.
    fn last(&mut self, by: usize, how: How, when: &str) -> Result<(), String> {
        if is_traced() {
            say(format_args!("{when}: {}", Actor::Client(by)));
        }
        self.sync(&Sync { how, ..Sync::plain(by) }).map_err(|error| format!("{when}: {error}"))
    }

    fn sync(&mut self, sync: &Sync) -> Result<(), String> {
        let (before, writes) = (self.dump_if_dry(sync), self.writes());
        let client = &mut self.clients[sync.by];
        match client.sync(sync) {
            None => {}
            Some(outcome) => {
                if let (Err(failure), true) = (&outcome, sync.troubles.is_empty()) {
                    return Err(format!("{sync} failed: {:#}", failure.error));
                }
                if let (Err(failure), true) = (&outcome, is_traced()) {
                    say(format_args!("      failed: {:#}", failure.error));
                }
            }
        }
        client.note_texts();
        if sync.how == How::Dry {
            if Some(self.dump(sync.by)) != before {
                return Err(format!("{sync}: a dry run changed the store"));
            }
            if self.writes() != writes {
                return Err(format!("{sync}: a dry run wrote to the server"));
            }
        }
        replaced_are_kept(&self.clients[sync.by], self.weaker)
            .map_err(|error| format!("{sync}: {error}"))
    }

    fn dump_if_dry(&self, sync: &Sync) -> Option<Everything> {
        (sync.how == How::Dry).then(|| self.dump(sync.by))
    }

    fn dump(&self, by: usize) -> Everything {
        self.clients[by].store.everything()
    }

    /// How many writes clients sent so far.
    fn writes(&self) -> usize {
        self.clients.iter().map(|client| client.wire.writes()).sum()
    }
}

/// As one can read it: texts are lists of numbers to Debug.
fn told(everything: &Everything) -> String {
    let text = format!("{everything:#?}");
    let lines = text.lines().filter(|line| line.trim().parse::<u8>().is_err());
    let digits = |line: &&str| line.trim().trim_end_matches(',').parse::<u8>().is_err();
    lines.filter(digits).collect::<Vec<_>>().join("\n")
}
