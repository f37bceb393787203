//! Cards whose every text can be told from every other: each value that is written once in a run
//! holds a word of its own, so that it is found wherever it went.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contactcmd_tests::fake::{Demand, Knobs, VersionAccept};

/// What a value is a value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Note,
    Phone,
    /// The label of the phone.
    Label,
    /// A component of N.
    Middle,
    FullName,
    Photo,
    /// A property of another program.
    Toy,
    Title,
    /// One of many.
    Mail,
    /// One of many, in one line.
    Category,
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kinds(u16);

impl Kinds {
    pub(super) const NONE: Self = Self(0);

    pub(super) const fn of(kinds: &[Kind]) -> Self {
        let (mut all, mut at) = (0, 0);
        while at < kinds.len() {
            all |= 1 << kinds[at] as u16;
            at += 1;
        }
        Self(all)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::NONE
    }
}

pub(super) const KINDS: [Kind; 10] = [
    Kind::Note,
    Kind::Phone,
    Kind::Label,
    Kind::Middle,
    Kind::FullName,
    Kind::Photo,
    Kind::Toy,
    Kind::Title,
    Kind::Mail,
    Kind::Category,
];

impl Kind {
    /// What the words of this kind begin with.
    fn root(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Phone => "+1555",
            Self::Label => "labl",
            Self::Middle => "midd",
            Self::FullName => "full",
            Self::Photo => "phot",
            Self::Toy => "toyx",
            Self::Title => "titl",
            Self::Mail => "mail",
            Self::Category => "catg",
        }
    }

    /// Whether a card holds one value of it at most, so that a new one replaces the old.
    pub(super) fn is_single(self) -> bool {
        !matches!(self, Self::Mail | Self::Category)
    }

    /// What is edited as a whole: a phone and its label are one property.
    pub(super) fn property(self) -> Self {
        if self == Self::Label { Self::Phone } else { self }
    }
}

/// A value, by its kind and the step that wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) number: u32,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:05}", self.kind.root(), self.number)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a new card is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Plain,
    /// Without a UID, as other programs export them.
    NoUid,
    /// vCard 4.0.
    Four,
    /// 3.0 and without N, which servers demand.
    NoName,
}

impl Shape {
    /// What a server can have: none without a UID where it demands one, and no 4.0 where it takes none,
    /// or serves it as 3.0 and loses what only 4.0 can say on the way (Q101).
    pub(super) fn taken_by(self, knobs: &Knobs) -> Self {
        let takes_four =
            matches!(knobs.version_accept, VersionAccept::Both | VersionAccept::Unadvertised);
        match self {
            Self::NoUid if knobs.demands.uid != Demand::Optional => Self::Plain,
            Self::Four if !takes_four => Self::Plain,
            shape => shape,
        }
    }
}

/// A new card of contact `who`, whose values carry `number`.
pub(super) fn new_card(who: u32, shape: Shape, number: u32) -> String {
    let token = |kind| Token { kind, number };
    let version = if shape == Shape::Four { "4.0" } else { "3.0" };
    let mut card = format!("BEGIN:VCARD\r\nVERSION:{version}\r\n");
    if shape != Shape::NoUid {
        card += &format!("UID:uid-{who:05}\r\n");
    }
    if shape != Shape::NoName {
        card += &format!("N:Person{who:05};Given;;;\r\n");
    }
    card += &format!(
        "FN:Given Person{who:05}\r\nEMAIL:{}\r\nitem1.TEL:{}\r\nitem1.X-ABLabel:{}\r\n\
         NOTE:{}\r\nX-TOY:{}\r\nEMAIL:{}@two.example\r\nEND:VCARD\r\n",
        identity(who),
        token(Kind::Phone),
        token(Kind::Label),
        token(Kind::Note),
        token(Kind::Toy),
        token(Kind::Mail),
    );
    card
}

fn identity(who: u32) -> String {
    format!("ident{who:05}@id.example")
}

/// Who a card is, by the address that nobody edits.
pub(super) fn who(text: &[u8]) -> Option<u32> {
    let text = flat(text);
    let at = text.find("ident")? + "ident".len();
    text.get(at..at + 5)?.parse().ok()
}

/// Every value of a card.
pub(super) fn tokens(text: &[u8]) -> BTreeSet<Token> {
    let mut text = flat(text);
    let photos: Vec<String> = text.lines().filter_map(picture).collect();
    photos.iter().for_each(|photo| text += photo);
    let mut found = BTreeSet::new();
    for kind in KINDS {
        for (at, root) in text.match_indices(kind.root()) {
            let digits = text.get(at + root.len()..at + root.len() + 5);
            if let Some(number) = digits.and_then(|digits| digits.parse().ok()) {
                found.insert(Token { kind, number });
            }
        }
    }
    found
}

fn picture(line: &str) -> Option<String> {
    let (head, value) = line.split_once(':')?;
    if !head.to_ascii_uppercase().contains("PHOTO") {
        return None;
    }
    let data = value.rsplit_once("base64,").map_or(value, |(_, data)| data);
    String::from_utf8(STANDARD.decode(data.trim()).ok()?).ok()
}

