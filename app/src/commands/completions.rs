//! `completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::{Exit, World};

/// Prints what a shell needs to complete our command lines.
pub fn run(shell: Shell, world: &World) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "contactcmd", &mut script);
    world.ui.raw(&script);
    Exit::Done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Stage;

    #[test]
    fn every_shell_gets_a_script_that_knows_the_commands() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let stage = Stage::new();
            assert_eq!(stage.run(&["completions", shell]), Exit::Done);
            for word in ["carddav", "dry-run", "skip-errors"] {
                assert!(stage.stdout().contains(word), "{shell} {word}");
            }
        }
    }
}
