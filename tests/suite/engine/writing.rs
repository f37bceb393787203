//! Writing where it cannot go well: books that take nothing, restored stores and servers, lost state,
//! wrong clocks. Edits stay, nothing is deleted in masses, nobody is there twice.

use contactcmd::Exit;
use contactcmd_domain::sync::guard::Side;
use contactcmd_ports::{ContactRepo, Page};
use contactcmd_tests::fake::{
    Access, Fault, FutureToken, Knobs, MaxSize, PrunedToken, ReadOnlyPrivileges, ReadOnlyPut,
};

use super::stage::{Stage, WEEK, card, name};

/// Two more runs: nothing is written, here or there.
fn assert_settled(stage: &Stage, when: &str) {
    stage.sync(&[]);
    let (writes, cards) = (stage.writes(), stage.cards_here());
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{when}: {ran:?}");
    assert_eq!((stage.writes(), stage.cards_here()), (writes, cards), "{when}: {ran:?}");
    stage.assert_no_sins();
}

fn holds(cards: &[String], text: &str) -> bool {
    cards.iter().any(|card| card.contains(text))
}

#[test]
fn a_book_that_takes_nothing_leaves_every_edit_here() {
    type Turn = fn(&Stage);
    let read_only = |stage: &Stage| {
        stage.fake.set_book("contacts", |book| book.access = Access::ReadOnly);
    };
    // (what is wrong with the book, how it becomes so, what the run ends with)
    let cases: [(&str, Turn, Exit); 5] = [
        ("read-only", read_only, Exit::NeedsYou),
        (
            "read-only, and 405",
            |stage| {
                stage.fake.set(|knobs| knobs.readonly_put = ReadOnlyPut::NotAllowed);
                stage.fake.set_book("contacts", |book| book.access = Access::ReadOnly);
            },
            Exit::NeedsYou,
        ),
        (
            "PUTs answer 404",
            |stage| {
                stage.fake.set(|knobs| {
                    knobs.readonly_put = ReadOnlyPut::NotFound;
                    knobs.readonly_privileges = ReadOnlyPrivileges::Hidden;
                });
                stage.fake.set_book("contacts", |book| book.access = Access::ReadOnly);
            },
            Exit::NeedsYou,
        ),
        (
            "full",
            |stage| {
                stage.fake.set(|knobs| knobs.max_size = Some(MaxSize { bytes: 1, status: 507 }))
            },
            Exit::NeedsYou,
        ),
        ("gone", |stage| stage.fake.remove_book("contacts"), Exit::Server),
    ];
    for (what, turn, exit) in cases {
        let stage = Stage::with_cards(Knobs::default(), 5);
        stage.sync(&[]);
        let backup = stage.fake.backup();
        stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
        let here = stage.cards_here();
        turn(&stage);
        for _ in 0..3 {
            let (ran, report) = stage.sync_report(&[]);
            assert_eq!(ran.exit, exit, "{what}: {ran:?}");
            assert_eq!(stage.cards_here(), here, "{what}: nothing is lost here");
            if exit == Exit::NeedsYou {
                assert_eq!(report["books"][0]["pending_edits"], 2, "{what}: {report}");
                let there = stage.cards_there();
                assert_eq!(there.len(), 5, "{what}");
                assert!(!holds(&there, "edited here"), "{what}");
            } else {
                assert!(report["books"][0]["error"].is_string(), "{what}: {report}");
            }
        }
        // A PUT under a precondition that is not seen to hold is tried once a run and no more.
        assert!(stage.writes() <= 8, "{what}: {} writes", stage.writes());

        stage.fake.set(|knobs| *knobs = Knobs::default());
        stage.fake.restore(&backup);
        stage.import(&card(1, "edited again"));
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{what}, mended: {ran:?}");
        stage.assert_same(what);
        assert_eq!(stage.cards_there().len(), 6, "{what}");
        assert!(holds(&stage.cards_there(), "edited again"), "{what}");
        assert_settled(&stage, what);
    }
}

#[test]
fn a_store_restored_from_a_backup_catches_up_and_undoes_nothing() {
    for pruned in [PrunedToken::Bad, PrunedToken::Forgets] {
        let stage = Stage::with_cards(Knobs { pruned_token: pruned, ..Knobs::default() }, 30);
        stage.sync(&[]);
        // One edit is in the backup and not yet on the server.
        stage.import(&card(5, "edited before"));
        stage.save_store();

        stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
        stage.delete("uid-0002");
        stage.fake.put("contacts", &name(3), card(3, "edited there"));
        stage.fake.put("contacts", &name(60), card(60, "new there"));
        stage.fake.delete("contacts", &name(4));
        assert_eq!(stage.sync(&[]).exit, Exit::Done);
        let (there, writes) = (stage.cards_there(), stage.writes());
        stage.fake.prune("contacts");

        stage.restore_store();
        stage.now.set(stage.now.get() + WEEK);
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{pruned:?}: {ran:?}");
        stage.assert_same("caught up");
        assert_eq!(stage.cards_there(), there, "{pruned:?}: the server knew better");
        assert_eq!(stage.writes(), writes, "{pruned:?}: nothing was sent");
        assert_settled(&stage, "after the store was restored");
    }
}

