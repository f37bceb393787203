//! What was changed here and of which the server knows nothing: edits, new contacts, deletions.

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{Href, HrefKey};
use contactcmd_domain::sync::outline::Outline;
use contactcmd_domain::sync::plan::{plan_edited, plan_unlinked};
use contactcmd_domain::sync::policy::Direction;
use contactcmd_domain::sync::snapshot::{Here, Known, StoredContact};
use contactcmd_ports::{Book, BookId, Change, ContactRepo, Subject};

use super::LOOKUP;
use super::again::Again;
use super::pages::Pages;
use crate::Failure;

/// The links whose contact was changed here, by what has to be done first.
#[derive(Debug, Default)]
pub(super) struct Edits {
    /// Edited here; the server names nothing new of them.
    pub(super) edited: Vec<Href>,
    /// Deleted here; the server names nothing new of them.
    pub(super) deleted: Vec<Known>,
    /// Deleted here, and not known to be gone there: what a guard looks at, before anything is read.
    pub(super) doomed: Vec<Known>,
    /// Their card has to be read first: its version is not known, or it was sent and never seen.
    pub(super) unknown: Vec<Href>,
}

impl Edits {
    /// Sorts what was changed here and is not in the outline already.
    pub(super) fn of(changed: Vec<Known>, outline: &Outline) -> Self {
        let named: HashSet<HrefKey> = outline
            .fetch
            .iter()
            .map(Href::key)
            .chain(outline.gone.iter().map(|link| link.href.key()))
            .collect();
        let gone: HashSet<HrefKey> = outline.gone.iter().map(|link| link.href.key()).collect();
        let mut edits = Self::default();
        let doomed = |link: &&Known| link.here == Here::Deleted && !gone.contains(&link.href.key());
        edits.doomed = changed.iter().filter(doomed).cloned().collect();
        for link in changed {
            match (&link.etag, link.here) {
                _ if named.contains(&link.href.key()) => {}
                (None, _) => edits.unknown.push(link.href),
                (Some(_), Here::Deleted) => edits.deleted.push(link),
                (Some(_), _) => edits.edited.push(link.href),
            }
        }
        edits
    }

    /// Leaves out those whose card is read all the same: they are planned by what is there.
    pub(super) fn leave_out(&mut self, hrefs: &[Href]) {
        let read: HashSet<HrefKey> = hrefs.iter().map(Href::key).collect();
        self.edited.retain(|href| !read.contains(&href.key()));
        self.deleted.retain(|link| !read.contains(&link.href.key()));
    }

    /// Those who were added again in the place of one whose card was never seen, or is not known any more:
    /// it has to be read before anything is sent.
    pub(super) fn look_first(&mut self, again: &[Again], outline: &Outline) {
        let gone: HashSet<HrefKey> = outline.gone.iter().map(|link| link.href.key()).collect();
        let links = again.iter().map(|one| &one.linked.link);
        let unknown = links.filter(|link| link.etag.is_none() && !gone.contains(&link.href.key()));
        self.unknown.extend(unknown.map(|link| link.href.clone()));
    }
}

/// In a push only cards are read that decide what is sent: those of contacts that were changed here,
/// and, where contacts are to be created, those that nobody knows. Gives whether anything is left
/// unread.
pub(super) fn narrow(
    repo: &dyn ContactRepo,
    book: BookId,
    outline: &mut Outline,
    creates: bool,
) -> Result<bool, Failure> {
    // One of those that nobody knows may be one that was edited here, moved.
    let moves = outline.unnamed.iter().any(|link| link.here != Here::Same);
    let before = outline.fetch.len();
    let mut keep = Vec::with_capacity(before);
    for hrefs in outline.fetch.chunks(LOOKUP) {
        let keys: Vec<HrefKey> = hrefs.iter().map(Href::key).collect();
        let known = repo.known_at(book, &keys)?;
        keep.extend(to_read(hrefs.iter().zip(keys), &known, creates || moves));
    }
    outline.fetch = keep.into_iter().cloned().collect();
    Ok(outline.fetch.len() < before)
}

