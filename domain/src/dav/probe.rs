//! The first question to an unknown address: who am I here, where are my books, is this one?

use http::{Request, Response};

use super::book::BOOK_PROPERTIES;
use super::names::{Mark, Property};
use super::request::{Depth, propfind};
use super::row::{Asked, Row};
use super::{BookInfo, DavError, Location, Operation, multistatus};

/// A PROPFIND of depth 0 that asks for everything discovery wants to know, so that a server that
/// answers it all needs no second request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What to ask.
    pub at: Location,
}

/// What an address says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReply {
    /// Who the server takes us for.
    pub principal: Principal,
    /// Where the books are; several with shared or delegated accounts (Q11), on another host with
    /// iCloud (Q07).
    pub home_sets: Vec<Location>,
    /// The address is itself an address book.
    pub book: Option<BookInfo>,
    /// The address does not call itself an address book and yet behaves like one (Q10): to be used
    /// when the user named it and nothing better is found.
    pub looks_like_book: Option<BookInfo>,
}

/// The answer to "who am I?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The user's principal: ask it for the home-sets.
    At(Location),
    /// The server answers without having looked at the credentials (Q09): send them unasked.
    Unauthenticated,
    /// It does not say.
    Missing,
}

impl Operation for Probe {
    type Reply = ProbeReply;

    fn request(&self) -> Request<Vec<u8>> {
        let who = [Property::CurrentUserPrincipal, Property::PrincipalUrl, Property::HomeSet];
        // DAViCal has no token for its root, and fails on the whole question instead of saying so.
        let book = BOOK_PROPERTIES.into_iter().filter(|one| *one != Property::SyncToken);
        propfind(&self.at, Depth::Zero, &who.into_iter().chain(book).collect::<Vec<_>>())
    }

    fn reply(&self, response: &Response<Vec<u8>>) -> Result<ProbeReply, DavError> {
        let row = only_row(&self.at, response)?;
        let location = row.location(&Asked::of(&self.at)).unwrap_or_else(|| self.at.clone());
        let info = BookInfo::of(&row, location);
        let is_book = row.has(Property::ResourceType, Mark::AddressBook);
        let looks = !is_book && looks_like_book(&row, &info);
        Ok(ProbeReply {
            principal: principal(&row, &self.at),
            home_sets: home_sets(&row, &self.at),
            book: is_book.then(|| info.clone()),
            looks_like_book: looks.then_some(info),
        })
    }
}

/// The one row of an answer of depth 0, whatever href it gives (Q12); the one about `asked` should
/// a server list more.
pub(super) fn only_row(asked: &Location, response: &Response<Vec<u8>>) -> Result<Row, DavError> {
    let asked = Asked::of(asked);
    let (mut only, mut fits) = (None, false);
    multistatus::read(response, &mut |row| {
        let this_fits = row.path(&asked).is_some_and(|path| asked.is_at(&path));
        if only.is_none() || (this_fits && !fits) {
            only = Some(row);
            fits = this_fits;
        }
    })?;
    let Some(row) = only else {
        return Err(DavError::NotDav { what: "an empty multistatus".to_owned() });
    };
    match row.failure() {
        // A missing resource is a 404 inside a 207 on Cyrus and Xandikos.
        Some(status) => Err(super::errors::of_status(status)),
        None => Ok(row),
    }
}

fn principal(row: &Row, asked: &Location) -> Principal {
    if row.has(Property::CurrentUserPrincipal, Mark::Unauthenticated) {
        return Principal::Unauthenticated;
    }
    [Property::CurrentUserPrincipal, Property::PrincipalUrl]
        .into_iter()
        .filter_map(|property| row.inside(property)?.hrefs.first())
        .find_map(|href| asked.resolve(href).ok())
        .map_or(Principal::Missing, Principal::At)
}

fn home_sets(row: &Row, asked: &Location) -> Vec<Location> {
    let mut homes: Vec<Location> = Vec::new();
    let hrefs = row.inside(Property::HomeSet).map(|inside| inside.hrefs.as_slice());
    for home in hrefs.unwrap_or_default().iter().filter_map(|href| asked.resolve(href).ok()) {
        if !homes.iter().any(|known| known.href.key() == home.href.key()) {
            homes.push(home);
        }
    }
    homes
}

