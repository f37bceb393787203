//! The edits of one card since the base, done to another.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use smallvec::{SmallVec, smallvec};

use super::Prefer;
use super::contest::{self, Aside, Contested};
use super::edits::{AllSaid, Edits, without_common};
use super::pair::{By, EDITED, Said, identity, is_list, is_one, pair};
use super::rule::{Gone, Outcome, Rule, Target, Text, Three};
use super::value::{Versions, blended};
use crate::vcard::{
    Blend, Card, Entry, Fact, Known, LineId, Marks, Patch, Reading, list_items, shown, words,
};

pub(super) fn three_way(three: Three<'_>, rule: Rule) -> Outcome {
    let Three { base, here, there } = three;
    let mut edits_here = Edits::since(base, here);
    let mut edits_there = Edits::since(base, there);
    let as_is = |text| Outcome { text, contested: Vec::new() };
    if edits_there.is_empty() {
        return as_is(Text::Here);
    }
    // The server's text is taken as it is; ours gives its edits to the server's.
    let ours = rule.target == Target::Local && rule.gone == Gone::Deleted;
    if edits_here.is_empty() && base.is_some() && ours {
        return as_is(Text::There);
    }
    without_common(&mut edits_here, &mut edits_there);
    let merging = Merging {
        base,
        here,
        there,
        rule,
        patch: Patch::new(here, there),
        items: BTreeMap::new(),
        contested: Vec::new(),
        asides: Vec::new(),
    };
    merging.run(&edits_here, &edits_there)
}

struct Merging<'a> {
    base: Option<&'a Reading<'a>>,
    here: &'a Reading<'a>,
    there: &'a Reading<'a>,
    rule: Rule,
    patch: Patch<'a>,
    /// The items that each list there has more.
    items: BTreeMap<LineId, BTreeSet<&'a [u8]>>,
    contested: Vec<(LineId, Contested)>,
    asides: Vec<Aside>,
}

impl<'a> Merging<'a> {
    fn run(mut self, here: &Edits<'a>, there: &Edits<'a>) -> Outcome {
        let pairs_here = pair(&here.gone, &here.come, &EDITED);
        let pairs_there = pair(&there.gone, &there.come, &EDITED);
        // What became here of what was gone there as it was.
        let mut became: Vec<(&[u8], Option<Fact<'a>>)> =
            here.gone.iter().map(|said| (said.fact.normal, None)).collect();
        for (old, new) in &pairs_here {
            if let (Some((old, became)), Some(new)) = (became.get_mut(*old), here.come.get(*new)) {
                *became = Some(new.fact);
                // Who joined its group there joins it here; of two nobody can tell whose it was.
                let mut as_it_was = self.there.facts.saying(old);
                if let (Some(same), None) = (as_it_was.next(), as_it_was.next()) {
                    self.patch.twin(new.fact.line, same.line);
                }
            }
        }
        became.sort_unstable_by_key(|(normal, _)| *normal);
        let became = |old: &Fact<'a>| {
            let found = became.binary_search_by_key(&old.normal, |(normal, _)| *normal).ok();
            found.and_then(|at| became.get(at)).map(|(_, became)| *became)
        };
        for (old, new) in &pairs_there {
            let (Some(old), Some(new)) = (there.gone.get(*old), there.come.get(*new)) else {
                continue;
            };
            match became(&old.fact) {
                None => match self.here.facts.saying(old.fact.normal).next() {
                    Some(same) => self.meet(Some(old.fact), same, new.fact),
                    None => self.add(new.fact),
                },
                Some(Some(edited)) => self.meet(Some(old.fact), edited, new.fact),
                // Removed here and edited there: the edit wins.
                Some(None) => self.add(new.fact),
            }
        }
        let removed = unpaired(&there.gone, pairs_there.iter().map(|(old, _)| *old));
        // Removed there and edited here: the edit wins.
        let removed = removed.into_iter().filter(|old| became(&old.fact).is_none());
        if self.rule.gone == Gone::Deleted {
            removed.for_each(|old| self.remove(&old.fact));
        }
        let added_here = unpaired(&here.come, pairs_here.iter().map(|(_, new)| *new));
        let added_there = unpaired(&there.come, pairs_there.iter().map(|(_, new)| *new));
        self.add_both(&added_here, &added_there);
        self.finish()
    }

