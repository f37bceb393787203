//! What changed from one card to another, in a person's words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::facts::{Fact, Facts, facts_apart};
use super::known::Known;
use super::label::{self, Groups};
use super::{Card, LineId};

/// One difference between two cards, in a person's words: `phone work changed`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldChange {
    /// `name`, `phone`, `e-mail`, `photo`, `X-FOO`, ...
    pub field: String,
    /// The label of the value, if it has one: `work`.
    pub label: Option<String>,
    /// What happened to it.
    pub how: How,
}

/// See [`FieldChange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It has another value.
    Changed,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field)?;
        if let Some(label) = &self.label {
            write!(f, " {label}")?;
        }
        write!(f, " {}", self.how)
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        })
    }
}

/// What a person would say has changed from one card to the other, in the order of the card; what
/// is gone comes last. Empty when the two are the same by [`super::normal()`].
///
/// The same words are said once: two new work phones are one `phone work added`.
pub fn diff(before: &Card, after: &Card) -> Vec<FieldChange> {
    let [old, new] = facts_apart(before, after);
    let mut gone = Said::of(before, unique(&old, &new));
    let mut come = Said::of(after, unique(&new, &old));
    let mut changes = Vec::new();
    // Same field and label on both sides: another value. Then same value: another label.
    for exact in [Match::Label, Match::Value, Match::Single] {
        let mut waiting: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, said) in gone.said.iter().enumerate().rev() {
            if let Some(key) = said.key(exact) {
                waiting.entry(key).or_default().push(at);
            }
        }
        let mut paired = Vec::new();
        for said in &mut come.said {
            let found = said.key(exact).and_then(|key| waiting.get_mut(&key)?.pop());
            if let Some(found) = found {
                changes.push((said.at, said.change(How::Changed)));
                said.done = true;
                paired.push(found);
            }
        }
        drop(waiting);
        for found in paired {
            if let Some(said) = gone.said.get_mut(found) {
                said.done = true;
            }
        }
    }
    changes.extend(come.rest(How::Added));
    changes.sort_by_key(|(at, _)| *at);
    changes.extend(gone.rest(How::Removed));
    once(changes.into_iter().map(|(_, change)| change))
}

/// By what a fact that is gone and one that came are taken for one that changed.
#[derive(Clone, Copy)]
enum Match {
    Label,
    Value,
    Single,
}

struct Said<'a> {
    said: Vec<Saying<'a>>,
}

struct Saying<'a> {
    at: LineId,
    field: Cow<'a, str>,
    label: Option<String>,
    value: &'a [u8],
    single: bool,
    done: bool,
}

impl<'a> Said<'a> {
    fn of(card: &Card, facts: Vec<Fact<'a>>) -> Self {
        if facts.is_empty() {
            return Self { said: Vec::new() };
        }
        let groups = Groups::of(card);
        let said = facts.into_iter().map(|fact| {
            let property = card.property(fact.line);
            let label = property.and_then(|property| label::label(card, &groups, &property).0);
            let field = field(&fact);
            let label = label.filter(|_| has_label(&fact));
            let single = is_single(fact.known);
            Saying { at: fact.line, field, label, value: fact.value, single, done: false }
        });
        Self { said: said.collect() }
    }

    fn rest(&self, how: How) -> Vec<(LineId, FieldChange)> {
        let left = self.said.iter().filter(|said| !said.done);
        left.map(|said| (said.at, said.change(how))).collect()
    }
}

impl<'a> Saying<'a> {
    fn key(&self, by: Match) -> Option<(String, Option<String>, &'a [u8])> {
        let field = self.field.clone().into_owned();
        match by {
            _ if self.done => None,
            Match::Label => Some((field, self.label.clone(), &[])),
            Match::Value => Some((field, None, self.value)),
            Match::Single => self.single.then_some((field, None, &[])),
        }
    }

    fn change(&self, how: How) -> FieldChange {
        FieldChange { field: self.field.clone().into_owned(), label: self.label.clone(), how }
    }
}

/// The facts of `one` that `other` does not have.
fn unique<'a>(one: &'a Facts, other: &Facts) -> Vec<Fact<'a>> {
    let known: std::collections::BTreeSet<&[u8]> = other.iter().map(|fact| fact.normal).collect();
    one.iter().filter(|fact| !known.contains(fact.normal)).collect()
}

/// The changes without repetition; a single field that came and went under several lines (FN and N)
/// has changed.
fn once(changes: impl Iterator<Item = FieldChange>) -> Vec<FieldChange> {
    let mut at: BTreeMap<(String, Option<String>, How), ()> = BTreeMap::new();
    let mut names: Option<usize> = None;
    let mut said: Vec<FieldChange> = Vec::new();
    for change in changes {
        if change.field == "name" {
            match names.and_then(|at| said.get_mut(at)) {
                Some(known) if known.how != change.how => known.how = How::Changed,
                Some(_) => {}
                None => {
                    names = Some(said.len());
                    said.push(change);
                }
            }
        } else if at.insert((change.field.clone(), change.label.clone(), change.how), ()).is_none()
        {
            said.push(change);
        }
    }
    said
}

