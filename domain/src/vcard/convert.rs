//! Another version of a card, for export.

use std::collections::{BTreeMap, BTreeSet};

use super::date::Date;
use super::known::Known;
use super::label::{Groups, Types, lower};
use super::person::{self, one_line};
use super::property::Property;
use super::scan::Coding;
use super::write::push_param;
use super::{Card, LineId, Version, lower, raise, text, wire};

/// RFC 6350 3.2: what is written is valid, whatever was read.
const CRLF: &[u8] = b"\r\n";

/// The card in another version, for export only: no way back restores the first one, so a sync
/// never converts.
///
/// What the other version has no word for is kept under an X- name; lines that could not be read
/// become `X-UNREADABLE`. The result has CRLF, UTF-8, folded lines, an FN and (3.0) an N. A card
/// that says it has that version already is given back byte for byte. vCard 2.1 is read and
/// never written: asked for it, the card becomes 3.0.
pub fn convert(card: &Card, to: Version) -> Card {
    let to = to.max(Version::V30);
    if card.stated_version() == Some(to) {
        return card.clone();
    }
    let mut out = Output::new(card, to);
    for property in card.properties() {
        match (property.known(), to) {
            (Known::Version, _) => {}
            (_, Version::V40) => raise::property(&mut out, &property),
            (_, Version::V21 | Version::V30) => lower::property(&mut out, &property),
        }
    }
    for (_, junk) in card.junk() {
        let junk = String::from_utf8_lossy(junk);
        out.write(Draft::new("X-UNREADABLE", text::escape(junk.trim(), to).into_owned()));
    }
    out.finish()
}

/// A line of the new card.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) group: Option<String>,
    pub(super) name: String,
    pub(super) types: Vec<String>,
    /// 1 is most; written as the version has it.
    pub(super) pref: Option<u8>,
    pub(super) params: Vec<(String, String)>,
    /// With its escapes.
    pub(super) value: String,
}

impl Draft {
    pub(super) fn new(name: &str, value: String) -> Self {
        Self { name: name.to_owned(), value, ..Self::default() }
    }

    /// A property as it is, with its value read and written again where the layout needs it.
    pub(super) fn of(property: &Property<'_>) -> Self {
        let Types { types, pref } = Types::of(property);
        let layout = ["TYPE", "PREF", "ENCODING", "CHARSET"];
        let kept = |name: &str| {
            !name.is_empty() && !layout.iter().any(|one| one.eq_ignore_ascii_case(name))
        };
        let params = property
            .params()
            .filter(|param| kept(param.name))
            .map(|param| (param.name.to_owned(), param.values().collect::<Vec<_>>().join(",")));
        Self {
            group: property.group().map(plain_name).filter(|group| !group.is_empty()),
            name: new_name(property.name()),
            types: types.into_iter().map(plain_name).filter(|one| !one.is_empty()).collect(),
            pref,
            params: params.collect(),
            value: carry(property),
        }
    }

    pub(super) fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// The same under a name that every version allows.
    pub(super) fn private(self) -> Self {
        let name = format!("X-{}", self.name);
        self.named(&name)
    }

    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Takes a parameter out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.params.iter().position(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(self.params.remove(at).1)
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.params.push((name.to_owned(), value.to_owned()));
    }
}

/// The new card while it is written.
pub(super) struct Output<'a> {
    pub(super) card: &'a Card,
    pub(super) groups: Groups,
    /// Each address and the LABEL that is its printed form, which 4.0 has as a parameter.
    pub(super) printed: BTreeMap<LineId, LineId>,
    /// The LABEL lines among them.
    pub(super) prints: BTreeSet<LineId>,
    /// The line of the first N.
    pub(super) first_n: Option<LineId>,
    /// The first SORT-STRING, which 4.0 has as a parameter of N.
    pub(super) sort: Option<(LineId, String)>,
    /// The anniversary that was written.
    pub(super) anniversary: Option<Date>,
    to: Version,
    bytes: Vec<u8>,
    used_groups: BTreeSet<String>,
    last_group: usize,
    written: BTreeSet<String>,
    /// Label lines whose meaning went into the property itself.
    spent: BTreeSet<LineId>,
}

