//! Everything that comes from outside, in one place: the adapters, the clock, chance, the terminal.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::dav::{DnsAnswer, RecordKind};
use contactcmd_ports::{ContactRepo, CredentialStore, DavTransport, Open, RepoError};

use crate::Failure;
use crate::interrupt::Interrupt;
use crate::ui::Ui;

/// How to connect to a server, from the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportOptions {
    /// How long a connection may stay silent.
    pub timeout: Duration,
    /// Certificate authorities to trust in place of the system's, a PEM file.
    pub ca_file: Option<PathBuf>,
}

/// Opens the store at a path.
pub type OpenRepo = dyn Fn(&Path, Open) -> Result<Box<dyn ContactRepo>, RepoError>;
/// Makes a transport.
pub type MakeTransport = dyn Fn(&TransportOptions) -> Result<Arc<dyn DavTransport>, Failure>;

/// Reads an environment variable; `None` when it is not there, or not text.
pub type ReadVariable = dyn Fn(&str) -> Option<String>;

/// What a page that reached [`Loopback`] gets, from the target of its request: `Break` is a page with
/// which the wait is over, `Continue` one that does not count.
pub type Reception<'a> = dyn FnMut(&str) -> ControlFlow<String, String> + 'a;

/// Waits, at most so long and until the user asks to stop, for the visitor whom [`Reception`] breaks
/// for.
pub type WaitForBrowser = dyn FnOnce(Duration, &mut Reception<'_>) -> io::Result<()>;

/// A port of this computer, for nobody but the browser on it.
pub struct Loopback {
    /// Its number on 127.0.0.1.
    pub port: u16,
    /// Waits for the browser.
    pub wait: Box<WaitForBrowser>,
}
/// Asks DNS for the records of a name. Waits some seconds at most.
pub type AskDns = dyn Fn(&str, RecordKind) -> DnsAnswer;

/// The outside world, as the commands see it. `wire` makes the real one; tests make their own.
pub struct World {
    /// Opens the store.
    pub open_repo: Box<OpenRepo>,
    /// Connects to servers.
    pub transport: Box<MakeTransport>,
    /// Asks DNS.
    pub dns: Box<AskDns>,
    /// The keychain.
    pub credentials: Box<dyn CredentialStore>,
    /// Reads an environment variable.
    pub env: Box<ReadVariable>,
    /// The time.
    pub now: Box<dyn Fn() -> Timestamp>,
    /// 16 random bytes.
    pub random: Box<dyn Fn() -> [u8; 16]>,
    /// Waits; gives up early when the user asks to stop.
    pub pause: Box<dyn Fn(Duration)>,
    /// Shows an address in the user's browser; whether one was started.
    pub open_browser: Box<dyn Fn(&str) -> bool>,
    /// Opens a port that the browser can come back to.
    pub listen: Box<dyn Fn() -> io::Result<Loopback>>,
    /// Ctrl-C.
    pub interrupt: Interrupt,
    /// The only thing that prints.
    pub ui: Ui,
}
