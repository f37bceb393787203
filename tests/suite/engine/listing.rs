//! Listings that lie, are cut, or forget: absence is deletion only where it is proven.

use contactcmd::Exit;
use contactcmd_tests::fake::{
    BadToken, Duplicates, ETagForm, EmptyToken, ForeignMembers, FutureToken, Knobs, ListingProps,
    Mood, MultigetMissing, PageToken, PrunedToken, SelfEntry, SyncSupport, TokenForm,
    TombstoneStyle,
};

use super::stage::{Stage, WEEK, card, counts, name};

#[test]
fn t10_a_refused_token_means_one_full_comparison_and_no_data_change() {
    let moods = [
        BadToken::Forbidden,
        BadToken::BareForbidden,
        BadToken::PreconditionFailed,
        BadToken::BadRequest,
        BadToken::Status(409),
        BadToken::Status(410),
        BadToken::Status(422),
        BadToken::Status(500),
        BadToken::Status(507),
    ];
    for mood in moods {
        let stage = Stage::with_cards(Knobs { bad_token: mood, ..Knobs::default() }, 40);
        stage.pull(&[]);
        stage.fake.delete("contacts", &name(5));
        stage.fake.put("contacts", &name(6), card(6, "edited"));
        stage.fake.prune("contacts");
        let (ran, report) = stage.report(&[]);
        assert_eq!(ran.exit, Exit::Done, "{mood:?}: {}", ran.err);
        assert_eq!(report["books"][0]["full"], true, "{mood:?}");
        assert_eq!(counts(&report), [0, 1, 1], "{mood:?}");
        stage.assert_equal(&format!("{mood:?}"));
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{mood:?}");
        assert_eq!(report["books"][0]["full"], false, "{mood:?}: the new token was stored");
    }
}

#[test]
fn t09_what_a_silent_server_forgot_is_found_within_a_week() {
    // Q55, Q65, Q69: also what a token of whole seconds steps over.
    let forgetful = [
        ("pruned", Knobs { pruned_token: PrunedToken::Forgets, ..Knobs::default() }),
        ("accepts", Knobs { bad_token: BadToken::AcceptSilently, ..Knobs::default() }),
        ("untold", Knobs { tombstone_style: TombstoneStyle::Untold, ..Knobs::default() }),
    ];
    for (kind, knobs) in forgetful {
        let stage = Stage::with_cards(knobs, 40);
        stage.pull(&[]);
        stage.fake.delete("contacts", &name(5));
        stage.fake.put("contacts", &name(6), card(6, "edited"));
        stage.fake.prune("contacts");
        stage.pull(&[]);
        stage.now.set(stage.now.get() + WEEK);
        let (ran, report) = stage.report(&[]);
        assert_eq!(ran.exit, Exit::Done, "{kind}: {}", ran.err);
        assert_eq!(report["books"][0]["full"], true, "{kind}");
        stage.assert_equal(kind);
    }
}

#[test]
fn a_full_list_in_place_of_a_delta_is_compared_as_a_whole() {
    for mood in [BadToken::FullListSilently, BadToken::FullListWithDeletions] {
        let stage = Stage::with_cards(Knobs { bad_token: mood, ..Knobs::default() }, 40);
        stage.pull(&[]);
        stage.fake.delete("contacts", &name(5));
        stage.fake.put("contacts", &name(6), card(6, "edited"));
        stage.fake.prune("contacts");
        let (ran, report) = stage.report(&[]);
        assert_eq!(ran.exit, Exit::Done, "{mood:?}: {}", ran.err);
        assert_eq!(counts(&report), [0, 1, 1], "{mood:?}");
        stage.assert_equal(&format!("{mood:?}"));
    }
}

