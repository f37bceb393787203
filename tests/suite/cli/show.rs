use super::{Sandbox, card};

fn book() -> Sandbox {
    let ada = card(
        "urn:uuid:ADA",
        "Ada Lovelace",
        "N:Lovelace;Ada;;;\r\nNICKNAME:Countess\r\nitem1.TEL:+44 20\r\nitem1.X-ABLabel:School\r\n\
         ADR;TYPE=HOME:;;12 St James's Square;London;;SW1Y 4JH;\r\nBDAY:1815-12-10\r\n",
    );
    let group = card(
        "g",
        "Friends",
        "X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:ada\r\n\
         X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:gone\r\n",
    );
    Sandbox::with_cards(&[&ada, &group, &card("b", "Ada Byron", "")])
}

#[test]
fn a_contact_is_shown_by_name_nickname_id_uid_or_word() {
    let sandbox = book();
    let id = sandbox.json(&["show", "ada lovelace", "--json"])["id"].as_str().unwrap().to_owned();
    for who in ["ADA LOVELACE", "countess", &id, &id[..8], "ada", "james's", "urn:uuid:ada"] {
        let run = sandbox.run(&["show", who, "--json"]);
        // `ada` is the UID of one, without its prefix, and a word of two.
        assert_eq!(run.exit, 0, "{who}: {run:?}");
        assert!(run.stdout.contains(&id), "{who}: {run:?}");
    }
}

#[test]
fn who_is_not_clear_is_listed_and_who_is_not_there_is_said() {
    let sandbox =
        Sandbox::with_cards(&[&card("1", "Ada Byron", ""), &card("2", "Ada Lovelace", "")]);
    let run = sandbox.run(&["show", "ada"]);
    assert_eq!((run.exit, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: `ada` could be any of 2 contacts:\n"), "{run:?}");
    assert!(
        run.stderr.contains("  Ada Byron\n") && run.stderr.contains("  Ada Lovelace\n"),
        "{run:?}"
    );
    let run = sandbox.run(&["show", "grace"]);
    assert_eq!((run.exit, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("hint: `contactcmd search WORD`"), "{run:?}");
}

#[test]
fn every_field_has_a_row() {
    let shown = book().result(&["show", "Ada", "Lovelace"]);
    for row in [
        "Ada Lovelace\n\n",
        "Phone School  +44 20\n",
        "12 St James's Square\n",
        "London SW1Y 4JH\n",
        "1815-12-10\n",
    ] {
        assert!(shown.contains(row), "{row:?}: {shown}");
    }
    assert!(!shown.contains("Full name"), "{shown}");
}

#[test]
fn a_group_shows_its_members_by_name() {
    let shown = book().result(&["show", "Friends"]);
    assert!(shown.starts_with("Friends (group of 2)\n"), "{shown}");
    assert!(shown.contains("Ada Lovelace\n") && shown.contains("urn:uuid:gone\n"), "{shown}");
}

#[test]
fn json_has_the_documented_keys() {
    let ada = book().json(&["show", "countess", "--json"]);
    assert_eq!(ada["kind"], "person");
    assert_eq!(ada["uid"], "urn:uuid:ADA");
    assert_eq!(ada["external_ids"], serde_json::json!({"carddav": []}));
    assert_eq!(ada["phones"], serde_json::json!([{"type": "School", "value": "+44 20"}]));
    assert_eq!(ada["names"], serde_json::json!({"family": "Lovelace", "given": "Ada"}));
    assert_eq!(ada["addresses"][0]["type"], "home");
    for key in ["created_at", "updated_at"] {
        let at = ada[key].as_str().unwrap();
        assert!(at.ends_with('Z') && at.len() >= 20, "{key}: {at}");
    }
}
