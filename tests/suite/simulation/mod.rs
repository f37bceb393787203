//! The simulation that proves the sync: random edits, deletions and creations on one to three clients
//! and the server, every knob of the fake server, faults of any request before or after it took effect,
//! other writers in the middle of a sync, and a crash at every write boundary. Once the faults stop and
//! everybody has synchronised twice, nothing may be lost: see [`judge`].
//!
//! Every run is decided by its seed. `CONTACTCMD_SIMULATIONS=1000000` runs so many,
//! `CONTACTCMD_SEED=7` runs that one and tells what happens; both together run so many from that seed on.
//! The engine is driven by its session and not by the command line, which would spend most of the time on
//! reading arguments and the config.

mod bends;
mod cards;
mod chance;
mod client;
mod fate;
mod judge;
mod ledger;
mod run;
mod script;
mod server;
mod shrink;
mod store;

use std::fmt::Arguments;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

use bends::Bend;
use chance::Chance;
use run::run;
use script::{Script, Step, Sync, Trouble};
use shrink::shrunk;

/// How many random runs there are by default.
const RUNS: u64 = 20_000;

/// Failures that are told at once.
const SHOWN: usize = 4;

#[test]
fn random_runs_lose_nothing() {
    let (first, count) = match (number("CONTACTCMD_SEED"), number("CONTACTCMD_SIMULATIONS")) {
        (Some(seed), count) => (seed, count.unwrap_or(1)),
        (None, count) => (0, count.unwrap_or(RUNS)),
    };
    on_all_cores(first..first + count, |seed| {
        let script = Script::random(&mut Chance::new(seed));
        (format!("seed {seed}"), script)
    });
}

#[test]
fn every_knob_alone_loses_nothing() {
    let all: Vec<&'static Bend> = bends::bends().iter().chain(bends::profiles()).copied().collect();
    let times = 8;
    on_all_cores(0..all.len() as u64 * times, |at| {
        let bend = all[(at / times) as usize];
        let script = Script::random_with(vec![bend], &mut Chance::new(at));
        (format!("{}, {}", bend.name, at % times), script)
    });
}

#[test]
fn a_crash_at_any_write_boundary_loses_nothing() {
    on_all_cores(0..60, |seed| {
        let mut chance = Chance::new(seed + (1 << 40));
        let mut script = Script::random(&mut chance);
        script.steps.push(Step::Sync(Sync::plain(0)));
        (format!("crash of script {seed}"), script)
    });
    // Every boundary of the last sync of each.
    on_all_cores(0..60 * 40, |at| {
        let (seed, boundary) = (at / 40, at % 40 + 1);
        let mut chance = Chance::new(seed + (1 << 40));
        let mut script = Script::random(&mut chance);
        let troubles = vec![Trouble::Crash(boundary as usize)];
        script.steps.push(Step::Sync(Sync { troubles, ..Sync::plain(0) }));
        (format!("crash of script {seed} at {boundary}"), script)
    });
}

/// Runs these scripts and fails with the smallest forms of the first that do.
fn on_all_cores(
    numbers: std::ops::Range<u64>,
    make: impl Fn(u64) -> (String, Script) + Send + std::marker::Sync,
) {
    let next = AtomicU64::new(numbers.start);
    let failures = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= numbers.end || failures.lock().expect("a list").len() >= SHOWN {
                break;
            }
            let (name, script) = make(number);
            if let Err(words) = run(&script).verdict {
                let (small, reason) = shrunk(script, words);
                if is_traced() {
                    say(format_args!("\nthe smallest that fails:"));
                    run(&small);
                }
                failures.lock().expect("a list").push(format!("{name}: {reason}\n\n{small}"));
            }
        }
    };
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let failures = failures.into_inner().expect("a list");
    assert!(failures.is_empty(), "{}", failures.join("\n==========\n"));
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Whether every step is told.
fn is_traced() -> bool {
    static TRACED: LazyLock<bool> = LazyLock::new(|| {
        number("CONTACTCMD_SEED").is_some() && number("CONTACTCMD_SIMULATIONS").is_none()
    });
    *TRACED
}

fn say(words: Arguments<'_>) {
    writeln!(std::io::stderr(), "{words}").ok();
}
