//! When no whole answer came, the error says which of five things happened.

use std::error::Error;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use contactcmd_ports::TransportError;

use super::loopback::{Answer, Certificate, Loopback, reply};
use super::{Make, Setup, get, request, send};

/// 1000 times `a` through gzip.
const THOUSAND_GZ: [u8; 29] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4c, 0x1c, 0x05, 0xa3, 0x60,
    0x14, 0x0c, 0x77, 0x00, 0x00, 0x03, 0xda, 0x38, 0x9a, 0xe8, 0x03, 0x00, 0x00,
];

pub(super) fn a_body_beyond_the_limit_is_not_read_on(make: Make) {
    let server = Loopback::http(|came| match came.line.split(' ').nth(1) {
        Some("/announced") => Answer::SendAndStall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999\r\n\r\nx".to_vec(),
        ),
        Some("/endless") => {
            Answer::Endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec())
        }
        Some("/bomb") => Answer::Send(reply("200 OK", "Content-Encoding: gzip\r\n", &THOUSAND_GZ)),
        _ => Answer::Send(reply("200 OK", "", &[b'x'; 101])),
    });
    let transport = make(&Setup { max_body: 100, ..Setup::default() });
    for path in ["/announced", "/endless", "/bomb", "/one-more"] {
        let mut asked = get(server.url(path));
        asked.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
        match send(&*transport, asked) {
            Err(TransportError::TooLarge { limit: 100, host }) => {
                assert_eq!(host, server.address.to_string());
            }
            other => panic!("{path}: {other:?}"),
        }
    }
}

pub(super) fn a_refused_port_is_unreachable(make: Make) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = send(&*make(&Setup::default()), get(format!("http://{free}/")));
    assert!(
        matches!(&outcome, Err(TransportError::Unreachable { host, .. }) if *host == free.to_string()),
        "{outcome:?}"
    );
}

pub(super) fn an_unknown_host_is_unreachable(make: Make) {
    // A label of 64 letters is in no name, so no name server has to be asked (RFC 1035, 2.3.4).
    let url = format!("https://{}.invalid/", "x".repeat(64));
    let outcome = send(&*make(&Setup::default()), get(url));
    assert!(matches!(outcome, Err(TransportError::Unreachable { .. })), "{outcome:?}");
}

pub(super) fn a_silent_server_is_a_timeout(make: Make) {
    let server = Loopback::http(|came| match came.line.contains("/midway") {
        true => Answer::SendAndStall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".to_vec()),
        false => Answer::SendAndStall(Vec::new()),
    });
    let transport = make(&Setup { timeout: Duration::from_millis(300), ..Setup::default() });
    for path in ["/", "/midway"] {
        let start = Instant::now();
        let outcome = send(&*transport, get(server.url(path)));
        assert!(
            matches!(&outcome, Err(TransportError::Timeout { host }) if *host == server.address.to_string()),
            "{path}: {outcome:?}"
        );
        assert!(start.elapsed() < Duration::from_secs(20), "{path}: {:?}", start.elapsed());
    }
}

