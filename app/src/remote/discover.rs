//! Finding the address books from what people know: a URL, a host, a provider's name.

use contactcmd_domain::dav::{
    BookInfo, DavError, DiscoveryError, ListBooks, Location, LocationError, Principal, Probe,
    ProbeReply, candidates,
};

use super::{Remote, RemoteError};
use crate::{Exit, Failure};

/// What a server has for this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// Where the books are listed.
    pub home_sets: Vec<Location>,
    /// The books, by name; those that servers make for themselves are marked hidden.
    pub books: Vec<BookInfo>,
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
    match candidates(server, allow_http) {
        Ok(all) => all.into_iter().next().ok_or_else(|| not_a_server("")),
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

/// Finds the address books of a server: what the user gave, then its well-known address, then `/`.
///
/// # Errors
///
/// [`RemoteError::Dav`] with 401 as soon as the password is refused: it is sent no second time.
/// [`RemoteError::NotFound`] with what became of each step when all failed.
pub async fn discover(remote: &Remote<'_>, server: &str) -> Result<Discovered, RemoteError> {
    let all = candidates(server, remote.allow_http).unwrap_or_default();
    let mut tried = Vec::new();
    let mut unreachable = None;
    for candidate in all {
        match from_address(remote, &candidate).await {
            Ok(found) if !found.books.is_empty() || !found.home_sets.is_empty() => {
                return Ok(found);
            }
            Ok(_) => tried.push(format!("{candidate}: no address books")),
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                tried.push(match &error {
                    RemoteError::Dav { error, .. } => format!("{candidate}: {error}"),
                    other => format!("{candidate}: {other}"),
                });
                unreachable.get_or_insert(error);
            }
        }
    }
    match unreachable {
        Some(error @ RemoteError::Transport(_)) => Err(error),
        _ => Err(RemoteError::NotFound { server: server.to_owned(), tried }),
    }
}

/// Whether another address cannot help: the password, the user, the network.
fn is_final(error: &RemoteError) -> bool {
    matches!(
        error,
        RemoteError::Interrupted
            | RemoteError::Transport(_)
            | RemoteError::SignIn(_)
            | RemoteError::NotOffered { .. }
            | RemoteError::Dav { error: DavError::Unauthorized { .. } | DavError::Busy { .. }, .. }
    )
}

async fn from_address(remote: &Remote<'_>, at: &Location) -> Result<Discovered, RemoteError> {
    remote.world().ui.detail(format!("looking for address books at {at}"));
    let start = remote.ask(at, |at| Probe { at }).await?;
    if let Some(book) = start.reply.book {
        return Ok(Discovered { home_sets: Vec::new(), books: vec![book] });
    }
    let mut homes = start.reply.home_sets.clone();
    if homes.is_empty() {
        homes = match &start.reply.principal {
            Principal::At(principal) => homes_of(remote, principal).await?,
            Principal::Unauthenticated => Vec::new(),
            Principal::Missing => fallback_homes(&start.reply, &start.at),
        };
    }
    let mut books: Vec<BookInfo> = Vec::new();
    for home in &homes {
        let listed = remote.ask(home, |home| ListBooks { home }).await?;
        for book in listed.reply {
            let known = |other: &BookInfo| other.location.href.key() == book.location.href.key();
            if !books.iter().any(known) {
                books.push(book);
            }
        }
    }
    if books.is_empty() {
        books.extend(start.reply.looks_like_book);
        // A place that only might have been a home is none.
        if books.is_empty() && matches!(start.reply.principal, Principal::Missing) {
            homes.retain(|home| start.reply.home_sets.contains(home));
        }
    }
    books.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.location.href.cmp(&b.location.href)));
    Ok(Discovered { home_sets: homes, books })
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
