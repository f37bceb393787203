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
}

impl<'a> Reading<'a> {
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
    cards.map(|card| {
        let shared = shared.next().unwrap_or_default();
        let groups = Groups::of(card);
        let facts = facts_of(card, &groups, |line| shared.get(line.index()) != Some(&true));
        Reading { card, groups, facts }
    })
}

/// How far apart a line may stand in two cards and still be known again without reading it.
const WINDOW: usize = 16;

/// For each line of each card whether it need not be read.
///
/// Nobody edited what stands in all cards byte for byte: most lines of most cards. Such a line is
/// read nevertheless where another of its kind differs, which may say the same in other words;
/// one in a group may mean something else by its label; one moved far is read for nothing. In
/// another version the same bytes may say something else.
fn shared<const N: usize>(cards: [&Card; N]) -> [Vec<bool>; N] {
    let mut shared = cards.map(|card| vec![false; card.kinds().count()]);
    let Some((first, others)) = cards.split_first() else { return shared };
    if others.iter().any(|other| other.version() != first.version()) {
        return shared;
    }
    let mut places = [0; N];
    for (id, line) in first.lone_lines() {
        let mut found = [id.index(); N];
        let mut rest = others.iter().zip(places.iter_mut().zip(found.iter_mut()).skip(1));
        let everywhere = rest.all(|(other, (place, found))| {
            let Some(at) = find(other, *place, line) else { return false };
            (*place, *found) = (at + 1, at);
            true
        });
        if everywhere {
            let marks = shared.iter_mut().zip(found).filter_map(|(lines, at)| lines.get_mut(at));
            marks.for_each(|mark| *mark = true);
        }
    }
    read_kinds_that_differ(cards, &mut shared);
    shared
}

/// Where a line stands, at or near the place where it should.
fn find(card: &Card, near: usize, line: &[u8]) -> Option<usize> {
    let same = |at: &usize| card.lone_line(*at) == Some(line);
    (near..near + WINDOW).find(same).or_else(|| (near.saturating_sub(WINDOW)..near).find(same))
}

fn read_kinds_that_differ<const N: usize>(cards: [&Card; N], shared: &mut [Vec<bool>; N]) {
    let mut differ = Kinds(0);
    for (card, shared) in cards.iter().zip(shared.iter()) {
        let read = card.kinds().zip(shared).filter(|(_, shared)| !**shared);
        read.filter_map(|(kind, _)| kind).for_each(|kind| differ.insert(kind));
    }
    for (card, shared) in cards.iter().zip(shared) {
        for (kind, shared) in card.kinds().zip(shared) {
            *shared &= !kind.is_some_and(|kind| differ.has(kind));
        }
    }
}

/// A set of kinds of properties, those that can say one thing as one.
struct Kinds(u64);

impl Kinds {
    fn insert(&mut self, known: Known) {
        self.0 |= Self::bit(known);
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
