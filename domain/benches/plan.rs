//! The outline of a book of 10,000 cards, and the plan of a page of 500.

#![expect(clippy::unwrap_used, reason = "a bench that cannot start measures nothing")]

use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::dav::{ETag, FullListing, Href, ListCards, Location, Operation};
use contactcmd_domain::sync::action::RemoteCard;
use contactcmd_domain::sync::merge::{Prefer, merge};
use contactcmd_domain::sync::outline::of_full;
use contactcmd_domain::sync::plan::{Choice, Match, plan_card};
use contactcmd_domain::sync::policy::{ConflictPolicy, Direction};
use contactcmd_domain::sync::snapshot::{Here, Known, Link, Linked, StoredContact};
use contactcmd_domain::vcard::Card;
use divan::{Bencher, counter::ItemsCount};
use http::Response;

fn main() {
    // A run has freed replies of some MB by now (a listing, cards with pictures), after which glibc keeps
    // what is freed for the next page. Else each sample would measure how the system gives it again.
    drop(std::hint::black_box(vec![0_u8; 4 << 20]));
    divan::main();
}

const CARDS: usize = 10_000;
const PAGE: usize = 500;

fn listing() -> FullListing {
    let mut body = String::from("<D:multistatus xmlns:D=\"DAV:\">");
    let row = |href: String, props: &str| {
        format!(
            "<D:response><D:href>{href}</D:href><D:propstat><D:prop>{props}</D:prop>\
             <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )
    };
    body.push_str(&row("/b/".into(), "<D:resourcetype><D:collection/></D:resourcetype>"));
    for number in 0..CARDS {
        let props = format!("<D:getetag>\"{number}\"</D:getetag><D:resourcetype/>");
        body.push_str(&row(format!("/b/{number}.vcf"), &props));
    }
    body.push_str("</D:multistatus>");
    let book = Location::parse("https://dav.example/b/").unwrap();
    let response = Response::builder().status(207).body(body.into_bytes()).unwrap();
    ListCards { book }.reply(&response).unwrap()
}

fn known(changed: usize) -> Vec<Known> {
    let etag = |number| {
        let version =
            if number < changed { format!("\"old{number}\"") } else { format!("\"{number}\"") };
        ETag::new(&version)
    };
    (0..CARDS)
        .map(|number| Known {
            contact: ContactId::from_random([1; 16]),
            href: Href::new(format!("/b/{number}.vcf")),
            etag: etag(number),
            here: Here::Same,
        })
        .collect()
}

#[divan::bench(args = [0, 100, CARDS])]
fn outline_of_a_listing(bencher: Bencher<'_, '_>, changed: usize) {
    let listing = listing();
    bencher
        .counter(ItemsCount::new(CARDS))
        .with_inputs(|| known(changed))
        .bench_values(|known| of_full(&listing, known));
}

fn text(number: usize, note: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{number:032}\r\nN:Number;Card {number};;;\r\nFN:Card {number}\r\n\
         EMAIL;TYPE=HOME:card{number}@example.org\r\nEMAIL;TYPE=WORK:card{number}@work.example\r\n\
         TEL;TYPE=CELL:+49 151 {number:07}\r\nORG:Paper Works;Kites\r\n\
         ADR;TYPE=HOME:;;1 Mill Lane;Northmere;;10000;Nowhere\r\nNOTE:{note}\r\nEND:VCARD\r\n"
    )
}

fn remote(number: usize, note: &str) -> RemoteCard {
    let (href, etag) = (Href::new(format!("/b/{number}.vcf")), ETag::new("\"2\""));
    RemoteCard { href, etag, card: Card::parse(text(number, note)) }
}

const PULL: Choice =
    Choice { direction: Direction::Pull, force: false, policy: ConflictPolicy::Server };

#[divan::bench]
fn plan_of_new_cards(bencher: Bencher<'_, '_>) {
    let page = || (0..PAGE).map(|number| remote(number, "1")).collect::<Vec<_>>();
    bencher.counter(ItemsCount::new(PAGE)).with_inputs(page).bench_values(|page| {
        page.into_iter().map(|card| plan_card(card, Match::Nobody, PULL)).collect::<Vec<_>>()
    });
}

fn linked(number: usize) -> Linked {
    let vcard = text(number, "1").into_bytes();
    let href = Href::new(format!("/b/{number}.vcf"));
    let link = Link { href, etag: ETag::new("\"1\""), base: Some(vcard.clone()), seen: 0 };
    let contact = StoredContact {
        id: ContactId::from_random([1; 16]),
        uid: None,
        name: format!("Card {number}"),
        vcard,
        edited: 0,
        deleted: false,
        created: Timestamp(0),
        updated: Timestamp(0),
    };
    Linked { contact, link }
}

#[divan::bench]
fn plan_of_changed_cards(bencher: Bencher<'_, '_>) {
    let here: Vec<Linked> = (0..PAGE).map(linked).collect();
    let page = || (0..PAGE).map(|number| remote(number, "2")).collect::<Vec<_>>();
    bencher.counter(ItemsCount::new(PAGE)).with_inputs(page).bench_values(|page| {
        let both = page.into_iter().zip(&here);
        both.map(|(card, linked)| plan_card(card, Match::Linked(linked), PULL)).collect::<Vec<_>>()
    });
}

/// The whole plan where every contact was edited here and on the server.
#[divan::bench]
fn plan_of_cards_edited_on_both_sides(bencher: Bencher<'_, '_>) {
    let edited = |number: usize| {
        let Linked { mut contact, mut link } = linked(number);
        contact.vcard = text(number, "1").replace("+49 151", "+49 152").into_bytes();
        (contact.edited, link.seen) = (1, 0);
        Linked { contact, link }
    };
    let here: Vec<Linked> = (0..PAGE).map(edited).collect();
    let page = || (0..PAGE).map(|number| remote(number, "2")).collect::<Vec<_>>();
    let both = Choice { direction: Direction::Sync, ..PULL };
    bencher.counter(ItemsCount::new(PAGE)).with_inputs(page).bench_values(|page| {
        let pairs = page.into_iter().zip(&here);
        pairs.map(|(card, linked)| plan_card(card, Match::Linked(linked), both)).collect::<Vec<_>>()
    });
}

/// Another edit on each side of every contact: 10 us a contact are there for planning and merging.
#[divan::bench(args = ["one field each", "the same field"])]
fn merge_of_changed_cards(bencher: Bencher<'_, '_>, edits: &str) {
    let card =
        |number: usize, there: &str, to: &str| Card::parse(text(number, "1").replace(there, to));
    let here =
        if edits == "the same field" { ("NOTE:1", "NOTE:3") } else { ("+49 151", "+49 152") };
    let cards: Vec<[Card; 3]> = (0..PAGE)
        .map(|number| {
            [("", ""), here, ("NOTE:1", "NOTE:2")].map(|(from, to)| card(number, from, to))
        })
        .collect();
    bencher.counter(ItemsCount::new(PAGE)).bench(|| {
        let merged = cards.iter().map(|[base, local, remote]| {
            merge(Some(base), local, remote, Prefer::Remote).card.as_bytes().len()
        });
        merged.sum::<usize>()
    });
}
