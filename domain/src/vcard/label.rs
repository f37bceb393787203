//! What a value is called: TYPE in its three spellings, PREF, and X-ABLabel.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use super::known::{Known, messenger, relation};
use super::property::{Property, cut};
use super::{Card, LineId};

/// The types of a property, in order, and how much it is preferred.
#[derive(Debug, Default)]
pub(super) struct Types<'a> {
    /// As spelled; they are compared without case.
    pub(super) types: SmallVec<[&'a str; 4]>,
    /// 1 is most (PREF of vCard 4.0); `TYPE=pref` counts as 1.
    pub(super) pref: Option<u8>,
}

/// Types that say what a value can do, or what everybody's value is: no label.
pub(super) const NOISE: [&str; 9] =
    ["internet", "voice", "text", "msg", "x400", "dom", "intl", "postal", "parcel"];

/// Types that say where; they come first in a label.
const PLACES: [&str; 3] = ["home", "work", "school"];

impl<'a> Types<'a> {
    /// Reads `TYPE=a,b`, `TYPE=a;TYPE=b`, `TYPE="a,b"` and the bare `A;B` of vCard 2.1.
    pub(super) fn of(property: &'a Property<'_>) -> Self {
        let mut found = Self::default();
        if !property.has_params() {
            return found;
        }
        if let Some(one) = property.only_type() {
            found.add(one);
            return found;
        }
        for param in property.params() {
            if param.is_bare() {
                if !is_encoding(param.raw) {
                    found.add(param.raw);
                }
            } else if param.name.eq_ignore_ascii_case("TYPE") {
                let mut rest = param.raw;
                while let Some((one, more)) = cut(rest, b',') {
                    found.add(one);
                    rest = more;
                }
                found.add(rest);
            } else if param.name.eq_ignore_ascii_case("PREF") {
                let rank = param.raw.trim_matches('"').parse().ok().filter(|rank| *rank > 0);
                found.prefer(rank.unwrap_or(100));
            }
        }
        found
    }

    /// The types as a label: `work fax`. The same set gives the same label in any order.
    pub(super) fn label(mut self) -> Option<String> {
        self.types.retain(|one| !NOISE.iter().any(|noise| noise.eq_ignore_ascii_case(one)));
        match self.types.as_slice() {
            [] => None,
            [one] => Some(lower(one)),
            more => {
                let mut more: Vec<String> = more.iter().map(|one| lower(one)).collect();
                more.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.cmp(b)));
                more.dedup();
                Some(more.join(" "))
            }
        }
    }

    fn add(&mut self, value: &'a str) {
        let value = value.trim_ascii();
        let value = value.strip_prefix('"').unwrap_or(value);
        let value = value.strip_suffix('"').unwrap_or(value).trim_ascii();
        if value.eq_ignore_ascii_case("pref") {
            self.prefer(1);
        } else if !value.is_empty() {
            self.types.push(value);
        }
    }

    fn prefer(&mut self, rank: u8) {
        self.pref = Some(self.pref.map_or(rank, |known| known.min(rank)));
    }
}

/// Which X-ABLabel and X-ABADR lines belong to which properties. Lines of one group belong
/// together; the number of the group means nothing, since clients renumber.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// Line of a property and its label line, in order. Empty when the card has no label at all.
    labels: Vec<(usize, usize)>,
    /// Line of an address and its X-ABADR line, in order.
    countries: Vec<(usize, usize)>,
    /// Line of a label or X-ABADR and the first line it belongs to, in order.
    satellites: Vec<(usize, usize)>,
}

/// What a line is in its group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Main,
    Address,
    Label,
    Country,
}

