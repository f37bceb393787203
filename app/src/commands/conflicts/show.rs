//! `conflicts show`.

use contactcmd_domain::sync::pick::{Difference, differences};
use contactcmd_ports::Open;
use serde::Serialize;

use super::case::{Case, State};
use super::{Brief, print_json};
use crate::cli::{ConflictShow, Global};
use crate::commands::open;
use crate::ui::conflict::{Columns, Long, side_by_side};
use crate::ui::{clean, contact};
use crate::{Exit, Failure, World};

pub(super) fn run(args: &ConflictShow, global: &Global, world: &World) -> Result<Exit, Failure> {
    let repo = open(world, global, Open::Read)?;
    let case = Case::load(repo.as_ref(), args.id)?;
    if args.json {
        print_json(world, &Whole::of(&case))?;
        return Ok(Exit::Done);
    }
    let long = if args.full { Long::Whole } else { Long::Clipped };
    lines(&case, long, world).into_iter().for_each(|line| world.ui.result(line));
    if case.has_changed() {
        world.ui.say("the contact was changed since: what is shown as here is its card of now");
    }
    if case.state() == State::Waits {
        world.ui.say(format_args!("`contactcmd conflicts resolve {}` decides it", args.id));
    }
    Ok(Exit::Done)
}

/// What a person needs to see to decide.
pub(super) fn lines(case: &Case, long: Long, world: &World) -> Vec<String> {
    let kept = &case.kept;
    let name = case.here.name();
    let place = format!("{} of {}", kept.addressbook, kept.account);
    let when = contact::minute(kept.conflict.at);
    let mut lines = vec![format!("{}   conflict {} in {}", clean(&name), kept.id.0, clean(&place))];
    lines.push(match &kept.conflict.decided {
        Some(decided) => format!("decided on {when}: {}", clean(decided)),
        None if case.contact.deleted => format!("deleted here, edited on the server, {when}"),
        None if case.is_offer() => format!("perhaps two people, met on {when}"),
        None => format!("edited here and on the server, {when}"),
    });
    lines.push(String::new());
    let (rows, columns) = table(case);
    lines.push(if rows.is_empty() {
        "both say the same by now".to_owned()
    } else {
        side_by_side(&world.ui, &rows, columns, long)
    });
    lines
}

fn table(case: &Case) -> (Vec<Difference>, Columns) {
    match &case.base {
        _ if case.is_deletion() => {
            let before = case.base.as_ref().unwrap_or(&case.here);
            (differences(None, before, &case.there), Columns::Deleted)
        }
        Some(_) => (case.differences(), Columns::WithBase),
        None => (case.differences(), Columns::Both),
    }
}

/// A conflict with its texts; a byte that is no UTF-8 is written as U+FFFD.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    brief: Brief<'a>,
    base: Option<String>,
    here: String,
    there: String,
}

impl<'a> Whole<'a> {
    fn of(case: &'a Case) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            brief: Brief::between(&case.kept, &case.here, &case.there),
            base: case.kept.conflict.base.as_deref().map(text),
            here: text(case.here.as_bytes()),
            there: text(&case.kept.conflict.remote),
        }
    }
}
