//! Where those who come back belong: in the books that they were deleted from.

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::Href;
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_ports::{Book, Change, ContactRepo, Page, Place, RunId};

use super::plan::Home;
use crate::Failure;
use crate::ui::clean;

/// Where each of these, who are gone, was when it went.
///
/// # Errors
///
/// [`Failure`] when the store cannot be read.
pub(super) fn find(
    repo: &dyn ContactRepo,
    gone: &[ContactId],
    run: RunId,
) -> Result<HashMap<ContactId, Vec<Home>>, Failure> {
    let mut homes = HashMap::new();
    if gone.is_empty() {
        return Ok(homes);
    }
    let books = repo.every_book()?;
    let mut given = HashSet::new();
    for id in gone {
        // The last that is known of one who is gone is how it went, whichever run that was.
        let Some(last) = repo.history(Some(*id), Page::first(1))?.pop() else { continue };
        let mut found = Vec::new();
        for Place { book, href } in last.places {
            let Some((account, known)) = books.iter().find(|(_, known)| known.id == book) else {
                continue;
            };
            let key = href.key();
            let is_taken = !repo.known_at(book, std::slice::from_ref(&key))?.is_empty();
            // A link there would be taken from its contact, which would look new.
            let href = if is_taken || !given.insert((book, key)) {
                another_href(known, &format!("{id}-{}", run.0))
            } else {
                href
            };
            let name = (books.len() > 1)
                .then(|| format!("{} of {}", clean(&known.info.name), clean(account)));
            found.push(Home { place: Place { book, href }, name });
        }
        homes.insert(*id, found);
    }
    Ok(homes)
}

/// Ties a contact to its place. Without a version or a base it is looked for there before it is sent.
pub(super) fn link(Home { place, .. }: Home, contact: ContactId) -> Change {
    let Place { book, href } = place;
    Change::Link { contact, book, link: Link { href, etag: None, base: None, seen: 0 } }
}

fn another_href(book: &Book, name: &str) -> Href {
    let book = book.info.location.href.as_str();
    let gap = if book.ends_with('/') { "" } else { "/" };
    Href::new(format!("{book}{gap}{name}.vcf"))
}
