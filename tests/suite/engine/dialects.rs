//! What is not understood is not touched: an edit of one phone number sends back every other line of a
//! card as the server has it, in whatever dialect.

use contactcmd::Exit;
use contactcmd_tests::fake::{BadVcard, Knobs, Rewrite};

use super::stage::{Stage, card, counts, name};

/// The dialect, and lines of a card that speaks it.
const DIALECTS: [(&str, &str); 21] = [
    ("Q122 categories", "CATEGORIES:Friends,Work\\, old,Caf\u{e9}"),
    ("Q122 categories twice", "CATEGORIES:Friends\r\nCATEGORIES:Work"),
    ("Q123 labels", "item1.URL:http://a.example\r\nitem1.X-ABLabel:_$!<HomePage>!$_"),
    ("Q123 labels out of order", "item9.X-ABLabel:Shed\r\nitem9.EMAIL:a@example.org"),
    ("Q123 dates", "item2.X-ABDATE;type=pref:2001-02-03\r\nitem2.X-ABLabel:_$!<Anniversary>!$_"),
    ("Q124 a year that is none", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20"),
    ("Q124 no year", "BDAY:--08-20"),
    ("Q124 1604", "BDAY;VALUE=date:1604-08-20"),
    ("Q124 compact", "BDAY:19850412"),
    ("Q125 photo b", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJ\r\n RgABAQEASABIAAD"),
    ("Q125 photo base64", "PHOTO;TYPE=JPEG;ENCODING=BASE64:\r\n  /9j/4AAQSkZJ\r\n  RgAB\r\n"),
    ("Q125 photo data", "PHOTO:data:image/png;base64,iVBORw0KGgo="),
    ("Q126 messengers", "IMPP;X-SERVICE-TYPE=GoogleTalk:xmpp:a@example.org\r\nX-AIM:a\r\nIMPP:"),
    ("Q127 types", "EMAIL;TYPE=\"home,pref\":a@example.org\r\nEMAIL;INTERNET;PREF=1:b@example.org"),
    ("Q128 two versions", "VERSION:3.0\r\nREV:20200101T000000Z"),
    ("Q128 escapes", "X-NOTE:a,b;c\\:d\\n\\\\"),
    ("Q128 quoted-printable", "X-TEXT;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Caf=C3=A9"),
    ("Q129 unknown", "X-FIRST:1\r\nX-ODD;P=\"a;b:c\":v\r\nitem7.X-MINE:x\r\nx-lower:y"),
    ("Q130 empty", "X-GENDER:\r\nROLE:"),
    ("Q131 source", "SOURCE:http://example.org/a b"),
    ("Q121 kind", "X-ADDRESSBOOKSERVER-PHONEME-DATA:{}"),
];

#[test]
fn an_edit_leaves_every_other_line_as_it_was() {
    for (dialect, lines) in DIALECTS {
        let stage = Stage::with_cards(Knobs::default(), 1);
        let lines = lines.trim_end_matches("\r\n");
        let text = card(1, "1").replace("NOTE:1", &format!("TEL;TYPE=CELL:+1 555 010\r\n{lines}"));
        stage.fake.put("contacts", &name(1), text.as_str());
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{dialect}: {ran:?}");
        stage.assert_equal(dialect);
        let ran = stage.run(&["edit", "Card 0001 Number", "--phone", "cell=+1 555 011"]);
        assert_eq!(ran.exit, Exit::Done, "{dialect}: {ran:?}");
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{dialect}: {ran:?}");
        let plain = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with("REV:"));
            lines.map(str::to_owned).collect()
        };
        let there = stage.fake.card("contacts", &name(1)).unwrap();
        let expected = plain(&text.replace("+1 555 010", "+1 555 011"));
        assert_eq!(plain(&String::from_utf8_lossy(&there)), expected, "{dialect}");
        let writes = stage.writes();
        assert_eq!(stage.sync(&[]).exit, Exit::Done, "{dialect}");
        assert_eq!(stage.writes(), writes, "{dialect}: one write was enough");
    }
}

#[test]
fn a_card_that_is_not_utf_8_goes_back_as_it_came() {
    // Q47, Q128: a character that was cut in two by a fold.
    let stage = Stage::new(Knobs { bad_vcard: BadVcard::Stored, ..Knobs::default() });
    let text = card(1, "1").replace("NOTE:1", "TEL;TYPE=CELL:+1 555 010\r\nX-CUT:CafHERE");
    let (head, tail) = text.split_once("HERE").unwrap();
    let bytes = [head.as_bytes(), b"\xc3\r\n \xa9", tail.as_bytes()].concat();
    stage.fake.put("contacts", &name(1), bytes);
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let ran = stage.run(&["edit", "Card 0001 Number", "--phone", "cell=+1 555 011"]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let there = stage.fake.card("contacts", &name(1)).unwrap();
    let whole = String::from_utf8_lossy(&there).replace("\r\n ", "");
    assert!(whole.contains("+1 555 011"), "{whole}");
    let joined: Vec<u8> = there.iter().copied().filter(|byte| !b"\r\n ".contains(byte)).collect();
    assert!(joined.windows(5).any(|five| five == b"Caf\xc3\xa9"), "{whole}");
}

#[test]
fn what_a_server_writes_otherwise_is_no_edit() {
    // Q123, Q125, Q127, Q132: labels, photos, types and stamps in other words are not sent back.
    let rewrites = [
        vec![Rewrite::UpperCaseGroups],
        vec![Rewrite::RegenPhoto],
        vec![Rewrite::SingleType],
        vec![Rewrite::AddRev, Rewrite::DropProdid],
        vec![Rewrite::Sort, Rewrite::Lf],
    ];
    for rewrite in rewrites {
        let case = format!("{rewrite:?}");
        let stage = Stage::with_cards(Knobs { rewrite, ..Knobs::default() }, 2);
        stage.sync(&[]);
        let photo = "PHOTO;TYPE=JPEG;ENCODING=b:/9j/4AAQSkZJRgABAQEASABIAAD/2wBD";
        let lines =
            format!("TEL;TYPE=CELL,VOICE;TYPE=pref:+1 555 010\r\nPRODID:x\r\n{photo}\r\nNOTE:");
        stage.import(&card(50, "new").replace("NOTE:", &lines));
        for _ in 0..3 {
            let ran = stage.sync(&[]);
            assert_eq!(ran.exit, Exit::Done, "{case}: {ran:?}");
        }
        assert_eq!(stage.writes(), 1, "{case}");
        // A type that it drops stays here (Q90).
        if !case.contains("SingleType") {
            stage.assert_same(&case);
        }
        let (_, report) = stage.report(&["--full"]);
        assert_eq!(counts(&report), [0, 0, 0], "{case}");
    }
}
