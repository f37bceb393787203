//! Replies of real servers for the tests: `fixtures/replies/<server>/<what>.http`, status line and
//! headers first.

use http::{Response, StatusCode};

use super::{Href, Location};

/// The reply in `fixtures/replies/<name>.http`.
#[expect(clippy::disallowed_methods, reason = "test data is read from files; the code is not")]
pub(super) fn shape(name: &str) -> Response<Vec<u8>> {
    let path = format!("{}/../fixtures/replies/{name}.http", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let mut response =
        Response::builder().status(StatusCode::from_bytes(status.as_bytes()).unwrap());
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        response = response.header(name, value);
    }
    response.body(body.as_bytes().to_vec()).unwrap()
}

/// A 207 with this body.
pub(super) fn multistatus(body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    Response::builder().status(207).body(body.into()).unwrap()
}

/// A 207 with these `response` elements in it, prefixes `D:` and `C:`.
pub(super) fn rows(rows: &str) -> Response<Vec<u8>> {
    multistatus(format!(
        "<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:carddav\">{rows}</D:multistatus>"
    ))
}

/// A place on a host of no importance.
pub(super) fn at(path: &str) -> Location {
    Location::parse("https://dav.example").unwrap().with_href(Href::new(path))
}

/// The bytes of every file in the collection of real cards; none where it is not at hand.
#[expect(clippy::disallowed_methods, reason = "test data is read from files; the code is not")]
pub(super) fn real_cards() -> Vec<Vec<u8>> {
    let mut folders = vec![format!("{}/../../shared/vcards", env!("CARGO_MANIFEST_DIR")).into()];
    let mut cards = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir::<std::path::PathBuf>(folder) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "vcf") {
                cards.extend(std::fs::read(path).ok());
            }
        }
    }
    cards
}
