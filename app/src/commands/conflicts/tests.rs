//! Decisions through the command line, and what they leave in the store for the next sync.

use contactcmd_domain::sync::snapshot::{Here, Link};
use contactcmd_ports::{
    BookId, Change, ContactRepo, Editor, ListQuery, Page, Pending, Subject, Why,
};
use serde_json::Value;

use super::choose::Choice;
use crate::cli::{Global, KeepWhich, ResolveArgs};
use crate::commands::desk::{Desk, card, conflict, href, inside, link, replace};
use crate::commands::testing::id;
use crate::{Exit, Failure};

const BASE: &str = "UID:a|FN:Ada|TEL;TYPE=WORK:1|NOTE:old|TITLE:t";
const HERE: &str = "UID:a|FN:Ada|TEL;TYPE=WORK:2|NOTE:here|TITLE:t";
const THERE: &str = "UID:a|FN:Ada|TEL;TYPE=WORK:1|NOTE:there|TITLE:u";

/// Ada, edited here and on the server.
fn edited_twice() -> (Desk, BookId) {
    let desk = Desk::new();
    let ada = desk.linked(1, BASE);
    let book = desk.book();
    desk.sync(&[ada]);
    desk.sync(&[replace(1, HERE, Editor::User)]);
    let note = Pending {
        book,
        subject: Subject::Card(href(1)),
        name: "Ada".into(),
        reason: "conflict".into(),
        etag: None,
        tried: None,
        since: contactcmd_domain::contact::Timestamp(0),
    };
    desk.sync(&[conflict(1, book, [Some(BASE), Some(HERE), Some(THERE)]), Change::Pend(note)]);
    (desk, book)
}

#[test]
fn nobody_is_kept_waiting_while_somebody_decides() {
    let (desk, _) = edited_twice();
    let args = ResolveArgs { id: 1, keep: None, fields: Vec::new() };
    let global = Global { database: None, verbose: 0, quiet: false };
    let there = || Ok(Some(Choice::Whole(KeepWhich::There)));
    let asked = |ask: &dyn Fn() -> Result<Option<Choice>, Failure>| {
        let done = super::resolve::resolve(&args, &global, &desk.world(), &|_| ask());
        let waiting = desk.repo().conflicts(None).unwrap().len();
        (done.map_err(|failure| failure.error.to_string()), waiting)
    };
    // The store can be written while it asks.
    let declined = asked(&|| {
        desk.book();
        Ok(None)
    });
    assert_eq!(declined, (Ok(Exit::Done), 1));
    assert!(desk.stage.stderr().ends_with("nothing was changed\n"), "{}", desk.stage.stderr());
    // What was decided about is not what is there when the answer comes.
    let overtaken = asked(&|| {
        desk.sync(&[replace(1, BASE, Editor::User)]);
        there()
    });
    let words = "conflict 1 was changed by another run meanwhile; nothing was changed";
    assert_eq!(overtaken, (Err(words.to_owned()), 1));
    assert_eq!(asked(&there), (Ok(Exit::Done), 0));
}

fn link_of(desk: &Desk, book: BookId) -> (Here, Link) {
    let linked = desk.repo().linked(id(1), book).unwrap().unwrap();
    (linked.here(), linked.link)
}

fn resolve(desk: &Desk, options: &[&str]) -> String {
    let number = desk.conflict().id.0.to_string();
    desk.done(&[&["conflicts", "resolve", &number], options].concat())
}

#[test]
fn the_decided_card_stands_here_and_the_link_says_what_the_server_has() {
    let both = "UID:a|FN:Ada|TEL;TYPE=WORK:2|NOTE:there\\n\\nhere|TITLE:u";
    let note_here = "UID:a|FN:Ada|TEL;TYPE=WORK:2|NOTE:here|TITLE:u";
    let only_note = "UID:a|FN:Ada|TEL;TYPE=WORK:1|NOTE:here|TITLE:u";
    let phone = "UID:a|FN:Ada|TEL;TYPE=WORK:2|NOTE:there|TITLE:u";
    // options -> the card here, whether it is sent, what was decided
    let cases: [(&[&str], &str, Here, &str); 6] = [
        (&["--keep", "here"], HERE, Here::Edited, "kept as here"),
        (&["--keep", "there"], THERE, Here::Same, "taken from the server"),
        (&["--keep", "both"], both, Here::Edited, "both put together"),
        (&["--field", "note=here"], note_here, Here::Edited, "by field: note=here"),
        (
            &["--field", "note=here", "--keep", "there"],
            only_note,
            Here::Edited,
            "by field: note=here",
        ),
        (
            &["--field", "phone work=here", "--field", "title=there"],
            phone,
            Here::Edited,
            "by field: phone work=here, title=there",
        ),
    ];
    for (options, expected, here, decided) in cases {
        let (desk, book) = edited_twice();
        assert_eq!(resolve(&desk, options), format!("~ Ada   {decided}\n"));
        assert_eq!(desk.text(id(1)).as_deref(), Some(expected), "{options:?}");
        let (found, link) = link_of(&desk, book);
        assert_eq!(found, here, "{options:?}");
        assert_eq!(link, self::link(1, THERE, 1), "{options:?}");
        assert_eq!(desk.conflict().conflict.decided.as_deref(), Some(decided));
        assert!(desk.repo().pending(None).unwrap().is_empty());
        let past = desk.repo().history(Some(id(1)), Page::first(1)).unwrap();
        assert_eq!(inside(&past[0].before), HERE, "{options:?}");
        assert_eq!(past[0].why, Why(format!("conflict decided: {decided}")));
    }
}

