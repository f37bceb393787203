//! `doctor carddav`: asks a server what it can do, step by step, and says what that means.
//!
//! Everything goes through the same operations and the same driver as a sync. Nothing is written but by
//! the write test, and there only a card of our own.

mod book;
mod cards;
mod changes;
mod discovery;
mod learnt;
mod mask;
mod report;
mod witness;
mod write_test;

use std::sync::Arc;

use contactcmd_domain::dav::{
    Access, BookInfo, DavError, FullListing, Location, Operation, Quirks,
};
use contactcmd_ports::{Book, ContactRepo, Open, TransportError};
use futures::executor::block_on;

use super::open;
use super::sync::account::{self, Chosen};
use super::sync::books;
use super::sync::connect::connect;
use crate::cli::{DoctorArgs, Global};
use crate::remote::{Answer, Discovered, Remote, RemoteError};
use crate::ui::prompt;
use crate::{Exit, Failure, World};
use mask::Mask;
use report::{About, Finding, Notebook, Report};
use witness::Witness;

/// What stands in the report in place of words that may name people and places.
const NOT_BEGUN: &str = "nothing could be asked; standard error says why";

/// Runs the command.
///
/// # Errors
///
/// [`Failure`] before anything was asked: the command line, the config, the password. What is wrong with
/// the server is part of the report, and in the exit code.
pub fn run(args: &DoctorArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let report = Report::new(!args.show_names, args.write_test);
    let mut notes = Notebook::new(&world.ui, args.json, report);
    let started = (world.now)();
    let failed = examine(args, global, world, &mut notes).err();
    notes.report.seconds = super::sync::seconds(started, world);
    let Some(failure) = failed else { return notes.finish() };
    notes.report.error = Some(match args.show_names {
        true => format!("{:#}", failure.error),
        false => NOT_BEGUN.to_owned(),
    });
    notes.ends_with(failure.exit);
    notes.finish()?;
    Err(failure)
}

fn examine<'w>(
    args: &DoctorArgs,
    global: &Global,
    world: &'w World,
    notes: &mut Notebook<'w>,
) -> Result<(), Failure> {
    if args.write_test && !args.yes && !prompt::can_ask(&world.ui) {
        return Err(Failure::usage("the write test writes a card; nobody can be asked")
            .hint("`--yes` does it without asking"));
    }
    let chosen = account::choose((&args.which).into(), world)?;
    let mut witness = None;
    let connection = connect(&chosen, world, |transport| {
        let looking_on = Arc::new(Witness::new(transport));
        witness = Some(looking_on.clone());
        looking_on
    })?;
    let mut doctor = Doctor {
        args,
        global,
        world,
        remote: &connection.remote,
        chosen: &chosen,
        mask: Mask::new(args.show_names, &chosen.username),
        notes: &mut *notes,
    };
    let examined = block_on(doctor.examine(witness.as_deref()));
    notes.report.requests = connection.remote.requests();
    match examined {
        Err(End::Failed(failure)) => Err(failure),
        Err(End::Told) | Ok(()) => Ok(()),
    }
}

/// The examination of one server.
struct Doctor<'a, 'w> {
    args: &'a DoctorArgs,
    global: &'a Global,
    world: &'w World,
    remote: &'a Remote<'w>,
    chosen: &'a Chosen,
    mask: Mask,
    notes: &'a mut Notebook<'w>,
}

/// Why an examination ends early.
enum End {
    /// For a reason that was told as a finding.
    Told,
    /// For one that has nothing to do with the server.
    Failed(Failure),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What was seen of one book.
struct Seen {
    /// What it says about itself now.
    info: BookInfo,
    /// Its cards.
    listing: FullListing,
    /// What is known of its server, with what was learnt just now.
    quirks: Quirks,
}

impl Doctor<'_, '_> {
    async fn examine(&mut self, witness: Option<&Witness>) -> Result<(), End> {
        let found = self.discovery(witness).await?;
        let known = self.known_books()?;
        let books = self.choose(&found, known)?;
        let to_write = match self.args.write_test {
            true => Some(self.book_to_write(&books)?),
            false => None,
        };
        for (number, book) in (1..).zip(&books) {
            let name = self.name(number, book);
            self.notes.at_book(Some(name.clone()));
            let Some(mut seen) = self.book(book).await? else { continue };
            let tested = match to_write == Some(book.id) {
                true => self.write_test(&mut seen).await,
                false => Ok(()),
            };
            // However the test ended, what it taught is kept.
            self.quirks(book, &seen, &found)?;
            tested?;
        }
        Ok(())
    }

