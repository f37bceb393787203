//! What an answer that is no success says: its status, its condition, its words.

use http::Response;
use http::header::{HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use quick_xml::NsReader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};

use super::body::{Kind, decode, one_line, trimmed};
use super::names::Space;
use super::{Condition, DavError, Href};

/// How much of an error body is looked at, in bytes.
const LOOKED_AT: usize = 64 * 1024;

/// The error that `response`, which is no success, stands for.
pub(super) fn of(response: &Response<Vec<u8>>) -> DavError {
    let status = response.status().as_u16();
    let said = Said::of(response.body());
    match status {
        301 | 302 | 303 | 307 | 308 => match header(response, &LOCATION) {
            Some(location) => DavError::Moved { status, location },
            None => DavError::Refused { status, condition: said.condition, words: said.words },
        },
        401 => DavError::Unauthorized { schemes: schemes(response), words: said.words },
        404 | 410 => DavError::NotFound,
        429 | 503 => DavError::Busy { status, retry_after: header(response, &RETRY_AFTER) },
        403 if said.is_quota_of_requests => {
            DavError::Busy { status, retry_after: header(response, &RETRY_AFTER) }
        }
        _ => DavError::Refused { status, condition: said.condition, words: said.words },
    }
}

/// The error that a status inside a 207 stands for.
pub(super) fn of_status(status: u16) -> DavError {
    match status {
        401 => DavError::Unauthorized { schemes: Vec::new(), words: None },
        404 | 410 => DavError::NotFound,
        429 | 503 => DavError::Busy { status, retry_after: None },
        _ => DavError::Refused { status, condition: None, words: None },
    }
}

/// A header as text; `None` when it is absent or not text.
pub(super) fn header(response: &Response<Vec<u8>>, name: &HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    let text = std::str::from_utf8(value.as_bytes()).ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The authentication schemes offered, lower case, in order, from several headers and from several
/// challenges in one (Q18, RFC 9110 11.6.1).
fn schemes(response: &Response<Vec<u8>>) -> Vec<String> {
    let mut schemes = Vec::new();
    for value in response.headers().get_all(WWW_AUTHENTICATE) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for part in outside_quotes(&text) {
            let part = part.trim();
            let end = part.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(part.len());
            let (word, rest) = part.split_at(end);
            // `realm="x"` continues a challenge; `Basic realm="x"` and `Negotiate` start one.
            if word.is_empty() || rest.trim_start().starts_with('=') {
                continue;
            }
            let scheme = word.to_ascii_lowercase();
            if !schemes.contains(&scheme) {
                schemes.push(scheme);
            }
        }
    }
    schemes
}

/// The parts between the commas that are not in quotes.
fn outside_quotes(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// What an error body says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    condition: Option<Condition>,
    words: Option<String>,
    /// Google's way to say "too many requests" with 403 (Q20).
    is_quota_of_requests: bool,
}

impl Said {
    fn of(body: &[u8]) -> Self {
        let text = decode(body.get(..body.len().min(LOOKED_AT)).unwrap_or_default());
        let text = trimmed(&text);
        match Kind::of(text) {
            Kind::Xml => of_xml(text),
            Kind::Json => of_json(text),
            Kind::Html => Self { words: html_title(text), ..Self::default() },
            Kind::Other => {
                let first = text.lines().next().unwrap_or_default();
                Self { words: one_line(first), ..Self::default() }
            }
            Kind::Empty | Kind::Card => Self::default(),
        }
    }
}

