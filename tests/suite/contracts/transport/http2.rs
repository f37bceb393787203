//! HTTP/2, offered and taken in the TLS handshake.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures::executor::block_on;
use futures::future::join_all;
use http::{StatusCode, Version};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::loopback::Certificate;
use super::{Make, Setup, get, request, send};

pub(super) fn http_2_is_spoken_where_it_is_offered(make: Make) {
    let certificate = Certificate::of(&["127.0.0.1"]);
    let server = Http2::start(certificate.server_config(&[b"h2", b"http/1.1"]));
    let transport = make(&Setup { ca_file: Some(certificate.file()), ..Setup::default() });
    let url = format!("https://{}/book/", server.address);
    for (method, body) in [("GET", ""), ("PROPFIND", "<x/>"), ("PUT", "card"), ("DELETE", "")] {
        let answer = send(&*transport, request(method, &url, body)).unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.body(), b"two");
    }
}

pub(super) fn many_requests_share_one_http_2_connection(make: Make) {
    let certificate = Certificate::of(&["127.0.0.1"]);
    let server = Http2::start(certificate.server_config(&[b"h2"]));
    let transport = make(&Setup { ca_file: Some(certificate.file()), ..Setup::default() });
    let url = format!("https://{}/", server.address);
    send(&*transport, get(&url)).unwrap();

    let many = (0..32).map(|_| transport.send(get(&url)));
    for answer in block_on(join_all(many)) {
        assert_eq!(answer.unwrap().body(), b"two");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

/// Answers every request with 200 and the body `two`; knows as much of RFC 9113 as that takes.
struct Http2 {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:status: 200` in HPACK's static table (RFC 7541, appendix A).
const STATUS_200: &[u8] = &[0x88];

impl Http2 {
    fn start(tls: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let opened = Arc::clone(&connections);
        // Ends with the test process: nothing more than a listener is held by it.
        thread::spawn(move || {
            for stream in listener.incoming() {
                opened.fetch_add(1, Ordering::SeqCst);
                let session = ServerConnection::new(Arc::clone(&tls)).unwrap();
                let mut wire = StreamOwned::new(session, stream.unwrap());
                thread::spawn(move || {
                    let _ = serve(&mut wire);
                });
            }
        });
        Self { address, connections }
    }
}

fn serve(wire: &mut StreamOwned<ServerConnection, TcpStream>) -> io::Result<()> {
    let mut preface = [0; PREFACE.len()];
    wire.read_exact(&mut preface)?;
    assert_eq!(preface, PREFACE);
    write_frame(wire, SETTINGS, 0, 0, &[])?;
    loop {
        let mut head = [0; 9];
        wire.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length as usize];
        wire.read_exact(&mut payload)?;
        match kind {
            SETTINGS if flags & ACK == 0 => write_frame(wire, SETTINGS, ACK, 0, &[])?,
            PING if flags & ACK == 0 => write_frame(wire, PING, ACK, 0, &payload)?,
            HEADERS | DATA if flags & END_STREAM != 0 => {
                write_frame(wire, HEADERS, END_HEADERS, stream, STATUS_200)?;
                write_frame(wire, DATA, END_STREAM, stream, b"two")?;
            }
            _ => {}
        }
    }
}

fn write_frame(
    wire: &mut impl Write,
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &[u8],
) -> io::Result<()> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    wire.write_all(&frame)?;
    wire.flush()
}