#[test]
fn a_server_restored_from_a_backup_takes_no_contact_away_in_silence() {
    for future in [FutureToken::Bad, FutureToken::Nothing, FutureToken::Echo] {
        for added in [3, 30] {
            let case = format!("{future:?}, {added} added");
            let stage = Stage::with_cards(Knobs { future_token: future, ..Knobs::default() }, 40);
            stage.sync(&[]);
            let backup = stage.fake.backup();
            let new: String = (100..100 + added).map(|number| card(number, "new")).collect();
            stage.import(&(new + &card(1, "edited here")));
            assert_eq!(stage.sync(&[]).exit, Exit::Done, "{case}");
            stage.fake.restore(&backup);

            let ran = stage.sync(&["--full"]);
            if added == 30 {
                // More than a quarter of the book: somebody has to say that this is right.
                assert_eq!(ran.exit, Exit::Guard, "{case}: {ran:?}");
                assert!(holds(&stage.cards_here(), "edited here"), "{case}");
                assert_eq!(stage.cards_here().len(), 70, "{case}");
                continue;
            }
            assert_eq!(ran.exit, Exit::Done, "{case}: {ran:?}");
            stage.assert_same(&case);
            assert_eq!(stage.cards_there().len(), 40, "{case}");
            let past = stage.repo().history(None, Page::first(100)).unwrap();
            let kept: Vec<String> =
                past.iter().map(|one| String::from_utf8_lossy(&one.before).into_owned()).collect();
            for text in ["edited here", "uid-0100", "uid-0101", "uid-0102"] {
                assert!(holds(&kept, text), "{case}: {text}");
            }
            for line in ["- Card 0100 Number", "- Card 0102 Number", "~ Card 0001 Number"] {
                assert!(ran.out.contains(line), "{case}: {line}: {ran:?}");
            }
            assert_settled(&stage, &case);
        }
    }
}

#[test]
fn what_the_server_refused_leaves_no_trace_in_the_history() {
    for (method, status) in [("PUT", 403), ("PUT", 413), ("PUT", 507), ("DELETE", 403)] {
        let case = format!("{method} {status}");
        let stage = Stage::with_cards(Knobs::default(), 12);
        stage.sync(&[]);
        match method {
            "PUT" => drop(stage.import(&card(1, "edited here"))),
            _ => stage.delete("uid-0001"),
        }
        let kept = || {
            (stage.repo().runs(99).unwrap(), stage.repo().history(None, Page::first(99)).unwrap())
        };
        let before = kept();
        for _ in 0..3 {
            stage.fake.fail_method(method, 1, Fault::Status(status, None));
            let ran = stage.sync(&["--full"]);
            assert_eq!(ran.exit, Exit::NeedsYou, "{case}: {ran:?}");
            assert_eq!(kept(), before, "{case}");
        }
        let ran = stage.sync(&["--full"]);
        assert_eq!(ran.exit, Exit::Done, "{case}: {ran:?}");
        let there = kept().1.into_iter().filter(|past| past.side == Side::There).count();
        assert_eq!(there, 1, "{case}: now it was done");
        assert_settled(&stage, &case);
    }
}

#[test]
fn a_restored_server_that_hides_it_is_found_out_within_a_week() {
    for future in [FutureToken::Nothing, FutureToken::Echo] {
        let stage = Stage::with_cards(Knobs { future_token: future, ..Knobs::default() }, 40);
        stage.sync(&[]);
        let backup = stage.fake.backup();
        stage.import(&card(1, "edited here"));
        stage.sync(&[]);
        stage.fake.restore(&backup);
        stage.import(&card(1, "edited again"));
        stage.sync(&[]);
        stage.now.set(stage.now.get() + WEEK);
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{future:?}: {ran:?}");
        stage.assert_same("a week later");
        // Both sides changed since they last agreed: the server's note stands, the other is kept.
        let past = stage.repo().history(None, Page::first(100)).unwrap();
        let kept = past.iter().any(|one| one.before == card(1, "edited again").as_bytes());
        assert!(kept, "{future:?}: {past:#?}");
    }
}

