//! Fetching cards: adaptive multigets, several in flight; what they leave out, one by one.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::task::Poll;

use contactcmd_domain::dav::{Batches, Fetched, Href, HrefKey, What};
use futures::stream::FuturesOrdered;
use futures::{Stream, StreamExt};

use super::stored::{Shelf, as_stored, get};
use super::{Answer, Remote, RemoteError};

/// After so many single cards in a row that neither a multiget nor a GET gives, the server is broken.
const GIVE_UP_AFTER: u32 = 20;
/// Cards in flight at most: with large photos they are what memory goes to.
const CARDS_IN_FLIGHT: usize = 3000;

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
    // Batches that came while another one waited for a token.
    let mut ready = VecDeque::new();
    let mut health = Health { multigets_useless: shelf.only_get, ..Health::default() };
    let done: Result<(), E> = async {
        loop {
            if remote.is_http2() {
                batches.spoke_http2();
            }
            let size = if health.multigets_useless { 1 } else { batches.size() };
            let room = (CARDS_IN_FLIGHT / size).clamp(2, batches.in_flight());
            while flying.len() < room && !queue.is_empty() {
                let asked: Vec<Href> = queue.drain(..size.min(queue.len())).collect();
                flying.push_back(one_batch(remote, shelf, asked, health.multigets_useless));
            }
            let next = match ready.pop_front() {
                Some(next) => Some(next),
                None => flying.next().await,
            };
            let Some((asked, answer)) = next else { return Ok(()) };
            // What the page asks for would wait for a token that nobody fetches meanwhile.
            until_renewed(remote, &mut flying, &mut ready).await;
            match answer {
                Ok(answer) => {
                    let elapsed = u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX);
                    health.worked(&answer.reply);
                    let (stored, more) = as_stored(remote, shelf, answer.reply).await?;
                    batches.answered(asked.len(), answer.bytes + more, elapsed);
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
    until_renewed(remote, &mut flying, &mut ready).await;
    done
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
    fetch(remote, Shelf { only_get: true, ..shelf }, hrefs, sink).await
}

/// Lets a request that is getting a token go on, so that what the provider gives is kept: some take the
/// old refresh token back with it. What comes meanwhile is `ready`.
async fn until_renewed(
    remote: &Remote<'_>,
    flying: &mut (impl Stream<Item = Asked> + Unpin),
    ready: &mut VecDeque<Asked>,
) {
    poll_fn(|context| {
        while remote.is_renewing() {
            match flying.poll_next_unpin(context) {
                Poll::Ready(Some(asked)) => ready.push_back(asked),
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

type Asked = (Vec<Href>, Result<Answer<Vec<Fetched>>, RemoteError>);

async fn one_batch(remote: &Remote<'_>, shelf: Shelf<'_>, hrefs: Vec<Href>, by_get: bool) -> Asked {
    if let (true, [href]) = (by_get, hrefs.as_slice()) {
        let answer = get(remote, shelf, href).await;
        return (hrefs, answer);
    }
    let multiget = |place| shelf.multiget(place, hrefs.clone(), None);
    let answer = remote.ask(shelf.place, multiget).await;
    (hrefs, answer)
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
