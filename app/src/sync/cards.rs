//! What becomes of one fetched card.

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{ETag, Fetched, Href, HrefKey, What};
use contactcmd_domain::sync::action::{Action, RemoteCard, Step};
use contactcmd_domain::sync::likeness::is_another;
use contactcmd_domain::sync::plan::{Match, plan_card};
use contactcmd_domain::sync::snapshot::{Here, Link, Linked, StoredContact};
use contactcmd_domain::vcard::{Card, content};
use contactcmd_ports::{Change, Pending};

use super::pages::Pages;
use super::people::Somebody;
use super::waits::Waits;
use crate::Failure;

impl Pages<'_, '_, '_> {
    pub(super) fn plan_one(
        &mut self,
        fetched: Fetched,
        key: &HrefKey,
        linked: Option<&Linked>,
        asked: Asked,
    ) -> Result<Planned, Failure> {
        if fetched.what != What::Missing
            && linked.is_some_and(|linked| self.is_unlisted(linked, key))
        {
            self.unlisted.push(fetched);
            return Ok(Planned::Later);
        }
        let Fetched { href, etag, what } = fetched;
        let trouble = match what {
            What::Card(bytes) | What::Converted(bytes) => {
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
        let note = self.pending.get(key);
        let missing = [Waits::NotThere, Waits::Missing, Waits::HeldBack];
        let was_missing = |note: &Pending| missing.iter().any(|waits| waits.is_why(note));
        let waits = note.is_some_and(was_missing)
            || linked.is_some_and(|linked| self.is_refused_anew(linked));
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
            _ => {
                let is_named = self.named.contains(key);
                let why = if is_named { Waits::NotThere } else { Waits::Missing };
                Planned::action(aside(href, etag, linked, why.words().to_owned()))
            }
        }
    }

    /// Whether the card of a contact that was edited here was found to be gone before, and nothing is in
    /// its place: the server refused it, or it was to be seen first whether it moved.
    fn is_refused_anew(&self, linked: &Linked) -> bool {
        let found_gone = |note: &Pending| note.tried.is_some() || Waits::Vanished.is_why(note);
        linked.link.etag.is_none()
            && linked.here() == Here::Edited
            && self.refused.get(&linked.contact.id).is_some_and(found_gone)
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
            return self.plan_known(remote, linked);
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
                        let linked = self.recalled(linked, &remote.card)?;
                        plan_card(remote, Match::Linked(&linked), choice)
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

    fn plan_known(&mut self, remote: RemoteCard, linked: &Linked) -> Result<Planned, Failure> {
        let choice = self.options.choice;
        if is_taken_by_another(linked, &remote.card) {
            self.part(linked)?;
            return self.plan_card(remote, None);
        }
        let linked = self.recalled(linked, &remote.card)?;
        let action = plan_card(remote, Match::Linked(&linked), choice);
        // Nothing is new there: it was fetched because its version is not known.
        let is_told = !choice.force
            && matches!(action.step, Step::UpdateThere(_))
            && self.is_refused(&linked.contact);
        Ok(if is_told { Planned::Nothing } else { Planned::action(action) })
    }

    /// Somebody else stands in the place of a contact that was edited here: it keeps its base and waits
    /// for its own card, which may have moved, or is gone.
    fn part(&mut self, linked: &Linked) -> Result<(), Failure> {
        let Linked { contact, link } = linked;
        let href = self.unused_href();
        for (_, place) in self.twins.iter_mut().filter(|twin| twin.1.key() == link.href.key()) {
            place.clone_from(&href);
        }
        let link = Link { href: href.clone(), etag: None, ..link.clone() };
        self.store_now(&[Change::Link { contact: contact.id, book: self.book.id, link }])?;
        self.telling.tell(&Action {
            name: contact.name.clone(),
            contact: Some(contact.id),
            step: Step::KeepHere { href },
            fields: Vec::new(),
            reason: Some("another contact is in its place on the server: kept".to_owned()),
        });
        Ok(())
    }

    /// Ties a contact to the card it meets, before anything is sent there.
    pub(super) fn tie(&mut self, action: &Action, tie: Option<(ContactId, Link)>) {
        let Some((contact, link)) = tie.filter(|_| action.step.is_sent()) else { return };
        self.ties.push(Change::Link { contact, book: self.book.id, link });
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
pub(super) enum Planned {
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

/// Whether an edit would be sent to somebody else.
fn is_taken_by_another(linked: &Linked, there: &Card) -> bool {
    let known = |text: &[u8]| is_another(&Card::parse(text), there);
    linked.here() == Here::Edited
        && linked.link.base.as_deref().is_some_and(known)
        && known(&linked.contact.vcard)
}

/// Whether a contact without a link is the one that a card seems to be: a hash is no proof.
fn is_same(somebody: &Somebody, contact: &StoredContact, card: &Card) -> bool {
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
