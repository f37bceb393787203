//! `conflicts resolve`.

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::sync::pick::Take;
use contactcmd_ports::Open;

use super::case::{Case, State};
use super::changes::{Left, Scene, changes};
use super::choose::{Choice, Decision, by_asking, by_options, decide};
use crate::cli::{Global, KeepWhich, ResolveArgs};
use crate::commands::prune::prune;
use crate::commands::{NOTHING, meanwhile, open, open_after_asking};
use crate::ui::{clean, contact};
use crate::{Exit, Failure, World, config};

/// What a run of it is called.
pub(in crate::commands) const RESOLVE: &str = "conflicts resolve";

pub(super) fn run(args: &ResolveArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    resolve(args, global, world, &|case| by_asking(case, world))
}

/// Asks where no option decides; `None` when nothing was chosen.
type Ask<'a> = dyn Fn(&Case) -> Result<Option<Choice>, Failure> + 'a;

pub(super) fn resolve(
    args: &ResolveArgs,
    global: &Global,
    world: &World,
    ask: &Ask<'_>,
) -> Result<Exit, Failure> {
    let settings = config::load(world)?;
    let chosen = by_options(args)?;
    // No lock is held while somebody thinks.
    let asks = chosen.is_none();
    let repo = open(world, global, if asks { Open::Read } else { Open::Write })?;
    let case = Case::load(repo.as_ref(), args.id)?;
    if case.state() == State::Decided {
        let decided = case.kept.conflict.decided.as_deref().unwrap_or_default();
        let words = format!("conflict {} is decided already: {}", args.id, clean(decided));
        return Err(Failure::new(Exit::Failed, anyhow::Error::msg(words))
            .hint("`contactcmd undo` takes back what was done"));
    }
    if case.has_changed() {
        world.ui.say("the contact was changed since: its card of now is what counts as here");
    }
    let held = (!asks).then_some(repo);
    let choice = match chosen {
        Some(choice) => choice,
        None if agree(&case) => Choice::Whole(KeepWhich::There),
        None => match ask(&case)? {
            Some(choice) => choice,
            None => {
                world.ui.say(NOTHING);
                return Ok(Exit::Done);
            }
        },
    };
    let mut repo = match held {
        Some(repo) => repo,
        None => {
            let repo = open_after_asking(world, global)?;
            if Case::load(repo.as_ref(), args.id)? != case {
                return Err(meanwhile(&format!("conflict {}", args.id)));
            }
            repo
        }
    };
    let decision = decide(&case, &choice)?;
    let decided = words(&case, &choice, &decision);
    let at = (world.now)();
    let scene = Scene { at, new: ContactId::from_random((world.random)()) };
    let (changes, left) = changes(&case, decision, &decided, scene);
    let run = repo.begin_run(RESOLVE, at)?;
    repo.apply(run, at, &changes)?;
    world.ui.result(contact::line('~', &case.here.name(), &clean(&decided)));
    if left == Left::ToSend {
        world.ui.say("the next `contactcmd sync carddav --direction sync` tells the server");
    }
    prune(world, repo.as_mut(), &settings.history);
    Ok(Exit::Done)
}

/// Whether there is nothing left to decide: the same was done on both sides.
fn agree(case: &Case) -> bool {
    let is_free = case.owner.is_none() && case.elsewhere.is_none();
    !case.is_deletion() && is_free && case.differences().is_empty()
}

/// What was decided, for the list and the history.
fn words(case: &Case, choice: &Choice, decision: &Decision) -> String {
    let words = match (decision, choice) {
        (Decision::StaysDeleted, _) => "kept deleted",
        (Decision::Separate, _) => "kept as two contacts",
        (Decision::Card(_), _) if case.is_deletion() => "brought back as on the server",
        (Decision::Card(_), Choice::Whole(KeepWhich::Here)) => "kept as here",
        (Decision::Card(_), Choice::Whole(KeepWhich::Both)) => "both put together",
        (Decision::Card(_), Choice::Whole(_)) => "taken from the server",
        (Decision::Card(_), Choice::Fields { chosen, .. }) => {
            let side = |take| match take {
                Take::Here => "here",
                Take::There => "there",
                Take::Both => "both",
            };
            let chosen: Vec<_> =
                chosen.iter().map(|(name, take)| format!("{name}={}", side(*take))).collect();
            return format!("by field: {}", chosen.join(", "));
        }
    };
    words.to_owned()
}
