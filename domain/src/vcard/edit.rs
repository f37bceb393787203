//! Edits: each changes the lines it must and no others.

use std::borrow::Cow;

use super::known::Known;
use super::label::{Groups, free_group};
use super::property::Property;
use super::scan::Coding;
use super::write::{Form, Value, date_params, push_param, with_param};
use super::{Card, LineId, Version, binary, date, graft, text, wire};
use crate::contact::Timestamp;

/// A property to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProperty<'a> {
    /// Its name: `TEL`.
    pub name: &'a str,
    /// What people call it: `home` or `work fax` become types, `School` an X-ABLabel in a group of
    /// its own.
    pub label: Option<&'a str>,
    /// Its parameters, in order.
    pub params: &'a [(&'a str, &'a str)],
    /// What it says.
    pub value: Value<'a>,
}

/// The words that TYPE has a meaning for; any other label needs an X-ABLabel.
const TYPES: [&str; 13] = [
    "home", "work", "cell", "fax", "pager", "main", "iphone", "car", "isdn", "video", "voice",
    "other", "pref",
];

/// The labels Apple has names of its own for, `_$!<Spouse>!$_`, which clients translate.
const BUILTIN: [&str; 16] = [
    "anniversary",
    "assistant",
    "brother",
    "child",
    "daughter",
    "father",
    "friend",
    "homepage",
    "manager",
    "mother",
    "other",
    "parent",
    "partner",
    "sister",
    "son",
    "spouse",
];

impl Card {
    /// Sets the whole value of a line. Group, name, parameters and place stay; the rest of the card
    /// stays byte for byte. Returns whether a property stands on that line.
    ///
    /// A text for a URL is written as a URI, and a number for a `tel:` URI as one, so that
    /// what was shown and edited is read back.
    pub fn set(&mut self, id: LineId, value: Value<'_>) -> bool {
        let Some(property) = self.property(id) else { return false };
        let line = self.line_with(&property, value);
        self.put(id, &line);
        true
    }

    /// The line of a property with another value.
    pub(super) fn line_with(&self, property: &Property<'_>, value: Value<'_>) -> Vec<u8> {
        let version = self.version();
        let head = match value {
            Value::Date(date) => Cow::Owned(date_params(property.head(), date, version)),
            _ => Cow::Borrowed(property.head()),
        };
        match value {
            Value::Text(number) if is_tel_uri(property) => self.telephone(property, number),
            Value::Text(uri) if is_uri(property) => {
                self.form().line(&head, &Value::Uri(uri).escaped(version))
            }
            // The time of day is not what was edited, but it would be wrong beside another date.
            _ => self.form().line(&head, &value.escaped(version)),
        }
    }

    /// Sets one component of N, ADR or ORG, counted from 0. The others keep their spelling, those
    /// this program does not know included. Returns whether a property stands on that line.
    pub fn set_component(&mut self, id: LineId, component: usize, to: &str) -> bool {
        let Some(property) = self.property(id) else { return false };
        let version = self.version();
        let decoded = property.decoded();
        let mut parts: Vec<Cow<'_, str>> =
            text::split(&decoded, b';', version).map(Cow::Borrowed).collect();
        if parts.len() <= component {
            parts.resize(component + 1, Cow::Borrowed(""));
        }
        if let Some(part) = parts.get_mut(component) {
            *part = text::escape(to, version);
        }
        let line = self.form().line(property.head(), &parts.join(";"));
        self.put(id, &line);
        true
    }

    /// Sets a parameter of a line, or removes it with `None`. The value stays as it is laid out.
    /// Returns whether a property stands on that line.
    pub fn set_param(&mut self, id: LineId, name: &str, value: Option<&str>) -> bool {
        let Some(property) = self.property(id) else { return false };
        let head = with_param(property.head(), name, value);
        let line = self.with_head(&property, &head);
        self.put(id, &line);
        true
    }

