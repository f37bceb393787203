//! The plan: one action per contact, from the card there, the contact here and their base.
//!
//! The same values are printed by a dry run, done by a run, and listed in a report.

use std::fmt;

use super::decide::{There, Verdict, decide};
use super::policy::Direction;
use super::snapshot::{Here, Linked, StoredContact};
use crate::contact::{ContactId, Index};
use crate::dav::{ETag, Href};
use crate::vcard::{Card, FieldChange, check, content, diff, index, normal};

/// What the user chose for this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Which way changes go.
    pub direction: Direction,
    /// Whether the side the direction flows from replaces the other instead of merging.
    pub force: bool,
}

/// A card as a server served it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteCard {
    /// Where it is.
    pub href: Href,
    /// Its version.
    pub etag: Option<ETag>,
    /// Its text.
    pub card: Card,
}

/// Who a fetched card is here.
#[derive(Debug, Clone, Copy)]
pub enum Match<'a> {
    /// The contact that is linked to this href.
    Linked(&'a Linked),
    /// A contact without a link, with the same UID or the same content.
    Unlinked(&'a StoredContact),
    /// Nobody.
    Nobody,
}

/// One line of the plan: what happens to one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What to call the contact.
    pub name: String,
    /// The contact here; `None` while it has none.
    pub contact: Option<ContactId>,
    /// What happens.
    pub step: Step,
    /// What changes in it, in a person's words.
    pub fields: Vec<FieldChange>,
    /// Why, where the step alone does not say.
    pub reason: Option<String>,
}

/// What happens to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A new contact here.
    CreateHere {
        /// The card it gets.
        remote: RemoteCard,
        /// Derived from it.
        index: Box<Index>,
    },
    /// The card there replaces the one here.
    UpdateHere {
        /// The card it gets.
        remote: RemoteCard,
        /// Derived from it.
        index: Box<Index>,
        /// What the link's `seen` becomes.
        seen: u64,
    },
    /// The contact is deleted here.
    DeleteHere,
    /// The contact here and the card there become one; both say the same, but that the one here may
    /// have no UID. The text there is taken over, so that the UID is no edit of anybody's.
    Link {
        /// The card there.
        remote: RemoteCard,
        /// Derived from it.
        index: Box<Index>,
        /// What the link's `seen` becomes.
        seen: u64,
    },
    /// Both sides agree already: only the base and the ETag move. Never shown.
    Rebase {
        /// The card there.
        remote: RemoteCard,
        /// What the link's `seen` becomes.
        seen: u64,
    },
    /// The server wrote the same card in other words: it is taken over as it is. Never shown.
    Refresh {
        /// The card there.
        remote: RemoteCard,
        /// Derived from it.
        index: Box<Index>,
        /// What the link's `seen` becomes.
        seen: u64,
    },
    /// Both sides differ and nobody decided: both texts are kept.
    Conflict {
        /// The card there.
        remote: RemoteCard,
        /// The text both sides last agreed on.
        base: Option<Vec<u8>>,
        /// The text here.
        local: Vec<u8>,
        /// What the link's `seen` is, should it have to follow a card that moved.
        seen: u64,
    },
    /// The card there cannot be taken over; it is noted until it can.
    SetAside {
        /// Where it is.
        href: Href,
        /// Its version.
        etag: Option<ETag>,
    },
    /// Deleted there and edited here: the contact stays here without its link.
    KeepHere,
    /// Deleted on both sides: the last trace goes.
    Forget,
    /// A change that this direction leaves where it is.
    Wait,
}

impl Step {
    /// Whether a person is told of it by name.
    pub fn is_shown(&self) -> bool {
        !matches!(self, Self::Rebase { .. } | Self::Refresh { .. } | Self::Wait | Self::Forget)
    }

