//! Many edits of one card, written at once.

mod homes;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use self::homes::Homes;
use super::apart::Reading;
use super::blend::{Blend, Blending};
use super::diff::is_single;
use super::graft::{self, with_own_ends};
use super::known::Known;
use super::marks::Entry;
use super::physical::marker;
use super::says::shown;
use super::scan::Shape;
use super::{Card, LineId, text};

/// The edits of a card, gathered while it stays as it is; lines that are not named stay byte for
/// byte. What is taken over comes from another card of the same version, or escapes would be misread.
pub(crate) struct Patch<'a> {
    card: &'a Card,
    here: &'a Reading<'a>,
    there: &'a Reading<'a>,
    /// What stands in the place of a line: no line when it is cut out.
    puts: BTreeMap<LineId, Vec<Vec<u8>>>,
    lists: BTreeMap<LineId, Items>,
    /// Lines to be added after the last property of a name.
    inserts: Vec<(String, Vec<Vec<u8>>)>,
    /// Properties that are gone from their group.
    left: BTreeSet<LineId>,
    homes: Homes<'a>,
    /// Lines that become one with a line there, each at most once. Until all edits are known nobody can tell in which
    /// group what comes from there will stand.
    blends: Vec<Blending<'a>>,
    /// Lines there that are taken over.
    adopted: Vec<Adopted>,
    /// Lines there, and what they are here.
    twins: Vec<(LineId, LineId)>,
    /// The properties that say nothing, the first one last.
    empty: BTreeMap<Known, Vec<LineId>>,
}

/// How many bytes may be read again for edits that are done one after the other.
const READ_AGAIN: usize = 1 << 24;

#[derive(Debug, Default)]
struct Items {
    removed: BTreeSet<Vec<u8>>,
    added: Vec<String>,
}

/// A property of the other card that is taken over.
struct Adopted {
    line: LineId,
    place: Place,
    /// Some items of a list, joined, in place of its value.
    items: Option<String>,
}

enum Place {
    /// In the place of a line.
    Over(LineId),
    /// Among the lines that are added.
    New(usize),
}

impl<'a> Patch<'a> {
    /// Edits `here`, and takes over from `there`.
    pub(crate) fn new(here: &'a Reading<'a>, there: &'a Reading<'a>) -> Self {
        Self {
            card: here.card,
            here,
            there,
            puts: BTreeMap::new(),
            lists: BTreeMap::new(),
            inserts: Vec::new(),
            left: BTreeSet::new(),
            homes: Homes::new(here),
            blends: Vec::new(),
            adopted: Vec::new(),
            twins: Vec::new(),
            empty: BTreeMap::new(),
        }
    }

    /// Cuts a line out, with its label unless that is another's too.
    pub(crate) fn cut(&mut self, line: LineId) {
        self.puts.insert(line, Vec::new());
        self.left.insert(line);
    }

    /// Puts what two properties become in the place of the one here.
    pub(crate) fn put(&mut self, here: Entry<'a>, there: Entry<'a>, blend: Blend) {
        self.puts.insert(here.property.id(), Vec::new());
        self.blends.push(Blending { here, there, blend });
    }

    /// Tells that a line there is one here which says something else by now: what shares its group
    /// there belongs in the group that it has here.
    pub(crate) fn twin(&mut self, here: LineId, there: LineId) {
        self.twins.push((there, here));
    }

    /// Adds a property of the other card with what belongs to it.
    pub(crate) fn adopt(&mut self, line: LineId) {
        let Some(property) = self.there.card.property(line) else { return };
        let place = match self.empty_place(property.known()) {
            Some(place) => self.over(place),
            None => self.new_place(property.name()),
        };
        self.adopted.push(Adopted { line, place, items: None });
    }

    /// Puts a property of the other card, with what belongs to it, in the place of one here.
    pub(crate) fn adopt_over(&mut self, here: LineId, line: LineId) {
        let place = self.over(here);
        self.left.insert(here);
        self.adopted.push(Adopted { line, place, items: None });
    }

    /// Adds a list of the other card with some of its items.
    pub(crate) fn adopt_items(&mut self, line: LineId, raw: &[&str]) {
        let Some(property) = self.there.card.property(line) else { return };
        let place = self.new_place(property.name());
        self.adopted.push(Adopted { line, place, items: Some(raw.join(",")) });
    }

    fn over(&mut self, line: LineId) -> Place {
        self.puts.insert(line, Vec::new());
        Place::Over(line)
    }

    fn new_place(&mut self, name: &str) -> Place {
        self.inserts.push((name.to_owned(), Vec::new()));
        Place::New(self.inserts.len() - 1)
    }

    /// Adds a line that is no property.
    pub(crate) fn adopt_junk(&mut self, line: &[u8]) {
        self.inserts.push((String::new(), vec![with_own_ends(self.card, line)]));
    }

    /// Takes an item out of a list, and the line when it was the last.
    pub(crate) fn remove_item(&mut self, line: LineId, item: &[u8]) {
        self.lists.entry(line).or_default().removed.insert(item.to_vec());
    }

