//! What an import does with each card: decided from the file and the store, before anything is
//! written.

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::{ContactId, Index, Uid, UidKey, fold};
use contactcmd_domain::sync::snapshot::StoredContact;
use contactcmd_domain::vcard::{self, Card, FieldChange, Flaw, Normal};
use contactcmd_ports::{ContactRepo, RepoError};

use super::read::{Entry, Place};

/// What happens to a card of the file.
#[derive(Debug)]
pub(super) enum Step {
    /// It is new.
    Insert(Card, Box<Index>),
    /// It takes the place of this contact's card, with these differences.
    Replace(ContactId, Card, Box<Index>, Vec<FieldChange>),
    /// It is here already, or stands earlier in the file.
    Here,
    /// It is not imported.
    LeftOut(Reason),
}

/// Why a card is not imported, although it is not here.
#[derive(Debug)]
pub(super) enum Reason {
    /// It cannot be kept.
    Broken(Flaw),
    /// The contact of its UID differs, and nobody asked to update.
    Differs(Vec<FieldChange>),
    /// This many contacts have its UID: there is no telling which one to update.
    SeveralHere(usize),
    /// An earlier card of the file, the one of this number, has its UID and another content.
    Twice(usize),
}

/// A card with what happens to it.
#[derive(Debug)]
pub(super) struct Planned {
    /// Where in the file it is.
    pub(super) place: Place,
    /// What to call it.
    pub(super) name: String,
    /// What happens.
    pub(super) step: Step,
}

/// What to do with a card whose contact is here with another content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Leave it out.
    Keep,
    /// Replace the contact's card.
    Update,
}

/// Decides for every card, in the order of the file.
pub(super) fn plan(
    repo: &dyn ContactRepo,
    cards: Vec<Entry>,
    known: Known,
) -> Result<Vec<Planned>, RepoError> {
    let here = without_uid(repo, &cards)?;
    let mut planner = Planner { repo, known, here, uids: HashMap::new(), contents: HashSet::new() };
    cards.into_iter().map(|entry| planner.decide(entry)).collect()
}

struct Planner<'a> {
    repo: &'a dyn ContactRepo,
    known: Known,
    /// The contacts that cards without a UID could be.
    here: HashMap<String, Vec<Candidate>>,
    /// The cards of the file so far, by UID.
    uids: HashMap<UidKey, (usize, Normal)>,
    /// The cards of the file so far that have no UID.
    contents: HashSet<Normal>,
}

impl Planner<'_> {
    fn decide(&mut self, entry: Entry) -> Result<Planned, RepoError> {
        let Entry { place, card, flaw } = entry;
        let index = vcard::index(&card);
        let name = index.person.name.clone();
        let step = match (flaw, key(&card)) {
            (Some(flaw), _) => Step::LeftOut(Reason::Broken(flaw)),
            (None, Some(key)) => self.with_uid(place, key, card, index)?,
            (None, None) => self.without_uid(card, index),
        };
        Ok(Planned { place, name, step })
    }

    fn with_uid(
        &mut self,
        place: Place,
        key: UidKey,
        card: Card,
        index: Index,
    ) -> Result<Step, RepoError> {
        let normal = vcard::normal(&card);
        if let Some((first, seen)) = self.uids.get(&key) {
            let same = *seen == normal;
            return Ok(if same { Step::Here } else { Step::LeftOut(Reason::Twice(*first)) });
        }
        let here = self.repo.by_uid(&key)?;
        self.uids.insert(key, (place.number, normal.clone()));
        let stored: Vec<Card> = here.iter().map(|c| Card::parse(c.vcard.clone())).collect();
        if stored.iter().any(|stored| vcard::normal(stored) == normal) {
            return Ok(Step::Here);
        }
        Ok(match (here.as_slice(), stored.as_slice()) {
            ([], _) => Step::Insert(card, Box::new(index)),
            ([contact], [stored]) => self.differing(contact, stored, card),
            (several, _) => Step::LeftOut(Reason::SeveralHere(several.len())),
        })
    }

    fn differing(&self, contact: &StoredContact, stored: &Card, card: Card) -> Step {
        let changes = vcard::diff(stored, &card);
        if self.known == Known::Keep {
            return Step::LeftOut(Reason::Differs(changes));
        }
        let card = spelled_like(stored.uid(), card);
        let index = Box::new(vcard::index(&card));
        Step::Replace(contact.id, card, index, changes)
    }

    fn without_uid(&mut self, card: Card, index: Index) -> Step {
        let normal = vcard::normal(&card);
        let candidates = self.here.get(&fold(&index.person.name));
        let is_here = candidates.is_some_and(|found| found.iter().any(|c| c.is(&card, &normal)));
        // `insert` says whether it was not there yet.
        if self.contents.insert(normal) && !is_here {
            Step::Insert(card, Box::new(index))
        } else {
            Step::Here
        }
    }
}

