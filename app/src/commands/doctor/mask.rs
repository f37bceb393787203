//! What may be shown to others: hosts, users, paths and the server's words are left out unless they
//! were asked for, since a report is pasted where everybody reads it.

use std::cell::RefCell;

use contactcmd_domain::dav::{Condition, DavError, Href, Location, Provider};
use contactcmd_ports::TransportError;

use crate::remote::RemoteError;

/// Parts of paths that are a server's own and say nothing of the user. Everything else is taken for a
/// name.
const KNOWN: [&str; 38] = [
    ".well-known",
    "__uids__",
    "abook",
    "addressbook",
    "addressbooks",
    "baikal",
    "bc",
    "caldav",
    "caldav.php",
    "card",
    "card.php",
    "carddav",
    "carddav.php",
    "carddavhome",
    "contacts",
    "dav",
    "dav.php",
    "davical",
    "default",
    "egroupware",
    "groupdav.php",
    "groupware",
    "home",
    "index.php",
    "lists",
    "nextcloud",
    "owncloud",
    "personal",
    "principal",
    "principals",
    "public",
    "radicale",
    "remote.php",
    "rpc",
    "sogo",
    "user",
    "users",
    "v1",
];

/// Leaves names out, or not.
pub(super) struct Mask {
    show: bool,
    /// The user name, and what stands before its `@`.
    user: Vec<String>,
    /// The hosts seen so far, so that two can be told apart.
    hosts: RefCell<Vec<String>>,
}

impl Mask {
    /// Leaves out what tells who `user` is, unless told to `show` it.
    pub(super) fn new(show: bool, user: &str) -> Self {
        let mut users = vec![user.to_lowercase()];
        users.extend(user.split_once('@').map(|(local, _)| local.to_lowercase()));
        users.retain(|user| !user.is_empty());
        Self { show, user: users, hosts: RefCell::default() }
    }

    /// Whether everything is shown.
    pub(super) fn shows(&self) -> bool {
        self.show
    }

    /// A place: those of providers that everybody knows by name, others as `<host>`, `<host 2>`.
    pub(super) fn place(&self, at: &Location) -> String {
        if self.show {
            return at.to_string();
        }
        let scheme = if at.origin.is_https() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.host(at.origin.host()), self.path(&at.href))
    }

    /// A path, the names in it left out.
    pub(super) fn path(&self, href: &Href) -> String {
        if self.show {
            return href.to_string();
        }
        let path = href.as_str().split('?').next().unwrap_or_default();
        let parts: Vec<String> = path.split('/').map(|part| self.part(part)).collect();
        parts.join("/")
    }

    /// Where a redirect leads, as the server wrote it.
    pub(super) fn reference(&self, from: Option<&Location>, to: &str) -> String {
        if self.show {
            return to.to_owned();
        }
        match from.and_then(|from| from.resolve(to).ok()) {
            Some(at) if from.is_some_and(|from| from.origin == at.origin) => self.path(&at.href),
            Some(at) => self.place(&at),
            None => "an address that cannot be read".to_owned(),
        }
    }

    /// A text that should hold no names, such as a product's; what does is left out of it.
    pub(super) fn words(&self, text: &str) -> String {
        if self.show {
            return text.to_owned();
        }
        let lower = text.to_lowercase();
        let hosts = self.hosts.borrow();
        let mut names = self.user.iter().chain(hosts.iter());
        let tells = text.contains('@') || names.any(|name| lower.contains(name.as_str()));
        if tells { "<left out>".to_owned() } else { text.to_owned() }
    }

    /// What a request came to, without the server's own words.
    pub(super) fn error(&self, error: &RemoteError) -> String {
        if self.show {
            return match error {
                RemoteError::Dav { error, .. } => error.to_string(),
                other => other.to_string(),
            };
        }
        match error {
            RemoteError::Dav { error, .. } => answer(error),
            RemoteError::Transport(error) => no_answer(error).to_owned(),
            RemoteError::Redirect { from, to, .. } => {
                format!("a redirect that is not followed: {}", self.reference(Some(from), to))
            }
            RemoteError::BookMoved { .. } => "the address book is elsewhere now".to_owned(),
            RemoteError::Withheld { .. } => "the password is not sent to another host".to_owned(),
            RemoteError::NotFound { .. } => "no address books were found".to_owned(),
            RemoteError::NotOffered { offered, .. } => {
                format!("another way to log in is wanted: {}", offered.join(", "))
            }
            RemoteError::Elsewhere { .. } => "DNS names a server of another domain".to_owned(),
            RemoteError::SignIn(_) => "no token could be had".to_owned(),
            _ => "it was not finished".to_owned(),
        }
    }

    /// What the server says to a write it refused.
    pub(super) fn refusal(&self, error: &DavError) -> String {
        if self.show { error.to_string() } else { answer(error) }
    }

    fn host(&self, host: &str) -> String {
        if Provider::of_domain(host).is_some() {
            return host.to_owned();
        }
        let mut hosts = self.hosts.borrow_mut();
        let at = hosts.iter().position(|known| known == host).unwrap_or_else(|| {
            hosts.push(host.to_owned());
            hosts.len() - 1
        });
        if at == 0 { "<host>".to_owned() } else { format!("<host {}>", at + 1) }
    }

    fn part(&self, part: &str) -> String {
        let lower = part.to_lowercase();
        let decoded = lower.replace("%40", "@");
        if part.is_empty() {
            String::new()
        } else if self.user.contains(&decoded) {
            "<user>".to_owned()
        } else if KNOWN.contains(&lower.as_str()) {
            part.to_owned()
        } else {
            "<name>".to_owned()
        }
    }
}

