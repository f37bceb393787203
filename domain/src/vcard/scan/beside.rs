//! A text taken apart beside another that it differs little from.

use super::{Coding, Line, Place, Scan, Scanner, Shape, scan};
use crate::vcard::known::Known;

/// Cuts a card into lines whose text is nearly that of another: what stands in both at the beginning
/// and at the end is looked into no more. Gives what [`scan`] gives.
pub(in crate::vcard) fn scan_beside(bytes: &[u8], (other, known): (&[u8], &Scan)) -> Scan {
    let scanner = Scanner::new(bytes, Place::Before, known.lines.len() + 1);
    let begins =
        known.lines.first().is_some_and(|line| line.shape == Shape::Begin && !line.lone_cr);
    let end = known.lines.iter().position(|line| line.shape == Shape::End);
    let end = end.filter(|_| begins && known.cards == 1 && !scanner.reader.lone_cr);
    let found = end.map(|end| scanner.run_beside(other, &known.lines, end));
    // Without any BEGIN it is read otherwise.
    found.filter(|found| found.cards > 0).unwrap_or_else(|| scan(bytes))
}

impl Scanner<'_> {
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
}

impl Line {
    /// The same line elsewhere.
    fn moved(&self, to: impl Fn(usize) -> usize) -> Self {
        let (start, end, text) = (to(self.start), to(self.end), to(self.text));
        Self { start, end, text, value: self.value.map(to), ..*self }
    }
}

/// Whether a line is read without looking at more than the first bytes of its text: one more tells
/// whether it is folded. Where it may go on without being indented, the whole next line tells.
fn is_settled(lines: &[Line], at: usize, bytes: usize) -> bool {
    let Some(line) = lines.get(at) else { return false };
    let ahead = match (line.shape, line.params.coding) {
        _ if line.known == Known::Agent => return false,
        (Shape::Begin | Shape::Property, Coding::Plain) => 0,
        (Shape::Property, Coding::Quoted | Coding::Base64) => 1,
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
