//! Where an account's secret comes from, in order: the environment, a command, the keychain, a
//! question on the terminal or in the browser. It is never in the config, on a command line, in a log or
//! in an error.

mod command;

use anyhow::anyhow;
use contactcmd_domain::dav::Location;
use contactcmd_ports::{CredentialError, CredentialKey, Secret, SecretKind};

use crate::config::{AccountSettings, AuthKind, DEFAULT_ACCOUNT};
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
    /// The user has just signed in with the browser. It is in the keychain already, where there is one.
    Browser,
}

/// Under which name the keychain keeps what an account logs in with: the origin of the server, the user
/// name, and which kind of secret its `auth` takes. A password that was kept before the account signed
/// in with the browser is none of that sign-in's, and the other way round. A server that was given as a
/// host gets `https://`, so that both spellings are one account.
pub fn key(server: &str, username: &str, auth: Option<AuthKind>) -> CredentialKey {
    let server = server.trim();
    let address =
        if server.contains("://") { server.to_owned() } else { format!("https://{server}") };
    let origin = Location::parse(&address).map(|location| location.origin.to_string());
    let kind = match auth {
        Some(AuthKind::OAuth2) => SecretKind::RefreshToken,
        Some(AuthKind::Basic | AuthKind::Digest | AuthKind::Bearer) | None => SecretKind::Password,
    };
    CredentialKey {
        server: origin.unwrap_or_else(|_| server.to_lowercase()),
        username: username.to_owned(),
        kind,
    }
}

/// Under which name the keychain keeps the secret of a client: who gives tokens, and the client id.
pub fn client_key(token_url: &str, client_id: &str) -> CredentialKey {
    CredentialKey { kind: SecretKind::ClientSecret, ..key(token_url, client_id, None) }
}

/// The first secret there is for this account, and where it was. For `auth = "oauth2"` it is the
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
    let no_keychain = match kept(world, account, key)? {
        Kept::Here(secret, source) => return Ok((secret, source)),
        Kept::Nowhere(no_keychain) => no_keychain,
    };
    if key.kind == SecretKind::RefreshToken {
        return match prompt::can_ask(&world.ui) {
            true => signed_in(world, account, key),
            false => Err(nobody_signed_in(account, key)),
        };
    }
    match ask(world, key)? {
        Some(secret) => Ok((secret, Source::Prompt)),
        None => Err(nowhere(account, key, no_keychain)),
    }
}

/// As [`find`], but the user of an `oauth2` account signs in even where there is no terminal: the
/// browser asks, and who set an account up is there to answer it.
///
/// # Errors
///
/// As for [`find`].
pub fn find_or_sign_in(
    world: &World,
    account: &AccountSettings,
    key: &CredentialKey,
) -> Result<(Secret, Source), Failure> {
    if key.kind != SecretKind::RefreshToken {
        return find(world, account, key);
    }
    match kept(world, account, key)? {
        // What stands in the variable may be the password of any account: who is there can sign in.
        Kept::Here(_, Source::Environment) if prompt::can_ask(&world.ui) => {
            signed_in(world, account, key)
        }
        Kept::Here(secret, source) => Ok((secret, source)),
        Kept::Nowhere(_) => signed_in(world, account, key),
    }
}

/// Signs the user in with the browser. The refresh token is stored at once: the provider has just given
/// it, so there is nothing to wait for.
///
/// # Errors
///
/// What [`sign_in`] says. A keychain that does not take it is told, and no error: this run has it.
pub fn signed_in(
    world: &World,
    account: &AccountSettings,
    key: &CredentialKey,
) -> Result<(Secret, Source), Failure> {
    let secret = sign_in(world, account, key)?;
    match remember(world, key, &secret) {
        Ok(()) => world.ui.say(format_args!("The {} is in the keychain now.", what(key))),
        Err(failure) => error::print(&world.ui, &failure),
    }
    Ok((secret, Source::Browser))
}

/// A secret that nobody has to be asked for.
enum Kept {
    Here(Secret, Source),
    /// There is none; and why the keychain could not be looked at, if it could not.
    Nowhere(Option<CredentialError>),
}

