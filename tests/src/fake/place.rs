//! Addresses: what a path means here, and how the fake spells its own.

use super::card::Card;
use super::knobs::{BareOrigin, HrefEscapes, HrefForm, Knobs, SelfHref};

/// What a request path names. Names are decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    WellKnown,
    /// Root, principal, home, or several of them at one address (Radicale, DAViCal).
    Node(Node),
    /// A book's name; whether there is such a book is another question.
    Book(String),
    /// A book's and a card's name.
    Card(String, String),
    Elsewhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    /// As the layout spells it.
    pub(super) path: &'static str,
    pub(super) is_root: bool,
    pub(super) is_principal: bool,
    pub(super) is_home: bool,
}

/// Finds out what `path` (without query) names.
pub(super) fn place(knobs: &Knobs, path: &str) -> Place {
    let layout = &knobs.layout;
    let asked = segments(path);
    if asked == [".well-known", "carddav"] {
        return Place::WellKnown;
    }
    let is = |known: &str| asked == segments(known);
    let bare = asked.is_empty() && knobs.bare_origin == BareOrigin::Dav;
    let node = Node {
        path: "",
        is_root: bare || is(layout.root),
        is_principal: is(layout.principal),
        is_home: is(layout.home),
    };
    if let Some(path) = node.layout_path(knobs) {
        return Place::Node(Node { path, ..node });
    }
    let home = segments(layout.home);
    let Some(below) = asked.strip_prefix(home.as_slice()) else { return Place::Elsewhere };
    match below {
        [book] => Place::Book(book.clone()),
        [book, card] => Place::Card(book.clone(), card.clone()),
        _ => Place::Elsewhere,
    }
}

impl Node {
    fn layout_path(self, knobs: &Knobs) -> Option<&'static str> {
        match self {
            Self { is_home: true, .. } => Some(knobs.layout.home),
            Self { is_principal: true, .. } => Some(knobs.layout.principal),
            Self { is_root: true, .. } => Some(knobs.layout.root),
            _ => None,
        }
    }
}

/// Spells hrefs for one answer.
#[derive(Debug, Clone)]
pub(super) struct Hrefs {
    form: HrefForm,
    escapes: HrefEscapes,
    self_href: SelfHref,
    home: &'static str,
    /// `https://host:port`, as the client spelled it.
    origin: String,
}

impl Hrefs {
    pub(super) fn new(knobs: &Knobs, origin: &str) -> Self {
        Self {
            form: knobs.href_form,
            escapes: knobs.href_escapes,
            self_href: knobs.self_href,
            home: knobs.layout.home,
            origin: origin.to_owned(),
        }
    }

    /// A path of the layout.
    pub(super) fn node(&self, path: &str) -> String {
        let mut href = self.origin_of(HrefForm::Mixed);
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            href.push('/');
            self.encode(segment, &mut href);
        }
        href.push('/');
        href
    }

    /// A book in a listing of the home, or as what holds its cards.
    pub(super) fn book(&self, book: &str) -> String {
        let mut href = self.node(self.home);
        self.encode(book, &mut href);
        if self.self_href == SelfHref::Slash {
            href.push('/');
        }
        href
    }

    /// What the hrefs of a book's cards start with.
    pub(super) fn cards_of(&self, book: &str) -> String {
        let cards = Self { self_href: SelfHref::Slash, ..self.clone() };
        match self.form {
            HrefForm::Absolute => cards.book(book),
            _ => Self { form: HrefForm::Path, ..cards }.book(book),
        }
    }

    pub(super) fn card(&self, book: &str, name: &str) -> String {
        let mut href = self.cards_of(book);
        self.encode(name, &mut href);
        href
    }

    /// Appends the name of a card that is there.
    pub(super) fn encode_card(&self, name: &str, card: &Card, out: &mut String) {
        if card.plain_name { out.push_str(name) } else { self.encode(name, out) }
    }

    /// Appends `name` as one segment.
    pub(super) fn encode(&self, name: &str, out: &mut String) {
        if self.escapes != HrefEscapes::Twice {
            return encode_segment(self.escapes, name, out);
        }
        let mut once = String::new();
        encode_segment(HrefEscapes::All, name, &mut once);
        encode_segment(HrefEscapes::All, &once, out);
    }

    fn origin_of(&self, collections: HrefForm) -> String {
        let whole = self.form == HrefForm::Absolute || self.form == collections;
        if whole { self.origin.clone() } else { String::new() }
    }
}

/// The path of a URL or path, without query and fragment.
pub(super) fn path_of(href: &str) -> &str {
    let path = match href.split_once("://") {
        _ if href.starts_with('/') => href,
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => href,
    };
    path.split(['?', '#']).next().unwrap_or_default()
}

/// The decoded segments of a path; empty ones are dropped.
fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
}

/// Decodes every valid percent escape, once.
pub(super) fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = match (byte, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high * 16 + low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a name is spelled in hrefs as it is, whatever the style.
pub(super) fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn encode_segment(escapes: HrefEscapes, name: &str, out: &mut String) {
    for byte in name.bytes() {
        let raw = match byte {
            b'-' | b'.' | b'_' | b'~' => true,
            b'@' => escapes != HrefEscapes::All,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' => {
                escapes == HrefEscapes::Rfc3986
            }
            _ => byte.is_ascii_alphanumeric(),
        };
        if raw {
            out.push(char::from(byte));
            continue;
        }
        let digits: &[u8; 16] = match escapes {
            HrefEscapes::LowerHex => b"0123456789abcdef",
            _ => b"0123456789ABCDEF",
        };
        out.push('%');
        for nibble in [byte >> 4, byte & 15] {
            out.extend(digits.get(usize::from(nibble)).map(|digit| char::from(*digit)));
        }
    }
}
