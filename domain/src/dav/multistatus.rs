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
mod tests {
    use super::*;

    fn read_text(body: &[u8]) -> Result<(Vec<Row>, Summary), DavError> {
        let mut rows = Vec::new();
        let limits = Limits { bytes: 100_000, depth: 8, responses: 5 };
        let summary = read_body(body, limits, &mut |row| rows.push(row))?;
        Ok((rows, summary))
    }

    fn one_row(inside: &str) -> Row {
        let body = format!(
            "<multistatus xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:carddav'>\
             <response>{inside}</response></multistatus>"
        );
        let (mut rows, _) = read_text(body.as_bytes()).unwrap();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    #[test]
    fn statuses_are_read_whatever_surrounds_the_number() {
        for (text, status) in [
            ("HTTP/1.1 200 OK", Some(200)),
            ("HTTP/1.1 404", Some(404)),
            ("HTTP/2 404 ", Some(404)),
            ("200 OK", Some(200)),
            ("507", Some(507)),
            ("HTTP/1.1 404 Nicht gefunden", Some(404)),
            ("HTTP/1.1", None),
            ("", None),
            ("HTTP/1.1 20000", None),
        ] {
            assert_eq!(status_code(text), status, "{text}");
        }
    }

    #[test]
    fn a_row_is_what_it_says_in_whatever_order() {
        let etag = |row: &Row| row.etag().map(|etag| etag.as_str().to_owned());
        // Q40: no status of the propstat, status first, several propstats, status of the response.
        for (inside, status, version) in [
            (
                "<href>/a</href><propstat><prop><getetag>1</getetag></prop></propstat>",
                None,
                Some("1"),
            ),
            (
                "<propstat><status>200</status><prop><getetag>1</getetag></prop></propstat><href>/a</href>",
                None,
                Some("1"),
            ),
            (
                "<href>/a</href><propstat><prop><getetag/></prop><status>404</status></propstat>\
                 <propstat><prop><getetag>2</getetag></prop><status>200</status></propstat>",
                None,
                Some("2"),
            ),
            ("<href>/a</href><status>HTTP/1.1 404</status>", Some(404), None),
            ("<href> /a\n</href>", None, None),
            ("<href>/a</href><propstat><prop><getetag> </getetag></prop></propstat>", None, None),
            (
                "<href>/a</href><X:odd xmlns:X='odd:'><href>/b</href></X:odd><status>200</status>",
                Some(200),
                None,
            ),
        ] {
            let row = one_row(inside);
            assert_eq!(row.href, "/a", "{inside}");
            assert_eq!(row.status, status, "{inside}");
            assert_eq!(etag(&row).as_deref(), version, "{inside}");
        }
    }

    #[test]
    fn several_hrefs_share_one_status() {
        let body = "<multistatus xmlns='DAV:'><response><href>/a</href><href>/b</href>\
                    <status>HTTP/1.1 404 Not Found</status></response></multistatus>";
        let (rows, summary) = read_text(body.as_bytes()).unwrap();
        let gone: Vec<_> = rows.iter().map(|row| (row.href.as_str(), row.status)).collect();
        assert_eq!(gone, [("/a", Some(404)), ("/b", Some(404))]);
        assert_eq!(summary.rows, 2);
    }

    #[test]
    fn text_is_what_was_written_by_whichever_means() {
        for (written, text, damaged) in [
            ("a&amp;b&lt;c&gt;d&quot;e&apos;f", "a&b<c>d\"e'f", false),
            ("a&#13;\nb&#x41;&#233;", "a\r\nbAé", false),
            ("a<![CDATA[<b>&amp;]]>c", "a<b>&amp;c", false),
            ("a<!-- b -->c", "ac", false),
            ("a\r\nb", "a\r\nb", false),
            ("a & b", "a & b", true),
            ("a&nbsp;b", "a&nbsp;b", true),
            ("a&#xD800;b", "a&#xD800;b", true),
            ("a&amp;nbsp;b", "a&nbsp;b", false),
        ] {
            let row = one_row(&format!(
                "<href>/a</href><propstat><prop><C:address-data>{written}</C:address-data></prop></propstat>"
            ));
            let value = row.value(Property::AddressData).unwrap();
            assert_eq!((value.text.as_str(), value.damaged), (text, damaged), "{written}");
        }
    }

    #[test]
    fn a_token_is_kept_as_it_is() {
        for (written, token) in [
            ("<sync-token>\n http://x/?a=1&amp;b=2 </sync-token>", Some("http://x/?a=1&b=2")),
            ("<sync-token>data:,1-2</sync-token>", Some("data:,1-2")),
            ("<sync-token/>", None),
            ("<sync-token> </sync-token>", None),
            ("", None),
        ] {
            let body = format!("<multistatus xmlns='DAV:'>{written}</multistatus>");
            let (_, summary) = read_text(body.as_bytes()).unwrap();
            assert_eq!(summary.token, token.map(|token| SyncToken(token.to_owned())), "{written}");
        }
    }

    #[test]
    fn what_is_no_multistatus_is_no_answer() {
        let not_dav = |what: &str| DavError::NotDav { what: what.to_owned() };
        for (body, error) in [
            ("", not_dav("an empty body")),
            ("\n<!DOCTYPE html><html></html>", not_dav("an HTML page")),
            ("<html><body>", not_dav("an HTML page")),
            ("{\"error\":1}", not_dav("JSON")),
            ("Not now", not_dav("plain text")),
            ("<error xmlns='DAV:'/>", not_dav("XML about `error`")),
            ("<multistatus/>", not_dav("XML about `multistatus`")),
        ] {
            assert_eq!(read_text(body.as_bytes()), Err(error), "{body}");
        }
    }

    #[test]
    fn a_broken_answer_is_not_half_an_answer() {
        let whole = "<multistatus xmlns='DAV:'><response><href>/a</href></response></multistatus>";
        for end in 14..whole.len() {
            let broken = read_text(&whole.as_bytes()[..end]);
            assert!(matches!(broken, Err(DavError::Malformed { .. })), "{end}: {broken:?}");
        }
        for body in [
            "<multistatus xmlns='DAV:'></response></multistatus>",
            "<!DOCTYPE m [<!ENTITY a 'b'>]><multistatus xmlns='DAV:'/>",
            "<multistatus xmlns='DAV:'><![CDATA[</multistatus>",
        ] {
            assert!(
                matches!(read_text(body.as_bytes()), Err(DavError::Malformed { .. })),
                "{body}"
            );
        }
        // What comes before and after the root is not the answer's fault.
        for frame in [("\u{feff}\r\n", "\n"), ("<?xml version='1.0'?>", "<br />Notice: x")] {
            let body = format!("{}{whole}{}", frame.0, frame.1);
            assert_eq!(read_text(body.as_bytes()).unwrap().1.rows, 1);
        }
    }

    #[test]
    fn a_hostile_answer_costs_an_error() {
        let too_large = |body: String| {
            let answer = read_text(body.as_bytes());
            assert!(
                matches!(answer, Err(DavError::TooLarge { .. })),
                "{:.60}",
                format!("{answer:?}")
            );
        };
        too_large(" ".repeat(100_001));
        too_large(format!("<multistatus xmlns='DAV:'>{}", "<a>".repeat(20)));
        let row = "<response><href>/a</href></response>";
        too_large(format!("<multistatus xmlns='DAV:'>{}</multistatus>", row.repeat(6)));
        let hrefs = "<href>/a</href>".repeat(9);
        too_large(format!("<multistatus xmlns='DAV:'><response>{hrefs}</response></multistatus>"));
        let many = "<D:x xmlns:D='DAV:'/>".repeat(500);
        assert!(
            read_text(format!("<multistatus xmlns='DAV:'>{many}</multistatus>").as_bytes()).is_ok()
        );
    }
}
