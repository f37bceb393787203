//! Percent escapes (RFC 3986 2.1), decoded for comparing and never for sending.

/// The form of a path that paths are compared by; see [`Href::key`](super::Href::key).
pub(super) fn canonical(path: &str) -> String {
    if !path.contains('%') && !path.contains("//") {
        return path.strip_suffix('/').unwrap_or(path).to_owned();
    }
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.as_bytes();
    while let Some((byte, escaped, rest)) = next_byte(bytes) {
        bytes = rest;
        match escaped.then_some(byte) {
            Some(kept @ (b'/' | b'%' | b'?' | b'#' | 0..=31 | 127)) => {
                out.extend_from_slice(format!("%{kept:02X}").as_bytes());
            }
            Some(plain) => out.push(plain),
            None if byte == b'/' && out.last() == Some(&b'/') => {}
            // SOGo writes names as they are in its reports, and encoded in its listings.
            None if byte == b'%' => out.extend_from_slice(b"%25"),
            None => out.push(byte),
        }
    }
    if out.last() == Some(&b'/') {
        out.pop();
    }
    // Not UTF-8 once decoded (an old Latin-1 server): stay with the server's spelling.
    String::from_utf8(out).unwrap_or_else(|_| path.trim_end_matches('/').to_owned())
}

/// Every escape decoded, whatever it stands for.
pub(super) fn decode_all(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    while let Some((byte, _, rest)) = next_byte(bytes) {
        out.push(byte);
        bytes = rest;
    }
    out
}

/// Whether these bytes begin with a percent escape.
pub(super) fn is_escape(bytes: &[u8]) -> bool {
    matches!(next_byte(bytes), Some((_, true, _)))
}

/// The next byte, whether it was written as a percent escape, and what follows it.
fn next_byte(bytes: &[u8]) -> Option<(u8, bool, &[u8])> {
    if let [b'%', high, low, rest @ ..] = bytes
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Some((high * 16 + low, true, rest));
    }
    bytes.split_first().map(|(byte, rest)| (*byte, false, rest))
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
