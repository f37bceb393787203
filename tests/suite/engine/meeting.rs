//! First meetings: contacts that were here before the server was.

use contactcmd::Exit;
use contactcmd_ports::{ContactRepo, Page};
use contactcmd_tests::fake::Knobs;

use super::stage::{Ran, Stage, card, counts, name};

fn import(stage: &Stage, text: &str, more: &[&str]) -> Ran {
    let file = stage.path("import.vcf");
    std::fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    stage.run(&[&["import", "vcard", file.as_str()], more].concat())
}

#[test]
fn the_same_contact_is_linked_and_not_duplicated() {
    let stage = Stage::with_cards(Knobs::default(), 4);
    // By UID and content; by content, since it has no UID here; and one of its own.
    let local = [card(1, "1"), card(2, "1").replace("UID:uid-0002\r\n", ""), card(50, "only here")];
    assert_eq!(import(&stage, &local.concat(), &[]).exit, Exit::Done);
    let (ran, report) = stage.report(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(counts(&report), [2, 0, 0]);
    assert_eq!(report["books"][0]["linked"], 2, "{report}");
    assert_eq!(stage.cards_here().len(), 5, "nothing twice, nothing dropped");
    let (_, report) = stage.report(&["--full"]);
    assert_eq!(counts(&report), [0, 0, 0]);
}

#[test]
fn two_that_differ_become_one_in_which_nothing_is_lost() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    let mine = card(1, "mine").replace("FN:Card", "TEL:+1 555\r\nFN:Card");
    assert_eq!(import(&stage, &mine, &[]).exit, Exit::Done);
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [2, 1, 0]), "{}", ran.err);
    let here = stage.cards_here();
    let merged = here.iter().find(|card| card.contains("uid-0001")).unwrap();
    assert!(merged.contains("+1 555") && merged.contains("NOTE:1"), "{merged}");
    let past = stage.repo().history(None, Page::first(10)).unwrap();
    assert_eq!(past[0].before, mine.as_bytes(), "the text before is kept");
    // A pull sends nothing, and what the server does not have counts as edited here.
    assert_eq!((stage.writes(), &report["books"][0]["pending_edits"]), (0, &1.into()));
    assert_eq!(stage.sync(&[]).exit, Exit::Done);
    stage.assert_same("after a sync");
}

#[test]
fn two_that_differ_are_both_kept_until_somebody_decides() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.pull(&["--addressbook", "Contacts"]);
    stage.configure("conflict = \"ask\"");
    assert_eq!(import(&stage, &card(1, "mine"), &["--update"]).exit, Exit::Done);
    stage.fake.put("contacts", &name(1), card(1, "1 again"));
    let (ran, report) = stage.report(&[]);
    assert_eq!(ran.exit, Exit::NeedsYou, "{}", ran.err);
    assert_eq!(report["books"][0]["conflicts"], 1);
    assert_eq!(counts(&report), [0, 0, 0]);
    assert!(stage.cards_here().contains(&card(1, "mine")), "the card here is as it was");
    let conflicts = stage.repo().conflicts(None).unwrap();
    let theirs = String::from_utf8_lossy(&conflicts[0].remote).replace("\r\n", "\n");
    assert_eq!(theirs, card(1, "1 again").replace("\r\n", "\n"), "the card there is kept too");
    // However often it runs, neither side is lost and nothing is duplicated.
    for more in [&[][..], &["--full"], &[]] {
        assert_eq!(stage.pull(more).exit, Exit::NeedsYou);
        assert_eq!(stage.cards_here().len(), 3);
    }
    stage.fake.put("contacts", &name(1), card(1, "theirs again"));
    assert_eq!(stage.pull(&[]).exit, Exit::NeedsYou);
    assert!(stage.cards_here().contains(&card(1, "mine")));
}

