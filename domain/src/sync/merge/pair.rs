//! Which property of one card is which of another: nothing but what they say tells.

use std::borrow::Cow;

use crate::vcard::{Card, Fact, Known, is_single};

/// A fact and the card that says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) fact: Fact<'a>,
    pub(super) card: &'a Card,
}

/// By what two facts are taken for one that was edited, or that both sides added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The PID a client of vCard 4.0 gave it (RFC 6350 7.1).
    Pid,
    /// What it says and what it is called: the same number, spelled otherwise.
    Spelling,
    /// What it says: the same number under another label.
    Value,
    /// Its types, label and parameters: another number for the same.
    Marks,
    /// Its name, where no more than one is left on each side.
    Name,
    /// Its name, where a card has one of it as a rule.
    Rule,
    /// Its name, where a card can have no more than one.
    Once,
}

/// How an edited property is found again: by the surest sign first.
pub(super) const EDITED: [By; 5] = [By::Pid, By::Spelling, By::Value, By::Marks, By::Name];

/// Pairs facts of two cards: places in `olds` and `news`. A set has no pairs: an item is in it or not.
pub(super) fn pair(olds: &[Said<'_>], news: &[Said<'_>], by: &[By]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    if olds.is_empty() || news.is_empty() {
        return pairs;
    }
    let mut old_free: Vec<bool> = olds.iter().map(|said| !is_set(said.fact.known)).collect();
    let mut new_free: Vec<bool> = news.iter().map(|said| !is_set(said.fact.known)).collect();
    for by in by {
        let waiting = keyed(olds, &old_free, *by);
        if waiting.is_empty() {
            continue;
        }
        let coming = keyed(news, &new_free, *by);
        let mut coming = coming.chunk_by(|a, b| a.0 == b.0).peekable();
        for olds in waiting.chunk_by(|a, b| a.0 == b.0) {
            let key = olds.first().map(|(key, _)| key);
            while coming.next_if(|news| news.first().map(|(key, _)| key) < key).is_some() {}
            let same = |news: &&[(Key<'_>, usize)]| news.first().map(|(key, _)| key) == key;
            let Some(news) = coming.next_if(same) else { continue };
            // `By::Name`: which of several it was, nobody can tell.
            if *by == By::Name && (olds.len() > 1 || news.len() > 1) {
                continue;
            }
            for ((_, old), (_, new)) in olds.iter().zip(news) {
                pairs.push((*old, *new));
                set(&mut old_free, *old);
                set(&mut new_free, *new);
            }
        }
    }
    pairs
}

/// Whether a property is one item of a set, or a line nothing is known of.
pub(super) fn is_set(known: Known) -> bool {
    matches!(known, Known::Categories | Known::Nickname | Known::Member | Known::Uid)
}

/// Whether several items stand on a line.
pub(super) fn is_list(known: Known) -> bool {
    matches!(known, Known::Categories | Known::Nickname)
}

/// Whether a card can have no more than one: by RFC 6350 6 (cardinality `1` and `*1`), by what its
/// readers make of a second name, or since it is about the one N.
pub(super) fn is_once(fact: &Fact<'_>) -> bool {
    use Known::{AbShowAs, Anniversary, Bday, Fn, Gender, Kind, N, Phonetic, SortString};
    match fact.known {
        Fn | N | Bday | Anniversary | Gender | Kind | AbShowAs | SortString | Phonetic => true,
        _ => fact.name == b"ANNIVERSARY",
    }
}

/// Whether a card has one of it as a rule.
pub(super) fn is_one(fact: &Fact<'_>) -> bool {
    is_once(fact) || is_single(fact.known)
}

/// What a value is recognised by: a number by what is dialled, an address by what the server takes
/// it for.
pub(super) fn identity<'a>(fact: &Fact<'a>) -> Cow<'a, [u8]> {
    let value = fact.value;
    match fact.known {
        Known::Tel => {
            let dialled = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'*' | b'#');
            let dialled = value.iter().filter(dialled);
            let dialled: Vec<u8> = dialled.map(u8::to_ascii_lowercase).collect();
            // Words in another script.
            if dialled.is_empty() { Cow::Borrowed(value) } else { Cow::Owned(dialled) }
        }
        Known::Email | Known::Impp => Cow::Owned(value.to_ascii_lowercase()),
        Known::Url => Cow::Borrowed(value.strip_suffix(b"/").unwrap_or(value)),
        _ => Cow::Borrowed(value),
    }
}

/// Whether a value has several spellings.
fn spells(known: Known) -> bool {
    matches!(known, Known::Tel | Known::Email | Known::Impp | Known::Url)
}

type Key<'a> = (&'a [u8], Cow<'a, [u8]>);

/// The facts that are free, sorted by what they are recognised by, then as they stand.
fn keyed<'a>(all: &[Said<'a>], free: &[bool], by: By) -> Vec<(Key<'a>, usize)> {
    let free = all.iter().enumerate().filter(|(at, _)| free.get(*at) == Some(&true));
    let keyed = free.filter_map(|(at, said)| Some(((said.fact.name, key(said, by)?), at)));
    let mut keyed: Vec<_> = keyed.collect();
    keyed.sort_unstable();
    keyed
}

fn key<'a>(said: &Said<'a>, by: By) -> Option<Cow<'a, [u8]>> {
    let fact = &said.fact;
    let alone = || said.card.property(fact.line).is_some_and(|p| p.param("ALTID").is_none());
    let marks = fact.normal.len() - fact.value.len();
    let marks = fact.normal.get(..marks).unwrap_or_default();
    let found = match by {
        By::Value => return Some(identity(fact)),
        By::Pid => return pid(said),
        By::Marks => return (!fact.name.is_empty()).then_some(Cow::Borrowed(marks)),
        // Others have one spelling only.
        By::Spelling if spells(fact.known) => {
            return Some(Cow::Owned([marks, &identity(fact)].concat()));
        }
        By::Spelling => return None,
        By::Name => is_one(fact) || fact.known == Known::Other,
        By::Rule => is_one(fact) && alone(),
        // Texts in one language become one note.
        By::Once if fact.known == Known::Note => return Some(Cow::Borrowed(marks)),
        By::Once => is_once(fact) && alone(),
    };
    (found && !fact.name.is_empty()).then_some(Cow::Borrowed(&[]))
}

fn pid<'a>(said: &Said<'a>) -> Option<Cow<'a, [u8]>> {
    if !said.fact.normal.windows(4).any(|four| four == b"PID=") {
        return None;
    }
    let property = said.card.property(said.fact.line)?;
    let pid = property.param("PID")?.into_owned();
    Some(Cow::Owned(pid.into_bytes()))
}

fn set(free: &mut [bool], at: usize) {
    if let Some(free) = free.get_mut(at) {
        *free = false;
    }
}
