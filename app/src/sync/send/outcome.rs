//! What came of what was sent, read back from the server and stored.

use std::collections::HashMap;

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{Fetched, Href, HrefKey, Stored, What};
use contactcmd_domain::sync::action::{Action, RemoteCard, Sending, Step};
use contactcmd_domain::sync::plan::{Match, plan_card, plan_served};
use contactcmd_domain::sync::refusal::{Refusal, Write};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::{Card, convert};
use contactcmd_ports::{Change, Subject, Why};

use super::parcel::{Parcel, is_another, is_it, recorded};
use super::post::{Done, Outcome};
use super::{Doubt, Pages};
use crate::Failure;
use crate::remote::{fetch, fetch_each};

/// Why an edit is sent a second time.
const AS_BEFORE: &str = "it was sent, and the server still shows the card as it was";
/// Why a new card may be sent a second time.
const UNSEEN: &str = "it was sent, and the server does not show it yet";
/// So many bare refusals in a row are about the book and not about a card.
const FORBIDDEN: u32 = 3;

impl Pages<'_, '_, '_> {
    /// Stores what came of these writes; gives those that nobody can be sure of.
    pub(super) async fn take_stock(&mut self, done: Vec<Done>) -> Result<Vec<Doubt>, Failure> {
        let (mut doubts, mut written) = (Vec::new(), Vec::new());
        let (mut deleted, mut refused) = (Vec::new(), Vec::new());
        for Done { parcel, what } in done {
            match what {
                Outcome::Stored(stored) => {
                    self.post.forbidden = 0;
                    written.push(self.note_place(parcel, stored)?);
                }
                Outcome::Deleted => {
                    self.post.forbidden = 0;
                    deleted.push(parcel);
                }
                Outcome::Refused(refusal, words) => {
                    self.weigh(&refusal, &words);
                    refused.push((parcel, refusal, words));
                }
                Outcome::Unknown => doubts.push(Doubt { parcel, refused: None }),
                Outcome::Unsent => self.unsent(parcel)?,
                Outcome::Late => {
                    self.not_begun(&parcel)?;
                    self.later.push(recorded(parcel.action));
                }
            }
        }
        // A refusal may ask the server again, and that may fail: what was done is stored before.
        self.confirm(written).await?;
        self.confirm_deleted(deleted).await?;
        for (parcel, refusal, words) in refused {
            doubts.extend(self.refused(parcel, refusal, words).await?);
        }
        match self.failed.take() {
            Some(error) => Err(error.into()),
            None => Ok(doubts),
        }
    }

    /// A server that names cards itself (Google, Q87) has told where it is: noted at once, for it is
    /// found under no other name.
    fn note_place(&mut self, parcel: Parcel, stored: Stored) -> Result<Parcel, Failure> {
        let Some(href) = stored.href.filter(|_| parcel.write == Write::Create) else {
            return Ok(parcel);
        };
        let known = self.store.read().known_at(self.book.id, &[href.key()])?;
        if known.iter().any(|link| link.contact != parcel.contact) {
            // A server that takes new cards for old ones (Q113): the place has its contact already.
            return Ok(parcel);
        }
        let link = Link { href: href.clone(), etag: None, base: None, seen: 0 };
        self.store_now(&[Change::Link { contact: parcel.contact, book: self.book.id, link }])?;
        Ok(Parcel { href, ..parcel })
    }

    /// What was deleted there goes here as well, unless the server still shows it: a deletion that it
    /// took and did not do (Q119) would come back.
    async fn confirm_deleted(&mut self, deleted: Vec<Parcel>) -> Result<(), Failure> {
        if deleted.is_empty() {
            return Ok(());
        }
        let hrefs = deleted.iter().map(|parcel| parcel.href.clone()).collect();
        let there = self.read_back(hrefs).await;
        let mut changes = Vec::new();
        for parcel in deleted {
            let is_it = |card: &&Fetched| card.href.key() == parcel.href.key();
            if there.iter().find(is_it).is_some_and(|card| parcel.replaces(&card.what)) {
                let words = "it was deleted, and the server still shows it".to_owned();
                self.unsendable(&parcel.action, None, words)?;
                continue;
            }
            self.telling.report.there.deleted += 1;
            let why = Why("deleted here and on the server".to_owned());
            changes.push(Change::Delete { contact: parcel.contact, why });
        }
        self.store_now(&changes)
    }

    fn unsent(&mut self, parcel: Parcel) -> Result<(), Failure> {
        self.not_begun(&parcel)?;
        if self.post.closed { self.keep_merged(recorded(parcel.action)) } else { Ok(()) }
    }

    /// What was not sent was not begun, unless it was in an earlier run: then it may still arrive.
    fn not_begun(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        match &parcel.action.step {
            Step::CreateThere(sending) if sending.place.is_some() => Ok(()),
            _ => self.forget_intent(parcel),
        }
    }

    /// Nothing is at the href that was meant for a new card.
    fn forget_intent(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        if parcel.write != Write::Create {
            return Ok(());
        }
        let (contact, book) = (parcel.contact, self.book.id);
        let was = match &parcel.action.step {
            Step::CreateThere(sending) => sending.was.clone(),
            _ => None,
        };
        // One that was in this book stays a contact of this book.
        self.store_now(&[match was {
            Some(was) => {
                let link = Link { href: was.href, etag: None, base: Some(was.text), seen: 0 };
                Change::Link { contact, book, link }
            }
            None => Change::Unlink { contact, book },
        }])
    }

    async fn refused(
        &mut self,
        parcel: Parcel,
        refusal: Refusal,
        words: String,
    ) -> Result<Option<Doubt>, Failure> {
        let tried = match refusal {
            Refusal::Changed | Refusal::NoPlace => {
                return Ok(Some(Doubt { parcel, refused: Some((refusal, words)) }));
            }
            Refusal::UidTaken(place) => {
                self.forget_intent(&parcel)?;
                self.uid_taken(parcel, place, words).await?;
                return Ok(None);
            }
            // It may have been stored before the server failed.
            Refusal::Later => {
                self.unsendable(&parcel.action, None, words)?;
                self.keep_merged(recorded(parcel.action))?;
                return Ok(None);
            }
            Refusal::ReadOnly | Refusal::Forbidden => None,
            Refusal::Card | Refusal::WrongVersion => Some(parcel.edited),
        };
        self.forget_intent(&parcel)?;
        self.unsendable(&parcel.action, tried, format!("the server refuses it: {words}"))?;
        self.keep_merged(recorded(parcel.action))?;
        Ok(None)
    }

    /// Whether a refusal, or so many in a row, means that the book takes nothing.
    fn weigh(&mut self, refusal: &Refusal, words: &str) {
        if *refusal == Refusal::Forbidden {
            self.post.forbidden += 1;
        }
        if *refusal == Refusal::ReadOnly || self.post.forbidden >= FORBIDDEN {
            self.close(words);
        }
    }

    /// Nothing more is sent: said once, and every edit stays.
    fn close(&mut self, words: &str) {
        if !std::mem::replace(&mut self.post.closed, true) {
            let name = &self.book.info.name;
            self.remote.world().ui.warn(format_args!(
                "{name} cannot be written to: {words}; what was changed here stays here"
            ));
        }
    }

    /// Another card of the book has its UID: that is this contact, unless it is another one here (Q98).
    async fn uid_taken(
        &mut self,
        parcel: Parcel,
        place: Option<Href>,
        words: String,
    ) -> Result<(), Failure> {
        if let Some(other) = self.namesake(&parcel)? {
            let words = format!("the server has another contact with its UID: {other}");
            return self.unsendable(&parcel.action, Some(parcel.edited), words);
        }
        let Some(href) = place else {
            return self.unsendable(&parcel.action, None, words);
        };
        for card in self.look(vec![href]).await? {
            if let What::Card(bytes) = card.what {
                let place = card.href.clone();
                let remote =
                    RemoteCard { href: card.href, etag: card.etag, card: Card::parse(bytes) };
                let Some(contact) = self.store.read().contact(parcel.contact)? else { continue };
                let action = plan_card(remote, Match::Unlinked(&contact), self.options.choice);
                self.met.insert(parcel.contact);
                if action.step.is_sent() {
                    let link = Link { href: place, etag: None, base: None, seen: 0 };
                    let (contact, book) = (parcel.contact, self.book.id);
                    self.store_now(&[Change::Link { contact, book, link }])?;
                    self.later.push(action);
                } else {
                    self.do_all(vec![action], Vec::new())?;
                }
                return Ok(());
            }
        }
        self.unsendable(&parcel.action, None, words)
    }

    /// Who else here, linked in this book, has the UID of this contact.
    fn namesake(&self, parcel: &Parcel) -> Result<Option<String>, Failure> {
        let Some(uid) = parcel.sent.as_ref().and_then(Card::uid) else { return Ok(None) };
        let repo = self.store.read();
        let others = repo.by_uid(&uid.key())?;
        let ids: Vec<_> =
            others.iter().map(|one| one.id).filter(|id| *id != parcel.contact).collect();
        let linked = repo.external_ids(&ids)?;
        let here = |href: &Href| href.is_below(&self.book.info.location.href);
        let found = linked.iter().find(|(_, place)| here(&place.href)).map(|(id, _)| *id);
        Ok(found.and_then(|id| others.iter().find(|one| one.id == id)).map(|one| one.name.clone()))
    }

    /// Reads back what was written: the served text becomes the base, whatever ETag the PUT gave
    /// (Q91).
    async fn confirm(&mut self, written: Vec<Parcel>) -> Result<(), Failure> {
        if written.is_empty() {
            return Ok(());
        }
        let hrefs: Vec<Href> = written.iter().map(|parcel| parcel.href.clone()).collect();
        let mut there: HashMap<HrefKey, Fetched> =
            self.read_back(hrefs).await.into_iter().map(|card| (card.href.key(), card)).collect();
        let (mut changes, mut lost) = (Vec::new(), Vec::new());
        for parcel in written {
            self.count(&parcel);
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
                    let again = before.is_some_and(|note| note.reason == UNSEEN);
                    let tried = again.then_some(parcel.edited);
                    self.unsendable(&parcel.action, tried, UNSEEN.to_owned())?;
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
            let again = before.is_some_and(|note| note.reason == AS_BEFORE);
            // Sent twice is enough (Q112): it stays here, and is not sent for ever.
            let tried = again.then_some(parcel.edited);
            self.unsendable(&parcel.action, tried, AS_BEFORE.to_owned())?;
            return self.keep_merged(recorded(parcel.action.clone()));
        }
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

    fn count(&mut self, parcel: &Parcel) {
        let report = &mut *self.telling.report;
        match parcel.write {
            Write::Create => report.there.created += 1,
            Write::Update => report.there.updated += 1,
            Write::Delete => {}
        }
        let changes_here = !parcel.action.fields.is_empty();
        if matches!(parcel.action.step, Step::Merge(_)) && changes_here {
            report.here.updated += 1;
        }
    }

    /// What a doubtful write came to, by the card that is there now.
    pub(super) fn settle_doubt(
        &mut self,
        doubt: Doubt,
        card: Fetched,
    ) -> Result<Option<Action>, Failure> {
        let Doubt { parcel, refused } = doubt;
        match &card.what {
            What::Card(bytes) => {
                let found = Card::parse(bytes.as_slice());
                if parcel.write == Write::Create && is_another(&parcel, &found) {
                    self.forget_intent(&parcel)?;
                    return Ok(Some(elsewhere(parcel.action)));
                }
                let unchanged = match (&parcel.etag, &card.etag) {
                    (Some(ours), Some(theirs)) => ours.same_version(theirs),
                    _ => false,
                };
                match refused {
                    // It is as it was: it was not the version that was refused (Q97).
                    Some((_, words)) if unchanged => {
                        let words = format!("the server refuses it: {words}");
                        // Nobody can edit what was deleted: it is tried again in every run.
                        let tried = (parcel.write != Write::Delete).then_some(parcel.edited);
                        self.unsendable(&parcel.action, tried, words)?;
                        self.keep_merged(recorded(parcel.action))?;
                        Ok(None)
                    }
                    _ => self.plan_again(card, Some(parcel.contact)),
                }
            }
            What::Missing if parcel.write == Write::Create => {
                match refused {
                    // Nobody is there, and nobody new may be (Q110).
                    Some(_) if has_place(&parcel.action) || parcel.is_named_by_uid() => {
                        self.forget_intent(&parcel)?;
                        return Ok(Some(elsewhere(parcel.action)));
                    }
                    Some((refusal, words)) => {
                        self.forget_intent(&parcel)?;
                        let words = format!("the server refuses it: {words}");
                        // Where the book is gone, nothing is wrong with the contact (Q116).
                        let tried = (refusal != Refusal::NoPlace).then_some(parcel.edited);
                        self.unsendable(&parcel.action, tried, words)?;
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

    /// The plan for a contact, linked to the card that is there now or meeting it for the first time: done if it is to be done here, else
    /// given back.
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
        let linked = self.store.read().linked_at(self.book.id, &[href.key()])?;
        let met = match unlinked {
            Some(id) if linked.is_empty() => self.store.read().contact(id)?,
            _ => None,
        };
        let found = match (linked.first(), &met) {
            (Some(linked), _) => Match::Linked(linked),
            (None, Some(contact)) => Match::Unlinked(contact),
            (None, None) => return Ok(None),
        };
        let remote = RemoteCard { href, etag, card: Card::parse(bytes) };
        let action = plan_card(remote, found, self.options.choice);
        if action.step.is_sent() {
            return Ok(Some(action));
        }
        self.do_all(vec![action], Vec::new())?;
        Ok(None)
    }

    /// The cards at these hrefs; one that a report calls missing is asked for by itself.
    pub(super) async fn look(&self, hrefs: Vec<Href>) -> Result<Vec<Fetched>, Failure> {
        let (remote, book) = (self.remote, &self.book.info.location);
        let quirks = &self.book.progress.quirks;
        let mut found = Vec::with_capacity(hrefs.len());
        fetch(remote, book, quirks, hrefs, async |cards| {
            found.extend(cards);
            Ok::<(), Failure>(())
        })
        .await?;
        let (missing, mut found): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|card| card.what == What::Missing);
        let missing = missing.into_iter().map(|card| card.href).collect();
        fetch_each(remote, book, missing, async |cards| {
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
