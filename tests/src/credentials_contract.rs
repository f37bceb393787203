//! What [`CredentialStore`] promises, one function per promise. Here and not with the tests, because
//! the keychain of the operating system is held to it by a program of its own (`keychain-probe`).

use contactcmd_ports::{CredentialError, CredentialKey, CredentialStore, Secret, SecretKind};

/// A promise by its name.
pub type Promise = (&'static str, fn(&dyn CredentialStore) -> Result<(), String>);

/// What an open keychain must do. Each leaves it as it was.
pub const PROMISES: [Promise; 7] = [
    ("what was never stored is None", absent_is_none),
    ("what was stored is read", stored_is_read),
    ("storing again replaces", storing_replaces),
    ("what was forgotten is gone", forgotten_is_gone),
    ("forgetting nothing says so", forgetting_nothing_says_so),
    ("accounts are kept apart", accounts_are_apart),
    ("any text is a secret", any_text_is_a_secret),
];

/// Every call on a locked keychain says so.
///
/// # Errors
///
/// What it did instead.
pub fn locked(store: &dyn CredentialStore) -> Result<(), String> {
    every_call(store, |error| matches!(error, CredentialError::Locked { .. }))
}

/// Every call without a keychain says so.
///
/// # Errors
///
/// What it did instead.
pub fn unavailable(store: &dyn CredentialStore) -> Result<(), String> {
    every_call(store, |error| matches!(error, CredentialError::Unavailable { .. }))
}

/// The account the promises are checked with.
pub fn key() -> CredentialKey {
    named("https://dav.example:8443", "ada@example.org")
}

fn absent_is_none(store: &dyn CredentialStore) -> Result<(), String> {
    expect(store, &key(), None)
}

fn stored_is_read(store: &dyn CredentialStore) -> Result<(), String> {
    put(store, &key(), "first")?;
    expect(store, &key(), Some("first"))?;
    forget(store, &key(), true)
}

fn storing_replaces(store: &dyn CredentialStore) -> Result<(), String> {
    put(store, &key(), "first")?;
    put(store, &key(), "second")?;
    expect(store, &key(), Some("second"))?;
    forget(store, &key(), true)?;
    expect(store, &key(), None)
}

fn forgotten_is_gone(store: &dyn CredentialStore) -> Result<(), String> {
    put(store, &key(), "first")?;
    forget(store, &key(), true)?;
    expect(store, &key(), None)
}

fn forgetting_nothing_says_so(store: &dyn CredentialStore) -> Result<(), String> {
    forget(store, &key(), false)
}

fn accounts_are_apart(store: &dyn CredentialStore) -> Result<(), String> {
    let others = [
        named("https://dav.example:8443", "ada"),
        named("https://dav.example", "ada@example.org"),
        named("https://dav.example:8443", "ADA@example.org"),
        CredentialKey { kind: SecretKind::RefreshToken, ..key() },
        CredentialKey { kind: SecretKind::ClientSecret, ..key() },
    ];
    put(store, &key(), "mine")?;
    for other in &others {
        expect(store, other, None)?;
        put(store, other, "theirs")?;
    }
    expect(store, &key(), Some("mine"))?;
    forget(store, &key(), true)?;
    for other in &others {
        expect(store, other, Some("theirs"))?;
        forget(store, other, true)?;
    }
    Ok(())
}

fn any_text_is_a_secret(store: &dyn CredentialStore) -> Result<(), String> {
    let long = "token".repeat(200);
    for text in ["pässwörd 🔑", " spaces and\nlines ", "abcd-efgh-ijkl-mnop", long.as_str()] {
        put(store, &key(), text)?;
        expect(store, &key(), Some(text))?;
    }
    forget(store, &key(), true)
}

fn named(server: &str, username: &str) -> CredentialKey {
    let (server, username) = (server.to_owned(), username.to_owned());
    CredentialKey { server, username, kind: SecretKind::Password }
}

fn put(store: &dyn CredentialStore, key: &CredentialKey, text: &str) -> Result<(), String> {
    store.store(key, &Secret::new(text)).map_err(|error| told("store", &error))
}

fn expect(
    store: &dyn CredentialStore,
    key: &CredentialKey,
    expected: Option<&str>,
) -> Result<(), String> {
    let found = store.secret(key).map_err(|error| told("secret", &error))?;
    let found = found.as_ref().map(Secret::expose);
    if found == expected {
        return Ok(());
    }
    Err(format!("found {found:?} instead of {expected:?}"))
}

fn forget(store: &dyn CredentialStore, key: &CredentialKey, expected: bool) -> Result<(), String> {
    match store.forget(key) {
        Ok(found) if found == expected => Ok(()),
        Ok(found) => Err(format!("forget said {found}")),
        Err(error) => Err(told("forget", &error)),
    }
}

fn every_call(
    store: &dyn CredentialStore,
    right: fn(&CredentialError) -> bool,
) -> Result<(), String> {
    let calls = [
        ("secret", store.secret(&key()).map(|found| found.map(|_| ()))),
        ("store", store.store(&key(), &Secret::new("unseen")).map(Some)),
        ("forget", store.forget(&key()).map(|_| None)),
    ];
    for (call, outcome) in calls {
        match outcome {
            Ok(_) => return Err(format!("{call} succeeded")),
            Err(error) if right(&error) => {}
            Err(error) => return Err(told(call, &error)),
        }
    }
    Ok(())
}

fn told(call: &str, error: &CredentialError) -> String {
    format!("{call}: {error:?}")
}
