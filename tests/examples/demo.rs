//! The main job, end to end: a CardDAV server on this machine, the real program against it over HTTP,
//! a fresh SQLite file. Run it with
//!
//! ```sh
//! cargo run --release --example demo
//! ```

#![expect(clippy::print_stdout, reason = "a demo talks to the person who runs it")]

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use contactcmd::ui::Terminal;
use contactcmd::{Exit, World, real_world};
use contactcmd_tests::fake::{FakeDav, Knobs};
use contactcmd_tests::generate::demo_book;
use contactcmd_tests::memory_keychain::MemoryKeychain;
use contactcmd_tests::serve::{Options, serve};
use tempfile::TempDir;

fn main() -> ExitCode {
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn show() -> anyhow::Result<()> {
    let fake = FakeDav::new(Knobs::default());
    for (name, card) in demo_book() {
        fake.put("contacts", &name, card);
    }
    let count = fake.cards("contacts").len();
    let served = serve(fake.clone(), Options::default());
    let home = TempDir::new().context("no temporary folder")?;
    let url = served.url();
    println!("A CardDAV server with {count} contacts is at {url} (user alice, password secret).\n");

    let first = ["sync", "carddav", "--server", &url, "--username", "alice"];
    step("What would a first sync do?", &home, &[&first[..], &["--dry-run"]].concat())?;
    step("The first sync:", &home, &first)?;
    step("Now the account is known. Nothing has changed:", &home, &["sync", "carddav"])?;

    println!("On the server somebody edits a phone number, deletes a contact, and adds one.\n");
    change_some(&fake)?;
    step("The second sync fetches just those:", &home, &["sync", "carddav"])?;
    step("The contacts are here, in one SQLite file:", &home, &["search", "lantern"])?;
    step("One of them:", &home, &["show", "Mara Newcomer"])?;

    let (requests, connections) = (served.requests(), served.connections());
    println!("All of it took {requests} requests over {connections} connections.");
    println!("The server is stopped and the files are gone. With your own server, try\n");
    println!("    cargo install --path app");
    println!("    contactcmd sync carddav --server https://YOUR.SERVER --username YOU --dry-run");
    Ok(())
}

/// Somebody else's hand on the server.
fn change_some(fake: &FakeDav) -> anyhow::Result<()> {
    let names = fake.names("contacts");
    let edited = names.iter().find_map(|name| {
        let card = String::from_utf8(fake.card("contacts", name)?).ok()?;
        let at = card.find("\nTEL")?;
        let end = card[at + 1..].find("\r\n")? + at + 1;
        let colon = card[..end].rfind(':')?;
        Some((name.clone(), format!("{}:+49 30 5550199{}", &card[..colon], &card[end..])))
    });
    let (name, card) = edited.context("no card has a phone number")?;
    let deleted = names.iter().find(|other| **other != name).context("one card only")?;
    fake.put("contacts", &name, card);
    fake.delete("contacts", deleted);
    fake.put(
        "contacts",
        "mara.vcf",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:demo-mara\r\nN:Newcomer;Mara;;;\r\nFN:Mara Newcomer\r\n\
         ORG:Lantern Labs\r\nitem1.TEL:+49 30 5550123\r\nitem1.X-ABLabel:Boat\r\n\
         BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29\r\nEND:VCARD\r\n",
    );
    Ok(())
}

/// Runs the program as a user would, with a home folder of its own.
fn step(title: &str, home: &TempDir, args: &[&str]) -> anyhow::Result<()> {
    let quoted =
        |arg: &&str| if arg.contains(' ') { format!("\"{arg}\"") } else { (*arg).to_owned() };
    let typed: Vec<String> = args.iter().map(quoted).collect();
    println!("{title}\n\n  $ contactcmd {}\n", typed.join(" "));
    let mut world = world(home);
    let exit = contactcmd::run(
        std::iter::once("contactcmd").chain(args.iter().copied()).map(OsString::from),
        &mut world,
    );
    println!();
    ensure!(exit == Exit::Done, "`contactcmd {}` ended with {exit:?}", args.join(" "));
    Ok(())
}

fn world(home: &TempDir) -> World {
    let terminal = Terminal { stdin: false, stdout: false, stderr: io::stderr().is_terminal() };
    let mut world = real_world(Box::new(io::stdout()), Box::new(io::stderr()), terminal);
    let folder = home.path().to_owned();
    world.credentials = Box::new(MemoryKeychain::default());
    world.env = Box::new(move |name| match name {
        "CONTACTCMD_PASSWORD" => Some("secret".to_owned()),
        "XDG_CONFIG_HOME" | "XDG_DATA_HOME" | "HOME" => Some(folder.display().to_string()),
        _ => None,
    });
    world
}
