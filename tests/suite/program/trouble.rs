//! Bad input and bad weather: a clear message, the right exit code, everything as it was.

use std::net::TcpListener;
use std::time::Duration;

use contactcmd_tests::fake::{Fault, Mood};
use contactcmd_tests::serve::Options;

use super::{Ran, User};

fn assert_failed(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    for word in words {
        assert!(ran.err.contains(word), "`{word}` is not in: {}", ran.err);
    }
    assert!(!ran.err.contains("secret"), "a password in an error: {}", ran.err);
}

#[test]
fn network_failures_are_told_apart() {
    let user = User::new(3, Options::default());
    let sync = |server: &str| {
        user.run(&["sync", "carddav", "--server", server, "--username", "alice"])
    };
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    assert_failed(&sync(&refused), 4, &["cannot reach 127.0.0.1", "hint: "]);
    assert_failed(&sync("https://nowhere.invalid/"), 4, &["cannot reach nowhere.invalid", "hint: "]);

    // A listener that never answers: the connection is made, and nothing comes.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    user.write_config("[carddav]\ntimeout = 1\nserver = \"x.invalid\"\nusername = \"a\"\n");
    let address = format!("http://{}/", silent.local_addr().unwrap());
    user.write_config(&format!(
        "[carddav]\ntimeout = 1\nserver = \"{address}\"\nusername = \"alice\"\n"
    ));
    assert_failed(&user.run(&["sync", "carddav"]), 4, &["did not answer in time", "`timeout`"]);
    assert!(!user.database().with_extension("json").exists());
}

#[test]
fn a_wrong_password_is_one_request_over_http_too() {
    let user = User::new(3, Options::default());
    user.fake.set_password("another");
    let ran = user.sync(&[]);
    assert_failed(&ran, 3, &["alice", "refused the user name or password", "hint: "]);
    assert_eq!(user.served.requests(), 1);
    assert!(!user.path("config").exists(), "nothing is kept of a refused account");
}

#[test]
fn no_password_and_nobody_to_ask_names_the_ways_to_give_one() {
    let user = User::new(3, Options::default());
    let ran = user.command(&user.sync_args(&[])).env_remove("CONTACTCMD_PASSWORD").output();
    let ran = Ran::from(ran.unwrap());
    assert_failed(&ran, 3, &["alice", "password_command", "CONTACTCMD_PASSWORD"]);
    assert_eq!(user.served.requests(), 0);
}

#[test]
fn a_mistake_in_the_config_names_its_line() {
    let user = User::new(1, Options::default());
    user.write_config("[carddav]\nserver = \"https://x.example\"\nuser_name = \"ada\"\n");
    assert_failed(&user.run(&["sync", "carddav"]), 2, &["user_name", "3", "username"]);
    user.write_config("[carddav]\nserver = \"http://dav.example\"\nusername = \"ada\"\n");
    assert_failed(&user.run(&["sync", "carddav"]), 2, &["not encrypted", "allow_http"]);
    assert_eq!(user.served.requests(), 0);
}

#[test]
fn a_database_that_is_none_is_left_alone() {
    let user = User::new(2, Options::default());
    let file = user.path("notes.txt");
    std::fs::write(&file, "This is no database, and somebody's only copy.").unwrap();
    let path = file.display().to_string();
    let ran = user.sync(&["--database", &path]);
    assert_failed(&ran, 1, &["notes.txt", "--database"]);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "This is no database, and somebody's only copy."
    );
    let folder = user.path("a folder");
    std::fs::create_dir(&folder).unwrap();
    let ran = user.sync(&["--database", &folder.display().to_string()]);
    assert_failed(&ran, 1, &["a folder"]);
    assert_eq!(user.served.requests(), 0, "the store is opened first");
}

#[test]
fn a_second_run_at_once_is_refused_and_the_first_goes_on() {
    let slow = Options { latency: Duration::from_millis(300), ..Options::default() };
    let user = User::new(3, slow);
    let mut first = user.start(&[]);
    // The first holds the lock from before its first request on.
    while user.served.requests() == 0 {
        assert!(first.try_wait().unwrap().is_none(), "the first run ended early");
        std::thread::yield_now();
    }
    assert_failed(&user.sync(&[]), 7, &["another run", "hint: "]);
    assert_eq!(user.run(&["list"]).code, Some(0), "reading goes on");
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(user.count(), 3);
}

#[test]
fn whatever_the_wire_does_the_next_run_completes() {
    let faults = [Fault::CloseIdle, Fault::TruncateBody, Fault::DropBefore, Fault::DropAfter];
    for fault in faults {
        let user = User::new(120, Options::default());
        for nth in [2, 4, 6] {
            user.fake.fail_next(nth, fault.clone());
        }
        user.sync(&[]);
        user.fake.clear_faults();
        let ran = user.sync(&["--full"]);
        assert_eq!(ran.code, Some(0), "{fault:?}: {ran:?}");
        assert_eq!(user.count(), 120, "{fault:?}");
    }
}

#[test]
fn a_login_page_is_no_empty_book() {
    let user = User::new(40, Options::default());
    assert_eq!(user.sync(&[]).code, Some(0));
    user.fake.set(|knobs| knobs.mood = Mood::HtmlPage);
    for more in [&[][..], &["--full"]] {
        assert_failed(&user.sync(more), 4, &["not CardDAV", "login page"]);
    }
    assert_eq!(user.count(), 40);
}

#[test]
fn json_is_one_object_and_talk_is_elsewhere() {
    let user = User::new(4, Options::default());
    let ran = user.sync(&["--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["direction"], "pull");
    assert_eq!(report["dry_run"], false);
    let book = &report["books"][0];
    assert_eq!(book["addressbook"], "Contacts");
    assert_eq!(book["here"]["created"], 4);
    assert_eq!(book["there"]["created"], 0);
    assert_eq!(book["actions"].as_array().unwrap().len(), 4);
    assert_eq!(book["actions"][0]["action"], "create-here");
    assert!(book["error"].is_null());
    let quiet = user.sync(&["-q"]);
    assert_eq!((quiet.code, quiet.out.as_str(), quiet.err.as_str()), (Some(0), "", ""));
    let traced = user.sync(&["-vv"]);
    assert!(traced.err.contains("REPORT http://127.0.0.1"), "{}", traced.err);
    assert!(!traced.err.contains("Basic"), "{}", traced.err);
}