impl Groups {
    pub(crate) fn of(card: &Card) -> Self {
        let satellite = |known| matches!(known, Known::AbLabel | Known::AbAdr);
        if !card.scanned_lines().iter().any(|line| satellite(line.known)) {
            return Self::default();
        }
        let mut members: Vec<(String, usize, Role)> = Vec::with_capacity(8);
        for property in card.grouped() {
            let Some(group) = property.group() else { continue };
            let role = match property.known() {
                Known::AbLabel => Role::Label,
                Known::AbAdr => Role::Country,
                Known::Adr => Role::Address,
                _ => Role::Main,
            };
            members.push((lower(group), property.id().0, role));
        }
        members.sort_by(|a, b| a.0.cmp(&b.0));
        let mut found = Self::default();
        for group in members.chunk_by(|a, b| a.0 == b.0) {
            let of = |wanted: &[Role]| -> Vec<usize> {
                let wanted = group.iter().filter(|(_, _, role)| wanted.contains(role));
                wanted.map(|(_, line, _)| *line).collect()
            };
            let labels = pairs(&of(&[Role::Main, Role::Address]), &of(&[Role::Label]));
            let countries = pairs(&of(&[Role::Address]), &of(&[Role::Country]));
            let turned = labels.iter().chain(&countries).map(|(main, line)| (*line, *main));
            found.satellites.extend(turned);
            found.labels.extend(labels);
            found.countries.extend(countries);
        }
        found.labels.sort_unstable();
        found.countries.sort_unstable();
        found.satellites.sort_unstable();
        found.satellites.dedup_by_key(|(line, _)| *line);
        found
    }

    /// The label line of a property.
    pub(super) fn label_line(&self, id: LineId) -> Option<LineId> {
        find(&self.labels, id)
    }

    /// The X-ABADR line of an address.
    pub(super) fn country_line(&self, id: LineId) -> Option<LineId> {
        find(&self.countries, id)
    }

    /// The label and country line of each property that has one, once for each.
    pub(super) fn beside(&self) -> impl Iterator<Item = LineId> {
        self.labels.iter().chain(&self.countries).map(|(_, line)| LineId(*line))
    }

    /// The label and country lines of a property.
    pub(super) fn of_property(&self, id: LineId) -> Vec<LineId> {
        self.label_line(id).into_iter().chain(self.country_line(id)).collect()
    }

    /// The label and country lines no other property shares.
    pub(super) fn only_of(&self, id: LineId) -> Vec<LineId> {
        let shared = |line: &LineId| {
            let pairs = self.labels.iter().chain(&self.countries);
            pairs.filter(|(main, other)| *other == line.0 && *main != id.0).count() > 0
        };
        self.of_property(id).into_iter().filter(|line| !shared(line)).collect()
    }

    /// The label and country lines that are nobody's when these properties are gone.
    pub(super) fn orphans(&self, gone: &BTreeSet<LineId>) -> BTreeSet<LineId> {
        if self.satellites.is_empty() {
            return BTreeSet::new();
        }
        let pairs = || self.labels.iter().chain(&self.countries);
        let of = |is_gone: bool| {
            let some = pairs().filter(move |(main, _)| gone.contains(&LineId(*main)) == is_gone);
            some.map(|(_, line)| LineId(*line))
        };
        let kept: BTreeSet<LineId> = of(false).collect();
        of(true).filter(|line| !kept.contains(line)).collect()
    }

    /// The property a label or country line belongs to.
    pub(super) fn main_of(&self, id: LineId) -> Option<LineId> {
        find(&self.satellites, id)
    }

    /// The X-ABLabel of a property.
    pub(super) fn own_label(&self, card: &Card, id: LineId) -> Option<Own> {
        let line = card.property(self.label_line(id)?)?;
        Own::read(&line.text())
    }
}

/// The text of an X-ABLabel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Own {
    /// One of Apple's own, `_$!<Home>!$_`, lower case: `home`.
    Builtin(String),
    /// What the user typed.
    Typed(String),
}

impl Own {
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let builtin = text.strip_prefix("_$!<").and_then(|text| text.strip_suffix(">!$_"));
        match (builtin, text) {
            (Some(builtin), _) => Some(Self::Builtin(lower(builtin.trim()))),
            (None, "") => None,
            (None, typed) => Some(Self::Typed(typed.to_owned())),
        }
    }

    pub(super) fn into_text(self) -> String {
        match self {
            Self::Builtin(text) | Self::Typed(text) => text,
        }
    }
}

/// The label of a property, as a person knows it, and how much it is preferred.
pub(super) fn label(
    card: &Card,
    groups: &Groups,
    property: &Property<'_>,
) -> (Option<String>, Option<u8>) {
    let types = Types::of(property);
    let pref = types.pref;
    let own = groups.own_label(card, property.id()).map(Own::into_text);
    (own.or_else(|| in_name(property).map(str::to_owned)).or_else(|| types.label()), pref)
}

