//! Cards in the version they are stored in: Cyrus and sabre serve 3.0 of what is stored in 4.0 (Q137).

use std::collections::HashMap;

use contactcmd_domain::dav::{
    BookInfo, Fetched, GetCard, Href, HrefKey, Location, Multiget, Quirks, StoredLength, What,
    is_as_long, is_of_version_3,
};
use contactcmd_ports::Book;

use super::{Answer, Remote, RemoteError};

/// The version that cards may be stored in and are not served in unasked (Cyrus, sabre).
const NEWER: &str = "4.0";

/// Where cards are fetched, and how.
#[derive(Debug, Clone, Copy)]
pub struct Shelf<'a> {
    pub(super) place: &'a Location,
    /// Multigets are of no use.
    pub(super) only_get: bool,
    /// The server knows vCard 4.0, and may serve a card that is stored in it as 3.0.
    pub(super) converts: bool,
}

impl<'a> Shelf<'a> {
    /// This book, as its server is known to be.
    pub fn of(book: &'a Book) -> Self {
        Self::new(&book.info, &book.progress.quirks)
    }

    /// A book that is in no store.
    pub fn new(info: &'a BookInfo, quirks: &Quirks) -> Self {
        Self {
            place: &info.location,
            only_get: quirks.no_multiget,
            converts: info.capabilities.versions.iter().any(|version| version == NEWER),
        }
    }

    /// The request for these cards; a text that is not the stored one says so.
    pub fn multiget(self, place: Location, hrefs: Vec<Href>, version: Option<&str>) -> Multiget {
        let version = version.map(str::to_owned);
        Multiget { book: place, hrefs, depth_one: false, version, checked: self.converts }
    }
}

/// The cards as they are stored: those that came converted are asked for in 4.0, since an edit of a
/// conversion would cost the card what 3.0 cannot say. Gives how many bytes that took as well.
///
/// # Errors
///
/// As for [`fetch`](super::fetch). What nobody can tell for now comes as [`What::NoData`]; where the server
/// refuses to tell, what came stands.
pub async fn as_stored(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    cards: Vec<Fetched>,
) -> Result<(Vec<Fetched>, usize), RemoteError> {
    let is_converted = |card: &&Fetched| matches!(card.what, What::Converted(_));
    let hrefs: Vec<Href> =
        cards.iter().filter(is_converted).map(|card| card.href.clone()).collect();
    if hrefs.is_empty() {
        return Ok((cards, 0));
    }
    let multiget = |place| shelf.multiget(place, hrefs.clone(), Some(NEWER));
    let (answer, bytes) = match remote.ask(shelf.place, multiget).await {
        Ok(answer) => (answer.reply, answer.bytes),
        Err(error) if !error.asks_for_less() => return Err(error),
        Err(error) if error.is_refusal() => (cards.iter().map(refused).collect(), 0),
        // No answer proves nothing: then each is asked for by itself.
        Err(_) => (Vec::new(), 0),
    };
    let mut again: HashMap<HrefKey, Fetched> =
        answer.into_iter().map(|card| (card.href.key(), card)).collect();
    let best = |card: Fetched| {
        let What::Converted(text) = card.what else { return card };
        let second = again.remove(&card.href.key()).map(|second| (second.etag, second.what));
        let first = Fetched { what: What::NoData, href: card.href, etag: card.etag };
        match second {
            Some((etag, What::Card(text))) => Fetched { etag, what: What::Card(text), ..first },
            Some((_, What::Converted(_) | What::Refused(400..500))) => {
                Fetched { what: What::Card(text), ..first }
            }
            _ => first,
        }
    };
    Ok((cards.into_iter().map(best).collect(), bytes))
}

/// A card as a server has it that refuses the whole question.
fn refused(card: &Fetched) -> Fetched {
    Fetched { href: card.href.clone(), etag: None, what: What::Refused(400) }
}

/// One card by GET, as it is stored.
pub(super) async fn get(
    remote: &Remote<'_>,
    shelf: Shelf<'_>,
    href: &Href,
) -> Result<Answer<Vec<Fetched>>, RemoteError> {
    let target = shelf.place.with_href(href.clone());
    let answer = remote.ask(&target, |at| get_card(shelf.place, at, None, None)).await?;
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
    let unsaid = |error: RemoteError| match error.is_refusal() {
        true => Ok(None),
        false => Err(error),
    };
    let stored = match remote.ask(&target, |at| StoredLength { at }).await {
        Ok(answer) => answer.reply,
        Err(error) => return unsaid(error),
    };
    let Some(stored) = stored.filter(|stored| !is_as_long(served, *stored)) else {
        return Ok(None);
    };
    let get = |at| get_card(shelf.place, at, Some(NEWER), Some(stored));
    match remote.ask(&target, get).await {
        Ok(Answer { reply, .. }) => Ok(matches!(reply.what, What::Card(_)).then_some(reply)),
        Err(error) => unsaid(error),
    }
}

fn get_card(book: &Location, at: Location, version: Option<&str>, stored: Option<u64>) -> GetCard {
    let book = Location { origin: at.origin, href: book.href.clone() };
    GetCard { book, href: at.href, version: version.map(str::to_owned), stored }
}
