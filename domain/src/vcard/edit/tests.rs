use super::*;

fn card(lines: &str) -> Card {
    Card::parse(format!("BEGIN:VCARD\r\n{lines}END:VCARD\r\n"))
}

fn inside(card: &Card) -> String {
    let text = String::from_utf8_lossy(card.as_bytes()).into_owned();
    let text = text.strip_prefix("BEGIN:VCARD\r\n").unwrap();
    text.strip_suffix("END:VCARD\r\n").unwrap().to_owned()
}

#[test]
fn a_text_is_set_and_group_name_and_parameters_stay() {
    let cases = [
        // (line before, text, line after)
        ("item1.fn;x=Y:A\r\n", "B, C;\nD", "item1.fn;x=Y:B\\, C\\;\\nD\r\n"),
        ("FN;TYPE=\r\n x:A\r\n", "B", "FN;TYPE=x:B\r\n"),
        ("VERSION:2.1\r\nFN:A\r\n", "B;\\,", "VERSION:2.1\r\nFN:B\\;\\,\r\n"),
        (
            "VERSION:2.1\r\nNOTE:A\r\n",
            "ü\nb",
            "VERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=BC=0D=0Ab\r\n",
        ),
        (
            "NOTE;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:=FC\r\n",
            "ü=",
            "NOTE;CHARSET=UTF-8;QUOTED-PRINTABLE:=C3=BC=3D\r\n",
        ),
        ("URL:http\\://a\r\n", "http://b/x,y;z", "URL:http://b/x,y;z\r\n"),
        ("TEL;VALUE=uri:tel:+1-2\r\n", "+36 30 12", "TEL;VALUE=uri:tel:+36-30-12\r\n"),
        ("TEL;VALUE=uri:tel:+1-2\r\n", "ask Max", "TEL:ask Max\r\n"),
    ];
    for (before, text, after) in cases {
        let mut card = card(before);
        let id = card.properties().last().unwrap().id();
        assert!(card.set(id, Value::Text(text)), "{before}");
        assert_eq!(inside(&card), after, "{before}");
        let read = super::super::person::number(&card.property(id).unwrap().text());
        assert_eq!(read, text.replace("+36 30", "+36-30").replace("30 12", "30-12"), "{before}");
    }
}

#[test]
fn a_long_text_is_folded_with_the_line_ends_of_the_card() {
    let mut card = Card::parse("BEGIN:VCARD\nFN:A\nX:y\nEND:VCARD\n");
    let long = "Ünïcödé ".repeat(30);
    card.set(LineId(1), Value::Text(&long));
    assert_eq!(card.property(LineId(1)).unwrap().text(), long);
    assert!(!card.as_bytes().contains(&b'\r'));
    for line in card.as_bytes().split(|b| *b == b'\n') {
        assert!(line.len() <= 75 && std::str::from_utf8(line).is_ok());
    }
}

#[test]
fn one_component_is_set_and_the_others_keep_their_spelling() {
    let cases = [
        ("N:A\\,b;Beth,Ann;;;;sixth\r\n", 0, "X;y", "N:X\\;y;Beth,Ann;;;;sixth\r\n"),
        ("N:A;B\r\n", 4, "Jr.", "N:A;B;;;Jr.\r\n"),
        ("ORG:Acme;\r\n", 0, "New", "ORG:New;\r\n"),
    ];
    for (before, component, to, after) in cases {
        let mut card = card(before);
        card.set_component(LineId(1), component, to);
        assert_eq!(inside(&card), after, "{before}");
    }
    let latin = b"BEGIN:VCARD\r\nN:M\xfcller;Max\r\nEND:VCARD\r\n";
    let mut card = Card::parse(*latin);
    card.set_component(LineId(1), 1, "Moritz");
    assert_eq!(inside(&card), "N:Müller;Moritz\r\n");
}

