//! What to decide: from the options, or by asking.

use contactcmd_domain::sync::merge::with_uid_of;
use contactcmd_domain::sync::merge::{Prefer, merge};
use contactcmd_domain::sync::pick::{Difference, Edited, Take, pick};
use contactcmd_domain::vcard::Card;

use super::case::Case;
use super::show;
use crate::cli::{KeepWhich, ResolveArgs, SideName};
use crate::ui::conflict::{Long, in_a_line};
use crate::ui::prompt;
use crate::{Exit, Failure, World};

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// One way for the whole contact.
    Whole(KeepWhich),
    /// Some fields by name, the others as `rest` says; `None`: what only one side edited stays, and
    /// the rest is the server's.
    Fields { chosen: Vec<(String, Take)>, rest: Option<Take> },
}

/// What that means for the contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// This is its card.
    Card(Card),
    /// It stays deleted, and the server is told.
    StaysDeleted,
    /// The card there becomes a contact of its own.
    Separate,
}

/// The choice that the options make; `None` when they make none.
pub(super) fn by_options(args: &ResolveArgs) -> Result<Option<Choice>, Failure> {
    if args.fields.is_empty() {
        return Ok(args.keep.map(Choice::Whole));
    }
    let rest = match args.keep {
        None => None,
        Some(KeepWhich::Here) => Some(Take::Here),
        Some(KeepWhich::There) => Some(Take::There),
        Some(KeepWhich::Both) => Some(Take::Both),
        Some(KeepWhich::Separate) => {
            return Err(Failure::usage("`--keep separate` does not go together with `--field`"));
        }
    };
    let take = |side| match side {
        SideName::Here => Take::Here,
        SideName::There => Take::There,
    };
    let chosen = args.fields.iter().map(|field| (field.name.clone(), take(field.side))).collect();
    Ok(Some(Choice::Fields { chosen, rest }))
}

/// Asks; `None` when nothing was chosen.
pub(super) fn by_asking(case: &Case, world: &World) -> Result<Option<Choice>, Failure> {
    if !prompt::can_ask(&world.ui) {
        return Err(Failure::usage("there is nobody to ask how to decide it").hint(
            "give `--keep here`, `--keep there`, `--keep both` or `--keep separate`, or \
             `--field NAME=here|there`, with `--keep` for all other fields",
        ));
    }
    show::lines(case, Long::Clipped, world).into_iter().for_each(|line| world.ui.say(line));
    let ways: &[(&str, Option<KeepWhich>)] = if case.is_deletion() {
        &[
            ("it stays deleted, on the server too", Some(KeepWhich::Here)),
            ("it comes back as it is on the server", Some(KeepWhich::There)),
        ]
    } else {
        &[
            ("choose field by field", None),
            ("everything as it is here", Some(KeepWhich::Here)),
            ("everything as it is on the server", Some(KeepWhich::There)),
            ("both put together", Some(KeepWhich::Both)),
            ("they are two different people", Some(KeepWhich::Separate)),
        ]
    };
    let offered = ways.iter().filter(|way| way.1 != Some(KeepWhich::Separate) || case.is_offer());
    let offered: Vec<_> = offered.collect();
    let words: Vec<String> = offered.iter().map(|way| way.0.to_owned()).collect();
    let chosen = prompt::choose(&world.ui, "What stands", &words)?;
    match chosen.and_then(|at| offered.get(at)) {
        None => Ok(None),
        Some((_, Some(keep))) => Ok(Some(Choice::Whole(*keep))),
        Some((_, None)) => by_field(case, world),
    }
}

/// Asks for every field that both sides edited.
fn by_field(case: &Case, world: &World) -> Result<Option<Choice>, Failure> {
    let mut chosen = Vec::new();
    for one in case.differences() {
        let take = if one.edited == Edited::Both {
            let sides = [
                format!("here: {}", in_a_line(&one.here)),
                format!("on the server: {}", in_a_line(&one.there)),
            ];
            match prompt::choose(&world.ui, &one.name(), &sides)? {
                None => return Ok(None),
                Some(0) => Take::Here,
                Some(_) => Take::There,
            }
        } else {
            by_itself(&one)
        };
        chosen.push((one.name(), take));
    }
    Ok(Some(Choice::Fields { chosen, rest: None }))
}

