//! The requests themselves: one card each, several in flight.

use std::cell::Cell;

use contactcmd_domain::dav::{
    DavError, DeleteCard, Deleted, ETag, Fetched, Href, Location, Operation, Precondition, PutCard,
    Stored, Unwritable, What,
};
use contactcmd_domain::sync::refusal::{Refusal, Write, is_undone, refusal};
use contactcmd_domain::vcard::Card;
use futures::StreamExt;
use futures::stream;

use super::Pages;
use super::doubt::Doubt;
use super::parcel::Parcel;
use crate::Failure;
use crate::remote::{Remote, RemoteError, Shelf, WriteError, as_stored};

/// A write that was tried.
pub(super) struct Done {
    pub(super) parcel: Parcel,
    pub(super) what: Outcome,
}

/// What came of a write.
pub(super) enum Outcome {
    Stored(Stored),
    Deleted,
    Refused(Refusal, String),
    /// Nobody knows.
    Unknown,
    /// It was not sent, because the run ends.
    Unsent,
    /// It was not sent, because what was known of its card is too old by now.
    Late,
}

/// How often a write is sent to a server that has no time for it.
const TIMES_WHEN_BUSY: u32 = 3;

/// Writes in flight on HTTP/1.1, where each has a connection, and on HTTP/2, where they share one.
fn in_flight(remote: &Remote<'_>) -> usize {
    if remote.is_http2() { 32 } else { 6 }
}

impl Pages<'_, '_, '_> {
    /// Sends each of them; a failure of the server as a whole ends the run once those in flight have
    /// ended.
    pub(super) async fn post_all(&mut self, parcels: Vec<Parcel>) -> Result<Vec<Done>, Failure> {
        let remote = self.remote;
        let target = Target {
            remote,
            book: &self.book.info.location,
            keeps_conditions: !self.book.progress.quirks.no_preconditions,
            was_busy: Cell::new(false),
        };
        let stop: Cell<bool> = Cell::new(false);
        let failure: Cell<Option<RemoteError>> = Cell::new(None);
        let send = |parcel: Parcel| async {
            if stop.get() || remote.world().interrupt.is_raised() {
                return not_sent(parcel, Outcome::Unsent);
            }
            if target.is_too_late() {
                return not_sent(parcel, Outcome::Late);
            }
            match post(&target, parcel).await {
                Ok(done) => {
                    let is_end = matches!(done.what, Outcome::Refused(Refusal::ReadOnly, _));
                    stop.set(stop.get() || is_end);
                    done
                }
                Err((parcel, error)) => {
                    stop.set(true);
                    failure.set(Some(error));
                    Done { parcel, what: Outcome::Unknown }
                }
            }
        };
        let done: Vec<Done> =
            stream::iter(parcels).map(send).buffer_unordered(in_flight(remote)).collect().await;
        self.failed = self.failed.take().or(failure.take());
        Ok(done)
    }

    /// Where a server is known to ignore preconditions, the versions are compared just before
    /// (Q94, Q118): what is not as it was is planned again.
    pub(super) async fn check_versions(
        &mut self,
        parcels: Vec<Parcel>,
    ) -> Result<(Vec<Parcel>, Vec<Doubt>), Failure> {
        if !self.book.progress.quirks.no_preconditions || parcels.is_empty() {
            return Ok((parcels, Vec::new()));
        }
        let hrefs = parcels.iter().map(|parcel| parcel.href.clone()).collect();
        let there = self.look_with_versions(hrefs).await?;
        let (mut good, mut doubts) = (Vec::new(), Vec::new());
        for parcel in parcels {
            let found = there.iter().find(|card| card.href.key() == parcel.href.key());
            let as_thought = match (&parcel.etag, found) {
                (Some(ours), Some(card)) => {
                    let same = |theirs: &ETag| ours.same_version(theirs);
                    // A counter comes around after a deletion (Q133): the text has to be the same too.
                    card.etag.as_ref().is_some_and(same) && parcel.replaces(&card.what)
                }
                (None, Some(card)) => card.what == What::Missing,
                (_, None) => false,
            };
            if as_thought {
                good.push(parcel);
            } else {
                doubts.push(Doubt { parcel, refused: None });
            }
        }
        Ok((good, doubts))
    }

    /// What a batch of written cards became, by one multiget; `None` when no answer came.
    pub(in crate::sync) async fn read_back(&self, hrefs: Vec<Href>) -> Option<Vec<Fetched>> {
        let (remote, shelf) = (self.remote, Shelf::of(self.book));
        let multiget = |place| shelf.multiget(place, hrefs.clone(), None);
        let read = async {
            let answer = remote.ask(&self.book.info.location, multiget).await?;
            as_stored(remote, shelf, answer.reply).await.map(|(cards, _)| cards)
        };
        let tell = |error| remote.world().ui.detail(format_args!("reading back: {error}"));
        read.await.map_err(tell).ok()
    }
}

