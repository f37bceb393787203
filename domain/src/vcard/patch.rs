//! Many edits of one card, written at once.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::blend::{Blend, Blending, Origin};
use super::diff::is_single;
use super::graft::{self, with_own_ends};
use super::known::Known;
use super::label::{Groups, lower};
use super::marks::Entry;
use super::physical::marker;
use super::property::Property;
use super::says::shown;
use super::scan::Shape;
use super::{Card, LineId, text};

/// The edits of a card, gathered while it stays as it is; lines that are not named stay byte for
/// byte. What is taken over comes from a card of the same version, or escapes would be misread.
pub(crate) struct Patch<'a> {
    card: &'a Card,
    groups: &'a Groups,
    /// What stands in the place of a line: no line when it is cut out.
    puts: BTreeMap<LineId, Vec<Vec<u8>>>,
    lists: BTreeMap<LineId, Items>,
    /// Lines to be added after the last property of a name.
    inserts: Vec<(String, Vec<Vec<u8>>)>,
    /// Properties that are gone from their group.
    left: BTreeSet<LineId>,
    /// The lines of each group of the card, by its name in lower case; read when the first is needed.
    members: OnceCell<BTreeMap<String, Vec<LineId>>>,
    /// The groups that were made, lower case.
    made: BTreeSet<String>,
    /// The number of the last group that was made.
    last_group: usize,
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

impl<'a> Patch<'a> {
    pub(crate) fn new(card: &'a Card, groups: &'a Groups) -> Self {
        Self {
            card,
            groups,
            puts: BTreeMap::new(),
            lists: BTreeMap::new(),
            inserts: Vec::new(),
            left: BTreeSet::new(),
            members: OnceCell::new(),
            made: BTreeSet::new(),
            last_group: 0,
            empty: BTreeMap::new(),
        }
    }

    /// Cuts a line out, with its label unless that is another's too.
    pub(crate) fn cut(&mut self, line: LineId) {
        self.puts.insert(line, Vec::new());
        self.left.insert(line);
    }

    /// Puts what two properties become in the place of the one here.
    pub(crate) fn put(&mut self, here: &Entry<'_>, there: &Entry<'_>, blend: &Blend) {
        let blending = Blending { here, there, blend };
        let (label, country) = (blending.label(), blending.country());
        let stays = |now: Option<Origin>, line: Option<LineId>| match now {
            Some(origin) => origin == Origin::Here,
            None => line.is_none(),
        };
        let id = here.property.id();
        let group = here.property.group();
        if stays(label, here.label) && stays(country, here.country) {
            let line = with_own_ends(self.card, &blending.line(group));
            self.puts.insert(id, vec![line]);
            return;
        }
        let group = group.filter(|group| self.is_alone(here, group)).map(str::to_owned);
        let belongs = label.is_some() || country.is_some();
        let group = group.or_else(|| belongs.then(|| self.free_group()));
        let mut lines = vec![with_own_ends(self.card, &blending.line(group.as_deref()))];
        for (from, is_label) in [(label, true), (country, false)] {
            let Some(entry) = from.map(|origin| blending.entry(origin)) else { continue };
            let line = if is_label { entry.label } else { entry.country };
            if let Some(line) = line.and_then(|line| entry.card.property(line)) {
                lines.push(graft::in_own_group(self.card, entry.card, &line, group.as_deref()));
            }
        }
        self.left.insert(id);
        self.puts.insert(id, lines);
    }

    /// Adds a property of another card with what belongs to it.
    pub(crate) fn adopt(&mut self, there: &Entry<'_>) {
        let property = &there.property;
        let lines = self.adopted(there);
        match self.empty_place(property.known()) {
            Some(place) => drop(self.puts.insert(place, lines)),
            None => self.inserts.push((property.name().to_owned(), lines)),
        }
    }

    /// Puts a property of another card, with what belongs to it, in the place of one here.
    pub(crate) fn adopt_over(&mut self, line: LineId, there: &Entry<'_>) {
        let lines = self.adopted(there);
        self.puts.insert(line, lines);
        self.left.insert(line);
    }

