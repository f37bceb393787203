//! Deletions here: last of all, guarded, and each of them proven.

use std::collections::HashSet;

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::action::Step;
use contactcmd_domain::sync::guard::{self, Doomed, MaxDelete, Side};
use contactcmd_domain::sync::plan::plan_gone;
use contactcmd_domain::sync::snapshot::{Here, Known, Linked};
use contactcmd_ports::{Book, ContactRepo};

use super::LOOKUP;
use super::cards::{Asked, aside};
use super::edits::never_seen;
use super::pages::Pages;
use super::waits::Waits;
use crate::remote::{Shelf, fetch};
use crate::ui::clean;
use crate::{Exit, Failure};

/// Names shown when a guard stops a run.
const NAMES_SHOWN: usize = 10;

impl Pages<'_, '_, '_> {
    /// Deletes here what is gone there. With `confirm`, only what a fetch does not find either: a
    /// card that is still there is taken as it is, and one that nobody can speak of is kept.
    ///
    /// While a card cannot be read that became unreadable no earlier than the other went, nothing is
    /// deleted: the one may be the other, moved.
    pub(super) async fn remove(&mut self, gone: Vec<Known>, confirm: bool) -> Result<(), Failure> {
        // Only who would be deleted waits: an edit comes back, and a tombstone goes, whoever else is there.
        let is_safe = |link: &&Known| link.here != Here::Same;
        let mut safe: HashSet<HrefKey> =
            gone.iter().filter(is_safe).map(|link| link.href.key()).collect();
        let is_moved = |link: &Known| self.moved.contains(&link.contact);
        let mut gone: Vec<Href> =
            gone.into_iter().filter(|link| !is_moved(link)).map(|link| link.href).collect();
        if confirm && !gone.is_empty() {
            gone = self.confirmed(gone).await?;
        }
        let (moved, absent): (Vec<_>, Vec<_>) = std::mem::take(&mut self.absent)
            .into_iter()
            .partition(|(contact, _)| self.moved.contains(contact));
        self.do_all(Vec::new(), moved.into_iter().map(|(_, href)| href.key()).collect())?;
        if !absent.is_empty() {
            // They were not in the outline, so no guard has seen them yet.
            gone.extend(absent.into_iter().map(|(_, href)| href));
            let keys: Vec<HrefKey> = gone.iter().map(Href::key).collect();
            let mut links = Vec::with_capacity(keys.len());
            for keys in keys.chunks(LOOKUP) {
                links.extend(self.store.read().known_at(self.book.id, keys)?);
            }
            safe.extend(links.iter().filter(is_safe).map(|link| link.href.key()));
            let gone = (Side::There, links.as_slice());
            guard_deletions(self.store.read(), self.book, gone, self.options.max_delete)?;
        }
        let (held, gone): (Vec<Href>, Vec<Href>) =
            gone.into_iter().partition(|href| !safe.contains(&href.key()) && self.must_wait(href));
        for hrefs in held.chunks(LOOKUP) {
            self.hold_back(hrefs)?;
        }
        for hrefs in gone.chunks(LOOKUP) {
            self.remove_page(hrefs).await?;
        }
        Ok(())
    }

    /// The guard over those that two runs did not find, as soon as they are known: before anything is sent.
    pub(super) fn guard_absent(&self, gone: &[Known]) -> Result<(), Failure> {
        let absent = self.absent.iter().filter(|(contact, _)| !self.moved.contains(contact));
        let keys: Vec<HrefKey> = absent.map(|(_, href)| href.key()).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let mut links = gone.to_vec();
        for keys in keys.chunks(LOOKUP) {
            links.extend(self.store.read().known_at(self.book.id, keys)?);
        }
        let gone = (Side::There, links.as_slice());
        guard_deletions(self.store.read(), self.book, gone, self.options.max_delete)
    }

    fn must_wait(&self, href: &Href) -> bool {
        let gone_since = self.pending.get(&href.key()).map_or(self.at, |note| note.since);
        self.unread_since.iter().any(|since| *since >= gone_since)
    }

    async fn confirmed(&mut self, gone: Vec<Href>) -> Result<Vec<Href>, Failure> {
        let (remote, shelf) = (self.remote, Shelf::of(self.book));
        let mut confirmed = Vec::with_capacity(gone.len());
        fetch(remote, shelf, gone, async |cards: Vec<Fetched>| {
            let (missing, rest): (Vec<Fetched>, Vec<Fetched>) =
                cards.into_iter().partition(|card| card.what == What::Missing);
            confirmed.extend(missing.into_iter().map(|card| card.href));
            if rest.is_empty() { Ok(()) } else { self.page(rest, Asked::ByGet).await }
        })
        .await?;
        Ok(confirmed)
    }

    fn hold_back(&mut self, hrefs: &[Href]) -> Result<(), Failure> {
        let keys: Vec<HrefKey> = hrefs.iter().map(Href::key).collect();
        let linked = self.linked_at(&keys)?;
        let held = linked.iter().map(|linked| {
            aside(linked.link.href.clone(), None, Some(linked), Waits::HeldBack.words().to_owned())
        });
        let held = held.collect();
        self.do_all(held, Vec::new())
    }

    async fn remove_page(&mut self, hrefs: &[Href]) -> Result<(), Failure> {
        let keys: Vec<HrefKey> = hrefs.iter().map(Href::key).collect();
        let mut linked = self.linked_at(&keys)?;
        linked
            .sort_by(|a, b| (&a.contact.name, a.contact.id).cmp(&(&b.contact.name, b.contact.id)));
        let mut settled: HashSet<HrefKey> = keys.into_iter().collect();
        let plan = |linked: &Linked| {
            let action = plan_gone(linked, self.options.choice);
            // What this direction leaves has to be told again.
            if matches!(action.step, Step::Wait) {
                settled.remove(&linked.link.href.key());
            }
            // That an edit was refused says nothing of a new card.
            let is_told = linked.link.etag.is_none()
                && action.step.is_sent()
                && self.is_refused(&linked.contact);
            (!is_told).then_some(action)
        };
        let actions = linked.iter().filter_map(plan).collect();
        self.carry_out(actions, settled.into_iter().collect()).await
    }
}