#[test]
fn a_lost_store_is_made_anew_from_the_server() {
    let stage = Stage::with_cards(Knobs::default(), 30);
    stage.sync(&[]);
    let (there, writes) = (stage.cards_there(), stage.writes());
    stage.lose_store();
    let (ran, report) = stage.sync_report(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(report["books"][0]["here"]["created"], 30, "{report}");
    assert_eq!((stage.cards_there(), stage.writes()), (there, writes), "nothing was sent");
    stage.assert_same("anew");
    assert_settled(&stage, "anew");
}

#[test]
fn contacts_whose_links_are_lost_are_linked_again() {
    // The store is lost, and filled again from an export: with the UIDs, and without.
    for uids in [true, false] {
        let stage = Stage::with_cards(Knobs::default(), 30);
        stage.sync(&[]);
        let cards = stage.cards_here();
        let writes = stage.writes();
        stage.lose_store();
        let without = |card: &String| {
            let lines = card.split_inclusive('\n');
            lines.filter(|line| uids || !line.starts_with("UID:")).collect::<String>()
        };
        stage.import(&cards.iter().map(without).collect::<String>());
        // One of them was edited on each side meanwhile, where a UID can tell.
        if uids {
            stage.import(&card(1, "edited here").replace("FN:Card", "TEL:+1 555 010\r\nFN:Card"));
            stage.fake.put("contacts", &name(2), card(2, "edited there"));
        }
        let (ran, report) = stage.sync_report(&[]);
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        let linked = if uids { 28 } else { 30 };
        assert_eq!(report["books"][0]["linked"], linked, "{report}");
        assert_eq!(stage.cards_there().len(), 30);
        stage.assert_same("linked again");
        let all = stage.cards_there().concat();
        if uids {
            assert!(all.contains("+1 555 010") && all.contains("edited there"), "{all}");
        }
        assert!(stage.writes() <= writes + 2, "{} writes", stage.writes());
        assert_settled(&stage, "linked again");
    }
}

#[test]
fn a_wrong_clock_changes_nothing() {
    let years = |count: i64| count * 365 * 24 * 60 * 60 * 1000;
    for wrong in [0, years(130)] {
        for first in [true, false] {
            let stage = Stage::with_cards(Knobs::default(), 30);
            let right = stage.now.get();
            if first {
                stage.now.set(wrong);
            }
            assert_eq!(stage.sync(&[]).exit, Exit::Done);
            stage.now.set(if first { right } else { wrong });
            let (cards, there) = (stage.cards_here(), stage.cards_there());
            for _ in 0..2 {
                let ran = stage.sync(&[]);
                assert_eq!(ran.exit, Exit::Done, "{wrong}: {ran:?}");
                assert_eq!(stage.writes(), 0, "{wrong}: {ran:?}");
                assert_eq!(
                    (stage.cards_here(), stage.cards_there()),
                    (cards.clone(), there.clone())
                );
            }
            // Which edit is the newer is nobody's guess: it goes by what both sides agreed on.
            stage.import(&card(1, "edited here"));
            stage.fake.put("contacts", &name(2), card(2, "edited there"));
            stage.delete("uid-0003");
            assert_eq!(stage.sync(&[]).exit, Exit::Done);
            stage.now.set(right);
            assert_eq!(stage.sync(&[]).exit, Exit::Done);
            stage.assert_same("with either clock");
            assert_eq!(stage.cards_there().len(), 29);
            assert_settled(&stage, "with the right clock");
        }
    }
}

#[test]
fn a_deletion_that_was_refused_is_sent_again_once_it_may_be() {
    let stage = Stage::with_cards(Knobs::default(), 5);
    stage.sync(&[]);
    stage.fake.set(|knobs| {
        // As Nextcloud's shares: readable, and a 404 for every write (Q16).
        knobs.readonly_put = ReadOnlyPut::NotFound;
        knobs.readonly_privileges = ReadOnlyPrivileges::Hidden;
    });
    stage.fake.set_book("contacts", |book| book.access = Access::ReadOnly);
    stage.delete("uid-0002");
    for _ in 0..2 {
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::NeedsYou, "{ran:?}");
        assert_eq!(stage.cards_there().len(), 5);
    }
    stage.fake.set_book("contacts", |book| book.access = Access::ReadWrite);
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert_eq!(stage.cards_there().len(), 4, "nobody can edit what was deleted");
    assert_settled(&stage, "after it was taken");
}

#[test]
fn what_the_server_changed_arrives_though_the_edit_here_is_too_large_for_it() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.sync(&[]);
    stage.fake.set(|knobs| {
        knobs.max_size = Some(MaxSize { bytes: 5_000, status: 413 });
    });
    stage.pull(&["--full"]);
    let long = "long ".repeat(2_000);
    stage.import(&card(1, &long));
    let there = card(1, "1").replace("END:VCARD", "NICKNAME:Nick\r\nEND:VCARD");
    stage.fake.put("contacts", &name(1), there);
    for _ in 0..2 {
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::NeedsYou, "{ran:?}");
        let here = stage.cards_here();
        assert!(holds(&here, "Nick") && holds(&here, "long long"), "{here:?}");
    }
    assert!(!holds(&stage.cards_there(), "long long"));
}
