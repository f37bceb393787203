//! Writes XML in any of the spellings that servers use.

use super::knobs::{AddressData, Namespaces, Propstat, StatusLine, XmlStyle};

/// The namespaces that answers use by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ns {
    Dav,
    Card,
    Cs,
    /// `http://sabredav.org/ns`, in error bodies.
    Sabre,
    /// CalDAV, for the calendars in a home.
    Cal,
}

impl Ns {
    const ALL: [Self; 5] = [Self::Dav, Self::Card, Self::Cs, Self::Sabre, Self::Cal];

    pub(super) fn uri(self) -> &'static str {
        match self {
            Self::Dav => "DAV:",
            Self::Card => "urn:ietf:params:xml:ns:carddav",
            Self::Cs => "http://calendarserver.org/ns/",
            Self::Sabre => "http://sabredav.org/ns",
            Self::Cal => "urn:ietf:params:xml:ns:caldav",
        }
    }

    pub(super) fn of_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ns| ns.uri() == uri)
    }

    /// With its colon; empty where the namespace is the default one.
    fn prefix(self, namespaces: Namespaces) -> &'static str {
        match (namespaces, self) {
            (Namespaces::PerElement, _) | (Namespaces::Default, Self::Dav) => "",
            (Namespaces::Numbered, Self::Dav) => "ns0:",
            (Namespaces::Numbered, Self::Card) => "ns1:",
            (Namespaces::Numbered, Self::Cs) => "ns2:",
            (Namespaces::Upper, Self::Dav) => "D:",
            (Namespaces::Upper, Self::Card) => "C:",
            (Namespaces::Upper, Self::Cs) => "CS:",
            (Namespaces::Lower, Self::Dav) => "d:",
            (Namespaces::Lower | Namespaces::Default, Self::Card) => "card:",
            (Namespaces::Lower | Namespaces::Default, Self::Cs) => "cs:",
            (_, Self::Sabre) => "s:",
            (_, Self::Cal) => "cal:",
        }
    }
}

/// A document in the making.
pub(super) struct Xml {
    pub(super) out: Vec<u8>,
    style: XmlStyle,
}

impl Xml {
    /// A document with this root element, open.
    pub(super) fn new(style: XmlStyle, root: &str) -> Self {
        let mut xml = Self { out: Vec::with_capacity(1024), style };
        xml.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<");
        xml.raw(Ns::Dav.prefix(style.namespaces));
        xml.raw(root);
        for ns in Ns::ALL {
            let prefix = ns.prefix(style.namespaces);
            match prefix.strip_suffix(':') {
                None if ns != Ns::Dav => continue,
                None => xml.raw(" xmlns"),
                Some(bare) => {
                    xml.raw(" xmlns:");
                    xml.raw(bare);
                }
            }
            xml.raw("=\"");
            xml.raw(ns.uri());
            xml.raw("\"");
        }
        xml.raw(">");
        xml
    }

    /// The finished bytes; `root` is closed.
    pub(super) fn finish(mut self, root: &str) -> Vec<u8> {
        self.close(Ns::Dav, root);
        self.out
    }

    pub(super) fn open(&mut self, ns: Ns, name: &str) {
        self.begin(ns, name);
        self.raw(">");
    }

    pub(super) fn close(&mut self, ns: Ns, name: &str) {
        self.raw("</");
        self.raw(ns.prefix(self.style.namespaces));
        self.raw(name);
        self.raw(">");
    }

    pub(super) fn empty(&mut self, ns: Ns, name: &str) {
        self.begin(ns, name);
        self.raw("/>");
    }

    /// An empty element of a namespace that only the client knows.
    pub(super) fn empty_foreign(&mut self, uri: &str, name: &str) {
        self.raw("<x:");
        self.raw(name);
        self.raw(" xmlns:x=\"");
        self.text(uri);
        self.raw("\"/>");
    }

    /// An empty element with attributes.
    pub(super) fn empty_with(&mut self, ns: Ns, name: &str, attributes: &[(&str, &str)]) {
        self.begin(ns, name);
        for (key, value) in attributes {
            self.raw(" ");
            self.raw(key);
            self.raw("=\"");
            self.text(value);
            self.raw("\"");
        }
        self.raw("/>");
    }

