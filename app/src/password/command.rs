//! Commands that print a secret.

use std::io;
use std::process::{Command, Stdio};

use contactcmd_ports::Secret;
use zeroize::Zeroizing;

use crate::config::PasswordCommand;
use crate::{Exit, Failure};

/// Why a password command gave none. Never holds what it printed.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPassword {
    #[error("it cannot be started")]
    NotStarted(#[source] io::Error),
    #[error("it ended with {0}")]
    Failed(std::process::ExitStatus),
    #[error("it printed no password")]
    Empty,
    #[error("it printed something that is not UTF-8")]
    NotText,
}

impl NoPassword {
    /// `what` is what the command prints, as the setting is called.
    pub(super) fn of(self, account: &str, what: &str) -> Failure {
        let words = format!("the `{what}_command` of the account `{account}` failed");
        Failure::new(Exit::Auth, anyhow::Error::new(self).context(words)).hint(
            "run it by hand: it must print the secret in its first line and nothing before it",
        )
    }
}

/// Runs the command with the terminal at hand, because password managers ask for their own
/// passwords and put their complaints on stderr; the first line of stdout is the password.
pub(super) fn run(command: &PasswordCommand) -> Result<Secret, NoPassword> {
    let mut process = match command {
        PasswordCommand::Shell(line) => shell(line),
        PasswordCommand::Argv(argv) => {
            let (program, arguments) = argv.split_first().ok_or(NoPassword::Empty)?;
            let mut process = Command::new(program);
            process.args(arguments);
            process
        }
    };
    let output = process
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(NoPassword::NotStarted)?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(NoPassword::Failed(output.status));
    }
    let first = stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    match str::from_utf8(first) {
        Ok("") => Err(NoPassword::Empty),
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err(NoPassword::NotText),
    }
}

fn shell(line: &str) -> Command {
    let (program, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut process = Command::new(program);
    process.args([flag, line]);
    process
}
