//! Page by page: fetch, plan, apply. Memory is bounded by the page, not by the book.

use std::collections::{HashMap, HashSet};

use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::dav::{ETag, Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::action::{Action, RemoteCard, Send, Step};
use contactcmd_domain::sync::outline::Outline;
use contactcmd_domain::sync::plan::{Match, plan_card};
use contactcmd_domain::sync::policy::Direction;
use contactcmd_domain::sync::snapshot::{Link, Linked};
use contactcmd_domain::vcard::{Card, content};
use contactcmd_ports::{Book, Change, Conflict, Pending, Subject};

use super::changes::{Scene, changes};
use super::people::{People, Somebody, by_href};
use super::report::{ActionReport, BookReport};
use super::send::Post;
use super::store::Store;
use super::{LOOKUP, Options};
use crate::Failure;
use crate::remote::{Remote, RemoteError, fetch, fetch_each};
use crate::ui::progress::Progress as Bar;

/// What a run tells while it goes on.
pub(super) struct Telling<'a> {
    pub(super) bar: &'a Bar,
    pub(super) report: &'a mut BookReport,
    pub(super) show: &'a mut dyn FnMut(&Action),
    /// Whether `report` lists every action.
    pub(super) list_actions: bool,
    /// Contacts that could not be sent, as far as this run has said so.
    pub(super) unsent: HashSet<ContactId>,
}

/// The pages of one book.
pub(super) struct Pages<'a, 'w, 's> {
    pub(super) remote: &'a Remote<'w>,
    pub(super) store: &'a mut Store<'s>,
    pub(super) book: &'a Book,
    pub(super) options: Options,
    pub(super) telling: Telling<'a>,
    people: People,
    /// Whether any card of this book is known here, so that a new one may be one of them.
    any_known: bool,
    /// When this run reads and writes: one moment for all of it.
    pub(super) at: Timestamp,
    pub(super) pending: HashMap<HrefKey, Pending>,
    /// Conflicts that nobody decided yet.
    pub(super) conflicts: HashMap<ContactId, Conflict>,
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
    /// Links to be stored before anything is sent: whoever meets a card is tied to it, whatever becomes
    /// of the write.
    ties: Vec<Change>,
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
    named: HashSet<HrefKey>,
    /// Linked cards that were not there in an earlier run, nor are in this one, and that nothing names.
    pub(super) absent: Vec<(ContactId, Href)>,
    /// Cards that a multiget called missing: to be asked for once more, each by itself.
    doubted: Vec<Href>,
    /// New cards whose UID is that of a card at another href, which decides who they are.
    twins: Vec<(RemoteCard, Href)>,
    /// Since when cards without a contact cannot be read: one of them may be a moved one.
    pub(super) unread_since: Vec<Timestamp>,
}

