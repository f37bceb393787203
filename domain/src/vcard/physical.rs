//! Physical lines: where they end, and the ones that begin and end a card.

use memchr::{memchr, memchr2};

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

/// Reads physical lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) lone_cr: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, lone_cr: ends_with_cr(bytes) }
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
    pub(super) fn folds(&mut self, last: &mut Physical) -> bool {
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
        let (text, length) = match rest.get(found..) {
            Some([b'\n', ..]) => (returns(rest, found), 1),
            Some([b'\r', b'\n', ..]) => (found, 2),
            // What an LF-to-CRLF conversion makes of CRLF; seen in real files.
            Some([b'\r', b'\r', b'\n', ..]) => (found, 3),
            _ => (found, 1),
        };
        self.at = start + found + length;
        Some(Physical { start, text: start + text, end: self.at })
    }
}

/// Where the CRs before a place begin.
fn returns(bytes: &[u8], mut at: usize) -> usize {
    while at > 0 && bytes.get(at - 1) == Some(&b'\r') {
        at -= 1;
    }
    at
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

/// Whether lines end with a lone CR (old Mac files): only where no LF stands between them. In any
/// other card a lone CR is a stray byte of a value. The whole decides, so that an edit never
/// changes it for the lines around.
pub(super) fn ends_with_cr(bytes: &[u8]) -> bool {
    memchr(b'\n', bytes.trim_ascii()).is_none()
}

/// The bytes from `start` to `end`, as far as they exist.
pub(super) fn sub(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    bytes.get(start..end.min(bytes.len())).unwrap_or_default()
}

fn is_word(text: &[u8], word: &[u8]) -> bool {
    text.trim_ascii_end().eq_ignore_ascii_case(word)
}