    /// An element that holds text.
    pub(super) fn leaf(&mut self, ns: Ns, name: &str, text: &str) {
        self.open(ns, name);
        self.text(text);
        self.close(ns, name);
    }

    /// Text, escaped.
    pub(super) fn text(&mut self, text: &str) {
        escape_into(text.as_bytes(), &mut self.out);
    }

    /// Text that is markup already.
    pub(super) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A `status` element for `code`.
    pub(super) fn status(&mut self, code: u16) {
        self.open(Ns::Dav, "status");
        let reason = http::StatusCode::from_u16(code).ok().and_then(|s| s.canonical_reason());
        let reason = reason.unwrap_or("Unknown");
        let line = match self.style.status_line {
            StatusLine::Full => format!("HTTP/1.1 {code} {reason}"),
            StatusLine::NoReason => format!("HTTP/1.1 {code}"),
            StatusLine::Localised => format!("HTTP/2 {code} Zustand \u{fc}bersetzt"),
            StatusLine::Number => code.to_string(),
        };
        self.raw(&line);
        self.close(Ns::Dav, "status");
    }

    /// A propstat of `code` around what `fill` writes; nothing at all when that is nothing.
    pub(super) fn propstat(&mut self, code: u16, fill: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        self.open(Ns::Dav, "propstat");
        if self.style.propstat == Propstat::StatusFirst {
            self.status(code);
        }
        self.open(Ns::Dav, "prop");
        let before = self.out.len();
        fill(self);
        if self.out.len() == before {
            self.out.truncate(start);
            return;
        }
        self.close(Ns::Dav, "prop");
        match self.style.propstat {
            Propstat::StatusFirst => {}
            Propstat::NoStatus if code == 200 => {}
            _ => self.status(code),
        }
        self.close(Ns::Dav, "propstat");
    }

    /// The text of a card; `escaped` is `bytes` as [`escape_card`] made it.
    pub(super) fn card(&mut self, bytes: &[u8], escaped: &[u8]) {
        match self.style.address_data {
            AddressData::Escaped => self.out.extend_from_slice(escaped),
            AddressData::EscapedCr => {
                for (at, part) in escaped.split(|b| *b == b'\r').enumerate() {
                    self.raw(if at == 0 { "" } else { "&#13;" });
                    self.out.extend_from_slice(part);
                }
            }
            AddressData::Cdata => {
                let text = String::from_utf8_lossy(bytes).replace("]]>", "]]]]><![CDATA[>");
                self.raw("<![CDATA[");
                self.out.extend(text.bytes().filter(|b| is_legal(*b)));
                self.raw("]]>");
            }
            AddressData::Raw => escape_into(bytes, &mut self.out),
            AddressData::Bom => {
                self.raw("\u{feff}\n");
                self.out.extend_from_slice(escaped);
            }
            AddressData::Empty => {}
        }
    }

    pub(super) fn style(&self) -> XmlStyle {
        self.style
    }

    fn begin(&mut self, ns: Ns, name: &str) {
        self.raw("<");
        self.raw(ns.prefix(self.style.namespaces));
        self.raw(name);
        if self.style.namespaces == Namespaces::PerElement {
            self.raw(" xmlns=\"");
            self.raw(ns.uri());
            self.raw("\"");
        }
    }
}

/// Card text as XML text: escaped, without what XML cannot hold.
pub(super) fn escape_card(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = Vec::with_capacity(text.len() + 32);
    if text.bytes().all(is_legal) {
        escape_into(text.as_bytes(), &mut out);
    } else {
        let legal: Vec<u8> = text.bytes().filter(|b| is_legal(*b)).collect();
        escape_into(&legal, &mut out);
    }
    out
}

fn is_legal(byte: u8) -> bool {
    byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r')
}

fn escape_into(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|b| matches!(b, b'&' | b'<' | b'>' | b'"')) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((special, tail)) = tail.split_first() else { return };
        out.extend_from_slice(match special {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            _ => b"&quot;",
        });
        rest = tail;
    }
    out.extend_from_slice(rest);
}
