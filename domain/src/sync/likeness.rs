//! Whether two cards may be one person although nothing proves it: by name and e-mail or phone.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::contact::{Labelled, Person, fold};
use crate::vcard::{Card, person};

/// Digits at the end of a phone number that are compared: numbers are written with and without the
/// country.
const DIGITS: usize = 9;
/// Fewer digits are an extension, which many people share.
const FEWEST: usize = 6;

/// What a card shares with another that may be the same person: its name, as FN or as N has it (Google makes
/// the one of the other, Q90), with each of its e-mail addresses and phone numbers. One in common makes
/// two cards alike. Sorted, each once.
pub fn likeness(card: &Card) -> Vec<String> {
    let Person { name, names, emails, phones, .. } = person(card);
    let parts = names.map(|n| [n.given, n.middle, n.family].into_iter());
    let parts = parts.map(|parts| parts.filter(|part| !part.is_empty()).collect::<Vec<_>>());
    let parts = parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(" "));
    let names = [Some(name), parts].map(|name| name.map(|name| fold(&name)));
    let mails = emails.iter().map(|Labelled { value, .. }| Some(fold(value.trim())));
    let numbers = phones.iter().map(|Labelled { value, .. }| number(value));
    let both = |value: String| {
        names.iter().flatten().map(move |name| format!("{name}\n{value}")).collect::<Vec<_>>()
    };
    let mut keys: Vec<String> = mails.chain(numbers).flatten().flat_map(both).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether a card that stands where another one stood is somebody else: it has another UID and another name,
/// and neither an address nor a number of the other's. A server that was filled anew gives old names to new
/// cards; the UID alone proves nothing, since some servers change it (Q89).
pub fn is_another(known: &Card, card: &Card) -> bool {
    let uid = |card: &Card| card.uid().map(|uid| uid.key());
    let (Some(before), Some(now)) = (uid(known), uid(card)) else { return false };
    if before == now || fold(&known.name()) == fold(&card.name()) {
        return false;
    }
    let reached = |card: &Card| {
        let Person { emails, phones, .. } = person(card);
        let mails = emails.into_iter().map(|one| fold(one.value.trim()));
        let numbers = phones.into_iter().filter_map(|one| number(&one.value));
        mails.chain(numbers).collect::<BTreeSet<String>>()
    };
    reached(known).is_disjoint(&reached(card))
}

/// Whether two cards have one in common, given what [`likeness`] says of each.
pub fn are_alike(one: &[String], other: &[String]) -> bool {
    let (mut ours, mut theirs) = (one.iter().peekable(), other.iter().peekable());
    while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
        match a.cmp(b) {
            Ordering::Less => drop(ours.next()),
            Ordering::Greater => drop(theirs.next()),
            Ordering::Equal => return true,
        }
    }
    false
}

fn number(value: &str) -> Option<String> {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let from = digits.len().saturating_sub(DIGITS);
    (digits.len() >= FEWEST).then(|| digits.get(from..).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_else_shares_neither_uid_nor_name_nor_address() {
        let card = |lines: &str| {
            let lines = lines.replace('|', "\r\n");
            Card::parse(format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD\r\n"))
        };
        let known = card("UID:1|FN:Ada|EMAIL:ada@example.org|TEL:+44 20 7123 4567");
        let cases = [
            ("UID:2|FN:Bob", true),
            ("UID:2|FN:Bob|EMAIL:bob@example.org", true),
            ("UID:urn:uuid:1|FN:Bob", false),
            ("FN:Bob", false),
            ("UID:2|FN:ADA", false),
            ("UID:2|FN:Ada Byron|EMAIL:Ada@example.org", false),
            ("UID:2|FN:Countess|TEL:020 7123 4567", false),
        ];
        for (lines, expected) in cases {
            assert_eq!(is_another(&known, &card(lines)), expected, "{lines}");
        }
    }

    #[test]
    fn a_name_and_one_address_in_common_make_two_cards_alike() {
        let card = |lines: &str| {
            let lines = lines.replace('|', "\r\n");
            Card::parse(format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD\r\n"))
        };
        let cases = [
            ("FN:Zoë|EMAIL:z@example.org", "FN:ZOE|EMAIL;TYPE=work:Z@Example.org", true),
            ("FN:Ada|TEL:+36 30 123 4567", "FN:Ada|TEL:06-30-123-4567", true),
            ("FN:Ada|TEL:12|EMAIL:a@b", "FN:Ada|TEL:12|EMAIL:c@d", false),
            ("FN:Ada|EMAIL:a@b", "FN:Bob|EMAIL:a@b", false),
            ("FN:Ada", "FN:Ada", false),
            ("FN:Bob|N:Ray;Bobby;;;|EMAIL:a@b", "FN:Bobby Ray|EMAIL:a@b", true),
            ("FN:Ada|ORG:Acme|TEL:0361234", "FN:Bob|ORG:Acme|TEL:0361234", false),
        ];
        for (one, other, alike) in cases {
            let (a, b) = (likeness(&card(one)), likeness(&card(other)));
            assert_eq!(are_alike(&a, &b), alike, "{one} {other}");
            assert_eq!(are_alike(&b, &a), alike, "{other} {one}");
        }
    }

    #[test]
    fn cards_with_addresses_without_number_are_compared_in_one_pass() {
        let keys = |odd: usize| -> Vec<String> {
            (0..200_000).map(|at| format!("ada\n{:09}", at * 2 + odd)).collect()
        };
        assert!(!are_alike(&keys(0), &keys(1)));
        assert!(are_alike(&keys(0), &[keys(0).pop().unwrap()]));
    }
}
