//! What changed in a book since a token (RFC 6578).

use http::{Request, Response};

use super::names::{Property, Space};
use super::request::{Depth, element, prop, report, text_element};
use super::row::{Asked, Row};
use super::{Condition, DavError, Href, Listed, Location, Operation, SyncToken, multistatus};

/// A `sync-collection` REPORT. Never with `DAV:limit`: four servers lose changes over it (Q60, Q61).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncCollection {
    /// The book.
    pub book: Location,
    /// The state to start from; `None` asks for everything that is there, which Google refuses (Q52).
    pub token: Option<SyncToken>,
    /// Send `Depth: 1` in place of the 0 of RFC 6578 3.2, for Google (Q53).
    pub depth_one: bool,
}

/// One page of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncPage {
    /// Cards that are new or changed, or said to be. Without an ETag: fetch, and then see.
    pub changed: Vec<Listed>,
    /// Cards with an explicit 404 or 410, among them some that were never known here (Q63).
    pub gone: Vec<Href>,
    /// The state after this page.
    pub token: SyncToken,
    /// There is more: ask again from `token` (RFC 6578 3.6).
    pub truncated: bool,
}

impl Operation for SyncCollection {
    type Reply = SyncPage;

    fn request(&self) -> Request<Vec<u8>> {
        let token = self.token.as_ref().map_or("", |token| token.0.as_str());
        let root = element(
            Space::Dav,
            "sync-collection",
            vec![
                text_element(Space::Dav, "sync-token", token),
                text_element(Space::Dav, "sync-level", "1"),
                // address-data is refused, left out or slow here (Q71).
                prop(&[Property::ETag, Property::ContentType]),
            ],
        );
        report(&self.book, Depth::one_if(self.depth_one), root)
    }

    /// The page.
    ///
    /// # Errors
    ///
    /// Ask [`SyncCollection::means_stale_token`] (if a token was sent), then
    /// [`SyncCollection::means_unsupported`]; both lead to a listing by
    /// [`ListCards`](super::ListCards). Everything else is as for any operation.
    fn reply(&self, response: &Response<Vec<u8>>) -> Result<SyncPage, DavError> {
        let (mut changed, mut gone, mut truncated) = (Vec::new(), Vec::new(), false);
        let mut unreadable = false;
        let asked = Asked::of(&self.book);
        let summary = multistatus::read(response, &mut |row| match said(&row, &asked) {
            Said::Changed(listed) => changed.push(listed),
            Said::Gone(href) => gone.push(href),
            Said::Truncated => truncated = true,
            Said::Unreadable => unreadable = true,
            Said::Nothing => {}
        })?;
        match summary.token {
            // With the token the change would be lost for good.
            Some(_) if unreadable => Err(unusable("the report names a change without an href")),
            Some(token) => Ok(SyncPage { changed, gone, token, truncated }),
            // The answer of a server that does not know the report and sends what it has (Calypso).
            None => Err(unusable("the report carries no sync token")),
        }
    }
}

impl SyncCollection {
    /// Whether `error`, in answer to a report with a token, may mean that the token is no longer
    /// good: drop it and list everything, once.
    ///
    /// Servers say it with any of 400 (Google), 403, 409, 410, 412 (Xandikos), 422, 500 and 507
    /// (Q54). A 404 is counted too: if the book is gone, the listing will say so.
    pub fn means_stale_token(error: &DavError) -> bool {
        match error {
            DavError::NotFound => true,
            DavError::Refused { condition: Some(Condition::ValidSyncToken), .. } => true,
            DavError::Refused { status, condition, .. } => {
                let other_reason = matches!(
                    condition,
                    Some(Condition::SupportedReport | Condition::NeedPrivileges)
                );
                matches!(status, 400 | 403 | 409 | 410 | 412 | 422 | 500 | 507) && !other_reason
            }
            _ => false,
        }
    }

    /// Whether `error` means that the server cannot do this report for this book (Q51): list
    /// everything, and remember it for the book.
    ///
    /// A 400 counts, so ask [`SyncCollection::means_stale_token`] first when a token was sent. A 207
    /// without a token (Calypso) counts.
    pub fn means_unsupported(error: &DavError) -> bool {
        match error {
            DavError::Refused { condition: Some(Condition::SupportedReport), .. } => true,
            DavError::Refused { status, .. } => matches!(status, 400 | 405 | 415 | 501),
            _ => false,
        }
    }
}

/// What one row of a report says.
enum Said {
    Changed(Listed),
    Gone(Href),
    Truncated,
    Nothing,
    Unreadable,
}

