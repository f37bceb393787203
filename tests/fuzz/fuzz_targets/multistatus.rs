//! Any bytes in answer to any operation: an error or a value, never a panic, and what is concluded
//! from it keeps the promises that data depends on.
#![no_main]

use contactcmd_domain::dav::{
    Completeness, DeleteCard, Delta, ETag, GetCard, Href, HrefKey, ListBooks, ListCards, Location,
    Multiget, Operation, Precondition, Probe, PutCard, ReadBook, SyncCollection, What,
};
use http::{Response, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, body) = input;
    let status = [207, 207, 207, 207, 207, 207, 200, 301, 400, 401, 403, 412, 500, 503];
    let status = status[usize::from(kind) % status.len()];
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let text = String::from_utf8_lossy(body);
    for header in ["www-authenticate", "etag", "location", "retry-after"] {
        if let Ok(value) = text.chars().take(200).collect::<String>().parse() {
            response.headers_mut().insert(header, value);
        }
    }
    let book = Location::parse("https://dav.example/b/").unwrap();
    let at = || book.clone();
    let hrefs: Vec<Href> = ["/b/1.vcf", "/b/a%40b.vcf", "/b/a%2540b.vcf"].map(Href::new).into();

    let _ = Probe { at: at() }.reply(&response);
    let _ = ListBooks { home: at() }.reply(&response);
    let _ = ReadBook { book: at() }.reply(&response);
    if let Ok(listing) = (ListCards { book: at() }).reply(&response) {
        let known: Vec<HrefKey> = listing.cards().iter().map(|card| card.href.key()).collect();
        let absent = listing.absent(known.iter());
        let complete = *listing.completeness() == Completeness::Complete;
        assert_eq!(absent, complete.then(Vec::new), "what is listed is not absent");
        for card in listing.cards() {
            assert!(card.href.key() != book.href.key(), "the book is no card");
            request_goes_where_it_should(&book, &card.href);
        }
    }
    match (SyncCollection { book: at(), token: None, depth_one: false }).reply(&response) {
        Ok(page) => {
            let book = book.href.key();
            assert!(page.gone.iter().all(|href| href.key() != book), "the book is never gone");
            let mut delta = Delta::since(None);
            delta.add(page.clone());
            delta.add(page);
            for href in delta.gone() {
                let changed = delta.changed().any(|card| card.href.key() == href.key());
                assert!(!changed, "changed and gone is doubtful");
            }
        }
        Err(error) => {
            let _ = SyncCollection::means_stale_token(&error);
            let _ = SyncCollection::means_unsupported(&error);
            assert!(error.to_string().chars().all(|c| !c.is_control()) || status == 301);
        }
    }
    let multiget = Multiget { book: at(), hrefs: hrefs.clone(), depth_one: false, version: None };
    for fetched in multiget.reply(&response).into_iter().flatten() {
        if let What::Card(card) = fetched.what {
            assert!(!card.is_empty());
            assert!(std::str::from_utf8(&card).is_ok());
        }
    }
    let get = GetCard { book: at(), href: hrefs[0].clone(), version: Some("4.0".to_owned()) };
    let _ = get.reply(&response);
    let put = PutCard::new(&book, hrefs[0].clone(), Precondition::IfNoneMatch, Vec::new());
    let _ = put.unwrap().reply(&response);
    if let Some(etag) = ETag::new(&text)
        && let Ok(delete) = DeleteCard::new(&book, hrefs[0].clone(), &etag)
    {
        assert!(delete.request().headers().contains_key("if-match"));
        let _ = delete.reply(&response);
    }
});

/// The path of a request is the href's, escaped at most.
fn request_goes_where_it_should(book: &Location, href: &Href) {
    let get = GetCard { book: book.clone(), href: href.clone(), version: None };
    let request = get.request();
    let uri = request.uri();
    if uri.host().is_some() {
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        assert_eq!(Href::new(path).key().loosely(), href.key().loosely());
    }
}
