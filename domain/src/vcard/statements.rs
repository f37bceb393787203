//! What a card says, value by value, in a person's words: for showing two cards beside each other.

use super::binary::{self, Binary};
use super::diff::{field, has_label};
use super::facts::{Fact, GAP, facts, is_once};
use super::known::Known;
use super::label::{Groups, label};
use super::property::Property;
use super::says::is_binary;
use super::{Card, LineId};

/// One value of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The line that says it; several items of a list share one.
    pub line: LineId,
    /// Its property.
    pub known: Known,
    /// `name`, `phone`, `e-mail`, `X-FOO`: the words of [`super::FieldChange`].
    pub name: String,
    /// The label of the value, if it has one: `work`.
    pub label: Option<String>,
    /// What it says, for a person.
    pub says: Says,
    /// What it says, made comparable as [`Fact::normal`] is.
    pub normal: Vec<u8>,
}

impl Statement {
    /// Its canonical name, as [`Fact::name`].
    pub(crate) fn canonical(&self) -> &[u8] {
        self.normal.split(|byte| *byte == GAP).next().unwrap_or_default()
    }

    /// Whether a card can have no more than one of its name.
    pub(crate) fn is_once(&self) -> bool {
        is_once(self.known, self.canonical())
    }
}

/// A value as a person can be shown it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// A text; may have line breaks.
    Text(String),
    /// A picture, a sound or a key.
    Bytes {
        /// Its media type, if the card or its first bytes tell.
        media: Option<String>,
        /// How long it is.
        length: usize,
    },
}

/// Every value of a card, in its order. What [`super::facts()`] leaves out is left out here.
pub fn statements(card: &Card) -> Vec<Statement> {
    let groups = Groups::of(card);
    let facts = facts(card);
    let read = |fact: Fact<'_>| {
        let property = card.property(fact.line);
        let label = property
            .as_ref()
            .filter(|_| has_label(&fact))
            .and_then(|property| label(card, &groups, property).0);
        Statement {
            line: fact.line,
            known: fact.known,
            name: field(&fact).into_owned(),
            label,
            says: says(&fact, property.as_ref()),
            normal: fact.normal.to_vec(),
        }
    };
    facts.iter().map(read).collect()
}

fn says(fact: &Fact<'_>, property: Option<&Property<'_>>) -> Says {
    let as_it_is = || String::from_utf8_lossy(fact.value).into_owned();
    let Some(property) = property else { return Says::Text(as_it_is()) };
    Says::Text(match property.known() {
        known if is_binary(known) => match binary::read(property) {
            Binary::Text(text) => text,
            Binary::Bytes(bytes, media) => {
                let media = binary::sniff(&bytes).map(str::to_owned).or(media);
                return Says::Bytes { media, length: bytes.len() };
            }
        },
        // The fact is one item, the property may be a list of them.
        Known::Nickname | Known::Categories | Known::Kind | Known::AbShowAs => as_it_is(),
        Known::N | Known::Adr | Known::Org | Known::Gender => {
            let parts = property.components().into_iter();
            parts.filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(", ")
        }
        _ => property.trimmed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_named_labelled_and_readable() {
        let card = Card::parse(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nREV:1\r\nN:Lovelace;Ada;;;\r\nTEL;TYPE=WORK:+44\\, 20\r\n\
             item1.URL:u\r\nitem1.X-ABLabel:Hut\r\nCATEGORIES:a,b\r\n\
             PHOTO;ENCODING=b:R0lGODlh\r\nno colon\r\nEND:VCARD\r\n",
        );
        let text = |text: &str| Says::Text(text.to_owned());
        let expected = [
            ("name", None, text("Lovelace, Ada")),
            ("phone", Some("work"), text("+44, 20")),
            ("web page", Some("Hut"), text("u")),
            ("category", None, text("a")),
            ("category", None, text("b")),
            ("photo", None, Says::Bytes { media: Some("image/gif".into()), length: 6 }),
            ("unreadable line", None, text("no colon")),
        ];
        let found = statements(&card);
        let found: Vec<_> = found
            .iter()
            .map(|field| (field.name.as_str(), field.label.as_deref(), field.says.clone()))
            .collect();
        assert_eq!(found, expected);
    }
}
