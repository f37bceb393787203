//! Who is asking: what stands in `Authorization`, and what an answer to it means.

mod digest;
mod service;
mod sign_in;
mod tokens;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contactcmd_domain::dav::{Location, Origin};
use contactcmd_ports::{CredentialKey, DavTransport, Secret};
use http::{HeaderValue, Request, Response, StatusCode};

pub use service::{SignInError, client_steps};
pub use sign_in::sign_in;

use crate::config::{AccountSettings, AuthKind};
use crate::{Failure, World};
use digest::Digest;
use service::Service;
use tokens::Tokens;

/// What an account logs in with, and the server it belongs to. Has no `Debug`.
pub struct Credentials {
    home: Origin,
    scheme: Scheme,
}

enum Scheme {
    /// A password with every request (RFC 7617).
    Basic(HeaderValue),
    /// A token with every request (RFC 6750).
    Bearer(HeaderValue),
    /// A hash of the password (RFC 7616).
    Digest { first: First, digest: Digest },
    /// A token that lives for an hour, and what gets the next one.
    OAuth2(Box<Tokens>),
}

/// What is sent while no server has asked for Digest yet.
enum First {
    /// Nothing but the request itself: the account is known to want Digest.
    Nothing,
    /// Basic, which all but a few take.
    Basic(HeaderValue),
}

/// The state of a scheme that a request was signed with: tells the answer to old credentials from
/// one to those of now, since several requests are in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stamp(u32);

/// What an answer means for the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stands.
    Stands,
    /// The request is worth another try under a new header.
    SignAgain,
    /// A new token is needed before the request is tried again.
    Renew,
}

impl Credentials {
    /// What this account logs in with, as its `auth` says: without one Basic, and Digest where a
    /// server asks for that and not for Basic. `secret` is the password, for `bearer` the token, and
    /// for `oauth2` the refresh token.
    ///
    /// # Errors
    ///
    /// Exit 2 when the settings for `oauth2` do not suffice; the hint names the one that is missing.
    /// Exit 3 when `client_secret_command` fails.
    pub fn of(
        world: &World,
        account: &AccountSettings,
        key: &CredentialKey,
        secret: &Secret,
    ) -> Result<Self, Failure> {
        let home = Location::parse(&key.server)
            .map_err(|error| Failure::usage(format!("`{}`: {error}", key.server)))?
            .origin;
        let username = &key.username;
        let digest = || Digest::new(username, secret);
        let scheme = match account.auth {
            Some(AuthKind::Basic) => return Ok(Self::basic(home, username, secret)),
            Some(AuthKind::Digest) => Scheme::Digest { first: First::Nothing, digest: digest() },
            Some(AuthKind::Bearer) => Scheme::Bearer(token_header(secret)?),
            Some(AuthKind::OAuth2) => {
                let service = Service::of(world, account, home.host())?;
                Scheme::OAuth2(Box::new(Tokens::new(service, key, secret)))
            }
            None => {
                let first = First::Basic(basic_header(username, secret));
                Scheme::Digest { first, digest: digest() }
            }
        };
        Ok(Self { home, scheme })
    }

    /// Basic authentication (RFC 7617), in UTF-8; sent with the first request, because some servers
    /// never ask for it (Cyrus, Google).
    pub fn basic(home: Origin, username: &str, password: &Secret) -> Self {
        Self { home, scheme: Scheme::Basic(basic_header(username, password)) }
    }

    /// The server they belong to.
    pub fn home(&self) -> &Origin {
        &self.home
    }

    /// Which scheme is in use; it changes when a server asks for Digest.
    pub fn kind(&self) -> AuthKind {
        match &self.scheme {
            Scheme::Basic(_) => AuthKind::Basic,
            Scheme::Bearer(_) => AuthKind::Bearer,
            Scheme::Digest { first: First::Basic(_), digest } if digest.stamp() == Stamp(0) => {
                AuthKind::Basic
            }
            Scheme::Digest { .. } => AuthKind::Digest,
            Scheme::OAuth2(_) => AuthKind::OAuth2,
        }
    }

    /// The refresh token of now, which is stored where the account is: a provider may have given a new
    /// one and taken the first back. `None` where the secret never changes.
    pub(super) fn refresh_token(&self) -> Option<Secret> {
        match &self.scheme {
            Scheme::OAuth2(tokens) => Some(tokens.refresh_token()),
            _ => None,
        }
    }

    /// Whether a provider was asked for a token and has not answered. Whoever asked must be let go on:
    /// the answer may hold the only refresh token that is good from now on.
    pub(super) fn is_renewing(&self) -> bool {
        matches!(&self.scheme, Scheme::OAuth2(tokens) if tokens.is_asking())
    }

    /// Gets the first token where one is needed; whether something was asked for.
    pub(super) async fn prepare(
        &self,
        world: &World,
        transport: &dyn DavTransport,
    ) -> Result<bool, SignInError> {
        match &self.scheme {
            Scheme::OAuth2(tokens) if tokens.stamp() == Stamp(0) => {
                tokens.renew(world, transport, Stamp(0)).await
            }
            _ => Ok(false),
        }
    }

    /// Gets a new token in place of the one of `stamp`; whether something was asked for.
    pub(super) async fn renew(
        &self,
        world: &World,
        transport: &dyn DavTransport,
        stamp: Stamp,
    ) -> Result<bool, SignInError> {
        match &self.scheme {
            Scheme::OAuth2(tokens) => tokens.renew(world, transport, stamp).await,
            _ => Ok(false),
        }
    }

