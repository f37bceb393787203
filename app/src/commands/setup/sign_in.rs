//! Accounts that take no password but a sign-in with the browser.

use contactcmd_domain::dav::Password;

use super::Draft;
use crate::config::{AuthKind, Settings};
use crate::remote::client_steps;
use crate::ui::{clean, prompt};
use crate::{Failure, World};

/// Lets the account sign in where its provider takes nothing else, unless the config says otherwise,
/// such as a token of the user's own.
pub(super) fn choose(draft: &mut Draft) {
    if draft.route.provider.is_some_and(|provider| provider.password == Password::OAuth) {
        draft.settings.auth.get_or_insert(AuthKind::OAuth2);
    }
}

/// Makes sure that an account which signs in has a client to do it with: the user's own, whose id is
/// asked for unless it is given.
///
/// # Errors
///
/// [`crate::Exit::Usage`] when there is none and nobody can be asked: names the option.
pub(super) fn prepare(draft: &mut Draft, known: &Settings, world: &World) -> Result<(), Failure> {
    if draft.settings.auth != Some(AuthKind::OAuth2) || draft.settings.oauth2.client_id.is_some() {
        return Ok(());
    }
    let origin = &draft.route.start.origin;
    // One client serves all accounts at a provider.
    let others = known.accounts.iter().filter(|account| account.is_at(origin));
    let usual = others.filter_map(|account| account.oauth2.client_id.as_deref()).next();
    if let (None, Some(steps)) = (usual, client_steps(origin.host())) {
        world.ui.say(steps);
    }
    let typed = prompt::word(&world.ui, "Client ID", usual)?.or(usual.map(str::to_owned));
    let client_id = typed.filter(|typed| !typed.is_empty()).ok_or_else(|| no_client(draft))?;
    draft.settings.oauth2.client_id = Some(client_id);
    Ok(())
}

fn no_client(draft: &Draft) -> Failure {
    let (title, server) = match draft.route.provider {
        Some(provider) => (provider.title, provider.name),
        None => (draft.route.start.origin.host(), draft.server.as_str()),
    };
    Failure::usage(format!("no client id is given to sign in at {title} with")).hint(format!(
        "make one (for Google, `contactcmd setup google` on a terminal shows how), then `contactcmd setup {} --username {} \
         --client-id ID`; its secret is asked for, or printed by `--client-secret-command COMMAND`",
        clean(server),
        clean(&draft.username)
    ))
}
