//! A card as facts: what each property says, with everything evened out that servers even out.
//!
//! What counts as the same (and where it was seen) is the table in [`super::normal()`].

use smallvec::SmallVec;

use super::known::Known;
use super::label::{Groups, Own, Types, is_encoding, lower};
use super::person;
use super::property::Property;
use super::says::{is_binary, value};
use super::{Card, LineId, text};
use crate::contact::Kind;

/// What stands between the parts of a fact; it occurs in no valid UTF-8.
pub(super) const GAP: u8 = 0xFF;

/// What stands between the components of a value.
pub(crate) const COMPONENT: u8 = 0xFE;

/// Everything a card says, in its order. See [`facts()`].
#[derive(Debug, Clone, Default)]
pub struct Facts {
    bytes: Vec<u8>,
    /// In the order of the card.
    items: Vec<Item>,
    /// Places in `items`, sorted by what they say; one after the other where several say it.
    sorted: SmallVec<[usize; 4]>,
}

/// One thing a card says: a property with its label, or one item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact<'a> {
    /// The line that says it; several facts of a list share one.
    pub line: LineId,
    /// Its property.
    pub known: Known,
    /// Its canonical name, upper case: `ANNIVERSARY` for X-ANNIVERSARY too.
    pub name: &'a [u8],
    /// Name, types, parameters and value: equal when no user would call two facts different.
    pub normal: &'a [u8],
    /// The end of [`Fact::normal`]: the value alone.
    pub value: &'a [u8],
}

impl Fact<'_> {
    /// Whether a card can have no more than one: see [`is_once`].
    pub(crate) fn is_once(&self) -> bool {
        is_once(self.known, self.name)
    }
}

/// Whether a card can have no more than one property of this canonical name: by RFC 6350 6
/// (cardinality `1` and `*1`), by what its readers make of a second name, or since it is about the
/// one N.
pub(super) fn is_once(known: Known, name: &[u8]) -> bool {
    use Known::{AbShowAs, Anniversary, Bday, Fn, Gender, Kind, N, Phonetic, SortString};
    match known {
        Fn | N | Bday | Anniversary | Gender | Kind | AbShowAs | SortString | Phonetic => true,
        _ => name == b"ANNIVERSARY",
    }
}

#[derive(Debug, Clone, Copy)]
struct Item {
    line: LineId,
    known: Known,
    start: usize,
    name: usize,
    value: usize,
    end: usize,
}

/// Takes a card as facts: what two cards must share to be the same to their user. VERSION, REV,
/// PRODID, empty properties and the layout are no facts.
pub fn facts(card: &Card) -> Facts {
    let bytes = Vec::with_capacity(card.as_bytes().len().min(4096));
    let items = Vec::with_capacity(card.scanned_lines().len());
    Facts { bytes, items, sorted: SmallVec::new() }.with(card, &Groups::of(card), |_| true)
}

/// The facts of some lines only: see [`super::apart`].
pub(super) fn facts_of(card: &Card, groups: &Groups, wanted: impl Fn(LineId) -> bool) -> Facts {
    let (bytes, items) = (Vec::with_capacity(256), Vec::with_capacity(4));
    Facts { bytes, items, sorted: SmallVec::new() }.with(card, groups, wanted)
}

impl Facts {
    fn with(mut self, card: &Card, groups: &Groups, wanted: impl Fn(LineId) -> bool) -> Self {
        let mut writer = Writer { card, groups, facts: &mut self };
        for property in card.properties_on(&wanted) {
            writer.property(&property);
        }
        for (line, junk) in card.junk().filter(|(line, _)| wanted(*line)) {
            writer.junk(line, junk);
        }
        let mut sorted: SmallVec<[usize; 4]> = (0..self.items.len()).collect();
        sorted.sort_by(|a, b| self.normal(*a).cmp(self.normal(*b)));
        self.sorted = sorted;
        self
    }

