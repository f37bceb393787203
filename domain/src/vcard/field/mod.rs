//! The fields of a card that a person edits, and edits in their terms.
//!
//! [`fields`] says what the card says; [`apply`] changes one of it with the edits of [`Card`], so that
//! every other line stays byte for byte. Neither a line number nor a property name leaves this
//! module: an edit names what was said, and it is looked up again for each edit.

mod apply;
mod follow;
mod read;

pub use apply::{Edit, Unfit, apply};
pub use follow::{Followed, derived_name, follow_name};
pub use read::{fields, hidden};

use super::Card;

/// A field that a person edits, in the order in which fields are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// FN.
    Name,
    /// A component of N.
    Prefix,
    /// A component of N.
    Given,
    /// A component of N.
    Middle,
    /// A component of N.
    Family,
    /// A component of N.
    Suffix,
    /// An item of NICKNAME.
    Nickname,
    /// The first component of ORG.
    Organisation,
    /// One of the other components of ORG.
    Department,
    /// TITLE.
    Title,
    /// TEL.
    Phone,
    /// EMAIL.
    Email,
    /// ADR.
    Address,
    /// URL.
    Url,
    /// BDAY.
    Birthday,
    /// ANNIVERSARY and what it was before vCard 4.0.
    Anniversary,
    /// An item of CATEGORIES.
    Category,
    /// MEMBER of a group, a UID or URI.
    Member,
    /// NOTE.
    Note,
}

impl Field {
    /// Every field, in order.
    pub const ALL: [Self; 19] = [
        Self::Name,
        Self::Prefix,
        Self::Given,
        Self::Middle,
        Self::Family,
        Self::Suffix,
        Self::Nickname,
        Self::Organisation,
        Self::Department,
        Self::Title,
        Self::Phone,
        Self::Email,
        Self::Address,
        Self::Url,
        Self::Birthday,
        Self::Anniversary,
        Self::Category,
        Self::Member,
        Self::Note,
    ];

    /// What it is called: `phone`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Prefix => "prefix",
            Self::Given => "given",
            Self::Middle => "middle",
            Self::Family => "family",
            Self::Suffix => "suffix",
            Self::Nickname => "nickname",
            Self::Organisation => "organisation",
            Self::Department => "department",
            Self::Title => "title",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Address => "address",
            Self::Url => "url",
            Self::Birthday => "birthday",
            Self::Anniversary => "anniversary",
            Self::Category => "category",
            Self::Member => "member",
            Self::Note => "note",
        }
    }

    /// The field of this name, in any case: its word, what else people call it, or the name that its
    /// property has in vCards.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if let Some(field) = Self::ALL.into_iter().find(|field| field.word() == name) {
            return Some(field);
        }
        Some(match name.as_str() {
            "fn" => Self::Name,
            "org" | "organization" | "company" => Self::Organisation,
            "tel" | "telephone" => Self::Phone,
            "e-mail" | "mail" => Self::Email,
            "adr" => Self::Address,
            "web" | "website" => Self::Url,
            "bday" => Self::Birthday,
            "categories" => Self::Category,
            _ => return None,
        })
    }

    /// Whether a value of it can have a label: `phone work`.
    pub fn has_label(self) -> bool {
        matches!(self, Self::Phone | Self::Email | Self::Address | Self::Url)
    }

    /// Whether a card has it once at most.
    pub fn is_single(self) -> bool {
        use Field::{Anniversary, Birthday, Name, Organisation, Title};
        self.part_of_name().is_some()
            || matches!(self, Name | Organisation | Title | Birthday | Anniversary)
    }

    /// Which component of N it is, from 0.
    fn part_of_name(self) -> Option<usize> {
        Some(match self {
            Self::Family => 0,
            Self::Given => 1,
            Self::Middle => 2,
            Self::Prefix => 3,
            Self::Suffix => 4,
            _ => return None,
        })
    }
}

/// What a card says in one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The field.
    pub field: Field,
    /// What the value is called, as in [`crate::contact::Labelled::label`].
    pub label: Option<String>,
    /// The value.
    pub content: Content,
}

impl Said {
    /// A text without a label.
    pub fn text(field: Field, text: impl Into<String>) -> Self {
        Self { field, label: None, content: Content::Text(text.into()) }
    }
}

/// A value as a person reads and writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text; a date as ISO 8601 writes it.
    Text(String),
    /// The components of ADR in its order: post office box, extended address, street, town, region,
    /// postal code, country.
    Address([String; ADDRESS_PARTS]),
}

/// How many components an ADR has.
pub const ADDRESS_PARTS: usize = 7;

/// A card with nothing in it but its version (3.0, which every server takes), its UID, and the
/// properties that servers refuse a card without (Q102), still empty.
pub fn blank(uid: &str) -> Card {
    Card::parse(format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nN:;;;;\r\nFN:\r\nEND:VCARD\r\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_word_and_by_what_else_it_is_called() {
        for field in Field::ALL {
            assert_eq!(Field::named(field.word()), Some(field));
        }
        let cases = [
            ("TEL", Some(Field::Phone)),
            ("E-Mail", Some(Field::Email)),
            ("fn", Some(Field::Name)),
            ("X-FOO", None),
            ("", None),
        ];
        for (name, field) in cases {
            assert_eq!(Field::named(name), field, "{name}");
        }
    }
}
