//! The port to a server: one request, one answer.

use std::error::Error;

use async_trait::async_trait;
use http::{Request, Response};

/// Sends one request and returns the one answer to it.
///
/// It never follows a redirect, sends a PUT or POST twice, reads a status code or keeps a cookie or
/// a secret: a 500 is `Ok`. The request goes out with its headers and method as they are; a body has
/// a `Content-Length` and is never chunked. The path of its URI goes out as spelled: at most the hex
/// digits of an escape are written in capitals and what is not ASCII is escaped, which names the
/// same resource (RFC 3986, 6.2.2.1); what cannot go out so is not sent. The answer's body is whole
/// and decoded (gzip, if the request allowed it), its headers are as received, its version is the
/// one spoken.
/// Several requests may be in flight at once on one transport. Dropping the future gives up.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DavTransport: Send + Sync {
    /// Sends `request` and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// Only when no whole answer came:
    ///
    /// - [`TransportError::Unreachable`]: unknown host or refused port. Say so; a retry is pointless
    ///   within this run.
    /// - [`TransportError::Timeout`]: nothing came in time. Safe requests may be repeated.
    /// - [`TransportError::Untrusted`]: the certificate is not one we trust. Never retry; suggest
    ///   `ca_file`.
    /// - [`TransportError::TooLarge`]: the body exceeds the limit. Ask for less.
    /// - [`TransportError::Broken`]: the connection broke, or the request cannot be sent. Safe requests may be repeated; whether an
    ///   unsafe one took effect is unknown.
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError>;
}

/// A boxed cause, kept for the chain that is shown with `-v`.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why no whole answer came. Holds the host, never the path, the body or a header.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The host has no address, or nothing listens there.
    #[error("cannot reach {host}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the client library said.
        #[source]
        cause: Cause,
    },
    /// No answer in time.
    #[error("{host} did not answer in time")]
    Timeout {
        /// Host and port.
        host: String,
    },
    /// The TLS handshake failed, or the certificate is not trusted.
    #[error("cannot trust the certificate of {host}")]
    Untrusted {
        /// Host and port.
        host: String,
        /// What the client library said.
        #[source]
        cause: Cause,
    },
    /// The body is larger than allowed.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        host: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The connection broke, or what came was not HTTP.
    #[error("the connection to {host} broke")]
    Broken {
        /// Host and port.
        host: String,
        /// What the client library said.
        #[source]
        cause: Cause,
    },
}
