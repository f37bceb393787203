//! `history`: what was added, replaced and deleted, by run.

mod lines;
mod who;

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::ContactId;
use contactcmd_ports::{ContactRepo, Open, Page, Past, RepoError, Run, RunId};
use serde::Serialize;

use self::lines::{Line, of_added, of_past};
use super::open;
use crate::cli::{Global, HistoryArgs};
use crate::ui::{clean, contact, json};
use crate::{Exit, Failure, World};

/// How many lines are printed when nobody says.
const LINES: usize = 100;

/// Prints what was done, the latest run first; or the card of a contact as it was.
///
/// # Errors
///
/// [`Exit::Failed`] when there is no such run, nobody of that name, or no card of before. Else what
/// opening or reading the store fails with.
pub fn run(args: &HistoryArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let repo = open(world, global, Open::Read)?;
    let who = args.who.join(" ");
    let whose = if args.who.is_empty() { None } else { Some(who::find(repo.as_ref(), &who)?) };
    let runs = runs(repo.as_ref(), args.run)?;
    if let (true, Some(whose)) = (args.vcard, &whose) {
        return print_card(repo.as_ref(), whose, args.run, world);
    }
    let most = match (args.limit, args.run) {
        (Some(limit), _) => usize::try_from(limit).unwrap_or(usize::MAX),
        (None, Some(_)) => usize::MAX,
        (None, None) => LINES,
    };
    let chapters = match &whose {
        Some(whose) => chapters_of(repo.as_ref(), runs, whose, most)?,
        None => chapters(repo.as_ref(), runs, most)?,
    };
    if args.json {
        print_json(&chapters, world)?;
    } else {
        print(&chapters, world);
    }
    if chapters.is_empty() {
        world.ui.say(match whose {
            Some(_) => format!("nothing of `{}` was replaced or deleted", clean(&who)),
            None => "there is no history yet".to_owned(),
        });
    }
    Ok(Exit::Done)
}

/// The run of this number, or all, the latest first.
pub(super) fn runs(repo: &dyn ContactRepo, number: Option<i64>) -> Result<Vec<Run>, Failure> {
    let mut runs = repo.runs(u32::MAX)?;
    if let Some(number) = number {
        runs.retain(|run| run.id.0 == number);
        if runs.is_empty() {
            return Err(Failure::new(Exit::Failed, anyhow::anyhow!("there is no run {number}"))
                .hint("`contactcmd history` lists the runs; old ones are forgotten"));
        }
    }
    Ok(runs)
}

/// A run with what it did.
struct Chapter {
    run: Run,
    lines: Vec<Line>,
    /// How many lines are left out.
    more: usize,
}

fn chapters(repo: &dyn ContactRepo, runs: Vec<Run>, most: usize) -> Result<Vec<Chapter>, Failure> {
    let sizes: HashMap<RunId, u64> = repo.sizes()?.into_iter().collect();
    let mut room = most;
    let mut chapters = Vec::new();
    for run in runs {
        let Some(size) = sizes.get(&run.id) else { continue };
        let mut lines = Vec::new();
        // What is not shown need not be read.
        if room > 0 {
            by_pages(
                room,
                |page| repo.changed_in(run.id, page),
                |past| {
                    lines.push(of_past(&past));
                    true
                },
            )?;
            let mut added = repo.added_in(run.id)?;
            added.truncate(room - lines.len());
            for shown in added.chunks(PAGE as usize) {
                lines.extend(repo.contacts(shown)?.into_iter().map(|one| of_added(one, &run)));
            }
            room -= lines.len();
        }
        let all = usize::try_from(*size).unwrap_or(usize::MAX);
        chapters.push(Chapter { run, more: all.saturating_sub(lines.len()), lines });
    }
    Ok(chapters)
}

fn chapters_of(
    repo: &dyn ContactRepo,
    runs: Vec<Run>,
    whose: &[(ContactId, String)],
    most: usize,
) -> Result<Vec<Chapter>, Failure> {
    let wanted: HashSet<RunId> = runs.iter().map(|run| run.id).collect();
    let mut by_run: HashMap<RunId, Vec<Line>> = HashMap::new();
    for (id, _) in whose {
        each_past(repo, *id, |past| {
            if wanted.contains(&past.run) {
                by_run.entry(past.run).or_default().push(of_past(&past));
            }
            true
        })?;
    }
    let mut room = most;
    let mut chapters = Vec::new();
    for run in runs {
        let Some(mut lines) = by_run.remove(&run.id) else { continue };
        let more = lines.len().saturating_sub(room);
        lines.truncate(room);
        room -= lines.len();
        chapters.push(Chapter { run, more, lines });
    }
    Ok(chapters)
}

