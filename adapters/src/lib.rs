//! The world behind the ports of contactcmd.

#[cfg(feature = "sqlite")]
pub mod sqlite;
