//! Doing changes, each as it was ordered.

use contactcmd_domain::contact::{ContactId, Index, Timestamp};
use contactcmd_domain::dav::ETag;
use contactcmd_domain::sync::guard::Side;
use contactcmd_domain::sync::snapshot::{Here, Link};
use contactcmd_ports::{BookId, Change, Editor, NewContact, Past, RunId, Why};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::fault::Fault;
use super::prepared::{self, Value};
use super::rows::{IndexRow, here_code, stored};
use super::schema::{contacts, external_ids};
use super::{conflicts, notes};

type Conn = SqliteConnection;

/// Under which run, and when.
#[derive(Clone, Copy)]
pub(super) struct Stamp {
    pub(super) run: RunId,
    pub(super) at: Timestamp,
}

/// What a power cut may take of a transaction that was reported as done.
///
/// In a write-ahead log no power cut damages the file; without a flush to the disk after each
/// transaction it may take the latest ones, always from the end, never one out of the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// All of it: it came from a server, and the next sync brings it again, since what would keep it
    /// from doing so (ETag, token) went with it or was to come after.
    Repeatable,
    /// Nothing: it exists only here (an edit, a decision), or what comes next relies on it (an href
    /// that is noted before its card is sent).
    Final,
}

impl Durability {
    /// What these changes need as one transaction.
    pub(super) fn of(changes: &[Change]) -> Self {
        let repeatable = changes.iter().all(|change| match change {
            Change::Insert { link, .. } => link.is_some(),
            Change::Replace { editor, .. } => *editor == Editor::Sync,
            Change::Link { link, .. } => link.base.is_some(),
            Change::Unlink { .. } | Change::Pend(_) | Change::Settle { .. } => true,
            Change::Bury { .. }
            | Change::Delete { .. }
            | Change::Remember { .. }
            | Change::Conflict(_) => false,
        });
        if repeatable { Self::Repeatable } else { Self::Final }
    }
}

/// Does one change.
pub(super) fn change(conn: &mut Conn, stamp: Stamp, change: &Change) -> Result<(), Fault> {
    match change {
        Change::Insert { contact, link } => insert(conn, stamp, contact, link.as_ref()),
        Change::Replace { contact, vcard, index, editor, why } => {
            let new = NewCard { vcard, index, editor: *editor };
            replace(conn, stamp, (*contact, why), &new)
        }
        Change::Bury { contact, why } => bury(conn, stamp, *contact, why),
        Change::Delete { contact, why } => delete(conn, stamp, *contact, why),
        Change::Link { contact, book, link } => relink(conn, *contact, *book, link),
        Change::Unlink { contact, book } => unlink(conn, *contact, *book),
        Change::Remember { contact, name, before, after, why } => notes::remember(
            conn,
            &Past {
                run: stamp.run,
                contact: *contact,
                side: Side::There,
                name: name.clone(),
                tombstone: false,
                before: before.clone(),
                after: after.clone(),
                why: why.clone(),
                at: stamp.at,
            },
        ),
        Change::Pend(note) => notes::pend(conn, note),
        Change::Settle { book, subject } => notes::settle(conn, *book, subject),
        Change::Conflict(conflict) => conflicts::keep(conn, conflict),
    }
}

fn insert(
    conn: &mut Conn,
    stamp: Stamp,
    contact: &NewContact,
    link: Option<&(BookId, Link)>,
) -> Result<(), Fault> {
    let NewContact { id, vcard, index } = contact;
    diesel::insert_into(contacts::table)
        .values((
            IndexRow::new(index)?,
            contacts::id.eq(id.as_bytes().as_slice()),
            contacts::edited.eq(0),
            contacts::linked.eq(link.is_some()),
            contacts::created.eq(stamp.at.0),
            contacts::updated.eq(stamp.at.0),
            contacts::run.eq(stamp.run.0),
            contacts::vcard.eq(vcard),
        ))
        .execute(conn)?;
    let Some((book, link)) = link else { return Ok(()) };
    let row = LinkRow::new(link, vcard, here(0, None, link));
    giving_way(conn, *book, &row, |conn| add_link(conn, *id, *book, &row))
}

struct NewCard<'a> {
    vcard: &'a [u8],
    index: &'a Index,
    editor: Editor,
}

fn replace(
    conn: &mut Conn,
    stamp: Stamp,
    (id, why): (ContactId, &Why),
    new: &NewCard<'_>,
) -> Result<(), Fault> {
    remember(conn, stamp, (id, why), Some(new.vcard))?;
    let step = match new.editor {
        Editor::User => 1,
        Editor::Sync => 0,
    };
    let row = IndexRow::new(new.index)?;
    prepared::run(
        conn,
        "UPDATE contacts SET uid = ?, uid_key = ?, sort_key = ?, name = ?, names = ?, \
         search = ?, person = ?, vcard = ?, updated = ?, edited = edited + ?, \
         deleted_at = NULL WHERE id = ?",
        &[
            row.uid.into(),
            row.uid_key.as_deref().into(),
            row.sort_key.into(),
            row.name.into(),
            row.names.as_str().into(),
            row.search.into(),
            row.person.as_str().into(),
            new.vcard.into(),
            stamp.at.0.into(),
            Value::Number(step),
            id.as_bytes().as_slice().into(),
        ],
    )?;
    Ok(())
}

fn bury(conn: &mut Conn, stamp: Stamp, id: ContactId, why: &Why) -> Result<(), Fault> {
    remember(conn, stamp, (id, why), None)?;
    let (at, id) = (stamp.at.0, id.as_bytes().as_slice());
    prepared::run(
        conn,
        "UPDATE contacts SET deleted_at = ?, updated = ? WHERE id = ?",
        &[at.into(), at.into(), id.into()],
    )?;
    Ok(())
}

