//! Holds `docs/quirks.md` to what it says: every oddity of a server has a test that names it, or a
//! reason why there is none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What the ids run up to.
const LAST: u32 = 139;

#[test]
fn every_quirk_is_named_by_the_test_that_the_list_gives_or_has_a_reason() {
    let page = read(&root().join("docs/quirks.md"));
    let (handled, open) = page.split_once("## Not handled").expect("the list has both parts");
    let mut left: BTreeSet<u32> = (1..=LAST).collect();
    for (id, cells) in rows(handled) {
        let test = cells.last().expect("a row has cells").trim_matches('`');
        if test == "-" {
            continue;
        }
        let names = ids(&tests_in(&root().join(test)));
        assert!(names.contains(&id), "no test in {test} names Q{id:02}");
        left.remove(&id);
    }
    for (id, cells) in rows(open) {
        assert!(cells.last().is_some_and(|why| why.len() > 20), "Q{id:02} has no reason");
        left.remove(&id);
    }
    assert!(left.is_empty(), "neither tested nor explained: {left:?}");
}

#[test]
fn each_of_the_twenty_cases_is_played() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite");
    let mut sources = String::new();
    for folder in ["engine", "scenarios"] {
        for entry in fs::read_dir(suite.join(folder)).unwrap() {
            sources += &read(&entry.unwrap().path());
        }
    }
    for case in 1..=20 {
        let test = [format!("fn t{case:02}_"), format!("    t{case:02}_")];
        assert!(test.iter().any(|name| sources.contains(name)), "T{case:02} is not there");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the tables in `page` that begin with an id.
fn rows(page: &str) -> Vec<(u32, Vec<&str>)> {
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| Q")?.split(" | ").collect();
            let id = cells.first()?.parse().ok()?;
            let cells = cells.into_iter().map(|cell| cell.trim_end_matches('|').trim());
            Some((id, cells.skip(1).collect()))
        })
        .collect()
}

/// The part of a file that is a test.
fn tests_in(path: &Path) -> String {
    let text = read(path);
    let is_product = path.components().any(|part| part.as_os_str() == "src")
        && path.file_name().is_some_and(|name| name != "tests.rs");
    match text.find("#[cfg(test)]").filter(|_| is_product) {
        Some(at) => text[at..].to_owned(),
        None if is_product => String::new(),
        None => text,
    }
}

/// Every id that a text names; `Q91-Q93` names three.
fn ids(text: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut before = None;
    for part in text.split(['Q', 'q']).skip(1) {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        let id: Option<u32> = digits.parse().ok();
        if let (Some(from), Some(to)) = (before, id) {
            found.extend(from..=to);
        }
        found.extend(id);
        before = id.filter(|_| part[digits.len()..] == *"-");
    }
    found
}

#[test]
fn ranges_name_everything_between() {
    assert_eq!(ids("(Q07, Q91-Q93) fn q12_x, IQ, eq5"), BTreeSet::from([5, 7, 12, 91, 92, 93]));
}
