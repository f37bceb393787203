//! One edit of one field, in the lines where it stands.

use super::super::date::Date;
use super::super::known::Known;
use super::super::{Card, LineId, NewProperty, Value, Version};
use super::follow::derived_name;
use super::read::{Entry, Place, entries};
use super::{Content, Field, Said};

/// An edit. What it names must be said by the card as [`super::fields`] gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Another value; label, parameters and place stay.
    Set(Said, Content),
    /// Another label; the value stays.
    Relabel(Said, Option<String>),
    /// It goes. The name (FN) is made of the others instead, because no card may be without one.
    Remove(Said),
    /// It is said in addition; for a field of which a card has one, only when there is none.
    Add(Said),
}

impl Edit {
    /// The field that is edited.
    pub fn field(&self) -> Field {
        let (Self::Set(said, _) | Self::Relabel(said, _) | Self::Remove(said) | Self::Add(said)) =
            self;
        said.field
    }
}

/// Why an edit cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The field holds a date and this is none: ask for another.
    #[error("it is not a date")]
    NotADate,
    /// Without it there is nothing to call the contact by: ask for another name.
    #[error("there would be nothing to call the contact by")]
    Nameless,
    /// The card does not say what was to be changed: read the fields again.
    #[error("it is not in the card")]
    NotThere,
}

/// Makes an edit. The card is as it was when it fails.
///
/// # Errors
///
/// [`Unfit`]: tell the user, or read the fields again.
pub fn apply(card: &mut Card, edit: &Edit) -> Result<(), Unfit> {
    match edit {
        Edit::Set(said, to) => {
            let place = place(card, said)?;
            set(card, said.field, &place, to)
        }
        Edit::Relabel(said, label) => {
            if let Place::Line(line) = place(card, said)? {
                card.relabel(line, label.as_deref());
            }
            Ok(())
        }
        Edit::Remove(said) => {
            let place = place(card, said)?;
            remove(card, said.field, place)
        }
        Edit::Add(said) => add(card, said),
    }
}

fn place(card: &Card, said: &Said) -> Result<Place, Unfit> {
    let mut entries = entries(card).into_iter();
    entries.find(|entry| entry.said == *said).map(|entry| entry.place).ok_or(Unfit::NotThere)
}

fn set(card: &mut Card, field: Field, place: &Place, to: &Content) -> Result<(), Unfit> {
    match (place, to) {
        (Place::Line(line), Content::Address(parts)) => {
            let here = card.property(*line).map(|adr| adr.components()).unwrap_or_default();
            for (at, part) in parts.iter().enumerate() {
                if here.get(at).map_or("", |here| here.trim_ascii()) != part {
                    card.set_component(*line, at, part);
                }
            }
        }
        (Place::Line(line), Content::Text(text)) => set_line(card, field, *line, text)?,
        (Place::Lines(lines), Content::Text(text)) => {
            for line in lines {
                set_line(card, field, *line, text)?;
            }
        }
        (Place::Component(line, at), Content::Text(text)) => {
            card.set_component(*line, *at, text);
        }
        (Place::Item(line, at), Content::Text(text)) => {
            let mut items = items(card, *line);
            if let Some(item) = items.get_mut(*at) {
                text.clone_into(item);
            }
            set_items(card, *line, &items);
        }
        (_, Content::Address(_)) => return Err(Unfit::NotThere),
    }
    Ok(())
}

fn set_line(card: &mut Card, field: Field, line: LineId, text: &str) -> Result<(), Unfit> {
    match field {
        Field::Birthday | Field::Anniversary => {
            let date = day(text)?;
            card.set(line, Value::Date(&date));
        }
        _ => {
            card.set(line, Value::Text(text));
        }
    }
    Ok(())
}

