//! Where an OAuth2 provider signs people in, as which program, and what goes wrong there.

use std::io;

use contactcmd_domain::dav::{Location, Provider};
use contactcmd_ports::{CredentialKey, Secret, TransportError};

use crate::config::AccountSettings;
use crate::{Exit, Failure, World, password};

/// An OAuth2 provider as one account uses it. Has no `Debug`.
pub(super) struct Service {
    /// The account of the config that it is for.
    pub(super) account: String,
    /// Which program asks, as the provider registered it.
    pub(super) client_id: String,
    /// The other half of that, where the provider gave one.
    pub(super) client_secret: Option<Secret>,
    /// The page that asks the user.
    pub(super) auth_url: String,
    /// Where tokens come from.
    pub(super) token_url: String,
    /// What is asked for.
    pub(super) scope: String,
    /// What else the page must be told.
    pub(super) extras: &'static [(&'static str, &'static str)],
}

/// What is known of a provider, so that nobody has to look it up.
struct Known {
    provider: &'static str,
    auth_url: &'static str,
    token_url: &'static str,
    scope: &'static str,
    extras: &'static [(&'static str, &'static str)],
    /// How a client of one's own is made there, in lines for the user.
    steps: &'static str,
}

const KNOWN: &[Known] = &[Known {
    provider: "google",
    auth_url: "https://accounts.google.com/o/oauth2/v2/auth",
    token_url: "https://oauth2.googleapis.com/token",
    scope: "https://www.googleapis.com/auth/carddav",
    // Without `offline` there is no refresh token, and without `consent` only the first time.
    extras: &[("access_type", "offline"), ("prompt", "consent")],
    steps: "\
Google lets in only programs that it knows, so you make one of your own, once; it is free.
At https://console.cloud.google.com/
  1. create a project;
  2. under APIs & Services > Library enable the CardDAV API;
  3. under Google Auth Platform choose the audience External, add your address as a test user, and
     publish the app, or the sign-in ends after 7 days;
  4. under Clients create a client of the type Desktop app: its page shows the client ID and secret.
When you sign in, Google warns that it has not verified this app, which is yours: Advanced, Go to it.",
}];

/// How a client of one's own is made at the provider of this host, if that is known: lines for the user.
pub fn client_steps(host: &str) -> Option<&'static str> {
    Known::of(host).map(|known| known.steps)
}

impl Known {
    fn of(host: &str) -> Option<&'static Self> {
        let provider = Provider::of_domain(host)?.name;
        KNOWN.iter().find(|known| known.provider == provider)
    }
}

impl Service {
    /// The provider of an account at this host: what the config says, else what is known. The client's
    /// secret is the one that `client_secret_command` prints or the keychain holds.
    ///
    /// # Errors
    ///
    /// Exit 2 when the settings do not suffice; the hint names the one that is missing. Exit 3 when
    /// `client_secret_command` fails.
    pub(super) fn of(
        world: &World,
        account: &AccountSettings,
        host: &str,
    ) -> Result<Self, Failure> {
        let known = Known::of(host);
        let set = &account.oauth2;
        let needed = |key: &str, value: &Option<String>, known: Option<&str>| {
            let value = value.clone().or_else(|| known.map(str::to_owned));
            value.ok_or_else(|| lacks(account, key))
        };
        let mut service = Self {
            account: account.name.clone(),
            client_id: needed("client_id", &set.client_id, None)?,
            client_secret: None,
            auth_url: needed("auth_url", &set.auth_url, known.map(|known| known.auth_url))?,
            token_url: needed("token_url", &set.token_url, known.map(|known| known.token_url))?,
            scope: needed("scope", &set.scope, known.map(|known| known.scope))?,
            extras: known.map(|known| known.extras).unwrap_or_default(),
        };
        for (key, url) in [("auth_url", &service.auth_url), ("token_url", &service.token_url)] {
            check(account, key, url)?;
        }
        service.client_secret = password::client_secret(world, account, &service.client_key())?;
        Ok(service)
    }

    /// Under which name the keychain keeps the client's secret.
    pub(super) fn client_key(&self) -> CredentialKey {
        password::client_key(&self.token_url, &self.client_id)
    }

    /// The host that gives tokens, for messages.
    pub(super) fn host(&self) -> String {
        let at = Location::parse(&self.token_url);
        at.map_or_else(|_| self.token_url.clone(), |at| at.origin.host().to_owned())
    }
}

fn lacks(account: &AccountSettings, key: &str) -> Failure {
    let words = format!("the account `{}` has `auth = \"oauth2\"` and no `{key}`", account.name);
    let hint = match key {
        "client_id" => {
            "a provider signs you in for a program that it knows by its client id: \
             `contactcmd setup google` shows how to make one at Google; put it into the config"
        }
        _ => {
            "your provider documents it; put it into the config beside `client_id`; for contacts at \
             Google: `contactcmd setup google --username USER`"
        }
    };
    Failure::usage(words).hint(hint)
}

/// Tokens and the client's secret travel there, so nothing but https will do.
fn check(account: &AccountSettings, key: &str, url: &str) -> Result<(), Failure> {
    let what = match Location::parse(url) {
        Ok(at) if at.origin.is_https() || at.origin.is_loopback() => return Ok(()),
        Ok(_) => "is not encrypted",
        Err(_) => "is no web address",
    };
    let words = format!("the `{key}` of the account `{}` {what}", account.name);
    Err(Failure::usage(words).hint("it must start with https://"))
}

