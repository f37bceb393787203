//! The oddities of a server as data, found by host or by probing, kept with the book.

use serde::{Deserialize, Serialize};

/// How one book's server differs from the RFCs. The default is a server that keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// `sync-collection` is refused or answers nonsense here: use ctag and a listing (Q51).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_sync_collection: bool,
    /// An empty sync token is refused: take the property's token before listing (Google, Q52).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_empty_token: bool,
    /// `sync-collection` needs `Depth: 1` to report anything (Google, Q53).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sync_depth_one: bool,
    /// `addressbook-multiget` fails as a whole here: fetch card by card (sabre 1.8).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_multiget: bool,
    /// The largest listing this server gives before it cuts (Stalwart's 2000), once seen (Q59).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listing_cut_at: Option<u32>,
}

impl Quirks {
    /// What is known of a host before the first request to it.
    pub fn of_host(host: &str) -> Self {
        let google = host == "googleapis.com" || host.ends_with(".googleapis.com");
        Self { no_empty_token: google, sync_depth_one: google, ..Self::default() }
    }
}
