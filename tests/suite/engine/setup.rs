//! From what a user knows to an account in the config, without a terminal.

use contactcmd::Exit;
use contactcmd_domain::dav::{PROVIDERS, Password, RecordKind};
use contactcmd_tests::fake::{
    Access, AuthFailure, BareOrigin, BookOptions, Knobs, Layout, Mood, WellKnown,
};

use super::discovery::{Hosts, mx, srv, text};
use super::stage::{Ran, Stage};

pub(super) fn setup(stage: &Stage, args: &[&str]) -> Ran {
    stage.run(&[&["setup"], args].concat())
}

pub(super) fn config(stage: &Stage) -> Option<String> {
    std::fs::read_to_string(stage.path("config/contactcmd/config.toml")).ok()
}

fn write_config(stage: &Stage, text: &str) {
    std::fs::create_dir_all(stage.path("config/contactcmd")).unwrap();
    std::fs::write(stage.path("config/contactcmd/config.toml"), text).unwrap();
}

#[test]
fn whatever_is_typed_becomes_an_account_that_works() {
    let in_folder = Layout { root: "/dav/", ..Layout::default() };
    let behind_portal =
        || Knobs { layout: in_folder.clone(), bare_origin: BareOrigin::Html, ..Knobs::default() };
    let unpointed = Knobs { well_known: WellKnown::NotFound, ..behind_portal() };
    // what is typed, the server, what stands in the config
    let cases = [
        ("https://dav.example.test/dav/", behind_portal(), "https://dav.example.test/dav/"),
        (" dav.example.test ", behind_portal(), "dav.example.test"),
        ("dav.example.test:8443", behind_portal(), "dav.example.test:8443"),
        ("dav.example.test", unpointed, "dav.example.test"),
        ("alice@example.test", behind_portal(), "alice@example.test"),
        ("ICloud", Knobs::icloud(), "icloud"),
        ("someone@me.com", Knobs::icloud(), "icloud"),
        ("alice@fastmail.co.uk", Knobs::fastmail(), "fastmail"),
        ("https://carddav.fastmail.com/", Knobs::fastmail(), "https://carddav.fastmail.com/"),
        ("https://cloud.example.test/", Knobs::nextcloud(), "https://cloud.example.test/"),
        ("mail.example.test", Knobs::zimbra(), "mail.example.test"),
    ];
    for (typed, knobs, server) in cases {
        let stage = Stage::with_cards(knobs, 2);
        let ran = setup(&stage, &[typed, "--username", "alice"]);
        assert_eq!(ran.exit, Exit::Done, "{typed}: {}", ran.err);
        let config = config(&stage).unwrap();
        assert!(
            config.contains(&format!("[carddav]\nserver = \"{server}\"\n")),
            "{typed}: {config}"
        );
        assert!(config.contains("username = \"alice\"\n"), "{typed}: {config}");
        assert!(!format!("{config}{ran:?}").contains("secret"), "{typed}: {config} {ran:?}");
        assert!(ran.err.contains("The password is in the keychain now."), "{typed}: {}", ran.err);
        assert!(ran.err.contains("sync carddav --dry-run"), "{typed}: {}", ran.err);
        stage.assert_no_sins();
        let ran = stage.run(&["sync", "carddav"]);
        assert_eq!(ran.exit, Exit::Done, "{typed}: {}", ran.err);
        stage.assert_same(typed);
    }
}

#[test]
fn every_provider_is_known_by_name_and_says_which_password_it_wants() {
    for provider in PROVIDERS.iter().filter(|p| p.password != Password::OAuth) {
        let stage = Stage::with_cards(Knobs::default(), 1);
        let ran = setup(&stage, &[&provider.name.to_uppercase(), "--username", "alice"]);
        assert_eq!(ran.exit, Exit::Done, "{}: {}", provider.name, ran.err);
        assert!(ran.err.contains(provider.advice), "{}: {}", provider.name, ran.err);
        let app = ran.err.contains("wants an app password, not your usual one");
        assert_eq!(app, provider.password == Password::App, "{}", provider.name);
        let server = format!("server = \"{}\"", provider.name);
        assert!(config(&stage).unwrap().contains(&server), "{}", provider.name);
    }
}

