//! Writing to the server: intent stored first, then the requests, several in flight, then what came of
//! them is read back and stored. Nothing is sent twice without looking in between.

mod doubt;
mod outcome;
pub(super) mod parcel;
mod post;
mod read_back;

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::action::{Action, Merge, Send, Sending, Step};
use contactcmd_domain::sync::refusal::Write;
use contactcmd_domain::vcard::Card;
use contactcmd_ports::Change;

use super::pages::Pages;
use crate::Failure;
use crate::remote::{RemoteError, Shelf, fetch_each};
use parcel::{Packed, Parcel, is_too_large, pack};

/// Contacts whose intents are stored together, and which are read back together.
const AT_ONCE: usize = 200;
/// How often a contact is sent anew because its card changes there meanwhile, or the server has no time.
const TRIES: u32 = 3;

/// Where writing stands in this run.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// Whether the book takes nothing, so that nothing more is sent.
    pub(super) closed: bool,
    /// Whether it took anything in this run.
    pub(super) takes: bool,
    /// Refusals that may mean the card or the whole book.
    pub(super) forbidden: usize,
}

impl Pages<'_, '_, '_> {
    /// Does what these actions ask for on the server, and stores what came of it.
    pub(super) async fn send(&mut self, actions: Vec<Action>) -> Result<(), Failure> {
        let mut actions = actions;
        let mut told: HashSet<String> = actions.iter().map(ToString::to_string).collect();
        for attempt in 1..=TRIES {
            // What a write turned into is told as well.
            for action in actions.iter().filter(|action| told.insert(action.to_string())) {
                self.telling.tell_only(action);
            }
            let mut again = Vec::new();
            while !actions.is_empty() {
                let rest = actions.split_off(actions.len().min(AT_ONCE));
                again.extend(self.send_some(actions, attempt).await?);
                again.append(&mut self.later);
                actions = rest;
            }
            actions = again;
        }
        for action in actions {
            let words =
                "the server had no time for it, or it changes there faster than it can be sent";
            self.unsendable(&action, None, words.to_owned())?;
        }
        Ok(())
    }

    /// Sends some; gives those that have to be planned anew, with their new plan.
    async fn send_some(
        &mut self,
        actions: Vec<Action>,
        attempt: u32,
    ) -> Result<Vec<Action>, Failure> {
        if self.remote.world().interrupt.is_raised() {
            return Err(RemoteError::Interrupted.into());
        }
        if self.post.closed {
            for action in actions {
                self.keep_gone(&action)?;
                self.keep_merged(action)?;
            }
            return Ok(Vec::new());
        }
        let (parcels, look) = self.pack_all(actions, attempt)?;
        let (parcels, mut doubts) = self.check_versions(parcels).await?;
        let mut intents = Vec::new();
        for parcel in &parcels {
            intents.extend(parcel.intent(self.book.id, self.at));
        }
        self.store.apply(self.at, &intents)?;
        let done = self.post_all(parcels).await?;
        doubts.extend(self.take_stock(done).await?);
        let mut again = self.look_again(doubts).await?;
        again.extend(self.look_for_versions(look).await?);
        Ok(again)
    }

    fn pack_all(&mut self, actions: Vec<Action>, attempt: u32) -> Result<Load, Failure> {
        let (mut parcels, mut look) = (Vec::new(), Vec::new());
        for action in actions {
            let contact = action.contact;
            let is_first = attempt == 1
                && matches!(&action.step, Step::CreateThere(sending) if is_new(sending));
            let is_free = |href: &Href| is_first && self.is_free(href, contact, &parcels);
            let name = |card: &Card| self.new_href(card, is_free);
            match pack(action, &self.book.info, name) {
                Packed::Ready(mut parcel) => {
                    let may_be_linked = parcel.write == Write::Create && !is_first;
                    parcel.was_linked = may_be_linked && self.is_linked(parcel.contact)?;
                    parcels.push(*parcel);
                }
                Packed::Look(href) => look.extend(contact.map(|contact| (href, contact))),
                Packed::Refused(action, words) => self.unfit(*action, words)?,
            }
        }
        Ok((parcels, look))
    }

    /// Sorts out what cannot be sent, as far as that is known without asking the server.
    pub(super) fn fit(&self, actions: Vec<Action>) -> (Vec<Action>, Vec<(Action, String)>) {
        let (mut fit, mut unfit) = (Vec::with_capacity(actions.len()), Vec::new());
        for action in actions {
            match is_too_large(&action, &self.book.info) {
                Some(words) => unfit.push((action, words)),
                None => fit.push(action),
            }
        }
        (fit, unfit)
    }

    /// What is not even tried waits for an edit.
    pub(super) fn unfit(&mut self, action: Action, words: String) -> Result<(), Failure> {
        let edited = self.edited_of(&action);
        self.unsendable(&action, edited, words)?;
        self.keep_gone(&action)?;
        self.keep_merged(action)
    }

    fn is_linked(&self, contact: ContactId) -> Result<bool, Failure> {
        Ok(self.store.read().linked(contact, self.book.id)?.is_some())
    }

    /// Where a new card goes: its UID where that can be a file name (Yahoo wants it so, Q111), if that
    /// name `is_free`; else a name nobody has.
    fn new_href(&self, card: &Card, is_free: impl Fn(&Href) -> bool) -> Href {
        let uid = card.uid().map(|uid| uid.0).filter(|uid| is_plain(uid));
        let named = uid.map(|uid| self.named(&uid)).filter(is_free);
        named.unwrap_or_else(|| self.unused_href())
    }

    /// A name that nobody has.
    pub(super) fn unused_href(&self) -> Href {
        self.named(&ContactId::from_random((self.remote.world().random)()).to_string())
    }

    fn named(&self, name: &str) -> Href {
        let book = self.book.info.location.href.as_str();
        let gap = if book.ends_with('/') { "" } else { "/" };
        Href::new(format!("{book}{gap}{name}.vcf"))
    }

    /// Whether nobody but this contact is, or is about to be, at `href`: a link there would be taken from
    /// its contact, which would look new (Q109).
    fn is_free(&self, href: &Href, contact: Option<ContactId>, parcels: &[Parcel]) -> bool {
        let key = href.key();
        let known = self.store.read().known_at(self.book.id, std::slice::from_ref(&key));
        known.is_ok_and(|known| known.iter().all(|link| Some(link.contact) == contact))
            && parcels.iter().all(|parcel| parcel.href.key() != key)
    }

    /// Cards whose version nobody knows: read, and planned by what is there.
    async fn look_for_versions(
        &mut self,
        unknown: Vec<(Href, ContactId)>,
    ) -> Result<Vec<Action>, Failure> {
        let mut again = Vec::new();
        let mut versionless = Vec::new();
        let contacts: HashMap<HrefKey, ContactId> =
            unknown.iter().map(|(href, contact)| (href.key(), *contact)).collect();
        let hrefs = unknown.into_iter().map(|(href, _)| href).collect();
        for card in self.look_with_versions(hrefs).await? {
            let key = card.href.key();
            if card.etag.is_none() {
                versionless.push(key.clone());
            }
            // Those who meet for the first time have no link yet.
            again.extend(self.plan_again(card, contacts.get(&key).copied())?);
        }
        let (without, with): (Vec<Action>, Vec<Action>) = again
            .into_iter()
            .partition(|action| standing_at(action).is_some_and(|key| versionless.contains(&key)));
        for action in without {
            let words = "the server gives no version of it, so it cannot be changed safely";
            self.unsendable(&action, None, words.to_owned())?;
            self.keep_merged(action)?;
        }
        Ok(with)
    }

    /// The cards at these hrefs, with their versions where the server gives them at all: some reports
    /// leave out what a GET tells (Q84).
    pub(super) async fn look_with_versions(
        &self,
        hrefs: Vec<Href>,
    ) -> Result<Vec<Fetched>, Failure> {
        let nameless = |card: &Fetched| card.etag.is_none() && matches!(card.what, What::Card(_));
        let (without, mut found): (Vec<_>, Vec<_>) =
            self.look(hrefs).await?.into_iter().partition(nameless);
        let without = without.into_iter().map(|card| card.href).collect();
        fetch_each(self.remote, Shelf::of(self.book), without, async |cards| {
            found.extend(cards);
            Ok::<(), Failure>(())
        })
        .await?;
        Ok(found)
    }

    /// Notes that a contact could not be sent; `tried` keeps it from being tried again before it is
    /// edited.
    pub(super) fn unsendable(
        &mut self,
        action: &Action,
        tried: Option<u64>,
        words: String,
    ) -> Result<(), Failure> {
        self.do_all(vec![unsent(action, tried, words)], Vec::new())
    }

    /// As [`Self::unsendable`], for what was refused: if it is certain that the server did nothing, the
    /// history does not say that it did.
    fn refuse(
        &mut self,
        parcel: &Parcel,
        tried: Option<u64>,
        words: String,
    ) -> Result<(), Failure> {
        let retraction = parcel.retraction().into_iter().collect();
        self.do_all_with(vec![unsent(&parcel.action, tried, words)], Vec::new(), retraction)
    }

    /// Takes back what was stored of a write before it was sent, if it is certain that it was not done.
    fn retract(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let retraction: Vec<Change> = parcel.retraction().into_iter().collect();
        self.store_now(&retraction)
    }

    /// A merge that cannot be sent is one here all the same: what the server has arrives, the rest still
    /// counts as edited here, and the next run has nothing to merge again.
    pub(super) fn keep_merged(&mut self, action: Action) -> Result<(), Failure> {
        let Step::Merge(merge) = action.step else { return Ok(()) };
        let step = Step::Merge(Box::new(Merge { send: Send::Later, ..*merge }));
        let action = Action { step, ..action };
        self.telling.report.count(&action);
        let mut changes = Vec::new();
        self.change(action, &mut changes);
        self.store_now(&changes)
    }

    /// The value of `edited` that an action carries.
    fn edited_of(&self, action: &Action) -> Option<u64> {
        match &action.step {
            Step::CreateThere(sending) | Step::UpdateThere(sending) => Some(sending.edited),
            Step::Merge(merge) => Some(merge.edited),
            _ => None,
        }
    }

    pub(super) fn store_now(&mut self, changes: &[Change]) -> Result<(), Failure> {
        Ok(self.store.apply(self.at, changes)?)
    }
}

/// What can be sent, and whose card has to be looked at first.
type Load = (Vec<Parcel>, Vec<(Href, ContactId)>);

/// A contact that could not be sent, and why.
fn unsent(action: &Action, tried: Option<u64>, words: String) -> Action {
    Action {
        name: action.name.clone(),
        contact: action.contact,
        step: Step::Unsendable { tried },
        fields: Vec::new(),
        reason: Some(words),
    }
}

fn standing_at(action: &Action) -> Option<HrefKey> {
    match &action.step {
        Step::UpdateThere(sending) => sending.was.as_ref().map(|was| was.href.key()),
        Step::DeleteThere { was } => Some(was.href.key()),
        Step::Merge(merge) => Some(merge.remote.href.key()),
        _ => None,
    }
}

/// Whether a contact was never in this book, as far as is known here.
fn is_new(sending: &Sending) -> bool {
    sending.was.is_none() && sending.place.is_none()
}

/// Whether a UID can stand in a path as it is.
fn is_plain(uid: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (8..=64).contains(&uid.len()) && uid.chars().all(plain)
}
