//! `undo`: what a run changed is taken back as edits made here, so that the next sync carries it to
//! the server.

mod homes;
mod plan;
mod reopen;

use std::collections::HashSet;

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::sync::guard::Side;
use contactcmd_domain::vcard::{Card, index};
use contactcmd_ports::{Change, ContactRepo, Editor, NewContact, Open, Page, Run, RunId, Why};

use self::plan::{Changed, Home, Known, Planned, Step, plan};
use self::reopen::Reopening;
use super::conflicts::RESOLVE;
use super::sync::SYNC;
use super::{NOTHING, history, meanwhile, open, open_after_asking, prune::prune};
use crate::cli::{Global, UndoArgs};
use crate::ui::{Ui, clean, contact, prompt};
use crate::{Exit, Failure, World, config};

/// Takes back one run. A dry run opens the store for reading only.
///
/// # Errors
///
/// [`Exit::Usage`] when it may not ask and was not told to go on; [`Exit::Failed`] when there is no
/// such run. Else what opening, reading or writing the store fails with: then nothing was changed.
pub fn run(args: &UndoArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    undo(args, global, world, &|question| prompt::confirm(&world.ui, question))
}

/// Asks a question; `None` when there is nobody to ask.
type Ask<'a> = dyn Fn(&str) -> Result<Option<bool>, Failure> + 'a;

fn undo(args: &UndoArgs, global: &Global, world: &World, ask: &Ask<'_>) -> Result<Exit, Failure> {
    if !args.dry_run && !args.yes && !prompt::can_ask(&world.ui) {
        return Err(Failure::usage("there is nobody to ask whether to undo it")
            .hint("`--dry-run` shows what would be done, `--yes` does it"));
    }
    let settings = config::load(world)?;
    // No lock is held while somebody thinks.
    let writes = args.yes && !args.dry_run;
    let repo = open(world, global, if writes { Open::Write } else { Open::Read })?;
    let changed = if args.force { Changed::Force } else { Changed::Leave };
    let Some(chosen) = choose(repo.as_ref(), args.run, changed, &world.ui)? else {
        world.ui.say("there is nothing to undo");
        return Ok(Exit::Done);
    };
    let (run, planned, _) = &chosen;
    show(planned, world);
    let report = Report::of(planned);
    let named = format!("run {} ({}, {})", run.id.0, run.what, contact::minute(run.at));
    if args.dry_run || report.changes == 0 {
        world.ui.say(format_args!("{}: {}", clean(&named), report.words("would be ")));
        return Ok(report.exit());
    }
    let question = format!("Undo {named}: {}?", report.words("to be "));
    let mut repo = if args.yes {
        repo
    } else {
        drop(repo);
        if ask(&question)? != Some(true) {
            world.ui.say(NOTHING);
            return Ok(Exit::Done);
        }
        let repo = open_after_asking(world, global)?;
        let now = choose(repo.as_ref(), Some(run.id.0), changed, &world.ui)?;
        if now.as_ref() != Some(&chosen) {
            return Err(meanwhile(&format!("what run {} did", run.id.0)));
        }
        repo
    };
    let (run, planned, reopened) = chosen;
    let at = (world.now)();
    let undo = repo.begin_run(&what(run.id), at)?;
    let mut todo = changes(planned, run.id);
    todo.extend(reopened.into_iter().flat_map(|one| one.changes(at)));
    repo.apply(undo, at, &todo)?;
    world.ui.say(format_args!("{}: {}", clean(&named), report.words("")));
    if report.to_send {
        world.ui.say("the next `contactcmd sync carddav --direction sync` tells the server");
    }
    if report.reopened {
        world.ui.say("`contactcmd conflicts` lists what waits for a decision");
    }
    prune(world, repo.as_mut(), &settings.history);
    Ok(report.exit())
}

/// What an undo is called; [`undone`] reads it.
fn what(run: RunId) -> String {
    format!("undo {}", run.0)
}

/// The run that a run took back, if it is an undo.
fn undone(run: &Run) -> Option<RunId> {
    run.what.strip_prefix("undo ")?.parse().ok().map(RunId)
}

/// What a run did, taken back.
type Chosen = (Run, Vec<Planned>, Vec<Reopening>);

