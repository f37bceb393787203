//! One of the cards, read as far as it differs from the others.

use super::pair::Said;
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
    /// By what they say; one after the other where several lines say it.
    facts: Vec<Fact<'a>>,
}

/// What one side did since the base.
pub(super) struct Edits<'a> {
    /// What it does not say any more.
    pub(super) gone: Vec<Said<'a>>,
    /// What it says now.
    pub(super) come: Vec<Said<'a>>,
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
        // Whose the UID is, is decided for the whole card.
        let facts = read.facts.iter().filter(|fact| fact.known != Known::Uid);
        let mut facts: Vec<Fact<'a>> = facts.collect();
        facts.sort_by(|a, b| a.normal.cmp(b.normal));
        Self { card: read.card, groups: &read.groups, facts }
    }

    pub(super) fn fact(&self, normal: &[u8]) -> Option<Fact<'a>> {
        self.saying(normal).first().copied()
    }

    /// The lines that say it; several where it stands twice, or under several names.
    pub(super) fn lines(&self, normal: &[u8]) -> impl Iterator<Item = LineId> {
        self.saying(normal).iter().map(|fact| fact.line)
    }

    /// Whether one line only says it.
    pub(super) fn is_on_one_line(&self, normal: &[u8]) -> bool {
        self.saying(normal).len() == 1
    }

    fn saying(&self, normal: &[u8]) -> &[Fact<'a>] {
        let start = self.facts.partition_point(|fact| fact.normal < normal);
        let from = self.facts.get(start..).unwrap_or_default();
        let count = from.iter().take_while(|fact| fact.normal == normal).count();
        from.get(..count).unwrap_or_default()
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
        let facts = self.facts.chunk_by(|a, b| a.normal == b.normal).filter_map(|all| all.first());
        let mut beyond: Vec<Said<'a>> = facts
            .filter(|fact| other.is_none_or(|other| other.fact(fact.normal).is_none()))
            .map(|fact| Said { fact: *fact, card: self.card })
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
    let said = |edits: &Edits<'a>| -> Vec<&'a [u8]> {
        let mut said: Vec<_> = edits.come.iter().map(|said| said.fact.normal).collect();
        said.sort_unstable();
        said
    };
    let (ours, theirs) = (said(here), said(there));
    here.come.retain(|said| theirs.binary_search(&said.fact.normal).is_err());
    there.come.retain(|said| ours.binary_search(&said.fact.normal).is_err());
}
