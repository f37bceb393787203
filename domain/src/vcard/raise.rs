//! To vCard 4.0 (RFC 6350).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::binary::{self, Binary};
use super::convert::{Draft, Output};
use super::known::Known;
use super::label::{Own, Types, lower};
use super::person::{is_anniversary, strip_scheme};
use super::property::Property;
use super::scan::Coding;
use super::{Card, LineId, date};

/// The relations RELATED has a TYPE for (RFC 6350 6.6.6).
const RELATIONS: [&str; 20] = [
    "contact",
    "acquaintance",
    "friend",
    "met",
    "co-worker",
    "colleague",
    "co-resident",
    "neighbor",
    "child",
    "parent",
    "sibling",
    "spouse",
    "kin",
    "muse",
    "crush",
    "date",
    "sweetheart",
    "me",
    "agent",
    "emergency",
];

/// Properties 4.0 allows once (RFC 6350 6, cardinality `*1`).
const ONCE: [&str; 8] = ["N", "BDAY", "ANNIVERSARY", "GENDER", "REV", "PRODID", "UID", "KIND"];

/// Properties of 2.1 and 3.0 that 4.0 does not know.
const GONE: [&str; 5] = ["NAME", "MAILER", "CLASS", "LABEL", "SORT-STRING"];

/// Writes a property as 4.0 has it.
pub(super) fn property(out: &mut Output<'_>, property: &Property<'_>) {
    let mut draft = Draft::of(property);
    // URL is the only VALUE of 3.0 that 4.0 spells otherwise.
    if draft.param("VALUE").is_some_and(|value| !value.eq_ignore_ascii_case("uri")) {
        draft.take("VALUE");
    }
    draft.types.iter_mut().for_each(|one| one.make_ascii_lowercase());
    match property.known() {
        Known::Email => {
            draft.types.retain(|one| one != "internet");
            once(out, draft);
        }
        Known::N => {
            let first = out.first_n == Some(property.id());
            if let Some((_, sort)) = out.sort.as_ref().filter(|_| first) {
                draft.add("SORT-AS", sort);
            }
            once(out, draft);
        }
        Known::Adr => {
            let label = out.printed.get(&property.id()).and_then(|line| out.card.property(*line));
            if let Some(label) = label {
                draft.add("LABEL", &label.trimmed());
            }
            once(out, draft);
        }
        Known::Label if out.prints.contains(&property.id()) => {}
        Known::SortString if is_in_name(out, property.id()) => {}
        Known::Photo | Known::Logo | Known::Sound | Known::Key => picture(out, property, draft),
        Known::Bday => day(out, property, draft),
        Known::Anniversary => anniversary(out, property, draft),
        Known::AbDate if is_anniversary(out.card, &out.groups, property) => {
            out.spend_label(property.id());
            anniversary(out, property, Draft { group: None, ..draft });
        }
        Known::Kind | Known::AbShowAs => kind(out, property, draft),
        Known::Member => out.write(draft.named("MEMBER")),
        Known::AbRelated => related(out, property, draft),
        Known::Agent => agent(out, property, draft),
        Known::Geo => geo(out, property, draft),
        Known::Uid => {
            if !is_uri(&draft.value) && draft.param("VALUE").is_none() {
                draft.add("VALUE", "text");
            }
            once(out, draft);
        }
        Known::Rev => rev(out, property, draft),
        // Its property may come later, so whose label it is is asked before.
        Known::AbLabel if label_is_spent(out, property.id()) => {}
        Known::Other => other(out, property, draft),
        _ => once(out, draft),
    }
}

/// Writes a property, under an X- name when 4.0 does not know it or allows no second one.
fn once(out: &mut Output<'_>, draft: Draft) {
    let name = draft.name.to_ascii_uppercase();
    let second = ONCE.contains(&name.as_str()) && out.has(&name);
    out.write(if second || GONE.contains(&name.as_str()) { draft.private() } else { draft });
}

fn other(out: &mut Output<'_>, property: &Property<'_>, draft: Draft) {
    let name = draft.name.to_ascii_uppercase();
    match name.as_str() {
        // `PROFILE:VCARD` says what every card is.
        "PROFILE" => {}
        "X-GENDER" => {
            let sex = match property.trimmed().to_ascii_lowercase().as_str() {
                "m" | "male" => "M",
                "f" | "female" => "F",
                _ => return out.write(draft),
            };
            once(out, Draft { value: sex.to_owned(), ..draft.named("GENDER") });
        }
        _ => once(out, draft),
    }
}

fn picture(out: &mut Output<'_>, property: &Property<'_>, mut draft: Draft) {
    draft.types.clear();
    match binary::read(property) {
        Binary::Bytes(bytes, media) => {
            let sniffed = binary::sniff(&bytes).map(str::to_owned);
            let media = media.or(sniffed).unwrap_or("application/octet-stream".to_owned());
            draft.take("VALUE");
            draft.take("MEDIATYPE");
            draft.value = format!("data:{media};base64,{}", binary::encode(&bytes));
            out.write(draft);
        }
        Binary::Text(link) if is_uri(&link) => {
            out.write(Draft { value: link.replace('\\', ""), ..draft });
        }
        Binary::Text(_) => out.write(draft.private()),
    }
}

