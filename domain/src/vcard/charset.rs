//! Bytes to text: UTF-8, the CHARSET of vCard 2.1, and what neither is.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// The escape character, which begins a shift of ISO-2022-JP: such text is ASCII to the eye.
const ESCAPE: u8 = 0x1b;

/// Decodes a value. `charset` is the value of its CHARSET parameter.
///
/// Without one it is UTF-8, and the bytes that are not valid UTF-8 are taken for Windows-1252, the superset
/// of ISO-8859-1 that programs without a charset in mind write: those alone, for a text that was cut inside
/// a character is UTF-8 all the same. Nothing becomes U+FFFD as long as there is another reading.
pub(super) fn decode<'a>(bytes: Cow<'a, [u8]>, charset: Option<&str>) -> Cow<'a, str> {
    if let Some(encoding) = charset.and_then(|label| Encoding::for_label(label.trim().as_bytes())) {
        let ascii = bytes.is_ascii() && !bytes.contains(&ESCAPE);
        if encoding != UTF_8
            && !ascii
            && let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(&bytes)
        {
            return Cow::Owned(text.into_owned());
        }
    }
    match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(western(bytes)),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => Cow::Owned(western(error.as_bytes())),
        },
    }
}

fn western(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    text
}

/// The bytes of a UTF-16 file as UTF-8, for import: known by its byte-order mark. Any other file
/// is given back as it is.
///
/// Servers never send UTF-16, so a card that was pulled is never put through this.
pub fn decode_file(file: &[u8]) -> Cow<'_, [u8]> {
    match Encoding::for_bom(file) {
        Some((encoding, bom)) if encoding != UTF_8 => {
            let text = file.get(bom..).unwrap_or_default();
            let (text, _) = encoding.decode_without_bom_handling(text);
            Cow::Owned(text.into_owned().into_bytes())
        }
        _ => Cow::Borrowed(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_by_charset_and_else_by_what_fits() {
        let cases: [(&[u8], Option<&str>, &str); 8] = [
            ("Müller".as_bytes(), None, "Müller"),
            (b"M\xfcller", None, "Müller"),
            (b"M\xc3\xbcller, Stra\xc3", None, "Müller, StraÃ"),
            (b"M\xfcller", Some("ISO-8859-1"), "Müller"),
            (b"M\xfcller", Some("UTF-8"), "Müller"),
            (b"\x83\x65\x83\x58\x83\x67", Some("SHIFT_JIS"), "テスト"),
            (b"\x1b$B%F%9%H\x1b(B", Some("iso-2022-jp"), "テスト"),
            (b"abc", Some("no-such-charset"), "abc"),
        ];
        for (bytes, charset, text) in cases {
            assert_eq!(decode(Cow::Borrowed(bytes), charset), text, "{bytes:?} {charset:?}");
        }
    }

    #[test]
    fn a_utf_16_file_becomes_utf_8_and_any_other_stays() {
        let le: Vec<u8> = "\u{feff}BEGIN:ü".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "\u{feff}BEGIN:ü".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode_file(&le), "BEGIN:ü".as_bytes());
        assert_eq!(decode_file(&be), "BEGIN:ü".as_bytes());
        for same in [&b"\xEF\xBB\xBFBEGIN:x"[..], b"BEGIN:x", b"\xff\xffx", b""] {
            assert_eq!(decode_file(same), same);
        }
    }
}
