//! Finding the books, and who may be told the password on the way.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use contactcmd::Exit;
use contactcmd_domain::dav::{DnsRecord, RecordKind, Srv};
use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::{
    Access, AuthFailure, BareOrigin, BookOptions, FakeDav, HomeExtras, HomeHost, Knobs, Layout,
    Principal, Privileges, Target, WellKnown,
};
use http::{Request, Response};

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

/// A network in which the fake is one host among others.
#[derive(Clone)]
pub(super) struct Hosts {
    fake: FakeDav,
    pages: Vec<&'static str>,
    down: Vec<&'static str>,
}

impl Hosts {
    pub(super) fn of(fake: &FakeDav) -> Self {
        Self { fake: fake.clone(), pages: Vec::new(), down: Vec::new() }
    }

    /// A web site that knows no CardDAV.
    pub(super) fn page(mut self, host: &'static str) -> Self {
        self.pages.push(host);
        self
    }

    /// A host that does not answer.
    pub(super) fn down(mut self, host: &'static str) -> Self {
        self.down.push(host);
        self
    }

    pub(super) fn shared(self) -> Arc<dyn DavTransport> {
        Arc::new(self)
    }
}

#[async_trait]
impl DavTransport for Hosts {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        if self.down.contains(&host.as_str()) {
            let cause = Box::new(io::Error::other("connection refused"));
            return Err(TransportError::Unreachable { host, cause });
        }
        if self.pages.contains(&host.as_str()) {
            let page = Response::builder().header("content-type", "text/html");
            return Ok(page.body(b"<html><title>Welcome</title></html>".to_vec()).unwrap());
        }
        self.fake.send(request).await
    }
}

pub(super) fn srv(priority: u16, target: &str, port: u16) -> DnsRecord {
    DnsRecord::Srv(Srv { priority, weight: 0, port, target: target.to_owned() })
}

pub(super) fn text(text: &str) -> DnsRecord {
    DnsRecord::Txt(text.to_owned())
}

pub(super) fn mx(host: &str) -> DnsRecord {
    DnsRecord::Mx(host.to_owned())
}

#[test]
fn an_e_mail_address_is_the_user_name_too() {
    let stage = Stage::with_cards(Knobs::default(), 2);
    stage.fake.set_login("alice@dav.example.test", "secret");
    let args = ["sync", "carddav", "--server", "alice@dav.example.test"];
    for more in [&[][..], &["--full"]] {
        let ran = stage.run(&[&args[..], more].concat());
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    }
    let ran = stage.run(&["password", "delete"]);
    assert!(ran.err.contains("no password of alice@dav.example.test at "), "{}", ran.err);
    let config = std::fs::read_to_string(stage.path("config/contactcmd/config.toml")).unwrap();
    assert!(config.contains("username = \"alice@dav.example.test\"\n"), "{config}");
}

/// A server whose book does not say that it is one, and whose home lists nothing.
struct Mute(FakeDav);

#[async_trait]
impl DavTransport for Mute {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let is_home = request.uri().path() == "/addressbooks/alice/";
        let mut reply = self.0.send(request).await?;
        let body = String::from_utf8_lossy(reply.body());
        *reply.body_mut() = match is_home {
            true => b"<multistatus xmlns='DAV:'/>".to_vec(),
            false => body.replace(":addressbook/>", ":something/>").into_bytes(),
        };
        Ok(reply)
    }
}

#[test]
fn a_book_that_is_named_is_taken_where_its_home_says_nothing() {
    // Q10, Q43.
    let stage = Stage::with_cards(Knobs::default(), 2);
    stage.use_transport(Arc::new(Mute(stage.fake.clone())));
    stage.use_server("https://dav.example.test/addressbooks/alice/contacts/");
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [2, 0, 0]), "{}", ran.err);
}

const SERVICE: &str = "_carddavs._tcp.example.test";

