//! Pulling: everything comes, nothing comes twice, and only what changed moves.

use contactcmd::Exit;
use contactcmd_tests::fake::{Auth, Knobs};

use super::stage::{Stage, card, counts, name};

/// Every kind of server there is a profile of. How one logs in is looked at elsewhere.
pub(crate) fn profiles() -> impl Iterator<Item = (&'static str, Knobs)> {
    Knobs::profiles().map(|(name, knobs)| (name, Knobs { auth: Auth::Basic, ..knobs }))
}

#[test]
fn every_kind_of_server_is_pulled_kept_current_and_left_alone() {
    for (kind, knobs) in profiles() {
        let stage = Stage::with_cards(knobs, 120);
        let book = stage.book();
        let (ran, report) = stage.report(&[]);
        assert_eq!(ran.exit, Exit::Done, "{kind}: {}", ran.err);
        assert_eq!(counts(&report), [120, 0, 0], "{kind}");
        stage.assert_equal(kind);

        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{kind}: {}", ran.err);

        stage.fake.put(&book, &name(3), card(3, "edited"));
        stage.fake.delete(&book, &name(4));
        stage.fake.put(&book, &name(500), card(500, "new"));
        stage.now.set(stage.now.get() + 60_000);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [1, 1, 1]), "{kind}: {}", ran.err);
        stage.assert_equal(kind);

        let (ran, report) = stage.report(&["--full"]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{kind}: {}", ran.err);
        stage.assert_equal(kind);
        stage.assert_no_sins();
    }
}

#[test]
fn a_quiet_run_is_one_request_and_writes_nothing() {
    let stage = Stage::with_cards(Knobs::default(), 30);
    assert_eq!(stage.pull(&[]).exit, Exit::Done);
    let before = std::fs::read(stage.database()).unwrap();
    let asked = stage.fake.requests();
    let (ran, report) = stage.report(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(stage.fake.requests() - asked, 1);
    assert_eq!(report["books"][0]["requests"], 1);
    assert_eq!(report["books"][0]["full"], false);
    assert!(before == std::fs::read(stage.database()).unwrap(), "the database changed");
}

#[test]
fn a_dry_run_prints_what_a_run_prints_and_writes_nothing() {
    let stage = Stage::with_cards(Knobs::default(), 5);
    let dry = stage.pull(&["--dry-run"]);
    assert_eq!(dry.exit, Exit::Done, "{}", dry.err);
    assert!(!stage.database().exists(), "a dry run made a database");
    assert!(!stage.path("config").exists(), "a dry run wrote the config");
    assert!(dry.out.contains("+ Card 0003 Number -> here"), "{}", dry.out);
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains("Number")).map(str::to_owned).collect()
    };
    assert_eq!(lines(&dry.out), lines(&stage.pull(&[]).out));

    stage.fake.put("contacts", &name(1), card(1, "edited"));
    stage.fake.delete("contacts", &name(2));
    let before = std::fs::read(stage.database()).unwrap();
    let dry = stage.pull(&["--dry-run"]);
    assert!(dry.out.contains("~ Card 0001 Number   note changed -> here"), "{}", dry.out);
    assert!(dry.out.contains("- Card 0002 Number   deleted on the server -> here"), "{}", dry.out);
    assert!(before == std::fs::read(stage.database()).unwrap(), "the database changed");
    let wet = stage.pull(&[]);
    assert_eq!(lines(&dry.out), lines(&wet.out));
    stage.assert_equal("after the run");
}

#[test]
fn cards_come_byte_for_byte() {
    let stage = Stage::new(Knobs::default());
    let cards = [
        "BEGIN:VCARD\nVERSION:3.0\nUID:lf\nFN:Line Feed\nEND:VCARD\n",
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:four\r\nFN:Ünïcödé 佐藤\r\nBDAY:--0820\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:two\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BC=\r\nller;Ann\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:amp\r\nFN:A & B <c> ]]> \"q\"\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:No Uid At All\r\nEND:VCARD\r\n",
        "begin:vcard\r\nversion:3.0\r\nuid:lower\r\nfn:lower case\r\nx-odd;p=\"a;b:c\":v\r\nend:vcard\r\n",
    ];
    for (number, text) in cards.iter().enumerate() {
        stage.fake.put("contacts", &name(number), *text);
    }
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    stage.assert_equal("as served");
}

#[test]
fn t07_an_interrupted_first_run_goes_on_where_it_was() {
    let stage = Stage::with_cards(Knobs::nextcloud(), 400);
    stage.fake.set(|knobs| knobs.page_size = Some(100));
    // Discovery, four pages, and some of the batches.
    stage.fake.fail_next(9, contactcmd_tests::fake::Fault::Unreachable);
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Server, "{}", ran.err);
    let before = stage.cards_here().len();
    assert!(before < 400, "{before}");
    let (ran, report) = stage.report(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(counts(&report), [400 - before as u64, 0, 0], "nothing is fetched twice");
    stage.assert_equal("after the second run");
}

#[test]
fn a_card_that_moved_on_the_server_is_the_same_contact() {
    for full in [false, true] {
        let stage = Stage::with_cards(Knobs::default(), 20);
        stage.pull(&[]);
        let id = |stage: &Stage| stage.run(&["show", "Card 0007 Number", "--json"]).out;
        let before: serde_json::Value = serde_json::from_str(&id(&stage)).unwrap();
        stage.fake.rename("contacts", &name(7), "elsewhere.vcf");
        let (ran, report) = stage.report(if full { &["--full"] } else { &[] });
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{}", ran.err);
        let after: serde_json::Value = serde_json::from_str(&id(&stage)).unwrap();
        assert_eq!(before["id"], after["id"]);
        let href = after["external_ids"]["carddav"][0]["href"].as_str().unwrap();
        assert!(href.ends_with("/elsewhere.vcf"), "{href}");
        stage.assert_equal("after the move");
    }
}

#[test]
fn a_server_that_rewrites_a_card_without_a_change_is_no_update() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.pull(&[]);
    let rewritten =
        card(1, "1").replace("item1.", "ITEM7.").replace("type=INTERNET", "TYPE=internet");
    let rewritten = rewritten.replace("NOTE:1\r\n", "NOTE:1\r\nREV:20261122T000000Z\r\n");
    stage.fake.put("contacts", &name(1), rewritten);
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{}", ran.err);
    stage.assert_equal("the bytes are the server's");
}
