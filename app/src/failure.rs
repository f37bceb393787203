//! How a command ends: the exit code, and for a failure what happened and what helps.

use std::process::ExitCode;

use contactcmd_ports::{CredentialError, RepoError, TransportError};

/// How a command ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed for a reason that has no code of its own.
    Failed = 1,
    /// The command line or the config is wrong.
    Usage = 2,
    /// The server refused the user name or password.
    Auth = 3,
    /// The server or the network failed.
    Server = 4,
    /// Done, but something needs the user: conflicts left, cards set aside.
    NeedsYou = 5,
    /// Stopped by a guard before anything was written.
    Guard = 6,
    /// Another run holds the lock.
    Locked = 7,
    /// Ended by Ctrl-C after the contact in hand.
    Interrupted = 130,
}

impl Exit {
    /// The one of two ends that says more: a server that failed outweighs a conflict that waits.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    fn weight(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NeedsYou => 1,
            Self::Guard => 2,
            Self::Failed => 3,
            Self::Usage => 4,
            Self::Locked => 5,
            Self::Server => 6,
            Self::Auth => 7,
            Self::Interrupted => 8,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that failed: what happened, and the command or setting that helps.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What happened, with whose contact or book; its causes are shown below it.
    pub error: anyhow::Error,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure with these words.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), hint: None }
    }

    /// A mistake in what was typed.
    pub fn usage(words: impl Into<String>) -> Self {
        Self::new(Exit::Usage, anyhow::Error::msg(words.into()))
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds one more thing to do about it.
    #[must_use]
    pub fn and_hint(mut self, more: &str) -> Self {
        self.hint = Some(match self.hint {
            Some(hint) => format!("{hint}; {more}"),
            None => more.to_owned(),
        });
        self
    }

    /// Puts whose contact, book or file it was in front.
    #[must_use]
    pub fn context(mut self, words: impl Into<String>) -> Self {
        self.error = self.error.context(words.into());
        self
    }
}

impl From<RepoError> for Failure {
    fn from(error: RepoError) -> Self {
        let (exit, hint) = match &error {
            RepoError::Locked => (Exit::Locked, "wait for the other run to end, then try again"),
            RepoError::Newer => {
                (Exit::Failed, "update contactcmd, or give another file with `--database`")
            }
            RepoError::ReadOnly { .. } => {
                (Exit::Failed, "check who owns the file and its folder, or use `--database`")
            }
            RepoError::Full { .. } => (
                Exit::Failed,
                "free some space and run the command again; what was stored before is intact",
            ),
            RepoError::Unreadable { .. } => (
                Exit::Failed,
                "check the file and its permissions; give another one with `--database`",
            ),
            RepoError::Failed { .. } => {
                return Self::new(Exit::Failed, error);
            }
        };
        Self::new(exit, error).hint(hint)
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let hint = match &error {
            TransportError::Unreachable { .. } => {
                "check the host name and port, and whether you are online"
            }
            TransportError::Timeout { .. } => {
                "try again later, or allow more seconds with `timeout` in the config"
            }
            TransportError::Untrusted { .. } => {
                "if the certificate is your own, name its authority with `ca_file` in the config"
            }
            TransportError::TooLarge { .. } | TransportError::Broken { .. } => "try again later",
        };
        Self::new(Exit::Server, error).hint(hint)
    }
}

impl From<CredentialError> for Failure {
    fn from(error: CredentialError) -> Self {
        let hint = match &error {
            CredentialError::Locked { .. } => "unlock the keychain and try again",
            CredentialError::Unavailable { .. } | CredentialError::Failed { .. } => {
                "use `password_command` in the config or the variable CONTACTCMD_PASSWORD"
            }
        };
        Self::new(Exit::Failed, error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{Auth, Done, Failed, Guard, Interrupted, NeedsYou, Server};

    #[test]
    fn what_failed_outweighs_what_waits() {
        let cases = [
            (Done, NeedsYou, NeedsYou),
            (NeedsYou, Failed, Failed),
            (Server, NeedsYou, Server),
            (Guard, Server, Server),
            (Server, Auth, Auth),
            (Auth, Interrupted, Interrupted),
        ];
        for (one, other, worse) in cases {
            assert_eq!(one.worse(other), worse);
            assert_eq!(other.worse(one), worse);
        }
    }
}
