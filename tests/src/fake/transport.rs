//! The fake as a transport: tests in process, thousands a second.

use std::io;

use async_trait::async_trait;
use contactcmd_ports::{DavTransport, TransportError};
use http::{Request, Response};

use super::{Answer, FakeDav};

#[async_trait]
impl DavTransport for FakeDav {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let cause = |what: &str| Box::new(io::Error::other(what.to_owned()));
        match self.answer(request) {
            Answer::Whole(reply) | Answer::ThenClose(reply) => Ok(reply),
            Answer::Cut(_) => {
                Err(TransportError::Broken { host, cause: cause("the body broke off") })
            }
            Answer::Closed => {
                Err(TransportError::Broken { host, cause: cause("connection reset") })
            }
            Answer::Silent => Err(TransportError::Timeout { host }),
            Answer::Unreachable => {
                Err(TransportError::Unreachable { host, cause: cause("connection refused") })
            }
        }
    }
}
