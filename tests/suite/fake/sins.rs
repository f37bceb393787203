//! The log, the sins, and faults in process.

use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::{FakeDav, Fault, Knobs, SinKind};
use futures::executor::block_on;

use super::talk::*;

type Headers<'a> = &'a [(&'a str, &'a str)];

#[test]
fn each_sin_is_written_down_once() {
    let card_path = "/addressbooks/alice/contacts/a%40b.vcf";
    let book = "/addressbooks/alice/contacts/";
    let limit = "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token/><D:sync-level>1</D:sync-level>\
        <D:limit><D:nresults>1</D:nresults></D:limit><D:prop><D:getetag/></D:prop></D:sync-collection>";
    let query = "<C:addressbook-query xmlns:C=\"urn:ietf:params:xml:ns:carddav\"/>";
    let unprefixed = "<propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>";
    let fine = [("if-match", "\"x\"")];
    let cases: [(SinKind, &str, &str, Headers<'_>, &str); 16] = [
        (SinKind::PutWithoutPrecondition, "PUT", "/addressbooks/alice/contacts/new", &[], ""),
        (SinKind::DeleteWithoutPrecondition, "DELETE", "/addressbooks/alice/contacts/new", &[], ""),
        (SinKind::IfMatchStar, "PUT", "/addressbooks/alice/contacts/n", &[("if-match", "*")], ""),
        (SinKind::Limit, "REPORT", book, &[], limit),
        (SinKind::Query, "REPORT", book, &[], query),
        (SinKind::UnprefixedXml, "PROPFIND", book, &[("depth", "0")], unprefixed),
        (SinKind::Range, "GET", "/addressbooks/alice/contacts/n", &[("range", "bytes=0-1")], ""),
        (
            SinKind::Expect,
            "GET",
            "/addressbooks/alice/contacts/n",
            &[("expect", "100-continue")],
            "",
        ),
        (SinKind::Cookie, "GET", "/addressbooks/alice/contacts/n", &[("cookie", "a=b")], ""),
        (SinKind::PutToCollection, "PUT", book, &fine, ""),
        (SinKind::DeleteCollection, "DELETE", book, &fine, ""),
        (SinKind::NoCredentials, "GET", "/x", &[("authorization", "")], ""),
        (SinKind::CredentialsElsewhere, "GET", "https://dav.elsewhere.test/", &[], ""),
        (SinKind::ReencodedHref, "GET", card_path, &[], ""),
        (SinKind::NoDepth, "PROPFIND", book, &[], ""),
        (
            SinKind::GzipOnCard,
            "GET",
            "/addressbooks/alice/contacts/n",
            &[("accept-encoding", "gzip")],
            "",
        ),
    ];
    for (kind, method, path, headers, body) in cases {
        let fake = FakeDav::new(Knobs::default());
        fake.put("contacts", "a@b.vcf", card("u", "Ada"));
        // The first request says which domain is ours.
        propfind(&fake, "/", "0", "<D:resourcetype/>");
        assert_eq!(fake.sins(), []);
        ask(&fake, method, path, headers, body);
        let sins: Vec<SinKind> = fake.sins().iter().map(|sin| sin.kind).collect();
        assert_eq!(sins, [kind], "{method} {path}");
    }
}

#[test]
fn the_log_tells_what_came_and_what_was_answered_but_no_secret() {
    let fake = FakeDav::new(Knobs::default());
    put(&fake, "/addressbooks/alice/contacts/a", ("if-none-match", "*"), &card("u", "Ada"));
    propfind(&fake, "/nowhere", "0", "<D:getetag/>");
    let log = fake.log();
    let lines: Vec<(&str, &str, Option<u16>)> =
        log.iter().map(|l| (l.method.as_str(), l.path.as_str(), l.status)).collect();
    let put_line = ("PUT", "/addressbooks/alice/contacts/a", Some(201));
    assert_eq!(lines, [put_line, ("PROPFIND", "/nowhere", Some(404))]);
    assert_eq!(log[0].if_none_match.as_deref(), Some("*"));
    assert_eq!(log[0].authorization.as_deref(), Some("basic"));
    assert_eq!(log[0].body, card("u", "Ada").into_bytes());
    assert!(!format!("{log:?}").contains(basic().split_once(' ').unwrap().1));
    fake.clear_log();
    assert_eq!((fake.log().len(), fake.requests()), (0, 2));
}

#[test]
fn faults_strike_the_request_they_were_ordered_for() {
    let path = "/addressbooks/alice/contacts/a";
    let create = || {
        let headers = [("if-none-match", "*"), ("content-type", "text/vcard")];
        request("PUT", path, &headers, &card("u", "Ada"))
    };
    for (fault, stored) in [
        (Fault::DropBefore, false),
        (Fault::DropAfter, true),
        (Fault::Timeout, false),
        (Fault::TimeoutAfter, true),
        (Fault::TruncateBody, true),
        (Fault::Unreachable, false),
        (Fault::Status(503, Some("5".to_owned())), false),
        (Fault::Html, false),
        (Fault::Redirect(302, "https://x.test/".to_owned()), false),
    ] {
        let fake = FakeDav::new(Knobs::default());
        fake.fail_method("PUT", 2, fault.clone());
        let first = block_on(fake.send(create())).unwrap();
        assert_eq!(first.status(), 201, "{fault:?}");
        fake.delete("contacts", "a");
        let second = block_on(fake.send(create()));
        assert_eq!(fake.card("contacts", "a").is_some(), stored, "{fault:?}");
        let fits = match (&fault, &second) {
            (Fault::Timeout | Fault::TimeoutAfter, Err(TransportError::Timeout { .. })) => true,
            (Fault::Unreachable, Err(TransportError::Unreachable { .. })) => true,
            (Fault::Status(503, _), Ok(reply)) => reply.headers()["retry-after"] == "5",
            (Fault::Html, Ok(reply)) => reply.status() == 200,
            (Fault::Redirect(..), Ok(reply)) => reply.headers()["location"] == "https://x.test/",
            (_, Err(TransportError::Broken { host, .. })) => host == "dav.example.test",
            _ => false,
        };
        assert!(fits, "{fault:?} {second:?}");
    }
}
