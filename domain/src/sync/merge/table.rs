//! Every rule as a row: `base / local / remote -> merged [contested]`, lines parted by `|`.

use super::{Prefer, absorb, follow, merge, with_uid_of};
use crate::vcard::{Card, FieldChange, normal};

fn card(version: &str, lines: &str) -> Card {
    let lines = lines.replace('|', "\r\n");
    Card::parse(format!("BEGIN:VCARD\r\nVERSION:{version}\r\n{lines}\r\nEND:VCARD\r\n"))
}

fn lines(card: &Card) -> String {
    let text = String::from_utf8_lossy(card.as_bytes()).replace("\r\n ", "");
    let inner =
        text.lines().filter(|line| !line.contains(":VCARD") && !line.starts_with("VERSION"));
    inner.collect::<Vec<_>>().join("|")
}

type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [&'a str]);

/// `-` as the base: they never agreed.
fn check(version: &str, prefer: Prefer, rows: &[Row<'_>]) {
    for (base, local, remote, expected, contested) in rows {
        let base = (*base != "-").then(|| card(version, base));
        let (local, remote) = (card(version, local), card(version, remote));
        let merged = merge(base.as_ref(), &local, &remote, prefer);
        let case = format!(
            "{} / {} / {}",
            base.as_ref().map_or("-".into(), lines),
            lines(&local),
            lines(&remote)
        );
        assert_eq!(lines(&merged.card), *expected, "{case}");
        let told: Vec<String> = merged.contested.iter().map(ToString::to_string).collect();
        assert_eq!(told, *contested, "{case}");
        let again = merge(Some(&merged.card), &merged.card, &merged.card, prefer);
        assert_eq!(again.card, merged.card, "{case}");
    }
}

#[test]
fn an_edit_on_one_side_goes_through_and_the_same_edit_is_one() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("FN:A", "FN:B", "FN:A|X:1", "FN:B|X:1", &[]),
            ("FN:A|NOTE:n", "FN:A", "FN:B|NOTE:n", "FN:B", &[]),
            ("FN:A", "FN:A|NOTE:n", "FN:B", "FN:B|NOTE:n", &[]),
            ("FN:A|TEL:1", "FN:A|TEL:2", "FN:B|TEL:1", "FN:B|TEL:2", &[]),
            ("FN:A", "FN:B|X:1", "fn:B|Y:1", "fn:B|Y:1|X:1", &[]),
            ("FN:A|TEL:1", "FN:A|X:1", "FN:A|Y:1", "FN:A|Y:1|X:1", &[]),
            ("TEL:1|TEL:2", "TEL:2|TEL:3", "TEL:1|TEL:2|TEL:4", "TEL:3|TEL:2|TEL:4", &[]),
            ("FN:A|REV:1|PRODID:x", "FN:A|REV:9|PRODID:y|X:1", "FN:B|REV:5|PRODID:z", "FN:B|REV:5|PRODID:z|X:1", &[]),
        ],
    );
}

#[test]
fn an_edit_beats_a_removal() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("FN:A|TEL;TYPE=home:1", "FN:A", "FN:A|TEL;TYPE=home:2", "FN:A|TEL;TYPE=home:2", &[]),
            ("FN:A|TEL;TYPE=home:1", "FN:A|TEL;TYPE=home:2", "FN:A", "FN:A|TEL;TYPE=home:2", &[]),
            ("FN:A|TEL;TYPE=home:1", "FN:A|TEL;TYPE=work:1", "FN:A", "FN:A|TEL;TYPE=work:1", &[]),
            ("FN:A|NOTE:n", "FN:B", "FN:A|NOTE:m", "FN:B|NOTE:m", &[]),
            ("FN:A|BDAY:1980-01-15", "FN:B", "FN:A|BDAY:1980-01-16", "FN:B|BDAY:1980-01-16", &[]),
            ("N:A;B;C;;", "N:A;B;;;", "N:A;B;D;;", "N:A;B;D;;", &[]),
            ("FN:A|item1.TEL:1|item1.X-ABLabel:Hut", "FN:A", "FN:A|item1.TEL:1|item1.X-ABLabel:Boat", "FN:A|item1.TEL:1|item1.X-ABLabel:Boat", &[]),
        ],
    );
}

#[test]
fn values_are_found_again_by_what_they_say_and_by_what_they_are_called() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            // The type here, the number there.
            ("TEL;TYPE=home:1", "TEL;TYPE=work:1", "TEL;TYPE=home:2", "TEL;TYPE=work:2", &[]),
            ("TEL;TYPE=home:1", "TEL;TYPE=home:2", "TEL;TYPE=work:1", "TEL;TYPE=work:2", &[]),
            ("TEL;TYPE=home:+1 23", "TEL;TYPE=work:+1-23", "TEL;TYPE=home:+1 23|X:1", "TEL;TYPE=work:+1-23|X:1", &[]),
            // Types are a set.
            ("TEL;TYPE=home:1", "TEL;TYPE=home,cell:1", "TEL;TYPE=home;TYPE=fax:1", "TEL;TYPE=home,fax,cell:1", &[]),
            ("TEL;TYPE=home,fax:1", "TEL;TYPE=work,fax:1", "TEL;TYPE=home:1", "TEL;TYPE=work:1", &[]),
            ("TEL;TYPE=home,VOICE:1", "TEL;TYPE=home,pref:1", "TEL;TYPE=work,VOICE:1", "TEL;TYPE=work,VOICE,pref:1", &[]),
            // Two that change their labels.
            ("TEL;TYPE=home:1|TEL;TYPE=work:2|X:1", "TEL;TYPE=work:1|TEL;TYPE=home:2|X:1", "TEL;TYPE=home:1|TEL;TYPE=work:2|X:2", "TEL;TYPE=work:1|TEL;TYPE=home:2|X:2", &[]),
            ("EMAIL:a@b|EMAIL:c@d", "EMAIL;TYPE=work:A@b|EMAIL:c@d", "EMAIL:a@b|EMAIL:e@f", "EMAIL;TYPE=work:A@b|EMAIL:e@f", &[]),
            ("URL:http://a/|FN:A", "URL:http://a|FN:A", "URL;TYPE=work:http://a/|FN:A", "URL;TYPE=work:http://a|FN:A", &[]),
            ("IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@b|FN:A", "IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@c|FN:A", "IMPP;X-SERVICE-TYPE=XMPP:xmpp:a@b|FN:A", "IMPP;X-SERVICE-TYPE=XMPP:xmpp:a@c|FN:A", &[]),
            // Neither number nor label is the same: one went, another came.
            ("TEL;TYPE=home:1", "TEL;TYPE=work:2", "TEL;TYPE=home:3", "TEL;TYPE=home:3|TEL;TYPE=work:2", &[]),
            ("TEL;TYPE=home:1", "TEL;TYPE=home:2", "TEL;TYPE=home:3", "TEL;TYPE=home:3", &["phone home: `2` here, `3` on the server; the server's stands"]),
            // Another spelling of the number is no other number.
            ("FN:A", "FN:A|TEL;TYPE=home:+1 23", "FN:A|TEL;TYPE=work:+1-23", "FN:A|TEL;TYPE=work,home:+1-23", &[]),
        ],
    );
    check(
        "4.0",
        Prefer::Remote,
        &[
            ("TEL;PID=1.1;TYPE=home:1|FN:A", "TEL;PID=1.1;TYPE=work:2|FN:A", "TEL;PID=1.1;TYPE=home;PREF=1:1|FN:A", "TEL;PID=1.1;PREF=1;TYPE=work:2|FN:A", &[]),
            ("TEL;PREF=1:1", "TEL;PREF=2:1", "TEL;PREF=1:3", "TEL;PREF=2:3", &[]),
        ],
    );
}

