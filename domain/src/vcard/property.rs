//! One property of a card: its group, name, parameters and value, read on demand.

use std::borrow::Cow;

use memchr::memchr;

use super::known::Known;
use super::scan::{Coding, Line, sub};
use super::{LineId, Version, charset, qp, text, wire};

/// A property line, read only as far as it is asked.
#[derive(Debug, Clone)]
pub struct Property<'a> {
    id: LineId,
    version: Version,
    line: Line,
    /// Group, name and parameters, unfolded.
    head: Cow<'a, str>,
    /// Where the name begins and ends in the head.
    name: (usize, usize),
    /// The value as it is laid out, or already unfolded when a fold lay in the head.
    value: Cow<'a, [u8]>,
}

/// One parameter; see [`Property::params`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name, spelled as found; empty for a bare one (`TEL;HOME:`, vCard 2.1).
    pub name: &'a str,
    /// What stands after the `=`, or the whole of a bare one; quotes and escapes kept.
    pub raw: &'a str,
    carets: bool,
}

impl<'a> Property<'a> {
    pub(super) fn read(bytes: &'a [u8], id: LineId, line: Line, version: Version) -> Self {
        let (head, value) = match line.value {
            Some(at) => {
                let head = sub(bytes, line.start, at.saturating_sub(1));
                (Cow::Borrowed(head), Cow::Borrowed(sub(bytes, at, line.end)))
            }
            None => split_folded(sub(bytes, line.start, line.end), line),
        };
        let head = match head {
            Cow::Borrowed(head) => charset::decode(Cow::Borrowed(head), None),
            Cow::Owned(head) => charset::decode(Cow::Owned(head), None),
        };
        let name = name_in(&head);
        Self { id, version, line, head, name, value }
    }

    /// The line it stands on, until lines are added to or removed from the card.
    pub fn id(&self) -> LineId {
        self.id
    }

    /// Which property it is.
    pub fn known(&self) -> Known {
        self.line.known
    }

    /// The group, spelled as found: `item1` of `item1.TEL`, `a.b` of `a.b.TEL`.
    pub fn group(&self) -> Option<&str> {
        let end = self.name.0.checked_sub(1)?;
        let group = self.head.get(..end)?;
        Some(group.trim_start_matches('\u{feff}').trim())
    }

    /// The name, spelled as found, without the group.
    pub fn name(&self) -> &str {
        self.head.get(self.name.0..self.name.1).unwrap_or_default().trim()
    }

    /// The parameters, in order. Empty ones (`;;`) are left out.
    pub fn params(&self) -> impl Iterator<Item = Param<'_>> {
        let rest = self.head.get(self.name.1..).unwrap_or_default();
        let carets = self.version != Version::V21;
        Quoted { rest: rest.strip_prefix(';'), separator: b';' }
            .filter(|param| !param.trim().is_empty())
            .map(move |param| match param.split_once('=') {
                Some((name, raw)) => Param { name: name.trim(), raw: raw.trim(), carets },
                None => Param { name: "", raw: param.trim(), carets },
            })
    }

    /// The first value of the parameter `name`.
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        if !self.has_params() {
            return None;
        }
        self.params()
            .find(|param| param.name.eq_ignore_ascii_case(name))
            .and_then(|param| param.values().next())
    }

    /// The value, unfolded and nothing else: escapes, quoted-printable and charset as they are.
    pub fn raw(&self) -> Cow<'_, [u8]> {
        match (&self.value, self.line.value) {
            (Cow::Borrowed(value), Some(_)) => {
                wire::unfold(value, self.line.coding, self.line.lone_cr)
            }
            (value, _) => Cow::Borrowed(value.as_ref()),
        }
    }

    /// The value as characters, with quoted-printable and charset undone; escapes stay.
    pub fn decoded(&self) -> Cow<'_, str> {
        let raw = match (self.raw(), self.line.coding) {
            (raw, Coding::Quoted) => Cow::Owned(qp::decode(&raw)),
            (raw, _) => raw,
        };
        if !self.has_params() {
            return charset::decode(raw, None);
        }
        charset::decode(raw, self.param("CHARSET").as_deref())
    }

    /// The whole value as one text: escapes undone, line breaks as `\n`.
    pub fn text(&self) -> String {
        text::unescape(&self.decoded(), self.version).into_owned()
    }

    /// The components of a compound value (N, ADR, ORG), at least one. Commas in a component stay.
    pub fn components(&self) -> Vec<String> {
        self.parts(b';')
    }

    /// The items of a list value (CATEGORIES, NICKNAME), at least one.
    pub fn list(&self) -> Vec<String> {
        self.parts(b',')
    }

    /// Whether the value is a URI by its VALUE parameter.
    pub fn says_uri(&self) -> bool {
        self.param("VALUE").is_some_and(|value| {
            value.eq_ignore_ascii_case("uri") || value.eq_ignore_ascii_case("url")
        })
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    pub(super) fn coding(&self) -> Coding {
        self.line.coding
    }

    pub(super) fn head(&self) -> &str {
        &self.head
    }

    /// What stands in the head after the name: the parameters with their first `;`.
    pub(super) fn raw_params(&self) -> &str {
        self.head.get(self.name.1..).unwrap_or_default()
    }

    pub(super) fn has_params(&self) -> bool {
        self.name.1 < self.head.len()
    }

    fn parts(&self, separator: u8) -> Vec<String> {
        text::split(&self.decoded(), separator, self.version)
            .map(|part| text::unescape(part, self.version).into_owned())
            .collect()
    }
}