    /// Takes over what was added there, next to what was added here.
    fn add_both(&mut self, here: &[Said<'a>], there: &[Said<'a>]) {
        let pairs = pair(here, there, &[By::Pid, By::Spelling, By::Value]);
        self.meet_all(here, there, &pairs);
        let here = unpaired(here, pairs.iter().map(|(ours, _)| *ours));
        let there = unpaired(there, pairs.iter().map(|(_, theirs)| *theirs));
        // Beside one that was there before, each of two new ones is one more.
        let single: AllSaid<'a> = here.into_iter().filter(|said| is_one(&said.fact)).collect();
        let kinds: BTreeSet<Known> = single.iter().map(|said| said.fact.known).collect();
        let had = self.base.map(|base| had_before(base.card, &kinds)).unwrap_or_default();
        let new: AllSaid<'a> =
            single.into_iter().filter(|said| !had.contains(&said.fact.known)).collect();
        let only = if self.base.is_some() { By::Rule } else { By::Once };
        let pairs = pair(&new, &there, &[only]);
        self.meet_all(&new, &there, &pairs);
        let left = unpaired(&there, pairs.iter().map(|(_, theirs)| *theirs));
        left.into_iter().for_each(|new| self.add(new.fact));
    }

    fn meet_all(&mut self, here: &[Said<'a>], there: &[Said<'a>], pairs: &[(usize, usize)]) {
        for (ours, theirs) in pairs {
            if let (Some(ours), Some(theirs)) = (here.get(*ours), there.get(*theirs)) {
                self.meet(None, ours.fact, theirs.fact);
            }
        }
    }

    /// Merges one property as it was, as it is here, and as it is there.
    fn meet(&mut self, was: Option<Fact<'a>>, here: Fact<'a>, there: Fact<'a>) {
        let Some(ours) = self.here.entry(here.line) else { return };
        let Some(theirs) = self.there.entry(there.line) else { return };
        if was.is_none() && self.base.is_none() && here.known == Known::Note {
            self.asides.push(Aside::Paragraph(theirs.property.text().trim().to_owned()));
            return;
        }
        let old = was.and_then(|was| self.base?.entry(was.line));
        let versions =
            Versions { was: was.zip(old.as_ref()), here: (here, &ours), there: (there, &theirs) };
        let (blend, clash) = blended(&versions, &self.rule);
        let both = self.rule.prefer == Prefer::Both;
        let once = here.is_once() || here.known == Known::Note;
        if clash {
            let same = identity(&here) == identity(&there);
            // The same number added under two labels: nobody edited anything of the other's.
            let added = was.is_none() && same && !once;
            if !added {
                // Of marks that differ the server's stand: they have no other place.
                let lost = both && once && same;
                self.contest(&versions, if lost { Prefer::Remote } else { self.rule.prefer });
            }
            if added || (both && !once) {
                return self.patch.adopt(theirs.property.id());
            }
            if both && !same {
                self.set_aside(&here, &ours, &theirs);
            }
        }
        self.put((here, ours), (there, theirs), blend);
    }

    /// A line for each that says the property: an anniversary may stand under several names.
    fn put(
        &mut self,
        (here, ours): (Fact<'a>, Entry<'a>),
        (there, theirs): (Fact<'a>, Entry<'a>),
        blend: Blend,
    ) {
        if is_on_one_line(self.here, &here) && is_on_one_line(self.there, &there) {
            return self.patch.put(ours, theirs, blend);
        }
        let named = |entry: &Entry<'_>| entry.property.name().to_ascii_uppercase();
        let mut free: BTreeMap<String, VecDeque<Entry<'a>>> = BTreeMap::new();
        for entry in self.there.entries(there.normal) {
            free.entry(named(&entry)).or_default().push_back(entry);
        }
        let mut unmatched = BTreeSet::new();
        let mut is_matched = false;
        for entry in self.here.entries(here.normal) {
            match free.get_mut(&named(&entry)).and_then(VecDeque::pop_front) {
                Some(same) => {
                    is_matched = true;
                    self.patch.put(entry, same, blend.clone());
                }
                None => drop(unmatched.insert(entry.property.id())),
            }
        }
        if !is_matched {
            unmatched.remove(&ours.property.id());
            self.patch.put(ours, theirs, blend);
        }
        unmatched.into_iter().for_each(|line| self.patch.cut(line));
    }

    fn remove(&mut self, old: &Fact<'a>) {
        for said in self.here.facts.saying(old.normal) {
            match is_list(old.known) {
                true => self.patch.remove_item(said.line, old.value),
                false => self.patch.cut(said.line),
            }
        }
    }

