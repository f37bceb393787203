//! Doing changes, each as it was ordered.

use contactcmd_domain::contact::{ContactId, Index, Timestamp};
use contactcmd_domain::sync::snapshot::{Here, Link};
use contactcmd_ports::{BookId, Change, Editor, NewContact, Past, RunId, Why};
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::fault::Fault;
use super::notes;
use super::rows::{IndexRow, here_code, stored};
use super::schema::{contacts, external_ids};

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
            Change::Bury { .. } | Change::Delete { .. } | Change::Conflict(_) => false,
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
        Change::Pend(note) => notes::pend(conn, note),
        Change::Settle { book, subject } => notes::settle(conn, *book, subject),
        Change::Conflict(conflict) => notes::keep_conflict(conn, conflict),
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
            // Said at once, which saves the trigger from writing the row a second time.
            contacts::linked.eq(link.is_some()),
            contacts::created.eq(stamp.at.0),
            contacts::updated.eq(stamp.at.0),
            contacts::run.eq(stamp.run.0),
            contacts::vcard.eq(vcard),
        ))
        .execute(conn)?;
    let Some((book, link)) = link else { return Ok(()) };
    let card = Card { id: *id, vcard, here: Here::Same };
    free_href(conn, *id, *book, link)?;
    store_link(conn, &card, *book, link)
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
    let step: i64 = match new.editor {
        Editor::User => 1,
        Editor::Sync => 0,
    };
    diesel::update(contacts::table.find(id.as_bytes().as_slice()))
        .set((
            IndexRow::new(new.index)?,
            contacts::vcard.eq(new.vcard),
            contacts::edited.eq(contacts::edited + step),
            contacts::deleted_at.eq(None::<i64>),
            contacts::updated.eq(stamp.at.0),
        ))
        .execute(conn)?;
    Ok(())
}

fn bury(conn: &mut Conn, stamp: Stamp, id: ContactId, why: &Why) -> Result<(), Fault> {
    remember(conn, stamp, (id, why), None)?;
    diesel::update(contacts::table.find(id.as_bytes().as_slice()))
        .set((contacts::deleted_at.eq(stamp.at.0), contacts::updated.eq(stamp.at.0)))
        .execute(conn)?;
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
    let (name, before) = contacts::table
        .find(contact.as_bytes().as_slice())
        .select((contacts::name, contacts::vcard))
        .first(conn)
        .optional()?
        .ok_or(Fault::NoSuchContact(contact))?;
    let (after, why) = (after.map(<[u8]>::to_vec), why.clone());
    notes::remember(conn, &Past { run: stamp.run, contact, name, before, after, why, at: stamp.at })
}

fn relink(conn: &mut Conn, id: ContactId, book: BookId, link: &Link) -> Result<(), Fault> {
    let (vcard, edited, deleted_at): (Vec<u8>, i64, Option<i64>) = contacts::table
        .find(id.as_bytes().as_slice())
        .select((contacts::vcard, contacts::edited, contacts::deleted_at))
        .first(conn)
        .optional()?
        .ok_or(Fault::NoSuchContact(id))?;
    let here = match deleted_at {
        Some(_) => Here::Deleted,
        // Without a base they never agreed: nothing may overwrite what stands here.
        None if edited > stored(link.seen) || link.base.is_none() => Here::Edited,
        None => Here::Same,
    };
    free_href(conn, id, book, link)?;
    store_link(conn, &Card { id, vcard: &vcard, here }, book, link)
}

fn unlink(conn: &mut Conn, id: ContactId, book: BookId) -> Result<(), Fault> {
    diesel::delete(external_ids::table.find((id.as_bytes().as_slice(), book.0))).execute(conn)?;
    Ok(())
}

/// Removes the book's link at this href when it is another contact's.
fn free_href(conn: &mut Conn, id: ContactId, book: BookId, link: &Link) -> Result<(), Fault> {
    let other = external_ids::table
        .filter(external_ids::book.eq(book.0))
        .filter(external_ids::href_key.eq(link.href.key().0))
        .filter(external_ids::contact.ne(id.as_bytes().as_slice()));
    diesel::delete(other).execute(conn)?;
    Ok(())
}

/// What a link has to know of its contact.
struct Card<'a> {
    id: ContactId,
    vcard: &'a [u8],
    here: Here,
}

fn store_link(conn: &mut Conn, card: &Card<'_>, book: BookId, link: &Link) -> Result<(), Fault> {
    let base_is_card = link.base.as_deref() == Some(card.vcard);
    let base = if base_is_card { None } else { link.base.as_deref() };
    diesel::insert_into(external_ids::table)
        .values((
            external_ids::contact.eq(card.id.as_bytes().as_slice()),
            external_ids::book.eq(book.0),
            external_ids::here.eq(here_code(card.here)),
            external_ids::seen.eq(stored(link.seen)),
            external_ids::base_is_card.eq(base_is_card),
            external_ids::etag.eq(link.etag.as_ref().map(|etag| etag.as_str())),
            external_ids::href.eq(link.href.as_str()),
            external_ids::href_key.eq(link.href.key().0),
            external_ids::base.eq(base),
        ))
        .on_conflict((external_ids::contact, external_ids::book))
        .do_update()
        .set((
            external_ids::here.eq(excluded(external_ids::here)),
            external_ids::seen.eq(excluded(external_ids::seen)),
            external_ids::base_is_card.eq(excluded(external_ids::base_is_card)),
            external_ids::etag.eq(excluded(external_ids::etag)),
            external_ids::href.eq(excluded(external_ids::href)),
            external_ids::href_key.eq(excluded(external_ids::href_key)),
            external_ids::base.eq(excluded(external_ids::base)),
        ))
        .execute(conn)?;
    Ok(())
}
