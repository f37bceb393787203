//! Where to look for a person's address books, from what the person typed.

use super::{Location, LocationError, Origin};

/// What is known of a provider before the first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// What a person may type for it: `icloud`.
    pub name: &'static str,
    /// The domains of its e-mail addresses and servers, subdomains included.
    pub domains: &'static [&'static str],
    /// Where to start.
    pub start: &'static str,
    /// Which password it wants.
    pub password: Password,
}

/// Which secret a provider takes for CardDAV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Password {
    /// The account's own.
    Account,
    /// One made for this program in the account's settings, since the account's own is refused (Q24).
    App,
    /// An OAuth2 access token.
    OAuth,
}

/// The providers that are known by name.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        name: "icloud",
        domains: &["icloud.com", "me.com", "mac.com"],
        start: "https://contacts.icloud.com/",
        password: Password::App,
    },
    Provider {
        name: "fastmail",
        domains: &["fastmail.com", "fastmail.fm", "messagingengine.com"],
        // The bare origin answers 404 (Q01).
        start: "https://carddav.fastmail.com/dav/",
        password: Password::App,
    },
    Provider {
        name: "google",
        domains: &["gmail.com", "googlemail.com", "google.com", "googleapis.com"],
        // The documented start; it redirects only with credentials (Q02).
        start: "https://www.googleapis.com/.well-known/carddav",
        password: Password::OAuth,
    },
    Provider {
        name: "gmx",
        domains: &["gmx.net", "gmx.de", "gmx.at", "gmx.ch"],
        start: "https://carddav.gmx.net/",
        password: Password::Account,
    },
    Provider {
        name: "web.de",
        domains: &["web.de"],
        start: "https://carddav.web.de/",
        password: Password::Account,
    },
    Provider {
        name: "posteo",
        domains: &["posteo.de", "posteo.net", "posteo.org", "posteo.eu"],
        start: "https://posteo.de:8843/",
        password: Password::Account,
    },
    Provider {
        name: "mailbox.org",
        domains: &["mailbox.org"],
        start: "https://dav.mailbox.org/carddav/",
        password: Password::App,
    },
    Provider {
        name: "yahoo",
        domains: &["yahoo.com", "yahoo.de", "yahoo.co.uk", "yahoo.fr", "ymail.com", "aol.com"],
        start: "https://carddav.address.yahoo.com/",
        password: Password::App,
    },
    Provider {
        name: "zoho",
        domains: &["zoho.com", "zohomail.com", "zoho.eu"],
        start: "https://contacts.zoho.com/",
        password: Password::App,
    },
];

impl Provider {
    /// The provider of that name, such as `iCloud`.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.name.eq_ignore_ascii_case(name))
    }

    /// The provider that a host or the domain of an e-mail address belongs to.
    pub fn of_domain(domain: &str) -> Option<&'static Self> {
        let domain = domain.to_ascii_lowercase();
        PROVIDERS.iter().find(|provider| {
            provider.domains.iter().any(|known| {
                domain
                    .strip_suffix(known)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            })
        })
    }
}

/// Why what was typed leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// It is no address.
    #[error(transparent)]
    Address(#[from] LocationError),
    /// `http://` to another machine: the password would be readable on the way. Allowed with
    /// `allow_http`.
    #[error("{0} is not encrypted")]
    NotEncrypted(Location),
}

/// Where to look, in order, each once; a failure of one is never final (Q01, Q03).
///
/// `server` is a URL, a host, an e-mail address or the name of a provider. First comes what was
/// typed, then its origin's well-known address (RFC 6764 5), its root, and the places where the
/// usual servers are when nothing points to them, as with Nextcloud in a subfolder. `http://` is
/// taken only to this machine, or with `allow_http`. DNS is not asked here.
///
/// # Errors
///
/// [`DiscoveryError`]: show it.
pub fn candidates(server: &str, allow_http: bool) -> Result<Vec<Location>, DiscoveryError> {
    let typed = typed(server.trim())?;
    if !typed.origin.is_https() && !typed.origin.is_loopback() && !allow_http {
        return Err(DiscoveryError::NotEncrypted(typed));
    }
    let in_folder = nextcloud_in_folder(&typed);
    let mut places = vec![typed.href.as_str(), "/.well-known/carddav", "/"];
    if Provider::of_domain(typed.origin.host()).is_none() {
        places.extend(in_folder.as_deref());
        places.extend(["/remote.php/dav/", "/dav/", "/dav.php/", "/carddav/", "/SOGo/dav/"]);
    }
    let mut found: Vec<Location> = Vec::with_capacity(places.len());
    for place in places {
        let location = typed.with_href(super::Href::new(place));
        if !found.contains(&location) {
            found.push(location);
        }
    }
    Ok(found)
}

