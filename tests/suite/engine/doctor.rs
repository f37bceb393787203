//! `doctor carddav`: what it finds out, what it never shows, and that it leaves a server as it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use contactcmd::Exit;
use contactcmd::interrupt::Interrupt;
use contactcmd_ports::{ContactRepo, DavTransport, TransportError};
use contactcmd_tests::fake::{
    Access, Auth, BadToken, ChangeStyle, DepthRule, ETagForm, EmptyToken, FakeDav, Fault, GetReply,
    IfMatch, IfNoneMatch, Knobs, ListingProps, Logged, MaxSize, MultigetMissing, NewName,
    PageToken, Privileges, PutETag, Rewrite, SyncSupport, UidOnPut, UpdateReply, VersionAccept,
};
use http::{Request, Response};
use serde_json::Value;

use super::crash::Impatient;
use super::stage::{Ran, Stage, card, name};

fn doctor(stage: &Stage, more: &[&str]) -> Ran {
    let url = stage.fake.url();
    let args = ["doctor", "carddav", "--server", url.as_str(), "--username", "alice"];
    stage.run(&[&args[..], more].concat())
}

fn write_test(stage: &Stage) -> Ran {
    doctor(stage, &["--write-test", "--yes"])
}

/// A profile that takes a name and a password.
fn profile(name: &str) -> Knobs {
    Knobs { auth: Auth::Basic, ..Knobs::named(name).expect("a profile") }
}

#[test]
fn without_the_write_test_nothing_is_written_anywhere() {
    for profile_name in Knobs::names() {
        let stage = Stage::with_cards(profile(profile_name), 3);
        let before = stage.fake.cards(&stage.book());
        let ran = doctor(&stage, &[]);
        assert_eq!(ran.exit, Exit::Done, "{profile_name}: {ran:?}");
        assert!(!ran.out.contains("FAIL"), "{profile_name}: {}", ran.out);
        assert!(ran.out.contains("multiget gives 2 of 2 cards"), "{profile_name}: {}", ran.out);
        assert_eq!(stage.fake.cards(&stage.book()), before, "{profile_name}");
        assert_eq!(stage.writes(), 0, "{profile_name}");
        assert!(!stage.path("config").exists(), "{profile_name}");
        stage.assert_no_sins();
    }
}

