//! The groups of a card that takes lines over: what shares one where it comes from shares one here.
//! The name of a group means nothing.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::vcard::apart::Reading;
use crate::vcard::blend::{Blending, Origin};
use crate::vcard::known::Known;
use crate::vcard::label::{Groups, Own, lower};
use crate::vcard::marks::Entry;
use crate::vcard::property::Property;
use crate::vcard::{Card, LineId};

/// What belongs to a property beside it: in a group it belongs to all, so that only those of which it
/// is true can share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signs {
    /// What its X-ABLabel says.
    label: Option<Own>,
    /// `None` where no address is.
    country: Option<Country>,
}

/// What is true of all properties of a group, once all edits are done.
pub(super) struct Common {
    signs: Signs,
    takes_addresses: bool,
    /// The X-ABLabel and X-ABADR that stand there now and are true no more.
    pub(super) gone: Vec<LineId>,
    /// Whether the X-ABLabel that is true is yet to be written.
    pub(super) lacks_label: bool,
    pub(super) lacks_country: bool,
}

/// What the X-ABADR of an address says.
type Country = Option<String>;

/// A group of one of the two cards, by its name in lower case.
type Source = (Origin, String);

/// Where a property comes to stand, and which of the lines that belong to it do not stand there yet.
pub(super) struct Home {
    pub(super) group: String,
    pub(super) lacks_label: bool,
    pub(super) lacks_country: bool,
}

pub(super) struct Homes<'a> {
    card: &'a Card,
    groups: &'a Groups,
    /// The lines of each group of the card, by its name in lower case; read when the first is needed.
    members: OnceCell<BTreeMap<String, Vec<LineId>>>,
    /// The groups that were made, lower case.
    made: BTreeSet<String>,
    /// The number of the last group that was made.
    last: usize,
    /// What became of a group, or of the part of it that has one label; and of those addresses in it
    /// that found no place there, since another country is named there.
    became: BTreeMap<(Source, Option<Own>, Option<Country>), String>,
    /// The country of the addresses in a group, by its name in lower case; `None` where there can be
    /// no address.
    countries: BTreeMap<String, Option<Country>>,
}

impl Signs {
    /// Those that a property here has.
    pub(super) fn of(groups: &Groups, card: &Card, property: &Property<'_>) -> Self {
        let country = || {
            let line = groups.country_line(property.id()).and_then(|line| card.property(line));
            line.map(|line| country_of(&line))
        };
        let country = (property.known() == Known::Adr).then(country);
        Self { label: groups.own_label(card, property.id()), country }
    }

    /// What is true of both; `None` when they cannot share a group.
    fn and(mut self, other: Self) -> Option<Self> {
        let differs = |one: &Country| other.country.as_ref().is_some_and(|other| other != one);
        if self.label != other.label || self.country.as_ref().is_some_and(differs) {
            return None;
        }
        self.country = self.country.or(other.country);
        Some(self)
    }

    /// Those that a property has with it.
    pub(super) fn of_entry(entry: &Entry<'_>) -> Self {
        let country = || entry.marks.country.clone();
        let country = (entry.property.known() == Known::Adr).then(country);
        Self { label: entry.own.clone(), country }
    }

    /// Those that two properties have that become one.
    pub(super) fn of_both(both: &Blending<'_>) -> Self {
        let label = both.label().and_then(|origin| both.entry(origin).own.clone());
        let country = || both.country().and_then(|from| both.entry(from).marks.country.clone());
        let country = (both.here.property.known() == Known::Adr).then(country);
        Self { label, country }
    }
}

impl<'a> Homes<'a> {
    pub(super) fn new(here: &'a Reading<'a>) -> Self {
        Self {
            card: here.card,
            groups: &here.groups,
            members: OnceCell::new(),
            made: BTreeSet::new(),
            last: 0,
            became: BTreeMap::new(),
            countries: BTreeMap::new(),
        }
    }

    /// The lines of a group of the card.
    pub(super) fn members(&self, group: &str) -> &[LineId] {
        self.all_members().get(&lower(group)).map_or(&[], Vec::as_slice)
    }

