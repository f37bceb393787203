//! What both sides edited differently, and what is done about it.

use std::collections::BTreeSet;
use std::fmt;

use super::Prefer;
use crate::vcard::{Card, Known, NewProperty, Value};

/// One thing that both sides edited differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contested {
    /// `name`, `phone`, `note`, `X-FOO`, ... as in [`crate::vcard::FieldChange`].
    pub field: String,
    /// The label of the value, if it has one: `work`.
    pub label: Option<String>,
    /// What it says here, as a person reads it; a picture as its size.
    pub local: String,
    /// What it says on the server.
    pub remote: String,
    /// Which of them the merged card says.
    pub stands: Stands,
}

/// See [`Contested`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stands {
    /// The value here; the server's is lost but for this report.
    Local,
    /// The server's value; the one here is lost but for this report.
    Remote,
    /// Both.
    Both,
}

impl Contested {
    /// The value that is in the merged card no more; `None` when both are.
    pub fn losing(&self) -> Option<&str> {
        match self.stands {
            Stands::Local => Some(&self.remote),
            Stands::Remote => Some(&self.local),
            Stands::Both => None,
        }
    }
}

impl From<Prefer> for Stands {
    fn from(prefer: Prefer) -> Self {
        match prefer {
            Prefer::Local => Self::Local,
            Prefer::Remote => Self::Remote,
            Prefer::Both => Self::Both,
        }
    }
}

impl fmt::Display for Contested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field)?;
        if let Some(label) = &self.label {
            write!(f, " {label}")?;
        }
        write!(f, ": `{}` here, `{}` on the server; ", self.local, self.remote)?;
        f.write_str(match self.stands {
            Stands::Local => "the one here stands",
            Stands::Remote => "the server's stands",
            Stands::Both => "both are kept",
        })
    }
}

/// A text that finds another place in the card, since its own can hold one only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aside {
    /// A name: one more nickname.
    Nickname(String),
    /// A note: a paragraph more.
    Paragraph(String),
    /// Anything else: a line in the note.
    Line(String),
}

/// How many bytes of notes are read to find texts in them; what comes after is added unseen.
const LOOKED_THROUGH: usize = 1 << 24;

/// Puts them into the card, in order, but those that it says already.
pub(super) fn put_all(asides: Vec<Aside>, card: &mut Card) {
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    for aside in asides {
        match aside {
            Aside::Nickname(name) => names.push(name),
            Aside::Paragraph(text) => texts.push((text, "\n\n")),
            Aside::Line(text) => texts.push((text, "\n")),
        }
    }
    nicknames(card, names);
    note(card, texts);
}

fn nicknames(card: &mut Card, names: Vec<String>) {
    let lists = card.properties_of(Known::Nickname).flat_map(|list| list.list());
    let mut known: BTreeSet<String> = lists.map(|name| name.trim().to_owned()).collect();
    let new: Vec<String> = names.into_iter().filter(|name| known.insert(name.clone())).collect();
    if !new.is_empty() {
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        add(card, "NICKNAME", Value::List(&new));
    }
}

fn note(card: &mut Card, texts: Vec<(String, &str)>) {
    let mut notes = card.properties_of(Known::Note);
    let (id, mut first) = notes.next().map(|note| (note.id(), note.text())).unzip();
    let others: Vec<String> = notes.map(|note| note.text()).collect();
    let mut first: String = first.take().unwrap_or_default();
    let before = first.clone();
    let mut seen = BTreeSet::new();
    let mut room = LOOKED_THROUGH;
    let length: usize = others.iter().map(String::len).sum();
    for (text, gap) in texts {
        let left = room.checked_sub(length + first.len() + text.len());
        let look = left.is_some();
        room = left.unwrap_or(0);
        let is_said = || says(&first, &text) || others.iter().any(|other| says(other, &text));
        if !seen.insert(text.clone()) || (look && is_said()) {
            continue;
        }
        if first.is_empty() || (look && says(&text, &first)) {
            first = text;
        } else {
            first.truncate(first.trim_end().len());
            first.push_str(gap);
            first.push_str(&text);
        }
    }
    match id {
        _ if first == before => {}
        Some(id) => drop(card.set(id, Value::Text(&first))),
        None => add(card, "NOTE", Value::Text(&first)),
    }
}

/// Whether a text has every line of another.
fn says(text: &str, other: &str) -> bool {
    let lines: BTreeSet<&str> = text.lines().map(str::trim).collect();
    let mut others = other.lines().map(str::trim).filter(|line| !line.is_empty());
    others.all(|line| lines.contains(line))
}

fn add(card: &mut Card, name: &str, value: Value<'_>) {
    card.insert(&NewProperty { name, label: None, params: &[], value });
}
