//! What one side did since the base.

use smallvec::SmallVec;

use super::pair::Said;
use crate::vcard::{Known, Reading};

/// Few, nearly always.
pub(super) type AllSaid<'a> = SmallVec<[Said<'a>; 2]>;

/// What one side did since the base.
pub(super) struct Edits<'a> {
    /// What it does not say any more.
    pub(super) gone: AllSaid<'a>,
    /// What it says now.
    pub(super) come: AllSaid<'a>,
}

impl<'a> Edits<'a> {
    pub(super) fn since(base: Option<&'a Reading<'_>>, now: &'a Reading<'_>) -> Self {
        let gone = base.map(|base| beyond(base, Some(now))).unwrap_or_default();
        Self { gone, come: beyond(now, base) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.come.is_empty()
    }
}

/// What a card says that another does not, in its order.
fn beyond<'a>(one: &'a Reading<'_>, other: Option<&Reading<'_>>) -> AllSaid<'a> {
    // Whose the UID is, is decided for the whole card.
    let facts = one.facts.set().filter(|fact| fact.known != Known::Uid);
    let facts = facts.filter(|fact| other.is_none_or(|other| !other.facts.say(fact.normal)));
    let mut beyond: AllSaid<'a> = facts.map(|fact| Said { fact, card: one.card }).collect();
    beyond.sort_by_key(|said| said.fact.line);
    beyond
}

/// Leaves out what both sides said anew in the same words: the same edit is no edit.
pub(super) fn without_common<'a>(here: &mut Edits<'a>, there: &mut Edits<'a>) {
    if here.come.is_empty() || there.come.is_empty() {
        return;
    }
    let said = |edits: &Edits<'a>| -> SmallVec<[&'a [u8]; 8]> {
        let mut said: SmallVec<_> = edits.come.iter().map(|said| said.fact.normal).collect();
        said.sort_unstable();
        said
    };
    let (ours, theirs) = (said(here), said(there));
    here.come.retain(|said| theirs.binary_search(&said.fact.normal).is_err());
    there.come.retain(|said| ours.binary_search(&said.fact.normal).is_err());
}
