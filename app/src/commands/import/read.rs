//! From the bytes of a file to its cards, each with its number and line.

use contactcmd_domain::vcard::{self, Card, Flaw, Piece};

/// One card of a file.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it is.
    pub(super) place: Place,
    /// The card.
    pub(super) card: Card,
    /// Why it cannot be kept, if it cannot.
    pub(super) flaw: Option<Flaw>,
}

/// Where in a file something is; both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Which card it is.
    pub(super) number: usize,
    /// The line in which it begins.
    pub(super) line: usize,
}

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The cards, in order.
    pub(super) cards: Vec<Entry>,
    /// The lines at which something stands that belongs to no card.
    pub(super) stray: Vec<usize>,
}

/// Takes a file apart.
pub(super) fn contents(file: &[u8]) -> Contents {
    let file = vcard::decode_file(file);
    let mut contents = Contents::default();
    let mut line = 1;
    for piece in vcard::split(&file) {
        let bytes = match piece {
            Piece::Card(bytes) => {
                let card = Card::parse(bytes);
                let flaw = vcard::check(&card).err();
                let place = Place { number: contents.cards.len() + 1, line };
                contents.cards.push(Entry { place, card, flaw });
                bytes
            }
            Piece::Other(bytes) => {
                if let Some(offset) = first_word(bytes) {
                    contents.stray.push(line + lines(bytes.get(..offset).unwrap_or_default()));
                }
                bytes
            }
        };
        line += lines(bytes);
    }
    contents
}

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// Where something stands that is neither white space nor a byte-order mark.
fn first_word(bytes: &[u8]) -> Option<usize> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let start = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
    let rest = bytes.get(start..)?;
    let is_word = |byte: &u8| !byte.is_ascii_whitespace() && *byte != 0;
    rest.iter().position(is_word).map(|offset| start + offset)
}
