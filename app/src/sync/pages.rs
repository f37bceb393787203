//! Page by page: fetch, plan, apply. Memory is bounded by the page, not by the book.

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::dav::{ETag, Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::outline::Outline;
use contactcmd_domain::sync::plan::{Action, Choice, Match, RemoteCard, Step, plan_card, plan_gone};
use contactcmd_domain::sync::snapshot::{Known, Linked};
use contactcmd_domain::vcard::Card;
use contactcmd_ports::{Book, Change, Conflict, Pending, Subject};

use super::changes::{Scene, changes};
use super::people::{People, Somebody, by_href};
use super::report::{ActionReport, BookReport};
use super::store::Store;
use super::LOOKUP;
use crate::Failure;
use crate::remote::{Remote, RemoteError, fetch};
use crate::ui::progress::Progress as Bar;

/// What a run tells while it goes on.
pub(super) struct Telling<'a> {
    pub(super) bar: &'a Bar,
    pub(super) report: &'a mut BookReport,
    pub(super) show: &'a mut dyn FnMut(&Action),
    /// Whether `report` lists every action.
    pub(super) list_actions: bool,
}

/// The pages of one book.
pub(super) struct Pages<'a, 'w, 's> {
    remote: &'a Remote<'w>,
    store: &'a mut Store<'s>,
    book: &'a Book,
    choice: Choice,
    telling: Telling<'a>,
    people: People,
    pending: HashMap<HrefKey, Pending>,
    /// Conflicts that nobody decided yet.
    conflicts: HashMap<ContactId, Conflict>,
    /// Contacts whose card turned up at another href: not gone.
    moved: HashSet<ContactId>,
    /// Cards that were named in an earlier run, and were not there in either.
    absent: Vec<(ContactId, Href)>,
    /// Cards that are new and could not be had: one of them may be a moved one.
    unread: usize,
}

impl<'a, 'w, 's> Pages<'a, 'w, 's> {
    pub(super) fn new(
        remote: &'a Remote<'w>,
        store: &'a mut Store<'s>,
        book: &'a Book,
        choice: Choice,
        telling: Telling<'a>,
    ) -> Self {
        Self {
            remote,
            store,
            book,
            choice,
            telling,
            people: People::new(Vec::new(), Vec::new()),
            pending: HashMap::new(),
            conflicts: HashMap::new(),
            moved: HashSet::new(),
            absent: Vec::new(),
            unread: 0,
        }
    }

    /// Reads who could be met: contacts without a link, cards that may have moved, what is pending.
    pub(super) fn prepare(
        &mut self,
        outline: &Outline,
        pending: Vec<Pending>,
    ) -> Result<(), Failure> {
        for note in pending {
            if let Subject::Card(href) = &note.subject {
                self.pending.insert(href.key(), note);
            }
        }
        if outline.fetch.is_empty() {
            return Ok(());
        }
        let repo = self.store.read();
        for conflict in repo.conflicts(Some(self.book.id))? {
            self.conflicts.insert(conflict.contact, conflict);
        }
        let mut keys: Vec<HrefKey> = outline.unnamed.iter().map(|link| link.href.key()).collect();
        keys.extend(self.pending.keys().cloned());
        let mut unnamed = Vec::with_capacity(keys.len());
        for keys in keys.chunks(LOOKUP) {
            unnamed.extend(repo.linked_at(self.book.id, keys)?);
        }
        self.people = People::new(repo.unlinked()?, unnamed);
        Ok(())
    }

    /// Fetches these cards and does what each of them asks for.
    pub(super) async fn fetch(&mut self, hrefs: Vec<Href>) -> Result<(), Failure> {
        let (remote, book) = (self.remote, self.book);
        let quirks = &book.progress.quirks;
        fetch(remote, &book.info.location, quirks, hrefs, |batch| self.page(batch)).await
    }