#[test]
fn a_label_goes_with_its_property_in_a_group_of_its_own() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("item1.TEL:1|item1.X-ABLabel:Hut", "item1.TEL:1|item1.X-ABLabel:Boat", "item1.TEL:2|item1.X-ABLabel:Hut", "item1.TEL:2|item1.X-ABLabel:Boat", &[]),
            ("item1.TEL:1|item1.X-ABLabel:Hut", "item1.TEL:2|item1.X-ABLabel:Hut", "item1.TEL:1|item1.X-ABLabel:Boat", "item1.TEL:2|item1.X-ABLabel:Boat", &[]),
            ("item1.TEL:1|item1.X-ABLabel:Hut", "item1.TEL:2|item1.X-ABLabel:Hut", "item7.TEL:1|item7.X-ABLabel:Hut|X:1", "item7.TEL:2|item7.X-ABLabel:Hut|X:1", &[]),
            ("TEL:1", "item1.TEL:1|item1.X-ABLabel:Hut", "TEL:2", "item1.TEL:2|item1.X-ABLabel:Hut", &[]),
            ("item1.TEL:1|item1.X-ABLabel:Hut", "TEL;TYPE=home:1", "item1.TEL:2|item1.X-ABLabel:Hut", "item1.TEL;TYPE=home:2", &[]),
            ("FN:A", "FN:A|item1.TEL:1|item1.X-ABLabel:Hut", "FN:A|item1.URL:u|item1.X-ABLabel:Blog", "FN:A|item1.URL:u|item1.X-ABLabel:Blog|item2.TEL:1|item2.X-ABLabel:Hut", &[]),
            ("FN:A|item1.URL:u|item1.X-ABLabel:Blog", "FN:A", "FN:B|item1.URL:u|item1.X-ABLabel:Blog", "FN:B", &[]),
            // One label for two: the other keeps it.
            ("item1.TEL:1|item1.EMAIL:2|item1.X-ABLabel:Hut|FN:A", "item1.TEL:1|item1.X-ABLabel:Hut|FN:A", "item1.TEL:1|item1.EMAIL:2|item1.X-ABLabel:Hut|FN:B", "item1.TEL:1|item1.X-ABLabel:Hut|FN:B", &[]),
            ("item1.TEL:1|item1.EMAIL:2|item1.X-ABLabel:Hut|X:1", "item2.TEL:1|item2.X-ABLabel:Boat|item1.EMAIL:2|item1.X-ABLabel:Hut|X:1", "item1.TEL:1|item1.EMAIL:2|item1.X-ABLabel:Hut|X:2", "item2.TEL:1|item2.X-ABLabel:Boat|item1.EMAIL:2|item1.X-ABLabel:Hut|X:2", &[]),
            // A server put a group of its own beside the card's.
        ("item1.TEL:1|item1.X-ABLabel:Hut|ITEM1.X-ABDATE:2001-02-03|ITEM1.X-ABLABEL:_$!<Anniversary>!$_", "item1.TEL:1|item1.X-ABLabel:Boat|ITEM1.X-ABDATE:2001-02-03|ITEM1.X-ABLABEL:_$!<Anniversary>!$_", "item1.TEL:2|item1.X-ABLabel:Hut|ITEM1.X-ABDATE:2001-02-03|ITEM1.X-ABLABEL:_$!<Anniversary>!$_", "item2.TEL:2|item2.X-ABLabel:Boat|ITEM1.X-ABDATE:2001-02-03|ITEM1.X-ABLABEL:_$!<Anniversary>!$_", &[]),
        ("item1.TEL:1|item1.X-ABLabel:Hut", "item1.TEL:1|item1.X-ABLabel:Boat", "item1.TEL:1|item1.X-ABLabel:Ship", "item1.TEL:1|item1.X-ABLabel:Ship", &["phone Ship: `1 (Boat)` here, `1 (Ship)` on the server; the server's stands"]),
            ("item1.ADR:;;a;b|item1.X-ABADR:us", "item1.ADR:;;a;b|item1.X-ABADR:de", "item1.ADR:;;c;b|item1.X-ABADR:us", "item1.ADR:;;c;b|item1.X-ABADR:de", &[]),
            ("item1.X-ABDATE:2001-02-03|item1.X-ABLabel:_$!<Anniversary>!$_|FN:A", "item1.X-ABDATE:2001-02-04|item1.X-ABLabel:_$!<Anniversary>!$_|FN:A", "item1.X-ABDATE:2001-02-03|item1.X-ABLabel:_$!<Anniversary>!$_|FN:B", "item1.X-ABDATE:2001-02-04|item1.X-ABLabel:_$!<Anniversary>!$_|FN:B", &[]),
            ("item1.X-ABRELATEDNAMES:B|item1.X-ABLabel:_$!<Friend>!$_", "item1.X-ABRELATEDNAMES:B|item1.X-ABLabel:_$!<Spouse>!$_", "item1.X-ABRELATEDNAMES:Bo|item1.X-ABLabel:_$!<Friend>!$_", "item1.X-ABRELATEDNAMES:Bo|item1.X-ABLabel:_$!<Spouse>!$_", &[]),
        ],
    );
}