/// Where Nextcloud and ownCloud answer when they live in the folder that was typed, where the
/// origin's well-known address does not point to them.
fn nextcloud_in_folder(typed: &Location) -> Option<String> {
    let path = typed.href.as_str().split('?').next().unwrap_or_default();
    let folder = path.trim_end_matches("index.php").trim_end_matches('/');
    let is_folder = !folder.contains("/.well-known") && !folder.contains("/remote.php");
    is_folder.then(|| format!("{folder}/remote.php/dav/"))
}

/// The address that was typed, or that what was typed stands for.
fn typed(server: &str) -> Result<Location, DiscoveryError> {
    if server.contains("://") {
        return Ok(Location::parse(server)?);
    }
    if let Some(provider) = Provider::named(server) {
        return Ok(Location::parse(provider.start)?);
    }
    let is_address = server.contains('@') && !server.contains('/');
    // `ada:secret@host` is no e-mail address, and must not end in the config or an error.
    if server.split('@').next().is_some_and(|user| is_address && user.contains(':')) {
        return Err(LocationError::Credentials.into());
    }
    let host = if is_address { server.rsplit('@').next().unwrap_or_default() } else { server };
    let location = Location::parse(&format!("https://{host}"))?;
    // For a domain the provider's own start is known to work; a host that was typed in full, such
    // as a company's server below google.com, is taken at its word.
    let known = Provider::of_domain(location.origin.host());
    let is_domain = known.is_some_and(|p| p.domains.contains(&location.origin.host()));
    match known {
        Some(provider) if is_address || is_domain => Ok(Location::parse(provider.start)?),
        // A server on this machine seldom has a certificate.
        _ if Origin::is_loopback(&location.origin) => {
            Ok(Location::parse(&format!("http://{host}"))?)
        }
        _ => Ok(location),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_comes_first_whatever_its_form() {
        let cases = [
            ("https://cloud.example/nc/", "https://cloud.example/nc/"),
            ("cloud.example", "https://cloud.example/"),
            ("cloud.example:8443/dav", "https://cloud.example:8443/dav"),
            (" ada@mail.example ", "https://mail.example/"),
            ("ada@icloud.com", "https://contacts.icloud.com/"),
            ("ada@GMX.de", "https://carddav.gmx.net/"),
            ("iCloud", "https://contacts.icloud.com/"),
            ("icloud.com", "https://contacts.icloud.com/"),
            ("web.de", "https://carddav.web.de/"),
            ("Fastmail", "https://carddav.fastmail.com/dav/"),
            ("gmail.com", "https://www.googleapis.com/.well-known/carddav"),
            ("https://carddav.fastmail.com/", "https://carddav.fastmail.com/"),
            ("dav.work.google.com", "https://dav.work.google.com/"),
            ("notgmail.com", "https://notgmail.com/"),
            ("localhost:5232", "http://localhost:5232/"),
            ("http://127.0.0.1:5232/ada/", "http://127.0.0.1:5232/ada/"),
            ("mail.example/dav/ada@mail.example", "https://mail.example/dav/ada@mail.example"),
        ];
        for (server, first) in cases {
            assert_eq!(candidates(server, false).unwrap()[0].to_string(), first, "{server}");
        }
    }

    #[test]
    fn the_well_known_address_the_root_and_the_subfolder_follow() {
        let all = candidates("https://cloud.example/nc/index.php", false).unwrap();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            all[..5],
            [
                "https://cloud.example/nc/index.php",
                "https://cloud.example/.well-known/carddav",
                "https://cloud.example/",
                "https://cloud.example/nc/remote.php/dav/",
                "https://cloud.example/remote.php/dav/",
            ]
        );
        let root = candidates("https://cloud.example", false).unwrap();
        let remote = root.iter().filter(|l| l.href.as_str() == "/remote.php/dav/").count();
        assert_eq!(remote, 1, "each place once");
        let known = candidates("google", false).unwrap();
        assert_eq!(known.len(), 2, "a known provider needs no guesses");
    }

    #[test]
    fn a_password_does_not_travel_in_the_clear() {
        let refused = candidates("http://cloud.example/", false);
        assert!(matches!(refused, Err(DiscoveryError::NotEncrypted(_))));
        assert!(candidates("http://cloud.example/", true).is_ok());
        assert!(candidates("ftp://cloud.example/", false).is_err());
        assert!(candidates("", false).is_err());
    }

    #[test]
    fn every_provider_starts_encrypted_at_a_place_of_its_own() {
        for provider in PROVIDERS {
            let start = Location::parse(provider.start).unwrap();
            assert!(start.origin.is_https(), "{}", provider.name);
            assert_eq!(Provider::of_domain(start.origin.host()), Some(provider));
        }
    }
}
