//! What servers are known for when one finds them, logs in, or is told to wait.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use contactcmd::Exit;
use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::{
    AuthFailure, BareOrigin, Cookies, ErrorBody, FakeDav, Fault, Knobs, Layout, Target, WellKnown,
};
use http::{Request, Response};

use super::pull::profiles;
use super::stage::{Stage, card, counts, name};

/// A server whose root is not where one looks first.
fn elsewhere(well_known: WellKnown) -> Knobs {
    let layout = Layout { root: "/dav/", ..Layout::default() };
    Knobs { well_known, layout, bare_origin: BareOrigin::NotFound, ..Knobs::default() }
}

#[test]
fn every_server_is_found_from_its_bare_host() {
    // Q01, Q02, Q03, Q05, Q12, Q13, Q27: no path is made from the login, and every step may fail.
    for (server, knobs) in profiles() {
        // Calypso's home-set leads nowhere: its users give the address of the book.
        if server == "calypso" {
            continue;
        }
        let address = Stage::new(knobs.clone()).fake.url();
        let mut hosts = vec![address.split('/').nth(2).unwrap()];
        if server == "fastmail" {
            // A shard, where DNS leads to (Q07).
            hosts.push("d277161.carddav.fastmail.com");
        }
        for host in hosts {
            let stage = Stage::with_cards(knobs.clone(), 2);
            stage.use_server(host);
            let (ran, report) = stage.report(&[]);
            assert_eq!((ran.exit, counts(&report)), (Exit::Done, [2, 0, 0]), "{host}: {}", ran.err);
            stage.assert_no_sins();
        }
    }
}

#[test]
fn a_book_is_found_by_its_own_address_where_its_home_leads_nowhere() {
    // Q04, Q10. The well-known address answers 401 to the right password too.
    let stage = Stage::with_cards(Knobs::calypso(), 2);
    stage.use_server("https://dav.example.test/");
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Server, "{}", ran.err);
    for words in [
        "no address books were found",
        "https://dav.example.test/.well-known/carddav: the server refused",
        "give the full CardDAV address",
    ] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    stage.use_server(&stage.fake.url());
    assert_eq!(stage.pull(&[]).exit, Exit::Done);
    stage.assert_equal("by the address of the book");
}

/// A server whose root answers everybody, and tells nobody who they are.
struct OpenRoot(FakeDav);

#[async_trait]
impl DavTransport for OpenRoot {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        if request.uri().path() != "/" {
            return self.0.send(request).await;
        }
        let root = "<multistatus xmlns='DAV:'><response><href>/</href><propstat><prop>\
                    <resourcetype><collection/></resourcetype></prop>\
                    <status>HTTP/1.1 200 OK</status></propstat></response></multistatus>";
        Ok(Response::builder().status(207).body(root.as_bytes().to_vec()).unwrap())
    }
}

#[test]
fn a_root_that_is_open_to_all_says_nothing_of_the_password() {
    // Q23.
    let knobs = Knobs { well_known: WellKnown::Unauthorized, ..Knobs::default() };
    let stage = Stage::with_cards(knobs, 1);
    stage.use_transport(Arc::new(OpenRoot(stage.fake.clone())));
    let args = ["sync", "carddav", "--server", "dav.example.test", "--username", "alice"];
    let ran = stage.run_as(&args, Some("wrong"));
    assert_eq!(ran.exit, Exit::Auth, "{}", ran.err);
    let places: HashSet<String> = stage.fake.log().into_iter().map(|logged| logged.path).collect();
    assert_eq!(places.len(), 1, "{places:?}");
}

#[test]
fn books_of_the_servers_own_making_are_offered_to_nobody() {
    // Q13, Q51.
    let stage = Stage::with_cards(Knobs::nextcloud(), 3);
    let recent = "z-app-generated--contactsinteraction--recent";
    stage.fake.put(recent, "x.vcf", card(9, "1"));
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [3, 0, 0]), "{}", ran.err);
    assert_eq!(report["books"].as_array().map(Vec::len), Some(1), "{report}");
    // Who wants it gets it, by listing, for it takes no token.
    for created in [1, 0] {
        let (ran, report) = stage.report(&["--addressbook", recent]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [created, 0, 0]), "{}", ran.err);
    }
}

#[test]
fn a_redirect_to_http_is_taken_as_one_to_https() {
    // Q06, Q08: the server behind the proxy does not know its own address.
    for target in [Target::PlainHttp, Target::WithPort] {
        let stage = Stage::with_cards(elsewhere(WellKnown::Redirect(301, target)), 2);
        stage.use_server("dav.example.test");
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [2, 0, 0]), "{target:?}: {}", ran.err);
        stage.assert_no_sins();
    }
}

#[test]
fn a_password_that_is_refused_is_tried_nowhere_else() {
    // Q03, Q23, Q24, Q26: one request, whatever the reason; another would be one step to a lockout.
    for (server, knobs) in profiles() {
        if matches!(knobs.auth_failure, AuthFailure::Status403) {
            continue;
        }
        let stage = Stage::with_cards(Knobs { lockout: Some(2), ..knobs }, 1);
        let address = stage.fake.url();
        // Google's and Fastmail's roots are not asked who one is.
        let ran = stage.run_as(
            &["sync", "carddav", "--server", &address, "--username", "alice"],
            Some("wrong"),
        );
        let log = stage.fake.log();
        let refused = log.iter().filter(|logged| logged.status == Some(401)).count();
        assert!(refused <= 1, "{server}: {refused} times");
        assert!(ran.exit == Exit::Auth || refused == 0, "{server}: {ran:?}");
        assert!(ran.err.contains("hint: ") && !ran.err.contains("wrong"), "{server}: {}", ran.err);
        let hosted = ["icloud", "yahoo", "fastmail"].contains(&server);
        assert!(!hosted || ran.err.contains("app password"), "{server}: {}", ran.err);
        assert_eq!(stage.pull(&[]).exit, Exit::Done, "{server}: nobody was locked out");
    }
}

