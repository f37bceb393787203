//! What a run tells while it goes on: by name as it happens, in numbers at its end.

use std::collections::HashSet;

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::sync::action::{Action, Step};
use contactcmd_ports::{Pending, Subject};

use super::report::{ActionReport, BookReport};
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

impl Telling<'_> {
    /// Shows and counts an action.
    pub(super) fn tell(&mut self, action: &Action) {
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