pub(super) fn a_silent_handshake_is_a_timeout(make: Make) {
    // The system accepts the connection for a listener that nobody looks after.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let transport =
        make(&Setup { connect_timeout: Duration::from_millis(300), ..Setup::default() });
    let start = Instant::now();
    let outcome = send(&*transport, get(format!("https://{}/", silent.local_addr().unwrap())));
    assert!(matches!(outcome, Err(TransportError::Timeout { .. })), "{outcome:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

pub(super) fn a_broken_answer_is_broken(make: Make) {
    let cases: [(&str, &[u8]); 7] = [
        ("nothing", b""),
        ("not HTTP", b"220 mail.example ESMTP\r\n\r\n"),
        ("half a head", b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Le"),
        ("a status and no more", b"HTTP/1.1 412 Precondition Failed\r\n"),
        ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
        ("half a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nonly this"),
        ("no last chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n"),
    ];
    for (what, bytes) in cases {
        let server = Loopback::http(move |_| Answer::SendAndClose(bytes.to_vec()));
        let outcome = send(&*make(&Setup::default()), get(server.url("/")));
        assert!(matches!(outcome, Err(TransportError::Broken { .. })), "{what}: {outcome:?}");
    }
}

pub(super) fn a_certificate_nobody_signed_is_untrusted_unless_it_is_in_the_file(make: Make) {
    let certificate = Certificate::of(&["localhost", "127.0.0.1"]);
    let server = Loopback::https(&certificate, |_| Answer::Send(reply("200 OK", "", b"safe")));

    let outcome = send(&*make(&Setup::default()), get(server.url("/")));
    assert!(
        matches!(&outcome, Err(TransportError::Untrusted { host, .. }) if *host == server.address.to_string()),
        "{outcome:?}"
    );
    assert!(server.received().is_empty(), "the request must not go to whom nobody trusts");

    let trusting = make(&Setup { ca_file: Some(certificate.file()), ..Setup::default() });
    assert_eq!(send(&*trusting, get(server.url("/"))).unwrap().body(), b"safe");
}

pub(super) fn a_certificate_for_another_host_is_untrusted(make: Make) {
    let certificate = Certificate::of(&["dav.example"]);
    let server = Loopback::https(&certificate, |_| Answer::Send(reply("200 OK", "", b"")));
    let trusting = make(&Setup { ca_file: Some(certificate.file()), ..Setup::default() });
    let outcome = send(&*trusting, get(server.url("/")));
    assert!(matches!(outcome, Err(TransportError::Untrusted { .. })), "{outcome:?}");
}

pub(super) fn a_port_without_tls_is_untrusted(make: Make) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let plain = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = server.accept().unwrap();
        let _ = stream.read(&mut [0; 16]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        // Closing with unread bytes would reset the connection before the answer is read.
        while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
    });
    let outcome = send(&*make(&Setup::default()), get(format!("https://{address}/")));
    assert!(matches!(outcome, Err(TransportError::Untrusted { .. })), "{outcome:?}");
    plain.join().unwrap();
}

pub(super) fn an_error_names_the_host_and_keeps_every_secret(make: Make) {
    let certificate = Certificate::of(&["127.0.0.1"]);
    let encrypted = Loopback::https(&certificate, |_| Answer::SendAndClose(Vec::new()));
    let broken = Loopback::http(|came| match came.line.contains("kind=garbage") {
        true => Answer::SendAndClose(b"nonsense\r\n\r\n".to_vec()),
        false => Answer::SendAndClose(Vec::new()),
    });
    let long = Loopback::http(|_| Answer::Send(reply("200 OK", "", &[b'x'; 101])));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = make(&Setup { max_body: 100, ..Setup::default() });
    for url in [
        encrypted.url("/hunter2/"),
        broken.url("/hunter2/"),
        broken.url("/hunter2/?kind=garbage"),
        broken.url("/hunter2/../hunter2"),
        broken.url("/hunter2").replace("://", "://ada:hunter2@"),
        long.url("/hunter2/"),
        format!("http://{free}/hunter2/"),
        format!("https://{}.invalid/hunter2", "x".repeat(64)),
        "/hunter2".to_owned(),
    ] {
        for header in [&b"Basic hunter2"[..], b"\xffhunter2"] {
            let mut asked = request("PUT", &url, "hunter2");
            let value = http::HeaderValue::from_bytes(header).unwrap();
            asked.headers_mut().insert("authorization", value);
            let Err(error) = send(&*transport, asked) else { panic!("{url} answered") };

            let mut told = format!("{error:?}");
            let mut next: Option<&dyn Error> = Some(&error);
            while let Some(error) = next {
                told.push_str(&format!("\n{error}"));
                next = error.source();
            }
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