fn kept(world: &World, account: &AccountSettings, key: &CredentialKey) -> Result<Kept, Failure> {
    if let Some(text) = (world.env)(VARIABLE).filter(|text| !text.is_empty()) {
        return Ok(Kept::Here(Secret::new(text), Source::Environment));
    }
    if let Some(command) = &account.password_command {
        let secret = command::run(command).map_err(|wrong| wrong.of(&account.name, "password"))?;
        return Ok(Kept::Here(secret, Source::Command));
    }
    Ok(match world.credentials.secret(key) {
        Ok(Some(secret)) => Kept::Here(secret, Source::Keychain),
        Ok(None) => Kept::Nowhere(None),
        Err(error) => {
            world.ui.detail(&error);
            Kept::Nowhere(Some(error))
        }
    })
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
        let secret =
            command::run(command).map_err(|wrong| wrong.of(&account.name, "client_secret"))?;
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

/// Stores a secret in the keychain, in place of an older one of its kind.
///
/// # Errors
///
/// What the keychain says; nothing is stored then. After a prompt it is no reason to stop: the next
/// run asks again.
pub fn remember(world: &World, key: &CredentialKey, secret: &Secret) -> Result<(), Failure> {
    world.credentials.store(key, secret).map_err(|error| {
        let (what, whose) = (what(key), whose(key));
        Failure::from(error).context(format!("the {what} of {whose} was not stored"))
    })
}

/// What a secret of this kind is called in messages.
pub fn what(key: &CredentialKey) -> &'static str {
    match key.kind {
        SecretKind::Password => "password",
        SecretKind::RefreshToken => "sign-in",
        SecretKind::ClientSecret => "client secret",
    }
}

/// `ada at https://dav.example`, for messages.
pub fn whose(key: &CredentialKey) -> String {
    format!("{} at {}", clean(&key.username), clean(&key.server))
}

/// How a password that was refused is put right: where it came from, and for an account how the command
/// line names it, such as `--account work`.
pub fn put_right(source: Source, account: &str) -> String {
    match source {
        Source::Environment => {
            format!("correct or unset the variable {VARIABLE}, which comes before the keychain")
        }
        Source::Command => "`password_command` printed it: run it by hand".to_owned(),
        Source::Keychain | Source::Prompt | Source::Browser => {
            let gap = if account.is_empty() { "" } else { " " };
            format!("then run `contactcmd password set{gap}{account}`")
        }
    }
}

fn nobody_signed_in(account: &AccountSettings, key: &CredentialKey) -> Failure {
    let words = format!("nobody has signed in yet for {}", whose(key));
    Failure::new(Exit::Auth, anyhow!(words)).hint(format!(
        "sign in with `contactcmd password set{}`; where there is no keychain, a refresh \
         token can come from `password_command` or the variable {VARIABLE}",
        option(&account.name)
    ))
}

fn nowhere(
    account: &AccountSettings,
    key: &CredentialKey,
    keychain: Option<CredentialError>,
) -> Failure {
    let words = format!("there is no password for {}", whose(key));
    let error = match keychain {
        Some(error) => anyhow::Error::new(error).context(words),
        None => anyhow!(words),
    };
    Failure::new(Exit::Auth, error).hint(format!(
        "store it with `contactcmd password set{}`, set `password_command` in the config, or set the \
         variable {VARIABLE}",
        option(&account.name)
    ))
}

/// How the command line names an account of the config, with a blank before it: nothing for the one in
/// `[carddav]` itself.
pub fn option(name: &str) -> String {
    if name == DEFAULT_ACCOUNT { String::new() } else { format!(" --account {name}") }
}

#[cfg(test)]
mod tests {
    use contactcmd_ports::MockCredentialStore;

    use super::*;
    use crate::commands::testing::Stage;
    use crate::config::PasswordCommand;

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
            let (secret, from) = find(&world, &account, &key("dav.example", "ada", None)).unwrap();
            assert_eq!((secret.expose(), from), (password, source));
        }
    }

    #[test]
    #[cfg(unix)]
    fn arguments_of_a_command_go_through_no_shell() {
        let argv = ["printf", "%s", "$HOME `x`"].map(str::to_owned).to_vec();
        let world = Stage::new().world();
        let (secret, _) =
            find(&world, &account(Some(PasswordCommand::Argv(argv))), &key("h", "u", None))
                .unwrap();
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
            let failed = find(&world, &shell_account(line), &key("h", "u", None));
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
            let Err(failure) = find(&world, &account(None), &key("dav.example", "ada", None))
            else {
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
            assert_eq!(key(server, "u", None).server, origin, "{server}");
        }
    }

    #[test]
    fn no_kind_of_secret_is_taken_for_another() {
        let kinds = [
            key("dav.example", "u", None),
            key("dav.example", "u", Some(AuthKind::OAuth2)),
            client_key("https://dav.example/token", "u"),
        ];
        for held in &kinds {
            let stage = Stage::new();
            let world = stage.world();
            remember(&world, held, &Secret::new("x")).unwrap();
            for asked in &kinds {
                let found = world.credentials.secret(asked).unwrap();
                assert_eq!(found.is_some(), held == asked, "{held:?} {asked:?}");
            }
        }
        for auth in [AuthKind::Basic, AuthKind::Digest, AuthKind::Bearer] {
            assert_eq!(
                key("dav.example", "u", Some(auth)),
                kinds[0],
                "all go to the server itself"
            );
        }
    }
}
