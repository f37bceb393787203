//! Which books a run is for.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use contactcmd_domain::dav::{Access, BookInfo, Href};
use contactcmd_ports::{Book, BookId, ContactRepo};
use serde::Serialize;

use crate::ui::{clean, prompt};
use crate::{Failure, World};

/// The books that `selectors` name, or the one there is, or the one the user chooses.
///
/// # Errors
///
/// Usage, with a list of the books there are: when a selector names none or several, or when nobody
/// can be asked.
pub(in crate::commands) fn select(
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

/// The book of these that new contacts go to: the first writable one that is `named`, else the only
/// writable one.
pub(super) fn default(books: &[Book], named: &[String]) -> Option<BookId> {
    let is_writable = |book: &&Book| book.info.access != Access::ReadOnly;
    let found: Vec<Book> = named.iter().filter_map(|name| find(books, name).ok()).collect();
    if let Some(book) = found.iter().find(is_writable) {
        return Some(book.id);
    }
    let mut writable = books.iter().filter(is_writable);
    let first = writable.next()?;
    writable.next().is_none().then_some(first.id)
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
struct Row<'a> {
    name: &'a str,
    path: &'a str,
    access: Access,
    hidden: bool,
    contacts: Option<u64>,
    max_size: Option<u64>,
    versions: &'a [String],
}

/// Prints the books: name, path to type, read-only, contacts if known, size limit, vCard versions.
pub(super) fn print(
    books: &[BookInfo],
    known: &[Book],
    repo: &dyn ContactRepo,
    json: bool,
    world: &World,
) -> Result<(), Failure> {
    let mut rows = Vec::with_capacity(books.len());
    for info in books {
        let same = |book: &&Book| book.info.location.href.key() == info.location.href.key();
        let synced = known.iter().find(same).filter(|book| book.progress.full_at.is_some());
        rows.push(Row {
            name: &info.name,
            path: info.location.href.as_str(),
            access: info.access,
            hidden: info.hidden,
            contacts: synced.map(|book| repo.link_count(book.id)).transpose()?,
            max_size: info.capabilities.max_resource_size,
            versions: &info.capabilities.versions,
        });
    }
    if json {
        let text = serde_json::to_string_pretty(&rows)
            .map_err(|error| Failure::new(crate::Exit::Failed, error))?;
        world.ui.result(text);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["NAME", "PATH", "ACCESS", "CONTACTS", "LARGEST CARD", "VCARD"]);
    for row in &rows {
        table.add_row(cells(row));
    }
    for line in table.lines() {
        world.ui.result(line.trim());
    }
    Ok(())
}

fn cells(row: &Row<'_>) -> [String; 6] {
    let access = match row.access {
        Access::ReadWrite => "read and write",
        Access::ReadOnly => "read only",
        Access::Unknown => "unknown",
    };
    let unknown = || "-".to_owned();
    [
        clean(row.name).into_owned(),
        clean(row.path).into_owned(),
        access.to_owned(),
        row.contacts.map_or_else(unknown, |count| count.to_string()),
        row.max_size.map_or_else(unknown, |bytes| format!("{bytes} bytes")),
        if row.versions.is_empty() { unknown() } else { row.versions.join(", ") },
    ]
}