#[test]
fn a_contact_deleted_here_stays_deleted_or_comes_back() {
    let cases = [
        ("here", None, Here::Deleted, "kept deleted"),
        ("there", Some(THERE), Here::Same, "brought back as on the server"),
        ("both", Some(THERE), Here::Same, "brought back as on the server"),
    ];
    for (keep, text, here, decided) in cases {
        let (desk, book) = edited_twice();
        desk.sync(&[Change::Bury { contact: id(1), why: Why("deleted".into()) }]);
        let listed = desk.done(&["conflicts"]);
        assert!(listed.contains("deleted here, edited on the server"), "{listed}");
        assert_eq!(
            desk.run(&["conflicts", "resolve", "1", "--field", "note=here"]),
            Exit::Usage,
            "there is nothing here to choose from"
        );
        assert_eq!(resolve(&desk, &["--keep", keep]), format!("~ Ada   {decided}\n"));
        assert_eq!(desk.text(id(1)).as_deref(), text, "{keep}");
        let (found, link) = link_of(&desk, book);
        assert_eq!((found, link), (here, self::link(1, THERE, 1)), "{keep}");
    }
}

/// Two cards that may be of two people: the one here has no link.
fn strangers() -> (Desk, BookId) {
    let desk = Desk::new();
    let book = desk.book();
    desk.import(&["UID:h|FN:Ada|EMAIL:a@x|NOTE:here"]);
    let ada = desk.repo().list(&ListQuery::default()).unwrap().contacts[0].id;
    let there = "UID:t|FN:Ada|EMAIL:a@x|NOTE:there";
    let Change::Conflict(found) =
        conflict(1, book, [None, Some("UID:h|FN:Ada|EMAIL:a@x|NOTE:here"), Some(there)])
    else {
        panic!()
    };
    desk.sync(&[Change::Conflict(contactcmd_ports::Conflict { contact: ada, ..found })]);
    (desk, book)
}

#[test]
fn two_people_become_two_contacts_and_one_person_gets_the_servers_uid() {
    let (desk, book) = strangers();
    let ada = desk.conflict().conflict.contact;
    resolve(&desk, &["--keep", "separate"]);
    let unlinked = desk.repo().unlinked().unwrap();
    assert_eq!(unlinked.iter().map(|found| found.id).collect::<Vec<_>>(), [ada]);
    let linked = &desk.repo().linked_at(book, &[href(1).key()]).unwrap()[0];
    assert_eq!(inside(&linked.contact.vcard), "UID:t|FN:Ada|EMAIL:a@x|NOTE:there");
    assert_eq!(linked.link, link(1, "UID:t|FN:Ada|EMAIL:a@x|NOTE:there", 0));
    assert_eq!(linked.here(), Here::Same);

    let (desk, book) = strangers();
    let ada = desk.conflict().conflict.contact;
    resolve(&desk, &["--keep", "here"]);
    assert_eq!(desk.text(ada).as_deref(), Some("UID:t|FN:Ada|EMAIL:a@x|NOTE:here"));
    let linked = desk.repo().linked(ada, book).unwrap().unwrap();
    assert_eq!(linked.here(), Here::Edited);

    let (desk, _) = edited_twice();
    assert_eq!(desk.run(&["conflicts", "resolve", "1", "--keep", "separate"]), Exit::Usage);
}

#[test]
fn a_card_that_is_another_contacts_by_now_is_not_taken_from_it() {
    let (desk, book) = strangers();
    let other = desk.linked(1, "UID:t|FN:Ada|NOTE:there");
    desk.sync(&[other]);
    for keep in ["here", "there", "both"] {
        assert_eq!(desk.run(&["conflicts", "resolve", "1", "--keep", keep]), Exit::Usage);
    }
    resolve(&desk, &["--keep", "separate"]);
    assert_eq!(desk.repo().linked_at(book, &[href(1).key()]).unwrap()[0].contact.id, id(1));
    assert_eq!(desk.repo().list(&ListQuery::default()).unwrap().total, 2);
}

