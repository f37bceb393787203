//! Another label for a value, and everything else about the value as it was.

use super::edit::{is_typed, own_label, push_types, typed_spelling};
use super::label::{Groups, NOISE, free_group, in_group, is_encoding, label};
use super::property::{Param, Property};
use super::{Card, LineId, Version, graft, text, wire};

impl Card {
    /// Gives a value another label, or none. Words with a meaning of their own (`home`, `work fax`)
    /// become types, anything else an X-ABLabel. The value keeps its layout; PREF, other parameters
    /// and types that are no label (`voice`) stay. Other ids of this card are no longer good.
    /// Returns whether a property stands on that line.
    pub fn relabel(&mut self, id: LineId, to: Option<&str>) -> bool {
        let Some(property) = self.property(id) else { return false };
        let groups = Groups::of(self);
        let to = to.map(str::trim).filter(|to| !to.is_empty());
        let now = label(self, &groups, &property).0;
        let types: Vec<&str> = to.into_iter().flat_map(str::split_whitespace).collect();
        let typed = is_typed(&types);
        let same = match (&now, to) {
            (Some(now), Some(to)) if typed => now.eq_ignore_ascii_case(to),
            (now, to) => now.as_deref() == to,
        };
        if same {
            return true;
        }
        let own = groups.label_line(id);
        match to.filter(|_| !typed) {
            None => {
                let gone = own.filter(|line| groups.only_of(id).contains(line));
                // A label that others share stays with them; this value leaves their group, and so it
                // does where another's label would become its own.
                let stays = |group: &&str| {
                    own.is_none()
                        || gone.is_some()
                            && (groups.country_line(id).is_some()
                                || self.is_alone(id, &groups, group))
                };
                let group = property.group().filter(stays);
                let line = self.labelled_line(&property, group, &types);
                self.put(id, &line);
                if let Some(label) = gone {
                    graft::cut_out(self, label);
                }
            }
            Some(to) => {
                let (line, bytes) = self.own_label_line(&property, &groups, to);
                self.put(line, &bytes);
            }
        }
        true
    }

    /// Which line is to be replaced, and by what, for a label of one's own.
    fn own_label_line(
        &self,
        property: &Property<'_>,
        groups: &Groups,
        to: &str,
    ) -> (LineId, Vec<u8>) {
        let id = property.id();
        let value = text::escape(&own_label(to), self.version()).into_owned();
        if let Some(line) = groups.label_line(id).filter(|line| groups.only_of(id).contains(line)) {
            let head = self.property(line).map(|label| label.head().to_owned());
            return (line, self.form().line(&head.unwrap_or_default(), &value));
        }
        let group = match property.group().filter(|group| self.is_alone(id, groups, group)) {
            Some(group) => group.to_owned(),
            None => free_group(self),
        };
        // What the types said of the label would contradict the new one.
        let mut lines = self.labelled_line(property, Some(&group), &[]);
        if wire::end_of_line(&lines).is_empty() {
            lines.extend_from_slice(self.line_end());
        }
        lines.extend_from_slice(&self.form().line(&format!("{group}.X-ABLabel"), &value));
        (id, lines)
    }

    /// Whether nothing is in a group but a property and what belongs to it.
    fn is_alone(&self, id: LineId, groups: &Groups, group: &str) -> bool {
        let mut satellites = groups.of_property(id);
        satellites.push(id);
        in_group(self, group).iter().all(|line| satellites.contains(line))
    }

    /// The line of a property in `group` and with `types` for its label; the value as it is laid out.
    fn labelled_line(
        &self,
        property: &Property<'_>,
        group: Option<&str>,
        types: &[&str],
    ) -> Vec<u8> {
        let mut head = String::new();
        if let Some(group) = group {
            head.push_str(group);
            head.push('.');
        }
        head.push_str(property.name());
        push_params(&mut head, property, types, self.version());
        self.with_head(property, &head)
    }
}

/// Appends the parameters of a property, with `types` in place of those that are its label.
fn push_params(head: &mut String, property: &Property<'_>, types: &[&str], version: Version) {
    let kept = kept_types(property);
    let mut types: Vec<String> =
        types.iter().map(|one| typed_spelling(one, version)).chain(kept).collect();
    for param in property.params() {
        if is_type(&param) {
            // They come in the place of the first.
            push_types(head, &std::mem::take(&mut types), version);
        } else {
            head.push(';');
            if !param.is_bare() {
                head.push_str(param.name);
                head.push('=');
            }
            head.push_str(param.raw);
        }
    }
    push_types(head, &types, version);
}

