//! The steps of the test, and what each teaches.

use contactcmd_domain::dav::{
    DavError, DeleteCard, Deleted, ETag, Href, Location, Precondition, PutCard, Stored,
};
use contactcmd_domain::vcard::{self, Card, diff};

use super::super::End;
use super::super::report::Finding;
use super::Trial;
use super::card::text;
use super::look::{Found, Served};
use crate::remote::{RemoteError, WriteError};

/// A version that no card has.
const NO_VERSION: &str = "\"contactcmd-no-version\"";

/// What a server said to a write.
enum Said<T> {
    Done(T),
    Refused(DavError),
    /// Nobody knows; that was told.
    Unclear,
}

impl Trial<'_, '_, '_> {
    /// The whole test. What becomes of the card in the end is the sweep's business.
    pub(super) async fn run(&mut self) -> Result<(), End> {
        let Some(first) = self.create().await? else { return Ok(()) };
        self.create_again(&first).await?;
        let Some(stale) = self.update(&first).await? else { return Ok(()) };
        self.update_stale(&first.href, &stale).await?;
        self.delete_stale(&stale).await?;
        if let Some(gone) = self.delete().await? {
            self.update_gone(&gone).await?;
        }
        Ok(())
    }

    /// A new card, as the server gives it back.
    async fn create(&mut self) -> Result<Option<Found>, End> {
        let Some(place) = self.places.first().cloned() else { return Ok(None) };
        let said = self.put(&place, Precondition::IfNoneMatch, 1).await?;
        let stored = match said {
            Said::Refused(error) => {
                let words = format!("a new card is refused: {}", self.doctor.mask.refusal(&error));
                self.tell(Finding::fail(words).means("what is new here cannot be sent"));
                return Ok(None);
            }
            Said::Done(stored) => Some(stored),
            Said::Unclear => None,
        };
        let Some(found) = self.find().await else {
            let words = "a new card was accepted, and is nowhere to be found";
            self.tell(Finding::fail(words).means("a sync would look for it in each run"));
            return Ok(None);
        };
        self.tell_place(&place, stored.as_ref(), &found);
        if let Some(stored) = &stored {
            self.tell(version_of_put(stored.etag.as_ref(), found.etag.as_ref()));
        }
        let sent = text(&self.mark, 1, &self.info.capabilities);
        self.tell(changes(&sent, &found.text));
        Ok(Some(found))
    }

    fn tell_place(&mut self, put: &Href, stored: Option<&Stored>, found: &Found) {
        let status = stored.map(|stored| format!(" ({})", stored.status)).unwrap_or_default();
        let told = stored.is_some_and(|stored| stored.href.is_some());
        let finding = if found.href.key() == put.key() {
            Finding::ok(format!("a new card is stored under the name it was given{status}"))
        } else if told {
            Finding::note(format!("a new card gets another name, and its Location says so{status}"))
                .means("that name is taken")
        } else {
            Finding::note(format!("a new card gets another name, and nothing says so{status}"))
                .means("it is looked for by what is in it")
        };
        self.tell(finding);
    }

    /// A second card at the place of the first must be refused.
    async fn create_again(&mut self, first: &Found) -> Result<(), End> {
        match self.put(&first.href, Precondition::IfNoneMatch, 2).await? {
            Said::Refused(error) => {
                let why = self.doctor.mask.refusal(&error);
                self.tell(Finding::ok(format!("a create does not overwrite a card: {why}")));
            }
            Said::Done(_) => match self.served(&first.href).await {
                Served::Card(now) if !same(&now.text, &first.text) => {
                    self.learn("If-None-Match is not looked at: a create overwrites a card");
                }
                _ => self.tell(Finding::note(
                    "a create where a card is was accepted, and the card stayed",
                )),
            },
            Said::Unclear => {}
        }
        Ok(())
    }

    /// An update under the version that is there. Gives one that is no longer good; `None` when the card
    /// cannot be updated.
    async fn update(&mut self, first: &Found) -> Result<Option<ETag>, End> {
        let Some(now) = self.find().await else { return Ok(None) };
        let Some(etag) = now.etag.clone() else {
            self.tell(
                Finding::note("the card has no version").means("it cannot be changed safely"),
            );
            return Ok(None);
        };
        match self.put(&first.href, Precondition::IfMatch(etag.clone()), 3).await? {
            Said::Done(Stored { status: 201, .. }) => self.tell(
                Finding::note("an update is accepted with 201, as if the card were new")
                    .means("whether it is new is seen by reading it back"),
            ),
            Said::Done(stored) => {
                self.tell(Finding::ok(format!("an update is accepted ({})", stored.status)));
            }
            Said::Refused(error) => {
                let why = self.doctor.mask.refusal(&error);
                self.tell(
                    Finding::fail(format!("an update of the version it gave is refused: {why}"))
                        .means("what is changed here cannot be sent"),
                );
                return Ok(ETag::new(NO_VERSION));
            }
            Said::Unclear => {}
        }
        let Some(after) = self.find().await else { return Ok(None) };
        if same(&after.text, &now.text) {
            self.tell(Finding::note("after the update the card is as before"));
            return Ok(ETag::new(NO_VERSION));
        }
        if after.etag.as_ref().is_some_and(|new| new.same_version(&etag)) {
            self.learn("the version stays the same when the text changes");
            return Ok(ETag::new(NO_VERSION));
        }
        Ok(Some(etag))
    }

    /// An update of a version that is not there any more must be refused.
    async fn update_stale(&mut self, href: &Href, stale: &ETag) -> Result<(), End> {
        match self.put(href, Precondition::IfMatch(stale.clone()), 4).await? {
            Said::Refused(error) => {
                let why = self.doctor.mask.refusal(&error);
                self.tell(Finding::ok(format!("an edit does not overwrite another one: {why}")));
            }
            Said::Done(_) => {
                self.learn("If-Match is not looked at: an edit overwrites another one");
            }
            Said::Unclear => {}
        }
        Ok(())
    }

    /// A deletion of a version that is not there any more must be refused.
    async fn delete_stale(&mut self, stale: &ETag) -> Result<(), End> {
        let Some(now) = self.find().await else { return Ok(()) };
        match self.remove_at(&now.href, stale).await? {
            Said::Refused(error) => {
                let why = self.doctor.mask.refusal(&error);
                self.tell(Finding::ok(format!("a deletion does not delete another edit: {why}")));
            }
            Said::Done(_) => match self.served(&now.href).await {
                Served::Missing => {
                    self.learn("If-Match is not looked at when a card is deleted");
                }
                _ => self.tell(Finding::note(
                    "a deletion of another version was accepted, and not done",
                )),
            },
            Said::Unclear => {}
        }
        Ok(())
    }

    /// The deletion. Gives the card that was there and is gone.
    async fn delete(&mut self) -> Result<Option<Found>, End> {
        let Some(now) = self.find().await else { return Ok(None) };
        let Some(etag) = now.etag.clone() else { return Ok(None) };
        match self.remove_at(&now.href, &etag).await? {
            Said::Done(_) => {}
            Said::Refused(error) => {
                let why = self.doctor.mask.refusal(&error);
                self.tell(
                    Finding::fail(format!("a deletion is refused: {why}"))
                        .means("what is deleted here cannot be deleted there"),
                );
                return Ok(None);
            }
            Said::Unclear => return Ok(None),
        }
        if matches!(self.served(&now.href).await, Served::Missing) {
            self.tell(Finding::ok("a card is deleted"));
            return Ok(Some(now));
        }
        self.tell(Finding::note("a deletion was accepted, and the card is still there"));
        Ok(None)
    }

    /// An update of a card that is gone must be refused (Q114, Q134).
    async fn update_gone(&mut self, gone: &Found) -> Result<(), End> {
        let Some(etag) = gone.etag.clone() else { return Ok(()) };
        match self.put(&gone.href, Precondition::IfMatch(etag), 5).await? {
            Said::Refused(error) => {
                let why = self.doctor.mask.refusal(&error);
                self.tell(Finding::ok(format!(
                    "an edit does not bring back a deleted card: {why}"
                )));
            }
            Said::Done(_) => self.learn("an edit brings back a card that was deleted"),
            Said::Unclear => {}
        }
        Ok(())
    }

    async fn put(
        &mut self,
        href: &Href,
        precondition: Precondition,
        step: u32,
    ) -> Result<Said<Stored>, End> {
        self.go_on()?;
        let card = text(&self.mark, step, &self.info.capabilities).into_bytes();
        let make =
            |book: &Location| PutCard::new(book, href.clone(), precondition.clone(), card.clone());
        let done = self.doctor.remote.write(&self.info.location, href, make).await;
        if let Ok(Stored { href: Some(other), .. }) = &done {
            self.note_place(other);
        }
        self.unseen |= matches!(done, Ok(_) | Err(WriteError::Unknown(_)));
        self.said("a PUT", done)
    }

    async fn remove_at(&mut self, href: &Href, etag: &ETag) -> Result<Said<Deleted>, End> {
        self.go_on()?;
        let make = |book: &Location| DeleteCard::new(book, href.clone(), etag);
        let done = self.doctor.remote.write(&self.info.location, href, make).await;
        self.said("a DELETE", done)
    }

    fn said<T>(&mut self, what: &str, done: Result<T, WriteError>) -> Result<Said<T>, End> {
        match done {
            Ok(reply) => Ok(Said::Done(reply)),
            Err(WriteError::Refused(error)) => Ok(Said::Refused(error)),
            Err(WriteError::Fatal(error)) => Err(self.doctor.end(what, error)),
            Err(WriteError::Unknown(error)) => {
                let words = self.doctor.mask.error(&error);
                self.tell(Finding::note(format!("{what} has no known end: {words}")));
                Ok(Said::Unclear)
            }
            Err(WriteError::Unwritable(_)) => {
                self.tell(Finding::note(format!("{what} cannot be sent under that version")));
                Ok(Said::Unclear)
            }
        }
    }

    /// Ctrl-C is heard between two writes.
    fn go_on(&mut self) -> Result<(), End> {
        if self.doctor.world.interrupt.is_raised() {
            return Err(self.doctor.end("the write test", RemoteError::Interrupted));
        }
        Ok(())
    }

    fn learn(&mut self, words: &str) {
        self.quirks.no_preconditions = true;
        self.tell(
            Finding::note(words).means("versions and texts are compared just before each write"),
        );
    }

    fn tell(&mut self, finding: Finding) {
        self.doctor.notes.tell(finding);
    }
}

