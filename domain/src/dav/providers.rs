//! Providers that are known before the first request: where to start, which password they want.

/// What is known of a provider before the first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// What a person may type for it: `icloud`.
    pub name: &'static str,
    /// What it calls itself: `iCloud`.
    pub title: &'static str,
    /// The domains of its e-mail addresses and servers, subdomains included. `NAME.*` is that name
    /// below any top level, such as `yahoo.fr` and `yahoo.co.uk`.
    pub domains: &'static [&'static str],
    /// Where to start.
    pub start: &'static str,
    /// Which password it wants.
    pub password: Password,
    /// Where that password is made, or what goes with it: whole sentences for the user.
    pub advice: &'static str,
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

/// The providers that are known by name. Of two that fit a domain the first is meant.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        name: "icloud",
        title: "iCloud",
        domains: &["icloud.com", "me.com", "mac.com"],
        start: "https://contacts.icloud.com/",
        password: Password::App,
        advice: "Make one at https://account.apple.com under Sign-In and Security > App-Specific Passwords.",
    },
    Provider {
        name: "fastmail",
        title: "Fastmail",
        domains: &["fastmail.*", "messagingengine.com"],
        // The bare origin answers 404 (Q01).
        start: "https://carddav.fastmail.com/dav/",
        password: Password::App,
        advice: "Make one at https://app.fastmail.com under Settings > Privacy & Security > App passwords, \
                 with access to contacts. The Basic plan has none.",
    },
    Provider {
        name: "google",
        title: "Google",
        domains: &["gmail.com", "googlemail.com", "google.com", "googleapis.com"],
        // The documented start; it redirects only with credentials (Q02).
        start: "https://www.googleapis.com/.well-known/carddav",
        password: Password::OAuth,
        advice: "You sign in at Google in your browser.",
    },
    Provider {
        name: "mailbox.org",
        title: "mailbox.org",
        domains: &["mailbox.org"],
        start: "https://dav.mailbox.org/carddav/",
        password: Password::Account,
        advice: "With two-factor login it is an application password instead: Settings > Security > \
                 Application passwords.",
    },
    Provider {
        name: "posteo",
        title: "Posteo",
        domains: &["posteo.*"],
        start: "https://posteo.de:8843/",
        password: Password::Account,
        advice: "Two-factor login does not change it.",
    },
    Provider {
        name: "gmx",
        title: "GMX",
        domains: &["gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.li", "gmx.eu"],
        start: "https://carddav.gmx.net/",
        password: Password::Account,
        advice: GMX_ADVICE,
    },
    Provider {
        name: "gmx.com",
        title: "GMX (gmx.com)",
        domains: &["gmx.*"],
        start: "https://carddav.gmx.com/",
        password: Password::Account,
        advice: GMX_ADVICE,
    },
    Provider {
        name: "web.de",
        title: "WEB.DE",
        domains: &["web.de"],
        start: "https://carddav.web.de/",
        password: Password::Account,
        advice: GMX_ADVICE,
    },
    Provider {
        name: "yahoo",
        title: "Yahoo",
        domains: &["yahoo.*", "ymail.com", "rocketmail.com", "aol.com"],
        start: "https://carddav.address.yahoo.com/",
        password: Password::App,
        advice: "Make one at https://login.yahoo.com/account/security under App passwords.",
    },
    Provider {
        name: "zoho.eu",
        title: "Zoho (Europe)",
        domains: &["zoho.eu", "zohomail.eu"],
        start: "https://contacts.zoho.eu/",
        password: Password::Account,
        advice: ZOHO_ADVICE,
    },
    Provider {
        name: "zoho",
        title: "Zoho",
        domains: &["zoho.*", "zohomail.*"],
        start: "https://contacts.zoho.com/",
        password: Password::Account,
        advice: ZOHO_ADVICE,
    },
];

const GMX_ADVICE: &str = "With two-factor login it is an application-specific password instead: My Account > \
                          Security > Application-specific passwords.";

const ZOHO_ADVICE: &str = "With two-factor login it is an application-specific password instead: \
                           https://accounts.zoho.com under Security > App Passwords.";

/// A server that people run themselves, so that only they know its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Software {
    /// What a person may type for it: `nextcloud`.
    pub name: &'static str,
    /// What it calls itself.
    pub title: &'static str,
    /// Which password it wants and where that is made: whole sentences for the user.
    pub advice: &'static str,
}

