//! `sync carddav`: from what was typed and configured to a report.

mod account;
pub(super) mod books;

use std::cell::Cell;

use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::dav::Quirks;
use contactcmd_domain::sync::action::Action;
use contactcmd_domain::sync::plan::Choice;
use contactcmd_domain::sync::policy;
use contactcmd_ports::{
    AccountDraft, AccountId, Book, BookId, ContactRepo, Open, Progress as BookProgress,
};
use futures::executor::block_on;

use crate::cli::{Direction, Global, SyncArgs};
use crate::commands::prune::prune;
use crate::config::{AuthKind, HistorySettings};
use crate::password::Source;
use crate::remote::{Credentials, Discovered, Remote, discover, first_address};
use crate::sync::{BookReport, Options, RunReport, Session, Store};
use crate::ui::progress::Progress;
use crate::ui::report::{Lines, summary};
use crate::ui::{Verbosity, error as complaint};
use crate::world::TransportOptions;
use crate::{Exit, Failure, World, config, password, paths};
use account::{Chosen, Saved};

/// Runs the command.
///
/// # Errors
///
/// [`Failure`] when nothing could be synchronised at all; a book that failed among others is told of
/// and counts in the exit code.
pub fn run(args: &SyncArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let ran = run_book_by_book(args, global, world);
    if let (true, Err(failure)) = (args.json && !args.list_addressbooks, &ran) {
        // A program gets its object however it ends.
        let error = Some(format!("{:#}", failure.error));
        print(
            &RunReport {
                dry_run: args.dry_run,
                direction: direction_name(args.direction),
                error,
                ..Default::default()
            },
            world,
        )?;
    }
    ran
}

fn run_book_by_book(args: &SyncArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let max_delete = args
        .max_delete
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error| Failure::usage(format!("`--max-delete`: {error}")))?;
    let chosen = account::choose(args, world)?;
    only_basic(&chosen)?;
    let address = first_address(&chosen.server, chosen.settings.allow_http)?;
    let path = paths::database(world, global)?;
    let looks_only = args.dry_run || args.list_addressbooks;
    // The lock is taken before anybody is asked for anything.
    let mut repo = (world.open_repo)(&path, if looks_only { Open::Read } else { Open::Write })
        .map_err(|error| Failure::from(error).context(path.display().to_string()))?;

    let key = password::key(&address.to_string(), &chosen.username);
    let (secret, source) = password::find(world, &chosen.settings, &key)?;
    let transport = (world.transport)(&TransportOptions {
        timeout: chosen.settings.timeout,
        ca_file: chosen.settings.ca_file.clone(),
    })?;
    let credentials = Credentials::basic(address.origin.clone(), &chosen.username, &secret);
    let remote = Remote::new(world, transport, credentials, chosen.settings.allow_http);
    let visit = Visit {
        args,
        world,
        remote: &remote,
        server: address.origin.to_string(),
        options: Options {
            choice: Choice {
                direction: match args.direction {
                    Direction::Pull => policy::Direction::Pull,
                    Direction::Push => policy::Direction::Push,
                    Direction::Sync => policy::Direction::Sync,
                },
                force: args.force,
                policy: chosen.settings.conflict,
            },
            full: args.full,
            creates: false,
            max_delete: max_delete.unwrap_or(chosen.settings.max_delete),
            list_actions: args.json,
        },
        chosen: &chosen,
        history: config::load(world)?.history,
        started: (world.now)(),
        kept: Cell::new(false),
    };
    let outcome = block_on(visit.run(&mut *repo));
    let outcome = outcome.map_err(|failure| visit.name_the_user(failure));
    if remote.is_accepted() && !looks_only && source == Source::Prompt {
        match password::remember(world, &key, &secret) {
            Ok(()) => world.ui.say("The password is in the keychain now."),
            Err(failure) => complaint::print(&world.ui, &failure),
        }
    }
    outcome
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Pull => "pull",
        Direction::Push => "push",
        Direction::Sync => "sync",
    }
}

fn only_basic(chosen: &Chosen) -> Result<(), Failure> {
    let name = match chosen.settings.auth {
        None | Some(AuthKind::Basic) => return Ok(()),
        Some(AuthKind::Digest) => "digest",
        Some(AuthKind::Bearer) => "bearer",
    };
    let words = format!("`auth = \"{name}\"` is not there yet: contactcmd only does Basic so far");
    Err(Failure::usage(words).hint("leave `auth` out of the config"))
}

/// What a run of this command is called in the history.
pub(super) const SYNC: &str = "sync carddav";

/// One visit to one server.
struct Visit<'a, 'w> {
    args: &'a SyncArgs,
    world: &'w World,
    remote: &'a Remote<'w>,
    chosen: &'a Chosen,
    /// What the account is stored under: the origin, so that several spellings are one account.
    server: String,
    options: Options,
    /// How much of the past is kept.
    history: HistorySettings,
    started: Timestamp,
    /// Whether the account was written to the config in this run, or could not be.
    kept: Cell<bool>,
}

fn print(report: &RunReport, world: &World) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(report).map_err(|error| Failure::new(Exit::Failed, error))?;
    world.ui.result(text);
    Ok(())
}

