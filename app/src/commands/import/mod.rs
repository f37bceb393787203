//! `import vcard`.

mod plan;
mod read;

use std::io::Read;
use std::path::Path;

use contactcmd_domain::contact::ContactId;
use contactcmd_ports::{Change, ContactRepo, Editor, NewContact, Open, Why};

use self::plan::{Known, Planned, Reason, Step};
use self::read::{Contents, Entry};
use super::{open, prune::prune};
use crate::cli::{Global, ImportArgs};
use crate::ui::contact;
use crate::{Exit, Failure, World, config};

/// How many cards are stored in one transaction.
const BATCH: usize = 500;

/// Imports the cards of a file as local contacts. Everything is decided before the first write; a
/// dry run opens the store for reading only.
///
/// # Errors
///
/// [`Exit::Usage`] when the config has mistakes. [`Exit::Failed`] when the file cannot be read, holds no card, or holds a broken one and the good
/// ones were not asked for: nothing is imported then. [`Exit::Interrupted`]: the batches that were
/// printed are stored. Else what the store fails with.
pub fn run(args: &ImportArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let settings = config::load(world)?;
    let contents = cards_of(args, world)?;
    let purpose = if args.dry_run { Open::Read } else { Open::Write };
    let mut repo = open(world, global, purpose)?;
    let known = if args.update { Known::Update } else { Known::Keep };
    let planned = plan::plan(repo.as_ref(), contents.cards, known)?;
    let mut report = Report::default();
    if args.dry_run {
        planned.iter().for_each(|card| report.tell(world, card));
    } else {
        apply(repo.as_mut(), planned, &mut report, world)?;
        if report.new + report.replaced > 0 {
            prune(world, repo.as_mut(), &settings.history);
        }
    }
    world.ui.say(report.sum(args.dry_run));
    Ok(if report.left_out == 0 { Exit::Done } else { Exit::NeedsYou })
}

fn cards_of(args: &ImportArgs, world: &World) -> Result<Contents, Failure> {
    let (bytes, name) = if args.file == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        (read.map(|_| bytes), "standard input".to_owned())
    } else {
        (std::fs::read(&args.file), args.file.display().to_string())
    };
    let bytes = bytes.map_err(|error| {
        Failure::new(Exit::Failed, anyhow::Error::new(error).context(format!("cannot read {name}")))
    })?;
    let contents = read::contents(&bytes);
    if contents.cards.is_empty() {
        let what = if bytes.is_empty() { "is empty" } else { "holds no vCard" };
        return Err(Failure::new(Exit::Failed, anyhow::anyhow!("{name} {what}")));
    }
    if !args.skip_errors {
        refuse_broken(&name, &contents.cards)?;
    }
    for line in &contents.stray {
        world.ui.warn(format!(
            "{name}, line {line}: what stands here is in no card and is passed over"
        ));
    }
    Ok(contents)
}

/// All or nothing: half of a file is harder to mend than none of it.
fn refuse_broken(name: &str, cards: &[Entry]) -> Result<(), Failure> {
    const LISTED: usize = 10;
    let broken: Vec<_> =
        cards.iter().filter_map(|card| Some((card.place, card.flaw.as_ref()?))).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let mut words =
        format!("{name}: {} of {} cards cannot be imported:", broken.len(), cards.len());
    for (place, flaw) in broken.iter().take(LISTED) {
        words.push_str(&format!("\ncard {}, line {}: {flaw}", place.number, place.line));
    }
    if broken.len() > LISTED {
        words.push_str(&format!("\nand {} more", broken.len() - LISTED));
    }
    let hint = "nothing was imported; add `--skip-errors` to import the others";
    Err(Failure::new(Exit::Failed, anyhow::Error::msg(words)).hint(hint))
}

