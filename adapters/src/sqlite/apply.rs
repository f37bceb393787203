//! Doing changes, each as it was ordered.

use std::collections::BTreeMap;

use contactcmd_domain::contact::{ContactId, Index, Timestamp};
use contactcmd_domain::dav::ETag;
use contactcmd_domain::sync::guard::Side;
use contactcmd_domain::sync::snapshot::{Here, Link};
use contactcmd_ports::{BookId, Change, Editor, NewContact, Past, RunId, Why};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::fault::Fault;
use super::prepared::{
    self, AddContact, AddLink, Bury, CountLinks, MarkLinked, ReplaceCard, UpdateLink, Value,
};
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
            Change::Unlink { .. }
            | Change::Pend(_)
            | Change::Settle { .. }
            | Change::Retract { .. } => true,
            Change::Bury { .. }
            | Change::Delete { .. }
            | Change::Remember { .. }
            | Change::Conflict(_) => false,
        });
        if repeatable { Self::Repeatable } else { Self::Final }
    }
}

/// Does all changes in order.
pub(super) fn all(conn: &mut Conn, stamp: Stamp, changes: &[Change]) -> Result<(), Fault> {
    let mut added: BTreeMap<BookId, i64> = BTreeMap::new();
    for change in changes {
        if let Some(book) = self::change(conn, stamp, change)? {
            *added.entry(book).or_default() += 1;
        }
    }
    for (book, links) in added {
        prepared::run::<CountLinks>(conn, &[links.into(), book.0.into()])?;
    }
    if changes.iter().any(|change| matches!(change, Change::Retract { .. })) {
        notes::forget_if_empty(conn, stamp.run)?;
    }
    Ok(())
}

/// Does one change, and gives the book that has a link more by it.
fn change(conn: &mut Conn, stamp: Stamp, change: &Change) -> Result<Option<BookId>, Fault> {
    match change {
        Change::Insert { contact, link } => return insert(conn, stamp, contact, link.as_ref()),
        Change::Link { contact, book, link } => return relink(conn, *contact, *book, link),
        Change::Replace { contact, vcard, index, editor, why } => {
            let new = NewCard { vcard, index, editor: *editor };
            replace(conn, stamp, (*contact, why), &new)?;
        }
        Change::Bury { contact, why } => bury(conn, stamp, *contact, why)?,
        Change::Delete { contact, why } => delete(conn, stamp, *contact, why)?,
        Change::Unlink { contact, book } => unlink(conn, *contact, *book)?,
        Change::Remember { contact, name, before, after, why } => {
            let past = Past {
                run: stamp.run,
                contact: *contact,
                side: Side::There,
                name: name.clone(),
                tombstone: false,
                before: before.clone(),
                after: after.clone(),
                why: why.clone(),
                at: stamp.at,
                places: Vec::new(),
            };
            notes::remember(conn, &past)?;
        }
        Change::Retract { contact } => notes::retract(conn, stamp.run, *contact)?,
        Change::Pend(note) => notes::pend(conn, note)?,
        Change::Settle { book, subject } => notes::settle(conn, *book, subject)?,
        Change::Conflict(conflict) => conflicts::keep(conn, conflict)?,
    }
    Ok(None)
}

fn insert(
    conn: &mut Conn,
    stamp: Stamp,
    contact: &NewContact,
    link: Option<&(BookId, Link)>,
) -> Result<Option<BookId>, Fault> {
    let NewContact { id, vcard, index } = contact;
    let more = [
        vcard.as_slice().into(),
        stamp.at.0.into(),
        stamp.at.0.into(),
        stamp.run.0.into(),
        link.is_some().into(),
        id.as_bytes().as_slice().into(),
    ];
    let row = IndexRow::new(index)?;
    prepared::run::<AddContact>(conn, &[&row.values()[..], &more].concat())?;
    let Some((book, link)) = link else { return Ok(None) };
    let row = LinkRow::new(link, vcard, here(0, None, link));
    giving_way(conn, *book, &row, |conn| add_link(conn, *id, *book, &row))?;
    Ok(Some(*book))
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
        Editor::User => 1_i64,
        Editor::Sync => 0,
    };
    let more = [new.vcard.into(), stamp.at.0.into(), step.into(), id.as_bytes().as_slice().into()];
    let row = IndexRow::new(new.index)?;
    prepared::run::<ReplaceCard>(conn, &[&row.values()[..], &more].concat())?;
    Ok(())
}