    /// Adds an item, spelled as another card does, to a list.
    pub(crate) fn add_item(&mut self, line: LineId, raw: &str) {
        self.lists.entry(line).or_default().added.push(raw.to_owned());
    }

    /// The card with these edits; `None` when there are none.
    pub(crate) fn apply(mut self) -> Option<Card> {
        for (line, items) in std::mem::take(&mut self.lists) {
            match self.list(line, &items) {
                Some(list) => drop(self.puts.insert(line, vec![list])),
                None => self.cut(line),
            }
        }
        self.settle();
        for line in self.here.groups.orphans(&self.left) {
            self.puts.insert(line, Vec::new());
        }
        if self.puts.is_empty() && self.inserts.is_empty() {
            return None;
        }
        let edits = self.puts.values().chain(self.inserts.iter().map(|(_, lines)| lines));
        let new: usize = edits.clone().flatten().map(Vec::len).sum();
        let each = self.card.as_bytes().len() + new;
        let is_cheap = edits.count().saturating_mul(each) <= READ_AGAIN;
        let one_by_one = || {
            let card = is_cheap.then(|| self.one_by_one());
            card.filter(|card| self.is_kept(card))
        };
        Some(self.at_once().or_else(one_by_one).unwrap_or_else(|| self.spaced()))
    }

    /// All edits in one pass; `None` when lines would run into each other.
    fn at_once(&self) -> Option<Card> {
        let lines = self.lines();
        let mut bytes = Vec::with_capacity(lines.iter().map(|(_, line)| line.len()).sum());
        for (_, line) in &lines {
            self.end_line(&mut bytes);
            bytes.extend_from_slice(line);
        }
        let card = Card::parse_beside(bytes, self.card);
        let same = card.scanned_lines().len() == lines.len()
            && card.version() == self.card.version()
            && card
                .lines()
                .zip(&lines)
                .all(|((_, a), (_, b))| a.trim_ascii_end() == b.trim_ascii_end());
        same.then_some(card)
    }

    /// All edits in one pass, with blank lines where a line could run into the one before: what is
    /// left where a line finds no place at all, or too many would have to look for theirs.
    fn spaced(&self) -> Card {
        let mut bytes = Vec::new();
        let mut before = None;
        for (id, line) in self.lines() {
            self.end_line(&mut bytes);
            let was_beside =
                before.zip(id).is_some_and(|(before, id): (LineId, LineId)| before.0 + 1 == id.0);
            if !was_beside && may_run_into(&bytes, line) {
                // The first may be taken for the end of the value.
                bytes.extend_from_slice(&self.card.line_end().repeat(2));
            }
            bytes.extend_from_slice(line);
            before = id;
        }
        Card::parse(bytes)
    }

    /// The lines of the card with its edits, those that stay with their place.
    fn lines(&self) -> Vec<(Option<LineId>, &[u8])> {
        let ends = self.places();
        let inserts = self.inserts.iter();
        let mut places: Vec<(LineId, &[Vec<u8>])> = inserts
            .filter_map(|(name, lines)| {
                Some((*ends.get(&name.to_ascii_uppercase())?, lines.as_slice()))
            })
            .collect();
        places.sort_by_key(|(place, _)| *place);
        let mut places = places.into_iter().peekable();
        let mut lines = Vec::with_capacity(self.card.scanned_lines().len() + 8);
        let end = LineId(self.card.scanned_lines().len());
        for (id, line) in self.card.lines().chain([(end, &b""[..])]) {
            while let Some((_, added)) = places.next_if(|(place, _)| *place == id) {
                lines.extend(added.iter().map(|line| (None, line.as_slice())));
            }
            match self.puts.get(&id) {
                Some(put) => lines.extend(put.iter().map(|line| (None, line.as_slice()))),
                None => lines.push((Some(id), line)),
            }
        }
        lines.retain(|(_, line)| !line.is_empty());
        lines
    }

    /// Whether a card has every line that it should have, wherever it stands.
    fn is_kept(&self, card: &Card) -> bool {
        let lines = self.lines();
        let sorted = |lines: &mut dyn Iterator<Item = &[u8]>| -> Vec<Vec<u8>> {
            let lines = lines.map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
            let mut lines: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
            lines.sort_unstable();
            lines
        };
        let found = sorted(&mut card.lines().map(|(_, line)| line));
        found == sorted(&mut lines.iter().map(|(_, line)| *line))
    }

