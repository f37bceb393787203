//! Edits on both sides: what is sent, what is merged, what is kept.

use contactcmd::Exit;
use contactcmd_ports::{ContactRepo, Page};
use contactcmd_tests::fake::{Fault, Knobs, NewName, UidOnPut};

use super::pull::profiles;
use super::stage::{Stage, card, name};

fn there(report: &serde_json::Value) -> [u64; 3] {
    let there = &report["books"][0]["there"];
    ["created", "updated", "deleted"].map(|what| there[what].as_u64().unwrap_or(u64::MAX))
}

/// Two more runs: nothing is written, here or there.
fn assert_settled(stage: &Stage) {
    let ran = stage.sync(&[]);
    assert!(matches!(ran.exit, Exit::Done | Exit::NeedsYou), "{ran:?}");
    let (writes, cards) = (stage.writes(), stage.cards_here());
    let ran = stage.sync(&[]);
    assert!(matches!(ran.exit, Exit::Done | Exit::NeedsYou), "{ran:?}");
    assert_eq!(stage.writes(), writes, "the third run writes nothing there: {ran:?}");
    assert_eq!(stage.cards_here(), cards, "nor here");
    stage.assert_no_sins();
}

#[test]
fn what_is_done_here_is_done_there() {
    let stage = Stage::with_cards(Knobs::default(), 5);
    stage.sync(&[]);
    stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
    stage.delete("uid-0002");
    let (dry, _) = stage.sync_report(&["--dry-run"]);
    assert_eq!((dry.exit, stage.writes()), (Exit::Done, 0), "a dry run only reads");
    let (ran, report) = stage.sync_report(&[]);
    assert_eq!((ran.exit, there(&report)), (Exit::Done, [1, 1, 1]), "{ran:?}");
    stage.assert_same("after the sync");
    assert_eq!(stage.cards_there().len(), 5);
    assert_settled(&stage);
}

#[test]
fn the_dry_run_prints_the_lines_of_the_run() {
    let stage = Stage::with_cards(Knobs::default(), 5);
    stage.sync(&[]);
    stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
    stage.delete("uid-0002");
    stage.fake.put("contacts", &name(3), card(3, "edited there"));
    stage.fake.delete("contacts", &name(4));
    let lines = |out: &str| -> Vec<String> {
        out.lines().filter(|line| !line.starts_with("Contacts:")).map(str::to_owned).collect()
    };
    let dry = lines(&stage.sync(&["--dry-run"]).out);
    let run = lines(&stage.sync(&[]).out);
    let expected: [String; 5] = [
        "~ Card 0003 Number   note changed -> here",
        "~ Card 0001 Number   note changed -> server",
        "+ Card 0050 Number -> server",
        "- Card 0002 Number   deleted here -> server",
        "- Card 0004 Number   deleted on the server -> here",
    ]
    .map(str::to_owned);
    assert_eq!((dry.as_slice(), run.as_slice()), (&expected[..], &expected[..]));
}

#[test]
fn push_writes_only_there_and_pull_only_here() {
    let stage = Stage::with_cards(Knobs::default(), 5);
    stage.sync(&[]);
    stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
    stage.fake.put("contacts", &name(3), card(3, "edited there"));
    stage.fake.put("contacts", &name(60), card(60, "new there"));
    let here = stage.cards_here();
    let ran = stage.pull(&["--direction", "push"]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(stage.cards_here(), here, "a push changes nothing here");
    assert!(stage.cards_there().iter().any(|card| card.contains("edited here")));
    assert!(stage.cards_there().iter().any(|card| card.contains("new here")));
    let (writes, ran) = (stage.writes(), stage.pull(&[]));
    assert_eq!((ran.exit, stage.writes()), (Exit::Done, writes), "{ran:?}");
    stage.assert_same("a push and a pull make a sync");
    assert_settled(&stage);
}

#[test]
fn a_pull_that_keeps_a_contact_does_not_ask_for_it_again_and_again() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.sync(&[]);
    stage.import(&card(1, "edited here"));
    stage.fake.delete("contacts", &name(1));
    for _ in 0..2 {
        assert_eq!(stage.pull(&[]).exit, Exit::Done);
    }
    let before = stage.fake.log().len();
    let ran = stage.pull(&[]);
    assert_eq!((ran.exit, stage.fake.log().len() - before), (Exit::Done, 1), "{ran:?}");
    assert!(stage.cards_here().concat().contains("edited here"));
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_same("what was kept is sent");
    assert_eq!(stage.cards_there().len(), 3);
}

