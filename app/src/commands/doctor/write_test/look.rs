//! Looking at the card of the test: nothing here is broken off by Ctrl-C, since a card of ours may be
//! out there.

use std::time::Duration;

use contactcmd_domain::dav::{
    ETag, Fetched, FullListing, GetCard, Href, ListCards, Listed, Location, Multiget, Operation,
    What,
};

use super::Trial;
use super::card::is_marked;
use crate::remote::WriteError;

/// How often a card that was accepted is looked for: some servers show it late (Q115).
const LOOKS: u32 = 3;
/// So many cards of others, that came meanwhile, are looked at in search of ours.
pub(super) const STRANGERS: usize = 30;

/// A card as the server gives it.
pub(super) struct Found {
    /// Where it is.
    pub(super) href: Href,
    /// Its version.
    pub(super) etag: Option<ETag>,
    /// Its text.
    pub(super) text: Vec<u8>,
}

/// What there is at a place.
pub(super) enum Served {
    Card(Found),
    Missing,
    /// No answer, or none that says anything.
    Unclear,
}

impl Trial<'_, '_, '_> {
    /// The card of the test, wherever it is.
    pub(super) async fn find(&mut self) -> Option<Found> {
        for round in 0..LOOKS {
            if round > 0 {
                self.pause(round);
            }
            for href in self.places.clone().iter().rev() {
                if let Some(found) = self.ours_at(href).await {
                    return Some(found);
                }
            }
            let Some(listing) = self.list().await else { continue };
            for href in self.strangers(&listing).into_iter().take(STRANGERS) {
                if let Some(found) = self.ours_at(&href).await {
                    return Some(found);
                }
            }
        }
        None
    }

    async fn ours_at(&mut self, href: &Href) -> Option<Found> {
        match self.served(href).await {
            Served::Card(found) if is_marked(&found.text, &self.mark) => {
                self.note_place(&found.href);
                self.unseen = false;
                Some(found)
            }
            _ => None,
        }
    }

    /// Remembers where a card of ours is.
    pub(super) fn note_place(&mut self, href: &Href) {
        if self.places.iter().all(|known| known.key() != href.key()) {
            self.places.push(href.clone());
        }
    }

    /// Cards that came since the test began, where they are not known to be ours.
    pub(super) fn strangers(&self, listing: &FullListing) -> Vec<Href> {
        let is_new = |card: &&Listed| {
            let key = card.href.key();
            !self.before.contains(&key) && self.places.iter().all(|known| known.key() != key)
        };
        listing.cards().iter().filter(is_new).map(|card| card.href.clone()).collect()
    }

    /// What is at this place: by multiget, whose versions are those that are sent back, else by GET.
    pub(super) async fn served(&self, href: &Href) -> Served {
        let multiget = |book: &Location| Multiget {
            book: book.clone(),
            hrefs: vec![href.clone()],
            depth_one: false,
            version: None,
            checked: false,
        };
        let place = &self.info.location.href;
        let cards = self.read(place, multiget).await.unwrap_or_default();
        let mut found = cards.into_iter().next();
        match &found {
            Some(Fetched { etag: Some(_), what: What::Card(_), .. }) => {}
            Some(Fetched { what: What::Missing, .. }) => return Served::Missing,
            _ => {
                let get = |book: &Location| GetCard {
                    book: book.clone(),
                    href: href.clone(),
                    version: None,
                    stored: None,
                };
                if let Ok(card) = self.read(href, get).await {
                    found = Some(card);
                }
            }
        }
        match found {
            Some(Fetched { href, etag, what: What::Card(text) }) => {
                Served::Card(Found { href, etag, text })
            }
            Some(Fetched { what: What::Missing, .. }) => Served::Missing,
            _ => Served::Unclear,
        }
    }

    /// The names of all cards; `None` when they cannot be had.
    pub(super) async fn list(&self) -> Option<FullListing> {
        let place = &self.info.location.href;
        self.read(place, |book: &Location| ListCards { book: book.clone() }).await.ok()
    }

    /// Waits, longer each time.
    pub(super) fn pause(&self, round: u32) {
        (self.doctor.world.pause)(Duration::from_secs(1 << round.min(3)));
    }

    /// Reads as if it were a write, which Ctrl-C does not break off.
    async fn read<O: Operation>(
        &self,
        at: &Href,
        make: impl Fn(&Location) -> O,
    ) -> Result<O::Reply, WriteError> {
        self.doctor.remote.write(&self.info.location, at, |book| Ok(make(book))).await
    }
}
