//! The real world: the only file that names the adapters.

use std::process::ExitCode;

/// Runs the program with the real world around it.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
