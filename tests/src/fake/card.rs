//! One card as the fake keeps it, and the little that a server reads in its text.

use super::xml::escape_card;

#[derive(Debug, Clone, Default)]
pub(super) struct Card {
    /// As stored.
    pub(super) bytes: Vec<u8>,
    /// As it stands in XML with [`super::AddressData::Escaped`]: made once, copied at each multiget.
    pub(super) escaped: Vec<u8>,
    /// A strong ETag of the stored bytes, unless a knob says otherwise.
    pub(super) tag: String,
    /// Whether its name needs no escaping: nearly always, and listings are long.
    pub(super) plain_name: bool,
    /// Counts the writes since it was created, from 0.
    pub(super) version: u32,
    /// The change that wrote it.
    pub(super) seq: u64,
    /// Counts the creations in its book.
    pub(super) id: u64,
    /// From which request on it can be read.
    pub(super) readable_at: u64,
}

impl Card {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let escaped = escape_card(&bytes);
        let tag = tag(hash(&bytes));
        Self { bytes, escaped, tag, ..Self::default() }
    }
}

/// A quoted ETag.
pub(super) fn tag(hash: u64) -> String {
    format!("\"{hash:016x}\"")
}

/// FNV-1a, 64 bits.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The unfolded lines of a card, without line ends; bad UTF-8 is replaced.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// The property name of a line, upper case, without its group: `item1.X-ABLabel:a` is `X-ABLABEL`.
pub(super) fn name(line: &str) -> String {
    raw_name(line).to_ascii_uppercase()
}

/// Whether a line is of the property `wanted`, whatever its case and group.
pub(super) fn is_named(line: &str, wanted: &str) -> bool {
    raw_name(line).eq_ignore_ascii_case(wanted)
}

fn raw_name(line: &str) -> &str {
    let full = line.split([':', ';']).next().unwrap_or_default();
    full.rsplit('.').next().unwrap_or_default()
}

/// The value of the first property called `wanted`, raw.
pub(super) fn value<'a>(lines: &'a [String], wanted: &str) -> Option<&'a str> {
    lines.iter().find(|line| is_named(line, wanted)).map(|line| split_value(line).1)
}

/// Name and parameters before the first colon outside quotes, and the value behind it.
pub(super) fn split_value(line: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ':' if !quoted => {
                return (
                    line.get(..at).unwrap_or_default(),
                    line.get(at + 1..).unwrap_or_default(),
                );
            }
            _ => {}
        }
    }
    (line, "")
}

/// The UID of a card. Looks at physical lines only, which is enough for all but folded UIDs.
pub(super) fn uid(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|b| *b == b'\n').find(|line| {
        line.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"UID"))
            && matches!(line.get(3), Some(b':' | b';'))
    })?;
    let text = String::from_utf8_lossy(line);
    let value = split_value(text.trim_end()).1.trim();
    (!value.is_empty()).then(|| value.to_owned())
}
