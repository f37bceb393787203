//! PROPFIND: discovery, listings, single cards.

use super::ask::{Ask, Depth, bare_host, is_loopback};
use super::body::Body;
use super::book::Book;
use super::knobs::{Duplicates, ForeignMembers, HomeExtras, HomeHost, Knobs, Principal};
use super::place::{Hrefs, Node, Place};
use super::props::{Props, Target};
use super::reply::{Reply, condition, error, multistatus};
use super::world::World;
use super::xml::{Ns, Xml};

/// Members of a book that are no vCards: name and content type, none for a collection.
pub(super) const FOREIGN: [(&str, Option<&str>); 3] = [
    ("sub/", None),
    ("meeting.ics", Some("text/calendar; component=vevent")),
    ("list.vlf", Some("text/x-vlist; charset=utf-8")),
];

impl World {
    pub(super) fn propfind(&mut self, ask: &Ask, body: &Body) -> Reply {
        let knobs = self.knobs.clone();
        if !ask.has_finite_depth() {
            return condition(&knobs, 403, (Ns::Dav, "propfind-finite-depth"), None);
        }
        let hrefs = ask.hrefs(&knobs);
        let mut props = Props::new(&knobs, &hrefs, body);
        if props.asks_home() {
            props.home = self.home_href(&knobs, ask, &hrefs);
        }
        let mut xml = Xml::new(knobs.xml, "multistatus");
        let below = ask.depth == Depth::One;
        match &ask.place {
            Place::Node(node) => self.node(&mut xml, &props, *node, below),
            Place::Book(name) => {
                let Some(book) = self.book(name) else { return error(&knobs, 404, "Not found") };
                response(&mut xml, &hrefs.book(name), |xml| props.write(xml, Target::Book(book)));
                if below {
                    members(&mut xml, &props, name, book, &ask.path);
                }
            }
            Place::Card(book, name) => {
                let Some(card) = self.readable(book, name) else {
                    return error(&knobs, 404, "Not found");
                };
                let href = hrefs.card(book, name);
                response(&mut xml, &href, |xml| props.write(xml, Target::Card(card)));
            }
            Place::WellKnown | Place::Elsewhere => return error(&knobs, 404, "Not found"),
        }
        multistatus(xml)
    }

    fn node(&self, xml: &mut Xml, props: &Props<'_>, node: Node, below: bool) {
        let hrefs = props.hrefs;
        response(xml, &hrefs.node(node.path), |xml| props.write(xml, Target::Node(node)));
        if !(below && node.is_home) {
            return;
        }
        for name in self.books.keys() {
            let Some(book) = self.book(name) else { continue };
            response(xml, &hrefs.book(name), |xml| props.write(xml, Target::Book(book)));
        }
        if props.knobs.home_extras == HomeExtras::Calendars {
            let calendar = hrefs.cards_of("calendar");
            response(xml, &calendar, |xml| props.write(xml, Target::Calendar));
            let inbox = hrefs.cards_of(".in");
            response(xml, &inbox, |xml| props.write(xml, Target::Foreign(None)));
        }
    }

    /// The home's href, on the host that the knob says.
    fn home_href(&mut self, knobs: &Knobs, ask: &Ask, hrefs: &Hrefs) -> String {
        let path = Hrefs::new(&Knobs { layout: knobs.layout.clone(), ..Knobs::default() }, "")
            .node(knobs.layout.home);
        if knobs.principal == Principal::WrongHome {
            return "/nowhere/".to_owned();
        }
        match knobs.home_host {
            HomeHost::Same => return hrefs.node(knobs.layout.home),
            HomeHost::Other => {}
            HomeHost::Changing => self.pool = self.pool % 90 + 1,
        }
        let host = bare_host(&ask.host);
        if is_loopback(host) {
            let other = if host == "localhost" { "127.0.0.1" } else { "localhost" };
            return format!("{}://{}{path}", ask.scheme, ask.host.replacen(host, other, 1));
        }
        let base = host.split_once('-').filter(|(pool, _)| is_pool(pool)).map_or(host, |(_, b)| b);
        format!("https://p{:02}-{base}:443{path}", self.pool)
    }
}

/// One response element around what `fill` writes.
pub(super) fn response(xml: &mut Xml, href: &str, fill: impl FnOnce(&mut Xml)) {
    xml.open(Ns::Dav, "response");
    xml.leaf(Ns::Dav, "href", href);
    fill(xml);
    xml.close(Ns::Dav, "response");
}

/// The entry that says: this answer was cut (RFC 6578 3.6).
pub(super) fn cut(xml: &mut Xml, href: &str) {
    response(xml, href, |xml| {
        xml.status(507);
        xml.open(Ns::Dav, "error");
        xml.empty(Ns::Dav, "number-of-matches-within-limits");
        xml.close(Ns::Dav, "error");
    });
}

pub(super) fn foreign(xml: &mut Xml, props: &Props<'_>, prefix: &str) {
    if props.knobs.foreign_members == ForeignMembers::Some {
        for (name, content_type) in FOREIGN {
            let target = Target::Foreign(content_type);
            response(xml, &format!("{prefix}{name}"), |xml| props.write(xml, target));
        }
    }
}

/// How often each href is written.
pub(super) fn times(knobs: &Knobs) -> usize {
    match knobs.duplicates {
        Duplicates::Once => 1,
        Duplicates::Twice => 2,
    }
}

fn members(xml: &mut Xml, props: &Props<'_>, name: &str, book: &Book, asked: &str) {
    let most = props.knobs.listing_limit.unwrap_or(usize::MAX);
    let mut href = props.hrefs.cards_of(name);
    let prefix = href.len();
    for (card_name, card) in book.cards.iter().take(most) {
        href.truncate(prefix);
        props.hrefs.encode_card(card_name, card, &mut href);
        for _ in 0..times(props.knobs) {
            response(xml, &href, |xml| props.write(xml, Target::Card(card)));
        }
    }
    href.truncate(prefix);
    foreign(xml, props, &href);
    if book.cards.len() > most {
        cut(xml, asked);
    }
}

fn is_pool(label: &str) -> bool {
    label.strip_prefix('p').is_some_and(|number| number.parse::<u32>().is_ok())
}
