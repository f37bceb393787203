//! Asking the server whether the password is right and which address books there are.

use contactcmd_domain::dav::Location;
use contactcmd_ports::{CredentialKey, Secret};
use futures::executor::block_on;

use super::Draft;
use crate::config::AuthKind;
use crate::password::{self, Source};
use crate::remote::{Credentials, Discovered, Remote, RemoteError, discover};
use crate::ui::{error as complaint, prompt};
use crate::world::TransportOptions;
use crate::{Exit, Failure, World};

/// How often the user may mistype the password after the first time.
const MORE_TRIES: u32 = 2;

/// What came of looking.
pub(super) enum Looked {
    /// The password is right, and there are address books, or places for them.
    Found(Found),
    /// DNS names another domain.
    Elsewhere {
        /// The domain that was asked about.
        domain: String,
        /// What it names.
        to: Location,
    },
}

/// An account that works.
pub(super) struct Found {
    pub(super) discovered: Discovered,
    /// How the server was logged in to.
    pub(super) auth: AuthKind,
    /// The password that was accepted.
    pub(super) secret: Secret,
    /// Where it came from.
    pub(super) source: Source,
    /// Whose it was taken for.
    pub(super) key: CredentialKey,
}

/// Looks for address books with the first password there is. One that the user typed, or that the
/// keychain has from earlier, may be typed anew when it is refused; each is sent once.
///
/// # Errors
///
/// What discovery fails with; for a refused password [`Exit::Auth`] with whose it is.
pub(super) fn look(draft: &Draft, world: &World) -> Result<Looked, Failure> {
    let key = draft.key();
    let (mut secret, mut source) = password::find(world, &draft.settings, &key)?;
    let mut left = MORE_TRIES;
    loop {
        world.ui.say(format_args!("Looking for the address books of {}.", password::whose(&key)));
        let failure = match visit(draft, &secret, world)? {
            Ok((discovered, auth)) => {
                return Ok(Looked::Found(Found { discovered, auth, secret, source, key }));
            }
            Err(RemoteError::Elsewhere { domain, to }) => {
                return Ok(Looked::Elsewhere { domain, to });
            }
            Err(error) => named(Failure::from(error), &key),
        };
        let may_be_mistyped = matches!(source, Source::Prompt | Source::Keychain);
        if failure.exit != Exit::Auth
            || !may_be_mistyped
            || left == 0
            || !prompt::can_ask(&world.ui)
        {
            return Err(failure);
        }
        complaint::print(&world.ui, &failure);
        let Some(again) = password::ask(world, &key)? else { return Err(failure) };
        (secret, source, left) = (again, Source::Prompt, left - 1);
    }
}

fn visit(
    draft: &Draft,
    secret: &Secret,
    world: &World,
) -> Result<Result<(Discovered, AuthKind), RemoteError>, Failure> {
    let settings = &draft.settings;
    let transport = (world.transport)(&TransportOptions {
        timeout: settings.timeout,
        ca_file: settings.ca_file.clone(),
    })?;
    let credentials = Credentials::of(world, settings, &draft.key(), secret)?;
    let remote = Remote::new(world, transport, credentials, settings.allow_http);
    let found = block_on(discover(&remote, &draft.server));
    Ok(found.map(|discovered| (discovered, remote.auth())))
}

fn named(failure: Failure, key: &CredentialKey) -> Failure {
    match failure.exit {
        Exit::Auth => failure.context(format!("cannot log in as {}", password::whose(key))),
        _ => failure,
    }
}
