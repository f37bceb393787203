//! Fetching cards: adaptive multigets, several in flight; what they leave out, one by one.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::task::Poll;

use contactcmd_domain::dav::{
    Batches, Fetched, GetCard, Href, HrefKey, Location, Multiget, StoredLength, What, is_as_long,
    is_of_version_3,
};
use contactcmd_domain::vcard::{Card, Version};
use contactcmd_ports::Book;
use futures::stream::FuturesOrdered;
use futures::{Stream, StreamExt};

use super::{Answer, Remote, RemoteError};

/// After so many single cards in a row that neither a multiget nor a GET gives, the server is broken.
const GIVE_UP_AFTER: u32 = 20;
/// Cards in flight at most: with large photos they are what memory goes to.
const CARDS_IN_FLIGHT: usize = 3000;

/// The version that cards may be stored in and are not served in unasked (Cyrus, sabre).
const NEWER: &str = "4.0";

/// Where cards are fetched, and how.
#[derive(Debug, Clone, Copy)]
pub struct Shelf<'a> {
    place: &'a Location,
    /// Only by GET.
    by_get: bool,
    /// The server knows vCard 4.0, and may serve a card that is stored in it as 3.0.
    converts: bool,
}

impl<'a> Shelf<'a> {
    /// This book, as its server is known to be.
    pub fn of(book: &'a Book) -> Self {
        Self {
            place: &book.info.location,
            by_get: book.progress.quirks.no_multiget,
            converts: book.info.capabilities.versions.iter().any(|version| version == NEWER),
        }
    }

    /// The same by GET, for answers that are each about one card alone.
    #[must_use]
    pub fn by_get(self) -> Self {
        Self { by_get: true, ..self }
    }

    /// The request for these cards; a text that is not the stored one says so.
    pub fn multiget(self, place: Location, hrefs: Vec<Href>, version: Option<&str>) -> Multiget {
        let version = version.map(str::to_owned);
        Multiget { book: place, hrefs, depth_one: false, version, checked: self.converts }
    }
}

/// Fetches the cards at these hrefs and hands them to `sink` batch by batch, in the order asked as
/// long as nothing fails. Every href is handed over exactly once, whatever the server leaves out: a
/// card that cannot be had comes as [`What::Refused`] (0 when there was no status), [`What::NoData`]
/// or [`What::Missing`].
///
/// # Errors
///
/// [`RemoteError`] when the server as a whole fails; what `sink` got before stands.
pub async fn fetch<E: From<RemoteError>>(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    hrefs: Vec<Href>,
    mut sink: impl AsyncFnMut(Vec<Fetched>) -> Result<(), E>,
) -> Result<(), E> {
    let mut queue = VecDeque::from(hrefs);
    let mut batches = Batches::default();
    let mut flying = FuturesOrdered::new();
    let mut health = Health { multigets_useless: shelf.by_get, ..Health::default() };
    let done: Result<(), E> = async {
        loop {
            if remote.is_http2() {
                batches.spoke_http2();
            }
            let size = if health.multigets_useless { 1 } else { batches.size() };
            let room = (CARDS_IN_FLIGHT / size).clamp(2, batches.in_flight());
            while flying.len() < room && !queue.is_empty() {
                let asked: Vec<Href> = queue.drain(..size.min(queue.len())).collect();
                flying.push_back(one_batch(remote, shelf, asked, health.how()));
            }
            let Some((asked, how, answer)) = flying.next().await else { return Ok(()) };
            match answer {
                Ok(answer) => {
                    let elapsed = u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX);
                    batches.answered(asked.len(), answer.bytes, elapsed);
                    health.worked(&answer.reply);
                    let stored = as_stored(remote, shelf, answer.reply, how.version).await?;
                    if shelf.converts {
                        health.learn(&stored);
                    }
                    sink(complete(remote, shelf, asked, stored).await?).await?;
                }
                Err(error) if !error.asks_for_less() => return Err(error.into()),
                Err(error) => {
                    if let [href] = asked.as_slice() {
                        let card = one_card(remote, shelf, href, None).await?;
                        health.alone(&card.what, error)?;
                        sink(vec![card]).await?;
                    } else {
                        health.split(asked.len(), error)?;
                        batches.failed(asked.len());
                        for href in asked.into_iter().rev() {
                            queue.push_front(href);
                        }
                    }
                }
            }
        }
    }
    .await;
    until_renewed(remote, &mut flying).await;
    done
}

