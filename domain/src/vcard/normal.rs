//! The normal form of a card.

use super::Card;
use super::facts::facts;

/// A card made comparable: equal when no user would call them different. See [`normal`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Normal(Vec<u8>);

/// The normal form: what two cards share when no user would call them different.
///
/// Left out: VERSION, REV, PRODID, empty properties, empty components at the end, blank lines, the
/// layout (folds, line ends, order of lines and parameters, quoted-printable, charset), and what
/// stands around the card.
///
/// Evened out, since servers change it on the way:
///
/// | what | who does it |
/// |---|---|
/// | case of groups, names, parameters, types, KIND | DAViCal, SOGo, Radicale, Stalwart |
/// | TYPE as a set in any spelling; INTERNET on EMAIL, VOICE on TEL | all |
/// | numbers of groups: an X-ABLabel counts with its property | every client |
/// | `\,` `\;` `\:` in texts and components, `Anna,Beth` | Cyrus, DAViCal, sabre |
/// | pictures by their decoded bytes, escaped commas in `data:` | all |
/// | `PREF=1` and `TYPE=pref` | version 3.0 against 4.0 |
/// | dates by what they say: `--0820` and 1604 with X-APPLE-OMIT-YEAR | sabre |
/// | ANNIVERSARY and its X- forms, KIND and MEMBER and theirs | sabre |
/// | UID and MEMBER with and without `urn:uuid:` | Cyrus |
/// | the same line twice | RustiCal's and others' merges |
///
/// The version counts only as far as it decides how a value is read, so a card and its conversion
/// to the other version by a server are the same as far as nothing was lost.
pub fn normal(card: &Card) -> Normal {
    let facts = facts(card);
    let mut lines: Vec<&[u8]> = facts.iter().map(|fact| fact.normal).collect();
    lines.sort_unstable();
    lines.dedup();
    let mut normal = Vec::with_capacity(facts.len() + lines.len() * size_of::<usize>());
    for line in lines {
        // The length comes first, so that no two lists of facts read as one.
        normal.extend_from_slice(&line.len().to_be_bytes());
        normal.extend_from_slice(line);
    }
    Normal(normal)
}
