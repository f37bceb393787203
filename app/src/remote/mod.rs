//! The driver of one server: adds who is asking, follows redirects within the rules, waits when it
//! is told to, and repeats what is safe to repeat. What a reply means is read in the domain.

mod auth;
mod discover;
mod error;
mod fetch;
mod not_found;
mod service;
mod write;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use contactcmd_domain::dav::{
    DavError, Location, Operation, RedirectRefused, Rules, Trouble, follow, may_know, pause,
    retry_after,
};
use contactcmd_ports::{DavTransport, TransportError};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Request, Response, Version};

pub use auth::Credentials;
pub use discover::{Discovered, discover, first_address};
pub use error::RemoteError;
pub use fetch::{fetch, fetch_each};
pub use not_found::{Came, Tried};
pub use service::named_elsewhere;
pub use write::WriteError;

use crate::World;

/// At most this many redirects in a row.
const MAX_REDIRECTS: usize = 5;
/// How often a safe request is sent at most.
const MAX_TRIES: u32 = 3;

/// One server, spoken to as one user.
pub struct Remote<'w> {
    world: &'w World,
    transport: Arc<dyn DavTransport>,
    credentials: Credentials,
    allow_http: bool,
    requests: Cell<u32>,
    http2: Cell<bool>,
    /// Whether these credentials were accepted in this run: a 401 after that is throttling (Q22).
    accepted: Cell<bool>,
    second_chance: Cell<bool>,
    /// Nothing is sent before this time (milliseconds since 1970): the server asked to wait, and several
    /// requests are in flight.
    not_before: Cell<i64>,
}

/// What a request does on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing: it may be broken off and repeated.
    Read,
    /// It changes something there. Where no answer comes nobody knows whether it did: the card has to
    /// be looked at before anything is sent again (Q108).
    Write,
}

/// A reply, and how it came.
pub struct Answer<T> {
    /// What it says.
    pub reply: T,
    /// Where it came from in the end, redirects followed.
    pub at: Location,
    /// The size of its body.
    pub bytes: usize,
    /// How long it took.
    pub elapsed: Duration,
}

impl<'w> Remote<'w> {
    /// A server to be spoken to with these credentials.
    pub fn new(
        world: &'w World,
        transport: Arc<dyn DavTransport>,
        credentials: Credentials,
        allow_http: bool,
    ) -> Self {
        Self {
            world,
            transport,
            credentials,
            allow_http,
            requests: Cell::new(0),
            http2: Cell::new(false),
            accepted: Cell::new(false),
            second_chance: Cell::new(true),
            not_before: Cell::new(0),
        }
    }

    /// How many requests were sent so far.
    pub fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// Whether the server speaks HTTP/2.
    pub fn is_http2(&self) -> bool {
        self.http2.get()
    }

    /// Whether the server accepted the credentials.
    pub fn is_accepted(&self) -> bool {
        self.accepted.get()
    }