#[test]
fn a_refusal_in_the_middle_of_a_run_is_asked_about_once() {
    // Q22: the password was good a moment ago.
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.fake.fail_method("REPORT", 1, Fault::Status(401, None));
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(stage.pauses.borrow().len(), 1);

    let stage = Stage::with_cards(Knobs::default(), 3);
    for nth in 1..=4 {
        stage.fake.fail_method("REPORT", nth, Fault::Status(401, None));
    }
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Auth, "{}", ran.err);
    let refused = stage.fake.log().iter().filter(|logged| logged.status == Some(401)).count();
    assert_eq!(refused, 2, "and then it ends");
}

#[test]
fn what_only_reads_is_asked_again_after_a_broken_connection_or_a_plea_to_wait() {
    // Q31, Q35, Q36.
    // 20 seconds after the clock of the test.
    let date = "Mon, 21 Sep 2026 14:13:40 GMT";
    let faults = [
        (Fault::CloseIdle, 0),
        (Fault::DropBefore, 0),
        (Fault::Timeout, 0),
        (Fault::Status(503, Some("20".to_owned())), 20),
        (Fault::Status(503, Some(date.to_owned())), 20),
        (Fault::Status(503, None), 0),
        (Fault::Status(429, None), 1),
    ];
    for (fault, seconds) in faults {
        for method in ["PROPFIND", "REPORT"] {
            let stage = Stage::with_cards(Knobs::default(), 3);
            stage.fake.fail_method(method, 1, fault.clone());
            let (ran, report) = stage.report(&[]);
            let case = format!("{fault:?} {method}: {}", ran.err);
            assert_eq!((ran.exit, counts(&report)), (Exit::Done, [3, 0, 0]), "{case}");
            let waited: u64 = stage.pauses.borrow().iter().map(std::time::Duration::as_secs).sum();
            assert!((seconds..=60).contains(&waited), "{waited} s: {case}");
            stage.assert_equal(&case);
        }
    }
}

#[test]
fn a_server_that_is_away_for_longer_changes_nothing_here() {
    // Q35, Q36, Q45: and what its page says is told in one line.
    for body in [ErrorBody::Xml, ErrorBody::Html, ErrorBody::Json, ErrorBody::Empty] {
        for status in [403, 404, 413, 500, 501, 502, 503, 504, 429] {
            let stage = Stage::with_cards(Knobs { error_body: body, ..Knobs::default() }, 3);
            assert_eq!(stage.sync(&[]).exit, Exit::Done);
            stage.import(&card(1, "edited here"));
            let here = stage.cards_here();
            let mood = contactcmd_tests::fake::Mood::Status(status, None);
            stage.fake.set(|knobs| knobs.mood = mood);
            let ran = stage.sync(&[]);
            let case = format!("{body:?} {status}: {ran:?}");
            assert_eq!(ran.exit, Exit::Server, "{case}");
            assert!(!ran.err.contains('<') && !ran.err.contains("{\""), "{case}");
            assert_eq!((stage.cards_here(), stage.writes()), (here, 0), "{case}");
            stage.fake.set(|knobs| knobs.mood = contactcmd_tests::fake::Mood::Well);
            assert_eq!(stage.sync(&[]).exit, Exit::Done, "{case}");
            stage.assert_same(&case);
        }
    }
}

#[test]
fn photos_behind_a_login_are_left_where_they_are() {
    // Q86: they are no part of a card, and are for those who ask for them.
    let stage = Stage::new(Knobs::icloud());
    let photo = "PHOTO;VALUE=uri:https://p31-contacts.icloud.com:443/12345678/wbs/01ab";
    let text = card(1, "1").replace("NOTE:", &format!("{photo}\r\nNOTE:"));
    stage.fake.put("card", &name(1), text);
    stage.sync(&[]);
    stage.import(&card(2, "new"));
    stage.sync(&[]);
    assert!(stage.cards_there().iter().any(|card| card.contains(photo)));
    assert!(stage.fake.log().iter().all(|logged| !logged.path.contains("/wbs/")));
}

#[test]
fn cookies_are_not_brought_back_over_a_real_connection() {
    // Q25.
    use contactcmd_adapters::http_isahc::{IsahcOptions, IsahcTransport};
    use contactcmd_tests::serve::{Options, serve};
    let stage = Stage::with_cards(Knobs { cookies: Cookies::Session, ..Knobs::nextcloud() }, 3);
    let served = serve(stage.fake.clone(), Options::default());
    let transport = IsahcTransport::new(&IsahcOptions::default()).unwrap();
    stage.use_transport(Arc::new(transport));
    stage.use_server(&format!("{}remote.php/dav/", served.url()));
    stage.sync(&[]);
    stage.import(&card(1, "edited here"));
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_same("over loopback");
    stage.assert_no_sins();
    // Q33, Q34: every body has its length, and nothing is sent in pieces.
    for logged in stage.fake.log().iter().filter(|logged| !logged.body.is_empty()) {
        let length = logged.content_length.as_deref().and_then(|length| length.parse().ok());
        assert_eq!(length, Some(logged.body.len()), "{} {}", logged.method, logged.path);
    }
}
