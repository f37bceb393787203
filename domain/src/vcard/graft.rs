//! Lines put into a card and cut out of it: where, and without touching the lines beside them.

use super::label::{Groups, free_group, in_group};
use super::property::Property;
use super::scan::{Coding, Shape};
use super::{Card, LineId, wire};

impl Card {
    /// Adds a property of another card with its X-ABLabel and X-ABADR, byte for byte but for line
    /// ends and, where the group is taken here, its name. Returns its line; `None` when no property
    /// stands on that line there. Other ids of this card are no longer good.
    ///
    /// Both cards must be of one version, or the escapes would be read otherwise.
    pub fn adopt(&mut self, from: &Card, id: LineId) -> Option<LineId> {
        let property = from.property(id)?;
        let lines = with_label(self, from, &property);
        Some(insert(self, property.name(), &lines))
    }

    /// Puts a property of another card, with its label, in the place of one of this card and its
    /// label. See [`Card::adopt`].
    pub fn adopt_over(&mut self, at: LineId, from: &Card, id: LineId) -> Option<LineId> {
        let property = from.property(id)?;
        self.property(at)?;
        let gone = Groups::of(self).only_of(at);
        let place = LineId(at.0 - gone.iter().filter(|line| **line < at).count());
        self.remove(at);
        let lines = with_label(self, from, &property);
        let before = self.scanned(place).map_or(self.as_bytes().len(), |line| line.start);
        let placed = try_insert(self, place, before, &lines);
        Some(placed.unwrap_or_else(|| insert(self, property.name(), &lines)))
    }
}

/// Puts lines after the last property of this name, else before END, and returns the first of them.
pub(super) fn insert(card: &mut Card, name: &str, lines: &[u8]) -> LineId {
    let last = card.properties().filter(|p| p.name().eq_ignore_ascii_case(name)).last();
    let after_last = last.map(|last| {
        // The label of the last one may stand behind it.
        let group = last.group().map(|group| in_group(card, group)).unwrap_or_default();
        LineId(group.into_iter().fold(last.id(), LineId::max).0 + 1)
    });
    let shapes = |wanted: Shape| {
        card.scanned_lines().iter().position(|line| line.shape == wanted).map(LineId)
    };
    let end = shapes(Shape::End).unwrap_or(LineId(card.scanned_lines().len()));
    let begin = LineId(shapes(Shape::Begin).map_or(0, |begin| begin.0 + 1));
    // A value that ends in a bare `=`, or a line that begins with a space, would run into the new
    // lines: then they go elsewhere.
    let places = after_last.into_iter().chain([end, LineId(begin.0 + 1), begin]);
    for place in places.collect::<Vec<_>>() {
        let start = card.scanned(place).map_or(card.as_bytes().len(), |line| line.start);
        if let Some(placed) = try_insert(card, place, start, lines) {
            return placed;
        }
    }
    let start = card.scanned(end).map_or(card.as_bytes().len(), |line| line.start);
    card.splice(start, start, lines);
    end
}

/// Cuts a line out of the card.
pub(super) fn cut_out(card: &mut Card, id: LineId) {
    let Some(line) = card.scanned(id) else { return };
    let (start, end) = (line.start, line.end);
    let mut without = card.clone();
    without.splice(start, end, b"");
    if same_lines(card, &without, id, 1, 0) {
        *card = without;
    } else {
        // The next line begins with a space and would run into the one before: a blank line
        // keeps them apart.
        let blank = card.line_end().to_vec();
        card.splice(start, end, &blank);
    }
}

/// The lines with the line ends of `card`, the last one ended.
pub(super) fn with_own_ends(card: &Card, lines: &[u8]) -> Vec<u8> {
    let lone_cr = !lines.contains(&b'\n');
    wire::with_line_end(lines, card.line_end(), lone_cr)
}

/// A property of another card and what belongs to it, in a group that is free here.
fn with_label(card: &Card, from: &Card, property: &Property<'_>) -> Vec<u8> {
    let satellites = Groups::of(from).of_property(property.id());
    let group = property.group().map(|group| {
        if in_group(card, group).is_empty() { group.to_owned() } else { free_group(card) }
    });
    let mut lines = in_own_group(card, from, property, group.as_deref());
    for satellite in satellites.into_iter().filter_map(|line| from.property(line)) {
        lines.extend(in_own_group(card, from, &satellite, group.as_deref()));
    }
    lines
}

/// A property of another card, its group renamed, with the line ends of this one.
pub(super) fn in_own_group(
    card: &Card,
    from: &Card,
    property: &Property<'_>,
    group: Option<&str>,
) -> Vec<u8> {
    let line = match (group, property.group()) {
        (Some(group), Some(old)) if group != old => {
            let head = format!("{group}.{}{}", property.name(), property.raw_params());
            from.with_head(property, &head)
        }
        _ => from.line(property.id()).to_vec(),
    };
    with_own_ends(card, &closed(from, property, line))
}

/// The line of a property. One that ends in a bare `=`, which the end of its own card stopped, is
/// written anew: it would swallow what follows it elsewhere.
pub(super) fn closed(from: &Card, property: &Property<'_>, line: Vec<u8>) -> Vec<u8> {
    if property.coding() != Coding::Quoted || !line.trim_ascii_end().ends_with(b"=") {
        return line;
    }
    let head = wire::head(&line).and_then(|at| str::from_utf8(line.get(..at)?).ok());
    head.map_or(line.clone(), |head| from.form().line(head, &property.decoded()))
}

/// Puts lines before `place`; `None`, and nothing done, when other lines would change by it.
pub(super) fn try_insert(
    card: &mut Card,
    place: LineId,
    start: usize,
    lines: &[u8],
) -> Option<LineId> {
    let mut with = card.clone();
    let open = start > 0 && !matches!(card.as_bytes().get(start - 1), Some(b'\n' | b'\r'));
    let lines = if open { [card.line_end(), lines].concat() } else { lines.to_vec() };
    with.splice(start, start, &lines);
    let more = with.scanned_lines().len().checked_sub(card.scanned_lines().len())?;
    let fits = more > 0 && same_lines(card, &with, place, 0, more);
    fits.then(|| {
        *card = with;
        place
    })
}

/// Whether two cards have the same lines but for `gone` lines at `at` of the first and `come` lines
/// there in the second.
fn same_lines(before: &Card, after: &Card, at: LineId, gone: usize, come: usize) -> bool {
    let lines = |card: &Card, skip: usize| {
        let all = card.lines().map(|(_, line)| line.to_vec()).enumerate();
        let kept = all.filter(|(line, _)| *line < at.0 || *line >= at.0 + skip);
        kept.map(|(_, line)| line.trim_ascii_end().to_vec()).collect::<Vec<_>>()
    };
    lines(before, gone) == lines(after, come)
}
