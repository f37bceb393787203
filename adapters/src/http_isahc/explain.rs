//! isahc's errors in the words of the port: the only place that knows isahc's kinds.

use std::error::Error;

use contactcmd_ports::TransportError;

/// What went wrong at `host`, with isahc's words as the cause.
///
/// isahc's words are curl's: host, port, sizes and times, names in the server's certificate, never
/// the path, a header or the body of the request.
pub(super) fn explain(host: String, error: isahc::Error) -> TransportError {
    use isahc::error::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionFailed if in_tls_handshake(&error) => {
            TransportError::Untrusted { host, cause: error.into() }
        }
        ErrorKind::NameResolution | ErrorKind::ConnectionFailed => {
            TransportError::Unreachable { host, cause: error.into() }
        }
        ErrorKind::Timeout => TransportError::Timeout { host },
        ErrorKind::BadServerCertificate
        | ErrorKind::BadClientCertificate
        | ErrorKind::InvalidTlsConfiguration
        | ErrorKind::TlsEngine => TransportError::Untrusted { host, cause: error.into() },
        _ => TransportError::Broken { host, cause: error.into() },
    }
}

fn in_tls_handshake(error: &isahc::Error) -> bool {
    error
        .source()
        .and_then(|source| source.downcast_ref::<curl::Error>())
        .is_some_and(curl::Error::is_ssl_connect_error)
}
