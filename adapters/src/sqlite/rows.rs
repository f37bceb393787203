//! Rows into the port's values and back.

use contactcmd_domain::contact::{ContactId, Index, Labelled, Person, Timestamp, Uid, fold};
use contactcmd_domain::dav::{ETag, Href};
use contactcmd_domain::sync::snapshot::{Here, StoredContact};
use contactcmd_ports::{Brief, JsonSummary, Summary};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::Fault;
use super::prepared::Value;
use super::schema::contacts;

/// A contact with its card.
#[derive(Queryable, Selectable)]
#[diesel(table_name = contacts, check_for_backend(Sqlite))]
pub(super) struct ContactRow {
    id: Vec<u8>,
    uid: Option<String>,
    name: String,
    vcard: Vec<u8>,
    edited: i64,
    deleted_at: Option<i64>,
    created: i64,
    updated: i64,
}

impl TryFrom<ContactRow> for StoredContact {
    type Error = Fault;

    fn try_from(row: ContactRow) -> Result<Self, Fault> {
        Ok(Self {
            id: contact_id(&row.id)?,
            uid: row.uid.map(Uid),
            name: row.name,
            vcard: row.vcard,
            edited: count(row.edited),
            deleted: row.deleted_at.is_some(),
            created: Timestamp(row.created),
            updated: Timestamp(row.updated),
        })
    }
}

/// A contact without its card.
#[derive(Queryable, Selectable)]
#[diesel(table_name = contacts, check_for_backend(Sqlite))]
pub(super) struct SummaryRow {
    id: Vec<u8>,
    uid: Option<String>,
    person: String,
    created: i64,
    updated: i64,
}

impl TryFrom<SummaryRow> for Summary {
    type Error = Fault;

    fn try_from(row: SummaryRow) -> Result<Self, Fault> {
        Ok(Self {
            id: contact_id(&row.id)?,
            uid: row.uid,
            person: from_json("contacts.person", &row.person)?,
            created: Timestamp(row.created),
            updated: Timestamp(row.updated),
        })
    }
}

/// A contact as one line.
#[derive(Queryable, Selectable)]
#[diesel(table_name = contacts, check_for_backend(Sqlite))]
pub(super) struct BriefRow {
    id: Vec<u8>,
    name: String,
    brief: String,
}

impl TryFrom<BriefRow> for Brief {
    type Error = Fault;

    fn try_from(row: BriefRow) -> Result<Self, Fault> {
        let [organisation, phone, email] = from_json("contacts.brief", &row.brief)?;
        Ok(Self { id: contact_id(&row.id)?, name: row.name, organisation, phone, email })
    }
}

/// A contact without its card, to be given out as JSON.
#[derive(Queryable, Selectable)]
#[diesel(table_name = contacts, check_for_backend(Sqlite))]
pub(super) struct JsonRow {
    id: Vec<u8>,
    uid: Option<String>,
    person: String,
    created: i64,
    updated: i64,
}

impl TryFrom<JsonRow> for JsonSummary {
    type Error = Fault;

    fn try_from(row: JsonRow) -> Result<Self, Fault> {
        Ok(Self {
            id: contact_id(&row.id)?,
            uid: row.uid,
            person: row.person,
            created: Timestamp(row.created),
            updated: Timestamp(row.updated),
        })
    }
}

/// The columns that are derived from the card.
pub(super) struct IndexRow<'a> {
    index: &'a Index,
    uid_key: Option<String>,
    brief: String,
    names: String,
    person: String,
}

impl<'a> IndexRow<'a> {
    /// The columns for this index.
    pub(super) fn new(index: &'a Index) -> Result<Self, Fault> {
        Ok(Self {
            index,
            uid_key: index.uid.as_ref().map(|uid| uid.key().0),
            brief: to_json("contacts.brief", &brief(&index.person))?,
            names: names(&index.person),
            person: to_json("contacts.person", &index.person)?,
        })
    }

    /// `uid, uid_key, sort_key, name, brief, names, search, person`
    pub(super) fn values(&self) -> [Value<'_>; 8] {
        let Index { uid, person, sort_key, search } = self.index;
        [
            uid.as_ref().map(|uid| uid.0.as_str()).into(),
            self.uid_key.as_deref().into(),
            sort_key.as_str().into(),
            person.name.as_str().into(),
            self.brief.as_str().into(),
            self.names.as_str().into(),
            search.as_str().into(),
            self.person.as_str().into(),
        ]
    }
}

/// Organisation, phone and e-mail, each the one to show when there is room for one.
fn brief(person: &Person) -> [Option<&str>; 3] {
    let organisation = person.organisation.first().map(String::as_str);
    [organisation, Labelled::first(&person.phones), Labelled::first(&person.emails)]
}

/// What `contacts.names` contains when this folded name is among them.
pub(super) fn as_name(folded: &str) -> String {
    format!("\n{}\n", folded.replace('\n', " "))
}

/// The name and all nicknames, folded, each between two line ends.
fn names(person: &Person) -> String {
    let all = std::iter::once(&person.name).chain(&person.nicknames);
    all.fold(String::from("\n"), |names, name| names + &fold(name).replace('\n', " ") + "\n")
}

/// The 16 bytes of a contact's id as a value.
pub(super) fn contact_id(bytes: &[u8]) -> Result<ContactId, Fault> {
    ContactId::from_stored(bytes)
        .ok_or_else(|| Fault::damaged("a contact's id", "it is not 16 bytes"))
}

/// What stands for [`Here`] in `external_ids.here`.
pub(super) fn here_code(here: Here) -> i64 {
    match here {
        Here::Same => 0,
        Here::Edited => 1,
        Here::Deleted => 2,
    }
}

/// The way back from [`here_code`].
pub(super) fn here(code: i64) -> Result<Here, Fault> {
    match code {
        0 => Ok(Here::Same),
        1 => Ok(Here::Edited),
        2 => Ok(Here::Deleted),
        _ => Err(Fault::damaged("external_ids.here", format!("it is {code}"))),
    }
}

/// A stored href as a value.
pub(super) fn href(text: String) -> Href {
    Href::new(text)
}

/// A stored ETag as a value.
pub(super) fn etag(text: Option<String>) -> Option<ETag> {
    text.and_then(|text| ETag::new(&text))
}

/// A stored counter; none is ever negative.
pub(super) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// A counter to store or a limit to ask for; nothing here reaches 2^63.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A value as the JSON that is stored for it.
pub(super) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|cause| Fault::damaged(what, cause))
}

/// The way back from [`to_json`].
pub(super) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|cause| Fault::damaged(what, cause))
}