#[test]
fn what_a_server_can_do_is_told() {
    type Turn = fn(&mut Knobs);
    // (how the server is, what is told)
    let cases: [(Turn, &str); 27] = [
        (|_| {}, "ok    privileges: read and write"),
        (|_| {}, "ok    sync-collection names 3 cards in 1 page"),
        (|_| {}, "ok    report and listing name the same cards"),
        (|_| {}, "ok    a made-up token is refused: 403, valid-sync-token"),
        (|_| {}, "ok    no quirks"),
        (|_| {}, "ok    multiget gives 2 of 2 cards, as vCard 3.0"),
        (|k| k.privileges = Privileges::Missing, "note  privileges are not told"),
        (|k| k.sync = SyncSupport::Forbidden, "sync-collection is not among them"),
        (|k| k.sync = SyncSupport::NotImplemented, "sync-collection from an empty token: 501"),
        (|k| k.sync = SyncSupport::NoToken, "sync-collection from an empty token: 207"),
        (|k| k.empty_token = EmptyToken::BadRequest, "sync-collection from an empty token: 400"),
        (|k| k.sync_depth = DepthRule::OneElseSilent, "wants Depth: 1 (learnt now)"),
        (|k| k.bad_token = BadToken::AcceptSilently, "note  a made-up token is accepted"),
        (|k| k.bad_token = BadToken::Status(410), "a made-up token is refused"),
        (|k| k.page_size = Some(2), "sync-collection names 3 cards in 2 pages"),
        (
            |k| (k.page_size, k.page_token) = (Some(2), PageToken::NowOnFirst),
            "of the listing 1 are not in the report",
        ),
        (
            |k| (k.page_size, k.page_token) = (Some(2), PageToken::Same),
            "sync-collection from an empty token: 207",
        ),
        (|k| k.listing_limit = Some(2), "note  the listing is not complete"),
        (|k| k.listing = ListingProps::NoETags, "3 cards in the listing without a version"),
        (
            |k| k.change_style = ChangeStyle::HrefOnly,
            "ok    report and listing name the same cards",
        ),
        (|k| k.multiget_missing = MultigetMissing::Omitted, "multiget leaves out a card"),
        (|k| k.multiget_missing = MultigetMissing::WholeReport404, "multiget fails over a card"),
        (|k| k.multiget_poison = vec![name(0)], "note  multiget: 500"),
        (|k| k.get = GetReply::NoETag, "the version that GET gives is missing"),
        (|k| k.etag_form = ETagForm::GzipHeader, "is spelled otherwise (W/ or -gzip)"),
        (
            |k| k.max_size = Some(MaxSize { bytes: 4321, status: 413 }),
            "ok    a card may have 4321 bytes",
        ),
        (|k| k.version_accept = VersionAccept::ThreeOnly, "ok    it takes vCard 3.0"),
    ];
    for (turn, told) in cases {
        let mut knobs = Knobs::default();
        turn(&mut knobs);
        let stage = Stage::with_cards(knobs, 3);
        let ran = doctor(&stage, &[]);
        assert_eq!(ran.exit, Exit::Done, "{told}: {ran:?}");
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
}

#[test]
fn what_a_server_does_to_a_card_is_told() {
    type Turn = fn(&mut Knobs);
    // (how the server is, what is told)
    let cases: [(Turn, &str); 18] = [
        (|_| {}, "a new card is stored under the name it was given (201)"),
        (|_| {}, "ok    a card comes back byte for byte"),
        (|_| {}, "ok    a create does not overwrite a card: 412"),
        (|_| {}, "ok    an edit does not overwrite another one: 412"),
        (|_| {}, "ok    a deletion does not delete another edit: 412"),
        (|_| {}, "ok    an edit does not bring back a deleted card: 412"),
        (|k| k.rename_on_put = NewName::Location, "another name, and its Location says so"),
        (|k| k.rename_on_put = NewName::Alias, "another name, and nothing says so"),
        (|k| k.rename_on_put = NewName::Silent, "another name, and nothing says so"),
        (|k| k.put_etag = PutETag::None, "note  PUT gives no version"),
        (|k| k.put_etag = PutETag::Unlisted, "note  PUT gives another version"),
        (|k| k.rewrite = vec![Rewrite::DropX], "X-CONTACTCMD-TEST removed"),
        (|k| k.uid_replace = UidOnPut::Replaced, "UID changed"),
        (|k| k.update_reply = UpdateReply::Created, "accepted with 201"),
        (|k| k.if_none_match = IfNoneMatch::Ignored, "If-None-Match is not looked at"),
        (|k| k.if_match = IfMatch::Ignored, "If-Match is not looked at: an edit"),
        (|k| k.if_match = IfMatch::IgnoredIfMissing, "an edit brings back a card that was deleted"),
        (|k| k.delete_if_match = IfMatch::Ignored, "If-Match is not looked at when a card is"),
    ];
    for (turn, told) in cases {
        let mut knobs = Knobs::default();
        turn(&mut knobs);
        let stage = Stage::with_cards(knobs, 3);
        let before = stage.fake.cards(&stage.book());
        let ran = write_test(&stage);
        assert_eq!(ran.exit, Exit::Done, "{told}: {ran:?}");
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
        assert_eq!(stage.fake.cards(&stage.book()), before, "{told}");
        stage.assert_no_sins();
    }
}

#[test]
fn the_write_test_leaves_every_server_as_it_was() {
    for profile_name in Knobs::names() {
        let stage = Stage::with_cards(profile(profile_name), 3);
        let before = stage.fake.cards(&stage.book());
        let ran = write_test(&stage);
        assert_eq!(ran.exit, Exit::Done, "{profile_name}: {ran:?}");
        assert!(ran.out.contains("the book is as it was"), "{profile_name}: {}", ran.out);
        assert_eq!(stage.fake.cards(&stage.book()), before, "{profile_name}");
        stage.assert_no_sins();
    }
}

#[test]
fn whichever_request_fails_the_card_does_not_stay() {
    let faults = [Fault::DropBefore, Fault::DropAfter, Fault::Status(500, None)];
    for (knobs, faults) in [(Knobs::default(), &faults[..]), (profile("google"), &faults[1..2])] {
        let stage = Stage::with_cards(knobs, 3);
        let before = stage.fake.cards(&stage.book());
        for fault in faults {
            for nth in 1..100 {
                let asked = stage.fake.requests();
                stage.fake.fail_next(nth, fault.clone());
                let ran = write_test(&stage);
                let what = format!("{fault:?} at {nth}: {}{}", ran.out, ran.err);
                assert_eq!(stage.fake.cards(&stage.book()), before, "{what}");
                stage.fake.clear_faults();
                if stage.fake.requests() - asked < nth as u64 {
                    assert!(nth > 20, "{what}");
                    break;
                }
            }
        }
        stage.assert_no_sins();
    }
}

#[test]
fn what_cannot_be_removed_is_named() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    // Every DELETE is refused.
    for nth in 1..50 {
        stage.fake.fail_method("DELETE", nth, Fault::Status(500, None));
    }
    let ran = write_test(&stage);
    assert_eq!(ran.exit, Exit::Server, "{ran:?}");
    assert!(ran.out.contains("look for the contact `contactcmd test, please delete"), "{ran:?}");
    stage.fake.clear_faults();
    assert_eq!(stage.cards_there().len(), 4);
    let ran = doctor(&stage, &[]);
    assert!(ran.out.contains("a card of an earlier write test is still there"), "{}", ran.out);
}

