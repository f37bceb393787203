//! `addressbook-multiget`, GET, and who can see which card.

use http::header::HeaderValue;

use super::ask::{Ask, Depth};
use super::body::Body;
use super::book::Book;
use super::card::Card;
use super::etag::{header_etag, listed_etag, names};
use super::knobs::{GetReply, HrefEscapes, Knobs, Mood, MultigetMissing, MultigetSelf};
use super::log::SinKind;
use super::place::{Place, decode, path_of, place};
use super::propfind::{cut, response};
use super::props::{Props, Target};
use super::reply::{Reply, and_header, bare, error, html, multistatus, redirect, with_body};
use super::rewrite::served;
use super::world::World;
use super::xml::{Ns, Xml};

impl World {
    /// The book as it is shown: gone or emptied when the mood says so.
    pub(super) fn book(&self, name: &str) -> Option<&Book> {
        let book = self.books.get(name)?;
        match self.knobs.mood {
            Mood::BookGone => None,
            Mood::BookEmptied => Some(&self.emptied),
            _ => Some(book),
        }
    }

    /// The card behind a decoded name, if it can be read by now.
    pub(super) fn readable(&self, book: &str, name: &str) -> Option<&Card> {
        let (_, card) = self.find(self.book(book)?, name)?;
        self.sees(card).then_some(card)
    }

    fn sees(&self, card: &Card) -> bool {
        self.requests >= card.readable_at
    }

    /// A card by the name it has, the name it was put under, or a name escaped once too often.
    pub(super) fn find<'a>(&self, book: &'a Book, name: &str) -> Option<(&'a str, &'a Card)> {
        let known = |name: &str| book.cards.get_key_value(name).map(|(name, card)| (&**name, card));
        known(name).or_else(|| known(book.aliases.get(name)?)).or_else(|| {
            (self.knobs.href_escapes == HrefEscapes::Twice).then(|| known(&decode(name)))?
        })
    }

    pub(super) fn multiget(&mut self, ask: &Ask, body: &Body, name: &str) -> Reply {
        let knobs = self.knobs.clone();
        let hrefs = ask.hrefs(&knobs);
        let props = Props::new(&knobs, &hrefs, body);
        let mut xml = Xml::new(knobs.xml, "multistatus");
        let mut reencoded = Vec::new();
        let Some(book) = self.book(name) else { return error(&knobs, 404, "Not found") };
        let alone = knobs.multiget_self == MultigetSelf::AloneUnlessOne && ask.depth != Depth::One;
        let before = knobs.multiget_self == MultigetSelf::FirstUnlessZero
            && matches!(ask.depth, Depth::One | Depth::Infinity);
        if alone || before {
            response(&mut xml, &hrefs.book(name), |xml| props.write(xml, Target::Book(book)));
        }
        let most = if alone { 0 } else { knobs.multiget_limit.unwrap_or(usize::MAX) };
        let mut spelled = hrefs.cards_of(name);
        let prefix = spelled.len();
        for href in body.hrefs.iter().take(most) {
            let asked = name_in(&knobs, (name, spelled.get(..prefix).unwrap_or_default()), href);
            if knobs.multiget_poison.contains(&asked) {
                return html(500);
            }
            let found = self.find(book, &asked);
            if let Some((card_name, card)) = found.filter(|(_, card)| self.sees(card)) {
                spelled.truncate(prefix);
                hrefs.encode_card(card_name, card, &mut spelled);
                if path_of(&spelled) != path_of(href) && card_name == asked {
                    reencoded.push(href.clone());
                }
                response(&mut xml, &spelled, |xml| props.write(xml, Target::Card(card)));
            } else if knobs.multiget_missing == MultigetMissing::WholeReport404 {
                return error(&knobs, 404, "Card not found");
            } else {
                missing(knobs.multiget_missing, &mut xml, href);
            }
        }
        if !alone && body.hrefs.len() > most {
            cut(&mut xml, &hrefs.book(name));
        }
        for href in reencoded {
            self.log.sin(SinKind::ReencodedHref, "REPORT", &href);
        }
        multistatus(xml)
    }

    pub(super) fn get(&mut self, ask: &Ask) -> Reply {
        let knobs = self.knobs.clone();
        let Place::Card(book, name) = &ask.place else { return html(200) };
        self.confess_spelling(ask, book, name);
        if knobs.get_poison.contains(name) {
            return html(500);
        }
        let Some(card) = self.readable(book, name) else { return error(&knobs, 404, "Not found") };
        let listed = listed_etag(&knobs, card);
        if ask.header("if-none-match").is_some_and(|tags| names(&tags, &listed)) {
            return and_header(bare(304), "etag", &header_etag(&knobs, &listed));
        }
        let accept = ask.header("accept").unwrap_or_default();
        let version = accept.split("version=").nth(1).map(|version| version.trim_matches('"'));
        let bytes = served(&knobs, card, version).unwrap_or_else(|| card.bytes.clone());
        match knobs.get {
            GetReply::RedirectToView => redirect(302, &format!("{}/view", ask.path)),
            GetReply::NoETag => with_body(200, "text/vcard; charset=utf-8", bytes),
            GetReply::Card => {
                let reply = with_body(200, "text/vcard; charset=utf-8", bytes);
                and_header(reply, "etag", &header_etag(&knobs, &listed))
            }
        }
    }

    /// Records a card that is asked for in another spelling than the server's.
    pub(super) fn confess_spelling(&mut self, ask: &Ask, book: &str, name: &str) {
        let there = self.books.get(book).is_some_and(|book| book.cards.contains_key(name));
        let spelled = ask.hrefs(&self.knobs).card(book, name);
        if there && path_of(&spelled) != path_of(&ask.path) {
            self.log.sin(SinKind::ReencodedHref, ask.method.as_str(), &ask.path);
        }
    }

    /// The same answer without its body.
    pub(super) fn head(&mut self, ask: &Ask) -> Reply {
        let mut reply = self.get(ask);
        let length = HeaderValue::from(reply.body().len());
        reply.headers_mut().insert(http::header::CONTENT_LENGTH, length);
        reply.body_mut().clear();
        reply
    }
}

/// The decoded name in an href of a multiget; empty when it is of another book.
fn name_in(knobs: &Knobs, (book, prefix): (&str, &str), href: &str) -> String {
    // The usual spelling first: taking every href of a large multiget apart is slow.
    let usual = path_of(href).strip_prefix(path_of(prefix));
    match usual.filter(|rest| !rest.contains('/')) {
        Some(rest) => decode(rest),
        None => match place(knobs, path_of(href)) {
            Place::Card(other, card) if other == book => card,
            _ => String::new(),
        },
    }
}

/// What an entry-wise multiget says of a card that is not there.
fn missing(style: MultigetMissing, xml: &mut Xml, href: &str) {
    match style {
        MultigetMissing::Omitted | MultigetMissing::WholeReport404 => {}
        MultigetMissing::Entry404 => response(xml, href, |xml| xml.status(404)),
        MultigetMissing::Decoded404 => {
            xml.open(Ns::Dav, "response");
            xml.open(Ns::Dav, "href");
            xml.raw(&decode(href));
            xml.close(Ns::Dav, "href");
            xml.status(404);
            xml.close(Ns::Dav, "response");
        }
    }
}
