//! Cuts bytes into content lines. It cannot fail, keeps every byte, and takes linear time.

use memchr::memchr;

use super::known::Known;
use super::physical::{Marker, Physical, Reader, marker, opens_agent, skip_nested, sub};
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

impl Line {
    /// The same line elsewhere.
    fn moved(&self, to: impl Fn(usize) -> usize) -> Self {
        let (start, end, text) = (to(self.start), to(self.end), to(self.text));
        Self { start, end, text, value: self.value.map(to), ..*self }
    }
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

/// Cuts a card into lines whose text is nearly that of another: what stands in both at the beginning
/// and at the end is looked into no more. Gives what [`scan`] gives.
pub(super) fn scan_beside(bytes: &[u8], (other, known): (&[u8], &Scan)) -> Scan {
    let scanner = Scanner::new(bytes, Place::Before, known.lines.len() + 1);
    let begins =
        known.lines.first().is_some_and(|line| line.shape == Shape::Begin && !line.lone_cr);
    let end = known.lines.iter().position(|line| line.shape == Shape::End);
    let end = end.filter(|_| begins && known.cards == 1 && !scanner.reader.lone_cr);
    let found = end.map(|end| scanner.run_beside(other, &known.lines, end));
    // Without any BEGIN it is read otherwise.
    found.filter(|found| found.cards > 0).unwrap_or_else(|| scan(bytes))
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

    /// As [`Scanner::run`]; the lines of the other text begin with its only BEGIN, and its END is at
    /// `end`.
    fn run_beside(mut self, other: &[u8], lines: &[Line], end: usize) -> Scan {
        let bytes = self.reader.bytes;
        let head = same_at_start(bytes, other);
        let kept = (0..lines.len()).take_while(|at| is_settled(lines, *at, head)).count();
        if let Some((last, _)) = lines.get(..kept).and_then(<[Line]>::split_last) {
            self.found.lines.extend_from_slice(lines.get(..kept).unwrap_or_default());
            (self.found.cards, self.place, self.reader.at) = (1, Place::Inside, last.end);
        }
        let tail = same_at_end(bytes, other);
        loop {
            // From one place inside a card on the same bytes are the same lines.
            let left = bytes.len() - self.reader.at;
            if self.place == Place::Inside
                && left <= tail
                && let Ok(at @ 1..) =
                    lines.binary_search_by_key(&(other.len() - left), |one| one.start)
                && at <= end
            {
                let rest = lines.get(at..).unwrap_or_default();
                let moved = |at: usize| at + bytes.len() - other.len();
                self.found.lines.extend(rest.iter().map(|line| line.moved(moved)));
                return self.found;
            }
            let Some(first) = self.reader.next() else { return self.found };
            let line = self.line(first);
            self.found.lines.push(line);
        }
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

/// Whether a line is read without looking at more than the first bytes of its text.
///
/// One more byte tells whether a line is folded. Where it may go on without being indented, the line
/// after it tells, and after a blank one that which follows.
fn is_settled(lines: &[Line], at: usize, bytes: usize) -> bool {
    let Some(line) = lines.get(at) else { return false };
    let ahead = match (line.shape, line.params.coding) {
        _ if line.known == Known::Agent => return false,
        (Shape::Begin | Shape::Property, Coding::Plain) => 0,
        (Shape::Property, Coding::Quoted | Coding::Base64) => 2,
        _ => return false,
    };
    lines.get(at + ahead).is_some_and(|last| last.end < bytes)
}

/// How many bytes two texts have in common at their start.
fn same_at_start(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let left = one.iter().skip(same).zip(other.iter().skip(same));
    same + left.take_while(|(a, b)| a == b).count()
}

/// How many bytes two texts have in common at their end.
fn same_at_end(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let left = one.iter().rev().skip(same).zip(other.iter().rev().skip(same));
    same + left.take_while(|(a, b)| a == b).count()
}

/// So many bytes are compared at once.
const BLOCK: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// What makes one line look into the next, or stand where no line of a card does.
    const PIECES: [&str; 28] = [
        "BEGIN:VCARD\r\n",
        "END:VCARD\r\n",
        "VERSION:3.0\r\n",
        "FN:Ada\r\n",
        "TEL;TYPE=home:1\r\n",
        "TEL;TYPE=home:1\n",
        "item1.TEL;X=\"a:b\":1\r\n",
        "NOTE:one\r\n two\r\n\tthree\r\n",
        "NO\r\n TE:a\r\n",
        "NOTE;QUOTED-PRINTABLE:a=\r\n",
        "b=\r\n",
        "PHOTO;ENCODING=b:YQ\r\n",
        "YWJj\r\n",
        "\r\n",
        " \r\n",
        " X-ODD:1\r\n",
        "AGENT:\r\n",
        "junk\r\n",
        "junk",
        "\r",
        "\n",
        "\u{feff}",
        "\u{e4}",
        ":",
        "=",
        "\"",
        " ",
        "A",
    ];

    struct Dice(u64);

    impl Dice {
        fn below(&mut self, sides: usize) -> usize {
            // Marsaglia's xorshift.
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % sides as u64).unwrap()
        }

        fn piece(&mut self) -> &'static [u8] {
            PIECES[self.below(PIECES.len())].as_bytes()
        }

        fn card(&mut self) -> Vec<u8> {
            let lines: Vec<&[u8]> = (0..self.below(9)).map(|_| self.piece()).collect();
            [b"BEGIN:VCARD\r\n", lines.concat().as_slice(), b"FN:Ada\r\nEND:VCARD\r\n"].concat()
        }

        /// The same but for some bytes somewhere.
        fn edited(&mut self, bytes: &[u8]) -> Vec<u8> {
            let (one, other) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
            let gone = if self.below(2) == 0 { one.min(other)..one.max(other) } else { one..one };
            let come = if self.below(3) == 0 { &[] } else { self.piece() };
            [&bytes[..gone.start], come, &bytes[gone.end..]].concat()
        }
    }

    #[test]
    fn a_text_beside_another_has_the_lines_it_has_alone() {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        for _ in 0..100_000 {
            let other = dice.card();
            let one = dice.edited(&other);
            let one = if dice.below(2) == 0 { dice.edited(&one) } else { one };
            for (one, other) in [(&one, &other), (&other, &one)] {
                let beside = scan_beside(one, (other, &scan(other)));
                let texts = [one, other].map(|text| String::from_utf8_lossy(text));
                assert_eq!(beside, scan(one), "{texts:?}");
            }
        }
    }
}
