//! The world behind the ports of contactcmd, one module and one cargo feature per neighbour.
//!
//! No decisions and no words for users: an adapter does what it is told and translates the errors
//! of its library into those of the port, once.

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "dns")]
pub mod dns;
#[cfg(feature = "http_isahc")]
pub mod http_isahc;
#[cfg(feature = "keychain")]
pub mod keychain;
#[cfg(feature = "sqlite")]
pub mod sqlite;
