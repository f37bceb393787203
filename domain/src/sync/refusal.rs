//! What a server means by refusing a write, and what becomes of the contact.

use crate::dav::{Condition, DavError, Href};

/// What was asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// A PUT under If-None-Match.
    Create,
    /// A PUT under If-Match.
    Update,
    /// A DELETE under If-Match.
    Delete,
}

/// What a refused write means, by what is done next. The condition element counts before the status:
/// servers use 403, 409 and 412 for nearly everything (Q97, Q98, Q103, Q105).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The card there is not what it was, or there is one where none should be: look, plan again.
    Changed,
    /// A name that cannot be had (Q110), or a book that is not there any more (Q116): look, send it under
    /// another name, and with the next run.
    NoPlace,
    /// Another card of the book has this UID; where, if the server said so.
    UidTaken(Option<Href>),
    /// Nothing may be written to this book: stop sending, keep every edit.
    ReadOnly,
    /// Not this version of vCard: send 3.0, once (Q101).
    WrongVersion,
    /// Not this card as it is: set it aside until it is edited.
    Card,
    /// Not now (quota, a lock, a fault of the server): the next run tries again.
    Later,
    /// A bare 403: this card, or the whole book, where nothing was taken and several are refused so.
    Forbidden,
}

/// What the refusal of a write means.
pub fn refusal(error: &DavError, write: Write) -> Refusal {
    match error {
        DavError::NotFound => match write {
            // Nextcloud's shares answer so to whoever may only read (Q16).
            Write::Create => Refusal::ReadOnly,
            Write::Update | Write::Delete => Refusal::Changed,
        },
        DavError::Refused { status, condition, words } => condition
            .as_ref()
            .and_then(by_condition)
            .unwrap_or_else(|| by_status(*status, write, words.as_deref().unwrap_or_default())),
        _ => Refusal::Later,
    }
}

/// Whether a server that answers so has certainly done nothing. One that fails by itself may have stored
/// the card before, and what has met another version may be what had arrived: both have to be looked at.
pub fn is_undone(error: &DavError) -> bool {
    match error {
        DavError::NotFound => true,
        DavError::Busy { status, .. } => *status < 500,
        DavError::Refused { status: 409 | 412, condition, .. } => {
            condition.as_ref().and_then(by_condition).is_some()
        }
        DavError::Refused { status: 408, .. } => false,
        DavError::Refused { status, .. } => (400..500).contains(status) || *status == 507,
        _ => false,
    }
}

fn by_condition(condition: &Condition) -> Option<Refusal> {
    Some(match condition {
        Condition::NoUidConflict(href) => Refusal::UidTaken(href.clone()),
        Condition::ValidAddressData | Condition::MaxResourceSize => Refusal::Card,
        Condition::SupportedAddressData => Refusal::WrongVersion,
        Condition::NeedPrivileges => Refusal::ReadOnly,
        Condition::Quota => Refusal::Later,
        _ => return None,
    })
}

