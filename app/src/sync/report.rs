//! What a sync did, as values: printed for people, serialised for programs.

use contactcmd_domain::sync::action::{Action, Send, Step};
use serde::Serialize;

/// One run, over all its books; the object that `--json` prints.
#[derive(Debug, Default, Serialize)]
pub struct RunReport {
    /// Whether nothing was written on purpose.
    pub dry_run: bool,
    /// `pull`, `push` or `sync`.
    pub direction: &'static str,
    /// How long it took.
    pub seconds: f64,
    /// One entry a book.
    pub books: Vec<BookReport>,
    /// Whether a book could not be read that never was before: any contact in no book may be in it.
    #[serde(skip)]
    pub is_any_unknown: bool,
    /// Accounts that no book was reached of, in a run over several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_accounts: Vec<FailedAccount>,
    /// Why there was no book to speak of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An account of a run over several that came to no book; the others went on.
#[derive(Debug, Clone, Serialize)]
pub struct FailedAccount {
    /// Its name.
    pub account: String,
    /// Why.
    pub error: String,
    /// The exit code that it would have had alone.
    pub exit: u8,
}

/// One book of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BookReport {
    /// The account's name.
    pub account: String,
    /// The book's display name.
    pub addressbook: String,
    /// Its path.
    pub href: String,
    /// Whether everything was compared.
    pub full: bool,
    /// How many requests it took.
    pub requests: u32,
    /// What was written here.
    pub here: Counts,
    /// What was written there.
    pub there: Counts,
    /// Contacts that were here already and are the same as a card there.
    pub linked: usize,
    /// Contacts of which both texts are kept until somebody decides, those of earlier runs included.
    pub conflicts: usize,
    /// Cards that could not be taken over, those of earlier runs included.
    pub set_aside: usize,
    /// Edits here that the server does not have.
    pub pending_edits: usize,
    /// Whether any of those should have been sent by this run.
    #[serde(skip)]
    pub unsent: bool,
    /// What was done to whom, where it is asked for.
    pub actions: Vec<ActionReport>,
    /// Why the book was not finished.
    pub error: Option<String>,
}

/// How many contacts were written on one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// New ones.
    pub created: usize,
    /// Changed ones.
    pub updated: usize,
    /// Deleted ones.
    pub deleted: usize,
}

impl Counts {
    /// Whether anything was written.
    pub fn any(self) -> bool {
        self.created + self.updated + self.deleted > 0
    }
}

/// One action, for programs.
#[derive(Debug, Clone, Serialize)]
pub struct ActionReport {
    /// `create-here`, `update-here`, `delete-here`, `create-there`, `update-there`, `delete-there`,
    /// `merge`, `link`, `keep-here`, `conflict`, `offer`, `set-aside`, `unsendable`, and `rebase` for what
    /// was sent to a server that does not keep all of it.
    pub action: &'static str,
    /// The contact's id, if it has one.
    pub contact: Option<String>,
    /// What to call it.
    pub name: String,
    /// What changed in it, such as `phone work changed`.
    pub fields: Vec<String>,
    /// Why, where the action alone does not say.
    pub reason: Option<String>,
}

impl From<&Action> for ActionReport {
    fn from(action: &Action) -> Self {
        Self {
            action: action.step.id(),
            contact: action.contact.map(|id| id.to_string()),
            name: action.name.clone(),
            fields: fields(action),
            reason: action.reason.clone(),
        }
    }
}

/// What changes on either side.
fn fields(action: &Action) -> Vec<String> {
    let there = match &action.step {
        Step::Merge(merge) => merge.there.as_slice(),
        _ => &[],
    };
    let mut fields: Vec<String> =
        action.fields.iter().chain(there).map(ToString::to_string).collect();
    let mut seen = std::collections::HashSet::new();
    fields.retain(|field| seen.insert(field.clone()));
    fields
}

impl BookReport {
    /// Counts what an action did, or would do. What is sent counts once it has arrived.
    pub fn count(&mut self, action: &Action) {
        match &action.step {
            Step::CreateHere { .. } => self.here.created += 1,
            Step::UpdateHere { .. } => self.here.updated += 1,
            Step::DeleteHere => self.here.deleted += 1,
            Step::CreateThere(_) => self.there.created += 1,
            Step::UpdateThere(_) => self.there.updated += 1,
            Step::DeleteThere { .. } => self.there.deleted += 1,
            Step::Merge(merge) => {
                self.here.updated += usize::from(!action.fields.is_empty());
                self.there.updated += usize::from(merge.send == Send::Now);
            }
            Step::Link { .. } => self.linked += 1,
            Step::Conflict { .. } | Step::Offer { .. } => self.conflicts += 1,
            Step::SetAside { .. } | Step::Unsendable { .. } => self.set_aside += 1,
            Step::Rebase { .. }
            | Step::Refresh { .. }
            | Step::KeepHere { .. }
            | Step::Forget
            | Step::Wait => {}
        }
    }

    /// Whether somebody has to look at something.
    pub fn needs_you(&self) -> bool {
        self.unsent || self.conflicts + self.set_aside > 0
    }
}

#[cfg(test)]
mod tests {
    use contactcmd_domain::contact::{ContactId, Timestamp};
    use contactcmd_domain::dav::Href;
    use contactcmd_domain::sync::action::RemoteCard;
    use contactcmd_domain::sync::plan::plan_served;
    use contactcmd_domain::sync::snapshot::StoredContact;
    use contactcmd_domain::vcard::Card;

    use super::*;

    #[test]
    fn what_a_server_does_not_keep_is_told_under_a_name_that_is_documented() {
        let card = |lines: &str| Card::parse(format!("BEGIN:VCARD\nFN:A\n{lines}END:VCARD\n"));
        let sent = card("X-SHOE-SIZE:39\n");
        let contact = StoredContact {
            id: ContactId::from_random([1; 16]),
            name: "A".into(),
            uid: None,
            vcard: sent.as_bytes().to_vec(),
            edited: 1,
            deleted: false,
            created: Timestamp(0),
            updated: Timestamp(0),
        };
        let served = RemoteCard { href: Href::new("/a/a.vcf"), etag: None, card: card("") };
        let action = plan_served((&sent, &sent), &contact, served, 1);
        let report = ActionReport::from(&action);
        assert!(report.reason.is_some_and(|reason| reason.contains("X-SHOE-SIZE")));
        let documented = include_str!("../../../docs/json.md");
        assert!(documented.contains(&format!("`{}`", report.action)), "{}", report.action);
    }
}