#[test]
fn a_date_is_written_as_the_version_can() {
    let day = |text| date::Date::read(text).unwrap();
    let cases = [
        ("VERSION:3.0\r\nBDAY:1980-01-15\r\n", "1981-02-03", "BDAY:1981-02-03\r\n"),
        ("BDAY:1980-01-15\r\n", "--02-03", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-03\r\n"),
        (
            "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-03\r\n",
            "--02-04",
            "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-04\r\n",
        ),
        ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-03\r\n", "1980-02-04", "BDAY:1980-02-04\r\n"),
        ("VERSION:4.0\r\nBDAY;VALUE=text:spring\r\n", "--02-03", "BDAY:--0203\r\n"),
        ("VERSION:4.0\r\nBDAY:19800115\r\n", "1981-02-03", "BDAY:19810203\r\n"),
    ];
    for (before, to, after) in cases {
        let mut card = card(before);
        let id = card.properties_of(Known::Bday).next().unwrap().id();
        card.set(id, Value::Date(&day(to)));
        assert!(inside(&card).ends_with(after), "{before}: {}", inside(&card));
    }
}

#[test]
fn a_property_is_added_beside_its_kind_with_a_label() {
    let new =
        |name, label, value| NewProperty { name, label, params: &[], value: Value::Text(value) };
    let cases = [
        (
            "FN:A\r\nNOTE:n\r\n",
            new("TEL", Some("work fax"), "1"),
            "FN:A\r\nNOTE:n\r\nTEL;TYPE=WORK,FAX:1\r\n",
        ),
        ("tel:0\r\nNOTE:n\r\n", new("TEL", None, "1"), "tel:0\r\nTEL:1\r\nNOTE:n\r\n"),
        (
            "ITEM1.TEL:0\r\nitem1.X-ABLabel:Hut\r\nNOTE:n\r\n",
            new("TEL", Some("Boat"), "1"),
            "ITEM1.TEL:0\r\nitem1.X-ABLabel:Hut\r\nitem2.TEL:1\r\nitem2.X-ABLabel:Boat\r\nNOTE:n\r\n",
        ),
        ("VERSION:2.1\r\n", new("TEL", Some("home"), "1"), "VERSION:2.1\r\nTEL;HOME:1\r\n"),
        ("VERSION:4.0\r\n", new("TEL", Some("Home"), "1"), "VERSION:4.0\r\nTEL;TYPE=home:1\r\n"),
        (
            "FN:A\r\n",
            new("X-ABRELATEDNAMES", Some("spouse"), "B"),
            "FN:A\r\nitem1.X-ABRELATEDNAMES:B\r\nitem1.X-ABLabel:_$!<Spouse>!$_\r\n",
        ),
        // A value that ends in a bare `=` would swallow what follows it.
        (
            "FN:A\r\nNOTE;QUOTED-PRINTABLE:x=\r\n",
            new("TEL", None, "1"),
            "FN:A\r\nTEL:1\r\nNOTE;QUOTED-PRINTABLE:x=\r\n",
        ),
    ];
    for (before, new, after) in cases {
        let mut card = card(before);
        let id = card.insert(&new);
        assert_eq!(inside(&card), after, "{before}");
        assert_eq!(
            card.property(id).map(|p| p.text()).as_deref(),
            Some(match new.value {
                Value::Text(text) => text,
                _ => unreachable!(),
            })
        );
    }
}

#[test]
fn a_card_cut_short_takes_a_property_too() {
    let mut card = Card::parse("BEGIN:VCARD\nFN:A");
    card.insert(&NewProperty { name: "TEL", label: None, params: &[], value: Value::Text("1") });
    assert_eq!(card.as_bytes(), b"BEGIN:VCARD\nFN:A\nTEL:1\n");
}

#[test]
fn a_property_goes_with_its_label_unless_another_line_shares_it() {
    let label = "item1.X-ABLabel:Hut\r\n";
    let cases = [
        ("item1.TEL:1\r\nitem1.X-ABLabel:Hut\r\nNOTE:n\r\n".to_owned(), "NOTE:n\r\n".to_owned()),
        (format!("item1.TEL:1\r\nitem1.EMAIL:2\r\n{label}"), format!("item1.EMAIL:2\r\n{label}")),
        ("item1.ADR:;;1\r\nItem1.X-ABADR:us\r\n".to_owned(), String::new()),
        ("PHOTO;BASE64:YQ\r\n\r\nNOTE:n\r\n".to_owned(), "NOTE:n\r\n".to_owned()),
        ("NOTE:n\r\n".to_owned(), String::new()),
    ];
    for (before, after) in cases {
        let mut card = card(&before);
        assert!(card.remove(LineId(1)), "{before}");
        assert_eq!(inside(&card), after, "{before}");
    }
}

#[test]
fn a_property_of_another_card_comes_with_its_label_into_a_free_group() {
    let from = Card::parse("BEGIN:VCARD\nitem1.TEL;x=y:1\n 2\nitem1.X-ABLABEL:Hut\nEND:VCARD\n");
    let mut here = card("item1.EMAIL:a\r\nTEL:0\r\nNOTE:n\r\n");
    let placed = here.adopt(&from, LineId(1)).unwrap();
    let adopted = "item2.TEL;x=y:1\r\n 2\r\nitem2.X-ABLABEL:Hut\r\n";
    assert_eq!(inside(&here), format!("item1.EMAIL:a\r\nTEL:0\r\n{adopted}NOTE:n\r\n"));
    assert_eq!(here.property(placed).unwrap().text(), "12");

    let mut here = card("FN:A\r\nitem1.TEL:0\r\nitem1.X-ABLabel:x\r\nNOTE:n\r\n");
    here.adopt_over(LineId(2), &from, LineId(1)).unwrap();
    let adopted = "item1.TEL;x=y:1\r\n 2\r\nitem1.X-ABLABEL:Hut\r\n";
    assert_eq!(inside(&here), format!("FN:A\r\n{adopted}NOTE:n\r\n"));
}

#[test]
fn a_picture_replaces_all_that_were_there() {
    let mut here = card("PHOTO;X-ABCROP-RECTANGLE=1:a\r\nNOTE:n\r\nPHOTO:b\r\n");
    here.set_photo(b"\xff\xd8\xffx");
    assert_eq!(inside(&here), "PHOTO;ENCODING=b;TYPE=JPEG:/9j/eA==\r\nNOTE:n\r\n");
    let mut here = card("VERSION:4.0\r\n");
    here.set_photo(b"\x89PNG");
    assert_eq!(inside(&here), "VERSION:4.0\r\nPHOTO:data:image/png;base64,iVBORw==\r\n");
    let mut here = card("VERSION:2.1\r\nPHOTO;BASE64:YQ\r\n\r\nFN:A\r\n");
    here.set_photo(b"GIF8");
    assert_eq!(inside(&here), "VERSION:2.1\r\nPHOTO;ENCODING=BASE64;GIF:R0lGOA==\r\n\r\nFN:A\r\n");
}

#[test]
fn rev_moves_in_its_own_form_and_only_where_there_is_one() {
    let cases = [
        ("REV:2020-01-01T00:00:00Z\r\n", "REV:1970-01-01T00:00:01Z\r\n"),
        ("REV:20200101T000000Z\r\n", "REV:19700101T000001Z\r\n"),
        ("REV:17\r\n", "REV:17\r\n"),
        ("FN:A\r\n", "FN:A\r\n"),
    ];
    for (before, after) in cases {
        let mut card = card(before);
        card.touch_rev(Timestamp(1_000));
        assert_eq!(inside(&card), after, "{before}");
    }
}
