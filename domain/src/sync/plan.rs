//! The plan: one action per contact, from the card there, the contact here and their base.

use super::action::{Action, Merge, RemoteCard, Send, Sending, Standing, Step};
use super::decide::{There, Verdict, decide};
use super::merge::{Absorbed, Compared, Merged, absorb, follow, with_uid_of};
use super::policy::{ConflictPolicy, Direction};
use super::snapshot::{Here, Link, Linked, StoredContact};
use super::upload::is_sent;
use crate::vcard::{Card, FieldChange, check, content, diff, index, same};

/// What the user chose for this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Which way changes go.
    pub direction: Direction,
    /// Whether the side the direction flows from replaces the other instead of merging.
    pub force: bool,
    /// What happens to what both sides edited.
    pub policy: ConflictPolicy,
}

/// Who a fetched card is here.
#[derive(Debug, Clone, Copy)]
pub enum Match<'a> {
    /// The contact that is linked to this href.
    Linked(&'a Linked),
    /// A contact without a link, with the same UID or the same content.
    Unlinked(&'a StoredContact),
    /// A contact without a link that is like it: see [`super::likeness`].
    Alike(&'a StoredContact),
    /// Nobody.
    Nobody,
}

/// What to do with a fetched card.
pub fn plan_card(remote: RemoteCard, found: Match<'_>, choice: Choice) -> Action {
    if let Err(flaw) = check(&remote.card) {
        return set_aside(remote, found, flaw.to_string());
    }
    match found {
        Match::Nobody => plan_new(remote, choice),
        Match::Unlinked(contact) => plan_first_meeting(remote, contact, choice),
        Match::Alike(contact) => plan_offer(remote, contact),
        Match::Linked(linked) => plan_linked(remote, linked, choice),
    }
}

/// What to do with a linked contact whose card is proven to be gone.
pub fn plan_gone(linked: &Linked, choice: Choice) -> Action {
    let Linked { contact, link } = linked;
    let verdict = decide(linked.here(), There::Gone, false, choice.direction, choice.force);
    let (step, reason) = match verdict {
        Verdict::DeleteHere => (Step::DeleteHere, Some("deleted on the server")),
        Verdict::KeepHere => (
            Step::KeepHere { href: link.href.clone() },
            Some("deleted on the server, but edited here: kept"),
        ),
        Verdict::ReviveThere => {
            let was = link.base.clone().map(|text| standing(linked, text));
            let edited_here = "deleted on the server, but edited here: created there again";
            let reason = was.is_some().then_some(edited_here);
            // One that was sent and never seen may still arrive: under the same name it arrives once (Q108).
            let place = was.is_none().then(|| link.href.clone());
            (Step::CreateThere(Box::new(Sending { place, ..sending(contact, was) })), reason)
        }
        Verdict::Forget => (Step::Forget, None),
        _ => (Step::Wait, None),
    };
    about(contact, step, Vec::new(), reason)
}

/// What to do with a linked contact that was edited or deleted here and of whose card the server says
/// nothing new: it is at the version and the text that were last agreed on.
pub fn plan_edited(linked: &Linked, choice: Choice) -> Action {
    let Linked { contact, link } = linked;
    let Some(base) = &link.base else {
        // Never agreed: the card has to be looked at first.
        return about(contact, Step::Wait, Vec::new(), None);
    };
    let card = Card::parse(base.as_slice());
    let (href, etag) = (link.href.clone(), link.etag.clone());
    plan_linked(RemoteCard { href, etag, card }, linked, choice)
}

/// What to do with a contact that is on no server.
pub fn plan_unlinked(contact: &StoredContact, choice: Choice) -> Action {
    let step = match choice.direction {
        Direction::Pull => Step::Wait,
        Direction::Push | Direction::Sync => Step::CreateThere(Box::new(sending(contact, None))),
    };
    about(contact, step, Vec::new(), None)
}

/// What the server made of a card that was sent (Q90): what it changed or added is taken over, what
/// it left out was deleted by nobody and stays here. `sent` is the text that went there, `card` what
/// the contact is to have.
///
/// The action is an update here, or nothing but a new base; its fields are what the server changed,
/// its reason names what it does not keep.
pub fn plan_served(
    (sent, card): (&Card, &Card),
    contact: &StoredContact,
    served: RemoteCard,
    edited: u64,
) -> Action {
    let absorbed = if same(card, &served.card) {
        Absorbed { card: None, not_kept: Vec::new() }
    } else {
        absorb(sent, card, &served.card)
    };
    let reason = not_kept_words(&absorbed.not_kept);
    let fields = absorbed.card.as_ref().map(|new| diff(card, new)).unwrap_or_default();
    let target = absorbed.card.unwrap_or_else(|| card.clone());
    let local = Card::parse(contact.vcard.as_slice());
    let step = if same(&target, &local) {
        Step::Rebase { remote: served, seen: edited }
    } else {
        let card = (!same(&target, &served.card)).then_some(target);
        let index = Box::new(index(card.as_ref().unwrap_or(&served.card)));
        Step::UpdateHere { remote: served, card, index, seen: edited }
    };
    about(contact, step, fields, reason.as_deref())
}

fn not_kept_words(not_kept: &[FieldChange]) -> Option<String> {
    let mut fields: Vec<String> = not_kept
        .iter()
        .map(|change| match &change.label {
            Some(label) => format!("{} {label}", change.field),
            None => change.field.clone(),
        })
        .collect();
    fields.dedup();
    let list = fields.join(", ");
    (!fields.is_empty()).then(|| format!("the server does not keep: {list} (kept here)"))
}

fn plan_new(remote: RemoteCard, choice: Choice) -> Action {
    let index = Box::new(index(&remote.card));
    let name = index.person.name.clone();
    let step = match choice.direction {
        Direction::Push => Step::Wait,
        Direction::Pull | Direction::Sync => Step::CreateHere { remote, index },
    };
    Action { name, contact: None, step, fields: Vec::new(), reason: None }
}

fn plan_offer(remote: RemoteCard, contact: &StoredContact) -> Action {
    let fields = diff(&Card::parse(contact.vcard.as_slice()), &remote.card);
    let words = "may be the same as the one on the server, which has another UID: \
                 `contactcmd conflicts` decides";
    let step = Step::Offer { remote, local: contact.vcard.clone() };
    about(contact, step, fields, Some(words))
}

fn plan_first_meeting(remote: RemoteCard, contact: &StoredContact, choice: Choice) -> Action {
    let local = Card::parse(contact.vcard.as_slice());
    // What says the same is the same, whatever UID each program gave it.
    if content(&local) == content(&remote.card) {
        let index = Box::new(index(&remote.card));
        let step = Step::Link { remote, index, seen: contact.edited };
        return about(contact, step, Vec::new(), Some("the same contact is on the server"));
    }
    let meeting = Meeting { contact, local, base: None, seen: 0 };
    match (choice.direction, choice.force) {
        (Direction::Pull, true) => meeting.take(remote, Some(THEIRS_BY_FORCE)),
        (_, true) => meeting.replace_there(remote, Some(OURS_BY_FORCE)),
        (Direction::Push, false) => {
            meeting.conflict(remote, "here and on the server they differ: both are kept")
        }
        _ => {
            let joined = Joined::of(&Compared::of(None, &meeting.local, &remote.card), choice);
            meeting.merge(remote, choice, joined)
        }
    }
}

const THEIRS_BY_FORCE: &str = "the server's card replaces the one here";
const OURS_BY_FORCE: &str = "the card here replaces the server's";

fn plan_linked(remote: RemoteCard, linked: &Linked, choice: Choice) -> Action {
    let Linked { contact, link } = linked;
    let local = Card::parse_beside(contact.vcard.as_slice(), &remote.card);
    let base = link.base.as_deref().map(|base| match base == contact.vcard {
        true => local.clone(),
        false => Card::parse_beside(base, &remote.card),
    });
    let compared = Compared::of(base.as_ref(), &local, &remote.card);
    // Deleted here as it is there, but that nobody saw it arrive: that is no edit by another.
    let is_our_own = || contact.deleted && is_sent(&local, &contact.id.to_string(), &remote.card);
    let is_same = compared.is_remote_as_agreed() || is_our_own();
    let there = if is_same { There::Same } else { There::Edited };
    let has_more = base.is_some() && !compared.is_local_as_agreed();
    let (here, seen) = match linked.here() {
        // An edit that was undone is none.
        Here::Edited if base.is_some() && !has_more => (Here::Same, contact.edited),
        here => (here, link.seen),
    };
    let verdict = decide(here, there, compared.is_agreed(), choice.direction, choice.force);
    let joined = (verdict == Verdict::Merge).then(|| Joined::of(&compared, choice));
    if verdict == Verdict::InSync
        && is_agreed(&remote, link, seen)
        && (has_more || local == remote.card)
    {
        // Fetched although nothing is new: versions that prove nothing (Q133), or a report too much (Q66).
        return about(contact, Step::Wait, Vec::new(), None);
    }
    let meeting = Meeting { contact, local, base, seen };
    if let Some(joined) = joined {
        return meeting.merge(remote, choice, joined);
    }
    match verdict {
        // What is here and not in the base is what the server does not keep (Q90).
        Verdict::InSync if has_more => meeting.rebase(remote),
        Verdict::InSync => meeting.refresh(remote),
        // The edit here still waits; what the server serves now is its base.
        Verdict::Unsent => meeting.rebase(remote),
        Verdict::SendHere if there == There::Same => meeting.replace_there(remote, None),
        Verdict::SendHere => meeting.replace_there(remote, Some(OURS_BY_FORCE)),
        Verdict::DeleteThere => meeting.delete_there(remote),
        Verdict::Rebase => Meeting { seen: contact.edited, ..meeting }.rebase(remote),
        Verdict::TakeThere if here == Here::Edited => {
            meeting.take(remote, Some("the server's card replaces the edit here"))
        }
        Verdict::TakeThere if has_more => meeting.take_beside(remote),
        Verdict::TakeThere => meeting.take(remote, None),
        Verdict::ReviveHere => {
            meeting.take(remote, Some("deleted here, but edited on the server: back"))
        }
        Verdict::Leave => {
            let words = match here {
                Here::Deleted => "deleted here, but edited on the server: left as they are",
                _ => "edited here and on the server: both are kept",
            };
            meeting.conflict(remote, words)
        }
        _ => about(contact, Step::Wait, Vec::new(), None),
    }
}

/// The card here and the server's as one.
struct Joined {
    merged: Merged,
    /// What changes here, and what on the server.
    changes: [Vec<FieldChange>; 2],
}

impl Joined {
    fn of(compared: &Compared<'_>, choice: Choice) -> Self {
        let merged = compared.merge(choice.policy.into());
        let changes = compared.changes_to(&merged.card);
        Self { merged, changes }
    }
}

/// A contact that meets a card of the server's.
struct Meeting<'a> {
    contact: &'a StoredContact,
    /// Its card.
    local: Card,
    /// What both sides last agreed on.
    base: Option<Card>,
    /// What the link's `seen` becomes where nothing is sent.
    seen: u64,
}

impl Meeting<'_> {
    fn rebase(self, remote: RemoteCard) -> Action {
        about(self.contact, Step::Rebase { remote, seen: self.seen }, Vec::new(), None)
    }

    fn refresh(self, remote: RemoteCard) -> Action {
        if remote.card == self.local {
            return self.rebase(remote);
        }
        let index = Box::new(index(&remote.card));
        let step = Step::Refresh { remote, index, seen: self.seen };
        about(self.contact, step, Vec::new(), None)
    }

    /// The server's card replaces the one here.
    fn take(self, remote: RemoteCard, reason: Option<&str>) -> Action {
        let fields = diff(&self.local, &remote.card);
        let (index, seen) = (Box::new(index(&remote.card)), self.contact.edited);
        let step = Step::UpdateHere { remote, card: None, index, seen };
        about(self.contact, step, fields, reason)
    }

    /// The server's changes are taken over; what it does not keep stays here.
    fn take_beside(self, remote: RemoteCard) -> Action {
        let Some(base) = &self.base else { return self.take(remote, None) };
        let Absorbed { card, .. } = follow(base, &self.local, &remote.card);
        let Some(card) = card else { return self.rebase(remote) };
        let fields = diff(&self.local, &card);
        let (index, seen) = (Box::new(index(&card)), self.contact.edited);
        let step = Step::UpdateHere { remote, card: Some(card), index, seen };
        about(self.contact, step, fields, None)
    }

    fn replace_there(self, remote: RemoteCard, reason: Option<&str>) -> Action {
        // The UID of a card is never changed on a server (Q100).
        let card = with_uid_of(self.local, &remote.card);
        let fields = diff(&remote.card, &card);
        let sending = Sending { card, ..sending(self.contact, Some(remote.into())) };
        let step = Step::UpdateThere(Box::new(sending));
        about(self.contact, step, fields, reason)
    }

    fn delete_there(self, remote: RemoteCard) -> Action {
        let step = Step::DeleteThere { was: remote.into() };
        about(self.contact, step, Vec::new(), Some("deleted here"))
    }

    fn merge(self, remote: RemoteCard, choice: Choice, joined: Joined) -> Action {
        let Joined { merged: Merged { card, contested }, changes: [fields, there] } = joined;
        if choice.policy == ConflictPolicy::Ask && !contested.is_empty() {
            return self.conflict(remote, "edited here and on the server: both are kept");
        }
        let send = match choice.direction {
            _ if there.is_empty() => Send::Needless,
            Direction::Pull => Send::Later,
            Direction::Push | Direction::Sync => Send::Now,
        };
        // The same in other words: then the server's words.
        let card = if there.is_empty() { remote.card.clone() } else { card };
        let words: Vec<String> = contested.iter().map(ToString::to_string).collect();
        let contested = (!words.is_empty()).then(|| words.join("; "));
        let merge = Merge {
            base: self.base.map(Card::into_bytes),
            local: self.local.into_bytes(),
            index: Box::new(index(&card)),
            edited: self.contact.edited,
            seen: self.seen,
            remote,
            card,
            there,
            send,
            contested: contested.clone(),
        };
        let step = Step::Merge(Box::new(merge));
        about(self.contact, step, fields, contested.as_deref())
    }

    fn conflict(self, remote: RemoteCard, words: &str) -> Action {
        let fields = diff(&self.local, &remote.card);
        let (base, local) = (self.base.map(Card::into_bytes), self.local.into_bytes());
        let step = Step::Conflict { remote, base, local, seen: self.seen };
        about(self.contact, step, fields, Some(words))
    }
}

