//! Contacts as people read them: tombstones never show.

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::{ContactId, UidKey};
use contactcmd_domain::sync::snapshot::StoredContact;
use contactcmd_ports::{Brief, ExternalId, JsonSummary, ListPage, ListQuery, Sort, Summary};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;

use super::fault::Fault;
use super::links::{CHUNK, values};
use super::rows::{
    BriefRow, ContactRow, JsonRow, SummaryRow, as_name, contact_id, count, etag, href, stored,
};
use super::schema::{accounts, books, contacts, external_ids, instr};

type Conn = SqliteConnection;

pub(super) fn contact(conn: &mut Conn, id: ContactId) -> Result<Option<StoredContact>, Fault> {
    living()
        .filter(contacts::id.eq(id.as_bytes().as_slice()))
        .select(ContactRow::as_select())
        .get_result(conn)
        .optional()?
        .map(StoredContact::try_from)
        .transpose()
}

pub(super) fn contacts(conn: &mut Conn, ids: &[ContactId]) -> Result<Vec<StoredContact>, Fault> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<ContactRow> = living()
            .filter(contacts::id.eq_any(chunk.iter().map(|id| id.as_bytes().as_slice())))
            .select(ContactRow::as_select())
            .load(conn)?;
        for row in rows {
            let contact = StoredContact::try_from(row)?;
            found.insert(contact.id, contact);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

pub(super) fn with_tombstones(
    conn: &mut Conn,
    ids: &[ContactId],
) -> Result<Vec<StoredContact>, Fault> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<ContactRow> = contacts::table
            .filter(contacts::id.eq_any(chunk.iter().map(|id| id.as_bytes().as_slice())))
            .select(ContactRow::as_select())
            .load(conn)?;
        found.extend(values::<_, StoredContact>(rows)?);
    }
    Ok(found)
}

pub(super) fn by_id_prefix(conn: &mut Conn, prefix: &str) -> Result<Vec<Summary>, Fault> {
    let Some((first, last)) = id_range(prefix) else { return Ok(Vec::new()) };
    let rows: Vec<SummaryRow> = living()
        .filter(contacts::id.between(first.as_slice(), last.as_slice()))
        .order(contacts::id)
        .select(SummaryRow::as_select())
        .load(conn)?;
    values(rows)
}

pub(super) fn by_uid(conn: &mut Conn, uid: &UidKey) -> Result<Vec<StoredContact>, Fault> {
    let rows: Vec<ContactRow> = living()
        .filter(contacts::uid_key.eq(&uid.0))
        .order(contacts::id)
        .select(ContactRow::as_select())
        .load(conn)?;
    values(rows)
}

pub(super) fn list(conn: &mut Conn, query: &ListQuery) -> Result<ListPage, Fault> {
    let rows: Vec<SummaryRow> = page(query).select(SummaryRow::as_select()).load(conn)?;
    Ok(ListPage { total: total(conn, query, rows.len())?, contacts: values(rows)? })
}

pub(super) fn list_brief(conn: &mut Conn, query: &ListQuery) -> Result<ListPage<Brief>, Fault> {
    let rows: Vec<BriefRow> = page(query).select(BriefRow::as_select()).load(conn)?;
    Ok(ListPage { total: total(conn, query, rows.len())?, contacts: values(rows)? })
}

pub(super) fn list_json(
    conn: &mut Conn,
    query: &ListQuery,
) -> Result<ListPage<JsonSummary>, Fault> {
    let rows: Vec<JsonRow> = page(query).select(JsonRow::as_select()).load(conn)?;
    Ok(ListPage { total: total(conn, query, rows.len())?, contacts: values(rows)? })
}

pub(super) fn cards_after(
    conn: &mut Conn,
    after: Option<ContactId>,
    limit: u32,
) -> Result<Vec<StoredContact>, Fault> {
    // No id is smaller than the empty one.
    let after = after.as_ref().map_or(&[][..], |id| id.as_bytes().as_slice());
    let rows: Vec<ContactRow> = living()
        .filter(contacts::id.gt(after))
        .order(contacts::id)
        .limit(i64::from(limit))
        .select(ContactRow::as_select())
        .load(conn)?;
    values(rows)
}