/// What the name of an older property says: `spouse` of X-EVOLUTION-SPOUSE.
pub(super) fn in_name(property: &Property<'_>) -> Option<&'static str> {
    if !matches!(property.known(), Known::Messenger | Known::XRelated) {
        return None;
    }
    let name = property.name().to_ascii_uppercase();
    let name = name.as_bytes().strip_prefix(b"X-")?;
    messenger(name).or_else(|| relation(name))
}

/// Whether a bare parameter of vCard 2.1 is an encoding and not a type.
pub(super) fn is_encoding(bare: &str) -> bool {
    ["QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"].iter().any(|one| one.eq_ignore_ascii_case(bare))
}

/// Pairs the lines of a group with its labels: one each in order when there are as many (a server
/// may have put its own `item1` beside the card's), else the first for all.
fn pairs(mains: &[usize], labels: &[usize]) -> Vec<(usize, usize)> {
    let Some(first) = labels.first() else { return Vec::new() };
    if labels.len() == mains.len() {
        return mains.iter().copied().zip(labels.iter().copied()).collect();
    }
    mains.iter().map(|main| (*main, *first)).collect()
}

fn find(pairs: &[(usize, usize)], id: LineId) -> Option<LineId> {
    let at = pairs.binary_search_by_key(&id.0, |(line, _)| *line).ok()?;
    pairs.get(at).map(|(_, other)| LineId(*other))
}

/// Lower case; without the detour over Unicode where there is none.
pub(super) fn lower(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

fn place(one: &str) -> usize {
    PLACES.iter().position(|place| *place == one).unwrap_or(PLACES.len())
}

/// The lines of the card in `group`, without regard to case.
pub(super) fn in_group(card: &Card, group: &str) -> Vec<LineId> {
    let group = lower(group);
    let same = |p: &Property<'_>| p.group().is_some_and(|one| lower(one) == group);
    card.grouped().filter(same).map(|property| property.id()).collect()
}

/// The first `itemN` no line of the card uses.
pub(super) fn free_group(card: &Card) -> String {
    let used: BTreeSet<String> =
        card.grouped().filter_map(|property| property.group().map(lower)).collect();
    let mut number = 1_usize;
    loop {
        let name = format!("item{number}");
        if !used.contains(&name) {
            return name;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(lines: &str) -> Vec<String> {
        let card = Card::parse(format!("BEGIN:VCARD\n{lines}\nEND:VCARD\n"));
        let groups = Groups::of(&card);
        let mains = card.properties().filter(|p| groups.main_of(p.id()).is_none());
        mains
            .map(|p| {
                let (label, pref) = label(&card, &groups, &p);
                let pref = pref.map_or(String::new(), |pref| format!(" !{pref}"));
                label.unwrap_or("-".to_owned()) + &pref
            })
            .collect()
    }

    #[test]
    fn a_label_is_found_however_it_is_spelled() {
        let cases: [(&str, &[&str]); 13] = [
            ("TEL;TYPE=WORK,FAX:1", &["work fax"]),
            ("TEL;type=fax;type=work:1", &["work fax"]),
            ("TEL;FAX;WORK;PREF:1", &["work fax !1"]),
            ("TEL;TYPE=\"fax,work\":1", &["work fax"]),
            ("EMAIL;TYPE=INTERNET:a@b", &["-"]),
            ("EMAIL;TYPE=internet,home;PREF=2:a@b", &["home !2"]),
            ("TEL:1", &["-"]),
            ("X-SPOUSE:A", &["spouse"]),
            ("X-MS-MANAGER:A", &["manager"]),
            ("item1.TEL;TYPE=WORK:1\nitem1.X-ABLabel:_$!<HomeFAX>!$_", &["homefax"]),
            ("ITEM1.TEL:1\nitem1.X-ABLABEL:School\nitem2.TEL;CELL:2", &["School", "cell"]),
            ("item1.TEL;WORK:1\nitem1.X-ABLabel:", &["work"]),
            // A server added its own item1.
            (
                "item1.TEL:1\nitem1.X-ABLabel:Hut\nITEM1.X-ABDATE:2\nITEM1.X-ABLABEL:_$!<Anniversary>!$_",
                &["Hut", "anniversary"],
            ),
        ];
        for (lines, expected) in cases {
            assert_eq!(labels(lines), expected, "{lines}");
        }
    }

    #[test]
    fn a_new_group_takes_the_first_free_number() {
        let card = Card::parse("BEGIN:VCARD\nITEM1.TEL:1\nitem3.TEL:2\nEND:VCARD\n");
        assert_eq!(free_group(&card), "item2");
    }
}
