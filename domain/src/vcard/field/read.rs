//! What a card says in the fields that a person edits, and where it stands.

use std::collections::BTreeSet;

use super::super::date;
use super::super::known::Known;
use super::super::label::{Groups, label};
use super::super::person::{is_anniversary, joined, number};
use super::super::property::Property;
use super::super::{Card, LineId, text};
use super::{ADDRESS_PARTS, Content, Field, Said};

/// What a card says, in the order of the fields and within one in the order of the card. Empty values
/// are left out, and so are properties of which a person sees only the first, after it.
pub fn fields(card: &Card) -> Vec<Said> {
    entries(card).into_iter().map(|entry| entry.said).collect()
}

/// The names of the properties that hold something and are in none of the [`fields`], upper case,
/// each once; those that every card has and nobody edits are left out.
pub fn hidden(card: &Card) -> Vec<String> {
    let shown: BTreeSet<LineId> =
        entries(card).iter().flat_map(|entry| entry.place.lines()).collect();
    let mut names = Vec::new();
    for property in card.properties().filter(|property| !shown.contains(&property.id())) {
        let name = property.name().to_ascii_uppercase();
        let says_nothing = property.raw().iter().all(|b| b.is_ascii_whitespace() || *b == b';');
        if !is_bookkeeping(property.known()) && !says_nothing && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Something said and where.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) said: Said,
    pub(super) place: Place,
}

/// Where in a card something is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the value of a line.
    Line(LineId),
    /// It is the value of each of these lines, which are one to a person; never empty.
    Lines(Vec<LineId>),
    /// It is a component of the value, counted from 0.
    Component(LineId, usize),
    /// It is an item of the list in the line, counted from 0.
    Item(LineId, usize),
}

impl Place {
    fn lines(&self) -> Vec<LineId> {
        match self {
            Self::Line(line) | Self::Component(line, _) | Self::Item(line, _) => vec![*line],
            Self::Lines(lines) => lines.clone(),
        }
    }
}

pub(super) fn entries(card: &Card) -> Vec<Entry> {
    let mut reading = Reading {
        card,
        groups: Groups::of(card),
        entries: Vec::new(),
        lines: BTreeSet::new(),
        alternatives: BTreeSet::new(),
    };
    for property in card.properties() {
        reading.take(&property);
    }
    let mut entries = reading.entries;
    entries.sort_by_key(|entry| entry.said.field);
    entries
}

struct Reading<'a> {
    card: &'a Card,
    groups: Groups,
    entries: Vec<Entry>,
    /// The properties of which only one is shown, once it was found.
    lines: BTreeSet<Known>,
    /// As in the typed view: lines of one ALTID are one property (RFC 6350 5.4).
    alternatives: BTreeSet<(Known, String)>,
}

impl Reading<'_> {
    fn take(&mut self, property: &Property<'_>) {
        let known = property.known();
        if known != Known::Fn
            && let Some(altid) = property.altid()
            && !self.alternatives.insert((known, altid.into_owned()))
        {
            return;
        }
        match known {
            Known::N => self.name(property),
            Known::Org => self.organisation(property),
            Known::Fn => self.only(Field::Name, property),
            Known::Title => self.only(Field::Title, property),
            Known::Bday => self.only(Field::Birthday, property),
            Known::Nickname => self.items(Field::Nickname, property),
            Known::Categories => self.items(Field::Category, property),
            Known::Tel => self.text(Field::Phone, property),
            Known::Email => self.text(Field::Email, property),
            Known::Url => self.text(Field::Url, property),
            Known::Note => self.text(Field::Note, property),
            Known::Member => self.text(Field::Member, property),
            Known::Adr => self.address(property),
            Known::Anniversary => self.anniversary(property),
            Known::AbDate if is_anniversary(self.card, &self.groups, property) => {
                self.anniversary(property);
            }
            _ => {}
        }
    }

    fn push(&mut self, field: Field, text: String, place: Place) {
        if !text.is_empty() {
            self.entries.push(Entry { said: Said::text(field, text), place });
        }
    }

    fn name(&mut self, property: &Property<'_>) {
        if !self.lines.insert(Known::N) {
            return;
        }
        let decoded = property.decoded();
        for (at, part) in text::split(&decoded, b';', property.version()).enumerate() {
            let field = Field::ALL.into_iter().find(|field| field.part_of_name() == Some(at));
            if let Some(field) = field {
                let text = joined(part, property.version());
                self.push(field, text, Place::Component(property.id(), at));
            }
        }
    }

    fn organisation(&mut self, property: &Property<'_>) {
        let says = |part: &String| !part.trim_ascii().is_empty();
        let parts = property.components();
        if !parts.iter().any(says) || !self.lines.insert(Known::Org) {
            return;
        }
        for (at, part) in parts.iter().enumerate() {
            let field = if at == 0 { Field::Organisation } else { Field::Department };
            let place = Place::Component(property.id(), at);
            self.push(field, part.trim_ascii().to_owned(), place);
        }
    }

    /// A property of which the first that says something is shown.
    fn only(&mut self, field: Field, property: &Property<'_>) {
        let text = day_or_text(field, property);
        if !text.is_empty() && self.lines.insert(property.known()) {
            self.push(field, text, Place::Line(property.id()));
        }
    }

    fn items(&mut self, field: Field, property: &Property<'_>) {
        for (at, item) in property.list().iter().enumerate() {
            let place = Place::Item(property.id(), at);
            self.push(field, item.trim_ascii().to_owned(), place);
        }
    }

    fn text(&mut self, field: Field, property: &Property<'_>) {
        let text = property.trimmed();
        if text.is_empty() {
            return;
        }
        let text = if field == Field::Phone { number(&text) } else { text };
        let label = self.label(field, property);
        let said = Said { label, ..Said::text(field, text) };
        self.entries.push(Entry { said, place: Place::Line(property.id()) });
    }

    fn address(&mut self, property: &Property<'_>) {
        let mut parts: [String; ADDRESS_PARTS] = Default::default();
        for (part, found) in parts.iter_mut().zip(property.components()) {
            found.trim_ascii().clone_into(part);
        }
        if parts.iter().any(|part| !part.is_empty()) {
            let label = self.label(Field::Address, property);
            let said = Said { field: Field::Address, label, content: Content::Address(parts) };
            self.entries.push(Entry { said, place: Place::Line(property.id()) });
        }
    }

    /// A card may hold two forms of it at once; they are one fact, unless they say two things: then the
    /// first is shown, and the other is not touched.
    fn anniversary(&mut self, property: &Property<'_>) {
        let text = day_or_text(Field::Anniversary, property);
        let known = self.entries.iter_mut().find(|entry| entry.said.field == Field::Anniversary);
        match known {
            Some(Entry { said, place: Place::Lines(lines) }) => {
                if said.content == Content::Text(text) {
                    lines.push(property.id());
                }
            }
            _ => self.push(Field::Anniversary, text, Place::Lines(vec![property.id()])),
        }
    }

    fn label(&self, field: Field, property: &Property<'_>) -> Option<String> {
        let label = field.has_label().then(|| label(self.card, &self.groups, property).0);
        label.flatten()
    }
}

