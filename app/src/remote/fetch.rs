//! Fetching cards: adaptive multigets, several in flight; what they leave out, one by one.

use std::collections::{HashMap, VecDeque};

use contactcmd_domain::dav::{
    Batches, Fetched, GetCard, Href, HrefKey, Location, Multiget, Quirks, What,
};
use futures::StreamExt;
use futures::stream::FuturesOrdered;

use super::{Answer, Remote, RemoteError};

/// After this many failures in a row without a success the server itself is broken.
const GIVE_UP_AFTER: u32 = 20;

/// Fetches the cards at these hrefs and hands them to `sink` batch by batch, in the order asked, so
/// that the same book gives the same plan. Every href is handed over exactly once, whatever the
/// server leaves out: a card that cannot be had comes as [`What::Refused`] (0 when there was no
/// status), [`What::NoData`] or [`What::Missing`].
///
/// # Errors
///
/// [`RemoteError`] when the server as a whole fails; what `sink` got before stands.
pub async fn fetch<E: From<RemoteError>>(
    remote: &Remote<'_>,
    book: &Location,
    quirks: &Quirks,
    hrefs: Vec<Href>,
    mut sink: impl FnMut(Vec<Fetched>) -> Result<(), E>,
) -> Result<(), E> {
    let mut queue = VecDeque::from(hrefs);
    let mut batches = Batches::default();
    let mut flying = FuturesOrdered::new();
    let mut failures = 0;
    let mut multigets = Multigets { worked: false, failed_alone: 0, known_bad: quirks.no_multiget };
    loop {
        if remote.is_http2() {
            batches.spoke_http2();
        }
        while flying.len() < batches.in_flight() && !queue.is_empty() {
            let by_get = multigets.are_hopeless();
            let size = if by_get { 1 } else { batches.size() };
            let asked: Vec<Href> = queue.drain(..size.min(queue.len())).collect();
            flying.push_back(one_batch(remote, book, asked, by_get));
        }
        let Some((asked, answer)) = flying.next().await else { return Ok(()) };
        match answer {
            Ok(answer) => {
                failures = 0;
                multigets.worked = true;
                let elapsed = u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX);
                batches.answered(asked.len(), answer.bytes, elapsed);
                sink(complete(remote, book, asked, answer.reply).await?)?;
            }
            Err(error) if error.asks_for_less() && failures < GIVE_UP_AFTER => {
                failures += 1;
                if let [href] = asked.as_slice() {
                    let card = one_card(remote, book, href, None).await?;
                    if matches!(card.what, What::Card(_)) {
                        failures = 0;
                        multigets.failed_alone += 1;
                    }
                    sink(vec![card])?;
                } else {
                    batches.failed(asked.len());
                    for href in asked.into_iter().rev() {
                        queue.push_front(href);
                    }
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// What is known of this server's multigets: sabre 1.8 fails the whole report for one missing card.
struct Multigets {
    worked: bool,
    /// How often one failed for a single card that a GET then gave.
    failed_alone: u32,
    known_bad: bool,
}

impl Multigets {
    fn are_hopeless(&self) -> bool {
        self.known_bad || (!self.worked && self.failed_alone >= 3)
    }
}

type Asked = (Vec<Href>, Result<Answer<Vec<Fetched>>, RemoteError>);

async fn one_batch(
    remote: &Remote<'_>,
    book: &Location,
    hrefs: Vec<Href>,
    by_get: bool,
) -> Asked {
    if let (true, [href]) = (by_get, hrefs.as_slice()) {
        let target = book.with_href(href.clone());
        let answer = remote.ask(&target, |at| get_card(book, at)).await;
        let answer = answer.map(|answer| {
            let card = Fetched { href: href.clone(), ..answer.reply };
            Answer { reply: vec![card], at: answer.at, bytes: answer.bytes, elapsed: answer.elapsed }
        });
        return (hrefs, answer);
    }
    let multiget =
        |book| Multiget { book, hrefs: hrefs.clone(), depth_one: false, version: None };
    let answer = remote.ask(book, multiget).await;
    (hrefs, answer)
}

/// One entry for each href: by GET what the multiget left out (sabre, Google and Zimbra drop what
/// they do not find), what came without text, and what XML damaged (Q47, Q77, Q83).
async fn complete(
    remote: &Remote<'_>,
    book: &Location,
    asked: Vec<Href>,
    answer: Vec<Fetched>,
) -> Result<Vec<Fetched>, RemoteError> {
    let mut there: HashMap<HrefKey, Fetched> =
        answer.into_iter().map(|card| (card.href.key(), card)).collect();
    let mut cards = Vec::with_capacity(asked.len());
    for href in asked {
        cards.push(match there.remove(&href.key()) {
            Some(card) if !matches!(card.what, What::NoData | What::Damaged(_)) => card,
            other => one_card(remote, book, &href, other).await?,
        });
    }
    Ok(cards)
}

/// One card by GET. A server that fails on it costs that card only, and `second_best` stands if
/// there is one; a password refused or a network gone costs the run.
async fn one_card(
    remote: &Remote<'_>,
    book: &Location,
    href: &Href,
    second_best: Option<Fetched>,
) -> Result<Fetched, RemoteError> {
    let target = book.with_href(href.clone());
    let failed = match remote.ask(&target, |at| get_card(book, at)).await {
        Ok(answer) if answer.reply.what == What::NoData => None,
        Ok(answer) => return Ok(Fetched { href: href.clone(), ..answer.reply }),
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

fn get_card(book: &Location, at: Location) -> GetCard {
    let book = Location { origin: at.origin, href: book.href.clone() };
    GetCard { book, href: at.href, version: None }
}
