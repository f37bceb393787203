//! `doctor` as it is typed.

use clap::{Args, Subcommand};

use super::AccountArgs;

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum Doctor {
    /// Ask a CardDAV server, step by step, what it can do
    Carddav(DoctorArgs),
}

/// `doctor carddav`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is written, here or there, but what was learnt of a server that is unlike others: later runs of
`sync` go by it. Names, hosts, paths and the server's own words are left out, so that the text can be
shown to others; `-v` is not so careful. No card and no password is ever shown.

--write-test writes one card of its own, called `contactcmd test, please delete`, changes it, and
removes it again: it shows what the server does to cards, and whether it keeps an edit from
overwriting another one.

Examples:
  contactcmd doctor carddav
  contactcmd doctor carddav --account work --write-test
  contactcmd doctor carddav --server https://dav.example --username ada --show-names

Exit status: 0 everything can be used, 3 the password was refused, 4 the server or the network failed,
7 another run is at work.")]
pub struct DoctorArgs {
    /// Which account.
    #[command(flatten)]
    pub which: AccountArgs,
    /// Name or path of an address book; may be given several times
    #[arg(long = "addressbook", value_name = "AB")]
    pub addressbooks: Vec<String>,
    /// Write one card of its own to one address book, and remove it again
    #[arg(long)]
    pub write_test: bool,
    /// Do not ask before the write test
    #[arg(long, requires = "write_test")]
    pub yes: bool,
    /// Show hosts, user names, paths and the server's words as they are
    #[arg(long)]
    pub show_names: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}