    /// Deletes here what is gone there. With `confirm`, only what a fetch does not find either: a
    /// card that is still there is taken as it is, and one that nobody can speak of is kept.
    ///
    /// While a new card cannot be read nothing is deleted: the one may be the other, moved. What is
    /// gone is noted then, and deleted by the next run that does not find it either.
    pub(super) async fn remove(&mut self, gone: Vec<Known>, confirm: bool) -> Result<(), Failure> {
        let mut gone: Vec<Href> = gone
            .into_iter()
            .filter(|link| !self.moved.contains(&link.contact))
            .map(|link| link.href)
            .collect();
        if confirm && !gone.is_empty() {
            gone = self.confirmed(gone).await?;
        }
        let absent = std::mem::take(&mut self.absent);
        let absent = absent.into_iter().filter(|(contact, _)| !self.moved.contains(contact));
        gone.extend(absent.map(|(_, href)| href));
        for hrefs in gone.chunks(LOOKUP) {
            if self.unread > 0 {
                self.hold_back(hrefs)?;
            } else {
                self.remove_page(hrefs)?;
            }
        }
        Ok(())
    }

    fn hold_back(&mut self, hrefs: &[Href]) -> Result<(), Failure> {
        let keys: Vec<HrefKey> = hrefs.iter().map(Href::key).collect();
        let linked = self.store.read().linked_at(self.book.id, &keys)?;
        let actions = linked.iter().map(|linked| {
            let why = "gone from the server; kept until the cards set aside can be read".to_owned();
            aside(linked.link.href.clone(), None, Some(linked), why)
        });
        let actions = actions.collect();
        self.do_all(actions, Vec::new())
    }

    async fn confirmed(&mut self, gone: Vec<Href>) -> Result<Vec<Href>, Failure> {
        let (remote, book) = (self.remote, self.book);
        let quirks = &book.progress.quirks;
        let mut confirmed = Vec::with_capacity(gone.len());
        fetch(remote, &book.info.location, quirks, gone, |batch: Vec<Fetched>| {
            let (missing, rest): (Vec<Fetched>, Vec<Fetched>) =
                batch.into_iter().partition(|card| card.what == What::Missing);
            confirmed.extend(missing.into_iter().map(|card| card.href));
            if rest.is_empty() { Ok(()) } else { self.page(rest) }
        })
        .await?;
        Ok(confirmed)
    }

    fn remove_page(&mut self, hrefs: &[Href]) -> Result<(), Failure> {
        let keys: Vec<HrefKey> = hrefs.iter().map(Href::key).collect();
        let mut linked = self.store.read().linked_at(self.book.id, &keys)?;
        linked.sort_by(|a, b| (&a.contact.name, a.contact.id).cmp(&(&b.contact.name, b.contact.id)));
        let actions = linked.iter().map(|linked| plan_gone(linked, self.choice)).collect();
        let settled = keys.into_iter().filter(|key| self.pending.contains_key(key)).collect();
        self.do_all(actions, settled)
    }

    /// Plans and does one page.
    fn page(&mut self, batch: Vec<Fetched>) -> Result<(), Failure> {
        if self.remote.world().interrupt.is_raised() {
            return Err(RemoteError::Interrupted.into());
        }
        let keys: Vec<HrefKey> = batch.iter().map(|card| card.href.key()).collect();
        let mut linked = by_href(self.store.read().linked_at(self.book.id, &keys)?);
        self.telling.bar.downloaded(keys.len());
        let mut actions = Vec::with_capacity(keys.len());
        let mut settled = Vec::new();
        for (fetched, key) in batch.into_iter().zip(keys) {
            let link = linked.remove(&key);
            let action = self.plan_one(fetched, &key, link.as_ref());
            let stays_pending = matches!(&action, Some(Action { step: Step::SetAside { .. }, .. }));
            // One that could not be read in an earlier run either was not moved in this one.
            if stays_pending && link.is_none() && !self.pending.contains_key(&key) {
                self.unread += 1;
            }
            let is_absent = self.absent.last().is_some_and(|(_, href)| href.key() == key);
            if self.pending.contains_key(&key) && !stays_pending && !is_absent {
                settled.push(key);
            }
            actions.extend(action);
        }
        let count = actions.len();
        self.do_all(actions, settled)?;
        self.telling.bar.stored(count);
        Ok(())
    }

