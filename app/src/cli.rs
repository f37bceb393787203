//! The command line as it is typed.

mod decide;
mod doctor;
mod fields;
mod setup;

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum, value_parser};

pub use decide::{
    ConflictList, ConflictShow, Conflicts, ConflictsArgs, FieldChoice, HistoryArgs, KeepWhich,
    ResolveArgs, SideName, UndoArgs,
};
pub use doctor::{Doctor, DoctorArgs};
pub use fields::{AddArgs, DeleteArgs, EditArgs, FieldArgs};
pub use setup::SetupArgs;

/// A contact book for the command line that keeps itself and any CardDAV server the same
#[derive(Debug, Parser)]
#[command(name = "contactcmd", bin_name = "contactcmd", version, propagate_version = false, after_help = FIRST_STEPS)]
pub struct Cli {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const FIRST_STEPS: &str = "\
Examples:
  contactcmd setup                      find your address books and store the password
  contactcmd sync carddav --dry-run     what a sync would do
  contactcmd search ada london          everybody with both words somewhere
  contactcmd show Ada Lovelace
  contactcmd edit Ada Lovelace          in your editor
  contactcmd export vcard --all --output contacts.vcf

`contactcmd COMMAND --help` says more about each; `contactcmd man` prints the manual.";

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The database to use instead of the one in the data folder
    #[arg(long, global = true, value_name = "FILE")]
    pub database: Option<PathBuf>,
    /// Say more; twice shows every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up an account: from an e-mail address, a server or a provider to a first sync
    Setup(SetupArgs),
    /// Synchronise with a server
    #[command(subcommand)]
    Sync(Sync),
    /// Ask a server what it can do, and say what that means
    #[command(subcommand)]
    Doctor(Doctor),
    /// List contacts
    List(ListArgs),
    /// Find contacts by any words in them
    Search(SearchArgs),
    /// Show everything about one contact
    Show(ShowArgs),
    /// Add a contact
    Add(Box<AddArgs>),
    /// Change a contact, by options or in your editor
    Edit(Box<EditArgs>),
    /// Delete a contact
    Delete(DeleteArgs),
    /// Bring contacts in from a file
    #[command(subcommand)]
    Import(Import),
    /// Write contacts out to a file
    #[command(subcommand)]
    Export(Export),
    /// Decide which of two texts stands, where a contact was edited here and on the server
    Conflicts(ConflictsArgs),
    /// See what was added, replaced and deleted, here and on the server
    History(HistoryArgs),
    /// Take back what a run changed
    Undo(UndoArgs),
    /// Store or forget an account's password in the keychain
    #[command(subcommand)]
    Password(Password),
    /// Print the completions for a shell
    #[command(
        after_help = "Example:\n  contactcmd completions bash > ~/.local/share/bash-completion/completions/contactcmd"
    )]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  contactcmd man | man -l -")]
    Man,
}

/// What to synchronise with.
#[derive(Debug, Subcommand)]
pub enum Sync {
    /// Synchronise with a CardDAV server
    Carddav(SyncArgs),
}