fn said(row: &Row, asked: &Asked<'_>) -> Said {
    if row.status == Some(507) {
        return Said::Truncated;
    }
    let Some(href) = row.path(asked) else { return Said::Unreadable };
    // The book itself is named by iCloud, Stalwart, CCS, and by Nextcloud after a rename; only a 507
    // there means anything (Q62).
    if asked.is_at(&href) || (row.is_no_card() && !row.is_gone()) {
        return Said::Nothing;
    }
    if row.is_gone() {
        return Said::Gone(href);
    }
    // CCS lists sub-collections that may not be read.
    if row.failure().is_some() && href.as_str().ends_with('/') {
        return Said::Nothing;
    }
    // A row with nothing but its href is a change (Xandikos), and so is one whose properties were
    // all refused: with a 404 or 418 and no status of its own the fetch will tell (Q40, Q42).
    Said::Changed(Listed { etag: row.etag(), href })
}

/// An answer that looks like a report and must not be taken for one, least of all for "no changes".
fn unusable(why: &str) -> DavError {
    DavError::Refused {
        status: 207,
        condition: Some(Condition::SupportedReport),
        words: Some(why.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ETag;
    use super::super::shapes::{at, rows, shape};
    use super::*;

    fn sync(book: &str, response: &Response<Vec<u8>>) -> Result<SyncPage, DavError> {
        SyncCollection { book: at(book), token: None, depth_one: false }.reply(response)
    }

    #[test]
    fn a_token_is_sent_back_as_it_came() {
        let token = Some(SyncToken("data:,1&2<3".into()));
        let request = SyncCollection { book: at("/b/"), token, depth_one: true }.request();
        assert_eq!(request.method(), "REPORT");
        assert_eq!(request.headers()["depth"], "1");
        let body = std::str::from_utf8(request.body()).unwrap();
        assert!(body.contains("<D:sync-token>data:,1&amp;2&lt;3</D:sync-token>"), "{body}");
        assert!(body.contains("<D:sync-level>1</D:sync-level><D:prop><D:getetag />"), "{body}");
        assert!(!body.contains("limit") && !body.contains("address-data"));
        let first = SyncCollection { book: at("/b/"), token: None, depth_one: false }.request();
        assert_eq!(first.headers()["depth"], "0");
        let body = std::str::from_utf8(first.body()).unwrap();
        assert!(
            body.contains("<D:sync-token />") || body.contains("<D:sync-token></D:sync-token>")
        );
    }

    type Expected<'a> = (&'a [(&'a str, Option<&'a str>)], &'a [&'a str], &'a str, bool);

    #[test]
    fn every_server_reports_in_its_own_way() {
        let cases: [(&str, &str, Expected<'_>); 10] = [
            // Q63: deletions from before.
            (
                "/alice/contacts/",
                "radicale/sync-first",
                (
                    &[("one.vcf", Some("\"e1\""))],
                    &["long-gone.vcf"],
                    "http://radicale.org/ns/sync/9f2c",
                    false,
                ),
            ),
            // Q40: an href and nothing else is a change.
            (
                "/alice/contacts/addressbook/",
                "xandikos/sync",
                (
                    &[
                        ("one.vcf", Some("\"3f786850e387550fdab836ed7e6dc881de23001b\"")),
                        ("two.vcf", None),
                    ],
                    &["three.vcf"],
                    "b6f5b660b30473c6974420e084d705c23979d742",
                    false,
                ),
            ),
            // Q57: a page.
            (
                "/dav/addressbooks/user/alice/Default/",
                "cyrus/sync-page",
                (&[("one.vcf", Some("\"1795367764-1\""))], &[], "data:,1795367764-1-0", true),
            ),
            (
                "/remote.php/dav/addressbooks/users/ada/contacts/",
                "nextcloud/sync-page",
                (&[("one.vcf", Some("\"aa\""))], &[], "http://sabre.io/ns/sync/init_2500_12", true),
            ),
            // Q42: 418 beside 404, and 418 alone, which only a fetch can tell; Q62: the book itself.
            (
                "/remote.php/dav/addressbooks/users/ada/contacts/",
                "nextcloud/tombstones",
                (&[("doubtful.vcf", None)], &["gone.vcf"], "http://sabre.io/ns/sync/13", false),
            ),
            // Q43: only a token.
            (
                "/caldav.php/alice/addresses/",
                "davical/nothing-changed",
                (&[], &[], "data:,4", false),
            ),
            // Q40, Q73: a status beside propstats, a distribution list.
            (
                "/SOGo/dav/alice/Contacts/personal/",
                "sogo/sync",
                (&[("one.vcf", Some("\"gcs00000000\""))], &["two.vcf"], "1795368047", false),
            ),
            // Q64: everything twice.
            (
                "/carddav/principal/alice/contacts/",
                "rustical/sync",
                (
                    &[("one.vcf", Some("\"x\"")), ("one.vcf", Some("\"y\""))],
                    &["two.vcf", "two.vcf"],
                    "github.com/lennart-k/rustical/ns/0",
                    false,
                ),
            ),
            // Q58, Q62: the book twice, once with 507, and a token that means "now".
            (
                "/dav/card/alice/default/",
                "stalwart/sync-first-cut",
                (&[("one.vcf", Some("\"562198597\""))], &[], "urn:stalwart:davsync:d", true),
            ),
            (
                "/dav/card/alice/default/",
                "stalwart/sync-nothing",
                (&[], &[], "urn:stalwart:davsync:d", false),
            ),
        ];
        for (book, name, (changed, gone, token, truncated)) in cases {
            let href = |file: &str| Href::new(format!("{book}{file}"));
            let changed = changed
                .iter()
                .map(|(file, etag)| Listed { href: href(file), etag: etag.and_then(ETag::new) });
            let expected = SyncPage {
                changed: changed.collect(),
                gone: gone.iter().map(|file| href(file)).collect(),
                token: SyncToken(token.to_owned()),
                truncated,
            };
            assert_eq!(sync(book, &shape(name)), Ok(expected), "{name}");
        }
    }

    #[test]
    fn odd_rows_are_neither_lost_nor_taken_for_deletions() {
        let row = |href: &str, inside: &str| {
            let text = format!(
                "<D:response><D:href>{href}</D:href>{inside}</D:response><D:sync-token>t</D:sync-token>"
            );
            let page = sync("/b/", &rows(&text)).unwrap();
            (page.changed.len(), page.gone.len(), page.truncated)
        };
        let status = |code: u16| format!("<D:status>HTTP/1.1 {code} x</D:status>");
        assert_eq!(row("/b/1", &status(410)), (0, 1, false));
        assert_eq!(row("/b/1", &status(403)), (1, 0, false), "the fetch will say what it is");
        assert_eq!(row("/b/sub/", &status(403)), (0, 0, false), "CCS's unreadable folders");
        assert_eq!(row("/b", &status(404)), (0, 0, false), "the book's own 404 deletes nothing");
        assert_eq!(row("/B/", &status(507)), (0, 0, true));
        assert_eq!(row("/elsewhere/", &status(507)), (0, 0, true));
        let nameless = sync("/b/", &rows("<D:response/><D:sync-token>t</D:sync-token>"));
        assert!(SyncCollection::means_unsupported(&nameless.unwrap_err()), "a change is not lost");
    }

    #[test]
    fn errors_lead_to_the_right_fallback() {
        // error, stale token, unsupported
        let cases = [
            ("radicale/stale-token", true, false),
            ("xandikos/stale-token", true, false),
            ("cyrus/stale-token", true, false),
            ("google/empty-token", true, true),
            ("zimbra/sync-unsupported", false, true),
            ("sabre-1.8/sync-unsupported", false, true),
            ("nextcloud/recent-unsupported", false, true),
            ("sogo/unknown-report", false, true),
            ("calypso/sync-without-token", false, true),
            ("calypso/nothing", false, true),
            ("rustical/panicked", true, false),
            ("nextcloud/two-factor", false, false),
            ("nextcloud/throttled", false, false),
            ("owncloud/maintenance", false, false),
            ("google/quota", false, false),
            ("zoho/login", false, false),
        ];
        for (name, stale, unsupported) in cases {
            let error = sync("/b/", &shape(name)).unwrap_err();
            assert_eq!(SyncCollection::means_stale_token(&error), stale, "{name}: {error:?}");
            assert_eq!(SyncCollection::means_unsupported(&error), unsupported, "{name}: {error:?}");
        }
    }

    #[test]
    fn a_stale_token_has_many_statuses() {
        // Q54.
        let answer = |status: u16| Response::builder().status(status).body(Vec::new()).unwrap();
        for (status, stale) in [
            (400, true),
            (401, false),
            (403, true),
            (404, true),
            (405, false),
            (409, true),
            (410, true),
            (412, true),
            (415, false),
            (422, true),
            (429, false),
            (500, true),
            (501, false),
            (502, false),
            (503, false),
            (507, true),
        ] {
            let error = sync("/b/", &answer(status)).unwrap_err();
            assert_eq!(SyncCollection::means_stale_token(&error), stale, "{status}");
        }
    }
}
