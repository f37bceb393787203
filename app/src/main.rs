use std::process::ExitCode;

fn main() -> ExitCode {
    contactcmd::main()
}
