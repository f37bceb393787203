//! Puts the fake on loopback: HTTP/1.1 over std's sockets, a thread per connection.

mod wire;

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use http::{Response, StatusCode};

use crate::fake::{Answer, FakeDav};
use wire::{Head, parse, wire};

/// How the fake is served.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Passes before each answer, on each connection by itself: parallel requests overlap.
    pub latency: Duration,
    /// Whether a connection serves more than one request.
    pub keep_alive: KeepAlive,
}

/// Whether a connection serves more than one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepAlive {
    /// It does.
    #[default]
    Kept,
    /// Each answer says `Connection: close` (Radicale).
    Closed,
}

/// A fake on loopback. Dropping it closes every connection and ends every thread.
pub struct Served {
    address: SocketAddr,
    fake: FakeDav,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

/// Serves `fake` on a free port of 127.0.0.1.
///
/// # Panics
///
/// When this machine lets nobody listen on loopback: no test that needs it can go on.
pub fn serve(fake: FakeDav, options: Options) -> Served {
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)) {
        Ok(listener) => listener,
        Err(error) => panic!("cannot listen on loopback: {error}"),
    };
    let address = match listener.local_addr() {
        Ok(address) => address,
        Err(error) => panic!("cannot tell the port: {error}"),
    };
    let shared = Arc::new(Shared::new(fake.clone(), options));
    let accepting = Arc::clone(&shared);
    let handle = std::thread::spawn(move || accept(&listener, &accepting));
    Served { address, fake, shared, listener: Some(handle) }
}

impl Served {
    /// `http://127.0.0.1:port` and the path of the layout's root.
    pub fn url(&self) -> String {
        let whole = self.fake.url();
        let path = whole.splitn(4, '/').nth(3).unwrap_or_default();
        format!("{}/{path}", self.origin())
    }

    /// `http://127.0.0.1:port`, without a slash.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many requests were read so far.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Closes every open connection without a word, as a proxy does with idle ones.
    pub fn close_connections(&self) {
        for stream in lock(&self.shared.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shared.stop();
        // Wakes the accepting thread; it looks at the flag before it serves anybody.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

struct Shared {
    fake: FakeDav,
    options: Options,
    stopped: AtomicBool,
    /// Rung once, when the server stops: ends every wait for latency.
    bell: (Mutex<()>, Condvar),
    open: Mutex<HashMap<usize, TcpStream>>,
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Shared {
    fn new(fake: FakeDav, options: Options) -> Self {
        Self {
            fake,
            options,
            stopped: AtomicBool::new(false),
            bell: (Mutex::new(()), Condvar::new()),
            open: Mutex::new(HashMap::new()),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        }
    }

    fn stop(&self) {
        let guard = lock(&self.bell.0);
        self.stopped.store(true, Ordering::SeqCst);
        drop(guard);
        self.bell.1.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Lets the latency pass, or returns at once when the server stops.
    fn wait(&self) {
        if !self.options.latency.is_zero() {
            let guard = lock(&self.bell.0);
            let running = |_: &mut ()| !self.is_stopped();
            let _ = self.bell.1.wait_timeout_while(guard, self.options.latency, running);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for stream in listener.incoming() {
        if shared.is_stopped() {
            break;
        }
        let Ok(stream) = stream else { continue };
        let Ok(handle) = stream.try_clone() else { continue };
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        lock(&shared.open).insert(number, handle);
        let shared = Arc::clone(shared);
        threads.push(std::thread::spawn(move || {
            // An error is the client's going away, which is its right.
            let _ = Connection { stream, shared: &shared, read: Vec::new() }.run();
            lock(&shared.open).remove(&number);
        }));
        threads.retain(|thread| !thread.is_finished());
    }
    for stream in lock(&shared.open).values() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// How long the head of a request may be, in bytes.
const MOST_HEAD: usize = 64 * 1024;

struct Connection<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    /// What was read and not used yet.
    read: Vec<u8>,
}

impl Connection<'_> {
    fn run(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        while let Some(head) = self.head()? {
            let whole = head.length + head.body;
            while self.read.len() < whole {
                self.more()?;
            }
            let rest = self.read.split_off(whole);
            let body = std::mem::replace(&mut self.read, rest).split_off(head.length);
            let Ok(request) = head.request.body(body) else {
                return self.refuse(StatusCode::BAD_REQUEST);
            };
            let bodiless = request.method() == http::Method::HEAD;
            self.shared.requests.fetch_add(1, Ordering::SeqCst);
            self.shared.wait();
            if self.shared.is_stopped() {
                return Ok(());
            }
            let last = head.last || self.shared.options.keep_alive == KeepAlive::Closed;
            match self.shared.fake.answer(request) {
                Answer::Whole(reply) => self.stream.write_all(&wire(reply, bodiless, last))?,
                Answer::ThenClose(reply) => {
                    self.stream.write_all(&wire(reply, bodiless, false))?;
                    return self.close();
                }
                Answer::Cut(reply) => {
                    let cut = reply.body().len().div_ceil(2);
                    let bytes = wire(reply, bodiless, false);
                    let kept = bytes.get(..bytes.len() - cut).unwrap_or_default();
                    self.stream.write_all(kept)?;
                    return self.close();
                }
                Answer::Closed | Answer::Unreachable => return self.close(),
                Answer::Silent => return self.outlast_client(),
            }
            if last {
                return self.close();
            }
        }
        Ok(())
    }

    /// Reads until the head of a request is whole; `None` when the client left before one began.
    fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if !self.read.is_empty() {
                match parse(&self.read) {
                    Ok(None) => {}
                    Ok(Some(head)) => return Ok(Some(head)),
                    Err(status) => {
                        self.refuse(status)?;
                        return Ok(None);
                    }
                }
            }
            if self.read.len() > MOST_HEAD {
                self.refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)?;
                return Ok(None);
            }
            match self.more() {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let mut part = [0; 16 * 1024];
        match self.stream.read(&mut part)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.read.extend_from_slice(part.get(..count).unwrap_or_default());
                Ok(())
            }
        }
    }

    fn refuse(&mut self, status: StatusCode) -> io::Result<()> {
        let mut reply = Response::new(Vec::new());
        *reply.status_mut() = status;
        self.stream.write_all(&wire(reply, false, true))?;
        self.close()
    }

    fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Both)
    }

    /// Answers nothing until the client gives up, or the server stops and shuts the socket.
    fn outlast_client(&mut self) -> io::Result<()> {
        while self.stream.read(&mut [0; 1024])? > 0 {}
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
