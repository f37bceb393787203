//! One visit to one server: its books, one after the other, each by itself.

use std::cell::Cell;
use std::time::Duration;

use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::sync::action::Action;
use contactcmd_domain::sync::policy::Direction;
use contactcmd_ports::{AccountDraft, Book, BookId, ContactRepo};

use super::account::{Chosen, Saved};
use super::books::{self, Row};
use super::connect::Connection;
use crate::cli::SyncArgs;
use crate::config::AuthKind;
use crate::password::{self, Source};
use crate::remote::{Discovered, PasswordRefused, Remote, discover};
use crate::sync::{BookReport, Options, RunReport, Session, Store};
use crate::ui::progress::Progress;
use crate::ui::report::{Lines, summary};
use crate::ui::{Verbosity, error as complaint};
use crate::{Exit, Failure, World, config};

/// One visit to one server.
pub(super) struct Visit<'a, 'w> {
    args: &'a SyncArgs,
    world: &'w World,
    remote: &'a Remote<'w>,
    chosen: &'a Chosen,
    /// Where the password came from.
    source: Source,
    /// What the account is stored under: the origin, so that several spellings are one account.
    server: String,
    options: Options,
    started: Timestamp,
    /// Whether the account was written to the config in this run, or could not be.
    kept: Cell<bool>,
}

impl<'a, 'w> Visit<'a, 'w> {
    /// A visit that has not begun. Where `options` lets contacts be created, the default book of the
    /// account gets those that are in none.
    pub(super) fn new(
        args: &'a SyncArgs,
        connection: &'a Connection<'w>,
        chosen: &'a Chosen,
        options: Options,
    ) -> Self {
        let Connection { remote, source, .. } = connection;
        let (world, source) = (remote.world(), *source);
        let server = chosen.address.origin.to_string();
        let (started, kept) = ((world.now)(), Cell::new(false));
        Self { args, world, remote, chosen, source, server, options, started, kept }
    }

    /// Synchronises the books of this run. What failed with one is in the report and in the exit.
    ///
    /// # Errors
    ///
    /// [`Failure`] when it came to no book at all.
    pub(super) async fn run(
        &self,
        store: &mut Store<'_>,
        report: &mut RunReport,
    ) -> Result<Exit, Failure> {
        let all = self.books(store).await?;
        let books = books::select(all.clone(), self.selectors_among(&all), self.world)?;
        self.save_config(&books);
        let mut exit = Exit::Done;
        let default = self.default_book(&all, &books).filter(|_| self.options.creates);
        // Contacts in no book may be in one of the others: those are read first.
        let mut in_turn: Vec<&Book> = books.iter().collect();
        in_turn.sort_by_key(|book| default == Some(book.id));
        for book in in_turn {
            let creates = default == Some(book.id) && !report.is_any_unknown;
            let (done, outcome) = self.one_book(store, book, creates).await;
            report.is_any_unknown |= done.error.is_some() && book.progress.full_at.is_none();
            report.books.push(done);
            exit = exit.worse(outcome);
            // A refused password is sent no second time.
            if matches!(outcome, Exit::Interrupted | Exit::Auth) {
                break;
            }
        }
        self.save_config(&books);
        let homeless = match report.is_any_unknown {
            true => self.held_back(store.read())?,
            false => self.homeless(store.read(), default, (&all, &books))?,
        };
        Ok(exit.worse(homeless))
    }

    /// Says that contacts that are in no book wait until it is known that they are in none.
    fn held_back(&self, repo: &dyn ContactRepo) -> Result<Exit, Failure> {
        let sends = self.options.creates && self.options.choice.direction != Direction::Pull;
        let count = if sends { repo.unlinked_count()? } else { 0 };
        if count == 0 {
            return Ok(Exit::Done);
        }
        self.world.ui.warn(format_args!(
            "{} in no address book; what is new is not sent before every book of this run could be read, since it \
             may be there",
            who(count)
        ));
        Ok(Exit::NeedsYou)
    }

