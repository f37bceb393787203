//! From the text of a form to what it says.

use contactcmd_domain::vcard::{Content, Field, Said};

use super::write::INDENT;
use super::{Mistake, address};

/// Something a form says, and where, from 1.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) said: Said,
    pub(super) number: usize,
}

/// Reads a form. Empty fields are left out.
///
/// Only ASCII white space is trimmed, as in cards: a value that is nothing but an exotic space is a
/// value there and must be one here.
pub(super) fn read(text: &str) -> Result<Vec<Line>, Mistake> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut blocks: Vec<Block> = Vec::new();
    for (at, line) in text.split('\n').enumerate() {
        let (number, line) = (at + 1, line.trim_ascii_end());
        match blocks.last_mut() {
            _ if line.starts_with('#') => {}
            Some(block) if line.is_empty() => block.lines.push((number, String::new())),
            None if line.is_empty() => {}
            Some(block) if line.starts_with([' ', '\t']) => {
                block.lines.push((number, without_indent(line).to_owned()));
            }
            None if line.starts_with([' ', '\t']) => {
                return Err(mistake(
                    number,
                    format!("`{}` belongs to no field", line.trim_ascii()),
                ));
            }
            _ => blocks.push(Block::begin(number, line)?),
        }
    }
    let mut lines: Vec<Line> = Vec::with_capacity(blocks.len());
    for block in blocks {
        let Some(line) = block.finish()? else { continue };
        let field = line.said.field;
        if field.is_single() && lines.iter().any(|other| other.said.field == field) {
            return Err(mistake(line.number, format!("a contact has one `{}`", field.word())));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// A field as it is typed.
struct Block {
    field: Field,
    label: Option<String>,
    number: usize,
    /// What stands behind the colon.
    first: String,
    /// The indented lines below, and blank ones.
    lines: Vec<(usize, String)>,
}

impl Block {
    fn begin(number: usize, line: &str) -> Result<Self, Mistake> {
        let Some((head, first)) = line.split_once(':') else {
            let what = format!("`{line}` is no field; a field is `phone work: +1 555`");
            return Err(mistake(number, what));
        };
        let head = head.trim_ascii();
        let (word, label) = match head.split_once(|c: char| c.is_ascii_whitespace()) {
            Some((word, label)) => (word, Some(label.trim_ascii().to_owned())),
            None => (head, None),
        };
        let Some(field) = Field::named(word) else {
            let known: Vec<_> = Field::ALL.iter().map(|field| field.word()).collect();
            let what = format!("there is no field `{word}`, only {}", known.join(", "));
            return Err(mistake(number, what));
        };
        if label.is_some() && !field.has_label() {
            return Err(mistake(number, format!("`{}` has no types", field.word())));
        }
        let first = first.trim_ascii().to_owned();
        Ok(Self { field, label, number, first, lines: Vec::new() })
    }

    fn finish(self) -> Result<Option<Line>, Mistake> {
        let Self { field, label, number, first, lines } = self;
        let numbers: Vec<usize> = lines.iter().map(|(number, _)| *number).collect();
        let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        let content =
            if field == Field::Address && first.is_empty() {
                Content::Address(address::from_lines(&lines).map_err(|(at, what)| {
                    mistake(numbers.get(at).copied().unwrap_or(number), what)
                })?)
            } else {
                let text = [vec![first], lines].concat().join("\n");
                let text = text.trim_ascii().to_owned();
                match field {
                    Field::Address => Content::Address(
                        address::from_text(&text).map_err(|what| mistake(number, what))?,
                    ),
                    _ => Content::Text(text),
                }
            };
        let says = match &content {
            Content::Text(text) => !text.is_empty(),
            Content::Address(parts) => parts.iter().any(|part| !part.is_empty()),
        };
        Ok(says.then_some(Line { said: Said { field, label, content }, number }))
    }
}

/// As much of the indent as a form is written with; more belongs to the value.
fn without_indent(line: &str) -> &str {
    if let Some(rest) = line.strip_prefix('\t') {
        return rest;
    }
    let spaces = line.bytes().take_while(|b| *b == b' ').count().min(INDENT.len());
    line.get(spaces..).unwrap_or(line)
}

fn mistake(line: usize, what: impl Into<String>) -> Mistake {
    Mistake { line: Some(line), what: what.into() }
}
