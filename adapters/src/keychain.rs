//! [`CredentialStore`] over the keychain of the operating system: the Secret Service (GNOME
//! Keyring, KWallet, KeePassXC) on Linux and BSD, Keychain Services on macOS, the Credential
//! Manager on Windows.
//!
//! A call may wait for a person who types a password into a dialogue, and some broken desktops never
//! answer at all. So each call runs on a thread of its own and is waited for with a limit. The
//! libraries below run their own executor on that thread; calling from inside a `block_on` is safe.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use contactcmd_ports::{CredentialError, CredentialKey, CredentialStore, Secret, SecretKind};
use keyring::Entry;

/// What a person sees in the keychain's own program as the owner of our entries.
const SERVICE: &str = "contactcmd";
/// Finding out whether there is a keychain involves no person.
const TO_CONNECT: Duration = Duration::from_secs(10);
/// Long enough to find and type a password.
const TO_ANSWER: Duration = Duration::from_secs(120);

/// The keychain of the operating system. Nothing is opened before the first call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keychain {
    to_connect: Duration,
    to_answer: Duration,
}

impl Keychain {
    /// Waits 10 seconds for the keychain itself and two minutes for the person in front of it.
    pub fn new() -> Self {
        Self { to_connect: TO_CONNECT, to_answer: TO_ANSWER }
    }

    /// The same, waiting no longer than `limit` for either.
    pub fn with_limit(limit: Duration) -> Self {
        Self { to_connect: limit, to_answer: limit }
    }

    fn ask<T: Send + 'static>(
        &self,
        key: &CredentialKey,
        question: impl FnOnce(&Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<T, CredentialError> {
        let connected = within(self.to_connect, || match Entry::store_status() {
            Ok(()) => Ok(()),
            Err(error) => Err(CredentialError::Unavailable { cause: words(error).into() }),
        });
        connected.map_err(|late| CredentialError::Unavailable { cause: late.into() })??;

        let user = user(key);
        let answered = within(self.to_answer, move || {
            let entry = Entry::new(SERVICE, &user).map_err(|error| explain(&error))?;
            question(&entry).map_err(|error| explain(&error))
        });
        answered.map_err(|late| CredentialError::Locked { cause: late.into() })?
    }
}

impl Default for Keychain {
    fn default() -> Self {
        Self::new()
    }
}

impl CredentialStore for Keychain {
    fn secret(&self, key: &CredentialKey) -> Result<Option<Secret>, CredentialError> {
        self.ask(key, |entry| match entry.get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(keyring::Error::NoEntry) => Ok(None),
            // Another program may have added a second one: ours are made equal by `store`.
            Err(keyring::Error::Ambiguous(entries)) => match entries.first() {
                Some(first) => first.get_password().map(|text| Some(Secret::new(text))),
                None => Ok(None),
            },
            Err(error) => Err(error),
        })
    }

    fn store(&self, key: &CredentialKey, secret: &Secret) -> Result<(), CredentialError> {
        let secret = secret.clone();
        self.ask(key, move |entry| match entry.set_password(secret.expose()) {
            Err(keyring::Error::Ambiguous(entries)) => {
                entries.iter().try_for_each(|entry| entry.set_password(secret.expose()))
            }
            stored => stored,
        })
    }

    fn forget(&self, key: &CredentialKey) -> Result<bool, CredentialError> {
        self.ask(key, |entry| match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(keyring::Error::NoEntry) => Ok(false),
            Err(keyring::Error::Ambiguous(entries)) => {
                entries.iter().try_for_each(|entry| entry.delete_credential()).map(|()| true)
            }
            Err(error) => Err(error),
        })
    }
}

/// `ada@example.org@https://dav.example`: what the user recognises in a list of passwords. The
/// last `@` divides, since the server's are escaped as its blanks are, so neither two accounts nor two
/// kinds of secret ever share an entry.
fn user(key: &CredentialKey) -> String {
    let server = key.server.replace('%', "%25").replace('@', "%40").replace(' ', "%20");
    let kind = match key.kind {
        SecretKind::Password => "",
        SecretKind::RefreshToken => " (sign-in)",
        SecretKind::ClientSecret => " (client secret)",
    };
    format!("{}@{server}{kind}", key.username)
}

