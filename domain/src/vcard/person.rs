//! The typed view of a card.

use std::collections::BTreeSet;

use super::known::Known;
use super::label::{Groups, label};
use super::property::Property;
use super::{Card, Version, date, text};
use crate::contact::{Address, Kind, Labelled, Name, Person};

/// What a card without any name is called.
pub(super) const NAMELESS: &str = "(no name)";

/// The typed view of a card: what is listed, searched and shown. Derived, never the record.
pub fn person(card: &Card) -> Person {
    let mut reading = Reading {
        card,
        groups: Groups::of(card),
        person: Person::default(),
        alternatives: BTreeSet::new(),
        ranks: Ranks::default(),
    };
    for property in card.properties_where(is_shown) {
        reading.take(&property);
    }
    reading.finish()
}

/// What to call a card, see [`Person::name`].
pub(super) fn name(card: &Card) -> String {
    let mut kinds = card.properties_where(|known| matches!(known, Known::Kind | Known::AbShowAs));
    let company = kinds.any(|property| kind(&property) == Some(Kind::Organisation));
    let shown = card.properties_of(Known::Fn).map(|p| one_line(&p.text())).find(|t| !t.is_empty());
    match shown {
        Some(shown) if !company => shown,
        _ => person(card).name,
    }
}

/// The number a TEL shows: a `tel:` URI without its scheme, an extension in words.
pub(super) fn number(value: &str) -> String {
    let value = value.trim_ascii();
    let Some(number) = strip_scheme(value, "tel:") else { return value.to_owned() };
    let mut parts = number.split(';');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    // RFC 3966 3: parameters of the URI; only the extension is dialled.
    for extension in parts.filter_map(|part| strip_scheme(part, "ext=")) {
        shown.push_str(" ext. ");
        shown.push_str(extension);
    }
    shown
}

/// What kind of card a property says it is; `None` when it says nothing.
pub(super) fn kind(property: &Property<'_>) -> Option<Kind> {
    let company = match property.known() {
        Known::Kind => false,
        Known::AbShowAs => true,
        _ => return None,
    };
    let value = property.decoded().trim_ascii().to_ascii_lowercase();
    Some(match (company, value.as_str()) {
        (true, "company") | (false, "org" | "organization") => Kind::Organisation,
        (false, "group") => Kind::Group,
        (false, "location") => Kind::Location,
        _ => return None,
    })
}

/// The text with every run of white space and control characters as one space: for a name, which
/// stands on one line of a terminal.
pub(super) fn one_line(text: &str) -> String {
    let text = text.trim_ascii();
    if is_one_line(text) {
        return text.to_owned();
    }
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_one_line(text: &str) -> bool {
    // The controls beyond ASCII are two bytes, the first of them 0xC2.
    !text.bytes().any(|b| b.is_ascii_control() || b == 0xC2)
}

/// `value` without a scheme or prefix in any case.
pub(super) fn strip_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = value.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Whether a property has a part in the typed view.
fn is_shown(known: Known) -> bool {
    !matches!(
        known,
        Known::Other | Known::Version | Known::Prodid | Known::Rev | Known::Uid | Known::AbLabel
    )
}

struct Reading<'a> {
    card: &'a Card,
    groups: Groups,
    person: Person,
    /// ALTID of the properties that were taken: lines with one ALTID are one property in several
    /// languages (RFC 6350 5.4), and the first is shown.
    alternatives: BTreeSet<(Known, String)>,
    ranks: Ranks,
}

/// How much values are preferred: their place in the list and their rank.
#[derive(Default)]
struct Ranks {
    emails: Vec<(usize, u8)>,
    phones: Vec<(usize, u8)>,
    urls: Vec<(usize, u8)>,
    messengers: Vec<(usize, u8)>,
    related: Vec<(usize, u8)>,
}