/// Stores batch by batch, and tells of each when it is stored.
fn apply(
    repo: &mut dyn ContactRepo,
    planned: Vec<Planned>,
    report: &mut Report,
    world: &World,
) -> Result<(), Failure> {
    let writes = planned.iter().any(|card| card.writes());
    let run = if writes { Some(repo.begin_run("import vcard", (world.now)())?) } else { None };
    for batch in planned.chunks(BATCH) {
        if world.interrupt.is_raised() {
            let error = anyhow::anyhow!("stopped: {}", report.sum(false));
            return Err(Failure::new(Exit::Interrupted, error)
                .hint("import the file again: what is here already is passed over"));
        }
        let changes: Vec<Change> = batch.iter().filter_map(|card| change(card, world)).collect();
        if let (Some(run), false) = (run, changes.is_empty()) {
            repo.apply(run, (world.now)(), &changes)?;
        }
        batch.iter().for_each(|card| report.tell(world, card));
    }
    Ok(())
}

fn change(planned: &Planned, world: &World) -> Option<Change> {
    match &planned.step {
        Step::Insert(card, index) => {
            let contact = NewContact {
                id: ContactId::from_random((world.random)()),
                vcard: card.as_bytes().to_vec(),
                index: index.as_ref().clone(),
            };
            Some(Change::Insert { contact, link: None })
        }
        Step::Replace(contact, card, index, _) => Some(Change::Replace {
            contact: *contact,
            vcard: card.as_bytes().to_vec(),
            index: index.as_ref().clone(),
            editor: Editor::User,
            why: Why("imported with other content".to_owned()),
        }),
        Step::Here | Step::LeftOut(_) => None,
    }
}

impl Planned {
    fn writes(&self) -> bool {
        matches!(self.step, Step::Insert(..) | Step::Replace(..))
    }
}

/// What was done so far.
#[derive(Debug, Default)]
struct Report {
    new: usize,
    replaced: usize,
    here: usize,
    left_out: usize,
}

impl Report {
    /// Counts a card and prints its line; one that is here already is worth a line only with `-v`.
    fn tell(&mut self, world: &World, planned: &Planned) {
        let name = &planned.name;
        match &planned.step {
            Step::Insert(..) => {
                self.new += 1;
                world.ui.result(contact::line('+', name, ""));
            }
            Step::Replace(.., changes) => {
                self.replaced += 1;
                world.ui.result(contact::line('~', name, &contact::changes(changes)));
            }
            Step::Here => {
                self.here += 1;
                world.ui.detail(contact::line('=', name, "is here already"));
            }
            Step::LeftOut(reason) => {
                self.left_out += 1;
                let words = format!(
                    "card {}, line {}: {}",
                    planned.place.number,
                    planned.place.line,
                    why(reason)
                );
                world.ui.result(contact::line('!', name, &words));
            }
        }
    }

    fn sum(&self, dry_run: bool) -> String {
        let would = if dry_run { "would be " } else { "" };
        let mut words = vec![format!("{} {would}imported", self.new)];
        for (count, what) in [(self.replaced, "replaced"), (self.left_out, "left out")] {
            if count > 0 {
                words.push(format!("{count} {would}{what}"));
            }
        }
        if self.here > 0 {
            words.push(format!("{} here already", self.here));
        }
        words.join(", ")
    }
}

fn why(reason: &Reason) -> String {
    match reason {
        Reason::Broken(flaw) => flaw.to_string(),
        Reason::Differs(changes) => {
            format!("is here with other content ({}); --update takes it", contact::changes(changes))
        }
        Reason::SeveralHere(count) => format!("{count} contacts here have its UID"),
        Reason::Twice(first) => format!("card {first} has the same UID and other content"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_names_what_there_is() {
        let cases = [
            (Report { new: 2, ..Report::default() }, false, "2 imported"),
            (
                Report { new: 1, replaced: 2, here: 3, left_out: 4 },
                true,
                "1 would be imported, 2 would be replaced, 4 would be left out, 3 here already",
            ),
        ];
        for (report, dry_run, words) in cases {
            assert_eq!(report.sum(dry_run), words);
        }
    }
}
