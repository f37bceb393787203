//! What an undo does with each contact: decided from the history of the run and from what is here
//! now, before anything is written.

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::sync::guard::Side;
use contactcmd_domain::sync::merge::follow;
use contactcmd_domain::sync::snapshot::{Linked, StoredContact};
use contactcmd_domain::vcard::{Card, FieldChange, diff, same};
use contactcmd_ports::{Past, Place};

/// What is known of the run and of its contacts.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What the run replaced and deleted, the latest first.
    pub(super) pasts: Vec<Past>,
    /// The contacts that it added and that are still here, each with its card right after the run
    /// where it was changed since.
    pub(super) added: Vec<(ContactId, Option<Vec<u8>>)>,
    /// The contacts as they are now, tombstones included.
    pub(super) now: HashMap<ContactId, StoredContact>,
    /// Where they are on servers.
    pub(super) links: HashMap<ContactId, Vec<Linked>>,
    /// Whether the run added what is on a server, as a sync does: it is somebody's there.
    pub(super) found_there: bool,
    /// Those that are gone and whose UID another contact has now.
    pub(super) taken: HashSet<ContactId>,
    /// Where those that are gone were on servers.
    pub(super) homes: HashMap<ContactId, Vec<Home>>,
}

/// What to do with contacts that were changed again after the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changed {
    /// They stay as they are.
    Leave,
    /// They are taken back all the same.
    Force,
}

/// A contact with what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) contact: ContactId,
    pub(super) name: String,
    /// Whether a server is told of it by the next sync.
    pub(super) linked: bool,
    pub(super) step: Step,
    /// Whether a conflict that the run decided waits again.
    pub(super) reopens: bool,
}

impl Planned {
    /// Whether there is anything to say of it.
    pub(super) fn is_news(&self) -> bool {
        self.step != Step::AsBefore || self.reopens
    }
}

/// What happens to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// It gets its card of before.
    Restore(Card, Vec<FieldChange>),
    /// Its tombstone is lifted.
    Revive(Card),
    /// It is added again under the id it had, in the books it was in. Without them the next sync would
    /// send it to whatever book new contacts go to.
    AddAgain(Card, Vec<Home>),
    /// It goes, because the run had added it.
    Remove,
    /// It is as it was before already.
    AsBefore,
    /// It was changed again since, and stays.
    Left,
    /// A sync found it on a server, and it stays: to take that back would delete it there as well.
    Theirs,
    /// It is gone, and another contact has its UID: bringing it back would make two of one.
    Taken,
}

/// Where on a server a contact is to be again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) place: Place,
    /// What to call the book, where there is more than one.
    pub(super) name: Option<String>,
}

/// Decides for every contact of the run.
pub(super) fn plan(known: &Known, changed: Changed) -> Vec<Planned> {
    let mut stories: HashMap<ContactId, Story<'_>> = HashMap::new();
    let mut order = Vec::new();
    let pasts = known.pasts.iter().map(|past| (past.contact, Some(past)));
    for (id, past) in pasts.chain(known.added.iter().map(|(id, _)| (*id, None))) {
        let story = stories.entry(id).or_insert_with(|| {
            order.push(id);
            Story::default()
        });
        match past {
            Some(past) if past.side == Side::Here => story.here.push(past),
            Some(past) => story.there.push(past),
            None => {}
        }
    }
    for (id, since) in &known.added {
        if let Some(story) = stories.get_mut(id) {
            story.added = Some(since);
        }
    }
    let decided = order.into_iter().filter_map(|id| Some((id, stories.get(&id)?)));
    decided.map(|(id, story)| decide(known, id, story, changed)).collect()
}

/// What the run did with one contact; the latest comes first.
#[derive(Default)]
struct Story<'a> {
    here: Vec<&'a Past>,
    there: Vec<&'a Past>,
    /// It was added, and had this card right after the run where it was changed since.
    added: Option<&'a Option<Vec<u8>>>,
}

fn decide(known: &Known, id: ContactId, story: &Story<'_>, changed: Changed) -> Planned {
    let now = known.now.get(&id);
    let past = story.here.first().or(story.there.first());
    let name = match (now, past) {
        (Some(contact), _) => contact.name.clone(),
        (None, Some(past)) => past.name.clone(),
        (None, None) => id.to_string(),
    };
    let links = known.links.get(&id).map(Vec::as_slice).unwrap_or_default();
    let step = step(known, id, changed, story.before_and_after(now, links));
    Planned { contact: id, name, linked: !links.is_empty(), step, reopens: false }
}