/// Which account is meant: one of the config, or one that is named in full.
#[derive(Debug, Args)]
pub struct AccountArgs {
    /// URL or host of the server, or a provider such as `icloud`, or an e-mail address there
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// User name at the server
    #[arg(long, value_name = "USER")]
    pub username: Option<String>,
    /// The account of the config to use: the NAME of a `[carddav.NAME]` table
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// `sync carddav`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contactcmd sync carddav --dry-run
  contactcmd sync carddav --list-addressbooks
  contactcmd sync carddav --account work --addressbook Colleagues --addressbook Family
  contactcmd sync carddav --all-accounts

Exit status: 0 done, 3 the password was refused, 4 the server or the network failed, 5 done but
something needs you, 6 stopped because too much would have been deleted, 7 another run is at work.
With several books or accounts it is the worst of theirs: 130, 3, 4, 7, 2, 1, 6, 5, 0, in this order.")]
pub struct SyncArgs {
    /// Which account.
    #[command(flatten)]
    pub which: AccountArgs,
    /// Synchronise every account of the config; what is wrong with one keeps no other from its run
    #[arg(long, conflicts_with_all = ["account", "server", "username", "addressbooks"])]
    pub all_accounts: bool,
    /// Name or path of an address book; may be given several times
    #[arg(long = "addressbook", value_name = "AB")]
    pub addressbooks: Vec<String>,
    /// List the address books of the account and do nothing else
    #[arg(long)]
    pub list_addressbooks: bool,
    /// Show what would be done, and change nothing here or there
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Which way changes go; contacts that are only on the other side are never removed for it
    #[arg(long, value_enum, default_value_t = Direction::Pull)]
    pub direction: Direction,
    /// Where both sides were edited, let one card replace the other whole instead of merging: the server's in a pull, the one here otherwise
    #[arg(long)]
    pub force: bool,
    /// Compare everything instead of asking the server what changed
    #[arg(long)]
    pub full: bool,
    /// How many contacts a run may delete: a number, or a percentage such as 25%, which lets ten go in any book; 0% lets none
    #[arg(long, value_name = "N|N%")]
    pub max_delete: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which way changes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    /// From the server to this machine
    Pull,
    /// From this machine to the server
    Push,
    /// Both ways
    Sync,
}

/// How a list is ordered, cut and printed.
#[derive(Debug, Args)]
pub struct Listing {
    /// The order: by name, newest first, or last changed first
    #[arg(long, value_enum, default_value_t = SortBy::Name)]
    pub sort: SortBy,
    /// Which page to print
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub page: Option<u64>,
    /// How many contacts a page has [default: 50]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub page_size: Option<u64>,
    /// Print an array of JSON objects
    #[arg(long)]
    pub json: bool,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SortBy {
    /// By name, family name first where the card has one
    Name,
    /// Newest first
    Created,
    /// Last changed first
    Updated,
}

/// `list`.
#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub struct ListArgs {
    /// Order, page and form.
    #[command(flatten)]
    pub listing: Listing,
}

const LIST_HELP: &str = "\
On a terminal one page is printed, the first unless --page says otherwise. Elsewhere, as in a pipe,
every contact is printed unless --page or --page-size is given: a line each, tab-separated, without
a heading: name, organisation, phone, e-mail, id.

Examples:
  contactcmd list --page 2
  contactcmd list | cut -f1,4
  contactcmd list --json | jq -r '.[].emails[]?.value'";

/// `search`.
#[derive(Debug, Args)]
#[command(after_help = SEARCH_HELP)]
pub struct SearchArgs {
    /// Words that must all occur, in any field; case and accents do not count
    #[arg(required = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// Order, page and form.
    #[command(flatten)]
    pub listing: Listing,
}

const SEARCH_HELP: &str = "\
The contacts found are printed as `list` prints them. When nothing is found the exit status is 1.

Examples:
  contactcmd search ada
  contactcmd search muller 555          finds Müller with 555 in a phone number
  contactcmd search example.org --json";

/// `show`.
#[derive(Debug, Args)]
#[command(after_help = WHO_HELP)]
pub struct ShowArgs {
    /// Name, id, the start of an id (four characters or more), or UID
    #[arg(required = true, value_name = "WHO", value_parser = NonEmptyStringValueParser::new())]
    pub who: Vec<String>,
    /// Print a JSON object
    #[arg(long)]
    pub json: bool,
}

const WHO_HELP: &str = "\
A whole name or nickname comes first, then an id, then words that only one contact has. When several
contacts are meant they are listed with their ids and the exit status is 2; when there is none it
is 1.

Examples:
  contactcmd show Ada Lovelace
  contactcmd show 3f2b9c1e --json";

/// What to import.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Import the vCards of a file
    Vcard(ImportArgs),
}

/// `import vcard`.
#[derive(Debug, Args)]
#[command(after_help = IMPORT_HELP)]
pub struct ImportArgs {
    /// A file with any number of vCards (2.1, 3.0 or 4.0); `-` is the standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Replace a contact whose UID is in the file and whose content differs
    #[arg(long)]
    pub update: bool,
    /// Import the good cards of a file in which others are broken
    #[arg(long)]
    pub skip_errors: bool,
}

const IMPORT_HELP: &str = "\
The cards are stored byte for byte. A card that is here already, by its UID or (when it has none) by
its content, is not imported again. What is replaced is kept in the history.

A line a contact is printed: `+` is new, `~` is replaced, `!` is left out.
When a card is broken nothing is imported, unless --skip-errors is given. Exit status 5 says that
some cards were left out.

Examples:
  contactcmd import vcard contacts.vcf --dry-run
  contactcmd import vcard old-phone.vcf --update";

/// What to export.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Write contacts as vCards
    Vcard(ExportArgs),
}

