//! A transport that remembers what was said through it, so that discovery can be shown step by step.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use contactcmd_domain::dav::Location;
use contactcmd_ports::{DavTransport, TransportError};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderMap, Request, Response, Version};

/// The headers by which servers tell what they are.
const SOFTWARE: [&str; 4] = ["server", "x-powered-by", "x-sabre-version", "x-dav-powered-by"];
/// An answer of discovery that is larger than this is not looked at again, in bytes.
const KEPT: usize = 1 << 20;

/// Looks on.
pub(super) struct Witness {
    transport: Arc<dyn DavTransport>,
    seen: Mutex<Vec<Exchange>>,
}

/// One request and what came of it. Holds no request body and no secret: of `Authorization` only the
/// scheme, and of bodies only those of PROPFIND.
pub(super) struct Exchange {
    /// The verb.
    pub(super) method: String,
    /// Where it went; `None` when that was no address.
    pub(super) at: Option<Location>,
    /// Its `Depth`.
    pub(super) depth: Option<String>,
    /// The scheme of `Authorization`, lower case.
    pub(super) scheme: Option<String>,
    /// `None`: no whole answer came.
    pub(super) status: Option<u16>,
    /// Where a redirect leads, as the server wrote it.
    pub(super) to: Option<String>,
    /// What the server says it is: header and value.
    pub(super) software: Vec<(&'static str, String)>,
    /// Whether it was HTTP/2.
    pub(super) http2: bool,
    /// The answer to a PROPFIND.
    pub(super) answer: Option<Response<Vec<u8>>>,
    /// How long it took.
    pub(super) elapsed: Duration,
}

impl Witness {
    /// Looks on at this transport.
    pub(super) fn new(transport: Arc<dyn DavTransport>) -> Self {
        Self { transport, seen: Mutex::default() }
    }

    /// What was said since the last time.
    pub(super) fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.seen())
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl DavTransport for Witness {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let mut exchange = of_request(&request);
        // The clock of the world stays in its thread; several requests may be in flight here.
        let started = Instant::now();
        let sent = self.transport.send(request).await;
        exchange.elapsed = started.elapsed();
        if let Ok(response) = &sent {
            add_response(&mut exchange, response);
        }
        self.seen().push(exchange);
        sent
    }
}

fn of_request(request: &Request<Vec<u8>>) -> Exchange {
    let scheme = text(request.headers(), AUTHORIZATION.as_str());
    let scheme = scheme.and_then(|text| Some(text.split(' ').next()?.to_ascii_lowercase()));
    Exchange {
        method: request.method().to_string(),
        at: Location::parse(&request.uri().to_string()).ok(),
        depth: text(request.headers(), "depth"),
        scheme,
        status: None,
        to: None,
        software: Vec::new(),
        http2: false,
        answer: None,
        elapsed: Duration::ZERO,
    }
}

fn add_response(exchange: &mut Exchange, response: &Response<Vec<u8>>) {
    exchange.status = Some(response.status().as_u16());
    exchange.to = text(response.headers(), LOCATION.as_str());
    exchange.http2 = response.version() == Version::HTTP_2;
    exchange.software = SOFTWARE
        .into_iter()
        .filter_map(|name| Some((name, text(response.headers(), name)?)))
        .collect();
    if exchange.method == "PROPFIND" && response.body().len() <= KEPT {
        exchange.answer = Some(response.clone());
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
