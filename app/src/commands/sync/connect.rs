//! The way to one account's server: who is asking, and through what.

use std::sync::Arc;

use contactcmd_ports::{CredentialKey, DavTransport, Secret};

use super::account::Chosen;
use crate::password::{self, Source};
use crate::remote::{Credentials, Remote};
use crate::world::TransportOptions;
use crate::{Failure, World};

/// A server that can be asked, and where the password for it came from.
pub(crate) struct Connection<'w> {
    /// The server.
    pub(crate) remote: Remote<'w>,
    /// Under which name the keychain keeps the password.
    pub(crate) key: CredentialKey,
    /// The password.
    pub(crate) secret: Secret,
    /// Where it was.
    pub(crate) source: Source,
}

/// Finds the password of an account, asking for it if need be. Nothing is sent yet. `wrap` may put
/// something around the transport that looks on.
///
/// # Errors
///
/// As for [`password::find`] and [`Credentials::of`]; usage when the config names certificates that cannot
/// be read.
pub(crate) fn connect<'w>(
    chosen: &Chosen,
    world: &'w World,
    wrap: impl FnOnce(Arc<dyn DavTransport>) -> Arc<dyn DavTransport>,
) -> Result<Connection<'w>, Failure> {
    let Chosen { settings, address, username, .. } = chosen;
    let key = password::key(&address.to_string(), username, settings.auth);
    let (secret, source) = password::find(world, settings, &key)?;
    let transport = (world.transport)(&TransportOptions {
        timeout: settings.timeout,
        ca_file: settings.ca_file.clone(),
    })?;
    let credentials = Credentials::of(world, settings, &key, &secret)?;
    let remote = Remote::new(world, wrap(transport), credentials, settings.allow_http);
    Ok(Connection { remote, key, secret, source })
}
