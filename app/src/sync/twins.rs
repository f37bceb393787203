//! Two cards of one UID in one book.

use contactcmd_domain::contact::ContactId;
use contactcmd_domain::dav::{Href, What};
use contactcmd_domain::sync::plan::{Match, plan_card};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::Card;

use super::pages::Pages;
use crate::Failure;
use crate::remote::{Shelf, fetch_each};

impl Pages<'_, '_, '_> {
    /// Where a card of this book with the same UID is, as far as is known here.
    pub(super) fn twin_of(&self, card: &Card) -> Result<Option<Href>, Failure> {
        let uid = card.uid().map(|uid| uid.key()).filter(|uid| !uid.0.is_empty());
        let Some(uid) = uid.filter(|_| self.any_known) else { return Ok(None) };
        let repo = self.store.read();
        let ids: Vec<ContactId> = repo.by_uid(&uid)?.iter().map(|contact| contact.id).collect();
        let places = repo.external_ids(&ids)?;
        let here = places.into_iter().map(|(_, place)| place.href);
        Ok(here.into_iter().find(|href| href.is_below(&self.book.info.location.href)))
    }

    /// A new card with the UID of a known one is the known one, moved, if that is gone; else servers
    /// that allow it have two cards of one UID, and both are kept (Q99).
    pub(super) async fn tell_twins_apart(&mut self) -> Result<(), Failure> {
        for (remote, href) in std::mem::take(&mut self.twins) {
            let mut is_gone = false;
            let shelf = Shelf::of(self.book);
            fetch_each(self.remote, shelf, vec![href.clone()], async |cards| {
                is_gone = cards.iter().any(|card| card.what == What::Missing);
                Ok::<(), Failure>(())
            })
            .await?;
            let linked = self.store.read().linked_at(self.book.id, &[href.key()])?;
            let mut tie = None;
            let found = match linked.first() {
                Some(linked) if is_gone => {
                    self.moved.insert(linked.contact.id);
                    let link =
                        Link { href: remote.href.clone(), etag: None, ..linked.link.clone() };
                    tie = Some((linked.contact.id, link));
                    Match::Linked(linked)
                }
                _ => Match::Nobody,
            };
            let key = remote.href.key();
            let action = plan_card(remote, found, self.options.choice);
            self.tie(&action, tie);
            self.carry_out(vec![action], vec![key]).await?;
            self.telling.bar.stored(1);
        }
        Ok(())
    }
}
