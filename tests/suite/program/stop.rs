//! Ctrl-C and worse, sent to a real process.

#![cfg(unix)]

use std::process::{Child, Command};
use std::time::Duration;

use contactcmd_tests::serve::Options;

use super::User;

/// Sends a signal to a process that this test started.
fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until the server was asked so many times.
fn asked(user: &User, times: usize, child: &mut Child) {
    while user.served.requests() < times {
        assert!(child.try_wait().unwrap().is_none(), "the run ended early");
        std::thread::yield_now();
    }
}

#[test]
fn ctrl_c_ends_a_run_at_once_and_the_next_completes_it() {
    for requests in [1, 4, 7] {
        let slow = Options { latency: Duration::from_millis(50), ..Options::default() };
        let user = User::new(900, slow);
        let mut child = user.start(&[]);
        asked(&user, requests, &mut child);
        send("-INT", &child);
        assert_eq!(child.wait().unwrap().code(), Some(130), "at request {requests}");
        let ran = user.sync(&[]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(user.count(), 900);
    }
}

#[test]
fn a_killed_run_leaves_a_store_that_the_next_completes_without_duplicates() {
    for requests in [5, 8] {
        let slow = Options { latency: Duration::from_millis(20), ..Options::default() };
        let user = User::new(900, slow);
        let mut child = user.start(&[]);
        asked(&user, requests, &mut child);
        send("-KILL", &child);
        child.wait().unwrap();
        let ran = user.sync(&[]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(user.count(), 900);
    }
}
