//! Contacts as JSON; the schema is `docs/json.md`.

use std::collections::HashMap;

use contactcmd_domain::contact::{ContactId, Person, Timestamp};
use contactcmd_ports::{ExternalId, JsonSummary, Summary};
use serde::ser::Error;
use serde::{Serialize, Serializer};

use super::Ui;
use crate::{Exit, Failure};

/// Where contacts are on servers, as the store gives it.
pub type Places = [(ContactId, ExternalId)];

/// Prints an array with a line for each contact.
///
/// # Errors
///
/// [`Exit::Failed`] when something cannot be written as JSON: a fault of this program.
pub fn array(ui: &Ui, contacts: &[JsonSummary], places: &Places) -> Result<(), Failure> {
    let mut by_contact: HashMap<ContactId, Vec<Place<'_>>> = HashMap::new();
    for (id, place) in places {
        by_contact.entry(*id).or_default().push(Place::of(place));
    }
    if contacts.is_empty() {
        ui.result("[]");
        return Ok(());
    }
    let mut text = Vec::from(b"[");
    let mut before = "\n";
    for some in contacts.chunks(TOGETHER) {
        for contact in some {
            let carddav = by_contact.remove(&contact.id).unwrap_or_default();
            text.extend_from_slice(before.as_bytes());
            write(contact, carddav, &mut text).map_err(cannot)?;
            before = ",\n";
        }
        ui.raw(&text);
        text.clear();
        if ui.is_closed() {
            return Ok(());
        }
    }
    ui.raw(b"\n]\n");
    Ok(())
}

/// How many objects are written at a time.
const TOGETHER: usize = 100;

/// Prints one contact as an object.
///
/// # Errors
///
/// As for [`array`].
pub fn object(ui: &Ui, contact: &Summary, places: &Places) -> Result<(), Failure> {
    let carddav = places.iter().map(|(_, place)| Place::of(place)).collect();
    let json = serde_json::to_string_pretty(&Object::of(contact, carddav)).map_err(cannot)?;
    ui.result(json);
    Ok(())
}

/// A moment as RFC 3339 in UTC; one that no calendar has is written as the epoch's start.
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_string()
}

/// Appends what [`Object`] is for the same contact, with the typed view as it was stored.
fn write(
    contact: &JsonSummary,
    carddav: Vec<Place<'_>>,
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    let JsonSummary { id, uid, person, created, updated } = contact;
    let person = person.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let person = person.ok_or_else(|| serde_json::Error::custom("a person is no object"))?;
    out.extend_from_slice(b"{\"id\":");
    serde_json::to_writer(&mut *out, id)?;
    out.extend_from_slice(b",\"uid\":");
    serde_json::to_writer(&mut *out, uid)?;
    out.push(b',');
    out.extend_from_slice(person.as_bytes());
    out.extend_from_slice(b",\"external_ids\":");
    serde_json::to_writer(&mut *out, &ExternalIds { carddav })?;
    for (key, at) in [("created_at", created), ("updated_at", updated)] {
        for part in [",\"", key, "\":\"", &rfc3339(*at), "\""] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.push(b'}');
    Ok(())
}

#[derive(Serialize)]
struct Object<'a> {
    id: ContactId,
    uid: Option<&'a str>,
    #[serde(flatten)]
    person: &'a Person,
    external_ids: ExternalIds<'a>,
    #[serde(serialize_with = "moment")]
    created_at: Timestamp,
    #[serde(serialize_with = "moment")]
    updated_at: Timestamp,
}

/// By protocol, so that another one can be added.
#[derive(Serialize)]
struct ExternalIds<'a> {
    carddav: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    account: &'a str,
    addressbook: &'a str,
    href: &'a str,
    etag: Option<&'a str>,
}

