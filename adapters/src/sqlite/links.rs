//! The links of a book: what a sync reads.

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::HrefKey;
use contactcmd_domain::sync::snapshot::{Known, Link, Linked, StoredContact};
use contactcmd_ports::BookId;
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;

use super::fault::Fault;
use super::rows::{ContactRow, contact_id, count, etag, here, href, to_json};
use super::schema::{books, contacts, external_ids};

type Conn = SqliteConnection;

/// How many values one statement is asked for; SQLite allows 32,766.
pub(super) const CHUNK: usize = 500;

// SQLite takes a partial index only where its condition stands in the statement literally, and not
// when its number is bound.
const EDITED: &str = "external_ids.here <> 0";
// The `+` keeps SQLite from counting them along an index of all contacts.
const UNLINKED: &str = "contacts.linked = 0 AND +contacts.deleted_at IS NULL";

pub(super) fn known(conn: &mut Conn, book: BookId) -> Result<Vec<Known>, Fault> {
    let rows: Vec<KnownRow> = external_ids::table
        .filter(external_ids::book.eq(book.0))
        .select(KnownRow::as_select())
        .load(conn)?;
    values(rows)
}

pub(super) fn known_at(
    conn: &mut Conn,
    book: BookId,
    hrefs: &[HrefKey],
) -> Result<Vec<Known>, Fault> {
    let rows: Vec<KnownRow> = external_ids::table
        .filter(external_ids::book.eq(book.0))
        .filter(is_at(hrefs)?)
        .select(KnownRow::as_select())
        .load(conn)?;
    values(rows)
}

pub(super) fn edited(conn: &mut Conn, book: BookId) -> Result<Vec<Known>, Fault> {
    let rows: Vec<KnownRow> = external_ids::table
        .filter(external_ids::book.eq(book.0))
        .filter(sql::<Bool>(EDITED))
        .select(KnownRow::as_select())
        .load(conn)?;
    values(rows)
}

pub(super) fn link_count(conn: &mut Conn, book: BookId) -> Result<u64, Fault> {
    let links = books::table.find(book.0).select(books::links).get_result(conn).optional()?;
    Ok(count(links.unwrap_or(0)))
}

pub(super) fn linked_at(
    conn: &mut Conn,
    book: BookId,
    hrefs: &[HrefKey],
) -> Result<Vec<Linked>, Fault> {
    let rows: Vec<(ContactRow, LinkRow)> = external_ids::table
        .inner_join(contacts::table)
        .filter(external_ids::book.eq(book.0))
        .filter(is_at(hrefs)?)
        .select((ContactRow::as_select(), LinkRow::as_select()))
        .load(conn)?;
    rows.into_iter().map(together).collect()
}

pub(super) fn linked(
    conn: &mut Conn,
    contact: ContactId,
    book: BookId,
) -> Result<Option<Linked>, Fault> {
    let row: Option<(ContactRow, LinkRow)> = external_ids::table
        .inner_join(contacts::table)
        .filter(external_ids::contact.eq(contact.as_bytes().as_slice()))
        .filter(external_ids::book.eq(book.0))
        .select((ContactRow::as_select(), LinkRow::as_select()))
        .get_result(conn)
        .optional()?;
    row.map(together).transpose()
}

pub(super) fn links(conn: &mut Conn, ids: &[ContactId]) -> Result<Vec<(BookId, Linked)>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let chunk = chunk.iter().map(|id| id.as_bytes().as_slice());
        let rows: Vec<(i64, (ContactRow, LinkRow))> = external_ids::table
            .inner_join(contacts::table)
            .filter(external_ids::contact.eq_any(chunk))
            .select((external_ids::book, (ContactRow::as_select(), LinkRow::as_select())))
            .load(conn)?;
        for (book, row) in rows {
            found.push((BookId(book), together(row)?));
        }
    }
    Ok(found)
}

fn together((contact, link): (ContactRow, LinkRow)) -> Result<Linked, Fault> {
    let contact = StoredContact::try_from(contact)?;
    let link = link.into_link(&contact);
    Ok(Linked { contact, link })
}

pub(super) fn unlinked_count(conn: &mut Conn) -> Result<usize, Fault> {
    let found: i64 = contacts::table.filter(sql::<Bool>(UNLINKED)).count().get_result(conn)?;
    Ok(usize::try_from(found).unwrap_or(0))
}

pub(super) fn unlinked(conn: &mut Conn) -> Result<Vec<StoredContact>, Fault> {
    let rows: Vec<ContactRow> = contacts::table
        .filter(sql::<Bool>(UNLINKED))
        .order(contacts::id)
        .select(ContactRow::as_select())
        .load(conn)?;
    values(rows)
}

type IsAt = SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, AsExprOf<String, Text>>>;

/// Whether a link is at one of these hrefs. As one value and not as one for each: preparing a statement
/// with 500 places costs more than what it finds.
fn is_at(hrefs: &[HrefKey]) -> Result<IsAt, Fault> {
    let keys: Vec<&str> = hrefs.iter().map(|key| key.0.as_str()).collect();
    Ok(sql::<Bool>("external_ids.href_key IN (SELECT value FROM json_each(")
        .bind::<Text, _>(to_json("hrefs", &keys)?)
        .sql("))"))
}

/// Rows as values; the first that cannot be understood fails.
pub(super) fn values<R, V: TryFrom<R, Error = Fault>>(rows: Vec<R>) -> Result<Vec<V>, Fault> {
    rows.into_iter().map(V::try_from).collect()
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = external_ids, check_for_backend(Sqlite))]
struct KnownRow {
    contact: Vec<u8>,
    href: String,
    etag: Option<String>,
    here: i64,
}

impl TryFrom<KnownRow> for Known {
    type Error = Fault;

    fn try_from(row: KnownRow) -> Result<Self, Fault> {
        Ok(Self {
            contact: contact_id(&row.contact)?,
            href: href(row.href),
            etag: etag(row.etag),
            here: here(row.here)?,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = external_ids, check_for_backend(Sqlite))]
struct LinkRow {
    href: String,
    etag: Option<String>,
    base: Option<Vec<u8>>,
    base_is_card: bool,
    seen: i64,
}

impl LinkRow {
    fn into_link(self, contact: &StoredContact) -> Link {
        let base = if self.base_is_card { Some(contact.vcard.clone()) } else { self.base };
        Link { href: href(self.href), etag: etag(self.etag), base, seen: count(self.seen) }
    }
}