impl<'a> Output<'a> {
    fn new(card: &'a Card, to: Version) -> Self {
        let number = if to == Version::V40 { "4.0" } else { "3.0" };
        let used = card.grouped().filter_map(|p| p.group().map(|group| lower(&plain_name(group))));
        let printed = raise::address_labels(card);
        Self {
            card,
            groups: Groups::of(card),
            prints: printed.values().copied().collect(),
            printed,
            first_n: card.properties_of(Known::N).next().map(|n| n.id()),
            sort: card.properties_of(Known::SortString).next().map(|one| (one.id(), one.trimmed())),
            anniversary: None,
            to,
            bytes: format!("BEGIN:VCARD\r\nVERSION:{number}\r\n").into_bytes(),
            used_groups: used.collect(),
            last_group: 0,
            written: BTreeSet::new(),
            spent: BTreeSet::new(),
        }
    }

    /// Whether a property of this name (upper case) was written already.
    pub(super) fn has(&self, name: &str) -> bool {
        self.written.contains(name)
    }

    pub(super) fn write(&mut self, mut draft: Draft) {
        if ["BEGIN", "END"].iter().any(|mark| draft.name.eq_ignore_ascii_case(mark)) {
            // Without the group or parameters it had, `BEGIN;X=1:VCARD` would begin another card.
            draft = draft.private();
        }
        let mut head = String::new();
        if let Some(group) = &draft.group {
            head.push_str(group);
            head.push('.');
        }
        let name = if draft.name.is_empty() { "X-UNREADABLE" } else { &draft.name };
        head.push_str(name);
        let mut types = draft.types;
        match (self.to, draft.pref) {
            (Version::V40, Some(rank)) => push_param(&mut head, "PREF", &rank.min(100).to_string()),
            (_, Some(1)) => types.push("pref".to_owned()),
            (_, Some(rank)) => push_param(&mut head, "X-PREF", &rank.to_string()),
            (_, None) => {}
        }
        if !types.is_empty() {
            head.push_str(";TYPE=");
            head.push_str(&types.join(","));
        }
        for (name, value) in &draft.params {
            // 3.0 has no escape for these in a parameter.
            let spaced = value.replace('"', "'").replace('\n', " ");
            let value = if self.to == Version::V40 { value } else { &spaced };
            push_param(&mut head, &plain_name(name), value);
        }
        self.written.insert(name.to_ascii_uppercase());
        let value = draft.value.replace(['\r', '\n'], "");
        wire::fold(format!("{head}:{value}").as_bytes(), CRLF, &mut self.bytes);
    }

    /// A group no line uses.
    pub(super) fn new_group(&mut self) -> String {
        loop {
            self.last_group += 1;
            let name = format!("item{}", self.last_group);
            if !self.used_groups.contains(&name) {
                return name;
            }
        }
    }

    /// Leaves out the label of a property: its meaning is in the property now.
    pub(super) fn spend_label(&mut self, id: LineId) {
        self.spent.extend(self.groups.label_line(id));
    }

    pub(super) fn is_spent(&self, id: LineId) -> bool {
        self.spent.contains(&id)
    }

    fn finish(mut self) -> Card {
        let name = person::person(self.card).name;
        let name = text::escape(&one_line(&name), self.to).into_owned();
        if !self.has("N") && self.to == Version::V30 {
            // RFC 2426 3.1.2 wants an N; guessing at its parts would change the name.
            self.write(Draft::new("N", format!("{name};;;;")));
        }
        if !self.has("FN") {
            self.write(Draft::new("FN", name));
        }
        self.bytes.extend_from_slice(b"END:VCARD\r\n");
        Card::parse(self.bytes)
    }
}

