//! Cards and connections that fail: one card costs one card, and nothing costs a contact.

use contactcmd::Exit;
use contactcmd_tests::fake::{AddressData, Fault, Knobs, XmlStyle};

use super::stage::{Stage, card, counts, name};

#[test]
fn one_poison_card_costs_one_card() {
    let stage = Stage::with_cards(Knobs::default(), 120);
    stage.fake.set(|knobs| {
        knobs.multiget_poison = vec![name(60)];
        knobs.get_poison = vec![name(60)];
    });
    let (ran, report) = stage.report(&[]);
    assert_eq!(ran.exit, Exit::NeedsYou, "{}", ran.err);
    assert_eq!(counts(&report), [119, 0, 0]);
    assert_eq!(report["books"][0]["set_aside"], 1);
    let action = &report["books"][0]["actions"];
    let aside = action.as_array().unwrap().iter().find(|a| a["action"] == "set-aside").unwrap();
    assert_eq!(aside["name"], name(60));
    // It is tried again with every run, and visible until it is done.
    assert_eq!(stage.pull(&[]).exit, Exit::NeedsYou);
    stage.fake.set(|knobs| (knobs.multiget_poison, knobs.get_poison) = Default::default());
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [1, 0, 0]), "{}", ran.err);
    stage.assert_equal("once the server is well");
}

#[test]
fn what_is_no_card_is_set_aside_by_name_and_comes_when_it_is_mended() {
    let stage = Stage::with_cards(Knobs::default(), 10);
    stage.fake.put("contacts", "junk.vcf", "this is no card at all\r\n");
    stage.fake.put("contacts", "cut.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cut Short\r\n");
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::NeedsYou, "{}", ran.err);
    assert!(ran.out.contains("! junk.vcf   "), "{}", ran.out);
    assert!(ran.out.contains("! cut.vcf   "), "{}", ran.out);
    assert_eq!(stage.cards_here().len(), 10);
    stage.fake.put("contacts", "junk.vcf", card(11, "mended"));
    stage.fake.delete("contacts", "cut.vcf");
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_equal("mended");
}

#[test]
fn a_card_that_becomes_junk_there_stays_as_it_was_here() {
    let stage = Stage::with_cards(Knobs::default(), 10);
    stage.pull(&[]);
    stage.fake.put("contacts", &name(3), "junk");
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::NeedsYou, "{}", ran.err);
    assert!(ran.out.contains("! Card 0003 Number   "), "{}", ran.out);
    assert!(stage.cards_here().contains(&card(3, "1")));
}

#[test]
fn a_new_card_that_is_not_there_yet_is_waited_for() {
    let stage = Stage::with_cards(Knobs::default(), 20);
    stage.pull(&[]);
    // Q67, Q115: a server whose reading lags behind its writing (purelymail).
    stage.fake.set(|knobs| knobs.read_lag = 1000);
    stage.fake.put("contacts", &name(30), card(30, "new"));
    let ran = stage.pull(&[]);
    stage.fake.set(|knobs| knobs.read_lag = 0);
    let (again, _) = stage.report(&[]);
    assert_eq!(again.exit, Exit::Done, "{ran:?} then {}", again.err);
    stage.assert_equal("once it is there");
}

#[test]
fn a_server_whose_multigets_never_work_is_read_card_by_card() {
    for cards in [60, 400] {
        let stage = Stage::with_cards(Knobs::default(), cards);
        let all = (0..cards).map(name).collect();
        stage.fake.set(|knobs| knobs.multiget_poison = all);
        let (ran, report) = stage.report(&[]);
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
        assert_eq!(counts(&report), [cards as u64, 0, 0]);
    }
}

#[test]
fn nothing_is_deleted_while_a_new_card_cannot_be_read() {
    let stage = Stage::with_cards(Knobs::default(), 20);
    stage.pull(&[]);
    // Moved by another client, and the server fails on the new place for a while.
    stage.fake.rename("contacts", &name(7), "moved.vcf");
    stage.fake.set(|knobs| {
        knobs.multiget_poison = vec!["moved.vcf".to_owned()];
        knobs.get_poison = vec!["moved.vcf".to_owned()];
    });
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::NeedsYou, [0, 0, 0]), "{}", ran.err);
    assert!(stage.cards_here().contains(&card(7, "1")));
    stage.fake.set(|knobs| (knobs.multiget_poison, knobs.get_poison) = Default::default());
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{}", ran.err);
    stage.assert_equal("moved, not deleted and made anew");
}

#[test]
fn control_characters_are_kept() {
    let stage = Stage::with_cards(Knobs::default(), 10);
    let odd = card(3, "bell \u{7} and escape \u{1b}[31m");
    stage.fake.put("contacts", &name(3), odd.clone());
    stage.fake.set(|knobs| {
        knobs.xml = XmlStyle { address_data: AddressData::Raw, ..XmlStyle::default() };
    });
    let ran = stage.pull(&[]);
    assert!(matches!(ran.exit, Exit::Done | Exit::NeedsYou), "{}", ran.err);
    assert!(stage.cards_here().contains(&odd), "fetched for its true bytes");
    let shown = stage.run(&["show", "Card 0003 Number"]);
    assert!(!shown.out.contains('\u{1b}'), "a card steered the terminal");
}

#[test]
fn whatever_breaks_the_next_run_mends_it() {
    let faults = [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Timeout,
        Fault::TruncateBody,
        Fault::ShortBody,
        Fault::Status(500, None),
        Fault::Status(503, Some("1".to_owned())),
        Fault::Status(429, None),
        Fault::Html,
        Fault::Unreachable,
    ];
    for fault in faults {
        // Discovery, the report, one batch of two, and past the end.
        for nth in 1..=7 {
            let stage = Stage::with_cards(Knobs::default(), 60);
            stage.fake.fail_next(nth, fault.clone());
            let first = stage.pull(&[]);
            stage.fake.clear_faults();
            let when = format!("{fault:?} at request {nth}: {}", first.err);
            let (ran, _) = stage.report(&[]);
            assert_eq!(ran.exit, Exit::Done, "{when} then {}", ran.err);
            stage.assert_equal(&when);
            stage.fake.delete("contacts", &name(5));
            stage.fake.put("contacts", &name(6), card(6, "edited"));
            stage.fake.fail_next(nth % 3 + 1, fault.clone());
            stage.pull(&[]);
            stage.fake.clear_faults();
            let (ran, _) = stage.report(&["--full"]);
            assert_eq!(ran.exit, Exit::Done, "{when} then {}", ran.err);
            stage.assert_equal(&when);
        }
    }
}

#[test]
fn waiting_is_as_long_as_the_server_asks_and_no_longer_than_a_minute() {
    for (asked, seconds) in [("7", 7), ("100000", 60)] {
        let stage = Stage::with_cards(Knobs::default(), 3);
        stage.fake.fail_next(1, Fault::Status(503, Some(asked.to_owned())));
        assert_eq!(stage.pull(&[]).exit, Exit::Done);
        let waited: u64 = stage.pauses.borrow().iter().map(std::time::Duration::as_secs).sum();
        assert!((seconds..=seconds + 1).contains(&waited), "{asked}: {waited}");
    }
}

#[test]
fn ctrl_c_ends_the_run_and_loses_nothing() {
    let stage = Stage::with_cards(Knobs::default(), 100);
    stage.interrupt.raise();
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Interrupted, "{}", ran.err);
}
