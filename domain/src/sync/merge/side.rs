//! One of the cards, read as far as it differs from the others.

use std::collections::{BTreeMap, BTreeSet};

use super::pair::Said;
use super::three::Three;
use crate::vcard::{Card, Entry, Fact, Facts, Groups, Known, LineId, facts_of, shown};

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
    facts: BTreeMap<&'a [u8], (Fact<'a>, Vec<LineId>)>,
}

/// What one side did since the base.
pub(super) struct Edits<'a> {
    /// What it does not say any more.
    pub(super) gone: Vec<Said<'a>>,
    /// What it says now.
    pub(super) come: Vec<Said<'a>>,
}

/// The lines that stand in every card byte for byte, in order. Nobody edited them, so they need not
/// be read: most lines of most cards. One in a group may mean something else by its label.
pub(super) fn shared_lines<'a>(three: &Three<'a>) -> Vec<&'a [u8]> {
    let lines = |card: &'a Card| {
        let mut lines: Vec<&[u8]> = card.lone_lines().map(|(_, line)| line).collect();
        lines.sort_unstable();
        lines
    };
    let (there, base) = (lines(three.there), three.base.map(lines));
    let has = |all: &[&[u8]], line: &[u8]| all.binary_search(&line).is_ok();
    let mut shared = lines(three.here);
    shared.retain(|line| has(&there, line) && base.as_ref().is_none_or(|base| has(base, line)));
    shared
}

impl<'a> Read<'a> {
    pub(super) fn of(card: &'a Card, shared: &[&[u8]]) -> Self {
        let groups = Groups::of(card);
        let is_shared = |line| shared.binary_search(&card.line(line)).is_ok();
        let facts = facts_of(card, &groups, |line| !is_shared(line));
        Self { card, groups, facts }
    }
}

impl<'a> Side<'a> {
    pub(super) fn of(read: &'a Read<'a>) -> Self {
        let mut facts: BTreeMap<_, (Fact<'a>, Vec<LineId>)> = BTreeMap::new();
        // Whose the UID is, is decided for the whole card.
        for fact in read.facts.iter().filter(|fact| fact.known != Known::Uid) {
            facts.entry(fact.normal).or_insert((fact, Vec::new())).1.push(fact.line);
        }
        Self { card: read.card, groups: &read.groups, facts }
    }

    pub(super) fn fact(&self, normal: &[u8]) -> Option<Fact<'a>> {
        self.facts.get(normal).map(|(fact, _)| *fact)
    }

    /// The lines that say it; several where it stands twice, or under several names.
    pub(super) fn lines(&self, normal: &[u8]) -> &[LineId] {
        self.facts.get(normal).map_or(&[], |(_, lines)| lines)
    }

    pub(super) fn entry(&self, line: LineId) -> Option<Entry<'a>> {
        Entry::of(self.card, self.groups, line)
    }

    pub(super) fn entries(&self, normal: &[u8]) -> Vec<Entry<'a>> {
        self.lines(normal).iter().filter_map(|line| self.entry(*line)).collect()
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
            .map(|(_, (fact, _))| Said { fact: *fact, card: self.card })
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
    let said = |edits: &Edits<'a>| -> BTreeSet<&'a [u8]> {
        edits.come.iter().map(|said| said.fact.normal).collect()
    };
    let (ours, theirs) = (said(here), said(there));
    here.come.retain(|said| !theirs.contains(said.fact.normal));
    there.come.retain(|said| !ours.contains(said.fact.normal));
}
