//! What an undo asks, and what happens meanwhile.

use std::cell::RefCell;

use contactcmd_ports::Editor;

use super::{ADA, AGAIN, EDITED, desk};
use crate::Exit;
use crate::cli::{Global, UndoArgs};
use crate::commands::desk::{Desk, replace};
use crate::commands::testing::id;
use crate::commands::undo::undo;
use crate::ui::Terminal;

/// What an undo asks; the answer is no.
fn asks(desk: &Desk, force: bool) -> String {
    let args = UndoArgs { run: None, dry_run: false, yes: false, force };
    let global = Global { database: None, verbose: 0, quiet: false };
    let asked = RefCell::new(String::new());
    let ask = |question: &str| {
        asked.replace(question.to_owned());
        Ok(Some(false))
    };
    undo(&args, &global, &desk.world(), &ask).unwrap();
    desk.stage.take_stdout();
    asked.into_inner()
}

const AT_A_TERMINAL: Terminal = Terminal { stdin: true, stdout: false, stderr: true };

#[test]
fn whom_the_next_sync_would_delete_there_is_told_before() {
    let mut desk = desk();
    desk.stage = desk.stage.terminal(AT_A_TERMINAL);
    let asked = asks(&desk, true);
    let words = "1 to be removed, which deletes 1 contact on the server with the next sync?";
    assert!(asked.ends_with(words), "{asked}");
    desk.done(&["undo", "--dry-run", "--force"]);
    let words = "1 would be removed, which deletes 1 contact on the server with the next sync\n";
    assert!(desk.stage.stderr().ends_with(words), "{}", desk.stage.stderr());
    assert!(desk.text(id(1)).is_some());
}

#[test]
fn nobody_is_kept_waiting_while_somebody_thinks() {
    let args = UndoArgs { run: None, dry_run: false, yes: false, force: false };
    let global = Global { database: None, verbose: 0, quiet: false };
    let mut desk = desk();
    desk.stage = desk.stage.terminal(AT_A_TERMINAL);
    desk.sync(&[replace(1, EDITED, Editor::User)]);
    // The store can be written while it asks; the answer is no, then yes.
    for (answer, text) in [(false, EDITED), (true, ADA)] {
        let ask = |_: &str| {
            desk.book();
            Ok(Some(answer))
        };
        assert_eq!(undo(&args, &global, &desk.world(), &ask).unwrap(), Exit::Done);
        assert_eq!(desk.text(id(1)).as_deref(), Some(text));
        assert!(desk.stage.stderr().contains("nothing was changed"));
    }
    // What was asked about is not what is there when the answer comes.
    desk.sync(&[replace(1, EDITED, Editor::User)]);
    let ask = |_: &str| {
        desk.sync(&[replace(1, AGAIN, Editor::User)]);
        Ok(Some(true))
    };
    let failure = undo(&args, &global, &desk.world(), &ask).unwrap_err();
    assert!(failure.error.to_string().contains("by another run meanwhile"), "{failure:?}");
    assert_eq!(desk.text(id(1)).as_deref(), Some(AGAIN));
}
