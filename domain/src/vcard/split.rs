//! A file of cards, taken apart.

use super::physical::{Marker, Physical, Reader, marker, opens_agent, skip_nested, sub};

/// A part of a file of cards; all parts joined are the file again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// One card, from `BEGIN:VCARD` through its END (or to the next BEGIN, or the end of the file,
    /// when it has none: [`super::check`] tells).
    Card(&'a [u8]),
    /// What stands around the cards: a byte-order mark, blank lines, stray text.
    Other(&'a [u8]),
}

impl<'a> Piece<'a> {
    /// The bytes of the piece.
    pub fn bytes(&self) -> &'a [u8] {
        match self {
            Self::Card(bytes) | Self::Other(bytes) => bytes,
        }
    }
}

/// Splits a file into its cards and what stands around them.
///
/// A card nested in an AGENT (vCard 2.1) belongs to the card around it. A file in UTF-16 must go
/// through [`super::decode_file`] first.
pub fn split(file: &[u8]) -> Vec<Piece<'_>> {
    let mut splitter = Splitter { file, pieces: Vec::new(), from: 0, inside: false };
    let mut reader = Reader::new(file);
    while let Some(line) = reader.next() {
        splitter.line(&mut reader, line);
    }
    splitter.cut(file.len());
    splitter.pieces
}

struct Splitter<'a> {
    file: &'a [u8],
    pieces: Vec<Piece<'a>>,
    /// Where the piece at hand begins.
    from: usize,
    /// Whether it is a card.
    inside: bool,
}

impl Splitter<'_> {
    fn line(&mut self, reader: &mut Reader<'_>, line: Physical) {
        let text = reader.text(line);
        // Files joined without a line end between them.
        let joined = text.get(9..).filter(|rest| marker(rest) == Some(Marker::Begin));
        let joined = joined.filter(|_| marker(sub(text, 0, 9)) == Some(Marker::End));
        let outside = if self.inside { text } else { text.trim_ascii_start() };
        match marker(outside) {
            _ if joined.is_some() => {
                self.cut(line.start + 9);
                self.inside = false;
                self.begin(line.start + 9, text);
            }
            Some(Marker::Begin) => self.begin(line.start, text),
            Some(Marker::End) if self.inside => {
                self.cut(line.end);
                self.inside = false;
            }
            _ if self.inside && opens_agent(text) => {
                skip_nested(reader);
            }
            _ => {}
        }
    }

    /// Begins a card on the line at `start`, past its indentation and byte-order mark.
    fn begin(&mut self, start: usize, text: &[u8]) {
        let rest = sub(self.file, start, start + text.len());
        let at = rest.iter().position(|b| b.eq_ignore_ascii_case(&b'B')).unwrap_or(0);
        self.cut(start + at);
        self.inside = true;
    }

    fn cut(&mut self, at: usize) {
        let bytes = sub(self.file, self.from, at);
        if !bytes.is_empty() {
            self.pieces.push(if self.inside { Piece::Card(bytes) } else { Piece::Other(bytes) });
        }
        self.from = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_split_into_cards_and_what_stands_around_them() {
        let card = "BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n";
        let open = "BEGIN:VCARD\nFN:A\n";
        let agent = "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nFN:B\nEND:VCARD\nFN:A\nEND:VCARD\n";
        let cases: [(&[&str], &str); 10] = [
            (&["C", card, "C", card], "two"),
            (&["O", "\u{feff}", "C", card, "O", "\r\n\r\n", "C", card], "mark and blank lines"),
            (&["O", "mail\n", "C", card, "O", "bye\n"], "text around"),
            (&["C", open, "C", card], "the first has no END"),
            (&["C", open], "cut short"),
            (&["C", agent, "C", card], "nested"),
            (&["C", card, "O", "END:VCARD\n", "C", card], "an END too many"),
            (&["C", "BEGIN:VCARD\nEND:VCARD", "C", card], "joined without a line end"),
            (&["O", "  ", "C", card], "indented"),
            (&["C", "BEGIN:VCARD\rFN:A\rEND:VCARD\r", "C", "begin:vcard\rend:vcard\r"], "old Mac"),
        ];
        for (parts, what) in cases {
            let file: String = parts.iter().skip(1).step_by(2).copied().collect();
            let expected: Vec<_> = parts
                .chunks(2)
                .map(|part| match part[0] {
                    "C" => Piece::Card(part[1].as_bytes()),
                    _ => Piece::Other(part[1].as_bytes()),
                })
                .collect();
            assert_eq!(split(file.as_bytes()), expected, "{what}");
        }
    }
}
