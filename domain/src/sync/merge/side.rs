//! One of the cards, read as far as it differs from the others.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use super::pair::Said;
use super::three::Three;
use crate::vcard::{self, Card, Fact, Facts, Groups, Known, LineId, facts_of, shown};

/// A card and what it says beyond the lines all cards share.
pub(super) struct Read<'a> {
    card: &'a Card,
    groups: Groups,
    facts: Facts,
}

/// The same, to be asked for what it says.
pub(super) struct Side<'a> {
    pub(super) card: &'a Card,
    pub(super) groups: &'a Groups,
    facts: BTreeMap<&'a [u8], Lines<'a>>,
}

/// A fact and the lines that say it: its own, and any more.
struct Lines<'a> {
    fact: Fact<'a>,
    more: Vec<LineId>,
}

/// What one side did since the base.
pub(super) struct Edits<'a> {
    /// What it does not say any more.
    pub(super) gone: Vec<Said<'a>>,
    /// What it says now.
    pub(super) come: Vec<Said<'a>>,
}

/// For each line of three cards, whether it stands in all of them byte for byte.
pub(super) struct Shared {
    pub(super) base: Vec<bool>,
    pub(super) here: Vec<bool>,
    pub(super) there: Vec<bool>,
}

/// How far apart a line may stand in two cards and still be known again without reading it.
const WINDOW: usize = 16;

impl Shared {
    /// Nobody edited what stands in all cards, so it need not be read: most lines of most cards. One
    /// in a group may mean something else by its label; one that was moved far is read for nothing.
    pub(super) fn of(three: &Three<'_>) -> Self {
        let lines = |card: &'_ Card| card.lines().count();
        let mut shared = Self {
            base: vec![false; three.base.map_or(0, lines)],
            here: vec![false; lines(three.here)],
            there: vec![false; lines(three.there)],
        };
        let there: Vec<_> = three.there.lone_lines().collect();
        let base: Option<Vec<_>> = three.base.map(|base| base.lone_lines().collect());
        let (mut at_there, mut at_base) = (0, 0);
        for (id, line) in three.here.lone_lines() {
            let Some(found) = find(&there, at_there, line) else { continue };
            at_there = found + 1;
            let was = base.as_ref().map(|base| find(base, at_base, line));
            if let Some(Some(was)) = was {
                at_base = was + 1;
                mark(&mut shared.base, base.as_ref().and_then(|base| base.get(was)));
            }
            if was != Some(None) {
                mark(&mut shared.here, Some(&(id, line)));
                mark(&mut shared.there, there.get(found));
            }
        }
        shared
    }
}

/// Where a line stands, at or near the place where it should.
fn find(lines: &[(LineId, &[u8])], near: usize, line: &[u8]) -> Option<usize> {
    let same = |at: &usize| lines.get(*at).is_some_and(|(_, other)| *other == line);
    (near..near + WINDOW).find(same).or_else(|| (near.saturating_sub(WINDOW)..near).find(same))
}

fn mark(shared: &mut [bool], line: Option<&(LineId, &[u8])>) {
    if let Some(shared) = line.and_then(|(id, _)| shared.get_mut(id.index())) {
        *shared = true;
    }
}

impl<'a> Read<'a> {
    pub(super) fn of(card: &'a Card, shared: &[bool]) -> Self {
        let groups = Groups::of(card);
        let facts = facts_of(card, &groups, |line| shared.get(line.index()) != Some(&true));
        Self { card, groups, facts }
    }
}

impl<'a> Side<'a> {
    pub(super) fn of(read: &'a Read<'a>) -> Self {
        let mut facts: BTreeMap<_, Lines<'a>> = BTreeMap::new();
        // Whose the UID is, is decided for the whole card.
        for fact in read.facts.iter().filter(|fact| fact.known != Known::Uid) {
            match facts.entry(fact.normal) {
                Entry::Vacant(place) => drop(place.insert(Lines { fact, more: Vec::new() })),
                Entry::Occupied(mut known) => known.get_mut().more.push(fact.line),
            }
        }
        Self { card: read.card, groups: &read.groups, facts }
    }

    pub(super) fn fact(&self, normal: &[u8]) -> Option<Fact<'a>> {
        self.facts.get(normal).map(|lines| lines.fact)
    }

    /// The lines that say it; several where it stands twice, or under several names.
    pub(super) fn lines(&self, normal: &[u8]) -> impl Iterator<Item = LineId> {
        let lines = self.facts.get(normal).into_iter();
        lines.flat_map(|lines| [lines.fact.line].into_iter().chain(lines.more.iter().copied()))
    }

    /// Whether one line only says it.
    pub(super) fn is_on_one_line(&self, normal: &[u8]) -> bool {
        self.facts.get(normal).is_some_and(|lines| lines.more.is_empty())
    }

    pub(super) fn entry(&self, line: LineId) -> Option<vcard::Entry<'a>> {
        vcard::Entry::of(self.card, self.groups, line)
    }

    pub(super) fn entries(&self, normal: &[u8]) -> Vec<vcard::Entry<'a>> {
        self.lines(normal).filter_map(|line| self.entry(line)).collect()
    }

    /// Whether the card has any such property.
    pub(super) fn has_any(&self, known: Known) -> bool {
        self.card.properties_of(known).any(|property| !shown(&property).is_empty())
    }

    /// What it says that `other` does not, in order.
    fn beyond(&self, other: Option<&Self>) -> Vec<Said<'a>> {
        let mut beyond: Vec<Said<'a>> = self
            .facts
            .iter()
            .filter(|(normal, _)| other.is_none_or(|other| !other.facts.contains_key(*normal)))
            .map(|(_, lines)| Said { fact: lines.fact, card: self.card })
            .collect();
        beyond.sort_by_key(|said| said.fact.line);
        beyond
    }
}

impl<'a> Edits<'a> {
    pub(super) fn since(base: Option<&Side<'a>>, now: &Side<'a>) -> Self {
        let gone = base.map(|base| base.beyond(Some(now))).unwrap_or_default();
        Self { gone, come: now.beyond(base) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.come.is_empty()
    }
}

/// Leaves out what both sides said anew in the same words: the same edit is no edit.
pub(super) fn without_common<'a>(here: &mut Edits<'a>, there: &mut Edits<'a>) {
    if here.come.is_empty() || there.come.is_empty() {
        return;
    }
    let said = |edits: &Edits<'a>| -> BTreeSet<&'a [u8]> {
        edits.come.iter().map(|said| said.fact.normal).collect()
    };
    let (ours, theirs) = (said(here), said(there));
    here.come.retain(|said| !theirs.contains(said.fact.normal));
    there.come.retain(|said| !ours.contains(said.fact.normal));
}
