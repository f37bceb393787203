//! A contact as a text that a person edits, and the edits that lead from the text before to the text
//! after.
//!
//! The form is never turned back into a card: what it says now is compared with what it said before,
//! and only the differences are applied. So nothing that it does not show, or shows less exactly than
//! the card has it, can be lost by editing something else.

mod address;
mod compare;
mod read;
mod write;

use contactcmd_domain::vcard::{self, Card, Edit, Field, Followed, Said};

pub(crate) use address::from_text as address;
use read::Line;

/// The form of one card.
#[derive(Debug)]
pub(crate) struct Form<'a> {
    card: &'a Card,
    text: String,
    shown: Vec<Shown>,
}

/// Something the card says, and what the form makes of it.
#[derive(Debug)]
struct Shown {
    said: Said,
    /// As it is read back: without white space at the ends of lines, and the like.
    read: Said,
}

/// Why a form cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub(crate) struct Mistake {
    /// Where, from 1; `None` when it is about what is not there any more.
    pub(crate) line: Option<usize>,
    /// What is wrong.
    pub(crate) what: String,
}

impl<'a> Form<'a> {
    /// The form of a card; `member` gives the name of a member of a group by its UID, where it is
    /// known.
    pub(crate) fn of(card: &'a Card, member: &dyn Fn(&str) -> Option<String>) -> Self {
        let fields = vcard::fields(card);
        let text = write::form(card, &fields, member);
        // What would not be read back is not compared either, or it would count as deleted.
        let shown = |said: Said| {
            let read = read::read(&write::field(&said)).ok()?.pop()?.said;
            Some(Shown { said, read })
        };
        Self { card, text, shown: fields.into_iter().filter_map(shown).collect() }
    }

    /// The text to be edited.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The card with what was changed in the text, and whether its name followed.
    ///
    /// # Errors
    ///
    /// [`Mistake`]: say it and let the user go on editing.
    pub(crate) fn apply(&self, text: &str) -> Result<(Card, Followed), Mistake> {
        let edits = compare::edits(&self.shown, read::read(text)?);
        let mut card = self.card.clone();
        for (line, edit) in &edits {
            vcard::apply(&mut card, edit)
                .map_err(|unfit| Mistake { line: *line, what: unfit_words(edit, unfit) })?;
        }
        let names_it = edits.iter().any(|(_, edit)| edit.field() == Field::Name);
        let name = if names_it { Followed::Kept } else { vcard::follow_name(&mut card, self.card) };
        Ok((card, name))
    }
}