#[test]
fn who_is_in_an_address_book_by_now_is_not_taken_into_another() {
    let (desk, book) = strangers();
    let ada = desk.conflict().conflict.contact;
    desk.sync(&[Change::Link { contact: ada, book: desk.another_book(), link: link(7, BASE, 0) }]);
    for keep in ["here", "there", "both"] {
        assert_eq!(desk.run(&["conflicts", "resolve", "1", "--keep", keep]), Exit::Usage);
        assert!(desk.stage.stderr().contains("in the address book Others by now"));
    }
    resolve(&desk, &["--keep", "separate"]);
    assert_eq!(desk.repo().linked(ada, book).unwrap(), None);
}

#[test]
fn an_edit_after_the_conflict_counts_and_a_moved_card_is_followed() {
    let (desk, book) = edited_twice();
    let newer = HERE.replace("NOTE:here", "NOTE:newer");
    let moved = Link { href: href(9), ..link(1, BASE, 0) };
    desk.sync(&[
        replace(1, &newer, Editor::User),
        Change::Link { contact: id(1), book, link: moved },
    ]);
    resolve(&desk, &["--keep", "here"]);
    assert_eq!(desk.text(id(1)).as_deref(), Some(newer.as_str()));
    assert_eq!(link_of(&desk, book).1, Link { href: href(9), ..link(1, THERE, 2) });
    assert!(desk.stage.stderr().contains("its card of now is what counts"));
}

#[test]
fn what_cannot_be_decided_says_why_and_changes_nothing() {
    let cases: [(&[&str], Exit, &str); 5] = [
        (&["1"], Exit::Usage, "--keep there"),
        (&["1", "--field", "fax=here"], Exit::Usage, "they differ in: phone work, note, title"),
        (&["1", "--field", "note"], Exit::Usage, "NAME=here"),
        (&["1", "--keep", "separate", "--field", "note=here"], Exit::Usage, "--field"),
        (&["7", "--keep", "here"], Exit::Failed, "no conflict 7"),
    ];
    let (desk, _) = edited_twice();
    let runs = desk.runs();
    for (args, exit, words) in cases {
        assert_eq!(desk.run(&[&["conflicts", "resolve"], args].concat()), exit, "{args:?}");
        assert!(desk.stage.stderr().contains(words), "{args:?}: {}", desk.stage.stderr());
    }
    assert_eq!(desk.runs(), runs);
    assert_eq!(desk.conflict().conflict.decided, None);
    resolve(&desk, &["--keep", "there"]);
    assert_eq!(desk.run(&["conflicts", "resolve", "1", "--keep", "here"]), Exit::Failed);
    assert!(desk.stage.stderr().contains("is decided already: taken from the server"));
}

#[test]
fn a_list_has_what_waits_and_all_has_what_was_decided() {
    let (desk, _) = edited_twice();
    let line = desk.done(&["conflicts", "list"]);
    let words = "phone work changed, note changed, title changed";
    assert_eq!(line, format!("1\tAda\tContacts\t2023-11-14T22:13:20Z\t{words}\t\n"));
    resolve(&desk, &["--keep", "both"]);
    assert_eq!(desk.done(&["conflicts"]), "");
    assert!(desk.done(&["conflicts", "--all"]).ends_with("\tboth put together\n"));
    let read: Value = serde_json::from_str(&desk.done(&["conflicts", "--all", "--json"])).unwrap();
    assert_eq!(read[0]["id"], 1);
    assert_eq!(read[0]["fields"][0], "phone work changed");
    assert_eq!(read[0]["decided"], "both put together");
    assert_eq!(desk.done(&["conflicts", "list", "--json"]), "[]\n");
}

#[test]
fn both_texts_stand_side_by_side() {
    let (desk, _) = edited_twice();
    let shown = desk.done(&["conflicts", "show", "1"]);
    let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "Ada   conflict 1 in Contacts of work");
    assert_eq!(lines[3], "            Here  On the server  Before");
    assert_eq!(lines[4], "phone work  2     1              1");
    assert_eq!(lines[5], "note        here  there          old");
    let read: Value =
        serde_json::from_str(&desk.done(&["conflicts", "show", "1", "--json"])).unwrap();
    let texts = [("base", BASE), ("here", HERE), ("there", THERE)];
    for (key, text) in texts {
        assert_eq!(read[key], card(text), "{key}");
    }
    assert_eq!(desk.run(&["conflicts", "show", "2"]), Exit::Failed);
}

#[test]
fn a_program_is_told_what_differs_between_the_texts_that_it_is_given() {
    let (desk, _) = edited_twice();
    let newer = THERE.replace("FN:Ada", "FN:Ada King");
    desk.sync(&[replace(1, &newer, Editor::User)]);
    let read: Value =
        serde_json::from_str(&desk.done(&["conflicts", "show", "1", "--json"])).unwrap();
    assert_eq!(read["here"], card(&newer));
    assert_eq!(read["name"], "Ada King");
    assert_eq!(read["fields"], serde_json::json!(["name changed"]));
}
