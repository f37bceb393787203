//! The lines that cards share: nobody edited them, so they need not be read to tell the cards apart.

use super::{Card, Known, LineId};

/// For each line of two cards of one version, and of their base if they have one, whether it need not
/// be read.
pub(crate) struct Shared {
    pub(crate) base: Vec<bool>,
    pub(crate) here: Vec<bool>,
    pub(crate) there: Vec<bool>,
}

/// How far apart a line may stand in two cards and still be known again without reading it.
const WINDOW: usize = 16;

impl Shared {
    /// Nobody edited what stands in all cards byte for byte: most lines of most cards. Such a line is
    /// read nevertheless where another of its kind differs, which may say the same in other words;
    /// one in a group may mean something else by its label; one moved far is read for nothing.
    pub(crate) fn of(base: Option<&Card>, here: &Card, there: &Card) -> Self {
        let lines = |card: &Card| card.kinds().count();
        let mut shared = Self {
            base: vec![false; base.map_or(0, lines)],
            here: vec![false; lines(here)],
            there: vec![false; lines(there)],
        };
        let cards = [base, Some(here), Some(there)];
        let there: Vec<_> = there.lone_lines().collect();
        let base: Option<Vec<_>> = base.map(|base| base.lone_lines().collect());
        let (mut at_there, mut at_base) = (0, 0);
        for (id, line) in here.lone_lines() {
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
        shared.read_kinds_that_differ(cards);
        shared
    }

    fn read_kinds_that_differ(&mut self, [base, here, there]: [Option<&Card>; 3]) {
        let mut cards = [(base, &mut self.base), (here, &mut self.here), (there, &mut self.there)];
        let mut differ = Kinds(0);
        for (card, shared) in &cards {
            let kinds = card.iter().flat_map(|card| card.kinds()).zip(shared.iter());
            let read = kinds.filter(|(_, shared)| !**shared).filter_map(|(kind, _)| kind);
            read.for_each(|kind| differ.insert(kind));
        }
        for (card, shared) in &mut cards {
            let kinds = card.iter().flat_map(|card| card.kinds()).zip(shared.iter_mut());
            for (_, shared) in kinds.filter(|(kind, _)| kind.is_some_and(|kind| differ.has(kind))) {
                *shared = false;
            }
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
