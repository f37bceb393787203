//! The commands, one file each.

pub mod add;
pub mod completions;
pub mod conflicts;
pub mod delete;
pub mod doctor;
pub mod edit;
pub mod export;
mod fields;
pub mod history;
pub mod import;
pub mod list;
pub mod man;
pub mod password;
mod picture;
pub mod prune;
pub mod search;
pub mod setup;
pub mod show;
pub mod sync;
pub mod undo;
pub mod who;

#[cfg(test)]
pub(crate) mod desk;
#[cfg(test)]
pub(crate) mod testing;

use std::time::Duration;

use contactcmd_ports::{ContactRepo, Open};

use crate::cli::{Cli, Command, Doctor, Export, Global, Import, Password, Sync};
use crate::{Exit, Failure, World, file, paths};

/// Runs the command that was typed.
///
/// # Errors
///
/// Whatever the command failed with, ready to be told.
pub fn dispatch(cli: Cli, world: &World) -> Result<Exit, Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Setup(args) => setup::run(&args, global, world),
        Command::Sync(Sync::Carddav(args)) => sync::run(&args, global, world),
        Command::Doctor(Doctor::Carddav(args)) => doctor::run(&args, global, world),
        Command::List(args) => list::run(&args, global, world),
        Command::Search(args) => search::run(&args, global, world),
        Command::Show(args) => show::run(&args, global, world),
        Command::Add(args) => add::run(&args, global, world),
        Command::Edit(args) => edit::run(&args, global, world),
        Command::Delete(args) => delete::run(&args, global, world),
        Command::Import(Import::Vcard(args)) => import::run(&args, global, world),
        Command::Export(Export::Vcard(args)) => export::run(&args, global, world),
        Command::Conflicts(args) => conflicts::run(args, global, world),
        Command::History(args) => history::run(&args, global, world),
        Command::Undo(args) => undo::run(&args, global, world),
        Command::Password(Password::Set(whose)) => password::set(&whose, world),
        Command::Password(Password::Delete(whose)) => password::delete(&whose, world),
        Command::Completions { shell } => Ok(completions::run(shell, world)),
        Command::Man => man::run(world),
    }
}

/// Opens the store that the options name. For writing, its folder is made if it is not there.
///
/// # Errors
///
/// What [`contactcmd_ports::RepoError`] says, with the path; exit 1 when the folder cannot be made.
pub fn open(
    world: &World,
    global: &Global,
    purpose: Open,
) -> Result<Box<dyn ContactRepo>, Failure> {
    let path = paths::database(world, global)?;
    if let (Open::Write, Some(folder)) = (purpose, path.parent()) {
        file::make_folder(folder).map_err(|error| {
            let words = format!("cannot make the folder {}", folder.display());
            Failure::new(Exit::Failed, anyhow::Error::new(error).context(words))
        })?;
    }
    (world.open_repo)(&path, purpose)
        .map_err(|error| Failure::from(error).context(path.display().to_string()))
}

/// Opens the store for writing once somebody was asked. No lock is held while a person thinks, and what
/// was answered is not lost to a run that has it at this moment: it is waited for, a minute at most.
///
/// # Errors
///
/// As for [`open`]; [`Exit::Interrupted`] on Ctrl-C.
pub fn open_after_asking(world: &World, global: &Global) -> Result<Box<dyn ContactRepo>, Failure> {
    for second in 0..PATIENCE {
        match open(world, global, Open::Write) {
            Err(failure) if failure.exit == Exit::Locked => {}
            opened => return opened,
        }
        if world.interrupt.is_raised() {
            let error = anyhow::anyhow!("interrupted: nothing was changed");
            return Err(Failure::new(Exit::Interrupted, error));
        }
        if second == 0 {
            world.ui.say("another run is using the database: waiting for it to end");
        }
        (world.pause)(Duration::from_secs(1));
    }
    open(world, global, Open::Write)
}

/// What was asked about is not any more what it was: nobody has agreed to what would be done now.
fn meanwhile(what: &str) -> Failure {
    let words = format!("{what} was changed by another run meanwhile; nothing was changed");
    Failure::new(Exit::Failed, anyhow::Error::msg(words)).hint("run the command again")
}

/// What a command says, and ends well, when the answer was no.
const NOTHING: &str = "nothing was changed";
/// So many seconds a run is waited for.
const PATIENCE: u32 = 60;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use contactcmd_ports::RepoError;

    use super::testing::Stage;
    use super::*;

    /// How often the store is busy -> what becomes of it, and how often was waited.
    fn opened(busy: u32) -> (Result<(), Exit>, u32, String) {
        let stage = Stage::new();
        let mut world = stage.world();
        let (left, waited) = (Cell::new(busy), Rc::new(Cell::new(0)));
        let repo = stage.repo.clone();
        world.open_repo = Box::new(move |_, purpose| {
            if left.get() == 0 {
                return Ok(Box::new(repo.open(purpose)));
            }
            left.set(left.get() - 1);
            Err(RepoError::Locked)
        });
        let count = Rc::clone(&waited);
        world.pause = Box::new(move |_| count.set(count.get() + 1));
        let global = Global { database: Some("x".into()), verbose: 0, quiet: false };
        let opened = open_after_asking(&world, &global).map(drop).map_err(|error| error.exit);
        (opened, waited.get(), stage.stderr())
    }

    #[test]
    fn what_was_answered_waits_for_a_run_that_has_the_store() {
        assert_eq!(opened(0), (Ok(()), 0, String::new()));
        let (done, waited, said) = opened(3);
        assert_eq!((done, waited), (Ok(()), 3));
        assert_eq!(said, "another run is using the database: waiting for it to end\n");
        assert_eq!(opened(1000).0, Err(Exit::Locked), "not for ever");
    }
}
