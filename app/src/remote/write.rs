//! Writing one card: sent once, for whoever repeats a write without looking may write twice.

use contactcmd_domain::dav::{DavError, Href, Location, Operation, Unwritable};
use contactcmd_ports::TransportError;

use super::send::{Kind, Sent};
use super::{MAX_REDIRECTS, Remote, RemoteError};

/// Why a write is not known to have happened.
#[derive(Debug)]
pub enum WriteError {
    /// It was not even sent.
    Unwritable(Unwritable),
    /// The server refused it, and nothing happened.
    Refused(DavError),
    /// No whole answer came: it may have happened or not.
    Unknown(RemoteError),
    /// The server as a whole cannot be written to: the run ends.
    Fatal(RemoteError),
}

impl Remote<'_> {
    /// Sends a write to the card at `href` of `book`: `make` builds it for each place that redirects
    /// lead to, on whatever host, under the same path.
    ///
    /// # Errors
    ///
    /// [`WriteError`], by what is known of the card afterwards.
    pub async fn write<O: Operation>(
        &self,
        book: &Location,
        href: &Href,
        make: impl Fn(&Location) -> Result<O, Unwritable>,
    ) -> Result<O::Reply, WriteError> {
        let mut book = book.clone();
        for _ in 0..=MAX_REDIRECTS {
            let operation = make(&book).map_err(WriteError::Unwritable)?;
            let at = book.with_href(href.clone());
            let Sent { response, .. } =
                self.send(&at, operation.request(), Kind::Write).await.map_err(unsent)?;
            match operation.reply(&response) {
                Ok(reply) => return Ok(reply),
                Err(DavError::Moved { status, location }) => {
                    let to = self.follow(&at, status, &location).map_err(WriteError::Fatal)?;
                    if to.href.key() != href.key() {
                        let moved = RemoteError::BookMoved { from: at, to };
                        return Err(WriteError::Fatal(moved));
                    }
                    book.origin = to.origin;
                }
                Err(error @ DavError::Unauthorized { .. }) => {
                    return Err(WriteError::Fatal(self.refused(at, error)));
                }
                // It was accepted, in words nobody understands.
                Err(error) if response.status().is_success() && is_unclear(&error) => {
                    return Err(WriteError::Unknown(RemoteError::Dav { at, error }));
                }
                Err(error) => return Err(WriteError::Refused(error)),
            }
        }
        let why = format!("there were more than {MAX_REDIRECTS} redirects");
        let to = href.to_string();
        Err(WriteError::Fatal(RemoteError::Redirect { from: book, to, why }))
    }
}

fn is_unclear(error: &DavError) -> bool {
    matches!(
        error,
        DavError::NotDav { .. } | DavError::Malformed { .. } | DavError::TooLarge { .. }
    )
}

fn unsent(error: RemoteError) -> WriteError {
    match error {
        RemoteError::Transport(
            TransportError::Timeout { .. }
            | TransportError::Broken { .. }
            | TransportError::TooLarge { .. },
        ) => WriteError::Unknown(error),
        other => WriteError::Fatal(other),
    }
}