/// The card with this value in place of those of the same property, or beside the others where there
/// may be many.
pub(super) fn put(text: &[u8], token: Token) -> String {
    let value = token.to_string();
    let mut card = lines(text);
    match token.kind {
        Kind::Note => set(&mut card, "NOTE", format!("NOTE:{value}")),
        Kind::Toy => set(&mut card, "X-TOY", format!("X-TOY:{value}")),
        Kind::Title => set(&mut card, "TITLE", format!("TITLE:{value}")),
        Kind::FullName => set(&mut card, "FN", format!("FN:Given {value}")),
        Kind::Photo => {
            let data = STANDARD.encode(format!("{value}..."));
            let line = if is_four(&card) {
                format!("PHOTO:data:image/jpeg;base64,{data}")
            } else {
                format!("PHOTO;ENCODING=b;TYPE=JPEG:{data}")
            };
            set(&mut card, "PHOTO", line);
        }
        Kind::Middle => {
            let old = card.iter().find(|line| name(line) == "N").cloned();
            let old = old.unwrap_or_else(|| "N:Nobody;Given;;;".to_owned());
            let (head, rest) = old.split_once(':').unwrap_or(("N", &old));
            let mut parts: Vec<&str> = rest.split(';').collect();
            parts.resize(5, "");
            parts[2] = &value;
            set(&mut card, "N", format!("{head}:{}", parts.join(";")));
        }
        Kind::Phone => match card.iter_mut().find(|line| name(line) == "TEL") {
            Some(line) => {
                let head = line.split_once(':').map_or("TEL", |(head, _)| head);
                let head = head.replace(";VALUE=uri", "").replace(";VALUE=URI", "");
                *line = format!("{head}:{value}");
            }
            None => insert(&mut card, format!("TEL;TYPE=CELL:{value}")),
        },
        Kind::Label => {
            // A phone without a label has no group to put it in.
            if let Some(group) = group_of(&card, "TEL") {
                let is_label = |line: &String| name(line) == "X-ABLABEL" && in_group(line, &group);
                card.retain(|line| !is_label(line));
                insert(&mut card, format!("{group}.X-ABLabel:{value}"));
            }
        }
        Kind::Mail => insert(&mut card, format!("EMAIL;TYPE=WORK:{value}@add.example")),
        Kind::Category => {
            match card.iter_mut().find(|line| name(line) == "CATEGORIES") {
                Some(line) => *line += &format!(",{value}"),
                None => insert(&mut card, format!("CATEGORIES:{value}")),
            };
        }
    }
    joined(&card)
}

/// The card without this value.
pub(super) fn without(text: &[u8], token: Token) -> String {
    let value = token.to_string();
    let mut card = lines(text);
    match token.kind {
        Kind::Middle => {
            let mut cleared = |line: &mut String| {
                if name(line) == "N" {
                    *line = line.replace(&value, "");
                }
            };
            card.iter_mut().for_each(&mut cleared);
        }
        Kind::Category => {
            let list = card.iter().find(|line| name(line) == "CATEGORIES").cloned();
            let list = list.unwrap_or_default();
            let (head, items) = list.split_once(':').unwrap_or_default();
            let left: Vec<&str> = items.split(',').filter(|item| *item != value).collect();
            let position = card.iter().position(|line| name(line) == "CATEGORIES");
            match (position, left.is_empty()) {
                (Some(at), true) => drop(card.remove(at)),
                (Some(at), false) => card[at] = format!("{head}:{}", left.join(",")),
                (None, _) => {}
            }
        }
        Kind::Phone => {
            let group = group_of(&card, "TEL");
            let in_it = |line: &str| group.as_ref().is_some_and(|group| in_group(line, group));
            card.retain(|line| name(line) != "TEL" && !in_it(line));
        }
        Kind::Photo => card.retain(|line| name(line) != "PHOTO"),
        // A card has to have one.
        Kind::FullName => {}
        _ => card.retain(|line| !line.contains(&value)),
    }
    joined(&card)
}

/// The same card in other words: nothing that anybody would call an edit.
pub(super) fn reworded(text: &[u8]) -> String {
    let mut card = lines(text);
    let end = card.len() - 1;
    if let Some(body) = card.get_mut(2..end) {
        body.reverse();
    }
    for line in &mut card {
        if name(line) == "EMAIL" && !line.contains("INTERNET") {
            *line = line.replacen("EMAIL", "EMAIL;TYPE=INTERNET", 1);
        }
    }
    insert(&mut card, "PRODID:-//Other//Words//EN".to_owned());
    joined(&card)
}

fn is_four(card: &[String]) -> bool {
    card.iter().any(|line| line == "VERSION:4.0")
}

fn set(card: &mut Vec<String>, property: &str, line: String) {
    let at = card.iter().position(|old| name(old) == property);
    card.retain(|old| name(old) != property);
    match at {
        Some(at) => card.insert(at, line),
        None => insert(card, line),
    }
}

fn insert(card: &mut Vec<String>, line: String) {
    let end = card.len().saturating_sub(1);
    card.insert(end, line);
}

fn group_of(card: &[String], property: &str) -> Option<String> {
    let line = card.iter().find(|line| name(line) == property)?;
    let head = line.split([':', ';']).next()?;
    Some(head.split_once('.')?.0.to_owned())
}

fn in_group(line: &str, group: &str) -> bool {
    let head = line.split([':', ';']).next().unwrap_or_default();
    head.split_once('.').is_some_and(|(one, _)| one.eq_ignore_ascii_case(group))
}

/// The name of a line's property, upper case, without its group.
fn name(line: &str) -> String {
    let head = line.split([':', ';']).next().unwrap_or_default();
    head.rsplit('.').next().unwrap_or_default().to_ascii_uppercase()
}

fn flat(text: &[u8]) -> String {
    lines(text).join("\n")
}

fn lines(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n");
    let text = text.replace("\n ", "");
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn joined(card: &[String]) -> String {
    card.iter().map(|line| format!("{line}\r\n")).collect()
}
