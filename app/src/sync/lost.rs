//! Contacts that were sent and never seen there: no answer came, the run died, or the server names cards
//! itself and does not tell (Q88, Q108).

use contactcmd_domain::dav::{Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::guard::Side;
use contactcmd_domain::sync::plan::plan_gone;
use contactcmd_domain::sync::snapshot::{Link, Linked};
use contactcmd_domain::sync::upload::is_sent;
use contactcmd_domain::vcard::Card;
use contactcmd_ports::Page;

use super::LOOKUP;
use super::cards::Asked;
use super::pages::Pages;
use super::waits::Waits;
use crate::Failure;

/// Milliseconds within which a server that is behind shows what it stored: a day.
const TURNS_UP_WITHIN: i64 = 24 * 60 * 60 * 1000;

/// So many texts that a contact had are looked at.
const TEXTS: u32 = 50;

impl Pages<'_, '_, '_> {
    /// Reads the cards of contacts that were sent and never confirmed, before all others: those that are
    /// not there may turn up under another name.
    pub(super) async fn look_for_lost(&mut self, hrefs: Vec<Href>) -> Result<(), Failure> {
        self.fetch(hrefs).await?;
        let keys: Vec<HrefKey> = self.never_seen.iter().map(Href::key).collect();
        for keys in keys.chunks(LOOKUP) {
            let mut lost = self.linked_at(keys)?;
            lost.retain(|one| !self.conflicts.has(one.contact.id));
            self.people.note_unseen(lost);
        }
        let keys: Vec<HrefKey> = self.unlisted.iter().map(|card| card.href.key()).collect();
        for keys in keys.chunks(LOOKUP) {
            let sent = self.linked_at(keys)?;
            self.people.note_sent(sent);
        }
        for card in &self.unlisted {
            if let What::Card(bytes) = &card.what {
                self.people.note_served(&Card::parse(bytes.as_slice()), card.href.key());
            }
        }
        Ok(())
    }

    /// Whether a card that was sent and never seen is not missing, and yet the server does not name it where
    /// it was sent to: it may have another name, and answer to the old one as well (Q88).
    pub(super) fn is_unlisted(&self, linked: &Linked, key: &HrefKey) -> bool {
        linked.link.base.is_none()
            && !self.named.contains(key)
            && !self.conflicts.has(linked.contact.id)
    }

    /// Plans those of them that turned up under no other name.
    pub(super) async fn plan_unlisted(&mut self) -> Result<(), Failure> {
        let (met, cards): (Vec<Fetched>, Vec<Fetched>) = std::mem::take(&mut self.unlisted)
            .into_iter()
            .partition(|card| self.people.has_met(&card.href.key()));
        self.do_all(Vec::new(), met.iter().map(|card| card.href.key()).collect())?;
        self.named.extend(cards.iter().map(|card| card.href.key()));
        self.page(cards, Asked::ByGet).await
    }

    /// New contacts that were sent once and are nowhere: the request never arrived.
    pub(super) async fn send_unseen(&mut self) -> Result<(), Failure> {
        let hrefs = std::mem::take(&mut self.never_seen);
        for hrefs in hrefs.chunks(LOOKUP) {
            let keys: Vec<HrefKey> = hrefs.iter().map(Href::key).collect();
            let linked = self.linked_at(&keys)?;
            let mut lost = Vec::new();
            for linked in &linked {
                let contact = &linked.contact;
                if self.moved.contains(&contact.id)
                    || self.may_turn_up(linked)
                    || self.is_refused(contact)
                {
                    continue;
                }
                let action = plan_gone(linked, self.options.choice);
                let may_be_there = !contact.deleted && self.may_be_unread();
                if self.has_just_gone(linked) || may_be_there {
                    self.unsendable(&action, None, Waits::Vanished.words().to_owned())?;
                } else {
                    lost.push(action);
                }
            }
            self.carry_out(lost, keys).await?;
        }
        Ok(())
    }

    /// Whether this run's listing still named it: then it had arrived, and where a book may have two cards
    /// of one UID (Q99), sent again it would be there twice if it only moved. Once is enough: some servers
    /// name what they never have (Q67).
    fn has_just_gone(&self, linked: &Linked) -> bool {
        let before = self.refused.get(&linked.contact.id);
        !linked.contact.deleted
            && self.named.contains(&linked.link.href.key())
            && before.is_none_or(|note| !Waits::Vanished.is_why(note))
    }

    /// Whether there is a card that nobody knows and that could not be read: it may be any of them.
    fn may_be_unread(&self) -> bool {
        self.unread_since.contains(&self.at)
    }

    /// Whether it was deleted so short a time ago that its card may still turn up, under this name or
    /// another (Q88, Q115): without its tombstone it would be somebody new.
    fn may_turn_up(&self, linked: &Linked) -> bool {
        let since = self.at.0.saturating_sub(linked.contact.updated.0);
        linked.contact.deleted && since.saturating_abs() < TURNS_UP_WITHIN
    }

    /// The contact with what both sides agreed on without knowing it: its card was sent and never seen, was
    /// edited here since, and is there as it was sent (Q88, Q108). Without that base whatever was taken out
    /// of it meanwhile would come back.
    pub(super) fn recalled(&self, linked: &Linked, there: &Card) -> Result<Linked, Failure> {
        let Linked { contact, link } = linked;
        // Those who wait for a decision never agreed.
        if link.base.is_some() || contact.edited == 0 || self.conflicts.has(contact.id) {
            return Ok(linked.clone());
        }
        let id = contact.id.to_string();
        let past = self.store.read().history(Some(contact.id), Page::first(TEXTS))?;
        let was_it = past
            .iter()
            .filter(|past| past.side == Side::Here)
            .any(|past| is_sent(&Card::parse(past.before.as_slice()), &id, there));
        let base = was_it.then(|| there.as_bytes().to_vec());
        Ok(Linked { contact: contact.clone(), link: Link { base, ..link.clone() } })
    }
}
