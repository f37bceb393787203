//! The report of a sync in words.

use std::cell::Cell;

use contactcmd_domain::sync::action::Action;

use super::progress::Progress;
use super::{Ui, Verbosity, clean};
use crate::sync::{BookReport, Counts};

/// Lines of a real run that are shown without `-v`, beside those that nobody should miss; a dry run
/// shows all.
const LINES_SHOWN: usize = 100;

/// Prints the lines of the plan as they come.
pub struct Lines<'a> {
    ui: &'a Ui,
    bar: &'a Progress,
    limit: usize,
    seen: Cell<usize>,
}

impl<'a> Lines<'a> {
    /// Prints to `ui`; with `all` every line, else the first of them and all that are notable.
    pub fn new(ui: &'a Ui, bar: &'a Progress, all: bool) -> Self {
        let limit = if ui.verbosity == Verbosity::Quiet {
            0
        } else if all || ui.verbosity >= Verbosity::Detail {
            usize::MAX
        } else {
            LINES_SHOWN
        };
        Self { ui, bar, limit, seen: Cell::new(0) }
    }

    /// Prints one line, or counts it.
    pub fn show(&self, action: &Action) {
        let notable = action.step.is_notable() && self.limit > 0;
        if !notable {
            self.seen.set(self.seen.get() + 1);
        }
        if notable || self.seen.get() <= self.limit {
            self.bar.aside(|| self.ui.result(clean(&action.to_string())));
        }
    }

    /// Says how many lines were left out, and starts anew.
    pub fn end(&self) {
        let left_out = self.seen.replace(0).saturating_sub(self.limit);
        if left_out > 0 && self.limit > 0 {
            self.ui.result(format_args!("… and {left_out} more (`-v` names them all)"));
        }
    }
}

/// The last line about a book, which is called `title` in it.
pub fn summary(title: &str, report: &BookReport, dry_run: bool, seconds: f64) -> String {
    let mut parts = Vec::new();
    side(&mut parts, report.here, "here", dry_run);
    side(&mut parts, report.there, "on the server", dry_run);
    if report.linked > 0 {
        parts.push(format!("{} linked", report.linked));
    }
    if report.pending_edits > 0 {
        parts.push(format!("{} edited here and not sent", report.pending_edits));
    }
    if report.conflicts > 0 {
        let words = "in conflict: both texts are kept (`contactcmd conflicts` decides)";
        parts.push(format!("{} {words}", report.conflicts));
    }
    if report.set_aside > 0 {
        parts.push(format!("{} set aside", report.set_aside));
    }
    if parts.is_empty() {
        parts.push("nothing to do".to_owned());
    }
    let requests = match report.requests {
        1 => "1 request".to_owned(),
        many => format!("{many} requests"),
    };
    let title = clean(title);
    format!("{title}: {} ({requests}, {seconds:.1} s)", parts.join(", "))
}

fn side(parts: &mut Vec<String>, counts: Counts, place: &str, dry_run: bool) {
    if !counts.any() {
        return;
    }
    let verb = if dry_run { "would be " } else { "" };
    let named =
        [(counts.created, "created"), (counts.updated, "updated"), (counts.deleted, "deleted")];
    let done: Vec<String> = named
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {verb}{what}"))
        .collect();
    parts.push(format!("{} {place}", done.join(", ")));
}

#[cfg(test)]
mod tests {
    use contactcmd_domain::dav::Href;
    use contactcmd_domain::sync::action::Step;

    use super::*;
    use crate::commands::testing::Stage;

    #[test]
    fn what_nobody_should_miss_is_shown_however_late_it_comes() {
        let action = |name: String, step| Action {
            name,
            contact: None,
            step,
            fields: Vec::new(),
            reason: None,
        };
        let aside = || Step::SetAside { href: Href::new("/a/x.vcf"), etag: None };
        let kept = || Step::KeepHere { href: Href::new("/a/x.vcf") };
        let stage = Stage::new();
        let ui = stage.world().ui;
        let bar = Progress::new(false);
        let lines = Lines::new(&ui, &bar, false);
        for number in 0..LINES_SHOWN + 5 {
            lines.show(&action(format!("Card {number}"), kept()));
            if number % 50 == 49 {
                lines.show(&action(format!("Broken {number}"), aside()));
            }
        }
        lines.show(&action("Gone".into(), Step::DeleteHere));
        lines.end();
        ui.finish().unwrap();
        let printed = stage.stdout();
        let printed: Vec<&str> = printed.lines().collect();
        assert_eq!(printed.len(), LINES_SHOWN + 4);
        // In the order in which it happened.
        assert_eq!(printed[49..52], ["= Card 49", "! Broken 49", "= Card 50"]);
        assert_eq!(printed[101..103], ["! Broken 99", "- Gone -> here"]);
        assert_eq!(printed[103], "… and 5 more (`-v` names them all)");
    }

    #[test]
    fn a_summary_says_what_was_done_and_what_waits() {
        let quiet = BookReport { requests: 1, ..Default::default() };
        assert_eq!(summary("Home", &quiet, false, 0.04), "Home: nothing to do (1 request, 0.0 s)");
        let busy = BookReport {
            requests: 4,
            here: Counts { created: 2, updated: 0, deleted: 1 },
            set_aside: 1,
            pending_edits: 3,
            ..Default::default()
        };
        assert_eq!(
            summary("work/Home", &busy, true, 1.25),
            "work/Home: 2 would be created, 1 would be deleted here, 3 edited here and not sent, \
             1 set aside (4 requests, 1.2 s)"
        );
    }
}
