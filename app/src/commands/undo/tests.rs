use contactcmd_domain::dav::ETag;
use contactcmd_domain::sync::snapshot::{Here, Link};
use contactcmd_domain::vcard::{Card, index};
use contactcmd_ports::{Change, Conflict, ContactRepo, Editor, NewContact, Page, RunId, Why};

use crate::Exit;
use crate::commands::desk::{Desk, card, conflict, href, link, replace};
use crate::commands::testing::id;

mod asking;

const ADA: &str = "UID:a|FN:Ada|TEL;TYPE=WORK:1";
const EDITED: &str = "UID:a|FN:Ada|TEL;TYPE=WORK:2";
const AGAIN: &str = "UID:a|FN:Ada|TEL;TYPE=WORK:3";

/// Ada, linked.
fn desk() -> Desk {
    let desk = Desk::new();
    let ada = desk.linked(1, ADA);
    desk.sync(&[ada]);
    desk
}

fn bury() -> Change {
    Change::Bury { contact: id(1), why: Why("deleted here".into()) }
}

fn delete() -> Change {
    Change::Delete { contact: id(1), why: Why("deleted on the server".into()) }
}

/// What a sync notes before it replaces or deletes the card on the server.
fn remember(after: Option<&str>) -> Change {
    Change::Remember {
        contact: id(1),
        name: "Ada".into(),
        before: card(ADA).into_bytes(),
        after: after.map(|after| card(after).into_bytes()),
        why: Why("edited here".into()),
    }
}

/// What a sync stores once the server has this card.
fn agreed(desk: &Desk, served: &str) -> Change {
    let (contact, book) = (id(1), desk.book());
    Change::Link { contact, book, link: Link { etag: ETag::new("\"2\""), ..link(1, served, 1) } }
}

fn here(desk: &Desk) -> Option<Here> {
    let book = desk.book();
    desk.repo().linked(id(1), book).unwrap().map(|linked| linked.here())
}

#[test]
fn what_a_run_did_is_taken_back_as_an_edit_made_here() {
    use Here::Edited;
    let layout = "FN:Ada|UID:a|TEL;TYPE=WORK:2";
    // (before the run, the run) -> line, card afterwards, what the next sync sends
    type Case<'a> = (&'a [Change], &'a [Change], &'a str, &'a str, Option<Here>);
    let edit = || replace(1, EDITED, Editor::User);
    let cases: [Case<'_>; 8] = [
        (&[], &[edit()], "~ Ada   phone work changed", ADA, Some(Edited)),
        (&[], &[replace(1, EDITED, Editor::Sync)], "~ Ada   phone work changed", ADA, Some(Edited)),
        (&[], &[bury()], "+ Ada   comes back", ADA, Some(Edited)),
        (&[], &[delete()], "+ Ada   comes back", ADA, Some(Edited)),
        (
            &[],
            &[edit(), replace(1, AGAIN, Editor::User), delete()],
            "+ Ada   comes back",
            ADA,
            Some(Edited),
        ),
        // It was sent, and only its layout changed here: what the server had comes back.
        (
            &[edit()],
            &[remember(Some(EDITED)), agreed(&Desk::new(), EDITED)],
            "~ Ada   phone work changed",
            ADA,
            Some(Edited),
        ),
        (
            &[edit()],
            &[
                remember(Some(EDITED)),
                replace(1, layout, Editor::Sync),
                agreed(&Desk::new(), layout),
            ],
            "~ Ada   phone work changed",
            ADA,
            Some(Edited),
        ),
        // The deletion was carried to the server.
        (&[bury()], &[remember(None), delete()], "+ Ada   comes back", ADA, Some(Edited)),
    ];
    for (number, (before, changes, line, text, sent)) in cases.into_iter().enumerate() {
        let desk = desk();
        if !before.is_empty() {
            desk.sync(before);
        }
        desk.sync(changes);
        let looked = desk.done(&["undo", "--dry-run"]);
        let printed = desk.done(&["undo", "--yes"]);
        assert_eq!(printed, format!("{line}\n"), "case {number}");
        assert_eq!(looked, printed, "a dry run prints the same");
        assert_eq!(desk.text(id(1)).as_deref(), Some(text), "case {number}");
        assert_eq!(here(&desk), sent, "case {number}");
        assert!(desk.stage.stderr().contains("tells the server"), "case {number}");
    }
}