fn remove(card: &mut Card, field: Field, place: Place) -> Result<(), Unfit> {
    match place {
        Place::Line(line) if field == Field::Name => {
            let name = derived_name(card).ok_or(Unfit::Nameless)?;
            card.set(line, Value::Text(&name));
        }
        Place::Line(line) => {
            card.remove(line);
        }
        Place::Lines(_) => {
            // A line that goes moves the others: they are looked up again.
            let next = |card: &Card| {
                let here = entries(card).into_iter().find(|entry| entry.said.field == field)?;
                let Entry { place: Place::Lines(lines), .. } = here else { return None };
                lines.first().copied()
            };
            while let Some(line) = next(card) {
                card.remove(line);
            }
        }
        Place::Component(line, at) => {
            card.set_component(line, at, "");
            let of_name = field.part_of_name().is_some();
            let empty = |card: &Card| {
                let parts = card.property(line).map(|one| one.components()).unwrap_or_default();
                parts.iter().all(|part| part.trim_ascii().is_empty())
            };
            // 3.0 wants an N, be it empty (Q102).
            if !of_name && empty(card) {
                card.remove(line);
            }
        }
        Place::Item(line, at) => {
            let mut items = items(card, line);
            if at < items.len() {
                items.remove(at);
            }
            if items.iter().all(|item| item.trim_ascii().is_empty()) {
                card.remove(line);
            } else {
                set_items(card, line, &items);
            }
        }
    }
    Ok(())
}

fn add(card: &mut Card, said: &Said) -> Result<(), Unfit> {
    let text = match &said.content {
        Content::Address(parts) => {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            insert(card, "ADR", said.label.as_deref(), Value::Components(&parts));
            return Ok(());
        }
        Content::Text(text) => text.as_str(),
    };
    let label = said.label.as_deref();
    match said.field {
        Field::Name => match first(card, Known::Fn) {
            Some(line) => _ = card.set(line, Value::Text(text)),
            None => insert(card, "FN", None, Value::Text(text)),
        },
        Field::Prefix | Field::Given | Field::Middle | Field::Family | Field::Suffix => {
            let line = first(card, Known::N).unwrap_or_else(|| {
                let empty = Value::Components(&["", "", "", "", ""]);
                card.insert(&NewProperty { name: "N", label: None, params: &[], value: empty })
            });
            card.set_component(line, said.field.part_of_name().unwrap_or_default(), text);
        }
        Field::Organisation | Field::Department => add_unit(card, said.field, text),
        Field::Nickname => add_item(card, Known::Nickname, "NICKNAME", text),
        Field::Category => add_item(card, Known::Categories, "CATEGORIES", text),
        Field::Title => insert(card, "TITLE", None, Value::Text(text)),
        Field::Phone => insert(card, "TEL", label, Value::Text(text)),
        Field::Email => insert(card, "EMAIL", label, Value::Text(text)),
        Field::Address => return Err(Unfit::NotThere),
        Field::Url => insert(card, "URL", label, Value::Uri(text)),
        Field::Note => insert(card, "NOTE", None, Value::Text(text)),
        Field::Member => match card.version() {
            Version::V40 => insert(card, "MEMBER", None, Value::Uri(text)),
            _ => insert(card, "X-ADDRESSBOOKSERVER-MEMBER", None, Value::Text(text)),
        },
        Field::Birthday => {
            let date = day(text)?;
            insert(card, "BDAY", None, Value::Date(&date));
        }
        Field::Anniversary => {
            let date = day(text)?;
            match card.version() {
                Version::V40 => insert(card, "ANNIVERSARY", None, Value::Date(&date)),
                // Apple, Google, DAVx5 and sabre read a labelled date.
                _ => insert(card, "X-ABDATE", Some("anniversary"), Value::Date(&date)),
            }
        }
    }
    Ok(())
}

fn day(text: &str) -> Result<Date, Unfit> {
    Date::read(text).filter(Date::exists).ok_or(Unfit::NotADate)
}

/// The organisation is the first component, a department the next that is free.
fn add_unit(card: &mut Card, field: Field, text: &str) {
    let mut units = entries(card).into_iter().filter_map(|entry| match entry.place {
        Place::Component(line, at) if entry.said.field.part_of_name().is_none() => Some((line, at)),
        _ => None,
    });
    let last = units.next_back();
    let line = last.map(|(line, _)| line).or_else(|| first(card, Known::Org));
    let at = match field {
        Field::Organisation => 0,
        _ => last.map_or(1, |(_, at)| at + 1),
    };
    match line {
        Some(line) => _ = card.set_component(line, at, text),
        None if at == 0 => insert(card, "ORG", None, Value::Components(&[text])),
        None => insert(card, "ORG", None, Value::Components(&["", text])),
    }
}

fn add_item(card: &mut Card, known: Known, name: &str, text: &str) {
    let Some(line) = card.properties_of(known).last().map(|list| list.id()) else {
        return insert(card, name, None, Value::List(&[text]));
    };
    let mut items = items(card, line);
    if items.iter().all(|item| item.trim_ascii().is_empty()) {
        items.clear();
    }
    items.push(text.to_owned());
    set_items(card, line, &items);
}