/// Why there is no token. Holds none.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The provider takes back what it gave: the user must sign in anew.
    #[error("the sign-in at {host} is no longer good{}", said(.words))]
    Ended {
        /// Who gives tokens.
        host: String,
        /// Whose it was.
        account: String,
        /// The provider's own words.
        words: Option<String>,
    },
    /// The provider does not know the client, or wants its secret.
    #[error("{host} does not accept the client id ({code}){}", said(.words))]
    Client {
        /// Who gives tokens.
        host: String,
        /// The error of RFC 6749 5.2.
        code: String,
        /// The provider's own words.
        words: Option<String>,
    },
    /// Any other refusal, of the page or of the token.
    #[error("{host} refuses the sign-in ({code}){}", said(.words))]
    Refused {
        /// Who refuses.
        host: String,
        /// The error of RFC 6749 4.1.2.1 or 5.2.
        code: String,
        /// The provider's own words.
        words: Option<String>,
    },
    /// The answer holds no token that can be used. Its text is left out: it may hold a part of one.
    #[error("{host} gave no {what}")]
    NoToken {
        /// Who was asked.
        host: String,
        /// What was expected.
        what: &'static str,
    },
    /// No whole answer came.
    #[error("no token could be had")]
    Transport(#[source] TransportError),
    /// Nobody came back from the browser in time.
    #[error("nobody signed in within {minutes} minutes")]
    NobodyCame {
        /// How long was waited.
        minutes: u64,
    },
    /// The port that the browser comes back to could not be opened, or broke.
    #[error("this computer cannot be reached by its own browser")]
    NoPort(#[source] io::Error),
}

fn said(words: &Option<String>) -> String {
    words.as_deref().map(|words| format!(": {words}")).unwrap_or_default()
}

impl From<SignInError> for Failure {
    fn from(error: SignInError) -> Self {
        let (exit, hint) = match error {
            SignInError::Transport(cause) => {
                return Self::from(cause).context("no token could be had");
            }
            SignInError::Ended { ref account, .. } => (
                Exit::Auth,
                format!(
                    "it was revoked, or it expired (at Google after 7 days, while the app is still \
                     in \"Testing\"); sign in anew with `contactcmd password set{}`",
                    password::option(account)
                ),
            ),
            SignInError::Client { .. } => (
                Exit::Auth,
                "check the client id; its secret is printed by `client_secret_command`, else the keychain has \
                 it: `contactcmd password delete --server TOKEN_URL --username CLIENT_ID` forgets it there, \
                 and the next sign-in asks for it"
                    .to_owned(),
            ),
            SignInError::Refused { .. } | SignInError::NobodyCame { .. } => {
                (
                Exit::Auth,
                "try again: `contactcmd password set`, or `contactcmd setup` for a new account".to_owned(),
            )
            }
            SignInError::NoToken { .. } => (
                Exit::Server,
                "check `token_url` and `scope` in the config, and try again later".to_owned(),
            ),
            SignInError::NoPort(_) => (
                Exit::Failed,
                "sign in on another computer, whose keychain has the refresh token then (`USER@SERVER \
                 (sign-in)` of contactcmd), and give it here by `password_command` or CONTACTCMD_PASSWORD"
                    .to_owned(),
            ),
        };
        Self::new(exit, error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Stage;

    fn account(lines: &[(&str, &str)]) -> AccountSettings {
        let mut account = AccountSettings::new("work");
        for (key, value) in lines {
            let value = Some((*value).to_owned());
            match *key {
                "client_id" => account.oauth2.client_id = value,
                "auth_url" => account.oauth2.auth_url = value,
                "token_url" => account.oauth2.token_url = value,
                "scope" => account.oauth2.scope = value,
                _ => unreachable!("{key}"),
            }
        }
        account
    }

    #[test]
    fn google_only_needs_a_client_id_and_others_say_where_to_go() {
        const ID: (&str, &str) = ("client_id", "x");
        const AUTH: (&str, &str) = ("auth_url", "https://login.example/auth");
        const TOKEN: (&str, &str) = ("token_url", "https://login.example/token");
        const SCOPE: (&str, &str) = ("scope", "contacts");
        // host, settings -> host of the tokens, or what is missing
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Result<&'a str, &'a str>);
        let cases: [Case<'_>; 8] = [
            ("www.googleapis.com", &[ID], Ok("oauth2.googleapis.com")),
            ("www.googleapis.com", &[ID, TOKEN], Ok("login.example")),
            ("dav.example", &[ID, AUTH, TOKEN, SCOPE], Ok("login.example")),
            ("www.googleapis.com", &[], Err("no `client_id`")),
            ("dav.example", &[ID], Err("no `auth_url`")),
            ("dav.example", &[ID, AUTH, TOKEN], Err("no `scope`")),
            (
                "dav.example",
                &[ID, AUTH, ("token_url", "http://login.example/"), SCOPE],
                Err("the `token_url` of the account `work` is not encrypted"),
            ),
            (
                "dav.example",
                &[ID, ("auth_url", "login page"), TOKEN, SCOPE],
                Err("the `auth_url` of the account `work` is no web address"),
            ),
        ];
        for (host, lines, expected) in cases {
            let service = Service::of(&Stage::new().world(), &account(lines), host);
            match (service, expected) {
                (Ok(service), Ok(tokens)) => assert_eq!(service.host(), tokens),
                (Err(failure), Err(words)) => {
                    assert_eq!(failure.exit, Exit::Usage);
                    assert!(failure.error.to_string().contains(words), "{failure:?}");
                    assert!(failure.hint.is_some());
                }
                (Ok(_), Err(words)) => panic!("{host} {lines:?} lacks {words}"),
                (Err(failure), Ok(_)) => panic!("{host} {lines:?}: {failure:?}"),
            }
        }
    }
}
