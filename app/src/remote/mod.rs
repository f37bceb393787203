//! The driver of one server: adds who is asking, follows redirects within the rules, waits when it
//! is told to, and repeats what is safe to repeat. What a reply means is read in the domain.

mod auth;
mod discover;
mod error;
mod fetch;
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

pub use auth::{Credentials, Service, SignInError, sign_in};
pub use discover::{Discovered, discover, first_address};
pub use error::RemoteError;
pub use fetch::{fetch, fetch_each};
pub use write::WriteError;

use crate::World;
use crate::config::AuthKind;
use auth::{Stamp, Verdict};

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

/// The answer to a request that was sent as often as it takes.
struct Sent {
    response: Response<Vec<u8>>,
    elapsed: Duration,
    /// Whether it said who was asking.
    is_signed: bool,
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

    /// Which way of logging in is in use; it changes when the server asks for Digest.
    pub fn auth(&self) -> AuthKind {
        self.credentials.kind()
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
            let Sent { response, elapsed, is_signed } =
                self.send(&at, operation.request(), Kind::Read).await?;
            match operation.reply(&response) {
                Ok(reply) => {
                    // Before Digest was asked for the user is nobody yet.
                    self.accepted.set(self.accepted.get() || is_signed);
                    return Ok(Answer { reply, at, bytes: response.body().len(), elapsed });
                }
                Err(DavError::Moved { status, location }) => {
                    at = self.follow(&at, status, &location)?;
                }
                Err(error) => return Err(self.refused(at, error)),
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

    /// What an answer that is an error means to this user: of a 401, whether it is the secret that is
    /// wrong or the way of logging in.
    fn refused(&self, at: Location, error: DavError) -> RemoteError {
        match error {
            DavError::Unauthorized { schemes, .. } if !self.credentials.is_among(&schemes) => {
                RemoteError::NotOffered { at, used: self.auth(), offered: schemes }
            }
            error => RemoteError::Dav { at, error },
        }
    }

    /// Sends a request, and repeats it where that helps and is safe. Gives how long the answer took,
    /// waits aside.
    async fn send(
        &self,
        at: &Location,
        request: Request<Vec<u8>>,
        kind: Kind,
    ) -> Result<Sent, RemoteError> {
        self.check_destination(at)?;
        let (mut attempt, mut renewals) = (1, 0);
        loop {
            self.wait_until_welcome();
            let (signed, stamp) = self.sign(&request).await?;
            let is_signed = signed.headers().contains_key(AUTHORIZATION);
            let started = self.milliseconds();
            let mut sent = self.send_once(at, signed, kind).await;
            let elapsed = u64::try_from(self.milliseconds() - started).unwrap_or(0);
            if let Ok(response) = &mut sent {
                // A 401 is an answer even to a write: nothing was written.
                if self.is_to_be_signed_anew(response, stamp, renewals).await? {
                    renewals += 1;
                    continue;
                }
                self.credentials.even_out(response);
            }
            let Some(wait) = self.wait_for(&sent, kind, attempt).filter(|_| attempt < MAX_TRIES)
            else {
                let elapsed = Duration::from_millis(elapsed);
                return sent.map(|response| Sent { response, elapsed, is_signed });
            };
            attempt += 1;
            let until =
                self.milliseconds() + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2);
            self.not_before.set(self.not_before.get().max(until));
        }
    }

    /// The request with who is asking.
    async fn sign(
        &self,
        request: &Request<Vec<u8>>,
    ) -> Result<(Request<Vec<u8>>, Stamp), RemoteError> {
        let asked = self.credentials.prepare(self.world, &*self.transport).await;
        self.count_token(asked)?;
        let (header, stamp) = self.credentials.sign(request);
        let mut request = request.clone();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_TEXT));
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header);
        }
        Ok((request, stamp))
    }

    /// Whether the same request under another header is worth sending; gets the token it needs.
    async fn is_to_be_signed_anew(
        &self,
        response: &Response<Vec<u8>>,
        stamp: Stamp,
        renewals: u32,
    ) -> Result<bool, RemoteError> {
        match self.credentials.judge(response, (stamp, renewals), &*self.world.random) {
            Verdict::Stands => Ok(false),
            Verdict::SignAgain => Ok(true),
            Verdict::Renew => {
                let asked = self.credentials.renew(self.world, &*self.transport, stamp).await;
                self.count_token(asked)?;
                Ok(true)
            }
        }
    }

    fn count_token(&self, asked: Result<bool, SignInError>) -> Result<(), RemoteError> {
        let asked = asked.map_err(RemoteError::SignIn)?;
        self.requests.set(self.requests.get() + u32::from(asked));
        Ok(())
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

    /// How long to wait before repeating, if that helps and is safe.
    fn wait_for(
        &self,
        sent: &Result<Response<Vec<u8>>, RemoteError>,
        kind: Kind,
        attempt: u32,
    ) -> Option<Duration> {
        let response = match sent {
            Ok(response) => response,
            Err(RemoteError::Transport(
                TransportError::Timeout { .. } | TransportError::Broken { .. },
            )) if kind == Kind::Read => {
                return Some(pause(Trouble::Connection, attempt, None, self.chance()));
            }
            Err(_) => return None,
        };
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

    /// Credentials go over https to the same registrable domain only, or to loopback, or where the
    /// user allowed http (Q08). Digest and tokens keep to the same rule.
    fn check_destination(&self, at: &Location) -> Result<(), RemoteError> {
        let home = self.credentials.home();
        if may_know(home, &at.origin, &self.rules()) {
            return Ok(());
        }
        Err(RemoteError::Withheld { home: home.clone(), origin: at.origin.clone() })
    }

    fn rules(&self) -> Rules<'static> {
        Rules { allow_http: self.allow_http, same_domain: &same_site }
    }

    fn chance(&self) -> f64 {
        let [byte, ..] = (self.world.random)();
        f64::from(byte) / 256.0
    }
}

/// Whether two hosts belong to one registrable domain by the public suffix list.
fn same_site(one: &str, other: &str) -> bool {
    let is_ip = |host: &str| host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let site = |host: &str| psl::domain_str(host).filter(|_| !is_ip(host)).map(str::to_owned);
    one == other || site(one).is_some_and(|domain| site(other) == Some(domain))
}

/// Says honestly who asks, and holds no name that servers treat specially (Q30).
const USER_AGENT_TEXT: &str = concat!("contactcmd/", env!("CARGO_PKG_VERSION"));