impl Visit<'_, '_> {
    async fn run(&self, repo: &mut dyn ContactRepo) -> Result<Exit, Failure> {
        if self.args.list_addressbooks {
            return self.list(repo).await;
        }
        let books = self.books(repo).await?;
        self.save_config(&books);
        let mut store = if self.args.dry_run {
            Store::Look(repo)
        } else {
            Store::Write { repo, what: SYNC, run: None }
        };
        let mut report = RunReport {
            dry_run: self.args.dry_run,
            direction: direction_name(self.args.direction),
            ..RunReport::default()
        };
        let mut exit = Exit::Done;
        let default = self.default_book(&books);
        for book in &books {
            let creates = default == Some(book.id);
            let (done, outcome) = self.one_book(&mut store, book, creates).await;
            report.books.push(done);
            exit = exit.worse(outcome);
            // A refused password is sent no second time.
            if matches!(outcome, Exit::Interrupted | Exit::Auth) {
                break;
            }
        }
        if let Store::Write { repo, run: Some(_), .. } = &mut store {
            prune(self.world, *repo, &self.history);
        }
        report.seconds = self.seconds();
        if self.args.json {
            print(&report, self.world)?;
        }
        self.save_config(&books);
        Ok(exit)
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
            ui.result(summary(&report, self.args.dry_run, self.seconds()));
        }
        (report, exit)
    }

    /// Says whose book it was.
    fn explain(&self, failure: Failure, book: &Book) -> Failure {
        match failure.exit {
            Exit::Guard | Exit::Interrupted | Exit::Auth => failure,
            _ => failure.context(format!("{} was not finished", book.info.name)),
        }
    }

    /// Says whose login was refused.
    fn name_the_user(&self, failure: Failure) -> Failure {
        let Chosen { username, server, .. } = self.chosen;
        match failure.exit {
            Exit::Auth => failure.context(format!("cannot log in as {username} at {server}")),
            _ => failure,
        }
    }

    fn seconds(&self) -> f64 {
        let elapsed = (self.world.now)().0 - self.started.0;
        std::time::Duration::from_millis(u64::try_from(elapsed).unwrap_or(0)).as_secs_f64()
    }

    async fn list(&self, repo: &dyn ContactRepo) -> Result<Exit, Failure> {
        let found = discover(self.remote, &self.chosen.server).await?;
        let known = match repo.account(&self.server, &self.chosen.username)? {
            Some(account) => repo.books(account.id)?,
            None => Vec::new(),
        };
        books::print(&found.books, &known, repo, self.args.json, self.world)?;
        Ok(Exit::Done)
    }

    /// The books of this run: those of the store where they suffice, so that a warm run asks the
    /// server nothing but what changed; else by discovery.
    async fn books(&self, repo: &mut dyn ContactRepo) -> Result<Vec<Book>, Failure> {
        let selectors = self.selectors();
        // An address that is not in the config may lead to other books at the same server.
        let account = repo.account(&self.server, &self.chosen.username)?;
        if let Some(account) = account.filter(|_| self.chosen.in_config == Saved::Yes) {
            let known = repo.books(account.id)?;
            if !known.is_empty() && books::are_known(&known, selectors) {
                return books::select(known, selectors, self.world);
            }
        }
        let found = discover(self.remote, &self.chosen.server).await?;
        let paths: Vec<_> = found.books.iter().map(|info| info.location.href.key()).collect();
        let mut all = self.keep(repo, found)?;
        all.retain(|book| paths.contains(&book.info.location.href.key()));
        books::select(all, selectors, self.world)
    }

    /// The book that contacts go to which are in none: the first that the config names, or that was
    /// named when there was no config yet, else the only one that can be written to.
    fn default_book(&self, books: &[Book]) -> Option<BookId> {
        let configured = &self.chosen.settings.addressbooks;
        let named = if configured.is_empty() { &self.args.addressbooks } else { configured };
        books::default(books, named)
    }

    fn selectors(&self) -> &[String] {
        if self.args.addressbooks.is_empty() {
            &self.chosen.settings.addressbooks
        } else {
            &self.args.addressbooks
        }
    }

    /// Stores what discovery found; a dry run only makes it look like that.
    fn keep(&self, repo: &mut dyn ContactRepo, found: Discovered) -> Result<Vec<Book>, Failure> {
        if self.args.dry_run {
            return self.as_if_kept(repo, found);
        }
        let account = repo.save_account(&AccountDraft {
            name: self.chosen.settings.name.clone(),
            server: self.server.clone(),
            username: self.chosen.username.clone(),
            home_sets: found.home_sets,
        })?;
        Ok(repo.save_books(account.id, &found.books)?)
    }

    fn as_if_kept(&self, repo: &dyn ContactRepo, found: Discovered) -> Result<Vec<Book>, Failure> {
        let mut books = match repo.account(&self.server, &self.chosen.username)? {
            Some(account) => repo.books(account.id)?,
            None => Vec::new(),
        };
        for (row, info) in (1..).zip(found.books) {
            if !books.iter().any(|b| b.info.location.href.key() == info.location.href.key()) {
                let quirks = Quirks::of_location(&info.location);
                let progress = BookProgress { quirks, ..BookProgress::default() };
                // No row has a negative id: nothing is known of this book.
                books.push(Book { id: BookId(-row), account: AccountId(-1), info, progress });
            }
        }
        Ok(books)
    }

    /// Writes a new account to the config, once the server has accepted it.
    fn save_config(&self, books: &[Book]) {
        if self.args.dry_run || !self.remote.is_accepted() || self.kept.replace(true) {
            return;
        }
        let ui = &self.world.ui;
        let name = &self.chosen.settings.name;
        match self.chosen.in_config {
            Saved::Yes => {}
            Saved::Taken => {
                ui.say(format_args!(
                    "The config has another account under `{name}`, so this one is not kept there; \
                     add `--account NAME` to keep it under a name of its own."
                ));
            }
            Saved::NotYet => {
                let mut settings = self.chosen.settings.clone();
                settings.username = Some(self.chosen.username.clone());
                settings.addressbooks =
                    books.iter().map(|book| book.info.location.href.to_string()).collect();
                match config::save(self.world, &settings) {
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
