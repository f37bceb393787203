//! Where an account's password comes from, in order: the environment, a command, the keychain, a
//! question on the terminal. It is never in the config, on a command line, in a log or in an error.

use std::io;
use std::process::{Command, Stdio};

use anyhow::anyhow;
use contactcmd_domain::dav::Location;
use contactcmd_ports::{CredentialError, CredentialKey, Secret};
use zeroize::Zeroizing;

use crate::config::{AccountSettings, AuthKind, PasswordCommand};
use crate::remote::sign_in;
use crate::ui::{clean, error, prompt};
use crate::{Exit, Failure, World};

/// The variable that holds a password.
pub const VARIABLE: &str = "CONTACTCMD_PASSWORD";

/// Which way a password came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `CONTACTCMD_PASSWORD`.
    Environment,
    /// `password_command` of the config.
    Command,
    /// The keychain of the system.
    Keychain,
    /// The user typed it; [`remember`] it once the server has accepted it.
    Prompt,
}

/// Under which name the keychain keeps the password: the origin of the server and the user name.
/// A server that was given as a host gets `https://`, so that both spellings are one account.
pub fn key(server: &str, username: &str) -> CredentialKey {
    let server = server.trim();
    let address =
        if server.contains("://") { server.to_owned() } else { format!("https://{server}") };
    let origin = Location::parse(&address).map(|location| location.origin.to_string());
    CredentialKey {
        server: origin.unwrap_or_else(|_| server.to_lowercase()),
        username: username.to_owned(),
    }
}

/// The first password there is for this account, and where it was. For `auth = "oauth2"` it is the
/// refresh token, and in place of a question the user signs in with the browser; so this must not be
/// called from within a future.
///
/// # Errors
///
/// [`Exit::Auth`]: there is none and nobody to ask, or the command or keychain that should have it
/// failed; the hint names what helps. [`Exit::Interrupted`]: the user gave up at the question. For a
/// sign-in what [`sign_in`] says.
pub fn find(
    world: &World,
    account: &AccountSettings,
    key: &CredentialKey,
) -> Result<(Secret, Source), Failure> {
    if let Some(text) = (world.env)(VARIABLE).filter(|text| !text.is_empty()) {
        return Ok((Secret::new(text), Source::Environment));
    }
    if let Some(command) = &account.password_command {
        let secret = run(command).map_err(|wrong| wrong.of(&account.name, "password"))?;
        return Ok((secret, Source::Command));
    }
    let no_keychain = match world.credentials.secret(key) {
        Ok(Some(secret)) => return Ok((secret, Source::Keychain)),
        Ok(None) => None,
        Err(error) => Some(error),
    };
    if let Some(error) = &no_keychain {
        world.ui.detail(error);
    }
    if account.auth == Some(AuthKind::OAuth2) {
        if !prompt::can_ask(&world.ui) {
            return Err(nobody_signed_in(account, key));
        }
        let secret = sign_in(world, account, key)?;
        // The provider has just given it, so there is nothing to wait for.
        if let Err(failure) = remember(world, key, &secret) {
            error::print(&world.ui, &failure);
        }
        return Ok((secret, Source::Keychain));
    }
    match ask(world, key)? {
        Some(secret) => Ok((secret, Source::Prompt)),
        None => Err(nowhere(key, no_keychain)),
    }
}

/// The secret of an OAuth2 client, under this name in the keychain: what `client_secret_command`
/// prints, else what the keychain holds; `None` for a client without one.
///
/// # Errors
///
/// [`Exit::Auth`] when the command fails: the hint names it.
pub fn client_secret(
    world: &World,
    account: &AccountSettings,
    key: &CredentialKey,
) -> Result<Option<Secret>, Failure> {
    if let Some(command) = &account.oauth2.client_secret_command {
        let secret = run(command).map_err(|wrong| wrong.of(&account.name, "client_secret"))?;
        return Ok(Some(secret));
    }
    // Without a keychain the client may still be one that needs no secret.
    Ok(world.credentials.secret(key).unwrap_or_else(|error| {
        world.ui.detail(&error);
        None
    }))
}

