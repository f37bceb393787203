//! Reads a multistatus (RFC 4918 13) row by row, holding one row at a time.
//!
//! Servers differ in prefixes, order, what they leave out and what they escape (Q39-Q50). What is
//! read here is only what they wrote; what it means for a card is decided by the operation.

use http::Response;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, ResolveResult};

use super::body::{Kind, decode, one_line, trimmed};
use super::errors;
use super::names::{Property, Space, Tag};
use super::place::Place;
use super::row::{Inside, Row, Value};
use super::{DavError, SyncToken};

/// Bounds on one answer, so that a hostile one costs an error and not memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The whole body.
    pub(super) bytes: usize,
    /// Elements inside elements.
    pub(super) depth: usize,
    /// `response` elements.
    pub(super) responses: usize,
}

impl Default for Limits {
    /// Fifty times what the largest book seen needs.
    fn default() -> Self {
        Self { bytes: 64 * 1024 * 1024, depth: 32, responses: 500_000 }
    }
}

/// Hrefs kept of one property; a principal has a handful of home-sets.
const MOST_HREFS: usize = 256;

/// What a multistatus says beside its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    /// Its `sync-token`, if it has one that is not empty.
    pub(super) token: Option<SyncToken>,
    /// How many rows there were.
    pub(super) rows: usize,
}

/// Reads the multistatus in `response` and gives each row to `sink`.
///
/// # Errors
///
/// What the status says when it is no success; [`DavError::NotDav`] when the body is something
/// else; [`DavError::Malformed`] when it breaks off; [`DavError::TooLarge`]. Rows that `sink`
/// already has are then worth nothing.
pub(super) fn read(
    response: &Response<Vec<u8>>,
    sink: &mut dyn FnMut(Row),
) -> Result<Summary, DavError> {
    if !response.status().is_success() {
        return Err(errors::of(response));
    }
    read_body(response.body(), Limits::default(), sink)
}