#[test]
fn lines_that_share_a_group_share_one_in_the_result() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("FN:A", "FN:A|item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:us", "FN:B", "FN:B|item1.ADR:;;a;b|item1.X-ABADR:us|item1.X-APPLE-SUBLOCALITY:x", &[]),
            ("FN:A", "FN:A|item1.X-APPLE-SUBLOCALITY:x|item1.ADR:;;a;b|item1.X-ABADR:us", "FN:B", "FN:B|item1.X-APPLE-SUBLOCALITY:x|item1.ADR:;;a;b|item1.X-ABADR:us", &[]),
            ("FN:A", "FN:A|Item5.ADR:;;a;b|iTEM5.X-APPLE-SUBLOCALITY:x|item5.X-ABADR:us", "FN:B", "FN:B|Item5.ADR:;;a;b|Item5.X-ABADR:us|Item5.X-APPLE-SUBLOCALITY:x", &[]),
            // The name is taken here; several groups.
            ("FN:A", "FN:A|item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:us", "FN:A|item1.TEL:1|item1.X-ABLabel:Hut", "FN:A|item1.TEL:1|item1.X-ABLabel:Hut|item2.ADR:;;a;b|item2.X-ABADR:us|item2.X-APPLE-SUBLOCALITY:x", &[]),
            ("FN:A", "FN:A|item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item2.ADR:;;c;d|item2.X-APPLE-SUBLOCALITY:y", "FN:A|item1.TEL:1|ITEM2.URL:u", "FN:A|item1.TEL:1|ITEM2.URL:u|item3.ADR:;;a;b|item3.X-APPLE-SUBLOCALITY:x|item4.ADR:;;c;d|item4.X-APPLE-SUBLOCALITY:y", &[]),
            ("FN:A", "FN:A|item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x", "FN:A|item1.ADR:;;c;d|item1.X-APPLE-SUBLOCALITY:y", "FN:A|item1.ADR:;;c;d|item1.X-APPLE-SUBLOCALITY:y|item2.ADR:;;a;b|item2.X-APPLE-SUBLOCALITY:x", &[]),
            // Joins what is there, whatever its group is called there, and whoever edited it.
            ("item1.ADR:;;a;b|item1.X-ABADR:us", "item1.ADR:;;a;b|item1.X-ABADR:us|item1.X-APPLE-SUBLOCALITY:x", "FN:B|item5.ADR:;;a;b|item5.X-ABADR:us|item1.TEL:1", "FN:B|item5.ADR:;;a;b|item5.X-ABADR:us|item1.TEL:1|item5.X-APPLE-SUBLOCALITY:x", &[]),
            ("item1.ADR:;;a;b|item1.X-ABADR:us", "item1.ADR:;;c;b|item1.X-ABADR:us|item1.X-APPLE-SUBLOCALITY:x", "FN:B|item1.ADR:;;a;b|item1.X-ABADR:us", "FN:B|item1.ADR:;;c;b|item1.X-ABADR:us|item1.X-APPLE-SUBLOCALITY:x", &[]),
            ("item1.ADR:;;a;b|item1.X-ABADR:us", "item1.ADR:;;a;b|item1.X-ABADR:us|item1.X-APPLE-SUBLOCALITY:x", "FN:B|item1.ADR:;;c;b|item1.X-ABADR:us", "FN:B|item1.ADR:;;c;b|item1.X-ABADR:us|item1.X-APPLE-SUBLOCALITY:x", &[]),
            ("item1.ADR:;;a;b", "item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:us", "FN:B|item1.ADR:;;a;b", "FN:B|item1.ADR:;;a;b|item1.X-ABADR:us|item1.X-APPLE-SUBLOCALITY:x", &[]),
            ("ADR:;;a;b", "item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:us", "FN:B|ADR:;;a;b", "FN:B|item1.ADR:;;a;b|item1.X-ABADR:us|item1.X-APPLE-SUBLOCALITY:x", &[]),
            // The edit wins, and finds what was left of its group.
            ("item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:us", "item1.ADR:;;c;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:us", "FN:B|item1.X-APPLE-SUBLOCALITY:x", "FN:B|item1.X-APPLE-SUBLOCALITY:x|item1.ADR:;;c;b|item1.X-ABADR:us", &[]),
            ("item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABADR:us", "item1.ADR:;;c;b|item1.X-SUB:x|item1.X-MORE:y|item1.X-ABADR:us", "FN:B|item1.X-SUB:x|item1.X-ABADR:us", "FN:B|item1.X-SUB:x|item1.X-ABADR:us|item2.ADR:;;c;b|item2.X-ABADR:us|item1.X-MORE:y", &[]),
            // Of two that say the same nobody can tell which it was.
            ("item1.ADR:;;a;b|item1.X-SUB:x|item2.ADR:;;c;d|item2.X-SUB:x", "item1.ADR:;;e;b|item1.X-SUB:x|item2.ADR:;;c;d|item2.X-SUB:x", "FN:B|item2.ADR:;;c;d|item2.X-SUB:x", "FN:B|item2.ADR:;;c;d|item2.X-SUB:x|item1.ADR:;;e;b", &[]),
            ("item1.ADR:;;a;b|item1.X-SUB:x|item2.ADR:;;c;d|item2.X-SUB:x", "item1.ADR:;;a;b|item1.X-SUB:x|item2.ADR:;;c;d|item2.X-SUB:x|item2.X-MORE:1", "FN:B|item1.ADR:;;c;d|item1.X-SUB:x|item2.ADR:;;a;b|item2.X-SUB:x", "FN:B|item1.ADR:;;c;d|item1.X-SUB:x|item2.ADR:;;a;b|item2.X-SUB:x|item1.X-MORE:1", &[]),
            // An edit that both have to follow leaves them together.
            ("item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:us", "item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:de", "FN:B|item1.ADR:;;a;b|item1.X-APPLE-SUBLOCALITY:x|item1.X-ABADR:us", "FN:B|item1.ADR:;;a;b|item1.X-ABADR:de|item1.X-APPLE-SUBLOCALITY:x", &[]),
            ("item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABLabel:Hut", "item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABLabel:Boat", "FN:B|item1.ADR:;;a;b|item1.X-SUB:y|item1.X-ABLabel:Hut", "FN:B|item1.ADR:;;a;b|item1.X-ABLabel:Boat|item1.X-SUB:y", &[]),
            ("item1.ADR:;;a;b|item1.X-SUB:x", "item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABLabel:Boat", "FN:B|item7.ADR:;;c;b|item7.X-SUB:x", "FN:B|item7.ADR:;;c;b|item7.X-ABLabel:Boat|item7.X-SUB:x", &[]),
            ("item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABLabel:Hut", "item1.ADR:;;a;b|item1.X-SUB:x", "FN:B|item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABLabel:Hut", "FN:B|item1.ADR:;;a;b|item1.X-SUB:x", &[]),
            // One label for several.
            ("FN:A", "FN:A|item1.TEL:1|item1.EMAIL:2|item1.X-ABLabel:Hut", "FN:A|item1.URL:u|item1.X-ABLabel:Hut", "FN:A|item1.URL:u|item1.X-ABLabel:Hut|item2.TEL:1|item2.X-ABLabel:Hut|item2.EMAIL:2", &[]),
            ("FN:A|item1.TEL:1|item1.X-ABLabel:Hut", "FN:A|item1.TEL:1|item1.EMAIL:2|item1.X-ABLabel:Hut", "FN:B|item3.TEL:1|item3.X-ABLabel:Hut", "FN:B|item3.TEL:1|item3.X-ABLabel:Hut|item3.EMAIL:2", &[]),
            ("item1.TEL:1|item1.EMAIL:2|item1.URL:3|item1.X-ABLabel:Hut", "item2.TEL:1|item2.EMAIL:2|item2.X-ABLabel:Boat|item1.URL:3|item1.X-ABLabel:Hut", "FN:B|item1.TEL:1|item1.EMAIL:2|item1.URL:3|item1.X-ABLabel:Hut", "FN:B|item2.TEL:1|item2.X-ABLabel:Boat|item2.EMAIL:2|item1.URL:3|item1.X-ABLabel:Hut", &[]),
            // Under another label it cannot stay.
            ("FN:A|item1.TEL:1|item1.X-ABLabel:Hut", "FN:A|item1.TEL:1|item1.EMAIL:2|item1.X-ABLabel:Hut", "FN:B|item1.TEL:1|item1.X-ABLabel:Boat", "FN:B|item1.TEL:1|item1.X-ABLabel:Boat|item2.EMAIL:2|item2.X-ABLabel:Hut", &[]),
            ("FN:A|item1.ADR:;;a;b|item1.X-ABADR:us", "FN:A|item1.ADR:;;a;b|item1.X-SUB:x|item1.ADR:;;c;d|item1.X-ABADR:us", "FN:B|item1.ADR:;;a;b|item1.X-ABADR:de", "FN:B|item1.ADR:;;a;b|item1.X-ABADR:de|item1.X-SUB:x|item2.ADR:;;c;d|item2.X-ABADR:us", &[]),
            ("FN:A", "FN:A|item1.TEL:1|item1.X-ABLabel:Hut|item1.URL:2|item1.X-ABLabel:Boat", "FN:B", "FN:B|item1.TEL:1|item1.X-ABLabel:Hut|item2.URL:2|item2.X-ABLabel:Boat", &[]),
            ("FN:A", "FN:A|item1.X-ABLabel:Hut|item1.X-ABADR:us|item2.X-FOO:1|item2.X-BAR:1", "FN:B|item1.TEL:1", "FN:B|item1.TEL:1|item2.X-ABLabel:Hut|item3.X-ABADR:us|item4.X-FOO:1|item4.X-BAR:1", &[]),
        ],
    );
    check(
        "3.0",
        Prefer::Both,
        &[
            ("item1.TEL:1|item1.X-ABLabel:Hut|item1.X-SUB:x", "item1.TEL:2|item1.X-ABLabel:Hut|item1.X-SUB:x", "item1.TEL:3|item1.X-ABLabel:Hut|item1.X-SUB:x", "item1.TEL:3|item1.X-ABLabel:Hut|item1.X-SUB:x|item1.TEL:2", &["phone Hut: `2` here, `3` on the server; both are kept"]),
        ],
    );
}

