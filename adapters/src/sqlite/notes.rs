//! What is kept beside contacts: pendings, runs, history.

use std::collections::{BTreeMap, HashMap, HashSet};

use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::sync::guard::Side;
use contactcmd_ports::{BookId, Page, Past, Pending, Place, Run, RunId, Subject, Why};
use diesel::dsl::{count_star, exists, max, not};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;
use diesel::upsert::excluded;

use super::fault::Fault;
use super::links::{CHUNK, values};
use super::rows::{contact_id, count, etag, href, stored};
use super::schema::{contacts, external_ids, history, history_places, pending, runs};

type Conn = SqliteConnection;

pub(super) fn pendings(conn: &mut Conn, book: Option<BookId>) -> Result<Vec<Pending>, Fault> {
    let mut query = pending::table.into_boxed();
    if let Some(book) = book {
        query = query.filter(pending::book.eq(book.0));
    }
    let rows: Vec<PendingRow> =
        query.order((pending::since, pending::id)).select(PendingRow::as_select()).load(conn)?;
    values(rows)
}

pub(super) fn pend(conn: &mut Conn, note: &Pending) -> Result<(), Fault> {
    let (contact, href) = match &note.subject {
        Subject::Card(href) => (None, Some(href.as_str())),
        Subject::Contact(id) => (Some(id.as_bytes().as_slice()), None),
    };
    diesel::insert_into(pending::table)
        .values((
            pending::book.eq(note.book.0),
            pending::subject.eq(subject_key(&note.subject)),
            pending::contact.eq(contact),
            pending::href.eq(href),
            pending::name.eq(&note.name),
            pending::reason.eq(&note.reason),
            pending::etag.eq(note.etag.as_ref().map(|etag| etag.as_str())),
            pending::tried.eq(note.tried.map(stored)),
            pending::since.eq(note.since.0),
        ))
        .on_conflict((pending::book, pending::subject))
        .do_update()
        .set((
            pending::href.eq(excluded(pending::href)),
            pending::name.eq(excluded(pending::name)),
            pending::reason.eq(excluded(pending::reason)),
            pending::etag.eq(excluded(pending::etag)),
            pending::tried.eq(excluded(pending::tried)),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn settle(conn: &mut Conn, book: BookId, subject: &Subject) -> Result<(), Fault> {
    let note = pending::table
        .filter(pending::book.eq(book.0))
        .filter(pending::subject.eq(subject_key(subject)));
    diesel::delete(note).execute(conn)?;
    Ok(())
}

pub(super) fn begin_run(conn: &mut Conn, what: &str, at: Timestamp) -> Result<RunId, Fault> {
    let id = diesel::insert_into(runs::table)
        .values((runs::what.eq(what), runs::at.eq(at.0)))
        .returning(runs::id)
        .get_result(conn)?;
    Ok(RunId(id))
}

pub(super) fn latest_runs(conn: &mut Conn, limit: u32) -> Result<Vec<Run>, Fault> {
    let rows: Vec<(i64, String, i64, bool)> =
        runs::table.order(runs::id.desc()).limit(i64::from(limit)).load(conn)?;
    let run = |(id, what, at, forgotten)| Run { id: RunId(id), what, at: Timestamp(at), forgotten };
    Ok(rows.into_iter().map(run).collect())
}

pub(super) fn sizes(conn: &mut Conn) -> Result<Vec<(RunId, u64)>, Fault> {
    let changed: Vec<(i64, i64)> =
        history::table.group_by(history::run).select((history::run, count_star())).load(conn)?;
    let added: Vec<(i64, i64)> = contacts::table
        .filter(contacts::deleted_at.is_null())
        .group_by(contacts::run)
        .select((contacts::run, count_star()))
        .load(conn)?;
    let mut sizes: BTreeMap<RunId, u64> = BTreeMap::new();
    for (run, size) in changed.into_iter().chain(added) {
        *sizes.entry(RunId(run)).or_default() += count(size);
    }
    Ok(sizes.into_iter().collect())
}

pub(super) fn added_in(conn: &mut Conn, run: RunId) -> Result<Vec<ContactId>, Fault> {
    let ids: Vec<Vec<u8>> = contacts::table
        .filter(contacts::run.eq(run.0))
        .filter(contacts::deleted_at.is_null())
        .order(contacts::id)
        .select(contacts::id)
        .load(conn)?;
    ids.iter().map(|id| contact_id(id)).collect()
}

/// Keeps a text; gives its entry. Places are kept by [`remember_places`].
pub(super) fn remember(conn: &mut Conn, past: &Past) -> Result<i64, Fault> {
    let entry = diesel::insert_into(history::table)
        .values((
            history::run.eq(past.run.0),
            history::contact.eq(past.contact.as_bytes().as_slice()),
            history::at.eq(past.at.0),
            history::there.eq(past.side == Side::There),
            history::name.eq(&past.name),
            history::why.eq(&past.why.0),
            history::tombstone.eq(past.tombstone),
            history::before_text.eq(&past.before),
            history::after_text.eq(&past.after),
        ))
        .returning(history::id)
        .get_result(conn)?;
    Ok(entry)
}

/// Takes back the latest text of the server's that this run kept of a contact.
pub(super) fn retract(conn: &mut Conn, run: RunId, contact: ContactId) -> Result<(), Fault> {
    let latest: Option<i64> = history::table
        .filter(history::run.eq(run.0))
        .filter(history::contact.eq(contact.as_bytes().as_slice()))
        .filter(history::there.eq(true))
        .select(max(history::id))
        .get_result(conn)?;
    if let Some(entry) = latest {
        diesel::delete(history::table.find(entry)).execute(conn)?;
    }
    Ok(())
}

/// Removes the row of a run that has done nothing.
pub(super) fn forget_if_empty(conn: &mut Conn, run: RunId) -> Result<(), Fault> {
    let empty = runs::table
        .filter(runs::id.eq(run.0))
        .filter(not(exists(history::table.filter(history::run.eq(runs::id)))))
        .filter(not(exists(contacts::table.filter(contacts::run.eq(runs::id)))));
    diesel::delete(empty).execute(conn)?;
    Ok(())
}

/// Keeps with an entry where the contact is linked: the links are about to go.
pub(super) fn remember_places(
    conn: &mut Conn,
    entry: i64,
    contact: ContactId,
) -> Result<(), Fault> {
    external_ids::table
        .filter(external_ids::contact.eq(contact.as_bytes().as_slice()))
        .select((entry.into_sql::<BigInt>(), external_ids::book, external_ids::href))
        .insert_into(history_places::table)
        .into_columns((history_places::history, history_places::book, history_places::href))
        .execute(conn)?;
    Ok(())
}

pub(super) fn past_of(
    conn: &mut Conn,
    contact: Option<ContactId>,
    page: Page,
) -> Result<Vec<Past>, Fault> {
    let mut query = history::table.into_boxed();
    if let Some(id) = &contact {
        query = query.filter(history::contact.eq(id.as_bytes().as_slice()));
    }
    let rows: Vec<PastRow> = query
        .order(history::id.desc())
        .limit(i64::from(page.limit))
        .offset(stored(page.offset))
        .select(PastRow::as_select())
        .load(conn)?;
    with_places(conn, rows)
}

pub(super) fn changed_in(conn: &mut Conn, run: RunId, page: Page) -> Result<Vec<Past>, Fault> {
    let rows: Vec<PastRow> = history::table
        .filter(history::run.eq(run.0))
        .order(history::id.desc())
        .limit(i64::from(page.limit))
        .offset(stored(page.offset))
        .select(PastRow::as_select())
        .load(conn)?;
    with_places(conn, rows)
}

fn with_places(conn: &mut Conn, rows: Vec<PastRow>) -> Result<Vec<Past>, Fault> {
    let removed = rows.iter().filter(|row| row.after_text.is_none() && !row.there);
    let entries: Vec<i64> = removed.map(|row| row.id).collect();
    let mut places: HashMap<i64, Vec<Place>> = HashMap::new();
    for chunk in entries.chunks(CHUNK) {
        let found: Vec<(i64, i64, String)> = history_places::table
            .filter(history_places::history.eq_any(chunk))
            .order((history_places::history, history_places::book))
            .load(conn)?;
        for (entry, book, at) in found {
            let place = Place { book: BookId(book), href: href(at) };
            places.entry(entry).or_default().push(place);
        }
    }
    let past = |row: PastRow| {
        let places = places.remove(&row.id).unwrap_or_default();
        Ok(Past { places, ..row.try_into()? })
    };
    rows.into_iter().map(past).collect()
}

pub(super) fn gone(conn: &mut Conn) -> Result<Vec<(ContactId, String)>, Fault> {
    let here = contacts::table
        .filter(contacts::id.eq(history::contact))
        .filter(contacts::deleted_at.is_null());
    let rows: Vec<(Vec<u8>, String)> = history::table
        .filter(not(exists(here)))
        .order(history::id.desc())
        .select((history::contact, history::name))
        .load(conn)?;
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (id, name) in rows {
        let id = contact_id(&id)?;
        if seen.insert(id) {
            found.push((id, name));
        }
    }
    Ok(found)
}

/// One text per subject: two spellings of an href are one card.
fn subject_key(subject: &Subject) -> String {
    match subject {
        Subject::Card(href) => format!("card {}", href.key().0),
        Subject::Contact(id) => format!("contact {id}"),
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = pending, check_for_backend(Sqlite))]
struct PendingRow {
    book: i64,
    contact: Option<Vec<u8>>,
    href: Option<String>,
    name: String,
    reason: String,
    etag: Option<String>,
    tried: Option<i64>,
    since: i64,
}

impl TryFrom<PendingRow> for Pending {
    type Error = Fault;

    fn try_from(row: PendingRow) -> Result<Self, Fault> {
        let subject = match (row.contact, row.href) {
            (Some(contact), _) => Subject::Contact(contact_id(&contact)?),
            (None, Some(at)) => Subject::Card(href(at)),
            (None, None) => return Err(Fault::damaged("pending", "a note is about nothing")),
        };
        Ok(Self {
            book: BookId(row.book),
            subject,
            name: row.name,
            reason: row.reason,
            etag: etag(row.etag),
            tried: row.tried.map(count),
            since: Timestamp(row.since),
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = history, check_for_backend(Sqlite))]
struct PastRow {
    id: i64,
    run: i64,
    contact: Vec<u8>,
    at: i64,
    there: bool,
    name: String,
    why: String,
    tombstone: bool,
    before_text: Vec<u8>,
    after_text: Option<Vec<u8>>,
}

impl TryFrom<PastRow> for Past {
    type Error = Fault;

    fn try_from(row: PastRow) -> Result<Self, Fault> {
        Ok(Self {
            run: RunId(row.run),
            contact: contact_id(&row.contact)?,
            side: if row.there { Side::There } else { Side::Here },
            name: row.name,
            tombstone: row.tombstone,
            before: row.before_text,
            after: row.after_text,
            why: Why(row.why),
            at: Timestamp(row.at),
            places: Vec::new(),
        })
    }
}
