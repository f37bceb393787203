//! Two cards of one contact put together field by field, as somebody chose.

use std::collections::{BTreeMap, BTreeSet};

use crate::vcard::{
    Card, Known, LineId, Patch, Reading, Says, Statement, apart, convert, statements,
};

/// A field, such as `phone work`, in which two cards differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `name`, `phone`, `e-mail`, `X-FOO`.
    pub field: String,
    /// `work`.
    pub label: Option<String>,
    /// Its values that are only here.
    pub here: Vec<Says>,
    /// Its values that are only there.
    pub there: Vec<Says>,
    /// Its values when both sides last agreed that are not on both sides any more.
    pub base: Vec<Says>,
    /// On which side it was edited.
    pub edited: Edited,
}

/// On which side a field was edited since both sides last agreed. Where they never did, what only
/// one side has counts as added there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// Only here.
    Here,
    /// Only there.
    There,
    /// On both sides, to different values: somebody has to choose.
    Both,
}

/// Which values of a field to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Those that are here, and no others.
    Here,
    /// Those that are there, and no others.
    There,
    /// All. Of a field that a card can have only once, the one that is there.
    Both,
}

impl Difference {
    /// What to call it: `phone work`.
    pub fn name(&self) -> String {
        match &self.label {
            Some(label) => format!("{} {label}", self.field),
            None => self.field.clone(),
        }
    }

    /// Whether it is meant by a name that somebody typed: `phone work`, or `phone` for every phone.
    pub fn is_called(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        self.field.to_lowercase() == name || self.name().to_lowercase() == name
    }
}

/// The fields in which two cards differ, in the order of the one here. The UID is none of them: the
/// server's never changes (Q100).
pub fn differences(base: Option<&Card>, here: &Card, there: &Card) -> Vec<Difference> {
    let (here, there) = (statements(here), statements(there));
    let base = base.map(statements);
    let fields = fields(base.as_deref().unwrap_or_default(), &here, &there);
    fields.iter().filter_map(|field| field.difference(base.is_some())).collect()
}

/// The card there, with what `take` says taken from the one here; `None` when a line is in the way
/// that cannot be moved from one card to the other.
pub fn pick(
    base: Option<&Card>,
    here: &Card,
    there: &Card,
    take: impl Fn(&Difference) -> Take,
) -> Option<Card> {
    // A line is read by the version of its card.
    let here = match here.version() == there.version() {
        true => here.clone(),
        false => convert(here, there.version()),
    };
    let [ours, theirs] = apart([&here, there]);
    let (here, said) = (statements(&here), statements(there));
    let agreed = base.map(statements);
    let mut picking = Picking {
        ours: &ours,
        theirs: &theirs,
        patch: Patch::new(&theirs, &ours),
        said: said.iter().map(|one| one.normal.as_slice()).collect(),
        once: said.iter().filter(|one| one.is_once()).map(Statement::canonical).collect(),
    };
    let mut replaced = Vec::new();
    let fields = fields(agreed.as_deref().unwrap_or_default(), &here, &said);
    for field in &fields {
        let Some(difference) = field.difference(base.is_some()) else { continue };
        match take(&difference) {
            Take::There => {}
            Take::Here => {
                picking.replace(field)?;
                replaced.push(field);
            }
            Take::Both => picking.add(field)?,
        }
    }
    let card = picking.patch.apply().unwrap_or_else(|| there.clone());
    let now = statements(&card);
    let now: BTreeMap<Key<'_>, Field<'_>> = self::fields(&[], &now, &[])
        .into_iter()
        .filter_map(|field| Some((field.key()?, field)))
        .collect();
    let is_as_here = |field: &&Field<'_>| {
        let now = field.key().and_then(|key| now.get(&key));
        now.map(|now| set(&now.here)).unwrap_or_default() == set(&field.here)
    };
    replaced.iter().all(is_as_here).then_some(card)
}

/// One field of the cards: what they call alike.
#[derive(Default)]
struct Field<'a> {
    base: Vec<&'a Statement>,
    here: Vec<&'a Statement>,
    there: Vec<&'a Statement>,
}

/// What a field is called.
type Key<'a> = (&'a str, Option<&'a str>);

fn key(one: &Statement) -> Key<'_> {
    (&one.name, one.label.as_deref())
}

