//! Writing down what works.

use contactcmd_ports::SecretKind;

use super::Draft;
use super::look::Found;
use crate::config::{self, AuthKind, DEFAULT_ACCOUNT};
use crate::password::{self, Source};
use crate::ui::error as complaint;
use crate::{Failure, World};

/// Stores the secret in the keychain and the account in the config, and says so. A keychain that does
/// not take it is no reason to stop: the account works without.
///
/// # Errors
///
/// What [`config::add`] fails with: no account is written then.
pub(super) fn keep(draft: &Draft, found: &Found, world: &World) -> Result<(), Failure> {
    keep_secret(draft, found, world);
    let mut settings = draft.settings.clone();
    settings.server = Some(draft.server.clone());
    settings.username = Some(draft.username.clone());
    // Else every sync would send the password in vain first.
    let is_digest = found.auth == AuthKind::Digest;
    settings.auth = settings.auth.or(is_digest.then_some(AuthKind::Digest));
    let path = config::add(world, &settings)?;
    let table = table(&settings.name);
    world.ui.say(format_args!("The account is in {} now, as {table}.", path.display()));
    Ok(())
}

fn keep_secret(draft: &Draft, found: &Found, world: &World) {
    let key = draft.key();
    let what = password::what(&key);
    let was_there = matches!(found.source, Source::Keychain | Source::Browser);
    match found.source {
        Source::Command => world.ui.say(format_args!("The {what} comes from your command.")),
        // Told when the user signed in.
        Source::Browser if found.key == key => {}
        Source::Keychain if found.key == key => {
            world.ui.say(format_args!("The {what} is in the keychain."));
        }
        _ => match password::remember(world, &key, &found.secret) {
            Ok(()) => {
                world.ui.say(format_args!("The {what} is in the keychain now."));
                // Of one sign-in in two places only one would be renewed.
                if was_there && key.kind == SecretKind::RefreshToken {
                    let _ = world.credentials.forget(&found.key);
                }
            }
            Err(failure) => complaint::print(&world.ui, &failure),
        },
    }
}

/// How the config names an account.
pub(super) fn table(name: &str) -> String {
    match name {
        DEFAULT_ACCOUNT => "[carddav]".to_owned(),
        name => format!("[carddav.{name}]"),
    }
}

#[cfg(test)]
mod tests {
    use contactcmd_domain::dav::{Location, route};
    use contactcmd_ports::{CredentialError, CredentialStore, MockCredentialStore, Secret};

    use super::*;
    use crate::commands::testing::{Folder, Stage};
    use crate::config::AccountSettings;
    use crate::remote::{Discovered, first_address};

    fn draft(server: &str) -> Draft {
        Draft {
            server: server.to_owned(),
            route: route(server, false).unwrap(),
            software: None,
            username: "ada".to_owned(),
            settings: AccountSettings::new("work"),
        }
    }

    fn found(entry: &str, source: Source) -> Found {
        Found {
            discovered: Discovered {
                home_sets: Vec::new(),
                books: Vec::new(),
                entry: Location::parse(entry).unwrap(),
                tried: Vec::new(),
            },
            auth: AuthKind::Basic,
            secret: Secret::new("hunter2"),
            source,
            key: password::key("https://first.example", "ada", None),
        }
    }

    #[test]
    fn the_password_is_kept_where_a_sync_looks_for_it() {
        // what was typed, where it was found, what the config says
        let cases = [
            ("cloud.example", "https://cloud.example/dav/", "cloud.example"),
            (
                "ada@mail.example",
                "https://dav.mail.example:8443/",
                "https://dav.mail.example:8443/",
            ),
            ("ada@fastmail.fm", "https://carddav.fastmail.com/dav/", "fastmail"),
        ];
        for (typed, entry, server) in cases {
            for source in [Source::Prompt, Source::Environment, Source::Keychain] {
                let folder = Folder::new();
                let stage = Stage::new().env("XDG_CONFIG_HOME", folder.root().to_str().unwrap());
                let world = stage.world();
                let found = found(entry, source);
                let mut draft = draft(typed);
                draft.settle(&found.discovered.entry).unwrap();
                keep(&draft, &found, &world).unwrap();
                let settings = config::load(&world).unwrap();
                let account = settings.account(Some("work")).unwrap();
                assert_eq!(account.server.as_deref(), Some(server), "{typed}");
                let address = first_address(server, false).unwrap();
                let key = password::key(&address.to_string(), "ada", None);
                let kept = stage.secrets.secret(&key).unwrap();
                assert_eq!(
                    kept.map(|secret| secret.expose().to_owned()).as_deref(),
                    Some("hunter2")
                );
                assert!(draft.twin(&settings).is_some(), "{typed}: it is known again");
            }
        }
    }

    #[test]
    fn without_a_keychain_the_account_is_kept_all_the_same() {
        let folder = Folder::new();
        let stage = Stage::new().env("XDG_CONFIG_HOME", folder.root().to_str().unwrap());
        let mut world = stage.world();
        let mut keychain = MockCredentialStore::new();
        keychain
            .expect_store()
            .returning(|_, _| Err(CredentialError::Unavailable { cause: "no D-Bus".into() }));
        world.credentials = Box::new(keychain);
        let found = found("https://cloud.example/", Source::Prompt);
        keep(&draft("cloud.example"), &found, &world).unwrap();
        assert_eq!(config::load(&world).unwrap().accounts.len(), 1);
        assert!(stage.stderr().contains("password_command"), "{}", stage.stderr());
        assert!(!stage.stderr().contains("hunter2"));
    }
}
