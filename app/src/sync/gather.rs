//! Asking the server what there is, by the cheapest safe way.

use contactcmd_domain::dav::{
    CTag, DavError, Delta, FullListing, ListCards, Location, NextPage, Quirks, ReadBook,
    SyncCollection, SyncToken,
};
use contactcmd_domain::sync::gather::{Because, Memory, Way, way};
use contactcmd_ports::Book;

use crate::remote::{Answer, Remote, RemoteError};

/// At most this many pages of one report: 2,500 cards each on Nextcloud.
const MAX_PAGES: usize = 1000;

/// What the server said.
pub(super) struct Gathered {
    /// What there is, or what changed.
    pub(super) news: News,
    /// Why everything was compared, if it was.
    pub(super) because: Option<Because>,
    /// Where the next run continues.
    pub(super) token: Option<SyncToken>,
    /// The ctag, where there is no token.
    pub(super) ctag: Option<CTag>,
    /// What was learned of the server.
    pub(super) quirks: Quirks,
}

/// See [`Gathered::news`].
pub(super) enum News {
    /// Nothing happened.
    Nothing,
    /// What happened since the last run. A first report is one as well: it deletes nothing.
    Delta(Delta),
    /// Everything, and the report that came before it: what either names is there.
    Full(FullListing, Option<Delta>),
}

/// How the server was asked so far.
struct Asking<'r, 'w> {
    remote: &'r Remote<'w>,
    book: &'r Location,
    quirks: Quirks,
    nothing_known: bool,
    /// Whether this server has given a token before.
    worked_before: bool,
}

/// What a report from a token came to.
enum Report {
    Is(Delta),
    Stale,
    Stuck,
    Unsupported,
}

/// Asks what changed in `book`. Where nothing is known of it yet, nothing can be missing, and a first
/// report is as good as a listing.
pub(super) async fn gather(
    remote: &Remote<'_>,
    book: &Book,
    nothing_known: bool,
    full_asked: bool,
) -> Result<Gathered, RemoteError> {
    let progress = &book.progress;
    let memory = Memory {
        token: progress.sync_token.as_ref(),
        ctag: progress.ctag.as_ref(),
        full_at: progress.full_at,
        quirks: &progress.quirks,
    };
    let now = (remote.world().now)();
    let mut asking = Asking::new(remote, book, nothing_known);
    match way(&memory, now, full_asked) {
        Way::Delta(token) => asking.delta(token).await,
        Way::Ctag(ctag) => asking.by_ctag(ctag).await,
        Way::Full(because) => asking.everything(because).await,
    }
}

/// Asks for everything in `book`, whatever is remembered.
pub(super) async fn everything(
    remote: &Remote<'_>,
    book: &Book,
    because: Because,
) -> Result<Gathered, RemoteError> {
    Asking::new(remote, book, false).everything(because).await
}

impl<'r, 'w> Asking<'r, 'w> {
    fn new(remote: &'r Remote<'w>, book: &'r Book, nothing_known: bool) -> Self {
        let mut quirks = book.progress.quirks.clone();
        if book.info.capabilities.sync_collection == Some(false) {
            quirks.no_sync_collection = true;
        }
        let worked_before = book.progress.sync_token.is_some();
        Self { remote, book: &book.info.location, quirks, nothing_known, worked_before }
    }

    async fn delta(&mut self, token: SyncToken) -> Result<Gathered, RemoteError> {
        match self.report(Some(token)).await? {
            Report::Is(delta) => Ok(self.since_last_time(delta)),
            Report::Stale => self.everything(Because::StaleToken).await,
            Report::Stuck => self.everything(Because::LooksWrong).await,
            // It worked before: SOGo answers 501 to throttle (Q36).
            Report::Unsupported => self.everything(Because::StaleToken).await,
        }
    }

    fn since_last_time(&self, delta: Delta) -> Gathered {
        let token = delta.token().cloned();
        let quiet = delta.changed().next().is_none()
            && delta.gone().next().is_none()
            && delta.doubtful().next().is_none();
        let news = if quiet { News::Nothing } else { News::Delta(delta) };
        Gathered { news, because: None, token, ctag: None, quirks: self.quirks.clone() }
    }

