use std::io::Read;
use std::process::Stdio;

use super::{Sandbox, card};

fn names(stdout: &str) -> Vec<&str> {
    stdout.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect()
}

fn numbered(count: usize) -> String {
    (0..count).map(|n| card(&format!("u{n}"), &format!("Contact {n:05}"), "")).collect()
}

#[test]
fn a_program_gets_a_line_each_and_everything() {
    let ada = card(
        "1",
        "Ada Lovelace",
        "TEL;TYPE=WORK:+44 20\r\nEMAIL:ada@example.org\r\nORG:Engines\r\n",
    );
    let sandbox = Sandbox::with_cards(&[&ada, &numbered(120)]);
    let stdout = sandbox.result(&["list"]);
    assert_eq!(stdout.lines().count(), 121);
    let line = stdout.lines().next().unwrap();
    let fields: Vec<_> = line.split('\t').collect();
    assert_eq!(fields[..4], ["Ada Lovelace", "Engines", "+44 20", "ada@example.org"]);
    assert_eq!(fields[4].len(), 36, "{line}");
}

#[test]
fn pages_are_cut_from_the_sorted_list() {
    let sandbox = Sandbox::with_cards(&[&numbered(12)]);
    let run = sandbox.run(&["list", "--page", "2", "--page-size", "5"]);
    assert_eq!(names(&run.stdout).first(), Some(&"Contact 00005"));
    assert_eq!((run.exit, run.stdout.lines().count()), (0, 5));
    assert_eq!(run.stderr, "page 2 of 3, `--page 3` for more\n");
    assert_eq!(
        sandbox
            .json(&["list", "--json", "--page", "3", "--page-size", "5"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(sandbox.json(&["list", "--json"]).as_array().unwrap().len(), 12);
}

#[test]
fn a_name_is_sorted_by_family_without_case_and_accents() {
    let cards = [
        card("1", "Zoe Abel", "N:Abel;Zoe;;;\r\n"),
        card("2", "Ämilie Ähre", "N:Ähre;Ämilie;;;\r\n"),
        card("3", "ada zimt", "N:zimt;ada;;;\r\n"),
    ];
    let sandbox = Sandbox::with_cards(&cards.each_ref().map(String::as_str));
    assert_eq!(names(&sandbox.result(&["list"])), ["Zoe Abel", "Ämilie Ähre", "ada zimt"]);
}

#[test]
fn a_hostile_card_cannot_steer_the_terminal_and_json_keeps_what_it_says() {
    let hostile = "x\u{1b}]0;owned\u{7}\u{9b}2J";
    let fields =
        format!("TEL:{hostile}\r\nORG:{hostile}\r\nNOTE:{hostile}\r\nURL;TYPE={hostile}:u\r\n");
    let sandbox = Sandbox::with_cards(&[&card("1", &format!("Eve {hostile}"), &fields)]);
    for args in [&["list"][..], &["search", "eve"], &["show", "eve"]] {
        let stdout = sandbox.result(args);
        assert!(stdout.contains("owned"), "{args:?}: {stdout:?}");
        assert!(!stdout.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{args:?}: {stdout:?}");
    }
    assert_eq!(sandbox.json(&["list", "--json"])[0]["note"], hostile);
}

#[test]
fn search_finds_all_words_in_any_field() {
    let cards = [
        card("1", "Jörg Müller", "TEL:+49 30 1234567\r\n"),
        card("2", "Ada Lovelace", "NOTE:knows Muller\r\n"),
    ];
    let sandbox = Sandbox::with_cards(&cards.each_ref().map(String::as_str));
    let cases: [(&[&str], &[&str]); 5] = [
        (&["MULLER"], &["Ada Lovelace", "Jörg Müller"]),
        (&["müller", "jorg"], &["Jörg Müller"]),
        (&["30 123"], &["Jörg Müller"]),
        (&["4930123"], &["Jörg Müller"]),
        (&["zuse"], &[]),
    ];
    for (query, found) in cases {
        let run = sandbox.run(&[&["search"], query].concat());
        assert_eq!(names(&run.stdout), found, "{query:?}");
        assert_eq!(run.exit, i32::from(found.is_empty()), "{query:?}");
    }
    let run = sandbox.run(&["search", "zuse", "--json"]);
    assert_eq!((run.exit, run.stdout.as_str()), (1, "[]\n"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::with_cards(&[&numbered(3000)]);
    for args in [&["list"][..], &["list", "--json"], &["export", "vcard", "--all"]] {
        let mut child = sandbox.command(args).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.as_ref()), (Some(0), ""), "{args:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_a_failure() {
    let sandbox = Sandbox::with_cards(&[&numbered(3)]);
    for args in [&["list"][..], &["export", "vcard", "--all"], &["man"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = sandbox.command(args).stdout(Stdio::from(full)).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(stderr.starts_with("error: the result cannot be written\n"), "{args:?}: {stderr}");
    }
}