#[test]
fn a_card_that_was_taken_and_never_seen_may_turn_up_and_is_named() {
    let stage = Stage::with_cards(Knobs { read_lag: 1000, ..Knobs::default() }, 3);
    let ran = write_test(&stage);
    assert_eq!(ran.exit, Exit::Server, "{ran:?}");
    assert!(ran.out.contains("is nowhere to be found"), "{ran:?}");
    assert!(ran.out.contains("look for the contact `contactcmd test, please delete"), "{ran:?}");
    assert!(!ran.out.contains("the book is as it was"), "{ran:?}");
}

#[test]
fn ctrl_c_at_any_request_leaves_no_card_behind() {
    let mut stage = Stage::with_cards(Knobs::default(), 3);
    let before = stage.fake.cards("contacts");
    let mut interrupted = 0;
    for at in 1..50 {
        stage.interrupt = Interrupt::default();
        stage.use_transport(Impatient::at(&stage, at));
        let ran = write_test(&stage);
        interrupted += usize::from(ran.exit == Exit::Interrupted);
        assert!(matches!(ran.exit, Exit::Done | Exit::Interrupted), "at {at}: {ran:?}");
        assert_eq!(stage.fake.cards("contacts"), before, "at {at}: {ran:?}");
    }
    assert!(interrupted > 20, "{interrupted}");
}

/// Another client edits a card as soon as a sync has asked what changed.
struct Meanwhile {
    fake: FakeDav,
    done: AtomicUsize,
}

#[async_trait]
impl DavTransport for Meanwhile {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let answer = self.fake.send(request).await;
        if self.done.fetch_add(1, Ordering::SeqCst) == 0 {
            let edited = card(1, "1").replace("X-UNKNOWN;FOO=bar:kept", "ORG:edited there");
            self.fake.put("contacts", &name(1), edited);
        }
        answer
    }
}

#[test]
fn what_the_write_test_teaches_protects_the_syncs_after_it() {
    for taught in [false, true] {
        let knobs = Knobs { if_match: IfMatch::Ignored, ..Knobs::default() };
        let stage = Stage::with_cards(knobs, 3);
        stage.sync(&[]);
        if taught {
            let ran = write_test(&stage);
            assert!(ran.out.contains("what was learnt is kept"), "{ran:?}");
            // Neither a quiet run nor a full one forgets it.
            stage.sync(&[]);
            stage.sync(&["--full"]);
            let ran = doctor(&stage, &[]);
            assert!(ran.out.contains("not always (learnt before)"), "{}", ran.out);
        }
        stage.import(&card(1, "edited here"));
        let (fake, done) = (stage.fake.clone(), AtomicUsize::new(0));
        stage.use_transport(Arc::new(Meanwhile { fake, done }));
        let ran = stage.sync(&[]);
        let there = String::from_utf8(stage.fake.card("contacts", &name(1)).unwrap()).unwrap();
        assert!(there.contains("edited here"), "{taught}: {ran:?}");
        assert_eq!(there.contains("edited there"), taught, "{there} {ran:?}");
    }
}

