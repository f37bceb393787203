//! What a body is, whatever its Content-Type claims (Q45, Q46), and its text.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// The longest text of a server that is shown to anyone, in characters.
const SHOWN: usize = 200;

/// What a body turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    Xml,
    Html,
    Json,
    Card,
    Other,
}

impl Kind {
    /// Looks at the first characters of `text`.
    pub(super) fn of(text: &str) -> Self {
        let text = trimmed(text);
        if text.is_empty() {
            return Self::Empty;
        }
        let starts_with = |start: &str| {
            text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
        };
        if starts_with("<!doctype html") || starts_with("<html") {
            return Self::Html;
        }
        if starts_with("BEGIN:VCARD") {
            return Self::Card;
        }
        match text.as_bytes().first() {
            Some(b'<') => Self::Xml,
            Some(b'{' | b'[') => Self::Json,
            _ => Self::Other,
        }
    }

    /// For a person, to follow "the answer is not CardDAV:".
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Empty => "an empty body",
            Self::Xml => "other XML",
            Self::Html => "an HTML page",
            Self::Json => "JSON",
            Self::Card => "a vCard",
            Self::Other => "plain text",
        }
    }
}

/// The text of a body: by its byte order mark, else by its XML declaration, else UTF-8, where what
/// is not UTF-8 becomes U+FFFD (and is noticed by [`is_altered`]).
pub(super) fn decode(body: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        let rest = body.get(mark..).unwrap_or_default();
        return encoding.decode_without_bom_handling(rest).0;
    }
    match declared_encoding(body) {
        Some(encoding) => encoding.decode_without_bom_handling(body).0,
        // Checked first, since the lossy way is the slower one even where nothing is lost.
        None => {
            std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed)
        }
    }
}

/// Without the byte order mark, blank lines and spaces that some servers put first.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace())
}

/// Whether `text` holds what XML cannot carry (a control character, the mark of an undecodable
/// byte), so that it may differ from what the server stores (Q47).
pub(super) fn is_altered(text: &str) -> bool {
    let suspicious = |b: u8| (b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0xef;
    // Without an early exit inside a chunk, so that it is done many bytes at a time.
    let chunk_is = |chunk: &[u8]| chunk.iter().fold(false, |any, b| any | suspicious(*b));
    text.as_bytes().chunks(64).any(chunk_is)
        && text.chars().any(|c| {
            (c < ' ' && !matches!(c, '\t' | '\n' | '\r'))
                || matches!(c, '\u{fffd}' | '\u{fffe}' | '\u{ffff}')
        })
}

/// A card's text as it stood in a body: without a byte order mark or blanks before it (Q48), and
/// without the indentation of the surrounding XML after its last line end.
pub(super) fn card_text(text: &str) -> &str {
    let text = trimmed(text);
    let end = text.trim_end();
    let rest = text.get(end.len()..).unwrap_or_default();
    let line_end = ["\r\n", "\n", "\r"].into_iter().find(|end| rest.starts_with(end));
    text.get(..end.len() + line_end.map_or(0, str::len)).unwrap_or(text)
}

/// One line of at most 200 characters without control characters, or `None` if nothing is left.
///
/// What a server says reaches a terminal, so an escape sequence must not.
pub(super) fn one_line(text: &str) -> Option<String> {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    // The text may be megabytes; what is cut away is not even looked at.
    let spaced: String = text.chars().take(SHOWN * 20).map(plain).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return (!line.is_empty()).then_some(line);
    }
    let mut short: String = line.chars().take(SHOWN - 1).collect();
    short.push('…');
    Some(short)
}

fn declared_encoding(body: &[u8]) -> Option<&'static Encoding> {
    let head = body.get(..body.len().min(200)).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let declaration = trimmed(&head).strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value.get(1..)?.split(quote).next()?;
    Encoding::for_label(label.as_bytes())
        .filter(|encoding| encoding.is_ascii_compatible() && *encoding != encoding_rs::UTF_8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_it_looks_like() {
        for (text, kind) in [
            ("", Kind::Empty),
            (" \r\n", Kind::Empty),
            ("\u{feff}\n<?xml version='1.0'?><a/>", Kind::Xml),
            ("<!DOCTYPE html><html>", Kind::Html),
            ("<!doctype HTML PUBLIC \"-//W3C//DTD\">", Kind::Html),
            ("\n<HTML>", Kind::Html),
            ("{\"error\":1}", Kind::Json),
            ("\r\nBEGIN:VCARD\r\n", Kind::Card),
            ("Service panicked", Kind::Other),
            ("é", Kind::Other),
        ] {
            assert_eq!(Kind::of(text), kind, "{text:?}");
        }
    }

    #[test]
    fn bodies_are_decoded_by_mark_then_declaration_then_as_utf8() {
        let cases: [(&[u8], &str, bool); 7] = [
            (b"\xef\xbb\xbf<a>\xc3\xa9</a>", "<a>é</a>", false),
            (b"\xff\xfe<\0a\0/\0>\0", "<a/>", false),
            (b"<?xml version='1.0' encoding='ISO-8859-1'?>\xe9", "é", false),
            (b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\xc3\xa9", "é", false),
            (b"<a>\xe9</a>", "<a>\u{fffd}</a>", true),
            (b"<a>\x0b</a>", "<a>\x0b</a>", true),
            (b"tab\tand\r\nline ends are fine \xef\xbb\xbf", "tab\t", false),
        ];
        for (bytes, expected, altered) in cases {
            let text = decode(bytes);
            assert!(text.contains(expected), "{text:?}");
            assert_eq!(is_altered(&text), altered, "{text:?}");
        }
    }

    #[test]
    fn what_surrounds_a_card_is_not_part_of_it() {
        for (text, card) in [
            ("BEGIN:VCARD\r\nEND:VCARD\r\n", "BEGIN:VCARD\r\nEND:VCARD\r\n"),
            ("\u{feff}\n BEGIN:VCARD\nEND:VCARD\n      ", "BEGIN:VCARD\nEND:VCARD\n"),
            ("BEGIN:VCARD\rEND:VCARD\r\r", "BEGIN:VCARD\rEND:VCARD\r"),
            ("BEGIN:VCARD\nEND:VCARD", "BEGIN:VCARD\nEND:VCARD"),
            (" \n ", ""),
        ] {
            assert_eq!(card_text(text), card);
        }
    }

    #[test]
    fn words_fit_one_line_of_a_terminal() {
        assert_eq!(one_line(" a\r\n\tb "), Some("a b".into()));
        assert_eq!(one_line("red \x1b[31m\u{9b}alert"), Some("red [31m alert".into()));
        assert_eq!(one_line(" \n"), None);
        let long = one_line(&"wort ".repeat(100)).unwrap();
        assert_eq!(long.chars().count(), 200);
        assert!(long.ends_with('…'));
    }
}
