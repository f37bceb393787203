//! What was written, read back from the server and stored.

use std::collections::HashMap;

use contactcmd_domain::dav::{Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::action::{Action, RemoteCard, Step};
use contactcmd_domain::sync::plan::plan_served;
use contactcmd_domain::sync::refusal::Write;
use contactcmd_domain::vcard::{Card, convert};
use contactcmd_ports::{Change, Subject};

use super::Pages;
use super::parcel::{Parcel, is_it, recorded};
use crate::Failure;
use crate::sync::waits::Waits;

impl Pages<'_, '_, '_> {
    /// Reads back what was written: the served text becomes the base, whatever ETag the PUT gave
    /// (Q91).
    pub(super) async fn confirm(&mut self, written: Vec<Parcel>) -> Result<(), Failure> {
        if written.is_empty() {
            return Ok(());
        }
        let hrefs: Vec<Href> = written.iter().map(|parcel| parcel.href.clone()).collect();
        let there = self.read_back(hrefs).await.unwrap_or_default();
        let mut there: HashMap<HrefKey, Fetched> =
            there.into_iter().map(|card| (card.href.key(), card)).collect();
        let (mut changes, mut lost) = (Vec::new(), Vec::new());
        for parcel in written {
            match there.remove(&parcel.href.key()) {
                Some(Fetched { href, etag, what: What::Card(bytes) }) => {
                    let served = RemoteCard { href, etag, card: Card::parse(bytes) };
                    self.settle(&parcel, served, &mut changes)?;
                }
                _ => lost.push(parcel),
            }
        }
        let strangers: Vec<Fetched> = there.into_values().collect();
        self.store_now(&changes)?;
        self.find_lost(lost, strangers).await
    }

    /// Cards that are not where they were put: under another name that the answer gives (Q88), or not
    /// yet to be seen (Q115).
    async fn find_lost(
        &mut self,
        lost: Vec<Parcel>,
        mut strangers: Vec<Fetched>,
    ) -> Result<(), Failure> {
        let mut changes = Vec::new();
        let mut unseen = Vec::new();
        for parcel in lost {
            let found = strangers.iter().position(|card| is_it(card, &parcel));
            match found.map(|at| strangers.swap_remove(at)) {
                Some(Fetched { href, etag, what: What::Card(bytes) }) => {
                    let served = RemoteCard { href, etag, card: Card::parse(bytes) };
                    self.settle(&parcel, served, &mut changes)?;
                }
                _ => unseen.push(parcel),
            }
        }
        // What was found is stored before the server is asked again.
        self.store_now(&std::mem::take(&mut changes))?;
        let hrefs: Vec<Href> = unseen.iter().map(|parcel| parcel.href.clone()).collect();
        let seen = self.look(hrefs).await?;
        for parcel in unseen {
            let card = seen.iter().find(|card| card.href.key() == parcel.href.key());
            match card.map(|card| (card, &card.what)) {
                Some((card, What::Card(bytes))) => {
                    let (href, etag) = (card.href.clone(), card.etag.clone());
                    let card = Card::parse(bytes.as_slice());
                    self.settle(&parcel, RemoteCard { href, etag, card }, &mut changes)?;
                }
                // The next run compares: what it carried still counts as edited here.
                _ => {
                    // Twice in vain: it went into another card (Q113), or is not kept at all.
                    let before = self.refused.get(&parcel.contact);
                    let again = before.is_some_and(|note| Waits::Unseen.is_why(note));
                    let tried = again.then_some(parcel.edited);
                    self.unsendable(&parcel.action, tried, Waits::Unseen.words().to_owned())?;
                }
            }
        }
        self.store_now(&changes)
    }

    /// What one card became there, as changes here.
    fn settle(
        &mut self,
        parcel: &Parcel,
        served: RemoteCard,
        changes: &mut Vec<Change>,
    ) -> Result<(), Failure> {
        let (Some(sent), Some(card)) = (&parcel.sent, &parcel.card) else { return Ok(()) };
        let Some(contact) = self.store.read().contact(parcel.contact)? else { return Ok(()) };
        let is_as_before = parcel.is_as_before(&served);
        // What servers demand was added to the text and not to the contact (UID, N, FN): it comes from
        // the server now, as everybody else gets it.
        let plain = convert(card, sent.version());
        let action = plan_served((&plain, card), &contact, served, parcel.edited);
        if is_as_before && matches!(action.step, Step::UpdateHere { .. }) {
            // Not what the server made of it, but what was there: it is behind (Q115), or never did it.
            let before = self.refused.get(&parcel.contact);
            let again = before.is_some_and(|note| Waits::AsBefore.is_why(note));
            // Sent twice is enough (Q112): it stays here, and is not sent for ever.
            let tried = again.then_some(parcel.edited);
            self.unsendable(&parcel.action, tried, Waits::AsBefore.words().to_owned())?;
            return self.keep_merged(recorded(parcel.action.clone()));
        }
        self.count(parcel, &action);
        if !action.fields.is_empty() || action.reason.is_some() {
            self.telling.tell_only(&action);
        }
        changes.extend(self.agreement(&parcel.action));
        self.change(action, changes);
        if self.refused.remove(&parcel.contact).is_some() {
            let subject = Subject::Contact(parcel.contact);
            changes.push(Change::Settle { book: self.book.id, subject });
        }
        Ok(())
    }

    /// Counts a write that has arrived, and what comes of it here: a merge, or what the server made of
    /// what was sent.
    fn count(&mut self, parcel: &Parcel, served: &Action) {
        let report = &mut *self.telling.report;
        match parcel.write {
            Write::Create => report.there.created += 1,
            Write::Update => report.there.updated += 1,
            Write::Delete => {}
        }
        let is_merged = matches!(parcel.action.step, Step::Merge(_));
        let is_changed = is_merged && !parcel.action.fields.is_empty() || !served.fields.is_empty();
        report.here.updated += usize::from(is_changed);
    }
}