/// A server that has no time for the first write, and another client that edits a card meanwhile.
struct Busy {
    fake: FakeDav,
    writes: AtomicUsize,
}

#[async_trait]
impl DavTransport for Busy {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let is_write = request.method() == "PUT";
        if !is_write || self.writes.fetch_add(1, Ordering::SeqCst) > 0 {
            return self.fake.send(request).await;
        }
        for number in 0..3 {
            let edited = card(number, "1").replace("X-UNKNOWN;FOO=bar:kept", "ORG:edited there");
            self.fake.put("contacts", &name(number), edited);
        }
        let answer = Response::builder().status(503).header("retry-after", "60");
        Ok(answer.body(Vec::new()).unwrap())
    }
}

#[test]
fn after_a_wait_versions_are_compared_anew_where_nobody_else_does() {
    let knobs = Knobs { if_match: IfMatch::Ignored, ..Knobs::default() };
    let stage = Stage::with_cards(knobs, 3);
    stage.sync(&[]);
    write_test(&stage);
    stage.import(&(0..3).map(|number| card(number, "edited here")).collect::<String>());
    let (fake, writes) = (stage.fake.clone(), AtomicUsize::new(0));
    stage.use_transport(Arc::new(Busy { fake, writes }));
    let ran = stage.sync(&[]);
    for number in 0..3 {
        let there = stage.fake.card("contacts", &name(number)).unwrap();
        let there = String::from_utf8(there).unwrap();
        assert!(there.contains("edited here"), "{number}: {ran:?}");
        assert!(there.contains("edited there"), "{number}: {there} {ran:?}");
    }
}

#[test]
fn a_report_can_be_shown_to_others() {
    for profile_name in Knobs::names() {
        let stage = Stage::with_cards(profile(profile_name), 3);
        for args in [&["--write-test", "--yes"][..], &["--json"], &["-q"]] {
            let ran = doctor(&stage, args);
            let text = format!("{}{}", ran.out, ran.err).to_lowercase();
            let names = [
                "secret",
                "alice",
                "dav.example",
                "example.test",
                "example.org",
                "12345678",
                "uid-000",
                "card-000",
                "card 000",
                "number",
            ];
            for name in names {
                assert!(!text.contains(name), "{profile_name} {args:?} shows {name}: {text}");
            }
        }
    }
    let stage = Stage::with_cards(Knobs::default(), 3);
    let ran = doctor(&stage, &["--show-names"]);
    assert!(ran.out.contains("https://dav.example.test/"), "{}", ran.out);
    assert!(ran.out.contains("/alice/"), "{}", ran.out);
    assert!(!ran.out.contains("secret") && !ran.out.contains("Card 000"), "{}", ran.out);
}

#[test]
fn a_program_gets_one_object() {
    let stage = Stage::with_cards(Knobs { if_match: IfMatch::Ignored, ..Knobs::default() }, 3);
    let ran = doctor(&stage, &["--json", "--write-test", "--yes"]);
    let report: Value = serde_json::from_str(&ran.out).expect("one object");
    assert_eq!(
        (&report["exit"], &report["masked"], &report["write_test"]),
        (&0.into(), &true.into(), &true.into())
    );
    let findings = report["findings"].as_array().unwrap();
    for about in ["discovery", "login", "book", "changes", "cards", "write-test", "quirks"] {
        assert!(findings.iter().any(|finding| finding["about"] == about), "{about}: {report}");
    }
    assert_eq!(report["books"][0]["quirks"]["no_preconditions"], true, "{report}");
    assert_eq!(report["books"][0]["learnt"], true, "{report}");
    let ran = stage.run_as(&["doctor", "carddav", "--json"], None);
    let report: Value = serde_json::from_str(&ran.out).expect("one object");
    assert_eq!((ran.exit, &report["exit"]), (Exit::Usage, &2.into()));
    assert!(report["error"].is_string(), "{report}");
    // What may hold names is on standard error, where nobody copies it into a report unseen.
    let args = ["doctor", "carddav", "--json", "--server", "https://alice.example:x/"];
    for (more, shows) in [(&[][..], false), (&["--show-names"], true)] {
        let ran = stage.run_as(&[&args[..], &["--username", "alice"], more].concat(), None);
        assert_eq!(ran.out.contains("alice"), shows, "{ran:?}");
        assert!(ran.err.contains("alice"), "{ran:?}");
    }
}