impl<'a> Object<'a> {
    fn of(contact: &'a Summary, carddav: Vec<Place<'a>>) -> Self {
        Self {
            id: contact.id,
            uid: contact.uid.as_deref(),
            person: &contact.person,
            external_ids: ExternalIds { carddav },
            created_at: contact.created,
            updated_at: contact.updated,
        }
    }
}

impl<'a> Place<'a> {
    fn of(place: &'a ExternalId) -> Self {
        Self {
            account: &place.account,
            addressbook: &place.addressbook,
            href: place.href.as_str(),
            etag: place.etag.as_ref().map(|etag| etag.as_str()),
        }
    }
}

fn moment<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

fn cannot(error: serde_json::Error) -> Failure {
    Failure::new(Exit::Failed, anyhow::Error::new(error).context("a contact is no JSON"))
}

#[cfg(test)]
mod tests {
    use contactcmd_domain::dav::{ETag, Href};
    use serde_json::{Value, json};

    use super::*;
    use crate::commands::testing::{Stage, as_json, contact, id, labelled};

    fn place(number: u8) -> (ContactId, ExternalId) {
        let place = ExternalId {
            account: "work".into(),
            addressbook: "Contacts".into(),
            href: Href::new(format!("/dav/{number}%20a.vcf")),
            etag: ETag::new("W/\"1\""),
        };
        (id(number), place)
    }

    #[test]
    fn a_contact_is_an_object_with_all_that_is_known_of_it() {
        let stage = Stage::new();
        let mut ada = contact(1, "Ada \"A\" Lovelace\u{1b}");
        ada.uid = Some("urn:uuid:x".into());
        ada.created = Timestamp(1_700_000_000_123);
        ada.person.phones = vec![labelled("cell", "+44 20")];
        object(&stage.world().ui, &ada, &[place(1)]).unwrap();
        let read: Value = serde_json::from_str(&stage.stdout()).unwrap();
        let expected = json!({
            "id": id(1).to_string(), "uid": "urn:uuid:x", "name": "Ada \"A\" Lovelace\u{1b}",
            "kind": "person", "phones": [{"type": "cell", "value": "+44 20"}],
            "external_ids": {"carddav": [{"account": "work", "addressbook": "Contacts",
                "href": "/dav/1%20a.vcf", "etag": "W/\"1\""}]},
            "created_at": "2023-11-14T22:13:20.123Z", "updated_at": "1970-01-01T00:00:00Z",
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn a_contact_is_the_same_object_in_an_array() {
        let mut ada = contact(1, "Ada \"A\" Lovelace\u{1b}");
        ada.uid = Some("a\"b".into());
        ada.updated = Timestamp(1_700_000_000_123);
        ada.person.phones = vec![labelled("cell", "+44 20")];
        let printed = |print: &dyn Fn(&Ui) -> Result<(), Failure>| -> Value {
            let stage = Stage::new();
            print(&stage.world().ui).unwrap();
            serde_json::from_str(&stage.stdout()).unwrap()
        };
        let object = printed(&|ui| object(ui, &ada, &[place(1)]));
        let array = printed(&|ui| array(ui, &[as_json(&ada)], &[place(1)]));
        assert_eq!(array, json!([object]));
    }

    #[test]
    fn an_array_has_each_place_with_its_contact() {
        for count in [0u8, 1, 3] {
            let stage = Stage::new();
            let contacts: Vec<_> = (0..count).map(|n| as_json(&contact(n, "A"))).collect();
            let places: Vec<_> = (0..count).rev().map(place).collect();
            array(&stage.world().ui, &contacts, &places).unwrap();
            let read: Vec<Value> = serde_json::from_str(&stage.stdout()).unwrap();
            assert_eq!(read.len(), usize::from(count));
            for (number, object) in read.iter().enumerate() {
                let href = &object["external_ids"]["carddav"][0]["href"];
                assert_eq!(href, &json!(format!("/dav/{number}%20a.vcf")));
                assert_eq!(object["uid"], Value::Null);
            }
        }
    }
}
