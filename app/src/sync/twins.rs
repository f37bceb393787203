//! Two cards of one UID in one book.

use contactcmd_domain::dav::{Href, What};
use contactcmd_domain::sync::action::RemoteCard;
use contactcmd_domain::sync::plan::{Match, plan_card};
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_domain::vcard::{Card, same};

use super::pages::Pages;
use crate::Failure;
use crate::remote::{Shelf, fetch_each};

impl Pages<'_, '_, '_> {
    /// Where a card of this book with the same UID is, as far as is known here.
    pub(super) fn twin_of(&self, card: &Card) -> Result<Option<Href>, Failure> {
        let uid = card.uid().map(|uid| uid.key()).filter(|uid| !uid.0.is_empty());
        let Some(uid) = uid.filter(|_| self.any_known) else { return Ok(None) };
        let repo = self.store.read();
        for contact in repo.by_uid(&uid)? {
            if let Some(linked) = repo.linked(contact.id, self.book.id)? {
                return Ok(Some(linked.link.href));
            }
        }
        Ok(None)
    }

    /// A new card with the UID of a known one is the known one, moved, if that is gone; else servers
    /// that allow it have two cards of one UID, and both are kept (Q99).
    pub(super) async fn tell_twins_apart(&mut self) -> Result<(), Failure> {
        for (remote, href) in std::mem::take(&mut self.twins) {
            let is_gone = self.is_gone(&href, &remote).await?;
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

    /// Whether no other card than `new` is at `href`: none at all, or the same one, which has another name
    /// by now and answers to this one as well, as a report tells (Q88).
    async fn is_gone(&self, href: &Href, new: &RemoteCard) -> Result<bool, Failure> {
        let mut found = None;
        let shelf = Shelf::of(self.book);
        fetch_each(self.remote, shelf, vec![href.clone()], async |mut cards| {
            found = cards.pop();
            Ok::<(), Failure>(())
        })
        .await?;
        Ok(match found.map(|card| card.what) {
            Some(What::Missing) => true,
            Some(What::Card(bytes)) if same(&Card::parse(bytes.as_slice()), &new.card) => {
                let told = self.read_back(vec![href.clone()]).await.unwrap_or_default();
                told.iter().any(|card| card.href.key() == new.href.key())
            }
            _ => false,
        })
    }
}
