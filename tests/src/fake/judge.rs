//! Whether a card is taken, and what is said when it is not.

use super::book::Book;
use super::card::{is_named, lines, split_value, uid, value};
use super::knobs::{
    BadVcard, ContentTypeRule, Demand, EmptyValue, Knobs, UidConflict, UidOnPut, VersionAccept,
};
use super::place::Hrefs;
use super::reply::{Reply, and_header, bare, condition, error, html, json, text};
use super::rewrite::{added, full_name};
use super::xml::Ns;

/// A card that is taken: its bytes after repairs.
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    /// Whether the server had to add a property.
    pub(super) repaired: bool,
}

/// What is made of a card that was sent.
pub(super) enum Verdict {
    Taken(Taken),
    Refused(Reply),
}

/// Checks the Content-Type, the size and the text of what was sent.
pub(super) fn judge(
    knobs: &Knobs,
    content_type: Option<&str>,
    bytes: Vec<u8>,
    new_uid: &str,
) -> Verdict {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let taken = match knobs.content_type {
        ContentTypeRule::Any => true,
        ContentTypeRule::Vcard => kind.eq_ignore_ascii_case("text/vcard"),
        ContentTypeRule::VcardLike => ["text/vcard", "text/x-vcard", "text/directory"]
            .iter()
            .any(|known| kind.eq_ignore_ascii_case(known)),
    };
    if !taken {
        return Verdict::Refused(condition(knobs, 403, (Ns::Card, "supported-address-data"), None));
    }
    if let Some(size) = knobs.max_size.filter(|size| bytes.len() > size.bytes) {
        return Verdict::Refused(match size.status {
            403 | 412 => condition(knobs, size.status, (Ns::Card, "max-resource-size"), None),
            413 => html(413),
            other => bare(other),
        });
    }
    text_of(knobs, bytes, new_uid)
}

/// The refusal of a UID that another card has, or that is not the one this card had.
pub(super) fn uid_conflict(
    knobs: &Knobs,
    (book, hrefs): (&Book, &Hrefs),
    at: (&str, &str),
    bytes: &[u8],
) -> Option<Reply> {
    let (book_name, name) = at;
    if knobs.uid_conflict == UidConflict::Allowed || knobs.uid_replace == UidOnPut::Replaced {
        return None;
    }
    let new = uid(bytes)?;
    let old = book.cards.get(name).and_then(|card| uid(&card.bytes));
    let changed = old.is_some_and(|old| old != new);
    let other = book.other_with_uid(&new, name);
    if !changed && other.is_none() {
        return None;
    }
    let href = hrefs.card(book_name, other.map_or(name, |other| other));
    let what = (Ns::Card, "no-uid-conflict");
    Some(match knobs.uid_conflict {
        UidConflict::Allowed => return None,
        UidConflict::BadRequest => error(
            knobs,
            400,
            "VCard object with uid already exists in this addressbook collection.",
        ),
        UidConflict::Conflict => condition(knobs, 409, what, None),
        UidConflict::Forbidden => condition(knobs, 403, what, Some(&href)),
        UidConflict::PreconditionFailed => condition(knobs, 412, what, Some(&href)),
    })
}

fn text_of(knobs: &Knobs, bytes: Vec<u8>, new_uid: &str) -> Verdict {
    if knobs.bad_vcard == BadVcard::Stored {
        return Verdict::Taken(Taken { bytes, repaired: false });
    }
    let card = lines(&bytes);
    let is = |line: Option<&String>, text: &str| line.is_some_and(|l| l.eq_ignore_ascii_case(text));
    let count = card.iter().filter(|line| is_named(line, "BEGIN")).count();
    let whole = is(card.first(), "BEGIN:VCARD") && is(card.last(), "END:VCARD") && count == 1;
    let well_formed = card.iter().all(|line| line.contains(':'));
    let version = value(&card, "VERSION").unwrap_or_default().trim();
    let version_taken = match knobs.version_accept {
        VersionAccept::Both | VersionAccept::ServedAsThree => matches!(version, "3.0" | "4.0"),
        VersionAccept::ThreeOnly => version == "3.0",
        VersionAccept::Unadvertised => true,
    };
    if !whole || !well_formed || !version_taken || std::str::from_utf8(&bytes).is_err() {
        return Verdict::Refused(bad(knobs, "the body is no vCard that this server takes"));
    }
    let is_empty = |line: &&String| split_value(line).1.is_empty();
    if knobs.empty_value == EmptyValue::Fails && card.iter().any(|line| is_empty(&line)) {
        return Verdict::Refused(html(500));
    }
    let four = version == "4.0";
    let n = if four { Demand::Optional } else { knobs.demands.n };
    let mut taken = Taken { bytes, repaired: false };
    for (property, demand, repair) in [
        ("UID", knobs.demands.uid, format!("UID:{new_uid}")),
        ("FN", knobs.demands.fn_, format!("FN:{}", full_name(&card).unwrap_or("?".to_owned()))),
        ("N", n, "N:;;;;".to_owned()),
    ] {
        let there = value(&card, property).is_some_and(|value| !value.trim().is_empty());
        match demand {
            _ if there => {}
            Demand::Optional => {}
            Demand::Required => {
                return Verdict::Refused(bad(
                    knobs,
                    &format!("Missing mandatory {property} property"),
                ));
            }
            Demand::Added => {
                taken = Taken { bytes: added(&taken.bytes, repair), repaired: true };
            }
        }
    }
    Verdict::Taken(taken)
}

fn bad(knobs: &Knobs, words: &str) -> Reply {
    let what = (Ns::Card, "valid-address-data");
    match knobs.bad_vcard {
        BadVcard::Forbidden => condition(knobs, 403, what, None),
        BadVcard::ParseError => text(403, "VCARD parse error"),
        BadVcard::BadRequest | BadVcard::Stored => text(400, words),
        BadVcard::BadRequestJson => json(400, "Request contains an invalid argument."),
        BadVcard::PreconditionFailed => condition(knobs, 412, what, None),
        BadVcard::Unsupported => {
            and_header(error(knobs, 415, words), "x-sabre-ew-gross", "not supported")
        }
    }
}
