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
    /// Each `?` stands for a value.
    const SQL: &'static str;
}

/// Runs a statement with the values for its `?` in order, and gives how many rows it changed.
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
        let mut pieces = S::SQL.split('?');
        out.push_sql(pieces.next().unwrap_or_default());
        for (value, piece) in self.values.iter().zip(pieces) {
            match value {
                Value::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Value::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text)?,
                Value::Bytes(bytes) => out.push_bind_param::<Nullable<Binary>, _>(bytes)?,
            }
            out.push_sql(piece);
        }
        Ok(())
    }
}

impl<S: Statement> QueryId for Prepared<'_, S> {
    type QueryId = S;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<S: Statement> RunQueryDsl<SqliteConnection> for Prepared<'_, S> {}
