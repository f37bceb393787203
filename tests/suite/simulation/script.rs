//! What happens in one run, as readable steps.

use std::collections::HashSet;
use std::fmt;

use contactcmd_domain::sync::policy::{ConflictPolicy, Direction};
use contactcmd_tests::fake::Fault;

use super::bends::{Bend, bends, is_impossible};
use super::cards::{KINDS, Kind, Shape};
use super::chance::Chance;

/// One run: who takes part, how the server is bent, and what happens.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// One conflict policy a client.
    pub(super) clients: Vec<ConflictPolicy>,
    pub(super) bends: Vec<&'static Bend>,
    pub(super) steps: Vec<Step>,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Actor {
    Client(usize),
    /// Another program, by way of the server.
    Server,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Act(Actor, Act),
    Sync(Sync),
    /// So many days pass.
    Days(i64),
}

/// Something done to a contact, which is nothing where there is no such contact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Act {
    Create(u32, Shape),
    Put(u32, Kind),
    /// Takes away the value of this kind that was written last.
    Drop(u32, Kind),
    Delete(u32),
    /// Takes a deletion back (clients only).
    Restore(u32),
    /// Reports it as changed (the server only).
    Touch(u32),
    /// To another name (the server only).
    Move(u32),
    /// Writes it in other words (the server only).
    Reword(u32),
    /// Forgets the change log (the server only).
    Prune,
}