/// Lets a request that is getting a token go on, so that what the provider gives is kept: some take the
/// old refresh token back with it. The others may be dropped.
async fn until_renewed(remote: &Remote<'_>, flying: &mut (impl Stream + Unpin)) {
    poll_fn(|context| {
        while remote.is_renewing() {
            match flying.poll_next_unpin(context) {
                Poll::Ready(Some(_)) => {}
                Poll::Pending if remote.is_renewing() => return Poll::Pending,
                Poll::Pending | Poll::Ready(None) => break,
            }
        }
        Poll::Ready(())
    })
    .await;
}

/// What is known of this server while a fetch goes on.
#[derive(Default)]
struct Health {
    /// sabre 1.8 fails the whole report for one missing card; others never answer one well.
    multigets_useless: bool,
    multigets_worked: bool,
    /// The version that the cards of the last batch were stored in, if it is not the usual one.
    version: Option<&'static str>,
    /// Multigets for a single card that failed where a GET knew.
    failed_alone: u32,
    /// Single cards in a row that nothing gave.
    lost_in_a_row: u32,
    /// The smallest batch that no answer came for since the last that did.
    silent_at: Option<usize>,
    silences: u32,
}

impl Health {
    fn worked(&mut self, cards: &[Fetched]) {
        (self.lost_in_a_row, self.silences, self.silent_at) = (0, 0, None);
        self.multigets_worked |= cards.iter().any(|card| card.what != What::NoData);
    }

    fn how(&self) -> How {
        How { by_get: self.multigets_useless, version: self.version }
    }

    /// The next batch is asked for in the version that most of this one were stored in.
    fn learn(&mut self, cards: &[Fetched]) {
        let is_newer = |card: &&Fetched| match &card.what {
            What::Card(text) => Card::parse(text.as_slice()).stated_version() == Some(Version::V40),
            _ => false,
        };
        let newer = cards.iter().filter(is_newer).count();
        self.version = (newer * 2 > cards.len()).then_some(NEWER);
    }

    /// A batch failed and is split. Each halving counts once where no answer comes at all, since each
    /// costs a time-out.
    fn split(&mut self, size: usize, error: RemoteError) -> Result<(), RemoteError> {
        let is_smaller = self.silent_at.is_none_or(|smallest| size < smallest);
        if matches!(error, RemoteError::Transport(_)) && is_smaller {
            self.silent_at = Some(size);
            self.silences += 1;
            if self.silences > 3 {
                return Err(error);
            }
        }
        Ok(())
    }

    /// A multiget for one card failed, and this is what a GET said.
    fn alone(&mut self, what: &What, error: RemoteError) -> Result<(), RemoteError> {
        if matches!(what, What::Card(_) | What::Missing) {
            self.lost_in_a_row = 0;
            self.failed_alone += 1;
            self.multigets_useless |= !self.multigets_worked && self.failed_alone >= 3;
            return Ok(());
        }
        self.lost_in_a_row += 1;
        if self.lost_in_a_row >= GIVE_UP_AFTER { Err(error) } else { Ok(()) }
    }
}

type Asked = (Vec<Href>, How, Result<Answer<Vec<Fetched>>, RemoteError>);

/// How a batch is asked for.
#[derive(Clone, Copy)]
struct How {
    by_get: bool,
    version: Option<&'static str>,
}

/// Asks each of these cards by GET, for an answer that is about that card alone.
///
/// # Errors
///
/// As for [`fetch`].
pub async fn fetch_each<E: From<RemoteError>>(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    hrefs: Vec<Href>,
    sink: impl AsyncFnMut(Vec<Fetched>) -> Result<(), E>,
) -> Result<(), E> {
    fetch(remote, shelf.by_get(), hrefs, sink).await
}

async fn one_batch(remote: &Remote<'_>, shelf: Shelf<'_>, hrefs: Vec<Href>, how: How) -> Asked {
    if let (true, [href]) = (how.by_get, hrefs.as_slice()) {
        let answer = get(remote, shelf, href).await;
        return (hrefs, how, answer);
    }
    let multiget = |place| shelf.multiget(place, hrefs.clone(), how.version);
    let answer = remote.ask(shelf.place, multiget).await;
    (hrefs, how, answer)
}

