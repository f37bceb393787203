//! Conflicts: both texts, until somebody decides and for a while after.

use contactcmd_domain::contact::Timestamp;
use contactcmd_ports::{BookId, Conflict, ConflictId, KeptConflict, Which};
use diesel::dsl::AsSelect;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::sqlite::Sqlite;

use super::fault::Fault;
use super::links::values;
use super::rows::{contact_id, href};
use super::schema::{accounts, books, conflicts, contacts};

type Conn = SqliteConnection;

pub(super) fn undecided(conn: &mut Conn, book: Option<BookId>) -> Result<Vec<Conflict>, Fault> {
    let mut query = conflicts::table.filter(conflicts::decided.is_null()).into_boxed();
    if let Some(book) = book {
        query = query.filter(conflicts::book.eq(book.0));
    }
    let rows: Vec<ConflictRow> =
        query.order((conflicts::at, conflicts::id)).select(ConflictRow::as_select()).load(conn)?;
    values(rows)
}

pub(super) fn all(conn: &mut Conn, which: Which) -> Result<Vec<KeptConflict>, Fault> {
    let mut query = kept().into_boxed();
    if which == Which::Undecided {
        query = query.filter(conflicts::decided.is_null());
    }
    let rows: Vec<KeptRow> = query
        .order((conflicts::decided.is_not_null().asc(), conflicts::at.desc(), conflicts::id.desc()))
        .load(conn)?;
    values(rows)
}

pub(super) fn one(conn: &mut Conn, id: ConflictId) -> Result<Option<KeptConflict>, Fault> {
    let row: Option<KeptRow> = kept().filter(conflicts::id.eq(id.0)).get_result(conn).optional()?;
    row.map(KeptConflict::try_from).transpose()
}

#[diesel::dsl::auto_type]
fn kept() -> _ {
    let row: AsSelect<KeptRow, Sqlite> = KeptRow::as_select();
    conflicts::table
        .inner_join(contacts::table)
        .inner_join(books::table.inner_join(accounts::table))
        .select(row)
}

pub(super) fn keep(conn: &mut Conn, conflict: &Conflict) -> Result<(), Fault> {
    // What was decided a moment ago and is decided anew was not done.
    let is_anew = conflict.decided.is_some().into_sql::<Bool>();
    let earlier = conflicts::table
        .filter(conflicts::book.eq(conflict.book.0))
        .filter(conflicts::contact.eq(conflict.contact.as_bytes().as_slice()))
        .filter(conflicts::decided.is_null().or(is_anew.and(conflicts::at.eq(conflict.at.0))));
    let replaced = diesel::update(earlier)
        .set((
            conflicts::href.eq(conflict.href.as_str()),
            // As long as it waits, it waits since the first time.
            conflict.decided.is_some().then_some(conflicts::at.eq(conflict.at.0)),
            conflicts::decided.eq(&conflict.decided),
            conflicts::base.eq(&conflict.base),
            conflicts::local.eq(&conflict.local),
            conflicts::remote.eq(&conflict.remote),
        ))
        .execute(conn)?;
    if replaced > 0 {
        return Ok(());
    }
    diesel::insert_into(conflicts::table)
        .values((
            conflicts::contact.eq(conflict.contact.as_bytes().as_slice()),
            conflicts::book.eq(conflict.book.0),
            conflicts::href.eq(conflict.href.as_str()),
            conflicts::at.eq(conflict.at.0),
            conflicts::decided.eq(&conflict.decided),
            conflicts::base.eq(&conflict.base),
            conflicts::local.eq(&conflict.local),
            conflicts::remote.eq(&conflict.remote),
        ))
        .execute(conn)?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = conflicts, check_for_backend(Sqlite))]
struct ConflictRow {
    contact: Vec<u8>,
    book: i64,
    href: String,
    at: i64,
    decided: Option<String>,
    base: Option<Vec<u8>>,
    local: Vec<u8>,
    remote: Vec<u8>,
}

impl TryFrom<ConflictRow> for Conflict {
    type Error = Fault;

    fn try_from(row: ConflictRow) -> Result<Self, Fault> {
        let ConflictRow { contact, book, href: at_href, at, decided, base, local, remote } = row;
        let (contact, book, at) = (contact_id(&contact)?, BookId(book), Timestamp(at));
        let href = href(at_href);
        Ok(Self { contact, book, href, base, local, remote, decided, at })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = conflicts, check_for_backend(Sqlite))]
struct KeptRow {
    id: i64,
    #[diesel(embed)]
    conflict: ConflictRow,
    #[diesel(select_expression = accounts::name)]
    account: String,
    #[diesel(select_expression = books::name)]
    addressbook: String,
    #[diesel(select_expression = contacts::deleted_at)]
    deleted_at: Option<i64>,
}

impl TryFrom<KeptRow> for KeptConflict {
    type Error = Fault;

    fn try_from(row: KeptRow) -> Result<Self, Fault> {
        Ok(Self {
            id: ConflictId(row.id),
            account: row.account,
            addressbook: row.addressbook,
            tombstone: row.deleted_at.is_some(),
            conflict: row.conflict.try_into()?,
        })
    }
}
