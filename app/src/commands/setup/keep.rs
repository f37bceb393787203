//! Writing down what works.

use super::Draft;
use super::look::Found;
use crate::config::{self, DEFAULT_ACCOUNT};
use crate::password::{self, Source};
use crate::ui::error as complaint;
use crate::{Failure, World};

/// Stores the password in the keychain and the account in the config, and says so. A keychain that
/// does not take it is no reason to stop: the account works without.
///
/// # Errors
///
/// What [`config::save`] fails with: no account is written then.
pub(super) fn keep(draft: &Draft, found: &Found, world: &World) -> Result<(), Failure> {
    let key = draft.key();
    let is_there = found.source == Source::Keychain && found.key == key;
    match found.source {
        Source::Command => world.ui.say("The password comes from your command."),
        _ if is_there => world.ui.say("The password is in the keychain."),
        _ => match password::remember(world, &key, &found.secret) {
            Ok(()) => world.ui.say("The password is in the keychain now."),
            Err(failure) => complaint::print(&world.ui, &failure),
        },
    }
    let mut settings = draft.settings.clone();
    settings.server = Some(draft.server.clone());
    settings.username = Some(draft.username.clone());
    let path = config::save(world, &settings)?;
    let table = table(&settings.name);
    world.ui.say(format_args!("The account is in {} now, as {table}.", path.display()));
    Ok(())
}

/// How the config names an account.
pub(super) fn table(name: &str) -> String {
    match name {
        DEFAULT_ACCOUNT => "[carddav]".to_owned(),
        name => format!("[carddav.{name}]"),
    }
}