    fn add(&mut self, new: Fact<'a>) {
        if is_list(new.known) {
            self.items.entry(new.line).or_default().insert(new.value);
            return;
        }
        let mut names: BTreeSet<String> = BTreeSet::new();
        for entry in self.there.entries(new.normal) {
            if names.insert(entry.property.name().to_ascii_uppercase()) {
                self.patch.adopt(entry.property.id());
            }
        }
        if names.is_empty() {
            self.patch.adopt_junk(self.there.card.line(new.line));
        }
    }

    /// Adds items to the first list here that has the same marks, else as a list of their own.
    fn add_items(&mut self) {
        let all = std::mem::take(&mut self.items);
        let lists = if all.is_empty() { BTreeMap::new() } else { lists(self.here) };
        for (line, items) in all {
            let Some(theirs) = self.there.entry(line) else { continue };
            let ours = lists.get(&(theirs.property.known(), theirs.marks));
            let decoded = theirs.property.decoded();
            let all = list_items(&decoded, theirs.card.version());
            let all = all.filter(|(item, _)| items.contains(item.as_bytes()));
            let mut seen = BTreeSet::new();
            let all = all.filter(|(item, _)| seen.insert(item.clone())).map(|(_, raw)| raw);
            match ours {
                Some(ours) => all.for_each(|raw| self.patch.add_item(*ours, raw)),
                None => self.patch.adopt_items(line, &all.collect::<Vec<_>>()),
            }
        }
    }

    fn contest(&mut self, versions: &Versions<'a, '_>, prefer: Prefer) {
        let (fact, _) = versions.here;
        let (_, theirs) = versions.there;
        let (field, label) = words(self.here.card, &self.here.groups, &fact);
        let (here, there) = versions.shown();
        let (local, remote) = match self.rule.target {
            Target::Local => (here, there),
            Target::Remote => (there, here),
        };
        let contested =
            Contested { field: field.into_owned(), label, local, remote, stands: prefer.into() };
        self.contested.push((theirs.property.id(), contested));
    }

    /// Keeps our value of what can stand only once where a person finds it.
    fn set_aside(&mut self, fact: &Fact<'a>, here: &Entry<'_>, there: &Entry<'_>) {
        let ours = if self.rule.target == Target::Local { here } else { there };
        let text = shown(&ours.property);
        self.asides.push(match fact.known {
            Known::Fn => Aside::Nickname(text),
            Known::Note => Aside::Paragraph(text),
            _ => {
                let (field, _) = words(self.here.card, &self.here.groups, fact);
                Aside::Line(format!("also {field}: {text}"))
            }
        });
    }

    fn finish(mut self) -> Outcome {
        self.add_items();
        self.contested.sort_by_key(|(line, _)| *line);
        let contested = self.contested.into_iter().map(|(_, one)| one).collect();
        let mut card = self.patch.apply();
        if !self.asides.is_empty() {
            contest::put_all(self.asides, card.get_or_insert_with(|| self.here.card.clone()));
        }
        Outcome { text: card.map_or(Text::Here, Text::New), contested }
    }
}

/// Whether one line only says it.
fn is_on_one_line(reading: &Reading<'_>, fact: &Fact<'_>) -> bool {
    reading.facts.saying(fact.normal).take(2).count() == 1
}

/// The first list of each kind and with each marks.
fn lists(reading: &Reading<'_>) -> BTreeMap<(Known, Marks), LineId> {
    let mut first = BTreeMap::new();
    for list in reading.card.properties_where(is_list) {
        if let Some(entry) = reading.entry(list.id()) {
            first.entry((list.known(), entry.marks)).or_insert(list.id());
        }
    }
    first
}

/// Which of these kinds a card has a property of.
fn had_before(card: &Card, kinds: &BTreeSet<Known>) -> BTreeSet<Known> {
    let had = card.properties_where(|known| kinds.contains(&known));
    had.filter(|property| !shown(property).is_empty()).map(|property| property.known()).collect()
}

fn unpaired<'a>(all: &[Said<'a>], paired: impl Iterator<Item = usize>) -> AllSaid<'a> {
    let mut is_paired: SmallVec<[bool; 32]> = smallvec![false; all.len()];
    for at in paired {
        if let Some(is_paired) = is_paired.get_mut(at) {
            *is_paired = true;
        }
    }
    let left = all.iter().zip(is_paired).filter(|(_, is_paired)| !is_paired);
    left.map(|(said, _)| *said).collect()
}