    fn end_line(&self, bytes: &mut Vec<u8>) {
        if !bytes.is_empty() && !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r") {
            bytes.extend_from_slice(self.card.line_end());
        }
    }

    /// One edit after the other, each where it harms no other line.
    fn one_by_one(&self) -> Card {
        let mut card = self.card.clone();
        for (id, lines) in self.puts.iter().rev() {
            let name = card.property(*id).map(|p| p.name().to_owned()).unwrap_or_default();
            graft::cut_out(&mut card, *id);
            let start = card.scanned(*id).map_or(card.as_bytes().len(), |line| line.start);
            let lines = lines.concat();
            if !lines.is_empty() && graft::try_insert(&mut card, *id, start, &lines).is_none() {
                graft::insert(&mut card, &name, &lines);
            }
        }
        for (name, lines) in &self.inserts {
            graft::insert(&mut card, name, &lines.concat());
        }
        card
    }

    /// The line of a property that says nothing (`N:;;;;`), where a card has one as a rule.
    fn empty_place(&mut self, known: Known) -> Option<LineId> {
        if !is_single(known) && !matches!(known, Known::Fn | Known::N) {
            return None;
        }
        let card = self.card;
        let empty = self.empty.entry(known).or_insert_with(|| {
            let empty = card.properties_of(known).filter(|one| shown(one).is_empty());
            let mut empty: Vec<LineId> = empty.map(|one| one.id()).collect();
            empty.reverse();
            empty
        });
        while empty.pop_if(|place| self.puts.contains_key(place)).is_some() {}
        empty.last().copied()
    }

    /// Where a property of each name is added, in upper case: after the last one and its label, else
    /// at the end.
    fn places(&self) -> BTreeMap<String, LineId> {
        if self.inserts.is_empty() {
            return BTreeMap::new();
        }
        let names = self.inserts.iter().map(|(name, _)| name.to_ascii_uppercase());
        let mut last: BTreeMap<String, Option<LineId>> = names.map(|name| (name, None)).collect();
        let known: BTreeSet<Known> = last.keys().map(|name| Known::of(name.as_bytes())).collect();
        for property in self.card.properties_where(|one| known.contains(&one)) {
            let Some(last) = last.get_mut(&property.name().to_ascii_uppercase()) else { continue };
            let group = property.group().and_then(|group| self.homes.members(group).last());
            *last = group.copied().max(Some(property.id()));
        }
        let lines = self.card.scanned_lines();
        let end = lines.iter().position(|line| line.shape == Shape::End);
        let end = LineId(end.unwrap_or(lines.len()));
        let after = |last: Option<LineId>| last.map_or(end, |last| LineId(last.0 + 1));
        last.into_iter().map(|(name, last)| (name, after(last))).collect()
    }

    /// The line of a list after its edits; `None` when nothing is left.
    fn list(&self, line: LineId, items: &Items) -> Option<Vec<u8>> {
        let property = self.card.property(line)?;
        let version = property.version();
        let decoded = property.decoded();
        let kept = text::split(&decoded, b',', version).filter(|raw| {
            let item = text::unescape(raw, version);
            let item = item.trim_ascii().as_bytes();
            !item.is_empty() && !items.removed.contains(item)
        });
        let all: Vec<&str> = kept.chain(items.added.iter().map(String::as_str)).collect();
        (!all.is_empty()).then(|| self.card.form().line(property.head(), &all.join(",")))
    }
}

/// Whether a line that is put behind others may be read as their end: indented, after a soft break,
/// or as one more line of base64.
fn may_run_into(before: &[u8], line: &[u8]) -> bool {
    let first = line.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/= \t".contains(b);
    marker(first).is_none()
        && (matches!(first, [b' ' | b'\t', ..])
            || before.trim_ascii_end().ends_with(b"=")
            || first.iter().all(is_base64))
}

#[cfg(test)]
mod tests {
    use super::super::apart;
    use super::*;

    #[test]
    fn no_line_is_lost_in_another() {
        // (the card, the lines of the other that are added, the lines that are cut)
        let cases: [(&str, &[usize], &[usize]); 6] = [
            ("FN:A|X:1", &[1], &[]),
            (" X-ODD:1|FN:A|X:1", &[1, 3], &[2]),
            ("NOTE;ENCODING=QUOTED-PRINTABLE:a=", &[1, 3], &[]),
            ("PHOTO;ENCODING=b:YQ==|TEL:1|abcd|FN:A", &[1, 3], &[2]),
            ("FN:A|TEL:1|| X-ODD:2|NOTE:n", &[1, 2, 3], &[2]),
            ("X;ENCODING=QUOTED-PRINTABLE:a=3D=|| b:c|FN:A", &[1, 3], &[2]),
        ];
        let card = |lines: &str| {
            let lines = lines.replace('|', "\r\n");
            Card::parse(format!("BEGIN:VCARD\r\n{lines}\r\nEND:VCARD\r\n"))
        };
        let there = card(" X-INDENTED:1|TEL:9|X:2|junk");
        for (lines, added, cut) in cases {
            let here = card(lines);
            let is_blank = |line: &[u8]| line.trim_ascii().is_empty();
            let blank = here.lines().filter(|(_, line)| is_blank(line)).count();
            let [ours, theirs] = apart([&here, &there]);
            let mut patch = Patch::new(&ours, &theirs);
            cut.iter().for_each(|line| patch.cut(LineId(*line)));
            added.iter().for_each(|line| patch.adopt(LineId(*line)));
            patch.adopt_junk(there.line(LineId(4)));
            patch.settle();
            assert!(patch.is_kept(&patch.spaced()), "{lines}: {:?}", patch.spaced());
            let lines = patch.lines().len();
            let card = patch.apply().unwrap();
            let filled = card.lines().filter(|(_, line)| !is_blank(line));
            assert_eq!(filled.count(), lines - blank, "{card:?}");
        }
    }
}
