//! Quoted-printable (RFC 2045 6.7), as vCard 2.1 uses it.

/// Decodes a value whose soft breaks are already joined. What is not a valid escape stays.
pub(super) fn decode(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'=', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

/// Appends `value`, encoded, in lines of at most 76 octets joined by soft breaks; `used` octets of
/// the first line are taken by the head.
pub(super) fn encode(value: &str, used: usize, end: &[u8], out: &mut Vec<u8>) {
    let mut column = used;
    for c in value.chars() {
        let mut bytes = [0; 4];
        let bytes = c.encode_utf8(&mut bytes).as_bytes();
        let literal = matches!(bytes, [b'!'..=b'<' | b'>'..=b'~' | b' ']);
        let width = if literal { 1 } else { bytes.len() * 3 };
        if column + width > 75 {
            out.push(b'=');
            out.extend_from_slice(end);
            column = 0;
        }
        // A line that begins with a space would look folded, and `E` or `B` could begin an
        // END:VCARD that readers stop at.
        let risky = column == 0 && matches!(bytes, [b' ' | b'E' | b'e' | b'B' | b'b']);
        if literal && !risky {
            out.extend_from_slice(bytes);
            column += 1;
        } else {
            for byte in bytes {
                out.push(b'=');
                out.extend([byte >> 4, byte & 15].map(digit));
            }
            column += bytes.len() * 3;
        }
    }
    // A space at the end of a line may be dropped on the way (rule 3 of RFC 2045 6.7).
    if out.last() == Some(&b' ') {
        out.pop();
        out.extend_from_slice(b"=20");
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' + value - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_keeps_what_is_no_escape() {
        let cases: [(&str, &[u8]); 5] = [
            ("=C3=BC", "ü".as_bytes()),
            ("a=0D=0Ab", b"a\r\nb"),
            ("1=2", b"1=2"),
            ("50=", b"50="),
            ("=c3=bc=zz", b"\xc3\xbc=zz"),
        ];
        for (written, bytes) in cases {
            assert_eq!(decode(written.as_bytes()), bytes, "{written}");
        }
    }

    #[test]
    fn what_is_encoded_in_many_lines_reads_back() {
        let text = "End of a very long näme\nwith = signs; E at odd places, ".repeat(9);
        let mut out = Vec::new();
        encode(&text, 40, b"\r\n", &mut out);
        let written = String::from_utf8(out).unwrap();
        let mut first = true;
        for line in written.split("\r\n") {
            assert!(line.len() <= if first { 36 } else { 76 }, "{line}");
            assert!(first || !line.starts_with([' ', 'E', 'B']), "{line}");
            first = false;
        }
        assert_eq!(decode(written.replace("=\r\n", "").as_bytes()), text.as_bytes());
    }
}
