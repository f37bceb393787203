//! Why a server could not be asked, and what helps.

use contactcmd_domain::dav::{Condition, DavError, Location, Origin, Password, Provider};
use contactcmd_ports::TransportError;

use super::not_found::{Tried, explain};
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
        DavError::Unauthorized { schemes, .. } => return unauthorized(&host, schemes, &error),
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

fn unauthorized(host: &str, schemes: &[String], error: &DavError) -> Failure {
    let usable = schemes.is_empty() || schemes.iter().any(|scheme| scheme == "basic");
    if !usable {
        let offered = schemes.join(", ");
        let words = format!("{host} only offers {offered} authentication, not Basic");
        return Failure::new(Exit::Auth, anyhow::Error::msg(words))
            .hint("contactcmd does not do that yet; many servers can be set to allow Basic");
    }
    let words = match error {
        DavError::Unauthorized { words: Some(words), .. } => format!("{error} ({words})"),
        _ => error.to_string(),
    };
    let failure = Failure::new(Exit::Auth, anyhow::Error::msg(format!("{host}: {words}")));
    failure.hint(password_hint(host))
}

/// What a refused password usually means, by host (Q24).
fn password_hint(host: &str) -> &'static str {
    match Provider::of_domain(host).map(|provider| provider.password) {
        Some(Password::App) => {
            "this provider wants an app password, made in its web settings, not your usual one; then \
             run `contactcmd password set`"
        }
        Some(Password::OAuth) => {
            "this provider only takes OAuth2 tokens, which contactcmd does not do yet"
        }
        Some(Password::Account) | None => {
            "check the user name, then set the password anew with `contactcmd password set`; with \
             two-factor login, make an app password in the server's web settings"
        }
    }
}
