//! What a book says about itself.

use contactcmd_domain::dav::{Access, BookInfo, ReadBook};
use contactcmd_ports::Book;

use super::report::{About, Finding};
use super::{Doctor, End};

impl Doctor<'_, '_> {
    /// Tells the properties of a book; `None` when it gives none.
    pub(super) async fn properties(&mut self, book: &Book) -> Result<Option<BookInfo>, End> {
        self.notes.about(About::Book);
        let place = &book.info.location;
        let answer = match self.ask("its properties", place, |book| ReadBook { book }).await? {
            Ok(answer) => answer,
            Err(error) => {
                let words = format!("its properties: {}", self.mask.error(&error));
                self.notes.tell(Finding::fail(words));
                return Ok(None);
            }
        };
        self.notes.tell(Finding::ok("it tells its properties").took(answer.elapsed));
        let info = answer.reply;
        for finding in [access(&info), reports(&info), marks(&info), versions(&info), size(&info)] {
            self.notes.tell(finding);
        }
        Ok(Some(info))
    }
}

fn access(info: &BookInfo) -> Finding {
    match info.access {
        Access::ReadWrite => Finding::ok("privileges: read and write"),
        Access::ReadOnly => Finding::note("privileges: read only")
            .means("what is changed here stays here, and is counted"),
        Access::Unknown => Finding::note("privileges are not told")
            .means("it is taken for writable until it refuses a write"),
    }
}

fn reports(info: &BookInfo) -> Finding {
    match info.capabilities.sync_collection {
        Some(true) => Finding::ok("supported reports: sync-collection is among them"),
        Some(false) => Finding::note("supported reports: sync-collection is not among them")
            .means("changes are found by ctag and listings"),
        None => Finding::note("supported reports are not told")
            .means("sync-collection is tried all the same"),
    }
}

/// By what a change can be seen without listing everything.
fn marks(info: &BookInfo) -> Finding {
    match (&info.sync_token, &info.ctag) {
        (Some(_), Some(_)) => Finding::ok("it has a sync token and a ctag"),
        (Some(_), None) => Finding::ok("it has a sync token, and no ctag"),
        (None, Some(_)) => Finding::note("it has a ctag, and no sync token among its properties"),
        (None, None) => {
            Finding::note("it has neither a sync token nor a ctag among its properties")
                .means("without a report that gives one, every sync lists everything")
        }
    }
}

fn versions(info: &BookInfo) -> Finding {
    let versions = &info.capabilities.versions;
    if versions.is_empty() {
        return Finding::note("the versions of vCard are not told").means("3.0 is sent");
    }
    Finding::ok(format!("it takes vCard {}", versions.join(", ")))
}

fn size(info: &BookInfo) -> Finding {
    match info.capabilities.max_resource_size {
        Some(bytes) => Finding::ok(format!("a card may have {bytes} bytes"))
            .means("a contact that is larger with its photo is not sent"),
        None => Finding::ok("no limit to the size of a card is told"),
    }
}