    /// Says where contacts that are in no book wait, when no book of this run takes them.
    fn homeless(
        &self,
        repo: &dyn ContactRepo,
        default: Option<BookId>,
        (all, books): (&[Book], &[Book]),
    ) -> Result<Exit, Failure> {
        let is_theirs = |book: &&Book| Some(book.id) == default;
        let sends = self.options.creates && self.options.choice.direction != Direction::Pull;
        if !sends || books.iter().any(|book| is_theirs(&book)) {
            return Ok(Exit::Done);
        }
        let count = repo.unlinked_count()?;
        if count == 0 {
            return Ok(Exit::Done);
        }
        let who = who(count);
        let ui = &self.world.ui;
        if let Some(home) = all.iter().find(is_theirs) {
            let name = &home.info.name;
            ui.warn(format_args!(
                "{who} in no address book; what is new goes to {name}, which is not in this run"
            ));
            return Ok(Exit::Done);
        }
        ui.warn(format_args!(
            "{who} in no address book, and none that the config names can be written to: name one there \
             with `addressbook`"
        ));
        Ok(Exit::NeedsYou)
    }

    /// The books there are, whatever the run is for.
    ///
    /// # Errors
    ///
    /// [`Failure`] when they are not found, or the store cannot be read.
    pub(super) async fn list(&self, repo: &dyn ContactRepo) -> Result<Vec<Row>, Failure> {
        let found = discover(self.remote, &self.chosen.server).await?;
        let known = match repo.account(&self.server, &self.chosen.username)? {
            Some(account) => repo.books(account.id)?,
            None => Vec::new(),
        };
        books::rows(&self.chosen.settings.name, found.books, &known, repo)
    }

    /// Says whose login was refused.
    pub(super) fn name_the_user(&self, failure: Failure) -> Failure {
        let Chosen { username, server, settings, in_config, .. } = self.chosen;
        if failure.exit != Exit::Auth {
            return failure;
        }
        let is_refused = failure.error.downcast_ref::<PasswordRefused>().is_some();
        let failure = failure.context(format!("cannot log in as {username} at {server}"));
        let account = match in_config {
            Saved::Yes | Saved::Elsewhere => password::option(&settings.name),
            Saved::NotYet | Saved::Taken => format!("--server {server} --username {username}"),
        };
        match is_refused {
            true => failure.and_hint(&password::put_right(self.source, account.trim())),
            false => failure,
        }
    }

    async fn one_book(
        &self,
        store: &mut Store<'_>,
        book: &Book,
        creates: bool,
    ) -> (BookReport, Exit) {
        let ui = &self.world.ui;
        let mut report = BookReport {
            account: self.chosen.settings.name.clone(),
            addressbook: book.info.name.clone(),
            href: book.info.location.href.to_string(),
            ..BookReport::default()
        };
        let before = self.remote.requests();
        let bar = Progress::new(ui.terminal.stderr && ui.verbosity != Verbosity::Quiet);
        let lines = Lines::new(ui, &bar, self.args.dry_run);
        let mut show = |action: &Action| {
            if !self.args.json {
                lines.show(action);
            }
        };
        let options = Options { creates, ..self.options };
        let mut session = Session { remote: self.remote, options, bar: &bar, show: &mut show };
        let outcome = session.run(store, book, &mut report).await;
        bar.finish();
        lines.end();
        report.requests = self.remote.requests() - before;
        let exit = match outcome {
            Ok(()) if report.needs_you() => Exit::NeedsYou,
            Ok(()) => Exit::Done,
            Err(failure) => {
                let failure = self.name_the_user(self.explain(failure, book));
                report.error = Some(format!("{:#}", failure.error));
                complaint::print(ui, &failure);
                failure.exit
            }
        };
        let quiet = self.args.json || ui.verbosity == Verbosity::Quiet;
        if !quiet && (report.error.is_none() || report.here.any() || report.there.any()) {
            let seconds = seconds(self.started, self.world);
            ui.result(summary(&self.title(book), &report, self.args.dry_run, seconds));
        }
        (report, exit)
    }

    /// Says whose book it was.
    fn explain(&self, failure: Failure, book: &Book) -> Failure {
        match failure.exit {
            Exit::Interrupted | Exit::Auth => failure,
            // The guard names the book itself.
            Exit::Guard if !self.args.all_accounts => failure,
            _ => failure.context(format!("{} was not finished", self.title(book))),
        }
    }

    /// What to call a book: books of several accounts may have one name.
    fn title(&self, book: &Book) -> String {
        let name = &book.info.name;
        match self.args.all_accounts {
            true => format!("{}/{name}", self.chosen.settings.name),
            false => name.clone(),
        }
    }