#[test]
fn a_list_takes_its_group_and_label_along() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("FN:A", "FN:A|item1.NICKNAME:Ace|item1.X-ABLabel:School", "FN:B", "FN:B|item1.NICKNAME:Ace|item1.X-ABLabel:School", &[]),
            ("FN:A", "FN:A|item1.NICKNAME:Ace|item1.X-ABLabel:School", "FN:A|item1.TEL:1|item1.X-ABLabel:Hut", "FN:A|item1.TEL:1|item1.X-ABLabel:Hut|item2.NICKNAME:Ace|item2.X-ABLabel:School", &[]),
            ("FN:A", "FN:A|item1.NICKNAME:Ace|item1.X-ABLabel:School|item2.NICKNAME:Bee|item2.X-ABLabel:Club", "FN:B|NICKNAME:Cee", "FN:B|NICKNAME:Cee|item1.NICKNAME:Ace|item1.X-ABLabel:School|item2.NICKNAME:Bee|item2.X-ABLabel:Club", &[]),
            ("FN:A", "FN:A|item1.NICKNAME:Ace|item1.CATEGORIES:x|item1.X-ABLabel:School", "FN:B", "FN:B|item1.NICKNAME:Ace|item1.X-ABLabel:School|item1.CATEGORIES:x", &[]),
            ("FN:A", "FN:A|item1.NICKNAME:Ace|item1.X-ABLabel:School", "FN:A|item4.NICKNAME:Bee|item4.X-ABLabel:School", "FN:A|item4.NICKNAME:Bee,Ace|item4.X-ABLabel:School", &[]),
            ("FN:A|item1.NICKNAME:Ace|item1.X-ABLabel:School", "FN:A|item1.NICKNAME:Ace,Bee|item1.X-ABLabel:School", "FN:B|item1.NICKNAME:Ace|item1.X-ABLabel:School", "FN:B|item1.NICKNAME:Ace,Bee|item1.X-ABLabel:School", &[]),
            // Another label is another thing of each name.
            ("FN:A|item1.NICKNAME:Ace,Bee|item1.X-ABLabel:School", "FN:A|item1.NICKNAME:Ace,Bee|item1.X-ABLabel:Club", "FN:B|item1.NICKNAME:Ace,Bee,Cee|item1.X-ABLabel:School", "FN:B|item1.NICKNAME:Cee|item1.X-ABLabel:School|item2.NICKNAME:Ace,Bee|item2.X-ABLabel:Club", &[]),
            ("FN:A|item1.NICKNAME:Ace|item1.X-ABLabel:School", "FN:A", "FN:B|item1.NICKNAME:Ace|item1.X-ABLabel:School", "FN:B", &[]),
            ("FN:A|NICKNAME:Ace", "FN:A|NICKNAME:Ace|item1.NICKNAME:Ace,Bee|item1.X-ABLabel:School", "FN:B|NICKNAME:Ace", "FN:B|NICKNAME:Ace|item1.NICKNAME:Ace,Bee|item1.X-ABLabel:School", &[]),
        ],
    );
}

#[test]
fn names_addresses_and_organisations_are_merged_by_component() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("N:A;B;;;", "N:A;B;C;;", "N:D;B;;;", "N:D;B;C;;", &[]),
            ("N:A;B;;;", "N:A;B;;;Jr.", "N:A\\,x;B;;;;sixth", "N:A\\,x;B;;;Jr.;sixth", &[]),
            ("N:A;B;;;", "N:C;B;M;;", "N:D;B;;;", "N:D;B;M;;", &["name: `C, B, M` here, `D, B` on the server; the server's stands"]),
            ("ADR;TYPE=home:;;1 Mill;Town;;1;", "ADR;TYPE=home:;;1 Mill;Town;;2;", "ADR;TYPE=home:;;3 Mill;Town;;1;", "ADR;TYPE=home:;;3 Mill;Town;;2;", &[]),
            ("ADR;TYPE=home:;;a;b;;1;", "ADR;TYPE=work:;;a;b;;1;", "ADR;TYPE=home:;;a;b;;2;", "ADR;TYPE=work:;;a;b;;2;", &[]),
            // Half of one and half of the other would be nobody's address.
            ("ADR:;;a;b;;1;", "ADR:;;c;d;;1;", "ADR:;;e;b;;1;", "ADR:;;e;b;;1;", &["address: `c, d, 1` here, `e, b, 1` on the server; the server's stands"]),
            ("ORG:A;x", "ORG:A;y", "ORG:B;x", "ORG:B;y", &[]),
            ("ORG:A;x", "ORG:A;y", "ORG:A;z;", "ORG:A;z;", &["organisation: `A, y` here, `A, z` on the server; the server's stands"]),
            ("ORG:A;", "ORG:A;|FN:F", "ORG:A|X:1", "ORG:A|X:1|FN:F", &[]),
        ],
    );
}

