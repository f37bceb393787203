use super::*;
use crate::contact::{ContactId, Timestamp};
use crate::dav::{ETag, Href};
use crate::sync::snapshot::Link;

const PULL: Choice =
    Choice { direction: Direction::Pull, force: false, policy: ConflictPolicy::Server };
const SYNC: Choice = Choice { direction: Direction::Sync, ..PULL };
const PUSH: Choice = Choice { direction: Direction::Push, ..PULL };

fn text(uid: &str, lines: &str) -> String {
    let lines = lines.replace('|', "\r\n");
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{uid}FN:Ada\r\n{lines}\r\nEND:VCARD\r\n")
}

/// A card with this note and phone.
fn card(note: &str) -> String {
    text("UID:a\r\n", &format!("TEL:1|NOTE:{note}"))
}

fn remote(text: &str) -> RemoteCard {
    let (href, etag) = (Href::new("/b/ada.vcf"), ETag::new("\"2\""));
    RemoteCard { href, etag, card: Card::parse(text) }
}

/// A contact with this card, edited here `edited` times, of which the server has seen one.
fn linked(local: &str, base: Option<&str>, edited: u64, deleted: bool) -> Linked {
    let contact = StoredContact {
        id: ContactId::from_random([1; 16]),
        uid: Card::parse(local).uid(),
        name: "Ada".to_owned(),
        vcard: local.into(),
        edited,
        deleted,
        created: Timestamp(0),
        updated: Timestamp(0),
    };
    let base = base.map(Into::into);
    let (href, etag) = (Href::new("/b/ada.vcf"), ETag::new("\"1\""));
    Linked { contact, link: Link { href, etag, base, seen: 1 } }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Remotely {
    Same,
    /// The property that is edited here.
    Clash,
    /// Another property.
    Apart,
    /// The same edit as here.
    Equal,
    Gone,
}

/// Every cell of the table: what happened here and there -> pull, push, sync; then by force.
#[rustfmt::skip]
const CELLS: [(Here, Remotely, [&str; 3], [&str; 3]); 13] = {
    use Remotely::{Apart, Clash, Equal, Gone, Same};
    [
    (Here::Same,    Same,  ["rebase", "rebase", "rebase"],               ["rebase", "rebase", "rebase"]),
    (Here::Same,    Apart, ["update-here", "wait", "update-here"],       ["update-here", "wait", "update-here"]),
    (Here::Same,    Gone,  ["delete-here", "wait", "delete-here"],       ["delete-here", "wait", "delete-here"]),
    (Here::Edited,  Same,  ["rebase", "update-there", "update-there"],   ["rebase", "update-there", "update-there"]),
    (Here::Edited,  Equal, ["rebase", "rebase", "rebase"],               ["rebase", "rebase", "rebase"]),
    (Here::Edited,  Apart, ["merge", "conflict", "merge"],               ["update-here", "update-there", "update-there"]),
    (Here::Edited,  Clash, ["merge", "conflict", "merge"],               ["update-here", "update-there", "update-there"]),
    (Here::Edited,  Gone,  ["keep-here", "create-there", "create-there"], ["keep-here", "create-there", "create-there"]),
    (Here::Deleted, Same,  ["rebase", "delete-there", "delete-there"],   ["rebase", "delete-there", "delete-there"]),
    (Here::Deleted, Apart, ["update-here", "conflict", "update-here"],   ["update-here", "conflict", "update-here"]),
    (Here::Deleted, Clash, ["update-here", "conflict", "update-here"],   ["update-here", "conflict", "update-here"]),
    (Here::Deleted, Gone,  ["forget", "forget", "forget"],               ["forget", "forget", "forget"]),
    (Here::Same,    Equal, ["update-here", "wait", "update-here"],       ["update-here", "wait", "update-here"]),
    ]
};

#[test]
fn every_cell_is_planned_in_every_direction_by_every_policy_and_by_force() {
    use ConflictPolicy::{Ask, Both, Local, Server};
    let base = card("1");
    for (here, there, plain, forced) in CELLS {
        let linked = match here {
            Here::Same => linked(&base, Some(&base), 1, false),
            Here::Edited => linked(&card("2"), Some(&base), 2, false),
            Here::Deleted => linked(&base, Some(&base), 1, true),
        };
        let served = match there {
            Remotely::Same => base.clone(),
            Remotely::Clash => card("3"),
            Remotely::Apart => base.replace("TEL:1", "TEL:9"),
            Remotely::Equal => card("2"),
            Remotely::Gone => String::new(),
        };
        for (force, expected) in [(false, plain), (true, forced)] {
            for (direction, id) in
                [Direction::Pull, Direction::Push, Direction::Sync].into_iter().zip(expected)
            {
                for policy in [Server, Local, Both, Ask] {
                    let choice = Choice { direction, force, policy };
                    let action = match there {
                        Remotely::Gone => plan_gone(&linked, choice),
                        _ => plan_card(remote(&served), Match::Linked(&linked), choice),
                    };
                    let asked = policy == Ask && there == Remotely::Clash && id == "merge";
                    let id = if asked { "conflict" } else { id };
                    assert_eq!(action.step.id(), id, "{here:?} {there:?} {choice:?}: {action}");
                }
            }
        }
    }
}

#[test]
fn a_card_is_planned_by_what_happened_here_and_there() {
    let rewritten = card("1").replace("NOTE", "note").replace("END:", "REV:2026\r\nEND:");
    let (one, two, three) = (card("1"), card("2"), card("3"));
    let apart = one.replace("TEL:1", "TEL:9");
    // (here, base, edited, tombstone, there) -> line, seen afterwards
    let cases = [
        (&one, Some(&one), 1, false, &one, PULL, "= Ada", Some(1)),
        (&one, Some(&one), 1, false, &rewritten, PULL, "~ Ada", Some(1)),
        (&one, Some(&one), 1, false, &two, PULL, "~ Ada   note changed -> here", Some(1)),
        (&two, Some(&one), 2, false, &one, PULL, "= Ada", Some(1)),
        (&two, Some(&one), 2, false, &rewritten, PULL, "= Ada", Some(1)),
        (&two, Some(&one), 2, false, &two, PULL, "= Ada", Some(2)),
        (&two, Some(&one), 2, false, &one, SYNC, "~ Ada   note changed -> server", None),
        (
            &two,
            Some(&one),
            2,
            false,
            &three,
            SYNC,
            "~ Ada   note changed -> here, note: `2` here, `3` on the server; the server's stands",
            None,
        ),
        (
            &two,
            Some(&one),
            2,
            false,
            &three,
            Choice { policy: ConflictPolicy::Local, ..SYNC },
            "~ Ada   note changed -> server, note: `2` here, `3` on the server; the one here stands",
            None,
        ),
        (
            &two,
            Some(&one),
            2,
            false,
            &apart,
            SYNC,
            "~ Ada   phone changed -> here, note changed -> server",
            None,
        ),
        (
            &two,
            Some(&one),
            2,
            false,
            &apart,
            PULL,
            "~ Ada   phone changed -> here, note changed not sent",
            None,
        ),
        (
            &two,
            Some(&one),
            2,
            false,
            &three,
            PUSH,
            "! Ada   note changed, edited here and on the server: both are kept",
            None,
        ),
        (
            &one,
            Some(&one),
            1,
            true,
            &two,
            PULL,
            "~ Ada   note changed, deleted here, but edited on the server: back -> here",
            Some(1),
        ),
        (&one, Some(&one), 1, true, &one, SYNC, "- Ada   deleted here -> server", None),
        (&one, None, 1, false, &one, PULL, "= Ada", Some(1)),
        // Edited and back again.
        (&one, Some(&one), 3, false, &one, SYNC, "= Ada", Some(3)),
        (&one, Some(&one), 3, false, &two, PULL, "~ Ada   note changed -> here", Some(3)),
    ];
    for (here, base, edited, deleted, there, choice, line, seen) in cases {
        let linked = linked(here, base.map(String::as_str), edited, deleted);
        let action = plan_card(remote(there), Match::Linked(&linked), choice);
        assert_eq!(action.to_string(), line);
        let told = match action.step {
            Step::UpdateHere { seen, .. }
            | Step::Refresh { seen, .. }
            | Step::Rebase { seen, .. } => Some(seen),
            _ => None,
        };
        assert_eq!(told, seen, "{line}");
    }
}

#[test]
fn an_edit_of_which_the_server_says_nothing_is_planned_from_the_base() {
    let (one, two) = (card("1"), card("2"));
    // (here, base, edited, tombstone) -> step in a pull, in a sync
    let cases = [
        (&two, Some(&one), 2, false, "rebase", "update-there"),
        (&one, Some(&one), 2, false, "rebase", "rebase"),
        (&one, Some(&one), 1, true, "rebase", "delete-there"),
        // It was sent and never seen: looked at first.
        (&one, None, 1, false, "wait", "wait"),
    ];
    for (here, base, edited, deleted, pull, sync) in cases {
        let linked = linked(here, base.map(String::as_str), edited, deleted);
        assert_eq!(plan_edited(&linked, PULL).step.id(), pull);
        assert_eq!(plan_edited(&linked, SYNC).step.id(), sync);
    }
}

#[test]
fn what_the_server_does_not_keep_is_no_edit_and_no_deletion() {
    let kept = card("1");
    let more = kept.replace("NOTE", "X-SHOE-SIZE:39\r\nNOTE");
    let here = linked(&more, Some(&kept), 1, false);
    for choice in [PULL, SYNC] {
        // Nothing new there: nothing happens.
        let action = plan_card(remote(&kept), Match::Linked(&here), choice);
        assert_eq!(action.step.id(), "rebase", "{action}");
        // An edit there is taken, and the rest stays.
        let action =
            plan_card(remote(&kept.replace("NOTE:1", "NOTE:2")), Match::Linked(&here), choice);
        assert_eq!(action.to_string(), "~ Ada   note changed -> here");
        let Step::UpdateHere { card: Some(card), .. } = action.step else { panic!("{action}") };
        let card = String::from_utf8_lossy(card.as_bytes()).into_owned();
        assert!(card.contains("X-SHOE-SIZE:39") && card.contains("NOTE:2"), "{card}");
    }
}

#[test]
fn what_the_server_made_of_a_card_is_taken_over_but_nothing_is_dropped() {
    let sent = text("UID:a\r\n", "TEL;TYPE=HOME:+36 1|X-SHOE-SIZE:39");
    // (served) -> line, what the card here has
    let cases = [
        (sent.replace("TEL;TYPE=HOME", "tel;type=home"), "= Ada", None),
        (sent.replace("+36 1", "+361"), "~ Ada   phone home changed -> here", Some("+361")),
        (
            sent.replace("X-SHOE-SIZE:39\r\n", ""),
            "= Ada   the server does not keep: X-SHOE-SIZE (kept here)",
            None,
        ),
    ];
    for (served, line, has) in cases {
        let contact = linked(&sent, None, 3, false).contact;
        let (sent, served) = (Card::parse(sent.as_str()), remote(&served));
        let action = plan_served((&sent, &sent), &contact, served, 3);
        assert_eq!(action.to_string(), line);
        if let Some(has) = has {
            let Step::UpdateHere { remote, card, seen: 3, .. } = &action.step else {
                panic!("{action}")
            };
            let card = card.as_ref().unwrap_or(&remote.card);
            assert!(String::from_utf8_lossy(card.as_bytes()).contains(has));
        }
    }
}

#[test]
fn by_force_one_side_replaces_the_other_but_deletes_none() {
    let force = Choice { force: true, ..PULL };
    let edited = linked(&card("2"), Some(&card("1")), 2, false);
    let action = plan_card(remote(&card("3")), Match::Linked(&edited), force);
    assert!(matches!(action.step, Step::UpdateHere { seen: 2, .. }), "{action}");
    assert_eq!(plan_gone(&edited, force).step.id(), "keep-here");
    let action =
        plan_card(remote(&card("3")), Match::Linked(&edited), Choice { force: true, ..SYNC });
    let line = "~ Ada   note changed, the card here replaces the server's -> server";
    assert_eq!(action.to_string(), line);
}

#[test]
fn those_who_meet_for_the_first_time_are_linked_and_lose_nothing() {
    let without = |note: &str| text("", &format!("NOTE:{note}|TEL:1"));
    // (here, there) -> step in a pull, in a sync, in a push
    let cases = [
        (card("1"), card("1"), ["link", "link", "link"]),
        (without("1"), card("1"), ["link", "link", "link"]),
        (card("1"), without("1"), ["link", "link", "link"]),
        (card("1"), card("2"), ["merge", "merge", "conflict"]),
        (without("1"), card("2"), ["merge", "merge", "conflict"]),
    ];
    for (here, there, steps) in cases {
        let mut contact = linked(&here, None, 0, false).contact;
        contact.uid = Card::parse(here.as_str()).uid();
        for (choice, id) in [PULL, SYNC, PUSH].into_iter().zip(steps) {
            let action = plan_card(remote(&there), Match::Unlinked(&contact), choice);
            assert_eq!(action.step.id(), id, "{here} {there}");
            if let Step::Merge(merge) = action.step {
                let merged = String::from_utf8_lossy(merge.card.as_bytes()).into_owned();
                assert!(merged.contains('1') && merged.contains('2'), "{merged}");
            }
        }
    }
}

#[test]
fn one_that_is_only_like_a_contact_is_offered_and_never_merged() {
    let contact = linked(&card("1"), None, 0, false).contact;
    for force in [false, true] {
        for direction in [Direction::Pull, Direction::Push, Direction::Sync] {
            let choice = Choice { direction, force, ..PULL };
            let there = card("2").replace("UID:a", "UID:b");
            let action = plan_card(remote(&there), Match::Alike(&contact), choice);
            assert_eq!(action.step.id(), "offer", "{choice:?}");
        }
    }
}

#[test]
fn what_is_no_card_is_set_aside_whoever_it_was() {
    let ada = linked(&card("1"), Some(&card("1")), 1, false);
    for (found, name) in [(Match::Nobody, "ada.vcf"), (Match::Linked(&ada), "Ada")] {
        let action = plan_card(remote("junk"), found, PULL);
        assert!(matches!(action.step, Step::SetAside { .. }), "{action}");
        assert_eq!(action.name, name);
    }
}