/// Where cards are written.
struct Target<'a, 'w> {
    remote: &'a Remote<'w>,
    book: &'a Location,
    /// Whether the server looks at preconditions.
    keeps_conditions: bool,
    /// Whether it asked to wait.
    was_busy: Cell<bool>,
}

impl Target<'_, '_> {
    /// Whether what was seen of the cards before this batch cannot be relied on: the next request waits
    /// for the server, and it will not look at preconditions then.
    fn is_too_late(&self) -> bool {
        self.was_busy.get() && !self.keeps_conditions
    }

    /// Writes, and again after a while if the server has no time: the condition still holds then, or the
    /// write is refused. Where none is looked at, a second write could double a card or overwrite
    /// another's edit (Q94, Q108), so the card is looked at first. `was_sent` says that an earlier one may
    /// have been done.
    async fn write<O: Operation>(
        &self,
        href: &Href,
        make: impl Fn(&Location) -> Result<O, Unwritable>,
        was_sent: &Cell<bool>,
    ) -> Result<O::Reply, WriteError> {
        let mut left = TIMES_WHEN_BUSY;
        loop {
            left -= 1;
            let answer = self.remote.write(self.book, href, &make).await;
            match answer {
                Err(WriteError::Refused(error @ DavError::Busy { .. }))
                    if self.keeps_conditions && left > 0 =>
                {
                    was_sent.set(was_sent.get() || !is_undone(&error));
                }
                Err(WriteError::Refused(error @ DavError::Busy { .. }))
                    if !self.keeps_conditions =>
                {
                    self.was_busy.set(true);
                    let at = self.book.with_href(href.clone());
                    return Err(WriteError::Unknown(RemoteError::Dav { at, error }));
                }
                answer => return answer,
            }
        }
    }
}

async fn post(target: &Target<'_, '_>, parcel: Parcel) -> Result<Done, (Parcel, RemoteError)> {
    let href = parcel.href.clone();
    let put = |card: &Card| {
        let precondition = match &parcel.etag {
            Some(etag) => Precondition::IfMatch(etag.clone()),
            None => Precondition::IfNoneMatch,
        };
        let (href, bytes) = (href.clone(), card.as_bytes().to_vec());
        move |book: &Location| PutCard::new(book, href.clone(), precondition.clone(), bytes.clone())
    };
    let mut sent = parcel.sent.clone();
    let was_sent = Cell::new(false);
    let what = match (&parcel.sent, &parcel.etag) {
        (Some(card), _) => {
            let mut answer = target.write(&href, put(card), &was_sent).await;
            if let (Err(WriteError::Refused(error)), Some(older)) = (&answer, parcel.as_older())
                && refusal(error, parcel.write) == Refusal::WrongVersion
            {
                answer = target.write(&href, put(&older), &was_sent).await;
                sent = Some(older);
            }
            answer.map(Outcome::Stored)
        }
        (None, Some(etag)) => {
            let delete = |book: &Location| DeleteCard::new(book, href.clone(), etag);
            target.write(&href, delete, &was_sent).await.map(|deleted| match deleted {
                Deleted::Now => Outcome::Deleted,
                // Gone before is as good (Q117), if it is gone: whoever may only read hears the same
                // from Nextcloud's shares (Q16).
                Deleted::Before => Outcome::Refused(
                    Refusal::Changed,
                    "the server has nothing at this address".to_owned(),
                ),
            })
        }
        (None, None) => Ok(Outcome::Unsent),
    };
    let write = parcel.write;
    let undone = !was_sent.get()
        && match &what {
            Err(WriteError::Unwritable(_)) => true,
            Err(WriteError::Refused(error)) => is_undone(error),
            _ => false,
        };
    let parcel = Parcel { sent, undone, ..parcel };
    match what {
        Ok(what) => Ok(Done { parcel, what }),
        Err(WriteError::Fatal(error)) => Err((parcel, error)),
        Err(error) => Ok(Done { parcel, what: of_error(error, write, target.remote) }),
    }
}

fn not_sent(parcel: Parcel, what: Outcome) -> Done {
    Done { parcel: Parcel { undone: true, ..parcel }, what }
}

fn of_error(error: WriteError, write: Write, remote: &Remote<'_>) -> Outcome {
    match error {
        WriteError::Unwritable(why) => Outcome::Refused(Refusal::Card, why.to_string()),
        WriteError::Refused(error) => Outcome::Refused(refusal(&error, write), error.to_string()),
        WriteError::Unknown(error) | WriteError::Fatal(error) => {
            remote.world().ui.detail(format_args!("a write has no known end: {error}"));
            Outcome::Unknown
        }
    }
}