impl From<RemoteCard> for Standing {
    fn from(remote: RemoteCard) -> Self {
        let RemoteCard { href, etag, card } = remote;
        Self { href, etag, text: card.into_bytes() }
    }
}

/// Whether the link says already what it would say after looking at this card.
fn is_agreed(remote: &RemoteCard, link: &Link, seen: u64) -> bool {
    link.etag == remote.etag
        && link.base.as_deref() == Some(remote.card.as_bytes())
        && link.seen == seen
        && link.href == remote.href
}

fn standing(linked: &Linked, text: Vec<u8>) -> Standing {
    Standing { href: linked.link.href.clone(), etag: linked.link.etag.clone(), text }
}

fn sending(contact: &StoredContact, was: Option<Standing>) -> Sending {
    let card = Card::parse(contact.vcard.as_slice());
    Sending { card, edited: contact.edited, was, place: None }
}

fn set_aside(remote: RemoteCard, found: Match<'_>, reason: String) -> Action {
    let RemoteCard { href, etag, .. } = remote;
    let (name, contact) = match found {
        Match::Linked(linked) => (linked.contact.name.clone(), Some(linked.contact.id)),
        _ => (href.file_name(), None),
    };
    let step = Step::SetAside { href, etag };
    Action { name, contact, step, fields: Vec::new(), reason: Some(reason) }
}

fn about(
    contact: &StoredContact,
    step: Step,
    fields: Vec<FieldChange>,
    reason: Option<&str>,
) -> Action {
    Action {
        name: contact.name.clone(),
        contact: Some(contact.id),
        step,
        fields,
        reason: reason.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