    async fn by_ctag(&mut self, ctag: CTag) -> Result<Gathered, RemoteError> {
        let info = self.here(self.remote.ask(self.book, |book| ReadBook { book }).await?)?;
        if info.ctag.as_ref() == Some(&ctag) {
            return Ok(Gathered {
                news: News::Nothing,
                because: None,
                token: None,
                ctag: Some(ctag),
                quirks: self.quirks.clone(),
            });
        }
        self.everything(Because::CtagChanged).await
    }

    /// Everything. The token (or ctag) is read first, so that what happens in between is told again
    /// next time instead of never (Q52, Q70).
    async fn everything(&mut self, because: Because) -> Result<Gathered, RemoteError> {
        let (token, ctag, report) = self.start().await?;
        let quirks = self.quirks.clone();
        let because = Some(because);
        match report {
            // Nothing is known, so nothing can be missing: the report is as good as a listing,
            // unless it was cut (Q58).
            Some(delta) if self.nothing_known && !delta.was_cut() => {
                Ok(Gathered { news: News::Delta(delta), because, token, ctag, quirks })
            }
            report => {
                let listing = self.remote.ask(self.book, |book| ListCards { book }).await?;
                let listing = self.here(listing)?;
                Ok(Gathered { news: News::Full(listing, report), because, token, ctag, quirks })
            }
        }
    }

    /// The state to continue from next time, by whatever this server has.
    async fn start(
        &mut self,
    ) -> Result<(Option<SyncToken>, Option<CTag>, Option<Delta>), RemoteError> {
        if !self.quirks.no_sync_collection && !self.quirks.no_empty_token {
            match self.report(None).await? {
                Report::Is(delta) => return Ok((delta.token().cloned(), None, Some(delta))),
                Report::Stuck => return Ok((None, None, None)),
                Report::Stale => self.quirks.no_empty_token = true,
                Report::Unsupported => self.quirks.no_sync_collection = !self.worked_before,
            }
        }
        let info = self.here(self.remote.ask(self.book, |book| ReadBook { book }).await?)?;
        let token = info.sync_token.filter(|_| !self.quirks.no_sync_collection);
        if token.is_none() && !self.worked_before {
            self.quirks.no_sync_collection = true;
            self.quirks.no_empty_token = false;
        }
        Ok((token, info.ctag, None))
    }

    async fn report(&self, token: Option<SyncToken>) -> Result<Report, RemoteError> {
        let mut delta = Delta::since(token.clone());
        let mut from = token;
        for _ in 0..MAX_PAGES {
            let answer = self
                .remote
                .ask(self.book, |book| SyncCollection {
                    book,
                    token: from.clone(),
                    depth_one: self.quirks.sync_depth_one,
                })
                .await;
            let page = match answer {
                Ok(answer) => self.here(answer)?,
                Err(error) => return self.refused(error, from.is_some()),
            };
            match delta.add(page) {
                NextPage::Done => return Ok(Report::Is(delta)),
                NextPage::From(next) => from = Some(next),
                NextPage::Stuck => return Ok(Report::Stuck),
            }
        }
        Ok(Report::Stuck)
    }

    /// The reply, if it is about the path that was asked: hrefs below another path are other cards to
    /// us, and all of ours would be gone.
    fn here<T>(&self, answer: Answer<T>) -> Result<T, RemoteError> {
        if answer.at.href.key() == self.book.href.key() {
            return Ok(answer.reply);
        }
        Err(RemoteError::BookMoved { from: self.book.clone(), to: answer.at })
    }

    /// A refused report is a value, not an error: the token is stale, or the server cannot do it.
    fn refused(&self, error: RemoteError, with_token: bool) -> Result<Report, RemoteError> {
        let Some(dav) = error.dav() else { return Err(error) };
        self.remote.world().ui.detail(format!("sync-collection was refused: {dav}"));
        if with_token && SyncCollection::means_stale_token(dav) {
            return Ok(Report::Stale);
        }
        match dav {
            // Google refuses an empty token with a 400 and is fine with its own (Q52).
            DavError::Refused { status: 400, condition: None, .. } if !with_token => {
                Ok(Report::Stale)
            }
            dav if SyncCollection::means_unsupported(dav) => Ok(Report::Unsupported),
            dav if SyncCollection::means_stale_token(dav) => Ok(Report::Stale),
            _ => Err(error),
        }
    }
}