fn no_answer(error: &TransportError) -> &'static str {
    match error {
        TransportError::Unreachable { .. } => "the host cannot be reached",
        TransportError::Timeout { .. } => "no answer came in time",
        TransportError::Untrusted { .. } => "the certificate is not trusted",
        TransportError::TooLarge { .. } => "the answer is too large",
        TransportError::Broken { .. } => "the connection broke",
    }
}

fn answer(error: &DavError) -> String {
    match error {
        DavError::Unauthorized { schemes, .. } if schemes.is_empty() => {
            "the user name or password was refused".to_owned()
        }
        DavError::Unauthorized { schemes, .. } => {
            format!("the user name or password was refused (it offers {})", schemes.join(", "))
        }
        DavError::NotFound => "there is nothing (404)".to_owned(),
        DavError::Busy { status, .. } => format!("it asks to wait ({status})"),
        DavError::Moved { status, .. } => format!("a redirect ({status})"),
        DavError::Refused { status, condition: Some(condition), .. } => {
            format!("{status}, {}", condition_name(condition))
        }
        DavError::Refused { status, .. } => status.to_string(),
        DavError::NotDav { what } => format!("no CardDAV, but {what}"),
        DavError::Malformed { .. } => "a broken answer".to_owned(),
        DavError::TooLarge { .. } => "an answer that is too large".to_owned(),
    }
}

fn condition_name(condition: &Condition) -> &str {
    match condition {
        Condition::ValidSyncToken => "valid-sync-token",
        Condition::NoUidConflict(_) => "no-uid-conflict",
        Condition::ValidAddressData => "valid-address-data",
        Condition::SupportedAddressData => "supported-address-data",
        Condition::MaxResourceSize => "max-resource-size",
        Condition::NumberOfMatchesWithinLimits => "number-of-matches-within-limits",
        Condition::SupportedReport => "supported-report",
        Condition::NeedPrivileges => "need-privileges",
        Condition::Quota => "quota",
        Condition::Other(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_and_where_somebody_is_cannot_be_read_from_what_is_shown() {
        let mask = Mask::new(false, "Ada@family.example");
        let cases = [
            ("https://dav.family.example/", "https://<host>/"),
            (
                "https://dav.family.example/remote.php/dav/addressbooks/users/ada%40family.example/Kin/",
                "https://<host>/remote.php/dav/addressbooks/users/<user>/<name>/",
            ),
            (
                "http://other.example:8080/SOGo/dav/ada/Contacts/",
                "http://<host 2>/SOGo/dav/<user>/Contacts/",
            ),
            (
                "https://p42-contacts.icloud.com/1234567/carddavhome/card?x=ada",
                "https://p42-contacts.icloud.com/<name>/carddavhome/card",
            ),
        ];
        for (address, shown) in cases {
            assert_eq!(mask.place(&Location::parse(address).unwrap()), shown);
        }
        assert_eq!(mask.words("nginx/1.2"), "nginx/1.2");
        assert_eq!(mask.words("Apache at dav.family.example"), "<left out>");
        assert_eq!(mask.words("ask Ada"), "<left out>");
        let words = Some("Ada may not do this".to_owned());
        let error = DavError::Refused { status: 403, condition: None, words };
        let at = Location::parse("https://dav.family.example/ada").unwrap();
        assert_eq!(mask.error(&RemoteError::Dav { at, error }), "403");
    }

    #[test]
    fn the_parts_of_paths_that_are_known_are_sorted_and_in_lower_case() {
        assert!(KNOWN.is_sorted());
        assert!(KNOWN.iter().all(|part| part.to_lowercase() == *part));
    }
}