/// Asks for the password on the terminal; `None` when there is nobody to ask.
///
/// # Errors
///
/// [`Exit::Interrupted`] on Ctrl-C: end. [`Exit::Auth`] when nothing was typed.
pub fn ask(world: &World, key: &CredentialKey) -> Result<Option<Secret>, Failure> {
    let typed = prompt::password(&world.ui, &format!("Password of {}", whose(key)))?;
    match typed {
        Some(secret) if secret.is_empty() => {
            Err(Failure::new(Exit::Auth, anyhow!("no password was typed for {}", whose(key))))
        }
        typed => Ok(typed),
    }
}

/// Stores a password in the keychain, in place of an older one.
///
/// # Errors
///
/// What the keychain says; nothing is stored then. After a prompt it is no reason to stop: the next
/// run asks again.
pub fn remember(world: &World, key: &CredentialKey, secret: &Secret) -> Result<(), Failure> {
    world.credentials.store(key, secret).map_err(|error| {
        Failure::from(error).context(format!("the password of {} was not stored", whose(key)))
    })
}

/// `ada at https://dav.example`, for messages.
pub fn whose(key: &CredentialKey) -> String {
    format!("{} at {}", clean(&key.username), clean(&key.server))
}

fn nobody_signed_in(account: &AccountSettings, key: &CredentialKey) -> Failure {
    let words = format!("nobody has signed in yet for {}", whose(key));
    Failure::new(Exit::Auth, anyhow!(words)).hint(format!(
        "sign in with `contactcmd password set --account {}`; where there is no keychain, a refresh \
         token can come from `password_command` or the variable {VARIABLE}",
        account.name
    ))
}

fn nowhere(key: &CredentialKey, keychain: Option<CredentialError>) -> Failure {
    let words = format!("there is no password for {}", whose(key));
    let error = match keychain {
        Some(error) => anyhow::Error::new(error).context(words),
        None => anyhow!(words),
    };
    Failure::new(Exit::Auth, error).hint(format!(
        "store it with `contactcmd password set`, set `password_command` in the config, or set the \
         variable {VARIABLE}"
    ))
}

/// Why a password command gave none. Never holds what it printed.
#[derive(Debug, thiserror::Error)]
enum NoPassword {
    #[error("it cannot be started")]
    NotStarted(#[source] io::Error),
    #[error("it ended with {0}")]
    Failed(std::process::ExitStatus),
    #[error("it printed no password")]
    Empty,
    #[error("it printed something that is not UTF-8")]
    NotText,
}

impl NoPassword {
    /// `what` is what the command prints, as the setting is called.
    fn of(self, account: &str, what: &str) -> Failure {
        let words = format!("the `{what}_command` of the account `{account}` failed");
        Failure::new(Exit::Auth, anyhow::Error::new(self).context(words)).hint(
            "run it by hand: it must print the secret in its first line and nothing before it",
        )
    }
}

/// Runs the command with the terminal at hand, because password managers ask for their own
/// passwords and put their complaints on stderr; the first line of stdout is the password.
fn run(command: &PasswordCommand) -> Result<Secret, NoPassword> {
    let mut process = match command {
        PasswordCommand::Shell(line) => shell(line),
        PasswordCommand::Argv(argv) => {
            let (program, arguments) = argv.split_first().ok_or(NoPassword::Empty)?;
            let mut process = Command::new(program);
            process.args(arguments);
            process
        }
    };
    let output = process
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(NoPassword::NotStarted)?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(NoPassword::Failed(output.status));
    }
    let first = stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    match str::from_utf8(first) {
        Ok("") => Err(NoPassword::Empty),
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err(NoPassword::NotText),
    }
}

