//! Writing a line: head, value, layout.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::date::{Date, OMITTED_YEAR};
use super::property::{Quoted, cut};
use super::scan::Coding;
use super::{Version, qp, text, wire};

/// A value to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// One text, escaped as the version wants it.
    Text(&'a str),
    /// Components (N, ADR, ORG), each escaped.
    Components(&'a [&'a str]),
    /// Items of a list (CATEGORIES, NICKNAME), each escaped.
    List(&'a [&'a str]),
    /// A URI, not escaped.
    Uri(&'a str),
    /// A date, in the form of the version; a year that is not known as `X-APPLE-OMIT-YEAR` or `--`.
    Date(&'a Date),
}

/// How lines of a card are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) version: Version,
    pub(super) end: &'a [u8],
}

impl Value<'_> {
    /// The value with its escapes.
    pub(super) fn escaped(&self, version: Version) -> Cow<'_, str> {
        let joined = |parts: &[&str], gap: &str| {
            parts.iter().map(|part| text::escape(part, version)).collect::<Vec<_>>().join(gap)
        };
        match self {
            Self::Text(one) => text::escape(one, version),
            Self::Components(parts) => Cow::Owned(joined(parts, ";")),
            Self::List(parts) => Cow::Owned(joined(parts, ",")),
            Self::Uri(uri) => Cow::Owned(verbatim(uri, version)),
            Self::Date(date) => Cow::Owned(dated(date, version)),
        }
    }
}

impl Form<'_> {
    /// A line with a value whose escapes are in place. The coding the parameters name is kept; what
    /// is written is UTF-8, and a CHARSET says so.
    ///
    /// vCard 2.1 has no escape for a line break: such a value becomes quoted-printable.
    pub(super) fn line(&self, head: &str, value: &str) -> Vec<u8> {
        let at = wire::name(head.as_bytes()).1;
        let params = wire::params(head.get(at..).unwrap_or_default().as_bytes());
        let mut head = Cow::Borrowed(head);
        let mut coding = params.coding;
        if coding == Coding::Base64 {
            // It is text from now on.
            head = Cow::Owned(without_encoding(&head));
            coding = Coding::Plain;
        }
        if coding == Coding::Plain && self.version == Version::V21 && value.contains(['\n', '\r']) {
            coding = Coding::Quoted;
            head = Cow::Owned(with_param(&head, "ENCODING", Some("QUOTED-PRINTABLE")));
        }
        let old = self.version == Version::V21 || coding == Coding::Quoted;
        if params.charset || (old && !value.is_ascii()) {
            head = Cow::Owned(with_param(&head, "CHARSET", Some("UTF-8")));
        }
        let mut line = Vec::with_capacity(head.len() + value.len() + 8);
        line.extend_from_slice(head.as_bytes());
        line.push(b':');
        let mut out = Vec::with_capacity(line.len() + 8);
        match coding {
            Coding::Quoted => {
                let value = value.replace("\r\n", "\n").replace('\n', "\r\n");
                let used = line.len();
                qp::encode(&value, used, self.end, &mut line);
                out.append(&mut line);
                out.extend_from_slice(self.end);
            }
            _ => {
                line.extend(value.bytes().filter(|b| !matches!(b, b'\r' | b'\n')));
                self.lay_out(&line, &mut out);
            }
        }
        out
    }

    /// A binary value in base64, or as a `data:` URI in vCard 4.0.
    pub(super) fn binary(&self, head: &str, base64: &str, media: Option<&str>) -> Vec<u8> {
        let kind = media.map(|media| media.rsplit('/').next().unwrap_or(media).to_uppercase());
        let (params, value) = match (self.version, kind) {
            (Version::V21, Some(kind)) => (format!(";ENCODING=BASE64;{kind}"), base64.to_owned()),
            (Version::V21, None) => (";ENCODING=BASE64".to_owned(), base64.to_owned()),
            (Version::V30, Some(kind)) => (format!(";ENCODING=b;TYPE={kind}"), base64.to_owned()),
            (Version::V30, None) => (";ENCODING=b".to_owned(), base64.to_owned()),
            (Version::V40, _) => {
                let media = media.unwrap_or("application/octet-stream");
                (String::new(), format!("data:{media};base64,{base64}"))
            }
        };
        let mut out = Vec::with_capacity(value.len() + value.len() / 32 + 64);
        wire::fold(format!("{head}{params}:{value}").as_bytes(), self.end, &mut out);
        if self.version == Version::V21 {
            // Base64 ends at a blank line (section 2.1.4).
            out.extend_from_slice(self.end);
        }
        out
    }

    /// Folds a line, but not in vCard 2.1, where the white space of a fold may count as text: a long
    /// line harms nobody there.
    fn lay_out(&self, line: &[u8], out: &mut Vec<u8>) {
        if self.version == Version::V21 {
            out.extend_from_slice(line);
            out.extend_from_slice(self.end);
        } else {
            wire::fold(line, self.end, out);
        }
    }
}