    /// The name of the step for programs: `create-here`, `update-here`, ...
    pub fn id(&self) -> &'static str {
        match self {
            Self::CreateHere { .. } => "create-here",
            Self::UpdateHere { .. } => "update-here",
            Self::DeleteHere => "delete-here",
            Self::Link { .. } => "link",
            Self::Rebase { .. } => "rebase",
            Self::Refresh { .. } => "refresh",
            Self::Conflict { .. } => "conflict",
            Self::SetAside { .. } => "set-aside",
            Self::KeepHere => "keep-here",
            Self::Forget => "forget",
            Self::Wait => "wait",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match &self.step {
            Step::CreateHere { .. } => '+',
            Step::UpdateHere { .. } | Step::Refresh { .. } => '~',
            Step::DeleteHere | Step::Forget => '-',
            Step::Link { .. } | Step::Rebase { .. } | Step::KeepHere => '=',
            Step::Conflict { .. } | Step::SetAside { .. } => '!',
            Step::Wait => '.',
        };
        write!(f, "{sign} {}", self.name)?;
        let mut gap = "   ";
        for field in &self.fields {
            write!(f, "{gap}{field}")?;
            gap = ", ";
        }
        if let Some(reason) = &self.reason {
            write!(f, "{gap}{reason}")?;
        }
        match &self.step {
            Step::CreateHere { .. } | Step::UpdateHere { .. } | Step::DeleteHere => {
                f.write_str(" -> here")
            }
            _ => Ok(()),
        }
    }
}

/// What to do with a fetched card.
pub fn plan_card(remote: RemoteCard, found: Match<'_>, choice: Choice) -> Action {
    if let Err(flaw) = check(&remote.card) {
        return set_aside(remote, found, flaw.to_string());
    }
    match found {
        Match::Nobody => plan_new(remote, choice),
        Match::Unlinked(contact) => plan_first_meeting(remote, contact, choice),
        Match::Linked(linked) => plan_linked(remote, linked, choice),
    }
}

