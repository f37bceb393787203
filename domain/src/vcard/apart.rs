//! Cards read beside each other: what nobody edited need not be read to tell them apart.

use super::facts::{Facts, facts_of};
use super::label::Groups;
use super::marks::Entry;
use super::{Card, Known, LineId};

/// A card, and what it says beyond the lines that all the cards beside it have as well.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) card: &'a Card,
    pub(crate) groups: Groups,
    pub(crate) facts: Facts,
    /// The lines that were passed over.
    shared: Shared,
}

impl<'a> Reading<'a> {
    fn of(card: &'a Card, shared: Shared) -> Self {
        let groups = Groups::of(card);
        let facts = facts_of(card, &groups, |line| !shared.has(line.index()));
        Self { card, groups, facts, shared }
    }

    /// Whether both say the same.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        self.facts.set().map(|fact| fact.normal).eq(other.facts.set().map(|fact| fact.normal))
    }

    /// The property on a line, with what belongs to it.
    pub(crate) fn entry(&self, line: LineId) -> Option<Entry<'a>> {
        Entry::of(self.card, &self.groups, line)
    }

    /// The properties that say it.
    pub(crate) fn entries(&self, normal: &[u8]) -> Vec<Entry<'a>> {
        self.facts.saying(normal).filter_map(|fact| self.entry(fact.line)).collect()
    }
}

/// Reads cards beside each other, each as far as it differs: what one of them says and another does
/// not is in what is read, and there the other does not say it either.
pub(crate) fn apart<const N: usize>(cards: [&Card; N]) -> [Reading<'_>; N] {
    let mut shared = shared(cards).into_iter();
    cards.map(|card| Reading::of(card, shared.next().unwrap_or_default()))
}

/// Reads one more card beside one that was read beside others, as they were read: it may be told apart
/// from each of them. `None` when it is of another version, lacks what all of them have, or has another
/// line of that kind: then they have to be read again, beside it.
pub(crate) fn one_more<'a>(beside: &Reading<'_>, card: &'a Card) -> Option<Reading<'a>> {
    if card.version() != beside.card.version() {
        return None;
    }
    let mut shared = Shared::default();
    let mut place = 0;
    let lines = beside.card.lone_lines();
    for (_, line) in lines.filter(|(line, _)| beside.shared.has(line.index())) {
        let at = find(card, place, line)?;
        place = at + 1;
        shared.insert(at);
    }
    let passed_over = Kinds::of(beside.card, beside.shared, true);
    let is_read_as_well = passed_over.has_any(&Kinds::of(card, shared, false));
    (!is_read_as_well).then(|| Reading::of(card, shared))
}

/// How far apart a line may stand in two cards and still be known again without reading it.
const WINDOW: usize = 16;

/// The lines of a card that the cards beside it have as well, so that they need not be read.
#[derive(Debug, Clone, Copy, Default)]
struct Shared(u128);

/// How many lines of a card may be passed over; few cards have more.
const MOST: usize = u128::BITS as usize;

impl Shared {
    fn has(self, line: usize) -> bool {
        line < MOST && self.0 & (1 << line) != 0
    }

    /// Adds a line, unless it is beyond [`MOST`].
    fn insert(&mut self, line: usize) {
        if line < MOST {
            self.0 |= 1 << line;
        }
    }

    fn remove(&mut self, line: usize) {
        if line < MOST {
            self.0 &= !(1 << line);
        }
    }
}

/// The lines of each card that need not be read.
///
/// Nobody edited what stands in all cards byte for byte: most lines of most cards. Such a line is
/// read nevertheless where another of its kind differs, which may say the same in other words;
/// one in a group may mean something else by its label; one moved far is read for nothing. In
/// another version the same bytes may say something else.
fn shared<const N: usize>(cards: [&Card; N]) -> [Shared; N] {
    let mut shared = [Shared::default(); N];
    let Some((first, others)) = cards.split_first() else { return shared };
    if others.iter().any(|other| other.version() != first.version()) {
        return shared;
    }
    let mut places = [0; N];
    for (id, line) in first.lone_lines().take_while(|(id, _)| id.index() < MOST) {
        let mut found = [id.index(); N];
        let mut rest = others.iter().zip(places.iter_mut().zip(found.iter_mut()).skip(1));
        let everywhere = rest.all(|(other, (place, found))| {
            let Some(at) = find(other, *place, line) else { return false };
            (*place, *found) = (at + 1, at);
            true
        });
        if everywhere {
            shared.iter_mut().zip(found).for_each(|(shared, at)| shared.insert(at));
        }
    }
    read_kinds_that_differ(cards, &mut shared);
    shared
}

/// Where a line stands, at or near the place where it should, among those that may be passed over.
fn find(card: &Card, near: usize, line: &[u8]) -> Option<usize> {
    let same = |at: &usize| card.lone_line(*at) == Some(line);
    let after = (near..MOST.min(near + WINDOW)).find(same);
    after.or_else(|| (near.saturating_sub(WINDOW)..near).find(same))
}

fn read_kinds_that_differ<const N: usize>(cards: [&Card; N], shared: &mut [Shared; N]) {
    let mut differ = Kinds(0);
    for (card, shared) in cards.iter().zip(shared.iter()) {
        differ.add(&Kinds::of(card, *shared, false));
    }
    for (card, shared) in cards.iter().zip(shared) {
        for (line, kind) in card.kinds().take(MOST).enumerate() {
            if kind.is_some_and(|kind| differ.has(kind)) {
                shared.remove(line);
            }
        }
    }
}

/// A set of kinds of properties, those that can say one thing as one.
struct Kinds(u64);

impl Kinds {
    /// Those of the lines that are shared, or of those that are not.
    fn of(card: &Card, shared: Shared, wanted: bool) -> Self {
        let lines = card.kinds().enumerate().filter(|(line, _)| shared.has(*line) == wanted);
        Self(lines.filter_map(|(_, kind)| kind).fold(0, |all, kind| all | Self::bit(kind)))
    }

    fn add(&mut self, other: &Self) {
        self.0 |= other.0;
    }

    fn has_any(&self, other: &Self) -> bool {
        self.0 & other.0 != 0
    }

    fn has(&self, known: Known) -> bool {
        self.0 & Self::bit(known) != 0
    }

    fn bit(known: Known) -> u64 {
        let known = match known {
            Known::AbDate => Known::Anniversary,
            Known::AbShowAs => Known::Kind,
            other => other,
        };
        1 << (known as u32)
    }
}