/// Those of contacts that were changed here, and where `unknown` is wanted those of nobody.
fn to_read<'a>(
    hrefs: impl Iterator<Item = (&'a Href, HrefKey)>,
    known: &[Known],
    unknown: bool,
) -> Vec<&'a Href> {
    let known: HashMap<HrefKey, Here> =
        known.iter().map(|link| (link.href.key(), link.here)).collect();
    let wanted = |key: &HrefKey| known.get(key).map_or(unknown, |here| *here != Here::Same);
    hrefs.filter(|(_, key)| wanted(key)).map(|(href, _)| href).collect()
}

/// The contacts of these links whose card was sent and never seen: both sides never agreed on it.
pub(super) fn never_seen(
    repo: &dyn ContactRepo,
    book: &Book,
    links: &[Known],
) -> Result<HashSet<ContactId>, Failure> {
    let changed = |link: &&Known| link.etag.is_none() && link.here != Here::Same;
    let keys: Vec<HrefKey> = links.iter().filter(changed).map(|link| link.href.key()).collect();
    let mut found = HashSet::new();
    for keys in keys.chunks(LOOKUP) {
        let linked = repo.linked_at(book.id, keys)?;
        let unseen = linked.into_iter().filter(|one| one.link.base.is_none());
        found.extend(unseen.map(|one| one.contact.id));
    }
    Ok(found)
}

/// The links whose contact was changed here and not there. A deletion of what never was seen there is no
/// such change, though its tombstone waits for the card to turn up.
pub(super) fn unsent(repo: &dyn ContactRepo, book: &Book) -> Result<Vec<Known>, Failure> {
    let mut edited = repo.edited(book.id)?;
    let never_seen = never_seen(repo, book, &edited)?;
    edited.retain(|link| link.here != Here::Deleted || !never_seen.contains(&link.contact));
    Ok(edited)
}