/// The value with the escapes of 3.0 and 4.0, which are the same.
fn carry(property: &Property<'_>) -> String {
    if property.coding() == Coding::Nested {
        let card = String::from_utf8_lossy(&property.raw()).into_owned();
        return text::escape(card.trim(), Version::V30).into_owned();
    }
    let decoded = property.decoded();
    if property.version() != Version::V21 {
        // Quoted-printable in 3.0 may hold real line breaks.
        return decoded.trim_end_matches(['\r', '\n']).replace("\r\n", "\\n").replace('\n', "\\n");
    }
    let anew = |part: &str| {
        let text = text::unescape(part, Version::V21);
        text::escape(&text, Version::V30).into_owned()
    };
    let parts = |separator: u8, gap: &str| {
        let parts = text::split(&decoded, separator, Version::V21).map(anew);
        parts.collect::<Vec<_>>().join(gap)
    };
    match property.known() {
        Known::Categories | Known::Nickname => parts(b',', ","),
        Known::Url | Known::Photo | Known::Logo | Known::Sound | Known::Key => decoded.into_owned(),
        Known::N | Known::Adr | Known::Org | Known::Geo | Known::Other => parts(b';', ";"),
        _ => anew(&decoded),
    }
}

/// The name of a property, a private one where it had characters that go: `U_ID` is no UID.
fn new_name(name: &str) -> String {
    let plain = plain_name(name);
    let is_private = plain.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-"));
    if plain == name || plain.is_empty() || is_private { plain } else { format!("X-{plain}") }
}

