//! Providers that take no password.

use super::Draft;
use super::keep::table;
use crate::Failure;
use crate::config::{DEFAULT_ACCOUNT, Settings};
use crate::ui::clean;

/// Makes the account ready for a provider that takes no password but a sign-in (Google). The client
/// that signs in is the user's own, so without one it says what to put into the config.
///
/// # Errors
///
/// [`crate::Exit::Usage`] with the table to write.
pub(super) fn prepare(draft: &Draft, known: &Settings) -> Result<(), Failure> {
    let (title, server) = match draft.route.provider {
        Some(provider) => (provider.title, provider.name),
        None => (draft.route.start.origin.host(), draft.server.as_str()),
    };
    let is_taken = known.find(DEFAULT_ACCOUNT).is_some_and(|account| account.server.is_some());
    let (name, option) = match is_taken {
        true => (server, format!(" --account {server}")),
        false => (DEFAULT_ACCOUNT, String::new()),
    };
    let words = format!("{title} takes no password for contacts: you sign in with your browser");
    Err(Failure::usage(words).hint(format!(
        "write this into {}, with a client id of your own:\n\
         {}\nserver = \"{server}\"\nusername = \"{}\"\nauth = \"oauth2\"\nclient_id = \"...\"\n\
         then `contactcmd password set{option}` signs in",
        known.path.display(),
        table(name),
        clean(&draft.username)
    )))
}