    fn all_members(&self) -> &BTreeMap<String, Vec<LineId>> {
        self.members.get_or_init(|| {
            let mut members: BTreeMap<String, Vec<LineId>> = BTreeMap::new();
            for property in self.card.grouped() {
                if let Some(group) = property.group() {
                    members.entry(lower(group)).or_default().push(property.id());
                }
            }
            members
        })
    }

    /// What all properties of a group of the card have, by what each will have (`None` when it is
    /// gone). `None` when they differ, or when nobody can tell which label is whose.
    pub(super) fn common(
        &self,
        group: &str,
        signs: impl Fn(&Property<'_>) -> Option<Signs>,
    ) -> Option<Common> {
        let (mut label, mut country) = (None, None);
        let mut all: Option<Signs> = None;
        for line in self.members(group) {
            let Some(property) = self.card.property(*line) else { continue };
            let beside = match property.known() {
                Known::AbLabel => &mut label,
                Known::AbAdr => &mut country,
                _ => {
                    let Some(signs) = signs(&property) else { continue };
                    all = Some(match all {
                        Some(all) => all.and(signs)?,
                        None => signs,
                    });
                    continue;
                }
            };
            if beside.replace(property).is_some() {
                return None;
            }
        }
        let signs = all?;
        // Of no address, nor must it become one's.
        let (country, stray): (Option<_>, Option<_>) = match country {
            Some(line) if self.groups.main_of(line.id()).is_none() => (None, Some(line)),
            country => (country, None),
        };
        let lacks_label = signs.label != label.as_ref().and_then(|one| Own::read(&one.text()));
        let lacks_country = signs.country.clone().flatten() != country.as_ref().map(country_of);
        let gone = [label.filter(|_| lacks_label), country.filter(|_| lacks_country)];
        let gone = gone.into_iter().flatten().map(|line| line.id()).collect();
        let takes_addresses = stray.is_none();
        Some(Common { signs, takes_addresses, gone, lacks_label, lacks_country })
    }

    /// Tells what became of a group of the other card, unless that is known.
    pub(super) fn know(&mut self, from: &str, group: &str, common: &Common) {
        let key = ((Origin::There, lower(from)), common.signs.label.clone(), None);
        self.became.entry(key).or_insert_with(|| group.to_owned());
        let country = common.signs.country.clone();
        if country.is_some() || !common.takes_addresses {
            self.countries.entry(lower(group)).or_insert(country);
        }
    }

    /// The group here for a property of a group: the one where others of it are, else one that is new.
    pub(super) fn home(&mut self, from: Origin, group: &str, signs: &Signs) -> Home {
        let home = |group, lacks_label, lacks_country| Home { group, lacks_label, lacks_country };
        let mut key = ((from, lower(group)), signs.label.clone(), None);
        for country in [None, signs.country.clone()] {
            key.2 = country;
            let Some(found) = self.became.get(&key) else { break };
            let Some(country) = &signs.country else { return home(found.clone(), false, false) };
            let known = self.countries.get(&lower(found));
            if known.is_none_or(|known| known.as_ref() == Some(country)) {
                let lacks_country = known.is_none();
                self.countries.insert(lower(found), Some(country.clone()));
                return home(found.clone(), false, lacks_country);
            }
        }
        let new = self.like(group);
        self.became.insert(key, new.clone());
        if let Some(country) = &signs.country {
            self.countries.insert(lower(&new), Some(country.clone()));
        }
        home(new, true, true)
    }

    /// A group that is free: of this name, unless that is taken here.
    pub(super) fn like(&mut self, group: &str) -> String {
        if self.make(lower(group)) {
            return group.to_owned();
        }
        loop {
            self.last += 1;
            let name = format!("item{}", self.last);
            if self.make(name.clone()) {
                return name;
            }
        }
    }

    /// Takes a group that is free; `false` when it is not.
    fn make(&mut self, group: String) -> bool {
        !self.all_members().contains_key(&group) && self.made.insert(group)
    }
}

fn country_of(line: &Property<'_>) -> String {
    line.text().trim_ascii().to_lowercase()
}