#[test]
fn who_comes_back_belongs_in_the_book_it_was_in() {
    let desk = desk();
    desk.another_book();
    desk.sync(&[delete()]);
    let line = "+ Ada   comes back, in Contacts of work\n";
    assert_eq!(desk.done(&["undo", "--dry-run"]), line);
    assert_eq!(desk.done(&["undo", "--yes"]), line);
    let book = desk.book();
    let linked = desk.repo().linked(id(1), book).unwrap().unwrap();
    assert_eq!(linked.link, Link { base: None, ..link(1, ADA, 0) }, "it is looked at first");

    // Deleted here, carried to the server, and taken back by the run that did the first.
    let run = desk.sync(&[bury()]).0.to_string();
    desk.sync(&[remember(None), delete()]);
    assert_eq!(desk.done(&["undo", &run, "--yes"]), line);
}

#[test]
fn who_comes_back_takes_nobodys_place() {
    let desk = desk();
    let run = desk.sync(&[delete()]).0.to_string();
    let bob = NewContact {
        id: id(2),
        index: index(&Card::parse(card("UID:b|FN:Bob"))),
        vcard: card("UID:b|FN:Bob").into_bytes(),
    };
    let book = desk.book();
    desk.sync(&[Change::Insert { contact: bob, link: Some((book, link(1, "UID:b|FN:Bob", 0))) }]);
    desk.done(&["undo", &run, "--yes"]);
    let repo = desk.repo();
    assert_eq!(repo.linked(id(2), book).unwrap().unwrap().link.href, href(1));
    let ada = repo.linked(id(1), book).unwrap().unwrap().link.href;
    assert_eq!(ada.as_str(), format!("/b/{}-{run}.vcf", id(1)));
}

#[test]
fn what_a_run_added_goes_again() {
    let desk = desk();
    desk.import(&["UID:b|FN:Bob"]);
    assert_eq!(desk.done(&["undo", "--yes"]), "- Bob   goes again\n");
    assert_eq!(desk.repo().gone().unwrap().len(), 1);
    // Ada came from a server: to take that back would delete her there.
    assert_eq!(desk.run(&["undo", "--yes"]), Exit::NeedsYou);
    assert!(desk.text(id(1)).is_some());
    let printed = desk.done(&["undo", "--yes", "--force"]);
    assert!(
        printed.ends_with("- Ada   goes again, and on the server with the next sync\n"),
        "{printed}"
    );
    assert_eq!(desk.text(id(1)), None);
    assert_eq!(here(&desk), Some(Here::Deleted));
    assert_eq!(desk.done(&["undo", "--yes"]), "", "there is nothing left");
}

#[test]
fn an_undo_goes_on_to_the_run_before_and_can_be_undone() {
    let desk = desk();
    let one = desk.sync(&[replace(1, EDITED, Editor::User)]);
    let two = desk.sync(&[bury()]);
    let text = || desk.text(id(1));
    let undo = |run: Option<RunId>| {
        let number = run.map(|run| run.0.to_string());
        let args: Vec<&str> = ["undo", "--yes"].into_iter().chain(number.as_deref()).collect();
        desk.done(&args);
        desk.repo().runs(1).unwrap()[0].id
    };
    let back = undo(None);
    assert_eq!(text().as_deref(), Some(EDITED), "run {two:?} is undone");
    let further = undo(None);
    assert_eq!(text().as_deref(), Some(ADA), "run {one:?} is undone");
    // Back again: the edit, then the deletion.
    undo(Some(further));
    assert_eq!(text().as_deref(), Some(EDITED));
    undo(Some(back));
    assert_eq!(text(), None);
    // An undo that was undone took nothing back, so the deletion is the latest again.
    undo(None);
    assert_eq!(text().as_deref(), Some(EDITED));
}