    /// The outside world.
    pub fn world(&self) -> &'w World {
        self.world
    }

    /// Asks for a reading operation at a place, following redirects: `make` builds the operation
    /// for each place on the way, so that hrefs in the reply resolve against the last one.
    ///
    /// # Errors
    ///
    /// [`RemoteError`]. Nothing was changed on the server.
    pub async fn ask<O: Operation>(
        &self,
        at: &Location,
        make: impl Fn(Location) -> O,
    ) -> Result<Answer<O::Reply>, RemoteError> {
        let mut at = at.clone();
        for _ in 0..=MAX_REDIRECTS {
            let operation = make(at.clone());
            let (response, elapsed) = self.send(&at, operation.request(), Kind::Read).await?;
            match operation.reply(&response) {
                Ok(reply) => {
                    self.accepted.set(true);
                    return Ok(Answer { reply, at, bytes: response.body().len(), elapsed });
                }
                Err(DavError::Moved { status, location }) => {
                    at = self.follow(&at, status, &location)?;
                }
                Err(error) => return Err(RemoteError::Dav { at, error }),
            }
        }
        let words = format!("there were more than {MAX_REDIRECTS} redirects");
        Err(RemoteError::Redirect { from: at.clone(), to: at.to_string(), why: words })
    }

    fn follow(&self, from: &Location, status: u16, to: &str) -> Result<Location, RemoteError> {
        match follow(from, status, to, &self.rules()) {
            Ok(followed) => {
                self.world.ui.detail(format_args!("{from} moved to {}", followed.to));
                Ok(followed.to)
            }
            // A server behind a proxy that does not know its own address (Q06).
            Err(RedirectRefused::Downgrade { instead: Some(instead), .. }) => Ok(instead),
            Err(refused) => Err(RemoteError::Redirect {
                from: from.clone(),
                to: to.to_owned(),
                why: refused.to_string(),
            }),
        }
    }

    /// Sends a request, and repeats it where that helps and is safe. Gives how long the answer took,
    /// waits aside.
    async fn send(
        &self,
        at: &Location,
        request: Request<Vec<u8>>,
        kind: Kind,
    ) -> Result<(Response<Vec<u8>>, Duration), RemoteError> {
        let request = self.sign(at, request)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.wait_until_welcome();
            let started = self.milliseconds();
            let sent = self.send_once(at, request.clone(), kind).await;
            let elapsed = u64::try_from(self.milliseconds() - started).unwrap_or(0);
            let last = attempt >= MAX_TRIES;
            let wait = match &sent {
                Ok(response) => self.wait_for(response, attempt),
                Err(RemoteError::Transport(
                    TransportError::Timeout { .. } | TransportError::Broken { .. },
                )) if kind == Kind::Read => {
                    Some(pause(Trouble::Connection, attempt, None, self.chance()))
                }
                Err(_) => None,
            };
            let Some(wait) = wait.filter(|_| !last) else {
                return sent.map(|response| (response, Duration::from_millis(elapsed)));
            };
            let until =
                self.milliseconds() + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2);
            self.not_before.set(self.not_before.get().max(until));
        }
    }

    /// Waits once for all requests in flight: what one was told holds for the others.
    fn wait_until_welcome(&self) {
        let left = u64::try_from(self.not_before.get() - self.milliseconds()).unwrap_or(0);
        if left > 0 {
            let left = Duration::from_millis(left);
            self.world
                .ui
                .say(format_args!("waiting {:.0} s for the server", left.as_secs_f64().ceil()));
            (self.world.pause)(left);
        }
    }

    fn milliseconds(&self) -> i64 {
        (self.world.now)().0
    }

    async fn send_once(
        &self,
        at: &Location,
        request: Request<Vec<u8>>,
        kind: Kind,
    ) -> Result<Response<Vec<u8>>, RemoteError> {
        let interrupt = &self.world.interrupt;
        let method = request.method().clone();
        self.requests.set(self.requests.get() + 1);
        let sent = match kind {
            Kind::Read => match interrupt.unless_raised(self.transport.send(request)).await {
                Some(sent) => sent,
                None => return Err(RemoteError::Interrupted),
            },
            // The contact in hand is finished.
            Kind::Write => self.transport.send(request).await,
        };
        match &sent {
            Ok(response) => {
                let (status, size) = (response.status().as_u16(), response.body().len());
                self.world.ui.trace(format_args!("{method} {at}: {status}, {size} bytes"));
                self.http2.set(response.version() == Version::HTTP_2);
            }
            Err(error) => self.world.ui.trace(format_args!("{method} {at}: {error}")),
        }
        Ok(sent?)
    }

    /// How long to wait before repeating, if the answer asks for it.
    fn wait_for(&self, response: &Response<Vec<u8>>, attempt: u32) -> Option<Duration> {
        match response.status().as_u16() {
            429 | 503 => {
                let asked = response.headers().get("retry-after");
                let asked = asked.and_then(|value| value.to_str().ok());
                let seconds = (self.world.now)().0.div_euclid(1000);
                let asked = asked.and_then(|text| retry_after(text, seconds));
                Some(pause(Trouble::Busy, attempt, asked, self.chance()))
            }
            // Once only, and only where the same password was just good (Q22, Q23).
            401 if self.accepted.get() && self.second_chance.replace(false) => {
                Some(pause(Trouble::Busy, attempt, None, self.chance()))
            }
            _ => None,
        }
    }

    /// Adds who is asking. Credentials go over https to the same registrable domain only, or to
    /// loopback, or where the user allowed http (Q08).
    fn sign(
        &self,
        at: &Location,
        mut request: Request<Vec<u8>>,
    ) -> Result<Request<Vec<u8>>, RemoteError> {
        let home = self.credentials.home();
        if !may_know(home, &at.origin, &self.rules()) {
            return Err(RemoteError::Withheld { home: home.clone(), origin: at.origin.clone() });
        }
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_TEXT));
        headers.insert(AUTHORIZATION, self.credentials.header());
        Ok(request)
    }

    fn rules(&self) -> Rules<'static> {
        rules(self.allow_http)
    }

    fn chance(&self) -> f64 {
        let [byte, ..] = (self.world.random)();
        f64::from(byte) / 256.0
    }
}

/// Who may know a password.
fn rules(allow_http: bool) -> Rules<'static> {
    Rules { allow_http, same_domain: &same_site }
}

/// Whether two hosts belong to one registrable domain by the public suffix list.
fn same_site(one: &str, other: &str) -> bool {
    let is_ip = |host: &str| host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let site = |host: &str| psl::domain_str(host).filter(|_| !is_ip(host)).map(str::to_owned);
    one == other || site(one).is_some_and(|domain| site(other) == Some(domain))
}

/// Says honestly who asks, and holds no name that servers treat specially (Q30).
const USER_AGENT_TEXT: &str = concat!("contactcmd/", env!("CARGO_PKG_VERSION"));