/// The run of this number, or the latest that there is anything to say of, and what becomes of it.
///
/// Whether there is anything to say is seen by the texts alone (what was sent and never arrived, what only
/// the layout of changed, what is as before by itself), so those of one run at a time are read.
fn choose(
    repo: &dyn ContactRepo,
    number: Option<i64>,
    changed: Changed,
    ui: &Ui,
) -> Result<Option<Chosen>, Failure> {
    if number.is_some() {
        let Some(run) = history::runs(repo, number)?.into_iter().next() else { return Ok(None) };
        if run.forgotten {
            let words = format!("run {} is too old: history of that time was forgotten", run.id.0);
            return Err(Failure::new(Exit::Failed, anyhow::Error::msg(words))
                .hint("the table `[history]` of the config says how much is kept"));
        }
        return take_back(repo, run, changed).map(Some);
    }
    let mut taken_back = HashSet::new();
    for run in repo.runs(u32::MAX)? {
        // An undo that was taken back has taken back nothing.
        if run.forgotten || taken_back.contains(&run.id) {
            continue;
        }
        if let Some(other) = undone(&run) {
            taken_back.insert(other);
            continue;
        }
        let chosen = take_back(repo, run, changed)?;
        // `undo` again goes on to the run before.
        if chosen.1.iter().any(Planned::is_news) {
            return Ok(Some(chosen));
        }
        if !chosen.1.is_empty() {
            let run = &chosen.0;
            ui.detail(format_args!("run {}: {}", run.id.0, Report::default().words("")));
        }
    }
    Ok(None)
}

fn take_back(repo: &dyn ContactRepo, run: Run, changed: Changed) -> Result<Chosen, Failure> {
    let mut reopened = reopen::find(repo, &run)?;
    let found_there = run.what == SYNC || run.what == RESOLVE;
    let mut known = Known { found_there, ..look(repo, run.id)? };
    if !reopened.is_empty() {
        // That the card is a contact of its own was decided here: no server is told that it is not.
        known.added.iter().for_each(|(id, _)| drop(known.links.remove(id)));
    }
    let mut planned = plan(&known, changed);
    reopened.retain(|one| one.join(&mut planned));
    Ok((run, planned, reopened))
}

