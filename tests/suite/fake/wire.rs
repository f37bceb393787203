//! The fake on loopback, spoken to over a bare socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use contactcmd_tests::fake::{FakeDav, Fault, Knobs};
use contactcmd_tests::serve::{KeepAlive, Options, Served, serve};

use super::talk::{basic, card};

fn connect(served: &Served) -> TcpStream {
    let address = served.origin().replace("http://", "");
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn send(stream: &mut TcpStream, line: &str, body: &str) {
    let auth = basic();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {auth}\r\nDepth: 0\r\n\
         User-Agent: contactcmd/0\r\nIf-None-Match: *\r\nContent-Type: text/vcard\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
}

/// One whole answer: its head and its body.
fn answer(stream: &mut TcpStream) -> (String, String) {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
    let head = String::from_utf8(read).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |text| text.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn one_connection_serves_many_requests_and_is_counted() {
    let served = serve(FakeDav::new(Knobs::default()), Options::default());
    assert!(served.url().starts_with("http://127.0.0.1:") && served.url().ends_with('/'));
    let mut stream = connect(&served);
    send(&mut stream, "PUT /addressbooks/alice/contacts/%C3%A9.vcf", &card("u", "Ada"));
    assert!(answer(&mut stream).0.starts_with("HTTP/1.1 201 Created\r\n"));
    send(&mut stream, "GET /addressbooks/alice/contacts/%C3%A9.vcf", "");
    // If-None-Match: * on GET of a card that is there.
    assert!(answer(&mut stream).0.starts_with("HTTP/1.1 304"));
    send(&mut stream, "PROPFIND /addressbooks/alice/contacts/%C3%A9.vcf", "");
    let (head, body) = answer(&mut stream);
    assert!(head.starts_with("HTTP/1.1 207 Multi-Status"), "{head}");
    assert!(body.contains("contacts/%C3%A9.vcf"), "{body}");
    assert_eq!((served.connections(), served.requests()), (1, 3));
}

#[test]
fn what_is_not_http_or_chunked_is_refused_and_the_connection_ends() {
    let served = serve(FakeDav::new(Knobs::default()), Options::default());
    let chunked = "PUT /addressbooks/alice/contacts/a HTTP/1.1\r\nHost: h\r\n\
        Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    for (bytes, status) in
        [("nonsense\r\n\r\n", "400"), ("GET / HTTP/1.1\r\n\r\n", "400"), (chunked, "411")]
    {
        let mut stream = connect(&served);
        stream.write_all(bytes.as_bytes()).unwrap();
        let (head, _) = answer(&mut stream);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
        assert!(head.contains("connection: close"), "{head}");
    }
}

#[test]
fn latency_passes_on_each_connection_by_itself() {
    let latency = Duration::from_millis(400);
    let options = Options { latency, ..Options::default() };
    let served = serve(FakeDav::new(Knobs::default()), options);
    let started = Instant::now();
    let mut streams: Vec<TcpStream> = (0..6).map(|_| connect(&served)).collect();
    streams.iter_mut().for_each(|stream| send(stream, "PROPFIND /", ""));
    streams.iter_mut().for_each(|stream| assert!(answer(stream).0.contains("207")));
    let took = started.elapsed();
    assert!(took >= latency, "{took:?}");
    assert!(took < latency * 5, "six requests waited one after the other: {took:?}");
}

#[test]
fn faults_are_seen_on_the_wire() {
    let fake = FakeDav::new(Knobs::default());
    let served = serve(fake.clone(), Options::default());
    for fault in [Fault::DropBefore, Fault::DropAfter, Fault::TruncateBody, Fault::CloseIdle] {
        fake.fail_next(1, fault.clone());
        let mut stream = connect(&served);
        send(&mut stream, "PROPFIND /", "");
        let mut all = Vec::new();
        // A reset is as good as an end here.
        let _ = stream.read_to_end(&mut all);
        let text = String::from_utf8(all).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let told = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let told: usize = told.map_or(0, |length| length.parse().unwrap());
        match fault {
            Fault::TruncateBody => assert!(!body.is_empty() && body.len() < told, "{text}"),
            Fault::CloseIdle => {
                assert!(body.len() == told && told > 0 && !head.contains("close"), "{text}");
            }
            _ => assert_eq!(text, "", "{fault:?}"),
        }
    }
}

#[test]
fn an_answer_that_never_comes_ends_with_the_server() {
    let fake = FakeDav::new(Knobs::default());
    let served = serve(fake.clone(), Options::default());
    fake.fail_next(1, Fault::Timeout);
    let mut stream = connect(&served);
    send(&mut stream, "PROPFIND /", "");
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(stream.read(&mut [0; 1]).is_err(), "nothing comes while the server runs");
    let started = Instant::now();
    drop(served);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(TcpStream::connect(stream.peer_addr().unwrap()).is_err(), "nobody listens any more");
}

#[test]
fn dropping_ends_a_long_latency_at_once() {
    let options = Options { latency: Duration::from_secs(600), ..Options::default() };
    let served = serve(FakeDav::new(Knobs::default()), options);
    let mut stream = connect(&served);
    send(&mut stream, "PROPFIND /", "");
    while served.requests() == 0 {
        std::thread::yield_now();
    }
    let started = Instant::now();
    drop(served);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_server_without_keep_alive_says_so() {
    let options = Options { keep_alive: KeepAlive::Closed, ..Options::default() };
    let served = serve(FakeDav::new(Knobs::default()), options);
    let mut stream = connect(&served);
    send(&mut stream, "PROPFIND /", "");
    assert!(answer(&mut stream).0.contains("connection: close"));
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
}
