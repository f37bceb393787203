//! Many cards in one request (RFC 6352 8.7).

use std::collections::HashMap;

use http::{Request, Response};
use xmltree::Element;

use super::body::{card_text, is_altered};
use super::names::{Property, Space};
use super::request::{Depth, element, prop, report, text_element};
use super::row::{Asked, Row};
use super::stored_length::{Ends, is_of_version_3, measured};
use super::{DavError, ETag, Href, HrefKey, Location, Operation, multistatus};

/// An `addressbook-multiget` REPORT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multiget {
    /// The book.
    pub book: Location,
    /// The cards, spelled as the server spelled them.
    pub hrefs: Vec<Href>,
    /// Send `Depth: 1`, without which Zoho answers with the book alone; with it Zimbra adds the book
    /// (Q53).
    pub depth_one: bool,
    /// The vCard version to be served, such as `4.0`, since sabre and Cyrus serve 3.0 otherwise; they
    /// convert what is stored in another. `None` takes what the server prefers.
    pub version: Option<String>,
    /// Ask as well how long each card is as it is stored: a text of another length is a conversion
    /// ([`What::Converted`]).
    pub checked: bool,
}

/// One card of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The href as it was asked for; as the server gives it if it fits none of those (Q88).
    pub href: Href,
    /// The version, if the server says.
    pub etag: Option<ETag>,
    /// What there is.
    pub what: What,
}

/// What a server has at an href.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The card's text, byte for byte as far as XML or HTTP carried it.
    Card(Vec<u8>),
    /// The text of a card that is stored in another version, or, where a version was asked for, that is
    /// not proven to be stored in this one. Written back it would cost the card what this version cannot
    /// say: Cyrus serves a picture of vCard 4.0 as nothing.
    Converted(Vec<u8>),
    /// A card that came with characters XML cannot carry (Q47): GET it for its true bytes. The text
    /// is the best that is to be had if that fails.
    Damaged(Vec<u8>),
    /// An explicit 404 or 410. The only thing here that means "deleted".
    Missing,
    /// It has moved (Cyrus, Q136): store the new href.
    Moved(Href),
    /// This status for this card alone; the others are fine.
    Refused(u16),
    /// Said to be there, with no text (Q83): GET it.
    NoData,
}

impl Operation for Multiget {
    type Reply = Vec<Fetched>;

    fn request(&self) -> Request<Vec<u8>> {
        let length = self.checked.then_some(Property::ContentLength);
        let asked: Vec<Property> = std::iter::once(Property::ETag).chain(length).collect();
        let mut asked = prop(&asked);
        asked.children.push(xmltree::XMLNode::Element(address_data(self.version.as_deref())));
        let hrefs = self.hrefs.iter().map(|href| text_element(Space::Dav, "href", href.as_str()));
        let inside = std::iter::once(asked).chain(hrefs).collect();
        let root = element(Space::CardDav, "addressbook-multiget", inside);
        report(&self.book, Depth::one_if(self.depth_one), root)
    }

    /// What the answer says of each card, in the order asked. A card that is not in it is unknown,
    /// not deleted: GET it (Q77).
    fn reply(&self, response: &Response<Vec<u8>>) -> Result<Vec<Fetched>, DavError> {
        let mut gathered = Gathered::new(&self.hrefs);
        let asked = Asked::of(&self.book);
        let mut rows = Vec::with_capacity(self.hrefs.len());
        multistatus::read(response, &mut |row| {
            // Depth 1 on Zimbra, and a cut on Stalwart (507), name the book.
            if let Some(href) = row.path(&asked)
                && !asked.is_at(&href)
            {
                rows.push((href, row));
            }
        })?;
        let ends = Ends::of(rows.iter().filter_map(|(_, row)| measured(row)));
        for (href, row) in rows {
            gathered.add(Fetched { href, etag: row.etag(), what: self.what(row, ends) });
        }
        Ok(gathered.answers())
    }
}

fn address_data(version: Option<&str>) -> Element {
    let mut element = element(Space::CardDav, "address-data", Vec::new());
    if let Some(version) = version {
        element.attributes.insert("content-type".to_owned(), "text/vcard".to_owned());
        element.attributes.insert("version".to_owned(), version.to_owned());
    }
    element
}

impl Multiget {
    fn what(&self, row: Row, ends: Ends) -> What {
        let as_stored = measured(&row).map(|(text, stored)| ends.fit(text, stored));
        match what(row, &self.book) {
            What::Card(text) if self.checked && self.is_converted(&text, as_stored) => {
                What::Converted(text)
            }
            other => other,
        }
    }

