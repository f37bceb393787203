//! Asking the server whether the password is right and which address books there are.

use contactcmd_domain::dav::Location;
use contactcmd_ports::{CredentialKey, Secret, SecretKind};
use futures::executor::block_on;

use super::Draft;
use crate::config::AuthKind;
use crate::password::{self, Source};
use crate::remote::{
    Credentials, Discovered, PasswordRefused, Remote, RemoteError, SignInError, discover,
};
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
    /// The password that was accepted, or the refresh token of now.
    pub(super) secret: Secret,
    /// Where it came from.
    pub(super) source: Source,
    /// Whose it was taken for.
    pub(super) key: CredentialKey,
}

/// Looks for address books with the first secret there is. A password that the user typed, or that the
/// keychain has from earlier, may be typed anew when it is refused, and a sign-in of earlier that is
/// over is done anew; each is sent once.
///
/// # Errors
///
/// What discovery fails with; for a refused secret [`Exit::Auth`] with whose it is.
pub(super) fn look(draft: &Draft, world: &World) -> Result<Looked, Failure> {
    let key = draft.key();
    let (mut secret, mut source) = password::find_or_sign_in(world, &draft.settings, &key)?;
    let mut left = MORE_TRIES;
    loop {
        world.ui.say(format_args!("Looking for the address books of {}.", password::whose(&key)));
        let error = match visit(draft, &secret, world)? {
            Ok((discovered, auth, renewed)) => {
                let secret = renewed.unwrap_or(secret);
                return Ok(Looked::Found(Found { discovered, auth, secret, source, key }));
            }
            Err(RemoteError::Elsewhere { domain, to }) => {
                return Ok(Looked::Elsewhere { domain, to });
            }
            Err(error) => error,
        };
        let is_about_client = matches!(error, RemoteError::SignIn(SignInError::Client { .. }));
        let failure = named(Failure::from(error), (&key, source));
        if failure.exit != Exit::Auth || is_about_client || left == 0 {
            return Err(failure);
        }
        let Some(again) = another(draft, (&key, source), &failure, world)? else {
            return Err(failure);
        };
        ((secret, source), left) = (again, left - 1);
    }
}

/// A secret in place of one that was refused, from the user; `None` when it cannot be had.
fn another(
    draft: &Draft,
    (key, source): (&CredentialKey, Source),
    refusal: &Failure,
    world: &World,
) -> Result<Option<(Secret, Source)>, Failure> {
    match (key.kind, source) {
        (SecretKind::RefreshToken, Source::Keychain) => {
            complaint::print(&world.ui, refusal);
            password::signed_in(world, &draft.settings, key).map(Some)
        }
        (SecretKind::Password, Source::Prompt | Source::Keychain) if prompt::can_ask(&world.ui) => {
            complaint::print(&world.ui, refusal);
            Ok(password::ask(world, key)?.map(|secret| (secret, Source::Prompt)))
        }
        _ => Ok(None),
    }
}

/// What was found, how it was logged in, and the refresh token that there is then.
type Visited = (Discovered, AuthKind, Option<Secret>);

fn visit(
    draft: &Draft,
    secret: &Secret,
    world: &World,
) -> Result<Result<Visited, RemoteError>, Failure> {
    let settings = &draft.settings;
    let transport = (world.transport)(&TransportOptions {
        timeout: settings.timeout,
        ca_file: settings.ca_file.clone(),
    })?;
    let credentials = Credentials::of(world, settings, &draft.key(), secret)?;
    let remote = Remote::new(world, transport, credentials, settings.allow_http);
    let found = block_on(discover(&remote, &draft.server));
    Ok(found.map(|discovered| (discovered, remote.auth(), remote.refresh_token())))
}

fn named(failure: Failure, (key, source): (&CredentialKey, Source)) -> Failure {
    if failure.exit != Exit::Auth {
        return failure;
    }
    let is_refused = failure.error.downcast_ref::<PasswordRefused>().is_some();
    let failure = failure.context(format!("cannot log in as {}", password::whose(key)));
    match source {
        _ if !is_refused => failure,
        Source::Environment | Source::Command => failure.and_hint(&password::put_right(source, "")),
        _ => failure.and_hint("then run the same `contactcmd setup` again"),
    }
}