fn looks_like_book(row: &Row, info: &BookInfo) -> bool {
    let other = [Mark::Calendar, Mark::Principal];
    !other.into_iter().any(|mark| row.has(Property::ResourceType, mark))
        && (info.ctag.is_some()
            || info.capabilities.sync_collection == Some(true)
            || row.has(Property::Reports, Mark::Multiget))
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{at, multistatus, shape};
    use super::*;

    fn probe(path: &str, name: &str) -> Result<ProbeReply, DavError> {
        Probe { at: at(path) }.reply(&shape(name))
    }

    #[test]
    fn everything_is_asked_at_once() {
        let request = Probe { at: at("/.well-known/carddav") }.request();
        assert_eq!(request.method(), "PROPFIND");
        assert_eq!(request.uri(), "https://dav.example/.well-known/carddav");
        assert_eq!(request.headers()["depth"], "0");
        let body = std::str::from_utf8(request.body()).unwrap();
        for name in [
            "D:current-user-principal",
            "D:principal-URL",
            "C:addressbook-home-set",
            "D:resourcetype",
            "CS:getctag",
            "C:supported-address-data",
        ] {
            assert!(body.contains(&format!("<{name} />")), "{name}");
        }
        // Q138
        assert!(!body.contains("sync-token"), "{body}");
    }

    #[test]
    fn a_server_that_looked_at_no_password_says_so() {
        // Q09: Cyrus at `/`.
        let reply = probe("/", "cyrus/unauthenticated").unwrap();
        assert_eq!(reply.principal, Principal::Unauthenticated);
        assert_eq!(reply.home_sets, []);
        assert_eq!((reply.book, reply.looks_like_book), (None, None));
    }

    #[test]
    fn the_home_may_be_on_another_host() {
        // Q07: iCloud.
        let reply = probe("/123456/principal/", "icloud/principal").unwrap();
        assert_eq!(reply.principal, Principal::At(at("/123456/principal/")));
        let home = Location::parse("https://p42-contacts.icloud.com/123456/carddavhome/").unwrap();
        assert_eq!(reply.home_sets, [home]);
    }

    #[test]
    fn the_one_row_counts_whatever_its_href() {
        // Q12: Yahoo answers `/` as `/dav`.
        let reply = probe("/", "yahoo/root").unwrap();
        assert_eq!(reply.principal, Principal::At(at("/principals/users/ada/")));
    }

    #[test]
    fn a_book_that_does_not_call_itself_one_is_offered_apart() {
        // Q04, Q10: Google's default list and Kerio's principal.
        let google =
            probe("/carddav/v1/principals/ada@example.org/lists/default/", "google/probe").unwrap();
        assert_eq!(google.principal, Principal::Missing);
        assert_eq!(google.book, None);
        let book = google.looks_like_book.unwrap();
        assert_eq!(book.name, "My Contacts");
        let token = "https://www.googleapis.com/carddav/v1/synctoken/0801?a=1&b=2";
        assert_eq!(book.sync_token.unwrap().0, token);
        let kerio = probe("/carddav/users/example.org/ada/", "kerio/book").unwrap();
        assert!(kerio.book.is_none() && kerio.looks_like_book.is_some());
        let cyrus = probe("/dav/addressbooks/user/alice/Default/", "cyrus/book").unwrap();
        assert!(cyrus.book.is_some() && cyrus.looks_like_book.is_none());
    }

    #[test]
    fn principal_and_homes_are_found_in_all_their_forms() {
        let reply = |props: &str| {
            let body = format!(
                "<multistatus xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:carddav'><response>\
                 <href>/</href><propstat><prop>{props}</prop></propstat></response></multistatus>"
            );
            Probe { at: at("/") }.reply(&multistatus(body)).unwrap()
        };
        for (props, principal) in [
            ("<principal-URL><href>/p/</href></principal-URL>", Principal::At(at("/p/"))),
            (
                "<current-user-principal/><principal-URL><href>/p/</href></principal-URL>",
                Principal::At(at("/p/")),
            ),
            ("<current-user-principal><href/></current-user-principal>", Principal::Missing),
            ("", Principal::Missing),
        ] {
            assert_eq!(reply(props).principal, principal, "{props}");
        }
        // Q11: several homes, each once.
        let homes = reply(
            "<C:addressbook-home-set><href>/a/</href><href> /b/ </href><href>/a</href></C:addressbook-home-set>",
        );
        assert_eq!(homes.home_sets, [at("/a/"), at("/b/")]);
    }

    #[test]
    fn no_answer_is_not_an_answer_about_nothing() {
        assert_eq!(probe("/x", "xandikos/missing-card"), Err(DavError::NotFound));
        assert!(matches!(probe("/x", "calypso/nothing"), Err(DavError::NotDav { .. })));
        let page = DavError::NotDav { what: "an HTML page".into() };
        assert_eq!(probe("/", "zoho/login"), Err(page));
        assert_eq!(probe("/", "fastmail/not-found"), Err(DavError::NotFound));
    }
}
