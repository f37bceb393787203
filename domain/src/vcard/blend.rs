//! One property made of two: the value of one, the marks of the other.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Known;
use super::label::{Own, Types, is_encoding, lower};
use super::marks::{Entry, Marks};
use super::property::cut;
use super::says::is_binary;
use super::write::{params, split_head, with_params};
use super::{Version, graft, text};

/// Where a part comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The card that is edited.
    Here,
    /// The card that it takes from.
    There,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// The whole of it.
    Whole(Origin),
    /// Each of its components (N, ADR, ORG), from the first.
    Parts(Vec<Origin>),
}

/// What a property becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blend {
    pub(crate) marks: Marks,
    pub(crate) told: Told,
}

/// Two properties of two cards of one version, and what they become.
pub(super) struct Blending<'a> {
    pub(super) here: Entry<'a>,
    pub(super) there: Entry<'a>,
    pub(super) blend: Blend,
}

impl<'a> Blending<'a> {
    pub(super) fn entry(&self, origin: Origin) -> &Entry<'a> {
        match origin {
            Origin::Here => &self.here,
            Origin::There => &self.there,
        }
    }

    /// Whose X-ABLabel stands; `None` when none does. A label of Apple's own counts as a type.
    pub(super) fn label(&self) -> Option<Origin> {
        let marks = &self.blend.marks;
        let source = self.source();
        if self.entry(source).is_named_by_label() {
            return Some(source);
        }
        let stands = |origin: &Origin| match &self.entry(*origin).own {
            _ if self.entry(*origin).is_named_by_label() => false,
            Some(Own::Typed(label)) => Some(label) == marks.label.as_ref(),
            Some(Own::Builtin(label)) => marks.label.is_none() && marks.types.contains(label),
            None => false,
        };
        [Origin::Here, Origin::There].into_iter().find(stands)
    }

    /// Whose X-ABADR stands.
    pub(super) fn country(&self) -> Option<Origin> {
        let wanted = self.blend.marks.country.as_ref()?;
        let stands = |origin: &Origin| self.entry(*origin).marks.country.as_ref() == Some(wanted);
        [Origin::Here, Origin::There].into_iter().find(stands)
    }

    /// Whose line is written, with the value or without.
    fn source(&self) -> Origin {
        match self.blend.told {
            Told::Whole(origin) => origin,
            Told::Parts(_) => Origin::Here,
        }
    }

    /// The main line in a group.
    pub(super) fn line(&self, group: Option<&str>) -> Vec<u8> {
        let source = self.entry(self.source());
        let property = &source.property;
        let own = [property.name(), property.raw_params()].concat();
        let mut head = self.head(source, &own);
        let as_it_was = head == own && group == property.group();
        if let Some(group) = group {
            head.insert(0, '.');
            head.insert_str(0, group);
        }
        match &self.blend.told {
            Told::Parts(parts) => self.here.card.form().line(&head, &self.parts(parts)),
            Told::Whole(_) => {
                let line = match as_it_was {
                    true => source.card.line(property.id()).to_vec(),
                    false => source.card.with_head(property, &head),
                };
                graft::closed(source.card, property, line)
            }
        }
    }

    fn parts(&self, parts: &[Origin]) -> String {
        let version = self.here.property.version();
        let (here, there) = (self.here.property.decoded(), self.there.property.decoded());
        let mut here = text::split(&here, b';', version);
        let mut there = text::split(&there, b';', version);
        let mut out = Vec::new();
        for origin in parts {
            let (mine, theirs) = (here.next(), there.next());
            let part = if *origin == Origin::Here { mine } else { theirs };
            out.push(part.unwrap_or_default());
        }
        // Components beyond those that differ, empty ones included, keep their spelling.
        out.extend(here);
        out.join(";")
    }

    /// Name and parameters of the source, with the marks that are wanted.
    fn head(&self, source: &Entry<'_>, own: &str) -> String {
        let wanted = &self.blend.marks;
        // A label of Apple's own is a type too, and another label may have taken its place.
        if *wanted == source.marks && !matches!(source.own, Some(Own::Builtin(_))) {
            return own.to_owned();
        }
        let within = Marks::within(&source.property);
        let names = within.params.keys().chain(wanted.params.keys());
        let differ = names.filter(|name| within.params.get(*name) != wanted.params.get(*name));
        let value = |name: &String| wanted.params.get(name).map(String::as_str);
        let differ = differ.map(|name| (name.clone(), (name.as_str(), value(name)))).collect();
        let head = with_params(own, differ);
        let mut types: BTreeSet<String> = wanted.types.iter().cloned().collect();
        if let Some(Own::Builtin(label)) = self.label().and_then(|one| self.entry(one).own.as_ref())
            && !within.types.contains(label)
        {
            types.remove(label);
        }
        let same = within.types.iter().eq(&types) && within.pref == wanted.pref;
        if same || is_binary(source.property.known()) {
            return head;
        }
        let Types { types: spelled, .. } = Types::of(&source.property);
        let mut kept: Vec<String> = Vec::new();
        for one in spelled {
            let noise = !within.types.contains(&lower(one));
            if noise || types.remove(&lower(one)) {
                kept.push(one.to_owned());
            }
        }
        let other = if std::ptr::eq(source, &self.here) { &self.there } else { &self.here };
        let spelled = Types::of(&other.property).types.into_iter().rev();
        let spelled: BTreeMap<String, &str> = spelled.map(|one| (lower(one), one)).collect();
        let spelled = |one: String| spelled.get(&one).map_or(one, |same| (*same).to_owned());
        kept.extend(types.into_iter().map(spelled));
        with_types(&head, kept, wanted.pref, source.property.version())
    }
}

/// Whether the value of a property is merged by its components.
pub(crate) fn has_components(known: Known) -> bool {
    matches!(known, Known::N | Known::Adr | Known::Org | Known::Gender)
}

/// A head with these types and this preference in place of those it has.
fn with_types(head: &str, mut types: Vec<String>, pref: Option<u8>, version: Version) -> String {
    let (start, rest) = split_head(head);
    let mut out = start.to_owned();
    for param in params(rest) {
        let dropped = match cut(param, b'=') {
            Some((name, _)) => {
                let name = name.trim_ascii();
                name.eq_ignore_ascii_case("TYPE") || name.eq_ignore_ascii_case("PREF")
            }
            None => !is_encoding(param.trim_ascii()),
        };
        if !dropped {
            out.push(';');
            out.push_str(param);
        }
    }
    match (version, pref) {
        (_, None) => {}
        (Version::V21 | Version::V30, Some(1)) => types.push("pref".to_owned()),
        (_, Some(rank)) => out.push_str(&format!(";PREF={rank}")),
    }
    for (at, one) in types.iter().enumerate() {
        out.push_str(match (version, at) {
            (Version::V21, _) => ";",
            (_, 0) => ";TYPE=",
            _ => ",",
        });
        let quotes = if one.contains([':', ';']) { "\"" } else { "" };
        out.push_str(quotes);
        out.push_str(one);
        out.push_str(quotes);
    }
    out
}
