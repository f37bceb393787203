//! The way from what was typed to the books, and who was let in.

use std::time::Duration;

use contactcmd_domain::dav::{ListBooks, Operation, Principal, Probe, ProbeReply};

use super::report::{About, Finding};
use super::witness::{Exchange, Witness};
use super::{Doctor, End, Mask, count};
use crate::Exit;
use crate::remote::{Came, Discovered, RemoteError, Tried, discover};

/// The longest that a server may describe itself, in characters.
const LONGEST: usize = 80;

impl Doctor<'_, '_> {
    /// Finds the books as a sync does, and tells each step.
    pub(super) async fn discovery(&mut self, witness: Option<&Witness>) -> Result<Discovered, End> {
        self.notes.about(About::Discovery);
        let found = discover(self.remote, &self.chosen.server).await;
        let seen = witness.map(Witness::take).unwrap_or_default();
        for exchange in &seen {
            let step = step(&self.mask, exchange);
            self.notes.tell(step);
        }
        let tried = match &found {
            Ok(Discovered { tried, .. }) | Err(RemoteError::NotFound { tried, .. }) => &tried[..],
            Err(_) => &[],
        };
        for finding in tried.iter().filter_map(|tried| in_dns(&self.mask, tried)) {
            self.notes.tell(finding);
        }
        let found = match found {
            Ok(found) => found,
            Err(error) => return Err(self.end("no way in", error)),
        };
        if found.books.is_empty() {
            let words = "there are no address books";
            let finding = Finding::fail(words)
                .means("log in once in the server's web interface: many servers make one then");
            self.notes.tell_end(finding, Exit::Server);
            return Err(End::Told);
        }
        let elapsed: Duration = seen.iter().map(|exchange| exchange.elapsed).sum();
        let books = count(found.books.len(), "address book");
        self.notes.tell(Finding::ok(format!("{books} found")).took(elapsed));
        self.login(&seen);
        Ok(found)
    }

    fn login(&mut self, seen: &[Exchange]) {
        let is_good = |exchange: &&Exchange| matches!(exchange.status, Some(200..=299));
        let Some(good) = seen.iter().rev().find(is_good) else { return };
        self.notes.about(About::Login);
        let scheme = good.scheme.as_deref().unwrap_or("none");
        let encrypted = good.at.as_ref().is_none_or(|at| at.origin.is_https());
        let version = if good.http2 { "HTTP/2" } else { "HTTP/1.1" };
        self.notes.tell(match encrypted {
            true => Finding::ok(format!("accepted by {scheme}, over https and {version}")),
            false => Finding::note(format!("accepted by {scheme}, over http"))
                .means("anybody on the way can read the password, unless that is this machine"),
        });
        for (header, value) in &good.software {
            let short: String = value.chars().take(LONGEST).collect();
            let words = format!("{header}: {}", self.mask.words(&short));
            self.notes.tell(Finding::ok(words));
        }
    }
}

/// What DNS said, which no request shows; `None` for every other step.
fn in_dns(mask: &Mask, tried: &Tried) -> Option<Finding> {
    let place = if mask.shows() { &tried.place } else { "DNS" };
    match tried.came {
        Came::NotInDns => Some(Finding::note(format!("{place}: {}", tried.words))),
        Came::NoDns if mask.shows() => Some(Finding::note(tried.to_string())),
        Came::NoDns => Some(Finding::note(format!("{place}: it cannot be asked"))),
        Came::NoAnswer | Came::WebPage | Came::Other => None,
    }
}

fn step(mask: &Mask, exchange: &Exchange) -> Finding {
    let place = exchange.at.as_ref().map_or("somewhere".to_owned(), |at| mask.place(at));
    let asked = format!("{} {place}", exchange.method);
    let finding = match exchange.status {
        None => Finding::note(format!("{asked}: no answer")),
        Some(status @ 300..=399) => {
            let to = exchange.to.as_deref().unwrap_or_default();
            let to = mask.reference(exchange.at.as_ref(), to);
            Finding::ok(format!("{asked}: {status}, to {to}"))
        }
        Some(status @ 200..=299) => match says(exchange) {
            Some(says) => Finding::ok(format!("{asked}: {status}")).means(says),
            None => Finding::note(format!("{asked}: {status}")).means("that is no CardDAV"),
        },
        Some(401) => Finding::note(format!("{asked}: 401")).means("it wants to know who asks"),
        Some(status) => Finding::note(format!("{asked}: {status}")).means("not here"),
    };
    finding.took(exchange.elapsed)
}

/// What an answer to a PROPFIND says; `None` when it says nothing that can be read.
fn says(exchange: &Exchange) -> Option<String> {
    if exchange.method != "PROPFIND" {
        return Some("done".to_owned());
    }
    let (at, answer) = (exchange.at.clone()?, exchange.answer.as_ref()?);
    if exchange.depth.as_deref() == Some("1") {
        let books = ListBooks { home: at }.reply(answer).ok()?;
        return Some(format!("it lists {}", count(books.len(), "address book")));
    }
    Some(of_probe(&Probe { at }.reply(answer).ok()?))
}

fn of_probe(reply: &ProbeReply) -> String {
    let mut names = Vec::new();
    if matches!(reply.principal, Principal::At(_)) {
        names.push("a principal".to_owned());
    }
    if !reply.home_sets.is_empty() {
        names.push(count(reply.home_sets.len(), "home"));
    }
    let mut words = Vec::new();
    if reply.book.is_some() {
        words.push("it is an address book".to_owned());
    } else if reply.looks_like_book.is_some() {
        words.push("it does not call itself an address book, and looks like one".to_owned());
    }
    if reply.principal == Principal::Unauthenticated {
        words.push("it did not look who asks".to_owned());
    }
    if !names.is_empty() {
        words.push(format!("it names {}", names.join(" and ")));
    }
    if words.is_empty() { "it names nothing".to_owned() } else { words.join(", ") }
}