/// What to do with a linked contact whose card is proven to be gone.
pub fn plan_gone(linked: &Linked, choice: Choice) -> Action {
    let (step, reason) =
        match decide(linked.here(), There::Gone, false, choice.direction, choice.force) {
            Verdict::DeleteHere => (Step::DeleteHere, Some("deleted on the server")),
            Verdict::KeepHere => {
                (Step::KeepHere, Some("deleted on the server, but edited here: kept"))
            }
            Verdict::Forget => (Step::Forget, None),
            _ => (Step::Wait, None),
        };
    about(&linked.contact, step, Vec::new(), reason)
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

fn plan_first_meeting(remote: RemoteCard, contact: &StoredContact, choice: Choice) -> Action {
    let local = Card::parse(contact.vcard.as_slice());
    let same = match (&contact.uid, remote.card.uid()) {
        (Some(_), Some(_)) => normal(&local) == normal(&remote.card),
        _ => content(&local) == content(&remote.card),
    };
    if same {
        let index = Box::new(index(&remote.card));
        let step = Step::Link { remote, index, seen: contact.edited };
        return about(contact, step, Vec::new(), Some("the same contact is on the server"));
    }
    let fields = diff(&local, &remote.card);
    if choice.force && choice.direction == Direction::Pull {
        let index = Box::new(index(&remote.card));
        let step = Step::UpdateHere { remote, index, seen: contact.edited };
        return about(contact, step, fields, Some("the server's card replaces the one here"));
    }
    let step = Step::Conflict { remote, base: None, local: contact.vcard.clone(), seen: 0 };
    about(contact, step, fields, Some("here and on the server they differ: both are kept"))
}

fn plan_linked(remote: RemoteCard, linked: &Linked, choice: Choice) -> Action {
    let Linked { contact, link } = linked;
    let theirs = normal(&remote.card);
    let there = match &link.base {
        Some(base) if *base == remote.card.as_bytes() => There::Same,
        Some(base) if normal(&Card::parse(base.as_slice())) == theirs => There::Same,
        _ => There::Edited,
    };
    let local = Card::parse(contact.vcard.as_slice());
    let (here, seen) = match (linked.here(), &link.base) {
        // An edit that was undone is none.
        (Here::Edited, Some(base)) if normal(&Card::parse(base.as_slice())) == normal(&local) => {
            (Here::Same, contact.edited)
        }
        (here, _) => (here, link.seen),
    };
    let same = here == Here::Edited && there == There::Edited && normal(&local) == theirs;
    let verdict = decide(here, there, same, choice.direction, choice.force);
    let take = |remote: RemoteCard, reason| {
        let fields = diff(&local, &remote.card);
        let index = Box::new(index(&remote.card));
        let step = Step::UpdateHere { remote, index, seen: contact.edited };
        about(contact, step, fields, reason)
    };
    match verdict {
        Verdict::InSync if remote.card.as_bytes() == contact.vcard => {
            about(contact, Step::Rebase { remote, seen }, Vec::new(), None)
        }
        Verdict::InSync => {
            let index = Box::new(index(&remote.card));
            about(contact, Step::Refresh { remote, index, seen }, Vec::new(), None)
        }
        Verdict::Unsent | Verdict::SendHere | Verdict::DeleteThere if there == There::Same => {
            // The edit here still waits; what the server serves now is its base.
            about(contact, Step::Rebase { remote, seen }, Vec::new(), None)
        }
        Verdict::Rebase => {
            about(contact, Step::Rebase { remote, seen: contact.edited }, Vec::new(), None)
        }
        Verdict::TakeThere if here == Here::Edited => {
            take(remote, Some("the server's card replaces the edit here"))
        }
        Verdict::TakeThere => take(remote, None),
        Verdict::ReviveHere => take(remote, Some("deleted here, but edited on the server: back")),
        Verdict::Merge | Verdict::Leave => {
            let fields = diff(&local, &remote.card);
            let base = link.base.clone();
            let step = Step::Conflict { remote, base, local: contact.vcard.clone(), seen };
            about(contact, step, fields, Some("edited here and on the server: both are kept"))
        }
        _ => about(contact, Step::Wait, Vec::new(), None),
    }
}

fn set_aside(remote: RemoteCard, found: Match<'_>, reason: String) -> Action {
    let RemoteCard { href, etag, .. } = remote;
    let (name, contact) = match found {
        Match::Linked(linked) => (linked.contact.name.clone(), Some(linked.contact.id)),
        Match::Unlinked(_) | Match::Nobody => (href.file_name(), None),
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
mod tests {
    use super::*;
    use crate::contact::{Timestamp, Uid};
    use crate::sync::snapshot::Link;

    const PULL: Choice = Choice { direction: Direction::Pull, force: false };

    fn text(uid: &str, note: &str) -> String {
        format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{uid}FN:Ada\r\nNOTE:{note}\r\nEND:VCARD\r\n")
    }

    fn card(note: &str) -> String {
        text("UID:a\r\n", note)
    }

    fn remote(text: &str) -> RemoteCard {
        let (href, etag) = (Href::new("/b/ada.vcf"), ETag::new("\"2\""));
        RemoteCard { href, etag, card: Card::parse(text) }
    }

    /// A contact with this card, edited here `edited` times, of which the server has seen one.
    fn linked(local: &str, base: Option<&str>, edited: u64, deleted: bool) -> Linked {
        let contact = StoredContact {
            id: ContactId::from_random([1; 16]),
            uid: Some(Uid("a".to_owned())),
            name: "Ada".to_owned(),
            vcard: local.into(),
            edited,
            deleted,
            created: Timestamp(0),
            updated: Timestamp(0),
        };
        let base = base.map(Into::into);
        let (href, etag) = (Href::new("/b/ada.vcf"), ETag::new("\"1\""));
        Linked { contact, link: Link { href, etag, base, seen: 1 } }
    }

    #[test]
    fn a_pulled_card_is_planned_by_what_happened_here_and_there() {
        let rewritten = card("1").replace("NOTE", "note").replace("END:", "REV:2026\r\nEND:");
        let (one, two, three) = (card("1"), card("2"), card("3"));
        // (here, base, edited, tombstone, there) -> line, seen afterwards
        let cases = [
            (&one, Some(&one), 1, false, &one, "= Ada", "rebase", Some(1)),
            (&one, Some(&one), 1, false, &rewritten, "~ Ada", "refresh", Some(1)),
            (
                &one,
                Some(&one),
                1,
                false,
                &two,
                "~ Ada   note changed -> here",
                "update-here",
                Some(1),
            ),
            (&two, Some(&one), 2, false, &one, "= Ada", "rebase", Some(1)),
            (&two, Some(&one), 2, false, &rewritten, "= Ada", "rebase", Some(1)),
            (&two, Some(&one), 2, false, &two, "= Ada", "rebase", Some(2)),
            (
                &two,
                Some(&one),
                2,
                false,
                &three,
                "! Ada   note changed, edited here and on the server: both are kept",
                "conflict",
                None,
            ),
            (
                &one,
                Some(&one),
                1,
                true,
                &two,
                "~ Ada   note changed, deleted here, but edited on the server: back -> here",
                "update-here",
                Some(1),
            ),
            (&one, Some(&one), 1, true, &one, "= Ada", "rebase", Some(1)),
            // They never agreed: nothing may be overwritten.
            (
                &two,
                None,
                1,
                false,
                &one,
                "! Ada   note changed, edited here and on the server: both are kept",
                "conflict",
                None,
            ),
            (&one, None, 1, false, &one, "= Ada", "rebase", Some(1)),
            // Edited and back again.
            (&one, Some(&one), 3, false, &one, "= Ada", "rebase", Some(3)),
            (
                &one,
                Some(&one),
                3,
                false,
                &two,
                "~ Ada   note changed -> here",
                "update-here",
                Some(3),
            ),
        ];
        for (here, base, edited, deleted, there, line, id, seen) in cases {
            let linked = linked(here, base.map(String::as_str), edited, deleted);
            let action = plan_card(remote(there), Match::Linked(&linked), PULL);
            assert_eq!((action.to_string().as_str(), action.step.id()), (line, id));
            let told = match action.step {
                Step::UpdateHere { seen, .. }
                | Step::Refresh { seen, .. }
                | Step::Rebase { seen, .. } => Some(seen),
                _ => None,
            };
            assert_eq!(told, seen, "{line}");
        }
    }

    #[test]
    fn by_force_the_server_replaces_an_edit_but_deletes_none() {
        let force = Choice { force: true, ..PULL };
        let edited = linked(&card("2"), Some(&card("1")), 2, false);
        let action = plan_card(remote(&card("3")), Match::Linked(&edited), force);
        assert!(matches!(action.step, Step::UpdateHere { seen: 2, .. }), "{action}");
        assert_eq!(plan_gone(&edited, force).step, Step::KeepHere);
    }

    #[test]
    fn what_is_gone_there_goes_here_unless_it_was_edited() {
        let one = card("1");
        let cases = [
            (linked(&one, Some(&one), 1, false), Step::DeleteHere),
            (linked(&card("2"), Some(&one), 2, false), Step::KeepHere),
            (linked(&one, None, 1, false), Step::KeepHere),
            (linked(&one, Some(&one), 1, true), Step::Forget),
        ];
        for (linked, step) in cases {
            assert_eq!(plan_gone(&linked, PULL).step, step);
        }
    }

    #[test]
    fn those_who_meet_for_the_first_time_are_linked_only_if_they_say_the_same() {
        let without = |note: &str| text("", note);
        // (here, there) -> step
        let cases = [
            (card("1"), card("1"), "link"),
            (without("1"), card("1"), "link"),
            (card("1"), without("1"), "link"),
            (card("1"), card("2"), "conflict"),
            (without("1"), card("2"), "conflict"),
        ];
        for (here, there, id) in cases {
            let mut contact = linked(&here, None, 0, false).contact;
            contact.uid = Card::parse(here.as_str()).uid();
            let action = plan_card(remote(&there), Match::Unlinked(&contact), PULL);
            assert_eq!(action.step.id(), id, "{here} {there}");
        }
    }

    #[test]
    fn what_is_no_card_is_set_aside_whoever_it_was() {
        let ada = linked(&card("1"), Some(&card("1")), 1, false);
        for (found, name) in [(Match::Nobody, "ada.vcf"), (Match::Linked(&ada), "Ada")] {
            let action = plan_card(remote("junk"), found, PULL);
            assert!(matches!(action.step, Step::SetAside { .. }), "{action}");
            assert_eq!(action.name, name);
        }
    }
}
