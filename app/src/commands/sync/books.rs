//! Which books a run is for.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use contactcmd_domain::dav::{Access, BookInfo, Href, Quirks};
use contactcmd_ports::{AccountId, Book, BookId, ContactRepo, Progress};
use serde::Serialize;

use crate::cli::SyncArgs;
use crate::ui::{clean, prompt};
use crate::{Failure, World};

/// The books that `selectors` name, or the one there is, or the one the user chooses.
///
/// # Errors
///
/// Usage, with a list of the books there are: when a selector names none or several, or when nobody
/// can be asked.
pub(crate) fn select(
    books: Vec<Book>,
    selectors: &[String],
    world: &World,
) -> Result<Vec<Book>, Failure> {
    if !selectors.is_empty() {
        let mut chosen: Vec<Book> = Vec::new();
        for selector in selectors {
            let book = find(&books, selector)?;
            if !chosen.iter().any(|other| other.id == book.id) {
                chosen.push(book);
            }
        }
        return Ok(chosen);
    }
    let offered: Vec<Book> = books.iter().filter(|book| !book.info.hidden).cloned().collect();
    let writable: Vec<&Book> =
        offered.iter().filter(|book| book.info.access != Access::ReadOnly).collect();
    match (offered.as_slice(), writable.as_slice()) {
        ([], _) => Err(Failure::usage("this account has no address books")
            .hint("log in once in the server's web interface: many servers make one then")),
        ([only], _) => Ok(vec![only.clone()]),
        // Others' shares and the server's own lists aside, there is one that is the user's.
        (_, [only]) => Ok(vec![(*only).clone()]),
        _ => ask(&offered, world),
    }
}

/// Whether every selector names a book that is known.
pub(super) fn are_known(books: &[Book], selectors: &[String]) -> bool {
    selectors.iter().all(|selector| find(books, selector).is_ok())
}

fn ask(books: &[Book], world: &World) -> Result<Vec<Book>, Failure> {
    let choices: Vec<String> =
        books.iter().map(|book| format!("{}  ({})", book.info.name, path(book))).collect();
    match prompt::choose(&world.ui, "Which address book?", &choices)? {
        Some(index) => Ok(books.get(index).cloned().into_iter().collect()),
        None => Err(Failure::usage("there are several address books; which one?")
            .hint(format!("choose with `--addressbook`:\n  {}", listing(books)))),
    }
}

fn find(books: &[Book], selector: &str) -> Result<Book, Failure> {
    let by_path: Vec<&Book> = books.iter().filter(|book| is_at(book, selector)).collect();
    let named = |same: &dyn Fn(&str) -> bool| -> Vec<&Book> {
        books.iter().filter(|book| same(&book.info.name)).collect()
    };
    let lower = selector.to_lowercase();
    let found = [
        by_path,
        named(&|name| name == selector),
        named(&|name| name.to_lowercase() == lower),
        books.iter().filter(|book| book.info.location.href.file_name() == selector).collect(),
    ];
    match found.into_iter().find(|found| !found.is_empty()).as_deref() {
        Some([only]) => Ok((*only).clone()),
        Some(_) => Err(Failure::usage(format!("several address books are called `{selector}`"))
            .hint(format!("choose one by its path:\n  {}", listing(books)))),
        None => Err(Failure::usage(format!("there is no address book `{selector}`"))
            .hint(format!("there are:\n  {}", listing(books)))),
    }
}

/// The book of all those of an account that contacts go to which are in none: the first writable one that
/// is `named`. Where none is named, the only writable one of those that were `chosen`.
pub(super) fn default(all: &[Book], chosen: &[Book], named: &[String]) -> Option<BookId> {
    let is_writable = |book: &&Book| book.info.access != Access::ReadOnly;
    if !named.is_empty() {
        let found: Vec<Book> = named.iter().filter_map(|name| find(all, name).ok()).collect();
        return found.iter().find(is_writable).map(|book| book.id);
    }
    let mut writable = chosen.iter().filter(is_writable);
    let first = writable.next()?;
    writable.next().is_none().then_some(first.id)
}

/// A book that was found and is in no store: no row has a negative id. `row` tells several apart.
pub(crate) fn not_stored(row: i64, info: BookInfo) -> Book {
    let quirks = Quirks::of_location(&info.location);
    let progress = Progress { quirks, ..Progress::default() };
    Book { id: BookId(-row), account: AccountId(-1), info, progress }
}

/// A selector with a slash is a path or a URL; books are compared by path (Q07).
fn is_at(book: &Book, selector: &str) -> bool {
    let path = match selector.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)),
        None if selector.starts_with('/') => Some(selector),
        None => None,
    };
    path.is_some_and(|path| Href::new(path).key() == book.info.location.href.key())
}

fn listing(books: &[Book]) -> String {
    let lines: Vec<String> = books
        .iter()
        .map(|book| format!("{}  {}", clean(&book.info.name), clean(path(book))))
        .collect();
    lines.join("\n  ")
}

fn path(book: &Book) -> &str {
    book.info.location.href.as_str()
}

/// One line of `--list-addressbooks --json`.
#[derive(Serialize)]
pub(super) struct Row {
    account: String,
    name: String,
    path: String,
    access: Access,
    hidden: bool,
    contacts: Option<u64>,
    max_size: Option<u64>,
    versions: Vec<String>,
}

/// The lines about the books of one account; `known` are those of the store.
pub(super) fn rows(
    account: &str,
    books: Vec<BookInfo>,
    known: &[Book],
    repo: &dyn ContactRepo,
) -> Result<Vec<Row>, Failure> {
    let row = |info: BookInfo| {
        let same = |book: &&Book| book.info.location.href.key() == info.location.href.key();
        let synced = known.iter().find(same).filter(|book| book.progress.full_at.is_some());
        Ok(Row {
            account: account.to_owned(),
            name: info.name,
            path: info.location.href.to_string(),
            access: info.access,
            hidden: info.hidden,
            contacts: synced.map(|book| repo.link_count(book.id)).transpose()?,
            max_size: info.capabilities.max_resource_size,
            versions: info.capabilities.versions,
        })
    };
    books.into_iter().map(row).collect()
}

/// Prints the books: name, path to type, read-only, contacts if known, size limit, vCard versions; the
/// account too where `args` are about several.
pub(super) fn print(rows: &[Row], args: &SyncArgs, world: &World) -> Result<(), Failure> {
    if args.json {
        let text = serde_json::to_string_pretty(rows)
            .map_err(|error| Failure::new(crate::Exit::Failed, error))?;
        world.ui.result(text);
        return Ok(());
    }
    let heading = ["ACCOUNT", "NAME", "PATH", "ACCESS", "CONTACTS", "LARGEST CARD", "VCARD"];
    let from = usize::from(!args.all_accounts);
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(heading.into_iter().skip(from));
    for row in rows {
        table.add_row(cells(row).into_iter().skip(from));
    }
    for line in table.lines() {
        world.ui.result(line.trim());
    }
    Ok(())
}

fn cells(row: &Row) -> [String; 7] {
    let access = match row.access {
        Access::ReadWrite => "read and write",
        Access::ReadOnly => "read only",
        Access::Unknown => "unknown",
    };
    let unknown = || "-".to_owned();
    [
        clean(&row.account).into_owned(),
        clean(&row.name).into_owned(),
        clean(&row.path).into_owned(),
        access.to_owned(),
        row.contacts.map_or_else(unknown, |count| count.to_string()),
        row.max_size.map_or_else(unknown, |bytes| format!("{bytes} bytes")),
        if row.versions.is_empty() { unknown() } else { row.versions.join(", ") },
    ]
}