/// Links, conflicts and pendings go with the contact by the foreign keys.
fn delete(conn: &mut Conn, stamp: Stamp, id: ContactId, why: &Why) -> Result<(), Fault> {
    remember(conn, stamp, (id, why), None)?;
    diesel::delete(contacts::table.find(id.as_bytes().as_slice())).execute(conn)?;
    Ok(())
}

/// Keeps the card as it is now.
fn remember(
    conn: &mut Conn,
    stamp: Stamp,
    (contact, why): (ContactId, &Why),
    after: Option<&[u8]>,
) -> Result<(), Fault> {
    let (name, before, deleted_at): (_, _, Option<i64>) = contacts::table
        .find(contact.as_bytes().as_slice())
        .select((contacts::name, contacts::vcard, contacts::deleted_at))
        .get_result(conn)
        .optional()?
        .ok_or(Fault::NoSuchContact(contact))?;
    let (after, why) = (after.map(<[u8]>::to_vec), why.clone());
    let (run, side, at) = (stamp.run, Side::Here, stamp.at);
    let tombstone = deleted_at.is_some();
    notes::remember(conn, &Past { run, contact, side, name, tombstone, before, after, why, at })
}

fn relink(conn: &mut Conn, id: ContactId, book: BookId, link: &Link) -> Result<(), Fault> {
    let (vcard, edited, deleted_at): (Vec<u8>, i64, Option<i64>) = contacts::table
        .find(id.as_bytes().as_slice())
        .select((contacts::vcard, contacts::edited, contacts::deleted_at))
        .get_result(conn)
        .optional()?
        .ok_or(Fault::NoSuchContact(id))?;
    let row = LinkRow::new(link, &vcard, here(edited, deleted_at, link));
    giving_way(conn, book, &row, |conn| {
        if !update_link(conn, id, book, &row)? {
            add_link(conn, id, book, &row)?;
            prepared::run(
                conn,
                "UPDATE contacts SET linked = 1 WHERE id = ? AND linked = 0",
                &[id.as_bytes().as_slice().into()],
            )?;
        }
        Ok(())
    })
}

fn unlink(conn: &mut Conn, id: ContactId, book: BookId) -> Result<(), Fault> {
    diesel::delete(external_ids::table.find((id.as_bytes().as_slice(), book.0))).execute(conn)?;
    Ok(())
}

/// The columns of a link.
struct LinkRow<'a> {
    here: i64,
    seen: i64,
    base_is_card: bool,
    etag: Option<&'a str>,
    href: &'a str,
    href_key: String,
    base: Option<&'a [u8]>,
}

impl<'a> LinkRow<'a> {
    /// The columns for this link of a contact with this card.
    fn new(link: &'a Link, vcard: &[u8], here: Here) -> Self {
        let Link { href, etag, base, seen } = link;
        let base_is_card = base.as_deref() == Some(vcard);
        Self {
            here: here_code(here),
            seen: stored(*seen),
            base_is_card,
            etag: etag.as_ref().map(ETag::as_str),
            href: href.as_str(),
            href_key: href.key().0,
            base: if base_is_card { None } else { base.as_deref() },
        }
    }
}

/// What `Linked::here` will say of this link.
fn here(edited: i64, deleted_at: Option<i64>, link: &Link) -> Here {
    match deleted_at {
        Some(_) => Here::Deleted,
        // Without a base they never agreed: nothing may overwrite what stands here.
        None if edited > stored(link.seen) || link.base.is_none() => Here::Edited,
        None => Here::Same,
    }
}

/// Stores a link; where another contact has the book's link at its href, that one gives way.
///
/// Tried first and mended second, because it is rare and a failed statement changes nothing.
fn giving_way(
    conn: &mut Conn,
    book: BookId,
    row: &LinkRow<'_>,
    store: impl Fn(&mut Conn) -> QueryResult<()>,
) -> Result<(), Fault> {
    match store(conn) {
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            let other = external_ids::table
                .filter(external_ids::book.eq(book.0))
                .filter(external_ids::href_key.eq(&row.href_key));
            diesel::delete(other).execute(conn)?;
            Ok(store(conn)?)
        }
        stored => Ok(stored?),
    }
}

fn add_link(conn: &mut Conn, id: ContactId, book: BookId, row: &LinkRow<'_>) -> QueryResult<()> {
    diesel::insert_into(external_ids::table)
        .values((
            external_ids::contact.eq(id.as_bytes().as_slice()),
            external_ids::book.eq(book.0),
            external_ids::here.eq(row.here),
            external_ids::seen.eq(row.seen),
            external_ids::base_is_card.eq(row.base_is_card),
            external_ids::etag.eq(row.etag),
            external_ids::href.eq(row.href),
            external_ids::href_key.eq(&row.href_key),
            external_ids::base.eq(row.base),
        ))
        .execute(conn)?;
    prepared::run(conn, "UPDATE books SET links = links + 1 WHERE id = ?", &[book.0.into()])?;
    Ok(())
}

/// Gives whether there was a link to update.
fn update_link(
    conn: &mut Conn,
    id: ContactId,
    book: BookId,
    row: &LinkRow<'_>,
) -> QueryResult<bool> {
    let updated = prepared::run(
        conn,
        "UPDATE external_ids SET here = ?, seen = ?, base_is_card = ?, etag = ?, href = ?, \
         href_key = ?, base = ? WHERE contact = ? AND book = ?",
        &[
            row.here.into(),
            row.seen.into(),
            i64::from(row.base_is_card).into(),
            row.etag.into(),
            row.href.into(),
            row.href_key.as_str().into(),
            Value::Bytes(row.base),
            id.as_bytes().as_slice().into(),
            book.0.into(),
        ],
    )?;
    Ok(updated > 0)
}
