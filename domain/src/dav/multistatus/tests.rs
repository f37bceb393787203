use super::*;

fn read_text(body: &[u8]) -> Result<(Vec<Row>, Summary), DavError> {
    let mut rows = Vec::new();
    let limits = Limits { bytes: 100_000, depth: 8, responses: 5 };
    let summary = read_body(body, limits, &mut |row| rows.push(row))?;
    Ok((rows, summary))
}

fn one_row(inside: &str) -> Row {
    let body = format!(
        "<multistatus xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:carddav'>\
             <response>{inside}</response></multistatus>"
    );
    let (mut rows, _) = read_text(body.as_bytes()).unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

#[test]
fn statuses_are_read_whatever_surrounds_the_number() {
    for (text, status) in [
        ("HTTP/1.1 200 OK", Some(200)),
        ("HTTP/1.1 404", Some(404)),
        ("HTTP/2 404 ", Some(404)),
        ("200 OK", Some(200)),
        ("507", Some(507)),
        ("HTTP/1.1 404 Nicht gefunden", Some(404)),
        ("HTTP/1.1", None),
        ("", None),
        ("HTTP/1.1 20000", None),
    ] {
        assert_eq!(status_code(text), status, "{text}");
    }
}

#[test]
fn a_row_is_what_it_says_in_whatever_order() {
    let etag = |row: &Row| row.etag().map(|etag| etag.as_str().to_owned());
    // Q40: no status of the propstat, status first, several propstats, status of the response.
    for (inside, status, version) in [
        ("<href>/a</href><propstat><prop><getetag>1</getetag></prop></propstat>", None, Some("1")),
        (
            "<propstat><status>200</status><prop><getetag>1</getetag></prop></propstat><href>/a</href>",
            None,
            Some("1"),
        ),
        (
            "<href>/a</href><propstat><prop><getetag/></prop><status>404</status></propstat>\
                 <propstat><prop><getetag>2</getetag></prop><status>200</status></propstat>",
            None,
            Some("2"),
        ),
        ("<href>/a</href><status>HTTP/1.1 404</status>", Some(404), None),
        ("<href> /a\n</href>", None, None),
        ("<href>/a</href><propstat><prop><getetag> </getetag></prop></propstat>", None, None),
        (
            "<href>/a</href><X:odd xmlns:X='odd:'><href>/b</href></X:odd><status>200</status>",
            Some(200),
            None,
        ),
    ] {
        let row = one_row(inside);
        assert_eq!(row.href, "/a", "{inside}");
        assert_eq!(row.status, status, "{inside}");
        assert_eq!(etag(&row).as_deref(), version, "{inside}");
    }
}

#[test]
fn several_hrefs_share_one_status() {
    let body = "<multistatus xmlns='DAV:'><response><href>/a</href><href>/b</href>\
                    <status>HTTP/1.1 404 Not Found</status></response></multistatus>";
    let (rows, summary) = read_text(body.as_bytes()).unwrap();
    let gone: Vec<_> = rows.iter().map(|row| (row.href.as_str(), row.status)).collect();
    assert_eq!(gone, [("/a", Some(404)), ("/b", Some(404))]);
    assert_eq!(summary.rows, 2);
}

#[test]
fn text_is_what_was_written_by_whichever_means() {
    for (written, text, damaged) in [
        ("a&amp;b&lt;c&gt;d&quot;e&apos;f", "a&b<c>d\"e'f", false),
        ("a&#13;\nb&#x41;&#233;", "a\r\nbAé", false),
        ("a<![CDATA[<b>&amp;]]>c", "a<b>&amp;c", false),
        ("a<!-- b -->c", "ac", false),
        ("a\r\nb", "a\r\nb", false),
        ("a & b", "a & b", true),
        ("a&nbsp;b", "a&nbsp;b", true),
        ("a&#xD800;b", "a&#xD800;b", true),
        ("a&amp;nbsp;b", "a&nbsp;b", false),
    ] {
        let row = one_row(&format!(
            "<href>/a</href><propstat><prop><C:address-data>{written}</C:address-data></prop></propstat>"
        ));
        let value = row.value(Property::AddressData).unwrap();
        assert_eq!((value.text.as_str(), value.damaged), (text, damaged), "{written}");
    }
}

#[test]
fn a_token_is_kept_as_it_is() {
    for (written, token) in [
        ("<sync-token>\n http://x/?a=1&amp;b=2 </sync-token>", Some("http://x/?a=1&b=2")),
        ("<sync-token>data:,1-2</sync-token>", Some("data:,1-2")),
        ("<sync-token/>", None),
        ("<sync-token> </sync-token>", None),
        ("", None),
    ] {
        let body = format!("<multistatus xmlns='DAV:'>{written}</multistatus>");
        let (_, summary) = read_text(body.as_bytes()).unwrap();
        assert_eq!(summary.token, token.map(|token| SyncToken(token.to_owned())), "{written}");
    }
}

#[test]
fn what_is_no_multistatus_is_no_answer() {
    let not_dav = |what: &str| DavError::NotDav { what: what.to_owned() };
    for (body, error) in [
        ("", not_dav("an empty body")),
        ("\n<!DOCTYPE html><html></html>", not_dav("an HTML page")),
        ("<html><body>", not_dav("an HTML page")),
        ("{\"error\":1}", not_dav("JSON")),
        ("Not now", not_dav("plain text")),
        ("<error xmlns='DAV:'/>", not_dav("XML about `error`")),
        ("<multistatus/>", not_dav("XML about `multistatus`")),
    ] {
        assert_eq!(read_text(body.as_bytes()), Err(error), "{body}");
    }
}

#[test]
fn a_broken_answer_is_not_half_an_answer() {
    let whole = "<multistatus xmlns='DAV:'><response><href>/a</href></response></multistatus>";
    for end in 14..whole.len() {
        let broken = read_text(&whole.as_bytes()[..end]);
        assert!(matches!(broken, Err(DavError::Malformed { .. })), "{end}: {broken:?}");
    }
    for body in [
        "<multistatus xmlns='DAV:'></response></multistatus>",
        "<!DOCTYPE m [<!ENTITY a 'b'>]><multistatus xmlns='DAV:'/>",
        "<multistatus xmlns='DAV:'><![CDATA[</multistatus>",
    ] {
        assert!(matches!(read_text(body.as_bytes()), Err(DavError::Malformed { .. })), "{body}");
    }
    // What comes before and after the root is not the answer's fault.
    for frame in [("\u{feff}\r\n", "\n"), ("<?xml version='1.0'?>", "<br />Notice: x")] {
        let body = format!("{}{whole}{}", frame.0, frame.1);
        assert_eq!(read_text(body.as_bytes()).unwrap().1.rows, 1);
    }
}

#[test]
fn a_hostile_answer_costs_an_error() {
    let too_large = |body: String| {
        let answer = read_text(body.as_bytes());
        assert!(matches!(answer, Err(DavError::TooLarge { .. })), "{:.60}", format!("{answer:?}"));
    };
    too_large(" ".repeat(100_001));
    too_large(format!("<multistatus xmlns='DAV:'>{}", "<a>".repeat(20)));
    let row = "<response><href>/a</href></response>";
    too_large(format!("<multistatus xmlns='DAV:'>{}</multistatus>", row.repeat(6)));
    let hrefs = "<href>/a</href>".repeat(9);
    too_large(format!("<multistatus xmlns='DAV:'><response>{hrefs}</response></multistatus>"));
    let many = "<D:x xmlns:D='DAV:'/>".repeat(500);
    assert!(
        read_text(format!("<multistatus xmlns='DAV:'>{many}</multistatus>").as_bytes()).is_ok()
    );
}
