//! Finding the address books from what people know: an e-mail address, a URL, a host, a provider's name.

use contactcmd_domain::dav::{
    BookInfo, DavError, DiscoveryError, ListBooks, Location, LocationError, Origin, Principal,
    Probe, ProbeReply, Provider, Step, may_know, route,
};
use contactcmd_ports::TransportError;

use super::dns::{Named, known_mail_host, named};
use super::not_found::{Came, Tried};
use super::{Remote, RemoteError};
use crate::{Exit, Failure};

/// What a server has for this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// Where the books are listed.
    pub home_sets: Vec<Location>,
    /// The books, by name; those that servers make for themselves are marked hidden.
    pub books: Vec<BookInfo>,
    /// The address that led to them, redirects not followed.
    pub entry: Location,
    /// The steps before that one, and why each led nowhere.
    pub tried: Vec<Tried>,
}

/// The address that what the user gave stands for; also what the account is stored under.
///
/// # Errors
///
/// Usage, when it is no address, or plain http to another machine without `allow_http`.
pub fn first_address(server: &str, allow_http: bool) -> Result<Location, Failure> {
    let not_a_server = |why: &str| {
        Failure::usage(format!("`{server}` is not a server{why}"))
            .hint("give a host such as `cloud.example`, or the whole URL starting with https://")
    };
    match route(server, allow_http) {
        Ok(route) => Ok(route.start),
        // What was typed may hold a password, so it is not repeated.
        Err(DiscoveryError::Address(LocationError::Credentials)) => {
            Err(Failure::usage("the server holds a user name or password")
                .hint("give the address alone, and the user with `--username`"))
        }
        Err(DiscoveryError::Address(error)) => Err(not_a_server(&format!(": {error}"))),
        Err(DiscoveryError::NotEncrypted(at)) => {
            let words = format!("{at} is not encrypted: the password would be readable on the way");
            Err(Failure::new(Exit::Usage, anyhow::Error::msg(words)).hint(
                "use https://, or set `allow_http = true` in the config if that network is your own",
            ))
        }
    }
}

/// Finds the address books of a server: what the user gave, its well-known address, what DNS names,
/// `/`, and where the usual servers are, as [`route`] orders them.
///
/// # Errors
///
/// [`RemoteError::Dav`] with 401 as soon as the password is refused: it is sent no second time (Q23),
/// unless the server has said before whose it is.
/// [`RemoteError::Elsewhere`] when DNS names another domain: go there only with the user's word.
/// [`RemoteError::NotFound`] with what became of each step when all failed.
pub async fn discover(remote: &Remote<'_>, server: &str) -> Result<Discovered, RemoteError> {
    let mut search = Search {
        remote,
        tried: Vec::new(),
        asked: Vec::new(),
        silent: Vec::new(),
        cause: None,
        known: Vec::new(),
    };
    let route = route(server, remote.allow_http).map_err(|error| RemoteError::NotFound {
        server: server.to_owned(),
        tried: vec![Tried::new(server, Came::Other, error)],
        cause: None,
    })?;
    for step in route.steps {
        let found = match step {
            Step::At(location) => search.at(&location).await?,
            Step::Service(domain) => search.service(&domain, &route.start.origin).await?,
            Step::Mail(domain) => search.mail(domain)?,
        };
        if let Some(found) = found {
            return Ok(Discovered { tried: search.tried, ..found });
        }
    }
    Err(search.in_vain(server))
}

/// One search for address books.
struct Search<'a, 'w> {
    remote: &'a Remote<'w>,
    tried: Vec<Tried>,
    asked: Vec<Location>,
    /// Whoever gave no answer is not asked for other paths.
    silent: Vec<Origin>,
    /// The first of those failures.
    cause: Option<TransportError>,
    /// Who has said who the user is. Then the password is right there, and a 401 is about that place
    /// alone: Calypso has one for everybody at the well-known address. A place that merely answers may be
    /// open to all.
    known: Vec<Origin>,
}

impl Search<'_, '_> {
    async fn at(&mut self, at: &Location) -> Result<Option<Discovered>, RemoteError> {
        if self.asked.contains(at) || self.silent.contains(&at.origin) {
            return Ok(None);
        }
        self.asked.push(at.clone());
        match self.look_at(at).await {
            Ok(found) if !found.books.is_empty() || !found.home_sets.is_empty() => {
                return Ok(Some(found));
            }
            Ok(_) => self.note(Tried::new(at, Came::Other, "no address books")),
            Err(error) if self.is_final(&error, &at.origin) => return Err(error),
            Err(RemoteError::Transport(error)) => {
                self.note(Tried::new(at, Came::NoAnswer, &error));
                if is_silence_of(&error, &at.origin) {
                    self.silent.push(at.origin.clone());
                }
                self.cause.get_or_insert(error);
            }
            Err(RemoteError::Dav { error: error @ DavError::NotDav { .. }, .. }) => {
                self.note(Tried::new(at, Came::WebPage, &error));
            }
            Err(RemoteError::Dav { error, .. }) => self.note(Tried::new(at, Came::Other, &error)),
            Err(error) => self.note(Tried::new(at, Came::Other, &error)),
        }
        Ok(None)
    }

