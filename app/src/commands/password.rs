//! `password set` and `password delete`.

use std::io::BufRead;

use contactcmd_ports::{CredentialKey, Secret};

use crate::cli::Whose;
use crate::config::{AccountSettings, AuthKind};
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
    let (key, account) = key(whose, world)?;
    if let Some(account) = account.filter(|account| account.auth == Some(AuthKind::OAuth2)) {
        password::remember(world, &key, &sign_in(world, &account, &key)?)?;
        world.ui.say(format!("the sign-in of {} is in the keychain", password::whose(&key)));
        return Ok(Exit::Done);
    }
    let secret = if world.ui.terminal.stdin {
        typed(world, &key)?
    } else {
        first_line(std::io::stdin().lock())?
    };
    if secret.is_empty() {
        return Err(Failure::new(Exit::Failed, anyhow::anyhow!("the password is empty")));
    }
    password::remember(world, &key, &secret)?;
    world.ui.say(format!("the password of {} is in the keychain", password::whose(&key)));
    Ok(Exit::Done)
}

/// Removes a password from the keychain; exit 1 when there was none.
///
/// # Errors
///
/// [`Exit::Usage`] when it is not clear whose it is; [`Exit::Failed`] when the keychain fails.
pub fn delete(whose: &Whose, world: &World) -> Result<Exit, Failure> {
    let (key, _) = key(whose, world)?;
    if world.credentials.forget(&key)? {
        world.ui.say(format!("the password of {} is forgotten", password::whose(&key)));
        return Ok(Exit::Done);
    }
    world.ui.say(format!("there was no password of {}", password::whose(&key)));
    Ok(Exit::Failed)
}

/// Whose it is, and the account of the config if it was meant.
fn key(whose: &Whose, world: &World) -> Result<(CredentialKey, Option<AccountSettings>), Failure> {
    if let (Some(server), Some(username)) = (&whose.server, &whose.username) {
        return Ok((resolved(server, username)?, None));
    }
    let settings = config::load(world)?;
    let account = settings.account(whose.account.as_deref())?;
    match (&account.server, &account.username) {
        (Some(server), Some(username)) => Ok((resolved(server, username)?, Some(account.clone()))),
        (server, _) => {
            let missing = if server.is_none() { "server" } else { "username" };
            let words = format!("the account `{}` has no `{missing}`", account.name);
            Err(Failure::usage(words).hint(format!("add it in {}", settings.path.display())))
        }
    }
}

/// The key under which a sync looks: by the address that a host, a provider or an e-mail address stands
/// for.
fn resolved(server: &str, username: &str) -> Result<CredentialKey, Failure> {
    // A password may be stored for an address that a sync then refuses to use.
    let address = first_address(server, true)?;
    Ok(password::key(&address.to_string(), username))
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
    fn deleting_says_whether_there_was_one() {
        let stage = Stage::new();
        stage.secrets.store(&password::key("dav.example", "ada"), &Secret::new("x")).unwrap();
        let args = ["password", "delete", "--server", "https://DAV.example/x", "--username", "ada"];
        assert_eq!(stage.run(&args), Exit::Done);
        assert_eq!(stage.run(&args), Exit::Failed);
        assert_eq!(
            stage.stderr(),
            "the password of ada at https://dav.example is forgotten\n\
             there was no password of ada at https://dav.example\n"
        );
    }

    #[test]
    fn an_account_without_a_user_is_named() {
        let folder = Folder::new();
        let stage = Stage::new().env("XDG_CONFIG_HOME", folder.root().to_str().unwrap());
        let mut account = config::AccountSettings::new("work");
        account.server = Some("dav.example".into());
        config::save(&stage.world(), &account).unwrap();
        assert_eq!(stage.run(&["password", "delete"]), Exit::Usage);
        assert!(stage.stderr().starts_with("error: the account `work` has no `username`\n"));
    }
}
