//! Guards: a run that would delete too much stops before its first write.

use contactcmd::Exit;
use contactcmd_tests::fake::Knobs;

use super::stage::{Stage, card, counts, name};

#[test]
fn a_book_that_shrinks_to_nothing_is_kept_until_it_is_allowed() {
    for full in [false, true] {
        let more: &[&str] = if full { &["--full"] } else { &[] };
        let stage = Stage::with_cards(Knobs::default(), 300);
        stage.pull(&[]);
        for number in 0..300 {
            stage.fake.delete("contacts", &name(number));
        }
        let before = std::fs::read(stage.database()).unwrap();
        let ran = stage.pull(more);
        assert_eq!(ran.exit, Exit::Guard, "{}", ran.err);
        assert!(ran.err.contains("all 300 contacts"), "{}", ran.err);
        assert!(ran.err.contains("Card 0000 Number"), "{}", ran.err);
        assert!(ran.err.contains("--max-delete 300"), "{}", ran.err);
        assert!(before == std::fs::read(stage.database()).unwrap(), "the database changed");
        // The token was not stored: the next run stops at the same place.
        assert_eq!(stage.pull(more).exit, Exit::Guard);
        assert_eq!(stage.cards_here().len(), 300);
        let (ran, report) = stage.report(&["--max-delete", "300"]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 300]), "{}", ran.err);
    }
}

#[test]
fn the_limit_counts_in_both_forms() {
    // (deleted there of 100, limit, exit)
    let cases = [
        (25, None, Exit::Done),
        (26, None, Exit::Guard),
        (26, Some("26"), Exit::Done),
        (26, Some("25"), Exit::Guard),
        (60, Some("60%"), Exit::Done),
        (60, Some("59%"), Exit::Guard),
        (60, Some("lots"), Exit::Usage),
    ];
    for (deleted, limit, exit) in cases {
        let stage = Stage::with_cards(Knobs::default(), 100);
        stage.pull(&[]);
        for number in 0..deleted {
            stage.fake.delete("contacts", &name(number));
        }
        let more: Vec<&str> = limit.map(|limit| vec!["--max-delete", limit]).unwrap_or_default();
        let ran = stage.pull(&more);
        assert_eq!(ran.exit, exit, "{deleted} {limit:?}: {}", ran.err);
        let left = if exit == Exit::Done { 100 - deleted } else { 100 };
        assert_eq!(stage.cards_here().len(), left, "{deleted} {limit:?}");
    }
}

#[test]
fn what_is_deleted_leaves_its_text_in_the_history() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.pull(&[]);
    stage.fake.delete("contacts", &name(1));
    stage.fake.put("contacts", &name(2), card(2, "edited"));
    stage.pull(&[]);
    let database = std::fs::read(stage.database()).unwrap();
    let wal = std::fs::read(stage.database().with_extension("db-wal")).unwrap_or_default();
    let kept = |text: &str| {
        let text = text.as_bytes();
        [&database, &wal].iter().any(|file| file.windows(text.len()).any(|part| part == text))
    };
    assert!(kept(&card(1, "1")), "the deleted card");
    assert!(kept(&card(2, "1")), "the card before it was changed");
}

#[test]
fn push_and_sync_are_not_there_yet() {
    let stage = Stage::with_cards(Knobs::default(), 1);
    for direction in ["push", "sync"] {
        let ran = stage.pull(&["--direction", direction]);
        assert_eq!(ran.exit, Exit::Usage);
        assert!(ran.err.contains("not there yet"), "{}", ran.err);
    }
    assert_eq!(stage.fake.requests(), 0);
}