fn step(known: &Known, id: ContactId, changed: Changed, (before, after): (State, State)) -> Step {
    let now = known.now.get(&id);
    let state = now.map_or(State::Gone, State::of);
    if state.is(&before) {
        return Step::AsBefore;
    }
    if changed == Changed::Leave && !state.is(&after) {
        return Step::Left;
    }
    match (before, state, now) {
        (State::Gone, _, _)
            if known.found_there && known.links.contains_key(&id) && changed == Changed::Leave =>
        {
            Step::Theirs
        }
        (State::Gone, _, _) => Step::Remove,
        (State::Card(card), State::Card(now), _) => {
            let fields = diff(&now, &card);
            Step::Restore(card, fields)
        }
        (State::Card(card), State::Gone, Some(_)) => Step::Revive(card),
        (State::Card(_), State::Gone, None) if known.taken.contains(&id) => Step::Taken,
        (State::Card(card), State::Gone, None) => {
            Step::AddAgain(card, known.homes.get(&id).cloned().unwrap_or_default())
        }
    }
}

impl Story<'_> {
    /// How the contact was before the run and after it. A run that sent an edit or a deletion changed
    /// nothing here that anybody would notice: then what it sent is taken back.
    fn before_and_after(&self, now: Option<&StoredContact>, links: &[Linked]) -> (State, State) {
        if let Some(since) = self.added {
            let after = after_of(&self.here).unwrap_or_else(|| after_adding(since, now));
            return (State::Gone, after);
        }
        let ours = self.here.last().zip(after_of(&self.here));
        // The latest: what a server refused before, because the card had changed, replaced nothing.
        let theirs = self.there.first().zip(after_of(&self.there));
        match (ours, theirs) {
            (Some((first, after)), Some((sent_over, _))) if State::before(first).is(&after) => {
                match after {
                    // What was deleted here may have had more than the server kept of it.
                    State::Gone => (State::card(&first.before), after),
                    State::Card(_) if never_arrived(sent_over, links) => (after.clone(), after),
                    State::Card(_) => (before_sending(sent_over, now, links), after),
                }
            }
            (Some((first, after)), _) => (State::before(first), after),
            // That is nothing to take back.
            (None, Some((sent_over, _))) if never_arrived(sent_over, links) => {
                let now = now.map_or(State::Gone, State::of);
                (now.clone(), now)
            }
            (None, Some((first, after))) => (before_sending(first, now, links), after),
            (None, None) => (State::Gone, State::Gone),
        }
    }
}

/// Whether every server still has what was to be replaced or deleted: what was sent never arrived.
fn never_arrived(sent_over: &Past, links: &[Linked]) -> bool {
    !links.is_empty() && served(sent_over, links).next().is_none()
}

/// What servers have in the place of what was sent over.
fn served(sent_over: &Past, links: &[Linked]) -> impl Iterator<Item = Card> {
    let before = Card::parse(sent_over.before.as_slice());
    let bases = links.iter().filter_map(|linked| linked.link.base.as_deref()).map(Card::parse);
    bases.filter(move |base| !same(base, &before))
}

/// The contact as it is now without what was sent over the server's card. What only this side has
/// stays: the server never kept it, so it is not in its card (Q90).
fn before_sending(sent_over: &Past, now: Option<&StoredContact>, links: &[Linked]) -> State {
    let there = Card::parse(sent_over.before.as_slice());
    // Of a contact in several books the one that differs least is the one that was written.
    let served = served(sent_over, links).min_by_key(|base| diff(base, &there).len());
    match (now, served) {
        (Some(now), Some(served)) if !now.deleted => {
            let now = Card::parse(now.vcard.as_slice());
            State::Card(follow(&served, &now, &there).card.unwrap_or(now))
        }
        _ => State::Card(there),
    }
}

/// How a contact is, or was, to its user.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Card(Card),
    Gone,
}

impl State {
    fn of(contact: &StoredContact) -> Self {
        if contact.deleted { Self::Gone } else { Self::card(&contact.vcard) }
    }

    fn card(text: &[u8]) -> Self {
        Self::Card(Card::parse(text))
    }

    fn before(past: &Past) -> Self {
        if past.tombstone { Self::Gone } else { Self::card(&past.before) }
    }

    fn after(past: &Past) -> Self {
        past.after.as_deref().map_or(Self::Gone, Self::card)
    }

    /// Whether no user would call the two different.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Card(one), Self::Card(other)) => same(one, other),
            (Self::Gone, Self::Gone) => true,
            _ => false,
        }
    }
}

fn after_of(events: &[&Past]) -> Option<State> {
    events.first().map(|last| State::after(last))
}

/// A contact that was never changed after it was added is still as it was added.
fn after_adding(since: &Option<Vec<u8>>, now: Option<&StoredContact>) -> State {
    match (since, now) {
        (Some(text), _) => State::card(text),
        (None, Some(contact)) => State::of(contact),
        (None, None) => State::Gone,
    }
}