fn bury(conn: &mut Conn, stamp: Stamp, id: ContactId, why: &Why) -> Result<(), Fault> {
    remember(conn, stamp, (id, why), None)?;
    let (at, id) = (stamp.at.0, id.as_bytes().as_slice());
    prepared::run::<Bury>(conn, &[at.into(), at.into(), id.into()])?;
    Ok(())
}

/// Links, conflicts and pendings go with the contact by the foreign keys.
fn delete(conn: &mut Conn, stamp: Stamp, id: ContactId, why: &Why) -> Result<(), Fault> {
    let entry = remember(conn, stamp, (id, why), None)?;
    notes::remember_places(conn, entry, id)?;
    diesel::delete(contacts::table.find(id.as_bytes().as_slice())).execute(conn)?;
    Ok(())
}

/// Keeps the card as it is now; gives the entry of the history.
fn remember(
    conn: &mut Conn,
    stamp: Stamp,
    (contact, why): (ContactId, &Why),
    after: Option<&[u8]>,
) -> Result<i64, Fault> {
    let (name, before, deleted_at): (_, _, Option<i64>) = contacts::table
        .find(contact.as_bytes().as_slice())
        .select((contacts::name, contacts::vcard, contacts::deleted_at))
        .get_result(conn)
        .optional()?
        .ok_or(Fault::NoSuchContact(contact))?;
    let (after, why) = (after.map(<[u8]>::to_vec), why.clone());
    let (run, side, at) = (stamp.run, Side::Here, stamp.at);
    let tombstone = deleted_at.is_some();
    let places = Vec::new();
    let past = Past { run, contact, side, name, tombstone, before, after, why, at, places };
    notes::remember(conn, &past)
}

fn relink(
    conn: &mut Conn,
    id: ContactId,
    book: BookId,
    link: &Link,
) -> Result<Option<BookId>, Fault> {
    let (vcard, edited, deleted_at): (Vec<u8>, i64, Option<i64>) = contacts::table
        .find(id.as_bytes().as_slice())
        .select((contacts::vcard, contacts::edited, contacts::deleted_at))
        .get_result(conn)
        .optional()?
        .ok_or(Fault::NoSuchContact(id))?;
    let row = LinkRow::new(link, &vcard, here(edited, deleted_at, link));
    giving_way(conn, book, &row, |conn| {
        if update_link(conn, id, book, &row)? {
            return Ok(None);
        }
        add_link(conn, id, book, &row)?;
        prepared::run::<MarkLinked>(conn, &[id.as_bytes().as_slice().into()])?;
        Ok(Some(book))
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

    fn values<'v>(&'v self, contact: &'v [u8; 16], book: BookId) -> [Value<'v>; 9] {
        [
            self.here.into(),
            self.seen.into(),
            self.base_is_card.into(),
            self.etag.into(),
            self.href.into(),
            self.href_key.as_str().into(),
            self.base.into(),
            contact.as_slice().into(),
            book.0.into(),
        ]
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
fn giving_way<T>(
    conn: &mut Conn,
    book: BookId,
    row: &LinkRow<'_>,
    store: impl Fn(&mut Conn) -> QueryResult<T>,
) -> Result<T, Fault> {
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
    prepared::run::<AddLink>(conn, &row.values(id.as_bytes(), book)).map(drop)
}

/// Gives whether there was a link to update.
fn update_link(
    conn: &mut Conn,
    id: ContactId,
    book: BookId,
    row: &LinkRow<'_>,
) -> QueryResult<bool> {
    let updated = prepared::run::<UpdateLink>(conn, &row.values(id.as_bytes(), book))?;
    Ok(updated > 0)
}
