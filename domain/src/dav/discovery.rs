//! Where to look for a person's address books, from what the person typed.

use super::{Href, Location, LocationError, Origin, Provider};

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

/// Where what was typed leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The address that it stands for. Its origin is the server that the account belongs to: whose
    /// password it is, and under which name it is stored.
    pub start: Location,
    /// The provider that this address belongs to, if it is a known one.
    pub provider: Option<&'static Provider>,
    /// The user name, when an e-mail address was typed: all of it.
    pub username: Option<String>,
    /// Where to look, in order; a failure of one is never final (Q01, Q03).
    pub steps: Vec<Step>,
}

/// One place to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An address.
    At(Location),
    /// The hosts that DNS names for the CardDAV service of a domain (RFC 6764 6).
    Service(String),
    /// The known provider that takes the mail of a domain (Q29): most people with a domain of their own
    /// at Google or Fastmail have no other record.
    Mail(String),
}

/// The places to look for the address books of `typed`, which is a URL, a host, a host and port, an
/// e-mail address or the name of a provider. Each place comes once.
///
/// First comes what was typed, then its origin's well-known address (RFC 6764 5), DNS, the root, and the
/// places where the usual servers are when nothing points to them, as with Nextcloud in a
/// subfolder. With an e-mail address nobody named a server: DNS comes first then, as RFC 6764 6 has it,
/// so that the password is not shown to the web site of the domain when the contacts are elsewhere.
/// A known provider needs neither DNS nor guesses. `http://` is taken only to this machine, or with
/// `allow_http`.
///
/// # Errors
///
/// [`DiscoveryError`]: show it.
pub fn route(typed: &str, allow_http: bool) -> Result<Route, DiscoveryError> {
    let typed = Typed::read(typed.trim())?;
    let start = typed.start()?;
    if !start.origin.is_https() && !start.origin.is_loopback() && !allow_http {
        return Err(DiscoveryError::NotEncrypted(start));
    }
    let provider = Provider::of_domain(start.origin.host());
    let at = |path: &str| Step::At(start.with_href(Href::new(path)));
    let well_known = at("/.well-known/carddav");
    let service = has_service(&start.origin, provider).map(Step::Service);
    let mut steps = match typed {
        Typed::Mail { .. } if provider.is_none() => vec![],
        _ => vec![Step::At(start.clone())],
    };
    match typed {
        Typed::Mail { .. } => steps.extend(service.into_iter().chain([well_known, at("/")])),
        _ => steps.extend([well_known].into_iter().chain(service).chain([at("/")])),
    }
    if provider.is_none() {
        steps.extend(nextcloud_in_folder(&start).as_deref().map(at));
        steps.extend(["/remote.php/dav/", "/dav/", "/dav.php/", "/carddav/", "/SOGo/dav/"].map(at));
        if let Typed::Mail { domain, .. } = typed {
            steps.push(Step::Mail(domain.to_owned()));
        }
    }
    Ok(Route { start, provider, username: typed.username(), steps: each_once(steps) })
}