#[test]
fn what_keeps_a_server_from_being_used_is_the_exit_code() {
    type Turn = fn(&FakeDav);
    // (what is wrong, exit, what is told)
    let cases: [(Turn, Exit, &str); 3] = [
        (
            |fake| fake.set_password("other"),
            Exit::Auth,
            "FAIL  no way in: the user name or password",
        ),
        (
            |fake| fake.fail_next(1, Fault::Unreachable),
            Exit::Server,
            "note  PROPFIND https://<host>/: no answer",
        ),
        (|fake| fake.remove_book("contacts"), Exit::Server, "there are no address books"),
    ];
    for (turn, exit, told) in cases {
        let stage = Stage::with_cards(Knobs::default(), 3);
        turn(&stage.fake);
        let ran = doctor(&stage, &[]);
        assert_eq!(ran.exit, exit, "{told}: {ran:?}");
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
    let stage = Stage::with_cards(Knobs::default(), 3);
    doctor(&stage, &[]);
    let book = stage.fake.href("contacts", "");
    let log = stage.fake.log();
    let listing = |asked: &Logged| asked.path == book && asked.depth.as_deref() == Some("1");
    let at = log.iter().position(listing).expect("the cards were listed") + 1;
    stage.fake.fail_next(at, Fault::Status(500, None));
    let ran = doctor(&stage, &[]);
    assert_eq!(ran.exit, Exit::Server, "{ran:?}");
    assert!(ran.out.contains("FAIL  its cards cannot be listed: 500"), "{}", ran.out);
}

#[test]
fn a_card_is_written_only_where_it_may_be_and_was_wanted() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    let ran = doctor(&stage, &["--write-test"]);
    assert_eq!((ran.exit, stage.fake.requests()), (Exit::Usage, 0), "{ran:?}");
    stage.fake.set_book("contacts", |book| book.access = Access::ReadOnly);
    let ran = write_test(&stage);
    assert!(ran.out.contains("note  not tried: the book is read only"), "{ran:?}");
    stage.fake.set_book("contacts", |book| book.access = Access::ReadWrite);
    stage.fake.set(|knobs| knobs.listing = ListingProps::NoETags);
    let ran = write_test(&stage);
    assert!(ran.out.contains("note  not tried: the server gives no versions"), "{ran:?}");
    assert_eq!(stage.writes(), 0);
    assert!(stage.repo().account("https://dav.example.test", "alice").unwrap().is_none());
}

#[test]
fn what_dns_says_is_a_step_too() {
    // (whether DNS fails, options, what is told)
    let cases: [(bool, &[&str], &str); 4] = [
        (false, &[], "note  DNS: it names no CardDAV server"),
        (true, &[], "note  DNS: it cannot be asked"),
        (false, &["--show-names"], "note  DNS of example.test: it names no CardDAV server"),
        (true, &["--show-names"], "note  DNS of example.test: no answer in time"),
    ];
    for (fails, more, told) in cases {
        let stage = Stage::with_cards(Knobs::default(), 3);
        if fails {
            stage.dns_fails("_carddavs._tcp.example.test");
        }
        let args = ["doctor", "carddav", "--server", "x@example.test", "--username", "alice"];
        let ran = stage.run(&[&args[..], more].concat());
        assert_eq!(ran.exit, Exit::Done, "{told}: {ran:?}");
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
        assert_eq!(ran.out.contains("example.test"), !more.is_empty(), "{}", ran.out);
    }
}