#[test]
fn t09_a_server_restored_from_a_backup_gives_back_what_it_had() {
    // Q56.
    for mood in [FutureToken::Bad, FutureToken::Nothing, FutureToken::Echo] {
        let stage = Stage::with_cards(Knobs { future_token: mood, ..Knobs::default() }, 40);
        stage.pull(&[]);
        let backup = stage.fake.backup();
        stage.fake.put("contacts", &name(6), card(6, "edited"));
        stage.fake.put("contacts", &name(77), card(77, "new"));
        stage.pull(&[]);
        stage.fake.restore(&backup);
        stage.pull(&[]);
        stage.now.set(stage.now.get() + WEEK);
        let (ran, _) = stage.report(&[]);
        assert_eq!(ran.exit, Exit::Done, "{mood:?}: {}", ran.err);
        stage.assert_equal(&format!("{mood:?}"));
    }
}

#[test]
fn t09_counters_as_etags_do_not_hide_a_card_that_was_made_anew() {
    // Q133.
    let knobs = Knobs { etag_form: ETagForm::Counter, ..Knobs::default() };
    let stage = Stage::with_cards(knobs, 12);
    stage.pull(&[]);
    stage.fake.delete("contacts", &name(3));
    stage.fake.put("contacts", &name(3), card(3, "another"));
    stage.fake.prune("contacts");
    let (ran, _) = stage.report(&[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    stage.assert_equal("after a full comparison");
}

#[test]
fn paged_reports_bring_every_card_once() {
    for token_form in [TokenForm::Sabre, TokenForm::Data, TokenForm::Hex] {
        let knobs = Knobs { page_size: Some(30), token_form, ..Knobs::default() };
        let stage = Stage::with_cards(knobs, 100);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [100, 0, 0]), "{}", ran.err);
        stage.assert_equal("first run");
        for number in 0..40 {
            stage.fake.put("contacts", &name(number), card(number, "edited"));
        }
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 40, 0]), "{}", ran.err);
        stage.assert_equal("second run");
    }
}

#[test]
fn t07_a_page_that_leads_nowhere_ends_in_a_listing() {
    let knobs = Knobs { page_size: Some(30), page_token: PageToken::Same, ..Knobs::default() };
    let stage = Stage::with_cards(knobs, 100);
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [100, 0, 0]), "{}", ran.err);
    assert!(stage.fake.requests() < 60, "{} requests", stage.fake.requests());
}

#[test]
fn t08_a_server_that_cannot_list_its_whole_book_loses_nothing_and_says_so() {
    let knobs = Knobs {
        page_size: Some(50),
        page_token: PageToken::NowOnFirst,
        listing_limit: Some(50),
        ..Knobs::default()
    };
    let stage = Stage::with_cards(knobs.clone(), 40);
    stage.pull(&[]);
    assert_eq!(stage.cards_here().len(), 40);
    for number in 40..80 {
        stage.fake.put("contacts", &name(number), card(number, "1"));
    }
    let (ran, report) = stage.report(&["--full"]);
    assert_eq!(ran.exit, Exit::NeedsYou, "{}", ran.err);
    assert_eq!(counts(&report)[2], 0, "nothing is deleted");
    assert!(stage.cards_here().len() >= 50);
    // Lifted, everything arrives, and the note is settled.
    stage.fake.set(|knobs| (knobs.page_size, knobs.listing_limit) = (None, None));
    let (ran, _) = stage.report(&["--full"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    stage.assert_equal("after the limit was lifted");
}

#[test]
fn odd_rows_in_reports_and_listings_change_nothing() {
    let oddities = [
        ("self", Knobs { self_in_report: SelfEntry::Always, ..Knobs::default() }),
        ("self gone", Knobs { self_in_report: SelfEntry::AlwaysGone, ..Knobs::default() }),
        ("ghosts", Knobs { ghost_404: 5, ..Knobs::default() }),
        ("teapot", Knobs { tombstone_style: TombstoneStyle::Teapot, ..Knobs::default() }),
        ("beside", Knobs { tombstone_style: TombstoneStyle::BesidePropstat, ..Knobs::default() }),
        ("twice", Knobs { duplicates: Duplicates::Twice, ..Knobs::default() }),
        ("foreign", Knobs { foreign_members: ForeignMembers::Some, ..Knobs::default() }),
        ("empty token", Knobs { empty_token: EmptyToken::BadRequest, ..Knobs::default() }),
        ("old 404s", Knobs { empty_token: EmptyToken::ListsDeletionsToo, ..Knobs::default() }),
        ("omits", Knobs { multiget_missing: MultigetMissing::Omitted, ..Knobs::default() }),
        ("decoded", Knobs { multiget_missing: MultigetMissing::Decoded404, ..Knobs::default() }),
        (
            "whole 404",
            Knobs { multiget_missing: MultigetMissing::WholeReport404, ..Knobs::default() },
        ),
    ];
    for (kind, knobs) in oddities {
        let stage = Stage::with_cards(knobs, 30);
        stage.fake.delete("contacts", &name(29));
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [29, 0, 0]), "{kind}: {}", ran.err);
        stage.fake.delete("contacts", &name(5));
        stage.fake.put("contacts", &name(6), card(6, "edited"));
        for more in [&[][..], &["--full"]] {
            let (ran, _) = stage.report(more);
            assert_eq!(ran.exit, Exit::Done, "{kind}: {}", ran.err);
            stage.assert_equal(kind);
        }
    }
}