fn insert(card: &mut Card, name: &str, label: Option<&str>, value: Value<'_>) {
    card.insert(&NewProperty { name, label, params: &[], value });
}

fn first(card: &Card, known: Known) -> Option<LineId> {
    card.properties_of(known).next().map(|property| property.id())
}

fn items(card: &Card, line: LineId) -> Vec<String> {
    card.property(line).map(|list| list.list()).unwrap_or_default()
}

fn set_items(card: &mut Card, line: LineId, items: &[String]) {
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    card.set(line, Value::List(&items));
}

#[cfg(test)]
mod tests {
    use super::super::fields;
    use super::*;

    fn text(field: Field, text: &str) -> Said {
        Said::text(field, text)
    }

    fn labelled(field: Field, label: &str, value: &str) -> Said {
        Said { label: Some(label.to_owned()), ..text(field, value) }
    }

    fn to(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    fn edited(before: &str, edit: &Edit) -> Result<String, Unfit> {
        let mut card = Card::parse(format!("BEGIN:VCARD\r\n{before}END:VCARD\r\n"));
        apply(&mut card, edit)?;
        let after = String::from_utf8(card.into_bytes()).unwrap();
        let after = after.strip_prefix("BEGIN:VCARD\r\n").unwrap();
        Ok(after.strip_suffix("END:VCARD\r\n").unwrap().to_owned())
    }

    #[test]
    fn an_edit_changes_the_line_it_must_and_no_other() {
        use Field::{Address, Category, Email, Given, Name, Nickname, Note, Organisation, Phone};
        let parts = |street: &str, town: &str| {
            let mut parts: [String; 7] = Default::default();
            (parts[2], parts[3]) = (street.to_owned(), town.to_owned());
            parts
        };
        let home = Said {
            label: Some("home".to_owned()),
            content: Content::Address(parts("1 St", "Town")),
            ..text(Address, "")
        };
        let moved = Content::Address(parts("2 St", "Town"));
        let cases = [
            // (before, edit, after)
            (
                "item1.tel;X=y:1\r\nTEL:2\r\n",
                Edit::Set(text(Phone, "1"), to("3")),
                "item1.tel;X=y:3\r\nTEL:2\r\n",
            ),
            (
                "EMAIL;type=HOME;type=pref:a\r\n",
                Edit::Relabel(labelled(Email, "home", "a"), Some("work".to_owned())),
                "EMAIL;TYPE=WORK,pref:a\r\n",
            ),
            ("NOTE:a\r\nNOTE:b\r\n", Edit::Remove(text(Note, "a")), "NOTE:b\r\n"),
            ("N:B;A;;;;x\r\n", Edit::Set(text(Given, "A"), to("C;")), "N:B;C\\;;;;;x\r\n"),
            ("N:B;A;;;\r\n", Edit::Remove(text(Given, "A")), "N:B;;;;\r\n"),
            ("FN:A\r\n", Edit::Add(text(Given, "A")), "FN:A\r\nN:;A;;;\r\n"),
            ("FN:x\r\nN:B;A;;;\r\n", Edit::Remove(text(Name, "x")), "FN:A B\r\nN:B;A;;;\r\n"),
            ("FN:\r\n", Edit::Add(text(Name, "x")), "FN:x\r\n"),
            ("ORG:A;;L\r\n", Edit::Set(text(Organisation, "A"), to("B")), "ORG:B;;L\r\n"),
            ("ORG:A\r\n", Edit::Remove(text(Organisation, "A")), ""),
            ("ORG:A;L\r\n", Edit::Add(text(Field::Department, "M")), "ORG:A;L;M\r\n"),
            ("NOTE:n\r\n", Edit::Add(text(Field::Department, "M")), "NOTE:n\r\nORG:;M\r\n"),
            (
                "CATEGORIES:a, b\\,c\r\n",
                Edit::Set(text(Category, "a"), to("d")),
                "CATEGORIES:d, b\\,c\r\n",
            ),
            ("CATEGORIES:a,b\r\n", Edit::Remove(text(Category, "a")), "CATEGORIES:b\r\n"),
            ("CATEGORIES:a\r\n", Edit::Remove(text(Category, "a")), ""),
            ("CATEGORIES:a\r\n", Edit::Add(text(Category, "b,c")), "CATEGORIES:a,b\\,c\r\n"),
            ("NICKNAME:\r\n", Edit::Add(text(Nickname, "b")), "NICKNAME:b\r\n"),
            (
                "ADR;TYPE=home:;;1 St;Town;;;;x\r\n",
                Edit::Set(home, moved),
                "ADR;TYPE=home:;;2 St;Town;;;;x\r\n",
            ),
            (
                "",
                Edit::Add(Said {
                    label: Some("work".to_owned()),
                    content: Content::Address(parts("1", "T")),
                    ..text(Address, "")
                }),
                "ADR;TYPE=WORK:;;1;T;;;\r\n",
            ),
            ("", Edit::Add(labelled(Field::Url, "Blog", "http://a/b,c")), {
                "item1.URL:http://a/b,c\r\nitem1.X-ABLabel:Blog\r\n"
            }),
            (
                "VERSION:4.0\r\n",
                Edit::Add(text(Field::Member, "urn:uuid:1")),
                "VERSION:4.0\r\nMEMBER:urn:uuid:1\r\n",
            ),
        ];
        for (before, edit, after) in cases {
            assert_eq!(edited(before, &edit).as_deref(), Ok(after), "{before} {edit:?}");
        }
    }

    #[test]
    fn every_form_of_an_anniversary_is_edited_and_a_new_one_is_written_as_the_version_can() {
        let two = "X-ANNIVERSARY:20010203\r\nNOTE:n\r\nitem1.X-ABDATE:2001-02-03\r\n\
                   item1.X-ABLabel:_$!<Anniversary>!$_\r\n";
        let said = text(Field::Anniversary, "2001-02-03");
        let set = edited(two, &Edit::Set(said.clone(), to("2002-03-04"))).unwrap();
        assert_eq!(set.matches("2002-03-04").count(), 2, "{set}");
        assert_eq!(edited(two, &Edit::Remove(said.clone())).as_deref(), Ok("NOTE:n\r\n"));
        let cases = [
            ("VERSION:4.0\r\n", "VERSION:4.0\r\nANNIVERSARY:20010203\r\n"),
            (
                "VERSION:2.1\r\n",
                "VERSION:2.1\r\nitem1.X-ABDATE:2001-02-03\r\n\
                 item1.X-ABLabel:_$!<Anniversary>!$_\r\n",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(edited(before, &Edit::Add(said.clone())).as_deref(), Ok(after));
        }
    }

    #[test]
    fn what_is_no_date_or_not_there_is_refused_and_nothing_changes() {
        let birthday = text(Field::Birthday, "circa 1800");
        let cases = [
            ("", Edit::Add(birthday.clone()), Unfit::NotADate),
            ("", Edit::Add(text(Field::Anniversary, "1981-02-29")), Unfit::NotADate),
            ("BDAY:circa 1800\r\n", Edit::Set(birthday, to("soon")), Unfit::NotADate),
            ("FN:A\r\nNOTE:n\r\n", Edit::Remove(text(Field::Name, "A")), Unfit::Nameless),
            ("TEL:1\r\n", Edit::Remove(text(Field::Phone, "2")), Unfit::NotThere),
            ("TEL:1\r\n", Edit::Remove(labelled(Field::Phone, "work", "1")), Unfit::NotThere),
        ];
        for (before, edit, unfit) in cases {
            assert_eq!(edited(before, &edit), Err(unfit), "{before} {edit:?}");
        }
    }

    #[test]
    fn what_is_added_is_read_back() {
        for version in ["2.1", "3.0", "4.0"] {
            for field in Field::ALL.into_iter().filter(|field| *field != Field::Address) {
                let value = match field {
                    Field::Birthday | Field::Anniversary => "--02-29",
                    Field::Url => "https://a.example/?b=c,d;e",
                    _ => "Zoë; 1",
                };
                let label = field.has_label().then(|| "Büro 7".to_owned());
                let said = Said { label, ..text(field, value) };
                let mut card =
                    Card::parse(format!("BEGIN:VCARD\r\nVERSION:{version}\r\nEND:VCARD\r\n"));
                apply(&mut card, &Edit::Add(said.clone())).unwrap();
                assert_eq!(fields(&card), [said], "{version} {field:?}");
            }
        }
    }
}
