//! Escaping: values as text, as components (`;`) and as lists (`,`), by version.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::Version;

/// Undoes the escapes of a value.
///
/// vCard 2.1 escapes only `;` and has no `\n` (section 2.1.2). 3.0 and 4.0 escape `\`, `,`, `;` and
/// line breaks; `\:` stands in many URLs and means `:`. An unknown escape stays as it is.
pub(super) fn unescape(value: &str, version: Version) -> Cow<'_, str> {
    let Some(odd) = memchr2(b'\\', b'\r', value.as_bytes()) else { return Cow::Borrowed(value) };
    let Some(first) = memchr(b'\\', value.as_bytes().get(odd..).unwrap_or_default()) else {
        return line_ends(value);
    };
    let first = odd + first;
    let mut out = String::with_capacity(value.len());
    let (plain, mut rest) = value.split_at(first);
    out.push_str(plain);
    while let Some(escaped) = rest.strip_prefix('\\') {
        let (text, length) = match (version, escaped.as_bytes().first()) {
            (_, Some(b';')) => (";", 1),
            (Version::V30 | Version::V40, Some(b'n' | b'N')) => ("\n", 1),
            (Version::V30 | Version::V40, Some(b'\\')) => ("\\", 1),
            (Version::V30 | Version::V40, Some(b',')) => (",", 1),
            (Version::V30 | Version::V40, Some(b':')) => (":", 1),
            _ => ("\\", 0),
        };
        out.push_str(text);
        let after = escaped.get(length..).unwrap_or_default();
        let (plain, next) = after.split_at(memchr(b'\\', after.as_bytes()).unwrap_or(after.len()));
        out.push_str(plain);
        rest = next;
    }
    match line_ends(&out) {
        Cow::Borrowed(_) => Cow::Owned(out),
        Cow::Owned(other) => Cow::Owned(other),
    }
}

/// The text without white space around it; nothing is copied that is owned already.
pub(super) fn trimmed(text: Cow<'_, str>) -> String {
    match text {
        Cow::Owned(text) if text.trim_ascii().len() == text.len() => text,
        text => text.trim_ascii().to_owned(),
    }
}

/// Escapes a text for a value; line breaks of any kind become `\n` (in vCard 2.1 they stay and the
/// caller writes quoted-printable).
pub(super) fn escape(text: &str, version: Version) -> Cow<'_, str> {
    let special = |b: &u8| match version {
        Version::V21 => *b == b';',
        Version::V30 | Version::V40 => matches!(b, b'\\' | b',' | b';' | b'\n' | b'\r'),
    };
    let text = line_ends(text);
    if !text.as_bytes().iter().any(special) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match (c, version) {
            ('\n', Version::V30 | Version::V40) => out.push_str("\\n"),
            (';', _) | ('\\' | ',', Version::V30 | Version::V40) => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Splits a value, escapes kept, at each `separator` that is not escaped.
pub(super) fn split(value: &str, separator: u8, version: Version) -> Split<'_> {
    Split { rest: Some(value), separator, version }
}

/// See [`split`]. There is always at least one part.
#[derive(Debug, Clone)]
pub(super) struct Split<'a> {
    rest: Option<&'a str>,
    separator: u8,
    version: Version,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let bytes = rest.as_bytes();
        let mut at = 0;
        while let Some(found) =
            bytes.get(at..).and_then(|bytes| memchr2(self.separator, b'\\', bytes))
        {
            at += found;
            if bytes.get(at) == Some(&self.separator) {
                self.rest = rest.get(at + 1..);
                return rest.get(..at);
            }
            // In vCard 2.1 a backslash before anything but the separator is only a backslash.
            let pair = match self.version {
                Version::V21 => bytes.get(at + 1) == Some(&self.separator),
                Version::V30 | Version::V40 => true,
            };
            at += if pair { 2 } else { 1 };
        }
        self.rest = None;
        Some(rest)
    }
}

/// Line breaks as `\n`: quoted-printable values hold `\r\n`.
fn line_ends(text: &str) -> Cow<'_, str> {
    if memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{V21, V30, V40};

    #[test]
    fn escapes_mean_what_the_version_says() {
        let cases = [
            (V30, r"a\, b\; c\\ d\ne\Nf", "a, b; c\\ d\ne\nf"),
            (V40, r"http\://x", "http://x"),
            (V30, r"C:\temp\", "C:\\temp\\"),
            (V30, r"\\n", "\\n"),
            (V21, r"a\;b\,c\n", "a;b\\,c\\n"),
            (V21, "one\r\ntwo", "one\ntwo"),
            (V40, "plain", "plain"),
        ];
        for (version, written, text) in cases {
            assert_eq!(unescape(written, version), text, "{version:?} {written}");
        }
    }

    #[test]
    fn what_is_escaped_reads_back_the_same() {
        for text in ["a,b;c\\d\ne", "", "\\n", "\\;", "ü,", "tail\\"] {
            for version in [V30, V40] {
                assert_eq!(unescape(&escape(text, version), version), text, "{version:?}");
            }
        }
        assert_eq!(unescape(&escape("a;b\\c", V21), V21), "a;b\\c");
    }

    #[test]
    fn a_value_is_split_where_the_separator_is_not_escaped() {
        let cases = [
            (V30, "a;b;;", vec!["a", "b", "", ""]),
            (V30, r"a\;b;c", vec![r"a\;b", "c"]),
            (V30, r"a\\;b", vec![r"a\\", "b"]),
            (V21, r"a\;b;c", vec![r"a\;b", "c"]),
            (V21, r"C:\x;y", vec![r"C:\x", "y"]),
            (V30, "", vec![""]),
            (V30, "ü\\", vec!["ü\\"]),
        ];
        for (version, value, parts) in cases {
            assert_eq!(split(value, b';', version).collect::<Vec<_>>(), parts, "{value}");
        }
    }
}
