//! Reads the bodies of PROPFIND and REPORT. Small and strict: what is not well-formed is refused.

use quick_xml::NsReader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::xml::Ns;

/// What a body asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Body {
    /// The root element.
    pub(super) root: Prop,
    /// The children of `DAV:prop`; `None` when there is no such element (allprop).
    pub(super) props: Option<Vec<Prop>>,
    /// The `version` of `address-data`, if asked for.
    pub(super) version: Option<String>,
    /// `DAV:sync-token`, trimmed; `None` when the element is missing.
    pub(super) token: Option<String>,
    /// `DAV:sync-level`, trimmed.
    pub(super) level: Option<String>,
    /// Every `DAV:href`, trimmed.
    pub(super) hrefs: Vec<String>,
    /// Whether `DAV:limit` or `CARDDAV:limit` stands there.
    pub(super) limit: bool,
    /// Whether some element has no prefix.
    pub(super) unprefixed: bool,
}

/// An element name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Prop {
    pub(super) uri: String,
    pub(super) name: String,
}

impl Prop {
    pub(super) fn new(ns: Ns, name: &str) -> Self {
        Self { uri: ns.uri().to_owned(), name: name.to_owned() }
    }

    pub(super) fn is(&self, ns: Ns, name: &str) -> bool {
        self.name == name && self.uri == ns.uri()
    }
}

/// Reads a body; `None` when it is not well-formed or holds a document type.
pub(super) fn read(bytes: &[u8]) -> Option<Body> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = NsReader::from_str(text);
    let mut body = Body::default();
    let mut path: Vec<Prop> = Vec::new();
    let mut value = String::new();
    let mut roots = 0;
    loop {
        let (namespace, event) = reader.read_resolved_event().ok()?;
        match event {
            Event::Start(start) => {
                let prop = name_of(&namespace, &start)?;
                roots += usize::from(path.is_empty());
                body.opened(&path, &prop, &start);
                path.push(prop);
                value.clear();
            }
            Event::Empty(start) => {
                let prop = name_of(&namespace, &start)?;
                roots += usize::from(path.is_empty());
                body.opened(&path, &prop, &start);
                body.closed(&path, &prop, "");
            }
            Event::End(_) => {
                let prop = path.pop()?;
                body.closed(&path, &prop, value.trim());
                value.clear();
            }
            Event::Text(part) => value.push_str(&part.xml10_content()),
            Event::CData(part) => value.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => value.push(match &*reference {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => reference.resolve_char_ref().ok()??,
            }),
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    (roots == 1 && path.is_empty()).then_some(body)
}

impl Body {
    fn opened(&mut self, path: &[Prop], prop: &Prop, start: &BytesStart<'_>) {
        self.unprefixed |= start.name().prefix().is_none();
        self.limit |= prop.name == "limit";
        match path {
            [] => self.root = prop.clone(),
            [_] if prop.is(Ns::Dav, "prop") => self.props = Some(Vec::new()),
            [_, parent] if parent.is(Ns::Dav, "prop") => {
                if prop.is(Ns::Card, "address-data") {
                    let version = start.try_get_attribute("version").ok().flatten();
                    self.version = version.map(|attribute| attribute.value.into_owned());
                }
                self.props.get_or_insert_default().push(prop.clone());
            }
            _ => {}
        }
    }

    fn closed(&mut self, path: &[Prop], prop: &Prop, value: &str) {
        let [_] = path else { return };
        if prop.is(Ns::Dav, "sync-token") {
            self.token = Some(value.to_owned());
        } else if prop.is(Ns::Dav, "sync-level") {
            self.level = Some(value.to_owned());
        } else if prop.is(Ns::Dav, "href") {
            self.hrefs.push(value.to_owned());
        }
    }
}

/// The resolved name; `None` when its prefix is not bound.
fn name_of(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Option<Prop> {
    let uri = match namespace {
        ResolveResult::Bound(namespace) => unescape(namespace.0).ok()?.into_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(_) => return None,
    };
    Some(Prop { uri, name: start.name().local_name().as_ref().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_report_is_read_whatever_its_prefixes() {
        for body in [
            "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>a&amp;b </D:sync-token>\
             <D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>",
            "<sync-collection xmlns=\"DAV:\"><sync-token>a&#38;b</sync-token>\
             <sync-level>1</sync-level><prop><getetag></getetag></prop></sync-collection>",
        ] {
            let read = read(body.as_bytes()).unwrap();
            assert!(read.root.is(Ns::Dav, "sync-collection"));
            assert_eq!(read.token.as_deref(), Some("a&b"));
            assert_eq!(read.level.as_deref(), Some("1"));
            assert_eq!(read.props, Some(vec![Prop::new(Ns::Dav, "getetag")]));
            assert_eq!(read.unprefixed, body.starts_with("<sync"));
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for body in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<D:a/>",
            "<a/><b/>",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a>&b;</a>",
        ] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
