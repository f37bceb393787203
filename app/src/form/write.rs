//! From what a card says to the text of a form.

use contactcmd_domain::vcard::{self, Card, Content, Field, Said};

use super::address;

/// Fields that stand in every form, so that they only have to be filled in.
const INVITED: [Field; 8] = [
    Field::Name,
    Field::Given,
    Field::Family,
    Field::Organisation,
    Field::Phone,
    Field::Email,
    Field::Birthday,
    Field::Note,
];

/// Where a line of a block begins.
pub(super) const INDENT: &str = "    ";

/// The whole form.
pub(super) fn form(
    card: &Card,
    fields: &[Said],
    member: &dyn Fn(&str) -> Option<String>,
) -> String {
    let mut out = format!("# {}\n\n", one_line(&card.name()));
    for field in Field::ALL {
        let here: Vec<&Said> = fields.iter().filter(|said| said.field == field).collect();
        if here.is_empty() && INVITED.contains(&field) {
            out.push_str(&format!("{}:\n", field.word()));
        }
        for said in here {
            if let (Field::Member, Content::Text(uid)) = (field, &said.content)
                && let Some(name) = member(uid)
            {
                out.push_str(&format!("# {}\n", one_line(&name)));
            }
            out.push_str(&self::field(said));
        }
    }
    out.push_str(&help(&vcard::hidden(card)));
    out
}

/// One field: a line, or a head and a block of indented lines.
pub(super) fn field(said: &Said) -> String {
    let mut out = said.field.word().to_owned();
    let label = said.label.as_deref().map(|label| one_line(&label.replace(':', " ")));
    if let Some(label) = label.filter(|label| !label.is_empty()) {
        out.push(' ');
        out.push_str(&label);
    }
    out.push(':');
    match &said.content {
        Content::Text(text) if !text.contains('\n') => {
            out.push(' ');
            out.push_str(text);
            out.push('\n');
        }
        Content::Text(text) => {
            out.push('\n');
            text.lines().for_each(|line| block_line(&mut out, line));
        }
        Content::Address(parts) => {
            out.push('\n');
            for (word, part) in address::WORDS.iter().zip(parts) {
                part.lines().for_each(|line| block_line(&mut out, &format!("{word}: {line}")));
            }
        }
    }
    out
}

fn block_line(out: &mut String, line: &str) {
    let line = format!("{INDENT}{line}");
    out.push_str(line.trim_ascii_end());
    out.push('\n');
}

/// A form is text too: nothing in a name may end its line.
fn one_line(text: &str) -> String {
    let plain = text.replace(|c: char| c.is_control(), " ");
    plain.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn help(hidden: &[String]) -> String {
    let mut out = HELP.to_owned();
    if !hidden.is_empty() {
        let names: Vec<String> = hidden.iter().map(|name| one_line(name)).collect();
        out.push_str(&format!("# Kept as they are: {}.\n", names.join(", ")));
    }
    out
}

const HELP: &str = "
# A field is a line `field: value`, and its further lines are indented. Change a value, delete a
# line to remove it, add one in any place. Lines that begin with # are passed over.
# With a type in front of the colon, such as work in `phone work:`, or a word of your own:
#   phone, email, address, url
# Others: name, prefix, given, middle, family, suffix, nickname, organisation, department, title,
#   birthday, anniversary, category, member, note
# An address is `address home: STREET; CITY; REGION; CODE; COUNTRY`, or has indented lines such as
# `street: 1 Main St`, for box, extended, street, city, region, code and country.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_field_and_every_part_of_an_address() {
        let known: Vec<&str> = HELP.split(|c: char| !c.is_ascii_alphabetic()).collect();
        for word in Field::ALL.iter().map(|field| field.word()).chain(address::WORDS) {
            assert!(known.contains(&word), "{word}");
        }
    }
}
