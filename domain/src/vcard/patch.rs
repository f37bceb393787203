//! Many edits of one card, written at once.

use std::collections::{BTreeMap, BTreeSet};

use super::blend::{Blend, Blending, Origin};
use super::diff::is_single;
use super::graft::{self, with_own_ends};
use super::known::Known;
use super::label::{Groups, in_group, lower};
use super::marks::Entry;
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
    /// The groups in use, lower case; read when the first is needed.
    taken: Option<BTreeSet<String>>,
    /// The number of the last group that was made.
    last_group: usize,
}

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
            taken: None,
            last_group: 0,
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
        let group = property.group().map(|group| self.group_like(group));
        let belonging = there.label.into_iter().chain(there.country);
        let mut lines = Vec::new();
        for one in [property.id()].into_iter().chain(belonging) {
            let Some(one) = there.card.property(one) else { continue };
            lines.push(graft::in_own_group(self.card, there.card, &one, group.as_deref()));
        }
        match self.empty_place(property.known()) {
            Some(place) => drop(self.puts.insert(place, lines)),
            None => self.inserts.push((property.name().to_owned(), lines)),
        }
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
        Some(self.at_once().unwrap_or_else(|| self.one_by_one()))
    }

    /// All edits in one pass; `None` when lines would run into each other.
    fn at_once(&self) -> Option<Card> {
        let names: BTreeSet<&str> = self.inserts.iter().map(|(name, _)| name.as_str()).collect();
        let ends: BTreeMap<_, _> = names.into_iter().map(|name| (name, self.place(name))).collect();
        let inserts = self.inserts.iter();
        let mut places: Vec<(LineId, &[Vec<u8>])> = inserts
            .filter_map(|(name, lines)| Some((*ends.get(name.as_str())?, lines.as_slice())))
            .collect();
        places.sort_by_key(|(place, _)| *place);
        let mut places = places.into_iter().peekable();
        let mut lines: Vec<&[u8]> = Vec::with_capacity(self.card.scanned_lines().len() + 8);
        let end = LineId(self.card.scanned_lines().len());
        for (id, line) in self.card.lines().chain([(end, &b""[..])]) {
            while let Some((_, added)) = places.next_if(|(place, _)| *place == id) {
                lines.extend(added.iter().map(Vec::as_slice));
            }
            match self.puts.get(&id) {
                Some(put) => lines.extend(put.iter().map(Vec::as_slice)),
                None => lines.push(line),
            }
        }
        lines.retain(|line| !line.is_empty());
        let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len()).sum());
        for line in &lines {
            if !bytes.is_empty() && !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r") {
                bytes.extend_from_slice(self.card.line_end());
            }
            bytes.extend_from_slice(line);
        }
        let card = Card::parse(bytes);
        let same = card.scanned_lines().len() == lines.len()
            && card.version() == self.card.version()
            && card.lines().zip(lines).all(|((_, a), b)| a.trim_ascii_end() == b.trim_ascii_end());
        same.then_some(card)
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
    fn empty_place(&self, known: Known) -> Option<LineId> {
        if !is_single(known) && !matches!(known, Known::Fn | Known::N) {
            return None;
        }
        let mut places = self.card.properties_of(known);
        let place = places.find(|one| !self.puts.contains_key(&one.id()) && shown(one).is_empty());
        place.map(|place| place.id())
    }

    /// Where a property of this name is added: after the last one and its label, else at the end.
    fn place(&self, name: &str) -> LineId {
        let same = |p: &Property<'_>| p.name().eq_ignore_ascii_case(name);
        let known = Known::of(name.as_bytes());
        if let Some(last) = self.card.properties_of(known).filter(same).last() {
            let group = last.group().map(|group| in_group(self.card, group)).unwrap_or_default();
            return LineId(group.into_iter().fold(last.id(), LineId::max).0 + 1);
        }
        let lines = self.card.scanned_lines();
        let end = lines.iter().position(|line| line.shape == Shape::End);
        LineId(end.unwrap_or(lines.len()))
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
        in_group(self.card, group).into_iter().all(|line| own.contains(&Some(line)))
    }

    /// The group of another card, or one that is free where that is taken here.
    fn group_like(&mut self, group: &str) -> String {
        if self.taken().insert(lower(group)) { group.to_owned() } else { self.free_group() }
    }

    fn free_group(&mut self) -> String {
        loop {
            self.last_group += 1;
            let name = format!("item{}", self.last_group);
            if self.taken().insert(name.clone()) {
                return name;
            }
        }
    }

    fn taken(&mut self) -> &mut BTreeSet<String> {
        self.taken.get_or_insert_with(|| {
            self.card.grouped().filter_map(|property| property.group().map(lower)).collect()
        })
    }
}
