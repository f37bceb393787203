//! [`DavTransport`] over isahc, that is libcurl with rustls built in.
//!
//! What a caller of this adapter may want to know beyond the port:
//!
//! - **Versions**: HTTP/2 where the server offers it in the TLS handshake (ALPN), else HTTP/1.1; a
//!   plain connection is always HTTP/1.1. Connections are kept and used again.
//! - **Time**: connecting (name, TCP, TLS) has its own limit. After that a request ends only when
//!   less than one byte a second passed for the whole of `timeout`, seen over a window of about
//!   five seconds: a slow but living download is never cut.
//! - **Proxies** come from the environment as with curl: `https_proxy`, `http_proxy` (lower case
//!   only), `all_proxy`, `no_proxy`. A loopback address never goes through one.
//! - **Headers**: curl adds `Host`, `Accept: */*`, and isahc a `User-Agent`, where the request has
//!   none. Nothing else is added; a value outside visible ASCII cannot be sent.
//! - **Paths** go out as spelled, with two exceptions curl leaves us no way around: the hex digits
//!   of an escape are written in capitals, and what is not ASCII is escaped; for RFC 3986 (6.2.2.1)
//!   and RFC 3987 (3.1) these are the same address. Dot segments, which curl would resolve, are refused.
//! - **Repeats**: none of PUT and POST. curl itself repeats a request of another method on a new
//!   connection when the kept one turns out to be closed before one byte of an answer, as RFC 9110
//!   (9.2.2) allows.
//! - **Logs**: isahc traces requests with all headers; those traces are compiled away.

mod body;
mod explain;
mod wire;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use contactcmd_ports::{DavTransport, TransportError};
use http::{Method, Request, Response};
use isahc::HttpClient;
use isahc::config::{Configurable, RedirectPolicy, VersionNegotiation};
use isahc::tls::{TlsConfig, TrustStore};

/// How to speak HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsahcOptions {
    /// A connection on which nothing passes for this long is given up; counted in whole seconds,
    /// rounded up, at least one.
    pub timeout: Duration,
    /// Looking up the name, connecting and the TLS handshake may take this long together.
    pub connect_timeout: Duration,
    /// Certificates in PEM to trust **instead of** the system's; `None` trusts the system's.
    pub ca_file: Option<PathBuf>,
    /// The largest body of an answer, in bytes, after decoding.
    pub max_body: u64,
    /// The most connections at once, and the most kept for later.
    pub max_connections: usize,
}

impl Default for IsahcOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(20),
            ca_file: None,
            // A listing of 100,000 cards is about 60 MB, and a listing cannot be asked for in parts.
            max_body: 256 * 1024 * 1024,
            max_connections: 8,
        }
    }
}

/// Sends requests by isahc. Dropping it closes its connections.
#[derive(Debug)]
pub struct IsahcTransport {
    client: HttpClient,
    max_body: u64,
}

impl IsahcTransport {
    /// Gets ready to send; opens no connection yet.
    ///
    /// # Errors
    ///
    /// - [`TransportSetupError::CaFileUnreadable`], [`TransportSetupError::CaFileEmpty`]: the user
    ///   must correct `ca_file`.
    /// - [`TransportSetupError::Client`]: the machine gives no thread or no sockets; report it.
    pub fn new(options: &IsahcOptions) -> Result<Self, TransportSetupError> {
        let mut builder = HttpClient::builder()
            .redirect_policy(RedirectPolicy::None)
            .version_negotiation(VersionNegotiation::latest_compatible())
            // Q34: some servers answer 417 or wait for ever.
            .expect_continue(false)
            // HTTP/1.1 names are compared without case, but not by everything between here and there.
            .title_case_headers(true)
            .connect_timeout(options.connect_timeout)
            .low_speed_timeout(1, whole_seconds(options.timeout))
            .max_connections(options.max_connections)
            .connection_cache_size(options.max_connections);
        if let Some(path) = &options.ca_file {
            builder = builder.tls_config(TlsConfig::builder().trust_store(trust(path)?).build());
        }
        let client = builder.build().map_err(|cause| TransportSetupError::Client { cause })?;
        Ok(Self { client, max_body: options.max_body })
    }
}

#[async_trait]
impl DavTransport for IsahcTransport {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let host = wire::host_and_port(request.uri());
        let request = match wire::sendable(request) {
            Ok(request) => request,
            Err(cause) => return Err(TransportError::Broken { host, cause: cause.into() }),
        };
        let only_head = request.method() == Method::HEAD;
        let answer = match self.client.send_async(request).await {
            Ok(answer) => body::read_whole(answer, self.max_body, &host).await?,
            Err(error) => return Err(explain::explain(host, error)),
        };
        if body::is_cut_short(&answer) && !only_head {
            return Err(TransportError::Broken { host, cause: body::CutShort.into() });
        }
        Ok(answer)
    }
}

/// Why there can be no transport.
#[derive(Debug, thiserror::Error)]
pub enum TransportSetupError {
    /// The certificate file cannot be read.
    #[error("cannot read the certificates in {}", path.display())]
    CaFileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The certificate file holds no certificate in PEM form.
    #[error("there is no certificate (in PEM form) in {}", path.display())]
    CaFileEmpty {
        /// The file.
        path: PathBuf,
    },
    /// The library could not start.
    #[error("cannot start the HTTP client")]
    Client {
        /// What it said.
        #[source]
        cause: isahc::Error,
    },
}

/// Reads the file now, so that a wrong path is an error at the start and not at every connection.
fn trust(path: &PathBuf) -> Result<TrustStore, TransportSetupError> {
    let pem = fs::read(path)
        .map_err(|cause| TransportSetupError::CaFileUnreadable { path: path.clone(), cause })?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(begin.len()).any(|window| window == begin) {
        return Err(TransportSetupError::CaFileEmpty { path: path.clone() });
    }
    Ok(TrustStore::builder().certificate_from_pem(pem).build())
}

/// curl counts slowness in whole seconds, and 0 would mean for ever.
fn whole_seconds(limit: Duration) -> Duration {
    let seconds = limit.as_secs() + u64::from(limit.subsec_nanos() > 0);
    Duration::from_secs(seconds.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_rounded_up_and_never_becomes_no_limit() {
        for (given, seconds) in [(0, 1), (300, 1), (1000, 1), (1001, 2), (60_000, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(given)), Duration::from_secs(seconds));
        }
    }

    #[test]
    fn no_library_can_write_a_request_into_a_log() {
        // isahc traces headers and bodies (its target `isahc::wire`) once anybody listens.
        assert_eq!(
            tracing::level_filters::STATIC_MAX_LEVEL,
            tracing::level_filters::LevelFilter::OFF
        );
    }
}