impl Reading<'_> {
    fn take(&mut self, property: &Property<'_>) {
        let known = property.known();
        // An FN that is empty leaves the name to the next one.
        if known != Known::Fn
            && let Some(altid) = property.altid()
            && !self.alternatives.insert((known, altid.into_owned()))
        {
            return;
        }
        let person = &mut self.person;
        match known {
            Known::Fn if person.name.is_empty() => {
                let text = property.trimmed();
                person.name = if is_one_line(&text) { text } else { one_line(&text) };
            }
            Known::N if person.names.is_none() => person.names = Some(names(property)),
            Known::Nickname => person.nicknames.extend(filled_parts(property, b',')),
            Known::Categories => person.categories.extend(filled_parts(property, b',')),
            Known::Adr => self.address(property),
            Known::Org if person.organisation.is_empty() => {
                person.organisation = filled_parts(property, b';');
            }
            Known::Title if person.title.is_none() => person.title = filled(property),
            Known::Bday if person.birthday.is_none() => person.birthday = day(property),
            Known::Anniversary => self.anniversary(property),
            Known::AbDate => {
                if is_anniversary(self.card, &self.groups, property) {
                    self.anniversary(property);
                }
            }
            Known::Note => {
                let note = person.note.take().into_iter().chain(filled(property));
                person.note = note.reduce(|all, one| format!("{all}\n\n{one}"));
            }
            Known::Member => person.members.extend(filled(property)),
            Known::Photo => person.photo |= !property.raw().trim_ascii().is_empty(),
            Known::Kind | Known::AbShowAs => {
                if let Some(kind) = kind(property) {
                    person.kind = kind;
                }
            }
            _ => self.labelled(property),
        }
    }

    fn labelled(&mut self, property: &Property<'_>) {
        let (list, ranks) = match property.known() {
            Known::Email => (&mut self.person.emails, &mut self.ranks.emails),
            Known::Tel => (&mut self.person.phones, &mut self.ranks.phones),
            Known::Url => (&mut self.person.urls, &mut self.ranks.urls),
            Known::Impp | Known::Messenger => {
                (&mut self.person.messengers, &mut self.ranks.messengers)
            }
            Known::Related | Known::AbRelated | Known::XRelated => {
                (&mut self.person.related, &mut self.ranks.related)
            }
            _ => return,
        };
        let Some(value) = filled(property) else { return };
        let uri = property.known() == Known::Tel && value.as_bytes().contains(&b':');
        let value = if uri { number(&value) } else { value };
        let (label, rank) = label(self.card, &self.groups, property);
        let service = || property.param("X-SERVICE-TYPE").map(|service| service.to_lowercase());
        let label = label.or_else(|| (property.known() == Known::Impp).then(service).flatten());
        ranks.extend(rank.map(|rank| (list.len(), rank)));
        list.push(Labelled { label, value, preferred: false });
    }

    fn address(&mut self, property: &Property<'_>) {
        let decoded = property.decoded();
        let version = property.version();
        let mut parts = text::split(&decoded, b';', version);
        let mut next = || trimmed(parts.next().unwrap_or_default(), version);
        let address = Address {
            label: None,
            po_box: next(),
            extended: next(),
            street: next(),
            locality: next(),
            region: next(),
            postal_code: next(),
            country: next(),
        };
        if address != Address::default() {
            let (label, _) = label(self.card, &self.groups, property);
            self.person.addresses.push(Address { label, ..address });
        }
    }

    fn anniversary(&mut self, property: &Property<'_>) {
        if self.person.anniversary.is_none() {
            self.person.anniversary = day(property);
        }
    }

    fn finish(self) -> Person {
        let Self { mut person, ranks, .. } = self;
        prefer(&mut person.emails, &ranks.emails);
        prefer(&mut person.phones, &ranks.phones);
        prefer(&mut person.urls, &ranks.urls);
        prefer(&mut person.messengers, &ranks.messengers);
        prefer(&mut person.related, &ranks.related);
        without_twins(&mut person.messengers);
        let shown = std::mem::take(&mut person.name);
        person.name = what_to_call(&person, shown);
        person
    }
}

/// Whether an X-ABDATE is the anniversary: its label says so.
pub(super) fn is_anniversary(card: &Card, groups: &Groups, property: &Property<'_>) -> bool {
    let own = groups.own_label(card, property.id());
    own.is_some_and(|own| own.into_text().eq_ignore_ascii_case("anniversary"))
}

pub(super) fn what_to_call(person: &Person, shown: String) -> String {
    let organisation = || person.organisation.first().map(|unit| one_line(unit));
    if person.kind == Kind::Organisation
        && let Some(organisation) = organisation()
    {
        return organisation;
    }
    if !shown.is_empty() {
        return shown;
    }
    let parts =
        person.names.iter().flat_map(|n| [&n.prefix, &n.given, &n.middle, &n.family, &n.suffix]);
    let parts: Vec<String> = parts.map(|part| one_line(part)).filter(|p| !p.is_empty()).collect();
    let names = Some(parts.join(" ")).filter(|name| !name.is_empty());
    let nickname = || person.nicknames.first().map(|one| one_line(one));
    let email = || person.emails.first().map(|email| one_line(&email.value));
    let phone = || person.phones.first().map(|phone| one_line(&phone.value));
    let name = names.or_else(organisation).or_else(nickname).or_else(email).or_else(phone);
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| NAMELESS.to_owned())
}

