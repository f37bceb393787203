//! The card of the test: plainly named, with a little of everything that servers are known to change.

use contactcmd_domain::dav::{Capabilities, Href};
use contactcmd_domain::sync::upload::{upload, version};
use contactcmd_domain::vcard::Card;

/// What the contact is called.
pub(in crate::commands::doctor) const TITLE: &str = "contactcmd test, please delete";

/// How its UID and its file name begin.
pub(in crate::commands::doctor) const PREFIX: &str = "contactcmd-test-";

/// A text that no other card has.
pub(super) fn mark(random: [u8; 16]) -> String {
    let [a, b, c, d, e, f, ..] = random;
    format!("{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}")
}

/// Where the card goes; the name is the UID, as Yahoo wants it (Q111).
pub(super) fn place(book: &Href, mark: &str) -> Href {
    Href::new(format!("{}/{PREFIX}{mark}.vcf", book.as_str().trim_end_matches('/')))
}

/// The card, as a sync would send it to this book; `step` tells its versions apart.
pub(super) fn text(mark: &str, step: u32, capabilities: &Capabilities) -> Card {
    let title = TITLE.replace(',', "\\,");
    let lines = [
        "BEGIN:VCARD".to_owned(),
        "VERSION:3.0".to_owned(),
        format!("UID:{PREFIX}{mark}"),
        format!("N:contactcmd test;please delete;{mark};;"),
        format!("FN:{title} {mark}"),
        "ORG:contactcmd".to_owned(),
        format!("EMAIL;TYPE=INTERNET,WORK:step-{step}@contactcmd.invalid"),
        "TEL;TYPE=CELL:+15550100".to_owned(),
        "item1.URL:https://contactcmd.invalid/".to_owned(),
        "item1.X-ABLabel:Test".to_owned(),
        "BDAY:1970-01-31".to_owned(),
        "CATEGORIES:contactcmd test".to_owned(),
        format!("NOTE:step {step}"),
        "X-CONTACTCMD-TEST:kept".to_owned(),
        "END:VCARD".to_owned(),
    ];
    let card = Card::parse(lines.join("\r\n") + "\r\n");
    upload(&card, version(card.version(), None, capabilities), None)
}

/// Whether a text is that of a test, whatever a server did to it.
pub(super) fn is_marked(text: &[u8], mark: &str) -> bool {
    let text = String::from_utf8_lossy(text).replace("\r\n", "\n");
    text.replace("\n ", "").replace("\n\t", "").contains(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_of_the_test_is_known_however_it_is_folded_and_no_other_is() {
        let mark = mark([7; 16]);
        let card = text(&mark, 1, &Capabilities::default());
        let plain = String::from_utf8(card.as_bytes().to_vec()).unwrap();
        let folded = plain.replace("070707", "0707\r\n 07");
        for text in [plain.replace("\r\n", "\n"), plain, folded] {
            assert!(is_marked(text.as_bytes(), &mark), "{text}");
        }
        assert!(!is_marked(text("ffff", 1, &Capabilities::default()).as_bytes(), &mark));
    }
}
