//! A card: its exact bytes, and where its lines are.

use super::known::Known;
use super::label::Groups;
use super::physical::sub;
use super::property::Property;
use super::scan::{Coding, Line, Scan, Shape, scan, scan_beside};
use super::{person, wire};
use crate::contact::Uid;

/// One vCard: its exact bytes, and its content lines. Parsing cannot fail; what was not edited is
/// given back byte for byte.
#[derive(Debug, Clone)]
pub struct Card {
    content: Content,
    scan: Scan,
    version: Option<Version>,
}

/// The bytes of a card: checked for UTF-8 once and not for every value.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Text(String),
    /// Not UTF-8 as a whole.
    Bytes(Vec<u8>),
}

impl Content {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// A part of it, if all of it is text.
    pub(super) fn text(&self, start: usize, end: usize) -> Option<&str> {
        match self {
            Self::Text(text) => text.get(start..end),
            Self::Bytes(_) => None,
        }
    }
}

/// A line of one card: good until lines are added to it or removed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub(super) usize);

impl LineId {
    /// Its place among the lines of its card, from 0.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// The version a card says it has; escaping and charset depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// vCard 2.1.
    V21,
    /// RFC 2426; also what a card without a readable VERSION is taken for.
    V30,
    /// RFC 6350.
    V40,
}

/// Why bytes cannot be kept as a contact; shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// There is no `BEGIN:VCARD`.
    #[error("it is not a vCard")]
    NotACard,
    /// There is a BEGIN and no END: cut short.
    #[error("it breaks off before END:VCARD")]
    Unfinished,
    /// More than one card.
    #[error("it holds {0} cards, not one")]
    Several(usize),
    /// Nothing between BEGIN and END but a VERSION.
    #[error("it is empty")]
    Empty,
    /// Longer than any contact: nobody should wait until it is taken apart and merged.
    #[error("it is too large: a card may have {} MB and {} lines", LARGEST >> 20, MOST_LINES)]
    TooLarge,
}

/// How many bytes a card may have: its photo makes it large, and that is a few MB at most.
const LARGEST: usize = 16 << 20;

/// How many content lines a card may have: the largest that are known are groups of thousands.
const MOST_LINES: usize = 100_000;

/// Whether the bytes are one card that can be kept as a contact.
///
/// It is lenient: a card without VERSION, FN or UID, with junk lines or with text around it, is
/// kept and shown as it is.
///
/// # Errors
///
/// [`Flaw`]: set the card aside by name, with these words.
pub fn check(card: &Card) -> Result<(), Flaw> {
    let lines = &card.scan.lines;
    if card.as_bytes().len() > LARGEST || lines.len() > MOST_LINES || is_labelled_too_long(card) {
        return Err(Flaw::TooLarge);
    }
    match card.scan.cards {
        0 => Err(Flaw::NotACard),
        1 if !lines.iter().any(|line| line.shape == Shape::End) => Err(Flaw::Unfinished),
        1 if !lines.iter().any(is_content) => Err(Flaw::Empty),
        1 => Ok(()),
        several => Err(Flaw::Several(several)),
    }
}

/// Whether the labels alone are more than a card may be: one that thousands of lines share is read with
/// each of them.
fn is_labelled_too_long(card: &Card) -> bool {
    // No label of a smaller card is long enough.
    if card.as_bytes().len() < 1 << 14 {
        return false;
    }
    let groups = Groups::of(card);
    groups.beside().map(|line| card.line(line).len()).sum::<usize>() > LARGEST
}

