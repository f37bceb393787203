//! Everything that comes from outside, in one place: the adapters, the clock, chance, the terminal.

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
    /// Ctrl-C.
    pub interrupt: Interrupt,
    /// The only thing that prints.
    pub ui: Ui,
}