impl<'a> Param<'a> {
    /// Whether it stands without a name (vCard 2.1).
    pub fn is_bare(&self) -> bool {
        self.name.is_empty()
    }

    /// Its values: split at commas outside quotes, quotes dropped, carets undone (RFC 6868).
    pub fn values(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let carets = self.carets;
        Quoted { rest: Some(self.raw), separator: b',' }.map(move |value| {
            let value = value.trim();
            let inner = value.strip_prefix('"').unwrap_or(value);
            let inner = inner.strip_suffix('"').unwrap_or(inner);
            if carets { without_carets(inner) } else { Cow::Borrowed(inner) }
        })
    }
}

/// Splits at a separator outside quotes.
struct Quoted<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Iterator for Quoted<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let mut quoted = false;
        let cut = rest.bytes().position(|b| {
            quoted ^= b == b'"';
            b == self.separator && !quoted
        });
        // A quote that is never closed quotes nothing.
        let cut = if quoted { memchr(self.separator, rest.as_bytes()) } else { cut };
        match cut {
            Some(at) => {
                self.rest = rest.get(at + 1..);
                rest.get(..at)
            }
            None => {
                self.rest = None;
                Some(rest)
            }
        }
    }
}

fn without_carets(value: &str) -> Cow<'_, str> {
    if !value.contains('^') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((plain, after)) = rest.split_once('^') {
        out.push_str(plain);
        let (text, length) = match after.as_bytes().first() {
            Some(b'n') => ("\n", 1),
            Some(b'\'') => ("\"", 1),
            Some(b'^') => ("^", 1),
            _ => ("^", 0),
        };
        out.push_str(text);
        rest = after.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where the name begins and ends in a head.
fn name_in(head: &str) -> (usize, usize) {
    let end = memchr(b';', head.as_bytes()).unwrap_or(head.len());
    let start = head.get(..end).and_then(|name| name.rfind('.')).map_or(0, |dot| dot + 1);
    if start > 0 {
        return (start, end);
    }
    let bom = '\u{feff}'.len_utf8();
    (if head.starts_with('\u{feff}') { bom.min(end) } else { 0 }, end)
}

/// Head and value of a line that is folded before its colon.
fn split_folded<'a>(whole: &'a [u8], line: Line) -> (Cow<'a, [u8]>, Cow<'a, [u8]>) {
    let whole = wire::unfold(whole, line.coding, line.lone_cr);
    let at = wire::head(&whole).or_else(|| memchr(b':', &whole)).unwrap_or(whole.len());
    let head = sub(&whole, 0, at).to_vec();
    let value = sub(&whole, at + 1, whole.len()).to_vec();
    (Cow::Owned(head), Cow::Owned(value))
}

#[cfg(test)]
mod tests {
    use super::super::Card;

    fn heads(line: &str) -> Vec<String> {
        let card = Card::parse(format!("BEGIN:VCARD\r\n{line}\r\nEND:VCARD\r\n"));
        let mut out = Vec::new();
        for property in card.properties() {
            out.push(property.group().unwrap_or("-").to_owned());
            out.push(property.name().to_owned());
            for param in property.params() {
                out.push(format!("{}={}", param.name, param.values().collect::<Vec<_>>().join("|")));
            }
            out.push(property.text());
        }
        out
    }

    #[test]
    fn a_line_is_read_into_group_name_parameters_and_text() {
        let cases: [(&str, &[&str]); 12] = [
            ("TEL:1", &["-", "TEL", "1"]),
            ("item1.TEL;type=CELL:1", &["item1", "TEL", "type=CELL", "1"]),
            ("a.b.TEL:1", &["a.b", "TEL", "1"]),
            ("TEL;HOME;;FAX:1", &["-", "TEL", "=HOME", "=FAX", "1"]),
            ("TEL;TYPE=\"work,voice\",x:1", &["-", "TEL", "TYPE=work,voice|x", "1"]),
            ("X;A=\"b:c;d\";E=f:1:2", &["-", "X", "A=b:c;d", "E=f", "1:2"]),
            ("X;A=\"b:1", &["-", "X", "A=b", "1"]),
            ("ADR;LABEL=\"1 St^nTown ^'x^' ^^ ^y\":;;a", &["-", "ADR", "LABEL=1 St\nTown \"x\" ^ ^y", ";;a"]),
            ("NO\r\n TE;LANG\r\n UAGE=\r\n\tde:a\r\n b", &["-", "NOTE", "LANGUAGE=de", "ab"]),
            ("NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:a=C3=\r\n=BC=\r\n  b", &["-", "NOTE", "ENCODING=QUOTED-PRINTABLE", "CHARSET=UTF-8", "aü  b"]),
            ("NOTE;QUOTED-PRINTABLE:a=", &["-", "NOTE", "=QUOTED-PRINTABLE", "a="]),
            ("PHOTO;BASE64:YQ\r\nYg\r\n\r\nX:1", &["-", "PHOTO", "=BASE64", "YQYg", "-", "X", "1"]),
        ];
        for (line, expected) in cases {
            assert_eq!(heads(line), expected, "{line:?}");
        }
    }
}
