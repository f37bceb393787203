//! Two edited cards become one, property by property, from the card both last agreed on.
//!
//! An edit on one side goes through; the same edit on both is one edit; an edit beats a removal.
//! Only where both sides edited one thing differently does somebody have to decide: such a thing is
//! contested, and goes by [`Prefer`]. What does not stand is told ([`Contested`]), never dropped.
//!
//! | what | how it is merged |
//! |---|---|
//! | phone, e-mail, web page, ... | found again by PID, else value, else label and types; value and label merge apart |
//! | types and other parameters, X-ABLabel, X-ABADR | types as a set, each of the others by itself |
//! | CATEGORIES, NICKNAME, MEMBER | sets of items, on whatever lines they stand |
//! | N, GENDER | by component |
//! | ADR, ORG | by component; as a whole where one component was edited on both sides |
//! | pictures | by their bytes, with their parameters |
//! | UID | the server's, spelled as there (Q100); else ours |
//! | VERSION, REV, PRODID | those of the text the result is built on |
//! | anything else, lines without a colon included | found again by parameters, else as the only one of its name |

mod contest;
mod edits;
#[cfg(test)]
mod many;
mod pair;
mod rule;
#[cfg(test)]
#[rustfmt::skip]
mod table;
mod three;
mod value;

use std::borrow::Cow;

pub use contest::{Contested, Stands};

use self::rule::{Gone, Rule, Target, Text, Three};
use self::three::three_way;
use super::policy::ConflictPolicy;
use crate::contact::Uid;
use crate::vcard::{
    Card, FieldChange, How, Known, NewProperty, Reading, Value, Version, apart, convert, diff,
    diffs, same,
};

/// Whose value stands where both sides edited one thing differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prefer {
    /// The server's.
    Remote,
    /// Ours.
    Local,
    /// Both, side by side, as two properties. Of what a card can have only once the server's
    /// stands and ours goes where a person finds it and every server keeps it: a name becomes a
    /// nickname, a note a paragraph of the other note, anything else a line of the note such as
    /// `also birthday: 1980-01-16`.
    Both,
}

impl From<ConflictPolicy> for Prefer {
    fn from(policy: ConflictPolicy) -> Self {
        match policy {
            ConflictPolicy::Server | ConflictPolicy::Ask => Self::Remote,
            ConflictPolicy::Local => Self::Local,
            ConflictPolicy::Both => Self::Both,
        }
    }
}

/// Two cards as one. See [`merge`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The card; lines that neither the merge nor its rules had to touch are byte for byte those of
    /// the text it was built on.
    pub card: Card,
    /// What both sides edited differently, in the order of the other card. Empty: nobody has to
    /// decide anything.
    pub contested: Vec<Contested>,
}

/// What becomes of the card here after a look at the server's. See [`absorb`] and [`follow`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absorbed {
    /// The card here; `None` when it says already all that it should.
    pub card: Option<Card>,
    /// What it has and the server does not, in a person's words.
    pub not_kept: Vec<FieldChange>,
}

/// Merges the edits of both sides since `base`, the card they last agreed on.
///
/// Without a base nothing is dropped: the result has what either has, equal things once. Two notes
/// become one with both texts. What a card can have only once (FN, BDAY, KIND, ...) is contested
/// where it differs.
///
/// It is built on the text of the server where both are of one version, which is the least change
/// for the server. Otherwise it is built on ours, which may say more than the server's version can;
/// a vCard 2.1 of ours, which few servers take, is converted first.
pub fn merge(base: Option<&Card>, local: &Card, remote: &Card, prefer: Prefer) -> Merged {
    Compared::of(base, local, remote).merge(prefer)
}

