//! What a server says about one address book.

use serde::{Deserialize, Serialize};

use super::names::{Mark, Property};
use super::row::Row;
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
    /// Whether the server made it for itself and it is not offered: Nextcloud's "Accounts" and
    /// "Recently contacted" (Q13).
    pub hidden: bool,
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

/// The properties that [`BookInfo`] is made of.
pub(super) const BOOK_PROPERTIES: [Property; 8] = [
    Property::ResourceType,
    Property::DisplayName,
    Property::CTag,
    Property::SyncToken,
    Property::Privileges,
    Property::Reports,
    Property::SupportedAddressData,
    Property::MaxResourceSize,
];

impl BookInfo {
    /// What `row` says about the book at `location`.
    pub(super) fn of(row: &Row, location: Location) -> Self {
        let file_name = location.href.file_name();
        Self {
            name: row.text(Property::DisplayName).unwrap_or(&file_name).to_owned(),
            access: Access::of(row),
            capabilities: Capabilities::of(row),
            ctag: row.text(Property::CTag).map(|text| CTag(text.to_owned())),
            sync_token: row.text(Property::SyncToken).map(|text| SyncToken(text.to_owned())),
            hidden: file_name.starts_with("z-app-generated--")
                || file_name.starts_with("z-server-generated--"),
            location,
        }
    }
}

impl Access {
    fn of(row: &Row) -> Self {
        if row.has(Property::Privileges, Mark::Write) {
            Self::ReadWrite
        } else if row.has(Property::Privileges, Mark::Privilege) {
            Self::ReadOnly
        } else {
            Self::Unknown
        }
    }
}

impl Capabilities {
    fn of(row: &Row) -> Self {
        let lists_reports = row.has(Property::Reports, Mark::Report);
        let versions = row.inside(Property::SupportedAddressData);
        Self {
            sync_collection: lists_reports
                .then(|| row.has(Property::Reports, Mark::SyncCollection)),
            versions: versions.map(|inside| inside.versions.clone()).unwrap_or_default(),
            max_resource_size: row.text(Property::MaxResourceSize).and_then(|t| t.parse().ok()),
        }
    }
}