/// A contact that a card without a UID could be.
struct Candidate {
    card: Card,
    normal: Normal,
    has_uid: bool,
}

impl Candidate {
    /// Whether the contact has the same content; a UID that a server gave it later (Q87) is no
    /// difference, or importing a file again after a sync would double every contact in it.
    fn is(&self, card: &Card, normal: &Normal) -> bool {
        if self.normal == *normal {
            return true;
        }
        let changes = if self.has_uid { vcard::diff(card, &self.card) } else { Vec::new() };
        !changes.is_empty() && changes.iter().all(|c| c.field.eq_ignore_ascii_case("uid"))
    }
}

/// The contacts that have the name of a card without a UID, by that name, folded. The whole store is
/// read for it once, a page at a time, and only if there is such a card.
fn without_uid(
    repo: &dyn ContactRepo,
    cards: &[Entry],
) -> Result<HashMap<String, Vec<Candidate>>, RepoError> {
    const PAGE: u32 = 1000;
    let anonymous = cards.iter().filter(|entry| entry.flaw.is_none() && key(&entry.card).is_none());
    let mut found: HashMap<String, Vec<Candidate>> =
        anonymous.map(|entry| (fold(&vcard::person(&entry.card).name), Vec::new())).collect();
    let mut after = None;
    while !found.is_empty() {
        let page = repo.cards_after(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for contact in page {
            if let Some(candidates) = found.get_mut(&fold(&contact.name)) {
                let has_uid = contact.uid.is_some();
                let card = Card::parse(contact.vcard);
                candidates.push(Candidate { normal: vcard::normal(&card), card, has_uid });
            }
        }
    }
    Ok(found)
}

/// The UID to match by; an empty one is none.
fn key(card: &Card) -> Option<UidKey> {
    card.uid().map(|uid| uid.key()).filter(|key| !key.0.is_empty())
}

/// The card with its UID spelled as the stored one spells it, because a UID never changes on a
/// server (Q100), not even by `urn:uuid:` or by case.
fn spelled_like(stored: Option<Uid>, card: Card) -> Card {
    let (Some(stored), Some(found)) = (stored, card.uid()) else { return card };
    if stored == found {
        return card;
    }
    let respelled = replace_only(card.as_bytes(), found.0.as_bytes(), stored.0.as_bytes());
    let respelled = respelled.map(Card::parse).filter(|card| card.uid() == Some(stored));
    respelled.unwrap_or(card)
}

/// The text with `old` replaced by `new`, if `old` stands in it exactly once.
fn replace_only(text: &[u8], old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let mut places = text.windows(old.len().max(1)).enumerate().filter(|(_, part)| *part == old);
    let (Some((start, _)), None) = (places.next(), places.next()) else { return None };
    let (before, rest) = text.split_at_checked(start)?;
    Some([before, new, rest.get(old.len()..)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced_only_where_it_stands_once() {
        let cases = [
            ("UID:a\r\n", "a", "b", Some("UID:b\r\n")),
            ("a a", "a", "b", None),
            ("x", "a", "b", None),
        ];
        for (text, old, new, replaced) in cases {
            let found = replace_only(text.as_bytes(), old.as_bytes(), new.as_bytes());
            assert_eq!(found.as_deref(), replaced.map(str::as_bytes), "{text}");
        }
    }
}