/// Reads what there is to know for a plan.
fn look(repo: &dyn ContactRepo, run: RunId) -> Result<Known, Failure> {
    let pasts = repo.changed_in(run, Page::ALL)?;
    let added = repo.added_in(run)?;
    let mut ids: Vec<ContactId> =
        pasts.iter().map(|past| past.contact).chain(added.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = repo.with_tombstones(&ids)?;
    let now = found.into_iter().map(|contact| (contact.id, contact)).collect();
    let mut known = Known { pasts, now, ..Known::default() };
    for (_, linked) in repo.links(&ids)? {
        known.links.entry(linked.contact.id).or_default().push(linked);
    }
    for id in added {
        // The oldest that came after the run has the card as the run left it.
        let mut next = None;
        history::each_past(repo, id, |past| {
            let is_since = past.run > run;
            if is_since && past.side == Side::Here {
                next = Some(past.before);
            }
            is_since
        })?;
        known.added.push((id, next));
    }
    for past in known.pasts.iter().filter(|past| !known.now.contains_key(&past.contact)) {
        if let Some(uid) = Card::parse(past.before.as_slice()).uid()
            && !repo.by_uid(&uid.key())?.is_empty()
        {
            known.taken.insert(past.contact);
        }
    }
    let is_gone = |id: &&ContactId| !known.now.contains_key(id);
    let gone: Vec<ContactId> = ids.iter().filter(is_gone).copied().collect();
    known.homes = homes::find(repo, &gone, run)?;
    Ok(known)
}

fn show(planned: &[Planned], world: &World) {
    for Planned { name, linked, step, reopens, .. } in planned {
        let there = if *linked { ", and on the server with the next sync" } else { "" };
        let (sign, words) = match step {
            Step::Restore(_, fields) => ('~', contact::changes(fields)),
            Step::Revive(_) => ('+', "comes back".to_owned()),
            Step::AddAgain(_, homes) => ('+', back_in(homes)),
            Step::Remove => ('-', format!("goes again{there}")),
            Step::Left => ('!', "was changed again since: left (--force takes it back)".to_owned()),
            Step::Theirs => {
                ('!', "it is on the server: left (--force deletes it here and there)".to_owned())
            }
            Step::Taken => ('!', "another contact has its UID now: left".to_owned()),
            Step::AsBefore if *reopens => ('!', String::new()),
            Step::AsBefore => {
                world.ui.detail(contact::line('=', name, "is as it was before"));
                continue;
            }
        };
        let gap = if words.is_empty() { "" } else { "; " };
        let again = if *reopens { format!("{gap}its conflict waits again") } else { String::new() };
        world.ui.result(contact::line(sign, name, &format!("{words}{again}")));
    }
}

/// `comes back, in Contacts of work`; where there is but one book, it is the one.
fn back_in(homes: &[Home]) -> String {
    let names: Vec<&str> = homes.iter().filter_map(|home| home.name.as_deref()).collect();
    if names.is_empty() {
        return "comes back".to_owned();
    }
    format!("comes back, in {}", names.join(", "))
}

/// The changes, all of one transaction.
fn changes(planned: Vec<Planned>, run: RunId) -> Vec<Change> {
    let why = Why(format!("run {} undone", run.0));
    let mut changes = Vec::with_capacity(planned.len());
    for Planned { contact, linked, step, .. } in planned {
        let why = why.clone();
        match step {
            Step::Restore(card, _) | Step::Revive(card) => {
                let index = index(&card);
                let (vcard, editor) = (card.into_bytes(), Editor::User);
                changes.push(Change::Replace { contact, vcard, index, editor, why });
            }
            Step::AddAgain(card, homes) => {
                let index = index(&card);
                let new = NewContact { id: contact, vcard: card.into_bytes(), index };
                changes.push(Change::Insert { contact: new, link: None });
                changes.extend(homes.into_iter().map(|home| homes::link(home, contact)));
            }
            Step::Remove if linked => changes.push(Change::Bury { contact, why }),
            Step::Remove => changes.push(Change::Delete { contact, why }),
            Step::AsBefore | Step::Left | Step::Theirs | Step::Taken => {}
        }
    }
    changes
}

/// How many of what.
#[derive(Debug, Default)]
struct Report {
    changes: usize,
    counts: [(usize, &'static str); 4],
    left: usize,
    /// How many of those removed the next sync deletes on a server.
    removed_there: usize,
    /// Whether a server has to be told.
    to_send: bool,
    /// Whether somebody has to decide.
    reopened: bool,
}

impl Report {
    fn of(planned: &[Planned]) -> Self {
        let count =
            |is_it: &dyn Fn(&Step) -> bool| planned.iter().filter(|one| is_it(&one.step)).count();
        let counts = [
            (count(&|step| matches!(step, Step::Restore(..))), "restored"),
            (count(&|step| matches!(step, Step::Revive(_) | Step::AddAgain(..))), "brought back"),
            (count(&|step| matches!(step, Step::Remove)), "removed"),
            (planned.iter().filter(|one| one.reopens).count(), "put up for decision again"),
        ];
        let is_sent = |one: &Planned| match one.step {
            _ if one.reopens => false,
            Step::Restore(..) | Step::Remove => one.linked,
            Step::Revive(_) | Step::AddAgain(..) => true,
            Step::AsBefore | Step::Left | Step::Theirs | Step::Taken => false,
        };
        let is_removed_there = |one: &&Planned| one.linked && one.step == Step::Remove;
        Self {
            removed_there: planned.iter().filter(is_removed_there).count(),
            changes: counts.iter().map(|(count, _)| count).sum(),
            counts,
            left: count(&|step| matches!(step, Step::Left | Step::Theirs | Step::Taken)),
            to_send: planned.iter().any(is_sent),
            reopened: planned.iter().any(|one| one.reopens),
        }
    }

    fn words(&self, verb: &str) -> String {
        let counts = self.counts.iter().filter(|(count, _)| *count > 0);
        let mut words: Vec<_> =
            counts.map(|(count, what)| format!("{count} {verb}{what}")).collect();
        if self.removed_there > 0 {
            let count = self.removed_there;
            let who = if count == 1 { "contact" } else { "contacts" };
            words.push(format!("which deletes {count} {who} on the server with the next sync"));
        }
        if self.left > 0 {
            words.push(format!("{} left as they are", self.left));
        }
        if words.is_empty() {
            words.push("everything is as it was before already".to_owned());
        }
        words.join(", ")
    }

    fn exit(&self) -> Exit {
        if self.left > 0 || self.reopened { Exit::NeedsYou } else { Exit::Done }
    }
}

#[cfg(test)]
mod tests;
