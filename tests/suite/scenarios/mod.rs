//! Scenarios that a person can read: `fixtures/scenarios/*.txt`, one theme a file, one test each.
//!
//! `#` starts a comment. `each $WORD: this | that` plays the whole file once for each, put in the place of
//! `$WORD`; `each $X; $Y: x1; y1 | x2; y2` does so with pairs. Every other line is one of these:
//!
//! ```text
//! server PROFILE                          a new fake server, by its name in `Knobs::named`
//! with KNOB = VALUE                       turns one of its knobs
//! book NAME [read only]                   adds a book, or says that it is read-only from now on
//! there has WHO: FIELDS                   another client's hand on the server; `there/BOOK` for another book
//! there edits WHO: FIELDS                 also: there deletes WHO, there moves WHO, there empties,
//!                                         there is saved, there is restored
//! a adds WHO: FIELDS                      the command line of one machine, `a` or `b`; also `edits`, `deletes`,
//! a imports WHO: FIELDS                   and a vCard with any property in it
//! a syncs [OPTIONS]                       also `pulls`, `pushes`, and `a runs COMMAND ...`; `, exit N` if not 0
//! a sets KEY = VALUE                      a line of its config
//! fault METHOD N WORDS                    what goes wrong with the Nth such request from now: see `language`
//! before METHOD N: there ...              a hand that moves just before that request
//! refuse WHO: STATUS [WORDS]              PUTs of this contact get this and are not done, until `accept WHO`
//! expect there|a WHO: FIELDS              the contact is there once, and says so once; `no FIELD` that it does not
//! expect there|a has no WHO | has N       how many contacts there are
//! expect everyone agrees                  all machines and the server say the same, each contact once
//! expect a says "..."                     in its last command; also `does not say`
//! expect a keeps "..."                    in its history or its conflicts
//! expect a is quiet                       one more sync writes nothing on either side
//! expect exactly|at most N METHOD         requests since `server`
//! ```
//!
//! FIELDS are `phone work = +1 555, note = first, no email`, and `also phone work = ...` where one is
//! there already. A field that is none of the command line's
//! is the head of a vCard line: `X-SHOE = 38`, `item1.TEL = 1`. Contacts are called by the name shown.

mod cards;
mod knobs;
mod language;
mod play;
mod transcripts;
mod wire;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use play::Play;

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(#[test] fn $name() { play_file(stringify!($name)); })*
        const PLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

scenarios! {
    a_name_that_is_taken
    a_server_that_rewrites
    accepted_and_not_done
    adoption
    conflict_both_and_ask
    conflict_policies
    force
    groups
    guards_with_company
    history_of_refusals
    moved_and_renamed
    push_then_pull
    decided_by_a_person
    t03_a_server_that_renames_and_rewrites
    t04_if_match_is_ignored
    t05_zimbra_both_ways
    t06_zimbra_says_412
    t11_a_book_that_vanishes
    t13_etags
    t14_answers_that_are_lost
    t15_odd_texts
    t15_one_bad_card
    t16_a_uid_that_is_taken
    t16_refused_cards
    t16_what_servers_demand
    t17_read_only_books
    t18_an_edit_beats_a_deletion
    t18_what_delete_answers
    too_large_and_full
    two_machines
    undo
    what_a_server_does_not_keep
    several_books
    t16_refused_without_a_reason
}

#[test]
fn every_file_is_played() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let played: BTreeSet<String> = PLAYED.iter().map(|name| format!("{name}.txt")).collect();
    assert_eq!(files, played);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios")
}

fn play_file(name: &str) {
    let text = std::fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
    let lines: Vec<(usize, &str)> = (1..)
        .zip(text.lines())
        .map(|(number, line)| (number, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let (each, lines): (Vec<_>, Vec<_>) =
        lines.into_iter().partition(|(_, line)| line.starts_with("each "));
    for case in cases(&each) {
        let mut play = Play::default();
        for (number, line) in &lines {
            let line = case.iter().fold((*line).to_owned(), |line, (word, value)| {
                line.replace(word.as_str(), value.as_str())
            });
            if let Err(found) = one_line(&mut play, &line) {
                let case = if case.is_empty() { String::new() } else { format!(" in {case:?}") };
                panic!("{name}.txt:{number}{case}: {line}\n{found}\n{}", play.last_words());
            }
        }
        play.end().unwrap_or_else(|found| panic!("{name}.txt {case:?}: {found}"));
    }
}

/// Does one line; a panic below is an answer too, so that it gets its line.
fn one_line(play: &mut Play, line: &str) -> Result<(), String> {
    let step = language::read(line)?;
    catch_unwind(AssertUnwindSafe(|| play.step(step))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        Err(words.unwrap_or_else(|| "it panicked".to_owned()))
    })
}

/// Every combination of what the `each` lines offer.
fn cases(each: &[(usize, &str)]) -> Vec<Vec<(String, String)>> {
    let mut cases = vec![Vec::new()];
    for (number, line) in each {
        let offer = line.trim_start_matches("each ").split_once(": ");
        let (words, offers) = offer.unwrap_or_else(|| panic!("line {number}: each $WORD: ..."));
        let mut longer = Vec::new();
        for case in &cases {
            for offer in offers.split(" | ") {
                let (words, values) = (words.split("; "), offer.split("; "));
                assert_eq!(words.clone().count(), values.clone().count(), "line {number}: {offer}");
                let pairs =
                    words.zip(values).map(|(word, value)| (word.to_owned(), value.to_owned()));
                longer.push([case.as_slice(), &pairs.collect::<Vec<_>>()].concat());
            }
        }
        cases = longer;
    }
    cases
}