#[test]
fn dns_leads_to_a_server_that_nothing_else_points_to() {
    // Q01, Q29: the domain is a web site, or nothing at all.
    let hosts = [
        (vec![srv(0, "dav.example.test", 8443)], vec![text("path=/dav/")]),
        (vec![srv(0, "dav.example.test", 8443)], vec![]),
        (vec![srv(0, "dav.example.test", 443)], vec![text("path=/nothing/here/")]),
        (
            vec![srv(2, "dav.example.test", 443), srv(1, "down.example.test", 443)],
            vec![text("path=/dav/")],
        ),
    ];
    for (servers, texts) in hosts {
        for typed in ["example.test", "https://example.test/", "alice@example.test"] {
            let layout = Layout { root: "/dav/", ..Layout::default() };
            let bare_origin = BareOrigin::NotFound;
            let stage = Stage::with_cards(Knobs { layout, bare_origin, ..Knobs::default() }, 2);
            let network = Hosts::of(&stage.fake).down("down.example.test");
            let network = match typed {
                "example.test" => network.down("example.test"),
                _ => network.page("example.test"),
            };
            stage.use_transport(network.shared());
            stage.dns_has(SERVICE, RecordKind::Srv, servers.clone());
            if !texts.is_empty() {
                stage.dns_has(SERVICE, RecordKind::Txt, texts.clone());
            }
            stage.use_server(typed);
            for created in [2, 0] {
                let (ran, report) = stage.report(&[]);
                assert_eq!(ran.exit, Exit::Done, "{typed} {servers:?}: {}", ran.err);
                assert_eq!(counts(&report), [created, 0, 0], "{typed} {servers:?}");
            }
            stage.assert_no_sins();
        }
    }
}

#[test]
fn an_e_mail_address_shows_the_password_to_no_web_site_when_dns_knows_better() {
    let stage = Stage::with_cards(Knobs::default(), 1);
    stage.dns_has(SERVICE, RecordKind::Srv, vec![srv(0, "dav.example.test", 443)]);
    stage.use_server("alice@example.test");
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let log = stage.fake.log();
    assert!(log.iter().all(|request| request.host.starts_with("dav.example.test")), "hosts");
}

#[test]
fn dns_that_names_another_domain_is_told_and_not_followed() {
    // (server, DNS, what helps)
    let cases = [
        (
            "example.test",
            RecordKind::Srv,
            SERVICE,
            srv(0, "dav.elsewhere.test", 443),
            "`--server https://dav.elsewhere.test/`",
        ),
        (
            "alice@example.test",
            RecordKind::Srv,
            SERVICE,
            srv(0, "carddav.fastmail.com", 443),
            "`--server fastmail`",
        ),
        (
            "alice@example.test",
            RecordKind::Mx,
            "example.test",
            mx("aspmx.l.google.com"),
            "`--server google`",
        ),
    ];
    for (server, kind, name, record, help) in cases {
        let stage = Stage::with_cards(Knobs::default(), 1);
        stage.use_transport(Hosts::of(&stage.fake).page("example.test").shared());
        stage.dns_has(name, kind, vec![record]);
        stage.use_server(server);
        let ran = stage.pull(&[]);
        assert_eq!(ran.exit, Exit::Server, "{server}: {}", ran.err);
        assert!(ran.err.contains(help), "{help}: {}", ran.err);
        assert_eq!(stage.fake.requests(), 0, "{help}");
    }
}

#[test]
fn every_step_that_failed_is_named_with_what_it_answered() {
    let declined = || vec![srv(0, "", 0)];
    // (the host, DNS, what is said)
    type Case<'a> = (fn(Hosts) -> Hosts, Option<Vec<DnsRecord>>, &'a [&'a str]);
    let cases: [Case<'_>; 3] = [
        (
            |network| network.down("example.test"),
            Some(declined()),
            &[
                "cannot reach example.test",
                "whether you are online",
                "https://example.test/: cannot reach example.test",
                "DNS of example.test: it says that there is no CardDAV server",
            ],
        ),
        (
            |network| network.page("example.test"),
            None,
            &[
                "https://example.test/: the answer is not CardDAV: an HTML page",
                "https://example.test/.well-known/carddav: the answer is not CardDAV",
                "DNS of example.test: no answer in time",
                "https://example.test/remote.php/dav/: ",
                "open https://example.test/ in a browser",
            ],
        ),
        (
            |network| network,
            Some(vec![srv(0, "dav.example.test", 443)]),
            &[
                "https://example.test/: no address books",
                "https://dav.example.test/.well-known/carddav: no address books",
                "give the full CardDAV address",
            ],
        ),
    ];
    for (change, dns, said) in cases {
        let stage =
            Stage::with_cards(Knobs { principal: Principal::Missing, ..Knobs::default() }, 1);
        stage.use_transport(change(Hosts::of(&stage.fake)).shared());
        match dns {
            Some(records) => stage.dns_has(SERVICE, RecordKind::Srv, records),
            None => stage.dns_fails(SERVICE),
        }
        stage.use_server("example.test");
        let ran = stage.pull(&[]);
        assert_eq!(ran.exit, Exit::Server, "{}", ran.err);
        for words in said {
            assert!(ran.err.contains(words), "{words}: {}", ran.err);
        }
        stage.assert_no_sins();
    }
}
