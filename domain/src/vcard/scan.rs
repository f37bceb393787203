//! Cuts bytes into content lines. It cannot fail, keeps every byte, and takes linear time.

mod beside;

use memchr::memchr;

use super::known::Known;
use super::physical::{Marker, Physical, Reader, marker, opens_agent, skip_nested, sub};
use super::wire;

pub(super) use self::beside::scan_beside;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Begin,
    End,
    Property,
    /// Only white space.
    Blank,
    /// Inside the card, without a colon.
    Junk,
    /// Before BEGIN, after END, or part of another card.
    Outside,
}

/// How the value of a line is laid out on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    /// Quoted-printable: soft line breaks belong to the value.
    Quoted,
    /// Base64: may go on without being indented, and end at a blank line (vCard 2.1).
    Base64,
    /// The value is a card of its own on the lines that follow (AGENT in vCard 2.1): opaque.
    Nested,
}

/// What the parameters of a line say about reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Params {
    pub(super) coding: Coding,
    /// Whether a CHARSET is named.
    pub(super) charset: bool,
    /// Whether an ALTID is.
    pub(super) altid: bool,
    /// Whether there is nothing but a type, in one word: what most lines with parameters have.
    pub(super) only_type: bool,
}

impl Params {
    pub(super) const NONE: Self =
        Self { coding: Coding::Plain, charset: false, altid: false, only_type: false };
}

/// One content line: folds, soft breaks and line end included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where the value begins; `None` when a fold lies in the head, or it is not a property.
    pub(super) value: Option<usize>,
    /// Where the text of the first physical line ends.
    pub(super) text: usize,
    /// Whether it goes on over several physical lines.
    pub(super) folded: bool,
    /// Where the name stands in the head, without its group.
    pub(super) name: (usize, usize),
    pub(super) params: Params,
    pub(super) shape: Shape,
    pub(super) known: Known,
    /// Whether a lone CR ended lines here (old Mac files).
    pub(super) lone_cr: bool,
}

/// The lines of a card, and how many cards begin in the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) lines: Vec<Line>,
    pub(super) cards: usize,
}

/// Cuts a card into lines. Bytes without any BEGIN are read as the inside of a card, so that a
/// fragment can still be shown.
pub(super) fn scan(bytes: &[u8]) -> Scan {
    // About one line per 32 bytes; a picture must not make it reserve thousands.
    let lines = (bytes.len() / 24).min(64) + 4;
    let found = Scanner::new(bytes, Place::Before, lines).run();
    if found.cards > 0 { found } else { Scanner::new(bytes, Place::Inside, lines).run() }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Inside,
    After,
}

struct Scanner<'a> {
    reader: Reader<'a>,
    place: Place,
    found: Scan,
}

impl<'a> Scanner<'a> {
    fn new(bytes: &'a [u8], place: Place, lines: usize) -> Self {
        let lines = Vec::with_capacity(lines);
        Self { reader: Reader::new(bytes), place, found: Scan { lines, cards: 0 } }
    }

    fn run(mut self) -> Scan {
        while let Some(first) = self.reader.next() {
            let line = self.line(first);
            self.found.lines.push(line);
        }
        self.found
    }

    fn line(&mut self, first: Physical) -> Line {
        let text = self.reader.text(first);
        // An XML element often puts the card on a new, indented line (Q48).
        let marked = if self.place == Place::Before { text.trim_ascii_start() } else { text };
        let shape = match (marker(marked), self.place) {
            (Some(Marker::Begin), place) => {
                self.found.cards += 1;
                self.place = if place == Place::Before { Place::Inside } else { Place::After };
                if place == Place::Before { Shape::Begin } else { Shape::Outside }
            }
            (Some(Marker::End), Place::Inside) => {
                self.place = Place::After;
                Shape::End
            }
            (None, Place::Inside) if !text.trim_ascii().is_empty() => return self.property(first),
            (None, _) if text.trim_ascii().is_empty() => Shape::Blank,
            _ => Shape::Outside,
        };
        self.other(first, shape)
    }

    fn other(&self, first: Physical, shape: Shape) -> Line {
        Line {
            start: first.start,
            end: self.reader.at,
            value: None,
            text: first.text,
            folded: first.end != self.reader.at,
            name: (0, 0),
            params: Params::NONE,
            shape,
            known: Known::Other,
            lone_cr: self.reader.lone_cr,
        }
    }

    fn property(&mut self, first: Physical) -> Line {
        let text = self.reader.text(first);
        let mut last = first;
        let folded = self.reader.folds(&mut last);
        let unfolded;
        let plain = wire::plain_head(text);
        let end = plain.map(|(_, end)| end);
        let (head, value) = match end.or_else(|| wire::head(text)) {
            Some(at) => (sub(text, 0, at), Some(first.start + at + 1)),
            None if folded => {
                let whole = sub(self.reader.bytes, first.start, self.reader.at);
                unfolded = wire::unfold(whole, Coding::Plain, self.reader.lone_cr);
                match wire::head(&unfolded).or_else(|| memchr(b':', &unfolded)) {
                    Some(at) => (sub(&unfolded, 0, at), None),
                    None => return self.other(first, Shape::Junk),
                }
            }
            // A quote that is never closed: the first colon it is.
            None => match memchr(b':', text) {
                Some(at) => (sub(text, 0, at), Some(first.start + at + 1)),
                None => return self.other(first, Shape::Junk),
            },
        };
        let name = plain.map_or_else(|| wire::name(head), |(name, _)| (0, name));
        let known = Known::of(sub(head, name.0, name.1));
        let mut params = wire::params(sub(head, name.1, head.len()));
        match params.coding {
            Coding::Quoted => self.soft_breaks(last),
            Coding::Base64 => self.base64(),
            Coding::Plain | Coding::Nested => {}
        }
        if known == Known::Agent
            && value.is_some()
            && opens_agent(text)
            && skip_nested(&mut self.reader)
        {
            params.coding = Coding::Nested;
            self.reader.folds(&mut last);
        }
        Line { value, params, known, name, ..self.other(first, Shape::Property) }
    }

    /// Takes the lines a soft break promises. It never swallows a BEGIN or END: a value that ends
    /// in a bare `=` must not cost the end of the card.
    fn soft_breaks(&mut self, mut last: Physical) {
        while self.reader.text(last).ends_with(b"=") {
            let Some(next) = self.reader.peek() else { return };
            if marker(self.reader.text(next)).is_some() {
                return;
            }
            self.reader.next();
            last = next;
            self.reader.folds(&mut last);
        }
    }

    /// Takes base64 that goes on without being indented, and the blank line that ends it, which
    /// belongs to the value (vCard 2.1, section 2.1.4).
    fn base64(&mut self) {
        while let Some(mut next) = self.reader.peek() {
            let text = self.reader.text(next).trim_ascii();
            if !text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')) {
                return;
            }
            let before = self.reader;
            self.reader.next();
            let folded = self.reader.folds(&mut next);
            if text.is_empty() {
                // What is indented after the blank line would be a fold of anything else that is
                // written here, so the blank line stays between them.
                if folded {
                    self.reader = before;
                }
                return;
            }
        }
    }
}
