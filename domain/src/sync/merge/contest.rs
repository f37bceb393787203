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

impl Aside {
    /// Puts it into the card, unless the card says it already.
    pub(super) fn put(&self, card: &mut Card) {
        match self {
            Self::Nickname(name) => nickname(card, name),
            Self::Paragraph(text) => note(card, text, "\n\n"),
            Self::Line(text) => note(card, text, "\n"),
        }
    }
}

fn nickname(card: &mut Card, name: &str) {
    let lists = card.properties_of(Known::Nickname);
    if !lists.flat_map(|list| list.list()).any(|known| known.trim() == name) {
        add(card, "NICKNAME", Value::List(&[name]));
    }
}

fn note(card: &mut Card, text: &str, gap: &str) {
    let notes: Vec<_> = card.properties_of(Known::Note).map(|n| (n.id(), n.text())).collect();
    if notes.iter().any(|(_, known)| says(known, text)) {
        return;
    }
    let Some((id, known)) = notes.into_iter().next() else {
        return add(card, "NOTE", Value::Text(text));
    };
    if says(text, &known) {
        card.set(id, Value::Text(text));
    } else {
        let both = format!("{}{gap}{text}", known.trim_end());
        card.set(id, Value::Text(&both));
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
