//! To vCard 3.0 (RFC 2426).

use super::binary::{self, Binary};
use super::convert::{Draft, Output};
use super::edit::own_label;
use super::known::Known;
use super::person::{number, strip_scheme};
use super::property::Property;
use super::{Version, date, text};

/// What 3.0 knows, with the extensions of RFC 2739 and RFC 4770; anything else gets an X- name.
const KNOWN: [&str; 34] = [
    "NAME",
    "PROFILE",
    "SOURCE",
    "FN",
    "N",
    "NICKNAME",
    "PHOTO",
    "BDAY",
    "ADR",
    "LABEL",
    "TEL",
    "EMAIL",
    "MAILER",
    "TZ",
    "GEO",
    "TITLE",
    "ROLE",
    "LOGO",
    "AGENT",
    "ORG",
    "CATEGORIES",
    "NOTE",
    "PRODID",
    "REV",
    "SORT-STRING",
    "SOUND",
    "URL",
    "UID",
    "CLASS",
    "KEY",
    "IMPP",
    "FBURL",
    "CALURI",
    "CALADRURI",
];

/// Parameters of 3.0 besides TYPE, ENCODING and CHARSET.
const PARAMS: [&str; 2] = ["LANGUAGE", "CONTEXT"];

/// Writes a property as 3.0 has it.
pub(super) fn property(out: &mut Output<'_>, property: &Property<'_>) {
    let mut draft = Draft::of(property);
    let value = draft.take("VALUE");
    let printed = draft.take("LABEL");
    let sort = draft.take("SORT-AS");
    for (name, _) in &mut draft.params {
        if !is_private(name) && !PARAMS.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            *name = format!("X-{name}");
        }
    }
    let types = draft.types.clone();
    match property.known() {
        Known::Photo | Known::Logo | Known::Sound | Known::Key => picture(out, property, draft),
        Known::Tel => {
            let number = number(&property.trimmed());
            out.write(Draft { value: text::escape(&number, Version::V30).into_owned(), ..draft });
        }
        Known::Bday => day(out, property, draft),
        Known::Anniversary if !is_private(property.name()) => anniversary(out, property, draft),
        Known::Kind => kind(out, draft),
        Known::Member => out.write(draft.named("X-ADDRESSBOOKSERVER-MEMBER")),
        Known::Related => related(out, property, draft, value.as_deref()),
        Known::Geo => geo(out, property, draft),
        _ => {
            if value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("uri")) {
                draft.add("VALUE", "uri");
            }
            let known = KNOWN.iter().any(|one| one.eq_ignore_ascii_case(&draft.name));
            let keep = known || is_private(&draft.name);
            out.write(if keep { draft } else { draft.private() });
        }
    }
    if let Some(printed) = printed {
        let value = text::escape(&printed, Version::V30).into_owned();
        out.write(Draft { types, ..Draft::new("LABEL", value) });
    }
    if let Some(sort) = sort {
        let name = if out.has("SORT-STRING") { "X-SORT-STRING" } else { "SORT-STRING" };
        out.write(Draft::new(name, text::escape(&sort, Version::V30).into_owned()));
    }
}

fn picture(out: &mut Output<'_>, property: &Property<'_>, mut draft: Draft) {
    match binary::read(property) {
        Binary::Bytes(bytes, media) => {
            let media = binary::sniff(&bytes).map(str::to_owned).or(media);
            let media = media.filter(|media| media != "application/octet-stream");
            draft.types = media.iter().map(|media| format(media)).collect();
            draft.params.retain(|(name, _)| !name.eq_ignore_ascii_case("X-MEDIATYPE"));
            draft.params.insert(0, ("ENCODING".to_owned(), "b".to_owned()));
            draft.value = binary::encode(&bytes);
        }
        Binary::Text(link) => {
            draft.add("VALUE", "uri");
            draft.value = link;
        }
    }
    out.write(draft);
}

