//! The engine: gather, outline, guard, then page by page fetch, plan, apply; deletions last.
//!
//! It decides nothing: what to do is planned in the domain, how to ask is the remote's business, and
//! what is stored is the repo's. Its own is the order of things, which keeps the promises: nothing
//! is deleted before everything else was done, and the token is stored last of all.

mod again;
mod cards;
mod changes;
mod conflicts;
mod edits;
mod gather;
mod lost;
mod notes;
mod pages;
mod people;
mod removal;
mod report;
mod send;
mod store;
mod telling;
mod twins;
mod waits;

use std::collections::HashSet;

use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::dav::{Href, HrefKey};
use contactcmd_domain::sync::action::Action;
use contactcmd_domain::sync::gather::{Because, looks_wrong};
use contactcmd_domain::sync::guard::{MaxDelete, Side};
use contactcmd_domain::sync::outline::{self, Outline};
use contactcmd_domain::sync::plan::Choice;
use contactcmd_domain::sync::policy::Direction;
use contactcmd_domain::sync::snapshot::Known;
use contactcmd_ports::{Book, Conflict, ContactRepo, Pending, Progress, Subject};

pub use report::{ActionReport, BookReport, Counts, FailedAccount, RunReport};
pub use store::Store;

use crate::Failure;
use crate::remote::Remote;
use crate::ui::progress::Progress as Bar;
use again::Again;
use edits::{Edits, narrow, never_seen, unsent};
use gather::{Gathered, News, everything, gather};
use pages::Pages;
use removal::{guard_deletions, seen_count};
use send::parcel::is_writable;
use telling::Telling;

/// What the user asked of a run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Direction and force.
    pub choice: Choice,
    /// Whether to compare everything.
    pub full: bool,
    /// Whether contacts that are in no book are created in this one.
    pub creates: bool,
    /// How much may be deleted.
    pub max_delete: MaxDelete,
    /// Whether the report lists every action.
    pub list_actions: bool,
}

/// One run over some books of one server.
pub struct Session<'a, 'w> {
    /// The server.
    pub remote: &'a Remote<'w>,
    /// What the user asked for.
    pub options: Options,
    /// Where progress is shown.
    pub bar: &'a Bar,
    /// Sees every action that is shown by name, as it is planned, in a dry run and in a real one.
    pub show: &'a mut dyn FnMut(&Action),
}

/// Hrefs looked up in the store at once.
const LOOKUP: usize = 500;

impl Session<'_, '_> {
    /// Brings one book and the server to the same state, as far as the direction allows. `report` says how far it came.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the book as a whole could not be finished. What was applied before is kept,
    /// the token is not stored, and the next run goes on from there.
    pub async fn run(
        &mut self,
        store: &mut Store<'_>,
        book: &Book,
        report: &mut BookReport,
    ) -> Result<(), Failure> {
        let remote = self.remote;
        if !is_writable(&book.info) && self.options.choice.direction != Direction::Pull {
            return self.run_read_only(store, book, report).await;
        }
        let (gathered, plan) = gather_and_sketch(remote, store, book, self.options.full).await?;
        report.full = gathered.because.is_some();
        if let Some(because) = gathered.because {
            let name = &book.info.name;
            remote.world().ui.detail(format!("{name}: comparing everything: {because}"));
        }
        let mut todo = self.survey(store, book, plan)?;
        self.guard(store, book, &todo)?;
        store.apply((remote.world().now)(), &again::changes(&todo.again, book))?;
        let unread = self.options.choice.direction == Direction::Push
            && narrow(store.read(), book.id, &mut todo.outline, self.options.creates)?;
        let Todo { mut outline, mut edits, again, conflicts } = todo;
        let pending = store.read().pending(Some(book.id))?;
        let waiting = once_more(store.read(), book, &outline, (&pending, &conflicts))?;
        if self.options.choice.direction == Direction::Pull
            && outline.fetch.is_empty()
            && waiting.is_empty()
        {
            // Nothing is sent, and there is no card that could be one of theirs: it may wait.
            edits.unknown.clear();
        }
        edits.leave_out(&waiting);
        self.bar.found(outline.fetch.len() + waiting.len());

        let telling = Telling {
            bar: self.bar,
            report,
            show: self.show,
            list_actions: self.options.list_actions,
            unsent: HashSet::new(),
        };
        let mut pages = Pages::new(remote, store, book, self.options, telling);
        if pages.store.is_dry() {
            pages.successors = again::successors(&again);
        }
        pages.prepare(&outline, pending, conflicts)?;
        outline.fetch.extend(waiting);
        // Read twice, a card would find nobody to belong to the second time.
        let mut asked: HashSet<HrefKey> = edits.unknown.iter().map(Href::key).collect();
        outline.fetch.retain(|href| asked.insert(href.key()));
        asked.extend(outline.gone.iter().map(|link| link.href.key()));
        pages.look_for_lost(edits.unknown.clone()).await?;
        pages.fetch(outline.fetch).await?;
        pages.plan_unlisted().await?;
        pages.guard_absent(&outline.gone)?;
        pages.send_again(again, &asked).await?;
        pages.send_changes(&edits).await?;
        // An absence from a listing counts once a fetch confirmed it; a 404 in a report is explicit.
        let any_gone = !outline.gone.is_empty();
        pages.remove(outline.gone, matches!(gathered.news, News::Full(..))).await?;
        pages.settle_notes()?;
        pages.store.note_met(std::mem::take(&mut pages.met));
        if gathered.because.is_some() {
            pages.note_cut(outline.cut.as_deref())?;
        }
        let left = unread || pages.left || any_gone;
        if self.options.choice.direction != Direction::Push || !left {
            finish(store, book, gathered, (remote.world().now)())?;
        }
        self.summarise(store, book, report)
    }