impl Card {
    /// Takes the bytes apart. Never fails.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let scan = scan(&bytes);
        Self::of(bytes, scan)
    }

    /// As [`Card::parse`], faster for bytes that differ little from a card that was taken apart.
    pub(crate) fn parse_beside(bytes: impl Into<Vec<u8>>, other: &Self) -> Self {
        let bytes = bytes.into();
        let scan = scan_beside(&bytes, (other.as_bytes(), &other.scan));
        Self::of(bytes, scan)
    }

    fn of(bytes: Vec<u8>, scan: Scan) -> Self {
        let content = match String::from_utf8(bytes) {
            Ok(text) => Content::Text(text),
            Err(error) => Content::Bytes(error.into_bytes()),
        };
        let mut card = Self { content, scan, version: None };
        card.version = card.read_version();
        card
    }

    /// The bytes, exactly.
    pub fn as_bytes(&self) -> &[u8] {
        self.content.bytes()
    }

    /// The bytes, exactly.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.content {
            Content::Text(text) => text.into_bytes(),
            Content::Bytes(bytes) => bytes,
        }
    }

    /// The version it says it has; 3.0 when it does not say.
    pub fn version(&self) -> Version {
        self.version.unwrap_or(Version::V30)
    }

    /// The version its first readable VERSION line names; `None` when there is none.
    pub fn stated_version(&self) -> Option<Version> {
        self.version
    }

    /// Its first UID that is not empty, spelled as found.
    pub fn uid(&self) -> Option<Uid> {
        self.properties_of(Known::Uid)
            .map(|property| property.trimmed())
            .find(|uid| !uid.is_empty())
            .map(Uid)
    }

    /// What to call it in a plan, as [`person`] does, without reading the rest; never empty.
    pub fn name(&self) -> String {
        person::name(self)
    }

    /// Its properties in order, without BEGIN, END, and what stands around the card.
    pub fn properties(&self) -> impl Iterator<Item = Property<'_>> {
        self.select(|_| true)
    }

    /// Its properties of some kinds in order; the others are not read.
    pub(crate) fn properties_where(
        &self,
        wanted: impl Fn(Known) -> bool,
    ) -> impl Iterator<Item = Property<'_>> {
        self.select(move |line| wanted(line.known))
    }

    /// Its properties on some lines, in order; the others are not read.
    pub(super) fn properties_on(
        &self,
        wanted: impl Fn(LineId) -> bool,
    ) -> impl Iterator<Item = Property<'_>> {
        let version = self.version();
        let lines = self.scan.lines.iter().enumerate();
        lines
            .filter(move |(at, line)| line.shape == Shape::Property && wanted(LineId(*at)))
            .map(move |(at, line)| Property::read(&self.content, LineId(at), line, version))
    }

    /// Which property stands on each line; `None` where none does.
    pub(super) fn kinds(&self) -> impl Iterator<Item = Option<Known>> {
        let lines = self.scan.lines.iter();
        lines.map(|line| (line.shape == Shape::Property).then_some(line.known))
    }

    /// The lines that are read without looking at any other: properties in no group.
    pub(super) fn lone_lines(&self) -> impl Iterator<Item = (LineId, &[u8])> {
        let lines = self.scan.lines.iter().enumerate().filter(|(_, line)| is_alone(line));
        lines.map(|(at, line)| (LineId(at), sub(self.as_bytes(), line.start, line.end)))
    }

    /// The line at a place, if it is one of [`Card::lone_lines`].
    pub(super) fn lone_line(&self, at: usize) -> Option<&[u8]> {
        let line = self.scan.lines.get(at).filter(|line| is_alone(line))?;
        Some(sub(self.as_bytes(), line.start, line.end))
    }

    /// Its properties that are in a group, in order.
    pub(super) fn grouped(&self) -> impl Iterator<Item = Property<'_>> {
        // A head that is folded was not looked into.
        self.select(|line| line.name.0 > 0 || line.value.is_none())
    }

    /// Its properties of one name in order.
    pub fn properties_of(&self, known: Known) -> impl Iterator<Item = Property<'_>> {
        self.select(move |line| line.known == known)
    }

    /// The property on a line; `None` when no property stands there.
    pub fn property(&self, id: LineId) -> Option<Property<'_>> {
        let line = self.scan.lines.get(id.0).filter(|line| line.shape == Shape::Property)?;
        Some(Property::read(&self.content, id, line, self.version()))
    }

    /// Every line of the bytes in order, blank ones and what stands around the card included;
    /// joined they are the card.
    pub fn lines(&self) -> impl Iterator<Item = (LineId, &[u8])> {
        let lines = self.scan.lines.iter().enumerate();
        lines.map(|(at, line)| (LineId(at), sub(self.as_bytes(), line.start, line.end)))
    }

    /// The exact bytes of a line: folds and line end included. Empty when there is no such line.
    pub fn line(&self, id: LineId) -> &[u8] {
        self.scanned(id).map_or(&[], |line| sub(self.as_bytes(), line.start, line.end))
    }

    /// The lines inside the card that are neither property nor blank: they have no colon.
    pub(super) fn junk(&self) -> impl Iterator<Item = (LineId, &[u8])> {
        self.lines().filter(|(id, _)| self.shape(*id) == Some(Shape::Junk))
    }

    pub(super) fn shape(&self, id: LineId) -> Option<Shape> {
        self.scanned(id).map(|line| line.shape)
    }

    pub(super) fn scanned(&self, id: LineId) -> Option<&Line> {
        self.scan.lines.get(id.0)
    }

    pub(super) fn scanned_lines(&self) -> &[Line] {
        &self.scan.lines
    }

    /// The line end it uses: that of its first line that has one.
    pub(super) fn line_end(&self) -> &[u8] {
        let lone_cr = self.scanned_lines().first().is_some_and(|line| line.lone_cr);
        let ends = self.lines().map(|(_, line)| wire::end_of_line(line));
        let mut ends = ends.filter(|end| if lone_cr { *end == b"\r" } else { !end.is_empty() });
        // RFC 6350 3.2 for a card of one line without an end.
        ends.next().unwrap_or(b"\r\n")
    }

    /// Puts other bytes in place of those from `start` to `end`.
    pub(super) fn splice(&mut self, start: usize, end: usize, with: &[u8]) {
        let head = sub(self.as_bytes(), 0, start);
        let tail = sub(self.as_bytes(), end, self.as_bytes().len());
        *self = Self::parse([head, with, tail].concat());
    }

    fn read_version(&self) -> Option<Version> {
        self.properties_of(Known::Version).find_map(|version| match version.decoded().trim() {
            "2.1" => Some(Version::V21),
            "3.0" => Some(Version::V30),
            "4.0" => Some(Version::V40),
            _ => None,
        })
    }

    fn select(&self, wanted: impl Fn(&Line) -> bool) -> impl Iterator<Item = Property<'_>> {
        let version = self.version();
        let lines = self.scan.lines.iter().enumerate();
        lines
            .filter(move |(_, line)| line.shape == Shape::Property && wanted(line))
            .map(move |(at, line)| Property::read(&self.content, LineId(at), line, version))
    }
}

