//! What a server says about one address book.

use serde::{Deserialize, Serialize};

use super::{CTag, Location, SyncToken};

/// One address book as discovery found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookInfo {
    /// Where it is. Books are compared by the path alone, because iCloud's hosts change (Q07).
    pub location: Location,
    /// The display name; the last path segment when the server gives none.
    pub name: String,
    /// Whether cards can be written.
    pub access: Access,
    /// What the server can do with it.
    pub capabilities: Capabilities,
    /// The ctag at the time of the reply.
    pub ctag: Option<CTag>,
    /// The sync token at the time of the reply. SOGo's runs a second ahead of its report's: prefer
    /// a report's token.
    pub sync_token: Option<SyncToken>,
}

/// Whether cards can be written to a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// The privileges name `all`, `write`, `write-content` or `bind`.
    ReadWrite,
    /// There are privileges, and none of those is among them (Q14).
    ReadOnly,
    /// No privileges were given: assume writable and learn from the first refusal (Q15).
    Unknown,
}

/// What a server can do with one book, from its properties.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// `sync-collection` is among the supported reports; `None` when the server lists no reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_collection: Option<bool>,
    /// vCard versions of `supported-address-data`, such as `3.0`; empty when the server lists none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
    /// Largest card in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_resource_size: Option<u64>,
}
