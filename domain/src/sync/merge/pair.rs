//! Which property of one card is which of another: nothing but what they say tells.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::meet::meet;
use crate::vcard::{COMPONENT, Card, Fact, Known, has_components, is_single};

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

/// Places in two lists.
pub(super) type Pairs = SmallVec<[(usize, usize); 2]>;

/// Pairs facts of two cards: places in `olds` and `news`. A set has no pairs: an item is in it or not.
pub(super) fn pair(all_olds: &[Said<'_>], all_news: &[Said<'_>], by: &[By]) -> Pairs {
    let mut pairs = Pairs::new();
    if all_olds.is_empty() || all_news.is_empty() {
        return pairs;
    }
    // One edit, as nearly always: there is nothing to sort.
    if let ([old], [new]) = (all_olds, all_news) {
        let is_item = is_set(old.fact.known) || is_set(new.fact.known);
        let same = |by: &By| key(old, *by).is_some_and(|old| key(new, *by) == Some(old));
        // Whatever tells it: the surest sign takes longest to read.
        if !is_item && old.fact.name == new.fact.name && by.iter().rev().any(same) {
            pairs.push((0, 0));
        }
        return pairs;
    }
    let mut old_free: Vec<bool> = all_olds.iter().map(|said| !is_set(said.fact.known)).collect();
    let mut new_free: Vec<bool> = all_news.iter().map(|said| !is_set(said.fact.known)).collect();
    for by in by {
        let waiting = keyed(all_olds, &old_free, *by);
        if waiting.is_empty() {
            continue;
        }
        meet(waiting, keyed(all_news, &new_free, *by), |olds, news| {
            let (olds, news) = (places(olds), places(news));
            let found = match by {
                // Which of several it was, nobody can tell.
                By::Name if olds.len() > 1 || news.len() > 1 => return,
                By::Marks if olds.len() > 1 => by_likeness((all_olds, &olds), (all_news, &news)),
                _ => olds.into_iter().zip(news).collect(),
            };
            for (old, new) in found {
                pairs.push((old, new));
                set(&mut old_free, old);
                set(&mut new_free, new);
            }
        });
    }
    pairs
}

fn places(keyed: &[(Key<'_>, usize)]) -> Vec<usize> {
    keyed.iter().map(|(_, place)| *place).collect()
}

/// Beyond so many comparisons the order has to do.
const COMPARED: usize = 10_000;

/// Pairs several of one kind, all called alike: addresses by the components they share, the rest in
/// order. Where some are gone, only what is shared tells which: by order alone the value of one could
/// be put in the place of another that nobody touched.
fn by_likeness(
    (all_olds, olds): (&[Said<'_>], &[usize]),
    (all_news, news): (&[Said<'_>], &[usize]),
) -> Vec<(usize, usize)> {
    let mut close = Vec::new();
    if olds.len() * news.len() <= COMPARED {
        for (old, new) in olds.iter().flat_map(|old| news.iter().map(move |new| (*old, *new))) {
            let shared = all_olds.get(old).zip(all_news.get(new)).map_or(0, |(a, b)| shared(a, b));
            if shared > 0 {
                close.push((std::cmp::Reverse(shared), old, new));
            }
        }
    }
    close.sort_unstable();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (_, old, new) in close {
        if !pairs.iter().any(|pair| pair.0 == old || pair.1 == new) {
            pairs.push((old, new));
        }
    }
    if news.len() >= olds.len() {
        let olds = olds.iter().filter(|old| !pairs.iter().any(|pair| pair.0 == **old));
        let news = news.iter().filter(|new| !pairs.iter().any(|pair| pair.1 == **new));
        let rest: Vec<(usize, usize)> = olds.copied().zip(news.copied()).collect();
        pairs.extend(rest);
    }
    pairs
}

/// How many components two values have in common, of a property that has components.
fn shared(old: &Said<'_>, new: &Said<'_>) -> usize {
    if !has_components(old.fact.known) {
        return 0;
    }
    let (old, new) = (old.fact.value.split(is_gap), new.fact.value.split(is_gap));
    old.zip(new).filter(|(old, new)| !old.is_empty() && old == new).count()
}

fn is_gap(byte: &u8) -> bool {
    *byte == COMPONENT
}

/// Whether a property is one item of a set, or a line nothing is known of.
pub(super) fn is_set(known: Known) -> bool {
    matches!(known, Known::Categories | Known::Nickname | Known::Member | Known::Uid)
}

/// Whether several items stand on a line.
pub(super) fn is_list(known: Known) -> bool {
    matches!(known, Known::Categories | Known::Nickname)
}

/// Whether a card has one of it as a rule.
pub(super) fn is_one(fact: &Fact<'_>) -> bool {
    fact.is_once() || is_single(fact.known)
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

/// The facts that are free, by what they are recognised by.
fn keyed<'a>(all: &[Said<'a>], free: &[bool], by: By) -> Vec<(Key<'a>, usize)> {
    let free = all.iter().enumerate().filter(|(at, _)| free.get(*at) == Some(&true));
    let keyed = free.filter_map(|(at, said)| Some(((said.fact.name, key(said, by)?), at)));
    keyed.collect()
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
        By::Once => fact.is_once() && alone(),
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
