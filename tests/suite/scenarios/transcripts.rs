//! The transcripts of `docs/servers/*.md`: what they show is what the program says.
//!
//! In a `console` block every line `$ COMMAND` is run, and the lines after it are what it prints, both
//! streams in their order. Commands are `contactcmd ...`, also with `CONTACTCMD_PASSWORD=...` before it,
//! `cat FILE` and `echo $?`. What somebody else does on the server stands in comments, in the words of
//! the scenarios: `<!-- there edits Ada: phone cell = +1 555 -->`. `<!-- server PROFILE USER PASSWORD -->`
//! comes first; with `-` for the password one signs in with the browser, until `<!-- the sign-in is revoked -->`.
//!
//! With the variable `CONTACTCMD_WRITE_TRANSCRIPTS` set, what is said now is written into the files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use contactcmd_tests::fake::{Auth, Knobs};

use super::language::{Step, read};
use super::wire::Wire;
use crate::engine::stage::Stage;

macro_rules! transcripts {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*
        const CHECKED: &[&str] = &[$(stringify!($name)),*];
    };
}

transcripts! { icloud fastmail nextcloud owncloud zimbra google }

const VARIABLE: &str = "CONTACTCMD_WRITE_TRANSCRIPTS";

#[test]
fn every_transcript_is_checked() {
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    let mut checked = CHECKED.to_vec();
    checked.sort_unstable();
    assert_eq!(found, checked);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/servers")
}

fn check(name: &str) {
    let path = folder().join(format!("{name}.md"));
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.matches("\n$ contactcmd ").count() > 10, "{name} shows nothing");
    let said = Teller::default().tell(&written);
    if std::env::var_os(VARIABLE).is_some() {
        std::fs::write(&path, said).unwrap();
    } else if let Some((now, then)) = said.lines().zip(written.lines()).find(|(a, b)| a != b) {
        panic!(
            "docs/servers/{name}.md says\n  {then}\nand the program\n  {now}\n\
             ({VARIABLE}=1 writes the page anew)\n\n{said}"
        );
    } else {
        assert_eq!(said, written);
    }
}

/// Reads a page, and tells it as it would be told now.
#[derive(Default)]
struct Teller {
    machine: Option<(Stage, Wire)>,
    exit: u8,
}

impl Teller {
    fn tell(&mut self, page: &str) -> String {
        let mut told = String::new();
        let mut is_console = false;
        for line in page.lines() {
            if line.starts_with("```") {
                is_console = line == "```console";
            } else if let (true, Some(command)) = (is_console, line.strip_prefix("$ ")) {
                writeln!(told, "{line}").unwrap();
                told.push_str(&self.run(command));
                continue;
            } else if is_console {
                continue;
            }
            if let Some(order) = line.strip_prefix("<!-- ").and_then(|l| l.strip_suffix(" -->")) {
                self.obey(order);
            }
            writeln!(told, "{line}").unwrap();
        }
        told
    }

    fn obey(&mut self, order: &str) {
        if let Some(server) = order.strip_prefix("server ") {
            let words: Vec<&str> = server.split(' ').collect();
            let [profile, user, password] = words.as_slice() else { panic!("{order}") };
            let mut knobs = Knobs::named(profile).expect("a profile");
            if *password == "-" {
                knobs.auth = Auth::OAuth2;
            }
            let stage = Stage::new(knobs);
            stage.fake.set_login(user, password);
            let wire = Wire::new(stage.fake.clone());
            self.machine = Some((stage, wire));
            return;
        }
        let (stage, wire) = self.machine.as_ref().expect("the server comes first");
        if order == "the sign-in is revoked" {
            return stage.fake.sign_in(|provider| provider.revoke());
        }
        match read(order) {
            Ok(Step::There(hand)) => wire.moves(hand).unwrap(),
            other => panic!("{order}: {other:?}"),
        }
    }

    fn run(&mut self, command: &str) -> String {
        let (stage, _) = self.machine.as_ref().expect("the server comes first");
        let mut words = words(command);
        let mut password = None;
        if let Some(given) = words[0].strip_prefix("CONTACTCMD_PASSWORD=") {
            password = Some(given.to_owned());
            words.remove(0);
        }
        let args: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = match args.as_slice() {
            ["contactcmd", args @ ..] => {
                let (exit, said) = stage.run_mixed(args, password.as_deref());
                self.exit = exit as u8;
                said
            }
            ["echo", "$?"] => format!("{}\n", self.exit),
            ["cat", "~/.config/contactcmd/config.toml"] => {
                std::fs::read_to_string(stage.path("config/contactcmd/config.toml")).unwrap()
            }
            _ => panic!("nobody can run {command}"),
        };
        let home = |folder: &str| stage.path(folder).display().to_string();
        let said = said.replace(&home("config"), "~/.config");
        said.lines().map(|line| without_time(line) + "\n").collect()
    }
}

/// The line as if no time had passed.
fn without_time(line: &str) -> String {
    let timed = line.strip_suffix(" ms)").and_then(|line| line.rsplit_once('('));
    timed.map_or(line.to_owned(), |(line, _)| format!("{line}(0 ms)"))
}

/// The words of a command; those in quotes are one.
fn words(command: &str) -> Vec<String> {
    let parts = command.split('"').enumerate();
    let words = parts.flat_map(|(nth, part)| match nth % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}
