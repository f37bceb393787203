//! Why a server could not be asked, and what helps.

use contactcmd_domain::dav::{Condition, DavError, Location, Origin, Password, Provider};
use contactcmd_ports::TransportError;

use super::SignInError;
use super::not_found::{Tried, explain};
use crate::config::AuthKind;
use crate::{Exit, Failure};

/// Why a request to a server came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// No whole answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer came, and it is not what was asked for.
    #[error("{at}: {error}")]
    Dav {
        /// What was asked.
        at: Location,
        /// What the answer says.
        #[source]
        error: DavError,
    },
    /// 401 to a way of logging in that the server does not offer: the password may be good.
    #[error("{} only offers {} authentication, not {}", .at.origin.host(), .offered.join(", "), scheme(*.used))]
    NotOffered {
        /// What was asked.
        at: Location,
        /// How we tried to log in.
        used: AuthKind,
        /// What the server offers, lower case.
        offered: Vec<String>,
    },
    /// No token for the server could be had.
    #[error(transparent)]
    SignIn(SignInError),
    /// A redirect that must not be followed.
    #[error("{from} redirects to {to}, and {why}")]
    Redirect {
        /// What was asked.
        from: Location,
        /// Where it leads, as the server wrote it.
        to: String,
        /// Why it was not followed.
        why: String,
    },
    /// The book is at another path now.
    #[error("the address book at {from} has moved to {to}")]
    BookMoved {
        /// Where it was.
        from: Location,
        /// Where it is.
        to: Location,
    },
    /// The password must not be sent there.
    #[error("the password of {home} is not sent to {origin}")]
    Withheld {
        /// Whose password it is.
        home: Origin,
        /// Where it would have gone.
        origin: Origin,
    },
    /// No way in was found.
    #[error("no address books were found at {server}")]
    NotFound {
        /// What the user gave.
        server: String,
        /// What was tried, and what came of it.
        tried: Vec<Tried>,
        /// Why nobody answered, if nobody did.
        cause: Option<TransportError>,
    },
    /// DNS names another domain, which is not told the password unasked.
    #[error("DNS names {to} for {domain}")]
    Elsewhere {
        /// The domain that was asked about.
        domain: String,
        /// What it names.
        to: Location,
    },
    /// The user asked to stop.
    #[error("stopped")]
    Interrupted,
}

