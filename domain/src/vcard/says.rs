//! What a property says, in a form that is the same however a server wrote it.

use super::binary::{self, Binary};
use super::facts::COMPONENT;
use super::known::Known;
use super::person::{number, strip_scheme};
use super::property::Property;
use super::scan::Coding;
use super::{Version, date, text};
use crate::contact::Uid;

/// Appends what a property says; nothing when it is empty.
pub(super) fn value(property: &Property<'_>, out: &mut Vec<u8>) {
    let decoded = match property.known() {
        known if is_binary(known) => return picture(property, out),
        Known::Agent if property.coding() == Coding::Nested => {
            return out.extend_from_slice(property.raw().trim_ascii());
        }
        Known::N | Known::Adr | Known::Org | Known::Gender => return components(property, out),
        Known::Bday | Known::Anniversary | Known::AbDate => return day(property, out),
        _ => property.decoded(),
    };
    let plain = text::unescape(&decoded, property.version());
    let plain = plain.trim_ascii();
    match property.known() {
        Known::Uid | Known::Member => {
            out.extend_from_slice(Uid(plain.to_owned()).key().0.as_bytes());
        }
        Known::Tel if plain.as_bytes().contains(&b':') => {
            out.extend_from_slice(number(plain).as_bytes());
        }
        // 3.0 has `37.4;-122.1`, 4.0 has `geo:37.4,-122.1`.
        Known::Geo => {
            let place = strip_scheme(plain, "geo:").unwrap_or(plain);
            out.extend_from_slice(place.replace(';', ",").as_bytes());
        }
        _ => out.extend_from_slice(plain.as_bytes()),
    }
}

/// Whether a picture is not in the card, but somewhere else.
pub(crate) fn is_link(property: &Property<'_>) -> bool {
    matches!(binary::read(property), Binary::Text(_))
}

/// The items of a list, each as it is read and as it is spelled.
pub(crate) fn list_items(decoded: &str, version: Version) -> impl Iterator<Item = (String, &str)> {
    text::split(decoded, b',', version)
        .map(move |raw| (text::trimmed(text::unescape(raw, version)), raw))
}

/// What a property says, for a person: components with commas between them, a picture by its size.
pub(crate) fn shown(property: &Property<'_>) -> String {
    let known = property.known();
    if is_binary(known) {
        return match binary::read(property) {
            Binary::Bytes(bytes, _) => format!("{} bytes", bytes.len()),
            Binary::Text(text) => text,
        };
    }
    match known {
        Known::N | Known::Adr | Known::Org | Known::Gender => {
            let parts = property.components();
            let parts = parts.iter().map(|part| part.trim_ascii());
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
        }
        Known::Bday | Known::Anniversary | Known::AbDate => {
            let mut out = Vec::new();
            day(property, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
        Known::Tel => number(&property.text()),
        _ => property.trimmed(),
    }
}

/// Components without the empty ones at the end, which servers add (Radicale) and drop (SOGo).
fn components(property: &Property<'_>, out: &mut Vec<u8>) {
    let decoded = property.decoded();
    let version = property.version();
    let from = out.len();
    let mut filled = from;
    for part in text::split(&decoded, b';', version) {
        let before = out.len();
        // `Anna,Beth` comes back as `Anna\,Beth` (Cyrus, DAViCal, sabre): both read the same here.
        out.extend_from_slice(text::unescape(part, version).trim_ascii().as_bytes());
        if out.len() > before {
            filled = out.len();
        }
        out.push(COMPONENT);
    }
    out.truncate(filled);
}

fn day(property: &Property<'_>, out: &mut Vec<u8>) {
    let decoded = property.decoded();
    match date::of(property) {
        Some(date) => {
            out.extend_from_slice(date.iso().as_bytes());
            if let Some(time) = date::time(&decoded) {
                out.push(b'T');
                out.extend_from_slice(time.as_bytes());
            }
        }
        None => {
            let text = text::unescape(&decoded, property.version());
            out.extend_from_slice(text.trim_ascii().as_bytes());
        }
    }
}

fn picture(property: &Property<'_>, out: &mut Vec<u8>) {
    match binary::read(property) {
        Binary::Text(text) => out.extend_from_slice(text.as_bytes()),
        Binary::Bytes(bytes, _) if bytes.is_empty() => {}
        Binary::Bytes(bytes, _) => {
            // The length and a hash stand for the bytes: a picture is no place for a needle.
            out.extend(bytes.len().to_be_bytes());
            out.extend(digest(&bytes).to_be_bytes());
        }
    }
}

/// 128 bits of a picture: two runs of std's hash with fixed keys, so that it is the same always.
fn digest(bytes: &[u8]) -> u128 {
    use std::hash::{DefaultHasher, Hasher};
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(bytes);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Whether the value is a picture, a sound or a key.
pub(crate) fn is_binary(known: Known) -> bool {
    matches!(known, Known::Photo | Known::Logo | Known::Sound | Known::Key)
}
