//! What changed from one card to another, in a person's words.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use smallvec::SmallVec;

use super::apart::{Reading, apart, one_more};
use super::facts::Fact;
use super::known::Known;
use super::label::{self, Groups};
use super::{Card, LineId};
use crate::meet::meet;

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
    let [before, after] = apart([before, after]);
    changes(&before, &after)
}

/// What has changed from each of two cards to a third, as [`diff`] says it; the two were read beside
/// each other.
pub(crate) fn diffs(befores: [&Reading<'_>; 2], after: &Card) -> [Vec<FieldChange>; 2] {
    let [one, other] = befores;
    if let Some(after) = one_more(one, after) {
        return befores.map(|before| changes(before, &after));
    }
    let [one, other, after] = apart([one.card, other.card, after]);
    [changes(&one, &after), changes(&other, &after)]
}

fn changes(before: &Reading<'_>, after: &Reading<'_>) -> Vec<FieldChange> {
    let mut gone = sayings(before, after);
    let mut come = sayings(after, before);
    let mut changes = Changes::new();
    // Same field and label on both sides: another value. Then same value: another label.
    for by in [Match::Label, Match::Value, Match::Single] {
        for (old, new) in pairs(&gone, &come, by) {
            if let (Some(old), Some(new)) = (gone.get_mut(old), come.get_mut(new)) {
                changes.push((new.at, new.change(How::Changed)));
                (old.done, new.done) = (true, true);
            }
        }
    }
    changes.extend(left(&come, How::Added));
    changes.sort_by_key(|(at, _)| *at);
    changes.extend(left(&gone, How::Removed));
    once(changes)
}

/// What changed, each with the line it stands on.
type Changes = SmallVec<[(LineId, FieldChange); 2]>;

/// By what a fact that is gone and one that came are taken for one that changed.
#[derive(Clone, Copy)]
enum Match {
    Label,
    Value,
    Single,
}

struct Saying<'a> {
    at: LineId,
    field: Cow<'a, str>,
    label: Option<String>,
    value: &'a [u8],
    single: bool,
    done: bool,
}

/// What `one` says that `other` does not, in words.
fn sayings<'a>(one: &'a Reading<'_>, other: &Reading<'_>) -> SmallVec<[Saying<'a>; 2]> {
    let Reading { card, groups, facts, .. } = one;
    let facts = facts.iter().filter(|fact| !other.facts.say(fact.normal));
    let said = facts.map(|fact| {
        let (field, label) = words(card, groups, &fact);
        let single = is_single(fact.known);
        Saying { at: fact.line, field, label, value: fact.value, single, done: false }
    });
    said.collect()
}

type Key<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// What came in the place of what is gone.
fn pairs(gone: &[Saying<'_>], come: &[Saying<'_>], by: Match) -> SmallVec<[(usize, usize); 2]> {
    let mut pairs = SmallVec::new();
    match (gone, come) {
        ([], _) | (_, []) => {}
        // One edit, as nearly always: there is nothing to sort.
        ([old], [new]) => {
            let key = old.key(by);
            if !old.done && key.is_some() && key == new.key(by) {
                pairs.push((0, 0));
            }
        }
        _ => meet(keyed(gone, by), keyed(come, by), |olds, news| {
            pairs.extend(olds.iter().zip(news).map(|(old, new)| (old.1, new.1)));
        }),
    }
    pairs
}

/// What is not paired yet, by what it is paired by.
fn keyed<'a>(said: &'a [Saying<'_>], by: Match) -> Vec<(Key<'a>, usize)> {
    let waiting = said.iter().zip(0..).filter(|(one, _)| !one.done);
    waiting.filter_map(|(one, at)| Some((one.key(by)?, at))).collect()
}

/// What is not paired with anything.
fn left(said: &[Saying<'_>], how: How) -> impl Iterator<Item = (LineId, FieldChange)> {
    let left = said.iter().filter(|one| !one.done);
    left.map(move |one| (one.at, one.change(how)))
}

impl Saying<'_> {
    fn key(&self, by: Match) -> Option<Key<'_>> {
        match by {
            Match::Label => Some((&self.field, self.label.as_deref(), &[])),
            Match::Value => Some((&self.field, None, self.value)),
            Match::Single => self.single.then_some((&self.field, None, &[])),
        }
    }

    fn change(&self, how: How) -> FieldChange {
        FieldChange { field: self.field.clone().into_owned(), label: self.label.clone(), how }
    }
}

/// The changes without repetition; a single field that came and went under several lines (FN and N)
/// has changed.
fn once(changes: Changes) -> Vec<FieldChange> {
    let mut said: Vec<FieldChange> = Vec::with_capacity(changes.len());
    if changes.len() < 2 {
        said.extend(changes.into_iter().map(|(_, change)| change));
        return said;
    }
    let mut known: BTreeSet<(String, Option<String>, How)> = BTreeSet::new();
    let mut names: Option<usize> = None;
    for (_, change) in changes {
        if change.field == "name" {
            match names.and_then(|at| said.get_mut(at)) {
                Some(known) if known.how != change.how => known.how = How::Changed,
                Some(_) => {}
                None => {
                    names = Some(said.len());
                    said.push(change);
                }
            }
        } else if known.insert((change.field.clone(), change.label.clone(), change.how)) {
            said.push(change);
        }
    }
    said
}

/// What a person calls the field of a fact, and its label.
pub(crate) fn words<'a>(
    card: &Card,
    groups: &Groups,
    fact: &Fact<'a>,
) -> (Cow<'a, str>, Option<String>) {
    let property = card.property(fact.line).filter(|_| has_label(fact));
    let label = property.and_then(|property| label::label(card, groups, &property).0);
    (field(fact), label)
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
