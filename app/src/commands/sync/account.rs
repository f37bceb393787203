//! Which account a run is for: what was typed, else what is configured.

use crate::cli::SyncArgs;
use crate::config::{self, AccountSettings, DEFAULT_ACCOUNT, Settings};
use crate::remote::first_address;
use crate::{Failure, World};

/// The account of this run.
pub(super) struct Chosen {
    /// Its settings; what was typed takes the place of what is configured.
    pub(super) settings: AccountSettings,
    /// What the user gave as server.
    pub(super) server: String,
    /// The user name.
    pub(super) username: String,
    /// Whether it is in the config already.
    pub(super) in_config: Saved,
}

/// Whether, and how, the config knows an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saved {
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
pub(super) fn choose(args: &SyncArgs, world: &World) -> Result<Chosen, Failure> {
    let settings = config::load(world)?;
    let (mut account, in_config) = match (&args.account, &args.server) {
        (Some(name), None) => (settings.account(Some(name))?.clone(), Saved::Yes),
        (Some(name), Some(server)) => named(&settings, name, server, args),
        (None, None) => (unnamed(&settings, args)?, Saved::Yes),
        (None, Some(server)) => by_server(&settings, server, args),
    };
    if let Some(username) = &args.username {
        account.username = Some(username.clone());
    }
    let Some(server) = account.server.clone() else {
        return Err(Failure::usage("no server is given or configured")
            .hint("run `contactcmd sync carddav --server URL --username USER`"));
    };
    let Some(username) = account.username.clone() else {
        return Err(Failure::usage(format!("no user name is given for {server}"))
            .hint("add `--username USER`"));
    };
    Ok(Chosen { settings: account, server, username, in_config })
}

/// `--username` alone with a configured account of another user is another account (its books and
/// password are not those of the first), so it needs its server named.
fn unnamed(settings: &Settings, args: &SyncArgs) -> Result<AccountSettings, Failure> {
    let account = settings.account(None)?.clone();
    match (&args.username, &account.username) {
        (Some(typed), Some(configured)) if typed != configured => {
            Err(Failure::usage(format!("the configured account is `{configured}`, not `{typed}`"))
                .hint("name the server of the other account too, with `--server URL`"))
        }
        _ => Ok(account),
    }
}

fn named(
    settings: &Settings,
    name: &str,
    server: &str,
    args: &SyncArgs,
) -> (AccountSettings, Saved) {
    match settings.find(name) {
        Some(account) if is_it(account, server, args) => (account.clone(), Saved::Yes),
        Some(_) => (fresh(name, server), Saved::Taken),
        None => (fresh(name, server), Saved::NotYet),
    }
}

fn by_server(settings: &Settings, server: &str, args: &SyncArgs) -> (AccountSettings, Saved) {
    if let Some(account) = settings.accounts.iter().find(|account| is_it(account, server, args)) {
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
fn is_it(account: &AccountSettings, server: &str, args: &SyncArgs) -> bool {
    let same_server = account.server.as_deref().is_some_and(|configured| {
        let address = |text: &str| first_address(text, true).ok();
        configured == server
            || address(configured).is_some_and(|known| address(server) == Some(known))
    });
    let same_user = match (&args.username, &account.username) {
        (Some(typed), Some(configured)) => typed == configured,
        _ => true,
    };
    same_server && same_user
}
