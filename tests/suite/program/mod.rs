//! The program as a process, over HTTP on loopback, with a home folder of its own: what a user and a
//! script see.

mod stop;
mod trouble;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use contactcmd_tests::fake::{FakeDav, Knobs};
use contactcmd_tests::generate;
use contactcmd_tests::serve::{Options, Served, serve};
use tempfile::TempDir;

/// A user with a home folder, and a server on loopback.
pub(crate) struct User {
    pub(crate) fake: FakeDav,
    pub(crate) served: Served,
    home: TempDir,
}

impl User {
    pub(crate) fn new(cards: usize, options: Options) -> Self {
        let fake = FakeDav::new(Knobs::default());
        generate::fill(&fake, "contacts", cards);
        let served = serve(fake.clone(), options);
        Self { fake, served, home: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("data/contactcmd/contacts.db")
    }

    pub(crate) fn write_config(&self, text: &str) {
        let folder = self.path("config/contactcmd");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// The program with these arguments, without a terminal and without a session bus.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contactcmd-under-test"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("CONTACTCMD_PASSWORD", "secret")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    pub(crate) fn sync(&self, more: &[&str]) -> Ran {
        self.run(&self.sync_args(more))
    }

    pub(crate) fn sync_args(&self, more: &[&str]) -> Vec<String> {
        let url = self.served.url();
        let args = ["sync", "carddav", "--server", url.as_str(), "--username", "alice"];
        args.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
    }

    pub(crate) fn start(&self, more: &[&str]) -> Child {
        self.command(&self.sync_args(more)).spawn().unwrap()
    }

    pub(crate) fn count(&self) -> usize {
        let listed = self.run(&["list", "--json"]);
        let contacts: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
        contacts.as_array().unwrap().len()
    }
}

/// What a process said and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