    /// Adds a property after the last of its name, else at the end of the card, and returns its
    /// line. Other ids of this card are no longer good.
    pub fn insert(&mut self, new: &NewProperty<'_>) -> LineId {
        let version = self.version();
        let mut head = String::new();
        let label = new.label.map(str::trim).filter(|label| !label.is_empty());
        let types: Vec<&str> = label.into_iter().flat_map(str::split_whitespace).collect();
        let typed = is_typed(&types);
        // The meaning of these stands in the label, never in TYPE.
        let by_label = ["X-ABDATE", "X-ABRELATEDNAMES"];
        let typed = typed && !by_label.iter().any(|name| name.eq_ignore_ascii_case(new.name));
        let group = (label.is_some() && !typed).then(|| free_group(self));
        if let Some(group) = &group {
            head.push_str(group);
            head.push('.');
        }
        head.push_str(new.name);
        if typed {
            let types: Vec<_> = types.iter().map(|one| typed_spelling(one, version)).collect();
            push_types(&mut head, &types, version);
        }
        for (name, value) in new.params {
            push_param(&mut head, name, value);
        }
        if let Value::Date(date) = new.value {
            head = date_params(&head, date, version);
        }
        let mut lines = self.form().line(&head, &new.value.escaped(version));
        if let (Some(group), Some(label)) = (group, label) {
            let head = format!("{group}.X-ABLabel");
            let label = self.form().line(&head, &text::escape(&own_label(label), version));
            lines.extend_from_slice(&label);
        }
        graft::insert(self, new.name, &lines)
    }

    /// Removes a property, with its X-ABLabel and X-ABADR unless another line shares them. Other
    /// ids of this card are no longer good. Returns whether a property stood on that line.
    pub fn remove(&mut self, id: LineId) -> bool {
        if self.property(id).is_none() {
            return false;
        }
        let groups = Groups::of(self);
        let mut lines = groups.only_of(id);
        lines.push(id);
        lines.sort_unstable();
        for line in lines.into_iter().rev() {
            graft::cut_out(self, line);
        }
        true
    }

    /// Puts the exact bytes of another card's line in the place of a line; only their line ends
    /// become those of this card. Returns whether there is such a line.
    ///
    /// Both cards must be of one version, or the escapes would be read otherwise; see
    /// [`Card::adopt`] for a property with its label.
    pub fn replace(&mut self, id: LineId, line: &[u8]) -> bool {
        if self.shape(id).is_none() {
            return false;
        }
        let line = graft::with_own_ends(self, line);
        self.put(id, &line);
        true
    }

    /// Puts a picture in the place of the card's first one and removes any other; with none yet it
    /// is added at the end. The media type is read off its bytes.
    pub fn set_photo(&mut self, picture: &[u8]) {
        let line = self.form().binary("PHOTO", &binary::encode(picture), binary::sniff(picture));
        let photos: Vec<LineId> = self.properties_of(Known::Photo).map(|p| p.id()).collect();
        let Some((first, others)) = photos.split_first() else {
            graft::insert(self, "PHOTO", &line);
            return;
        };
        // X-ABCROP-RECTANGLE and the like go with the old line: they are about the old picture.
        for other in others.iter().rev() {
            graft::cut_out(self, *other);
        }
        self.put(*first, &line);
    }

    /// Sets REV to the moment of an edit, in the form it has; a card without one gets none, and one
    /// that is no date (a counter) stays.
    pub fn touch_rev(&mut self, now: Timestamp) {
        let Some(rev) = self.properties_of(Known::Rev).next() else { return };
        let old = rev.decoded();
        let utc = date::utc(now.0);
        let new = match date::Date::read(&old) {
            None => return,
            Some(_) if old.trim_ascii().as_bytes().get(4) == Some(&b'-') => utc,
            Some(_) => utc.replace(['-', ':'], ""),
        };
        let line = self.form().line(rev.head(), &new);
        let id = rev.id();
        self.put(id, &line);
    }