/// The cards as they are stored: those that came converted are asked for in the other version. An edit
/// of a conversion would cost the card what that version cannot say.
///
/// # Errors
///
/// As for [`fetch`]; where it only fails to tell, what came stands.
pub async fn as_stored(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    cards: Vec<Fetched>,
    asked: Option<&'static str>,
) -> Result<Vec<Fetched>, RemoteError> {
    let is_converted = |card: &&Fetched| matches!(card.what, What::Converted(_));
    let hrefs: Vec<Href> =
        cards.iter().filter(is_converted).map(|card| card.href.clone()).collect();
    if hrefs.is_empty() {
        return Ok(cards);
    }
    let other = if asked.is_some() { None } else { Some(NEWER) };
    let multiget = |place| shelf.multiget(place, hrefs.clone(), other);
    let answer = match remote.ask(shelf.place, multiget).await {
        Ok(answer) => answer.reply,
        Err(error) if error.asks_for_less() => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut again: HashMap<HrefKey, Fetched> =
        answer.into_iter().map(|card| (card.href.key(), card)).collect();
    let best = |card: Fetched| {
        let What::Converted(text) = card.what else { return card };
        let second = again.remove(&card.href.key());
        let first = Fetched { what: What::Card(text), href: card.href, etag: card.etag };
        match second.map(|second| (second.etag, second.what)) {
            Some((etag, What::Card(text))) => Fetched { etag, what: What::Card(text), ..first },
            // Nothing proves either: that is best which the server serves unasked.
            Some((etag, What::Converted(text))) if asked.is_some() => {
                Fetched { etag, what: What::Card(text), ..first }
            }
            _ => first,
        }
    };
    Ok(cards.into_iter().map(best).collect())
}

/// One entry for each href: by GET what the multiget left out (sabre, Google and Zimbra drop what
/// they do not find), what came without text, and what XML damaged (Q47, Q77, Q83).
async fn complete(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    asked: Vec<Href>,
    answer: Vec<Fetched>,
) -> Result<Vec<Fetched>, RemoteError> {
    let mut there: HashMap<HrefKey, Fetched> =
        answer.into_iter().map(|card| (card.href.key(), card)).collect();
    let mut cards = Vec::with_capacity(asked.len());
    for href in asked {
        cards.push(match there.remove(&href.key()) {
            Some(card) if !matches!(card.what, What::NoData | What::Damaged(_)) => card,
            other => one_card(remote, shelf, &href, other).await?,
        });
    }
    Ok(cards)
}

/// One card by GET. A server that fails on it costs that card only, and `second_best` stands if
/// there is one; a password refused or a network gone costs the run.
async fn one_card(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    href: &Href,
    second_best: Option<Fetched>,
) -> Result<Fetched, RemoteError> {
    let failed = match get(remote, shelf, href).await {
        Ok(answer) => match answer.reply.into_iter().next() {
            Some(card) if card.what != What::NoData => return Ok(card),
            _ => None,
        },
        Err(error) if error.asks_for_less() => {
            remote.world().ui.detail(format_args!("{href}: {error}"));
            Some(error.status().unwrap_or(0))
        }
        Err(error) => return Err(error),
    };
    Ok(second_best.unwrap_or_else(|| {
        let what = failed.map_or(What::NoData, What::Refused);
        Fetched { href: href.clone(), etag: None, what }
    }))
}

/// One card by GET, as it is stored.
async fn get(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    href: &Href,
) -> Result<Answer<Vec<Fetched>>, RemoteError> {
    let target = shelf.place.with_href(href.clone());
    let answer = remote.ask(&target, |at| get_card(shelf.place, at, None)).await?;
    let Answer { mut reply, at, bytes, elapsed } = answer;
    if shelf.converts
        && let What::Card(text) = &reply.what
        && is_of_version_3(text)
        && let Some(newer) = newer(remote, shelf, href, text).await?
    {
        reply = newer;
    }
    let reply = vec![Fetched { href: href.clone(), ..reply }];
    Ok(Answer { reply, at, bytes, elapsed })
}

/// The card in vCard 4.0, if that is what is stored.
async fn newer(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    href: &Href,
    served: &[u8],
) -> Result<Option<Fetched>, RemoteError> {
    let target = shelf.place.with_href(href.clone());
    let unsaid = |error: RemoteError| if error.asks_for_less() { Ok(None) } else { Err(error) };
    let stored = match remote.ask(&target, |at| StoredLength { at }).await {
        Ok(answer) => answer.reply,
        Err(error) => return unsaid(error),
    };
    let Some(stored) = stored.filter(|stored| !is_as_long(served, *stored)) else {
        return Ok(None);
    };
    match remote.ask(&target, |at| get_card(shelf.place, at, Some(NEWER))).await {
        Ok(Answer { reply, .. }) => {
            let is_it = matches!(&reply.what, What::Card(text) if is_as_long(text, stored));
            Ok(is_it.then_some(reply))
        }
        Err(error) => unsaid(error),
    }
}

fn get_card(book: &Location, at: Location, version: Option<&str>) -> GetCard {
    let book = Location { origin: at.origin, href: book.href.clone() };
    GetCard { book, href: at.href, version: version.map(str::to_owned) }
}
