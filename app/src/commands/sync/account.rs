//! Which account a run is for: what was typed, else what is configured.

use contactcmd_domain::dav::{Location, route};

use crate::cli::{AccountArgs, Whose};
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

impl<'a> From<&'a AccountArgs> for Typed<'a> {
    fn from(args: &'a AccountArgs) -> Self {
        let AccountArgs { server, username, account } = args;
        Self {
            account: account.as_deref(),
            server: server.as_deref(),
            username: username.as_deref(),
        }
    }
}

impl<'a> From<&'a Whose> for Typed<'a> {
    fn from(whose: &'a Whose) -> Self {
        let Whose { account, server, username } = whose;
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
    /// It does, by another address of its server. The run looks for its books where it was told to, and
    /// the config stays as it is.
    Elsewhere,
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
    let (account, in_config) = pick(&settings, typed)?;
    complete(account, in_config)
}

/// The settings of the account that the user means, which need not be complete.
///
/// # Errors
///
/// Usage, when nothing says which account.
pub(crate) fn pick(
    settings: &Settings,
    typed: Typed<'_>,
) -> Result<(AccountSettings, Saved), Failure> {
    let (mut account, in_config) = match (typed.account, typed.server) {
        (Some(name), None) => (settings.account(Some(name))?.clone(), Saved::Yes),
        (Some(name), Some(server)) => named(settings, name, (server, typed)),
        (None, None) => (unnamed(settings, typed)?, Saved::Yes),
        (None, Some(server)) => by_server(settings, server, typed),
    };
    if let Some(username) = typed.username {
        account.username = Some(username.to_owned());
    }
    Ok((account, in_config))
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
    let Some(username) = account.user() else {
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
    match (typed.username, account.user()) {
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
    let account = settings.find(name);
    let known = account.and_then(|account| as_typed(account, server, typed));
    known.unwrap_or_else(|| fresh(settings, name, server))
}

fn by_server(settings: &Settings, server: &str, typed: Typed<'_>) -> (AccountSettings, Saved) {
    let known = || settings.accounts.iter().filter_map(|it| as_typed(it, server, typed));
    let exactly = known().find(|(_, saved)| *saved == Saved::Yes);
    exactly.or_else(|| known().next()).unwrap_or_else(|| fresh(settings, DEFAULT_ACCOUNT, server))
}

/// An account that is not in the config; what a table of its name says without a server holds for it.
fn fresh(settings: &Settings, name: &str, server: &str) -> (AccountSettings, Saved) {
    let saved = if settings.is_free(name) { Saved::NotYet } else { Saved::Taken };
    let mut account = settings.begun(name);
    let address = route(server, true).ok().and_then(|route| route.username);
    account.username = address.or(account.username);
    account.server = Some(server.to_owned());
    (account, saved)
}

/// A configured account, if it is the one at this server, for this user if one was typed: an account is
/// its server, however that is spelled, and its user.
fn as_typed(
    account: &AccountSettings,
    server: &str,
    typed: Typed<'_>,
) -> Option<(AccountSettings, Saved)> {
    let configured = account.server.as_deref()?;
    let (known, meant) = (route(configured, true).ok()?, route(server, true).ok()?);
    // An e-mail address names its user, unless the config has the very same one for another.
    let address = meant.username.filter(|_| server != configured);
    let user = typed.username.map(str::to_owned).or(address);
    let is_other_user = user.zip(account.user()).is_some_and(|(user, own)| user != own);
    if is_other_user || known.start.origin != meant.start.origin {
        return None;
    }
    if known.start == meant.start {
        return Some((account.clone(), Saved::Yes));
    }
    let account = AccountSettings { server: Some(server.to_owned()), ..account.clone() };
    Some((account, Saved::Elsewhere))
}