/// The error of the port. The library's own error is not kept as the cause: some of its variants
/// carry the secret itself.
fn explain(error: &keyring::Error) -> CredentialError {
    use keyring::Error as E;
    let cause = words(error).into();
    match error {
        E::NoDefaultStore | E::NotSupportedByStore(_) => CredentialError::Unavailable { cause },
        // The Secret Service is there, but nobody ever made a keychain in it; seen on servers.
        E::NoStorageAccess(inner) if inner.to_string().contains("result not returned") => {
            CredentialError::Unavailable { cause }
        }
        E::NoStorageAccess(_) => CredentialError::Locked { cause },
        _ => CredentialError::Failed { cause },
    }
}

fn words(error: &keyring::Error) -> String {
    match error {
        // Its cause may quote what was stored.
        keyring::Error::BadDataFormat(..) => "the stored secret is malformed".to_owned(),
        keyring::Error::Ambiguous(entries) => format!("{} entries match", entries.len()),
        other => other.to_string(),
    }
}

/// Runs `work` on a thread and waits for it no longer than `limit`; a thread that does not come
/// back in time stays until it does or the program ends.
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TooLate> {
    let (done, answer) = mpsc::channel();
    thread::Builder::new()
        .name("keychain".to_owned())
        .spawn(move || {
            // Nobody waits any more: nothing is left to tell.
            let _ = done.send(work());
        })
        .map_err(|_| TooLate)?;
    // A panic below drops the sender, which ends the waiting too.
    answer.recv_timeout(limit).map_err(|_| TooLate)
}

/// No answer came within the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keychain gave no answer in time")]
struct TooLate;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_accounts_never_share_an_entry_nor_do_two_kinds() {
        let of = |kind, username: &str, server: &str| {
            user(&CredentialKey { server: server.to_owned(), username: username.to_owned(), kind })
        };
        let entry = |username: &str, server: &str| of(SecretKind::Password, username, server);
        assert_eq!(
            entry("ada@example.org", "https://dav.example:8443"),
            "ada@example.org@https://dav.example:8443"
        );
        assert_ne!(entry("a", "b@c"), entry("a@b", "c"));
        assert_ne!(entry("a", "b@c"), entry("a", "b%40c"));
        let sign_in = of(SecretKind::RefreshToken, "a", "b");
        assert_eq!(sign_in, "a@b (sign-in)");
        assert_ne!(sign_in, of(SecretKind::ClientSecret, "a", "b"));
        assert_ne!(sign_in, entry("a", "b (sign-in)"));
    }

    #[test]
    fn each_error_says_what_to_do_next() {
        use keyring::Error as E;
        let cases = [
            (explain(&E::NoDefaultStore), "Unavailable"),
            (explain(&E::NoStorageAccess("SS error: prompt dismissed".into())), "Locked"),
            (
                explain(&E::NoStorageAccess("SS error: result not returned from SS API".into())),
                "Unavailable",
            ),
            (explain(&E::PlatformFailure("org.example.Odd".into())), "Failed"),
            (explain(&E::TooLong("password".into(), 2560)), "Failed"),
        ];
        for (error, kind) in cases {
            let found = format!("{error:?}");
            assert!(found.starts_with(kind), "{kind} expected, but found {found}");
        }
    }

    #[test]
    fn an_error_never_holds_what_was_stored() {
        use keyring::Error as E;
        for error in [
            E::BadEncoding(b"hunter2\xff".to_vec()),
            E::BadDataFormat(b"hunter2".to_vec(), "cannot parse hunter2".into()),
        ] {
            let said = explain(&error);
            let chain = format!("{said:?} {said} {:?}", std::error::Error::source(&said));
            assert!(!chain.contains("hunter2") && !chain.contains("104, 117"), "{chain}");
        }
    }

    #[test]
    fn a_keychain_that_never_answers_is_not_waited_for_for_ever() {
        let (_kept, never) = mpsc::channel::<()>();
        let outcome = within(Duration::from_millis(1), move || never.recv());
        assert_eq!(outcome.err(), Some(TooLate));
    }
}