/// The servers that people run themselves and that need advice of their own.
pub const SOFTWARE: &[Software] = &[
    Software { name: "nextcloud", title: "Nextcloud", advice: CLOUD_ADVICE },
    Software { name: "owncloud", title: "ownCloud", advice: CLOUD_ADVICE },
    Software {
        name: "zimbra",
        title: "Zimbra",
        advice: "It takes your usual password. With two-factor login it is an application code instead: \
                 Preferences > Accounts > Applications.",
    },
];

const CLOUD_ADVICE: &str = "It takes your usual password. With two-factor or single sign-on login it is an app \
                            password instead: Settings > Security > Devices & sessions.";

impl Provider {
    /// The provider of that name, such as `iCloud`.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.name.eq_ignore_ascii_case(name))
    }

    /// The provider that a host or the domain of an e-mail address belongs to.
    pub fn of_domain(domain: &str) -> Option<&'static Self> {
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        PROVIDERS.iter().find(|provider| {
            provider.domains.iter().any(|known| matches(known, &domain) != Fits::Not)
        })
    }

    /// Whether this is one of the domains themselves, and not a host below one.
    pub(super) fn has_domain(&self, domain: &str) -> bool {
        self.domains.iter().any(|known| matches(known, domain) == Fits::Whole)
    }
}

impl Software {
    /// The software of that name, such as `Nextcloud`.
    pub fn named(name: &str) -> Option<&'static Self> {
        SOFTWARE.iter().find(|software| software.name.eq_ignore_ascii_case(name))
    }
}

/// How a domain fits one that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fits {
    Not,
    Below,
    Whole,
}

fn matches(known: &str, domain: &str) -> Fits {
    let known: String = match known.strip_suffix(".*") {
        None => known.to_owned(),
        Some(label) => match below_any_top(label, domain) {
            Some(whole) => whole,
            None => return Fits::Not,
        },
    };
    match domain.strip_suffix(known.as_str()) {
        Some("") => Fits::Whole,
        Some(rest) if rest.ends_with('.') => Fits::Below,
        _ => Fits::Not,
    }
}

/// `label` and the top level that `domain` has it in: `.fr`, or `.co.uk` and `.com.br`, and nothing
/// longer, since `yahoo.example.org` is anybody's.
fn below_any_top(label: &str, domain: &str) -> Option<String> {
    let labels: Vec<&str> = domain.rsplit('.').take(3).collect();
    let is_top = |top: &str| top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    match labels.as_slice() {
        [top, name, ..] if *name == label && is_top(top) => Some(format!("{label}.{top}")),
        [top, second, name] if *name == label && top.len() == 2 && is_top(top) => {
            matches!(*second, "co" | "com" | "net" | "org")
                .then(|| format!("{label}.{second}.{top}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Location;
    use super::*;

    #[test]
    fn every_provider_starts_encrypted_at_a_place_of_its_own() {
        for provider in PROVIDERS {
            let start = Location::parse(provider.start).unwrap();
            assert!(start.origin.is_https(), "{}", provider.name);
            assert_eq!(Provider::of_domain(start.origin.host()), Some(provider));
            assert_eq!(Provider::named(&provider.name.to_uppercase()), Some(provider));
        }
    }

    #[test]
    fn a_provider_is_known_by_its_domains_and_by_no_others() {
        let cases = [
            ("me.com", Some("icloud")),
            ("p42-contacts.icloud.com", Some("icloud")),
            ("notme.com", None),
            ("fastmail.fm", Some("fastmail")),
            ("sent.fastmail.co.uk", Some("fastmail")),
            ("in1-smtp.messagingengine.com", Some("fastmail")),
            ("Yahoo.co.uk", Some("yahoo")),
            ("yahoo.com.br.", Some("yahoo")),
            ("yahoo.example.org", None),
            ("yahoo.org.example", None),
            ("yahoo.com.example", None),
            ("myyahoo.com", None),
            ("gmx.de", Some("gmx")),
            ("gmx.us", Some("gmx.com")),
            ("posteo.de", Some("posteo")),
            ("zoho.eu", Some("zoho.eu")),
            ("zoho.in", Some("zoho")),
            ("mail.ru", None),
            ("yahoo", None),
            ("", None),
        ];
        for (domain, name) in cases {
            assert_eq!(Provider::of_domain(domain).map(|p| p.name), name, "{domain}");
        }
    }
}