impl RemoteError {
    /// What the server's answer says, if there was one.
    pub fn dav(&self) -> Option<&DavError> {
        match self {
            Self::Dav { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The status of the answer, if that is what was wrong.
    pub fn status(&self) -> Option<u16> {
        match self.dav() {
            Some(DavError::Refused { status, .. } | DavError::Busy { status, .. }) => Some(*status),
            Some(DavError::NotFound) => Some(404),
            _ => None,
        }
    }

    /// Whether it is a plain no to the question itself. Everything else proves nothing: an answer that was
    /// cut, too large, or a page by somebody in between.
    pub fn is_refusal(&self) -> bool {
        matches!(self.status(), Some(400 | 403 | 415 | 422 | 501))
    }

    /// Whether the same thing may work in smaller portions.
    pub fn asks_for_less(&self) -> bool {
        match self {
            Self::Transport(
                TransportError::Timeout { .. }
                | TransportError::TooLarge { .. }
                | TransportError::Broken { .. },
            ) => true,
            Self::Dav { error, .. } => matches!(
                error,
                DavError::Refused { .. }
                    | DavError::NotFound
                    | DavError::Malformed { .. }
                    | DavError::TooLarge { .. }
                    | DavError::NotDav { .. }
            ),
            _ => false,
        }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Transport(cause) => cause.into(),
            RemoteError::SignIn(error) => error.into(),
            RemoteError::NotOffered { ref at, ref offered, .. } => {
                let hint = other_way(at.origin.host(), offered);
                Self::new(Exit::Auth, error).hint(hint)
            }
            RemoteError::Interrupted => Self::new(Exit::Interrupted, error),
            RemoteError::BookMoved { .. } => Self::new(Exit::Server, error).hint(
                "nothing was changed; `--list-addressbooks` shows where the books are, and \
                 `addressbook` in the config names the one to use",
            ),
            RemoteError::Redirect { .. } | RemoteError::Withheld { .. } => {
                Self::new(Exit::Server, error)
                    .hint("if that address is right, give it with `--server`")
            }
            RemoteError::NotFound { server, tried, cause } => explain(&server, &tried, cause),
            RemoteError::Elsewhere { ref to, .. } => {
                let hint = format!(
                    "the password is not sent to another domain unasked; if your contacts are there, \
                     give `--server {}`",
                    Provider::of_domain(to.origin.host())
                        .map_or_else(|| to.to_string(), |provider| provider.name.to_owned())
                );
                Self::new(Exit::Server, error).hint(hint)
            }
            RemoteError::Dav { at, error } => from_dav(&at, error),
        }
    }
}

fn from_dav(at: &Location, error: DavError) -> Failure {
    let host = at.origin.host().to_owned();
    let (exit, hint) = match &error {
        DavError::Unauthorized { words, .. } => return unauthorized(&host, words, &error),
        DavError::NotFound => {
            (Exit::Server, "`--list-addressbooks` shows the address books there are".to_owned())
        }
        DavError::Busy { retry_after: Some(after), .. } => {
            (Exit::Server, format!("try again later; the server said: Retry-After {after}"))
        }
        DavError::Busy { .. } => (Exit::Server, "try again later".to_owned()),
        DavError::NotDav { .. } => (
            Exit::Server,
            "a login page or a proxy may stand in between; open the address in a browser"
                .to_owned(),
        ),
        DavError::Refused { condition: Some(Condition::NeedPrivileges), .. } => {
            (Exit::Server, "this account may not read it; ask its owner for access".to_owned())
        }
        _ => (Exit::Server, "run it again with `-vv` to see every request".to_owned()),
    };
    Failure::new(exit, RemoteError::Dav { at: at.clone(), error }).hint(hint)
}

fn unauthorized(host: &str, words: &Option<String>, error: &DavError) -> Failure {
    let words = match words {
        Some(words) => format!("{error} ({words})"),
        None => error.to_string(),
    };
    Failure::new(Exit::Auth, PasswordRefused(format!("{host}: {words}"))).hint(password_hint(host))
}

/// The server refused the user name or password. The hint says what is usually wrong; where the password
/// is put right, only those know who know where it came from: see [`crate::password::put_right`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PasswordRefused(String);

fn scheme(auth: AuthKind) -> &'static str {
    match auth {
        AuthKind::Basic => "Basic",
        AuthKind::Digest => "Digest",
        AuthKind::Bearer | AuthKind::OAuth2 => "Bearer",
    }
}

/// What to set where the server wants to be logged in to otherwise.
fn other_way(host: &str, offered: &[String]) -> &'static str {
    let offers = |name: &str| offered.iter().any(|scheme| scheme == name);
    if Provider::of_domain(host).is_some_and(|provider| provider.password == Password::OAuth) {
        return password_hint(host);
    }
    if offers("basic") || offers("digest") {
        return "leave `auth` out of the config, and the way that the server offers is taken";
    }
    if offers("bearer") {
        return "set `auth` in the config: \"bearer\" takes a token in place of the password, \
                \"oauth2\" signs in with the browser";
    }
    "contactcmd does Basic, Digest, tokens and OAuth2; many servers can be set to allow Basic"
}

/// What a refused password usually means, by host (Q24).
fn password_hint(host: &str) -> &'static str {
    match Provider::of_domain(host).map(|provider| provider.password) {
        Some(Password::App) => {
            "this provider wants an app password, made in its web settings, not your usual one"
        }
        Some(Password::OAuth) => {
            "this provider takes no password: `contactcmd setup` signs you in with the browser; for an \
             account that is in the config already, set `auth = \"oauth2\"` and a `client_id` there \
             (`contactcmd setup google` shows how to make one), then `contactcmd password set`"
        }
        Some(Password::Account) | None => {
            "check the user name and the password; with two-factor login, make an app password in the \
             server's web settings"
        }
    }
}
