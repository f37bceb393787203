//! The normal form of a card.

use super::apart;
use super::facts::{Fact, facts};
use super::{Card, Known};

/// A card made comparable: equal when no user would call them different. See [`normal`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Normal(Vec<u8>);

/// The normal form: what two cards share when no user would call them different.
///
/// Left out: VERSION, REV, PRODID, empty properties, empty components at the end, blank lines, the
/// layout (folds, line ends, order of lines and parameters, quoted-printable, charset), and what
/// stands around the card.
///
/// Evened out, since servers change it on the way:
///
/// | what | who does it |
/// |---|---|
/// | case of groups, names, parameters, types, KIND | DAViCal, SOGo, Radicale, Stalwart |
/// | TYPE as a set in any spelling; INTERNET on EMAIL, VOICE on TEL | all |
/// | numbers of groups: an X-ABLabel counts with its property | every client |
/// | `\,` `\;` `\:` in texts and components, `Anna,Beth` | Cyrus, DAViCal, sabre |
/// | pictures by their decoded bytes, escaped commas in `data:` | all |
/// | `PREF=1` and `TYPE=pref` | version 3.0 against 4.0 |
/// | dates by what they say: `--0820` and 1604 with X-APPLE-OMIT-YEAR | sabre |
/// | ANNIVERSARY and its X- forms, KIND and MEMBER and theirs | sabre |
/// | UID and MEMBER with and without `urn:uuid:` | Cyrus |
/// | the same line twice | RustiCal's and others' merges |
///
/// The version counts only as far as it decides how a value is read, so a card and its conversion
/// to the other version by a server are the same as far as nothing was lost.
pub fn normal(card: &Card) -> Normal {
    normal_of(card, |_| true)
}

/// Whether no user would call two cards different: whether their [`normal`] forms are equal, which is
/// seen without reading the lines that both have.
pub fn same(one: &Card, other: &Card) -> bool {
    if one == other {
        return true;
    }
    let [one, other] = apart([one, other]);
    one.says_as(&other)
}

/// The normal form without the UID: who a contact is, not what a program named it. For contacts that
/// meet for the first time, one of which has no UID.
pub fn content(card: &Card) -> Normal {
    normal_of(card, |fact| fact.known != Known::Uid)
}

