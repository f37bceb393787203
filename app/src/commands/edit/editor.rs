//! The user's editor on a private file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use uuid::Uuid;

use crate::{Exit, Failure, World};

/// The editor as git finds it: `$VISUAL`, `$EDITOR`, else vi. It may have arguments: `code --wait`.
pub(super) fn command(world: &World) -> String {
    let usual = if cfg!(windows) { "notepad" } else { "vi" };
    let given = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| (world.env)(name));
    let mut given = given.filter(|command| !command.trim().is_empty());
    given.next().unwrap_or_else(|| usual.to_owned())
}

/// A file that only the user can read, in a folder of its own, because editors put copies beside what
/// they edit. It goes when it is dropped, unless it is kept.
#[derive(Debug)]
pub(super) struct Draft {
    folder: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Draft {
    /// Writes `text` to a new file in the system's folder for such files.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] when there is no place for it.
    pub(super) fn new(random: [u8; 16], text: &str) -> io::Result<Self> {
        let unique = Uuid::from_bytes(random).simple().to_string();
        let folder = std::env::temp_dir().join(format!("contactcmd-{unique}"));
        let (mut folders, mut files) = (fs::DirBuilder::new(), OpenOptions::new());
        files.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
            folders.mode(0o700);
            files.mode(0o600);
        }
        folders.create(&folder)?;
        let draft = Self { path: folder.join("contact.txt"), folder, kept: false };
        files.open(&draft.path)?.write_all(text.as_bytes())?;
        Ok(draft)
    }

    /// Opens the editor, waits for it to end, and gives what the file holds then.
    ///
    /// # Errors
    ///
    /// [`Exit::Failed`] when the editor cannot be run or says that it failed (`:cq` in vi), or when
    /// what it left is no text.
    pub(super) fn edit(&self, command: &str) -> Result<String, Failure> {
        let hint = "set VISUAL or EDITOR to the editor you want";
        let status = process(command, &self.path).status().map_err(|error| {
            let words = format!("the editor `{command}` cannot be run");
            Failure::new(Exit::Failed, anyhow::Error::new(error).context(words)).hint(hint)
        })?;
        if !status.success() {
            let error =
                anyhow::anyhow!("the editor `{command}` failed ({status}); nothing is changed");
            return Err(Failure::new(Exit::Failed, error).hint(hint));
        }
        self.text().map_err(|error| {
            let error = anyhow::Error::new(error).context("the form cannot be read");
            Failure::new(Exit::Failed, error)
        })
    }

    /// What the file holds.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] when it is gone, or not in UTF-8.
    pub(super) fn text(&self) -> io::Result<String> {
        fs::read_to_string(&self.path)
    }

    /// Leaves the file where it is, and says where.
    pub(super) fn keep(&mut self) -> &Path {
        self.kept = true;
        &self.path
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // There is nobody left to tell.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// The shell takes the command apart, as git lets it, so that quotes work; where there is nothing to take
/// apart it is left out, since a Ctrl-C that is meant for the editor would end it.
fn process(command: &str, file: &Path) -> Command {
    let is_plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || "/._-+:@,".contains(c);
    if cfg!(not(windows)) && !command.chars().all(is_plain) {
        let mut process = Command::new("sh");
        process.args(["-c", &format!("{command} \"$@\""), "sh"]).arg(file);
        return process;
    }
    let mut words = command.split_whitespace();
    let mut process = Command::new(words.next().unwrap_or(command));
    process.args(words).arg(file);
    process
}
