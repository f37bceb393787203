//! Pictures, sounds and keys: base64 of 2.1 and 3.0, `data:` of 4.0, or a URI.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD as STRICT};

use super::property::Property;
use super::scan::Coding;

/// What a PHOTO, LOGO, SOUND or KEY holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Binary {
    /// The bytes, and the media type if the card names one.
    Bytes(Vec<u8>, Option<String>),
    /// A link, or whatever else it says.
    Text(String),
}

/// Padding and trailing bits differ between writers; the bytes are the same.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads the value of a property that may be binary.
pub(super) fn read(property: &Property<'_>) -> Binary {
    if property.coding() == Coding::Base64 {
        return match decode(&property.raw()) {
            Some(bytes) => Binary::Bytes(bytes, media_type(property)),
            None => text(property),
        };
    }
    if property.coding() == Coding::Nested {
        return Binary::Text(String::new());
    }
    let raw = property.decoded();
    let start = raw.trim_start();
    if !start.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return text(property);
    }
    // Servers escape the comma, and the semicolon, of a data: URI (sabre, Stalwart, SOGo).
    let plain: Cow<'_, str> = if start.contains('\\') {
        Cow::Owned(start.replace('\\', ""))
    } else {
        Cow::Borrowed(start)
    };
    data(&plain).unwrap_or_else(|| text(property))
}

/// Base64 with padding, for writing.
pub(super) fn encode(bytes: &[u8]) -> String {
    STRICT.encode(bytes)
}

/// The media type of a picture by its first bytes; `None` when it is none of the usual ones.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'B', b'M', ..] => Some("image/bmp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn text(property: &Property<'_>) -> Binary {
    Binary::Text(property.text().trim().to_owned())
}

fn decode(base64: &[u8]) -> Option<Vec<u8>> {
    if base64.iter().any(u8::is_ascii_whitespace) {
        let packed: Vec<u8> = base64.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        return LENIENT.decode(packed).ok();
    }
    LENIENT.decode(base64).ok()
}

/// Reads a `data:` URI (RFC 2397) in base64; percent-encoded ones are left as text.
fn data(uri: &str) -> Option<Binary> {
    let (head, body) = uri.get(5..)?.split_once(',')?;
    let media = head.strip_suffix(";base64").or_else(|| head.strip_suffix(";BASE64"))?;
    let media = media.split(';').next().filter(|media| !media.is_empty());
    Some(Binary::Bytes(decode(body.as_bytes())?, media.map(str::to_ascii_lowercase)))
}

/// The media type the parameters name: `TYPE=JPEG`, `TYPE=image/jpeg`, bare `JPEG`, MEDIATYPE.
fn media_type(property: &Property<'_>) -> Option<String> {
    if let Some(media) = property.param("MEDIATYPE") {
        return Some(media.to_ascii_lowercase());
    }
    let types = super::label::Types::of(property).types;
    types.into_iter().map(str::to_lowercase).find_map(|one| match one.as_str() {
        "jpg" | "jpeg" | "pjpeg" => Some("image/jpeg".to_owned()),
        "png" | "gif" | "bmp" | "webp" | "tiff" => Some(format!("image/{one}")),
        "pgp" => Some("application/pgp-keys".to_owned()),
        "x509" => Some("application/pkix-cert".to_owned()),
        "wave" | "wav" => Some("audio/wav".to_owned()),
        "basic" | "pcm" => Some("audio/basic".to_owned()),
        _ => one.contains('/').then_some(one),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Card;
    use super::*;

    #[test]
    fn one_picture_in_every_spelling_is_the_same_bytes() {
        let bytes = |media: &str| Binary::Bytes(b"hello".to_vec(), Some(media.to_owned()));
        let cases = [
            ("PHOTO;ENCODING=b;TYPE=JPEG:aGVsbG8=", bytes("image/jpeg")),
            ("PHOTO;ENCODING=b;TYPE=jpg:aGV\n sbG\n 8", bytes("image/jpeg")),
            ("PHOTO;ENCODING=BASE64;PNG:\n  aGVsbG8=\n\nX:1", bytes("image/png")),
            ("PHOTO;BASE64;TYPE=image/png:aGVs\nbG8=", bytes("image/png")),
            ("PHOTO:data:image/png;base64,aGVsbG8=", bytes("image/png")),
            ("PHOTO;VALUE=URI:data:image/png\\;base64\\,aGVs\n bG8=", bytes("image/png")),
            ("PHOTO;VALUE=uri:https://a/b", Binary::Text("https://a/b".to_owned())),
            ("PHOTO;ENCODING=b:https://a/b", Binary::Text("https://a/b".to_owned())),
            ("PHOTO:data:image/png", Binary::Text("data:image/png".to_owned())),
        ];
        for (line, expected) in cases {
            let card = Card::parse(format!("BEGIN:VCARD\n{line}\nEND:VCARD\n"));
            assert_eq!(card.properties().next().map(|p| read(&p)), Some(expected), "{line}");
        }
    }
}
