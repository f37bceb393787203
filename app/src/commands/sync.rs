//! `sync carddav`: from what was typed and configured to a report.

pub(crate) mod account;
pub(crate) mod books;
pub(crate) mod connect;
mod visit;

use contactcmd_domain::sync::guard::MaxDelete;
use contactcmd_domain::sync::plan::Choice;
use contactcmd_domain::sync::policy;
use contactcmd_ports::{ContactRepo, Open};
use futures::executor::block_on;

use crate::cli::{Direction, Global, SyncArgs};
use crate::commands::prune::prune;
use crate::password::{self, Source};
use crate::sync::{FailedAccount, Options, RunReport, Store};
use crate::ui::error as complaint;
use crate::{Exit, Failure, World, config, paths};
use account::{Chosen, Configured};
use books::Row;
use connect::connect;
use visit::Visit;

pub(crate) use visit::seconds;

/// What a run of this command is called in the history.
pub(super) const SYNC: &str = "sync carddav";

/// Runs the command.
///
/// # Errors
///
/// [`Failure`] when nothing could be synchronised at all; a book that failed among others, or an account
/// in a run over all, is told of and counts in the exit code.
pub fn run(args: &SyncArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let mut run = Run {
        args,
        world,
        report: RunReport {
            dry_run: args.dry_run,
            direction: direction_name(args.direction),
            ..RunReport::default()
        },
        rows: Vec::new(),
    };
    let started = (world.now)();
    let ran = run.accounts(global);
    if args.list_addressbooks {
        if ran.is_ok() {
            books::print(&run.rows, args, world)?;
        }
        return ran;
    }
    if args.json {
        // A program gets its object however it ends.
        run.report.error = ran.as_ref().err().map(|failure| format!("{:#}", failure.error));
        run.report.seconds = seconds(started, world);
        let text = serde_json::to_string_pretty(&run.report)
            .map_err(|error| Failure::new(Exit::Failed, error))?;
        world.ui.result(text);
    }
    ran
}

/// One run over one or all accounts.
struct Run<'w> {
    args: &'w SyncArgs,
    world: &'w World,
    report: RunReport,
    /// The books of `--list-addressbooks`.
    rows: Vec<Row>,
}

impl Run<'_> {
    /// Each account by itself: what is wrong with one keeps no other from its run.
    fn accounts(&mut self, global: &Global) -> Result<Exit, Failure> {
        let (args, world) = (self.args, self.world);
        let max_delete: Option<MaxDelete> = args
            .max_delete
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| Failure::usage(format!("`--max-delete`: {error}")))?;
        let mut accounts = self.chosen()?;
        let home = account::home(&accounts);
        if !self.args.list_addressbooks {
            // Contacts in no book may be in one of the others: those are read first.
            accounts.sort_by_key(|(name, _)| home.as_ref() == Some(name));
        }
        let history = config::load(world)?.history;
        let path = paths::database(world, global)?;
        let looks_only = args.dry_run || args.list_addressbooks;
        // The lock is taken before anybody is asked for anything.
        let mut repo = (world.open_repo)(&path, if looks_only { Open::Read } else { Open::Write })
            .map_err(|error| Failure::from(error).context(path.display().to_string()))?;
        let mut store = if looks_only {
            Store::look(&*repo)
        } else {
            Store::Write { repo: &mut *repo, what: SYNC, run: None }
        };
        let mut exit = Exit::Done;
        for (name, chosen) in accounts {
            let takes_new = home.as_ref() == Some(&name);
            let was_read = chosen.as_ref().is_ok_and(|chosen| was_read(chosen, store.read()));
            let outcome = chosen
                .and_then(|chosen| self.account(&chosen, &mut store, (max_delete, takes_new)));
            self.report.is_any_unknown |= outcome.is_err() && !was_read;
            exit = exit.worse(self.settle(name, outcome)?);
            if exit == Exit::Interrupted {
                break;
            }
        }
        if let Store::Write { repo, run: Some(_), .. } = &mut store {
            prune(world, *repo, &history);
        }
        Ok(exit)
    }

    fn chosen(&self) -> Result<Vec<Configured>, Failure> {
        if !self.args.all_accounts {
            let chosen = account::choose((&self.args.which).into(), self.world)?;
            return Ok(vec![(chosen.settings.name.clone(), Ok(chosen))]);
        }
        let all = account::all(config::load(self.world)?)?;
        let variable = (self.world.env)(password::VARIABLE);
        if all.len() > 1 && variable.is_some_and(|text| !text.is_empty()) {
            let variable = password::VARIABLE;
            let words = format!("{variable} is one password, and every server would be sent it");
            return Err(Failure::usage(words).hint(
                "unset it for `--all-accounts`, and use the keychain or `password_command` instead",
            ));
        }
        Ok(all)
    }

    /// What became of one account. Alone, its failure is that of the run; among others it is told, and
    /// they go on.
    fn settle(&mut self, name: String, outcome: Result<Exit, Failure>) -> Result<Exit, Failure> {
        match outcome {
            Err(failure) if self.args.all_accounts && failure.exit != Exit::Interrupted => {
                let failure = failure.context(format!("the account `{name}` was left out"));
                complaint::print(&self.world.ui, &failure);
                let (error, exit) = (format!("{:#}", failure.error), failure.exit as u8);
                self.report.failed_accounts.push(FailedAccount { account: name, error, exit });
                Ok(failure.exit)
            }
            other => other,
        }
    }

    fn account(
        &mut self,
        chosen: &Chosen,
        store: &mut Store<'_>,
        (max_delete, takes_new): (Option<MaxDelete>, bool),
    ) -> Result<Exit, Failure> {
        let (args, world) = (self.args, self.world);
        let connection = connect(chosen, world, |transport| transport)?;
        let options = Options {
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
            creates: takes_new,
            max_delete: max_delete.unwrap_or(chosen.settings.max_delete),
            list_actions: args.json,
        };
        let visit = Visit::new(args, &connection, chosen, options);
        let outcome = if args.list_addressbooks {
            block_on(visit.list(store.read())).map(|rows| {
                self.rows.extend(rows);
                Exit::Done
            })
        } else {
            block_on(visit.run(store, &mut self.report))
        };
        let outcome = outcome.map_err(|failure| visit.name_the_user(failure));
        let is_new = connection.source == Source::Prompt && connection.remote.is_accepted();
        if is_new && !store.is_dry() {
            match password::remember(world, &connection.key, &connection.secret) {
                Ok(()) => world.ui.say("The password is in the keychain now."),
                Err(failure) => complaint::print(&world.ui, &failure),
            }
        }
        outcome
    }
}

/// Whether an account was read in an earlier run: then its contacts are known to be there.
fn was_read(chosen: &Chosen, repo: &dyn ContactRepo) -> bool {
    let server = chosen.address.origin.to_string();
    let account = repo.account(&server, &chosen.username).ok().flatten();
    let books = account.and_then(|account| repo.books(account.id).ok()).unwrap_or_default();
    books.iter().any(|book| book.progress.full_at.is_some())
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Pull => "pull",
        Direction::Push => "push",
        Direction::Sync => "sync",
    }
}