/// The fields of two cards, in the order of the one here, with what the base says of them.
fn fields<'a>(
    base: &'a [Statement],
    here: &'a [Statement],
    there: &'a [Statement],
) -> Vec<Field<'a>> {
    let mut places: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    let mut fields: Vec<Field<'_>> = Vec::new();
    let named = |one: &&Statement| one.known != Known::Uid;
    for one in here.iter().chain(there).filter(named) {
        places.entry(key(one)).or_insert_with(|| {
            fields.push(Field::default());
            fields.len() - 1
        });
    }
    let mut fill = |all: &'a [Statement], side: fn(&mut Field<'a>, &'a Statement)| {
        for one in all {
            if let Some(field) = places.get(&key(one)).and_then(|at| fields.get_mut(*at)) {
                side(field, one);
            }
        }
    };
    fill(base, |field, one| field.base.push(one));
    fill(here, |field, one| field.here.push(one));
    fill(there, |field, one| field.there.push(one));
    fields
}

impl<'a> Field<'a> {
    fn key(&self) -> Option<Key<'a>> {
        self.here.iter().chain(&self.there).next().map(|one| key(one))
    }

    /// In what it differs, if it does.
    fn difference(&self, is_agreed: bool) -> Option<Difference> {
        let (ours, theirs, before) = (set(&self.here), set(&self.there), set(&self.base));
        if ours == theirs {
            return None;
        }
        let edited = match is_agreed {
            true if ours == before => Edited::There,
            true if theirs == before => Edited::Here,
            false if ours.is_empty() => Edited::There,
            false if theirs.is_empty() => Edited::Here,
            _ => Edited::Both,
        };
        let is_on_both = |one: &[u8]| ours.contains(one) && theirs.contains(one);
        let (field, label) = self.key()?;
        Some(Difference {
            field: field.to_owned(),
            label: label.map(str::to_owned),
            here: said(&self.here, |one| !theirs.contains(one)),
            there: said(&self.there, |one| !ours.contains(one)),
            base: said(&self.base, |one| !is_on_both(one)),
            edited,
        })
    }
}

/// The card there on its way to what was picked.
struct Picking<'a> {
    ours: &'a Reading<'a>,
    theirs: &'a Reading<'a>,
    patch: Patch<'a>,
    /// What it says by now.
    said: BTreeSet<&'a [u8]>,
    /// What it has by now of what a card has once, by its name.
    once: BTreeSet<&'a [u8]>,
}

impl<'a> Picking<'a> {
    /// Makes a field what it is here. A line is kept where it says what one here says.
    fn replace(&mut self, field: &Field<'a>) -> Option<()> {
        let (wanted, found) = (lines(&field.here), lines(&field.there));
        let had: BTreeSet<&[&[u8]]> = found.iter().map(|(_, says)| says.as_slice()).collect();
        let mut come: BTreeSet<&[&[u8]]> = BTreeSet::new();
        let mut new = wanted
            .iter()
            .filter(|(_, says)| !had.contains(says.as_slice()) && come.insert(says))
            .map(|(line, _)| *line);
        let kept: BTreeSet<&[&[u8]]> = wanted.iter().map(|(_, says)| says.as_slice()).collect();
        for (old, _) in found.iter().filter(|(_, says)| !kept.contains(says.as_slice())) {
            self.theirs.card.property(*old)?;
            match new.next() {
                Some(new) => {
                    self.ours.card.property(new)?;
                    self.patch.adopt_over(*old, new);
                }
                None => self.patch.cut(*old),
            }
        }
        for line in new {
            self.ours.card.property(line)?;
            self.patch.adopt(line);
        }
        Some(())
    }

    /// Adds to a field what is only here. Of what a card has once the one that is there stands, and no
    /// program shows two.
    fn add(&mut self, field: &Field<'a>) -> Option<()> {
        for on_line in field.here.chunk_by(|a, b| a.line == b.line) {
            let Some(first) = on_line.first() else { continue };
            let is_new = on_line.iter().any(|one| !self.said.contains(one.normal.as_slice()));
            if is_new && !(first.is_once() && self.once.contains(first.canonical())) {
                self.ours.card.property(first.line)?;
                self.patch.adopt(first.line);
                self.said.extend(on_line.iter().map(|one| one.normal.as_slice()));
                self.once.extend(first.is_once().then(|| first.canonical()));
            }
        }
        Some(())
    }
}