#[test]
fn lists_are_sets_on_whatever_lines_they_stand() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("CATEGORIES:a,b", "CATEGORIES:a,b,c", "CATEGORIES:b,d", "CATEGORIES:b,d,c", &[]),
            ("CATEGORIES:a,b", "CATEGORIES:b", "CATEGORIES:a|CATEGORIES:b|FN:A", "CATEGORIES:b|FN:A", &[]),
            ("CATEGORIES:a", "FN:A", "CATEGORIES:a,x\\,y", "CATEGORIES:x\\,y|FN:A", &[]),
            ("FN:A", "FN:A|CATEGORIES:a,b", "FN:A|CATEGORIES:b", "FN:A|CATEGORIES:b,a", &[]),
            ("FN:A", "FN:A|CATEGORIES:a", "FN:B", "FN:B|CATEGORIES:a", &[]),
            ("CATEGORIES:a", "CATEGORIES:b", "CATEGORIES:c", "CATEGORIES:c,b", &[]),
            ("NICKNAME:a", "NICKNAME:a|NICKNAME:b", "NICKNAME:a,c", "NICKNAME:a,c,b", &[]),
            ("KIND:group|MEMBER:urn:uuid:1|MEMBER:urn:uuid:2", "KIND:group|MEMBER:urn:uuid:2|MEMBER:urn:uuid:3", "KIND:group|MEMBER:urn:uuid:1|MEMBER:urn:uuid:2|MEMBER:urn:uuid:4", "KIND:group|MEMBER:urn:uuid:2|MEMBER:urn:uuid:4|MEMBER:urn:uuid:3", &[]),
            ("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:A", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:a|FN:A", "X-ADDRESSBOOKSERVER-MEMBER:A|FN:B", "X-ADDRESSBOOKSERVER-MEMBER:A|FN:B", &["name: `A` here, `B` on the server; the server's stands"]),
        ],
    );
}

#[test]
fn pictures_are_compared_by_their_bytes_and_taken_whole() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("PHOTO;ENCODING=b:YQ==|FN:A", "PHOTO;ENCODING=b:YQ==|FN:B", "PHOTO;TYPE=PNG;ENCODING=b:YQ|FN:A", "PHOTO;TYPE=PNG;ENCODING=b:YQ|FN:B", &[]),
            ("PHOTO;ENCODING=b:YQ==|FN:A", "PHOTO;ENCODING=b:Yg==|FN:A", "PHOTO;ENCODING=b:YQ==|FN:B", "PHOTO;ENCODING=b:Yg==|FN:B", &[]),
            ("PHOTO;ENCODING=b:YQ==", "PHOTO;ENCODING=b:Yg==", "PHOTO;ENCODING=b:Ymw=", "PHOTO;ENCODING=b:Ymw=", &["photo: `1 bytes` here, `2 bytes` on the server; the server's stands"]),
            ("PHOTO;X-ABCROP-RECTANGLE=1;ENCODING=b:YQ==", "PHOTO;ENCODING=b:Yg==", "PHOTO;X-ABCROP-RECTANGLE=2;ENCODING=b:YQ==", "PHOTO;ENCODING=b:Yg==", &[]),
            ("FN:A|PHOTO;ENCODING=b:YQ==", "FN:A", "FN:A|PHOTO;VALUE=uri:http://a", "FN:A|PHOTO;VALUE=uri:http://a", &[]),
        ],
    );
    check(
        "4.0",
        Prefer::Local,
        &[(
            "PHOTO:data:image/png;base64,YQ==|FN:A",
            "PHOTO:data:image/png;base64,YQ==|FN:B",
            "PHOTO:data:image/gif;base64\\,YQ|FN:A",
            "PHOTO:data:image/gif;base64\\,YQ|FN:B",
            &[],
        )],
    );
}

#[test]
fn dates_and_single_texts_are_contested_when_both_sides_edit_them() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("BDAY:1980-01-15", "BDAY:1980-01-16", "BDAY;VALUE=date:1980-01-15|X:1", "BDAY:1980-01-16|X:1", &[]),
            ("BDAY:1980-01-15", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-01-15", "BDAY:1980-01-16", "BDAY:1980-01-16", &["birthday: `--01-15` here, `1980-01-16` on the server; the server's stands"]),
            ("BDAY:1980-01-15|FN:A", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-01-15|FN:A", "BDAY:1980-01-15|FN:B", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-01-15|FN:B", &[]),
            // One date under two names.
        ("X-ANNIVERSARY:2001-02-03|i.X-ABDATE:2001-02-03|i.X-ABLabel:_$!<Anniversary>!$_", "X-ANNIVERSARY:2001-02-04|j.X-ABDATE:2001-02-04|j.X-ABLabel:_$!<Anniversary>!$_", "X-ANNIVERSARY:2001-02-03|i.X-ABDATE:2001-02-03|i.X-ABLabel:_$!<Anniversary>!$_|X:1", "X-ANNIVERSARY:2001-02-04|i.X-ABDATE:2001-02-04|i.X-ABLabel:_$!<Anniversary>!$_|X:1", &[]),
        ("NOTE:a", "NOTE:b", "NOTE:c", "NOTE:c", &["note: `b` here, `c` on the server; the server's stands"]),
            ("FN:A", "FN:B", "FN:C", "FN:C", &["name: `B` here, `C` on the server; the server's stands"]),
            ("FN:A", "FN:A|TITLE:x", "FN:A|TITLE:y", "FN:A|TITLE:y", &["title: `x` here, `y` on the server; the server's stands"]),
            ("TITLE:t", "TITLE:t|TITLE:x", "TITLE:t|TITLE:y", "TITLE:t|TITLE:y|TITLE:x", &[]),
            ("NOTE;LANGUAGE=de:a|FN:A", "NOTE;LANGUAGE=de:b|FN:A", "NOTE;LANGUAGE=en:a|FN:A", "NOTE;LANGUAGE=en:b|FN:A", &[]),
        ],
    );
    check(
        "3.0",
        Prefer::Local,
        &[
            ("NOTE:a", "NOTE:b", "NOTE:c", "NOTE:b", &["note: `b` here, `c` on the server; the one here stands"]),
            ("TEL:1", "TEL:2", "TEL:3", "TEL:2", &["phone: `2` here, `3` on the server; the one here stands"]),
            ("N:A;B;;;", "N:C;B;M;;", "N:D;B;;Dr.;", "N:C;B;M;Dr.;", &["name: `C, B, M` here, `D, B, Dr.` on the server; the one here stands"]),
        ],
    );
}