    fn adopted(&mut self, there: &Entry<'_>) -> Vec<Vec<u8>> {
        let property = &there.property;
        let group = property.group().map(|group| self.group_like(group));
        let belonging = there.label.into_iter().chain(there.country);
        let mut lines = Vec::new();
        for one in [property.id()].into_iter().chain(belonging) {
            let Some(one) = there.card.property(one) else { continue };
            lines.push(graft::in_own_group(self.card, there.card, &one, group.as_deref()));
        }
        lines
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

    /// Adds a list of another card with some of its items.
    pub(crate) fn adopt_items(&mut self, there: &Property<'_>, raw: &[&str]) {
        let head = format!("{}{}", there.name(), there.raw_params());
        let line = self.card.form().line(&head, &raw.join(","));
        self.inserts.push((there.name().to_owned(), vec![line]));
    }

    /// The card with these edits; `None` when there are none.
    pub(crate) fn apply(mut self) -> Option<Card> {
        for (line, items) in std::mem::take(&mut self.lists) {
            match self.list(line, &items) {
                Some(list) => drop(self.puts.insert(line, vec![list])),
                None => self.cut(line),
            }
        }
        for line in self.groups.orphans(&self.left) {
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
        let card = Card::parse(bytes);
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
        let names = self.inserts.iter().map(|(name, _)| name.to_ascii_uppercase());
        let mut last: BTreeMap<String, Option<LineId>> = names.map(|name| (name, None)).collect();
        let known: BTreeSet<Known> = last.keys().map(|name| Known::of(name.as_bytes())).collect();
        for property in self.card.properties_where(|one| known.contains(&one)) {
            let Some(last) = last.get_mut(&property.name().to_ascii_uppercase()) else { continue };
            let group = property.group().and_then(|group| self.members().get(&lower(group)));
            *last = group.and_then(|lines| lines.last().copied()).max(Some(property.id()));
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

    /// Whether a group holds nothing but a property and what belongs to it.
    fn is_alone(&self, entry: &Entry<'_>, group: &str) -> bool {
        let own = [Some(entry.property.id()), entry.label, entry.country];
        let mut lines = self.members().get(&lower(group)).into_iter().flatten();
        lines.all(|line| own.contains(&Some(*line)))
    }

    /// The group of another card, or one that is free where that is taken here.
    fn group_like(&mut self, group: &str) -> String {
        if self.make(lower(group)) { group.to_owned() } else { self.free_group() }
    }

    fn free_group(&mut self) -> String {
        loop {
            self.last_group += 1;
            let name = format!("item{}", self.last_group);
            if self.make(name.clone()) {
                return name;
            }
        }
    }

    /// Takes a group that is free; `false` when it is not.
    fn make(&mut self, group: String) -> bool {
        !self.members().contains_key(&group) && self.made.insert(group)
    }

    fn members(&self) -> &BTreeMap<String, Vec<LineId>> {
        self.members.get_or_init(|| {
            let mut members: BTreeMap<String, Vec<LineId>> = BTreeMap::new();
            for property in self.card.grouped() {
                if let Some(group) = property.group() {
                    members.entry(lower(group)).or_default().push(property.id());
                }
            }
            members
        })
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
    use super::super::label::Groups;
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
        let groups = Groups::of(&there);
        for (lines, added, cut) in cases {
            let here = card(lines);
            let is_blank = |line: &[u8]| line.trim_ascii().is_empty();
            let blank = here.lines().filter(|(_, line)| is_blank(line)).count();
            let own = Groups::of(&here);
            let mut patch = Patch::new(&here, &own);
            cut.iter().for_each(|line| patch.cut(LineId(*line)));
            for line in added {
                let entry = Entry::of(&there, &groups, LineId(*line)).unwrap();
                patch.adopt(&entry);
            }
            patch.adopt_junk(there.line(LineId(4)));
            assert!(patch.is_kept(&patch.spaced()), "{lines}: {:?}", patch.spaced());
            let lines = patch.lines().len();
            let card = patch.apply().unwrap();
            let filled = card.lines().filter(|(_, line)| !is_blank(line));
            assert_eq!(filled.count(), lines - blank, "{card:?}");
        }
    }
}
