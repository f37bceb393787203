//! The options that say what is in a contact, made into edits of its card.

use std::fmt::Write as _;

use contactcmd_domain::vcard::{self, Card, Content, Edit, Field, Followed, Said, Unfit};

use super::picture;
use crate::Failure;
use crate::cli::FieldArgs;
use crate::form;
use crate::ui::Ui;

/// What is asked for: fields, what is to go, and the picture, which was read already.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    fields: &'a FieldArgs,
    remove: Vec<(&'a str, Option<&'a str>)>,
    picture: Option<Vec<u8>>,
}

impl<'a> Asked<'a> {
    /// Takes the options apart and reads the picture.
    ///
    /// # Errors
    ///
    /// As for [`picture::read`].
    pub(super) fn of(
        ui: &Ui,
        fields: &'a FieldArgs,
        remove: &'a [String],
    ) -> Result<Self, Failure> {
        let remove = remove.iter().map(|one| match one.split_once('=') {
            Some((property, value)) => (property.trim(), Some(value.trim())),
            None => (one.trim(), None),
        });
        let picture = fields.photo.as_deref().map(|path| picture::read(ui, path)).transpose()?;
        Ok(Self { fields, remove: remove.collect(), picture })
    }

    /// The card with everything that is asked for, and whether its name followed.
    ///
    /// What goes, goes first, so that `--remove note --note TEXT` replaces any number of notes.
    ///
    /// # Errors
    ///
    /// [`crate::Exit::Usage`] with what cannot be done and what helps.
    pub(super) fn apply(&self, before: &Card) -> Result<(Card, Followed), Failure> {
        let mut card = before.clone();
        for (property, value) in &self.remove {
            remove(&mut card, property, *value)?;
        }
        for (field, text) in self.single() {
            if let Some(text) = text {
                set(&mut card, field, text.trim())?;
            }
        }
        let multiple = [
            (Field::Email, &self.fields.emails),
            (Field::Phone, &self.fields.phones),
            (Field::Address, &self.fields.addresses),
            (Field::Category, &self.fields.categories),
        ];
        for (field, values) in multiple {
            let said = values.iter().map(|value| read(field, value));
            let said = said.collect::<Result<Vec<_>, _>>()?;
            self.add(&mut card, before, &said)?;
        }
        if let Some(picture) = &self.picture {
            card.set_photo(picture);
        }
        let name = match &self.fields.name {
            Some(_) => Followed::Kept,
            None => vcard::follow_name(&mut card, before),
        };
        Ok((card, name))
    }

