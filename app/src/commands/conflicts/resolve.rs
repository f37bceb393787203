//! `conflicts resolve`.

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::sync::pick::Take;
use contactcmd_ports::Open;

use super::case::{Case, State};
use super::changes::{Left, Scene, changes};
use super::choose::{Choice, Decision, by_asking, by_options, decide};
use crate::cli::{Global, KeepWhich, ResolveArgs};
use crate::commands::open;
use crate::commands::prune::prune;
use crate::ui::{clean, contact};
use crate::{Exit, Failure, World, config};

/// What a run of it is called.
pub(in crate::commands) const RESOLVE: &str = "conflicts resolve";

pub(super) fn run(args: &ResolveArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let settings = config::load(world)?;
    let mut repo = open(world, global, Open::Write)?;
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
    let choice = match by_options(args)? {
        Some(choice) => choice,
        None if agree(&case) => Choice::Whole(KeepWhich::There),
        None => match by_asking(&case, world)? {
            Some(choice) => choice,
            None => {
                world.ui.say("nothing was decided");
                return Ok(Exit::NeedsYou);
            }
        },
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
