use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::sync::guard::Side;
use contactcmd_ports::{Change, Editor, MockContactRepo, Past, Run, RunId, Why};
use serde_json::Value;

use crate::Exit;
use crate::commands::desk::{Desk, card, replace};
use crate::commands::testing::id;

/// Ada is edited on the server, Bob deleted there, Cy added here.
fn desk() -> Desk {
    let desk = Desk::new();
    let people = [desk.linked(1, "UID:a|FN:Ada|TEL;TYPE=WORK:1"), desk.linked(2, "UID:b|FN:Bob")];
    desk.sync(&people);
    desk.sync(&[
        replace(1, "UID:a|FN:Ada|TEL;TYPE=WORK:2", Editor::Sync),
        Change::Delete { contact: id(2), why: Why("deleted on the server".into()) },
    ]);
    desk.import(&["UID:c|FN:Cy"]);
    desk
}

#[test]
fn runs_come_latest_first_with_a_line_a_contact() {
    let desk = desk();
    let printed = desk.done(&["history"]);
    let lines: Vec<_> = printed.lines().map(|line| line.split(" UTC").next().unwrap()).collect();
    let expected = [
        "run 3   import vcard   2023-11-14 22:13",
        "  + Cy   added   (here)",
        "",
        "run 2   sync carddav   2023-11-14 22:13",
        "  - Bob   deleted   (here: deleted on the server)",
        "  ~ Ada   phone work changed   (here: changed on the server)",
        "",
        "run 1   sync carddav   2023-11-14 22:13",
        "  + Ada   added   (here)",
    ];
    assert_eq!(lines, expected);
    let cut = desk.done(&["history", "--limit", "2"]);
    let (shown, rest) = cut.split_once("\n\n… and ").unwrap();
    assert!(shown.ends_with("\n  … and 1 more (`contactcmd history --run 2` names all)"), "{cut}");
    assert_eq!(rest, "1 of an earlier run (`--limit` lets more through)\n");
    let none = desk.done(&["history", "--limit", "1"]);
    assert!(none.ends_with("… and 3 of 2 earlier runs (`--limit` lets more through)\n"), "{none}");
    assert_eq!(desk.done(&["history", "--run", "2"]).lines().count(), 3);
    assert_eq!(desk.run(&["history", "--run", "9"]), Exit::Failed);
}

#[test]
fn a_contact_is_found_when_it_is_gone() {
    let desk = desk();
    let start = &id(2).to_string()[..8];
    for who in ["bob", "BO", start] {
        let printed = desk.done(&["history", who]);
        assert!(printed.contains("- Bob   deleted"), "{who}: {printed}");
        assert_eq!(printed.lines().count(), 2, "{who}: {printed}");
    }
    assert_eq!(desk.run(&["history", "dora"]), Exit::Failed);
    assert_eq!(desk.done(&["history", "cy"]), "");
    assert!(desk.stage.stderr().ends_with("nothing of `cy` was replaced or deleted\n"));
    // Another Bob has nothing in common with the one that is gone but the name.
    desk.import(&["UID:b2|FN:Bob"]);
    assert!(desk.done(&["history", "bob"]).contains("- Bob   deleted"));
    assert_eq!(desk.run(&["history", "bob", "--vcard"]), Exit::Usage);
    assert!(desk.stage.stderr().contains(&id(2).to_string()));
}

#[test]
fn the_card_of_before_is_printed_byte_for_byte() {
    let desk = desk();
    desk.sync(&[replace(1, "UID:a|FN:Ada|TEL;TYPE=WORK:3", Editor::User)]);
    let of = |phone: &str| card(&format!("UID:a|FN:Ada|TEL;TYPE=WORK:{phone}"));
    assert_eq!(desk.done(&["history", "ada", "--vcard"]), of("2"));
    assert_eq!(desk.done(&["history", "ada", "--vcard", "--run", "2"]), of("1"));
    assert_eq!(desk.done(&["history", "bob", "--vcard"]), card("UID:b|FN:Bob"));
    assert_eq!(desk.run(&["history", "cy", "--vcard"]), Exit::Failed);
}

#[test]
fn programs_get_runs_with_their_changes() {
    let desk = desk();
    let ada = id(1);
    desk.sync(&[
        Change::Bury { contact: ada, why: Why("deleted here".into()) },
        replace(1, "UID:a|FN:Ada|NOTE:n", Editor::Sync),
    ]);
    let read: Value = serde_json::from_str(&desk.done(&["history", "ada", "--json"])).unwrap();
    assert_eq!(read[0]["run"], 4);
    assert_eq!(read[0]["what"], "sync carddav");
    let change = &read[0]["changes"][0];
    assert_eq!((&change["action"], &change["side"]), (&"restored".into(), &"here".into()));
    assert_eq!(change["contact"], ada.to_string());
    assert_eq!(change["fields"][0], "note added");
    assert_eq!(read[0]["changes"][1]["action"], "deleted");
    assert_eq!(read[1]["changes"][0]["reason"], "changed on the server");
    let all = desk.done(&["history", "--json", "--limit", "1"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    let counts =
        |run: &Value| (run["changes"].as_array().unwrap().len(), run["left_out"].as_u64().unwrap());
    let counts: Vec<_> = all.as_array().unwrap().iter().map(counts).collect();
    assert_eq!(counts, [(1, 1), (0, 1), (0, 2), (0, 1)]);
    let of_ada = desk.done(&["history", "ada", "--json", "--limit", "1"]);
    let of_ada: Value = serde_json::from_str(&of_ada).unwrap();
    assert_eq!(of_ada[1]["left_out"], 1);
    let empty = Desk::new();
    drop(empty.repo());
    assert_eq!(empty.done(&["history", "--json"]), "[]\n");
}

#[test]
fn a_run_of_many_changes_is_read_by_pages() {
    let past = |run| Past {
        run,
        contact: id(1),
        side: Side::Here,
        name: "Ada".into(),
        tombstone: false,
        before: card("FN:Ada").into_bytes(),
        after: None,
        why: Why("deleted".into()),
        at: Timestamp(0),
        places: Vec::new(),
    };
    let mut repo = MockContactRepo::new();
    repo.expect_sizes().returning(|| Ok(vec![(RunId(1), 1000)]));
    repo.expect_added_in().returning(|_| Ok(Vec::new()));
    repo.expect_changed_in().returning(move |run, page| {
        assert!(page.limit <= 100, "{page:?}");
        let left = 1000_u64.saturating_sub(page.offset).min(page.limit.into());
        Ok((0..left).map(|_| past(run)).collect())
    });
    let run = Run { id: RunId(1), what: "sync".into(), at: Timestamp(0), forgotten: false };
    for (most, shown) in [(99, 99), (100, 100), (250, 250), (usize::MAX, 1000)] {
        let chapters = super::chapters(&repo, vec![run.clone()], most).unwrap();
        assert_eq!((chapters[0].lines.len(), chapters[0].more), (shown, 1000 - shown));
    }
}
