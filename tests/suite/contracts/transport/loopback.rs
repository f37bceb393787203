//! An HTTP/1.1 server of a few lines, on loopback: it answers as it is told, which is often wrong.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// Runs until dropped.
pub(super) struct Loopback {
    pub(super) address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Seen>,
}

/// A request as it came over the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// The whole request line.
    pub(super) line: String,
    /// Names in lower case, in order.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Which connection it came by, from 1.
    pub(super) connection: usize,
}

/// What to do about a request.
pub(super) enum Answer {
    /// Write these bytes and wait for the next request.
    Send(Vec<u8>),
    /// Write these bytes and close.
    SendAndClose(Vec<u8>),
    /// Write these bytes, then nothing until the client goes away.
    SendAndStall(Vec<u8>),
    /// Write these bytes, then the pieces, one at a time with a pause before each.
    Drip(Vec<u8>, usize, Duration),
    /// Write these bytes, then chunks of a megabyte until the client goes away.
    Endless(Vec<u8>),
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<Received>>,
    stop: AtomicBool,
}

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

impl Loopback {
    /// A plain server.
    pub(super) fn http(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        Self::start("http", None, answer)
    }

    /// A server with this certificate.
    pub(super) fn https(
        certificate: &Certificate,
        answer: impl Fn(&Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start("https", Some(certificate.server_config(&[b"http/1.1"])), answer)
    }

    /// Its address followed by this path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// How many connections were opened so far.
    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The whole requests that came so far.
    pub(super) fn received(&self) -> Vec<Received> {
        self.seen.requests.lock().unwrap().clone()
    }

    fn start(
        scheme: &'static str,
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&Received) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (shared, answer) = (Arc::clone(&seen), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                let connection = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
                let (seen, answer, tls) = (Arc::clone(&shared), Arc::clone(&answer), tls.clone());
                thread::spawn(move || {
                    let mut wire = secured(stream, tls);
                    // A client that goes away in the middle is part of several tests.
                    let _ = serve(wire.as_mut(), connection, &seen, answer.as_ref());
                });
            }
        });
        Self { address, scheme, seen }
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.seen.stop.store(true, Ordering::SeqCst);
        // Wakes the listener, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

impl Received {
    /// The value of a header, if there is exactly one.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let only = values.next()?;
        values.next().is_none().then_some(only.1.as_str())
    }
}

/// A whole answer with a `Content-Length`.
pub(super) fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Waits for a moment, as a slow server does.
pub(super) fn pause(time: Duration) {
    let (_open, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}

/// A certificate for these names, signed by nobody but itself.
pub(super) struct Certificate {
    der: rustls::pki_types::CertificateDer<'static>,
    key: Vec<u8>,
    folder: TempDir,
}

impl Certificate {
    pub(super) fn of(names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
        Self { der: made.cert.der().clone(), key: made.signing_key.serialize_der(), folder }
    }

    /// A file that holds it.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub(super) fn server_config(&self, protocols: &[&[u8]]) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    }
}

fn secured(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> Box<dyn Wire> {
    match tls {
        Some(config) => Box::new(StreamOwned::new(ServerConnection::new(config).unwrap(), stream)),
        None => Box::new(stream),
    }
}

fn serve(
    wire: &mut dyn Wire,
    connection: usize,
    seen: &Seen,
    answer: &dyn Fn(&Received) -> Answer,
) -> std::io::Result<()> {
    while let Some(mut request) = read_request(wire)? {
        request.connection = connection;
        seen.requests.lock().unwrap().push(request.clone());
        match answer(&request) {
            Answer::Send(bytes) => wire.write_all(&bytes)?,
            Answer::SendAndClose(bytes) => return wire.write_all(&bytes),
            Answer::SendAndStall(bytes) => {
                wire.write_all(&bytes)?;
                while wire.read(&mut [0])? > 0 {}
            }
            Answer::Drip(bytes, pieces, every) => {
                wire.write_all(&bytes)?;
                for _ in 0..pieces {
                    pause(every);
                    wire.write_all(b"slow")?;
                }
            }
            Answer::Endless(bytes) => {
                wire.write_all(&bytes)?;
                let megabyte = [b"100000\r\n", [b'x'; 1 << 20].as_slice(), b"\r\n"].concat();
                loop {
                    wire.write_all(&megabyte)?;
                }
            }
        }
    }
    Ok(())
}

/// The next request, or `None` when the client has closed.
fn read_request(wire: &mut dyn Wire) -> std::io::Result<Option<Received>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if wire.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.trim_end().split("\r\n");
    let mut request = Received {
        line: lines.next().unwrap_or_default().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        ..Received::default()
    };
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    wire.read_exact(&mut request.body)?;
    Ok(Some(request))
}
