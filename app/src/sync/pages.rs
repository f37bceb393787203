//! Page by page: fetch, plan, apply. Memory is bounded by the page, not by the book.

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::dav::{ETag, Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::action::{Action, RemoteCard, Step};
use contactcmd_domain::sync::outline::Outline;
use contactcmd_domain::sync::policy::Direction;
use contactcmd_domain::sync::snapshot::{Link, Linked};
use contactcmd_ports::{Book, Change, Conflict, Pending, Subject};

use super::cards::{Asked, Planned};
use super::changes::{Scene, changes};
use super::conflicts::Conflicts;
use super::people::{People, by_href};
use super::send::Post;
use super::store::Store;
use super::telling::Telling;
use super::{LOOKUP, Options};
use crate::Failure;
use crate::remote::{Remote, RemoteError, Shelf, fetch, fetch_each};

/// The pages of one book.
pub(super) struct Pages<'a, 'w, 's> {
    pub(super) remote: &'a Remote<'w>,
    pub(super) store: &'a mut Store<'s>,
    pub(super) book: &'a Book,
    pub(super) options: Options,
    pub(super) telling: Telling<'a>,
    pub(super) people: People,
    /// Whether any card of this book is known here, so that a new one may be one of them.
    pub(super) any_known: bool,
    /// When this run reads and writes: one moment for all of it.
    pub(super) at: Timestamp,
    pub(super) pending: HashMap<HrefKey, Pending>,
    /// Conflicts that nobody decided yet.
    pub(super) conflicts: Conflicts,
    /// Contacts that could not be sent in an earlier run.
    pub(super) refused: HashMap<ContactId, Pending>,
    /// Whether anything there was left as it is.
    pub(super) left: bool,
    /// Contacts without a link in any book.
    pub(super) free: Vec<ContactId>,
    /// Those of them that met a card.
    pub(super) met: HashSet<ContactId>,
    /// Links to cards that were sent and never seen, and are not there.
    pub(super) never_seen: Vec<Href>,
    /// Cards of such links that are not missing, though neither listing nor report named them there.
    pub(super) unlisted: Vec<Fetched>,
    /// Links to be stored before anything is sent: whoever meets a card is tied to it, whatever becomes
    /// of the write.
    pub(super) ties: Vec<Change>,
    /// Deletions there: last of all.
    pub(super) deletions: Vec<Action>,
    /// What is to be sent after what is being sent.
    pub(super) later: Vec<Action>,
    pub(super) post: Post,
    /// Why the run ends once what was sent is stored.
    pub(super) failed: Option<RemoteError>,
    /// Contacts whose card turned up at another href: not gone.
    pub(super) moved: HashSet<ContactId>,
    /// What this run's listing or report named as there.
    pub(super) named: HashSet<HrefKey>,
    /// Linked cards that were not there in an earlier run, nor are in this one, and that nothing names.
    pub(super) absent: Vec<(ContactId, Href)>,
    /// Cards that a multiget called missing: to be asked for once more, each by itself.
    pub(super) doubted: Vec<Href>,
    /// New cards whose UID is that of a card at another href, which decides who they are.
    pub(super) twins: Vec<(RemoteCard, Href)>,
    /// In a dry run, who was deleted here and added again since: a run that writes has stored it.
    pub(super) successors: HashMap<ContactId, Linked>,
    /// Since when cards without a contact cannot be read: one of them may be a moved one.
    pub(super) unread_since: Vec<Timestamp>,
}

impl<'a, 'w, 's> Pages<'a, 'w, 's> {
    pub(super) fn new(
        remote: &'a Remote<'w>,
        store: &'a mut Store<'s>,
        book: &'a Book,
        options: Options,
        telling: Telling<'a>,
    ) -> Self {
        Self {
            at: (remote.world().now)(),
            remote,
            store,
            book,
            options,
            telling,
            people: People::default(),
            any_known: false,
            pending: HashMap::new(),
            conflicts: Conflicts::default(),
            refused: HashMap::new(),
            left: false,
            free: Vec::new(),
            met: HashSet::new(),
            never_seen: Vec::new(),
            unlisted: Vec::new(),
            ties: Vec::new(),
            deletions: Vec::new(),
            later: Vec::new(),
            post: Post::default(),
            failed: None,
            moved: HashSet::new(),
            named: HashSet::new(),
            absent: Vec::new(),
            doubted: Vec::new(),
            twins: Vec::new(),
            successors: HashMap::new(),
            unread_since: Vec::new(),
        }
    }

