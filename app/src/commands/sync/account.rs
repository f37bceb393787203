//! Which account a run is for: what was typed, else what is configured.

use contactcmd_domain::dav::Location;

use crate::cli::{DoctorArgs, SyncArgs};
use crate::config::{self, AccountSettings, DEFAULT_ACCOUNT, Settings};
use crate::remote::first_address;
use crate::{Failure, World};

/// What was typed about the account.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Typed<'a> {
    /// The name of its table.
    pub(crate) account: Option<&'a str>,
    /// URL, host, provider or e-mail address.
    pub(crate) server: Option<&'a str>,
    /// The user name.
    pub(crate) username: Option<&'a str>,
}

impl<'a> From<&'a SyncArgs> for Typed<'a> {
    fn from(args: &'a SyncArgs) -> Self {
        let SyncArgs { account, server, username, .. } = args;
        Self {
            account: account.as_deref(),
            server: server.as_deref(),
            username: username.as_deref(),
        }
    }
}

impl<'a> From<&'a DoctorArgs> for Typed<'a> {
    fn from(args: &'a DoctorArgs) -> Self {
        let DoctorArgs { account, server, username, .. } = args;
        Self {
            account: account.as_deref(),
            server: server.as_deref(),
            username: username.as_deref(),
        }
    }
}

/// The account of a run.
pub(crate) struct Chosen {
    /// Its settings; what was typed takes the place of what is configured.
    pub(crate) settings: AccountSettings,
    /// What the user gave as server.
    pub(crate) server: String,
    /// The address that stands for; its origin is what the account is stored under, so that several
    /// spellings are one account.
    pub(crate) address: Location,
    /// The user name.
    pub(crate) username: String,
    /// Whether it is in the config already.
    pub(crate) in_config: Saved,
}

/// Whether, and how, the config knows an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saved {
    /// It does.
    Yes,
    /// It does not, and the account can be written there under its name.
    NotYet,
    /// It does not, and its place is taken by another account.
    Taken,
}

/// The account that the user means.
///
/// # Errors
///
/// Usage, when nothing says which server or which user; the hint shows how to say it.
pub(crate) fn choose(typed: Typed<'_>, world: &World) -> Result<Chosen, Failure> {
    let settings = config::load(world)?;
    let (mut account, in_config) = match (typed.account, typed.server) {
        (Some(name), None) => (settings.account(Some(name))?.clone(), Saved::Yes),
        (Some(name), Some(server)) => named(&settings, name, (server, typed)),
        (None, None) => (unnamed(&settings, typed)?, Saved::Yes),
        (None, Some(server)) => by_server(&settings, server, typed),
    };
    if let Some(username) = typed.username {
        account.username = Some(username.to_owned());
    }
    complete(account, in_config)
}

/// One configured account of a run over all: its name, and what is wrong with it if it cannot be used.
pub(super) type Configured = (String, Result<Chosen, Failure>);

/// Every account of the config, in its order.
///
/// # Errors
///
/// Usage, when there is none.
pub(super) fn all(settings: Settings) -> Result<Vec<Configured>, Failure> {
    if settings.accounts.is_empty() {
        settings.account(None)?;
    }
    let accounts = settings.accounts.into_iter();
    Ok(accounts.map(|account| (account.name.clone(), complete(account, Saved::Yes))).collect())
}

/// The account of all those that new contacts go to: the one in `[carddav]` itself, else the first in the
/// config. Only one may have them, or they would go to whichever server answers first.
pub(super) fn home(accounts: &[Configured]) -> Option<String> {
    let default = accounts.iter().find(|(name, _)| name == DEFAULT_ACCOUNT);
    default.or(accounts.first()).map(|(name, _)| name.clone())
}

fn complete(account: AccountSettings, in_config: Saved) -> Result<Chosen, Failure> {
    let Some(server) = account.server.clone() else {
        return Err(Failure::usage("no server is given or configured")
            .hint("run `contactcmd sync carddav --server URL --username USER`"));
    };
    let Some(username) = account.username.clone() else {
        return Err(Failure::usage(format!("no user name is given for {server}"))
            .hint("add `--username USER`"));
    };
    let address = first_address(&server, account.allow_http)?;
    Ok(Chosen { settings: account, server, address, username, in_config })
}

/// `--username` alone with a configured account of another user is another account (its books and
/// password are not those of the first), so it needs its server named.
fn unnamed(settings: &Settings, typed: Typed<'_>) -> Result<AccountSettings, Failure> {
    let account = settings.account(None)?.clone();
    match (typed.username, &account.username) {
        (Some(other), Some(configured)) if other != configured => {
            Err(Failure::usage(format!("the configured account is `{configured}`, not `{other}`"))
                .hint("name the server of the other account too, with `--server URL`"))
        }
        _ => Ok(account),
    }
}

fn named(
    settings: &Settings,
    name: &str,
    (server, typed): (&str, Typed<'_>),
) -> (AccountSettings, Saved) {
    match settings.find(name) {
        Some(account) if is_it(account, server, typed) => (account.clone(), Saved::Yes),
        Some(_) => (fresh(name, server), Saved::Taken),
        None => (fresh(name, server), Saved::NotYet),
    }
}

fn by_server(settings: &Settings, server: &str, typed: Typed<'_>) -> (AccountSettings, Saved) {
    if let Some(account) = settings.accounts.iter().find(|account| is_it(account, server, typed)) {
        return (account.clone(), Saved::Yes);
    }
    let saved = match settings.find(DEFAULT_ACCOUNT) {
        Some(account) if account.server.is_some() => Saved::Taken,
        _ => Saved::NotYet,
    };
    (fresh(DEFAULT_ACCOUNT, server), saved)
}

fn fresh(name: &str, server: &str) -> AccountSettings {
    AccountSettings { server: Some(server.to_owned()), ..AccountSettings::new(name) }
}

/// Whether a configured account is the one at this server, for this user if one was typed.
fn is_it(account: &AccountSettings, server: &str, typed: Typed<'_>) -> bool {
    let same_server = account.server.as_deref().is_some_and(|configured| {
        let address = |text: &str| first_address(text, true).ok();
        configured == server
            || address(configured).is_some_and(|known| address(server) == Some(known))
    });
    let same_user = match (typed.username, &account.username) {
        (Some(typed), Some(configured)) => typed == configured,
        _ => true,
    };
    same_server && same_user
}