    /// What there is to do, before any card is read.
    fn survey(
        &self,
        store: &Store<'_>,
        book: &Book,
        mut outline: Outline,
    ) -> Result<Todo, Failure> {
        let again = if self.options.creates { again::find(store, book)? } else { Vec::new() };
        let conflicts = store.read().conflicts(Some(book.id))?;
        // What was sent and never confirmed was never there to be deleted.
        let unseen = never_seen(store.read(), book, &outline.gone)?;
        let is_open = |link: &Known| conflicts.iter().any(|one| one.contact == link.contact);
        outline.gone.retain(|link| !unseen.contains(&link.contact) || is_open(link));
        let mut changed = store.read().edited(book.id)?;
        changed.retain(|link| again.iter().all(|one| one.old != link.contact));
        let mut edits = Edits::of(changed, &outline);
        edits.look_first(&again, &outline);
        let unseen = never_seen(store.read(), book, &edits.doomed)?;
        edits.doomed.retain(|link| !unseen.contains(&link.contact));
        if self.options.choice.direction == Direction::Pull {
            edits = Edits { unknown: edits.unknown, ..Edits::default() };
        }
        Ok(Todo { outline, edits, again, conflicts })
    }

    /// The guards in both directions, before the first write.
    fn guard(&self, store: &Store<'_>, book: &Book, todo: &Todo) -> Result<(), Failure> {
        let limit = self.options.max_delete;
        let gone = &todo.outline.gone;
        // A push deletes nothing here; that the book is empty stops it all the same.
        let is_push = self.options.choice.direction == Direction::Push;
        if !is_push || gone.is_empty() || gone.len() >= seen_count(store.read(), book, gone)? {
            guard_deletions(store.read(), book, (Side::There, gone), limit)?;
        }
        guard_deletions(store.read(), book, (Side::Here, &todo.edits.doomed), limit)
    }

    /// Counts what still waits for somebody, earlier runs included.
    fn summarise(
        &self,
        store: &Store<'_>,
        book: &Book,
        report: &mut BookReport,
    ) -> Result<(), Failure> {
        let repo = store.read();
        let (conflicts, pending) =
            (repo.conflicts(Some(book.id))?.len(), repo.pending(Some(book.id))?.len());
        let sends = self.options.choice.direction != Direction::Pull;
        if store.is_dry() {
            // What it found now comes on top of, or is among, what waited before.
            report.conflicts = report.conflicts.max(conflicts);
            report.set_aside = report.set_aside.max(pending);
        } else {
            (report.conflicts, report.set_aside) = (conflicts, pending);
        }
        report.pending_edits = match store.is_dry() && sends {
            true => 0,
            false => self.unsent_edits(repo, book)?,
        };
        report.unsent = sends && report.pending_edits > 0;
        Ok(())
    }

    /// How many changes here the server does not have.
    fn unsent_edits(&self, repo: &dyn ContactRepo, book: &Book) -> Result<usize, Failure> {
        let new = if self.options.creates { repo.unlinked_count()? } else { 0 };
        Ok(unsent(repo, book)?.len() + new)
    }

