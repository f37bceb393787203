//! `conflicts`: what waits for a decision, and deciding it.

mod case;
mod changes;
mod choose;
mod resolve;
mod show;

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::vcard::{Card, FieldChange, diff};
use contactcmd_ports::{KeptConflict, Open, Which};
use serde::Serialize;

pub(super) use resolve::RESOLVE;

use super::open;
use crate::cli::{ConflictList, Conflicts, ConflictsArgs, Global};
use crate::ui::{clean, contact, json};
use crate::{Exit, Failure, World};

/// Lists conflicts, shows one, or decides one.
///
/// # Errors
///
/// [`Exit::Failed`] when there is no such conflict; [`Exit::Usage`] when it is not said what to
/// decide and there is nobody to ask. Else what opening, reading or writing the store fails with.
pub fn run(args: ConflictsArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    match args.what.unwrap_or(Conflicts::List(args.list)) {
        Conflicts::List(args) => list(&args, global, world),
        Conflicts::Show(args) => show::run(&args, global, world),
        Conflicts::Resolve(args) => resolve::run(&args, global, world),
    }
}

fn list(args: &ConflictList, global: &Global, world: &World) -> Result<Exit, Failure> {
    let repo = open(world, global, Open::Read)?;
    let which = if args.all { Which::All } else { Which::Undecided };
    let found = repo.kept_conflicts(which)?;
    if args.json {
        let brief: Vec<_> = found.iter().map(Brief::of).collect();
        print_json(world, &brief)?;
        return Ok(Exit::Done);
    }
    for kept in &found {
        let brief = Brief::of(kept);
        world.ui.result(if world.ui.terminal.stdout { brief.line() } else { brief.fields() });
        if world.ui.is_closed() {
            break;
        }
    }
    if found.is_empty() {
        world.ui.say("there are no conflicts");
    }
    Ok(Exit::Done)
}

/// A conflict without its texts.
#[derive(Debug, Serialize)]
struct Brief<'a> {
    id: i64,
    contact: ContactId,
    name: String,
    account: &'a str,
    addressbook: &'a str,
    href: &'a str,
    since: String,
    deleted_here: bool,
    fields: Vec<String>,
    decided: Option<&'a str>,
}

impl<'a> Brief<'a> {
    /// By the texts of when they met.
    fn of(kept: &'a KeptConflict) -> Self {
        let KeptConflict { conflict, .. } = kept;
        let here = Card::parse(conflict.local.as_slice());
        let there = Card::parse(conflict.remote.as_slice());
        Self::between(kept, &here, &there)
    }

    fn between(kept: &'a KeptConflict, here: &Card, there: &Card) -> Self {
        let KeptConflict { account, addressbook, conflict, .. } = kept;
        Self {
            id: kept.id.0,
            contact: conflict.contact,
            name: here.name(),
            account,
            addressbook,
            href: conflict.href.as_str(),
            since: json::rfc3339(conflict.at),
            deleted_here: kept.tombstone,
            fields: diff(here, there).iter().map(FieldChange::to_string).collect(),
            decided: conflict.decided.as_deref(),
        }
    }

    /// For a person.
    fn line(&self) -> String {
        let state = match self.decided {
            Some(decided) => format!("decided: {decided}"),
            None => format!("since {}", self.since.get(..10).unwrap_or(&self.since)),
        };
        let place = format!("{} of {}, {state}", self.addressbook, self.account);
        format!("{:>3}  {}   {}   ({})", self.id, clean(&self.name), self.words(), clean(&place))
    }

    /// For a program, separated by tabs.
    fn fields(&self) -> String {
        let words = self.words();
        let fields = [
            &self.id.to_string(),
            &self.name,
            self.addressbook,
            &self.since,
            &words,
            self.decided.unwrap_or_default(),
        ];
        fields.map(clean).join("\t")
    }

    fn words(&self) -> String {
        let deleted = self.deleted_here && self.decided.is_none();
        let words = if deleted {
            "deleted here, edited on the server".to_owned()
        } else {
            contact::some(&self.fields)
        };
        clean(&words).into_owned()
    }
}

fn print_json(world: &World, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(Exit::Failed, error).context("a conflict is no JSON"))?;
    world.ui.result(text);
    Ok(())
}

#[cfg(test)]
mod tests;
