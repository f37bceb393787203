//! How long a card is as it is stored, whatever is served of it.

use http::{Request, Response};

use super::names::Property;
use super::probe::only_row;
use super::request::{Depth, propfind};
use super::{DavError, Location, Operation};

/// A PROPFIND of depth 0 for the length of one card; see [`What::Converted`](super::What::Converted).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLength {
    /// The card.
    pub at: Location,
}

impl Operation for StoredLength {
    /// In bytes; `None` when the server does not say.
    type Reply = Option<u64>;

    fn request(&self) -> Request<Vec<u8>> {
        propfind(&self.at, Depth::Zero, &[Property::ContentLength])
    }

    fn reply(&self, response: &Response<Vec<u8>>) -> Result<Option<u64>, DavError> {
        let row = only_row(&self.at, response)?;
        Ok(row.text(Property::ContentLength).and_then(|length| length.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{at, rows};
    use super::*;

    #[test]
    fn the_length_is_what_the_server_says_if_it_does() {
        for (said, length) in [("217", Some(217)), (" 217 ", Some(217)), ("", None), ("many", None)]
        {
            let response = rows(&format!(
                "<D:response><D:href>/b/a.vcf</D:href><D:propstat><D:prop>\
                 <D:getcontentlength>{said}</D:getcontentlength></D:prop>\
                 <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
            ));
            let operation = StoredLength { at: at("/b/a.vcf") };
            assert_eq!(operation.reply(&response).unwrap(), length, "{said}");
        }
    }
}