#[test]
fn a_wrong_password_is_sent_once_and_nothing_is_written() {
    for failure in [AuthFailure::Status401, AuthFailure::Unauthenticated] {
        let stage = Stage::with_cards(Knobs { auth_failure: failure, ..Knobs::default() }, 1);
        let args = ["setup", "dav.example.test", "--username", "alice"];
        let ran = stage.run_as(&args, Some("wrong"));
        assert_eq!(ran.exit, Exit::Auth, "{}", ran.err);
        assert!(
            ran.err.contains("cannot log in as alice at https://dav.example.test"),
            "{}",
            ran.err
        );
        assert!(!ran.err.contains("wrong"), "{}", ran.err);
        assert_eq!((stage.fake.requests(), config(&stage)), (1, None), "{failure:?}");
        assert!(!stage.database().exists());
    }
}

#[test]
fn without_a_terminal_what_is_missing_is_named() {
    let missing: [(&[&str], &str); 7] = [
        (&[], "contactcmd setup ada@example.org"),
        (&["nextcloud", "--username", "alice"], "contactcmd setup https://"),
        (&["dav.example.test"], "`--username USER`"),
        (&["http://dav.example.test/", "--username", "alice"], "allow_http"),
        (&["alice:secret@dav.example.test"], "`--username`"),
        (&["dav.example.test", "--username", "alice", "--account", "server"], "`--account NAME`"),
        (&["dav.example.test", "--username", "alice", "--addressbook", "X"], "Contacts"),
    ];
    for (args, words) in missing {
        let stage = Stage::with_cards(Knobs::default(), 1);
        let ran = setup(&stage, args);
        assert_eq!(ran.exit, Exit::Usage, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
        assert!(!ran.err.contains("secret"), "{args:?}: {}", ran.err);
        assert_eq!(config(&stage), None, "{args:?}");
    }
    let stage = Stage::with_cards(Knobs::default(), 1);
    let ran = stage.run_as(&["setup", "icloud", "--username", "alice"], None);
    assert_eq!(ran.exit, Exit::Auth, "{}", ran.err);
    assert!(ran.err.contains("CONTACTCMD_PASSWORD"), "{}", ran.err);
    assert_eq!((stage.fake.requests(), config(&stage)), (0, None));
}

#[test]
#[cfg(unix)]
fn a_password_command_is_kept_in_place_of_a_password() {
    let stage = Stage::with_cards(Knobs::default(), 1);
    let args =
        ["setup", "dav.example.test", "--username", "alice", "--password-command", "echo secret"];
    let ran = stage.run_as(&args, None);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(config(&stage).unwrap().contains("password_command = \"echo secret\""));
    assert!(!ran.err.contains("keychain now"), "{}", ran.err);
    let ran = stage.run_as(&["sync", "carddav"], None);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
}

#[test]
fn a_second_run_says_so_and_changes_nothing() {
    let stage = Stage::with_cards(Knobs::default(), 1);
    let ran = setup(&stage, &["dav.example.test", "--username", "alice", "--account", "work"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let before = (config(&stage), stage.fake.requests());
    for typed in ["dav.example.test", "https://DAV.example.test:443/dav/", "x@dav.example.test"] {
        let ran = setup(&stage, &[typed, "--username", "alice"]);
        assert_eq!(ran.exit, Exit::Done, "{typed}: {}", ran.err);
        assert!(ran.err.contains("set up already, as [carddav.work] in "), "{typed}: {}", ran.err);
        assert!(ran.err.contains("set --account work   stores another"), "{typed}: {}", ran.err);
        assert_eq!((config(&stage), stage.fake.requests()), before, "{typed}");
    }
}

#[test]
fn an_account_of_somebody_else_is_never_overwritten() {
    let stage = Stage::with_cards(Knobs::default(), 1);
    let other = "[carddav] # mine\nserver = \"https://other.example.test\"\nusername = \"bob\"\n";
    write_config(&stage, other);
    let alice = ["dav.example.test", "--username", "alice"];
    let ran = setup(&stage, &alice);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
    assert!(ran.err.contains("`--account example`"), "{}", ran.err);
    for taken in ["default", "server", " "] {
        let ran = setup(&stage, &[&alice[..], &["--account", taken]].concat());
        assert_eq!(ran.exit, Exit::Usage, "{taken}: {}", ran.err);
    }
    assert_eq!(config(&stage).as_deref(), Some(other));
    let ran = setup(&stage, &[&alice[..], &["--account", "work"]].concat());
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.err.contains("sync carddav --account work --dry-run"), "{}", ran.err);
    let config = config(&stage).unwrap();
    assert!(config.starts_with(other), "{config}");
    assert!(config.contains("[carddav.work]\nserver = \"dav.example.test\""), "{config}");
}

#[test]
fn an_unfinished_table_is_finished() {
    let stage = Stage::with_cards(Knobs::default(), 1);
    let begun = "[carddav]\nusername = 'alice'\nconflict = 'ask' # always\n";
    write_config(&stage, &format!("{begun}\n[history]\ndays = 3\n"));
    let ran = setup(&stage, &["dav.example.test"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let config = config(&stage).unwrap();
    assert!(config.starts_with(&format!("{begun}server = ")), "{config}");
    assert!(config.contains("[history]\ndays = 3\n"), "{config}");
}

#[test]
fn a_sync_without_setup_finishes_an_unfinished_table_too() {
    let cases = [
        ("[carddav]\nconflict = 'ask' # always\nmax_delete = 7\n", &[][..]),
        ("[carddav.work]\nconflict = 'ask' # always\nmax_delete = 7\n", &["--account", "work"]),
    ];
    for (before, more) in cases {
        let stage = Stage::with_cards(Knobs::default(), 1);
        write_config(&stage, before);
        let ran = stage.pull(more);
        assert_eq!(ran.exit, Exit::Done, "{more:?}: {}", ran.err);
        let config = config(&stage).unwrap();
        assert!(config.starts_with(&format!("{before}server = ")), "{more:?}: {config}");
    }
}

#[test]
fn the_books_are_listed_and_the_ones_to_synchronise_are_kept() {
    let stage = Stage::with_cards(Knobs::default(), 1);
    let book = |display: &str, access| BookOptions {
        display: Some(display.to_owned()),
        access,
        sync: None,
    };
    stage.fake.add_book("shared", book("Shared", Access::ReadOnly));
    let alice = ["dav.example.test", "--username", "alice"];
    let ran = setup(&stage, &[&alice[..], &["--account", "one"]].concat());
    assert_eq!(ran.exit, Exit::Done, "the only one that can be written to: {}", ran.err);
    let rows: Vec<Vec<&str>> =
        ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows[1][..],
        ["Contacts", "/addressbooks/alice/contacts/", "read", "and", "write", "yes"]
    );
    assert_eq!(rows[2][..], ["Shared", "/addressbooks/alice/shared/", "read", "only", "no"]);
    assert!(config(&stage).unwrap().contains("addressbook = \"/addressbooks/alice/contacts/\"\n"));

    let stage = Stage::with_cards(Knobs::default(), 1);
    stage.fake.add_book("family", book("Family", Access::ReadWrite));
    let ran = setup(&stage, &alice);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
    assert!(ran.err.contains("`--addressbook`") && ran.err.contains("Family"), "{}", ran.err);
    assert_eq!(config(&stage), None);
    let both = ["--addressbook", "family", "--addressbook", "Contacts"];
    let ran = setup(&stage, &[&alice[..], &both].concat());
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let books = "[\"/addressbooks/alice/family/\", \"/addressbooks/alice/contacts/\"]";
    assert!(config(&stage).unwrap().contains(books), "{:?}", config(&stage));
}

#[test]
fn dns_leads_to_another_domain_only_where_that_is_a_known_provider() {
    let service = "_carddavs._tcp.own.test";
    let alice = ["alice@own.test", "--username", "alice"];
    // DNS, and the exit, what is said, and the server in the config
    let stranger = "contactcmd setup https://dav.elsewhere.test/dav/ --username alice";
    let cases = [
        (
            vec![
                (service, RecordKind::Srv, vec![srv(0, "dav.elsewhere.test", 443)]),
                (service, RecordKind::Txt, vec![text("path=/dav/")]),
            ],
            Exit::Server,
            stranger,
            None,
        ),
        (
            vec![(service, RecordKind::Srv, vec![srv(0, "carddav.fastmail.com", 443)])],
            Exit::Done,
            "own.test is at Fastmail",
            Some("fastmail"),
        ),
        (
            vec![(service, RecordKind::Srv, vec![srv(0, "dav.own.test", 8443)])],
            Exit::Done,
            "",
            Some("https://dav.own.test:8443/.well-known/carddav"),
        ),
        (
            vec![("own.test", RecordKind::Mx, vec![mx("mxext1.mailbox.org")])],
            Exit::Done,
            "own.test is at mailbox.org",
            Some("mailbox.org"),
        ),
        (
            vec![("own.test", RecordKind::Mx, vec![mx("mx.somewhere.test")])],
            Exit::Server,
            "DNS of own.test: it names no CardDAV server",
            None,
        ),
        (
            vec![("own.test", RecordKind::Mx, vec![mx("aspmx.l.google.com")])],
            Exit::Usage,
            "contactcmd setup google --username alice --client-id ID",
            None,
        ),
    ];
    for (records, exit, words, server) in cases {
        let stage = Stage::with_cards(Knobs::default(), 1);
        stage.use_transport(Hosts::of(&stage.fake).page("own.test").shared());
        for (name, kind, records) in records {
            stage.dns_has(name, kind, records);
        }
        let ran = setup(&stage, &alice);
        assert_eq!(ran.exit, exit, "{words}: {}", ran.err);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
        let asked_stranger = stage.fake.log().iter().any(|r| r.host.contains("elsewhere"));
        assert!(!asked_stranger, "{words}");
        let config = config(&stage);
        assert_eq!(config.is_some(), server.is_some(), "{words}");
        if let (Some(config), Some(server)) = (config, server) {
            assert!(config.contains(&format!("server = \"{server}\"\n")), "{config}");
            let ran = stage.run(&["sync", "carddav"]);
            assert_eq!(ran.exit, Exit::Done, "{words}: {}", ran.err);
        }
    }
}

#[test]
fn a_web_page_in_place_of_the_server_is_explained() {
    let pages = [
        Knobs { mood: Mood::HtmlPage, ..Knobs::default() },
        Knobs { auth_failure: AuthFailure::HtmlLogin, ..Knobs::default() },
    ];
    for knobs in pages {
        let stage = Stage::with_cards(knobs, 1);
        let args = ["setup", "dav.example.test", "--username", "alice"];
        let ran = stage.run_as(&args, Some("wrong"));
        assert_eq!(ran.exit, Exit::Server, "{}", ran.err);
        for words in [
            "no address books were found at dav.example.test",
            "a web page came in place of address books",
            "open https://dav.example.test/ in a browser",
            "https://dav.example.test/.well-known/carddav: ",
            "DNS of dav.example.test: ",
        ] {
            assert!(ran.err.contains(words), "{words}: {}", ran.err);
        }
        assert_eq!(config(&stage), None);
    }
}
