//! Holds the keychain of the operating system to its contract; `tests/keychain.sh` sets the scenes.
//!
//! Usage: `keychain-probe SCENE`. Prints one line for each promise and ends with 1 if any was broken.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use contactcmd_adapters::keychain::Keychain;
use contactcmd_ports::{CredentialError, CredentialStore, Secret};
use contactcmd_tests::credentials_contract::{PROMISES, key, locked, unavailable};
use futures::executor::block_on;

/// Without a person in front of it nothing takes longer, except by hanging.
const LIMIT: Duration = Duration::from_secs(20);

fn main() -> anyhow::Result<ExitCode> {
    let scene = std::env::args().nth(1).unwrap_or_default();
    let keychain = Keychain::with_limit(LIMIT);
    let results = match scene.as_str() {
        "open" => PROMISES.map(|(name, check)| (name, timed(|| check(&keychain)))).to_vec(),
        "locked" => vec![("locked says so", timed(|| locked(&keychain)))],
        "absent" => vec![("absent says so", timed(|| unavailable(&keychain)))],
        #[cfg(unix)]
        "mute" => vec![("a bus that never answers is absent", timed(mute))],
        "empty" => {
            vec![("where there is no keychain nothing is stored", timed(|| empty(&keychain)))]
        }
        "put" => vec![("one is stored", timed(|| put(&keychain)))],
        "read" => vec![("the one stored before is read and goes", timed(|| read(&keychain)))],
        other => anyhow::bail!("no such scene: {other:?}"),
    };

    let mut out = io::stdout().lock();
    let mut failed = 0;
    for (name, (outcome, took)) in &results {
        let millis = took.as_millis();
        match outcome {
            Ok(()) => writeln!(out, "ok      {scene}: {name} ({millis} ms)")?,
            Err(why) => {
                failed += 1;
                writeln!(out, "FAILED  {scene}: {name} ({millis} ms): {why}")?;
            }
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Inside an executor, as the program itself calls it; answering late is failing.
fn timed(check: impl FnOnce() -> Result<(), String>) -> (Result<(), String>, Duration) {
    let start = Instant::now();
    let outcome = block_on(async { check() });
    let took = start.elapsed();
    let late = took >= LIMIT;
    (if late { Err(format!("took as long as it may ({outcome:?})")) } else { outcome }, took)
}

/// Whoever connects to the bus of this session waits for ever.
#[cfg(unix)]
fn mute() -> Result<(), String> {
    let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap_or_default();
    let path = address.trim_start_matches("unix:path=");
    let _bus = std::os::unix::net::UnixListener::bind(path).map_err(|error| error.to_string())?;
    unavailable(&Keychain::with_limit(Duration::from_secs(1)))
}

/// The service runs, but has no keychain: nothing is found in it, nothing can be stored.
fn empty(keychain: &Keychain) -> Result<(), String> {
    match (keychain.secret(&key()), keychain.forget(&key())) {
        (Ok(None), Ok(false)) => {}
        (found, _) => return Err(format!("secret: {:?}", found.map(|found| found.is_some()))),
    }
    match keychain.store(&key(), &Secret::new("unseen")) {
        Err(CredentialError::Unavailable { .. }) => Ok(()),
        other => Err(format!("store: {other:?}")),
    }
}

fn put(keychain: &Keychain) -> Result<(), String> {
    keychain.store(&key(), &Secret::new("kept")).map_err(|error| format!("{error:?}"))
}

fn read(keychain: &Keychain) -> Result<(), String> {
    match keychain.secret(&key()) {
        Ok(Some(secret)) if secret.expose() == "kept" => match keychain.forget(&key()) {
            Ok(true) => Ok(()),
            other => Err(format!("forget: {other:?}")),
        },
        Ok(found) => Err(format!("found {}", if found.is_some() { "another" } else { "none" })),
        Err(error) => Err(format!("{error:?}")),
    }
}