    /// Reads who could be met: contacts without a link, cards that may have moved, what is pending.
    pub(super) fn prepare(
        &mut self,
        outline: &Outline,
        pending: Vec<Pending>,
        conflicts: Vec<Conflict>,
    ) -> Result<(), Failure> {
        self.named.extend(outline.fetch.iter().map(Href::key));
        self.conflicts = Conflicts::of(conflicts);
        for note in pending {
            match note.subject.clone() {
                Subject::Card(href) => drop(self.pending.insert(href.key(), note)),
                Subject::Contact(id) => drop(self.refused.insert(id, note)),
            }
        }
        let sends = self.options.choice.direction != Direction::Pull;
        if outline.fetch.is_empty() && self.pending.is_empty() && !sends {
            return Ok(());
        }
        let repo = self.store.read();
        self.any_known = repo.link_count(self.book.id)? > 0;
        let mut keys: Vec<HrefKey> = outline.unnamed.iter().map(|link| link.href.key()).collect();
        keys.extend(self.pending.keys().cloned());
        for keys in keys.chunks(LOOKUP) {
            self.people.note_moved(repo.linked_at(self.book.id, keys)?);
        }
        let mut unlinked = repo.unlinked()?;
        unlinked.retain(|contact| !self.store.has_met(contact.id));
        self.free.extend(unlinked.iter().map(|contact| contact.id));
        // Whom nobody can meet need not be known by sight.
        if !outline.fetch.is_empty() || !self.pending.is_empty() {
            self.people.note_free(unlinked);
        }
        Ok(())
    }

    /// Fetches these cards and does what each of them asks for.
    pub(super) async fn fetch(&mut self, hrefs: Vec<Href>) -> Result<(), Failure> {
        let (remote, shelf) = (self.remote, Shelf::of(self.book));
        fetch(remote, shelf, hrefs, async |cards| self.page(cards, Asked::ByMultiget).await)
            .await?;
        let doubted = std::mem::take(&mut self.doubted);
        fetch_each(remote, shelf, doubted, async |cards| self.page(cards, Asked::ByGet).await)
            .await?;
        self.tell_twins_apart().await
    }

    /// Plans and does one page.
    pub(super) async fn page(&mut self, cards: Vec<Fetched>, asked: Asked) -> Result<(), Failure> {
        if self.remote.world().interrupt.is_raised() {
            return Err(RemoteError::Interrupted.into());
        }
        let keys: Vec<HrefKey> = cards.iter().map(|card| card.href.key()).collect();
        let mut linked = by_href(self.linked_at(&keys)?);
        self.telling.bar.downloaded(keys.len());
        let mut actions = Vec::with_capacity(keys.len());
        let mut settled = Vec::new();
        let is_push = self.options.choice.direction == Direction::Push;
        for (fetched, key) in cards.into_iter().zip(keys) {
            let link = linked.remove(&key);
            let is_as_known = link.as_ref().is_some_and(|one| is_as_agreed(&one.link, &fetched));
            match self.plan_one(fetched, &key, link.as_ref(), asked)? {
                Planned::Later => {}
                Planned::Nothing => settled.push(key),
                Planned::Action(action) => {
                    match action.step {
                        Step::SetAside { .. } => self.note_unread(&key, link.is_some()),
                        // Its note stays until a person decides.
                        Step::Offer { .. } => {}
                        // A push takes nothing, and no later listing would tell of it.
                        Step::Wait if !is_as_known && is_push => {}
                        _ => settled.push(key),
                    }
                    actions.push(*action);
                }
            }
        }
        let count = actions.len();
        self.carry_out(actions, settled).await?;
        self.telling.bar.stored(count);
        Ok(())
    }

    /// The contacts that are linked to these cards.
    pub(super) fn linked_at(&self, keys: &[HrefKey]) -> Result<Vec<Linked>, Failure> {
        let mut linked = self.store.read().linked_at(self.book.id, keys)?;
        for one in &mut linked {
            if let Some(successor) = self.successors.get(&one.contact.id) {
                one.clone_from(successor);
            }
        }
        Ok(linked)
    }