fn version_of_put(put: Option<&ETag>, served: Option<&ETag>) -> Finding {
    match (put, served) {
        (Some(put), Some(served)) if put == served => {
            Finding::ok("PUT gives the version that the card then has")
        }
        (Some(_), _) => Finding::note("PUT gives another version than the card then has")
            .means("the card is read back after each write"),
        (None, _) => {
            Finding::note("PUT gives no version").means("the card is read back after each write")
        }
    }
}

/// What became of a text on its way.
fn changes(sent: &Card, served: &[u8]) -> Finding {
    let even = |text: &[u8]| String::from_utf8_lossy(text).replace("\r\n", "\n");
    if sent.as_bytes() == served {
        return Finding::ok("a card comes back byte for byte");
    }
    if even(sent.as_bytes()) == even(served) {
        return Finding::ok("a card comes back as it was, line ends aside");
    }
    let served = Card::parse(served);
    let mut words: Vec<String> = diff(sent, &served).iter().map(ToString::to_string).collect();
    if sent.uid().map(|uid| uid.key()) != served.uid().map(|uid| uid.key()) {
        words.push("UID changed".to_owned());
    }
    if words.is_empty() {
        return Finding::ok("a card comes back in other words, and says the same");
    }
    Finding::note(format!("a card comes back changed: {}", words.join(", ")))
        .means("what a server does not keep stays here")
}

fn same(one: &[u8], other: &[u8]) -> bool {
    vcard::same(&Card::parse(one), &Card::parse(other))
}
