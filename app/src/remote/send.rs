//! Sending one request: signed, repeated where that helps and is safe, and only to where it may go.

use std::time::Duration;

use contactcmd_domain::dav::{Location, Trouble, may_know, pause, retry_after};
use contactcmd_ports::TransportError;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Request, Response, Version};

use super::auth::{SignInError, Stamp, Verdict};
use super::{Remote, RemoteError, USER_AGENT_TEXT};

/// How often a safe request is sent at most.
const MAX_TRIES: u32 = 3;

/// What a request does on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: it may be broken off and repeated.
    Read,
    /// It changes something there. Where no answer comes nobody knows whether it did: the card has to
    /// be looked at before anything is sent again (Q108).
    Write,
}

fn is_busy(sent: &Result<Response<Vec<u8>>, RemoteError>) -> bool {
    matches!(sent, Ok(response) if matches!(response.status().as_u16(), 429 | 503))
}

/// The answer to a request that was sent as often as it takes.
pub(super) struct Sent {
    pub(super) response: Response<Vec<u8>>,
    pub(super) elapsed: Duration,
    /// Whether it said who was asking.
    pub(super) is_signed: bool,
}

impl Remote<'_> {
    /// Sends a request, and repeats it where that helps and is safe. Gives how long the answer took,
    /// waits aside.
    pub(super) async fn send(
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
            if kind == Kind::Write && is_busy(&sent) {
                // Some servers store what they say they have no time for: whoever wrote decides.
                let elapsed = Duration::from_millis(elapsed);
                return sent.map(|response| Sent { response, elapsed, is_signed });
            }
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

    fn chance(&self) -> f64 {
        let [byte, ..] = (self.world.random)();
        f64::from(byte) / 256.0
    }
}