    /// How many bytes all of them take.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The facts, in the order of the card.
    pub fn iter(&self) -> impl Iterator<Item = Fact<'_>> {
        self.items.iter().map(|item| self.fact(item))
    }

    /// As a set: each by one of those that say it, sorted by what they say.
    pub(crate) fn set(&self) -> impl Iterator<Item = Fact<'_>> {
        let said = self.sorted.chunk_by(|a, b| self.normal(*a) == self.normal(*b));
        said.filter_map(|same| self.items.get(*same.first()?)).map(|item| self.fact(item))
    }

    /// Whether one says it.
    pub(crate) fn say(&self, normal: &[u8]) -> bool {
        // To go through a few is faster than to search among them.
        match self.items.len() {
            0..=8 => (0..self.items.len()).any(|at| self.normal(at) == normal),
            _ => self.saying(normal).next().is_some(),
        }
    }

    /// Those that say it; several where it stands twice, or under several names.
    pub(crate) fn saying(&self, normal: &[u8]) -> impl Iterator<Item = Fact<'_>> {
        let start = self.sorted.partition_point(|at| self.normal(*at) < normal);
        let from = self.sorted.get(start..).unwrap_or_default();
        let same = from.iter().take_while(move |at| self.normal(**at) == normal);
        same.filter_map(|at| self.items.get(*at)).map(|item| self.fact(item))
    }

    fn normal(&self, at: usize) -> &[u8] {
        let item = self.items.get(at).and_then(|item| self.bytes.get(item.start..item.end));
        item.unwrap_or_default()
    }

    fn fact(&self, item: &Item) -> Fact<'_> {
        let part = |start, end| self.bytes.get(start..end).unwrap_or_default();
        Fact {
            line: item.line,
            known: item.known,
            name: part(item.start, item.name),
            normal: part(item.start, item.end),
            value: part(item.value, item.end),
        }
    }
}

struct Writer<'a> {
    card: &'a Card,
    groups: &'a Groups,
    facts: &'a mut Facts,
}

impl Writer<'_> {
    fn property(&mut self, property: &Property<'_>) {
        match property.known() {
            Known::Version | Known::Rev | Known::Prodid => {}
            Known::AbLabel | Known::AbAdr if self.groups.main_of(property.id()).is_some() => {}
            Known::Kind | Known::AbShowAs => self.kind(property),
            Known::Nickname | Known::Categories => {
                let decoded = property.decoded();
                let version = property.version();
                for item in text::split(&decoded, b',', version) {
                    let item = text::unescape(item, version);
                    self.fact(property, |_, out| {
                        out.extend_from_slice(item.trim_ascii().as_bytes())
                    });
                }
            }
            _ => self.fact(property, value),
        }
    }

    /// KIND under its three names; a person is what a card is without it.
    fn kind(&mut self, property: &Property<'_>) {
        let value = match person::kind(property) {
            Some(Kind::Organisation) => "org".to_owned(),
            _ => property.decoded().trim_ascii().to_ascii_lowercase(),
        };
        if value != "individual" {
            self.fact(property, |_, out| out.extend_from_slice(value.as_bytes()));
        }
    }

    fn fact(&mut self, property: &Property<'_>, write: impl Fn(&Property<'_>, &mut Vec<u8>)) {
        let start = self.facts.bytes.len();
        let types = self.name(property);
        let name = self.facts.bytes.len();
        self.qualifiers(property, types);
        let from = self.facts.bytes.len();
        write(property, &mut self.facts.bytes);
        let end = self.facts.bytes.len();
        // Empty properties come and go (SOGo drops them).
        if end == from {
            self.facts.bytes.truncate(start);
            return;
        }
        let (line, known) = (property.id(), property.known());
        self.facts.items.push(Item { line, known, start, name, value: from, end });
    }

    /// Writes the canonical name; returns the label when it is not part of it.
    fn name(&mut self, property: &Property<'_>) -> Option<Own> {
        let own = self.groups.own_label(self.card, property.id());
        let out = &mut self.facts.bytes;
        let canonical: &[u8] = match (property.known(), &own) {
            (Known::Anniversary, _) => b"ANNIVERSARY",
            // sabre and Google write the ANNIVERSARY of a card as a labelled date.
            (Known::AbDate, Some(own)) if is_anniversary(own) => {
                out.extend_from_slice(b"ANNIVERSARY");
                return None;
            }
            (Known::Kind | Known::AbShowAs, _) => b"KIND",
            (Known::Member, _) => b"MEMBER",
            _ => {
                let from = out.len();
                out.extend_from_slice(property.name().as_bytes());
                out.get_mut(from..).unwrap_or_default().make_ascii_uppercase();
                return own;
            }
        };
        out.extend_from_slice(canonical);
        own
    }

    /// Writes types, preference, label and the other parameters.
    fn qualifiers(&mut self, property: &Property<'_>, own: Option<Own>) {
        let out = &mut self.facts.bytes;
        out.push(GAP);
        let binary = is_binary(property.known());
        if property.has_params() || own.is_some() {
            let Types { mut types, pref } = Types::of(property);
            // The picture says itself what it is; the card's TYPE is often wrong.
            types.retain(|one| !binary && !is_noise(property.known(), one));
            let typed = match &own {
                Some(Own::Builtin(label)) => {
                    types.push(label);
                    None
                }
                Some(Own::Typed(label)) => Some(label),
                None => None,
            };
            type_set(&types, out);
            if let Some(pref) = pref.filter(|_| !binary) {
                out.extend_from_slice(b"pref");
                out.push(pref);
            }
            if let Some(label) = typed {
                out.push(GAP);
                out.extend_from_slice(label.as_bytes());
            }
        }
        out.push(GAP);
        self.parameters(property);
        self.country(property);
        self.facts.bytes.push(GAP);
    }

    fn parameters(&mut self, property: &Property<'_>) {
        if !property.has_params() || property.only_type().is_some() {
            return;
        }
        let binary = is_binary(property.known());
        let mut others: Vec<(String, String)> = property
            .params()
            .filter(|param| !param.is_bare() && !is_layout(param.name, binary))
            .map(|param| {
                let values: Vec<_> = param.values().collect();
                (param.name.to_ascii_uppercase(), values.join(","))
            })
            .filter(|(_, value)| !value.is_empty())
            .collect();
        others.sort_unstable();
        for (name, value) in &others {
            self.facts.bytes.extend_from_slice(name.as_bytes());
            self.facts.bytes.push(b'=');
            self.facts.bytes.extend_from_slice(value.as_bytes());
            self.facts.bytes.push(COMPONENT);
        }
    }

    /// The X-ABADR of an address is part of it.
    fn country(&mut self, property: &Property<'_>) {
        if property.known() != Known::Adr {
            return;
        }
        let line = self.groups.country_line(property.id());
        if let Some(country) = line.and_then(|line| self.card.property(line)) {
            self.facts.bytes.push(GAP);
            self.facts
                .bytes
                .extend_from_slice(country.text().trim_ascii().to_lowercase().as_bytes());
        }
    }

    /// A line without a colon may be the end of a value that somebody cut: it is kept as it is.
    fn junk(&mut self, line: LineId, junk: &[u8]) {
        let junk = junk.trim_ascii();
        let start = self.facts.bytes.len();
        self.facts.bytes.extend_from_slice(&[GAP, GAP, GAP]);
        let value = self.facts.bytes.len();
        self.facts.bytes.extend_from_slice(junk);
        let end = self.facts.bytes.len();
        self.facts.items.push(Item { line, known: Known::Other, start, name: start, value, end });
    }
}