impl Pages<'_, '_, '_> {
    /// Sends what was changed here, in this order: what was sent before and never seen, edits, new
    /// contacts, edits that an earlier run could not send; then deletions. What the server may refuse
    /// again must not look as if it took nothing at all.
    pub(super) async fn send_changes(&mut self, edits: &Edits) -> Result<(), Failure> {
        if self.options.choice.direction == Direction::Pull {
            return Ok(());
        }
        self.send_unseen().await?;
        let in_vain: HashSet<ContactId> = self.refused.keys().copied().collect();
        for hrefs in edits.edited.chunks(LOOKUP) {
            self.send_edited(hrefs, |contact| !in_vain.contains(contact)).await?;
        }
        if self.options.creates {
            self.send_new().await?;
        }
        if !in_vain.is_empty() {
            for hrefs in edits.edited.chunks(LOOKUP) {
                self.send_edited(hrefs, |contact| in_vain.contains(contact)).await?;
            }
        }
        for links in edits.deleted.chunks(LOOKUP) {
            let hrefs: Vec<Href> = links.iter().map(|link| link.href.clone()).collect();
            self.send_edited(&hrefs, |_| true).await?;
        }
        let deletions = std::mem::take(&mut self.deletions);
        self.send_out(deletions).await
    }

    /// Contacts that were deleted here and added again, unless their card was read already, or is not where
    /// it was: it may have moved, and sent there it would be there twice where a book may have two cards of
    /// one UID (Q99).
    pub(super) async fn send_again(
        &mut self,
        again: Vec<Again>,
        asked: &HashSet<HrefKey>,
    ) -> Result<(), Failure> {
        self.met.extend(again.iter().map(|one| one.linked.contact.id));
        if self.options.choice.direction == Direction::Pull {
            return Ok(());
        }
        let unread = again.iter().filter(|one| !asked.contains(&one.linked.link.href.key()));
        let choice = self.options.choice;
        let actions = unread.map(|one| plan_edited(&one.linked, choice)).collect();
        self.carry_out(actions, Vec::new()).await
    }

    async fn send_edited(
        &mut self,
        hrefs: &[Href],
        wanted: impl Fn(&ContactId) -> bool,
    ) -> Result<(), Failure> {
        let keys: Vec<HrefKey> = hrefs.iter().map(Href::key).collect();
        let mut linked = self.store.read().linked_at(self.book.id, &keys)?;
        linked
            .sort_by(|a, b| (&a.contact.name, a.contact.id).cmp(&(&b.contact.name, b.contact.id)));
        let fresh = linked
            .iter()
            .filter(|linked| wanted(&linked.contact.id) && !self.is_refused(&linked.contact))
            // What is there now could not be read: nothing is written over it.
            .filter(|linked| !self.pending.contains_key(&linked.link.href.key()));
        let actions = fresh.map(|linked| plan_edited(linked, self.options.choice)).collect();
        self.carry_out(actions, Vec::new()).await
    }

    async fn send_new(&mut self) -> Result<(), Failure> {
        let mut free = std::mem::take(&mut self.free);
        // One that a person has to decide about, in whatever book, may turn out to be there already.
        let undecided =
            if free.is_empty() { Vec::new() } else { self.store.read().conflicts(None)? };
        let undecided: HashSet<ContactId> = undecided.iter().map(|one| one.contact).collect();
        free.retain(|id| !self.met.contains(id) && !undecided.contains(id));
        self.store.note_met(free.iter().copied());
        for ids in free.chunks(LOOKUP) {
            let mut contacts = self.store.read().contacts(ids)?;
            contacts.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
            contacts.retain(|contact| !self.is_refused(contact));
            let choice = self.options.choice;
            let actions = contacts.iter().map(|contact| plan_unlinked(contact, choice)).collect();
            self.carry_out(actions, Vec::new()).await?;
        }
        Ok(())
    }

    /// Notes on contacts with nothing left to send are over: what was sent and not seen has turned up, or
    /// the edit was taken back.
    pub(super) fn settle_notes(&mut self) -> Result<(), Failure> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let repo = self.store.read();
        let edited = unsent(repo, self.book)?.into_iter().map(|link| link.contact);
        let new = repo.unlinked()?.into_iter().map(|contact| contact.id);
        let waiting: HashSet<ContactId> = edited.chain(new).collect();
        for (_, note) in self.refused.iter().filter(|(contact, _)| waiting.contains(contact)) {
            self.telling.remind(note);
        }
        let over = self.refused.keys().filter(|contact| !waiting.contains(contact));
        let settle = |contact: &ContactId| Change::Settle {
            book: self.book.id,
            subject: Subject::Contact(*contact),
        };
        let changes: Vec<Change> = over.map(settle).collect();
        self.store_now(&changes)
    }

    /// Whether a server refused just this edit for good, and it is not to be tried all the same: in a run
    /// that compares everything, everything is tried. Whoever was deleted since is no edit any more.
    pub(super) fn is_refused(&self, contact: &StoredContact) -> bool {
        let refused = self.refused.get(&contact.id);
        !self.options.full
            && !contact.deleted
            && refused.is_some_and(|note| note.tried == Some(contact.edited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_reads_what_was_changed_here_of_a_book_of_any_size() {
        const MANY: usize = 50_000;
        let href = |at: usize| Href::new(format!("/book/{at}.vcf"));
        let hrefs: Vec<Href> = (0..MANY).map(href).collect();
        // All but the first ten are known, every thousandth was edited.
        let known: Vec<Known> = (10..MANY)
            .rev()
            .map(|at| Known {
                contact: ContactId::from_random([1; 16]),
                href: href(at),
                etag: None,
                here: if at % 1000 == 0 { Here::Edited } else { Here::Same },
            })
            .collect();
        let read = |unknown| {
            let keyed = hrefs.iter().map(|href| (href, href.key()));
            to_read(keyed, &known, unknown).len()
        };
        assert_eq!((read(false), read(true)), (49, 59));
    }
}
