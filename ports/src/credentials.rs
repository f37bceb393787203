//! The port to a place that keeps secrets.

use std::error::Error;

use zeroize::Zeroizing;

/// A password or token. It is wiped when dropped and has neither `Debug` nor `Display`, so that no
/// log line can hold it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the secret over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself; every call is a place to look at.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the empty text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whose secret it is: an account is its server and its username, so the password of one server
/// is never sent to another; and of which kind, so that none goes where another belongs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialKey {
    /// The server's origin, such as `https://dav.example:8443`.
    pub server: String,
    /// The user name; of a client's secret the client id.
    pub username: String,
    /// What the secret is.
    pub kind: SecretKind,
}

/// What a secret is, and so who may be told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretKind {
    /// A password, or a token in its place: for the server itself.
    Password,
    /// What a sign-in with the browser gave (RFC 6749 6): for the provider that gives tokens.
    RefreshToken,
    /// The other half of a client id: for that provider too.
    ClientSecret,
}

/// Keeps one secret of each kind per account, outside the database.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait CredentialStore {
    /// The secret of `key`, or `None` if none was ever stored.
    ///
    /// # Errors
    ///
    /// - [`CredentialError::Locked`]: the user must unlock the keychain first; worth another try.
    /// - [`CredentialError::Unavailable`]: this machine has no keychain; suggest
    ///   `CONTACTCMD_PASSWORD` or `password_command`.
    /// - [`CredentialError::Failed`]: report the cause.
    fn secret(&self, key: &CredentialKey) -> Result<Option<Secret>, CredentialError>;

    /// Stores `secret` for `key`, in place of any other.
    ///
    /// # Errors
    ///
    /// As for [`CredentialStore::secret`]; nothing is stored then.
    fn store(&self, key: &CredentialKey, secret: &Secret) -> Result<(), CredentialError>;

    /// Forgets the secret of `key`; `false` if there was none.
    ///
    /// # Errors
    ///
    /// As for [`CredentialStore::secret`]; the secret is still there then.
    fn forget(&self, key: &CredentialKey) -> Result<bool, CredentialError>;
}

/// Why the keychain could not be used. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// It is locked, or the user dismissed the dialogue that unlocks it.
    #[error("the keychain is locked")]
    Locked {
        /// What the keychain said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// There is none on this machine, or it cannot be spoken to from here.
    #[error("there is no keychain here")]
    Unavailable {
        /// What the keychain said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// Anything else.
    #[error("the keychain failed")]
    Failed {
        /// What the keychain said.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}
