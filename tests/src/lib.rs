//! What the tests of contactcmd share: the fake CardDAV server, the loopback that serves it, made-up
//! contacts, a keychain in memory. No product code, and nothing here is used by any.

pub mod credentials_contract;
pub mod fake;
pub mod generate;
pub mod memory_keychain;
pub mod serve;