/// `export vcard`.
#[derive(Debug, Args)]
#[command(after_help = EXPORT_HELP)]
#[command(group(ArgGroup::new("which").required(true).args(["who", "all"])))]
pub struct ExportArgs {
    /// Name, id, the start of an id (four characters or more), or UID
    #[arg(value_name = "WHO", value_parser = NonEmptyStringValueParser::new())]
    pub who: Vec<String>,
    /// Export every contact
    #[arg(long)]
    pub all: bool,
    /// The file to write, in place of one that is there; without it, or with `-`, standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Convert the cards to this version of vCard; without it they are written as they are stored
    #[arg(long, value_enum, value_name = "3|4")]
    pub version: Option<CardVersion>,
}

/// A version of vCard that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CardVersion {
    /// RFC 2426
    #[value(name = "3", alias = "3.0")]
    Three,
    /// RFC 6350
    #[value(name = "4", alias = "4.0")]
    Four,
}

const EXPORT_HELP: &str = "\
Without --version a card is written byte for byte as it is stored, so that importing it again, here
or elsewhere, loses nothing. When several are written, one that does not end its last line gets a
line end. A file appears only when it is whole, and only you can read it.

Examples:
  contactcmd export vcard Ada Lovelace > ada.vcf
  contactcmd export vcard --all --output contacts.vcf";

/// What to do with a password.
#[derive(Debug, Subcommand)]
pub enum Password {
    /// Store the password of an account in the keychain
    #[command(after_help = "\
On a terminal the password is asked for twice; elsewhere it is the first line of standard input.
For an account with `auth = \"oauth2\"` your browser opens instead, to sign in.

Examples:
  contactcmd password set
  pass show mail | contactcmd password set --account work")]
    Set(Whose),
    /// Forget the password, or the sign-in, of an account; the exit status is 1 when there was none
    Delete(Whose),
}

/// Whose password it is.
#[derive(Debug, Args)]
pub struct Whose {
    /// The account of the config: the NAME of a `[carddav.NAME]` table
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// URL or host of the server, when it is not that of an account
    #[arg(long, value_name = "URL", requires = "username", conflicts_with = "account")]
    pub server: Option<String>,
    /// User name at the server
    #[arg(long, value_name = "USER", requires = "server")]
    pub username: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let cases: [(&[&str], bool); 32] = [
            (&["setup"], true),
            (&["setup", ""], false),
            (&["setup", "google", "--client-id", "x", "--client-secret-command", "y"], true),
            (&["setup", "google", "--client-id", ""], false),
            (&["setup", "ada@example.org", "--account", "work", "--allow-http"], true),
            (&["add"], true),
            (&["add", "--given", "Ada", "--phone", "1", "--phone", "work=2"], true),
            (&["add", "--remove", "note"], false),
            (&["edit", "--given", "Ada"], false),
            (&["edit", "Ada", "Lovelace", "--birthday", "--01-15", "--note", "- a"], true),
            (&["edit", "Ada", "--remove", "photo", "--remove", "X-FOO=1"], true),
            (&["delete"], false),
            (&["doctor", "carddav", "--write-test", "--yes", "--json"], true),
            (&["doctor", "carddav", "--yes"], false),
            (&["sync", "carddav", "--all-accounts", "-n"], true),
            (&["sync", "carddav", "--all-accounts", "--account", "work"], false),
            (&["sync", "carddav", "--addressbook", "a", "--addressbook", "b"], true),
            (&["list"], true),
            (&["list", "--page", "0"], false),
            (&["list", "--page", "2", "--page-size", "10", "--json"], true),
            (&["search"], false),
            (&["search", "ada", "london"], true),
            (&["show", ""], false),
            (&["show", "Ada", "Lovelace"], true),
            (&["export", "vcard"], false),
            (&["export", "vcard", "Ada", "Lovelace", "--version", "4"], true),
            (&["export", "vcard", "Ada", "--all"], false),
            (&["export", "vcard", "--all", "--output", "a.vcf", "--version", "3"], true),
            (&["import", "vcard"], false),
            (&["password", "set", "--server", "dav.example"], false),
            (&["list", "-v", "-q"], false),
            (&["-vv", "list"], true),
        ];
        for (args, good) in cases {
            let parsed = Cli::try_parse_from([&["contactcmd"], args].concat());
            assert_eq!(parsed.is_ok(), good, "{args:?}: {parsed:?}");
        }
    }
}
