//! What is taken over, written into the groups where it belongs.

use std::collections::BTreeMap;

use super::homes::{Common, Signs};
use super::{Adopted, Patch, Place};
use crate::vcard::LineId;
use crate::vcard::apart::Reading;
use crate::vcard::blend::{Blending, Origin};
use crate::vcard::graft::{self, with_own_ends};
use crate::vcard::known::Known;
use crate::vcard::label::lower;
use crate::vcard::marks::Entry;
use crate::vcard::property::Property;

/// What the properties that are edited will have beside them, sorted by their lines.
type Edited = Vec<(LineId, Signs)>;

/// The groups here: what their properties have in common, once all edits are done.
type Commons = BTreeMap<String, Option<Common>>;

/// Whose X-ABLabel and whose X-ABADR stand beside a property.
#[derive(Default)]
struct Beside {
    label: Option<Origin>,
    country: Option<Origin>,
}

impl Beside {
    /// Whether it is what a property here has.
    fn stays(&self, here: &Entry<'_>) -> bool {
        let stays = |now: Option<Origin>, line: Option<LineId>| match now {
            Some(origin) => origin == Origin::Here,
            None => line.is_none(),
        };
        stays(self.label, here.label) && stays(self.country, here.country)
    }
}

impl Patch<'_> {
    /// Writes what waited for all edits to be known.
    pub(super) fn settle(&mut self) {
        let mut blends = std::mem::take(&mut self.blends);
        blends.sort_by_key(|both| both.here.property.id());
        debug_assert!(blends.is_sorted_by(|a, b| a.here.property.id() < b.here.property.id()));
        let edited = self.settle_blends(&blends);
        let adopted = std::mem::take(&mut self.adopted);
        let is_grouped = |one: &Adopted| {
            self.there.card.property(one.line).is_some_and(|one| one.group().is_some())
        };
        if adopted.iter().any(is_grouped) {
            self.know_groups(&blends, &edited);
        }
        for one in adopted {
            let lines = self.taken(&one);
            match one.place {
                Place::Over(line) => drop(self.puts.insert(line, lines)),
                Place::New(at) => {
                    if let Some((_, place)) = self.inserts.get_mut(at) {
                        *place = lines;
                    }
                }
            }
        }
    }

    /// Writes the lines that two properties become.
    fn settle_blends(&mut self, blends: &[Blending<'_>]) -> Edited {
        let edited = blends.iter().map(|both| (both.here.property.id(), Signs::of_both(both)));
        let edited: Edited = edited.collect();
        let mut commons = Commons::new();
        let mut moved = Vec::new();
        for both in blends {
            let id = both.here.property.id();
            let group = both.here.property.group();
            let beside = Beside { label: both.label(), country: both.country() };
            let (group, beside) = if beside.stays(&both.here) {
                (group.map(str::to_owned), Beside::default())
            } else {
                match group.and_then(|group| self.common(&mut commons, group, &edited)) {
                    // All of the group get the same in the place of what they have.
                    Some(common) => {
                        let gone = std::mem::take(&mut common.gone).into_iter();
                        self.puts.extend(gone.map(|line| (line, Vec::new())));
                        let lacks = (&mut common.lacks_label, &mut common.lacks_country);
                        let label = beside.label.filter(|_| std::mem::take(lacks.0));
                        let country = beside.country.filter(|_| std::mem::take(lacks.1));
                        (group.map(str::to_owned), Beside { label, country })
                    }
                    None => {
                        moved.push(id);
                        self.moved(both, beside)
                    }
                }
            };
            let mut lines = vec![with_own_ends(self.card, &both.line(group.as_deref()))];
            let label = beside.label.map(|from| (both.entry(from), both.entry(from).label));
            let country = beside.country.map(|from| (both.entry(from), both.entry(from).country));
            for (entry, line) in label.into_iter().chain(country) {
                lines.extend(line.and_then(|line| self.beside(entry, line, group.as_deref())));
            }
            self.puts.insert(id, lines);
        }
        self.left.extend(moved);
        edited
    }

    /// Where a property goes that cannot stay in its group, and what is to be written beside it there.
    fn moved(&mut self, both: &Blending<'_>, beside: Beside) -> (Option<String>, Beside) {
        let ours = both.here.property.group().map(|group| (Origin::Here, group));
        let theirs = both.there.property.group().map(|group| (Origin::There, group));
        let belongs = theirs.is_some() || beside.label.is_some() || beside.country.is_some();
        let Some((from, group)) = theirs.or(ours).filter(|_| belongs) else {
            return (None, Beside::default());
        };
        let home = self.homes.home(from, group, &Signs::of_both(both));
        let label = beside.label.filter(|_| home.lacks_label);
        let country = beside.country.filter(|_| home.lacks_country);
        (Some(home.group), Beside { label, country })
    }

    /// Finds out what the groups there are here, by the properties that both cards have in a group.
    fn know_groups(&mut self, blends: &[Blending<'_>], edited: &[(LineId, Signs)]) {
        let lines = |both: &Blending<'_>| (both.there.property.id(), both.here.property.id());
        let mut twins: Vec<(LineId, LineId)> = blends.iter().map(lines).collect();
        twins.append(&mut self.twins);
        // What stands once is a surer sign than what stands several times on both sides.
        let mut several = Vec::new();
        for fact in self.there.facts.set() {
            let lines = |reading: &Reading<'_>| -> Vec<LineId> {
                reading.facts.saying(fact.normal).map(|fact| fact.line).collect()
            };
            let (theirs, ours) = (lines(self.there), lines(self.here));
            if theirs.len() == ours.len() {
                let into = if ours.len() == 1 { &mut twins } else { &mut several };
                into.extend(theirs.into_iter().zip(ours));
            }
        }
        twins.append(&mut several);
        let mut commons = Commons::new();
        for (theirs, ours) in twins {
            let Some(theirs) = self.there.card.property(theirs) else { continue };
            let Some(ours) = self.card.property(ours).filter(is_main) else { continue };
            let (Some(from), Some(group)) = (theirs.group(), ours.group()) else { continue };
            if self.left.contains(&ours.id()) {
                continue;
            }
            if let Some(common) = self.common(&mut commons, group, edited) {
                self.homes.know(from, group, common);
            }
        }
    }

    /// What all properties of a group here will have.
    fn common<'c>(
        &self,
        known: &'c mut Commons,
        group: &str,
        edited: &[(LineId, Signs)],
    ) -> Option<&'c mut Common> {
        let signs = |property: &Property<'_>| {
            let id = property.id();
            let now = || Signs::of(&self.here.groups, self.card, property);
            let at = edited.binary_search_by_key(&id, |(line, _)| *line).ok();
            let will_be = at.and_then(|at| edited.get(at)).map(|(_, signs)| signs.clone());
            (!self.left.contains(&id)).then(|| will_be.unwrap_or_else(now))
        };
        let common = known.entry(lower(group)).or_insert_with(|| self.homes.common(group, signs));
        common.as_mut()
    }

    /// The lines of a property that is taken over.
    fn taken(&mut self, one: &Adopted) -> Vec<Vec<u8>> {
        let Some(entry) = self.there.entry(one.line) else { return Vec::new() };
        let property = &entry.property;
        let (mut label, mut country) = (entry.label, entry.country);
        let group = property.group().map(|group| {
            // A label that is nobody's must not become somebody's.
            if !is_main(property) {
                return self.homes.like(group);
            }
            let home = self.homes.home(Origin::There, group, &Signs::of_entry(&entry));
            label = label.filter(|_| home.lacks_label);
            country = country.filter(|_| home.lacks_country);
            home.group
        });
        let line = match &one.items {
            Some(items) => {
                let dot = group.as_ref().map_or("", |_| ".");
                let group = group.as_deref().unwrap_or_default();
                let head = format!("{group}{dot}{}{}", property.name(), property.raw_params());
                self.card.form().line(&head, items)
            }
            None => graft::in_own_group(self.card, entry.card, property, group.as_deref()),
        };
        let mut lines = vec![line];
        for line in label.into_iter().chain(country) {
            lines.extend(self.beside(&entry, line, group.as_deref()));
        }
        lines
    }

    /// A line that belongs to a property, in its group.
    fn beside(&self, entry: &Entry<'_>, line: LineId, group: Option<&str>) -> Option<Vec<u8>> {
        let line = entry.card.property(line)?;
        Some(graft::in_own_group(self.card, entry.card, &line, group))
    }
}

/// Whether a line is no X-ABLabel or X-ABADR.
fn is_main(property: &Property<'_>) -> bool {
    !matches!(property.known(), Known::AbLabel | Known::AbAdr)
}