    fn is_converted(&self, text: &[u8], as_stored: Option<bool>) -> bool {
        match &self.version {
            Some(_) => as_stored != Some(true),
            None => as_stored == Some(false) && is_of_version_3(text),
        }
    }
}

fn what(mut row: Row, book: &Location) -> What {
    match row.failure() {
        Some(404 | 410) => return What::Missing,
        Some(status @ 300..400) => {
            let to = row.location.as_deref().and_then(|to| book.resolve_name(to).ok());
            return to.map_or(What::Refused(status), |to| What::Moved(to.href));
        }
        Some(status) => return What::Refused(status),
        None => {}
    }
    let at = row.found.iter().position(|value| value.property == Property::AddressData);
    let Some(value) = at.map(|at| row.found.swap_remove(at)) else {
        // 404 for the property alone is not 404 for the card.
        return match row.refusal(Property::AddressData) {
            None | Some(404 | 418) => What::NoData,
            Some(status) => What::Refused(status),
        };
    };
    let altered = value.damaged || is_altered(&value.text);
    let card = card_text(&value.text);
    if card.is_empty() {
        return What::NoData;
    }
    let unchanged = card.len() == value.text.len();
    let bytes = if unchanged { value.text.into_bytes() } else { card.as_bytes().to_vec() };
    if altered { What::Damaged(bytes) } else { What::Card(bytes) }
}

/// Matches answers to questions.
struct Gathered<'a> {
    asked: &'a [Href],
    exactly: HashMap<HrefKey, usize>,
    /// By the loose form; `None` where two questions share one.
    loosely: HashMap<String, Option<usize>>,
    answers: Vec<Option<Fetched>>,
    others: Vec<Fetched>,
}

impl<'a> Gathered<'a> {
    fn new(asked: &'a [Href]) -> Self {
        let mut exactly = HashMap::with_capacity(asked.len());
        let mut loosely: HashMap<String, Option<usize>> = HashMap::with_capacity(asked.len());
        for (at, href) in asked.iter().enumerate() {
            let key = href.key();
            loosely.entry(key.loosely()).and_modify(|other| *other = None).or_insert(Some(at));
            exactly.insert(key, at);
        }
        Self { asked, exactly, loosely, answers: vec![None; asked.len()], others: Vec::new() }
    }

    fn add(&mut self, fetched: Fetched) {
        let key = fetched.href.key();
        let at = self.exactly.get(&key).copied();
        let at = at.or_else(|| self.loosely.get(&key.loosely()).copied().flatten());
        let place = at.and_then(|at| Some((self.asked.get(at)?, self.answers.get_mut(at)?)));
        let Some((href, answer)) = place else { return self.others.push(fetched) };
        // Twice in one answer (Q64): a text is worth more than the lack of one.
        let is_card =
            |what: &What| matches!(what, What::Card(_) | What::Converted(_) | What::Damaged(_));
        if !answer.as_ref().is_some_and(|old| is_card(&old.what) && !is_card(&fetched.what)) {
            *answer = Some(Fetched { href: href.clone(), ..fetched });
        }
    }