/// Why a known card that is named and not there waits for another run.
pub(super) const NOT_THERE: &str = "the server names it, but does not have it";

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
            conflicts: HashMap::new(),
            refused: HashMap::new(),
            left: false,
            free: Vec::new(),
            met: HashSet::new(),
            never_seen: Vec::new(),
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
        self.conflicts.extend(conflicts.into_iter().map(|conflict| (conflict.contact, conflict)));
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
        let unlinked = repo.unlinked()?;
        self.free.extend(unlinked.iter().map(|contact| contact.id));
        self.people.note_free(unlinked);
        Ok(())
    }

    /// Reads the cards of contacts that were sent and never confirmed, before all others: those that are
    /// not there may turn up under another name.
    pub(super) async fn look_for_lost(&mut self, hrefs: Vec<Href>) -> Result<(), Failure> {
        self.fetch(hrefs).await?;
        let keys: Vec<HrefKey> = self.never_seen.iter().map(Href::key).collect();
        for keys in keys.chunks(LOOKUP) {
            let mut lost = self.store.read().linked_at(self.book.id, keys)?;
            lost.retain(|one| !self.conflicts.contains_key(&one.contact.id));
            self.people.note_unseen(lost);
        }
        Ok(())
    }

    /// Fetches these cards and does what each of them asks for.
    pub(super) async fn fetch(&mut self, hrefs: Vec<Href>) -> Result<(), Failure> {
        let (remote, book) = (self.remote, self.book);
        let (place, quirks) = (&book.info.location, &book.progress.quirks);
        fetch(remote, place, quirks, hrefs, async |cards| {
            self.page(cards, Asked::ByMultiget).await
        })
        .await?;
        let doubted = std::mem::take(&mut self.doubted);
        fetch_each(remote, place, doubted, async |cards| self.page(cards, Asked::ByGet).await)
            .await?;
        self.tell_twins_apart().await
    }

    /// Plans and does one page.
    pub(super) async fn page(&mut self, cards: Vec<Fetched>, asked: Asked) -> Result<(), Failure> {
        if self.remote.world().interrupt.is_raised() {
            return Err(RemoteError::Interrupted.into());
        }
        let keys: Vec<HrefKey> = cards.iter().map(|card| card.href.key()).collect();
        let mut linked = by_href(self.store.read().linked_at(self.book.id, &keys)?);
        self.telling.bar.downloaded(keys.len());
        let mut actions = Vec::with_capacity(keys.len());
        let mut settled = Vec::new();
        for (fetched, key) in cards.into_iter().zip(keys) {
            let link = linked.remove(&key);
            match self.plan_one(fetched, &key, link.as_ref(), asked)? {
                Planned::Later => {}
                Planned::Nothing => settled.push(key),
                Planned::Action(action) => {
                    match action.step {
                        Step::SetAside { .. } => self.note_unread(&key, link.is_some()),
                        // Its note stays until a person decides.
                        Step::Offer { .. } => {}
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

    fn note_unread(&mut self, key: &HrefKey, is_linked: bool) {
        if !is_linked {
            let since = self.pending.get(key).map_or(self.at, |note| note.since);
            self.unread_since.push(since);
        }
    }

    fn plan_one(
        &mut self,
        fetched: Fetched,
        key: &HrefKey,
        linked: Option<&Linked>,
        asked: Asked,
    ) -> Result<Planned, Failure> {
        let Fetched { href, etag, what } = fetched;
        let trouble = match what {
            What::Card(bytes) => {
                let remote = RemoteCard { href, etag, card: Card::parse(bytes) };
                return self.plan_card(remote, linked);
            }
            What::Missing if asked == Asked::ByMultiget => {
                self.doubted.push(href);
                return Ok(Planned::Later);
            }
            What::Missing => return Ok(self.plan_missing(href, etag, key, linked)),
            What::Damaged(_) => "its text is damaged on the way, and a GET fails".to_owned(),
            What::Moved(to) => format!("the server says that it moved to {to}"),
            What::Refused(0) => "the server failed on it".to_owned(),
            What::Refused(status) => format!("the server answered {status} for it"),
            What::NoData => "the server gives no text for it".to_owned(),
        };
        Ok(Planned::action(aside(href, etag, linked, trouble)))
    }

    /// A card that was named, in this run or an earlier one, and is not there when asked for (Q67).
    fn plan_missing(
        &mut self,
        href: Href,
        etag: Option<ETag>,
        key: &HrefKey,
        linked: Option<&Linked>,
    ) -> Planned {
        let waits = self.pending.get(key).is_some_and(|note| {
            note.reason == NOT_THERE || note.reason == super::removal::HELD_BACK
        });
        match linked {
            // It was sent and never seen: it may be on this very page, under another name.
            Some(linked) if linked.link.base.is_none() => {
                self.never_seen.push(href);
                Planned::Later
            }
            Some(linked) if waits && !self.named.contains(key) => {
                self.absent.push((linked.contact.id, href));
                Planned::Later
            }
            // Nobody knew it, and it is gone again; or it was one that was sent and never seen, and has
            // turned up under another name by now (Q88).
            None if self.pending.contains_key(key) || !self.named.contains(key) => Planned::Nothing,
            _ => Planned::action(aside(href, etag, linked, NOT_THERE.to_owned())),
        }
    }

    fn plan_card(
        &mut self,
        remote: RemoteCard,
        linked: Option<&Linked>,
    ) -> Result<Planned, Failure> {
        let choice = self.options.choice;
        let place = remote.href.clone();
        let mut tie = None;
        if let Some(linked) = linked {
            return Ok(Planned::action(plan_card(remote, Match::Linked(linked), choice)));
        }
        let somebody = self.people.meet(&remote.card);
        let action = match &somebody {
            Somebody::Moved(href) => {
                let found =
                    self.store.read().linked_at(self.book.id, std::slice::from_ref(href))?;
                match found.first() {
                    Some(linked) => {
                        self.moved.insert(linked.contact.id);
                        let link = Link { href: place, etag: None, ..linked.link.clone() };
                        tie = Some((linked.contact.id, link));
                        plan_card(remote, Match::Linked(linked), choice)
                    }
                    None => plan_card(remote, Match::Nobody, choice),
                }
            }
            Somebody::SameUid(id) | Somebody::SameContent(id) => {
                let found = self.store.read().contact(*id)?;
                let same = found.filter(|contact| is_same(&somebody, contact, &remote.card));
                match &same {
                    Some(contact) => {
                        self.met.insert(contact.id);
                        let link = Link { href: place, etag: None, base: None, seen: 0 };
                        tie = Some((contact.id, link));
                        plan_card(remote, Match::Unlinked(contact), choice)
                    }
                    None => plan_card(remote, Match::Nobody, choice),
                }
            }
            Somebody::Alike(id) => match self.store.read().contact(*id)? {
                Some(contact) => {
                    self.met.insert(contact.id);
                    plan_card(remote, Match::Alike(&contact), choice)
                }
                None => plan_card(remote, Match::Nobody, choice),
            },
            Somebody::Nobody => match self.twin_of(&remote.card)? {
                Some(href) => {
                    self.twins.push((remote, href));
                    return Ok(Planned::Later);
                }
                None => plan_card(remote, Match::Nobody, choice),
            },
        };
        self.people.forget(&somebody);
        self.tie(&action, tie);
        Ok(Planned::action(action))
    }

    /// Where a card of this book with the same UID is, as far as is known here.
    fn twin_of(&self, card: &Card) -> Result<Option<Href>, Failure> {
        let uid = card.uid().map(|uid| uid.key()).filter(|uid| !uid.0.is_empty());
        let Some(uid) = uid.filter(|_| self.any_known) else { return Ok(None) };
        let repo = self.store.read();
        let ids: Vec<ContactId> = repo.by_uid(&uid)?.iter().map(|contact| contact.id).collect();
        let places = repo.external_ids(&ids)?;
        let here = places.into_iter().map(|(_, place)| place.href);
        Ok(here.into_iter().find(|href| href.is_below(&self.book.info.location.href)))
    }

    /// A new card with the UID of a known one is the known one, moved, if that is gone; else servers
    /// that allow it have two cards of one UID, and both are kept (Q99).
    async fn tell_twins_apart(&mut self) -> Result<(), Failure> {
        for (remote, href) in std::mem::take(&mut self.twins) {
            let mut is_gone = false;
            let place = &self.book.info.location;
            fetch_each(self.remote, place, vec![href.clone()], async |cards| {
                is_gone = cards.iter().any(|card| card.what == What::Missing);
                Ok::<(), Failure>(())
            })
            .await?;
            let linked = self.store.read().linked_at(self.book.id, &[href.key()])?;
            let mut tie = None;
            let found = match linked.first() {
                Some(linked) if is_gone => {
                    self.moved.insert(linked.contact.id);
                    let link =
                        Link { href: remote.href.clone(), etag: None, ..linked.link.clone() };
                    tie = Some((linked.contact.id, link));
                    Match::Linked(linked)
                }
                _ => Match::Nobody,
            };
            let key = remote.href.key();
            let action = plan_card(remote, found, self.options.choice);
            self.tie(&action, tie);
            self.carry_out(vec![action], vec![key]).await?;
            self.telling.bar.stored(1);
        }
        Ok(())
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
        for action in &actions {
            self.telling.tell_only(action);
            if self.store.is_dry() {
                self.telling.report.count(action);
            }
        }
        if self.store.is_dry() || actions.is_empty() {
            return Ok(());
        }
        self.send(actions).await
    }

    /// Ties a contact to the card it meets, before anything is sent there.
    fn tie(&mut self, action: &Action, tie: Option<(ContactId, Link)>) {
        let Some((contact, link)) = tie.filter(|_| action.step.is_sent()) else { return };
        self.ties.push(Change::Link { contact, book: self.book.id, link });
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
        let world = self.remote.world();
        let new_id = || ContactId::from_random((world.random)());
        let scene = Scene { book: self.book.id, at: self.at, new_id: &new_id };
        let mut todo = Vec::with_capacity(actions.len() * 2 + settled.len());
        for mut action in actions {
            if matches!(action.step, Step::CreateHere { .. }) && !self.store.is_dry() {
                action.contact = Some(new_id());
            }
            self.left |= matches!(
                action.step,
                Step::Wait | Step::Conflict { .. } | Step::Offer { .. } | Step::SetAside { .. }
            );
            self.telling.tell(&action);
            if !self.store.is_dry() && !self.is_told_again(&action) {
                todo.extend(self.agreement(&action));
                todo.extend(self.arrival(&action)?);
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

    /// The card that was offered is gone, or somebody else by now: there is nothing to decide any more.
    fn withdraw(&mut self, key: &HrefKey) -> Option<Change> {
        let offered = |conflict: &&Conflict| {
            conflict.href.key() == *key && self.free.contains(&conflict.contact)
        };
        let contact = self.conflicts.values().find(offered)?.contact;
        let conflict = self.conflicts.remove(&contact)?;
        let decided = Some("the card on the server is gone, or another contact".to_owned());
        Some(Change::Conflict(Conflict { decided, at: self.at, ..conflict }))
    }

    /// A note on what could not be sent is over once the server has the last edit: it had arrived after
    /// all, or it was taken back.
    fn arrival(&mut self, action: &Action) -> Result<Option<Change>, Failure> {
        let seen = match &action.step {
            Step::Rebase { seen, .. }
            | Step::Refresh { seen, .. }
            | Step::UpdateHere { seen, .. }
            | Step::Link { seen, .. } => *seen,
            Step::Merge(merge) if merge.send == Send::Needless => merge.edited,
            _ => return Ok(None),
        };
        let Some(id) = action.contact.filter(|id| self.refused.contains_key(id)) else {
            return Ok(None);
        };
        let edited = self.store.read().contact(id)?.map_or(0, |contact| contact.edited);
        let note = if seen >= edited { self.refused.remove(&id) } else { None };
        Ok(note.map(|note| Change::Settle { book: note.book, subject: note.subject }))
    }

    /// Whether a conflict or a note is stored already, word for word.
    fn is_told_again(&self, action: &Action) -> bool {
        if let (Step::Unsendable { tried }, Some(id)) = (&action.step, action.contact) {
            return self.refused.get(&id).is_some_and(|note| {
                note.tried == *tried && Some(&note.reason) == action.reason.as_ref()
            });
        }
        if let Step::SetAside { href, etag } = &action.step {
            return self.pending.get(&href.key()).is_some_and(|note| {
                note.etag == *etag && Some(&note.reason) == action.reason.as_ref()
            });
        }
        let (remote, base, local) = match &action.step {
            Step::Conflict { remote, base, local, .. } => (remote, base.as_deref(), local),
            Step::Offer { remote, local } => (remote, None, local),
            _ => return false,
        };
        let Some(id) = action.contact else { return false };
        self.conflicts.get(&id).is_some_and(|known| {
            known.base.as_deref() == base
                && known.local == *local
                && known.remote == remote.card.as_bytes()
        }) && !self.moved.contains(&id)
    }

    /// A conflict is over once both sides have one text again, or one side has none; its texts stay.
    pub(super) fn agreement(&mut self, action: &Action) -> Option<Change> {
        let decided = match action.step {
            Step::Rebase { .. } | Step::Refresh { .. } => "both sides agree again",
            Step::UpdateHere { .. } => "the server's card was taken",
            Step::KeepHere { .. } => "deleted on the server, kept here",
            Step::Merge(_) => "both edits were merged",
            Step::UpdateThere(_) | Step::CreateThere(_) => "the card here was sent",
            _ => return None,
        };
        let conflict = action.contact.and_then(|id| self.conflicts.remove(&id))?;
        // An offer is decided by a person, whatever else happens to the contact.
        if self.pending.contains_key(&conflict.href.key()) {
            return None;
        }
        let decided = Some(decided.to_owned());
        Some(Change::Conflict(Conflict { decided, at: self.at, ..conflict }))
    }

    /// Notes that the server cannot list everything, or that it can again: visible until then, since
    /// the cards beyond the cut can neither be seen nor taken for deleted (Q59).
    pub(super) fn note_cut(&mut self, cut: Option<&str>) -> Result<(), Failure> {
        let href = &self.book.info.location.href;
        match cut {
            Some(why) => {
                let why = format!("the server does not list the whole book: {why}");
                let mut action = aside(href.clone(), None, None, why);
                action.name.clone_from(&self.book.info.name);
                self.do_all(vec![action], Vec::new())
            }
            None => self.do_all(Vec::new(), vec![href.key()]),
        }
    }
}

/// How a card was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Among others: what is missing is asked for once more.
    ByMultiget,
    /// By itself.
    ByGet,
}

/// What becomes of a fetched card.
enum Planned {
    Action(Box<Action>),
    /// Nothing, and no note on it is needed any more.
    Nothing,
    /// It is decided later in this run.
    Later,
}

impl Planned {
    fn action(action: Action) -> Self {
        Self::Action(Box::new(action))
    }
}

impl Telling<'_> {
    fn tell(&mut self, action: &Action) {
        self.report.count(action);
        self.tell_only(action);
    }

    /// Says again what an earlier run could not send, unless this run has said it.
    pub(super) fn remind(&mut self, note: &Pending) {
        let Subject::Contact(contact) = note.subject else { return };
        if self.unsent.contains(&contact) {
            return;
        }
        let step = Step::Unsendable { tried: note.tried };
        let (name, reason) = (note.name.clone(), Some(note.reason.clone()));
        let contact = Some(contact);
        self.tell_only(&Action { name, contact, step, fields: Vec::new(), reason });
    }

    /// Shows an action that is counted elsewhere.
    pub(super) fn tell_only(&mut self, action: &Action) {
        if let (Step::Unsendable { .. }, Some(contact)) = (&action.step, action.contact) {
            self.unsent.insert(contact);
        }
        if action.step.is_shown() || action.reason.is_some() {
            (self.show)(action);
            if self.list_actions {
                self.report.actions.push(ActionReport::from(action));
            }
        }
    }
}

/// Whether a contact without a link is the one that a card seems to be: a hash is no proof.
fn is_same(
    somebody: &Somebody,
    contact: &contactcmd_domain::sync::snapshot::StoredContact,
    card: &Card,
) -> bool {
    match somebody {
        Somebody::SameContent(_) => {
            content(&Card::parse(contact.vcard.as_slice())) == content(card)
        }
        _ => true,
    }
}

/// The action of setting a card aside, by the contact's name where it has one.
pub(super) fn aside(
    href: Href,
    etag: Option<ETag>,
    linked: Option<&Linked>,
    reason: String,
) -> Action {
    let (name, contact) = match linked {
        Some(linked) => (linked.contact.name.clone(), Some(linked.contact.id)),
        None => (href.file_name(), None),
    };
    let step = Step::SetAside { href, etag };
    Action { name, contact, step, fields: Vec::new(), reason: Some(reason) }
}
