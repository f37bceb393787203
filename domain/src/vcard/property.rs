//! One property of a card: its group, name, parameters and value, read on demand.

use std::borrow::Cow;

use memchr::memchr;

use super::card::Content;
use super::known::Known;
use super::physical::sub;
use super::scan::{Coding, Line};
use super::{LineId, Version, charset, qp, text, wire};

/// A property line, read only as far as it is asked.
#[derive(Debug, Clone)]
pub struct Property<'a> {
    id: LineId,
    version: Version,
    line: &'a Line,
    /// Group, name and parameters, unfolded.
    head: Cow<'a, str>,
    /// Where the name begins and ends in the head.
    name: (usize, usize),
    value: Value<'a>,
}

#[derive(Debug, Clone)]
enum Value<'a> {
    /// Characters on one physical line.
    Plain(&'a str),
    /// As it is laid out.
    Wire(&'a [u8]),
    /// Unfolded already, since a fold lay in the head.
    Unfolded(Vec<u8>),
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
    pub(super) fn read(card: &'a Content, id: LineId, line: &'a Line, version: Version) -> Self {
        let Some(at) = line.value else { return Self::read_folded(card, id, line, version) };
        let head = match card.text(line.start, at.saturating_sub(1)) {
            Some(head) => Cow::Borrowed(head),
            None => {
                let head = sub(card.bytes(), line.start, at.saturating_sub(1));
                charset::decode(Cow::Borrowed(head), None)
            }
        };
        let name = match &head {
            Cow::Borrowed(_) => line.name,
            Cow::Owned(head) => wire::name(head.as_bytes()),
        };
        let value = match card.text(at, line.text) {
            Some(text) if !line.folded => Value::Plain(text),
            _ => Value::Wire(sub(card.bytes(), at, line.end)),
        };
        Self { id, version, line, head, name, value }
    }

    /// Reads a line that is folded before its colon.
    fn read_folded(card: &'a Content, id: LineId, line: &'a Line, version: Version) -> Self {
        let whole = sub(card.bytes(), line.start, line.end);
        let whole = wire::unfold(whole, line.params.coding, line.lone_cr);
        let at = wire::head(&whole).or_else(|| memchr(b':', &whole)).unwrap_or(whole.len());
        let head = charset::decode(Cow::Borrowed(sub(&whole, 0, at)), None).into_owned();
        let name = wire::name(head.as_bytes());
        let value = Value::Unfolded(sub(&whole, at + 1, whole.len()).to_vec());
        Self { id, version, line, head: Cow::Owned(head), name, value }
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
        let before = self.head.get(..self.name.0)?.trim_ascii_end();
        let group = before.strip_suffix('.')?;
        Some(group.trim_start_matches('\u{feff}').trim_ascii())
    }

    /// The name, spelled as found, without the group.
    pub fn name(&self) -> &str {
        self.head.get(self.name.0..self.name.1).unwrap_or_default()
    }

    /// The parameters, in order. Empty ones (`;;`) are left out.
    pub fn params(&self) -> impl Iterator<Item = Param<'_>> {
        let rest = self.raw_params().trim_ascii_start();
        let carets = self.version != Version::V21;
        let rest = rest.strip_prefix(';');
        Quoted { rest, separator: b';' }.map(str::trim_ascii).filter(|param| !param.is_empty()).map(
            move |param| match cut(param, b'=') {
                Some((name, raw)) => {
                    Param { name: name.trim_ascii_end(), raw: raw.trim_ascii_start(), carets }
                }
                None => Param { name: "", raw: param, carets },
            },
        )
    }

    /// The type, where there is no other parameter and it is one word.
    pub(super) fn only_type(&self) -> Option<&str> {
        let one = || self.raw_params().get(wire::TYPE.len()..);
        self.line.params.only_type.then(one).flatten()
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
        match &self.value {
            Value::Plain(text) => Cow::Borrowed(text.as_bytes()),
            Value::Wire(wire) => wire::unfold(wire, self.line.params.coding, self.line.lone_cr),
            Value::Unfolded(bytes) => Cow::Borrowed(bytes),
        }
    }

    /// The value as characters, with quoted-printable and charset undone; escapes stay.
    pub fn decoded(&self) -> Cow<'_, str> {
        let params = self.line.params;
        let raw = match (&self.value, params.coding) {
            (_, Coding::Quoted) => Cow::Owned(qp::decode(&self.raw())),
            (Value::Plain(text), _) if !params.charset => return Cow::Borrowed(text),
            _ => self.raw(),
        };
        let label = params.charset.then(|| self.param("CHARSET")).flatten();
        charset::decode(raw, label.as_deref())
    }

    /// The whole value as one text: escapes undone, line breaks as `\n`.
    pub fn text(&self) -> String {
        text::unescape(&self.decoded(), self.version).into_owned()
    }

    /// As [`Property::text`], without white space around it.
    pub fn trimmed(&self) -> String {
        text::trimmed(text::unescape(&self.decoded(), self.version))
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
        self.line.params.coding
    }

    /// The ALTID, if it has one (RFC 6350 5.4).
    pub(super) fn altid(&self) -> Option<Cow<'_, str>> {
        self.line.params.altid.then(|| self.param("ALTID")).flatten()
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
            let value = value.trim_ascii();
            let inner = value.strip_prefix('"').unwrap_or(value);
            let inner = inner.strip_suffix('"').unwrap_or(inner);
            if carets { without_carets(inner) } else { Cow::Borrowed(inner) }
        })
    }
}

/// Splits at a separator outside quotes.
pub(super) struct Quoted<'a> {
    pub(super) rest: Option<&'a str>,
    pub(super) separator: u8,
}

impl<'a> Iterator for Quoted<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let mut quoted = false;
        let found = rest.bytes().position(|b| {
            quoted ^= b == b'"';
            b == self.separator && !quoted
        });
        // A quote that is never closed quotes nothing.
        let found = if quoted { memchr(self.separator, rest.as_bytes()) } else { found };
        let Some((first, rest)) = found.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)))
        else {
            return self.rest.take();
        };
        self.rest = Some(rest);
        Some(first)
    }
}

/// Cuts a text in two at the first `separator`. Faster on a few bytes than searching for it.
pub(super) fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|b| b == separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
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
                out.push(format!(
                    "{}={}",
                    param.name,
                    param.values().collect::<Vec<_>>().join("|")
                ));
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
            (
                "ADR;LABEL=\"1 St^nTown ^'x^' ^^ ^y\":;;a",
                &["-", "ADR", "LABEL=1 St\nTown \"x\" ^ ^y", ";;a"],
            ),
            ("NO\r\n TE;LANG\r\n UAGE=\r\n\tde:a\r\n b", &["-", "NOTE", "LANGUAGE=de", "ab"]),
            (
                "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:a=C3=\r\n=BC=\r\n  b",
                &["-", "NOTE", "ENCODING=QUOTED-PRINTABLE", "CHARSET=UTF-8", "aü  b"],
            ),
            ("NOTE;QUOTED-PRINTABLE:a=", &["-", "NOTE", "=QUOTED-PRINTABLE", "a="]),
            ("PHOTO;BASE64:YQ\r\nYg\r\n\r\nX:1", &["-", "PHOTO", "=BASE64", "YQYg", "-", "X", "1"]),
        ];
        for (line, expected) in cases {
            assert_eq!(heads(line), expected, "{line:?}");
        }
    }
}