    fn plan_one(
        &mut self,
        fetched: Fetched,
        key: &HrefKey,
        linked: Option<&Linked>,
    ) -> Option<Action> {
        let Fetched { href, etag, what } = fetched;
        let trouble = match what {
            What::Card(bytes) | What::Damaged(bytes) => {
                let remote = RemoteCard { href, etag, card: Card::parse(bytes) };
                return Some(self.plan_card(remote, linked));
            }
            What::Missing => match (linked, self.pending.contains_key(key)) {
                // Nobody knew it, and it is gone again.
                (None, _) => return None,
                // Not there when asked for, in two runs: it is gone (Q67), if it was not moved.
                (Some(linked), true) => {
                    self.absent.push((linked.contact.id, href));
                    return None;
                }
                (Some(_), false) => "the server names it, but does not have it".to_owned(),
            },
            What::Moved(to) => format!("the server says that it moved to {to}"),
            What::Refused(0) => "the server failed on it".to_owned(),
            What::Refused(status) => format!("the server answered {status} for it"),
            What::NoData => "the server gives no text for it".to_owned(),
        };
        Some(aside(href, etag, linked, trouble))
    }

    fn plan_card(&mut self, remote: RemoteCard, linked: Option<&Linked>) -> Action {
        if let Some(linked) = linked {
            return plan_card(remote, Match::Linked(linked), self.choice);
        }
        let somebody = self.people.meet(&remote.card);
        if let Somebody::Moved(linked) = &somebody {
            self.moved.insert(linked.contact.id);
        }
        plan_card(remote, somebody.as_match(), self.choice)
    }

    /// Shows, counts and does these actions, in one transaction.
    fn do_all(&mut self, actions: Vec<Action>, settled: Vec<HrefKey>) -> Result<(), Failure> {
        let world = self.remote.world();
        let new_id = || ContactId::from_random((world.random)());
        let at = (world.now)();
        let scene = Scene { book: self.book.id, at, new_id: &new_id };
        let mut todo = Vec::with_capacity(actions.len() * 2 + settled.len());
        for action in actions {
            self.telling.tell(&action);
            if !self.store.is_dry() {
                todo.extend(self.agreement(&action, at));
                changes(action, &scene, &mut todo);
            }
        }
        for key in settled {
            if let Some(note) = self.pending.remove(&key) {
                todo.push(Change::Settle { book: note.book, subject: note.subject });
            }
        }
        Ok(self.store.apply(at, &todo)?)
    }

    /// A conflict is over once both sides have one text again; its texts stay.
    fn agreement(&mut self, action: &Action, at: Timestamp) -> Option<Change> {
        let agreed = matches!(
            action.step,
            Step::Rebase { .. } | Step::Refresh { .. } | Step::UpdateHere { .. }
        );
        let conflict = action.contact.filter(|_| agreed).and_then(|id| self.conflicts.remove(&id))?;
        let decided = Some("both sides agree again".to_owned());
        Some(Change::Conflict(Conflict { decided, at, ..conflict }))
    }

    /// Notes that the server cannot list everything, or that it can again: visible until then, since
    /// the cards beyond the cut can neither be seen nor taken for deleted (Q59).
    pub(super) fn note_cut(&mut self, cut: Option<&str>) -> Result<(), Failure> {
        let href = &self.book.info.location.href;
        let before = self.pending.remove(&href.key());
        match cut {
            Some(why) => {
                let why = format!("the server does not list the whole book: {why}");
                let mut action = aside(href.clone(), None, None, why);
                action.name.clone_from(&self.book.info.name);
                self.do_all(vec![action], Vec::new())
            }
            None => {
                let settle = before.map(|note| Change::Settle {
                    book: note.book,
                    subject: note.subject,
                });
                let at = (self.remote.world().now)();
                Ok(self.store.apply(at, settle.as_slice())?)
            }
        }
    }
}

impl Telling<'_> {
    fn tell(&mut self, action: &Action) {
        self.report.count(action);
        if action.step.is_shown() {
            (self.show)(action);
            if self.list_actions {
                self.report.actions.push(ActionReport::from(action));
            }
        }
    }
}

fn aside(href: Href, etag: Option<ETag>, linked: Option<&Linked>, reason: String) -> Action {
    let (name, contact) = match linked {
        Some(linked) => (linked.contact.name.clone(), Some(linked.contact.id)),
        None => (href.file_name(), None),
    };
    let step = Step::SetAside { href, etag };
    Action { name, contact, step, fields: Vec::new(), reason: Some(reason) }
}
