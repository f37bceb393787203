//! What servers demand of a card, added to one that is to be sent.

use super::edit::NewProperty;
use super::known::Known;
use super::physical::ends_with_cr;
use super::scan::{Coding, Shape};
use super::write::{Value, with_param};
use super::{Card, LineId, Property, Version, graft, text, wire};

impl Card {
    /// Makes it a card that servers take (Q102): nothing around it, VERSION right after BEGIN, an FN, in
    /// 3.0 an N, a UID if one is given and the card has none, commas escaped where a text is no list,
    /// UTF-8, CRLF. Other ids of this card are no longer good.
    pub fn make_complete(&mut self, uid: Option<&str>) {
        self.drop_surroundings();
        self.say_in_utf8();
        let version = self.version();
        if !self.says_something(Known::Fn) {
            let name = self.name();
            let empty = self.properties_of(Known::Fn).next().map(|empty| empty.id());
            match empty {
                Some(empty) => drop(self.set(empty, Value::Text(&name))),
                None => drop(self.insert(&property("FN", Value::Text(&name)))),
            }
        }
        if version == Version::V30 && self.properties_of(Known::N).next().is_none() {
            let name = self.name();
            // The whole name as given name: Google shows what N says.
            self.insert(&property("N", Value::Components(&["", &name, "", "", ""])));
        }
        if let (Some(uid), None) = (uid, self.uid()) {
            self.insert(&property("UID", Value::Text(uid)));
        }
        self.escape_commas();
        self.put_version_first();
        let lone_cr = ends_with_cr(self.as_bytes());
        let bytes = wire::with_line_end(self.as_bytes(), b"\r\n", lone_cr);
        if bytes != self.as_bytes() {
            *self = Self::parse(bytes);
        }
    }

    /// A server takes everything for UTF-8: it refuses other bytes (Cyrus), or stores something else in
    /// their place.
    fn say_in_utf8(&mut self) {
        if std::str::from_utf8(self.as_bytes()).is_ok() {
            return;
        }
        let is_other =
            |property: &Property<'_>| std::str::from_utf8(self.line(property.id())).is_err();
        let odd = self.properties().filter(is_other).filter_map(|property| {
            let head = with_param(property.head(), "CHARSET", None);
            let line = match self.scanned(property.id())?.params.coding {
                Coding::Base64 => self.with_head(&property, &head),
                // A card of its own, in lines of its own.
                Coding::Nested => return None,
                Coding::Plain | Coding::Quoted => self.form().line(&head, &property.decoded()),
            };
            Some((property.id(), line))
        });
        self.put_all(odd.collect());
    }

    /// A text has its commas escaped (RFC 2426 section 4, RFC 6350 section 3.4), but many cards do not:
    /// Radicale keeps of such a text what stands before the first.
    fn escape_commas(&mut self) {
        let cut = self
            .properties()
            .filter(|property| is_single_text(property) && has_bare_comma(property))
            .map(|property| {
                (property.id(), self.line_with(&property, Value::Text(&property.text())))
            });
        self.put_all(cut.collect());
    }

    fn says_something(&self, known: Known) -> bool {
        self.properties_of(known).any(|property| !property.decoded().trim_ascii().is_empty())
    }

    fn drop_surroundings(&mut self) {
        let kept =
            |id: &LineId| !matches!(self.shape(*id), None | Some(Shape::Outside | Shape::Blank));
        let ids: Vec<LineId> = self.lines().map(|(id, _)| id).collect();
        let start = ids.iter().find(|id| kept(id)).and_then(|id| self.scanned(*id));
        let end = ids.iter().rfind(|id| kept(id)).and_then(|id| self.scanned(*id));
        let Some((start, end)) = start.zip(end).map(|(start, end)| (start.start, end.end)) else {
            return;
        };
        if (start, end) != (0, self.as_bytes().len())
            && let Some(inside) = self.as_bytes().get(start..end)
        {
            *self = Self::parse(inside);
        }
    }

    fn put_version_first(&mut self) {
        let shape_of = |id: usize| self.shape(LineId(id));
        let Some(begin) =
            (0..self.scanned_lines().len()).find(|id| shape_of(*id) == Some(Shape::Begin))
        else {
            return;
        };
        let first = LineId(begin + 1);
        let found = self.properties_of(Known::Version).next().map(|version| version.id());
        if found == Some(first) {
            return;
        }
        let line = match found {
            Some(id) => {
                let line = self.line(id).to_vec();
                graft::cut_out(self, id);
                line
            }
            None => b"VERSION:3.0\r\n".to_vec(),
        };
        if let Some(at) = self.scanned(first).map(|line| line.start) {
            self.splice(at, at, &line);
        }
    }
}

fn is_single_text(property: &Property<'_>) -> bool {
    use Known::{Email, Fn, Label, Note, Role, SortString, Tel, Title};
    matches!(property.known(), Fn | Note | Title | Role | Email | Tel | Label | SortString)
        && property.coding() == Coding::Plain
        && !property.says_uri()
}

fn has_bare_comma(property: &Property<'_>) -> bool {
    text::split(&property.decoded(), b',', property.version()).nth(1).is_some()
}

fn property<'a>(name: &'a str, value: Value<'a>) -> NewProperty<'a> {
    NewProperty { name, label: None, params: &[], value }
}
