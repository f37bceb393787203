//! What goes out is what was asked for, once.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{Either, join_all, select};
use http::StatusCode;

use super::loopback::{Answer, Loopback, Received, reply};
use super::{Make, Setup, get, request, send};

pub(super) fn method_headers_and_body_arrive_as_given(make: Make) {
    let server = Loopback::http(|_| Answer::Send(reply("207 Multi-Status", "", b"<x/>")));
    let transport = make(&Setup::default());
    // A body of this size is where clients like to ask first, with `Expect: 100-continue`.
    let large = vec![b'v'; 3 << 20];
    let cases: [(&str, &[u8]); 10] = [
        ("OPTIONS", b""),
        ("GET", b""),
        ("HEAD", b""),
        ("PROPFIND", b"<D:propfind xmlns:D=\"DAV:\"/>"),
        ("PROPFIND", b""),
        ("REPORT", b"<C:addressbook-multiget/>"),
        ("PUT", b"BEGIN:VCARD\r\nFN:\xc3\x84\r\nEND:VCARD\r\n"),
        ("PUT", &large),
        ("POST", b"grant_type=refresh_token"),
        ("DELETE", b""),
    ];
    let given = [
        ("depth", "1"),
        ("if-match", "\"a-b\""),
        ("authorization", "Basic YTpi"),
        ("user-agent", "contactcmd/0.1"),
        ("content-type", "text/vcard; charset=utf-8"),
    ];
    for (method, body) in cases {
        let mut asked = request(method, server.url("/dav/a"), body);
        for (name, value) in given {
            asked.headers_mut().append(name, value.parse().unwrap());
        }
        assert_eq!(send(&*transport, asked).unwrap().status(), StatusCode::MULTI_STATUS);

        let came = server.received().pop().unwrap();
        assert_eq!(came.line, format!("{method} /dav/a HTTP/1.1"));
        assert!(came.body == body, "the body of {method} changed");
        for (name, value) in given {
            assert_eq!(came.header(name), Some(value), "{name} of {method}");
        }
        let added = came.headers.iter().map(|(name, _)| name.as_str()).filter(|name| {
            let known = given.iter().any(|(given, _)| given == name);
            !known && !["host", "accept", "content-length"].contains(name)
        });
        assert_eq!(added.collect::<Vec<_>>(), [""; 0], "added to {method}");
    }
}

pub(super) fn a_length_is_always_sent_and_chunks_never_are(make: Make) {
    let server = Loopback::http(|_| Answer::Send(reply("200 OK", "", b"")));
    let transport = make(&Setup::default());
    let cases = [
        ("PUT", "card", Some("4")),
        ("PUT", "", Some("0")),
        ("POST", "", Some("0")),
        ("PROPFIND", "", Some("0")),
        ("REPORT", "<r/>", Some("4")),
        // These have no body, and a length of nothing is a curiosity to some servers.
        ("GET", "", None),
        ("DELETE", "", None),
    ];
    for (method, body, expected) in cases {
        let mut asked = request(method, server.url("/"), body);
        // The body decides, whatever somebody wrote into the headers.
        asked.headers_mut().insert("content-length", "7".parse().unwrap());
        asked.headers_mut().insert("transfer-encoding", "chunked".parse().unwrap());
        send(&*transport, asked).unwrap();

        let came = server.received().pop().unwrap();
        assert_eq!(came.header("content-length"), expected, "{method} {body:?}");
        assert_eq!(came.header("transfer-encoding"), None, "{method} {body:?}");
        assert_eq!(came.header("expect"), None, "{method} {body:?}");
    }
}

pub(super) fn a_path_goes_out_as_spelled(make: Make) {
    let server = Loopback::http(|_| Answer::Send(reply("200 OK", "", b"")));
    let transport = make(&Setup::default());
    let cases = [
        ("/", "/"),
        ("/a//b/", "/a//b/"),
        ("/ada%40example.org/Contacts%20of%20Ada/", "/ada%40example.org/Contacts%20of%20Ada/"),
        ("/ada@example.org/a:b.vcf", "/ada@example.org/a:b.vcf"),
        ("/%2Fslash%252525/%41", "/%2Fslash%252525/%41"),
        ("/a;v=1,2/(x)'*!$&+=~_-.", "/a;v=1,2/(x)'*!$&+=~_-."),
        ("/a/.hidden/..x/...", "/a/.hidden/..x/..."),
        ("/a[1]|^\\", "/a[1]|^\\"),
        ("/100%", "/100%"),
        ("/a?b=/../c&d=%2f", "/a?b=/../c&d=%2f"),
        // For RFC 3986 (6.2.2.1) these are the same; a library may write them so.
        ("/%c3%a4", "/%C3%A4"),
        ("/ä", "/%C3%A4"),
    ];
    for (asked, expected) in cases {
        send(&*transport, get(server.url(asked))).unwrap();
        let came = server.received().pop().unwrap().line;
        assert_eq!(came, format!("GET {expected} HTTP/1.1"), "asked for {asked}");
    }
}