fn unfit_words(edit: &Edit, unfit: vcard::Unfit) -> String {
    match unfit {
        vcard::Unfit::NotADate => format!(
            "the {} is no date; write 1980-01-15, --01-15 without a year, or 1980",
            edit.field().word()
        ),
        vcard::Unfit::Nameless | vcard::Unfit::NotThere => unfit.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use contactcmd_domain::vcard::Content;

    use super::*;

    const ADA: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nX-FOO;A=b:  kept \r\n as it is\r\n\
        N:Lovelace;Ada;;;\r\nFN:Ada Lovelace\r\nitem1.TEL;type=pref:+44 20\r\n\
        item1.X-ABLabel:Hut: by the lake\r\nTEL;TYPE=CELL:1\r\nTEL;TYPE=CELL:2\r\nCATEGORIES:x,y\r\n\
        ADR;TYPE=home:;; 12 St\\nBack door;London;;SW1;\r\nNOTE:one \\n\\n  two\\n#three\r\n\
        PHOTO;ENCODING=b:YQ==\r\nEND:VCARD\r\n";

    fn nobody(_: &str) -> Option<String> {
        None
    }

    /// The lines that an edited form adds to the card and takes from it.
    fn edited(change: impl Fn(&str) -> String) -> Result<Vec<String>, Mistake> {
        let card = Card::parse(ADA);
        let form = Form::of(&card, &nobody);
        let (after, _) = form.apply(&change(form.text()))?;
        let lines = |card: &Card| -> Vec<String> {
            let lines = card.lines().map(|(_, line)| String::from_utf8_lossy(line).into_owned());
            lines.map(|line| line.trim_end().to_owned()).collect()
        };
        let (old, new) = (lines(&card), lines(&after));
        let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("-{line}"));
        let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+{line}"));
        Ok(gone.chain(come).collect())
    }

    #[test]
    fn a_form_reads_as_a_person_would_write_it() {
        let card = Card::parse(ADA);
        let form = Form::of(&card, &nobody);
        let fields: Vec<_> =
            form.text().lines().filter(|l| !l.starts_with('#') && !l.is_empty()).collect();
        let expected = [
            "name: Ada Lovelace",
            "given: Ada",
            "family: Lovelace",
            "organisation:",
            "phone Hut by the lake: +44 20",
            "phone cell: 1",
            "phone cell: 2",
            "email:",
            "address home:",
            "    street: 12 St",
            "    street: Back door",
            "    city: London",
            "    code: SW1",
            "birthday:",
            "category: x",
            "category: y",
            "note:",
            "    one",
            "      two",
            "    #three",
        ];
        assert_eq!(fields, expected);
        assert!(form.text().contains("\n# Kept as they are: X-FOO, PHOTO.\n"), "{}", form.text());
    }

    #[test]
    fn a_group_names_its_members() {
        let card = Card::parse("BEGIN:VCARD\nFN:F\nKIND:group\nMEMBER:urn:uuid:1\nEND:VCARD\n");
        let form = Form::of(&card, &|uid| (uid == "urn:uuid:1").then(|| "Ada".to_owned()));
        assert!(form.text().contains("\n# Ada\nmember: urn:uuid:1\n"), "{}", form.text());
    }

    #[test]
    fn what_was_changed_in_the_form_is_changed_in_the_card_and_nothing_else() {
        let cases: [(&str, &str, &[&str]); 16] = [
            ("phone cell: 1", "phone cell: 3", &["-TEL;TYPE=CELL:1", "+TEL;TYPE=CELL:3"]),
            ("phone cell: 1\n", "", &["-TEL;TYPE=CELL:1"]),
            ("phone cell: 1", "phone work: 1", &["-TEL;TYPE=CELL:1", "+TEL;TYPE=WORK:1"]),
            ("phone cell: 1", "phone work: 3", &["-TEL;TYPE=CELL:1", "+TEL;TYPE=WORK:3"]),
            ("phone cell: 1\nphone cell: 2", "phone cell: 2\nphone cell: 1", &[]),
            (
                "phone Hut by the lake: +44 20",
                "phone Hut by the lake: 5",
                &["-item1.TEL;type=pref:+44 20", "+item1.TEL;type=pref:5"],
            ),
            ("email:", "e-mail School: a@b", &["+item2.EMAIL:a@b", "+item2.X-ABLabel:School"]),
            (
                "    city: London",
                "    city: Paris",
                &[
                    "-ADR;TYPE=home:;; 12 St\\nBack door;London;;SW1;",
                    "+ADR;TYPE=home:;; 12 St\\nBack door;Paris;;SW1;",
                ],
            ),
            ("birthday:", "birthday: --12-10", &["+BDAY;X-APPLE-OMIT-YEAR=1604:1604-12-10"]),
            ("birthday:", "address: 1 St; Town; ; 123", &["+ADR:;;1 St;Town;;123;"]),
            ("category: x", "category: z", &["-CATEGORIES:x,y", "+CATEGORIES:z,y"]),
            (
                "family: Lovelace",
                "family: King",
                &["-N:Lovelace;Ada;;;", "-FN:Ada Lovelace", "+N:King;Ada;;;", "+FN:Ada King"],
            ),
            (
                "name: Ada Lovelace\ngiven: Ada",
                "given: Ann",
                &[
                    "-N:Lovelace;Ada;;;",
                    "-FN:Ada Lovelace",
                    "+N:Lovelace;Ann;;;",
                    "+FN:Ann Lovelace",
                ],
            ),
            (
                "    #three",
                "    three",
                &["-NOTE:one \\n\\n  two\\n#three", "+NOTE:one\\n\\n  two\\nthree"],
            ),
            (
                "note:",
                "note: zero",
                &["-NOTE:one \\n\\n  two\\n#three", "+NOTE:zero\\none\\n\\n  two\\n#three"],
            ),
            ("\n", "\r\n", &[]),
        ];
        for (old, new, expected) in cases {
            let lines = edited(|text| {
                assert!(text.contains(old), "{old:?} in {text}");
                text.replace(old, new)
            });
            assert_eq!(lines.unwrap(), expected, "{old} -> {new}");
        }
    }

    #[test]
    fn a_mistake_names_its_line() {
        let cases = [
            ("fone: 1", 1, "there is no field `fone`"),
            ("\n\nnote: a\nphone 1", 4, "`phone 1` is no field"),
            ("  indented", 1, "belongs to no field"),
            ("# c\ntitle work: x", 2, "`title` has no types"),
            ("name: a\nname: b", 2, "a contact has one `name`"),
            ("name: a\nbirthday: soon", 2, "the birthday is no date"),
            ("address home:\n    strasse: x", 2, "there is no `strasse` in an address"),
            ("address: a;b;c;d;e;f", 1, "five parts"),
            ("category: x", 0, "nothing to call the contact by"),
        ];
        for (text, line, what) in cases {
            let mistake = edited(|_| text.to_owned()).unwrap_err();
            assert_eq!(mistake.line.unwrap_or(0), line, "{text}: {mistake}");
            assert!(mistake.what.contains(what), "{text}: {mistake}");
        }
    }

    /// Every real card there is, with its file; none in a checkout that has none beside it.
    fn real_cards() -> Vec<(PathBuf, Card)> {
        let corpus = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vcards"));
        let (mut folders, mut cards) = (vec![corpus.to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let file = vcard::decode_file(&std::fs::read(&path).unwrap()).into_owned();
                let pieces = vcard::split(&file).into_iter();
                let found = pieces.filter(|piece| matches!(piece, vcard::Piece::Card(_)));
                cards.extend(found.map(|piece| (path.clone(), Card::parse(piece.bytes()))));
            }
        }
        assert!(cards.len() > 1000 || !corpus.is_dir(), "only {} cards", cards.len());
        cards
    }

    #[test]
    fn a_form_that_was_not_changed_changes_no_byte_of_any_real_card() {
        for (path, card) in real_cards() {
            let form = Form::of(&card, &nobody);
            assert_eq!(form.shown.len(), vcard::fields(&card).len(), "{path:?}");
            let trimmed: Vec<_> = form.text().lines().map(str::trim_end).collect();
            for text in [form.text(), &trimmed.join("\r\n")] {
                let (after, _) = form.apply(text).unwrap();
                assert_eq!(after.as_bytes(), card.as_bytes(), "{path:?}");
            }
        }
    }

    #[test]
    fn an_edit_of_a_real_card_is_read_back_and_touches_no_other_line() {
        for (path, card) in real_cards() {
            for said in vcard::fields(&card).into_iter().take(12) {
                let text = match said.field {
                    Field::Birthday | Field::Anniversary => "1999-12-31",
                    _ => "Zoë 1;2",
                };
                let content = match &said.content {
                    Content::Text(_) => Content::Text(text.to_owned()),
                    Content::Address(parts) => {
                        let mut parts = parts.clone();
                        parts[2] = text.to_owned();
                        Content::Address(parts)
                    }
                };
                check(&path, &card, Edit::Set(said.clone(), content));
                if said.field.has_label() {
                    check(&path, &card, Edit::Relabel(said.clone(), Some("Büro".to_owned())));
                    check(&path, &card, Edit::Relabel(said.clone(), Some("work".to_owned())));
                }
                check(&path, &card, Edit::Remove(said));
            }
        }
    }

    fn check(path: &Path, card: &Card, edit: Edit) {
        let mut after = card.clone();
        match vcard::apply(&mut after, &edit) {
            Err(vcard::Unfit::Nameless) => return,
            done => done.unwrap(),
        }
        let now = match edit.clone() {
            Edit::Set(said, content) => Some(Said { content, ..said }),
            Edit::Relabel(said, label) => Some(Said { label, ..said }),
            _ => None,
        };
        if let Some(now) = now {
            assert!(vcard::fields(&after).contains(&now), "{path:?}: {edit:?}");
        }
        let lines = |card: &Card| card.lines().map(|(_, line)| line.to_vec()).collect::<Vec<_>>();
        let (mut gone, mut come) = (lines(card), lines(&after));
        come.retain(|line| match gone.iter().position(|old| old == line) {
            Some(at) => {
                gone.remove(at);
                false
            }
            None => true,
        });
        // The value, and its label or the other form of an anniversary.
        assert!(gone.len() <= 3 && come.len() <= 3, "{path:?}: {edit:?}: {gone:?} {come:?}");
    }

    #[test]
    fn what_is_removed_again_and_again_is_gone_in_the_end() {
        for (path, mut card) in real_cards() {
            let mut steps = 0;
            let removable = |said: &Said| said.field != Field::Name;
            while let Some(said) = vcard::fields(&card).into_iter().find(removable) {
                vcard::apply(&mut card, &Edit::Remove(said)).unwrap();
                steps += 1;
                assert!(steps < 1000, "{path:?}");
            }
        }
    }
}
