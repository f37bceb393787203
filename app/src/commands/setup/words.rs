//! What the user is told on the way.

use clap::Parser;
use contactcmd_domain::dav::{Password, Provider};

use super::Draft;
use super::keep::table;
use crate::cli::{Cli, Global};
use crate::commands::dispatch;
use crate::config::{AccountSettings, AuthKind, Settings};
use crate::password;
use crate::ui::prompt;
use crate::{Exit, Failure, World};

/// What holds where nothing is known of the server.
const USUAL: &str = "The password is that of your account there. Where you log in with two factors or single \
                     sign-on it is an app password, made in the server's web settings: in Nextcloud and \
                     ownCloud under Settings > Security, in Zimbra under Preferences > Accounts.";

/// Says which password is wanted and where it is made, or that one signs in.
pub(super) fn which_password(draft: &Draft, world: &World) {
    let words = match (draft.settings.auth, draft.route.provider, draft.software) {
        (Some(AuthKind::Bearer), ..) => "A token takes the place of the password.".to_owned(),
        (_, Some(Provider { title, advice, password: Password::OAuth, .. }), _) => {
            format!("{title} takes no password. {advice}")
        }
        (Some(AuthKind::OAuth2), ..) => {
            format!("You sign in at {} with your browser.", draft.route.start.origin.host())
        }
        (_, Some(Provider { title, advice, password: Password::App, .. }), _) => {
            format!("{title} wants an app password, not your usual one. {advice}")
        }
        (_, Some(Provider { title, advice, password: Password::Account, .. }), _) => {
            format!("{title} takes your usual password. {advice}")
        }
        (_, None, Some(software)) => format!("{}: {}", software.title, software.advice),
        (_, None, None) => USUAL.to_owned(),
    };
    world.ui.say(words);
}

/// Says that the account is there already, and what can be done with it.
pub(super) fn is_there(account: &AccountSettings, known: &Settings, world: &World) -> Exit {
    let option = password::option(&account.name);
    world.ui.say(format_args!(
        "This account is set up already, as {} in {}; nothing was changed.",
        table(&account.name),
        known.path.display()
    ));
    world.ui.say(format_args!("  contactcmd sync carddav{option}   synchronises it"));
    let what = match account.auth {
        Some(AuthKind::OAuth2) => "signs in anew",
        _ => "stores another password",
    };
    world.ui.say(format_args!("  contactcmd password set{option}   {what}"));
    Exit::Done
}

/// Says what to run next, and on a terminal offers the first dry run.
///
/// # Errors
///
/// What that dry run fails with; the account is set up all the same.
pub(super) fn what_next(name: &str, global: &Global, world: &World) -> Result<Exit, Failure> {
    let option = password::option(name);
    world.ui.say("Next:");
    let lines = [
        (" --dry-run", "what a first sync would do, without doing it"),
        ("", "get the contacts"),
        (" --direction sync", "get what changed there, send what changed here"),
    ]
    .map(|(more, what)| (format!("contactcmd sync carddav{option}{more}"), what));
    let width = lines.iter().map(|(command, _)| command.chars().count()).max().unwrap_or_default();
    for (command, what) in lines {
        world.ui.say(format_args!("  {command:width$}   {what}"));
    }
    match prompt::go_on(&world.ui, "See now what a first sync would do? Nothing is written.")? {
        Some(true) => dry_run(name, global, world),
        Some(false) | None => Ok(Exit::Done),
    }
}

/// The option that chooses an account.
fn dry_run(name: &str, global: &Global, world: &World) -> Result<Exit, Failure> {
    let account = format!("--account={name}");
    let line = ["contactcmd", "sync", "carddav", "--dry-run", account.as_str()];
    let cli = Cli::try_parse_from(line).map_err(|error| Failure::new(Exit::Failed, error))?;
    dispatch(Cli { global: global.clone(), ..cli }, world)
}