    /// A book that takes no writes is only read; what was changed here stays and is counted.
    async fn run_read_only(
        &mut self,
        store: &mut Store<'_>,
        book: &Book,
        report: &mut BookReport,
    ) -> Result<(), Failure> {
        let options = self.options;
        if options.choice.direction == Direction::Sync {
            self.options.choice.direction = Direction::Pull;
            let read = Box::pin(self.run(store, book, report)).await;
            self.options = options;
            read?;
        }
        report.pending_edits = self.unsent_edits(store.read(), book)?;
        report.unsent = report.pending_edits > 0;
        if report.unsent {
            let name = &book.info.name;
            self.remote.world().ui.warn(format_args!("{name} is read-only: nothing is sent to it"));
        }
        Ok(())
    }
}

/// What one run of a book has to do.
struct Todo {
    outline: Outline,
    edits: Edits,
    again: Vec<Again>,
    conflicts: Vec<Conflict>,
}

/// What the server says, against what is known here; everything is compared at once where what it
/// says cannot be right (Q55).
async fn gather_and_sketch(
    remote: &Remote<'_>,
    store: &Store<'_>,
    book: &Book,
    full_asked: bool,
) -> Result<(Gathered, Outline), Failure> {
    let repo = store.read();
    let never_finished = book.progress.full_at.is_none();
    let nothing_known = never_finished && repo.link_count(book.id)? == 0;
    let gathered = gather(remote, book, nothing_known, full_asked).await?;
    let plan = sketch(store, book, &gathered.news)?;
    if gathered.because.is_none()
        && plan.changed_and_known > 0
        && looks_wrong(plan.changed_and_known, repo.link_count(book.id)?)
    {
        let gathered = everything(remote, book, Because::LooksWrong).await?;
        let plan = sketch(store, book, &gathered.news)?;
        return Ok((gathered, plan));
    }
    Ok((gathered, plan))
}

fn sketch(store: &Store<'_>, book: &Book, news: &News) -> Result<Outline, Failure> {
    let repo = store.read();
    match news {
        News::Nothing => Ok(Outline::default()),
        News::Delta(delta) => {
            let mut known = Vec::new();
            for keys in outline::named_by(delta).chunks(LOOKUP) {
                known.extend(repo.known_at(book.id, keys)?);
            }
            Ok(outline::of_delta(delta, known))
        }
        News::Full(listing, report) => {
            let plan = outline::of_full(listing, repo.known(book.id)?);
            Ok(match report {
                Some(report) => outline::with_report(plan, listing, report),
                None => plan,
            })
        }
    }
}

/// Cards to be fetched that nothing named: what could not be done before is tried again, and two that
/// differ may have come to agree.
fn once_more(
    repo: &dyn ContactRepo,
    book: &Book,
    plan: &Outline,
    (pending, conflicts): (&[Pending], &[Conflict]),
) -> Result<Vec<Href>, Failure> {
    let place = &book.info.location.href;
    let mut planned: HashSet<HrefKey> = plan.fetch.iter().map(Href::key).collect();
    planned.extend(plan.gone.iter().map(|link| link.href.key()));
    planned.insert(place.key());
    let mut hrefs: Vec<Href> = pending
        .iter()
        .filter_map(|note| match &note.subject {
            Subject::Card(href) => Some(href.clone()),
            Subject::Contact(_) => None,
        })
        .collect();
    let ids: Vec<_> = conflicts.iter().map(|conflict| conflict.contact).collect();
    if !ids.is_empty() {
        let places = repo.external_ids(&ids)?.into_iter().map(|(_, id)| id.href);
        hrefs.extend(places.filter(|href| href.is_below(place)));
    }
    hrefs.retain(|href| planned.insert(href.key()));
    Ok(hrefs)
}

/// Stores how far the book is, after everything before it was applied or is pending. A run in which
/// nothing happened writes nothing.
fn finish(
    store: &mut Store<'_>,
    book: &Book,
    gathered: Gathered,
    now: Timestamp,
) -> Result<(), Failure> {
    let old = &book.progress;
    let Gathered { because, token, ctag, quirks, .. } = gathered;
    if because.is_none() && token == old.sync_token && ctag == old.ctag && quirks == old.quirks {
        return Ok(());
    }
    let full_at = if because.is_some() { Some(now) } else { old.full_at };
    let progress = Progress { sync_token: token, ctag, token_at: Some(now), full_at, quirks };
    Ok(store.save_progress(book.id, &progress)?)
}
