//! `sync-collection` (RFC 6578), and all the ways in which servers bend it.

use super::ask::{Ask, Depth};
use super::body::Body;
use super::book::{Book, What};
use super::card::Card;
use super::knobs::{
    BadToken, ChangeStyle, DepthRule, EmptyToken, FutureToken, Knobs, PageToken, PrunedToken,
    SelfEntry, SyncSupport, TombstoneStyle,
};
use super::propfind::{cut, foreign, response, times};
use super::props::{Props, Target};
use super::reply::{Reply, bare, condition, error, html, json, multistatus};
use super::token::Token;
use super::world::World;
use super::xml::{Ns, Xml};

/// Where a report starts.
enum Start {
    /// A first sync, from the card behind this id; `seq` is what the last page's token will say.
    First {
        after: Option<u64>,
        seq: u64,
        deletions: Deletions,
    },
    Since(u64),
    /// No entries, and this token.
    Nothing(String),
    Refused(Reply),
}

#[derive(PartialEq, Eq)]
enum Deletions {
    Untold,
    Told,
}

/// One report in the making.
struct Report<'a> {
    props: Props<'a>,
    book: &'a Book,
    /// The book's own href, and what its cards' start with.
    own: String,
    prefix: String,
    xml: Xml,
}

impl World {
    pub(super) fn sync(&self, ask: &Ask, body: &Body, name: &str) -> Reply {
        let knobs = &*self.knobs;
        let Some(book) = self.book(name) else { return error(knobs, 404, "Not found") };
        if let Some(refusal) = refusal(knobs, ask, body, book) {
            return refusal;
        }
        let hrefs = ask.hrefs(knobs);
        let mut report = Report {
            props: Props::new(knobs, &hrefs, body),
            book,
            own: hrefs.book(name),
            prefix: hrefs.cards_of(name),
            xml: Xml::new(knobs.xml, "multistatus"),
        };
        let sent = body.token.as_deref().unwrap_or_default();
        let token = match start(knobs, ask, book, sent) {
            Start::Refused(refusal) => return refusal,
            Start::Nothing(token) => token,
            Start::First { after, seq, deletions } => report.first(after, seq, &deletions, sent),
            Start::Since(seq) => report.since(seq, sent),
        };
        if book.options.sync.unwrap_or(knobs.sync) != SyncSupport::NoToken {
            report.xml.leaf(Ns::Dav, "sync-token", &token);
        }
        multistatus(report.xml)
    }
}

fn refusal(knobs: &Knobs, ask: &Ask, body: &Body, book: &Book) -> Option<Reply> {
    match book.options.sync.unwrap_or(knobs.sync) {
        SyncSupport::Yes | SyncSupport::NoToken => {}
        SyncSupport::Forbidden => {
            return Some(condition(knobs, 403, (Ns::Dav, "supported-report"), None));
        }
        SyncSupport::Unsupported => {
            return Some(error(knobs, 415, "The report is not supported here"));
        }
        SyncSupport::NotImplemented => return Some(html(501)),
        SyncSupport::NotAllowed => return Some(bare(405)),
    }
    // RFC 6578 3.2 wants token, level and prop; Cyrus says 400 to any level but 1.
    if body.token.is_none() || body.props.is_none() || body.level.as_deref() != Some("1") {
        return Some(error(knobs, 400, "Illegal sync-level, or no sync-token, or no prop"));
    }
    let deep = matches!(ask.depth, Depth::One | Depth::Infinity);
    (knobs.sync_depth == DepthRule::ZeroElseBadRequest && deep)
        .then(|| error(knobs, 400, "Depth must be 0"))
}

fn start(knobs: &Knobs, ask: &Ask, book: &Book, sent: &str) -> Start {
    let seq = book.seq();
    let now = || Token::now(seq).write(knobs.token_form, book.epoch);
    let first = |deletions| Start::First { after: None, seq, deletions };
    if sent.is_empty() {
        match knobs.empty_token {
            EmptyToken::BadRequest => {
                return Start::Refused(json(400, "Request contains an invalid argument."));
            }
            _ if silent(knobs, ask) => return Start::Nothing(now()),
            EmptyToken::ListsAll => return first(Deletions::Untold),
            EmptyToken::ListsDeletionsToo => return first(Deletions::Told),
        }
    }
    let known = match Token::read(sent, knobs.token_form, book.epoch) {
        Some(token) if token.seq > seq => match knobs.future_token {
            FutureToken::Bad => None,
            FutureToken::Nothing => return Start::Nothing(now()),
            FutureToken::Echo => return Start::Nothing(sent.to_owned()),
        },
        Some(token) if token.seq < book.floor() && knobs.pruned_token == PrunedToken::Bad => None,
        other => other,
    };
    match known {
        Some(_) if silent(knobs, ask) => Start::Nothing(now()),
        Some(Token { seq, after: None }) => Start::Since(seq),
        Some(Token { seq, after }) => Start::First { after, seq, deletions: Deletions::Untold },
        None => match knobs.bad_token {
            BadToken::Forbidden => Start::Refused(invalid(knobs, 403)),
            BadToken::BareForbidden => Start::Refused(bare(403)),
            BadToken::PreconditionFailed => Start::Refused(invalid(knobs, 412)),
            BadToken::BadRequest => {
                Start::Refused(json(400, "Request contains an invalid argument."))
            }
            BadToken::Status(status) => Start::Refused(error(knobs, status, "Sync failed")),
            BadToken::AcceptSilently => Start::Nothing(now()),
            BadToken::FullListSilently => first(Deletions::Untold),
            BadToken::FullListWithDeletions => first(Deletions::Told),
        },
    }
}