#[test]
fn a_conflict_is_over_when_both_sides_agree_again() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.pull(&["--addressbook", "Contacts"]);
    stage.configure("conflict = \"ask\"");
    assert_eq!(import(&stage, &card(1, "mine"), &["--update"]).exit, Exit::Done);
    stage.fake.put("contacts", &name(1), card(1, "theirs"));
    assert_eq!(stage.pull(&[]).exit, Exit::NeedsYou);
    stage.fake.put("contacts", &name(1), card(1, "mine"));
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_equal("agreed");
    stage.fake.put("contacts", &name(1), card(1, "theirs"));
    assert_eq!(stage.pull(&[]).exit, Exit::Done);
    stage.assert_equal("in step from then on");
}

#[test]
fn an_edit_here_stays_unsent_and_meets_no_overwrite() {
    let stage = Stage::with_cards(Knobs::default(), 5);
    stage.pull(&[]);
    assert_eq!(import(&stage, &card(2, "mine"), &["--update"]).exit, Exit::Done);
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{}", ran.err);
    assert_eq!(report["books"][0]["pending_edits"], 1);

    // Re-served without a change, it is still only edited here.
    stage.fake.touch("contacts", &name(2));
    assert_eq!(stage.pull(&["--full"]).exit, Exit::Done);
    assert!(stage.cards_here().contains(&card(2, "mine")));

    // Edited on both sides: the server's note stands, the other is kept.
    stage.fake.put("contacts", &name(2), card(2, "theirs"));
    let ran = stage.pull(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    stage.assert_same("the same note was edited");
    let past = stage.repo().history(None, Page::first(10)).unwrap();
    assert!(past.iter().any(|past| past.before == card(2, "mine").as_bytes()));

    // Deleted there: an edit beats a deletion.
    assert_eq!(import(&stage, &card(2, "mine"), &["--update"]).exit, Exit::Done);
    stage.fake.delete("contacts", &name(2));
    let ran = stage.pull(&[]);
    assert!(stage.cards_here().contains(&card(2, "mine")), "{ran:?}");
    assert_eq!(stage.cards_here().len(), 5);
}

/// A server whose folder was filled anew gives the names of some cards to others.
#[test]
fn an_edit_is_never_sent_to_somebody_else_in_the_place_of_a_card() {
    let person = |who: &str| {
        format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{who}\r\nFN:{who}\r\nN:;{who};;;\r\nNOTE:about {who}\r\nEND:VCARD\r\n"
        )
    };
    // (who is at 1.vcf and 2.vcf afterwards)
    for after in [["Bob", "Ada"], ["Zoe", "Bob"], ["Zoe", "Ada"]] {
        let stage = Stage::with_cards(Knobs::default(), 0);
        for (href, who) in [("1.vcf", "Ada"), ("2.vcf", "Bob"), ("3.vcf", "Eve")] {
            stage.fake.put("contacts", href, person(who));
        }
        assert_eq!(stage.sync(&[]).exit, Exit::Done);
        assert_eq!(stage.run(&["edit", "Ada", "--phone", "work=+1 555 010"]).exit, Exit::Done);
        for (href, who) in ["1.vcf", "2.vcf"].iter().zip(after) {
            stage.fake.put("contacts", href, person(who));
        }
        for _ in 0..4 {
            stage.sync(&[]);
        }
        for (href, who) in ["1.vcf", "2.vcf"].iter().zip(after) {
            let there = stage.fake.card("contacts", href).unwrap_or_default();
            let there = String::from_utf8_lossy(&there).into_owned();
            assert!(there.contains(&format!("FN:{who}\r\n")), "{after:?} {href}: {there}");
            assert!(who == "Ada" || !there.contains("555 010"), "{after:?} {href}: {there}");
        }
        let here = stage.cards_here();
        let edited = |card: &&String| card.contains("FN:Ada") && card.contains("555 010");
        assert_eq!(here.iter().filter(edited).count(), 1, "{after:?} {here:#?}");
    }
}
