//! How fast the replies that grow with the book are read. Aim: at most 3 microseconds a card.

use contactcmd_domain::dav::{Href, ListCards, Location, Multiget, Operation, SyncCollection};
use divan::{Bencher, counter::BytesCount};
use http::Response;

const CARDS: usize = 10_000;

fn main() {
    divan::main();
}

/// A PROPFIND of depth 1.
#[divan::bench]
fn listing(bencher: Bencher<'_, '_>) {
    let own = "<d:response><d:href>/dav/book/</d:href><d:propstat><d:prop><d:resourcetype>\
        <d:collection/><card:addressbook/></d:resourcetype></d:prop>\
        <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>";
    let rows: String = (0..CARDS).map(|n| row(n, "")).collect();
    let operation = ListCards { book: book() };
    read(bencher, &operation, &format!("{own}{rows}"));
}

/// A first sync report.
#[divan::bench]
fn changes(bencher: Bencher<'_, '_>) {
    let rows: String = (0..CARDS).map(|n| row(n, "")).collect();
    let operation = SyncCollection { book: book(), token: None, depth_one: false };
    read(bencher, &operation, &format!("{rows}<d:sync-token>1</d:sync-token>"));
}

/// A multiget of cards of 600 bytes, line ends as sabre writes them.
#[divan::bench]
fn multiget(bencher: Bencher<'_, '_>) {
    let line = "X-NOTE:forty bytes of text, more or less.&#13;\n";
    let card = format!("BEGIN:VCARD&#13;\n{}END:VCARD&#13;\n", line.repeat(12));
    let data = format!("<card:address-data>{card}</card:address-data>");
    let rows: String = (0..CARDS).map(|n| row(n, &data)).collect();
    let hrefs = (0..CARDS).map(|n| Href::new(href(n))).collect();
    let operation =
        Multiget { book: book(), hrefs, depth_one: false, version: None, checked: false };
    read(bencher, &operation, &rows);
}

fn read<O: Operation>(bencher: Bencher<'_, '_>, operation: &O, rows: &str) {
    let body = format!(
        "<?xml version=\"1.0\"?><d:multistatus xmlns:d=\"DAV:\" \
         xmlns:card=\"urn:ietf:params:xml:ns:carddav\">{rows}</d:multistatus>"
    );
    let mut response = Response::new(body.into_bytes());
    *response.status_mut() = http::StatusCode::MULTI_STATUS;
    bencher
        .counter(BytesCount::new(response.body().len()))
        .bench_local(|| operation.reply(divan::black_box(&response)).is_ok());
}

fn book() -> Location {
    let location = Location::parse("https://dav.example/dav/book/");
    location.unwrap_or_else(|error| panic!("{error}"))
}

fn href(n: usize) -> String {
    format!("/dav/book/6f1c2f34-0000-4000-8000-{n:012}.vcf")
}

fn row(n: usize, data: &str) -> String {
    format!(
        "<d:response><d:href>{}</d:href><d:propstat><d:prop><d:getetag>&quot;{n:032x}&quot;\
         </d:getetag>{data}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>",
        href(n)
    )
}
