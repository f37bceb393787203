//! Plays a scenario line by line: the real command line against the fake server.

use std::collections::BTreeMap;
use std::sync::Arc;

use contactcmd_domain::vcard::{Card, normal};
use contactcmd_ports::{ContactRepo, Page};
use contactcmd_tests::fake::{Access, BookOptions, Knobs};

use super::cards::{self, Fields};
use super::knobs;
use super::language::{Deed, Expectation, Side, Step};
use super::wire::Wire;
use crate::engine::stage::{Ran, Stage};

/// The server and the machines of a scenario.
#[derive(Default)]
pub(super) struct Play {
    stage: Option<Scene>,
}

struct Scene {
    wire: Arc<Wire>,
    a: Machine,
    b: Machine,
    /// Whether something is to happen at a request of the next command.
    in_wait: bool,
}

struct Machine {
    stage: Stage,
    /// What its last command did.
    last: Option<Ran>,
}

impl Play {
    /// Does one line; the error says what was found instead.
    pub(super) fn step(&mut self, step: Step) -> Result<(), String> {
        if let Step::Server(profile) = &step {
            let profile = if profile == "default" { "rfc" } else { profile };
            let knobs = Knobs::named(profile).ok_or(format!("no server is called {profile}"))?;
            self.end()?;
            self.stage = Some(Scene::new(knobs));
            return Ok(());
        }
        self.stage.as_mut().ok_or("there is no server yet")?.step(step)
    }

    /// What has to hold at the end of every scenario.
    pub(super) fn end(&self) -> Result<(), String> {
        let Some(scene) = &self.stage else { return Ok(()) };
        let sins: Vec<String> = scene.wire.fake.sins().iter().map(ToString::to_string).collect();
        let waiting = scene.wire.waiting();
        if !sins.is_empty() {
            return Err(format!("no careful client does this: {sins:?}"));
        }
        if !waiting.is_empty() {
            return Err(format!("never came to their turn: {waiting:?}"));
        }
        Ok(())
    }

    /// What the machines said last.
    pub(super) fn last_words(&self) -> String {
        let Some(scene) = &self.stage else { return String::new() };
        let said = |name: &str, machine: &Machine| match &machine.last {
            Some(ran) => format!("{name} said, exit {:?}:\n{}{}", ran.exit, ran.out, ran.err),
            None => String::new(),
        };
        said("a", &scene.a) + &said("b", &scene.b)
    }
}