/// What a choice comes to.
///
/// # Errors
///
/// [`Exit::Usage`] when the choice does not fit this conflict: nothing is stored.
pub(super) fn decide(case: &Case, choice: &Choice) -> Result<Decision, Failure> {
    if let Some(owner) = &case.owner {
        let words = format!("the card on the server belongs to the contact {owner} by now");
        return apart(words, choice);
    }
    if let Some(book) = &case.elsewhere {
        let words =
            format!("the contact is in the address book {book} by now, and can be in one only");
        return apart(words, choice);
    }
    match choice {
        Choice::Whole(KeepWhich::Separate) if case.is_offer() => Ok(Decision::Separate),
        Choice::Whole(KeepWhich::Separate) => {
            Err(Failure::usage("`--keep separate` is for two contacts that have never been one")
                .hint("`--keep both` drops nothing that a card can have twice"))
        }
        Choice::Whole(KeepWhich::Here) if case.is_deletion() => Ok(Decision::StaysDeleted),
        // Of a contact that is deleted here, both means that nothing is dropped.
        Choice::Whole(_) if case.is_deletion() => Ok(Decision::Card(case.there.clone())),
        Choice::Fields { .. } if case.is_deletion() => {
            Err(Failure::usage("the contact is deleted here: there is nothing to choose by field")
                .hint("`--keep here` keeps it deleted, `--keep there` brings it back"))
        }
        Choice::Whole(KeepWhich::Here) => {
            Ok(Decision::Card(with_uid_of(case.here.clone(), &case.there)))
        }
        Choice::Whole(KeepWhich::There) => Ok(Decision::Card(case.there.clone())),
        Choice::Whole(KeepWhich::Both) => {
            let both = merge(case.base.as_ref(), &case.here, &case.there, Prefer::Both);
            Ok(Decision::Card(both.card))
        }
        Choice::Fields { chosen, rest } => {
            check_names(case, chosen)?;
            let take = |one: &Difference| take(one, chosen, *rest);
            put_together(pick(case.base.as_ref(), &case.here, &case.there, take))
        }
    }
}

fn put_together(card: Option<Card>) -> Result<Decision, Failure> {
    card.map(Decision::Card).ok_or_else(|| {
        Failure::usage("a line that is no property differs, so the cards cannot be put together")
            .hint("give `--keep here` or `--keep there`")
    })
}

/// While it waited, one of the two became part of another pair: they cannot be one any more.
fn apart(words: String, choice: &Choice) -> Result<Decision, Failure> {
    match choice {
        Choice::Whole(KeepWhich::Separate) => Ok(Decision::Separate),
        _ => Err(Failure::new(Exit::Usage, anyhow::Error::msg(words))
            .hint("`--keep separate` leaves both as they are")),
    }
}

fn check_names(case: &Case, chosen: &[(String, Take)]) -> Result<(), Failure> {
    let differences = case.differences();
    let unknown =
        chosen.iter().find(|(name, _)| !differences.iter().any(|one| one.is_called(name)));
    let Some((name, _)) = unknown else { return Ok(()) };
    let names: Vec<_> = differences.iter().map(Difference::name).collect();
    Err(Failure::usage(format!("both sides agree on `{name}`, or there is no such field"))
        .hint(format!("they differ in: {}", names.join(", "))))
}

/// A whole name counts before the name of all of its kind.
fn take(one: &Difference, chosen: &[(String, Take)], rest: Option<Take>) -> Take {
    let exactly = |(name, _): &&(String, Take)| name.trim().eq_ignore_ascii_case(&one.name());
    let found = chosen
        .iter()
        .find(exactly)
        .or_else(|| chosen.iter().find(|(name, _)| one.is_called(name)))
        .map(|(_, take)| *take);
    found.or(rest).unwrap_or_else(|| by_itself(one))
}

fn by_itself(one: &Difference) -> Take {
    match one.edited {
        Edited::Here => Take::Here,
        Edited::There | Edited::Both => Take::There,
    }
}
