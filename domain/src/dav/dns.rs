//! What DNS says about where a domain keeps its contacts (RFC 6764), as values.

use std::cmp::Reverse;

use super::{Location, LocationError};

/// Which records are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// Hosts of a service (RFC 2782).
    Srv,
    /// Attributes of a service (RFC 6763 6).
    Txt,
    /// Hosts that take a domain's mail.
    Mx,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsRecord {
    /// A host that offers the service.
    Srv(Srv),
    /// One text of the service, such as `path=/dav/`.
    Txt(String),
    /// A host that takes the mail, without a last dot.
    Mx(String),
}

/// A host that offers a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// Lower comes first.
    pub priority: u16,
    /// Of the same priority, higher comes first.
    pub weight: u16,
    /// Where it listens.
    pub port: u16,
    /// The host without a last dot; empty when the service is decidedly not offered.
    pub target: String,
}

/// What came of asking DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsAnswer {
    /// The records there are, at least one.
    Records(Vec<DnsRecord>),
    /// There is no such name, or it has no such records.
    Nothing,
    /// Nobody answered, or not sensibly; why, for the user.
    Failed(String),
}

/// A service name to ask for, and whether its hosts are spoken to over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Such as `_carddavs._tcp.example.org`.
    pub name: String,
    scheme: &'static str,
}

/// No domain needs more, and a hostile one must not keep us busy.
const MOST_HOSTS: usize = 4;

impl Service {
    /// The services of a domain, in the order to ask (RFC 6764 6): the encrypted one, and with
    /// `allow_http` the other.
    pub fn of(domain: &str, allow_http: bool) -> Vec<Self> {
        let secure = Self { name: format!("_carddavs._tcp.{domain}"), scheme: "https" };
        let open = Self { name: format!("_carddav._tcp.{domain}"), scheme: "http" };
        if allow_http { vec![secure, open] } else { vec![secure] }
    }

    /// The address of a host of the service: the well-known one, unless `path` is given.
    ///
    /// # Errors
    ///
    /// [`LocationError`] when the target is no host: show it.
    pub fn location(&self, host: &Srv, path: Option<&str>) -> Result<Location, LocationError> {
        let path = path.unwrap_or("/.well-known/carddav");
        let slash = if path.starts_with('/') { "" } else { "/" };
        Location::parse(&format!("{}://{}:{}{slash}{path}", self.scheme, host.target, host.port))
    }
}

/// The hosts of these records in the order to try. Empty when the only target is `.`, which says that
/// the service is not offered (RFC 2782).
///
/// Weights choose the likelier host and not a random one: which host is asked must not depend on luck.
pub fn hosts(records: &[DnsRecord]) -> Vec<Srv> {
    let srv = |record: &DnsRecord| match record {
        DnsRecord::Srv(srv) if !srv.target.is_empty() => Some(srv.clone()),
        _ => None,
    };
    let mut hosts: Vec<Srv> = records.iter().filter_map(srv).collect();
    hosts.sort_by_key(|host| (host.priority, Reverse(host.weight)));
    hosts.truncate(MOST_HOSTS);
    hosts
}

/// The path that the service's texts name (RFC 6764 4). One that no request can hold is none.
pub fn path(records: &[DnsRecord]) -> Option<&str> {
    records.iter().find_map(|record| {
        let DnsRecord::Txt(text) = record else { return None };
        let (key, path) = text.split_once('=')?;
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        (key.eq_ignore_ascii_case("path") && is_plain && !path.is_empty()).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn srv(priority: u16, weight: u16, target: &str) -> DnsRecord {
        DnsRecord::Srv(Srv { priority, weight, port: 443, target: target.to_owned() })
    }

    #[test]
    fn hosts_are_tried_by_priority_and_then_by_weight() {
        let cases = [
            (vec![srv(2, 9, "c"), srv(1, 1, "b"), srv(1, 5, "a")], vec!["a", "b", "c"]),
            (vec![srv(0, 0, "")], vec![]),
            (vec![DnsRecord::Txt("path=/".into())], vec![]),
            (
                (0..9).map(|n| srv(n, 0, ["a", "b", "c", "d", "e"][usize::from(n % 5)])).collect(),
                vec!["a", "b", "c", "d"],
            ),
        ];
        for (records, expected) in cases {
            let targets: Vec<String> = hosts(&records).into_iter().map(|srv| srv.target).collect();
            assert_eq!(targets, expected, "{records:?}");
        }
    }

    #[test]
    fn the_path_is_what_a_request_can_hold() {
        let cases = [
            ("path=/dav/", Some("/dav/")),
            ("PATH=dav", Some("dav")),
            ("path=/a=b", Some("/a=b")),
            ("path=", None),
            ("path=/a b", None),
            ("path=/a\r\nx", None),
            ("pathway=/x", None),
            ("path", None),
        ];
        for (text, expected) in cases {
            assert_eq!(path(&[DnsRecord::Txt(text.to_owned())]), expected, "{text:?}");
        }
    }

    #[test]
    fn a_service_has_an_address() {
        let [secure, open] = &Service::of("example.org", true)[..] else { panic!("two services") };
        assert_eq!(secure.name, "_carddavs._tcp.example.org");
        assert_eq!(Service::of("example.org", false), std::slice::from_ref(secure));
        let host = Srv { priority: 0, weight: 0, port: 8443, target: "dav.example.org".into() };
        let at = |service: &Service, path| service.location(&host, path).unwrap().to_string();
        assert_eq!(at(secure, Some("/dav/")), "https://dav.example.org:8443/dav/");
        assert_eq!(at(open, Some("dav")), "http://dav.example.org:8443/dav");
        assert_eq!(at(secure, None), "https://dav.example.org:8443/.well-known/carddav");
        let no_host = Srv { target: "a@b".into(), ..host };
        assert!(secure.location(&no_host, None).is_err());
    }
}
