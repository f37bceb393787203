//! Which redirects are followed, and whether the password goes along (Q05, Q06, Q08).

use super::{Location, Origin};

/// What the caller allows.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Unencrypted connections to other machines are allowed.
    pub allow_http: bool,
    /// Whether two hosts belong to one registrable domain; needs the list of public suffixes.
    pub same_domain: &'a dyn Fn(&str, &str) -> bool,
}

/// A redirect to follow, with the same method and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Where to.
    pub to: Location,
    /// Whether `Authorization` may be sent there. If not and the answer is 401, say that the server
    /// sends us to a stranger; never send the password to find out.
    pub send_credentials: bool,
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectRefused {
    /// The status is not a redirect that is followed.
    #[error("{0} is not a redirect")]
    NotARedirect(u16),
    /// `Location` is missing or no web address.
    #[error("the redirect leads to no address: `{0}`")]
    NoAddress(String),
    /// It leads back to the same place.
    #[error("the redirect leads back to {0}")]
    Loop(Location),
    /// It leads from https to http, as servers behind a proxy do that do not know their own address.
    #[error("the redirect leads to {to}, which is not encrypted")]
    Downgrade {
        /// Where it leads.
        to: Location,
        /// The same path where we came from: worth one try (Q06); `None` when that is the place
        /// that redirected.
        instead: Option<Location>,
    },
    /// It leads from http to http on another machine.
    #[error("the redirect leads to {0}, which is not encrypted")]
    NotEncrypted(Location),
}

/// Where a redirect from `from` leads, if it may be followed.
///
/// The caller counts them (at most 5) and keeps method and body: 301 to 303 as well, since a
/// PROPFIND that turns into a GET finds nothing.
///
/// # Errors
///
/// [`RedirectRefused`]: try `instead` if there is one, else the next candidate, and show it at last.
pub fn follow(
    from: &Location,
    status: u16,
    location: &str,
    rules: &Rules<'_>,
) -> Result<Followed, RedirectRefused> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Err(RedirectRefused::NotARedirect(status));
    }
    let to = match from.resolve(location) {
        Ok(to) if !location.trim().is_empty() => to,
        _ => return Err(RedirectRefused::NoAddress(location.to_owned())),
    };
    if to == *from {
        return Err(RedirectRefused::Loop(to));
    }
    match (from.origin.is_https(), to.origin.is_https()) {
        (true, false) => {
            let instead = from.with_href(to.href.clone());
            let instead = (instead != *from).then_some(instead);
            Err(RedirectRefused::Downgrade { to, instead })
        }
        (false, false) if !to.origin.is_loopback() && !rules.allow_http => {
            Err(RedirectRefused::NotEncrypted(to))
        }
        _ => {
            let send_credentials = may_know(&from.origin, &to.origin, rules);
            Ok(Followed { to, send_credentials })
        }
    }
}

/// Whether the credentials for `from` may be sent to `to`: to the same place, or encrypted to the same
/// registrable domain (Q07, Q08). Not encrypted only where the user allowed http and the account is not
/// encrypted either: whoever typed https asked for it.
pub fn may_know(from: &Origin, to: &Origin, rules: &Rules<'_>) -> bool {
    if from == to {
        return true;
    }
    // On one machine every port may be another user's program.
    if from.is_loopback() || to.is_loopback() {
        return false;
    }
    let is_private_enough = to.is_https() || (rules.allow_http && !from.is_https());
    is_private_enough && (from.host() == to.host() || (rules.same_domain)(from.host(), to.host()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Location {
        Location::parse(url).unwrap()
    }

    fn example_org(one: &str, other: &str) -> bool {
        one.ends_with(".example.org") && other.ends_with(".example.org")
    }

    #[test]
    fn redirects_are_followed_and_passwords_stay_at_home() {
        // from, location, allow_http, to, credentials
        let cases = [
            ("https://a.example.org/", "/dav", false, "https://a.example.org/dav", true),
            ("https://a.example.org/x/", "y/", false, "https://a.example.org/x/y/", true),
            (
                "https://a.example.org/",
                "https://a.example.org:443/dav",
                false,
                "https://a.example.org/dav",
                true,
            ),
            (
                "https://a.example.org/",
                "https://b.example.org/",
                false,
                "https://b.example.org/",
                true,
            ),
            (
                "https://a.example.org/",
                "https://b.example.com/",
                false,
                "https://b.example.com/",
                false,
            ),
            (
                "https://a.example.org/",
                "/l/me@x.example/default/",
                false,
                "https://a.example.org/l/me@x.example/default/",
                true,
            ),
            ("http://localhost:80/", "http://localhost/dav", false, "http://localhost/dav", true),
            ("http://localhost:80/", "http://localhost:81/", false, "http://localhost:81/", false),
            (
                "http://a.example.org/",
                "https://a.example.org/",
                true,
                "https://a.example.org/",
                true,
            ),
            ("http://a.example.org/", "http://b.example.org/", true, "http://b.example.org/", true),
            (
                "http://a.example.org/",
                "http://b.example.com/",
                true,
                "http://b.example.com/",
                false,
            ),
        ];
        for (from, location, allow_http, to, send_credentials) in cases {
            let rules = Rules { allow_http, same_domain: &example_org };
            for status in [301, 302, 303, 307, 308] {
                let followed = follow(&at(from), status, location, &rules).unwrap();
                assert_eq!(
                    followed,
                    Followed { to: at(to), send_credentials },
                    "{from} {location}"
                );
            }
        }
    }

    #[test]
    fn what_came_encrypted_never_goes_on_in_the_open() {
        // from, to, allow_http, known
        let cases = [
            ("https://a.example.org/", "http://a.example.org/", true, false),
            ("https://a.example.org/", "http://b.example.org/", true, false),
            ("http://a.example.org/", "http://b.example.org/", true, true),
            ("http://a.example.org/", "http://b.example.org/", false, false),
            ("http://a.example.org/", "https://b.example.org/", false, true),
            ("https://a.example.org/", "https://a.example.org:8443/", false, true),
        ];
        for (from, to, allow_http, known) in cases {
            let rules = Rules { allow_http, same_domain: &example_org };
            let knows = may_know(&at(from).origin, &at(to).origin, &rules);
            assert_eq!(knows, known, "{from} {to}");
        }
    }

    #[test]
    fn redirects_that_are_not_followed_say_why() {
        let rules = Rules { allow_http: false, same_domain: &example_org };
        let from = at("https://a.example.org/dav");
        let refused = |status, location: &str| follow(&from, status, location, &rules).unwrap_err();
        assert_eq!(refused(304, "/x"), RedirectRefused::NotARedirect(304));
        assert_eq!(refused(301, " "), RedirectRefused::NoAddress(" ".into()));
        assert_eq!(refused(302, "ftp://h/"), RedirectRefused::NoAddress("ftp://h/".into()));
        assert_eq!(refused(301, "/dav"), RedirectRefused::Loop(from.clone()));
        let downgrade = |location: &str, instead: Option<&str>| RedirectRefused::Downgrade {
            to: at(location),
            instead: instead.map(at),
        };
        let to = "http://a.example.org:8080/dav/";
        assert_eq!(refused(301, to), downgrade(to, Some("https://a.example.org/dav/")));
        let to = "http://a.example.org/dav";
        assert_eq!(refused(301, to), downgrade(to, None));
        let plain = at("http://localhost/");
        let refused = follow(&plain, 301, "http://a.example.org/", &rules).unwrap_err();
        assert_eq!(refused, RedirectRefused::NotEncrypted(at("http://a.example.org/")));
    }
}