fn normal_of(card: &Card, counts: impl Fn(&Fact<'_>) -> bool) -> Normal {
    let facts = facts(card);
    let mut normal = Vec::with_capacity(facts.len() + 16 * size_of::<usize>());
    for fact in facts.set().filter(counts) {
        // The length comes first, so that no two lists of facts read as one.
        normal.extend_from_slice(&fact.normal.len().to_be_bytes());
        normal.extend_from_slice(fact.normal);
    }
    Normal(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(version: &str, lines: &str) -> Card {
        let lines = lines.replace('|', "\r\n");
        Card::parse(format!("BEGIN:VCARD\nVERSION:{version}\n{lines}\nEND:VCARD\n"))
    }

    #[test]
    fn what_servers_change_on_the_way_is_no_difference() {
        let cases = [
            // (version, before, version, after)
            ("3.0", "TEL;TYPE=CELL,VOICE:1", "3.0", "tel;type=voice;TYPE=cell:1"),
            ("2.1", "TEL;HOME;FAX:1", "3.0", "TEL;TYPE=\"fax,home\":1"),
            ("3.0", "EMAIL;TYPE=INTERNET,HOME;TYPE=pref:a@b", "4.0", "EMAIL;PREF=1;TYPE=home:a@b"),
            ("3.0", "item1.TEL:1|item1.X-ABLabel:Hut", "3.0", "ITEM7.X-ABLABEL:Hut|ITEM7.TEL:1"),
            ("3.0", "item1.TEL:1|item1.X-ABLabel:_$!<Home>!$_", "3.0", "TEL;TYPE=home:1"),
            ("3.0", "item1.ADR:;;x|item1.X-ABADR:us", "3.0", "i.X-ABADR:US|i.ADR:;;x;;;;"),
            ("3.0", "FN:A|NOTE:n|REV:1|PRODID:x", "3.0", "NOTE:n|FN:A|REV:2"),
            ("3.0", "N:A group", "3.0", "N:A group;;;;|NOTE:"),
            ("3.0", "N:B;C;Anna,Beth;;", "3.0", "N:B;C;Anna\\,Beth;;"),
            ("3.0", "NOTE:a, b; c\\nd", "3.0", "NOTE:a\\, b\\; c\\Nd"),
            ("3.0", "URL:http\\://a", "3.0", "URL:http://a"),
            ("3.0", "NOTE:abc", "3.0", "NO| TE:a| bc"),
            ("2.1", "NOTE;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:=FC=0D=0Ab", "3.0", "NOTE:ü\\nb"),
            (
                "3.0",
                "PHOTO;ENCODING=b;TYPE=JPEG:aGVsbG8=",
                "4.0",
                "PHOTO:data:image/png;base64\\,aGVsbG8",
            ),
            ("3.0", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29", "4.0", "BDAY:--0229"),
            ("3.0", "BDAY;VALUE=date:1980-01-15", "3.0", "BDAY:1980-01-15T00:00:00Z"),
            (
                "4.0",
                "item1.TEL:1|item1.X-ABLabel:Hut|ANNIVERSARY:20010203",
                "3.0",
                "item1.TEL:1|item1.X-ABLabel:Hut|ITEM1.X-ABDATE:2001-02-03|ITEM1.X-ABLABEL:_$!<Anniversary>!$_",
            ),
            ("4.0", "KIND:individual", "3.0", "X-ABSHOWAS:INDIVIDUAL"),
            (
                "4.0",
                "KIND:group|MEMBER:urn:uuid:A",
                "3.0",
                "X-ADDRESSBOOKSERVER-KIND:GROUP|X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:a",
            ),
            ("3.0", "UID:ABC", "3.0", "UID:urn:uuid:abc"),
            ("3.0", "CATEGORIES:a,b", "3.0", "CATEGORIES:b|CATEGORIES:a"),
            ("3.0", "GEO:1.5;2.5", "4.0", "GEO:geo:1.5,2.5"),
            ("3.0", "X-FOO;B=1;A=2:a,b", "3.0", "x-foo;a=2;b=1:a\\,b"),
            ("3.0", "NOTE:a|NOTE:a", "3.0", "NOTE:a"),
            ("4.0", "TEL;VALUE=uri:tel:+1-2", "3.0", "TEL:+1-2"),
        ];
        for (old, before, new, after) in cases {
            let (old, new) = (card(old, before), card(new, after));
            assert_eq!(normal(&old), normal(&new), "{before} -> {after}");
            assert!(same(&old, &new), "{before} -> {after}");
        }
    }

    #[test]
    fn what_a_user_edits_is_a_difference() {
        let cases = [
            ("FN:Ada", "FN:ada"),
            ("TEL:1", "TEL:2"),
            ("TEL;TYPE=home:1", "TEL;TYPE=work:1"),
            ("TEL;TYPE=home:1", "TEL:1"),
            ("TEL;TYPE=pref:1|TEL:2", "TEL:1|TEL;TYPE=pref:2"),
            ("item1.TEL:1|item1.X-ABLabel:Hut", "item1.TEL:1|item1.X-ABLabel:hut"),
            (
                "item1.TEL:1|item1.X-ABLabel:Hut|item2.TEL:2|item2.X-ABLabel:Boat",
                "item1.TEL:1|item1.X-ABLabel:Boat|item2.TEL:2|item2.X-ABLabel:Hut",
            ),
            ("N:A;B", "N:B;A"),
            ("N:A;;B", "N:A;B"),
            ("ADR:;;a;b", "ADR:;;a\\;b"),
            ("CATEGORIES:a,b", "CATEGORIES:a\\,b"),
            ("BDAY:1980-01-15", "BDAY:--0115"),
            ("BDAY:1980-01-15", "BDAY:1980-01-15T10:00:00Z"),
            ("PHOTO;ENCODING=b:YQ==", "PHOTO;ENCODING=b:Yg=="),
            ("PHOTO;VALUE=uri:http://a", "PHOTO;VALUE=uri:http://b"),
            ("NOTE:a", "NOTE;LANGUAGE=de:a"),
            ("NOTE:a", "X-NOTE:a"),
            ("NOTE:a|rest of it", "NOTE:a"),
            ("KIND:group", "FN:"),
            ("TEL:1", "TEL:1|TEL:2"),
        ];
        for (before, after) in cases {
            let (old, new) = (card("3.0", before), card("3.0", after));
            assert_ne!(normal(&old), normal(&new), "{before} -> {after}");
            assert!(!same(&old, &new), "{before} -> {after}");
        }
    }

    #[test]
    fn lines_that_two_cards_share_hide_no_difference_and_make_none() {
        let lines = [
            "FN:A",
            "TEL;TYPE=HOME:1",
            "tel;type=home:1",
            "TEL;TYPE=WORK:1",
            "item1.TEL:2",
            "item1.X-ABLabel:Hut",
            "item1.X-ABLabel:Boat",
            "ANNIVERSARY:2001-02-03",
            "item1.X-ABDATE:2001-02-03",
            "CATEGORIES:a,b",
            "CATEGORIES:b",
            "no colon",
            "X-FOO:1",
            "REV:1",
        ];
        let of = |chosen: usize| {
            let chosen = (0..lines.len()).filter(|line| chosen >> line & 1 == 1);
            card(
                "3.0",
                &chosen.filter_map(|line| lines.get(line).copied()).collect::<Vec<_>>().join("|"),
            )
        };
        // Every card of these lines against some that have one more, one less and quite others.
        for chosen in 0..1 << lines.len() {
            let one = of(chosen);
            for other in
                [chosen ^ 1 << (chosen % 14), chosen ^ 0b110, chosen.rotate_left(3) & 0x3FFF]
            {
                let other = of(other);
                let expected = normal(&one) == normal(&other);
                assert_eq!(same(&one, &other), expected, "{one:?} {other:?}");
                assert_eq!(
                    crate::vcard::diff(&one, &other).is_empty(),
                    expected,
                    "{one:?} {other:?}"
                );
            }
        }
    }
}