/// What a person calls the field of a fact, and its label.
pub(crate) fn words(card: &Card, groups: &Groups, fact: &Fact<'_>) -> (String, Option<String>) {
    let property = card.property(fact.line).filter(|_| has_label(fact));
    let label = property.and_then(|property| label::label(card, groups, &property).0);
    (field(fact).into_owned(), label)
}

/// What a person calls a fact.
pub(super) fn field<'a>(fact: &Fact<'a>) -> Cow<'a, str> {
    Cow::Borrowed(match fact.known {
        Known::Fn | Known::N => "name",
        Known::Nickname => "nickname",
        Known::Email => "e-mail",
        Known::Tel => "phone",
        Known::Adr => "address",
        Known::Org => "organisation",
        Known::Title => "title",
        Known::Role => "role",
        Known::Bday => "birthday",
        Known::Anniversary => "anniversary",
        Known::AbDate if fact.name == b"ANNIVERSARY" => "anniversary",
        Known::AbDate => "date",
        Known::Categories => "category",
        Known::Note => "note",
        Known::Url => "web page",
        Known::Impp | Known::Messenger => "messenger",
        Known::Related | Known::AbRelated | Known::XRelated => "related",
        Known::Member => "member",
        Known::Kind | Known::AbShowAs => "kind",
        Known::Photo => "photo",
        Known::Logo => "logo",
        Known::Sound => "sound",
        Known::Key => "key",
        Known::Geo => "place",
        Known::Gender => "gender",
        Known::Label => "address label",
        _ if fact.name.is_empty() => "unreadable line",
        _ => return String::from_utf8_lossy(fact.name),
    })
}

/// Whether a card has one of it as a rule, so that one gone and one come is a change.
pub(crate) fn is_single(known: Known) -> bool {
    use Known::{AbShowAs, Anniversary, Bday, Gender, Geo, Kind, Logo, Note, Org, Photo, Role};
    matches!(known, Bday | Anniversary | Gender | Geo | Kind | AbShowAs | Logo | Note | Org)
        || matches!(known, Photo | Role | Known::Title | Known::Uid)
}

/// Whether a label is part of what it is called.
pub(super) fn has_label(fact: &Fact<'_>) -> bool {
    use Known::{
        AbDate, AbRelated, Adr, Email, Impp, Label, Messenger, Related, Tel, Url, XRelated,
    };
    match fact.known {
        AbDate => fact.name != b"ANNIVERSARY",
        Email | Tel | Adr | Url | Label => true,
        Impp | Messenger | Related | AbRelated | XRelated => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(before: &str, after: &str) -> Vec<String> {
        let card = |lines: &str| {
            let lines = lines.replace('|', "\r\n");
            Card::parse(format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD\r\n"))
        };
        diff(&card(before), &card(after)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_change_is_said_in_words() {
        let cases: [(&str, &str, &[&str]); 17] = [
            ("FN:A|TEL;TYPE=WORK:1", "FN:A|TEL;TYPE=WORK:2", &["phone work changed"]),
            ("FN:A", "FN:A|NOTE:n", &["note added"]),
            ("FN:A|PHOTO;ENCODING=b:YQ==", "FN:A", &["photo removed"]),
            ("FN:A|N:A;B", "FN:C|N:C;B", &["name changed"]),
            ("N:A;B", "FN:B A|N:A;B", &["name added"]),
            ("TEL;TYPE=WORK:1", "TEL;TYPE=HOME:1", &["phone home changed"]),
            ("TEL;TYPE=WORK:1", "TEL;TYPE=HOME:2", &["phone home added", "phone work removed"]),
            (
                "item1.TEL:1|item1.X-ABLabel:Hut",
                "item1.TEL:2|item1.X-ABLabel:Hut",
                &["phone Hut changed"],
            ),
            ("EMAIL:a|EMAIL:b", "EMAIL:a|EMAIL:b|EMAIL:c", &["e-mail added"]),
            ("CATEGORIES:a,b", "CATEGORIES:b,c", &["category changed"]),
            ("X-FOO:1", "x-foo:2", &["X-FOO changed"]),
            ("BDAY:1980-01-15", "BDAY:1980-01-16", &["birthday changed"]),
            (
                "X-ANNIVERSARY:1",
                "item1.X-ABDATE:2|item1.X-ABLabel:_$!<Anniversary>!$_",
                &["anniversary changed"],
            ),
            ("NOTE:n|FN:A", "FN:B|ORG:O", &["name changed", "organisation added", "note removed"]),
            ("UID:1", "UID:2", &["UID changed"]),
            (
                "KIND:group|MEMBER:urn:uuid:1",
                "KIND:group|MEMBER:urn:uuid:1|MEMBER:urn:uuid:2",
                &["member added"],
            ),
            ("TEL;TYPE=WORK,VOICE:1|REV:1|item1.URL:u", "ITEM9.URL:u|REV:2|TEL;TYPE=work:1", &[]),
        ];
        for (before, after, expected) in cases {
            assert_eq!(words(before, after), expected, "{before} -> {after}");
        }
    }
}