fn day_or_text(field: Field, property: &Property<'_>) -> String {
    let day = match field {
        Field::Birthday | Field::Anniversary => date::of(property),
        _ => None,
    };
    day.map_or_else(|| property.trimmed(), |day| day.iso())
}

/// Whether a property is one that nobody edits by hand.
fn is_bookkeeping(known: Known) -> bool {
    use Known::{AbAdr, AbLabel, AbShowAs, Kind, Prodid, Rev, Uid, Version};
    matches!(known, Version | Uid | Rev | Prodid | Kind | AbShowAs | AbLabel | AbAdr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_edits_is_read_in_order_and_the_rest_is_named() {
        let card = Card::parse(
            "BEGIN:VCARD\nVERSION:3.0\nUID:1\nNOTE:one\nFN: \nFN:Ada\nN:Byron;Ada,Augusta;;;\n\
             item1.TEL;TYPE=VOICE:tel:+1-2\nitem1.X-ABLabel:Hut\nEMAIL;TYPE=INTERNET,work:a@b\n\
             NICKNAME:Bee, Al\\,fie,\nORG:Acme;;Lab\nORG:Other\nTITLE;ALTID=1:Chief\n\
             TITLE;ALTID=1:Chef\nADR;TYPE=HOME:;; 1 St\\n2 ;Town\nADR:;;;;;;\nNOTE:two\n\
             BDAY:19800115\nX-ANNIVERSARY:20010203\nitem2.X-ABDATE:2001-02-03\n\
             item2.X-ABLabel:_$!<Anniversary>!$_\nPHOTO;ENCODING=b:YQ==\nX-FOO:1\nx-foo:2\n\
             X-BAR:\nREV:1\nEND:VCARD\n",
        );
        let shown: Vec<String> = fields(&card)
            .into_iter()
            .map(|Said { field, label, content }| {
                let label = label.map(|label| format!(" {label}")).unwrap_or_default();
                let text = match content {
                    Content::Text(text) => text,
                    Content::Address(parts) => parts.join("|"),
                };
                format!("{}{label}: {text}", field.word())
            })
            .collect();
        let expected = [
            "name: Ada",
            "given: Ada Augusta",
            "family: Byron",
            "nickname: Bee",
            "nickname: Al,fie",
            "organisation: Acme",
            "department: Lab",
            "title: Chief",
            "phone Hut: +1-2",
            "email work: a@b",
            "address home: ||1 St\n2|Town|||",
            "birthday: 1980-01-15",
            "anniversary: 2001-02-03",
            "note: one",
            "note: two",
        ];
        assert_eq!(shown, expected);
        assert_eq!(hidden(&card), ["ORG", "TITLE", "PHOTO", "X-FOO"]);
    }

    #[test]
    fn of_two_anniversaries_only_the_one_that_is_shown_is_edited() {
        let lines = "item1.X-ABDATE:2001-02-03|item1.X-ABLabel:_$!<Anniversary>!$_|\
                     item2.X-ABDATE:2010-05-06|item2.X-ABLabel:_$!<Anniversary>!$_";
        let card = Card::parse(format!(
            "BEGIN:VCARD\nVERSION:3.0\n{}\nEND:VCARD\n",
            lines.replace('|', "\n")
        ));
        assert_eq!(fields(&card), [Said::text(Field::Anniversary, "2001-02-03")]);
        assert_eq!(hidden(&card), ["X-ABDATE"]);
    }
}
