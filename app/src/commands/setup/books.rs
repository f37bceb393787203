//! The address books that were found.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use contactcmd_domain::dav::{Access, BookInfo};

use crate::commands::sync::books::{not_stored, select};
use crate::ui::{clean, prompt};
use crate::{Failure, World};

/// The books to synchronise: those that are named, the only one that is the user's, or those that
/// the user chooses.
///
/// # Errors
///
/// As for a sync: usage, with the books there are, when it is not clear which ones.
pub(super) fn choose(
    named: &[String],
    all: &[BookInfo],
    world: &World,
) -> Result<Vec<BookInfo>, Failure> {
    if named.is_empty()
        && let Some(chosen) = ask(all, world)?
    {
        return Ok(chosen);
    }
    let books = (1..).zip(all).map(|(row, info)| not_stored(row, info.clone())).collect();
    Ok(select(books, named, world)?.into_iter().map(|book| book.info).collect())
}

/// `None` when there is nothing to choose, nobody to ask, or nothing was chosen.
fn ask(all: &[BookInfo], world: &World) -> Result<Option<Vec<BookInfo>>, Failure> {
    let offered: Vec<&BookInfo> = all.iter().filter(|book| !book.hidden).collect();
    let is_writable = |book: &BookInfo| book.access != Access::ReadOnly;
    if offered.iter().filter(|book| is_writable(book)).count() < 2 {
        return Ok(None);
    }
    let choices: Vec<(String, bool)> = offered
        .iter()
        .map(|book| (format!("{}  {}", book.name, access(book)), is_writable(book)))
        .collect();
    let chosen = prompt::choose_some(&world.ui, "Which address books?", &choices)?;
    let chosen = chosen.filter(|chosen| !chosen.is_empty());
    Ok(chosen.map(|chosen| {
        chosen.into_iter().filter_map(|at| offered.get(at)).map(|book| (*book).clone()).collect()
    }))
}

/// Prints the books: name, path to type, whether they can be written, whether they are synchronised.
pub(super) fn print(all: &[BookInfo], chosen: &[BookInfo], world: &World) {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["NAME", "PATH", "ACCESS", "SYNCHRONISED"]);
    for book in all {
        let is_chosen = if chosen.contains(book) { "yes" } else { "no" };
        table.add_row([
            clean(&book.name).into_owned(),
            clean(book.location.href.as_str()).into_owned(),
            access(book).to_owned(),
            is_chosen.to_owned(),
        ]);
    }
    for line in table.lines() {
        world.ui.result(line.trim());
    }
}

fn access(book: &BookInfo) -> &'static str {
    match book.access {
        Access::ReadOnly => "read only",
        Access::ReadWrite => "read and write",
        Access::Unknown => "unknown",
    }
}