fn day(out: &mut Output<'_>, property: &Property<'_>, mut draft: Draft) {
    draft.take("VALUE");
    draft.take("X-APPLE-OMIT-YEAR");
    match date::of(property) {
        Some(date) => {
            draft.value = date.basic();
            if let Some(time) = date::time(&property.decoded()) {
                draft.value.push('T');
                draft.value.push_str(&time);
            }
        }
        None => draft.add("VALUE", "text"),
    }
    once(out, draft);
}

/// The forms of an anniversary are one fact: the first is written, another only if it differs.
fn anniversary(out: &mut Output<'_>, property: &Property<'_>, draft: Draft) {
    let date = date::of(property);
    if !out.has("ANNIVERSARY") {
        out.anniversary = date;
        return day(out, property, draft.named("ANNIVERSARY"));
    }
    if date.is_none() || date != out.anniversary {
        out.write(draft.named("X-ANNIVERSARY"));
    }
}

fn kind(out: &mut Output<'_>, property: &Property<'_>, draft: Draft) {
    let value = draft.value.trim().to_ascii_lowercase();
    let value = match (property.known(), value.as_str()) {
        (Known::AbShowAs, "company") => "org",
        (Known::AbShowAs, "individual") => return,
        (Known::AbShowAs, _) => return out.write(draft),
        (_, other) => other,
    };
    if !out.has("KIND") {
        let value = value.to_owned();
        out.write(Draft { value, ..draft.named("KIND") });
    }
}

fn related(out: &mut Output<'_>, property: &Property<'_>, draft: Draft) {
    let mut draft = draft.named("RELATED");
    draft.take("VALUE");
    draft.add("VALUE", "text");
    let own = out.groups.own_label(out.card, property.id());
    if let Some(Own::Builtin(relation)) = own
        && RELATIONS.contains(&relation.as_str())
    {
        out.spend_label(property.id());
        draft.group = None;
        draft.types.push(relation);
    }
    out.write(draft);
}

fn agent(out: &mut Output<'_>, property: &Property<'_>, mut draft: Draft) {
    if property.coding() != Coding::Nested && property.says_uri() {
        draft.types.push("agent".to_owned());
        return out.write(draft.named("RELATED"));
    }
    draft.take("VALUE");
    out.write(draft.private());
}

fn geo(out: &mut Output<'_>, property: &Property<'_>, draft: Draft) {
    let place = property.trimmed().replace(';', ",");
    let place = strip_scheme(&place, "geo:").unwrap_or(&place);
    let numbers = place.split(',').all(|part| part.trim().parse::<f64>().is_ok());
    if !numbers || !place.contains(',') {
        return out.write(draft.private());
    }
    let value = format!("geo:{}", place.replace(' ', ""));
    out.write(Draft { value, ..draft });
}

/// REV is a timestamp in basic form (RFC 6350 4.3.5).
fn rev(out: &mut Output<'_>, property: &Property<'_>, mut draft: Draft) {
    draft.take("VALUE");
    let decoded = property.decoded();
    match date::of(property) {
        Some(date) if date.month.is_some() && date.day.is_some() && date.year.is_some() => {
            let time = date::time(&decoded).unwrap_or("000000Z".to_owned());
            draft.value = format!("{}T{time}", date.basic());
            once(out, draft);
        }
        _ => out.write(draft.private()),
    }
}

/// Whether a SORT-STRING goes into the N of the card.
fn is_in_name(out: &Output<'_>, sort: LineId) -> bool {
    out.first_n.is_some() && out.sort.as_ref().is_some_and(|(first, _)| *first == sort)
}

/// Pairs each address with its printed form: the first LABEL of the same types that is left.
pub(super) fn address_labels(card: &Card) -> BTreeMap<LineId, LineId> {
    let types = |property: &Property<'_>| {
        let types = Types::of(property);
        types.types.into_iter().map(lower).collect::<BTreeSet<_>>()
    };
    let mut free: BTreeMap<_, VecDeque<LineId>> = BTreeMap::new();
    for label in card.properties_of(Known::Label) {
        free.entry(types(&label)).or_default().push_back(label.id());
    }
    let addresses = card.properties_of(Known::Adr);
    addresses.filter_map(|adr| Some((adr.id(), free.get_mut(&types(&adr))?.pop_front()?))).collect()
}

/// Whether the meaning of an X-ABLabel goes into the property it belongs to.
fn label_is_spent(out: &Output<'_>, label: LineId) -> bool {
    if out.is_spent(label) {
        return true;
    }
    let Some(main) = out.groups.main_of(label).and_then(|main| out.card.property(main)) else {
        return false;
    };
    match main.known() {
        Known::AbDate => is_anniversary(out.card, &out.groups, &main),
        Known::AbRelated => match out.groups.own_label(out.card, main.id()) {
            Some(Own::Builtin(relation)) => RELATIONS.contains(&relation.as_str()),
            _ => false,
        },
        _ => false,
    }
}

fn is_uri(value: &str) -> bool {
    value.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}