#[test]
fn a_contact_that_was_changed_again_is_left_unless_forced() {
    let desk = desk();
    let run = desk.sync(&[replace(1, EDITED, Editor::User)]).0.to_string();
    // That the server wrote it anew is no change.
    desk.sync(&[replace(1, "FN:Ada|TEL;TYPE=work:2|UID:a", Editor::Sync)]);
    assert!(desk.done(&["undo", &run, "--dry-run"]).starts_with("~ Ada"));
    desk.sync(&[replace(1, AGAIN, Editor::User)]);
    let runs = desk.runs();
    assert_eq!(desk.run(&["undo", &run, "--yes"]), Exit::NeedsYou);
    assert!(desk.stage.take_stdout().starts_with("! Ada   was changed again since"));
    assert_eq!((desk.text(id(1)).as_deref(), desk.runs()), (Some(AGAIN), runs));
    desk.done(&["undo", &run, "--yes", "--force"]);
    assert_eq!(desk.text(id(1)).as_deref(), Some(ADA));
    let past = desk.repo().history(Some(id(1)), Page::first(1)).unwrap();
    assert_eq!(past[0].before, card(AGAIN).into_bytes(), "it is in the history");
}

#[test]
fn an_added_contact_that_was_edited_since_is_left() {
    let desk = desk();
    desk.sync(&[replace(1, EDITED, Editor::User)]);
    assert_eq!(desk.run(&["undo", "1", "--yes"]), Exit::NeedsYou);
    assert_eq!(desk.text(id(1)).as_deref(), Some(EDITED));
    desk.done(&["undo", "1", "--yes", "--force"]);
    assert_eq!(desk.text(id(1)), None);
}

#[test]
fn a_run_whose_history_is_forgotten_is_not_undone_by_half() {
    let desk = desk();
    desk.import(&["UID:b|FN:Bob", "UID:a|FN:Ada|TEL;TYPE=WORK:2"]);
    desk.sync(&[replace(1, AGAIN, Editor::User)]);
    desk.later(91);
    desk.sync(&[bury()]);
    desk.done(&["undo", "--yes"]);
    assert!(desk.repo().runs(99).unwrap().iter().any(|run| run.id.0 == 2 && run.forgotten));
    // Run 1 only added Ada, but whether she was edited since is not known any more.
    for run in ["1", "2"] {
        assert_eq!(desk.run(&["undo", run, "--yes", "--force"]), Exit::Failed);
        assert!(desk.stage.stderr().contains("history of that time was forgotten"));
    }
    assert_eq!(desk.done(&["undo", "--yes"]), "", "there is nothing else left to undo");
    assert_eq!(desk.text(id(1)).as_deref(), Some(AGAIN));
}

#[test]
fn no_second_contact_of_one_uid_comes_back() {
    let desk = desk();
    let run = desk.sync(&[delete()]).0.to_string();
    desk.import(&[ADA]);
    assert_eq!(desk.run(&["undo", &run, "--yes", "--force"]), Exit::NeedsYou);
    assert!(desk.stage.stdout().ends_with("! Ada   another contact has its UID now: left\n"));
    assert_eq!(desk.text(id(1)), None);
}

#[test]
fn without_a_terminal_it_wants_to_be_told() {
    let desk = desk();
    let runs = desk.runs();
    assert_eq!(desk.run(&["undo"]), Exit::Usage);
    assert!(desk.stage.stderr().contains("--yes"), "{}", desk.stage.stderr());
    assert_eq!(desk.run(&["undo", "99", "--yes"]), Exit::Failed);
    assert_eq!(desk.runs(), runs);
}

const RICHER: &str = "UID:a|FN:Ada|TEL;TYPE=WORK:1|X-SHOE:41";

/// Ada, of whom the server keeps no X-SHOE.
fn richer_here() -> Desk {
    let desk = desk();
    desk.sync(&[replace(1, RICHER, Editor::Sync)]);
    desk
}

