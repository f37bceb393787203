//! What [`DavTransport`] promises. Another HTTP client is held to it by one more line at the end.

mod answers;
mod failures;
mod http2;
mod isahc_only;
mod loopback;
mod requests;

use std::path::PathBuf;
use std::time::Duration;

use contactcmd_adapters::http_isahc::{IsahcOptions, IsahcTransport};
use contactcmd_ports::{DavTransport, TransportError};
use futures::executor::block_on;
use http::{Request, Response};

/// What a transport under test is made with.
struct Setup {
    timeout: Duration,
    connect_timeout: Duration,
    ca_file: Option<PathBuf>,
    max_body: u64,
}

impl Default for Setup {
    fn default() -> Self {
        // Far longer than any test: who runs into it has found a hang.
        let long = Duration::from_secs(30);
        Self { timeout: long, connect_timeout: long, ca_file: None, max_body: 64 << 20 }
    }
}

/// Makes the transport under test.
type Make = fn(&Setup) -> Box<dyn DavTransport>;

type Outcome = Result<Response<Vec<u8>>, TransportError>;

fn send(transport: &dyn DavTransport, request: Request<Vec<u8>>) -> Outcome {
    block_on(transport.send(request))
}

fn get(url: impl AsRef<str>) -> Request<Vec<u8>> {
    request("GET", url, "")
}

fn request(method: &str, url: impl AsRef<str>, body: impl Into<Vec<u8>>) -> Request<Vec<u8>> {
    Request::builder().method(method).uri(url.as_ref()).body(body.into()).unwrap()
}

macro_rules! contract {
    ($name:ident, $make:expr, { $($group:ident: $($promise:ident),+ $(,)?;)+ }) => {
        mod $name {
            $($(
                #[test]
                fn $promise() {
                    super::$group::$promise($make);
                }
            )+)+
        }
    };
}

macro_rules! transport_contract {
    ($name:ident, $make:expr) => {
        contract!($name, $make, {
            requests:
                method_headers_and_body_arrive_as_given,
                a_length_is_always_sent_and_chunks_never_are,
                a_path_goes_out_as_spelled,
                a_path_that_would_arrive_as_another_is_refused,
                cookies_are_not_sent_back,
                one_connection_serves_one_request_after_the_other,
                six_requests_are_in_flight_at_once,
                a_change_is_never_sent_twice,
                a_dropped_request_is_given_up;
            answers:
                every_status_is_an_answer,
                the_spoken_version_is_reported,
                headers_are_as_received,
                a_redirect_is_not_followed,
                an_interim_answer_is_passed_over,
                a_compressed_body_arrives_decoded_if_it_was_allowed,
                a_large_body_arrives_whole,
                a_body_may_be_exactly_as_long_as_the_limit,
                a_slow_answer_is_waited_for;
            failures:
                a_body_beyond_the_limit_is_not_read_on,
                a_refused_port_is_unreachable,
                an_unknown_host_is_unreachable,
                a_silent_server_is_a_timeout,
                a_silent_handshake_is_a_timeout,
                a_broken_answer_is_broken,
                a_certificate_nobody_signed_is_untrusted_unless_it_is_in_the_file,
                a_certificate_for_another_host_is_untrusted,
                a_port_without_tls_is_untrusted,
                an_error_names_the_host_and_keeps_every_secret;
            http2:
                http_2_is_spoken_where_it_is_offered,
                many_requests_share_one_http_2_connection;
        });
    };
}

transport_contract!(isahc, super::isahc_transport);

fn isahc_transport(setup: &Setup) -> Box<dyn DavTransport> {
    let options = IsahcOptions {
        timeout: setup.timeout,
        connect_timeout: setup.connect_timeout,
        ca_file: setup.ca_file.clone(),
        max_body: setup.max_body,
        ..IsahcOptions::default()
    };
    Box::new(IsahcTransport::new(&options).unwrap())
}
