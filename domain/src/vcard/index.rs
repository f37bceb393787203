//! What the store keeps beside a card so that it can be found.

use super::known::Known;
use super::{Card, person};
use crate::contact::{Address, Index, Kind, Person, fold};

/// What the store keeps beside the card so that it can be found; rebuilt whenever it changes.
pub fn index(card: &Card) -> Index {
    let person = person(card);
    let sort_key = sort_key(&person);
    let search = search(card, &person);
    Index { uid: card.uid(), person, sort_key, search }
}

/// Family name first where N has one, folded; else the name.
fn sort_key(person: &Person) -> String {
    match &person.names {
        Some(n) if person.kind == Kind::Person && !n.family.is_empty() => {
            let mut key =
                String::with_capacity(n.family.len() + n.given.len() + n.middle.len() + 2);
            for part in [&n.family, &n.given, &n.middle] {
                if !part.is_empty() {
                    let gap = if key.is_empty() { "" } else { " " };
                    key.push_str(gap);
                    key.push_str(part);
                }
            }
            fold(&key)
        }
        _ => fold(&person.name),
    }
}

fn search(card: &Card, person: &Person) -> String {
    let mut text = Search(String::with_capacity(card.as_bytes().len().min(1024)));
    text.add(&person.name);
    if let Some(n) = &person.names {
        for part in [&n.prefix, &n.given, &n.middle, &n.family, &n.suffix] {
            text.add(part);
        }
    }
    text.all(&person.nicknames);
    person.emails.iter().for_each(|email| text.add(&email.value));
    for phone in &person.phones {
        text.add(&phone.value);
        text.digits(&phone.value);
    }
    person.addresses.iter().for_each(|address| text.address(address));
    text.all(&person.organisation);
    for more in [&person.title, &person.birthday, &person.anniversary, &person.note] {
        more.iter().for_each(|more| text.add(more));
    }
    text.all(&person.categories);
    for list in [&person.urls, &person.messengers, &person.related] {
        list.iter().for_each(|one| text.add(&one.value));
    }
    for known in [Known::Role, Known::Phonetic] {
        card.properties_of(known).for_each(|property| text.add(&property.text()));
    }
    text.0
}

/// Folded texts, one a line.
struct Search(String);

impl Search {
    fn add(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        if text.is_ascii() {
            let from = self.0.len();
            self.0.push_str(text);
            if let Some(added) = self.0.get_mut(from..) {
                added.make_ascii_lowercase();
            }
        } else {
            self.0.push_str(&fold(text));
        }
    }

    fn all(&mut self, texts: &[String]) {
        texts.iter().for_each(|text| self.add(text));
    }

    /// A number as it is dialled, so that `0361234` finds `(036) 12-34`.
    fn digits(&mut self, number: &str) {
        let dialled = |c: &char| c.is_ascii_digit() || *c == '+';
        if number.chars().all(|c| dialled(&c)) {
            return;
        }
        self.0.push('\n');
        self.0.extend(number.chars().filter(dialled));
    }

    fn address(&mut self, address: &Address) {
        let Address { label: _, po_box, extended, street, locality, region, postal_code, country } =
            address;
        for part in [po_box, extended, street, locality, region, postal_code, country] {
            self.add(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Index {
        index(&Card::parse(format!("BEGIN:VCARD\nVERSION:3.0\n{lines}\nEND:VCARD\n")))
    }

    #[test]
    fn family_names_sort_first_and_companies_by_their_name() {
        let cases = [
            ("FN:Ada Lovelace\nN:Lovelace;Ada;King;;", "lovelace ada king"),
            ("FN:Émile Zola\nN:Zola;Émile;;;", "zola emile"),
            ("FN:Ada\nN:;Ada;;;", "ada"),
            ("FN:Ada L.", "ada l."),
            ("FN:x\nN:Inc;Acme;;;\nORG:Acme Inc\nX-ABShowAs:COMPANY", "acme inc"),
        ];
        for (lines, key) in cases {
            assert_eq!(read(lines).sort_key, key, "{lines}");
        }
    }

    #[test]
    fn every_text_a_person_would_search_is_found() {
        let index = read(
            "UID:u\nFN:Zoë\nN:Doe;Zoë;Q;;\nNICKNAME:Zo,Bee\nEMAIL:Zoe@Example.ORG\n\
             TEL:+36 (30) 123-45\nADR:;;Fő utca 1;Győr;;9021;HU\nORG:Acme;Lab\nTITLE:Chef\nROLE:Lead\n\
             BDAY:19800115\nCATEGORIES:Friends\nNOTE:likes\\nÇay\nURL:http://z\nIMPP:xmpp:zo@j\n\
             item1.X-ABRELATEDNAMES:Max\nX-PHONETIC-LAST-NAME:Do",
        );
        let wanted = [
            "zoe",
            "doe",
            "bee",
            "zoe@example.org",
            "+36 (30) 123-45",
            "+363012345",
            "fo utca",
            "gyor",
            "9021",
            "hu",
            "acme",
            "lab",
            "chef",
            "lead",
            "1980-01-15",
            "friends",
            "cay",
            "http://z",
            "xmpp:zo@j",
            "max",
            "do",
        ];
        for word in wanted {
            assert!(index.search.contains(word), "{word} in {}", index.search);
        }
        assert_eq!(index.uid.map(|uid| uid.0).as_deref(), Some("u"));
    }
}
