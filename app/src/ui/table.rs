//! Contacts as rows: a table for a person, tab-separated lines for anything else.

use std::borrow::Cow;
use std::fmt::Write;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use contactcmd_domain::contact::{Kind, Labelled, Person};
use contactcmd_ports::{Brief, Summary};

use super::{Ui, clean};

/// Prints contacts for a person: a table as wide as the terminal.
pub fn table(ui: &Ui, contacts: &[Summary]) {
    if !contacts.is_empty() {
        ui.result(drawn(contacts, None));
    }
}

/// Prints contacts for a program: a line each with name, organisation, phone, e-mail and id, separated
/// by tabs and without a heading.
pub fn lines(ui: &Ui, contacts: &[Brief]) {
    let mut text = String::new();
    for some in contacts.chunks(TOGETHER) {
        text.clear();
        some.iter().for_each(|contact| line(contact, &mut text));
        ui.raw(text.as_bytes());
        if ui.is_closed() {
            return;
        }
    }
}

/// How many lines are written at a time.
const TOGETHER: usize = 200;

/// The e-mail address or phone number to show when there is room for one.
pub fn first(values: &[Labelled]) -> &str {
    Labelled::first(values).unwrap_or_default()
}

/// The name, harmless, and what the contact is when it is no person.
pub fn name(person: &Person) -> Cow<'_, str> {
    let name = clean(&person.name);
    match person.kind {
        Kind::Person | Kind::Organisation => name,
        Kind::Group => Cow::Owned(format!("{name} (group of {})", person.members.len())),
        Kind::Location => Cow::Owned(format!("{name} (place)")),
    }
}

/// The organisation; left out where it is the name itself.
fn organisation<'a>(name: &str, organisation: Option<&'a str>) -> &'a str {
    organisation.filter(|organisation| *organisation != name).unwrap_or_default()
}

fn line(contact: &Brief, out: &mut String) {
    let Brief { id, name, organisation, phone, email } = contact;
    let organisation = self::organisation(name, organisation.as_deref());
    let [phone, email] = [phone, email].map(|value| value.as_deref().unwrap_or_default());
    for field in [name, organisation, phone, email] {
        out.push_str(&clean(field));
        out.push('\t');
    }
    // A String takes everything.
    let _ = writeln!(out, "{id}");
}

/// On a terminal narrower than this there is no room for the organisation.
const NARROW: u16 = 60;

/// The table, `width` columns wide (`None`: as wide as the terminal). Long values are broken, never
/// cut; a column in which nothing stands is left out.
fn drawn(contacts: &[Summary], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    }
    let narrow = table.width().is_some_and(|width| width < NARROW);
    let rows: Vec<Row<'_>> = contacts.iter().map(row).collect();
    let is_shown = |column: usize| {
        let says_something = |row: &Row<'_>| row.get(column).is_some_and(|v| !v.is_empty());
        !(narrow && column == ORGANISATION) && rows.iter().any(says_something)
    };
    let columns: Vec<bool> = (0..HEADINGS.len()).map(is_shown).collect();
    let shown = |row: Row<'_>| -> Vec<String> {
        let values = row.into_iter().zip(&columns).filter(|(_, shown)| **shown);
        values.map(|(value, _)| value.into_owned()).collect()
    };
    table.set_header(shown(HEADINGS.map(Cow::Borrowed)));
    table.add_rows(rows.into_iter().map(shown));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    if let Some(names) = table.column_mut(0) {
        // Beside a long organisation a name would otherwise be broken after a few letters.
        names.set_constraint(ColumnConstraint::LowerBoundary(Width::Percentage(25)));
    }
    table.trim_fmt()
}

const HEADINGS: [&str; 4] = ["Name", "Organisation", "Phone", "E-mail"];
const ORGANISATION: usize = 1;

type Row<'a> = [Cow<'a, str>; HEADINGS.len()];

fn row(contact: &Summary) -> Row<'_> {
    let person = &contact.person;
    let organisation = organisation(&person.name, person.organisation.first().map(String::as_str));
    [name(person), clean(organisation), clean(first(&person.phones)), clean(first(&person.emails))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{Stage, brief, contact, labelled};

    fn people() -> Vec<Summary> {
        let mut ada = contact(1, "Ada Lovelace");
        ada.person.organisation = vec!["Analytical Engines".into(), "Research".into()];
        ada.person.emails =
            vec![labelled("home", "ada@home.example"), labelled("work", "a@w.example")];
        ada.person.emails[1].preferred = true;
        let mut group = contact(2, "数学者の会");
        group.person.kind = Kind::Group;
        group.person.members = vec!["urn:uuid:1".into(), "urn:uuid:2".into()];
        vec![ada, group, contact(3, "Evil\u{1b}[2J\tMallory")]
    }

    #[test]
    fn a_table_has_the_columns_that_say_something() {
        let text = drawn(&people(), Some(80));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "Name                     Organisation        E-mail",
                "Ada Lovelace             Analytical Engines  a@w.example",
                "数学者の会 (group of 2)",
                "Evil\u{fffd}[2J Mallory",
            ]
        );
    }

    #[test]
    fn nothing_is_cut_when_the_terminal_is_narrow() {
        for width in [10, 20, 30] {
            let text = drawn(&people(), Some(width));
            let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            for letter in "数学者の会".chars() {
                assert!(letters.contains(letter), "{width}: {text}");
            }
            assert!(!text.contains("Analytical"), "{width}: {text}");
            let names: String =
                text.lines().map(|line| line.split("  ").next().unwrap_or_default()).collect();
            assert!(names.replace(' ', "").contains("AdaLovelace"), "{width}: {text}");
        }
    }

    #[test]
    fn lines_for_programs_have_five_fields_whatever_a_name_holds() {
        let people: Vec<_> = people().iter().map(brief).collect();
        let stage = Stage::new();
        lines(&stage.world().ui, &people);
        let text = stage.stdout();
        assert_eq!(text.lines().count(), people.len(), "{text}");
        for line in text.lines() {
            assert_eq!(line.matches('\t').count(), 4, "{line}");
            assert!(!line.contains('\u{1b}'), "{line}");
        }
        assert!(text.starts_with("Ada Lovelace\tAnalytical Engines\t\ta@w.example\t"), "{text}");
    }
}