#[test]
fn both_values_stand_side_by_side_or_where_a_person_finds_them() {
    check(
        "3.0",
        Prefer::Both,
        &[
            ("TEL;TYPE=home:1|FN:A", "TEL;TYPE=home:2|FN:A", "TEL;TYPE=home:3|FN:A", "TEL;TYPE=home:3|TEL;TYPE=home:2|FN:A", &["phone home: `2` here, `3` on the server; both are kept"]),
            ("item1.TEL:1|item1.X-ABLabel:Hut", "item1.TEL:1|item1.X-ABLabel:Boat", "item1.TEL:1|item1.X-ABLabel:Ship", "item1.TEL:1|item1.X-ABLabel:Ship|item2.TEL:1|item2.X-ABLabel:Boat", &["phone Ship: `1 (Boat)` here, `1 (Ship)` on the server; both are kept"]),
            ("PHOTO;ENCODING=b:YQ==", "PHOTO;ENCODING=b:Yg==", "PHOTO;ENCODING=b:Ymw=", "PHOTO;ENCODING=b:Ymw=|PHOTO;ENCODING=b:Yg==", &["photo: `1 bytes` here, `2 bytes` on the server; both are kept"]),
            ("FN:A", "FN:B", "FN:C", "FN:C|NICKNAME:B", &["name: `B` here, `C` on the server; both are kept"]),
            ("NOTE:a", "NOTE:b", "NOTE:c", "NOTE:c\\n\\nb", &["note: `b` here, `c` on the server; both are kept"]),
            ("BDAY:1980-01-15", "BDAY:1980-01-16", "BDAY:1980-01-17", "BDAY:1980-01-17|NOTE:also birthday: 1980-01-16", &["birthday: `1980-01-16` here, `1980-01-17` on the server; both are kept"]),
            ("N:A;B;;;|NOTE:n", "N:C;B;;;|NOTE:n", "N:D;B;;;|NOTE:n", "N:D;B;;;|NOTE:n\\nalso name: C\\, B", &["name: `C, B` here, `D, B` on the server; both are kept"]),
            ("X-FOO:1", "X-FOO:2", "X-FOO:3", "X-FOO:3|X-FOO:2", &["X-FOO: `2` here, `3` on the server; both are kept"]),
        ],
    );
}

#[test]
fn unknown_properties_and_broken_lines_are_merged_and_never_dropped() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("X-FOO:1|FN:A", "X-FOO:2|FN:A", "x-foo:1|FN:B", "X-FOO:2|FN:B", &[]),
            ("X-FOO;A=1:1|X-FOO;A=2:2|FN:A", "X-FOO;A=1:1|X-FOO;A=2:3|FN:A", "X-FOO;A=1:4|X-FOO;A=2:2|FN:A", "X-FOO;A=1:4|X-FOO;A=2:3|FN:A", &[]),
            ("FN:A", "FN:A|X-FOO:1", "FN:A|X-FOO:2", "FN:A|X-FOO:2|X-FOO:1", &[]),
            ("X-FOO;A=1:1", "X-FOO;A=1:2", "X-FOO;A=1;B=2:1", "X-FOO;A=1;B=2:2", &[]),
            ("X-FOO;A=1:1", "X-FOO;A=2:1", "X-FOO;A=3:1", "X-FOO;A=3:1", &["X-FOO: `1 (A=2)` here, `1 (A=3)` on the server; the server's stands"]),
            ("FN:A", "FN:A|rest of it", "FN:B", "FN:B|rest of it", &[]),
            ("FN:A|rest of it", "FN:B|rest of it", "FN:A|rest of it|X:1", "FN:B|rest of it|X:1", &[]),
            // The same line twice.
            ("TEL:1|TEL:1|FN:A", "FN:A", "TEL:1|TEL:1|FN:B", "FN:B", &[]),
            // A value that ends in a bare `=` would swallow what follows it.
            ("FN:A|NOTE;QUOTED-PRINTABLE:x=", "FN:A|TEL:1|NOTE;QUOTED-PRINTABLE:x=", "FN:B|NOTE;QUOTED-PRINTABLE:x=", "TEL:1|FN:B|NOTE;QUOTED-PRINTABLE:x=", &[]),
            ("FN:A|FN:B", "FN:A|FN:C", "FN:A|FN:B|X:1", "FN:A|FN:C|X:1", &[]),
        ],
    );
    check(
        "2.1",
        Prefer::Remote,
        &[
            ("TEL;HOME:1", "TEL;WORK:1", "TEL;HOME:2", "TEL;WORK:2", &[]),
            ("NOTE;QUOTED-PRINTABLE:a=0D=0Ab|FN:A", "NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ac|FN:A", "NOTE;QUOTED-PRINTABLE:a=0D=0Ab|FN:B", "NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ac|FN:B", &[]),
            ("N:A;B", "N;CHARSET=UTF-8:Ü;B", "N:A;C", "N;CHARSET=UTF-8:Ü;C", &[]),
        ],
    );
}

#[test]
fn without_a_base_nothing_is_dropped() {
    check(
        "3.0",
        Prefer::Remote,
        &[
            ("-", "FN:A|TEL:1", "FN:A|TEL:2", "FN:A|TEL:2|TEL:1", &[]),
            ("-", "FN:A|TEL;TYPE=home:1", "FN:A|TEL;TYPE=work:1", "FN:A|TEL;TYPE=work,home:1", &[]),
            ("-", "item1.TEL:1|item1.X-ABLabel:Hut", "item1.TEL:1|item1.X-ABLabel:Boat", "item1.TEL:1|item1.X-ABLabel:Boat|item2.TEL:1|item2.X-ABLabel:Hut", &[]),
            ("-", "FN:A", "FN:B", "FN:B", &["name: `A` here, `B` on the server; the server's stands"]),
            ("-", "N:A;B;C;;", "N:A;B;;Dr.;", "N:A;B;C;Dr.;", &[]),
            ("-", "NOTE:a", "NOTE:b", "NOTE:b\\n\\na", &[]),
            ("-", "NOTE:a b", "NOTE:b", "NOTE:b\\n\\na b", &[]),
            ("-", "NOTE:b\\na", "NOTE:a", "NOTE:b\\na", &[]),
        ("-", "NOTE:a", "NOTE:b\\na", "NOTE:b\\na", &[]),
        ("-", "NOTE;LANGUAGE=de:a", "NOTE:b", "NOTE:b|NOTE;LANGUAGE=de:a", &[]),
        ("-", "ORG:A|TITLE:t", "ORG:B|TITLE:t", "ORG:B|ORG:A|TITLE:t", &[]),
            ("-", "PHOTO;ENCODING=b:YQ==", "PHOTO;ENCODING=b:Yg==", "PHOTO;ENCODING=b:Yg==|PHOTO;ENCODING=b:YQ==", &[]),
            ("-", "CATEGORIES:a,b", "CATEGORIES:b,c", "CATEGORIES:b,c,a", &[]),
            ("-", "X-FOO:1|BDAY:1980-01-15", "X-FOO:2", "X-FOO:2|X-FOO:1|BDAY:1980-01-15", &[]),
            ("-", "FN:A|UID:1", "FN:A|X:1", "FN:A|X:1|UID:1", &[]),
            ("-", "FN:A|UID:1|X:1", "FN:A|UID:urn:uuid:2", "FN:A|UID:urn:uuid:2|X:1", &[]),
        ],
    );
}

