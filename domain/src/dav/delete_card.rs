//! Deleting one card, never without a precondition.

use http::header::{HeaderValue, IF_MATCH};
use http::{Method, Request, Response};

use super::put_card::{accepted, if_match, in_book};
use super::{DavError, ETag, Href, Location, Operation, Unwritable, request};

/// A DELETE of one card as long as it is at a known version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteCard {
    at: Location,
    etag: HeaderValue,
}

impl DeleteCard {
    /// The deletion of `href`, which is below `book`, at version `etag`.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]: nothing may be sent. A DELETE of the book would be the end of it.
    pub fn new(book: &Location, href: Href, etag: &ETag) -> Result<Self, Unwritable> {
        Ok(Self { at: in_book(book, href)?, etag: if_match(etag)? })
    }

    /// Which card.
    pub fn href(&self) -> &Href {
        &self.at.href
    }
}

/// How a deletion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone now. On Zimbra and SOGo whatever its version was (Q118).
    Now,
    /// It was gone before (404, 410): as good (Q117).
    Before,
}

impl Operation for DeleteCard {
    type Reply = Deleted;

    fn request(&self) -> Request<Vec<u8>> {
        let mut request = request::plain(Method::DELETE, &self.at, Vec::new());
        request.headers_mut().insert(IF_MATCH, self.etag.clone());
        request
    }

    fn reply(&self, response: &Response<Vec<u8>>) -> Result<Deleted, DavError> {
        match accepted(response, &self.at) {
            Ok(_) => Ok(Deleted::Now),
            Err(DavError::NotFound) => Ok(Deleted::Before),
            Err(other) => Err(other),
        }
    }
}
