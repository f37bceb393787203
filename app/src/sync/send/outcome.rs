//! What the server answered to what was sent, and what becomes of what it refused.

use contactcmd_domain::dav::{Fetched, Href, Stored, What};
use contactcmd_domain::sync::action::{Action, RemoteCard, Step};
use contactcmd_domain::sync::plan::{Match, plan_card};
use contactcmd_domain::sync::refusal::{Refusal, Write};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::Card;
use contactcmd_ports::{Change, Why};

use super::Pages;
use super::doubt::Doubt;
use super::parcel::{Parcel, recorded};
use super::post::{Done, Outcome};
use crate::Failure;
use crate::remote::RemoteError;

/// So many bare refusals, and nothing that was taken, are about the book and not about a card.
const FORBIDDEN: usize = 3;

impl Pages<'_, '_, '_> {
    /// Stores what came of these writes; gives those that nobody can be sure of.
    pub(super) async fn take_stock(&mut self, done: Vec<Done>) -> Result<Vec<Doubt>, Failure> {
        let (mut doubts, mut written) = (Vec::new(), Vec::new());
        let (mut deleted, mut refused) = (Vec::new(), Vec::new());
        for Done { parcel, what } in done {
            match what {
                Outcome::Stored(stored) => written.push(self.note_place(parcel, stored)?),
                Outcome::Deleted => deleted.push(parcel),
                Outcome::Refused(refusal, words) => refused.push((parcel, refusal, words)),
                Outcome::Unknown => doubts.push(Doubt { parcel, refused: None }),
                Outcome::Unsent => self.unsent(parcel)?,
                Outcome::Late => {
                    self.not_begun(&parcel)?;
                    self.later.push(recorded(parcel.action));
                }
            }
        }
        self.post.takes |= !written.is_empty() || !deleted.is_empty();
        self.weigh(&refused);
        // A refusal may ask the server again, and that may fail: what was done is stored before.
        self.confirm(written).await?;
        self.confirm_deleted(deleted).await?;
        for (parcel, refusal, words) in refused {
            doubts.extend(self.refused(parcel, refusal, words).await?);
        }
        match self.failed.take() {
            Some(error) => Err(error.into()),
            // What was not sent, or not read back, is not forgotten: the run is not at its end.
            None if self.remote.world().interrupt.is_raised() => {
                Err(RemoteError::Interrupted.into())
            }
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
        let Some(there) = self.read_back(hrefs).await else {
            // Unseen they keep their tombstones: the next run is told that they are gone.
            self.telling.report.there.deleted += deleted.len();
            return Ok(());
        };
        let mut changes = Vec::new();
        for parcel in deleted {
            let is_it = |card: &&Fetched| card.href.key() == parcel.href.key();
            if there.iter().find(is_it).is_some_and(|card| parcel.replaces(&card.what)) {
                let words = "it was deleted, and the server still shows it".to_owned();
                self.unsendable(&parcel.action, None, words)?;
                continue;
            }
            self.telling.report.there.deleted += 1;
            let why = Why("the server has deleted it too".to_owned());
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
        self.retract(parcel)?;
        match &parcel.action.step {
            Step::CreateThere(sending) if sending.place.is_some() => Ok(()),
            _ => self.forget_intent(parcel),
        }
    }

    /// Nothing is at the href that was meant for a new card.
    pub(super) fn forget_intent(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        if parcel.write != Write::Create {
            return Ok(());
        }
        if self.keep_gone(&parcel.action)? {
            return Ok(());
        }
        let (contact, book) = (parcel.contact, self.book.id);
        if parcel.was_linked {
            // Nor does one that was sent here before leave it for another. Nobody is at a new name.
            let href = self.unused_href();
            let link = Link { href, etag: None, base: None, seen: 0 };
            return self.store_now(&[Change::Link { contact, book, link }]);
        }
        self.store_now(&[Change::Unlink { contact, book }])
    }

    /// One that was in this book and is not created again stays a contact of this book, without a version:
    /// no listing tells again that its card is gone. Gives whether it was one.
    pub(super) fn keep_gone(&mut self, action: &Action) -> Result<bool, Failure> {
        let (Step::CreateThere(sending), Some(contact)) = (&action.step, action.contact) else {
            return Ok(false);
        };
        let Some(was) = sending.was.clone() else { return Ok(false) };
        let link = Link { href: was.href, etag: None, base: Some(was.text), seen: 0 };
        self.store_now(&[Change::Link { contact, book: self.book.id, link }])?;
        Ok(true)
    }

    /// The card is at the version that was just read: a link without one is that of a card which was found
    /// to be gone.
    pub(super) fn note_version(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let Step::UpdateThere(sending) = &parcel.action.step else { return Ok(()) };
        let Some(was) = sending.was.as_ref().filter(|was| was.etag.is_some()) else {
            return Ok(());
        };
        let (contact, book) = (parcel.contact, self.book.id);
        let linked = self.store.read().linked(contact, book)?.map(|linked| linked.link);
        let is_it = |link: &Link| link.etag.is_none() && link.base.as_ref() == Some(&was.text);
        let Some(link) = linked.filter(is_it) else { return Ok(()) };
        let link = Link { etag: was.etag.clone(), ..link };
        self.store_now(&[Change::Link { contact, book, link }])
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
                self.retract(&parcel)?;
                self.forget_intent(&parcel)?;
                self.uid_taken(parcel, place, words).await?;
                return Ok(None);
            }
            // It may have been stored before the server failed.
            Refusal::Later => {
                self.refuse(&parcel, None, words)?;
                self.keep_merged(recorded(parcel.action))?;
                return Ok(None);
            }
            Refusal::ReadOnly => None,
            // Whoever takes others does not take this one; twice in vain is enough all the same.
            Refusal::Forbidden if self.post.takes => Some(parcel.edited),
            Refusal::Forbidden => self.if_again(&parcel, &refused_by_server(&words)),
            Refusal::Card | Refusal::WrongVersion => Some(parcel.edited),
        };
        self.forget_intent(&parcel)?;
        self.note_version(&parcel)?;
        self.refuse(&parcel, tried, refused_by_server(&words))?;
        self.keep_merged(recorded(parcel.action))?;
        Ok(None)
    }

    /// The value of `edited` that is not tried again, where an earlier run was told the same words.
    fn if_again(&self, parcel: &Parcel, words: &str) -> Option<u64> {
        let before = self.refused.get(&parcel.contact);
        before.is_some_and(|note| note.reason == words).then_some(parcel.edited)
    }

    /// Whether these refusals mean that the book takes nothing: the order in which they came does not
    /// matter, since several were in flight.
    fn weigh(&mut self, refused: &[(Parcel, Refusal, String)]) {
        let words = |wanted: Refusal| {
            let found = refused.iter().find(|(_, refusal, _)| *refusal == wanted);
            found.map(|(_, _, words)| words.clone())
        };
        if let Some(words) = words(Refusal::ReadOnly) {
            self.close(&words);
        }
        let is_bare = |one: &&(Parcel, Refusal, String)| one.1 == Refusal::Forbidden;
        self.post.forbidden += refused.iter().filter(is_bare).count();
        if let Some(words) = words(Refusal::Forbidden)
            && !self.post.takes
            && self.post.forbidden >= FORBIDDEN
        {
            self.close(&words);
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
            self.unsendable(&parcel.action, Some(parcel.edited), words)?;
            return self.keep_merged(recorded(parcel.action));
        }
        // Where that card cannot be found or read, the second time is the last.
        let tried = self.if_again(&parcel, &words);
        let Some(href) = place else {
            self.unsendable(&parcel.action, tried, words)?;
            return self.keep_merged(recorded(parcel.action));
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
        self.unsendable(&parcel.action, tried, words)?;
        self.keep_merged(recorded(parcel.action))
    }

    /// Who else here, linked in this book, has the UID of this contact.
    fn namesake(&self, parcel: &Parcel) -> Result<Option<String>, Failure> {
        let Some(uid) = parcel.sent.as_ref().and_then(Card::uid) else { return Ok(None) };
        let repo = self.store.read();
        for other in repo.by_uid(&uid.key())? {
            if other.id != parcel.contact && repo.linked(other.id, self.book.id)?.is_some() {
                return Ok(Some(other.name));
            }
        }
        Ok(None)
    }
}

/// Why a contact was not sent.
pub(super) fn refused_by_server(words: &str) -> String {
    format!("the server refuses it: {words}")
}
