//! Accounts and their books.

use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::dav::{BookInfo, CTag, Location, Quirks, SyncToken};
use contactcmd_ports::{Account, AccountDraft, AccountId, Book, BookId, Progress};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel::upsert::excluded;

use super::fault::Fault;
use super::rows::{from_json, to_json};
use super::schema::{accounts, books};

type Conn = SqliteConnection;

pub(super) fn account(
    conn: &mut Conn,
    server: &str,
    username: &str,
) -> Result<Option<Account>, Fault> {
    accounts::table
        .filter(accounts::server.eq(server))
        .filter(accounts::username.eq(username))
        .select(AccountRow::as_select())
        .get_result(conn)
        .optional()?
        .map(Account::try_from)
        .transpose()
}

pub(super) fn save_account(conn: &mut Conn, draft: &AccountDraft) -> Result<Account, Fault> {
    let AccountDraft { name, server, username, home_sets } = draft;
    let home_sets: Vec<String> = home_sets.iter().map(Location::to_string).collect();
    diesel::insert_into(accounts::table)
        .values((
            accounts::name.eq(name),
            accounts::server.eq(server),
            accounts::username.eq(username),
            accounts::home_sets.eq(to_json("accounts.home_sets", &home_sets)?),
        ))
        .on_conflict((accounts::server, accounts::username))
        .do_update()
        .set((
            accounts::name.eq(excluded(accounts::name)),
            accounts::home_sets.eq(excluded(accounts::home_sets)),
        ))
        .returning(AccountRow::as_returning())
        .get_result(conn)?
        .try_into()
}

pub(super) fn all_books(conn: &mut Conn, account: AccountId) -> Result<Vec<Book>, Fault> {
    let rows: Vec<BookRow> = books::table
        .filter(books::account.eq(account.0))
        .order((books::name, books::id))
        .select(BookRow::as_select())
        .load(conn)?;
    rows.into_iter().map(Book::try_from).collect()
}

pub(super) fn every_book(conn: &mut Conn) -> Result<Vec<(String, Book)>, Fault> {
    let rows: Vec<(String, BookRow)> = books::table
        .inner_join(accounts::table)
        .order((accounts::name, books::name, books::id))
        .select((accounts::name, BookRow::as_select()))
        .load(conn)?;
    rows.into_iter().map(|(account, row)| Ok((account, row.try_into()?))).collect()
}

pub(super) fn save_book(conn: &mut Conn, account: AccountId, book: &BookInfo) -> Result<(), Fault> {
    let BookInfo { location, name, access, capabilities, hidden, ctag: _, sync_token: _ } = book;
    let quirks = Quirks::of_location(location);
    diesel::insert_into(books::table)
        .values((
            books::account.eq(account.0),
            books::location.eq(location.to_string()),
            books::href_key.eq(location.href.key().0),
            books::name.eq(name),
            books::access.eq(to_json("books.access", access)?),
            books::hidden.eq(*hidden),
            books::capabilities.eq(to_json("books.capabilities", capabilities)?),
            books::quirks.eq(to_json("books.quirks", &quirks)?),
        ))
        .on_conflict((books::account, books::href_key))
        .do_update()
        .set((
            books::location.eq(excluded(books::location)),
            books::name.eq(excluded(books::name)),
            books::access.eq(excluded(books::access)),
            books::hidden.eq(excluded(books::hidden)),
            books::capabilities.eq(excluded(books::capabilities)),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn save_progress(
    conn: &mut Conn,
    book: BookId,
    progress: &Progress,
) -> Result<(), Fault> {
    let Progress { sync_token, ctag, token_at, full_at, quirks } = progress;
    let saved = diesel::update(books::table.find(book.0))
        .set((
            books::sync_token.eq(sync_token.as_ref().map(|token| &token.0)),
            books::ctag.eq(ctag.as_ref().map(|tag| &tag.0)),
            books::token_at.eq(token_at.map(|at| at.0)),
            books::full_at.eq(full_at.map(|at| at.0)),
            books::quirks.eq(to_json("books.quirks", quirks)?),
        ))
        .execute(conn)?;
    if saved == 0 { Err(Fault::NoSuchBook(book)) } else { Ok(()) }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(Sqlite))]
struct AccountRow {
    id: i64,
    name: String,
    server: String,
    username: String,
    home_sets: String,
}

impl TryFrom<AccountRow> for Account {
    type Error = Fault;

    fn try_from(row: AccountRow) -> Result<Self, Fault> {
        let AccountRow { id, name, server, username, home_sets } = row;
        let home_sets: Vec<String> = from_json("accounts.home_sets", &home_sets)?;
        let home_sets: Result<_, Fault> =
            home_sets.iter().map(|text| location("accounts.home_sets", text)).collect();
        let draft = AccountDraft { name, server, username, home_sets: home_sets? };
        Ok(Self { id: AccountId(id), draft })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = books, check_for_backend(Sqlite))]
struct BookRow {
    id: i64,
    account: i64,
    location: String,
    name: String,
    access: String,
    hidden: bool,
    capabilities: String,
    sync_token: Option<String>,
    ctag: Option<String>,
    token_at: Option<i64>,
    full_at: Option<i64>,
    quirks: String,
}

impl TryFrom<BookRow> for Book {
    type Error = Fault;

    fn try_from(row: BookRow) -> Result<Self, Fault> {
        let location = location("books.location", &row.location)?;
        // Quirks only save requests and are learned again: what a newer version noted does not
        // keep an older one from its books.
        let quirks = from_json("books.quirks", &row.quirks)
            .unwrap_or_else(|_| Quirks::of_location(&location));
        let progress = Progress {
            sync_token: row.sync_token.map(SyncToken),
            ctag: row.ctag.map(CTag),
            token_at: row.token_at.map(Timestamp),
            full_at: row.full_at.map(Timestamp),
            quirks,
        };
        let info = BookInfo {
            location,
            name: row.name,
            access: from_json("books.access", &row.access)?,
            capabilities: from_json("books.capabilities", &row.capabilities)?,
            ctag: None,
            sync_token: None,
            hidden: row.hidden,
        };
        Ok(Self { id: BookId(row.id), account: AccountId(row.account), info, progress })
    }
}

fn location(what: &'static str, text: &str) -> Result<Location, Fault> {
    Location::parse(text).map_err(|cause| Fault::damaged(what, cause))
}