/// Reads `<D:error>` as far as it is well-formed.
fn of_xml(text: &str) -> Said {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().allow_dangling_amp = true;
    let mut found = Found::default();
    let mut path: Vec<String> = Vec::new();
    while let Ok((space, event)) = reader.read_resolved_event() {
        match event {
            Event::Start(start) => {
                let space = match space {
                    ResolveResult::Bound(Namespace(uri)) => Space::of(uri),
                    _ => Space::Other,
                };
                let local = start.local_name().as_ref().to_owned();
                if path.len() == 1 {
                    found.condition(space, &local);
                }
                path.push(local);
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Text(text) => found.text(&path, &text),
            Event::CData(text) => found.text(&path, &text),
            Event::GeneralRef(name) => {
                let resolved = unescape(&format!("&{};", name.as_ref()))
                    .map_or_else(|_| " ".to_owned(), std::borrow::Cow::into_owned);
                found.text(&path, &resolved);
            }
            Event::DocType(_) | Event::Eof => break,
            _ => {}
        }
        if path.len() > 32 {
            break;
        }
    }
    found.said()
}

/// What is gathered from an XML body.
#[derive(Default)]
struct Found {
    condition: Option<Condition>,
    href: String,
    hint: String,
    message: String,
    description: String,
    loose: String,
}

impl Found {
    /// A child of the root: the condition, unless it is a server's own element or one that only
    /// carries words.
    fn condition(&mut self, space: Space, local: &str) {
        let own = !matches!(space, Space::Dav | Space::CardDav);
        if self.condition.is_none() && !own && local != "responsedescription" && local != "response"
        {
            self.condition = Some(named(local));
        }
    }

    fn text(&mut self, path: &[String], text: &str) {
        let Some(innermost) = path.last() else { return };
        let target = match innermost.as_str() {
            "hint" => &mut self.hint,
            "message" => &mut self.message,
            "responsedescription" => &mut self.description,
            "href" => &mut self.href,
            // DAViCal and SOGo write their words straight into the root.
            _ if path.len() == 1 => &mut self.loose,
            _ => return,
        };
        target.push_str(text);
    }

    fn said(self) -> Said {
        let condition = match self.condition {
            Some(Condition::NoUidConflict(_)) => {
                let href = self.href.trim();
                Some(Condition::NoUidConflict((!href.is_empty()).then(|| path_of(href))))
            }
            other => other,
        };
        let words = [&self.hint, &self.message, &self.description, &self.loose]
            .into_iter()
            .find_map(|text| one_line(text));
        Said { condition, words, is_quota_of_requests: false }
    }
}

/// The path of an href, which may be a whole URL.
fn path_of(href: &str) -> Href {
    match super::Location::parse(href) {
        Ok(location) => location.href,
        Err(_) => Href::new(href),
    }
}

fn named(local: &str) -> Condition {
    match local {
        "valid-sync-token" => Condition::ValidSyncToken,
        "no-uid-conflict" => Condition::NoUidConflict(None),
        "valid-address-data" => Condition::ValidAddressData,
        "supported-address-data" | "supported-address-data-conversion" => {
            Condition::SupportedAddressData
        }
        "max-resource-size" => Condition::MaxResourceSize,
        "number-of-matches-within-limits" => Condition::NumberOfMatchesWithinLimits,
        "supported-report" => Condition::SupportedReport,
        "need-privileges" => Condition::NeedPrivileges,
        "quota-not-exceeded" | "sufficient-disk-space" => Condition::Quota,
        other => Condition::Other(one_line(other).unwrap_or_default()),
    }
}

/// Reads the few fields that matter; a JSON parser for the rest would be one more dependency.
fn of_json(text: &str) -> Said {
    let fields = ["message", "detail", "error_description", "title", "error"];
    let words = fields.iter().find_map(|field| one_line(&json_text(text, field)?));
    let quota = ["usageLimits", "rateLimitExceeded", "userRateLimitExceeded", "RESOURCE_EXHAUSTED"];
    let is_quota_of_requests = quota.iter().any(|reason| text.contains(&format!("\"{reason}\"")));
    Said { condition: None, words, is_quota_of_requests }
}

/// The text of the first `"field": "..."`.
fn json_text(text: &str, field: &str) -> Option<String> {
    let after = text.split_once(&format!("\"{field}\""))?.1;
    let mut rest = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(value),
            '\\' => match rest.next()? {
                'u' => {
                    let code: String = rest.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&code, 16).ok()?;
                    value.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                }
                'n' | 'r' | 't' | 'b' | 'f' => value.push(' '),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

fn html_title(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower.get(open..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find('<')?;
    let title = text.get(start..end)?;
    one_line(&unescape(title).unwrap_or(title.into()))
}

#[cfg(test)]
mod tests {
    use super::super::shapes::shape;
    use super::*;

    fn refused(status: u16, condition: Option<Condition>, words: Option<&str>) -> DavError {
        DavError::Refused { status, condition, words: words.map(str::to_owned) }
    }

    fn unauthorized(schemes: &[&str], words: Option<&str>) -> DavError {
        let schemes = schemes.iter().map(|&scheme| scheme.to_owned()).collect();
        DavError::Unauthorized { schemes, words: words.map(str::to_owned) }
    }

    fn busy(status: u16, retry_after: Option<&str>) -> DavError {
        DavError::Busy { status, retry_after: retry_after.map(str::to_owned) }
    }

    #[test]
    fn every_server_says_no_in_its_own_way() {
        // Q20, Q45: by status, condition, JSON or the title of a page.
        use Condition::*;
        let three = Href::new("/dav/card/alice/default/three.vcf");
        let moved = |location: &str| {
            let status = if location.ends_with("view") { 302 } else { 301 };
            DavError::Moved { status, location: location.to_owned() }
        };
        let cases = [
            ("radicale/stale-token", refused(403, Some(ValidSyncToken), None)),
            ("radicale/uid-conflict", refused(409, Some(NoUidConflict(None)), None)),
            (
                "xandikos/stale-token",
                refused(
                    412,
                    Some(ValidSyncToken),
                    Some("Requested sync token no-such-token is invalid"),
                ),
            ),
            (
                "xandikos/invalid-card",
                refused(412, Some(ValidAddressData), Some("Not a valid address file.")),
            ),
            ("cyrus/stale-token", refused(403, Some(ValidSyncToken), Some("Stale sync-token"))),
            ("fastmail/not-found", DavError::NotFound),
            (
                "fastmail/no-uid",
                refused(403, Some(ValidAddressData), Some("Missing mandatory UID property")),
            ),
            (
                "davical/precondition",
                refused(
                    412,
                    Some(Other("if-match".into())),
                    Some("Existing resource does not match"),
                ),
            ),
            ("sogo/stale-etag", refused(412, None, Some("Precondition Failed"))),
            ("sogo/unknown-report", refused(501, None, Some("Method not implemented"))),
            ("sogo/view", moved("/SOGo/dav/alice/Contacts/personal/one.vcf/view")),
            ("sabre-1.8/sync-unsupported", refused(403, Some(SupportedReport), None)),
            ("sabre-1.8/multiget-missing", DavError::NotFound),
            (
                "sabre-4/stale-etag",
                refused(
                    412,
                    None,
                    Some(
                        "An If-Match header was specified, but none of the specified the ETags matched.",
                    ),
                ),
            ),
            (
                "baikal/digest",
                unauthorized(&["digest"], Some("No 'Authorization: Digest' header found.")),
            ),
            (
                "nextcloud/recent-unsupported",
                refused(415, None, Some("This report is not supported here.")),
            ),
            ("nextcloud/two-factor", unauthorized(&["basic"], Some("2FA challenge not passed."))),
            ("nextcloud/throttled", busy(429, Some("30"))),
            (
                "nextcloud/duplicate-uid",
                refused(
                    400,
                    None,
                    Some("VCard object with uid already exists in this addressbook collection."),
                ),
            ),
            ("owncloud/token-only", unauthorized(&["basic"], Some("password login forbidden"))),
            ("owncloud/maintenance", busy(503, None)),
            ("rustical/panicked", refused(500, None, Some("Service panicked"))),
            ("stalwart/uid-conflict", refused(412, Some(NoUidConflict(Some(three))), None)),
            ("stalwart/too-many", busy(429, None)),
            (
                "stalwart/unauthorized",
                unauthorized(&["bearer", "basic"], Some("You have to authenticate first.")),
            ),
            ("icloud/parse-error", refused(403, None, Some("VCARD parse error"))),
            ("icloud/unauthorized", unauthorized(&["x-mobileme-authtoken", "basic"], None)),
            ("google/well-known", moved("/carddav/v1/principals/ada@example.org/lists/default/")),
            (
                "google/empty-token",
                refused(400, None, Some("Request contains an invalid argument.")),
            ),
            ("google/quota", busy(403, None)),
            (
                "google/api-disabled",
                refused(403, None, Some("CardDAV API has not been used in this project.")),
            ),
            ("zimbra/sync-unsupported", refused(403, Some(SupportedReport), None)),
            ("zimbra/unauthorized", unauthorized(&["basic"], Some("Error 401 must authenticate"))),
        ];
        for (name, error) in cases {
            assert_eq!(of(&shape(name)), error, "{name}");
        }
    }

    #[test]
    fn challenges_are_told_from_their_parameters() {
        // Q18.
        for (header, expected) in [
            ("Basic realm=\"a, b\", charset=\"UTF-8\"", vec!["basic"]),
            (
                "Digest realm=\"x\\\"y, z\", qop=\"auth\", nonce=abc, Basic realm=\"x\"",
                vec!["digest", "basic"],
            ),
            ("Negotiate, NTLM, basic realm=x", vec!["negotiate", "ntlm", "basic"]),
            ("Negotiate abc==, Basic realm = \"x\"", vec!["negotiate", "basic"]),
            ("", vec![]),
            (",,=x", vec![]),
        ] {
            let response = Response::builder().status(401).header("www-authenticate", header);
            assert_eq!(schemes(&response.body(Vec::new()).unwrap()), expected, "{header}");
        }
    }

    #[test]
    fn words_are_short_and_plain_whatever_the_body() {
        let said = |body: &str| Said::of(body.as_bytes()).words;
        assert_eq!(said("<D:error xmlns:D='DAV:'><a><b></D:error>"), None);
        assert_eq!(
            said("{\"message\":\"a\\u001b[31m \\\"b\\\"\\n\"}").as_deref(),
            Some("a [31m \"b\"")
        );
        assert_eq!(said("{\"message\":\"cut"), None);
        assert_eq!(said("<html><title>A &amp; B</title>").as_deref(), Some("A & B"));
        assert_eq!(said("<html><body>no title"), None);
        assert_eq!(said("first\nsecond").as_deref(), Some("first"));
        assert_eq!(said(&"x".repeat(1_000_000)).unwrap().chars().count(), 200);
        let deep = "<a>".repeat(100_000);
        assert_eq!(said(&deep), None);
    }
}
