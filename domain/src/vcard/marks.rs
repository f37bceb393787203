//! What stands around a value: its types, label, parameters. And a property together with them.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::facts::{is_anniversary, is_layout, is_noise};
use super::label::{Groups, Own, Types, lower};
use super::property::Property;
use super::says::is_binary;
use super::{Card, Known, LineId};

/// What marks a value, evened out as a fact is: equal when no user would call it different.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Marks {
    /// Lower case; one of Apple's own labels (`_$!<Home>!$_`) is one of them.
    pub(crate) types: TypeSet,
    /// How much it is preferred, 1 is most.
    pub(crate) pref: Option<u8>,
    /// The label its user typed.
    pub(crate) label: Option<String>,
    /// The parameters that are neither types nor layout, by name in upper case.
    pub(crate) params: BTreeMap<String, String>,
    /// The X-ABADR of an address.
    pub(crate) country: Option<String>,
}

/// Types in lower case, each once, in order: one or two, nearly always.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeSet(SmallVec<[String; 2]>);

impl TypeSet {
    pub(crate) fn contains(&self, one: &str) -> bool {
        self.place(one).is_ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }

    fn insert(&mut self, one: String) {
        if let Err(place) = self.place(&one) {
            self.0.insert(place, one);
        }
    }

    fn place(&self, one: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|known| known.as_str().cmp(one))
    }
}

impl FromIterator<String> for TypeSet {
    fn from_iter<T: IntoIterator<Item = String>>(types: T) -> Self {
        let mut types: SmallVec<_> = types.into_iter().collect();
        types.sort_unstable();
        types.dedup();
        Self(types)
    }
}

/// A property with the lines that belong to it.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) card: &'a Card,
    pub(crate) property: Property<'a>,
    pub(crate) marks: Marks,
    /// What its X-ABLabel says.
    pub(super) own: Option<Own>,
    pub(super) label: Option<LineId>,
    pub(super) country: Option<LineId>,
}

impl<'a> Entry<'a> {
    /// The property on a line; `None` when no property stands there.
    pub(crate) fn of(card: &'a Card, groups: &Groups, line: LineId) -> Option<Self> {
        let property = card.property(line)?;
        let own = groups.own_label(card, line);
        let country = groups.country_line(line).filter(|_| property.known() == Known::Adr);
        let mut marks = Marks::within(&property);
        match &own {
            _ if names(&property, own.as_ref()) => {}
            Some(Own::Builtin(label)) => marks.types.insert(label.clone()),
            Some(Own::Typed(label)) => marks.label = Some(label.clone()),
            None => {}
        }
        let code = country.and_then(|line| card.property(line));
        marks.country = code.map(|code| code.text().trim_ascii().to_lowercase());
        Some(Self { card, property, marks, own, label: groups.label_line(line), country })
    }
}

impl Entry<'_> {
    /// Whether the label is not what the value is called but what it is.
    pub(super) fn is_named_by_label(&self) -> bool {
        names(&self.property, self.own.as_ref())
    }
}

/// An X-ABDATE that is labelled so is an ANNIVERSARY.
fn names(property: &Property<'_>, own: Option<&Own>) -> bool {
    property.known() == Known::AbDate && own.is_some_and(is_anniversary)
}

impl Marks {
    /// What the line of the property itself says.
    pub(super) fn within(property: &Property<'_>) -> Self {
        let mut marks = Self::default();
        if !property.has_params() {
            return marks;
        }
        let (known, binary) = (property.known(), is_binary(property.known()));
        // The picture says itself what it is; the card's TYPE is often wrong.
        if !binary {
            let Types { types, pref } = Types::of(property);
            let types = types.into_iter().filter(|one| !is_noise(known, one));
            marks.types = types.map(lower).collect();
            marks.pref = pref;
        }
        if property.only_type().is_some() {
            return marks;
        }
        for param in property.params() {
            if param.is_bare() || is_layout(param.name, binary) {
                continue;
            }
            let value = param.values().collect::<Vec<_>>().join(",");
            if !value.is_empty() {
                let values = marks.params.entry(param.name.to_ascii_uppercase()).or_default();
                values.push_str(if values.is_empty() { "" } else { "," });
                values.push_str(&value);
            }
        }
        marks
    }
}
