//! The write test: one card of our own is put, changed, refused what must be refused, and removed.
//!
//! It shows what a server does to cards, and whether it looks at preconditions. The writes are those of
//! a sync: none is without a precondition. Whatever happens, the card is removed again.

mod card;
mod look;
mod steps;
mod sweep;

use std::collections::HashSet;

use contactcmd_domain::dav::{Access, BookInfo, Href, HrefKey, Quirks};
use contactcmd_ports::Open;

use super::report::{About, Finding};
use super::{Doctor, End, Seen, open};
use crate::ui::prompt;
pub(super) use card::{PREFIX, TITLE};

/// A test under way.
struct Trial<'d, 'a, 'w> {
    doctor: &'d mut Doctor<'a, 'w>,
    info: &'d BookInfo,
    /// Stands in every card of this test, and in no other card.
    mark: String,
    /// What was in the book before.
    before: HashSet<HrefKey>,
    /// Where a card of ours is, or may be.
    places: Vec<Href>,
    /// Whether a card of ours was taken, and nothing of it was seen since: it may turn up.
    unseen: bool,
    quirks: &'d mut Quirks,
}

impl Doctor<'_, '_> {
    /// Tries writing to a book; what is learnt goes into the quirks of `seen`.
    pub(super) async fn write_test(&mut self, seen: &mut Seen) -> Result<(), End> {
        self.notes.about(About::WriteTest);
        if let Some(why) = why_not(seen) {
            self.notes.tell(Finding::note(format!("not tried: {why}")));
            return Ok(());
        }
        // The question is not part of the report: it names the book.
        let question =
            format!("Write a card called `{TITLE}` to {} and remove it again?", seen.info.name);
        if !self.args.yes && prompt::confirm(&self.world.ui, &question)? != Some(true) {
            self.notes.tell(Finding::note("not tried: it was not wanted"));
            return Ok(());
        }
        // A sync of this machine must not see the card.
        let _lock = open(self.world, self.global, Open::Write)?;
        let mark = card::mark((self.world.random)());
        let first = card::place(&seen.info.location.href, &mark);
        let mut trial = Trial {
            doctor: self,
            info: &seen.info,
            mark,
            before: seen.listing.cards().iter().map(|card| card.href.key()).collect(),
            places: vec![first],
            unseen: false,
            quirks: &mut seen.quirks,
        };
        let tried = trial.run().await;
        trial.clean_up().await;
        tried
    }
}

/// Why a book is not written to.
fn why_not(seen: &Seen) -> Option<&'static str> {
    let cards = seen.listing.cards();
    if seen.info.access == Access::ReadOnly {
        return Some("the book is read only");
    }
    let nameless = !cards.is_empty() && cards.iter().all(|card| card.etag.is_none());
    nameless.then_some("the server gives no versions, so the card could not be removed safely")
}