/// Marks the values whose rank is the best of their kind.
fn prefer(values: &mut [Labelled], ranks: &[(usize, u8)]) {
    let best = ranks.iter().map(|(_, rank)| *rank).min();
    for (at, rank) in ranks {
        if let Some(value) = values.get_mut(*at) {
            value.preferred = Some(*rank) == best;
        }
    }
}

/// Drops the second of two messenger lines for one account: many cards hold IMPP and an X- form.
fn without_twins(messengers: &mut Vec<Labelled>) {
    if messengers.len() < 2 {
        return;
    }
    let mut seen = BTreeSet::new();
    messengers.retain(|one| {
        let account = one.value.rsplit(':').next().unwrap_or(&one.value).to_lowercase();
        let service = one.label.as_deref().unwrap_or_default().to_lowercase();
        let scheme = one.value.rsplit_once(':').map(|(scheme, _)| scheme.to_lowercase());
        let scheme = scheme.as_deref().map(service_of).unwrap_or(&service).to_owned();
        seen.insert((scheme, account))
    });
}

/// The service a URI scheme stands for, as the older properties name it.
fn service_of(scheme: &str) -> &str {
    match scheme {
        "xmpp" => "jabber",
        "ymsgr" => "yahoo",
        "msnim" => "msn",
        "googletalk" | "google" => "gtalk",
        other => other,
    }
}

fn names(property: &Property<'_>) -> Name {
    let decoded = property.decoded();
    let version = property.version();
    let mut parts = text::split(&decoded, b';', version);
    let mut next = || joined(parts.next().unwrap_or_default(), version);
    Name { family: next(), given: next(), middle: next(), prefix: next(), suffix: next() }
}

/// A component of N, which may be a list (`Philip,Paul`, not in vCard 2.1), with spaces between.
pub(super) fn joined(component: &str, version: Version) -> String {
    if version == Version::V21 || !component.as_bytes().contains(&b',') {
        return trimmed(component, version);
    }
    let items = text::split(component, b',', version).map(|item| trimmed(item, version));
    items.filter(|item| !item.is_empty()).collect::<Vec<_>>().join(" ")
}

fn trimmed(escaped: &str, version: Version) -> String {
    if escaped.is_empty() {
        return String::new();
    }
    text::trimmed(text::unescape(escaped, version))
}

/// The parts of a value that are not empty.
fn filled_parts(property: &Property<'_>, separator: u8) -> Vec<String> {
    let version = property.version();
    let decoded = property.decoded();
    let parts = text::split(&decoded, separator, version).map(|part| trimmed(part, version));
    parts.filter(|part| !part.is_empty()).collect()
}

fn filled(property: &Property<'_>) -> Option<String> {
    Some(property.trimmed()).filter(|text| !text.is_empty())
}

