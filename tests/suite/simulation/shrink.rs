//! The smallest script that still fails.

use super::run::run;
use super::script::{Script, Step};

/// Leaves out whatever can be left out, and gives the reason why what is left fails.
pub(super) fn shrunk(script: Script, reason: String) -> (Script, String) {
    let (mut script, mut reason) = (script, reason);
    while let Some((smaller, why)) = smaller(&script).into_iter().find_map(still_fails) {
        (script, reason) = (smaller, why);
    }
    (script, reason)
}

fn still_fails(script: Script) -> Option<(Script, String)> {
    let why = run(&script).verdict.err()?;
    Some((script, why))
}

/// Everything that is a little less.
fn smaller(script: &Script) -> Vec<Script> {
    let mut all = Vec::new();
    for at in 0..script.steps.len() {
        let mut less = script.clone();
        less.steps.remove(at);
        all.push(less);
    }
    for at in 0..script.bends.len() {
        let mut less = script.clone();
        less.bends.remove(at);
        all.push(less);
    }
    for (at, step) in script.steps.iter().enumerate() {
        let Step::Sync(sync) = step else { continue };
        for trouble in 0..sync.troubles.len() {
            let mut less = sync.clone();
            less.troubles.remove(trouble);
            let mut with = script.clone();
            with.steps[at] = Step::Sync(less);
            all.push(with);
        }
        let mut plain = sync.clone();
        (plain.how, plain.direction) = (super::script::How::Plain, super::Sync::plain(0).direction);
        if plain != *sync {
            let mut with = script.clone();
            with.steps[at] = Step::Sync(plain);
            all.push(with);
        }
    }
    let last = script.clients.len() - 1;
    let is_idle = |step: &Step| match step {
        Step::Sync(sync) => sync.by != last,
        Step::Act(by, _) => *by != super::script::Actor::Client(last),
        Step::Days(_) => true,
    };
    if last > 0 && script.steps.iter().all(is_idle) {
        let mut less = script.clone();
        less.clients.pop();
        all.push(less);
    }
    all
}
