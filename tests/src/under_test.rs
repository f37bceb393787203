//! The program itself, built here so that cargo makes it for the command-line tests.

fn main() -> std::process::ExitCode {
    contactcmd::main()
}
