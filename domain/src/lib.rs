//! The pure core of contactcmd: contacts and vCards, CardDAV as values, and the sync planner.
//!
//! Nothing here reads a file, a socket, a clock or the environment, and nothing is async:
//! every function is a function of its arguments, so it is tested in microseconds and fuzzed
//! without a server. Time, randomness and identifiers come in as arguments.
//!
//! - [`contact`]: who a contact is to us: ids, times, the typed view that is indexed and shown.
//! - [`vcard`]: the lossless vCard layer; the text is the record, everything else is derived.
//! - [`dav`]: one file per CardDAV operation, request out, reply in.
//! - [`sync`]: what to fetch, what to do, what to refuse; decisions only.

pub mod contact;
pub mod dav;
mod meet;
pub mod sync;
pub mod vcard;