impl Scene {
    fn new(knobs: Knobs) -> Self {
        let a = Stage::new(knobs);
        let b = Stage::beside(&a);
        let wire = Arc::new(Wire::new(a.fake.clone()));
        a.use_transport(wire.clone());
        b.use_transport(wire.clone());
        let machine = |stage| Machine { stage, last: None };
        Self { wire, a: machine(a), b: machine(b), in_wait: false }
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Server(_) => Ok(()),
            Step::With { knob, value } => {
                let mut turned = Ok(());
                self.wire.fake.set(|knobs| turned = knobs::turn(knobs, &knob, &value));
                turned
            }
            Step::Book { name, read_only } => {
                self.book(&name, read_only);
                Ok(())
            }
            Step::There(hand) => self.wire.moves(hand),
            Step::Client { client, deed, exit } => {
                let foretold = self.foretold(client, &deed);
                self.in_wait &= !matches!(deed, Deed::Syncs { .. });
                let ran = self.machine(client).does(deed)?;
                let code = ran.exit as u8;
                let said = plan(&ran.out);
                // That a book takes nothing is found by sending.
                let is_told = |line: &&String| {
                    said.contains(line) || ran.err.contains("cannot be written to")
                };
                if let Some(line) = foretold.iter().find(|line| !is_told(line)) {
                    return Err(format!("the dry run said {line:?}, and the run\n{}", ran.out));
                }
                self.machine(client).last = Some(ran);
                ended(code, exit)
            }
            Step::Sets { client, line } => {
                self.machine(client).stage.configure(&line);
                Ok(())
            }
            Step::Fault { method, nth, fault } => {
                self.wire.fake.fail_method(&method, nth, fault);
                self.in_wait = true;
                Ok(())
            }
            Step::Before { method, nth, hand } => {
                self.wire.before(&method, nth, hand);
                self.in_wait = true;
                Ok(())
            }
            Step::Refuse(refusal) => {
                self.wire.refuse(refusal);
                Ok(())
            }
            Step::Accept(who) => {
                self.wire.accept(&who);
                Ok(())
            }
            Step::Expect(expectation) => self.check(expectation),
        }
    }

    /// What a dry run says just before a sync, which has to say the same; nothing where something is to
    /// happen at a request that the dry run would take from it.
    fn foretold(&mut self, client: char, deed: &Deed) -> Vec<String> {
        let Deed::Syncs { direction, options } = deed else { return Vec::new() };
        if self.in_wait {
            return Vec::new();
        }
        let mut args = vec!["--direction", direction, "--dry-run"];
        args.extend(options.iter().map(String::as_str));
        plan(&self.machine(client).stage.pull(&args).out)
    }

    fn book(&self, name: &str, read_only: bool) {
        let access = if read_only { Access::ReadOnly } else { Access::ReadWrite };
        if name == self.first_book() {
            self.wire.fake.set_book(name, |options| options.access = access);
        } else {
            let display = Some(name.to_owned());
            self.wire
                .fake
                .add_book(name, BookOptions { display, access, ..BookOptions::default() });
        }
    }

    fn first_book(&self) -> String {
        self.a.stage.book()
    }

    fn machine(&mut self, client: char) -> &mut Machine {
        if client == 'a' { &mut self.a } else { &mut self.b }
    }

    /// Every card of one side.
    fn cards(&mut self, side: &Side) -> Vec<Vec<u8>> {
        match side {
            Side::There(book) => {
                let book = book.clone().unwrap_or_else(|| self.first_book());
                self.wire.cards(&book).into_iter().map(|(_, card)| card).collect()
            }
            Side::Client(client) => self.machine(*client).cards(),
        }
    }

    fn check(&mut self, expectation: Expectation) -> Result<(), String> {
        match expectation {
            Expectation::Contact(side, who, said) => is_there(&self.cards(&side), &who, &said),
            Expectation::NoContact(side, who) => {
                let cards = self.cards(&side);
                let found = cards.iter().find(|card| cards::name(card) == who);
                found.map_or(Ok(()), |card| Err(String::from_utf8_lossy(card).into_owned()))
            }
            Expectation::Count(side, count) => {
                let cards = self.cards(&side);
                if cards.len() == count { Ok(()) } else { Err(format!("it has {}", all(&cards))) }
            }
            Expectation::EveryoneAgrees => self.everyone_agrees(),
            Expectation::Says { client, text, says } => {
                let ran = self.machine(client).last.as_ref().ok_or("it said nothing yet")?;
                let said = ran.out.contains(&text) || ran.err.contains(&text);
                if said == says { Ok(()) } else { Err("it said:".to_owned()) }
            }
            Expectation::Keeps(client, text) => {
                let kept = self.machine(client).kept();
                let found = kept.iter().any(|kept| kept.contains(&text));
                if found { Ok(()) } else { Err(format!("it keeps {kept:#?}")) }
            }
            Expectation::Quiet(client, exit) => self.is_quiet(client, exit),
            Expectation::Requests { at_least, at_most, method } => {
                let count = self.wire.count(&method);
                let good = (at_least..=at_most).contains(&count);
                if good { Ok(()) } else { Err(format!("there were {count}")) }
            }
        }
    }

    /// All stores and the server say the same, each contact once.
    fn everyone_agrees(&mut self) -> Result<(), String> {
        let sides = [Side::There(None), Side::Client('a'), Side::Client('b')];
        let mut sets: Vec<Vec<Vec<u8>>> = Vec::new();
        for side in sides {
            if !matches!(side, Side::Client('b')) || self.b.stage.database().exists() {
                sets.push(self.cards(&side));
            }
        }
        let normals = |cards: &Vec<Vec<u8>>| {
            let mut normals: Vec<String> = cards
                .iter()
                .map(|card| format!("{:?}", normal(&Card::parse(card.as_slice()))))
                .collect();
            normals.sort();
            normals
        };
        let names = |cards: &Vec<Vec<u8>>| {
            let mut names: Vec<String> = cards.iter().map(|card| cards::name(card)).collect();
            names.sort();
            let all = names.len();
            names.dedup();
            names.len() == all
        };
        let agree = sets.windows(2).all(|two| normals(&two[0]) == normals(&two[1]));
        if agree && sets.iter().all(names) {
            return Ok(());
        }
        let texts: Vec<String> = sets.iter().map(|cards| texts(cards)).collect();
        Err(format!("there, then here:\n{}", texts.join("\n--\n")))
    }

    /// One more sync writes nothing on either side.
    fn is_quiet(&mut self, client: char, exit: Option<u8>) -> Result<(), String> {
        let book = self.first_book();
        let before = (self.wire.writes(), self.wire.cards(&book));
        let machine = self.machine(client);
        let here = (machine.cards(), machine.kept());
        let ran = machine.stage.sync(&[]);
        let after = (machine.cards(), machine.kept());
        let code = ran.exit as u8;
        machine.last = Some(ran);
        if here != after {
            return Err(format!("here it had {} and has {}", texts(&here.0), texts(&after.0)));
        }
        if before != (self.wire.writes(), self.wire.cards(&book)) {
            return Err(format!("it sent {} writes", self.wire.writes() - before.0));
        }
        ended(code, exit)
    }
}