pub(super) fn external_ids(
    conn: &mut Conn,
    ids: &[ContactId],
) -> Result<Vec<(ContactId, ExternalId)>, Fault> {
    let named: Vec<(i64, i64, String, String)> = books::table
        .inner_join(accounts::table)
        .select((books::id, books::links, accounts::name, books::name))
        .load(conn)?;
    let all: i64 = named.iter().map(|(_, links, ..)| links).sum();
    let names: HashMap<i64, (String, String)> =
        named.into_iter().map(|(id, _, account, book)| (id, (account, book))).collect();
    let mut found = Vec::new();
    for row in places_of(conn, ids, all)? {
        // A book that came between the two queries.
        let Some((account, addressbook)) = names.get(&row.book).cloned() else { continue };
        let id = ExternalId { account, addressbook, href: href(row.href), etag: etag(row.etag) };
        found.push((contact_id(&row.contact)?, row.book, id));
    }
    found.sort_unstable_by_key(|(contact, book, _)| (*contact, *book));
    Ok(found.into_iter().map(|(contact, _, id)| (contact, id)).collect())
}

/// The links of these contacts, out of `all` that there are.
fn places_of(conn: &mut Conn, ids: &[ContactId], all: i64) -> QueryResult<Vec<PlaceRow>> {
    let mut rows: Vec<PlaceRow> = Vec::new();
    // One after the other a link costs a tenth of what it costs looked up.
    if stored(ids.len() as u64) > all / 10 {
        let wanted: HashSet<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
        rows = places().select(PlaceRow::as_select()).load(conn)?;
        rows.retain(|row| wanted.contains(row.contact.as_slice()));
        return Ok(rows);
    }
    for chunk in ids.chunks(CHUNK) {
        let chunk = chunk.iter().map(|id| id.as_bytes().as_slice());
        let here = places().filter(external_ids::contact.eq_any(chunk));
        rows.extend(here.select(PlaceRow::as_select()).load(conn)?);
    }
    Ok(rows)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = external_ids, check_for_backend(Sqlite))]
struct PlaceRow {
    contact: Vec<u8>,
    book: i64,
    href: String,
    etag: Option<String>,
}

/// The links of contacts that are not deleted: a link says it as its contact does.
#[diesel::dsl::auto_type]
fn places() -> _ {
    external_ids::table.filter(external_ids::here.ne(2_i64))
}

#[diesel::dsl::auto_type]
fn living() -> _ {
    contacts::table.filter(contacts::deleted_at.is_null())
}

type Matching<'a> = contacts::BoxedQuery<'a, Sqlite>;

fn matching(query: &ListQuery) -> Matching<'_> {
    let mut matching = living().into_boxed();
    for word in &query.words {
        matching = matching.filter(instr(contacts::search, word).gt(0));
    }
    if let Some(name) = &query.named {
        matching = matching.filter(instr(contacts::names, as_name(name)).gt(0));
    }
    matching
}

fn page(query: &ListQuery) -> Matching<'_> {
    let matching = matching(query);
    let sorted = match query.sort {
        Sort::Name => matching.order((contacts::sort_key, contacts::id)),
        // Those of one moment in the order they came: the index has that at no cost.
        Sort::Created => matching.order(sql::<Text>("contacts.created DESC, contacts.rowid DESC")),
        Sort::Updated => matching.order(sql::<Text>("contacts.updated DESC, contacts.rowid DESC")),
    };
    let from = sorted.offset(stored(query.offset));
    match query.limit {
        Some(limit) => from.limit(stored(limit)),
        None => from,
    }
}

/// How many match in all, where the page has this many.
fn total(conn: &mut Conn, query: &ListQuery, on_page: usize) -> QueryResult<u64> {
    if query.limit.is_none() && query.offset == 0 {
        return Ok(on_page as u64);
    }
    matching(query).count().get_result(conn).map(count)
}

/// The first and last id that start with these hex digits, or `None` when none can.
fn id_range(prefix: &str) -> Option<([u8; 16], [u8; 16])> {
    let mut first = 0_u128;
    let mut digits = 0_u32;
    for c in prefix.chars().filter(|c| *c != '-') {
        first = (first.checked_shl(4)?) | u128::from(c.to_digit(16)?);
        digits += 1;
    }
    let free = 128_u32.checked_sub(digits * 4)?;
    let first = first.checked_shl(free).unwrap_or(0);
    let last = first | u128::MAX.checked_shr(128 - free).unwrap_or(0);
    Some((first.to_be_bytes(), last.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_range_of_ids() {
        let whole = "0123456789abcdef0123456789abcdef";
        for (prefix, range) in [
            ("", Some((0, u128::MAX))),
            ("f", Some((0xf << 124, u128::MAX))),
            ("0A-b", Some((0x0ab << 116, (0x0ac << 116) - 1))),
            (
                whole,
                Some((
                    0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
                    0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
                )),
            ),
            ("0123456789abcdef0123456789abcdef0", None),
            ("xyz", None),
        ] {
            let bytes =
                range.map(|(first, last): (u128, u128)| (first.to_be_bytes(), last.to_be_bytes()));
            assert_eq!(id_range(prefix), bytes, "{prefix}");
        }
    }
}
