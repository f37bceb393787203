//! Where things are: origins, hrefs kept verbatim, and how relative ones resolve.
//!
//! The `url` crate is not used for paths: it re-encodes them, and a re-encoded href names another
//! card on Fastmail, Zimbra and Google (Q79, Q81, Q82).

use std::fmt;

use super::percent::{canonical, decode_all};

/// Scheme, host and port: where credentials go and connections are kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// `http` or `https`.
    scheme: Scheme,
    /// Lower case; an IPv6 address with its brackets.
    host: String,
    /// Always given; 443 and 80 are not written out.
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Scheme {
    Http,
    Https,
}

impl Origin {
    /// Whether requests to it are encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The host, lower case; an IPv6 address with its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is this machine: `localhost`, `127.0.0.0/8` or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        if self.host == "localhost" || self.host.ends_with(".localhost") {
            return true;
        }
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    fn parse(text: &str) -> Result<(Self, &str), LocationError> {
        let (scheme, rest) = text.split_once("://").ok_or(LocationError::NoScheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err(LocationError::Scheme(scheme.to_owned())),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(LocationError::Credentials);
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        // A host with any other character makes no valid URI; a bad request must not be built later.
        let part_of_a_host = |b: u8| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b);
        if host.is_empty() || !host.bytes().all(part_of_a_host) {
            return Err(LocationError::Host(authority.to_owned()));
        }
        let port = match port {
            None | Some("") => scheme.default_port(),
            Some(port) => port.parse().map_err(|_| LocationError::Host(authority.to_owned()))?,
        };
        Ok((Self { scheme, host: host.to_ascii_lowercase(), port }, path))
    }
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https() { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// The path (with its query, if any) of a resource, byte for byte as the server wrote it.
///
/// Always starts with `/`. Compared by [`Href::key`], sent as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Href(String);

impl Href {
    /// The href with this path; a missing first slash is added.
    pub fn new(path: impl Into<String>) -> Self {
        let path = path.into();
        if path.starts_with('/') { Self(path) } else { Self(format!("/{path}")) }
    }

    /// The server's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The canonical form to compare by: every percent escape decoded once where it is valid
    /// (`%40` is `@`, `%c3` is `%C3`), repeated and last slashes dropped. An escaped slash, percent
    /// sign or control character stays escaped, in upper case, since decoding it would change
    /// which card is meant.
    pub fn key(&self) -> HrefKey {
        HrefKey(canonical(&self.0))
    }

    /// The last segment, decoded for people: `ada.vcf`.
    pub fn file_name(&self) -> String {
        let key = self.key().0;
        key.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Whether this is a resource directly or deeper below `collection` with a name of its own.
    ///
    /// A PUT to the collection itself replaces the whole book on Radicale (Q106).
    pub fn is_below(&self, collection: &Self) -> bool {
        let (key, parent) = (self.key().0, collection.key().0);
        key.strip_prefix(parent.as_str()).is_some_and(|rest| {
            parent.is_empty() || rest.strip_prefix('/').is_some_and(|n| !n.is_empty())
        })
    }
}

impl fmt::Display for Href {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An href made comparable; see [`Href::key`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HrefKey(pub String);

impl HrefKey {
    /// A form in which differently (or doubly) encoded spellings of one name meet (Q79): every
    /// escape decoded until none is left, at most three times.
    ///
    /// Two cards may share it, so it may rescue a card from being taken for absent and may match an
    /// answer to the one question it fits; it never decides that two cards are the same.
    pub fn loosely(&self) -> String {
        let mut bytes = self.0.clone().into_bytes();
        for _ in 0..3 {
            let decoded = decode_all(&bytes);
            if decoded == bytes {
                break;
            }
            bytes = decoded;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// An absolute address: an origin and a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// Where to connect.
    pub origin: Origin,
    /// What to ask for.
    pub href: Href,
}

impl Location {
    /// Reads an absolute `http://` or `https://` URL. A fragment is dropped, the path is kept.
    ///
    /// # Errors
    ///
    /// [`LocationError`]: show it, the text is not an address.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let (origin, path) = Origin::parse(text.trim())?;
        Ok(Self { origin, href: Href::new(without_fragment(path)) })
    }

    /// Resolves what a server wrote in an `href` element or a `Location` header, relative to here.
    ///
    /// Path first: `a:b.vcf` is a name, not a scheme (Q80); only `scheme://` is absolute.
    ///
    /// # Errors
    ///
    /// [`LocationError`] when it is absolute and no web address.
    pub fn resolve(&self, reference: &str) -> Result<Self, LocationError> {
        self.resolve_whole(without_fragment(reference.trim()))
    }

    /// As [`Location::resolve`], but for the `href` elements of a multistatus, where a `#` is part
    /// of a name that the server forgot to escape (SOGo, Q79) and never starts a fragment: cutting
    /// there would name another card.
    ///
    /// # Errors
    ///
    /// [`LocationError`] when it is absolute and no web address.
    pub fn resolve_name(&self, reference: &str) -> Result<Self, LocationError> {
        self.resolve_whole(reference.trim())
    }

    fn resolve_whole(&self, reference: &str) -> Result<Self, LocationError> {
        let head = reference.split(['/', '?']).next().unwrap_or_default();
        if head.ends_with(':') && reference.contains("://") {
            let (origin, path) = Origin::parse(reference)?;
            return Ok(Self { origin, href: Href::new(path) });
        }
        if let Some(rest) = reference.strip_prefix("//") {
            let scheme = if self.origin.is_https() { "https" } else { "http" };
            let absolute = format!("{scheme}://{rest}");
            let (origin, path) = Origin::parse(&absolute)?;
            return Ok(Self { origin, href: Href::new(path) });
        }
        let href = if reference.is_empty() {
            self.href.clone()
        } else if reference.starts_with('/') {
            Href::new(reference)
        } else {
            let base = self.href.as_str();
            let base = base.split('?').next().unwrap_or_default();
            let folder = base.rfind('/').map_or("/", |at| base.get(..=at).unwrap_or("/"));
            Href::new(without_dots(&format!("{folder}{reference}")))
        };
        Ok(Self { origin: self.origin.clone(), href })
    }

    /// The same place with another path.
    pub fn with_href(&self, href: Href) -> Self {
        Self { origin: self.origin.clone(), href }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.href)
    }
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// There is no `http://` or `https://`.
    #[error("it does not start with https://")]
    NoScheme,
    /// Another scheme.
    #[error("`{0}` is not http or https")]
    Scheme(String),
    /// The host or port cannot be read.
    #[error("`{0}` is not a host")]
    Host(String),
    /// `user:password@host`: credentials do not belong in an address.
    #[error("it holds a user name or password; give them separately")]
    Credentials,
}

fn without_fragment(text: &str) -> &str {
    text.split('#').next().unwrap_or_default()
}

fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => {
                if segments.len() > 1 {
                    segments.pop();
                }
            }
            other => segments.push(other),
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hrefs_are_compared_by_what_they_name() {
        let cases = [
            ("/a/b%40c.vcf", "/a/b@c.vcf", true),
            ("/a/%c3%a9.vcf", "/a/%C3%A9.vcf", true),
            ("/a/é.vcf", "/a/%C3%A9.vcf", true),
            ("/dav/card/", "/dav/card", true),
            ("/dav//card", "/dav/card", true),
            ("/a/b%2Fc.vcf", "/a/b/c.vcf", false),
            ("/a/b%2fc.vcf", "/a/b%2Fc.vcf", true),
            ("/a/b%2540.vcf", "/a/b%40.vcf", false),
            ("/a/b.vcf", "/a/B.vcf", false),
            // Q139
            ("/a/100%.vcf", "/a/100%25.vcf", true),
        ];
        for (one, other, same) in cases {
            assert_eq!(Href::new(one).key() == Href::new(other).key(), same, "{one} {other}");
        }
    }

    #[test]
    fn references_resolve_path_first() {
        let base = Location::parse("https://Host.example:443/dav/book/").unwrap();
        let cases = [
            ("ada.vcf", "https://host.example/dav/book/ada.vcf"),
            ("a:b.vcf", "https://host.example/dav/book/a:b.vcf"),
            ("/x/%40.vcf", "https://host.example/x/%40.vcf"),
            ("https://p01.example:443/y", "https://p01.example/y"),
            ("//other.example:8443/z", "https://other.example:8443/z"),
            ("../up/", "https://host.example/dav/up/"),
            ("http://h.example", "http://h.example/"),
            ("", "https://host.example/dav/book/"),
        ];
        for (reference, expected) in cases {
            assert_eq!(base.resolve(reference).unwrap().to_string(), expected, "{reference}");
        }
        assert!(base.resolve("ftp://h/").is_err());
    }

    #[test]
    fn a_number_sign_in_a_listed_name_is_not_a_fragment() {
        let base = Location::parse("https://h.example/book/").unwrap();
        let named = base.resolve_name("/book/a#b.vcf").unwrap();
        assert_eq!(named.href.as_str(), "/book/a#b.vcf");
        let named = base.resolve_name("https://p1.example:443/book/a#b.vcf").unwrap();
        assert_eq!(named.href.as_str(), "/book/a#b.vcf");
        assert_eq!(base.resolve("/book/#top").unwrap().href.as_str(), "/book/");
    }

    #[test]
    fn other_encodings_of_one_name_meet_loosely() {
        for (asked, answered) in [
            ("/b/a%2540c.vcf", "/b/a%40c.vcf"), // SOGo decodes what it was asked for
            ("/b/a%40c.vcf", "/b/a%2540c.vcf"), // Zimbra encodes once more
            ("/b/x%2Fy.vcf", "/b/x/y.vcf"),
        ] {
            let (asked, answered) = (Href::new(asked).key(), Href::new(answered).key());
            assert_ne!(asked, answered);
            assert_eq!(asked.loosely(), answered.loosely());
        }
        assert_eq!(Href::new("/b/100%zz.vcf").key().loosely(), "/b/100%zz.vcf");
    }

    #[test]
    fn bad_addresses_say_why() {
        let cases = [
            ("cloud.example", LocationError::NoScheme),
            ("ftp://h/", LocationError::Scheme("ftp".into())),
            ("https://", LocationError::Host(String::new())),
            ("https://h:99999/", LocationError::Host("h:99999".into())),
            ("https://u:p@h/", LocationError::Credentials),
            ("https://h\"x/", LocationError::Host("h\"x".into())),
        ];
        for (text, error) in cases {
            assert_eq!(Location::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_card_is_below_its_book_and_the_book_is_not() {
        let book = Href::new("/dav/book/");
        for (href, below) in [
            ("/dav/book/a.vcf", true),
            ("/dav/book", false),
            ("/dav/book/", false),
            ("/dav/bookish/a.vcf", false),
            ("/dav/b%6Fok/a.vcf", true),
        ] {
            assert_eq!(Href::new(href).is_below(&book), below, "{href}");
        }
    }

    #[test]
    fn loopback_is_this_machine_only() {
        for (url, loopback) in [
            ("http://127.0.0.1:5232/", true),
            ("http://localhost/", true),
            ("http://[::1]:80/", true),
            ("http://10.0.0.1/", false),
            ("http://localhost.example/", false),
        ] {
            assert_eq!(Location::parse(url).unwrap().origin.is_loopback(), loopback, "{url}");
        }
    }
}