#[test]
fn two_edits_of_one_contact_become_one_and_the_loser_is_kept() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.sync(&[]);
    let mine = card(1, "mine").replace("FN:Card", "TEL;TYPE=HOME:+1 555\r\nFN:Card");
    let theirs = card(1, "theirs").replace("FN:Card", "ORG:Acme\r\nFN:Card");
    stage.import(&mine);
    stage.fake.put("contacts", &name(1), theirs);
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_same("merged");
    let merged = stage.cards_there().into_iter().find(|card| card.contains("uid-0001")).unwrap();
    for part in ["+1 555", "ORG:Acme", "NOTE:theirs"] {
        assert!(merged.contains(part), "{part} in {merged}");
    }
    let texts: Vec<String> = stage
        .repo()
        .history(None, Page::first(100))
        .unwrap()
        .into_iter()
        .map(|past| String::from_utf8_lossy(&past.before).into_owned())
        .collect();
    assert!(texts.iter().any(|text| text.contains("NOTE:mine")), "{texts:#?}");
    assert!(texts.iter().any(|text| text.contains("NOTE:theirs")), "{texts:#?}");
    assert_settled(&stage);
}

#[test]
fn an_edit_beats_a_deletion_on_either_side() {
    // T18.
    let stage = Stage::with_cards(Knobs::default(), 4);
    stage.sync(&[]);
    stage.import(&card(1, "edited here"));
    stage.fake.delete("contacts", &name(1));
    stage.delete("uid-0002");
    stage.fake.put("contacts", &name(2), card(2, "edited there"));
    stage.delete("uid-0003");
    stage.fake.delete("contacts", &name(3));
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_same("both edits stand");
    let all = stage.cards_there().concat();
    assert!(all.contains("edited here") && all.contains("edited there"), "{all}");
    assert_eq!(stage.cards_there().len(), 3);
    assert_settled(&stage);
}

#[test]
fn a_create_whose_answer_is_lost_is_there_once() {
    // T14.
    for fault in [Fault::DropAfter, Fault::TimeoutAfter, Fault::DropBefore, Fault::Timeout] {
        for knobs in
            [Knobs::default(), Knobs { rename_on_put: NewName::Silent, ..Knobs::default() }]
        {
            let case = format!("{fault:?} {:?}", knobs.rename_on_put);
            let stage = Stage::with_cards(knobs, 2);
            stage.sync(&[]);
            stage.import(&card(50, "new here"));
            stage.fake.fail_method("PUT", 1, fault.clone());
            stage.sync(&[]);
            for _ in 0..2 {
                stage.sync(&[]);
            }
            assert_eq!(stage.cards_there().len(), 3, "{case}");
            stage.assert_same(&case);
            assert_settled(&stage);
        }
    }
}

#[test]
fn a_server_that_renames_and_rewrites_has_each_card_once() {
    // T03, both variants.
    for rename in [NewName::Location, NewName::AbsoluteLocation, NewName::Alias, NewName::Silent] {
        for uid in [UidOnPut::Kept, UidOnPut::Replaced] {
            let knobs = Knobs { rename_on_put: rename, uid_replace: uid, ..Knobs::default() };
            let stage = Stage::new(knobs);
            stage.import(&card(50, "new here"));
            stage.sync(&[]);
            stage.sync(&[]);
            stage.sync(&[]);
            let case = format!("{rename:?} {uid:?}");
            assert_eq!(stage.cards_there().len(), 1, "{case}");
            assert_eq!(stage.cards_here().len(), 1, "{case}");
            stage.assert_same(&case);
            assert_settled(&stage);
            assert_eq!(stage.writes(), 1, "{case}: one PUT in all");
        }
    }
}

#[test]
fn every_profile_takes_edits_in_both_directions() {
    for (profile, knobs) in profiles() {
        let stage = Stage::with_cards(knobs, 6);
        let other = Stage::beside(&stage);
        let book = stage.book();
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{profile}: {ran:?}");
        other.sync(&[]);
        stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
        stage.delete("uid-0002");
        other.import(&[card(3, "edited elsewhere"), card(51, "new elsewhere")].concat());
        stage.fake.put(&book, &name(4), card(4, "edited there"));
        for _ in 0..3 {
            let ran = stage.sync(&[]);
            assert_eq!(ran.exit, Exit::Done, "{profile}: {ran:?}");
            let ran = other.sync(&[]);
            assert_eq!(ran.exit, Exit::Done, "{profile}: {ran:?}");
        }
        stage.assert_same(profile);
        other.assert_same(profile);
        assert_eq!(stage.cards_there().len(), 7, "{profile}");
        assert_settled(&stage);
        assert_settled(&other);
    }
}