impl Act {
    /// Whether it changes what a card of this contact says.
    fn edits(self, who: u32) -> bool {
        matches!(self, Self::Put(one, _) | Self::Drop(one, _) if one == who)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sync {
    pub(super) by: usize,
    pub(super) direction: Direction,
    pub(super) how: How,
    pub(super) troubles: Vec<Trouble>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Plain,
    Full,
    Force,
    Dry,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trouble {
    /// For the n-th request with this method.
    Fault(&'static str, usize, Fault),
    /// The process dies before the n-th thing that it writes or asks.
    Crash(usize),
    /// Something happens on the server just before the n-th request.
    Meanwhile(usize, Act),
}

impl Trouble {
    /// Whether the server says no to a request for no reason.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Fault(_, _, Fault::Status(..)))
    }
}

impl Sync {
    pub(super) fn plain(by: usize) -> Self {
        Self { by, direction: Direction::Sync, how: How::Plain, troubles: Vec::new() }
    }
}

impl Script {
    /// The script of a seed.
    pub(super) fn random(chance: &mut Chance) -> Self {
        let bends = match chance.below(100) {
            0..45 => Vec::new(),
            45..63 => vec![chance.pick(bends())],
            63..70 => {
                let (one, other) = (chance.pick(bends()), chance.pick(bends()));
                if is_impossible(&[one, other]) { vec![one] } else { vec![one, other] }
            }
            _ => vec![chance.pick(super::bends::profiles())],
        };
        Self::random_with(bends, chance)
    }

    /// Everything that disturbs a sync.
    pub(super) fn troubles(&self) -> impl Iterator<Item = &Trouble> + Clone {
        self.steps.iter().flat_map(|step| match step {
            Step::Sync(sync) => sync.troubles.as_slice(),
            _ => &[],
        })
    }

    /// The kinds of values that somebody takes out of a card while a client synchronises. Who was created
    /// twice, or edited where both values are kept, may have two of a kind, and an edit leaves one of them.
    pub(super) fn dropped_meanwhile(&self) -> Vec<Kind> {
        let creates = |who: u32| {
            let is_it =
                |step: &&Step| matches!(step, Step::Act(_, Act::Create(one, _)) if *one == who);
            self.steps.iter().filter(is_it).count()
        };
        let keeps_both = self.clients.contains(&ConflictPolicy::Both);
        let dropped = |trouble: &Trouble| match trouble {
            Trouble::Meanwhile(_, Act::Put(who, _)) if !keeps_both && creates(*who) < 2 => {
                Vec::new()
            }
            Trouble::Meanwhile(_, Act::Drop(_, Kind::Phone) | Act::Put(_, Kind::Phone)) => {
                vec![Kind::Phone, Kind::Label]
            }
            Trouble::Meanwhile(_, Act::Drop(_, kind) | Act::Put(_, kind)) => vec![*kind],
            _ => Vec::new(),
        };
        self.troubles().flat_map(dropped).collect()
    }

    /// Everything that anybody does, at any time.
    fn acts(&self) -> Vec<(Actor, Act)> {
        let alone = self.steps.iter().filter_map(|step| match step {
            Step::Act(by, act) => Some((*by, *act)),
            _ => None,
        });
        let meanwhile = self.troubles().filter_map(|trouble| match trouble {
            Trouble::Meanwhile(_, act) => Some((Actor::Server, *act)),
            _ => None,
        });
        alone.chain(meanwhile).collect()
    }

    /// Who is deleted by one and edited or created by another: an edit that beats a deletion makes a card
    /// anew.
    pub(super) fn made_anew(&self) -> HashSet<u32> {
        let acts = self.acts();
        let deleted = acts.iter().filter_map(|(by, act)| match act {
            Act::Delete(who) => Some((*by, *who)),
            _ => None,
        });
        let by_another = |(by, who): &(Actor, u32)| {
            acts.iter().any(|(other, act)| {
                other != by && (act.edits(*who) || matches!(act, Act::Create(one, _) if one == who))
            })
        };
        deleted.filter(by_another).map(|(_, who)| who).collect()
    }

    /// Whose card was made without a UID, and moved and edited.
    pub(super) fn moved_without_uid(&self) -> HashSet<u32> {
        let acts = self.acts();
        let created = acts.iter().filter_map(|(_, act)| match act {
            Act::Create(who, Shape::NoUid) => Some(*who),
            _ => None,
        });
        let is_moved = |who: &u32| acts.iter().any(|(_, act)| *act == Act::Move(*who));
        let is_edited = |who: &u32| acts.iter().any(|(_, act)| act.edits(*who));
        created.filter(is_moved).filter(is_edited).collect()
    }

    /// Who is created on the server while a client synchronises.
    pub(super) fn created_meanwhile(&self) -> HashSet<u32> {
        let created = |trouble: &Trouble| match trouble {
            Trouble::Meanwhile(_, Act::Create(who, _)) => Some(*who),
            _ => None,
        };
        self.troubles().filter_map(created).collect()
    }

    /// Whose card is moved there while a client synchronises.
    pub(super) fn moved_meanwhile(&self) -> HashSet<u32> {
        let moved = |trouble: &Trouble| match trouble {
            Trouble::Meanwhile(_, Act::Move(who)) => Some(*who),
            _ => None,
        };
        self.troubles().filter_map(moved).collect()
    }

    pub(super) fn is_forced(&self) -> bool {
        let is_forced = |step: &Step| matches!(step, Step::Sync(sync) if sync.how == How::Force);
        self.steps.iter().any(is_forced)
    }

    /// A random script on this server.
    pub(super) fn random_with(bends: Vec<&'static Bend>, chance: &mut Chance) -> Self {
        use ConflictPolicy::{Ask, Both, Local, Server};
        let count = chance.weighed(&[(40, 1), (45, 2), (15, 3)]);
        let policy = |chance: &mut Chance| {
            chance.weighed(&[(70, Server), (10, Local), (10, Both), (10, Ask)])
        };
        let clients: Vec<_> = (0..count).map(|_| policy(chance)).collect();
        let mut steps = Vec::new();
        let people = chance.below(4) as u32;
        for who in 0..people {
            let at =
                if chance.percent(70) { Actor::Server } else { Actor::Client(chance.below(count)) };
            steps.push(Step::Act(at, Act::Create(who, shape(chance))));
        }
        if chance.percent(75) {
            steps.extend((0..count).map(|by| Step::Sync(Sync::plain(by))));
        }
        for _ in 0..3 + chance.below(10) {
            steps.push(step(people, count, chance));
        }
        Self { clients, bends, steps }
    }
}

fn step(people: u32, clients: usize, chance: &mut Chance) -> Step {
    match chance.below(100) {
        0..36 => Step::Act(Actor::Client(chance.below(clients)), client_act(people, chance)),
        36..58 => Step::Act(Actor::Server, server_act(people, chance)),
        58..61 => Step::Days(8),
        _ => Step::Sync(sync(people, clients, chance)),
    }
}

fn anybody(people: u32, chance: &mut Chance) -> u32 {
    chance.below(people as usize + 1) as u32
}

fn shape(chance: &mut Chance) -> Shape {
    chance.weighed(&[(80, Shape::Plain), (8, Shape::NoUid), (6, Shape::Four), (6, Shape::NoName)])
}

fn client_act(people: u32, chance: &mut Chance) -> Act {
    let who = anybody(people, chance);
    match chance.below(100) {
        0..52 => Act::Put(who, chance.pick(&KINDS)),
        52..66 => Act::Drop(who, chance.pick(&KINDS)),
        66..80 => Act::Delete(who),
        80..84 => Act::Restore(who),
        _ => Act::Create(who, shape(chance)),
    }
}

fn server_act(people: u32, chance: &mut Chance) -> Act {
    let who = anybody(people, chance);
    match chance.below(100) {
        0..45 => Act::Put(who, chance.pick(&KINDS)),
        45..58 => Act::Drop(who, chance.pick(&KINDS)),
        58..72 => Act::Delete(who),
        72..83 => Act::Create(who, shape(chance)),
        83..87 => Act::Touch(who),
        87..93 => Act::Move(who),
        93..98 => Act::Reword(who),
        _ => Act::Prune,
    }
}

fn sync(people: u32, clients: usize, chance: &mut Chance) -> Sync {
    use Direction::{Pull, Push, Sync as Both};
    let mut troubles = Vec::new();
    if chance.percent(28) {
        let method = chance.weighed(&[
            (40, "PUT"),
            (15, "DELETE"),
            (30, "REPORT"),
            (10, "PROPFIND"),
            (15, "GET"),
        ]);
        // A DELETE that finds nothing has nothing to do: who answers so without cause is believed (Q117).
        let fault = match fault(chance) {
            Fault::Status(404, _) if method == "DELETE" => Fault::Status(500, None),
            fault => fault,
        };
        troubles.push(Trouble::Fault(method, 1 + chance.below(3), fault));
    }
    if chance.percent(18) {
        troubles.push(Trouble::Crash(1 + chance.below(14)));
    }
    if chance.percent(25) {
        troubles.push(Trouble::Meanwhile(1 + chance.below(7), server_act(people, chance)));
    }
    Sync {
        by: chance.below(clients),
        direction: chance.weighed(&[(80, Both), (10, Pull), (10, Push)]),
        how: chance.weighed(&[(80, How::Plain), (8, How::Full), (3, How::Force), (9, How::Dry)]),
        troubles,
    }
}

fn fault(chance: &mut Chance) -> Fault {
    match chance.below(16) {
        0..3 => Fault::DropBefore,
        3..6 => Fault::DropAfter,
        6 => Fault::Timeout,
        7 | 8 => Fault::TimeoutAfter,
        9 => Fault::TruncateBody,
        10 => Fault::ShortBody,
        11 => Fault::Unreachable,
        12 => Fault::Html,
        13 => Fault::CloseIdle,
        _ => Fault::Status(chance.pick(&[400, 403, 404, 409, 412, 423, 500, 502, 503, 507]), None),
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bends: Vec<&str> = self.bends.iter().map(|bend| bend.name).collect();
        writeln!(
            f,
            "server: {}",
            if bends.is_empty() { "rfc".to_owned() } else { bends.join(" + ") }
        )?;
        for (at, policy) in self.clients.iter().enumerate() {
            writeln!(f, "client {}: {policy:?}", Actor::Client(at))?;
        }
        for (at, step) in (1..).zip(&self.steps) {
            writeln!(f, "{at:3}. {step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(at) => f.write_str(["a", "b", "c"][*at]),
            Self::Server => f.write_str("server"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Act(by, act) => write!(f, "{by} {act}"),
            Self::Days(days) => write!(f, "{days} days pass"),
            Self::Sync(sync) => write!(f, "{sync}"),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(who, shape) => write!(f, "creates {who} ({shape:?})"),
            Self::Put(who, kind) => write!(f, "edits {who}: {kind:?}"),
            Self::Drop(who, kind) => write!(f, "edits {who}: no {kind:?}"),
            Self::Delete(who) => write!(f, "deletes {who}"),
            Self::Restore(who) => write!(f, "takes back that it deleted {who}"),
            Self::Touch(who) => write!(f, "reports {who}"),
            Self::Move(who) => write!(f, "moves {who}"),
            Self::Reword(who) => write!(f, "rewords {who}"),
            Self::Prune => write!(f, "forgets its changes"),
        }
    }
}

impl fmt::Display for Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} syncs", Actor::Client(self.by))?;
        if self.direction != Direction::Sync {
            write!(f, ", {:?} only", self.direction)?;
        }
        if self.how != How::Plain {
            write!(f, ", {:?}", self.how)?;
        }
        for trouble in &self.troubles {
            match trouble {
                Trouble::Fault(method, nth, fault) => write!(f, "; {method} {nth}: {fault:?}")?,
                Trouble::Crash(at) => write!(f, "; dies before effect {at}")?,
                Trouble::Meanwhile(at, act) => write!(f, "; before request {at} the server {act}")?,
            }
        }
        Ok(())
    }
}
