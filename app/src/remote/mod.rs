//! The driver of one server: adds who is asking, follows redirects within the rules, waits when it
//! is told to, and repeats what is safe to repeat. What a reply means is read in the domain.

mod auth;
mod discover;
mod dns;
mod error;
mod fetch;
mod not_found;
mod send;
mod stored;
mod write;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use contactcmd_domain::dav::{DavError, Location, Operation, RedirectRefused, Rules, follow};
use contactcmd_ports::{DavTransport, Secret};

pub use auth::{Credentials, SignInError, client_steps, sign_in};
pub use discover::{Discovered, discover, first_address};
pub use dns::named_elsewhere;
pub use error::{PasswordRefused, RemoteError};
pub use fetch::{fetch, fetch_each};
pub use not_found::{Came, Tried};
pub use stored::{Shelf, as_stored};
pub use write::WriteError;

use crate::World;
use crate::config::AuthKind;
use send::{Kind, Sent};

/// At most this many redirects in a row.
const MAX_REDIRECTS: usize = 5;

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

    /// The refresh token of now, for `oauth2`; it may be another than the one of the beginning.
    pub fn refresh_token(&self) -> Option<Secret> {
        self.credentials.refresh_token()
    }

    /// See [`Credentials::is_renewing`].
    fn is_renewing(&self) -> bool {
        self.credentials.is_renewing()
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

    fn rules(&self) -> Rules<'static> {
        rules(self.allow_http)
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
