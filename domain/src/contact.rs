//! Who a contact is to us: identifiers, times, and the typed view derived from its vCard.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Our own name of a contact, a UUID that never changes; not the vCard's UID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactId(Uuid);

impl ContactId {
    /// Makes a version 4 id from 16 random bytes that the caller drew.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// The 16 bytes, as they are stored.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id with these stored bytes, or `None` when there are not 16 of them.
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self)
    }
}

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ContactId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self)
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z. Handed in by the caller, never read here.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// The UID property of a vCard, spelled as found.
///
/// It is never changed on a server (Q100). Two spellings of one UID are compared by [`Uid::key`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(pub String);

impl Uid {
    /// The form to match by: without `urn:uuid:` and without case; Apple writes both (RFC 6350 6.7.6 makes it a URI).
    pub fn key(&self) -> UidKey {
        let text = self.0.trim();
        let bare = match text.get(..9) {
            Some(prefix) if prefix.eq_ignore_ascii_case("urn:uuid:") => text.get(9..).unwrap_or(""),
            _ => text,
        };
        UidKey(bare.to_lowercase())
    }
}

/// A UID made comparable; see [`Uid::key`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UidKey(pub String);

/// What a card stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person (also `KIND:individual` and cards that say nothing).
    #[default]
    Person,
    /// A list of contacts: `KIND:group` or `X-ADDRESSBOOKSERVER-KIND:group`.
    Group,
    /// A company: `KIND:org` or `X-ABShowAs:COMPANY`.
    Organisation,
    /// `KIND:location`.
    Location,
}

/// A value with its label: an e-mail address, a phone number, a web page, a messenger account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Labelled {
    /// What people call it: `home`, `work`, `cell`, or an own label such as `School`; `None` if it
    /// has none. Noise such as `internet`, `voice` and `pref` is not a label.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    /// The value, decoded.
    pub value: String,
    /// Whether the card marks it as preferred.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub preferred: bool,
}

impl Labelled {
    /// The value to show when there is room for one: the first that is preferred, else the first.
    pub fn first(values: &[Self]) -> Option<&str> {
        let preferred = values.iter().find(|value| value.preferred).or_else(|| values.first());
        preferred.map(|value| value.value.as_str())
    }
}

/// A postal address by its components (RFC 6350 6.3.1); absent ones are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Address {
    /// As in [`Labelled::label`].
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    /// Post office box.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub po_box: String,
    /// Apartment or suite.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub extended: String,
    /// Street and number; may hold line breaks.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub street: String,
    /// Town.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub locality: String,
    /// State or province.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub region: String,
    /// Postal code.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub postal_code: String,
    /// Country.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub country: String,
}

/// The components of N; lists in a component are joined with a space.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Name {
    /// Family names.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub family: String,
    /// Given names.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub given: String,
    /// Additional names.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub middle: String,
    /// Honorific prefixes.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub prefix: String,
    /// Honorific suffixes.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub suffix: String,
}

/// The typed view of a card: what is listed, searched and shown. Derived, never the record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    /// What to call the contact: FN, else built from N, ORG, EMAIL or TEL; never empty
    /// (`(no name)` when the card has nothing at all).
    pub name: String,
    /// What the card stands for.
    pub kind: Kind,
    /// N by component; `None` if the card has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub names: Option<Name>,
    /// NICKNAME, one item each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub nicknames: Vec<String>,
    /// EMAIL.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub emails: Vec<Labelled>,
    /// TEL; a `tel:` URI is shown as the number.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub phones: Vec<Labelled>,
    /// ADR.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub addresses: Vec<Address>,
    /// ORG: the organisation and then its units.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub organisation: Vec<String>,
    /// TITLE.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// BDAY as ISO 8601 (`1980-01-15`, `1980-01`, `--08-20` when the year is unknown), or the raw
    /// text when it is not a date.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub birthday: Option<String>,
    /// ANNIVERSARY or one of its older forms, written as [`Person::birthday`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anniversary: Option<String>,
    /// CATEGORIES, one item each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub categories: Vec<String>,
    /// NOTE; several are joined by a blank line for showing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// URL.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub urls: Vec<Labelled>,
    /// IMPP and the older X- messenger properties.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub messengers: Vec<Labelled>,
    /// RELATED and X-ABRELATEDNAMES; the label says how.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub related: Vec<Labelled>,
    /// UIDs (or URIs) of the members of a group card.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub members: Vec<String>,
    /// Whether the card carries a picture or a link to one.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub photo: bool,
}

/// What the store keeps beside a card so that it can be found: rebuilt whenever the card changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// The card's UID, if it has one.
    pub uid: Option<Uid>,
    /// The typed view.
    pub person: Person,
    /// The name folded for sorting (family name first where N has one).
    pub sort_key: String,
    /// Every text of the card that a search should find, folded by [`fold`], separated by `\n`.
    pub search: String,
}

/// Folds text for searching and sorting: no case, no accents, no width variants.
///
/// `Müller`, `MULLER` and `muller` fold to the same text. It must be applied to the query too.
pub fn fold(text: &str) -> String {
    use unicode_normalization::char::{decompose_compatible, is_combining_mark};
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
            continue;
        }
        // Character by character is NFKD without its sorting of combining marks, and those go.
        decompose_compatible(c, |part| {
            if !is_combining_mark(part) {
                folded.extend(part.to_lowercase());
            }
        });
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_compared_without_prefix_and_case() {
        let cases = [
            ("urn:uuid:ABC-1", "abc-1"),
            ("URN:UUID:abc-1", "abc-1"),
            ("ABC-1", "abc-1"),
            ("urn:uuid:", ""),
            ("ünï", "ünï"),
        ];
        for (written, key) in cases {
            assert_eq!(Uid(written.to_owned()).key().0, key, "{written}");
        }
    }

    #[test]
    fn folding_drops_case_and_accents() {
        for (text, folded) in
            [("Müller", "muller"), ("ÅSA", "asa"), ("Ada", "ada"), ("Łódź", "łodz")]
        {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn folding_is_compatibility_decomposition_without_marks_and_case() {
        use unicode_normalization::UnicodeNormalization;
        use unicode_normalization::char::is_combining_mark;
        let folded = |text: &str| -> String {
            text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
        };
        for c in '\0'..'\u{20000}' {
            // A mark before and two after it that are out of their order.
            let text = format!("A\u{301}{c}\u{301}\u{323}b");
            assert_eq!(fold(&text), folded(&text), "{c:?}");
        }
    }
}
