//! Several accounts and several books in one run: what is wrong with one keeps no other from its own.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use contactcmd::Exit;
use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::{BookOptions, FakeDav, Fault, Knobs};
use http::{Request, Response};
use serde_json::Value;

use super::stage::{Ran, Stage, card, name};

/// One server a host.
#[derive(Clone)]
struct Servers(Arc<HashMap<&'static str, FakeDav>>);

#[async_trait]
impl DavTransport for Servers {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        match request.uri().host().and_then(|host| self.0.get(host)) {
            Some(fake) => fake.send(request).await,
            None => {
                let host = "nowhere".to_owned();
                Err(TransportError::Unreachable { host, cause: "no such host".into() })
            }
        }
    }
}

/// Two accounts: the default one with the cards 0 to 19, and `work` with the cards 100 to 119.
struct Two {
    stage: Stage,
    home: FakeDav,
    work: FakeDav,
}

const CONFIG: &str = "\
[carddav]
server = 'https://home.example/'
username = 'alice'
password_command = ['echo', 'secret']

[carddav.work]
server = 'https://work.test/'
username = 'alice'
password_command = ['echo', 'secret']
";

impl Two {
    fn new() -> Self {
        let stage = Stage::with_cards(Knobs::default(), 20);
        let (home, work) = (stage.fake.clone(), FakeDav::new(Knobs::default()));
        for number in 100..120 {
            work.put("contacts", &name(number), card(number, "1"));
        }
        let servers = [("home.example", home.clone()), ("work.test", work.clone())];
        stage.use_transport(Arc::new(Servers(Arc::new(servers.into_iter().collect()))));
        let two = Self { stage, home, work };
        two.config(CONFIG);
        two
    }

    fn config(&self, text: &str) {
        let path = self.stage.path("config/contactcmd/config.toml");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, more: &[&str]) -> Ran {
        let args = ["sync", "carddav", "--all-accounts", "--direction", "sync"];
        self.stage.run_as(&[&args[..], more].concat(), None)
    }

    fn report(&self, more: &[&str]) -> (Ran, Value) {
        let ran = self.run(&[&["--json"], more].concat());
        let report = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
        (ran, report)
    }
}

/// What a report says of its books: account and how many were created here.
fn created(report: &Value) -> Vec<(String, u64)> {
    let books = report["books"].as_array().cloned().unwrap_or_default();
    let of = |book: &Value| {
        let account = book["account"].as_str().unwrap_or_default().to_owned();
        (account, book["here"]["created"].as_u64().unwrap_or(u64::MAX))
    };
    books.iter().map(of).collect()
}

/// The account that takes what is new comes last.
fn both(count: u64) -> Vec<(String, u64)> {
    vec![("work".to_owned(), count), ("default".to_owned(), count)]
}

#[test]
fn every_account_is_synchronised_and_named() {
    let two = Two::new();
    let (ran, report) = two.report(&["-n"]);
    assert_eq!((ran.exit, created(&report)), (Exit::Done, both(20)), "{ran:?}");
    assert!(!two.stage.path("data").exists(), "a dry run writes nothing");
    let (ran, report) = two.report(&[]);
    assert_eq!((ran.exit, created(&report)), (Exit::Done, both(20)), "{ran:?}");
    assert!(report.get("failed_accounts").is_none(), "{report}");
    assert_eq!(two.stage.cards_here().len(), 40);
    let ran = two.run(&[]);
    assert!(ran.out.contains("default/") && ran.out.contains("work/"), "{}", ran.out);
    assert_eq!(two.run(&["-q"]).out, "");
    let list = ["sync", "carddav", "--all-accounts", "--list-addressbooks"];
    let ran = two.stage.run_as(&list, None);
    assert!(ran.out.starts_with("ACCOUNT") && ran.out.contains("work "), "{}", ran.out);
    let ran = two.stage.run_as(&[&list[..], &["--json"]].concat(), None);
    let rows: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&rows[0]["account"], &rows[1]["account"]), (&"default".into(), &"work".into()));
    // All accounts are one run, which is taken back as one.
    let ran = two.stage.run_as(&["history", "--json"], None);
    let runs: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
}

impl Two {
    /// How many cards each server has.
    fn there(&self) -> (usize, usize) {
        (self.home.names("contacts").len(), self.work.names("contacts").len())
    }
}

