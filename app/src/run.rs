//! From the arguments to the exit code.

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::Cli;
use crate::ui::Verbosity;
use crate::{Exit, Failure, World, commands, ui};

/// Reads the arguments (the first is the program's name), runs the command and tells how it went.
pub fn run(args: impl IntoIterator<Item = OsString>, world: &mut World) -> Exit {
    let exit = match Cli::try_parse_from(args) {
        Ok(cli) => {
            world.ui.verbosity = Verbosity::from_options(cli.global.quiet, cli.global.verbose);
            commands::dispatch(cli, world).unwrap_or_else(|failure| tell(world, &failure))
        }
        Err(words) => about_the_arguments(world, &words),
    };
    match world.ui.finish() {
        Ok(()) => exit,
        Err(error) => {
            let error = anyhow::Error::new(error).context("the result cannot be written");
            // A worse end of the command itself says more than this one.
            tell(world, &Failure::new(Exit::Failed, error)).worse(exit)
        }
    }
}

fn tell(world: &World, failure: &Failure) -> Exit {
    ui::error::print(&world.ui, failure);
    failure.exit
}

/// Help and version are results, everything else is talk.
fn about_the_arguments(world: &World, words: &clap::Error) -> Exit {
    let text = words.render().to_string();
    match words.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            world.ui.raw(text.as_bytes());
            Exit::Done
        }
        _ => {
            world.ui.warn(text.trim_end());
            Exit::Usage
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Stage;

    #[test]
    fn help_is_a_result_and_a_mistake_is_not() {
        // (arguments, exit, something on stdout, something on stderr)
        let cases: [(&[&str], Exit, &str, &str); 6] = [
            (&["--help"], Exit::Done, "Usage: contactcmd", ""),
            (&["list", "--help"], Exit::Done, "Usage: contactcmd list", ""),
            (&["--version"], Exit::Done, "contactcmd 0.", ""),
            (&[], Exit::Usage, "", "Usage: contactcmd"),
            (&["lst"], Exit::Usage, "", "similar subcommand exists: 'list'"),
            (&["list", "--page", "x"], Exit::Usage, "", "error: invalid value 'x'"),
        ];
        for (args, exit, stdout, stderr) in cases {
            let stage = Stage::new();
            assert_eq!(stage.run(args), exit, "{args:?}");
            for (printed, expected) in [(stage.stdout(), stdout), (stage.stderr(), stderr)] {
                assert!(printed.contains(expected), "{args:?}: {printed}");
                assert_eq!(printed.is_empty(), expected.is_empty(), "{args:?}: {printed}");
            }
        }
    }
}