fn by_status(status: u16, write: Write, words: &str) -> Refusal {
    let words = words.to_lowercase();
    // Nextcloud tells a duplicate by a sentence (Q98).
    let about_uid = words.contains("uid") && (words.contains("exist") || words.contains("already"));
    match (status, write) {
        (400 | 403 | 409, Write::Create) if about_uid => Refusal::UidTaken(None),
        // "VCARD parse error" is iCloud's for a version it does not take, among others (Q101).
        (403, Write::Create | Write::Update) if words.contains("parse") => Refusal::WrongVersion,
        (403, _) => Refusal::Forbidden,
        (405, _) => Refusal::ReadOnly,
        // Also RustiCal's word for If-None-Match.
        (409, Write::Create) => Refusal::NoPlace,
        // Of a card that is there: a book that went (RFC 4918 9.7.1), or the card is not wanted.
        (409 | 412, _) => Refusal::Changed,
        (415, _) => Refusal::WrongVersion,
        (400 | 413 | 422, _) => Refusal::Card,
        _ => Refusal::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Write::{Create, Delete, Update};

    #[test]
    fn the_condition_counts_before_the_status() {
        let href = || Href::new("/b/three.vcf");
        let refused = |status, condition, words: &str| DavError::Refused {
            status,
            condition,
            words: Some(words.to_owned()),
        };
        let cases = [
            // Q98: Nextcloud, Cyrus, Radicale, Zimbra and Stalwart.
            (
                refused(400, None, "VCard object with uid already exists"),
                Create,
                Refusal::UidTaken(None),
            ),
            (
                refused(403, Some(Condition::NoUidConflict(Some(href()))), ""),
                Create,
                Refusal::UidTaken(Some(href())),
            ),
            (
                refused(409, Some(Condition::NoUidConflict(None)), ""),
                Create,
                Refusal::UidTaken(None),
            ),
            (
                refused(412, Some(Condition::NoUidConflict(None)), ""),
                Create,
                Refusal::UidTaken(None),
            ),
            // Q103: Radicale, Cyrus, Xandikos, sabre, iCloud, Google.
            (refused(400, None, "bad"), Create, Refusal::Card),
            (refused(403, Some(Condition::ValidAddressData), ""), Update, Refusal::Card),
            (refused(412, Some(Condition::ValidAddressData), ""), Create, Refusal::Card),
            (refused(415, None, ""), Update, Refusal::WrongVersion),
            (refused(403, None, "VCARD parse error"), Create, Refusal::WrongVersion),
            (refused(400, None, "Request contains an invalid argument."), Create, Refusal::Card),
            // Q105.
            (refused(403, Some(Condition::MaxResourceSize), ""), Create, Refusal::Card),
            (refused(413, None, ""), Update, Refusal::Card),
            (refused(507, None, ""), Create, Refusal::Later),
            (refused(403, Some(Condition::Quota), ""), Create, Refusal::Later),
            // Q16, Q117.
            (refused(403, Some(Condition::NeedPrivileges), ""), Update, Refusal::ReadOnly),
            (refused(405, None, ""), Delete, Refusal::ReadOnly),
            (DavError::NotFound, Create, Refusal::ReadOnly),
            (DavError::NotFound, Update, Refusal::Changed),
            (refused(403, None, ""), Delete, Refusal::Forbidden),
            (refused(412, None, ""), Update, Refusal::Changed),
            // Q110, Q116.
            (refused(409, None, ""), Create, Refusal::NoPlace),
            (refused(409, None, ""), Update, Refusal::Changed),
            (refused(409, None, ""), Delete, Refusal::Changed),
            (refused(423, None, ""), Delete, Refusal::Later),
            (refused(500, None, ""), Create, Refusal::Later),
        ];
        for (error, write, expected) in cases {
            assert_eq!(refusal(&error, write), expected, "{error:?} {write:?}");
        }
    }

    #[test]
    fn only_what_is_certain_counts_as_not_done() {
        let refused = |status, condition| DavError::Refused { status, condition, words: None };
        let busy = |status| DavError::Busy { status, retry_after: None };
        let cases = [
            (DavError::NotFound, true),
            (refused(400, None), true),
            (refused(403, None), true),
            (refused(413, None), true),
            (refused(423, None), true),
            (refused(507, None), true),
            (busy(429), true),
            (refused(412, Some(Condition::ValidAddressData)), true),
            (refused(409, Some(Condition::NoUidConflict(None))), true),
            (refused(412, None), false),
            (refused(409, None), false),
            (refused(408, None), false),
            (refused(500, None), false),
            (refused(504, None), false),
            (busy(503), false),
            (DavError::NotDav { what: String::new() }, false),
        ];
        for (error, undone) in cases {
            assert_eq!(is_undone(&error), undone, "{error:?}");
        }
    }
}
