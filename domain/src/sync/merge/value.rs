//! The versions of one property, as one.

use super::pair::identity;
use super::rule::{Gone, Rule};
use crate::vcard::{
    Blend, COMPONENT, Entry, Fact, Known, Marks, Origin, Told, has_components, is_binary, is_link,
    shown,
};

/// A property as it was, as it is here, and as it is there.
pub(super) struct Versions<'a, 'e> {
    /// `None` when both sides added it.
    pub(super) was: Option<(Fact<'a>, &'e Entry<'a>)>,
    pub(super) here: (Fact<'a>, &'e Entry<'a>),
    pub(super) there: (Fact<'a>, &'e Entry<'a>),
}

impl Versions<'_, '_> {
    /// Both values for a person; with their marks where the values are the same.
    pub(super) fn shown(&self) -> (String, String) {
        let (here, there) = (self.here.1, self.there.1);
        let (mut ours, mut theirs) = (shown(&here.property), shown(&there.property));
        if ours == theirs {
            ours.push_str(&odd_marks(&here.marks, &there.marks));
            theirs.push_str(&odd_marks(&there.marks, &here.marks));
        }
        (ours, theirs)
    }
}

/// What the property becomes, and whether a text of one side does not stand.
pub(super) fn blended(versions: &Versions<'_, '_>, rule: &Rule) -> (Blend, bool) {
    let (told, clash) = told(versions, rule);
    let known = versions.here.0.known;
    // What is said of a picture (its crop) is true of no other.
    if is_binary(known) && versions.here.0.value != versions.there.0.value {
        let entry = if told == Told::Whole(Origin::Here) { versions.here } else { versions.there };
        return (Blend { marks: entry.1.marks.clone(), told }, clash);
    }
    let (marks, other) = marks(versions, rule);
    (Blend { marks, told }, clash || other)
}

fn told(versions: &Versions<'_, '_>, rule: &Rule) -> (Told, bool) {
    let (here, there) = (&versions.here.0, &versions.there.0);
    let whole = |origin, clash| (Told::Whole(origin), clash);
    if here.value == there.value {
        return whole(Origin::Here, false);
    }
    let was = versions.was.as_ref().map(|(was, _)| was);
    if is_less(versions, rule) || was.is_some_and(|was| was.value == there.value) {
        return whole(Origin::Here, false);
    }
    if has_components(here.known) {
        return parts(versions, rule);
    }
    if was.is_some_and(|was| was.value == here.value) {
        return whole(Origin::There, false);
    }
    // Another spelling of one number is no other number.
    whole(rule.wins(), identity(here) != identity(there))
}

fn parts(versions: &Versions<'_, '_>, rule: &Rule) -> (Told, bool) {
    let split = |fact: &Fact<'_>| -> Vec<Vec<u8>> {
        fact.value.split(|b| *b == COMPONENT).map(<[u8]>::to_vec).collect()
    };
    let was = versions.was.as_ref().map(|(was, _)| split(was)).unwrap_or_default();
    let (here, there) = (split(&versions.here.0), split(&versions.there.0));
    let at = |parts: &[Vec<u8>], at: usize| parts.get(at).cloned().unwrap_or_default();
    let mut parts = Vec::new();
    let mut clash = false;
    for one in 0..was.len().max(here.len()).max(there.len()) {
        let (was, here, there) = (at(&was, one), at(&here, one), at(&there, one));
        let dropped = rule.gone == Gone::Dropped && there.is_empty();
        parts.push(match () {
            () if here == there || there == was || dropped => Origin::Here,
            () if here == was => Origin::There,
            // Edited on one side and emptied on the other: the edit wins.
            () if there.is_empty() => Origin::Here,
            () if here.is_empty() => Origin::There,
            () => {
                clash = true;
                rule.wins()
            }
        });
    }
    // Half of one address and half of another would be nobody's.
    let apart = matches!(versions.here.0.known, Known::N | Known::Gender);
    let is_another = |side: &[Vec<u8>]| {
        let mut both =
            side.iter().zip(&was).filter(|(now, was)| !now.is_empty() || !was.is_empty());
        both.all(|(now, was)| now != was)
    };
    let moved = versions.here.0.known == Known::Adr && !was.is_empty();
    let edited = moved && here != was && there != was;
    if !apart && (clash || edited && (is_another(&here) || is_another(&there))) {
        return (Told::Whole(rule.wins()), true);
    }
    let odd = |origin| {
        let odd = parts.iter().enumerate().filter(|(n, _)| at(&here, *n) != at(&there, *n));
        odd.filter(|(_, one)| **one == origin).count()
    };
    let told = match (odd(Origin::Here), odd(Origin::There)) {
        (_, 0) => Told::Whole(Origin::Here),
        (0, _) => Told::Whole(Origin::There),
        _ => Told::Parts(parts),
    };
    (told, clash)
}

/// Whether a server that was sent a value keeps less of it: a text it cut off, a link in the place of
/// a picture.
fn is_less(versions: &Versions<'_, '_>, rule: &Rule) -> bool {
    let Some((was, old)) = versions.was.as_ref().filter(|_| rule.gone == Gone::Dropped) else {
        return false;
    };
    let (there, theirs) = &versions.there;
    match is_binary(was.known) {
        true => is_link(&theirs.property) && !is_link(&old.property),
        false => was.value.starts_with(there.value) && !has_components(was.known),
    }
}

fn marks(versions: &Versions<'_, '_>, rule: &Rule) -> (Marks, bool) {
    let none = Marks::default();
    let was = versions.was.as_ref().map_or(&none, |(_, was)| &was.marks);
    let (here, there) = (&versions.here.1.marks, &versions.there.1.marks);
    let dropped = rule.gone == Gone::Dropped;
    let types = here
        .types
        .iter()
        .filter(|one| dropped || there.types.contains(one) || !was.types.contains(one));
    let added = there.types.iter().filter(|one| !was.types.contains(one));
    let types = types.chain(added).cloned().collect();
    let (pref, _) = one(was.pref.as_ref(), here.pref.as_ref(), there.pref.as_ref(), rule);
    let (label, mut clash) =
        one(was.label.as_ref(), here.label.as_ref(), there.label.as_ref(), rule);
    let (country, other) =
        one(was.country.as_ref(), here.country.as_ref(), there.country.as_ref(), rule);
    clash |= other;
    let mut marks = Marks { types, pref, label, country, ..Marks::default() };
    for name in here.params.keys().chain(there.params.keys()) {
        let (was, here) = (was.params.get(name), here.params.get(name));
        let (value, other) = one(was, here, there.params.get(name), rule);
        clash |= other;
        if let Some(value) = value {
            marks.params.insert(name.clone(), value);
        }
    }
    (marks, clash)
}

/// What a mark becomes, and whether both sides edited it differently.
fn one<T: PartialEq + Clone>(
    was: Option<&T>,
    here: Option<&T>,
    there: Option<&T>,
    rule: &Rule,
) -> (Option<T>, bool) {
    let dropped = rule.gone == Gone::Dropped && there.is_none();
    let (stands, clash) = match (here, there) {
        _ if here == there || there == was || dropped => (here, false),
        _ if here == was => (there, false),
        // Edited on one side and taken away on the other: the edit wins.
        (Some(_), None) => (here, false),
        (None, Some(_)) => (there, false),
        _ if rule.wins() == Origin::Here => (here, true),
        _ => (there, true),
    };
    (stands.cloned(), clash)
}

/// The marks that another does not have, as ` (Hut, LANGUAGE=de)`.
fn odd_marks(marks: &Marks, other: &Marks) -> String {
    let label = marks.label.iter().filter(|_| marks.label != other.label).cloned();
    let country = marks.country.iter().filter(|_| marks.country != other.country).cloned();
    let params = marks.params.iter().filter(|(name, value)| other.params.get(*name) != Some(value));
    let params = params.map(|(name, value)| format!("{name}={value}"));
    let all: Vec<String> = label.chain(country).chain(params).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}