#[test]
fn a_book_without_sync_collection_is_compared_by_ctag_and_listing() {
    let refusals = [
        SyncSupport::Forbidden,
        SyncSupport::Unsupported,
        SyncSupport::NotImplemented,
        SyncSupport::NotAllowed,
        SyncSupport::NoToken,
    ];
    for sync in refusals {
        let stage = Stage::with_cards(Knobs { sync, ..Knobs::default() }, 30);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [30, 0, 0]), "{sync:?}: {}", ran.err);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{sync:?}: {}", ran.err);
        assert_eq!(report["books"][0]["requests"], 1, "{sync:?}: the ctag suffices");
        stage.fake.delete("contacts", &name(5));
        stage.fake.put("contacts", &name(6), card(6, "edited"));
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 1, 1]), "{sync:?}: {}", ran.err);
        stage.assert_equal(&format!("{sync:?}"));
    }
}

#[test]
fn a_book_that_seems_empty_or_gone_deletes_nothing() {
    let failed: &[Exit] = &[Exit::Server];
    let stopped: &[Exit] = &[Exit::Server, Exit::Guard];
    let moods = [
        (Mood::HtmlPage, failed),
        (Mood::RedirectToLogin, failed),
        (Mood::EmptyMultistatus, stopped),
        (Mood::EmptyBody, failed),
        (Mood::BookGone, failed),
        (Mood::BookEmptied, stopped),
        (Mood::Status(503, None), failed),
        (Mood::Status(500, None), failed),
    ];
    for (mood, exits) in moods {
        for more in [&[][..], &["--full"]] {
            let stage = Stage::with_cards(Knobs::default(), 300);
            stage.pull(&[]);
            stage.fake.set(|knobs| knobs.mood = mood);
            let ran = stage.pull(more);
            // A report that says "nothing happened" in good order is believed for this run.
            let quiet = mood == Mood::BookEmptied && more.is_empty() && ran.exit == Exit::Done;
            assert!(quiet || exits.contains(&ran.exit), "{mood:?} {more:?}: {ran:?}");
            assert_eq!(stage.cards_here().len(), 300, "{mood:?}");
            assert!(quiet || ran.err.contains("error: "), "{mood:?}: {}", ran.err);
        }
    }
}

#[test]
fn a_server_without_etags_is_fetched_anew_and_changes_nothing() {
    for listing in [ListingProps::EmptyETags, ListingProps::NoETags, ListingProps::NoContentType] {
        let stage = Stage::with_cards(Knobs { listing, ..Knobs::default() }, 20);
        stage.pull(&[]);
        let (ran, report) = stage.report(&["--full"]);
        assert_eq!(
            (ran.exit, counts(&report)),
            (Exit::Done, [0, 0, 0]),
            "{listing:?}: {}",
            ran.err
        );
        stage.assert_equal(&format!("{listing:?}"));
    }
}
