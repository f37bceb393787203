//! `list`, and the listing that `search` shares.

use contactcmd_domain::contact::ContactId;
use contactcmd_ports::{ListQuery, Open, Sort};

use super::open;
use crate::cli::{Global, ListArgs, Listing, SortBy};
use crate::ui::{json, table};
use crate::{Exit, Failure, World};

const PAGE_SIZE: u64 = 50;

/// Lists contacts.
///
/// # Errors
///
/// What opening or reading the store fails with.
pub fn run(args: &ListArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    if print(&args.listing, Vec::new(), global, world)? == 0 {
        world.ui.say(
            "there are no contacts yet; `contactcmd sync carddav` or `contactcmd import vcard FILE` \
             brings some in",
        );
    }
    Ok(Exit::Done)
}

/// Prints the contacts that have all `words` (folded), and gives how many have them.
pub(super) fn print(
    listing: &Listing,
    words: Vec<String>,
    global: &Global,
    world: &World,
) -> Result<u64, Failure> {
    let page = Page::of(listing, world.ui.terminal.stdout);
    let query = ListQuery {
        words,
        named: None,
        sort: order(listing.sort),
        offset: page.map_or(0, |page| page.offset()),
        limit: page.map(|page| page.size),
    };
    let repo = open(world, global, Open::Read)?;
    let total = if listing.json {
        let found = repo.list_json(&query)?;
        let ids: Vec<ContactId> = found.contacts.iter().map(|contact| contact.id).collect();
        json::array(&world.ui, &found.contacts, &repo.external_ids(&ids)?)?;
        found.total
    } else if world.ui.terminal.stdout {
        let found = repo.list(&query)?;
        table::table(&world.ui, &found.contacts);
        found.total
    } else {
        let found = repo.list_brief(&query)?;
        table::lines(&world.ui, &found.contacts);
        found.total
    };
    if let Some(words) = page.and_then(|page| page.place_in(total)) {
        world.ui.say(words);
    }
    Ok(total)
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Page {
    /// From 1.
    number: u64,
    /// How many contacts it has, at least 1.
    size: u64,
}

impl Page {
    /// A person at a terminal gets a page; a program gets everything unless it asks for a page.
    fn of(listing: &Listing, terminal: bool) -> Option<Self> {
        let asked = listing.page.is_some() || listing.page_size.is_some();
        (asked || (terminal && !listing.json)).then(|| Self {
            number: listing.page.unwrap_or(1),
            size: listing.page_size.unwrap_or(PAGE_SIZE),
        })
    }

    fn offset(self) -> u64 {
        (self.number - 1).saturating_mul(self.size)
    }

    /// Where in the list this page is; `None` when it is all of it.
    fn place_in(self, total: u64) -> Option<String> {
        let pages = total.div_ceil(self.size);
        match self.number {
            _ if total == 0 => None,
            1 if pages == 1 => None,
            number if number > pages => {
                Some(format!("there is no page {number}; the last is {pages}"))
            }
            number if number == pages => Some(format!("page {number} of {pages}")),
            number => Some(format!("page {number} of {pages}, `--page {}` for more", number + 1)),
        }
    }
}

fn order(sort: SortBy) -> Sort {
    match sort {
        SortBy::Name => Sort::Name,
        SortBy::Created => Sort::Created,
        SortBy::Updated => Sort::Updated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{Stage, contact};
    use crate::ui::Terminal;

    fn listing(page: Option<u64>, page_size: Option<u64>, json: bool) -> Listing {
        Listing { sort: SortBy::Name, page, page_size, json }
    }

    #[test]
    fn a_person_gets_a_page_and_a_program_gets_everything() {
        let page = |number, size| Some(Page { number, size });
        // (options, terminal) -> page
        let cases = [
            (listing(None, None, false), true, page(1, 50)),
            (listing(None, None, false), false, None),
            (listing(None, None, true), true, None),
            (listing(Some(2), None, false), false, page(2, 50)),
            (listing(Some(2), None, true), true, page(2, 50)),
            (listing(None, Some(7), false), false, page(1, 7)),
        ];
        for (listing, terminal, expected) in cases {
            assert_eq!(Page::of(&listing, terminal), expected, "{listing:?} {terminal}");
        }
    }

    #[test]
    fn a_page_knows_its_place() {
        let cases = [
            (1, 0, None),
            (1, 50, None),
            (1, 51, Some("page 1 of 2, `--page 2` for more")),
            (2, 51, Some("page 2 of 2")),
            (3, 51, Some("there is no page 3; the last is 2")),
            (2, 50, Some("there is no page 2; the last is 1")),
            (u64::MAX, 50, Some("there is no page 18446744073709551615; the last is 1")),
        ];
        for (number, total, words) in cases {
            let page = Page { number, size: 50 };
            assert_eq!(page.place_in(total).as_deref(), words, "{number} {total}");
        }
    }

    #[test]
    fn the_place_in_the_list_is_talk_and_not_result() {
        let names: Vec<_> = (0..120u8).map(|n| contact(n, &format!("Contact {n:03}"))).collect();
        let terminal = Terminal { stdout: true, ..Terminal::default() };
        let stage = Stage::new().contacts(names).terminal(terminal);
        assert_eq!(stage.run(&["list", "--page", "2"]), Exit::Done);
        let stdout = stage.stdout();
        assert_eq!(stdout.lines().count(), 51, "{stdout}");
        assert!(stdout.contains("Contact 050") && stdout.contains("Contact 099"), "{stdout}");
        assert_eq!(stage.stderr(), "page 2 of 3, `--page 3` for more\n");
    }

    #[test]
    fn an_empty_store_is_no_failure() {
        for (args, stdout) in [(&["list"][..], ""), (&["list", "--json"][..], "[]\n")] {
            let stage = Stage::new();
            assert_eq!(stage.run(args), Exit::Done);
            assert_eq!(stage.stdout(), stdout);
            assert!(stage.stderr().contains("import vcard"), "{}", stage.stderr());
        }
    }
}
