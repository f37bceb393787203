//! What the isahc adapter promises beyond the port.

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

use contactcmd_adapters::http_isahc::{IsahcOptions, IsahcTransport, TransportSetupError};

use super::loopback::{Answer, Loopback, reply};
use super::{Setup, get, isahc_transport, send};

#[test]
fn a_certificate_file_that_is_none_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "-----BEGIN PRIVATE KEY-----\n").unwrap();
    let make = |path: PathBuf| {
        let options = IsahcOptions { ca_file: Some(path), ..IsahcOptions::default() };
        IsahcTransport::new(&options).unwrap_err()
    };

    let missing = make(folder.path().join("missing.pem"));
    assert!(matches!(missing, TransportSetupError::CaFileUnreadable { .. }), "{missing:?}");
    assert!(missing.to_string().ends_with("missing.pem"), "{missing}");
    assert!(missing.source().is_some());

    let empty = make(empty);
    assert!(matches!(empty, TransportSetupError::CaFileEmpty { .. }), "{empty:?}");
}

#[test]
fn the_environment_names_the_proxy_but_not_for_loopback() {
    const TARGET: &str = "CONTACTCMD_TEST_TARGET";
    if let Ok(target) = env::var(TARGET) {
        // This is the child: it alone has the proxy in its environment.
        let answer = send(&*isahc_transport(&Setup::default()), get(target)).unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        return;
    }

    let proxy = Loopback::http(|_| Answer::Send(reply("200 OK", "", b"")));
    let direct = Loopback::http(|_| Answer::Send(reply("200 OK", "", b"")));
    for target in ["http://dav.invalid/book/", &direct.url("/book/")] {
        let child = Command::new(env::current_exe().unwrap())
            .args(["the_environment_names_the_proxy_but_not_for_loopback"])
            .env(TARGET, target)
            .env("http_proxy", proxy.url(""))
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    }
    let lines = |server: &Loopback| -> Vec<String> {
        server.received().into_iter().map(|came| came.line).collect()
    };
    assert_eq!(lines(&proxy), ["GET http://dav.invalid/book/ HTTP/1.1"]);
    assert_eq!(lines(&direct), ["GET /book/ HTTP/1.1"]);
}
