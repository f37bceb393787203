//! Any bytes at all: nothing panics, no byte is lost, an edit changes its own lines only.
#![no_main]

use contactcmd_domain::vcard::{
    Card, Known, NewProperty, Piece, Value, Version, check, convert, decode_file, diff, index,
    normal, split,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let joined: Vec<u8> = split(bytes).iter().flat_map(Piece::bytes).copied().collect();
    assert_eq!(joined, bytes);
    let _ = decode_file(bytes);

    let card = Card::parse(bytes);
    assert_eq!(card.as_bytes(), bytes);
    let lines: Vec<u8> = card.lines().flat_map(|(_, line)| line).copied().collect();
    assert_eq!(lines, bytes);
    assert!(!index(&card).person.name.is_empty());
    assert_eq!(card.name(), index(&card).person.name);
    assert_eq!(diff(&card, &card), []);

    for version in [Version::V30, Version::V40] {
        let converted = convert(&card, version);
        assert_eq!(Card::parse(converted.as_bytes()).as_bytes(), converted.as_bytes());
        let _ = normal(&converted);
        if check(&card).is_ok() {
            assert_eq!(check(&converted), Ok(()));
        }
    }

    // Only what is kept as a contact is ever edited.
    if bytes.len() < 4096 && check(&card).is_ok() {
        edits(&card);
    }
});

fn edits(card: &Card) {
    let contents = |card: &Card| -> Vec<Vec<u8>> {
        card.lines().map(|(_, line)| line.trim_ascii_end().to_vec()).collect()
    };
    let before = contents(card);
    for property in card.properties().take(8) {
        let id = property.id();
        let at = card.lines().position(|(line, _)| line == id).expect("it stands on a line");

        let mut edited = card.clone();
        let text = "Ünï; cödé,\nEND:VCARD and =much more of it, so that it is folded somewhere";
        assert!(edited.set(id, Value::Text(text)));
        if property.known() != Known::Version {
            let after = contents(&edited);
            assert_eq!(before.len(), after.len(), "set {:?}", property.name());
            for (line, (old, new)) in before.iter().zip(&after).enumerate() {
                assert!(line == at || old == new, "set {:?} changed line {line}", property.name());
            }
        }

        let mut edited = card.clone();
        assert!(edited.set_component(id, 2, "x"));
        assert_eq!(contents(&edited).len(), before.len());

        let mut edited = card.clone();
        assert!(edited.remove(id));
        assert!(contents(&edited).len() <= before.len());
    }

    let mut edited = card.clone();
    let value = Value::Text("1, 2");
    let id = edited.insert(&NewProperty { name: "TEL", label: Some("Hut"), params: &[], value });
    assert_eq!(edited.property(id).map(|tel| tel.text()).as_deref(), Some("1, 2"));
    assert_eq!(check(&edited), Ok(()));
    assert!(edited.remove(id));
    assert_eq!(contents(&edited), before);
}
