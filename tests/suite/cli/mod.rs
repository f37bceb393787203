//! The program as it is run: arguments in, exit code and two streams out, in a home of its own.

mod arguments;
mod export;
mod import;
mod list;
mod password;
mod show;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A home folder with nothing in it, and the program that lives there.
struct Sandbox {
    home: TempDir,
}

/// How a run ended and what it printed.
#[derive(Debug)]
struct Run {
    exit: i32,
    stdout: String,
    stderr: String,
}

impl Sandbox {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// A home whose store has these cards.
    fn with_cards(cards: &[&str]) -> Self {
        let sandbox = Self::new();
        let run = sandbox.run_with(&["import", "vcard", "-"], cards.concat().as_bytes());
        assert_eq!(run.exit, 0, "{run:?}");
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn config(&self, text: &str) {
        self.file(".config/contactcmd/config.toml", text);
    }

    fn database(&self) -> PathBuf {
        self.path(".local/share/contactcmd/contacts.db")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contactcmd-under-test"));
        // Nothing of the user's: neither folders nor the session bus, behind which the keychain is.
        command.env_clear().env("HOME", self.home.path()).args(args);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::of(self.command(args).output().unwrap())
    }

    fn run_with(&self, args: &[&str], stdin: &[u8]) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // A program that does not read its input has closed it; that is no fault of the test.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        Run::of(child.wait_with_output().unwrap())
    }

    /// Runs a command that must succeed, and gives its result.
    fn result(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!(run.exit, 0, "{args:?}: {run:?}");
        run.stdout
    }

    fn json(&self, args: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.result(args)).unwrap()
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A small card; `more` is lines with their ends.
fn card(uid: &str, name: &str, more: &str) -> String {
    let uid = if uid.is_empty() { String::new() } else { format!("UID:{uid}\r\n") };
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{uid}FN:{name}\r\n{more}END:VCARD\r\n")
}

/// The folder of real cards from many programs, where a checkout has one.
fn real_cards() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vcards");
    folder.is_dir().then_some(folder)
}
