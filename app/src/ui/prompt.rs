//! Questions to the user: only ever on a terminal, never on stdout.

use std::io;

use contactcmd_ports::Secret;
use dialoguer::{Confirm, Input, MultiSelect, Select};

use super::{Ui, clean};
use crate::{Exit, Failure};

/// Whether there is somebody to ask.
pub fn can_ask(ui: &Ui) -> bool {
    ui.terminal.stdin && ui.terminal.stderr
}

/// Lets the user choose one of several; gives its index, or `None` when nothing was chosen (Esc) or
/// there is nobody to ask.
///
/// # Errors
///
/// [`Exit::Interrupted`] on Ctrl-C: end. [`Exit::Failed`] when the terminal cannot be used.
pub fn choose(ui: &Ui, question: &str, choices: &[String]) -> Result<Option<usize>, Failure> {
    if !can_ask(ui) || choices.is_empty() {
        return Ok(None);
    }
    ui.flush();
    let choices: Vec<_> = choices.iter().map(|choice| clean(choice)).collect();
    Select::new()
        .with_prompt(clean(question))
        .items(&choices)
        .default(0)
        .interact_opt()
        .map_err(|dialoguer::Error::IO(error)| unanswered(error))
}

/// Lets the user choose any number of several, each with whether it is chosen at first; gives their
/// indices, or `None` as [`choose`] does.
///
/// # Errors
///
/// As for [`choose`].
pub fn choose_some(
    ui: &Ui,
    question: &str,
    choices: &[(String, bool)],
) -> Result<Option<Vec<usize>>, Failure> {
    if !can_ask(ui) || choices.is_empty() {
        return Ok(None);
    }
    ui.flush();
    let choices = choices.iter().map(|(choice, chosen)| (clean(choice), *chosen));
    MultiSelect::new()
        .with_prompt(format!("{} (space chooses, enter goes on)", clean(question)))
        .items_checked(choices)
        .interact_opt()
        .map_err(|dialoguer::Error::IO(error)| unanswered(error))
}

/// Asks a yes-or-no question whose answer is no when nothing is typed; `None` when there is nobody
/// to ask.
///
/// # Errors
///
/// As for [`choose`].
pub fn confirm(ui: &Ui, question: &str) -> Result<Option<bool>, Failure> {
    yes_or_no(ui, question, false)
}

/// As [`confirm`], but the answer is yes when nothing is typed: for a question whose no costs work.
///
/// # Errors
///
/// As for [`choose`].
pub fn go_on(ui: &Ui, question: &str) -> Result<Option<bool>, Failure> {
    yes_or_no(ui, question, true)
}

fn yes_or_no(ui: &Ui, question: &str, usual: bool) -> Result<Option<bool>, Failure> {
    if !can_ask(ui) {
        return Ok(None);
    }
    ui.flush();
    Confirm::new()
        .with_prompt(clean(question))
        .default(usual)
        .interact()
        .map(Some)
        .map_err(|dialoguer::Error::IO(error)| unanswered(error))
}

/// Asks for a line of text, which may be empty; `None` when there is nobody to ask.
///
/// # Errors
///
/// As for [`choose`].
pub fn text(ui: &Ui, question: &str) -> Result<Option<String>, Failure> {
    if !can_ask(ui) {
        return Ok(None);
    }
    ui.flush();
    Input::<String>::new()
        .with_prompt(clean(question))
        .allow_empty(true)
        .interact_text()
        .map(Some)
        .map_err(|dialoguer::Error::IO(error)| unanswered(error))
}

/// Asks for a line of text, until there is one, with blanks around it cut off; what is offered as
/// `usual` is taken when nothing is typed. `None` when there is nobody to ask.
///
/// # Errors
///
/// As for [`choose`].
pub fn word(ui: &Ui, question: &str, usual: Option<&str>) -> Result<Option<String>, Failure> {
    if !can_ask(ui) {
        return Ok(None);
    }
    ui.flush();
    let mut input = Input::<String>::new().with_prompt(clean(question));
    if let Some(usual) = usual {
        input = input.default(usual.to_owned());
    }
    input
        .interact_text()
        .map(|typed| Some(typed.trim().to_owned()))
        .map_err(|dialoguer::Error::IO(error)| unanswered(error))
}

/// Asks for a password, which is not shown while it is typed; `None` when there is nobody to ask.
/// Reads the terminal itself, so that stderr may be a file.
///
/// # Errors
///
/// As for [`choose`].
pub fn password(ui: &Ui, question: &str) -> Result<Option<Secret>, Failure> {
    if !ui.terminal.stdin {
        return Ok(None);
    }
    ui.flush();
    rpassword::prompt_password(format!("{}: ", clean(question)))
        .map(|typed| Some(Secret::new(typed)))
        .map_err(unanswered)
}

fn unanswered(error: io::Error) -> Failure {
    let exit = match error.kind() {
        io::ErrorKind::Interrupted => Exit::Interrupted,
        _ => Exit::Failed,
    };
    Failure::new(exit, anyhow::Error::new(error).context("the question was not answered"))
}
