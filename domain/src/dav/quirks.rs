//! The oddities of a server as data, found by host or by probing, kept with the book.

use serde::{Deserialize, Serialize};

use super::Location;

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
    /// If-Match and If-None-Match are not looked at, or not always: versions are compared just before
    /// each write (Google, SOGo, Zimbra; Q94, Q118, Q134).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_preconditions: bool,
}

impl Quirks {
    /// What is known of a book from its address, before the first request to it.
    pub fn of_location(book: &Location) -> Self {
        let host = book.origin.host();
        let google = host == "googleapis.com" || host.ends_with(".googleapis.com");
        Self {
            no_empty_token: google,
            sync_depth_one: google,
            no_preconditions: google || ignores_preconditions(book.href.as_str()),
            ..Self::default()
        }
    }
}

/// Whether a path is one of those that only servers have which ignore preconditions: Google's,
/// SOGo's, and Zimbra's `/dav/USER@DOMAIN/Contacts`.
fn ignores_preconditions(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next()) {
        (Some("SOGo"), Some("dav")) | (Some("carddav"), Some("v1")) => true,
        (Some("dav"), Some(user)) => user.contains('@') || user.contains("%40"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_ignore_preconditions_are_known_by_their_addresses() {
        let cases = [
            ("https://www.googleapis.com/carddav/v1/principals/a@b/lists/default/", true),
            ("https://mail.example/SOGo/dav/ada/Contacts/personal/", true),
            ("https://zimbra.example/dav/ada@example.org/Contacts/", true),
            ("https://zimbra.example/dav/ada%40example.org/Contacts/", true),
            ("https://carddav.fastmail.com/dav/addressbooks/user/a@b/Default/", false),
            ("https://cloud.example/remote.php/dav/addressbooks/users/ada/contacts/", false),
        ];
        for (address, ignores) in cases {
            let book = Location::parse(address).unwrap();
            assert_eq!(Quirks::of_location(&book).no_preconditions, ignores, "{address}");
        }
    }
}
