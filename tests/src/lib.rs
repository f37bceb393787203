//! What the tests of contactcmd are made of.

pub mod credentials_contract;
pub mod memory_keychain;
