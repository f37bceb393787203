//! What a property says, in a form that is the same however a server wrote it.

use super::binary::{self, Binary};
use super::facts::COMPONENT;
use super::known::Known;
use super::person::{number, strip_scheme};
use super::property::Property;
use super::scan::Coding;
use super::{date, text};
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
pub(super) fn is_binary(known: Known) -> bool {
    matches!(known, Known::Photo | Known::Logo | Known::Sound | Known::Key)
}