/// How many contacts of this book the server had: those that it was never seen to have would make an
/// emptied book look as if one were left. Whoever is `gone` counts.
pub(super) fn seen_count(
    repo: &dyn ContactRepo,
    book: &Book,
    gone: &[Known],
) -> Result<usize, Failure> {
    let mut unseen = never_seen(repo, book, &repo.edited(book.id)?)?;
    let gone: HashSet<ContactId> = gone.iter().map(|link| link.contact).collect();
    unseen.retain(|contact| !gone.contains(contact));
    let known = usize::try_from(repo.link_count(book.id)?).unwrap_or(usize::MAX);
    Ok(known.saturating_sub(unseen.len()))
}

/// Stops before the first write if more would be deleted than is allowed: `gone` are the links whose
/// card is gone from `side`, of which those that `here` names are deleted on the other.
///
/// # Errors
///
/// [`Exit::Guard`], with names, numbers and the option that allows it.
pub(super) fn guard_deletions(
    repo: &dyn ContactRepo,
    book: &Book,
    (side, gone): (Side, &[Known]),
    limit: MaxDelete,
) -> Result<(), Failure> {
    let wanted = match side {
        Side::There => Here::Same,
        Side::Here => Here::Deleted,
    };
    let deleted: Vec<&Known> = gone.iter().filter(|link| link.here == wanted).collect();
    if deleted.is_empty() {
        return Ok(());
    }
    let total = seen_count(repo, book, gone)?;
    let doomed = Doomed { deletes: deleted.len(), gone: gone.len(), total };
    let Err(refused) = guard::check(side, doomed, limit) else {
        return Ok(());
    };
    let keys: Vec<HrefKey> = deleted.iter().take(NAMES_SHOWN).map(|link| link.href.key()).collect();
    let names: Vec<String> = repo
        .linked_at(book.id, &keys)?
        .into_iter()
        .map(|linked| clean(&linked.contact.name).into_owned())
        .collect();
    let more = match deleted.len() - keys.len() {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let words = format!("{}: {refused}: {}{more}", clean(&book.info.name), names.join(", "));
    let undo = match side {
        Side::There => "",
        Side::Here => "; `contactcmd undo` brings back what was deleted here by mistake",
    };
    let hint = format!(
        "none of them was deleted; look with `--dry-run --max-delete {count}`, and if it is right run it \
         with `--max-delete {count}`{undo}",
        count = deleted.len()
    );
    Err(Failure::new(Exit::Guard, anyhow::Error::msg(words)).hint(hint))
}