/// The TYPE of a picture: `JPEG` of `image/jpeg`.
fn format(media: &str) -> String {
    media.rsplit('/').next().unwrap_or(media).to_ascii_uppercase()
}

/// 3.0 has whole dates only; Apple's parameter stands for a year that is not known, and what is
/// still less than that is kept aside.
fn day(out: &mut Output<'_>, property: &Property<'_>, mut draft: Draft) {
    draft.take("X-CALSCALE");
    let date = date::of(property);
    let Some((date, whole)) = date.and_then(|date| Some((date, date.with_placeholder()?))) else {
        return out.write(draft.private());
    };
    draft.take("X-APPLE-OMIT-YEAR");
    if date.year.is_none() {
        draft.add("X-APPLE-OMIT-YEAR", &date::OMITTED_YEAR.to_string());
    }
    draft.value = whole.iso();
    if let Some(time) = date::time(&property.decoded()) {
        draft.value.push('T');
        draft.value.push_str(&time);
    }
    out.write(draft);
}

/// Both forms that programs read: X-ANNIVERSARY, and Apple's labelled date.
fn anniversary(out: &mut Output<'_>, property: &Property<'_>, draft: Draft) {
    let Some(whole) = date::of(property).and_then(|date| date.with_placeholder()) else {
        return out.write(draft.named("X-ANNIVERSARY"));
    };
    day(out, property, draft.clone().named("X-ANNIVERSARY"));
    let date = date::of(property);
    let group = Some(out.new_group());
    let mut apple = Draft { group: group.clone(), ..Draft::new("X-ABDATE", whole.iso()) };
    if date.is_some_and(|date| date.year.is_none()) {
        apple.add("X-APPLE-OMIT-YEAR", &date::OMITTED_YEAR.to_string());
    }
    out.write(apple);
    let label = own_label("anniversary").into_owned();
    out.write(Draft { group, ..Draft::new("X-ABLabel", label) });
}

fn kind(out: &mut Output<'_>, draft: Draft) {
    match draft.value.trim().to_ascii_lowercase().as_str() {
        "individual" => {}
        "org" | "organization" => {
            out.write(Draft { value: "COMPANY".to_owned(), ..draft.named("X-ABShowAs") });
        }
        kind => {
            let value = kind.to_owned();
            out.write(Draft { value, ..draft.named("X-ADDRESSBOOKSERVER-KIND") });
        }
    }
}

/// A related person by name becomes Apple's labelled name; one by URI has no such form.
fn related(out: &mut Output<'_>, property: &Property<'_>, draft: Draft, value: Option<&str>) {
    if !value.is_some_and(|value| value.eq_ignore_ascii_case("text")) {
        return out.write(draft.private());
    }
    if out.groups.label_line(property.id()).is_some() {
        return out.write(draft.named("X-ABRELATEDNAMES"));
    }
    let mut draft = draft.named("X-ABRELATEDNAMES");
    if !draft.types.is_empty() {
        let relation = draft.types.remove(0);
        let group = out.new_group();
        draft.group = Some(group.clone());
        out.write(draft);
        let label = text::escape(&own_label(&relation), Version::V30).into_owned();
        out.write(Draft { group: Some(group), ..Draft::new("X-ABLabel", label) });
    } else {
        out.write(draft);
    }
}

fn geo(out: &mut Output<'_>, property: &Property<'_>, draft: Draft) {
    let place = property.trimmed();
    let place = strip_scheme(&place, "geo:").unwrap_or(&place);
    let place = place.split(";u=").next().unwrap_or(place);
    let parts: Vec<&str> = place.split([',', ';']).map(str::trim).collect();
    match parts.as_slice() {
        [latitude, longitude] => {
            out.write(Draft { value: format!("{latitude};{longitude}"), ..draft });
        }
        _ => out.write(draft.private()),
    }
}

fn is_private(name: &str) -> bool {
    name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-"))
}