/// The lines of a field, each with what it says.
fn lines<'a>(field: &[&'a Statement]) -> Vec<(LineId, Vec<&'a [u8]>)> {
    let lines = field.chunk_by(|a, b| a.line == b.line);
    let says = |line: &[&'a Statement]| line.iter().map(|one| one.normal.as_slice()).collect();
    lines.filter_map(|line| Some((line.first()?.line, says(line)))).collect()
}

fn set<'a>(field: &[&'a Statement]) -> BTreeSet<&'a [u8]> {
    field.iter().map(|one| one.normal.as_slice()).collect()
}

/// What some of them say, each once.
fn said(field: &[&Statement], wanted: impl Fn(&[u8]) -> bool) -> Vec<Says> {
    let mut known = BTreeSet::new();
    let wanted = field.iter().filter(|one| wanted(&one.normal) && known.insert(&one.says));
    wanted.map(|one| one.says.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::Take::{Both, Here, There};
    use super::*;
    use crate::vcard::{normal, same};

    fn card(lines: &str) -> Card {
        let lines = lines.replace('|', "\r\n");
        Card::parse(format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD\r\n"))
    }

    #[test]
    fn a_field_is_contested_when_both_sides_edited_it() {
        // (base, here, there) -> fields with who edited them
        let cases: [(Option<&str>, &str, &str, &[&str]); 7] = [
            (Some("FN:A|NOTE:1"), "FN:B|NOTE:1", "FN:C|NOTE:2", &["name Both", "note There"]),
            (Some("FN:A|TEL:1"), "FN:A", "FN:A|TEL:2", &["phone Both"]),
            (Some("FN:A|TEL:1"), "FN:A", "FN:A|TEL:1", &["phone Here"]),
            (None, "FN:A|TEL:1", "FN:A|NOTE:1", &["phone Here", "note There"]),
            (
                None,
                "TEL;TYPE=work:1|TEL;TYPE=home:2",
                "TEL;TYPE=work:3|TEL;TYPE=home:2",
                &["phone work Both"],
            ),
            (None, "UID:a|FN:A", "UID:b|FN:A", &[]),
            (None, "FN:A|CATEGORIES:a,b", "REV:1|FN:A|CATEGORIES:b|CATEGORIES:a", &[]),
        ];
        for (base, here, there, expected) in cases {
            let found = differences(base.map(card).as_ref(), &card(here), &card(there));
            let found: Vec<_> =
                found.iter().map(|one| format!("{} {:?}", one.name(), one.edited)).collect();
            assert_eq!(found, expected, "{base:?} {here} {there}");
        }
    }

    #[test]
    fn only_what_differs_is_shown() {
        let [phone] = &differences(
            Some(&card("TEL:1|TEL:2|TEL:9")),
            &card("TEL:1|TEL:3"),
            &card("TEL:1|TEL:2|TEL:4"),
        )[..] else {
            panic!()
        };
        let texts = |values: &[Says]| -> Vec<String> {
            let text = |value: &Says| match value {
                Says::Text(text) => text.clone(),
                Says::Bytes { .. } => panic!("{value:?}"),
            };
            values.iter().map(text).collect()
        };
        assert_eq!(texts(&phone.here), ["3"]);
        assert_eq!(texts(&phone.there), ["2", "4"]);
        assert_eq!(texts(&phone.base), ["2", "9"]);
    }

    #[test]
    fn each_field_comes_from_the_side_that_was_chosen() {
        let here = "UID:h|FN:B|TEL:1|TEL:2|item1.URL:u|item1.X-ABLabel:Hut|CATEGORIES:a,b|X-ME:1";
        let there = "UID:t|FN:C|TEL:2|TEL:3|TEL:4|item1.URL:v|item1.X-ABLabel:Boat|CATEGORIES:b,c";
        // (field, take) -> lines of the result; every other field is taken from there
        let cases = [
            ("name", Here, there.replace("FN:C", "FN:B")),
            ("name", Both, there.to_owned()),
            ("phone", Here, there.replace("TEL:2|TEL:3|TEL:4", "TEL:2|TEL:1")),
            ("phone", Both, there.replace("TEL:4", "TEL:4|TEL:1")),
            ("category", Here, there.replace("CATEGORIES:b,c", "CATEGORIES:a,b")),
            ("category", Both, format!("{there}|CATEGORIES:a,b")),
            ("web page Hut", Here, format!("{there}|item2.URL:u|item2.X-ABLabel:Hut")),
            ("web page Boat", Here, there.replace("|item1.URL:v|item1.X-ABLabel:Boat", "")),
            ("X-Me", Here, format!("{there}|X-ME:1")),
            ("X-Me", There, there.to_owned()),
        ];
        for (field, take, expected) in cases {
            let chosen = |one: &Difference| if one.is_called(field) { take } else { Take::There };
            let picked = pick(None, &card(here), &card(there), chosen).unwrap();
            assert_eq!(normal(&picked), normal(&card(&expected)), "{field} {take:?}: {picked:?}");
        }
        let all = pick(None, &card(here), &card(there), |_| Here).unwrap();
        assert_eq!(normal(&all), normal(&card(&here.replace("UID:h", "UID:t"))));
        let none = pick(None, &card(here), &card(there), |_| There).unwrap();
        assert_eq!(none, card(there), "byte for byte");
    }

    #[test]
    fn both_drops_nothing_that_a_card_can_have_twice() {
        let here = card("FN:A|NOTE:one|EMAIL:a@x|PHOTO;ENCODING=b:YQ==");
        let there = card("FN:A|NOTE:two|EMAIL:b@x|PHOTO;ENCODING=b:Yg==|TEL:1");
        let both = pick(None, &here, &there, |_| Both).unwrap();
        for side in [&here, &there] {
            for field in statements(side) {
                assert!(
                    statements(&both).iter().any(|one| one.normal == field.normal),
                    "{field:?}"
                );
            }
        }
    }

    #[test]
    fn versions_may_differ_and_what_is_no_property_cannot_be_moved() {
        let four =
            Card::parse("BEGIN:VCARD\nVERSION:4.0\nFN:A\nN:A;;;;\nTEL;PREF=1:1\nEND:VCARD\n");
        let picked = pick(None, &four, &card("FN:A|N:A|TEL:2"), |_| Here).unwrap();
        assert_eq!(normal(&picked), normal(&four));
        assert_eq!(pick(None, &card("FN:A|junk"), &card("FN:A"), |_| Here), None);
    }

    #[test]
    fn what_a_card_has_once_comes_from_there_under_whatever_name() {
        let cases = [
            (
                "X-ANNIVERSARY:2001-01-01",
                "item1.X-ABDATE:2002-02-02|item1.X-ABLabel:_$!<Anniversary>!$_",
            ),
            ("SORT-STRING:a", "SORT-STRING:b"),
            ("X-PHONETIC-LAST-NAME:a", "X-PHONETIC-LAST-NAME:b"),
            ("X-ADDRESSBOOKSERVER-KIND:group", "KIND:org"),
        ];
        for (here, there) in cases {
            let there = card(there);
            assert_eq!(pick(None, &card(here), &there, |_| Both), Some(there), "{here}");
        }
        let (first, last) = ("X-PHONETIC-FIRST-NAME:a", "X-PHONETIC-LAST-NAME:b");
        let both = pick(None, &card(first), &card(last), |_| Both).unwrap();
        assert_eq!(normal(&both), normal(&card(&format!("{last}|{first}"))));
    }

    #[test]
    fn thousands_of_fields_and_of_lines_are_picked_in_one_go() {
        const MANY: usize = 20_000;
        let with = |line: &dyn Fn(usize) -> String| {
            card(&(0..MANY).map(line).collect::<Vec<_>>().join("|"))
        };
        let labelled = |value: &str| {
            with(&|at| format!("item{at}.TEL:{value}{at}|item{at}.X-ABLabel:Hut{at}"))
        };
        let phones = |value: &str| with(&|at| format!("TEL:{value}{at}"));
        for (here, there) in [(labelled("1"), labelled("2")), (phones("1"), phones("2"))] {
            let picked = pick(None, &here, &there, |_| Here).unwrap();
            assert!(same(&picked, &here));
            let both = pick(None, &here, &there, |_| Both).unwrap();
            assert_eq!(statements(&both).len(), 2 * MANY);
        }
    }
}