/// Takes over what the server made of a card that was uploaded: `served` is what it gives back for
/// `sent`, and `local` the card here, which may have been edited since.
///
/// What the server changed or added is taken over. What it dropped was deleted by nobody and stays
/// here: whole properties, types, labels and components, the end of a text it cut off, and the
/// bytes of a picture in whose place it put a link. An edit made here since the upload stands.
///
/// For a card the server has of its own accord, see [`follow`].
pub fn absorb(sent: &Card, local: &Card, served: &Card) -> Absorbed {
    let rule = Rule { prefer: Prefer::Local, target: Target::Local, gone: Gone::Dropped };
    let card = taken_over(sent, local, served, rule);
    // What was edited since is not what the server did not keep.
    let whole = if sent == local { card.clone() } else { taken_over(sent, sent, served, rule) };
    let not_kept = lacking(served, whole.as_ref().unwrap_or(sent));
    Absorbed { card, not_kept }
}

/// Takes over what was edited on the server since it served `base`, in a card that has more here
/// than the server keeps: what it had and has no more was deleted there, what it never had stays.
/// Where both were edited the server's value stands.
///
/// For what a server makes of an upload, see [`absorb`].
pub fn follow(base: &Card, local: &Card, remote: &Card) -> Absorbed {
    let rule = Rule { prefer: Prefer::Remote, target: Target::Local, gone: Gone::Deleted };
    let card = taken_over(base, local, remote, rule);
    let not_kept = lacking(remote, card.as_ref().unwrap_or(local));
    Absorbed { card, not_kept }
}

/// The card here and the one on the server beside the one they last agreed on, read once whatever is
/// asked of them.
pub struct Compared<'a> {
    base: Base<'a>,
    local: Reading<'a>,
    remote: Reading<'a>,
}

enum Base<'a> {
    /// They never agreed.
    Missing,
    /// The text here.
    Local,
    /// The text on the server.
    Remote,
    Other(Reading<'a>),
}

impl<'a> Compared<'a> {
    /// Reads them as far as they differ.
    pub fn of(base: Option<&'a Card>, local: &'a Card, remote: &'a Card) -> Self {
        let (base, [local, remote]) = match base {
            None => (Base::Missing, apart([local, remote])),
            Some(base) if base == local => (Base::Local, apart([local, remote])),
            Some(base) if base == remote => (Base::Remote, apart([local, remote])),
            Some(base) => {
                let [base, local, remote] = apart([base, local, remote]);
                (Base::Other(base), [local, remote])
            }
        };
        Self { base, local, remote }
    }

    /// Whether the card here says what they last agreed on.
    pub fn is_local_as_agreed(&self) -> bool {
        self.base().is_some_and(|base| base.says_as(&self.local))
    }

    /// Whether the server's card does.
    pub fn is_remote_as_agreed(&self) -> bool {
        self.base().is_some_and(|base| base.says_as(&self.remote))
    }

    /// Whether the card here and the server's say the same.
    pub fn is_agreed(&self) -> bool {
        self.local.says_as(&self.remote)
    }

    /// Merges the edits of both sides: see [`merge`].
    pub fn merge(&self, prefer: Prefer) -> Merged {
        let (local, remote) = (self.local.card, self.remote.card);
        let agreed = |card| Merged { card, contested: Vec::new() };
        match self.base {
            Base::Local => return agreed(remote.clone()),
            _ if local == remote => return agreed(remote.clone()),
            Base::Remote => return agreed(with_uid_of(local.clone(), remote)),
            Base::Missing | Base::Other(_) => {}
        }
        let level = self.level();
        let level = level.as_ref().map(Level::compared);
        let level = level.as_ref().unwrap_or(self);
        let one_version = local.version() == remote.version();
        let target = if one_version { Target::Remote } else { Target::Local };
        let outcome = three_way(level.three(target), Rule { prefer, target, gone: Gone::Deleted });
        let card = match (outcome.text, target) {
            (Text::Here, Target::Remote) | (Text::There, _) => remote.clone(),
            (Text::Here, Target::Local) => level.local.card.clone(),
            (Text::New(card), _) => card,
        };
        let uid = remote.uid().or_else(|| local.uid());
        Merged { card: with_uid(card, uid), contested: outcome.contested }
    }