/// What was typed, by its form.
#[derive(Debug, Clone, Copy)]
enum Typed<'a> {
    Url(&'a str),
    Provider(&'static Provider),
    Mail {
        address: &'a str,
        domain: &'a str,
    },
    /// A host, perhaps with a port and a path.
    Host(&'a str),
}

impl<'a> Typed<'a> {
    fn read(typed: &'a str) -> Result<Self, LocationError> {
        if typed.contains("://") {
            return Ok(Self::Url(typed));
        }
        if let Some(provider) = Provider::named(typed) {
            return Ok(Self::Provider(provider));
        }
        if typed.contains('/') {
            return Ok(Self::Host(typed));
        }
        match typed.rsplit_once('@') {
            // `ada:secret@host` is no e-mail address, and must not end in the config or an error.
            Some((user, _)) if user.contains(':') => Err(LocationError::Credentials),
            Some((_, domain)) => Ok(Self::Mail { address: typed, domain }),
            None => Ok(Self::Host(typed)),
        }
    }

    /// The address that it stands for.
    fn start(self) -> Result<Location, LocationError> {
        let (host, is_mail) = match self {
            Self::Url(url) => return Location::parse(url),
            Self::Provider(provider) => return Location::parse(provider.start),
            Self::Mail { domain, .. } => (domain, true),
            Self::Host(host) => (host, false),
        };
        let location = Location::parse(&format!("https://{host}"))?;
        let name = location.origin.host();
        match Provider::of_domain(name) {
            // For a domain the provider's own start is known to work; a host that was typed in full,
            // such as a company's server below google.com, is taken at its word.
            Some(provider) if is_mail || provider.has_domain(name) => {
                Location::parse(provider.start)
            }
            // A server on this machine seldom has a certificate.
            _ if location.origin.is_loopback() => Location::parse(&format!("http://{host}")),
            _ => Ok(location),
        }
    }

    fn username(self) -> Option<String> {
        match self {
            Self::Mail { address, .. } => Some(address.to_owned()),
            _ => None,
        }
    }
}

/// The domain to ask DNS about: none for an address in numbers, for a name without a dot, which is of
/// the local network, and for a provider whose addresses are known.
fn has_service(origin: &Origin, provider: Option<&Provider>) -> Option<String> {
    let host = origin.host().trim_end_matches('.');
    let is_number = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let is_domain = host.contains('.') && !is_number && !origin.is_loopback();
    (is_domain && provider.is_none()).then(|| host.to_owned())
}

/// Where Nextcloud and ownCloud answer when they live in the folder that was typed, where the
/// origin's well-known address does not point to them.
fn nextcloud_in_folder(typed: &Location) -> Option<String> {
    let path = typed.href.as_str().split('?').next().unwrap_or_default();
    let folder = path.trim_end_matches("index.php").trim_end_matches('/');
    let is_folder = !folder.contains("/.well-known") && !folder.contains("/remote.php");
    is_folder.then(|| format!("{folder}/remote.php/dav/"))
}

fn each_once(steps: Vec<Step>) -> Vec<Step> {
    let mut once: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        if !once.contains(&step) {
            once.push(step);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps as short words.
    fn steps(typed: &str) -> Vec<String> {
        let word = |step: Step| match step {
            Step::At(location) => location.to_string(),
            Step::Service(domain) => format!("dns {domain}"),
            Step::Mail(domain) => format!("mail {domain}"),
        };
        route(typed, false).unwrap().steps.into_iter().map(word).collect()
    }

    #[test]
    fn what_is_typed_stands_for_an_address_whatever_its_form() {
        let cases = [
            ("https://cloud.example/nc/", "https://cloud.example/nc/"),
            ("cloud.example", "https://cloud.example/"),
            ("cloud.example:8443/dav", "https://cloud.example:8443/dav"),
            (" ada@mail.example ", "https://mail.example/"),
            ("ada@icloud.com", "https://contacts.icloud.com/"),
            ("ada@GMX.de", "https://carddav.gmx.net/"),
            ("ada@yahoo.co.uk", "https://carddav.address.yahoo.com/"),
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
        for (server, start) in cases {
            assert_eq!(route(server, false).unwrap().start.to_string(), start, "{server}");
        }
    }

    #[test]
    fn the_well_known_address_dns_the_root_and_the_subfolder_follow() {
        assert_eq!(
            steps("https://cloud.example/nc/index.php")[..6],
            [
                "https://cloud.example/nc/index.php",
                "https://cloud.example/.well-known/carddav",
                "dns cloud.example",
                "https://cloud.example/",
                "https://cloud.example/nc/remote.php/dav/",
                "https://cloud.example/remote.php/dav/",
            ]
        );
        let root = steps("https://cloud.example");
        assert_eq!(root.iter().filter(|step| step.ends_with("/remote.php/dav/")).count(), 1);
        assert_eq!(
            steps("google"),
            ["https://www.googleapis.com/.well-known/carddav", "https://www.googleapis.com/"],
            "a known provider needs no DNS and no guesses"
        );
    }

    #[test]
    fn for_an_e_mail_address_dns_comes_first_and_the_mail_hosts_last() {
        let all = steps("ada@mail.example");
        assert_eq!(
            all[..3],
            [
                "dns mail.example",
                "https://mail.example/.well-known/carddav",
                "https://mail.example/",
            ]
        );
        assert_eq!(all.last().unwrap(), "mail mail.example");
        let route = route("Ada@mail.example", false).unwrap();
        assert_eq!((route.username.as_deref(), route.provider), (Some("Ada@mail.example"), None));
        assert_eq!(steps("ada@fastmail.fm")[0], "https://carddav.fastmail.com/dav/");
        assert!(!steps("ada@fastmail.fm").iter().any(|step| step.contains("dns")));
    }

    #[test]
    fn dns_knows_no_numbers_and_no_names_of_the_house() {
        for server in ["192.0.2.7", "[2001:db8::1]:8443", "nas", "localhost:5232", "http://[::1]/"]
        {
            let route = route(server, true).unwrap();
            let asks = route.steps.iter().any(|step| matches!(step, Step::Service(_)));
            assert!(!asks, "{server}: {:?}", route.steps);
        }
    }

    #[test]
    fn a_password_does_not_travel_in_the_clear() {
        let refused = route("http://cloud.example/", false);
        assert!(matches!(refused, Err(DiscoveryError::NotEncrypted(_))));
        assert!(route("http://cloud.example/", true).is_ok());
        assert!(route("ftp://cloud.example/", false).is_err());
        assert!(route("", false).is_err());
        let secret = route("ada:secret@cloud.example", false);
        assert_eq!(secret, Err(DiscoveryError::Address(LocationError::Credentials)));
    }
}
