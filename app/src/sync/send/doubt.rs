//! Writes of which nobody knows what came of them: the card is looked at, and planned by what is there.

use std::collections::HashMap;

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{ETag, Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::action::{Action, RemoteCard, Sending, Step};
use contactcmd_domain::sync::plan::{Match, plan_card, plan_gone};
use contactcmd_domain::sync::refusal::{Refusal, Write};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::Card;
use contactcmd_ports::Change;

use super::Pages;
use super::outcome::refused_by_server;
use super::parcel::{Parcel, is_another, recorded};
use crate::Failure;
use crate::remote::{Shelf, fetch, fetch_each};
use crate::sync::waits::Waits;

/// A write of which nobody knows what came of it, or that met something else than was expected.
pub(super) struct Doubt {
    pub(super) parcel: Parcel,
    /// How the server refused it, if it did, and its words.
    pub(super) refused: Option<(Refusal, String)>,
}

impl Pages<'_, '_, '_> {
    /// Cards that are not what they were thought to be: read, and planned by what is there.
    pub(super) async fn look_again(&mut self, doubts: Vec<Doubt>) -> Result<Vec<Action>, Failure> {
        let mut parcels: HashMap<HrefKey, Doubt> =
            doubts.into_iter().map(|doubt| (doubt.parcel.href.key(), doubt)).collect();
        let hrefs: Vec<Href> = parcels.values().map(|doubt| doubt.parcel.href.clone()).collect();
        let mut again = Vec::new();
        for card in self.look(hrefs).await? {
            let Some(doubt) = parcels.remove(&card.href.key()) else { continue };
            let card = self.with_plain_version(card).await;
            again.extend(self.settle_doubt(doubt, card)?);
        }
        Ok(again)
    }

    /// The card with the version that the server compares, where a GET gave another form of it: a report on
    /// this card alone may tell it (Q93).
    async fn with_plain_version(&self, card: Fetched) -> Fetched {
        let is_whole = matches!(card.what, What::Card(_));
        if !is_whole || card.etag.as_ref().is_none_or(ETag::is_plain) {
            return card;
        }
        let told = self.read_back(vec![card.href.clone()]).await.unwrap_or_default();
        let is_it =
            |one: &Fetched| one.href.key() == card.href.key() && matches!(one.what, What::Card(_));
        told.into_iter().find(is_it).unwrap_or(card)
    }

    /// The plan for a linked contact whose card is gone. One that was edited here waits for the next run:
    /// there, the listing tells whether the card was deleted or has moved, and then it is no new one. One
    /// that was deleted here keeps its tombstone until then, as one that was never seen: a card that moved
    /// would be somebody new.
    fn plan_gone_again(&mut self, href: &Href) -> Result<Option<Action>, Failure> {
        let linked = self.store.read().linked_at(self.book.id, &[href.key()])?;
        let Some(linked) = linked.first() else { return Ok(None) };
        let action = plan_gone(linked, self.options.choice);
        let is_revived =
            |step: &Step| matches!(step, Step::CreateThere(sending) if sending.was.is_some());
        let (contact, book) = (linked.contact.id, self.book.id);
        if is_revived(&action.step) {
            // Without a version it is looked for, whether or not any listing tells of it again.
            let link = Link { etag: None, ..linked.link.clone() };
            self.store_now(&[Change::Link { contact, book, link }])?;
            self.unsendable(&action, None, Waits::Vanished.words().to_owned())?;
            return Ok(None);
        }
        if matches!(action.step, Step::Forget) {
            let link = Link { etag: None, base: None, ..linked.link.clone() };
            self.store_now(&[Change::Link { contact, book, link }])?;
            return Ok(None);
        }
        if action.step.is_sent() {
            return Ok(Some(action));
        }
        self.do_all(vec![action], vec![href.key()])?;
        Ok(None)
    }

    /// What a doubtful write came to, by the card that is there now.
    fn settle_doubt(&mut self, doubt: Doubt, card: Fetched) -> Result<Option<Action>, Failure> {
        let Doubt { mut parcel, refused } = doubt;
        match &card.what {
            What::Card(bytes) => {
                let found = Card::parse(bytes.as_slice());
                if parcel.write == Write::Create && is_another(&parcel, &found) {
                    parcel.undone = refused.is_some();
                    self.retract(&parcel)?;
                    self.forget_intent(&parcel)?;
                    return Ok(Some(elsewhere(parcel.action)));
                }
                let unchanged = match (&parcel.etag, &card.etag) {
                    // The same in the form that the server compares: it is sent again with that.
                    (Some(ours), Some(theirs)) => {
                        ours.same_version(theirs) && (ours.is_plain() || !theirs.is_plain())
                    }
                    _ => false,
                };
                match refused {
                    // It is as it was: it was not the version that was refused (Q97).
                    Some((_, words)) if unchanged => {
                        let words = refused_by_server(&words);
                        // Nobody can edit what was deleted: it is tried again in every run.
                        let tried = (parcel.write != Write::Delete).then_some(parcel.edited);
                        parcel.undone = true;
                        self.note_version(&parcel)?;
                        self.refuse(&parcel, tried, words)?;
                        self.keep_merged(recorded(parcel.action))?;
                        Ok(None)
                    }
                    _ => self.plan_again(card, Some(parcel.contact)),
                }
            }
            What::Missing if parcel.write == Write::Create => {
                parcel.undone = refused.is_some();
                match refused {
                    // Nobody is there, and nobody new may be (Q110).
                    Some(_) if has_place(&parcel.action) || parcel.is_named_by_uid() => {
                        self.retract(&parcel)?;
                        self.forget_intent(&parcel)?;
                        return Ok(Some(elsewhere(parcel.action)));
                    }
                    Some((refusal, words)) => {
                        self.forget_intent(&parcel)?;
                        let words = refused_by_server(&words);
                        // Where the book is gone, nothing is wrong with the contact (Q116).
                        let tried = (refusal != Refusal::NoPlace).then_some(parcel.edited);
                        self.refuse(&parcel, tried, words)?;
                    }
                    // It may still arrive: the next run looks before it sends again.
                    None => self.unsendable(
                        &parcel.action,
                        None,
                        "no answer came when it was sent".to_owned(),
                    )?,
                }
                Ok(None)
            }
            What::Missing => self.plan_gone_again(&parcel.href),
            _ => {
                let words = "no answer came, and the server does not give the card".to_owned();
                self.unsendable(&parcel.action, None, words)?;
                Ok(None)
            }
        }
    }

    /// The plan for a contact that is linked to the card that is there now, or meets it for the first time:
    /// done if it is to be done here, else given back.
    pub(super) fn plan_again(
        &mut self,
        card: Fetched,
        unlinked: Option<ContactId>,
    ) -> Result<Option<Action>, Failure> {
        let Fetched { href, etag, what } = card;
        let What::Card(bytes) = what else {
            return match what {
                What::Missing => self.plan_gone_again(&href),
                _ => Ok(None),
            };
        };
        let remote = RemoteCard { href, etag, card: Card::parse(bytes) };
        let linked = self.store.read().linked_at(self.book.id, &[remote.href.key()])?;
        let linked =
            linked.first().map(|linked| self.recalled(linked, &remote.card)).transpose()?;
        let met = match unlinked {
            Some(id) if linked.is_none() => self.store.read().contact(id)?,
            _ => None,
        };
        let found = match (&linked, &met) {
            (Some(linked), _) => Match::Linked(linked),
            (None, Some(contact)) => Match::Unlinked(contact),
            (None, None) => return Ok(None),
        };
        let action = plan_card(remote, found, self.options.choice);
        if action.step.is_sent() {
            return Ok(Some(action));
        }
        self.do_all(vec![action], Vec::new())?;
        Ok(None)
    }

    /// The cards at these hrefs; one that a report calls missing is asked for by itself.
    pub(super) async fn look(&self, hrefs: Vec<Href>) -> Result<Vec<Fetched>, Failure> {
        let (remote, shelf) = (self.remote, Shelf::of(self.book));
        let mut found = Vec::with_capacity(hrefs.len());
        fetch(remote, shelf, hrefs, async |cards| {
            found.extend(cards);
            Ok::<(), Failure>(())
        })
        .await?;
        let (missing, mut found): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|card| card.what == What::Missing);
        let missing = missing.into_iter().map(|card| card.href).collect();
        fetch_each(remote, shelf, missing, async |cards| {
            found.extend(cards);
            Ok::<(), Failure>(())
        })
        .await?;
        Ok(found)
    }
}

/// Whether a create goes where it went before.
fn has_place(action: &Action) -> bool {
    matches!(&action.step, Step::CreateThere(sending) if sending.place.is_some())
}

/// The same create under another name: this one is taken.
fn elsewhere(action: Action) -> Action {
    match action.step {
        Step::CreateThere(sending) => {
            let step = Step::CreateThere(Box::new(Sending { place: None, ..*sending }));
            Action { step, ..action }
        }
        _ => action,
    }
}