/// The types that are no label, as they are spelled.
fn kept_types(property: &Property<'_>) -> Vec<String> {
    let types = property.params().filter(is_type);
    let types = types.flat_map(|param| {
        let types: Vec<String> =
            param.raw.split(',').map(|one| one.trim_matches([' ', '"']).to_owned()).collect();
        types
    });
    let stays = |one: &String| {
        one.eq_ignore_ascii_case("pref")
            || NOISE.iter().any(|noise| noise.eq_ignore_ascii_case(one))
    };
    types.filter(stays).collect()
}

fn is_type(param: &Param<'_>) -> bool {
    match param.is_bare() {
        true => !is_encoding(param.raw),
        false => param.name.eq_ignore_ascii_case("TYPE"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields;
    use super::*;

    #[test]
    fn only_the_label_changes() {
        let hut = "item1.X-ABLabel:Hut\r\n";
        let cases = [
            // (before, label, after); the property is the first TEL
            ("TEL:1\r\n", "home", "TEL;TYPE=HOME:1\r\n".to_owned()),
            ("TEL;TYPE=home;PREF=1;X=y:1\r\n", "", "TEL;PREF=1;X=y:1\r\n".to_owned()),
            (
                "TEL;type=HOME;type=VOICE;type=pref:1\r\n 2\r\n",
                "work fax",
                "TEL;TYPE=WORK,FAX,VOICE,pref:1\r\n 2\r\n".to_owned(),
            ),
            ("VERSION:2.1\r\nTEL;HOME;PREF:1\r\n", "cell", {
                "VERSION:2.1\r\nTEL;CELL;PREF:1\r\n".to_owned()
            }),
            ("VERSION:4.0\r\nTEL;VALUE=uri;TYPE=\"home,voice\":tel:1\r\n", "Work", {
                "VERSION:4.0\r\nTEL;VALUE=uri;TYPE=work,voice:tel:1\r\n".to_owned()
            }),
            ("TEL;TYPE=HOME:1\r\n", "Hut", format!("item1.TEL:1\r\n{hut}")),
            ("item1.TEL;TYPE=CELL:1\r\nitem1.X-ABLabel:x\r\n", "Hut", {
                format!("item1.TEL;TYPE=CELL:1\r\n{hut}")
            }),
            (&format!("item1.TEL:1\r\n{hut}"), "home", "item1.TEL;TYPE=HOME:1\r\n".to_owned()),
            (&format!("{hut}item1.TEL:1\r\n"), "", "item1.TEL:1\r\n".to_owned()),
            // The label belongs to another value too.
            (&format!("item1.TEL:1\r\nitem1.EMAIL:a\r\n{hut}"), "home", {
                format!("TEL;TYPE=HOME:1\r\nitem1.EMAIL:a\r\n{hut}")
            }),
            (&format!("item1.TEL:1\r\nitem1.EMAIL:a\r\n{hut}"), "Boat", {
                format!("item2.TEL:1\r\nitem2.X-ABLabel:Boat\r\nitem1.EMAIL:a\r\n{hut}")
            }),
            // Another pair is in the group, whose label would be for both.
            (&format!("item1.TEL:1\r\n{hut}ITEM1.URL:u\r\nITEM1.X-ABLabel:Boat\r\n"), "home", {
                "TEL;TYPE=HOME:1\r\nITEM1.URL:u\r\nITEM1.X-ABLabel:Boat\r\n".to_owned()
            }),
            ("TEL;TYPE=HOME:1\r\n", "HOME", "TEL;TYPE=HOME:1\r\n".to_owned()),
            ("T\r\n EL;TYPE=HOME:1\r\n", "work", "TEL;TYPE=WORK:1\r\n".to_owned()),
        ];
        for (before, to, after) in cases {
            let mut card = Card::parse(format!("BEGIN:VCARD\r\n{before}END:VCARD\r\n"));
            let id = card.properties_of(super::super::Known::Tel).next().unwrap().id();
            assert!(card.relabel(id, Some(to)), "{before}");
            let text = String::from_utf8(card.as_bytes().to_vec()).unwrap();
            assert_eq!(text, format!("BEGIN:VCARD\r\n{after}END:VCARD\r\n"), "{before} {to}");
            let said =
                fields(&card).into_iter().find(|said| said.field == super::super::Field::Phone);
            let read = said.unwrap().label.unwrap_or_default();
            assert!(read.eq_ignore_ascii_case(to), "{before} {to}: {read}");
        }
    }

    #[test]
    fn an_address_keeps_its_country_beside_its_label() {
        let mut card =
            Card::parse("BEGIN:VCARD\nitem1.ADR;type=HOME:;;1;;;;\nitem1.X-ABADR:us\nEND:VCARD\n");
        card.relabel(LineId(1), Some("Hut"));
        assert_eq!(
            String::from_utf8_lossy(card.as_bytes()),
            "BEGIN:VCARD\nitem1.ADR:;;1;;;;\nitem1.X-ABLabel:Hut\nitem1.X-ABADR:us\nEND:VCARD\n"
        );
    }
}
