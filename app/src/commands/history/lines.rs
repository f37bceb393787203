//! One thing that happened, as a line and as an object.

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::sync::guard::Side;
use contactcmd_domain::sync::snapshot::StoredContact;
use contactcmd_domain::vcard::{Card, FieldChange, diff};
use contactcmd_ports::{Past, Run};
use serde::Serialize;

use crate::ui::{clean, contact, json};

/// What happened to one contact in a run.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    action: Action,
    contact: ContactId,
    name: String,
    side: SideName,
    fields: Vec<String>,
    reason: Option<String>,
    at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Added,
    Replaced,
    Deleted,
    Restored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum SideName {
    Here,
    There,
}

/// The line of a text that was kept.
pub(super) fn of_past(past: &Past) -> Line {
    let before = Card::parse(past.before.as_slice());
    let (action, fields) = match &past.after {
        None => (Action::Deleted, Vec::new()),
        Some(after) => {
            let action = if past.tombstone { Action::Restored } else { Action::Replaced };
            (action, diff(&before, &Card::parse(after.as_slice())))
        }
    };
    Line {
        action,
        contact: past.contact,
        name: past.name.clone(),
        side: match past.side {
            Side::Here => SideName::Here,
            Side::There => SideName::There,
        },
        fields: fields.iter().map(FieldChange::to_string).collect(),
        reason: Some(past.why.0.clone()),
        at: json::rfc3339(past.at),
    }
}

/// The line of a contact that a run added.
pub(super) fn of_added(contact: StoredContact, run: &Run) -> Line {
    Line {
        action: Action::Added,
        contact: contact.id,
        name: contact.name,
        side: SideName::Here,
        fields: Vec::new(),
        reason: None,
        at: json::rfc3339(run.at),
    }
}

impl Line {
    /// `~ Ada Lovelace   phone work changed   (here: changed on the server)`.
    pub(super) fn words(&self) -> String {
        let (sign, words) = match self.action {
            Action::Added => ('+', "added".to_owned()),
            Action::Restored => ('+', "came back".to_owned()),
            Action::Deleted => ('-', "deleted".to_owned()),
            Action::Replaced if self.fields.is_empty() => ('~', "only its layout".to_owned()),
            Action::Replaced => ('~', contact::some(&self.fields)),
        };
        let side = match self.side {
            SideName::Here => "here",
            SideName::There => "server",
        };
        let line = contact::line(sign, &self.name, &words);
        match &self.reason {
            Some(reason) => format!("{line}   ({side}: {})", clean(reason)),
            None => format!("{line}   ({side})"),
        }
    }
}
