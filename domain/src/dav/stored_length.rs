//! How long a card is as it is stored, whatever is served of it (Q137).

use http::{Request, Response};

use super::names::Property;
use super::probe::only_row;
use super::request::{Depth, propfind};
use super::row::Row;
use super::{DavError, Location, Operation};
use crate::vcard::{Card, Version};

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

/// Whether a card is in vCard 3.0, to which servers convert.
pub fn is_of_version_3(text: &[u8]) -> bool {
    Card::parse(text).stated_version() == Some(Version::V30)
}

/// Whether a text is as long as the card that is stored in so many bytes: as it came, or with the
/// carriage returns that XML takes away.
pub fn is_as_long(text: &[u8], stored: u64) -> bool {
    Ends::Either.fit(text, stored)
}

/// The text of a card as it came, and how long it is as it is stored.
pub(super) fn measured(row: &Row) -> Option<(&[u8], u64)> {
    let stored = row.text(Property::ContentLength)?.parse().ok()?;
    Some((row.value(Property::AddressData)?.text.as_bytes(), stored))
}

/// Whether the lines of the stored cards end in a carriage return that XML took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// They do: another text that only is as long without them is as long by chance.
    Taken,
    Either,
}

impl Ends {
    /// What the cards of one answer tell.
    pub(super) fn of<'a>(mut cards: impl Iterator<Item = (&'a [u8], u64)>) -> Self {
        let is_taken = |(text, stored)| Self::Taken.fit(text, stored) && !is_bare(text, stored);
        if cards.any(is_taken) { Self::Taken } else { Self::Either }
    }

    pub(super) fn fit(self, text: &[u8], stored: u64) -> bool {
        let returns = text.iter().filter(|byte| **byte == b'\r').count();
        let ends = text.iter().filter(|byte| **byte == b'\n').count();
        let whole = text.len() + ends.saturating_sub(returns);
        u64::try_from(whole) == Ok(stored) || (self == Self::Either && is_bare(text, stored))
    }
}

fn is_bare(text: &[u8], stored: u64) -> bool {
    u64::try_from(text.len()) == Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{at, rows};
    use super::super::{Href, Multiget, What};
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

    fn multiget(files: &[&str]) -> Multiget {
        let hrefs = files.iter().map(|file| Href::new(format!("/b/{file}"))).collect();
        Multiget { book: at("/b/"), hrefs, depth_one: false, version: None, checked: true }
    }

    #[test]
    fn what_others_tell_of_line_ends_holds_for_a_text_that_fits_by_chance() {
        let three = "BEGIN:VCARD\nVERSION:3.0\nFN:A\nEND:VCARD\n";
        let row = |name: &str, length: usize| {
            format!(
                "<D:response><D:href>/b/{name}.vcf</D:href><D:propstat><D:prop>\
                 <D:getcontentlength>{length}</D:getcontentlength><C:address-data>{three}</C:address-data>\
                 </D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
            )
        };
        let operation = multiget(&["a.vcf", "b.vcf"]);
        let (bare, whole) = (three.len(), three.len() + 4);
        for (other, is_card) in [(whole, false), (bare, true)] {
            let rows = rows(&format!("{}{}", row("a", bare), row("b", other)));
            let reply = operation.reply(&rows).unwrap();
            assert_eq!(matches!(reply[0].what, What::Card(_)), is_card, "{other}");
        }
    }

    #[test]
    fn a_text_of_another_length_than_the_stored_is_a_conversion() {
        let three = "BEGIN:VCARD\nVERSION:3.0\nFN:A\nEND:VCARD\n";
        let four = three.replace("3.0", "4.0");
        let (bare, whole) = (three.len(), three.len() + 4);
        let converted = |text: &str| What::Converted(text.as_bytes().to_vec());
        let card = |text: &str| What::Card(text.as_bytes().to_vec());
        // (version asked for, text, length of the stored, what it is)
        let cases = [
            (None, three, Some(bare), card(three)),
            (None, three, Some(whole), card(three)),
            (None, three, Some(whole + 70), converted(three)),
            (None, three, None, card(three)),
            (None, &four, Some(whole + 70), card(&four)),
            (Some("4.0"), &four, Some(whole), card(&four)),
            (Some("4.0"), &four, Some(whole - 2), converted(&four)),
            (Some("4.0"), &four, None, converted(&four)),
        ];
        for (version, text, length, expected) in cases {
            let length =
                length.map(|length| format!("<D:getcontentlength>{length}</D:getcontentlength>"));
            let response = rows(&format!(
                "<D:response><D:href>/b/a.vcf</D:href><D:propstat><D:prop>{}\
                 <C:address-data>{text}</C:address-data></D:prop><D:status>HTTP/1.1 200 OK</D:status>\
                 </D:propstat></D:response>",
                length.unwrap_or_default()
            ));
            let mut operation = multiget(&["a.vcf"]);
            operation.version = version.map(str::to_owned);
            let reply = operation.reply(&response).unwrap();
            assert_eq!(reply.first().map(|card| &card.what), Some(&expected), "{version:?} {text}");
        }
    }
}