    /// The options that set the one value of a field; the name last, since it is made of the others.
    fn single(&self) -> [(Field, Option<&'a str>); 13] {
        let fields = self.fields;
        [
            (Field::Given, &fields.given),
            (Field::Family, &fields.family),
            (Field::Middle, &fields.middle),
            (Field::Prefix, &fields.prefix),
            (Field::Suffix, &fields.suffix),
            (Field::Nickname, &fields.nickname),
            (Field::Organisation, &fields.org),
            (Field::Title, &fields.title),
            (Field::Birthday, &fields.birthday),
            (Field::Anniversary, &fields.anniversary),
            (Field::Note, &fields.note),
            (Field::Url, &fields.url),
            (Field::Name, &fields.name),
        ]
        .map(|(field, text)| (field, text.as_deref()))
    }

    /// Adds values of one field, or puts one in the place of the only one of its label.
    fn add(&self, card: &mut Card, before: &Card, values: &[Said]) -> Result<(), Failure> {
        for said in values {
            let field = said.field;
            let alike = |other: &&Said| other.field == field && same_label(other, said);
            let before = vcard::fields(before);
            let here = vcard::fields(card);
            let is_here = |other: &Said| {
                let same = other.field == field && other.content == said.content;
                same && (said.label.is_none() || same_label(other, said))
            };
            if here.iter().any(is_here) {
                continue;
            }
            let removes = |(property, _): &(&str, _)| Field::named(property) == Some(field);
            let replaces = said.label.is_some()
                && values.iter().filter(alike).count() == 1
                && !self.remove.iter().any(removes);
            let edit = match before.iter().filter(alike).collect::<Vec<_>>().as_slice() {
                [only] if replaces => Edit::Set((*only).clone(), said.content.clone()),
                _ => Edit::Add(said.clone()),
            };
            apply(card, &edit, &option(field))?;
        }
        Ok(())
    }
}

/// Reads `[TYPE=]VALUE`, or the name of a category.
fn read(field: Field, typed: &str) -> Result<Said, Failure> {
    let option = option(field);
    let (label, value) = match typed.split_once('=') {
        Some((label, value)) if field.has_label() => (label.trim(), value),
        _ => ("", typed),
    };
    let value = value.trim();
    let content = match field {
        Field::Address => Content::Address(
            form::address(value).map_err(|what| Failure::usage(format!("{option}: {what}")))?,
        ),
        _ => Content::Text(value.to_owned()),
    };
    if value.trim_matches([';', ' ']).is_empty() {
        return Err(Failure::usage(format!("{option} `{typed}` has no value")));
    }
    let label = (!label.is_empty()).then(|| label.to_owned());
    Ok(Said { field, label, content })
}

/// Sets the one value of a field; an empty text removes it.
fn set(card: &mut Card, field: Field, text: &str) -> Result<(), Failure> {
    let here: Vec<Said> =
        vcard::fields(card).into_iter().filter(|said| said.field == field).collect();
    let to = Content::Text(text.to_owned());
    let edit = match here.as_slice() {
        [] if text.is_empty() => return Ok(()),
        [] => Edit::Add(Said::text(field, text)),
        [only] if only.content == to => return Ok(()),
        [only] if text.is_empty() => Edit::Remove(only.clone()),
        [only] => Edit::Set(only.clone(), to),
        several => {
            let (name, word) = (card.name(), field.word());
            let words = format!("{name} has {} values of `{word}`", several.len());
            let help = format!(
                "`--remove {word}` removes them all before {} adds one; without options you \
                 edit each of them",
                option(field)
            );
            return Err(Failure::usage(words).hint(help));
        }
    };
    apply(card, &edit, &option(field))
}

/// The option of a field.
fn option(field: Field) -> String {
    match field {
        Field::Name => "--fn".to_owned(),
        Field::Organisation => "--org".to_owned(),
        _ => format!("--{}", field.word()),
    }
}

fn apply(card: &mut Card, edit: &Edit, option: &str) -> Result<(), Failure> {
    vcard::apply(card, edit).map_err(|unfit| match unfit {
        Unfit::NotADate => Failure::usage(format!("{option}: it is not a date"))
            .hint("write 1980-01-15, --01-15 when the year is unknown, or 1980"),
        Unfit::Nameless | Unfit::NotThere => Failure::usage(format!("{option}: {unfit}")),
    })
}

/// Removes a field or property, or of it only `value`.
fn remove(card: &mut Card, property: &str, value: Option<&str>) -> Result<(), Failure> {
    let kept = ["fn", "name", "n", "uid", "version", "begin", "end"];
    if kept.contains(&property.to_ascii_lowercase().as_str()) {
        return Err(Failure::usage(format!("a contact cannot be without `{property}`"))
            .hint("--fn, --given, --family ... give it another name"));
    }
    let removed = match Field::named(property) {
        Some(field) => remove_said(card, field, value)?,
        None => remove_lines(card, property, value),
    };
    if removed == 0 {
        return Err(nothing_removed(card, property, value));
    }
    Ok(())
}

fn remove_said(card: &mut Card, field: Field, value: Option<&str>) -> Result<usize, Failure> {
    let meant = |said: &Said| {
        // An organisation goes with its departments, which are parts of it.
        let part = field == Field::Organisation && value.is_none();
        let of_field = said.field == field || (part && said.field == Field::Department);
        of_field && value.is_none_or(|value| is(said, value))
    };
    let mut removed = 0;
    while let Some(said) = vcard::fields(card).into_iter().find(meant) {
        apply(card, &Edit::Remove(said), "--remove")?;
        removed += 1;
    }
    Ok(removed)
}

fn remove_lines(card: &mut Card, property: &str, value: Option<&str>) -> usize {
    let name = if property.eq_ignore_ascii_case("picture") { "PHOTO" } else { property };
    let next = |card: &Card| {
        let mut named = card.properties().filter(|one| one.name().eq_ignore_ascii_case(name));
        named.find(|one| value.is_none_or(|value| one.trimmed() == value)).map(|one| one.id())
    };
    let mut removed = 0;
    while let Some(line) = next(card) {
        card.remove(line);
        removed += 1;
    }
    removed
}

fn nothing_removed(card: &Card, property: &str, value: Option<&str>) -> Failure {
    let name = card.name();
    let what = value.map(|value| format!(" `{value}`")).unwrap_or_default();
    let failure = Failure::usage(format!("{name} has no {property}{what}; nothing is changed"));
    let mut there = String::new();
    for said in vcard::fields(card).iter().filter(|said| Field::named(property) == Some(said.field))
    {
        let label = said.label.as_deref().unwrap_or_default();
        let text = match &said.content {
            Content::Text(text) => text.clone(),
            Content::Address(parts) => parts.join(" "),
        };
        let _ = write!(there, "\n{label} {}", text.trim());
    }
    match there.is_empty() {
        true => failure,
        false => failure.hint(format!("there is:{there}")),
    }
}

/// Whether a value is what a user means by `text`: the value, or its label.
fn is(said: &Said, text: &str) -> bool {
    if said.label.as_deref().is_some_and(|label| label.eq_ignore_ascii_case(text)) {
        return true;
    }
    match &said.content {
        Content::Text(value) if said.field == Field::Phone => same_number(value, text),
        Content::Text(value) if said.field == Field::Email => value.eq_ignore_ascii_case(text),
        Content::Text(value) => value == text,
        Content::Address([_, _, street, ..]) => street == text,
    }
}

/// Whether two numbers are dialled alike, however they are spaced.
pub(super) fn same_number(one: &str, other: &str) -> bool {
    let dialled = |number: &str| -> String {
        number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    };
    one == other || (!dialled(one).is_empty() && dialled(one) == dialled(other))
}

fn same_label(one: &Said, other: &Said) -> bool {
    match (&one.label, &other.label) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Exit;
    use crate::cli::{Cli, Command, EditArgs};
    use crate::commands::testing::Stage;

    /// The lines of a card (with `|` between them) after an edit with these options.
    fn edited(lines: &str, options: &[&str]) -> Result<String, Failure> {
        let args = [&["contactcmd", "edit", "x"], options].concat();
        let Command::Edit(args) = Cli::try_parse_from(args).unwrap().command else { panic!() };
        let EditArgs { fields, remove, .. } = args.as_ref();
        let lines = lines.replace('|', "\r\n");
        let card = Card::parse(format!("BEGIN:VCARD\r\n{lines}\r\nEND:VCARD\r\n"));
        let world = Stage::new().world();
        let (card, _) = Asked::of(&world.ui, fields, remove)?.apply(&card)?;
        let text = String::from_utf8(card.into_bytes()).unwrap().replace("\r\n", "|");
        let text = text.strip_prefix("BEGIN:VCARD|").unwrap();
        Ok(text.strip_suffix("|END:VCARD|").unwrap().to_owned())
    }

    #[test]
    fn every_option_changes_its_field_and_nothing_else() {
        let cases: [(&str, &[&str], &str); 42] = [
            ("FN:A B|N:B;A;;;", &["--given", "C"], "FN:C B|N:B;C;;;"),
            ("FN:x|N:B;A;;;", &["--given", ""], "FN:x|N:B;;;;"),
            ("FN:A", &["--family", "B", "--fn", "C"], "FN:C|N:B;;;;"),
            ("FN:A B|N:B;A;;;", &["--middle", "M"], "FN:A M B|N:B;A;M;;"),
            (
                "FN:A B|N:B;A;;;",
                &["--prefix", "Dr.", "--suffix", "Jr."],
                "FN:Dr. A B Jr.|N:B;A;;Dr.;Jr.",
            ),
            ("FN:x|N:B;A;;;", &["--fn", ""], "FN:A B|N:B;A;;;"),
            ("FN:A|NICKNAME:x", &["--nickname", "y,z"], "FN:A|NICKNAME:y\\,z"),
            ("FN:A|ORG:O;D", &["--org", "P"], "FN:A|ORG:P;D"),
            ("FN:A", &["--org", "P", "--title", "T"], "FN:A|ORG:P|TITLE:T"),
            ("FN:A|TITLE:T", &["--title", ""], "FN:A"),
            ("FN:A", &["--title", ""], "FN:A"),
            ("FN:A|BDAY:19800115", &["--birthday", "1980-01-15"], "FN:A|BDAY:19800115"),
            (
                "FN:A|BDAY:19800115",
                &["--birthday", "--01-16"],
                "FN:A|BDAY;X-APPLE-OMIT-YEAR=1604:1604-01-16",
            ),
            ("VERSION:4.0|FN:A", &["--anniversary", "1980"], "VERSION:4.0|FN:A|ANNIVERSARY:1980"),
            ("FN:A|NOTE:n", &["--note", "-a\nb"], "FN:A|NOTE:-a\\nb"),
            ("FN:A|NOTE:m|NOTE:n", &["--remove", "note", "--note", "o"], "FN:A|NOTE:o"),
            (
                "FN:A|item1.URL:u|item1.X-ABLabel:l",
                &["--url", "http://v,w"],
                "FN:A|item1.URL:http://v,w|item1.X-ABLabel:l",
            ),
            // Adding and replacing.
            ("FN:A|TEL;TYPE=WORK;X=y:1", &["--phone", "Work=2"], "FN:A|TEL;TYPE=WORK;X=y:2"),
            (
                "FN:A|TEL;TYPE=WORK:1",
                &["--phone", "work=2", "--phone", "work=3"],
                "FN:A|TEL;TYPE=WORK:1|TEL;TYPE=WORK:2|TEL;TYPE=WORK:3",
            ),
            (
                "FN:A|TEL;TYPE=WORK:1|TEL;TYPE=WORK:2",
                &["--phone", "work=3"],
                "FN:A|TEL;TYPE=WORK:1|TEL;TYPE=WORK:2|TEL;TYPE=WORK:3",
            ),
            (
                "FN:A|TEL;TYPE=WORK:1",
                &["--remove", "phone=1", "--phone", "work=2"],
                "FN:A|TEL;TYPE=WORK:2",
            ),
            (
                "FN:A|TEL;TYPE=HOME:1|TEL;TYPE=WORK:2",
                &["--remove", "tel=1", "--phone", "work=3"],
                "FN:A|TEL;TYPE=WORK:2|TEL;TYPE=WORK:3",
            ),
            ("FN:A|TEL:1", &["--phone", "2"], "FN:A|TEL:1|TEL:2"),
            ("FN:A|TEL;TYPE=WORK:1", &["--phone", "1"], "FN:A|TEL;TYPE=WORK:1"),
            ("FN:A|TEL;TYPE=WORK:1", &["--phone", "work=1"], "FN:A|TEL;TYPE=WORK:1"),
            ("FN:A", &["--email", "School=a@b"], "FN:A|item1.EMAIL:a@b|item1.X-ABLabel:School"),
            ("FN:A", &["--email", "=a=c@b"], "FN:A|EMAIL:a=c@b"),
            ("VERSION:2.1|FN:A", &["--email", "home=a@b"], "VERSION:2.1|FN:A|EMAIL;HOME:a@b"),
            (
                "FN:A|ADR;TYPE=HOME:b;;1 St;T;;;",
                &["--address", "home=2 St; T;; 12; UK"],
                "FN:A|ADR;TYPE=HOME:;;2 St;T;;12;UK",
            ),
            ("FN:A|CATEGORIES:x", &["--category", "x", "--category", "y"], "FN:A|CATEGORIES:x,y"),
            // Removing.
            (
                "FN:A|TEL;TYPE=WORK:1|TEL:+1 2-3",
                &["--remove", "phone=+123"],
                "FN:A|TEL;TYPE=WORK:1",
            ),
            ("FN:A|TEL;TYPE=WORK:1|TEL:2", &["--remove", "phone=work"], "FN:A|TEL:2"),
            ("FN:A|TEL:1|NOTE:n|TEL:2", &["--remove", "Phone"], "FN:A|NOTE:n"),
            ("FN:A|EMAIL:A@b", &["--remove", "e-mail=a@B"], "FN:A"),
            ("FN:A|ADR:;;1 St;T;;;", &["--remove", "address=1 St"], "FN:A"),
            ("FN:A|ORG:O;D", &["--remove", "org"], "FN:A"),
            ("FN:A|CATEGORIES:x,y", &["--remove", "category=x"], "FN:A|CATEGORIES:y"),
            (
                "FN:A|PHOTO:u|X-FOO:1|x-foo:2",
                &["--remove", "photo", "--remove", "X-Foo=2"],
                "FN:A|X-FOO:1",
            ),
            ("FN:A|item1.X-FOO:1|item1.X-ABLabel:l", &["--remove", "x-foo"], "FN:A"),
            ("FN:x|N:B;A;;;", &["--remove", "given"], "FN:x|N:B;;;;"),
            ("FN:A|BDAY:19800115", &["--remove", "bday=1980-01-15"], "FN:A"),
            ("FN:a@b|EMAIL:a@b", &["--given", "A"], "FN:A|EMAIL:a@b|N:;A;;;"),
        ];
        for (before, options, after) in cases {
            let lines = edited(before, options);
            assert_eq!(lines.as_deref().ok(), Some(after), "{before} {options:?}: {lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_a_mistake_that_says_what_helps() {
        let cases: [(&str, &[&str], &str); 10] = [
            ("FN:A|NOTE:m|NOTE:n", &["--note", "o"], "--remove note"),
            ("FN:A|TEL;TYPE=WORK:1", &["--remove", "phone=2"], "there is:\nwork 1"),
            ("FN:A", &["--remove", "X-FOO"], "A has no X-FOO"),
            ("FN:A", &["--remove", "photo=x"], "A has no photo `x`"),
            ("FN:A", &["--remove", "FN"], "cannot be without `FN`"),
            ("UID:1|FN:A", &["--remove", "uid"], "cannot be without `uid`"),
            ("FN:A", &["--birthday", "15/1/1980"], "1980-01-15"),
            ("FN:A|NOTE:n", &["--fn", ""], "nothing to call the contact by"),
            ("FN:A", &["--email", "home="], "`home=` has no value"),
            ("FN:A", &["--address", ";;"], "has no value"),
        ];
        for (before, options, words) in cases {
            let failure = edited(before, options).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{options:?}");
            let said = format!("{}\n{}", failure.error, failure.hint.unwrap_or_default());
            assert!(said.contains(words), "{options:?}: {said}");
        }
    }
}
