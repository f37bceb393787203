//! `password set` and `password delete`.

use std::io::BufRead;

use contactcmd_ports::{CredentialKey, Secret, SecretKind};

use super::sync::account;
use crate::cli::Whose;
use crate::config::AccountSettings;
use crate::remote::{first_address, sign_in};
use crate::ui::prompt;
use crate::{Exit, Failure, World, config, password};

/// No password is longer; more is somebody's file.
const MOST: u64 = 64 * 1024;

/// Stores a password in the keychain: asked for twice on a terminal, else the first line of stdin. The
/// user of an `oauth2` account signs in with the browser, and the refresh token is stored.
///
/// # Errors
///
/// [`Exit::Usage`] when it is not clear whose it is; [`Exit::Failed`] when none was given, the two
/// differ, or the keychain does not take it: nothing is stored then. What [`sign_in`] says.
pub fn set(whose: &Whose, world: &World) -> Result<Exit, Failure> {
    let (key, account) = meant(whose, world)?;
    let secret = match key.kind {
        SecretKind::RefreshToken => sign_in(world, &account, &key)?,
        _ if world.ui.terminal.stdin => typed(world, &key)?,
        _ => first_line(std::io::stdin().lock())?,
    };
    if secret.is_empty() {
        return Err(Failure::new(Exit::Failed, anyhow::anyhow!("the password is empty")));
    }
    password::remember(world, &key, &secret)?;
    let (what, whose) = (password::what(&key), password::whose(&key));
    world.ui.say(format!("the {what} of {whose} is in the keychain"));
    Ok(Exit::Done)
}

/// Removes what the keychain has for a user at a server, of whatever kind; exit 1 when there was nothing.
/// The secret of a client, which may serve several accounts, is that of a user of its own: the client.
///
/// # Errors
///
/// [`Exit::Usage`] when it is not clear whose it is; [`Exit::Failed`] when the keychain fails.
pub fn delete(whose: &Whose, world: &World) -> Result<Exit, Failure> {
    let (key, _) = meant(whose, world)?;
    let mut exit = Exit::Failed;
    for kind in [SecretKind::Password, SecretKind::RefreshToken, SecretKind::ClientSecret] {
        let key = CredentialKey { kind, ..key.clone() };
        if world.credentials.forget(&key)? {
            let (what, whose) = (password::what(&key), password::whose(&key));
            world.ui.say(format!("the {what} of {whose} is forgotten"));
            exit = Exit::Done;
        }
    }
    if exit == Exit::Failed {
        world.ui.say(format!("there was no password of {}", password::whose(&key)));
    }
    Ok(exit)
}

/// Whose it is, as the key under which a sync looks, and the account with all that was typed of it.
fn meant(whose: &Whose, world: &World) -> Result<(CredentialKey, AccountSettings), Failure> {
    let settings = config::load(world)?;
    let (account, _) = account::pick(&settings, whose.into())?;
    match (&account.server, account.user()) {
        (Some(server), Some(username)) => {
            // A password may be stored for an address that a sync then refuses to use.
            let address = first_address(server, true)?;
            Ok((password::key(&address.to_string(), &username, account.auth), account))
        }
        (server, _) => {
            let missing = if server.is_none() { "server" } else { "username" };
            let words = format!("the account `{}` has no `{missing}`", account.name);
            Err(Failure::usage(words).hint(format!("add it in {}", settings.path.display())))
        }
    }
}

fn typed(world: &World, key: &CredentialKey) -> Result<Secret, Failure> {
    let ask = |question: &str| {
        prompt::password(&world.ui, &format!("{question} of {}", password::whose(key)))
            .map(|answer| answer.unwrap_or_else(|| Secret::new("")))
    };
    let first = ask("Password")?;
    if first.is_empty() || ask("Once more, the password")?.expose() == first.expose() {
        return Ok(first);
    }
    Err(Failure::new(Exit::Failed, anyhow::anyhow!("the two passwords differ")))
}

fn first_line(input: impl BufRead) -> Result<Secret, Failure> {
    let mut line = zeroize::Zeroizing::new(String::new());
    input.take(MOST).read_line(&mut line).map_err(|error| {
        let words = "the password cannot be read from standard input";
        Failure::new(Exit::Failed, anyhow::Error::new(error).context(words))
    })?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{Folder, Stage};
    use contactcmd_ports::CredentialStore;

    #[test]
    fn the_first_line_is_the_password() {
        for (input, password) in [("a b \nc\n", "a b "), ("x\r\n", "x"), ("x", "x"), ("", "")] {
            assert_eq!(first_line(input.as_bytes()).unwrap().expose(), password, "{input:?}");
        }
    }

    #[test]
    fn deleting_says_what_there_was_of_any_kind() {
        let stage = Stage::new();
        let key = password::key("dav.example", "ada", None);
        for kind in [SecretKind::Password, SecretKind::RefreshToken] {
            let key = CredentialKey { kind, ..key.clone() };
            stage.secrets.store(&key, &Secret::new("x")).unwrap();
        }
        let args = ["password", "delete", "--server", "https://DAV.example/x", "--username", "ada"];
        assert_eq!(stage.run(&args), Exit::Done);
        assert_eq!(stage.run(&args), Exit::Failed);
        assert_eq!(
            stage.stderr(),
            "the password of ada at https://dav.example is forgotten\n\
             the sign-in of ada at https://dav.example is forgotten\n\
             there was no password of ada at https://dav.example\n"
        );
    }

    #[test]
    fn an_account_without_a_user_is_named() {
        let folder = Folder::new();
        let stage = Stage::new().env("XDG_CONFIG_HOME", folder.root().to_str().unwrap());
        let mut account = config::AccountSettings::new("work");
        account.server = Some("dav.example".into());
        config::add(&stage.world(), &account).unwrap();
        assert_eq!(stage.run(&["password", "delete"]), Exit::Usage);
        assert!(stage.stderr().starts_with("error: the account `work` has no `username`\n"));
    }
}
