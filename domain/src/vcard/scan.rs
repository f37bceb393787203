//! Cuts bytes into content lines. It cannot fail, keeps every byte, and takes linear time.

use memchr::{memchr, memchr2};

use super::known::Known;
use super::wire;

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
}

impl Params {
    pub(super) const NONE: Self = Self { coding: Coding::Plain, charset: false, altid: false };
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

/// A physical line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Physical {
    pub(super) start: usize,
    /// Where its text ends and its line end begins.
    pub(super) text: usize,
    pub(super) end: usize,
}

/// The words that begin and end a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Begin,
    End,
}

/// Cuts a card into lines. Bytes without any BEGIN are read as the inside of a card, so that a
/// fragment can still be shown.
pub(super) fn scan(bytes: &[u8]) -> Scan {
    let found = Scanner::new(bytes, Place::Before).run();
    if found.cards > 0 { found } else { Scanner::new(bytes, Place::Inside).run() }
}

/// Reads physical lines. A lone CR ends a line only where lines already end so: inside a file with
/// LF it is a stray byte of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) lone_cr: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, lone_cr: true }
    }

    /// The text of a physical line.
    pub(super) fn text(&self, line: Physical) -> &'a [u8] {
        sub(self.bytes, line.start, line.text)
    }

    /// The next physical line, without going on to it; `None` at the end.
    pub(super) fn peek(&self) -> Option<Physical> {
        let mut ahead = *self;
        ahead.next()
    }

    /// Takes the continuation lines (RFC 6350 3.2) that follow, and returns whether there were any.
    fn folds(&mut self, last: &mut Physical) -> bool {
        let before = self.at;
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t')) {
            let Some(next) = self.next() else { break };
            *last = next;
        }
        self.at != before
    }
}

impl Iterator for Reader<'_> {
    type Item = Physical;

    fn next(&mut self) -> Option<Physical> {
        let start = self.at;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let found = if self.lone_cr { memchr2(b'\r', b'\n', rest) } else { memchr(b'\n', rest) };
        let Some(found) = found else {
            self.at = self.bytes.len();
            return Some(Physical { start, text: self.at, end: self.at });
        };
        // `\r\r\n` is what an LF-to-CRLF conversion makes of CRLF; seen in real files.
        let (text, length) = match sub(rest, found, found + 3) {
            [b'\r', b'\n', ..] => (found, 2),
            [b'\r', b'\r', b'\n'] => (found, 3),
            [b'\r', ..] => (found, 1),
            _ => (found - rest.iter().take(found).rev().take_while(|b| **b == b'\r').count(), 1),
        };
        self.at = start + found + length;
        self.lone_cr = rest.get(found + length - 1) == Some(&b'\r');
        Some(Physical { start, text: start + text, end: self.at })
    }
}

/// Whether a physical line begins or ends a card. Space before it counts as nothing only where no
/// value could go on in it, which the caller knows.
pub(super) fn marker(text: &[u8]) -> Option<Marker> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    match text.first()? {
        b'B' | b'b' if is_word(text, b"BEGIN:VCARD") => Some(Marker::Begin),
        b'E' | b'e' if is_word(text, b"END:VCARD") => Some(Marker::End),
        _ => None,
    }
}

/// Whether a physical line is an AGENT without a value: a nested card may follow (vCard 2.1).
pub(super) fn opens_agent(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let Some(head) = text.strip_suffix(b":") else { return false };
    let name = head.split(|b| *b == b';').next().unwrap_or_default();
    let name = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    name.trim_ascii().eq_ignore_ascii_case(b"AGENT")
}

/// Goes past the nested card that follows an AGENT line, if one does.
pub(super) fn skip_nested(reader: &mut Reader<'_>) -> bool {
    let mut ahead = *reader;
    let mut depth = 0_usize;
    while let Some(line) = ahead.next() {
        let text = ahead.text(line);
        match marker(text) {
            Some(Marker::Begin) => depth += 1,
            Some(Marker::End) if depth > 0 => depth -= 1,
            None if depth > 0 || text.trim_ascii().is_empty() => continue,
            _ => return false,
        }
        if depth == 0 {
            *reader = ahead;
            return true;
        }
    }
    if depth > 0 {
        // Without its END it goes on to the end of the bytes: the outer card is unfinished anyway.
        *reader = ahead;
    }
    depth > 0
}

/// The bytes from `start` to `end`, as far as they exist.
pub(super) fn sub(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    bytes.get(start..end.min(bytes.len())).unwrap_or_default()
}

fn is_word(text: &[u8], word: &[u8]) -> bool {
    text.trim_ascii_end().eq_ignore_ascii_case(word)
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
    fn new(bytes: &'a [u8], place: Place) -> Self {
        // About one line per 32 bytes; a picture must not make it reserve thousands.
        let lines = Vec::with_capacity((bytes.len() / 24).min(64) + 4);
        Self { reader: Reader::new(bytes), place, found: Scan { lines, cards: 0 } }
    }

    fn run(mut self) -> Scan {
        while let Some(first) = self.reader.next() {
            let line = self.line(first);
            self.found.lines.push(line);
            if self.place == Place::Before {
                // How the text before a card ends its lines says nothing about the card.
                self.reader.lone_cr = true;
            }
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
        let (head, value) = match wire::head(text) {
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
        let name = wire::name(head);
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
        while let Some(next) = self.reader.peek() {
            let text = self.reader.text(next).trim_ascii();
            if !text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')) {
                return;
            }
            self.reader.next();
            if text.is_empty() {
                return;
            }
        }
    }
}