#[test]
fn what_the_server_never_kept_stays_when_an_edit_is_taken_back() {
    let desk = richer_here();
    let edited = "UID:a|FN:Ada|TEL;TYPE=WORK:2|X-SHOE:41|NOTE:n";
    let sent = "UID:a|FN:Ada|TEL;TYPE=WORK:2|NOTE:n";
    desk.sync(&[replace(1, edited, Editor::User)]);
    desk.sync(&[remember(Some(edited)), agreed(&desk, sent)]);
    let printed = desk.done(&["undo", "--yes"]);
    assert_eq!(printed, "~ Ada   phone work changed, note removed\n");
    assert_eq!(desk.text(id(1)).as_deref(), Some(RICHER));
}

#[test]
fn what_the_server_never_kept_comes_back_with_the_contact() {
    let desk = richer_here();
    desk.sync(&[bury()]);
    desk.sync(&[remember(None), delete()]);
    assert_eq!(desk.done(&["undo", "--yes"]), "+ Ada   comes back\n");
    assert_eq!(desk.text(id(1)).as_deref(), Some(RICHER));
}

#[test]
fn what_never_arrived_on_the_server_is_not_taken_back_with_the_sync_that_tried() {
    for unsent in [replace(1, EDITED, Editor::User), bury()] {
        let desk = desk();
        let text = || desk.text(id(1));
        desk.sync(&[unsent]);
        let edited = text();
        let sync = desk.sync(&[remember(edited.as_ref().map(|_| EDITED))]).0.to_string();
        assert_eq!(desk.done(&["undo", &sync, "--yes"]), "");
        assert_eq!(text(), edited);
        // The latest that did anything is the edit itself.
        desk.done(&["undo", "--yes"]);
        assert_eq!(text().as_deref(), Some(ADA));
    }
}

const THERE: &str = "UID:a|FN:Ada|TEL;TYPE=WORK:1|NOTE:there";

/// Ada, edited here and there, and nobody has decided.
fn edited_twice() -> Desk {
    let desk = desk();
    desk.sync(&[replace(1, EDITED, Editor::User)]);
    let book = desk.book();
    desk.sync(&[conflict(1, book, [Some(ADA), Some(EDITED), Some(THERE)])]);
    desk
}

#[test]
fn a_decision_that_is_taken_back_waits_again() {
    let cases = [
        ("here", "! Ada   its conflict waits again\n"),
        ("there", "~ Ada   phone work changed, note removed; its conflict waits again\n"),
        ("both", "~ Ada   note removed; its conflict waits again\n"),
    ];
    for (keep, line) in cases {
        let desk = edited_twice();
        let book = desk.book();
        desk.done(&["conflicts", "resolve", "1", "--keep", keep]);
        for how in ["--dry-run", "--yes"] {
            assert_eq!(desk.run(&["undo", how]), Exit::NeedsYou, "{keep}");
            assert_eq!(desk.stage.take_stdout(), line, "{keep}");
        }
        assert_eq!(desk.text(id(1)).as_deref(), Some(EDITED), "{keep}");
        let open = desk.repo().conflicts(None).unwrap();
        let Change::Conflict(was) = conflict(1, book, [Some(ADA), Some(EDITED), Some(THERE)])
        else {
            panic!()
        };
        assert_eq!(open.len(), 1, "{keep}");
        assert_eq!((&open[0].remote, &open[0].base), (&was.remote, &was.base), "{keep}");
        // Without a version, the next sync looks at the card before it sends anything.
        let linked = desk.repo().linked(id(1), book).unwrap().unwrap();
        assert_eq!((linked.here(), linked.link), (Here::Edited, link(1, ADA, 0)), "{keep}");
    }
}

