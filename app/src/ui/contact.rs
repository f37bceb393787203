//! One contact for a person to read, and the lines of plans and reports.

use comfy_table::{ContentArrangement, Table, presets};
use contactcmd_domain::contact::{Address, Labelled, Name, Person, Timestamp};
use contactcmd_domain::vcard::FieldChange;
use contactcmd_ports::{ExternalId, Summary};

use super::{Ui, clean, clean_lines, table};

/// Prints everything about a contact, a field a row; `members` are the names of a group's members.
pub fn print(ui: &Ui, contact: &Summary, places: &[ExternalId], members: &[String]) {
    ui.result(table::name(&contact.person));
    ui.result("");
    ui.result(rows_as_text(&rows(contact, places, members)));
}

/// All changes of a card in a line, and how many more there are than fit.
pub fn changes(changes: &[FieldChange]) -> String {
    some(&changes.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// The first of many words in a line, and how many more there are.
pub fn some(all: &[String]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<_> = all.iter().take(SHOWN).map(|one| clean(one).into_owned()).collect();
    if all.len() > SHOWN {
        words.push(format!("{} more", all.len() - SHOWN));
    }
    words.join(", ")
}

/// A line of a plan or report: `~ Ada Lovelace   phone work changed`.
pub fn line(sign: char, name: &str, words: &str) -> String {
    let line = format!("{sign} {}   {words}", clean(name));
    line.trim_end().to_owned()
}

type Row = (String, String);

fn rows_as_text(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.add_rows(rows.iter().map(|(label, value)| [label, value]));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn rows(contact: &Summary, places: &[ExternalId], members: &[String]) -> Vec<Row> {
    let person = &contact.person;
    let mut rows = who(person);
    for (field, values) in
        [("Phone", &person.phones), ("E-mail", &person.emails), ("Messenger", &person.messengers)]
    {
        rows.extend(values.iter().map(|value| labelled(field, value)));
    }
    rows.extend(
        person
            .addresses
            .iter()
            .map(|value| (field("Address", value.label.as_deref()), address(value))),
    );
    rows.extend(person.urls.iter().map(|value| labelled("Web", value)));
    rows.extend(person.related.iter().map(|value| labelled("Related", value)));
    rows.extend(row("Birthday", person.birthday.as_deref()));
    rows.extend(row("Anniversary", person.anniversary.as_deref()));
    rows.extend(row("Categories", Some(&person.categories.join(", "))));
    rows.extend(row("Members", Some(&members.join("\n"))));
    rows.extend(row("Note", person.note.as_deref()));
    rows.extend(row("Picture", person.photo.then_some("yes")));
    rows.extend(places.iter().map(|place| {
        let words = format!("{} of {}", clean(&place.addressbook), clean(&place.account));
        ("Address book".to_owned(), words)
    }));
    rows.push(("Changed".to_owned(), minute(contact.updated)));
    rows.extend(row("UID", contact.uid.as_deref()));
    rows.push(("Id".to_owned(), contact.id.to_string()));
    rows
}

/// Names beyond the one in the heading, and what the contact does.
fn who(person: &Person) -> Vec<Row> {
    let full = person.names.as_ref().map(full_name).filter(|full| *full != person.name);
    let mut rows = Vec::new();
    rows.extend(row("Full name", full.as_deref()));
    rows.extend(row("Nickname", Some(&person.nicknames.join(", "))));
    rows.extend(row("Organisation", Some(&person.organisation.join(", "))));
    rows.extend(row("Title", person.title.as_deref()));
    rows
}

fn full_name(name: &Name) -> String {
    words([&name.prefix, &name.given, &name.middle, &name.family, &name.suffix])
}

/// Street lines as they are, then town, region and code in a line, then the country: the order
/// within that line differs by country, and a reader knows which is which.
fn address(address: &Address) -> String {
    let place = words([&address.locality, &address.region, &address.postal_code]);
    let parts = [&address.po_box, &address.extended, &address.street, &place, &address.country];
    let lines = parts.into_iter().flat_map(|part| part.lines()).filter(|line| !line.is_empty());
    lines.map(clean).collect::<Vec<_>>().join("\n")
}

fn words<const N: usize>(parts: [&String; N]) -> String {
    let given: Vec<_> =
        parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    given.join(" ")
}

fn labelled(name: &str, value: &Labelled) -> Row {
    let preferred = if value.preferred { "  (preferred)" } else { "" };
    (field(name, value.label.as_deref()), format!("{}{preferred}", clean(&value.value)))
}

fn field(name: &str, label: Option<&str>) -> String {
    match label {
        Some(label) => format!("{name} {}", clean(label)),
        None => name.to_owned(),
    }
}

fn row(name: &str, value: Option<&str>) -> Option<Row> {
    let value = value.filter(|value| !value.trim().is_empty())?;
    Some((name.to_owned(), clean_lines(value).collect::<Vec<_>>().join("\n")))
}

/// A moment to the minute.
pub fn minute(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use contactcmd_domain::dav::Href;
    use contactcmd_domain::vcard::How;

    use super::*;
    use crate::commands::testing::{contact, id, labelled};

    #[test]
    fn every_field_has_its_row_and_nothing_steers_the_terminal() {
        let mut ada = contact(1, "Ada Lovelace");
        let person = &mut ada.person;
        person.names = Some(Name {
            prefix: "Lady".into(),
            given: "Ada".into(),
            family: "Lovelace".into(),
            ..Name::default()
        });
        person.phones = vec![
            labelled("work", "+44 20"),
            Labelled { value: "1\u{1b}".into(), ..Labelled::default() },
        ];
        person.addresses = vec![Address {
            label: Some("home".into()),
            street: "12 St James's Square\nBack door".into(),
            locality: "London".into(),
            postal_code: "SW1Y 4JH".into(),
            ..Address::default()
        }];
        person.note = Some("one\n\ntwo\u{7}\n".into());
        let place = ExternalId {
            account: "work".into(),
            addressbook: "Contacts".into(),
            href: Href::new("/a.vcf"),
            etag: None,
        };
        let expected = [
            ("Full name", "Lady Ada Lovelace"),
            ("Phone work", "+44 20"),
            ("Phone", "1\u{fffd}"),
            ("Address home", "12 St James's Square\nBack door\nLondon SW1Y 4JH"),
            ("Note", "one\n\ntwo\u{fffd}"),
            ("Address book", "Contacts of work"),
            ("Changed", "1970-01-01 00:00 UTC"),
            ("Id", &id(1).to_string()),
        ];
        let rows = rows(&ada, &[place], &[]);
        let rows: Vec<_> =
            rows.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn rows_are_aligned_and_keep_their_line_breaks() {
        let rows =
            [("Note".to_owned(), "one\n\ntwo".to_owned()), ("Büro".to_owned(), "x".to_owned())];
        assert_eq!(rows_as_text(&rows), "Note  one\n\n      two\nBüro  x");
    }

    #[test]
    fn a_line_says_by_name_what_changed() {
        let phone =
            FieldChange { field: "phone".into(), label: Some("work".into()), how: How::Changed };
        let note = FieldChange { field: "note".into(), label: None, how: How::Removed };
        let cases = [
            (vec![], "~ Ada"),
            (vec![phone.clone()], "~ Ada   phone work changed"),
            (vec![phone, note.clone()], "~ Ada   phone work changed, note removed"),
            (
                vec![note; 6],
                "~ Ada   note removed, note removed, note removed, note removed, 2 more",
            ),
        ];
        for (list, expected) in cases {
            assert_eq!(line('~', "Ada", &changes(&list)), expected);
        }
    }
}
