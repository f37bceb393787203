//! Text of others made harmless for a terminal.

use std::borrow::Cow;

/// One line of text from a card or a server, made harmless: a card could otherwise hold escape
/// sequences that write to the terminal's title, its clipboard or its input, or turn the rest of the
/// line around. Line breaks and tabs become spaces, other control characters `\u{fffd}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    // Most text is plain ASCII, and a list of ten thousand contacts is forty thousand texts.
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain || text.chars().all(|c| tame(c) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", " ").chars().map(tame).collect())
}

/// The lines of a text, each made harmless; empty lines at the end are left out.
pub fn clean_lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.trim_end().lines().map(clean)
}

fn tame(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        // C0, DEL, and C1, in which some terminals know 0x9b as the start of a sequence.
        c if c.is_control() => '\u{fffd}',
        // Embeddings, overrides and isolates reach beyond the value when they are not closed. The
        // marks U+200E and U+200F do not, and Hebrew and Arabic names need them.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        let cases = [
            ("Ada Lovelace", "Ada Lovelace"),
            ("עדה \u{200f}", "עדה \u{200f}"),
            ("a\u{1b}]0;owned\u{7}b", "a\u{fffd}]0;owned\u{fffd}b"),
            ("a\u{9b}31mb", "a\u{fffd}31mb"),
            ("one\ntwo\r\nthree\tfour", "one two three four"),
            ("\u{202e}moc.elpmaxe", "\u{fffd}moc.elpmaxe"),
            ("\u{7f}\0", "\u{fffd}\u{fffd}"),
        ];
        for (text, harmless) in cases {
            assert_eq!(clean(text), harmless, "{text:?}");
        }
        assert_eq!(clean_lines("a\n\nb\u{1b}\r\n\n").collect::<Vec<_>>(), ["a", "", "b\u{fffd}"]);
    }
}