pub(super) fn is_anniversary(own: &Own) -> bool {
    let (Own::Builtin(text) | Own::Typed(text)) = own;
    text.eq_ignore_ascii_case("anniversary")
}

/// Appends types as a set without case.
fn type_set(types: &[&str], out: &mut Vec<u8>) {
    let add = |one: &str, out: &mut Vec<u8>| {
        out.extend_from_slice(one.as_bytes());
        out.push(COMPONENT);
    };
    match types {
        [] => {}
        [one] if one.is_ascii() => {
            let from = out.len();
            add(one, out);
            out.get_mut(from..).unwrap_or_default().make_ascii_lowercase();
        }
        more => {
            let mut more: Vec<String> = more.iter().map(|one| lower(one)).collect();
            more.sort_unstable();
            more.dedup();
            more.iter().for_each(|one| add(one, out));
        }
    }
}

/// Types that are there or not without a difference.
pub(super) fn is_noise(known: Known, one: &str) -> bool {
    match known {
        Known::Email => one.eq_ignore_ascii_case("internet"),
        Known::Tel => one.eq_ignore_ascii_case("voice"),
        _ => false,
    }
}

/// Parameters that say how the value is written, and those that are read elsewhere.
pub(super) fn is_layout(name: &str, binary: bool) -> bool {
    let layout = ["TYPE", "PREF", "ENCODING", "CHARSET", "VALUE", "X-APPLE-OMIT-YEAR"];
    layout.iter().any(|one| one.eq_ignore_ascii_case(name))
        || (binary && name.eq_ignore_ascii_case("MEDIATYPE"))
        || is_encoding(name)
}
