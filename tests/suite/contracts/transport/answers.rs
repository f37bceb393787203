//! What comes back is what the server said.

use std::time::{Duration, Instant};

use http::{StatusCode, Version};

use super::loopback::{Answer, Loopback, reply};
use super::{Make, Setup, get, request, send};

/// `BEGIN:VCARD CRLF END:VCARD CRLF` through gzip.
const CARD_GZ: [u8; 37] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x73, 0x72, 0x75, 0xf7, 0xf4, 0xb3,
    0x0a, 0x73, 0x76, 0x0c, 0x72, 0xe1, 0xe5, 0x72, 0xf5, 0x73, 0x81, 0x31, 0x01, 0x08, 0x9a, 0x6e,
    0xdf, 0x18, 0x00, 0x00, 0x00,
];

pub(super) fn every_status_is_an_answer(make: Make) {
    let server = Loopback::http(|came| {
        let status = came.line.split(['/', ' ']).nth(2).unwrap_or_default();
        match status {
            // No length and nothing after it: the server says that it ends with the connection.
            "500" => {
                Answer::SendAndClose(b"HTTP/1.1 500 Words\r\nConnection: close\r\n\r\n".to_vec())
            }
            "204" | "304" => Answer::Send(format!("HTTP/1.1 {status} Words\r\n\r\n").into_bytes()),
            _ => Answer::Send(reply(&format!("{status} Words"), "", b"told")),
        }
    });
    let transport = make(&Setup::default());
    for status in [200, 201, 204, 207, 304, 400, 401, 403, 404, 405, 412, 429, 503, 507, 599, 500] {
        for method in ["GET", "PUT", "PROPFIND", "DELETE"] {
            let url = server.url(&format!("/{status}"));
            let answer = send(&*transport, request(method, url, "")).unwrap();
            assert_eq!(answer.status().as_u16(), status, "{method}");
            let expected: &[u8] = if matches!(status, 204 | 304 | 500) { b"" } else { b"told" };
            assert_eq!(answer.body(), expected, "{method} {status}");
        }
    }
    assert_eq!(server.connections(), 4, "only what the server ends is ended");
}

pub(super) fn the_spoken_version_is_reported(make: Make) {
    let server = Loopback::http(|came| match came.line.contains("/old") {
        true => Answer::SendAndClose(b"HTTP/1.0 200 OK\r\n\r\nuntil the end".to_vec()),
        false => Answer::Send(reply("200 OK", "", b"")),
    });
    let transport = make(&Setup::default());
    let new = send(&*transport, get(server.url("/"))).unwrap();
    assert_eq!(new.version(), Version::HTTP_11);
    let old = send(&*transport, get(server.url("/old"))).unwrap();
    assert_eq!((old.version(), old.body().as_slice()), (Version::HTTP_10, &b"until the end"[..]));
}

pub(super) fn headers_are_as_received(make: Make) {
    let server = Loopback::http(|_| {
        let headers = "ETag: W/\"a b-gzip\"\r\nDAV: 1, 3\r\nDAV: addressbook\r\n\
                       WWW-Authenticate: Digest realm=\"x, y\"\r\nWWW-Authenticate: Basic\r\n\
                       X-Latin: \u{e4}\r\nX-Empty:\r\n";
        Answer::Send(reply("200 OK", headers, b""))
    });
    let answer = send(&*make(&Setup::default()), get(server.url("/"))).unwrap();
    let all = |name: &str| -> Vec<&[u8]> {
        answer.headers().get_all(name).iter().map(|value| value.as_bytes()).collect()
    };
    assert_eq!(all("etag"), [b"W/\"a b-gzip\""]);
    assert_eq!(all("dav"), [&b"1, 3"[..], b"addressbook"]);
    assert_eq!(all("www-authenticate"), [&b"Digest realm=\"x, y\""[..], b"Basic"]);
    assert_eq!(all("x-latin"), ["ä".as_bytes()]);
    assert_eq!(all("x-empty"), [b""]);
}

