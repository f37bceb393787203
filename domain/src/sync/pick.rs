//! Two cards of one contact put together field by field, as somebody chose.

use std::collections::BTreeSet;

use crate::vcard::{Card, Known, LineId, Says, Statement, convert, statements};

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
    let mut found: Vec<Difference> = Vec::new();
    for field in here.iter().chain(&there).filter(|field| field.known != Known::Uid) {
        let seen = |known: &Difference| is_of(field, &known.field, known.label.as_deref());
        if found.iter().any(seen) {
            continue;
        }
        let of = |all: &[Statement]| -> Vec<Statement> {
            let same = |one: &&Statement| is_of(one, &field.name, field.label.as_deref());
            all.iter().filter(same).cloned().collect()
        };
        let (ours, theirs, agreed) = (of(&here), of(&there), base.as_deref().map(of));
        if set(&ours) != set(&theirs) {
            let edited = edited(agreed.as_deref(), &ours, &theirs);
            let before = agreed.unwrap_or_default();
            let is_on_both = |one: &&Statement| !unique(one, &ours) && !unique(one, &theirs);
            found.push(Difference {
                field: field.name.clone(),
                label: field.label.clone(),
                here: said(ours.iter().filter(|one| unique(one, &theirs))),
                there: said(theirs.iter().filter(|one| unique(one, &ours))),
                base: said(before.iter().filter(|one| !is_on_both(one))),
                edited,
            });
        }
    }
    found
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
    let mut card = there.clone();
    for difference in differences(base, &here, there) {
        match take(&difference) {
            Take::There => {}
            Take::Here => replace(&mut card, &here, &difference)?,
            Take::Both => add(&mut card, &here, &difference)?,
        }
    }
    Some(card)
}

/// The card with the UID as it is spelled there, if there is one.
pub fn with_uid_of(there: &Card, mut card: Card) -> Card {
    let Some(uid) = there.uid() else { return card };
    let line = |card: &Card| {
        let mut uids = card.properties_of(Known::Uid);
        uids.find(|property| !property.trimmed().is_empty()).map(|property| property.id())
    };
    let Some(theirs) = line(there) else { return card };
    match line(&card) {
        Some(_) if card.uid().as_ref() == Some(&uid) => {}
        Some(ours) => {
            card.adopt_over(ours, there, theirs);
        }
        None => {
            card.adopt(there, theirs);
        }
    }
    card
}

fn edited(base: Option<&[Statement]>, here: &[Statement], there: &[Statement]) -> Edited {
    match base {
        Some(base) if set(here) == set(base) => Edited::There,
        Some(base) if set(there) == set(base) => Edited::Here,
        None if here.is_empty() => Edited::There,
        None if there.is_empty() => Edited::Here,
        _ => Edited::Both,
    }
}

/// Makes a field of `card` what it is here. A line is kept where it says what one here says.
fn replace(card: &mut Card, here: &Card, field: &Difference) -> Option<()> {
    let wanted = lines(here, field);
    let most = wanted.len() + lines(card, field).len();
    for _ in 0..=most {
        let found = lines(card, field);
        let gone = found.iter().find(|(_, says)| !wanted.iter().any(|(_, other)| other == says));
        let come = wanted.iter().find(|(_, says)| !found.iter().any(|(_, other)| other == says));
        match (gone, come) {
            (None, None) => return Some(()),
            (Some((old, _)), Some((new, _))) => {
                card.adopt_over(*old, here, *new)?;
            }
            (None, Some((new, _))) => {
                card.adopt(here, *new)?;
            }
            (Some((old, _)), None) => card.remove(*old).then_some(())?,
        }
    }
    None
}

/// Adds to a field of `card` what is only here.
fn add(card: &mut Card, here: &Card, field: &Difference) -> Option<()> {
    for (line, says) in lines(here, field) {
        let found = statements(card);
        let is_new = |normal: &Vec<u8>| !found.iter().any(|field| field.normal == *normal);
        let known = here.property(line)?.known();
        let has_one = || found.iter().any(|field| field.known == known);
        if says.iter().any(is_new) && !(is_only_one(known) && has_one()) {
            card.adopt(here, line)?;
        }
    }
    Some(())
}

/// What a card has once at most (RFC 2426 4, RFC 6350 3.3). FN may be repeated in 4.0 alone, and
/// no program shows two.
fn is_only_one(known: Known) -> bool {
    use Known::{AbShowAs, Anniversary, Bday, Fn, Gender, Kind, N};
    matches!(known, Fn | N | Bday | Anniversary | Gender | Kind | AbShowAs)
}

/// The lines of a field, each with what it says.
fn lines(card: &Card, of: &Difference) -> Vec<(LineId, Vec<Vec<u8>>)> {
    let mut lines: Vec<(LineId, Vec<Vec<u8>>)> = Vec::new();
    for field in statements(card).into_iter().filter(|f| is_of(f, &of.field, of.label.as_deref())) {
        match lines.last_mut() {
            Some((line, says)) if *line == field.line => says.push(field.normal),
            _ => lines.push((field.line, vec![field.normal])),
        }
    }
    lines
}

fn is_of(field: &Statement, name: &str, label: Option<&str>) -> bool {
    field.name == name && field.label.as_deref() == label
}

fn set(fields: &[Statement]) -> BTreeSet<&[u8]> {
    fields.iter().map(|field| field.normal.as_slice()).collect()
}

fn unique(field: &Statement, among: &[Statement]) -> bool {
    !among.iter().any(|other| other.normal == field.normal)
}

fn said<'a>(fields: impl Iterator<Item = &'a Statement>) -> Vec<Says> {
    let mut said: Vec<Says> = Vec::new();
    for field in fields {
        if !said.contains(&field.says) {
            said.push(field.says.clone());
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::Take::{Both, Here, There};
    use super::*;
    use crate::vcard::normal;

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
    fn the_uid_is_the_one_there() {
        let cases = [
            ("UID:a", "UID:b", "UID:b"),
            ("FN:A", "UID:b", "UID:b"),
            ("UID:a", "FN:B", "UID:a"),
            ("UID:A", "UID:urn:uuid:a", "UID:urn:uuid:a"),
        ];
        for (ours, theirs, expected) in cases {
            let card = with_uid_of(&card(theirs), card(ours));
            assert_eq!(card.uid(), self::card(expected).uid(), "{ours} {theirs}");
        }
    }
}