/// A date as ISO 8601, or the text when it is none.
fn day(property: &Property<'_>) -> Option<String> {
    date::of(property).map(|date| date.iso()).or_else(|| filled(property))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Person {
        person(&Card::parse(format!("BEGIN:VCARD\nVERSION:3.0\n{lines}\nEND:VCARD\n")))
    }

    #[test]
    fn a_card_is_called_by_the_best_name_it_has() {
        let cases = [
            ("FN:Ada\nN:B;C", "Ada"),
            ("FN: \nN:Byron;Ada;King;Lady;", "Lady Ada King Byron"),
            (
                "N:Stevenson;John;Philip,Paul;Dr.;Jr.,M.D.",
                "Dr. John Philip Paul Stevenson Jr. M.D.",
            ),
            ("N:;;;;\nORG:Acme;Lab\nEMAIL:a@b", "Acme"),
            ("NICKNAME:Bee\nEMAIL:a@b", "Bee"),
            ("EMAIL:a@b\nTEL:1", "a@b"),
            ("TEL;VALUE=uri:tel:+1-2", "+1-2"),
            ("FN:Ada\\n  Byron\u{1b}[2J", "Ada Byron [2J"),
            ("FN:x y\nORG:Acme\nX-ABShowAs:COMPANY", "Acme"),
            ("FN:Acme Inc.\nKIND:org", "Acme Inc."),
            ("NOTE:n", "(no name)"),
        ];
        for (lines, name) in cases {
            assert_eq!(read(lines).name, name, "{lines}");
            let card = Card::parse(format!("BEGIN:VCARD\n{lines}\nEND:VCARD\n"));
            assert_eq!(card.name(), name, "{lines}");
        }
    }

    #[test]
    fn every_field_is_read() {
        let person = read(
            "FN:Ada\nN:Byron;Ada\nNICKNAME:Bee,Al\\,fie\nitem1.EMAIL;type=pref:a@b\nitem1.X-ABLabel:Club\n\
             EMAIL;TYPE=INTERNET:c@d\nTEL;TYPE=CELL,VOICE:tel:+1-2;ext=3\n\
             ADR;TYPE=WORK,POSTAL:1;2;3\\n4;5, 6;7;8;9\nADR:;;;;;;\nORG:Acme;;Lab\nTITLE:Chief\n\
             BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20\n\
             item2.X-ABDATE:2001-02-03\nitem2.X-ABLabel:_$!<Anniversary>!$_\n\
             CATEGORIES:x,,y\nNOTE:one\nNOTE:two\nURL;type=home:http\\://a\n\
             IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@j\nX-JABBER:a@j\nX-SKYPE:ada\nX-SPOUSE:Max\n\
             PHOTO;ENCODING=b:YQ==",
        );
        let labelled = |label: &str, value: &str, preferred| Labelled {
            label: (!label.is_empty()).then(|| label.to_owned()),
            value: value.to_owned(),
            preferred,
        };
        assert_eq!(person.nicknames, ["Bee", "Al,fie"]);
        assert_eq!(person.emails, [labelled("Club", "a@b", true), labelled("", "c@d", false)]);
        assert_eq!(person.phones, [labelled("cell", "+1-2 ext. 3", false)]);
        let [address] = person.addresses.as_slice() else { panic!("{:?}", person.addresses) };
        assert_eq!((address.label.as_deref(), address.street.as_str()), (Some("work"), "3\n4"));
        assert_eq!((address.locality.as_str(), address.country.as_str()), ("5, 6", "9"));
        assert_eq!(person.organisation, ["Acme", "Lab"]);
        assert_eq!(person.title.as_deref(), Some("Chief"));
        assert_eq!(person.birthday.as_deref(), Some("--08-20"));
        assert_eq!(person.anniversary.as_deref(), Some("2001-02-03"));
        assert_eq!(person.categories, ["x", "y"]);
        assert_eq!(person.note.as_deref(), Some("one\n\ntwo"));
        assert_eq!(person.urls, [labelled("home", "http://a", false)]);
        let messengers = [labelled("jabber", "xmpp:a@j", false), labelled("skype", "ada", false)];
        assert_eq!(person.messengers, messengers);
        assert_eq!(person.related, [labelled("spouse", "Max", false)]);
        assert!(person.photo);
    }

    #[test]
    fn the_kind_is_read_under_its_three_names() {
        let cases = [
            ("KIND:group", Kind::Group),
            ("X-ADDRESSBOOKSERVER-KIND:GROUP", Kind::Group),
            ("X-ADDRESSBOOKSERVER-KIND:individual", Kind::Person),
            ("X-ABSHOWAS:COMPANY", Kind::Organisation),
            ("KIND:location", Kind::Location),
            ("FN:A", Kind::Person),
        ];
        for (line, kind) in cases {
            assert_eq!(read(line).kind, kind, "{line}");
        }
        let group = read("KIND:group\nMEMBER:urn:uuid:1\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:2");
        assert_eq!(group.members, ["urn:uuid:1", "urn:uuid:2"]);
    }

    #[test]
    fn lines_of_one_altid_are_one_property() {
        let person = read(
            "TITLE;ALTID=1;LANGUAGE=en:Chief\nTITLE;ALTID=1;LANGUAGE=de:Chef\nEMAIL;ALTID=1:a@b",
        );
        assert_eq!(person.title.as_deref(), Some("Chief"));
        assert_eq!(person.emails.len(), 1);
    }

    #[test]
    fn the_best_rank_is_the_preferred_one() {
        let person = read("TEL;PREF=3:1\nTEL;PREF=2:2\nTEL:3");
        let preferred: Vec<bool> = person.phones.iter().map(|phone| phone.preferred).collect();
        assert_eq!(preferred, [false, true, false]);
    }
}