fn invalid(knobs: &Knobs, status: u16) -> Reply {
    condition(knobs, status, (Ns::Dav, "valid-sync-token"), None)
}

/// Google with Depth 0: looks like "no changes", with the newest token (Q53).
fn silent(knobs: &Knobs, ask: &Ask) -> bool {
    knobs.sync_depth == DepthRule::OneElseSilent && ask.depth != Depth::One
}

impl Report<'_> {
    /// Lists the cards behind `after`; returns the token to tell.
    fn first(&mut self, after: Option<u64>, seq: u64, deletions: &Deletions, sent: &str) -> String {
        let (knobs, book) = (self.props.knobs, self.book);
        let mut room = knobs.page_size.unwrap_or(usize::MAX);
        if knobs.self_in_report == SelfEntry::OnFirst {
            room = room.saturating_sub(1).max(1);
        }
        self.own_entry(SelfEntry::OnFirst);
        if knobs.page_size.is_none() {
            for (name, card) in &book.cards {
                self.changed(name, card);
            }
        }
        let mut token = Token::now(seq).write(knobs.token_form, book.epoch);
        if knobs.page_size.is_some() {
            let behind = after.unwrap_or_default();
            let mut cards: Vec<_> = book.cards.iter().filter(|(_, c)| c.id > behind).collect();
            cards.sort_unstable_by_key(|(_, card)| card.id);
            let last = cards.iter().take(room).next_back().map(|(_, card)| card.id);
            for (name, card) in cards.iter().take(room) {
                self.changed(name, card);
            }
            if cards.len() > room {
                let next = Token { seq, after: last }.write(knobs.token_form, book.epoch);
                token = self.cut(next, token, sent);
            }
        }
        if *deletions == Deletions::Told {
            for (_, change) in book.changes_since(0).iter().filter(|(_, c)| c.what == What::Gone) {
                self.gone(&change.name);
            }
        }
        let prefix = self.prefix.clone();
        foreign(&mut self.xml, &self.props, &prefix);
        self.ghosts();
        token
    }

    /// Lists what happened since `seq`; returns the token to tell.
    fn since(&mut self, seq: u64, sent: &str) -> String {
        let (knobs, book) = (self.props.knobs, self.book);
        self.own_entry(SelfEntry::Always);
        let changes = book.changes_since(seq);
        let room = knobs.page_size.unwrap_or(usize::MAX);
        for (_, change) in changes.iter().take(room) {
            match (change.what, book.cards.get(&change.name)) {
                (What::Gone, _) => self.gone(&change.name),
                (What::Put, Some(card)) => self.changed(&change.name, card),
                // Listed as changed, gone by the time of reading: left out (sabre, Q67).
                (What::Put, None) => {}
            }
        }
        self.ghosts();
        let now = Token::now(book.seq()).write(knobs.token_form, book.epoch);
        match changes.get(..room).and_then(|page| page.last()) {
            Some((last, _)) if changes.len() > room => {
                let next = Token::now(*last).write(knobs.token_form, book.epoch);
                self.cut(next.clone(), next, sent)
            }
            _ => now,
        }
    }

    fn cut(&mut self, next: String, now: String, sent: &str) -> String {
        cut(&mut self.xml, &self.own);
        match self.props.knobs.page_token {
            PageToken::Next => next,
            PageToken::NowOnFirst => now,
            PageToken::Same => sent.to_owned(),
        }
    }

    fn own_entry(&mut self, here: SelfEntry) {
        let status = match self.props.knobs.self_in_report {
            SelfEntry::Always => None,
            SelfEntry::AlwaysGone => Some(404),
            same if same == here => None,
            _ => return,
        };
        let (props, book) = (&self.props, self.book);
        response(&mut self.xml, &self.own, |xml| match status {
            Some(status) => xml.status(status),
            None => props.write(xml, Target::Book(book)),
        });
    }

    fn changed(&mut self, name: &str, card: &Card) {
        let mut href = self.prefix.clone();
        self.props.hrefs.encode_card(name, card, &mut href);
        let props = &self.props;
        for _ in 0..times(props.knobs) {
            response(&mut self.xml, &href, |xml| match props.knobs.change_style {
                ChangeStyle::Propstat => props.write(xml, Target::Card(card)),
                ChangeStyle::HrefOnly => {}
            });
        }
    }

    fn gone(&mut self, name: &str) {
        let href = self.href(name);
        let style = self.props.knobs.tombstone_style;
        if style == TombstoneStyle::Untold {
            return;
        }
        response(&mut self.xml, &href, |xml| {
            let found = match style {
                TombstoneStyle::Teapot => Some(418),
                TombstoneStyle::BesidePropstat => Some(200),
                TombstoneStyle::Status | TombstoneStyle::Untold => None,
            };
            if let Some(status) = found {
                xml.propstat(status, |xml| xml.empty(Ns::Dav, "getetag"));
            }
            xml.status(404);
        });
    }

    fn ghosts(&mut self) {
        for number in 0..self.props.knobs.ghost_404 {
            self.gone(&format!("never-was-{number}.vcf"));
        }
    }

    fn href(&self, name: &str) -> String {
        let mut href = self.prefix.clone();
        self.props.hrefs.encode(name, &mut href);
        href
    }
}