fn shell(line: &str) -> Command {
    let (program, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut process = Command::new(program);
    process.args([flag, line]);
    process
}

#[cfg(test)]
mod tests {
    use contactcmd_ports::MockCredentialStore;

    use super::*;
    use crate::commands::testing::Stage;

    fn account(command: Option<PasswordCommand>) -> AccountSettings {
        AccountSettings { password_command: command, ..AccountSettings::new("work") }
    }

    fn shell_account(line: &str) -> AccountSettings {
        account(Some(PasswordCommand::Shell(line.into())))
    }

    fn keychain(secret: Option<&'static str>) -> MockCredentialStore {
        let mut store = MockCredentialStore::new();
        store.expect_secret().returning(move |_| Ok(secret.map(Secret::new)));
        store
    }

    fn no_keychain() -> MockCredentialStore {
        let mut store = MockCredentialStore::new();
        store
            .expect_secret()
            .returning(|_| Err(CredentialError::Unavailable { cause: "no D-Bus session".into() }));
        store
    }

    #[test]
    #[cfg(unix)]
    fn the_first_source_that_answers_is_taken() {
        // (variable, command, keychain) -> password and source
        let cases = [
            ("env", Some("echo cmd"), Some("chain"), ("env", Source::Environment)),
            ("", Some("echo cmd; echo second"), Some("chain"), ("cmd", Source::Command)),
            ("", Some("printf 'cmd\\r\\n'"), None, ("cmd", Source::Command)),
            ("", Some("printf ' a b '"), None, (" a b ", Source::Command)),
            ("", None, Some("chain"), ("chain", Source::Keychain)),
        ];
        for (variable, command, chain, (password, source)) in cases {
            let mut world = Stage::new().env(VARIABLE, variable).world();
            world.credentials = Box::new(keychain(chain));
            let account = account(command.map(|line| PasswordCommand::Shell(line.into())));
            let (secret, from) = find(&world, &account, &key("dav.example", "ada")).unwrap();
            assert_eq!((secret.expose(), from), (password, source));
        }
    }

    #[test]
    #[cfg(unix)]
    fn arguments_of_a_command_go_through_no_shell() {
        let argv = ["printf", "%s", "$HOME `x`"].map(str::to_owned).to_vec();
        let world = Stage::new().world();
        let (secret, _) =
            find(&world, &account(Some(PasswordCommand::Argv(argv))), &key("h", "u")).unwrap();
        assert_eq!(secret.expose(), "$HOME `x`");
    }

    #[test]
    #[cfg(unix)]
    fn a_command_that_fails_is_named_with_its_status_and_never_its_output() {
        let cases = [
            ("echo hunter2; exit 3", "it ended with exit status: 3"),
            ("true", "it printed no password"),
            ("printf '\\nhunter2'", "it printed no password"),
            ("printf '\\377hunter2'", "it printed something that is not UTF-8"),
        ];
        for (line, cause) in cases {
            let world = Stage::new().world();
            let failed = find(&world, &shell_account(line), &key("h", "u"));
            let Err(failure) = failed else { panic!("{line} gave a password") };
            assert_eq!(failure.exit, Exit::Auth);
            let words = format!("{:#}", failure.error);
            assert!(words.contains(cause) && words.contains("`work`"), "{words}");
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
    }

    #[test]
    fn without_a_terminal_the_three_ways_are_named() {
        for store in [keychain(None), no_keychain()] {
            let mut world = Stage::new().world();
            world.credentials = Box::new(store);
            let Err(failure) = find(&world, &account(None), &key("dav.example", "ada")) else {
                panic!("a password from nowhere");
            };
            assert_eq!(failure.exit, Exit::Auth);
            assert_eq!(
                failure.error.to_string(),
                "there is no password for ada at https://dav.example"
            );
            let hint = failure.hint.unwrap();
            for way in ["password set", "password_command", VARIABLE] {
                assert!(hint.contains(way), "{hint}");
            }
        }
    }

    #[test]
    fn a_server_has_one_key_however_it_is_spelled() {
        let cases = [
            ("https://dav.example/", "https://dav.example"),
            ("https://DAV.example:443/a/b", "https://dav.example"),
            (" dav.example ", "https://dav.example"),
            ("dav.example:8443/x", "https://dav.example:8443"),
            ("http://localhost:5232/", "http://localhost:5232"),
            ("ICloud", "https://icloud"),
        ];
        for (server, origin) in cases {
            assert_eq!(key(server, "u").server, origin, "{server}");
        }
    }
}