impl PartialEq for Card {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Card {}

/// Whether a line is a property in no group, whose head is not folded.
fn is_alone(line: &Line) -> bool {
    line.shape == Shape::Property && line.name.0 == 0 && line.value.is_some()
}

/// Whether a line holds something of a contact.
fn is_content(line: &Line) -> bool {
    match line.shape {
        Shape::Property => line.known != Known::Version || line.params.coding == Coding::Nested,
        Shape::Junk => true,
        Shape::Begin | Shape::End | Shape::Blank | Shape::Outside => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_checked_for_what_makes_it_no_contact() {
        let cases: [(&str, Result<(), Flaw>); 11] = [
            ("BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n", Ok(())),
            ("begin:vcard\nfn:A\nend:vcard", Ok(())),
            ("\u{feff}\r  BEGIN:VCARD\rFN:A\rEND:VCARD\rtext\n", Ok(())),
            ("BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nFN:B\nEND:VCARD\nFN:A\nEND:VCARD", Ok(())),
            ("BEGIN:VCARD\nNOTE;QUOTED-PRINTABLE:a=\nEND:VCARD\n", Ok(())),
            ("", Err(Flaw::NotACard)),
            ("<html>", Err(Flaw::NotACard)),
            ("BEGIN:VCARD\nFN:A\n", Err(Flaw::Unfinished)),
            ("BEGIN:VCARD\nFN:A\n END:VCARD", Err(Flaw::Unfinished)),
            ("BEGIN:VCARD\nVERSION:3.0\n\nEND:VCARD\n", Err(Flaw::Empty)),
            ("BEGIN:VCARD\nFN:A\nBEGIN:VCARD\nFN:B\nEND:VCARD\n", Err(Flaw::Several(2))),
        ];
        for (text, expected) in cases {
            assert_eq!(check(&Card::parse(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn a_card_beyond_all_measure_is_none_that_can_be_kept() {
        let with = |lines: String| Card::parse(format!("BEGIN:VCARD\n{lines}END:VCARD\n"));
        let long = |length: usize| with(format!("NOTE:{}\n", "x".repeat(length)));
        assert_eq!(check(&long(LARGEST - 100)), Ok(()));
        assert_eq!(check(&long(LARGEST)), Err(Flaw::TooLarge));
        assert_eq!(check(&with("TEL:1\n".repeat(MOST_LINES - 2))), Ok(()));
        assert_eq!(check(&with("TEL:1\n".repeat(MOST_LINES))), Err(Flaw::TooLarge));
        let shared = |length: usize| {
            with(format!("a.X-ABLabel:{}\n", "x".repeat(length)) + &"a.TEL:1\n".repeat(10_000))
        };
        assert_eq!(check(&shared(1_000)), Ok(()));
        assert_eq!(check(&shared(2_000)), Err(Flaw::TooLarge));
        let words = "it is too large: a card may have 16 MB and 100000 lines";
        assert_eq!(Flaw::TooLarge.to_string(), words);
    }

    #[test]
    fn odd_layouts_come_back_whole_and_are_read_all_the_same() {
        let cases = [
            // (card, its FN)
            ("BEGIN:VCARD\r\r\nFN:A\r\r\n B\r\r\nEND:VCARD\r\r\n", "AB"),
            ("BEGIN:VCARD\rFN:A\r B\rNOTE:x\rEND:VCARD\r", "AB"),
            ("BEGIN:VCARD\r\nFN:A\rB\r\nEND:VCARD\r\n", "A\nB"),
            ("\u{feff}BEGIN:VCARD\nF\n N\n :A\nEND:VCARD", "A"),
            ("BEGIN:VCARD\nVERSION:4.0\nFN:A\\,B\nEND:VCARD\n\n\n", "A,B"),
            ("BEGIN:VCARD\nno colon\n\nVERSION:2.1\nFN:A\\,B\nEND:VCARD", "A\\,B"),
            ("FN:a fragment\nTEL:1\n", "a fragment"),
        ];
        for (text, name) in cases {
            let card = Card::parse(text);
            assert_eq!(card.as_bytes(), text.as_bytes());
            let joined: Vec<u8> = card.lines().flat_map(|(_, line)| line.to_vec()).collect();
            assert_eq!(joined, text.as_bytes(), "{text:?}");
            let shown = card.properties_of(Known::Fn).next().map(|p| p.text());
            assert_eq!(shown.as_deref(), Some(name), "{text:?}");
        }
    }

    #[test]
    fn a_fold_may_fall_inside_a_character() {
        let mut bytes = b"BEGIN:VCARD\r\nFN:J\xc3".to_vec();
        bytes.extend_from_slice(b"\r\n \xbcrgen\r\nEND:VCARD\r\n");
        let card = Card::parse(bytes);
        assert_eq!(card.name(), "Jürgen");
    }

    #[test]
    fn the_uid_is_the_first_that_says_something() {
        let card = Card::parse("BEGIN:VCARD\nUID:\nUID: urn:uuid:A \nUID:B\nEND:VCARD\n");
        assert_eq!(card.uid(), Some(Uid("urn:uuid:A".to_owned())));
        assert_eq!(Card::parse("BEGIN:VCARD\nFN:A\nEND:VCARD\n").uid(), None);
    }
}