#[test]
fn a_decision_that_the_server_was_told_of_is_not_open_again() {
    // What was kept, what the next sync finds or makes of it -> whether it waits again
    for (keep, served, waits) in
        [("here", EDITED, false), ("here", THERE, true), ("there", THERE, true)]
    {
        let desk = edited_twice();
        desk.done(&["conflicts", "resolve", "1", "--keep", keep]);
        let run = desk.repo().runs(1).unwrap()[0].id.0.to_string();
        desk.sync(&[agreed(&desk, served)]);
        desk.run(&["undo", &run, "--yes"]);
        let open = desk.repo().conflicts(None).unwrap();
        assert_eq!(open.len(), usize::from(waits), "{keep} {served}");
        assert_eq!(desk.text(id(1)).as_deref(), Some(EDITED));
    }
}

#[test]
fn a_conflict_that_waits_is_not_replaced_by_an_older_one() {
    let desk = edited_twice();
    let book = desk.book();
    desk.done(&["conflicts", "resolve", "1", "--keep", "there"]);
    let run = desk.repo().runs(1).unwrap()[0].id.0.to_string();
    let newer = "UID:a|FN:Ada|TEL;TYPE=WORK:1|NOTE:newer";
    desk.sync(&[conflict(1, book, [Some(THERE), Some(THERE), Some(newer)])]);
    desk.run(&["undo", &run, "--yes"]);
    let open = desk.repo().conflicts(None).unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].remote, card(newer).into_bytes());
}

#[test]
fn two_who_were_decided_to_be_two_may_be_one_again() {
    let desk = Desk::new();
    let book = desk.book();
    desk.import(&["UID:h|FN:Ada|EMAIL:a@x"]);
    let ada = desk.repo().unlinked().unwrap()[0].id;
    let texts = [None, Some("UID:h|FN:Ada|EMAIL:a@x"), Some("UID:t|FN:Ada|EMAIL:a@x")];
    let Change::Conflict(found) = conflict(1, book, texts) else { panic!() };
    desk.sync(&[Change::Conflict(Conflict { contact: ada, ..found })]);
    desk.done(&["conflicts", "resolve", "1", "--keep", "separate"]);
    assert_eq!(desk.run(&["undo", "--yes"]), Exit::NeedsYou);
    let printed = desk.stage.take_stdout();
    assert_eq!(printed, "- Ada   goes again\n! Ada   its conflict waits again\n");
    let repo = desk.repo();
    assert_eq!(repo.link_count(book).unwrap(), 0, "no server is told to delete anybody");
    assert_eq!(repo.conflicts(None).unwrap()[0].contact, ada);
    assert_eq!(repo.pending(None).unwrap().len(), 1, "the card is read again");
    drop(repo);

    // Once the server has both of them, the one that came from there is somebody's there.
    desk.done(&["conflicts", "resolve", "2", "--keep", "separate"]);
    let run = desk.repo().runs(1).unwrap()[0].id.0.to_string();
    let link =
        Link { href: href(2), etag: ETag::new("\"1\""), ..link(1, "UID:h|FN:Ada|EMAIL:a@x", 0) };
    desk.sync(&[Change::Link { contact: ada, book, link }]);
    assert_eq!(desk.run(&["undo", &run, "--yes"]), Exit::NeedsYou);
    assert!(desk.stage.take_stdout().starts_with("! Ada   it is on the server: left"));
    assert_eq!(desk.repo().link_count(book).unwrap(), 2);
}

#[test]
fn a_sync_whose_edit_was_edited_again_is_left_unless_forced() {
    let desk = desk();
    desk.sync(&[replace(1, EDITED, Editor::User)]);
    let sync = desk.sync(&[remember(Some(EDITED)), agreed(&desk, EDITED)]).0.to_string();
    desk.sync(&[replace(1, AGAIN, Editor::User)]);
    assert_eq!(desk.run(&["undo", &sync, "--yes"]), Exit::NeedsYou);
    assert_eq!(desk.text(id(1)).as_deref(), Some(AGAIN));
    desk.done(&["undo", &sync, "--yes", "--force"]);
    assert_eq!(desk.text(id(1)).as_deref(), Some(ADA));
}
