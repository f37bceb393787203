//! Removing the card of the test, however the test ended.

use contactcmd_domain::dav::{DeleteCard, Location};

use super::super::report::Finding;
use super::Trial;
use super::card::{TITLE, is_marked};
use super::look::{Found, STRANGERS, Served};

/// How often it is tried.
const ROUNDS: u32 = 5;

impl Trial<'_, '_, '_> {
    /// Removes every card of the test, and looks whether it is gone. Ctrl-C does not keep it from that.
    pub(super) async fn clean_up(&mut self) {
        for round in 1..=ROUNDS {
            if self.sweep().await {
                let words = "the test card is removed: the book is as it was";
                return self.doctor.notes.tell(Finding::ok(words));
            }
            self.pause(round);
        }
        self.doctor.notes.tell(
            Finding::fail("the test card could not be removed, or nobody can tell").means(format!(
                "look for the contact `{TITLE} {}` and delete it by hand",
                self.mark
            )),
        );
    }

    /// Deletes what is found of it; whether there was nothing left to find.
    async fn sweep(&mut self) -> bool {
        let listing = self.list().await;
        let mut clean = listing.is_some();
        let mut places = self.places.clone();
        if let Some(listing) = &listing {
            let strangers = self.strangers(listing);
            clean &= strangers.len() <= STRANGERS;
            places.extend(strangers.into_iter().take(STRANGERS));
        }
        for href in places {
            let is_listed = listing.as_ref().is_some_and(|listing| {
                listing.cards().iter().any(|card| card.href.key() == href.key())
            });
            match self.served(&href).await {
                Served::Card(found) if is_marked(&found.text, &self.mark) => {
                    clean = false;
                    self.unseen = false;
                    self.remove(&found).await;
                }
                // Somebody else's.
                Served::Card(_) => {}
                Served::Missing => clean &= !is_listed,
                Served::Unclear => clean = false,
            }
        }
        clean && !self.unseen
    }

    async fn remove(&self, found: &Found) {
        let Some(etag) = &found.etag else { return };
        let delete = |book: &Location| DeleteCard::new(book, found.href.clone(), etag);
        // Whether it helped is seen in the next round.
        let done = self.doctor.remote.write(&self.info.location, &found.href, delete).await;
        if let Err(error) = done {
            self.doctor.world.ui.detail(format_args!("removing the test card: {error:?}"));
        }
    }
}
