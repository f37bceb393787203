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