pub(super) fn a_path_that_would_arrive_as_another_is_refused(make: Make) {
    let server = Loopback::http(|_| Answer::Send(reply("204 No Content", "", b"")));
    let transport = make(&Setup::default());
    for path in ["/a/../b", "/a/./b", "/a/%2e%2E/b", "/.."] {
        let outcome = send(&*transport, request("DELETE", server.url(path), ""));
        // A transport that can send it as it is may do so.
        let sent = server.received().pop().map(|came| came.line);
        match outcome {
            Ok(_) => assert_eq!(sent, Some(format!("DELETE {path} HTTP/1.1"))),
            Err(_) => assert_eq!(sent, None, "{path}"),
        }
    }
}

pub(super) fn cookies_are_not_sent_back(make: Make) {
    let server = Loopback::http(|_| Answer::Send(reply("200 OK", "Set-Cookie: a=b\r\n", b"")));
    let transport = make(&Setup::default());
    for _ in 0..2 {
        let answer = send(&*transport, get(server.url("/"))).unwrap();
        assert_eq!(answer.headers()["set-cookie"], "a=b");
    }
    assert!(server.received().iter().all(|came| came.header("cookie").is_none()));
}

pub(super) fn one_connection_serves_one_request_after_the_other(make: Make) {
    let server = Loopback::http(|_| Answer::Send(reply("200 OK", "", b"body")));
    let transport = make(&Setup::default());
    for method in ["GET", "PROPFIND", "PUT", "DELETE", "REPORT", "GET"] {
        let body = if matches!(method, "GET" | "DELETE") { "" } else { "x" };
        send(&*transport, request(method, server.url("/"), body)).unwrap();
    }
    assert_eq!(server.connections(), 1);
}

pub(super) fn six_requests_are_in_flight_at_once(make: Make) {
    // Each answer waits until all six requests are there.
    let gate = Arc::new((Mutex::new(0), Condvar::new()));
    let server = Loopback::http(move |_| {
        let (waiting, all_here) = &*gate;
        let mut waiting = waiting.lock().unwrap();
        *waiting += 1;
        all_here.notify_all();
        let limit = Duration::from_secs(20);
        let (_here, late) = all_here.wait_timeout_while(waiting, limit, |here| *here < 6).unwrap();
        let status = if late.timed_out() { "503 Not together" } else { "200 OK" };
        Answer::Send(reply(status, "", b""))
    });
    let transport = make(&Setup::default());
    let six = (0..6).map(|i| transport.send(get(server.url(&format!("/{i}")))));
    for answer in block_on(join_all(six)) {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
}

pub(super) fn a_change_is_never_sent_twice(make: Make) {
    // The server takes the request and breaks the connection it kept: did the change happen?
    for method in ["PUT", "POST"] {
        let server = Loopback::http(|came: &Received| match came.line.starts_with("GET") {
            true => Answer::Send(reply("200 OK", "", b"")),
            false => Answer::SendAndClose(Vec::new()),
        });
        let transport = make(&Setup::default());
        send(&*transport, get(server.url("/"))).unwrap();

        let mut create = request(method, server.url("/new.vcf"), "BEGIN:VCARD");
        create.headers_mut().insert("if-none-match", "*".parse().unwrap());
        let outcome = send(&*transport, create);

        assert!(outcome.is_err(), "{method}: nobody knows, so it must not be Ok");
        let sent = server.received().iter().filter(|came| came.line.starts_with(method)).count();
        assert_eq!(sent, 1, "{method}");
    }
}

pub(super) fn a_dropped_request_is_given_up(make: Make) {
    let (came, arrived) = oneshot::channel();
    let came = Mutex::new(Some(came));
    let server = Loopback::http(move |asked| {
        if asked.line.contains("/hangs") {
            let _ = came.lock().unwrap().take().map(|came| came.send(()));
            return Answer::SendAndStall(Vec::new());
        }
        Answer::Send(reply("200 OK", "", b"fine"))
    });
    let transport = make(&Setup::default());

    let hanging = transport.send(get(server.url("/hangs")));
    match block_on(select(hanging, arrived)) {
        Either::Left(_) => panic!("an answer came from nowhere"),
        Either::Right((_, hanging)) => drop(hanging),
    }

    assert_eq!(send(&*transport, get(server.url("/"))).unwrap().body(), b"fine");
}