fn read_body(body: &[u8], limits: Limits, sink: &mut dyn FnMut(Row)) -> Result<Summary, DavError> {
    if body.len() > limits.bytes {
        return Err(DavError::TooLarge { what: format!("{} bytes", body.len()) });
    }
    let text = decode(body);
    let kind = Kind::of(&text);
    if kind != Kind::Xml {
        return Err(DavError::NotDav { what: kind.describe().to_owned() });
    }
    let mut reader = Reader::from_str(trimmed(&text));
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    // SOGo leaves `&` unescaped in the hrefs of missing cards (Q79).
    config.allow_dangling_amp = true;
    let mut spaces = NamespaceResolver::default();
    let mut state = State::new(limits, sink);
    loop {
        match reader.read_event().map_err(broken)? {
            Event::Start(start) => {
                spaces.push(&start).map_err(|error| malformed(&error.to_string()))?;
                let space = match spaces.resolve_element(start.name()).0 {
                    ResolveResult::Bound(Namespace(uri)) => Space::of(uri),
                    ResolveResult::Unbound | ResolveResult::Unknown(_) => Space::Other,
                };
                state.open(space, &start)?;
            }
            Event::End(_) => {
                spaces.pop();
                if state.close()? {
                    // What follows the root (a stray PHP notice) says nothing about the rows.
                    return Ok(state.summary);
                }
            }
            Event::Text(text) => state.add(&text),
            Event::CData(text) => state.add(&text),
            Event::GeneralRef(reference) => state.refer(&reference),
            // Entities are how small bodies become large ones (Q50).
            Event::DocType(_) => return Err(malformed("it declares a document type")),
            Event::Eof => return Err(malformed("it breaks off")),
            Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

struct State<'s> {
    limits: Limits,
    sink: &'s mut dyn FnMut(Row),
    /// The places outside of `place`.
    outer: Vec<Place>,
    place: Place,
    /// The character data of the innermost place that has any.
    text: String,
    damaged: bool,
    row: Row,
    /// Hrefs after the first: RFC 4918 14.24 allows several with one status.
    more_hrefs: Vec<String>,
    /// The properties of the propstat being read, and its status.
    values: Vec<Value>,
    prop_status: Option<u16>,
    inside: Inside,
    summary: Summary,
}

impl<'s> State<'s> {
    fn new(limits: Limits, sink: &'s mut dyn FnMut(Row)) -> Self {
        Self {
            limits,
            sink,
            outer: Vec::with_capacity(limits.depth),
            place: Place::Outside,
            text: String::new(),
            damaged: false,
            row: Row::default(),
            more_hrefs: Vec::new(),
            values: Vec::new(),
            prop_status: None,
            inside: Inside::default(),
            summary: Summary { token: None, rows: 0 },
        }
    }

    fn open(&mut self, space: Space, start: &BytesStart<'_>) -> Result<(), DavError> {
        let local = start.local_name();
        let tag = Tag::of(space, local.as_ref());
        let place = self.place.enter(tag);
        if self.place == Place::Outside && place != Place::Multistatus {
            let root = one_line(local.as_ref()).unwrap_or_default();
            return Err(DavError::NotDav { what: format!("XML about `{root}`") });
        }
        if self.outer.len() >= self.limits.depth {
            return Err(DavError::TooLarge {
                what: format!("elements nested more than {} deep", self.limits.depth),
            });
        }
        if let Place::Inside(_) = place {
            note(&mut self.inside, tag, start);
        }
        if place.has_text() {
            self.text.clear();
            self.damaged = false;
        }
        self.outer.push(self.place);
        self.place = place;
        Ok(())
    }

    /// Leaves the innermost element; true when that was the root.
    fn close(&mut self) -> Result<bool, DavError> {
        let left = self.place;
        let Some(outer) = self.outer.pop() else { return Err(malformed("it ends twice")) };
        self.place = outer;
        match left {
            Place::Multistatus => return Ok(true),
            Place::Token => self.summary.token = token(&self.text),
            Place::Href if self.row.href.is_empty() => self.row.href = self.trimmed(),
            Place::Href => self.add_href()?,
            Place::Status => self.row.status = status_code(&self.text),
            Place::LocationHref => self.row.location = Some(self.trimmed()),
            Place::PropStatus => self.prop_status = status_code(&self.text),
            Place::Value(property) => self.close_value(property),
            Place::ValueHref(_) => {
                let href = self.trimmed();
                if !href.is_empty() && self.inside.hrefs.len() < MOST_HREFS {
                    self.inside.hrefs.push(href);
                }
                self.text.clear();
            }
            Place::Propstat => self.close_propstat(),
            Place::Response => return self.close_response().map(|()| false),
            _ => {}
        }
        Ok(false)
    }

    /// Another href of the same response.
    fn add_href(&mut self) -> Result<(), DavError> {
        self.more_hrefs.push(self.trimmed());
        self.check_rows(self.more_hrefs.len())
    }

    fn check_rows(&self, rows: usize) -> Result<(), DavError> {
        if rows <= self.limits.responses {
            return Ok(());
        }
        Err(DavError::TooLarge { what: format!("more than {} responses", self.limits.responses) })
    }

    fn close_value(&mut self, property: Property) {
        let inside = std::mem::take(&mut self.inside);
        let inside = (inside != Inside::default()).then(|| Box::new(inside));
        // A property twice in one propstat would be two truths, and a way to fill memory.
        self.values.retain(|value| value.property != property);
        // A copy of the right size; the buffer stays for the next.
        let text = self.text.clone();
        self.values.push(Value { property, text, damaged: self.damaged, inside });
    }

    fn close_propstat(&mut self) {
        // Some servers leave the status out when all is well (Q40).
        let status = self.prop_status.take().unwrap_or(200);
        for value in self.values.drain(..) {
            if (200..300).contains(&status) {
                self.row.found.retain(|found| found.property != value.property);
                self.row.found.push(value);
            } else if self.row.refusal(value.property).is_none() {
                self.row.refused.push((value.property, status));
            }
        }
    }

    fn close_response(&mut self) -> Result<(), DavError> {
        let row = std::mem::take(&mut self.row);
        self.summary.rows += 1 + self.more_hrefs.len();
        self.check_rows(self.summary.rows)?;
        let status = row.status;
        (self.sink)(row);
        for href in self.more_hrefs.drain(..) {
            (self.sink)(Row { href, status, ..Row::default() });
        }
        Ok(())
    }

    fn add(&mut self, text: &str) {
        if self.place.has_text() {
            // An `&` that starts no reference comes as text of its own.
            self.damaged |= text.starts_with('&');
            self.text.push_str(text);
        }
    }

    fn refer(&mut self, reference: &BytesRef<'_>) {
        if !self.place.has_text() {
            return;
        }
        let resolved = match reference.as_ref() {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        match resolved {
            Some(character) => self.text.push(character),
            None => {
                // `&nbsp;` and the like: kept as they stand (Q49), and said to be doubtful.
                self.damaged = true;
                self.text.push('&');
                self.text.push_str(reference.as_ref());
                self.text.push(';');
            }
        }
    }

    fn trimmed(&self) -> String {
        self.text.trim().to_owned()
    }
}

/// Notes an element inside a property. A property has room for what is known, each once.
fn note(inside: &mut Inside, tag: Tag, start: &BytesStart<'_>) {
    match tag {
        Tag::Mark(mark) if !inside.marks.contains(&mark) => inside.marks.push(mark),
        // Some servers list the formats as `address-data`.
        Tag::AddressDataType | Tag::Property(Property::AddressData) => {
            if let Some(version) = vcard_version(start)
                && inside.versions.len() < 16
                && !inside.versions.contains(&version)
            {
                inside.versions.push(version);
            }
        }
        _ => {}
    }
}

fn vcard_version(start: &BytesStart<'_>) -> Option<String> {
    let attribute = |name: &str| {
        let attribute = start.try_get_attribute(name).ok().flatten()?;
        Some(attribute.value.trim().to_owned())
    };
    let kind = attribute("content-type").unwrap_or_default().to_ascii_lowercase();
    // jCard has versions as well (sabre); it is not asked for here.
    let vcard = ["", "text/vcard", "text/directory", "text/x-vcard"].contains(&kind.as_str());
    if vcard { attribute("version").filter(|version| version.len() <= 8) } else { None }
}

/// The first number of three digits: `HTTP/1.1 404 Not Found`, `HTTP/2 404`, `404` (Q41).
fn status_code(text: &str) -> Option<u16> {
    text.split(|c: char| !c.is_ascii_digit())
        .find(|digits| digits.len() == 3)
        .and_then(|digits| digits.parse().ok())
}

/// A token as the server wrote it, without the white space around it (Q68).
fn token(text: &str) -> Option<SyncToken> {
    let text = text.trim();
    (!text.is_empty()).then(|| SyncToken(text.to_owned()))
}

fn broken(error: quick_xml::Error) -> DavError {
    malformed(&error.to_string())
}

fn malformed(what: &str) -> DavError {
    DavError::Malformed { what: one_line(what).unwrap_or_default() }
}

#[cfg(test)]
mod tests;
