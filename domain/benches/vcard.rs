//! What reading a card costs: 10,000 cards of about 600 bytes.
//!
//! The first pull of a large book has about 22 us of CPU for each card, for everything; parse,
//! check and index together should take 5 of them, and a normal form 5.

use std::fmt::Write as _;

use contactcmd_domain::vcard::{Card, check, diff, index, normal, person, split};
use divan::{Bencher, black_box};

const CARDS: usize = 10_000;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 20)]
fn split_file(bencher: Bencher<'_, '_>) {
    let file = cards().concat();
    bencher.bench(|| split(black_box(&file)).len());
}

#[divan::bench(sample_count = 20)]
fn parse(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(cards).bench_values(|cards| {
        cards.into_iter().map(|card| Card::parse(card).as_bytes().len()).sum::<usize>()
    });
}

#[divan::bench(sample_count = 20)]
fn parse_check_index(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(cards).bench_values(|cards| {
        let read = cards.into_iter().map(|bytes| {
            let card = Card::parse(bytes);
            check(&card).map_or(0, |()| index(&card).search.len())
        });
        read.sum::<usize>()
    });
}

#[divan::bench(sample_count = 20)]
fn person_view(bencher: Bencher<'_, '_>) {
    let cards = parsed();
    bencher.bench(|| cards.iter().map(|card| person(card).phones.len()).sum::<usize>());
}

#[divan::bench(sample_count = 20)]
fn index_only(bencher: Bencher<'_, '_>) {
    let cards = parsed();
    bencher.bench(|| cards.iter().map(|card| index(card).search.len()).sum::<usize>());
}

#[divan::bench(sample_count = 20)]
fn normal_only(bencher: Bencher<'_, '_>) {
    let cards = parsed();
    bencher.bench(|| cards.iter().map(normal).map(black_box).count());
}

#[divan::bench(sample_count = 20)]
fn diff_of_one_phone(bencher: Bencher<'_, '_>) {
    let cards = parsed();
    let edited: Vec<_> = cards
        .iter()
        .map(|card| String::from_utf8_lossy(card.as_bytes()).replace("555-01", "555-02"))
        .map(Card::parse)
        .collect();
    bencher
        .bench(|| cards.iter().zip(&edited).map(|(old, new)| diff(old, new).len()).sum::<usize>());
}

fn parsed() -> Vec<Card> {
    cards().into_iter().map(Card::parse).collect()
}

/// Invented people, a tenth of them with accents.
fn cards() -> Vec<Vec<u8>> {
    (0..CARDS).map(|number| card(number).into_bytes()).collect()
}

fn card(number: usize) -> String {
    let (given, family) =
        if number.is_multiple_of(10) { ("Zoë", "Müller") } else { ("Ada", "Byron") };
    let mut card =
        String::from("BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Example Inc.//Book 12.3//EN\r\n");
    let _ = write!(
        card,
        "UID:3f8e1c52-0b7d-4a61-9c1e-{number:012}\r\n\
         N:{family};{given} {number};;Dr.;\r\nFN:Dr. {given} {number} {family}\r\n\
         NICKNAME:Nick{number}\r\n\
         EMAIL;type=INTERNET;type=HOME;type=pref:{given}.{number}@example.org\r\n\
         EMAIL;type=INTERNET;type=WORK:office.{number}@example.com\r\n\
         TEL;type=CELL;type=VOICE;type=pref:+1 (202) 555-01{number:04}\r\n\
         item1.TEL:+1 303 {number:07}\r\nitem1.X-ABLabel:School\r\n\
         ADR;type=HOME:;;{number} Main Street;Springfield;IL;62701;United States\r\n\
         ORG:Example Works;Research;\r\nTITLE:Engineer\\, second class\r\n\
         BDAY;value=date:1980-01-15\r\nCATEGORIES:Friends,Chess\r\n\
         NOTE:Met at the fair\\, likes tea.\\nCall after six.\r\nURL:https://example.org/~{number}\r\n\
         REV:2024-05-01T10:00:00Z\r\nEND:VCARD\r\n"
    );
    card
}