impl Machine {
    fn does(&self, deed: Deed) -> Result<Ran, String> {
        Ok(match deed {
            Deed::Adds(who, said) => {
                let (given, family) = who.split_once(' ').unwrap_or((who.as_str(), ""));
                let name = ["--given", given, "--family", family];
                self.run(&["add"], &name, &said)?
            }
            Deed::Edits(who, said) => self.run(&["edit", &who], &[], &said)?,
            Deed::Deletes(who) => self.stage.run(&["delete", "--yes", &who]),
            Deed::Imports(who, said) => {
                self.stage.import(&String::from_utf8_lossy(&cards::new(&who, &said)))
            }
            Deed::Syncs { direction, options } => {
                let options: Vec<&str> = options.iter().map(String::as_str).collect();
                self.stage.pull(&[&["--direction", direction], options.as_slice()].concat())
            }
            Deed::Runs(args) => {
                self.stage.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
            }
        })
    }

    fn run(&self, command: &[&str], name: &[&str], said: &Fields) -> Result<Ran, String> {
        let mut options = Vec::new();
        for part in said {
            options.extend(part.options()?);
        }
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        Ok(self.stage.run(&[command, name, options.as_slice()].concat()))
    }

    fn cards(&self) -> Vec<Vec<u8>> {
        if !self.stage.database().exists() {
            return Vec::new();
        }
        self.stage.cards_here().into_iter().map(String::into_bytes).collect()
    }

    /// The texts in its history and its conflicts.
    fn kept(&self) -> Vec<String> {
        if !self.stage.database().exists() {
            return Vec::new();
        }
        let repo = self.stage.repo();
        let past = repo.history(None, Page::first(10_000)).expect("the history is read");
        let conflicts = repo.conflicts(None).expect("the conflicts are read");
        let texts = past.into_iter().map(|past| past.before);
        let both = conflicts.into_iter().flat_map(|one| [one.local, one.remote]);
        texts.chain(both).map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
    }
}

/// The lines of a plan.
fn plan(out: &str) -> Vec<String> {
    let is_planned = |line: &&str| {
        line.split_once(' ')
            .is_some_and(|(sign, _)| matches!(sign, "+" | "~" | "-" | "=" | "!" | "?"))
    };
    out.lines().map(str::trim).filter(is_planned).map(str::to_owned).collect()
}

fn ended(code: u8, wanted: Option<u8>) -> Result<(), String> {
    if wanted.is_none_or(|wanted| wanted == code) {
        return Ok(());
    }
    Err(format!("it ended with {code}"))
}

fn is_there(cards: &[Vec<u8>], who: &str, said: &Fields) -> Result<(), String> {
    let found: Vec<&Vec<u8>> = cards.iter().filter(|card| cards::name(card) == who).collect();
    match found.as_slice() {
        [card] => match cards::missing(card, said) {
            Some(what) => Err(format!("{what}:\n{}", String::from_utf8_lossy(card))),
            None => Ok(()),
        },
        _ => Err(format!("there is no one {who} but {}", all(cards))),
    }
}

fn all(cards: &[Vec<u8>]) -> String {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for card in cards {
        *names.entry(cards::name(card)).or_default() += 1;
    }
    format!("{} contacts: {names:?}", cards.len())
}

fn texts(cards: &[Vec<u8>]) -> String {
    cards.iter().map(|card| String::from_utf8_lossy(card)).collect()
}