    fn note_unread(&mut self, key: &HrefKey, is_linked: bool) {
        if !is_linked {
            let since = self.pending.get(key).map_or(self.at, |note| note.since);
            self.unread_since.push(since);
        }
    }

    /// Shows, counts and does these actions: here in one transaction, then there; deletions there
    /// wait for the end.
    pub(super) async fn carry_out(
        &mut self,
        actions: Vec<Action>,
        settled: Vec<HrefKey>,
    ) -> Result<(), Failure> {
        let (send, here): (Vec<Action>, Vec<Action>) =
            actions.into_iter().partition(|action| action.step.is_sent());
        self.do_all(here, settled)?;
        let ties = std::mem::take(&mut self.ties);
        self.store_now(&ties)?;
        let (deletions, send): (Vec<Action>, Vec<Action>) =
            send.into_iter().partition(|action| matches!(action.step, Step::DeleteThere { .. }));
        self.deletions.extend(deletions);
        self.send_out(send).await
    }

    /// Shows what is sent and sends it; in a dry run it counts as sent.
    pub(super) async fn send_out(&mut self, actions: Vec<Action>) -> Result<(), Failure> {
        let (actions, unfit): (Vec<Action>, Vec<(Action, String)>) = self.fit(actions);
        for (action, words) in unfit {
            self.unfit(action, words)?;
        }
        // A book that takes nothing was told of once.
        let told = actions.iter().filter(|_| !self.post.closed);
        for action in told {
            self.telling.tell_only(action);
            if self.store.is_dry() {
                self.telling.report.count(action);
                // It is tried again, and is said to wait only if that is in vain.
                action.contact.map(|contact| self.refused.remove(&contact));
            }
        }
        if self.store.is_dry() || actions.is_empty() {
            return Ok(());
        }
        self.send(actions).await
    }

    /// What an action means for the store.
    pub(super) fn change(&self, action: Action, out: &mut Vec<Change>) {
        let world = self.remote.world();
        let new_id = || ContactId::from_random((world.random)());
        changes(action, &Scene { book: self.book.id, at: self.at, new_id: &new_id }, out);
    }

    /// Shows, counts and does these actions here, and settles these notes, in one transaction.
    pub(super) fn do_all(
        &mut self,
        actions: Vec<Action>,
        settled: Vec<HrefKey>,
    ) -> Result<(), Failure> {
        self.do_all_with(actions, settled, Vec::new())
    }

    /// As [`Self::do_all`], with these changes in the same transaction.
    pub(super) fn do_all_with(
        &mut self,
        actions: Vec<Action>,
        settled: Vec<HrefKey>,
        changes_too: Vec<Change>,
    ) -> Result<(), Failure> {
        let world = self.remote.world();
        let new_id = || ContactId::from_random((world.random)());
        let scene = Scene { book: self.book.id, at: self.at, new_id: &new_id };
        let mut todo = changes_too;
        todo.reserve(actions.len() * 2 + settled.len());
        for mut action in actions {
            if matches!(action.step, Step::CreateHere { .. }) && !self.store.is_dry() {
                action.contact = Some(new_id());
            }
            self.left |= matches!(
                action.step,
                Step::Wait | Step::Conflict { .. } | Step::Offer { .. } | Step::SetAside { .. }
            );
            self.telling.tell(&action);
            if self.store.is_dry() {
                // What has arrived is not said to wait.
                self.arrival(&action)?;
            }
            if !self.store.is_dry() && !self.is_told_again(&action) {
                todo.extend(self.agreement(&action));
                todo.extend(self.arrival(&action)?);
                self.follow_offer(&action);
                changes(action, &scene, &mut todo);
            }
        }
        for key in settled {
            todo.extend(self.withdraw(&key));
            if let Some(note) = self.pending.remove(&key) {
                todo.push(Change::Settle { book: note.book, subject: note.subject });
            }
        }
        Ok(self.store.apply(self.at, &todo)?)
    }
}

/// Whether a card is the one that both sides last agreed on, by version or by text.
fn is_as_agreed(link: &Link, fetched: &Fetched) -> bool {
    let is_version = |(ours, theirs): (&ETag, &ETag)| ours.same_version(theirs);
    link.etag.as_ref().zip(fetched.etag.as_ref()).is_some_and(is_version)
        || matches!(&fetched.what, What::Card(text) if link.base.as_ref() == Some(text))
}