    /// Everything about one book that can be asked; `None` when it cannot be used.
    async fn book(&mut self, book: &Book) -> Result<Option<Seen>, End> {
        let Some(info) = self.properties(book).await? else { return Ok(None) };
        self.notes.about(About::Changes);
        let Some(listing) = self.listing(&info).await? else { return Ok(None) };
        let mut quirks = book.progress.quirks.clone();
        self.changes(&info, &listing, &mut quirks).await?;
        self.notes.about(About::Cards);
        self.cards(&info, &listing).await?;
        Ok(Some(Seen { info, listing, quirks }))
    }

    /// The books of this account in the store.
    fn known_books(&self) -> Result<Vec<Book>, Failure> {
        let repo = open(self.world, self.global, Open::Read)?;
        self.books_in(repo.as_ref())
    }

    fn books_in(&self, repo: &dyn ContactRepo) -> Result<Vec<Book>, Failure> {
        let server = self.chosen.address.origin.to_string();
        Ok(match repo.account(&server, &self.chosen.username)? {
            Some(account) => repo.books(account.id)?,
            None => Vec::new(),
        })
    }

    /// The books to look at: those that were named, else those of the config, else all that are
    /// offered.
    fn choose(&self, found: &Discovered, known: Vec<Book>) -> Result<Vec<Book>, Failure> {
        let as_known = |(row, info): (i64, BookInfo)| {
            let same = |book: &&Book| book.info.location.href.key() == info.location.href.key();
            match known.iter().find(same) {
                Some(book) => Book { info, ..book.clone() },
                None => books::not_stored(row, info),
            }
        };
        let mut all: Vec<Book> = (1..).zip(found.books.clone()).map(as_known).collect();
        let typed = &self.args.addressbooks;
        let named = if typed.is_empty() { &self.chosen.settings.addressbooks } else { typed };
        if !named.is_empty() {
            return books::select(all, named, self.world);
        }
        if all.iter().any(|book| !book.info.hidden) {
            all.retain(|book| !book.info.hidden);
        }
        Ok(all)
    }

    /// The one book of the write test.
    fn book_to_write(&self, books: &[Book]) -> Result<contactcmd_ports::BookId, Failure> {
        let mut writable = books.to_vec();
        if let [only] = books {
            return Ok(only.id);
        }
        writable.retain(|book| book.info.access != Access::ReadOnly);
        let chosen = books::select(writable, &[], self.world)?;
        let none = || Failure::usage("there is no address book that can be written to");
        chosen.first().map(|book| book.id).ok_or_else(none)
    }

    /// What a book is called in the report.
    fn name(&self, number: usize, book: &Book) -> String {
        match self.mask.shows() {
            true => format!("{} ({})", book.info.name, book.info.location.href),
            false => format!("{number} ({})", self.mask.path(&book.info.location.href)),
        }
    }

    /// Asks, for an answer or a refusal that says something about the server.
    async fn ask<O: Operation>(
        &mut self,
        what: &str,
        at: &Location,
        make: impl Fn(Location) -> O,
    ) -> Result<Result<Answer<O::Reply>, RemoteError>, End> {
        match self.remote.ask(at, make).await {
            Err(error) if is_final(&error) => Err(self.end(what, error)),
            other => Ok(other),
        }
    }

    /// Tells why nothing more can be asked.
    fn end(&mut self, what: &str, error: RemoteError) -> End {
        let words = self.mask.error(&error);
        let is_general = matches!(
            &error,
            RemoteError::Transport(_)
                | RemoteError::Dav { error: DavError::Unauthorized { .. }, .. }
        );
        let failure = Failure::from(error);
        let mut finding = Finding::fail(format!("{what}: {words}"));
        if let Some(hint) = failure.hint.filter(|_| is_general) {
            finding = finding.means(self.mask.words(&hint));
        }
        self.notes.tell_end(finding, failure.exit);
        End::Told
    }
}

/// Whether nothing else can be asked either.
fn is_final(error: &RemoteError) -> bool {
    matches!(
        error,
        RemoteError::Interrupted
            | RemoteError::Transport(
                TransportError::Unreachable { .. } | TransportError::Untrusted { .. }
            )
            | RemoteError::Dav { error: DavError::Unauthorized { .. }, .. }
    )
}

/// `1 card`, `2 cards`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