    /// What changes here, and what on the server, when both become this card.
    pub fn changes_to(&self, card: &Card) -> [Vec<FieldChange>; 2] {
        diffs([&self.local, &self.remote], card)
    }

    fn base(&self) -> Option<&Reading<'a>> {
        match &self.base {
            Base::Missing => None,
            Base::Local => Some(&self.local),
            Base::Remote => Some(&self.remote),
            Base::Other(base) => Some(base),
        }
    }

    fn three(&self, target: Target) -> Three<'_> {
        let (here, there) = match target {
            Target::Local => (&self.local, &self.remote),
            Target::Remote => (&self.remote, &self.local),
        };
        Three { base: self.base(), here, there }
    }

    /// The three cards in one version; `None` when they are.
    fn level(&self) -> Option<Level<'a>> {
        let (local, remote) = (self.local.card, self.remote.card);
        let base = self.base().map(|base| base.card);
        // Nothing is ever converted to 2.1.
        let version = match local.version() {
            Version::V21 => remote.version(),
            newer => newer,
        };
        let mut all = [local, remote].into_iter().chain(base);
        all.any(|card| card.version() != version).then(|| Level {
            base: base.map(|base| of_version(base, version)),
            local: of_version(local, version),
            remote: of_version(remote, version),
        })
    }
}

/// The three cards in one version.
struct Level<'a> {
    base: Option<Cow<'a, Card>>,
    local: Cow<'a, Card>,
    remote: Cow<'a, Card>,
}

impl Level<'_> {
    fn compared(&self) -> Compared<'_> {
        Compared::of(self.base.as_deref(), &self.local, &self.remote)
    }
}

/// The card here with what came from the server; `None` when nothing changes.
fn taken_over(base: &Card, local: &Card, remote: &Card, rule: Rule) -> Option<Card> {
    let compared = Compared::of(Some(base), local, remote);
    let level = compared.level();
    let level = level.as_ref().map(Level::compared);
    let level = level.as_ref().unwrap_or(&compared);
    let card = match three_way(level.three(rule.target), rule).text {
        Text::Here => local.clone(),
        Text::There => remote.clone(),
        Text::New(card) => card,
    };
    let card = with_uid_of(card, remote);
    // The server's spelling of the UID is taken over, or the next upload would change it (Q100).
    let changed = card.uid() != local.uid() || !same(&card, local);
    (card != *local && changed).then_some(card)
}

/// What `card` says and the server's card does not.
fn lacking(served: &Card, card: &Card) -> Vec<FieldChange> {
    let served = of_version(served, card.version());
    let changes = diff(card, &served).into_iter();
    changes.filter(|change| change.how != How::Added).collect()
}

fn of_version(card: &Card, version: Version) -> Cow<'_, Card> {
    if card.version() == version {
        return Cow::Borrowed(card);
    }
    let mut converted = convert(card, version);
    // What a valid card must have was not added by its user.
    for made_up in [Known::N, Known::Fn] {
        let line = converted.properties_of(made_up).next().map(|one| one.id());
        if let Some(line) = line.filter(|_| card.properties_of(made_up).next().is_none()) {
            converted.remove(line);
        }
    }
    Cow::Owned(converted)
}

/// The card with the UID of another, spelled as there, if that has one.
pub fn with_uid_of(card: Card, other: &Card) -> Card {
    with_uid(card, other.uid())
}

fn with_uid(mut card: Card, uid: Option<Uid>) -> Card {
    let Some(uid) = uid.filter(|uid| card.uid().as_ref() != Some(uid)) else { return card };
    let value = Value::Text(&uid.0);
    let line = card.properties_of(Known::Uid).find(|one| !one.trimmed().is_empty());
    match line.map(|line| line.id()) {
        Some(line) => drop(card.set(line, value)),
        None => drop(card.insert(&NewProperty { name: "UID", label: None, params: &[], value })),
    }
    card
}