pub(super) fn a_redirect_is_not_followed(make: Make) {
    let server = Loopback::http(|came| {
        let status = came.line.split(['/', ' ']).nth(2).unwrap_or_default();
        Answer::Send(reply(&format!("{status} There"), "Location: /elsewhere\r\n", b""))
    });
    let transport = make(&Setup::default());
    let statuses = [301, 302, 303, 307, 308];
    for status in statuses {
        let url = server.url(&format!("/{status}"));
        let answer = send(&*transport, request("PROPFIND", url, "<x/>")).unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["location"], "/elsewhere");
    }
    assert_eq!(server.received().len(), statuses.len());
}

pub(super) fn an_interim_answer_is_passed_over(make: Make) {
    let server = Loopback::http(|_| {
        let interim = b"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n";
        Answer::Send([interim.as_slice(), &reply("201 Created", "ETag: \"1\"\r\n", b"")].concat())
    });
    let transport = make(&Setup::default());
    let answer = send(&*transport, request("PUT", server.url("/a.vcf"), "card")).unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()["etag"], "\"1\"");
    assert!(!answer.headers().contains_key("x-interim"));
}

pub(super) fn a_compressed_body_arrives_decoded_if_it_was_allowed(make: Make) {
    // This server compresses whether it was allowed to or not.
    let server =
        Loopback::http(|_| Answer::Send(reply("200 OK", "Content-Encoding: gzip\r\n", &CARD_GZ)));
    let transport = make(&Setup::default());
    let plain: &[u8] = b"BEGIN:VCARD\r\nEND:VCARD\r\n";
    for (allowed, expected) in
        [(Some("gzip"), plain), (Some("identity"), plain), (None, CARD_GZ.as_slice())]
    {
        let mut asked = get(server.url("/"));
        if let Some(coding) = allowed {
            asked.headers_mut().insert("accept-encoding", coding.parse().unwrap());
        }
        let answer = send(&*transport, asked).unwrap();
        assert_eq!(server.received().pop().unwrap().header("accept-encoding"), allowed);
        assert_eq!(answer.body(), expected, "{allowed:?} was allowed");
    }
}

pub(super) fn a_large_body_arrives_whole(make: Make) {
    let large: Vec<u8> = (0..20_000_003u32).map(|i| (i % 251) as u8).collect();
    let sent = large.clone();
    let server = Loopback::http(move |came| match came.line.contains("/chunked") {
        false => Answer::Send(reply("200 OK", "", &sent)),
        true => {
            let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            for chunk in sent.chunks(99_991) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
            Answer::Send(bytes)
        }
    });
    let transport = make(&Setup::default());
    for path in ["/announced", "/chunked"] {
        let answer = send(&*transport, get(server.url(path))).unwrap();
        assert!(answer.body() == &large, "{path}");
    }
}

pub(super) fn a_body_may_be_exactly_as_long_as_the_limit(make: Make) {
    let server = Loopback::http(|came| match came.line.contains("/announced") {
        true => Answer::Send(reply("200 OK", "", b"four")),
        false => Answer::SendAndClose(b"HTTP/1.1 200 OK\r\n\r\nfour".to_vec()),
    });
    let transport = make(&Setup { max_body: 4, ..Setup::default() });
    for path in ["/announced", "/until-the-end"] {
        assert_eq!(send(&*transport, get(server.url(path))).unwrap().body(), b"four");
    }
}

pub(super) fn a_slow_answer_is_waited_for(make: Make) {
    // In all it takes twice the limit; at no time is the line silent for that long.
    let server = Loopback::http(|_| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n".to_vec();
        Answer::Drip(head, 10, Duration::from_millis(200))
    });
    let transport = make(&Setup { timeout: Duration::from_secs(1), ..Setup::default() });
    let start = Instant::now();
    let answer = send(&*transport, get(server.url("/"))).unwrap();
    assert_eq!(answer.body().len(), 40);
    assert!(start.elapsed() >= Duration::from_secs(2), "the server was not slow");
}
