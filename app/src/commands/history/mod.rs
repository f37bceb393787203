//! `history`: what was added, replaced and deleted, by run.

mod lines;
mod who;

use std::collections::HashMap;

use contactcmd_domain::contact::ContactId;
use contactcmd_ports::{ContactRepo, Open, Past, Run, RunId};
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
    let mut room = most;
    let mut chapters = Vec::new();
    let mut sizes: Option<HashMap<RunId, u64>> = None;
    for run in runs {
        if room == 0 {
            // What is not shown need not be read to be counted.
            let sizes = match &mut sizes {
                Some(sizes) => sizes,
                unread => unread.insert(repo.sizes()?.into_iter().collect()),
            };
            if let Some(size) = sizes.get(&run.id) {
                let more = usize::try_from(*size).unwrap_or(usize::MAX);
                chapters.push(Chapter { run, lines: Vec::new(), more });
            }
            continue;
        }
        let changed = repo.changed_in(run.id)?;
        let added = repo.added_in(run.id)?;
        let all = changed.len() + added.len();
        let mut lines: Vec<Line> = changed.iter().take(room).map(of_past).collect();
        let shown: Vec<ContactId> = added.into_iter().take(room - lines.len()).collect();
        lines.extend(repo.contacts(&shown)?.into_iter().map(|contact| of_added(contact, &run)));
        room -= lines.len();
        if all > 0 {
            chapters.push(Chapter { run, more: all - lines.len(), lines });
        }
    }
    Ok(chapters)
}

fn chapters_of(
    repo: &dyn ContactRepo,
    runs: Vec<Run>,
    whose: &[(ContactId, String)],
    most: usize,
) -> Result<Vec<Chapter>, Failure> {
    let pasts = pasts(repo, whose)?;
    let mut room = most;
    let mut chapters = Vec::new();
    for run in runs {
        let of_run: Vec<&Past> = pasts.iter().filter(|past| past.run == run.id).collect();
        let lines: Vec<Line> = of_run.iter().take(room).copied().map(of_past).collect();
        room -= lines.len();
        if !of_run.is_empty() {
            chapters.push(Chapter { run, more: of_run.len() - lines.len(), lines });
        }
    }
    Ok(chapters)
}

/// The history of these contacts, the latest first of each.
fn pasts(repo: &dyn ContactRepo, whose: &[(ContactId, String)]) -> Result<Vec<Past>, Failure> {
    let mut pasts = Vec::new();
    for (id, _) in whose {
        pasts.extend(repo.history(Some(*id), u32::MAX)?);
    }
    Ok(pasts)
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
    let pasts = pasts(repo, whose)?;
    let found = match run {
        None => pasts.first(),
        Some(run) => pasts.iter().rfind(|past| past.run.0 == run),
    };
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