    /// The books of the account: those of the store where they suffice, so that a warm run asks the
    /// server nothing but what changed; else by discovery.
    async fn books(&self, store: &mut Store<'_>) -> Result<Vec<Book>, Failure> {
        let (selectors, repo) = (self.selectors(), store.read());
        // An address that is not in the config may lead to other books at the same server.
        let account = repo.account(&self.server, &self.chosen.username)?;
        if let Some(account) = account.filter(|_| self.chosen.in_config == Saved::Yes) {
            let known = repo.books(account.id)?;
            if !known.is_empty() && books::are_known(&known, selectors) {
                return Ok(known);
            }
        }
        let found = discover(self.remote, &self.chosen.server).await?;
        let paths: Vec<_> = found.books.iter().map(|info| info.location.href.key()).collect();
        let mut all = self.keep(store, found)?;
        all.retain(|book| paths.contains(&book.info.location.href.key()));
        Ok(all)
    }

    /// The book that contacts go to which are in none: the first that the config names, whether it is in
    /// this run or not, or that was named when there was no config yet, else the only one that can be
    /// written to.
    fn default_book(&self, all: &[Book], chosen: &[Book]) -> Option<BookId> {
        let configured = &self.chosen.settings.addressbooks;
        let named = if configured.is_empty() { &self.args.addressbooks } else { configured };
        books::default(all, chosen, named)
    }

    fn selectors(&self) -> &[String] {
        if self.args.addressbooks.is_empty() {
            &self.chosen.settings.addressbooks
        } else {
            &self.args.addressbooks
        }
    }

    /// The same where these books were found: another address of the server may lead to others than
    /// those that the config names.
    fn selectors_among(&self, all: &[Book]) -> &[String] {
        match (self.chosen.in_config, self.selectors()) {
            (Saved::Elsewhere, names) if !books::are_known(all, names) => &self.args.addressbooks,
            (_, names) => names,
        }
    }

    /// Stores what discovery found; a dry run only makes it look like that.
    fn keep(&self, store: &mut Store<'_>, found: Discovered) -> Result<Vec<Book>, Failure> {
        let repo = match store {
            Store::Look { repo, .. } => return self.as_if_kept(*repo, found),
            Store::Write { repo, .. } => repo,
        };
        let account = repo.save_account(&AccountDraft {
            name: self.chosen.settings.name.clone(),
            server: self.server.clone(),
            username: self.chosen.username.clone(),
            home_sets: found.home_sets,
        })?;
        Ok(repo.save_books(account.id, &found.books)?)
    }

    fn as_if_kept(&self, repo: &dyn ContactRepo, found: Discovered) -> Result<Vec<Book>, Failure> {
        let mut all = match repo.account(&self.server, &self.chosen.username)? {
            Some(account) => repo.books(account.id)?,
            None => Vec::new(),
        };
        for (row, info) in (1..).zip(found.books) {
            if !all.iter().any(|book| book.info.location.href.key() == info.location.href.key()) {
                all.push(books::not_stored(row, info));
            }
        }
        Ok(all)
    }

    /// Writes a new account to the config, once the server has accepted it.
    fn save_config(&self, books: &[Book]) {
        if self.args.dry_run || !self.remote.is_accepted() || self.kept.replace(true) {
            return;
        }
        let ui = &self.world.ui;
        let name = &self.chosen.settings.name;
        match self.chosen.in_config {
            Saved::Yes | Saved::Elsewhere => {}
            Saved::Taken => {
                ui.say(format_args!(
                    "The config has another account under `{name}`, so this one is not kept there; \
                     add `--account NAME` to keep it under a name of its own."
                ));
            }
            Saved::NotYet => {
                let mut settings = self.chosen.settings.clone();
                settings.username = Some(self.chosen.username.clone());
                // Else the next run would send the password in vain first.
                let is_digest = self.remote.auth() == AuthKind::Digest;
                settings.auth = settings.auth.or(is_digest.then_some(AuthKind::Digest));
                settings.addressbooks =
                    books.iter().map(|book| book.info.location.href.to_string()).collect();
                match config::add(self.world, &settings) {
                    Ok(path) => ui.say(format_args!(
                        "The account is kept in {}: next time, leave the options out.",
                        path.display()
                    )),
                    // The contacts matter more.
                    Err(failure) => complaint::print(ui, &failure),
                }
            }
        }
    }
}

/// How long it has been.
pub(crate) fn seconds(started: Timestamp, world: &World) -> f64 {
    let elapsed = (world.now)().0 - started.0;
    Duration::from_millis(u64::try_from(elapsed).unwrap_or(0)).as_secs_f64()
}

fn who(count: usize) -> String {
    if count == 1 { "1 contact is".to_owned() } else { format!("{count} contacts are") }
}
