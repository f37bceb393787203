//! `man`: one page for the whole program.

use std::io::{self, Write};

use clap::{Arg, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::cli::Cli;
use crate::{Exit, Failure, World};

/// Prints the manual page, in roff.
///
/// # Errors
///
/// [`Exit::Failed`] when the page cannot be made: a fault of this program.
pub fn run(world: &World) -> Result<Exit, Failure> {
    let mut page = Vec::new();
    write(&mut page).map_err(|error| Failure::new(Exit::Failed, error))?;
    world.ui.raw(&page);
    Ok(Exit::Done)
}

const FILES: [(&str, &str); 2] = [
    (
        "$XDG_CONFIG_HOME/contactcmd/config.toml",
        "The accounts: a table [carddav], and [carddav.NAME] for more. Settings: server, username, \
         addressbook, password_command, conflict, max_delete, ca_file, allow_http, auth, timeout. The \
         table [history] has days and entries: how much history is kept. \
         Without the variable the file is below ~/.config.",
    ),
    (
        "$XDG_DATA_HOME/contactcmd/contacts.db",
        "The contacts, what ties them to servers, and their history. Without the variable the file \
         is below ~/.local/share. The option --database names another.",
    ),
];

const ENVIRONMENT: [(&str, &str); 4] = [
    ("CONTACTCMD_PASSWORD", "The password, before every other place it could come from."),
    ("XDG_CONFIG_HOME, XDG_DATA_HOME", "Where the files are. Only absolute paths count."),
    ("VISUAL, EDITOR", "The editor that edit opens, with its arguments; the first that is set."),
    ("HOME", "The home folder."),
];

const EXIT_STATUS: [(&str, &str); 9] = [
    ("0", "Done; also when a question was answered with no, and nothing was changed."),
    ("1", "Failed, or nothing was found."),
    ("2", "The command line or the config is wrong, or several contacts could be meant."),
    ("3", "The server refused the password, or there is none."),
    ("4", "The server or the network failed."),
    ("5", "Done, but something needs you: conflicts are left, or contacts were left out."),
    ("6", "Stopped before anything was written, because too much would have been deleted."),
    ("7", "Another run is using the database."),
    ("130", "Ended by Ctrl-C; nothing is lost."),
];

fn write(out: &mut dyn Write) -> io::Result<()> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let page = Man::new(command.clone()).title("CONTACTCMD").manual("User Commands");
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for subcommand in command.get_subcommands() {
        describe(&mut roff, subcommand, "contactcmd");
    }
    definitions(&mut roff, "FILES", &FILES);
    definitions(&mut roff, "ENVIRONMENT", &ENVIRONMENT);
    definitions(&mut roff, "EXIT STATUS", &EXIT_STATUS);
    roff.to_writer(out)
}

/// A command's usage, words, options and examples; a group of commands is only its commands.
fn describe(roff: &mut Roff, command: &Command, parents: &str) {
    let name = format!("{parents} {}", command.get_name());
    if command.has_subcommands() {
        for subcommand in command.get_subcommands() {
            describe(roff, subcommand, &name);
        }
        return;
    }
    roff.control("SS", [name.as_str()]);
    for text in [command.get_about(), command.get_long_about()].into_iter().flatten().take(1) {
        roff.text([roman(format!("{text}."))]);
    }
    let own = |argument: &&Arg| !argument.is_global_set() && argument.get_id() != "help";
    for argument in command.get_arguments().filter(own) {
        roff.control("TP", []);
        roff.text(vec![bold(spelling(argument))]);
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        roff.text([roman(format!("{help}."))]);
    }
    if let Some(examples) = command.get_after_help() {
        roff.control("PP", []);
        roff.control("nf", []);
        for line in examples.to_string().lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
}

/// `-n, --dry-run`, `--server <URL>`, `[WHO]...`: as the help spells it.
fn spelling(argument: &Arg) -> String {
    match argument.get_short() {
        Some(short) => format!("-{short}, {argument}"),
        None => argument.to_string(),
    }
}

fn definitions(roff: &mut Roff, heading: &str, entries: &[(&str, &str)]) {
    roff.control("SH", [heading]);
    for (term, words) in entries {
        roff.control("TP", []);
        roff.text([italic(*term)]);
        roff.text([roman(*words)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Stage;

    #[test]
    fn the_page_has_every_command_and_every_exit_status() {
        let stage = Stage::new();
        assert_eq!(stage.run(&["man"]), Exit::Done);
        let page = stage.stdout();
        let sections =
            ["NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "FILES", "ENVIRONMENT", "\"EXIT STATUS\""];
        for section in sections {
            assert!(page.contains(&format!(".SH {section}\n")), "{section}: {page}");
        }
        let commands = ["sync carddav", "list", "edit", "import vcard", "password delete", "man"];
        for command in commands {
            assert!(page.contains(&format!(".SS \"contactcmd {command}\"\n")), "{command}: {page}");
        }
        for option in ["\\-n, \\-\\-dry\\-run", "\\-\\-server <URL>", "[WHO]..."] {
            assert!(page.contains(&format!("\\fB{option}\\fR")), "{option}: {page}");
        }
        let codes = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Auth,
            Exit::Server,
            Exit::NeedsYou,
            Exit::Guard,
            Exit::Locked,
            Exit::Interrupted,
        ];
        assert_eq!(EXIT_STATUS.map(|(code, _)| code), codes.map(|exit| (exit as u8).to_string()));
    }
}