    async fn look_at(&mut self, at: &Location) -> Result<Discovered, RemoteError> {
        let remote = self.remote;
        remote.world().ui.detail(format!("looking for address books at {at}"));
        let start = remote.ask(at, |at| Probe { at }).await?;
        if let Some(book) = start.reply.book {
            return Ok(Discovered { books: vec![book], ..nothing(at) });
        }
        let mut homes = start.reply.home_sets.clone();
        if !homes.is_empty() || matches!(start.reply.principal, Principal::At(_)) {
            self.known.extend([at.origin.clone(), start.at.origin.clone()]);
        }
        if homes.is_empty() {
            homes = match &start.reply.principal {
                Principal::At(principal) => homes_of(remote, principal).await?,
                Principal::Unauthenticated => Vec::new(),
                Principal::Missing => fallback_homes(&start.reply, &start.at),
            };
        }
        let mut books = match self.books_in(&homes).await {
            // A home that says nothing is no reason to leave out the book that was named.
            Err(error @ RemoteError::Dav { .. })
                if start.reply.looks_like_book.is_some() && !self.is_final(&error, &at.origin) =>
            {
                Vec::new()
            }
            listed => listed?,
        };
        if books.is_empty() {
            books.extend(start.reply.looks_like_book);
            // A place that only might have been a home is none.
            if books.is_empty() && matches!(start.reply.principal, Principal::Missing) {
                homes.retain(|home| start.reply.home_sets.contains(home));
            }
        }
        books.sort_by(|a, b| {
            a.name.cmp(&b.name).then_with(|| a.location.href.cmp(&b.location.href))
        });
        Ok(Discovered { home_sets: homes, books, ..nothing(at) })
    }

    async fn books_in(&self, homes: &[Location]) -> Result<Vec<BookInfo>, RemoteError> {
        let mut books: Vec<BookInfo> = Vec::new();
        for home in homes {
            let listed = self.remote.ask(home, |home| ListBooks { home }).await?;
            for book in listed.reply {
                let known =
                    |other: &BookInfo| other.location.href.key() == book.location.href.key();
                if !books.iter().any(known) {
                    books.push(book);
                }
            }
        }
        Ok(books)
    }

    /// Whether another address cannot help: the password, the user.
    fn is_final(&self, error: &RemoteError, origin: &Origin) -> bool {
        match error {
            RemoteError::Interrupted
            | RemoteError::SignIn(_)
            | RemoteError::Dav { error: DavError::Busy { .. }, .. } => true,
            RemoteError::NotOffered { .. }
            | RemoteError::Dav { error: DavError::Unauthorized { .. }, .. } => {
                !self.known.contains(origin)
            }
            _ => false,
        }
    }

    /// Asks the hosts that DNS names. The password of `home` goes to none of another domain (Q08).
    async fn service(
        &mut self,
        domain: &str,
        home: &Origin,
    ) -> Result<Option<Discovered>, RemoteError> {
        let world = self.remote.world();
        world.ui.detail(format_args!("asking DNS where the contacts of {domain} are"));
        let hosts = match named(world, domain, self.remote.allow_http) {
            Named::Hosts(hosts) => hosts,
            Named::Nobody(tried) => {
                self.note(tried);
                return Ok(None);
            }
        };
        let mut stranger = None;
        for host in hosts {
            if !may_know(home, &host.first.origin, &self.remote.rules()) {
                stranger.get_or_insert(host.address());
                continue;
            }
            for place in host.places() {
                if let Some(found) = self.at(&place).await? {
                    return Ok(Some(found));
                }
            }
        }
        match stranger {
            Some(to) => Err(RemoteError::Elsewhere { domain: domain.to_owned(), to }),
            None => Ok(None),
        }
    }

    fn mail(&mut self, domain: String) -> Result<Option<Discovered>, RemoteError> {
        let known = known_mail_host(self.remote.world(), &domain);
        match known.and_then(|provider: &Provider| Location::parse(provider.start).ok()) {
            Some(to) => Err(RemoteError::Elsewhere { domain, to }),
            None => Ok(None),
        }
    }

    fn note(&mut self, tried: Tried) {
        self.remote.world().ui.detail(&tried);
        self.tried.push(tried);
    }

    fn in_vain(self, server: &str) -> RemoteError {
        match (self.cause, self.tried.as_slice()) {
            // There is nothing to tell but that.
            (Some(cause), [_]) => RemoteError::Transport(cause),
            (cause, tried) => {
                let nobody_answered = tried.iter().all(|tried| tried.came != Came::Other);
                let cause = cause.filter(|_| nobody_answered);
                RemoteError::NotFound { server: server.to_owned(), tried: self.tried, cause }
            }
        }
    }
}

/// Whether that host said nothing, and not one that it redirected to.
fn is_silence_of(error: &TransportError, origin: &Origin) -> bool {
    match error {
        TransportError::Unreachable { host, .. }
        | TransportError::Timeout { host }
        | TransportError::Untrusted { host, .. }
        | TransportError::Broken { host, .. } => host.starts_with(origin.host()),
        TransportError::TooLarge { .. } => false,
    }
}

fn nothing(entry: &Location) -> Discovered {
    let (home_sets, books, tried) = Default::default();
    Discovered { home_sets, books, entry: entry.clone(), tried }
}

async fn homes_of(remote: &Remote<'_>, principal: &Location) -> Result<Vec<Location>, RemoteError> {
    let answer = remote.ask(principal, |at| Probe { at }).await?;
    if answer.reply.home_sets.is_empty() {
        // Kerio and old Synology: the principal doubles as the home (Q09).
        return Ok(vec![answer.at]);
    }
    Ok(answer.reply.home_sets)
}

/// A DAV place without any principal may be a home itself (mail.ru, old Synology; Q09), unless it
/// already looks like a book.
fn fallback_homes(reply: &ProbeReply, at: &Location) -> Vec<Location> {
    if reply.looks_like_book.is_some() { Vec::new() } else { vec![at.clone()] }
}