    fn answers(self) -> Vec<Fetched> {
        self.answers.into_iter().flatten().chain(self.others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::GetCard;
    use super::super::shapes::{at, multistatus, real_cards, rows, shape};
    use super::*;

    fn multiget(book: &str, files: &[&str]) -> Multiget {
        let hrefs = files.iter().map(|file| Href::new(format!("{book}{file}"))).collect();
        Multiget { book: at(book), hrefs, depth_one: false, version: None, checked: false }
    }

    fn card(uid: &str, line_end: &str) -> What {
        let lines = [
            "BEGIN:VCARD",
            "VERSION:3.0",
            &format!("UID:{uid}"),
            "FN:Ada Example",
            "N:Example;Ada;;;",
            "END:VCARD",
            "",
        ];
        What::Card(lines.join(line_end).into_bytes())
    }

    #[test]
    fn cards_are_asked_for_as_they_are_named_and_stored() {
        let mut operation = multiget("/b/", &["a%40b.vcf", "c&d.vcf"]);
        let body =
            |operation: &Multiget| String::from_utf8(operation.request().into_body()).unwrap();
        let plain = body(&operation);
        assert!(plain.contains("<D:prop><D:getetag /><C:address-data /></D:prop>"), "{plain}");
        assert!(plain.contains("<D:href>/b/a%40b.vcf</D:href><D:href>/b/c&amp;d.vcf</D:href>"));
        assert!(plain.contains("<C:addressbook-multiget xmlns:C="));
        assert_eq!(operation.request().headers()["depth"], "0");
        operation.version = Some("4.0".into());
        operation.depth_one = true;
        operation.checked = true;
        let as_stored = "<C:address-data content-type=\"text/vcard\" version=\"4.0\" />";
        assert!(body(&operation).contains(as_stored));
        assert!(body(&operation).contains("<D:getetag /><D:getcontentlength />"));
        assert_eq!(operation.request().headers()["depth"], "1");
    }

    #[test]
    fn every_server_answers_in_its_own_way() {
        let cyrus = "/dav/addressbooks/user/alice@example.org/Default/moved.vcf";
        let cases = [
            (
                "/alice/contacts/",
                "radicale/multiget",
                vec![("one.vcf", card("one", "\n")), ("two.vcf", What::Missing)],
            ),
            // Q40: the status of the response beats the propstat's.
            (
                "/alice/contacts/addressbook/",
                "xandikos/multiget",
                vec![("one.vcf", card("one", "\n")), ("two.vcf", What::Missing)],
            ),
            // CDATA, Q136.
            (
                "/dav/addressbooks/user/alice/Default/",
                "cyrus/multiget",
                vec![
                    ("one.vcf", card("one", "\n")),
                    ("moved.vcf", What::Moved(Href::new(cyrus))),
                    ("hidden.vcf", What::Refused(403)),
                    ("none.vcf", What::Missing),
                ],
            ),
            // Q79: missing cards by their decoded names, `&` and `#` as they are.
            (
                "/SOGo/dav/alice/Contacts/personal/",
                "sogo/multiget-missing",
                vec![
                    ("a%20b.vcf", card("ab", "\n")),
                    ("c%26d%23e.vcf", What::Missing),
                    ("f%2540g.vcf", What::Missing),
                ],
            ),
            // Q48: CR as a character reference. Q77: `gone.vcf` is left out.
            (
                "/addressbooks/alice/contacts/",
                "sabre-4/multiget",
                vec![("one.vcf", card("one", "\r\n"))],
            ),
            // Q53, Q79: the book first, the name encoded twice.
            (
                "/dav/ada%40example.org/Contacts/",
                "zimbra/multiget-depth-1",
                vec![("one%40x.vcf", card("one", "\n"))],
            ),
            // Q40, Q41, Q46.
            ("/dav/contacts/", "cozy/several-propstats", vec![("one.vcf", card("one", "\n"))]),
        ];
        for (book, name, expected) in cases {
            let files: Vec<&str> =
                expected.iter().map(|(file, _)| *file).chain(["gone.vcf"]).collect();
            let answers = multiget(book, &files).reply(&shape(name)).unwrap();
            let answers: Vec<_> = answers.into_iter().map(|f| (f.href, f.what)).collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(file, what)| (Href::new(format!("{book}{file}")), what))
                .collect();
            assert_eq!(answers, expected, "{name}");
        }
    }

    #[test]
    fn entities_that_a_server_left_in_a_value_stay() {
        // Q49: Yahoo's are for the provider's own switch.
        let answers = multiget("/dav/ada/Contacts/", &["one.vcf"]).reply(&shape("yahoo/entities"));
        let text = b"BEGIN:VCARD\nFN:A &amp; B&#92;\nEND:VCARD\n".to_vec();
        assert_eq!(answers.unwrap()[0].what, What::Card(text));
    }

    fn only(inside: &[u8]) -> What {
        let mut body = b"<D:multistatus xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:carddav'>\
            <D:response><D:href>/b/1</D:href>"
            .to_vec();
        body.extend_from_slice(inside);
        body.extend_from_slice(b"</D:response></D:multistatus>");
        let mut answers = multiget("/b/", &["1"]).reply(&multistatus(body)).unwrap();
        answers.remove(0).what
    }

    fn data(text: &[u8]) -> What {
        let mut inside = b"<D:propstat><D:prop><C:address-data>".to_vec();
        inside.extend_from_slice(text);
        inside.extend_from_slice(b"</C:address-data></D:prop></D:propstat>");
        only(&inside)
    }

    #[test]
    fn a_card_that_xml_cannot_carry_is_known_to_be_damaged() {
        // Q47: one card, not the whole book.
        for text in [
            &b"BEGIN:VCARD\nNOTE:\x0b"[..],
            b"BEGIN:VCARD\nNOTE:\xe9",
            b"BEGIN:VCARD\nA & B",
            b"BEGIN:VCARD\nNOTE:&#1;",
            b"BEGIN:VCARD\nNOTE:&nbsp;",
        ] {
            assert!(matches!(data(text), What::Damaged(_)), "{}", String::from_utf8_lossy(text));
        }
        let fine = "BEGIN:VCARD\nNOTE:é \u{2028} \u{feff}".as_bytes();
        assert_eq!(data(fine), What::Card(fine.to_vec()));
    }

    #[test]
    fn no_text_is_not_no_card() {
        let refused = |status: u16| {
            let inside = format!(
                "<D:propstat><D:prop><C:address-data/></D:prop><D:status>HTTP/1.1 {status} x</D:status>\
                 </D:propstat>"
            );
            only(inside.as_bytes())
        };
        assert_eq!(data(b""), What::NoData); // Q83
        assert_eq!(data(b" \n"), What::NoData);
        assert_eq!(only(b""), What::NoData);
        assert_eq!(refused(404), What::NoData);
        assert_eq!(refused(418), What::NoData); // Q42
        assert_eq!(refused(403), What::Refused(403));
        assert_eq!(only(b"<D:status>HTTP/1.1 410 Gone</D:status>"), What::Missing);
        assert_eq!(only(b"<D:status>HTTP/1.1 301 x</D:status>"), What::Refused(301));
    }

    fn row(href: &str, text: &str) -> String {
        let what = if text.is_empty() {
            "<D:status>HTTP/1.1 404 x</D:status>".to_owned()
        } else {
            format!(
                "<D:propstat><D:prop><C:address-data>{text}</C:address-data></D:prop></D:propstat>"
            )
        };
        format!("<D:response><D:href>{href}</D:href>{what}</D:response>")
    }

    #[test]
    fn an_answer_goes_to_the_question_it_fits() {
        let asked = ["a%2540.vcf", "a%40.vcf", "other.vcf"];
        let text =
            [row("/b/a@.vcf", "B"), row("/b/new-name", "N"), row("/b/A%2525.vcf", "X")].concat();
        let answers = multiget("/b/", &asked).reply(&rows(&text)).unwrap();
        let answers: Vec<_> = answers.iter().map(|f| (f.href.as_str(), &f.what)).collect();
        // Two questions share the loose form, so only the exact one is answered; strangers keep
        // their own names (Q88).
        assert_eq!(
            answers,
            [
                ("/b/a%40.vcf", &What::Card(b"B".to_vec())),
                ("/b/new-name", &What::Card(b"N".to_vec())),
                ("/b/A%2525.vcf", &What::Card(b"X".to_vec())),
            ]
        );
    }

    #[test]
    fn real_cards_come_back_byte_for_byte_or_are_known_not_to() {
        for card in real_cards() {
            let text = String::from_utf8_lossy(&card);
            let escaped = quick_xml::escape::escape(&*text).replace('\r', "&#13;");
            let in_cdata = format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"));
            let get =
                GetCard { book: at("/b/"), href: Href::new("/b/1"), version: None, stored: None };
            let served = get.reply(&http::Response::new(card.clone())).map(|fetched| fetched.what);
            let Ok(What::Card(served)) = served else { continue };
            for written in [escaped.as_str(), in_cdata.as_str()] {
                match data(written.as_bytes()) {
                    What::Card(bytes) => assert_eq!(bytes, served),
                    what => assert!(matches!(what, What::Damaged(_)) && is_altered(&text)),
                }
            }
        }
    }

    #[test]
    fn a_card_twice_is_the_last_text() {
        for (first, second, expected) in [("A", "B", "B"), ("A", "", "A"), ("", "B", "B")] {
            let text = [row("/b/1", first), row("/b/1", second)].concat();
            let answers = multiget("/b/", &["1"]).reply(&rows(&text)).unwrap();
            assert_eq!(answers.len(), 1);
            assert_eq!(answers[0].what, What::Card(expected.as_bytes().to_vec()));
        }
    }

    #[test]
    fn a_report_that_fails_as_a_whole_says_nothing_about_its_cards() {
        let reply = multiget("/b/", &["1"]).reply(&shape("sabre-1.8/multiget-missing"));
        assert_eq!(reply, Err(DavError::NotFound));
        assert_eq!(multiget("/b/", &["1"]).reply(&rows("")), Ok(vec![]), "Q77");
    }
}