#[test]
fn the_uid_is_the_servers() {
    check(
        "3.0",
        Prefer::Local,
        &[
            ("UID:a|FN:A", "UID:a|FN:B", "UID:urn:uuid:A|FN:A", "UID:urn:uuid:A|FN:B", &[]),
            ("UID:a|FN:A", "UID:b|FN:B", "UID:a|FN:A", "UID:a|FN:B", &[]),
            ("FN:A", "UID:b|FN:B", "FN:A", "UID:b|FN:B", &[]),
            ("UID:a|FN:A", "FN:B", "UID:c|FN:A|X:1", "UID:c|FN:B|X:1", &[]),
        ],
    );
}

#[test]
fn of_two_versions_ours_is_kept_and_the_others_edits_are_written_in_it() {
    // (base, local, remote), each with its version -> version, merged
    type Versioned = (&'static str, &'static str);
    let rows: [(Versioned, Versioned, Versioned, &str, &str); 9] = [
        (("3.0", "FN:A|TEL;TYPE=home:1"), ("4.0", "FN:A|TEL;PREF=1;TYPE=home:1|GENDER:F"), ("3.0", "FN:A|TEL;TYPE=home:2"), "4.0", "FN:A|TEL;PREF=1;TYPE=home:2|GENDER:F"),
        (("4.0", "FN:A|BDAY:19800115"), ("4.0", "FN:B|BDAY:19800115"), ("3.0", "FN:A|BDAY;X-APPLE-OMIT-YEAR=1604:1604-01-15"), "4.0", "FN:B|BDAY:--0115"),
        (("3.0", "FN:A"), ("3.0", "FN:B"), ("4.0", "FN:A|PHOTO:data:image/png;base64,YQ=="), "3.0", "FN:B|PHOTO;TYPE=PNG;ENCODING=b:YQ=="),
        (("3.0", "FN:A"), ("4.0", "FN:B"), ("3.0", "FN:A|PHOTO;ENCODING=b;TYPE=PNG:YQ=="), "4.0", "FN:B|PHOTO:data:image/png;base64,YQ=="),
        (("3.0", "FN:A|PHOTO;ENCODING=b:YQ=="), ("4.0", "FN:B|PHOTO:data:image/png;base64,YQ=="), ("3.0", "FN:A|PHOTO;ENCODING=b:Yg=="), "4.0", "FN:B|PHOTO:data:application/octet-stream;base64,Yg=="),
        (("3.0", "FN:A|X-ADDRESSBOOKSERVER-KIND:group"), ("4.0", "FN:B|KIND:group"), ("3.0", "FN:A|X-ADDRESSBOOKSERVER-KIND:group|X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1"), "4.0", "FN:B|KIND:group|MEMBER:urn:uuid:1"),
        (("4.0", "FN:A"), ("4.0", "FN:B|item1.TEL:1"), ("3.0", "FN:A|item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABADR:us"), "4.0", "FN:B|item1.TEL:1|item2.ADR:;;a;b|item2.X-ABADR:us|item2.X-SUB:x"),
        // Few servers take 2.1, so it is not kept; and nothing is converted to it.
        (("2.1", "FN:A|N:A"), ("2.1", "FN:A|N:A|NOTE;QUOTED-PRINTABLE:a,=0D=0Ab"), ("3.0", "FN:B|N:A"), "3.0", "FN:B|N:A|NOTE:a\\,\\nb"),
        (("2.1", "FN:A|N:A"), ("3.0", "FN:A|N:A|TEL;TYPE=work:1"), ("2.1", "FN:B|N:A"), "3.0", "FN:B|N:A|TEL;TYPE=work:1"),
    ];
    for (base, local, remote, version, expected) in rows {
        let [base, local, remote] =
            [base, local, remote].map(|(version, text)| card(version, text));
        let merged = merge(Some(&base), &local, &remote, Prefer::Remote);
        assert_eq!(lines(&merged.card), expected);
        assert!(merged.contested.is_empty(), "{:?}", merged.contested);
        assert_eq!(normal(&merged.card), normal(&card(version, expected)));
        assert_eq!(merged.card.version(), card(version, "").version(), "{expected}");
    }
}

/// What was known there, our card, the server's -> ours afterwards if it changes, what is not kept.
type Taken = (&'static str, &'static str, &'static str, Option<&'static str>, &'static [&'static str]);