/// A head in which the parameter `name` has this value and stands once, or not at all. The others
/// keep spelling and place.
pub(super) fn with_param(head: &str, name: &str, value: Option<&str>) -> String {
    with_params(head, BTreeMap::from([(name.to_ascii_uppercase(), (name, value))]))
}

/// The same for several, each under its name in upper case.
pub(super) fn with_params(
    head: &str,
    mut values: BTreeMap<String, (&str, Option<&str>)>,
) -> String {
    let (start, rest) = split_head(head);
    let mut out = start.to_owned();
    for param in params(rest) {
        let own = cut(param, b'=').map_or("", |(name, _)| name).trim_ascii();
        match values.get_mut(&own.to_ascii_uppercase()) {
            None => {
                out.push(';');
                out.push_str(param);
            }
            Some((_, value)) => {
                if let Some(value) = value.take() {
                    push_param(&mut out, own, value);
                }
            }
        }
    }
    for (name, value) in values.into_values() {
        if let Some(value) = value {
            push_param(&mut out, name, value);
        }
    }
    out
}

/// The parameters of a value a date is written with.
pub(super) fn date_params(head: &str, date: &Date, version: Version) -> String {
    let placeholder = version != Version::V40 && date.year.is_none() && date.month.is_some();
    let year = OMITTED_YEAR.to_string();
    let head = with_param(head, "X-APPLE-OMIT-YEAR", placeholder.then_some(year.as_str()));
    // It may have said `VALUE=text` of what was no date.
    if head.to_ascii_uppercase().contains("VALUE=TEXT") {
        with_param(&head, "VALUE", None)
    } else {
        head
    }
}

fn dated(date: &Date, version: Version) -> String {
    match (version, date.with_placeholder()) {
        (Version::V40, _) => date.basic(),
        (Version::V21 | Version::V30, Some(whole)) => whole.iso(),
        (Version::V21 | Version::V30, None) => date.iso(),
    }
}

/// A URI. Backslashes and line breaks are none of its characters; they are escaped, so that what is
/// no URI after all reads back.
fn verbatim(uri: &str, version: Version) -> String {
    match version {
        Version::V21 => text::escape(uri, version).into_owned(),
        Version::V30 | Version::V40 => uri.replace('\\', "\\\\").replace('\n', "\\n"),
    }
}

fn without_encoding(head: &str) -> String {
    let (start, rest) = split_head(head);
    let mut out = start.to_owned();
    for param in params(rest) {
        let named = cut(param, b'=')
            .is_some_and(|(name, _)| name.trim_ascii().eq_ignore_ascii_case("ENCODING"));
        if !named && !param.trim_ascii().eq_ignore_ascii_case("BASE64") {
            out.push(';');
            out.push_str(param);
        }
    }
    out
}

/// A head in two: group and name, then the parameters with their first `;`.
pub(super) fn split_head(head: &str) -> (&str, &str) {
    head.split_at_checked(wire::name(head.as_bytes()).1).unwrap_or((head, ""))
}

/// The parameters after the name, empty ones included.
pub(super) fn params(rest: &str) -> Quoted<'_> {
    Quoted { rest: rest.trim_ascii_start().strip_prefix(';'), separator: b';' }
}

/// Appends a parameter; quotes and carets as RFC 6350 3.3 and RFC 6868 want them.
pub(super) fn push_param(out: &mut String, name: &str, value: &str) {
    out.push(';');
    out.push_str(name);
    out.push('=');
    let value = value.replace('^', "^^").replace('\n', "^n").replace('"', "^'");
    let value = value.replace('\r', "");
    // TYPE is the list it looks like; in quotes it would be one value to some readers of 3.0.
    if wire::needs_quotes(&value) && !name.eq_ignore_ascii_case("TYPE") {
        out.push('"');
        out.push_str(&value);
        out.push('"');
    } else {
        out.push_str(&value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_set_in_place_and_the_others_keep_their_spelling() {
        let cases = [
            ("TEL;type=WORK;;pref", "TYPE", Some("HOME"), "TEL;type=HOME;;pref"),
            ("item1.N", "CHARSET", Some("UTF-8"), "item1.N;CHARSET=UTF-8"),
            ("N;CHARSET=X;A=b;charset=Y", "CHARSET", Some("Z"), "N;CHARSET=Z;A=b"),
            ("N;CHARSET=X;A=\"b;c\"", "CHARSET", None, "N;A=\"b;c\""),
            ("TEL", "TYPE", Some("home,cell"), "TEL;TYPE=home,cell"),
            ("ADR", "LABEL", Some("1 \"A\", B\nC"), "ADR;LABEL=\"1 ^'A^', B^nC\""),
        ];
        for (head, name, value, expected) in cases {
            assert_eq!(with_param(head, name, value), expected, "{head}");
        }
    }
}