    /// The `Authorization` header of this request, marked so that it never shows; `None` before a
    /// server that wants Digest has said so.
    pub(super) fn sign(&self, request: &Request<Vec<u8>>) -> (Option<HeaderValue>, Stamp) {
        match &self.scheme {
            Scheme::Basic(header) | Scheme::Bearer(header) => (Some(header.clone()), Stamp(0)),
            Scheme::Digest { first, digest } => {
                let header = digest.sign(request).or_else(|| match first {
                    First::Basic(header) if digest.stamp() == Stamp(0) => Some(header.clone()),
                    _ => None,
                });
                (header, digest.stamp())
            }
            Scheme::OAuth2(tokens) => (tokens.header(), tokens.stamp()),
        }
    }

    /// What the answer to a request of `stamp`, signed anew `renewals` times by now, means. `cnonce`
    /// gives the random part of a Digest login.
    pub(super) fn judge(
        &self,
        response: &Response<Vec<u8>>,
        (stamp, renewals): (Stamp, u32),
        cnonce: &dyn Fn() -> [u8; 16],
    ) -> Verdict {
        match &self.scheme {
            Scheme::Basic(_) | Scheme::Bearer(_) => Verdict::Stands,
            Scheme::Digest { first: First::Basic(_), .. }
                if stamp == Stamp(0) && offers(response, "basic") =>
            {
                // Basic would have done, so it is the password that is wrong.
                Verdict::Stands
            }
            Scheme::Digest { digest, .. } => digest.judge(response, (stamp, renewals), cnonce),
            Scheme::OAuth2(tokens) if renewals == 0 && is_refused_token(response) => {
                if tokens.stamp() == stamp { Verdict::Renew } else { Verdict::SignAgain }
            }
            Scheme::OAuth2(_) => Verdict::Stands,
        }
    }

    /// Makes the 403 with which Google refuses a token the 401 that it is (Q20).
    pub(super) fn even_out(&self, response: &mut Response<Vec<u8>>) {
        let by_token = matches!(self.scheme, Scheme::Bearer(_) | Scheme::OAuth2(_));
        if by_token && is_refused_token(response) {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
    }

    /// Whether the server takes the scheme in use, going by those it offers with a 401. Those that
    /// want a token often do not say so (Q17), and some say nothing.
    pub(super) fn is_among(&self, offered: &[String]) -> bool {
        let name = match self.kind() {
            AuthKind::Basic => "basic",
            AuthKind::Digest => "digest",
            AuthKind::Bearer | AuthKind::OAuth2 => return true,
        };
        offered.is_empty() || offered.iter().any(|scheme| scheme == name)
    }
}

fn basic_header(username: &str, password: &Secret) -> HeaderValue {
    let pair = Secret::new(format!("{username}:{}", password.expose()));
    let encoded = Secret::new(STANDARD.encode(pair.expose()));
    let text = Secret::new(format!("Basic {}", encoded.expose()));
    // Base64 is always a header value.
    sensitive(&text).unwrap_or(HeaderValue::from_static("Basic"))
}

fn token_header(token: &Secret) -> Result<HeaderValue, Failure> {
    bearer(token).ok_or_else(|| {
        let words = "the token holds characters that cannot be sent";
        Failure::new(crate::Exit::Auth, anyhow::Error::msg(words))
            .hint("it must be one line of plain ASCII; store it anew")
    })
}

/// `Bearer` and this token (RFC 6750 2.1), unless it cannot stand in a header.
fn bearer(token: &Secret) -> Option<HeaderValue> {
    sensitive(&Secret::new(format!("Bearer {}", token.expose())))
}

/// A header value that never shows.
fn sensitive(text: &Secret) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text.expose()).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Whether a 401 offers this scheme (lower case), in whichever header and place of it (Q18).
fn offers(response: &Response<Vec<u8>>, scheme: &str) -> bool {
    digest::challenges(response).iter().any(|offered| offered == scheme)
}

/// Whether a token was refused: by 401, or by the 403 that Google answers (Q20). Other 403s are about
/// the book, the API or a quota, and no new token helps against those.
fn is_refused_token(response: &Response<Vec<u8>>) -> bool {
    const SAYS: [&str; 5] = [
        "invalid credentials",
        "authentication credential",
        "autherror",
        "unauthenticated",
        "invalid_token",
    ];
    match response.status() {
        StatusCode::UNAUTHORIZED => true,
        StatusCode::FORBIDDEN => {
            let start = response.body().get(..response.body().len().min(4096)).unwrap_or_default();
            let words = String::from_utf8_lossy(start).to_ascii_lowercase();
            SAYS.iter().any(|word| words.contains(word))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
        Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_refused_token_is_told_from_other_403s() {
        let google = |code: &str, words: &str| {
            format!(r#"{{"error":{{"code":403,"message":"{words}","status":"{code}"}}}}"#)
        };
        let cases = [
            (401, String::new(), true),
            (403, google("UNAUTHENTICATED", "Request is missing credentials."), true),
            (403, google("X", "Request had invalid authentication credentials."), true),
            (403, google("X", "Request had invalid credentials."), true),
            (403, google("PERMISSION_DENIED", "The API has not been used before."), false),
            (403, "<D:error xmlns:D='DAV:'><D:need-privileges/></D:error>".into(), false),
            (200, "Invalid Credentials is a band".into(), false),
        ];
        for (status, body, refused) in cases {
            assert_eq!(is_refused_token(&answer(status, &body)), refused, "{status} {body}");
        }
    }
}
