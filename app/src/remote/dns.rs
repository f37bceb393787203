//! What DNS says about where a domain keeps its contacts, and whose servers those are.

use contactcmd_domain::dav::{
    DnsAnswer, DnsRecord, Href, Location, Provider, RecordKind, Service, Step, may_know, route,
    service_hosts, service_path,
};

use super::not_found::{Came, Tried};
use super::rules;
use crate::World;

/// What DNS names for the CardDAV service of a domain.
pub(super) enum Named {
    /// These, in the order to try; at least one.
    Hosts(Vec<Host>),
    /// Nobody, and why.
    Nobody(Tried),
}

/// A host that DNS names.
pub(super) struct Host {
    /// Where to look first on it.
    pub(super) first: Location,
    /// The path that the service's text names.
    path: Option<String>,
}

impl Host {
    /// The places to look on it: the path that DNS names, the well-known one, the root (RFC 6764 6).
    pub(super) fn places(&self) -> Vec<Location> {
        let more = ["/.well-known/carddav", "/"].map(|path| self.first.with_href(Href::new(path)));
        std::iter::once(self.first.clone()).chain(more).collect()
    }

    /// What a person would type for it.
    pub(super) fn address(&self) -> Location {
        let path = self.path.as_deref().unwrap_or("/");
        self.first.with_href(Href::new(path))
    }
}

/// Asks DNS for the CardDAV service of a domain.
pub(super) fn named(world: &World, domain: &str, allow_http: bool) -> Named {
    let place = format!("DNS of {domain}");
    let mut words = "it names no CardDAV server";
    for service in Service::of(domain, allow_http) {
        let records = match (world.dns)(&service.name, RecordKind::Srv) {
            DnsAnswer::Records(records) => records,
            DnsAnswer::Nothing => continue,
            DnsAnswer::Failed(why) => return Named::Nobody(Tried::new(place, Came::NoDns, why)),
        };
        let texts = match service_hosts(&records).is_empty() {
            true => DnsAnswer::Nothing,
            false => (world.dns)(&service.name, RecordKind::Txt),
        };
        let path = match &texts {
            DnsAnswer::Records(texts) => service_path(texts).map(str::to_owned),
            DnsAnswer::Nothing | DnsAnswer::Failed(_) => None,
        };
        let host = |srv| {
            let first = service.location(&srv, path.as_deref()).ok()?;
            Some(Host { first, path: path.clone() })
        };
        let hosts: Vec<Host> = service_hosts(&records).into_iter().filter_map(host).collect();
        if !hosts.is_empty() {
            return Named::Hosts(hosts);
        }
        words = "it says that there is no CardDAV server";
    }
    Named::Nobody(Tried::new(place, Came::NotInDns, words))
}

/// Where DNS says that the contacts of an e-mail address are, when that is a domain that must not be
/// told the password unasked; `None` for everything else. Asks no server, so that the user can be
/// asked for the right password.
pub fn named_elsewhere(world: &World, server: &str, allow_http: bool) -> Option<Location> {
    let route = route(server, allow_http).ok()?;
    route.username.as_ref()?;
    let domain = route.steps.iter().find_map(|step| match step {
        Step::Service(domain) => Some(domain),
        Step::At(_) | Step::Mail(_) => None,
    })?;
    let Named::Hosts(hosts) = named(world, domain, allow_http) else { return None };
    let is_ours =
        |host: &Host| may_know(&route.start.origin, &host.first.origin, &rules(allow_http));
    if hosts.iter().any(is_ours) { None } else { hosts.first().map(Host::address) }
}

/// The known provider that takes the mail of a domain.
pub(super) fn known_mail_host(world: &World, domain: &str) -> Option<&'static Provider> {
    let DnsAnswer::Records(records) = (world.dns)(domain, RecordKind::Mx) else { return None };
    records.iter().find_map(|record| match record {
        DnsRecord::Mx(host) => Provider::of_domain(host),
        DnsRecord::Srv(_) | DnsRecord::Txt(_) => None,
    })
}