#[test]
fn an_export_of_both_accounts_goes_back_to_where_each_came_from() {
    let two = Two::new();
    let export: String = (0..20).chain(100..120).map(|number| card(number, "1")).collect();
    two.stage.import(&(export + &card(200, "new")));
    let dry = two.run(&["-n"]);
    assert_eq!(dry.out.matches("-> server").count(), 1, "{}", dry.out);
    let ran = two.run(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!((two.there(), two.stage.cards_here().len()), ((21, 20), 41));
}

#[test]
fn nothing_is_new_as_long_as_an_account_was_never_read() {
    let two = Two::new();
    let export: String = (0..20).chain(100..120).map(|number| card(number, "1")).collect();
    two.stage.import(&export);
    two.work.set_password("other");
    let ran = two.run(&[]);
    assert_eq!(ran.exit, Exit::Auth, "{ran:?}");
    assert!(ran.err.contains("20 contacts are in no address book"), "{}", ran.err);
    assert_eq!(two.there(), (20, 20));
    two.work.set_password("secret");
    assert_eq!(two.run(&[]).exit, Exit::Done);
    assert_eq!((two.there(), two.stage.cards_here().len()), ((20, 20), 40));
    // Once it was read, whoever is in no book is new, whether or not it answers.
    two.stage.import(&card(200, "new"));
    two.work.set_password("other");
    assert_eq!(two.run(&[]).exit, Exit::Auth);
    assert_eq!(two.there(), (21, 20));
}

#[test]
fn what_was_deleted_at_work_comes_back_at_work() {
    let two = Two::new();
    assert_eq!(two.run(&[]).exit, Exit::Done);
    two.work.delete("contacts", &name(100));
    assert_eq!(two.run(&[]).exit, Exit::Done);
    assert_eq!(two.stage.run_as(&["undo", "--yes"], None).exit, Exit::Done);
    assert_eq!(two.run(&[]).exit, Exit::Done);
    assert_eq!((two.there(), two.stage.cards_here().len()), ((20, 20), 40));
}

#[test]
fn an_account_that_fails_is_told_and_the_other_goes_on() {
    type Turn = fn(&Two);
    // (what is wrong with the default account, exit)
    let cases: [(&str, Turn, Exit); 5] = [
        ("a wrong password", |two| two.home.set_password("other"), Exit::Auth),
        ("nobody there", |two| two.home.fail_next(1, Fault::Unreachable), Exit::Server),
        ("no books", |two| two.home.remove_book("contacts"), Exit::Usage),
        ("no user", |two| two.config(&CONFIG.replacen("username = 'alice'\n", "", 1)), Exit::Usage),
        (
            "no password",
            |two| two.config(&CONFIG.replacen("['echo', 'secret']", "['false']", 1)),
            Exit::Auth,
        ),
    ];
    for (what, turn, exit) in cases {
        let two = Two::new();
        turn(&two);
        let (ran, report) = two.report(&[]);
        assert_eq!(ran.exit, exit, "{what}: {ran:?}");
        assert_eq!(created(&report), [("work".to_owned(), 20)], "{what}: {report}");
        let failed = &report["failed_accounts"][0];
        assert_eq!(failed["account"], "default", "{what}: {report}");
        assert_eq!(failed["exit"], exit as u8, "{what}: {report}");
        assert!(failed["error"].as_str().is_some_and(|words| !words.is_empty()), "{report}");
        assert!(ran.err.contains("the account `default`"), "{what}: {}", ran.err);
        assert!(two.home.requests() <= 20 && two.stage.cards_here().len() == 20, "{what}");
    }
}

#[test]
fn a_refused_password_is_one_request_and_no_other_account_gets_it() {
    let two = Two::new();
    two.home.set_password("other");
    assert_eq!(two.run(&[]).exit, Exit::Auth);
    assert_eq!(two.home.requests(), 1);
    // One variable for all would tell every server the password of another.
    let args = ["sync", "carddav", "--all-accounts"];
    let (home, work) = (two.home.requests(), two.work.requests());
    let ran = two.stage.run_as(&args, Some("secret"));
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
    assert_eq!((two.home.requests(), two.work.requests()), (home, work));
}

#[test]
fn a_guard_stops_its_own_book_before_its_first_write_and_no_other() {
    for emptied in ["home", "work"] {
        let two = Two::new();
        assert_eq!(two.run(&[]).exit, Exit::Done);
        let (bad, good, first) = match emptied {
            "home" => (&two.home, &two.work, 100),
            _ => (&two.work, &two.home, 0),
        };
        for card in bad.names("contacts") {
            bad.delete("contacts", &card);
        }
        good.put("contacts", &name(first), card(first, "edited there"));
        two.stage.import(&card(if first == 0 { 101 } else { 1 }, "edited here"));
        let (ran, report) = two.report(&[]);
        assert_eq!(ran.exit, Exit::Guard, "{emptied}: {ran:?}");
        assert_eq!(two.stage.cards_here().len(), 40, "{emptied}");
        assert!(bad.names("contacts").is_empty(), "{emptied}: nothing is written to it");
        let arrived = two.stage.cards_here().iter().any(|card| card.contains("edited there"));
        assert!(arrived, "{emptied}: {report}");
        let books = report["books"].as_array().unwrap();
        let failed = books.iter().filter(|book| book["error"].is_string()).count();
        assert_eq!((books.len(), failed), (2, 1), "{emptied}: {report}");
    }
}

#[test]
fn the_exit_code_is_the_worst_whatever_the_order() {
    let refuse = |fake: &FakeDav| fake.set_password("other");
    let fail = |fake: &FakeDav| fake.fail_next(1, Fault::Unreachable);
    let junk = |fake: &FakeDav| {
        fake.put("contacts", "junk.vcf", "no card");
    };
    type Turn<'a> = &'a dyn Fn(&FakeDav);
    let cases: [(Turn<'_>, Turn<'_>, Exit); 4] = [
        (&refuse, &fail, Exit::Auth),
        (&fail, &junk, Exit::Server),
        (&refuse, &junk, Exit::Auth),
        (&junk, &junk, Exit::NeedsYou),
    ];
    for (one, other, exit) in cases {
        for swapped in [false, true] {
            let two = Two::new();
            let (first, second) = if swapped { (other, one) } else { (one, other) };
            first(&two.home);
            second(&two.work);
            let ran = two.run(&[]);
            assert_eq!(ran.exit, exit, "{swapped}: {ran:?}");
        }
    }
}

#[test]
fn what_is_new_here_goes_to_one_account_and_waits_for_it() {
    let two = Two::new();
    assert_eq!(two.run(&[]).exit, Exit::Done);
    two.stage.import(&card(500, "new here"));
    two.home.fail_next(1, Fault::Unreachable);
    assert_eq!(two.run(&[]).exit, Exit::Server);
    assert_eq!(two.work.names("contacts").len(), 20, "it is not sent elsewhere meanwhile");
    assert_eq!(two.run(&[]).exit, Exit::Done);
    assert_eq!((two.home.names("contacts").len(), two.work.names("contacts").len()), (21, 20));
    // Without a default account it is the first of the config.
    two.config(&CONFIG.replace("[carddav]\n", "[carddav.zoo]\n"));
    two.stage.import(&card(501, "new here"));
    assert_eq!(two.run(&[]).exit, Exit::Done);
    assert_eq!((two.home.names("contacts").len(), two.work.names("contacts").len()), (22, 20));
}

#[test]
fn several_books_of_one_account_are_one_run_and_one_of_them_may_fail() {
    let stage = Stage::with_cards(Knobs::default(), 20);
    stage.fake.add_book("family", BookOptions::default());
    for number in 100..120 {
        stage.fake.put("family", &name(number), card(number, "1"));
    }
    let books = ["--addressbook", "contacts", "--addressbook", "family"];
    let (ran, report) = stage.sync_report(&books);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(report["books"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(stage.cards_here().len(), 40);
    // The config keeps both, and what is wrong with one is not wrong with the other.
    for card in stage.fake.names("contacts") {
        stage.fake.delete("contacts", &card);
    }
    stage.fake.put("family", &name(100), card(100, "edited there"));
    let ran = stage.run(&["sync", "carddav"]);
    assert_eq!(ran.exit, Exit::Guard, "{ran:?}");
    assert_eq!(stage.cards_here().len(), 40);
    assert!(stage.cards_here().contains(&card(100, "edited there")), "{ran:?}");
    stage.fake.remove_book("contacts");
    stage.fake.put("family", &name(101), card(101, "edited there"));
    let ran = stage.run(&["sync", "carddav"]);
    assert_eq!(ran.exit, Exit::Server, "{ran:?}");
    assert!(stage.cards_here().contains(&card(101, "edited there")), "{ran:?}");
}

#[test]
fn what_is_in_no_book_goes_to_the_book_of_the_config_and_to_no_other() {
    let stage = Stage::with_cards(Knobs::default(), 2);
    stage.fake.add_book("family", BookOptions::default());
    assert_eq!(stage.sync(&["--addressbook", "contacts"]).exit, Exit::Done);
    stage.import(&card(500, "new here"));
    // Naming another book for a run does not make it the home of everybody.
    for books in [&["--addressbook", "family"][..], &["--addressbook", "family", "--full"]] {
        let ran = stage.sync(books);
        assert_eq!(ran.exit, Exit::Done);
        assert!(ran.err.contains("1 contact is in no address book"), "{ran:?}");
        assert!(stage.fake.names("family").is_empty(), "{books:?}");
    }
    assert_eq!(stage.sync(&[]).exit, Exit::Done);
    assert_eq!((stage.fake.names("contacts").len(), stage.fake.names("family").len()), (3, 0));
}