    pub(super) fn form(&self) -> Form<'_> {
        Form { version: self.version(), end: self.line_end() }
    }

    /// A line with another head and the value as it is laid out.
    pub(super) fn with_head(&self, property: &Property<'_>, head: &str) -> Vec<u8> {
        match self.scanned(property.id()).and_then(|line| Some((line, line.value?))) {
            Some((line, at)) => {
                let value = self.as_bytes().get(at..line.end).unwrap_or_default();
                [head.as_bytes(), b":", value].concat()
            }
            // The head was folded: the line is folded anew.
            None => {
                let line = [head.as_bytes(), b":", &property.raw()].concat();
                let mut out = Vec::with_capacity(line.len() + 8);
                wire::fold(&line, self.line_end(), &mut out);
                out
            }
        }
    }

    pub(super) fn put(&mut self, id: LineId, line: &[u8]) {
        if let Some(old) = self.scanned(id) {
            let (start, end) = (old.start, old.end);
            self.splice(start, end, line);
        }
    }

    /// Puts other lines in the place of these, which are in order, at once: a card may have thousands.
    pub(super) fn put_all(&mut self, lines: Vec<(LineId, Vec<u8>)>) {
        if lines.is_empty() {
            return;
        }
        let mut bytes = Vec::with_capacity(self.as_bytes().len());
        let mut lines = lines.into_iter().peekable();
        for (id, old) in self.lines() {
            match lines.next_if(|(other, _)| *other == id) {
                Some((_, new)) => bytes.extend_from_slice(&new),
                None => bytes.extend_from_slice(old),
            }
        }
        *self = Self::parse(bytes);
    }

    /// A number for a `tel:` URI; with anything a URI cannot hold it becomes a text.
    fn telephone(&self, property: &Property<'_>, number: &str) -> Vec<u8> {
        let number = number.trim_ascii();
        let plain = |c: char| c.is_ascii_digit() || "+-.()*# ".contains(c);
        let form = self.form();
        if number.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:")) {
            return form.line(property.head(), &Value::Uri(number).escaped(form.version));
        }
        if number.chars().all(plain) {
            let uri = format!("tel:{}", number.replace(' ', "-"));
            return form.line(property.head(), &uri);
        }
        let head = with_param(property.head(), "VALUE", None);
        form.line(&head, &text::escape(number, form.version))
    }
}

/// The text of an X-ABLabel.
pub(super) fn own_label(label: &str) -> Cow<'_, str> {
    if !BUILTIN.iter().any(|one| one.eq_ignore_ascii_case(label)) {
        return Cow::Borrowed(label);
    }
    let (first, rest) = label.split_at_checked(1).unwrap_or((label, ""));
    Cow::Owned(format!("_$!<{}{}>!$_", first.to_ascii_uppercase(), rest.to_ascii_lowercase()))
}

/// Whether a text for the property is a URI and not escaped.
fn is_uri(property: &Property<'_>) -> bool {
    if property.coding() != Coding::Plain {
        return false;
    }
    let says_text = || property.param("VALUE").is_some_and(|v| v.eq_ignore_ascii_case("text"));
    match property.known() {
        Known::Url | Known::Impp => true,
        Known::Photo | Known::Logo | Known::Sound | Known::Key => true,
        Known::Member | Known::Related if property.version() == Version::V40 => !says_text(),
        _ => property.says_uri(),
    }
}

fn is_tel_uri(property: &Property<'_>) -> bool {
    let decoded = property.decoded();
    property.known() == Known::Tel
        && decoded.trim_ascii().get(..4).is_some_and(|start| start.eq_ignore_ascii_case("tel:"))
}

/// Whether all words of a label are types.
pub(super) fn is_typed(words: &[&str]) -> bool {
    words.iter().all(|one| TYPES.iter().any(|known| known.eq_ignore_ascii_case(one)))
}

/// A type in the case that is usual in the version.
pub(super) fn typed_spelling(one: &str, version: Version) -> String {
    match version {
        Version::V40 => one.to_ascii_lowercase(),
        Version::V21 | Version::V30 => one.to_ascii_uppercase(),
    }
}

/// Appends types in the form of the version.
pub(super) fn push_types(head: &mut String, types: &[String], version: Version) {
    for (at, one) in types.iter().enumerate() {
        match version {
            Version::V21 => head.push(';'),
            Version::V30 | Version::V40 => head.push_str(if at == 0 { ";TYPE=" } else { "," }),
        }
        head.push_str(one);
    }
}

#[cfg(test)]
mod tests;
