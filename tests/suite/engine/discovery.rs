//! Finding the books, and who may be told the password on the way.

use contactcmd::Exit;
use contactcmd_tests::fake::{
    Access, AuthFailure, BareOrigin, BookOptions, HomeExtras, HomeHost, Knobs, Layout, Principal,
    Privileges, Target, WellKnown,
};

use super::stage::{Stage, card, counts};

#[test]
fn a_wrong_password_is_one_request_and_names_the_account() {
    let failures = [AuthFailure::Status401, AuthFailure::Unauthenticated];
    for failure in failures {
        let stage = Stage::with_cards(Knobs { auth_failure: failure, ..Knobs::default() }, 1);
        let ran = stage.run_as(
            &["sync", "carddav", "--server", &stage.fake.url(), "--username", "alice"],
            Some("wrong"),
        );
        assert_eq!(ran.exit, Exit::Auth, "{failure:?}: {}", ran.err);
        assert_eq!(stage.fake.requests(), 1, "{failure:?}");
        assert!(ran.err.contains("alice"), "{}", ran.err);
        assert!(ran.err.contains("hint: "), "{}", ran.err);
        assert!(!ran.err.contains("wrong"), "the password is not shown: {}", ran.err);
        assert!(!stage.path("config").exists(), "nothing is kept of it");
    }
}

#[test]
fn the_books_are_found_wherever_the_server_keeps_them() {
    let elsewhere = Layout {
        root: "/dav/",
        principal: "/dav/principals/alice/",
        home: "/dav/books/alice/",
        ..Layout::default()
    };
    let redirects = [301, 302, 303, 307, 308];
    let mut servers = vec![
        ("home at the root", Knobs { principal: Principal::WithHome, ..Knobs::default() }),
        ("calendars beside", Knobs { home_extras: HomeExtras::Calendars, ..Knobs::default() }),
        ("no privileges", Knobs { privileges: Privileges::Missing, ..Knobs::default() }),
    ];
    for bare_origin in [BareOrigin::NotFound, BareOrigin::NotAllowed, BareOrigin::Html] {
        for status in redirects {
            for target in [Target::Relative, Target::WithoutSlash, Target::Absolute] {
                let well_known = WellKnown::Redirect(status, target);
                let layout = elsewhere.clone();
                servers.push((
                    "well-known",
                    Knobs { layout, bare_origin, well_known, ..Knobs::default() },
                ));
            }
        }
    }
    for (kind, knobs) in servers {
        let what = format!("{kind} {:?} {:?}", knobs.bare_origin, knobs.well_known);
        let stage = Stage::with_cards(knobs, 2);
        stage.use_server("dav.example.test");
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [2, 0, 0]), "{what}: {}", ran.err);
        stage.assert_no_sins();
    }
}

#[test]
fn a_home_that_nothing_points_to_is_found_by_its_address() {
    for principal in [Principal::Missing, Principal::Empty] {
        for path in ["addressbooks/alice/", "addressbooks/alice/contacts/"] {
            let stage = Stage::with_cards(Knobs { principal, ..Knobs::default() }, 2);
            let ran = stage.pull(&[]);
            assert_eq!(ran.exit, Exit::Server, "{}", ran.err);
            assert!(ran.err.contains("no address books were found"), "{}", ran.err);
            stage.use_server(&format!("https://dav.example.test/{path}"));
            let (ran, report) = stage.report(&[]);
            assert_eq!((ran.exit, counts(&report)), (Exit::Done, [2, 0, 0]), "{}", ran.err);
        }
    }
}

#[test]
fn hosts_that_change_between_runs_are_one_book() {
    for home_host in [HomeHost::Other, HomeHost::Changing] {
        let stage = Stage::with_cards(Knobs { home_host, ..Knobs::icloud() }, 20);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [20, 0, 0]), "{}", ran.err);
        for more in [&[][..], &["--full"]] {
            let (ran, report) = stage.report(more);
            assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{}", ran.err);
        }
        stage.assert_equal("after three runs");
        stage.assert_no_sins();
    }
}

#[test]
fn the_password_goes_to_no_stranger_and_over_no_open_line() {
    for target in [Target::OtherDomain, Target::PlainHttp, Target::Loop] {
        let well_known = WellKnown::Redirect(301, target);
        let layout = Layout { root: "/dav/", ..Layout::default() };
        let bare_origin = BareOrigin::NotFound;
        let stage =
            Stage::with_cards(Knobs { well_known, layout, bare_origin, ..Knobs::default() }, 1);
        stage.use_server("dav.example.test");
        let ran = stage.pull(&[]);
        assert!(matches!(ran.exit, Exit::Server | Exit::Done), "{target:?}: {ran:?}");
        stage.assert_no_sins();
    }
    let stage = Stage::with_cards(Knobs::default(), 1);
    stage.use_server("http://dav.example.test/");
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
    assert!(ran.err.contains("allow_http"), "{}", ran.err);
    assert_eq!(stage.fake.requests(), 0);
}

#[test]
fn several_books_are_listed_and_one_is_chosen() {
    let stage = Stage::with_cards(Knobs::default(), 2);
    let book = |display: &str, access| BookOptions {
        display: Some(display.to_owned()),
        access,
        sync: None,
    };
    stage.fake.add_book("family", book("Fämily", Access::ReadWrite));
    stage.fake.add_book("shared", book("Shared", Access::ReadOnly));
    stage.fake.put("family", "a.vcf", card(70, "1"));

    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
    assert!(ran.err.contains("Fämily") && ran.err.contains("Contacts"), "{}", ran.err);
    assert!(stage.repo_is_empty());

    let ran = stage.pull(&["--list-addressbooks"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.out.contains("/addressbooks/alice/family/"), "{}", ran.out);
    assert!(ran.out.contains("read only"), "{}", ran.out);

    for selector in ["Fämily", "fämily", "family", "/addressbooks/alice/family"] {
        let (ran, report) = stage.report(&["--addressbook", selector]);
        assert_eq!(ran.exit, Exit::Done, "{selector}: {}", ran.err);
        assert_eq!(report["books"][0]["addressbook"], "Fämily");
    }
    let ran = stage.pull(&["--addressbook", "nobody"]);
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("there is no address book `nobody`"), "{}", ran.err);
    // A read-only book can be read.
    let ran = stage.pull(&["--addressbook", "Shared", "--addressbook", "Contacts"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
}

#[test]
fn the_account_is_kept_once_the_server_accepted_it() {
    let stage = Stage::with_cards(Knobs::default(), 2);
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let config = std::fs::read_to_string(stage.path("config/contactcmd/config.toml")).unwrap();
    assert!(config.contains("username = \"alice\""), "{config}");
    assert!(!config.contains("secret"), "{config}");
    let ran = stage.run(&["sync", "carddav"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    // Another server is another account: nothing of the first is used for it.
    stage.fake.put("contacts", "x.vcf", card(9, "1"));
    let asked = stage.fake.log().len();
    let ran = stage.run(&["sync", "carddav", "--server", "other.test", "--username", "alice"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let log = stage.fake.log();
    assert!(log[asked..].iter().all(|request| request.host.starts_with("other.test")), "hosts");
    assert!(log.len() - asked > 3, "its books were discovered anew");
}