/// A name with only the characters RFC 6350 3.3 allows.
fn plain_name(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_begins_or_ends_another_card_or_becomes_a_known_one() {
        let lines = [
            ("BE\u{e9}GIN:VCARD", "X-BEGIN:VCARD"),
            ("BEGIN;CHARSET=UTF-8:VCARD", "X-BEGIN:VCARD"),
            ("end;ENCODING=8BIT:VCARD", "X-end:VCARD"),
            ("U_ID:1", "X-UID:1"),
            ("X_FOO:1", "X-XFOO:1"),
            ("x-foo_bar:1", "x-foobar:1"),
        ];
        for (line, expected) in lines {
            for to in [Version::V30, Version::V40] {
                assert_eq!(converted("2.1", line, to), [expected], "{line} {to:?}");
            }
        }
    }

    /// The lines of a card after conversion, unfolded, without BEGIN, VERSION, END.
    fn converted(version: &str, lines: &str, to: Version) -> Vec<String> {
        let card = format!("BEGIN:VCARD\r\nVERSION:{version}\r\nFN:A\r\n{lines}\r\nEND:VCARD\r\n");
        let card = convert(&Card::parse(card), to);
        let text = String::from_utf8(card.into_bytes()).unwrap().replace("\r\n ", "");
        let skip = ["BEGIN:VCARD", "VERSION:3.0", "VERSION:4.0", "FN:A", "N:A;;;;", "END:VCARD"];
        text.lines().filter(|line| !skip.contains(line)).map(str::to_owned).collect()
    }

    #[test]
    fn old_cards_become_4_0() {
        let cases: [(&str, &str, &[&str]); 26] = [
            ("3.0", "TEL;TYPE=WORK,pref:1", &["TEL;PREF=1;TYPE=work:1"]),
            ("2.1", "TEL;WORK;FAX:1", &["TEL;TYPE=work,fax:1"]),
            ("3.0", "EMAIL;type=INTERNET;type=HOME:a@b", &["EMAIL;TYPE=home:a@b"]),
            (
                "2.1",
                "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=BC=0D=0Ab,c",
                &["NOTE:ü\\nb\\,c"],
            ),
            ("2.1", "ADR;HOME:;;a, b;c", &["ADR;TYPE=home:;;a\\, b;c"]),
            ("2.1", "X-ANDROID-CUSTOM:a/b;1;;2", &["X-ANDROID-CUSTOM:a/b;1;;2"]),
            ("3.0", "BDAY:1980-01-15", &["BDAY:19800115"]),
            ("3.0", "BDAY;VALUE=date:1980-01-15T10:11:12Z", &["BDAY:19800115T101112Z"]),
            ("3.0", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20", &["BDAY:--0820"]),
            ("3.0", "BDAY:spring", &["BDAY;VALUE=text:spring"]),
            (
                "3.0",
                "X-ANNIVERSARY:2001-02-03\r\nitem1.X-ABDATE:2001-02-03\r\nitem1.X-ABLabel:_$!<Anniversary>!$_",
                &["ANNIVERSARY:20010203"],
            ),
            (
                "3.0",
                "item1.X-ABDATE:2001-02-03\r\nitem1.X-ABLabel:Graduation",
                &["item1.X-ABDATE:2001-02-03", "item1.X-ABLabel:Graduation"],
            ),
            (
                "3.0",
                "X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:u",
                &["KIND:group", "MEMBER:urn:uuid:u"],
            ),
            ("3.0", "X-ABShowAs:COMPANY", &["KIND:org"]),
            ("3.0", "PHOTO;ENCODING=b;TYPE=JPEG:YQ==", &["PHOTO:data:image/jpeg;base64,YQ=="]),
            ("2.1", "PHOTO;ENCODING=BASE64;PNG:YQ==\r\n", &["PHOTO:data:image/png;base64,YQ=="]),
            ("3.0", "PHOTO;VALUE=uri:http://a/b", &["PHOTO;VALUE=uri:http://a/b"]),
            (
                "3.0",
                "ADR;TYPE=home:;;1\r\nLABEL;TYPE=HOME:1 St\\nTown\r\nLABEL;TYPE=work:x",
                &["ADR;LABEL=1 St^nTown;TYPE=home:;;1", "X-LABEL;TYPE=work:x"],
            ),
            ("3.0", "N:B;C\r\nSORT-STRING:Bee", &["N;SORT-AS=Bee:B;C"]),
            ("3.0", "GEO:37.4;-122.1", &["GEO:geo:37.4,-122.1"]),
            (
                "3.0",
                "UID:abc\r\nREV:1995-10-31T22:27:10Z",
                &["UID;VALUE=text:abc", "REV:19951031T222710Z"],
            ),
            (
                "3.0",
                "MAILER:m\r\nCLASS:PRIVATE\r\nPROFILE:VCARD",
                &["X-MAILER:m", "X-CLASS:PRIVATE"],
            ),
            (
                "3.0",
                "item1.X-ABRELATEDNAMES:B\r\nitem1.X-ABLabel:_$!<Spouse>!$_",
                &["RELATED;VALUE=text;TYPE=spouse:B"],
            ),
            (
                "3.0",
                "item1.X-ABRELATEDNAMES:B\r\nitem1.X-ABLabel:Guru",
                &["item1.RELATED;VALUE=text:B", "item1.X-ABLabel:Guru"],
            ),
            (
                "2.1",
                "AGENT:\r\nBEGIN:VCARD\r\nFN:B\r\nEND:VCARD",
                &["X-AGENT:BEGIN:VCARD\\nFN:B\\nEND:VCARD"],
            ),
            (
                "3.0",
                "half a line\r\nN:B;C\r\nN:D;E",
                &["N:B;C", "X-N:D;E", "X-UNREADABLE:half a line"],
            ),
        ];
        for (version, before, after) in cases {
            let mut got = converted(version, before, Version::V40);
            // The order of parameters is of no account.
            let expected: Vec<String> = after.iter().map(|line| (*line).to_owned()).collect();
            got.iter_mut().zip(&expected).for_each(|(got, wanted)| same_params(got, wanted));
            assert_eq!(got, expected, "{before}");
        }
    }

    fn same_params(got: &mut String, wanted: &str) {
        let key = |line: &str| {
            let mut parts: Vec<String> = line.split([';', ':']).map(str::to_owned).collect();
            parts.sort();
            parts
        };
        if key(got) == key(wanted) {
            *got = wanted.to_owned();
        }
    }

    #[test]
    fn new_cards_become_3_0() {
        let cases: [(&str, &str, &[&str]); 19] = [
            (
                "4.0",
                "TEL;PREF=1;TYPE=\"work,voice\";VALUE=uri:tel:+1-2;ext=5",
                &["TEL;TYPE=work,voice,pref:+1-2 ext. 5"],
            ),
            ("4.0", "EMAIL;PREF=2;TYPE=home:a@b", &["EMAIL;X-PREF=2;TYPE=home:a@b"]),
            ("4.0", "BDAY:19800115", &["BDAY:1980-01-15"]),
            ("4.0", "BDAY:--0820", &["BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20"]),
            ("4.0", "BDAY:1980-01", &["X-BDAY:1980-01"]),
            ("4.0", "BDAY;VALUE=text:circa 1800", &["X-BDAY:circa 1800"]),
            (
                "4.0",
                "item1.TEL:1\r\nANNIVERSARY:20010203",
                &[
                    "item1.TEL:1",
                    "X-ANNIVERSARY:2001-02-03",
                    "item2.X-ABDATE:2001-02-03",
                    "item2.X-ABLabel:_$!<Anniversary>!$_",
                ],
            ),
            (
                "4.0",
                "KIND:group\r\nMEMBER:urn:uuid:u",
                &["X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:u"],
            ),
            ("4.0", "KIND:individual", &[]),
            ("4.0", "KIND:org", &["X-ABShowAs:COMPANY"]),
            ("4.0", "PHOTO:data:image/png;base64\\,YQ==", &["PHOTO;ENCODING=b;TYPE=PNG:YQ=="]),
            ("4.0", "PHOTO:http://a/b", &["PHOTO;VALUE=uri:http://a/b"]),
            (
                "4.0",
                "ADR;TYPE=home;LABEL=\"1 St^nTown\":;;1",
                &["ADR;TYPE=home:;;1", "LABEL;TYPE=home:1 St\\nTown"],
            ),
            ("4.0", "N;SORT-AS=Bee:B;C", &["N:B;C", "SORT-STRING:Bee"]),
            (
                "4.0",
                "RELATED;VALUE=text;TYPE=spouse:B",
                &["item1.X-ABRELATEDNAMES:B", "item1.X-ABLabel:_$!<Spouse>!$_"],
            ),
            ("4.0", "RELATED;TYPE=friend:urn:uuid:u", &["X-RELATED;TYPE=friend:urn:uuid:u"]),
            ("4.0", "GENDER:M\r\nLANG;ALTID=1:de", &["X-GENDER:M", "X-LANG;X-ALTID=1:de"]),
            ("4.0", "GEO:geo:37.4,-122.1;u=3", &["GEO:37.4;-122.1"]),
            ("2.1", "N:B;C;;\r\nTEL;HOME;PREF:1", &["N:B;C;;", "TEL;TYPE=HOME,pref:1"]),
        ];
        for (version, before, after) in cases {
            let mut got = converted(version, before, Version::V30);
            let expected: Vec<String> = after.iter().map(|line| (*line).to_owned()).collect();
            got.iter_mut().zip(&expected).for_each(|(got, wanted)| same_params(got, wanted));
            assert_eq!(got, expected, "{before}");
        }
    }

    #[test]
    fn a_card_of_that_version_is_not_touched_and_2_1_is_never_written() {
        let text = "BEGIN:VCARD\nversion:3.0\nfn:a\nEND:VCARD";
        assert_eq!(convert(&Card::parse(text), Version::V30).as_bytes(), text.as_bytes());
        assert_eq!(convert(&Card::parse(text), Version::V21).as_bytes(), text.as_bytes());
        let old = Card::parse("BEGIN:VCARD\nVERSION:2.1\nORG:Acme\nEND:VCARD");
        let new = convert(&old, Version::V21);
        assert_eq!(new.stated_version(), Some(Version::V30));
        assert_eq!(new.name(), "Acme");
    }
}