/// So many texts are in memory at a time, however long the history is.
const PAGE: u32 = 100;

/// Shows `see` what was replaced and deleted of a contact, the latest first, as long as it says true.
pub(super) fn each_past(
    repo: &dyn ContactRepo,
    id: ContactId,
    see: impl FnMut(Past) -> bool,
) -> Result<(), Failure> {
    by_pages(usize::MAX, |page| repo.history(Some(id), page), see)
}

/// Shows `see` at most so many of what `read` gives, as long as it says true.
fn by_pages(
    most: usize,
    read: impl Fn(Page) -> Result<Vec<Past>, RepoError>,
    mut see: impl FnMut(Past) -> bool,
) -> Result<(), Failure> {
    let mut seen = 0;
    loop {
        let limit = u32::try_from(most - seen).unwrap_or(PAGE).min(PAGE);
        let page = read(Page { offset: seen as u64, limit })?;
        let is_last = page.len() < limit as usize;
        seen += page.len();
        if !page.into_iter().all(&mut see) || is_last || seen >= most {
            return Ok(());
        }
    }
}

fn print(chapters: &[Chapter], world: &World) {
    let ui = &world.ui;
    let (shown, left_out): (Vec<&Chapter>, Vec<&Chapter>) =
        chapters.iter().partition(|chapter| !chapter.lines.is_empty());
    for (number, chapter) in shown.into_iter().enumerate() {
        let Run { id, what, at, .. } = &chapter.run;
        if number > 0 {
            ui.result("");
        }
        ui.result(format_args!("run {}   {}   {}", id.0, clean(what), contact::minute(*at)));
        chapter.lines.iter().for_each(|line| ui.result(format_args!("  {}", line.words())));
        if chapter.more > 0 {
            let hint = format!("`contactcmd history --run {}` names all", id.0);
            ui.result(format_args!("  … and {} more ({hint})", chapter.more));
        }
        if ui.is_closed() {
            return;
        }
    }
    if !left_out.is_empty() {
        let changes: usize = left_out.iter().map(|chapter| chapter.more).sum();
        let runs = match left_out.len() {
            1 => "an earlier run".to_owned(),
            many => format!("{many} earlier runs"),
        };
        ui.result(format_args!("\n… and {changes} of {runs} (`--limit` lets more through)"));
    }
}

fn print_json(chapters: &[Chapter], world: &World) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Object<'a> {
        run: i64,
        what: &'a str,
        at: String,
        changes: &'a [Line],
        left_out: usize,
    }
    let objects: Vec<_> = chapters
        .iter()
        .map(|Chapter { run, lines, more }| Object {
            run: run.id.0,
            what: &run.what,
            at: json::rfc3339(run.at),
            changes: lines,
            left_out: *more,
        })
        .collect();
    let text = serde_json::to_string_pretty(&objects)
        .map_err(|error| Failure::new(Exit::Failed, error).context("the history is no JSON"))?;
    world.ui.result(text);
    Ok(())
}

/// Prints the card of one contact as it was before its latest change, or before a run.
fn print_card(
    repo: &dyn ContactRepo,
    whose: &[(ContactId, String)],
    run: Option<i64>,
    world: &World,
) -> Result<Exit, Failure> {
    if whose.len() > 1 {
        let ids: Vec<_> = whose.iter().map(|(id, name)| format!("{id}  {}", clean(name))).collect();
        let words = format!("several contacts had that name:\n{}", ids.join("\n"));
        return Err(Failure::usage(words).hint("give the id"));
    }
    let mut found = None;
    for (id, _) in whose {
        each_past(repo, *id, |past| {
            let of_run = run.is_none_or(|run| past.run.0 == run);
            if of_run {
                found = Some(past);
            }
            // The latest of all, or the first thing that the run did.
            !(of_run && run.is_none())
        })?;
    }
    let Some(past) = found else {
        let words = "there is no card of before: it was neither replaced nor deleted";
        return Err(Failure::new(Exit::Failed, anyhow::Error::msg(words))
            .hint("`contactcmd history` lists what was"));
    };
    world.ui.raw(&past.before);
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests;
