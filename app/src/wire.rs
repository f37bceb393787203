//! The real world: the only file that names the adapters.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use contactcmd_adapters::browser;
use contactcmd_adapters::dns::Resolver;
use contactcmd_adapters::http_isahc::{IsahcOptions, IsahcTransport};
use contactcmd_adapters::keychain::Keychain;
use contactcmd_adapters::sqlite::SqliteRepo;
use contactcmd_domain::contact::Timestamp;
use contactcmd_ports::{ContactRepo, DavTransport, Open, RepoError};
use uuid::Uuid;

use crate::interrupt::Interrupt;
use crate::ui::{Terminal, Ui};
use crate::world::{Loopback, TransportOptions, World};
use crate::{Exit, Failure, run};

/// The longest that a pause goes on without looking whether the user asked to stop.
const GLANCE: Duration = Duration::from_millis(100);

/// The largest answer: a listing of 100,000 cards is about 60 MB.
const MAX_BODY: u64 = 128 << 20;

/// Runs the program with the real world around it.
pub fn main() -> ExitCode {
    let interrupt = Interrupt::default();
    let handler = interrupt.clone();
    // Without a handler Ctrl-C ends the process at once, which is safe too: the next run repairs it.
    let _ = ctrlc::set_handler(move || {
        if handler.raise() {
            std::process::exit(i32::from(Exit::Interrupted as u8));
        }
    });
    let terminal = Terminal {
        stdin: io::stdin().is_terminal(),
        stdout: io::stdout().is_terminal(),
        stderr: io::stderr().is_terminal(),
    };
    let ui = Ui::new(Box::new(io::stdout()), Box::new(io::stderr()), terminal);
    let mut world = real_world(ui, interrupt);
    run(std::env::args_os(), &mut world).into()
}

/// A world of real adapters that prints to `out` and `err`, as the demo needs it.
pub fn world(out: Box<dyn Write>, err: Box<dyn Write>, terminal: Terminal) -> World {
    real_world(Ui::new(out, err, terminal), Interrupt::default())
}

fn real_world(ui: Ui, interrupt: Interrupt) -> World {
    let waiting = interrupt.clone();
    let listening = interrupt.clone();
    World {
        open_repo: Box::new(open_repo),
        transport: Box::new(transport),
        dns: Box::new(|name, kind| Resolver::of_the_system().ask(name, kind, dns_id())),
        credentials: Box::new(Keychain::new()),
        env: Box::new(|name| std::env::var(name).ok()),
        now: Box::new(|| Timestamp(jiff::Timestamp::now().as_millisecond())),
        random: Box::new(|| *Uuid::new_v4().as_bytes()),
        pause: Box::new(move |length| pause(length, &waiting)),
        open_browser: Box::new(browser::open),
        listen: Box::new(move || listen(&listening)),
        interrupt,
        ui,
    }
}

fn listen(interrupt: &Interrupt) -> io::Result<Loopback> {
    let port = browser::Port::open()?;
    let interrupt = interrupt.clone();
    Ok(Loopback {
        port: port.number()?,
        wait: Box::new(move |most, reception| {
            port.wait(most, &|| interrupt.is_raised(), reception)
        }),
    })
}

fn open_repo(path: &Path, open: Open) -> Result<Box<dyn ContactRepo>, RepoError> {
    Ok(Box::new(SqliteRepo::open(path, open)?))
}

fn transport(options: &TransportOptions) -> Result<Arc<dyn DavTransport>, Failure> {
    let options = IsahcOptions {
        timeout: options.timeout,
        ca_file: options.ca_file.clone(),
        max_body: MAX_BODY,
        ..IsahcOptions::default()
    };
    let transport = IsahcTransport::new(&options)
        .map_err(|error| Failure::new(Exit::Usage, error).hint("check `ca_file` in the config"))?;
    Ok(Arc::new(transport))
}

/// A number nobody can guess, so that an answer to another question is not taken for ours.
fn dns_id() -> u16 {
    let [one, other, ..] = *Uuid::new_v4().as_bytes();
    u16::from_be_bytes([one, other])
}

fn pause(length: Duration, interrupt: &Interrupt) {
    let mut left = length;
    while !left.is_zero() && !interrupt.is_raised() {
        let step = left.min(GLANCE);
        std::thread::sleep(step);
        left -= step;
    }
}
