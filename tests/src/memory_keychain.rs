//! A [`CredentialStore`] in memory, for tests that need one and not the user's own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use contactcmd_ports::{CredentialError, CredentialKey, CredentialStore, Secret};

/// Keeps secrets until it is dropped. Clones are the same keychain.
#[derive(Clone, Default)]
pub struct MemoryKeychain {
    secrets: Rc<RefCell<HashMap<CredentialKey, Secret>>>,
    state: State,
}

/// What a [`MemoryKeychain`] does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// It answers.
    #[default]
    Open,
    /// Every call fails with [`CredentialError::Locked`].
    Locked,
    /// Every call fails with [`CredentialError::Unavailable`].
    Absent,
}

impl MemoryKeychain {
    /// An empty one in this state.
    pub fn new(state: State) -> Self {
        Self { secrets: Rc::default(), state }
    }

    fn check(&self) -> Result<(), CredentialError> {
        match self.state {
            State::Open => Ok(()),
            State::Locked => Err(CredentialError::Locked { cause: "a test locked it".into() }),
            State::Absent => Err(CredentialError::Unavailable { cause: "a test has none".into() }),
        }
    }
}

impl CredentialStore for MemoryKeychain {
    fn secret(&self, key: &CredentialKey) -> Result<Option<Secret>, CredentialError> {
        self.check()?;
        Ok(self.secrets.borrow().get(key).cloned())
    }

    fn store(&self, key: &CredentialKey, secret: &Secret) -> Result<(), CredentialError> {
        self.check()?;
        self.secrets.borrow_mut().insert(key.clone(), secret.clone());
        Ok(())
    }

    fn forget(&self, key: &CredentialKey) -> Result<bool, CredentialError> {
        self.check()?;
        Ok(self.secrets.borrow_mut().remove(key).is_some())
    }
}