fn words(changes: &[FieldChange]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_server_changed_is_taken_over_and_what_it_dropped_stays() {
    let rows: [Taken; 21] = [
        ("FN:A|X:1", "FN:A|X:1", "FN:A|X:1|REV:2", None, &[]),
        ("FN:A|X:1", "FN:A|X:1", "FN:A", None, &["X removed"]),
        ("FN:A|X:1", "FN:A|X:1", "FN:B", Some("FN:B|X:1"), &["X removed"]),
        ("FN:A", "FN:A", "FN:A|NOTE:n", Some("FN:A|NOTE:n"), &[]),
        ("TEL;TYPE=home,video:1", "TEL;TYPE=home,video:1", "TEL;TYPE=home:1", None, &["phone home changed"]),
        ("TEL;TYPE=home,x:1", "TEL;TYPE=home,x:1", "TEL;TYPE=home,pref:1", Some("TEL;TYPE=home,x,pref:1"), &["phone home changed"]),
        ("item1.TEL:1|item1.X-ABLabel:Hut", "item1.TEL:1|item1.X-ABLabel:Hut", "TEL:1", None, &["phone changed"]),
        ("TEL;TYPE=Hut:1", "TEL;TYPE=Hut:1", "item1.TEL:1|item1.X-ABLabel:Hut", Some("item1.TEL;TYPE=Hut:1|item1.X-ABLabel:Hut"), &["phone Hut changed"]),
        ("N:A;B;C;;", "N:A;B;C;;", "N:A;D;;;", Some("N:A;D;C;;"), &["name changed"]),
        ("NOTE:a long note", "NOTE:a long note", "NOTE:a long", None, &["note changed"]),
        ("PHOTO;ENCODING=b:YQ==", "PHOTO;ENCODING=b:YQ==", "PHOTO;VALUE=uri:http://a", None, &["photo changed"]),
        ("PHOTO;ENCODING=b:YQ==", "PHOTO;ENCODING=b:YQ==", "PHOTO;ENCODING=b:Yg==", Some("PHOTO;ENCODING=b:Yg=="), &[]),
        ("CATEGORIES:a,b", "CATEGORIES:a,b", "CATEGORIES:b,c", Some("CATEGORIES:a,b,c"), &["category removed"]),
        ("FN:A", "FN:A", "FN:B|item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABADR:us", Some("FN:B|item1.ADR:;;a;b|item1.X-ABADR:us|item1.X-SUB:x"), &[]),
        ("item1.ADR:;;a;b|item1.X-SUB:x", "item2.TEL:1|item1.ADR:;;a;b|item1.X-SUB:x", "item2.ADR:;;a;b|item2.X-SUB:x|item2.X-MORE:y|item2.X-ABADR:us", Some("item2.TEL:1|item1.ADR:;;a;b|item1.X-ABADR:us|item1.X-SUB:x|item1.X-MORE:y"), &[]),
        ("item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABADR:us", "item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABADR:us", "item9.ADR:;;a;b|item9.X-SUB:x|item9.X-ABADR:de", Some("item1.ADR:;;a;b|item1.X-ABADR:de|item1.X-SUB:x"), &[]),
        ("FN:A|X:1", "FN:A|X:1|item1.TEL:1", "FN:A|item1.NICKNAME:Ace|item1.X-ABLabel:School", Some("FN:A|X:1|item1.TEL:1|item2.NICKNAME:Ace|item2.X-ABLabel:School"), &["X removed"]),
        ("UID:1|FN:A", "UID:1|FN:A", "UID:2|FN:A", Some("UID:2|FN:A"), &[]),
        ("UID:1|FN:A", "UID:1|FN:A", "UID:urn:uuid:1|FN:A", Some("UID:urn:uuid:1|FN:A"), &[]),
        // Edited since it was sent.
        ("FN:A|X:1", "FN:C|X:1|NOTE:n", "FN:B", Some("FN:C|X:1|NOTE:n"), &["X removed"]),
        ("FN:A|X:1", "FN:A", "FN:B|X:1", Some("FN:B"), &[]),
    ];
    for (sent, local, served, after, not_kept) in rows {
        let [sent, local, served] = [sent, local, served].map(|text| card("3.0", text));
        let absorbed = absorb(&sent, &local, &served);
        let case = format!("{} / {} / {}", lines(&sent), lines(&local), lines(&served));
        let expected = after.filter(|after| *after != lines(&local));
        assert_eq!(absorbed.card.as_ref().map(lines).as_deref(), expected, "{case}");
        assert_eq!(words(&absorbed.not_kept), not_kept, "{case}");
    }
}

#[test]
fn of_several_called_alike_none_takes_the_place_of_another() {
    let (old, new) = ("ADR;TYPE=HOME:;;1 Old St;Town;;111;", "ADR;TYPE=HOME:;Apt 4;2 New Rd;City;;222;");
    let phones = "TEL;TYPE=CELL:0171 1234567|TEL;TYPE=CELL:0172 7654321";
    let taken: [(String, &str, &[&str]); 3] = [
        (format!("{old}|{new}"), "ADR;TYPE=HOME:;;2 New Rd;City;;222;", &[old, new]),
        (format!("{old}|{new}"), "ADR;TYPE=HOME:;Apt 4;2 New Rd;City;;333;", &[old, "ADR;TYPE=HOME:;Apt 4;2 New Rd;City;;333;"]),
        (phones.to_owned(), "TEL;TYPE=CELL:+49 172 7654321", &["TEL;TYPE=CELL:0171 1234567", "TEL;TYPE=CELL:0172 7654321", "TEL;TYPE=CELL:+49 172 7654321"]),
    ];
    for (sent, served, expected) in taken {
        let [sent, served] = [sent.as_str(), served].map(|text| card("3.0", text));
        let after = absorb(&sent, &sent, &served).card.unwrap_or(sent);
        assert_eq!(lines(&after).split('|').collect::<Vec<_>>(), expected);
    }
    let [one, two] = ["ADR;TYPE=HOME:;;1 St;Town;;111;", "ADR;TYPE=HOME:;;2 Rd;Town;;111;"];
    check(
        "3.0",
        Prefer::Remote,
        &[
            // The first is edited here and deleted there, where the second is edited.
            (&format!("{one}|{two}"), &format!("ADR;TYPE=HOME:;;1 St;Town;;112;|{two}"), "ADR;TYPE=HOME:;;2 Rd;City;;111;", "ADR;TYPE=HOME:;;2 Rd;City;;111;|ADR;TYPE=HOME:;;1 St;Town;;112;", &[]),
            ("TEL;TYPE=CELL:1|TEL;TYPE=CELL:2", "TEL;TYPE=CELL:9|TEL;TYPE=CELL:2", "TEL;TYPE=CELL:3", "TEL;TYPE=CELL:3|TEL;TYPE=CELL:9", &[]),
            // Half of it would be nobody's address.
            ("ADR:;;a;b;;1;", "ADR:;x;a;b;;1;", "ADR:;;c;d;;2;", "ADR:;;c;d;;2;", &["address: `x, a, b, 1` here, `c, d, 2` on the server; the server's stands"]),
        ],
    );
}

#[test]
fn what_was_deleted_on_the_server_goes_and_what_it_never_kept_stays() {
    let rows: [Taken; 6] = [
        ("FN:A|TEL:1", "FN:A|TEL:1|X:1", "FN:A", Some("FN:A|X:1"), &["X removed"]),
        ("FN:A", "FN:A|X:1", "FN:A|REV:2", None, &["X removed"]),
        ("TEL;TYPE=home:1", "TEL;TYPE=home,video:1", "TEL;TYPE=home:2", Some("TEL;TYPE=home,video:2"), &["phone home changed"]),
        ("FN:A", "FN:B", "FN:C", Some("FN:C"), &[]),
        ("FN:A", "FN:A", "FN:C|note:x", Some("FN:C|note:x"), &[]),
        ("FN:A", "FN:A|item1.TEL:1", "FN:A|item1.ADR:;;a;b|item1.X-SUB:x|item1.X-ABADR:us", Some("FN:A|item1.TEL:1|item2.ADR:;;a;b|item2.X-ABADR:us|item2.X-SUB:x"), &["phone removed"]),
    ];
    for (base, local, remote, after, not_kept) in rows {
        let [base, local, remote] = [base, local, remote].map(|text| card("3.0", text));
        let followed = follow(&base, &local, &remote);
        assert_eq!(followed.card.as_ref().map(lines).as_deref(), after);
        assert_eq!(words(&followed.not_kept), not_kept, "{after:?}");
    }
}

#[test]
fn the_uid_is_the_one_there() {
    let cases = [
        ("UID:a", "UID:b", "UID:b"),
        ("FN:A", "UID:b", "UID:b"),
        ("UID:a", "FN:B", "UID:a"),
        ("UID:A", "UID:urn:uuid:a", "UID:urn:uuid:a"),
    ];
    for (ours, theirs, expected) in cases {
        let with_uid = with_uid_of(card("3.0", ours), &card("3.0", theirs));
        assert_eq!(with_uid.uid(), card("3.0", expected).uid(), "{ours} {theirs}");
    }
}
