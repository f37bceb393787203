//! How cards are read: several at once, one that is not there, one by GET.

use contactcmd_domain::dav::{
    BookInfo, ETag, Fetched, FullListing, GetCard, Href, Listed, Location, Quirks, What,
};
use contactcmd_domain::vcard::{Card, Version, same};

use super::report::Finding;
use super::{Doctor, End, count};
use crate::remote::{Answer, Shelf};

/// A card that no server has.
const MADE_UP: &str = "contactcmd-made-up.vcf";

impl Doctor<'_, '_> {
    /// Reads two cards, and asks for one that is not there. What is in them stays here.
    pub(super) async fn cards(
        &mut self,
        info: &BookInfo,
        listing: &FullListing,
    ) -> Result<(), End> {
        let place = &info.location;
        let some: Vec<Listed> = listing.cards().iter().take(2).cloned().collect();
        let Some(first) = some.first() else {
            self.notes.tell(Finding::note("the book is empty: no card can be read"));
            return Ok(());
        };
        let read = self.several(info, &some).await?;
        self.missing(info, first).await?;
        let first_read =
            read.iter().find(|card| card.href.key() == first.href.key()).map(|c| &c.what);
        let got = self.single(place, first, first_read).await?;
        if !got && !read.iter().any(|card| text(&card.what).is_some()) {
            self.notes.tell(Finding::fail("no card can be read by any way"));
        }
        Ok(())
    }

    async fn several(&mut self, info: &BookInfo, some: &[Listed]) -> Result<Vec<Fetched>, End> {
        let hrefs: Vec<Href> = some.iter().map(|card| card.href.clone()).collect();
        let cards = match self.multiget(info, hrefs).await? {
            Ok(answer) => {
                let there = answer.reply.iter().filter(|card| text(&card.what).is_some());
                let words = format!(
                    "multiget gives {} of {}{}",
                    there.clone().count(),
                    count(some.len(), "card"),
                    there.clone().next().map(version).unwrap_or_default()
                );
                let good = there.count() == some.len();
                let finding = Finding::good_if(good, words).took(answer.elapsed);
                self.notes.tell(match good {
                    true => finding,
                    false => finding.means("what it leaves out is read by GET"),
                });
                if answer.reply.iter().any(|card| matches!(card.what, What::Converted(_))) {
                    let words = "cards are served in another version than they are stored in";
                    self.notes
                        .tell(Finding::note(words).means("those are read as they are stored"));
                }
                answer.reply
            }
            Err(words) => {
                self.notes.tell(
                    Finding::note(format!("multiget: {words}"))
                        .means("cards are read one by one, which takes longer"),
                );
                return Ok(Vec::new());
            }
        };
        for listed in some {
            let Some(card) = cards.iter().find(|card| card.href.key() == listed.href.key()) else {
                continue;
            };
            if let Some(words) = differs(listed.etag.as_ref(), card.etag.as_ref()) {
                self.notes.tell(Finding::note(format!("the version that multiget gives {words}")));
                break;
            }
        }
        Ok(cards)
    }

    async fn missing(&mut self, info: &BookInfo, there: &Listed) -> Result<(), End> {
        let folder = info.location.href.as_str().trim_end_matches('/');
        let nowhere = Href::new(format!("{folder}/{MADE_UP}"));
        let finding = match self.multiget(info, vec![there.href.clone(), nowhere.clone()]).await? {
            Ok(answer) => {
                let found = answer.reply.iter().find(|card| card.href.key() == nowhere.key());
                match found.map(|card| &card.what) {
                    Some(What::Missing) => {
                        Finding::ok("multiget says 404 for a card that is not there")
                    }
                    None => Finding::note("multiget leaves out a card that is not there")
                        .means("a GET asks again before anything is concluded"),
                    Some(_) => Finding::note("multiget answers oddly for a card that is not there")
                        .means("a GET asks again before anything is concluded"),
                }
            }
            Err(words) => {
                Finding::note(format!("multiget fails over a card that is not there: {words}"))
                    .means("then the cards are read one by one")
            }
        };
        self.notes.tell(finding);
        Ok(())
    }

    /// Whether a GET gives the card.
    async fn single(
        &mut self,
        place: &Location,
        listed: &Listed,
        by_multiget: Option<&What>,
    ) -> Result<bool, End> {
        let target = place.with_href(listed.href.clone());
        let make = |at: Location| {
            let book = Location { origin: at.origin, href: place.href.clone() };
            GetCard { book, href: at.href, version: None, stored: None }
        };
        let answer = match self.ask("a GET", &target, make).await? {
            Ok(answer) => answer,
            Err(error) => {
                let words = format!("GET of a card: {}", self.mask.error(&error));
                self.notes.tell(Finding::note(words).means("cards come by multiget only"));
                return Ok(false);
            }
        };
        let What::Card(text) = &answer.reply.what else {
            let words = "GET gives no text for a card that is there";
            self.notes.tell(Finding::note(words).means("cards come by multiget only"));
            return Ok(false);
        };
        self.notes.tell(Finding::ok("GET gives a card").took(answer.elapsed));
        if let Some(words) = differs(listed.etag.as_ref(), answer.reply.etag.as_ref()) {
            self.notes.tell(
                Finding::note(format!("the version that GET gives {words}"))
                    .means("that of listings and multigets is sent back"),
            );
        }
        if let Some(What::Card(other)) = by_multiget {
            let is_same = same(&Card::parse(text.as_slice()), &Card::parse(other.as_slice()));
            self.notes.tell(match is_same {
                true => Finding::ok("GET and multiget give the same card"),
                false => Finding::note("GET and multiget give the card in different words")
                    .means("that of multiget is compared"),
            });
        }
        Ok(true)
    }

    async fn multiget(
        &mut self,
        info: &BookInfo,
        hrefs: Vec<Href>,
    ) -> Result<Result<Answer<Vec<Fetched>>, String>, End> {
        let shelf = Shelf::new(info, &Quirks::default());
        let make = |book| shelf.multiget(book, hrefs.clone(), None);
        let asked = self.ask("a multiget", &info.location, make).await?;
        Ok(asked.map_err(|error| self.mask.error(&error)))
    }
}

/// The text of a card that came, however well.
fn text(what: &What) -> Option<&[u8]> {
    match what {
        What::Card(text) | What::Converted(text) | What::Damaged(text) => Some(text),
        What::Missing | What::Moved(_) | What::Refused(_) | What::NoData => None,
    }
}

/// `, as vCard 3.0`.
fn version(card: &Fetched) -> String {
    let Some(text) = text(&card.what) else { return String::new() };
    let version = match Card::parse(text).stated_version() {
        Some(Version::V21) => "vCard 2.1",
        Some(Version::V30) => "vCard 3.0",
        Some(Version::V40) => "vCard 4.0",
        None => "cards without a version of vCard",
    };
    format!(", as {version}")
}

/// How a version differs from that of the listing, if it does.
pub(super) fn differs(listed: Option<&ETag>, other: Option<&ETag>) -> Option<&'static str> {
    match (listed, other) {
        (Some(listed), Some(other)) if listed == other => None,
        (Some(listed), Some(other)) if listed.same_version(other) => {
            Some("is spelled otherwise (W/ or -gzip), and names the same")
        }
        (Some(_), Some(_)) => Some("is not that of the listing"),
        (Some(_), None) => Some("is missing"),
        (None, Some(_)) => Some("is there, and missing in the listing"),
        (None, None) => Some("is missing, as in the listing"),
    }
}
