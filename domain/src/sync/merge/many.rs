//! Cards of which thousands of lines differ on both sides: what a server may serve, and what a merge
//! that looks at every line for every line would never come to an end with.

use super::{Prefer, merge};
use crate::vcard::{Card, facts};

const MANY: usize = 20_000;

/// A card with these lines, and one for each number.
fn card(first: &str, line: impl Fn(usize) -> String) -> Card {
    let lines: String = (0..MANY).map(line).collect();
    Card::parse(format!("BEGIN:VCARD\r\n{first}VERSION:3.0\r\nFN:A\r\n{lines}END:VCARD\r\n"))
}

fn says_all(merged: &Card, other: &Card) {
    let all = facts(merged);
    assert_eq!(facts(other).iter().find(|fact| !all.say(fact.normal)), None);
}

#[test]
fn lists_with_marks_of_their_own_find_each_other() {
    let lists =
        |item: &'static str| card("", move |at| format!("CATEGORIES;X-KEY={at}:{item}{at}\r\n"));
    let merged = merge(None, &lists("a"), &lists("b"), Prefer::Remote).card;
    says_all(&merged, &lists("a"));
    says_all(&merged, &lists("b"));
    // Each was added to the list that is marked as it is.
    assert_eq!(merged.lines().count(), MANY + 4);
}

#[test]
fn names_of_their_own_are_added_on_both_sides() {
    let named = |side: &'static str| card("", move |at| format!("i{at}.X-{side}{at}:1\r\n"));
    let merged = merge(None, &named("HERE"), &named("THERE"), Prefer::Remote).card;
    says_all(&merged, &named("HERE"));
    says_all(&merged, &named("THERE"));
}

#[test]
fn what_a_card_has_once_may_be_there_often_and_empty() {
    let empty = card("", |_| "NOTE:\r\n".to_owned());
    let notes = card("", |at| format!("NOTE:{at}\r\n"));
    let merged = merge(Some(&card("", |_| String::new())), &notes, &empty, Prefer::Remote).card;
    says_all(&merged, &notes);
    // Each takes the place of one that says nothing.
    assert_eq!(merged.lines().count(), MANY + 4);
}

#[test]
fn a_label_of_its_own_for_each_is_taken_over() {
    let labelled = |label: &'static str| {
        card("", move |at| format!("item{at}.TEL:{at}\r\nitem{at}.X-ABLabel:{label}{at}\r\n"))
    };
    let (base, there) = (labelled("Hut"), labelled("Boat"));
    let here = card("", |at| format!("item{at}.TEL:0{at}\r\nitem{at}.X-ABLabel:Hut{at}\r\n"));
    let merged = merge(Some(&base), &here, &there, Prefer::Remote);
    assert_eq!(merged.contested, []);
    let expected = card("", |at| format!("item{at}.TEL:0{at}\r\nitem{at}.X-ABLabel:Boat{at}\r\n"));
    says_all(&merged.card, &expected);
    says_all(&expected, &merged.card);
}

#[test]
fn one_group_may_be_all_there_is() {
    let there = card("item.X-OLD:1\r\n", |at| format!("item.X-NEW{at}:1\r\n"));
    let here = card("item7.X-OLD:1\r\n", |at| format!("item.X-HERE{at}:1\r\n"));
    let base = card("item1.X-OLD:1\r\n", |_| String::new());
    let merged = merge(Some(&base), &there, &here, Prefer::Remote).card;
    let text = String::from_utf8_lossy(merged.as_bytes()).into_owned();
    assert_eq!(text.matches("item7.X-NEW").count(), MANY);
    // Each under a label of its own, and each in another country.
    let labels =
        card("", |at| format!("item.ADR:;;{at}\r\nitem.X-ABADR:{at}\r\nitem.X-ABLabel:{at}\r\n"));
    says_all(&merge(Some(&base), &labels, &here, Prefer::Remote).card, &labels);
}

#[test]
fn lines_that_run_into_each_other_are_kept_apart_all_at_once() {
    // An indented line stands by itself after BEGIN only.
    let lines = |side: &'static str| {
        card(&format!(" X-ODD:{side}\r\n"), move |at| format!("X-{side}{at}:1\r\n"))
    };
    let merged = merge(None, &lines("HERE"), &lines("THERE"), Prefer::Remote).card;
    says_all(&merged, &lines("HERE"));
    says_all(&merged, &lines("THERE"));
}

#[test]
fn every_note_finds_a_place() {
    let notes =
        |side: &'static str| card("", move |at| format!("NOTE;LANGUAGE=x{at}:{side} {at}\r\n"));
    let merged = merge(None, &notes("here"), &notes("there"), Prefer::Both).card;
    let text = String::from_utf8_lossy(merged.as_bytes()).replace("\r\n ", "");
    assert_eq!(text.matches("there ").count(), MANY);
    assert_eq!(text.matches("here ").count(), 2 * MANY);
}

#[test]
fn parameters_and_types_without_number_are_merged() {
    let line = |side: &str, value: usize| {
        let params: String = (0..MANY).map(|at| format!(";X-{side}{at}={value}")).collect();
        let types: String = (0..MANY).map(|at| format!(";TYPE={side}{at}")).collect();
        let lines = format!("FN:A\r\nTEL{params}{types}:1\r\n");
        Card::parse(format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}END:VCARD\r\n"))
    };
    let merged = merge(None, &line("here", 1), &line("there", 1), Prefer::Remote).card;
    let text = String::from_utf8_lossy(merged.as_bytes()).replace("\r\n ", "").to_lowercase();
    assert_eq!(text.matches(";x-here").count(), MANY);
    assert_eq!(text.matches(";x-there").count(), MANY);
}
