//! Statements that are prepared once.
//!
//! Diesel keeps prepared INSERTs, DELETEs and SELECTs, but prepares every UPDATE and ON CONFLICT anew,
//! because their clauses may vary. Here that costs ten times what running them does: SQLite compiles
//! the triggers in. And what diesel keeps of an INSERT it finds by its text, which it writes anew each
//! time. So the few statements that run once a contact have a fixed text and are found by their type.

use std::marker::PhantomData;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::sqlite::Sqlite;

/// A statement with a fixed text.
pub(super) trait Statement: 'static {
    /// `?1` stands for the first value, and so on.
    const SQL: &'static str;
}

/// Runs a statement with its values, and gives how many rows it changed.
pub(super) fn run<S: Statement>(
    conn: &mut SqliteConnection,
    values: &[Value<'_>],
) -> QueryResult<usize> {
    Prepared { statement: PhantomData::<S>, values }.execute(conn)
}

/// A value of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Number(i64),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(is: bool) -> Self {
        Self::Number(i64::from(is))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl<'a> From<Option<&'a [u8]>> for Value<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        Self::Bytes(bytes)
    }
}

struct Prepared<'a, S> {
    statement: PhantomData<S>,
    values: &'a [Value<'a>],
}

impl<S: Statement> QueryFragment<Sqlite> for Prepared<'_, S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(S::SQL);
        // With each value diesel writes a `?`, which stand in a comment here: cutting the text at its
        // places every time costs as much as binding the values.
        out.push_sql(" --");
        for value in self.values {
            match value {
                Value::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Value::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Value::Bytes(bytes) => out.push_bind_param::<Nullable<Binary>, _>(bytes)?,
            }
        }
        Ok(())
    }
}

impl<S: Statement> QueryId for Prepared<'_, S> {
    type QueryId = S;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<S: Statement> RunQueryDsl<SqliteConnection> for Prepared<'_, S> {}

/// Its values begin with `IndexRow::values`.
pub(super) struct AddContact;

impl Statement for AddContact {
    const SQL: &'static str = "INSERT INTO contacts \
        (uid, uid_key, sort_key, name, brief, names, search, person, vcard, created, updated, run, \
         linked, id, edited) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0)";
}

/// Its values begin with `IndexRow::values`.
pub(super) struct ReplaceCard;

impl Statement for ReplaceCard {
    const SQL: &'static str = "UPDATE contacts SET uid = ?1, uid_key = ?2, sort_key = ?3, name = ?4, \
        brief = ?5, names = ?6, search = ?7, person = ?8, vcard = ?9, updated = ?10, \
        edited = edited + ?11, deleted_at = NULL WHERE id = ?12";
}

pub(super) struct Bury;

impl Statement for Bury {
    const SQL: &'static str = "UPDATE contacts SET deleted_at = ?1, updated = ?2 WHERE id = ?3";
}

pub(super) struct MarkLinked;

impl Statement for MarkLinked {
    const SQL: &'static str = "UPDATE contacts SET linked = 1 WHERE id = ?1 AND linked = 0";
}

/// Its values are `LinkRow::values`.
pub(super) struct AddLink;

impl Statement for AddLink {
    const SQL: &'static str = "INSERT INTO external_ids \
        (here, seen, base_is_card, etag, href, href_key, base, contact, book) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
}

/// Its values are `LinkRow::values`.
pub(super) struct UpdateLink;

impl Statement for UpdateLink {
    const SQL: &'static str = "UPDATE external_ids SET here = ?1, seen = ?2, base_is_card = ?3, \
        etag = ?4, href = ?5, href_key = ?6, base = ?7 WHERE contact = ?8 AND book = ?9";
}

pub(super) struct CountLinks;

impl Statement for CountLinks {
    const SQL: &'static str = "UPDATE books SET links = links + ?1 WHERE id = ?2";
}
