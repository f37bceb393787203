//! The answer's body, whole and within its limit.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use contactcmd_ports::TransportError;
use futures::io::AsyncRead;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Response, StatusCode, Version};
use isahc::AsyncBody;

use super::explain::explain;

/// What is set aside for a body before any of it came, at most: a server may announce anything.
const MOST_AHEAD: u64 = 8 * 1024 * 1024;
/// Space kept for the next read; curl hands over at most 16 KiB at a time.
const CHUNK: usize = 16 * 1024;

/// Reads to the end, or to the limit: what is beyond it is never held.
pub(super) async fn read_whole(
    answer: Response<AsyncBody>,
    limit: u64,
    host: &str,
) -> Result<Response<Vec<u8>>, TransportError> {
    let announced = announced_length(&answer);
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(host, limit));
    }
    let (head, mut body) = answer.into_parts();
    // One more than announced, so that the read which finds the end has somewhere to read into.
    let mut bytes = vec![0; ahead(announced)];
    let mut filled = 0;
    loop {
        let read = poll_fn(|cx| {
            let rest = bytes.get_mut(filled..).unwrap_or_default();
            Pin::new(&mut body).poll_read(cx, rest)
        });
        match read.await {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) => return Err(broken_off(host, error)),
        }
        if filled as u64 > limit {
            return Err(too_large(host, limit));
        }
        if filled == bytes.len() {
            bytes.resize(filled + filled.max(CHUNK), 0);
        }
    }
    bytes.truncate(filled);

    // isahc's extensions (addresses, the request's body) stay behind: they are not of the port.
    let mut whole = Response::new(bytes);
    *whole.status_mut() = head.status;
    *whole.version_mut() = head.version;
    *whole.headers_mut() = head.headers;
    Ok(whole)
}

/// Whether the connection ended within the head of this answer, which curl takes for its end.
///
/// Such an answer announces no body and has none. One that means it is HTTP/1.0, has a status that
/// never has a body, or says `Connection: close`, as it must (RFC 9112, 9.6).
pub(super) fn is_cut_short(answer: &Response<Vec<u8>>) -> bool {
    let ends_by_itself = [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION]
        .iter()
        .any(|name| answer.headers().contains_key(name));
    let bodiless = matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    answer.version() == Version::HTTP_11 && answer.body().is_empty() && !ends_by_itself && !bodiless
}

/// The connection ended before the head of the answer did.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed in the middle of the answer's headers")]
pub(super) struct CutShort;

/// The length of the body as it will be read, if the server said so.
fn announced_length(answer: &Response<AsyncBody>) -> Option<u64> {
    if answer.headers().contains_key(CONTENT_ENCODING) {
        return None;
    }
    answer.headers().get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn ahead(announced: Option<u64>) -> usize {
    let bytes = announced.map_or(CHUNK as u64, |length| length.min(MOST_AHEAD) + 1);
    usize::try_from(bytes).unwrap_or(CHUNK)
}

/// isahc wraps its own errors for the reader; unwrapped they keep their kind.
fn broken_off(host: &str, error: io::Error) -> TransportError {
    explain(host.to_owned(), isahc::Error::from(error))
}

fn too_large(host: &str, limit: u64) -> TransportError {
    TransportError::TooLarge { host: host.to_owned(), limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_length_sets_no_more_aside_than_is_reasonable() {
        assert_eq!(ahead(None), CHUNK);
        assert_eq!(ahead(Some(0)), 1);
        assert_eq!(ahead(Some(1000)), 1001);
        assert_eq!(ahead(Some(u64::MAX)), 8 * 1024 * 1024 + 1);
    }
}
