//! `conflicts`, `history` and `undo` as they are typed.

use std::str::FromStr;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

/// `conflicts`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = CONFLICTS_HELP)]
pub struct ConflictsArgs {
    /// What to do; without it they are listed.
    #[command(subcommand)]
    pub what: Option<Conflicts>,
    /// How they are listed.
    #[command(flatten)]
    pub list: ConflictList,
}

const CONFLICTS_HELP: &str = "\
A conflict is a contact of which both texts are kept until you decide.

Examples:
  contactcmd conflicts
  contactcmd conflicts show 3
  contactcmd conflicts resolve 3 --keep both";

/// What to do with conflicts.
#[derive(Debug, Subcommand)]
pub enum Conflicts {
    /// List conflicts
    List(ConflictList),
    /// Show both texts side by side, field by field
    Show(ConflictShow),
    /// Decide which text stands
    Resolve(ResolveArgs),
}

/// `conflicts list`.
#[derive(Debug, Args)]
pub struct ConflictList {
    /// List those that were decided as well
    #[arg(long)]
    pub all: bool,
    /// Print an array of JSON objects
    #[arg(long)]
    pub json: bool,
}

/// `conflicts show`.
#[derive(Debug, Args)]
pub struct ConflictShow {
    /// Its number, as `conflicts` lists it
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Show long texts whole
    #[arg(long)]
    pub full: bool,
    /// Print a JSON object with the three texts
    #[arg(long)]
    pub json: bool,
}

/// `conflicts resolve`.
#[derive(Debug, Args)]
#[command(after_help = RESOLVE_HELP)]
pub struct ResolveArgs {
    /// Its number, as `conflicts` lists it
    #[arg(value_name = "ID")]
    pub id: i64,
    /// Which card stands; together with --field, the one of all other fields
    #[arg(long, value_enum, value_name = "WHICH")]
    pub keep: Option<KeepWhich>,
    /// Which side a field is taken from; may be given several times
    #[arg(long = "field", value_name = "NAME=here|there")]
    pub fields: Vec<FieldChoice>,
}

const RESOLVE_HELP: &str = "\
On a terminal it asks, field by field if you like, unless an option says what to do.
What is decided stands here at once; the next `contactcmd sync carddav --direction sync` brings it
to the server. Both texts stay in the history.

A NAME is a word of `conflicts show`: `phone` for every phone, or `phone work`. Fields that are not
named are taken as --keep says; without it a field that only one side edited keeps that edit, and
one that both edited is taken from the server.

Examples:
  contactcmd conflicts resolve 3
  contactcmd conflicts resolve 3 --keep here
  contactcmd conflicts resolve 3 --field 'phone work=here' --field note=there";

/// Which card stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeepWhich {
    /// The one here
    Here,
    /// The one on the server
    There,
    /// Both put together: nothing is dropped that a card can have twice
    Both,
    /// Each as a contact of its own: they are two different people
    Separate,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideName {
    /// This machine.
    Here,
    /// The server.
    There,
}

/// `NAME=here` or `NAME=there`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChoice {
    /// The field.
    pub name: String,
    /// The side it is taken from.
    pub side: SideName,
}

impl FromStr for FieldChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, side) = match text.rsplit_once('=') {
            Some((name, "here")) => (name.trim(), SideName::Here),
            Some((name, "there")) => (name.trim(), SideName::There),
            _ => ("", SideName::There),
        };
        if name.is_empty() {
            return Err("it is NAME=here or NAME=there".to_owned());
        }
        Ok(Self { name: name.to_owned(), side })
    }
}

/// `history`.
#[derive(Debug, Args)]
#[command(after_help = HISTORY_HELP)]
pub struct HistoryArgs {
    /// Only of this contact, which may be gone: name, id, or the start of an id
    #[arg(value_name = "WHO", value_parser = NonEmptyStringValueParser::new())]
    pub who: Vec<String>,
    /// Only of this run
    #[arg(long, value_name = "N")]
    pub run: Option<i64>,
    /// How many lines to print at most [default: 100, or all of --run]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Print the card as it was before the latest change, or before that of --run
    #[arg(long, requires = "who", conflicts_with = "json")]
    pub vcard: bool,
    /// Print an array of JSON objects
    #[arg(long)]
    pub json: bool,
}

const HISTORY_HELP: &str = "\
The latest run comes first, a line a contact: `+` was added, `~` replaced, `-` deleted; in brackets
is on which side, and why.

Examples:
  contactcmd history
  contactcmd history Ada Lovelace
  contactcmd history Ada Lovelace --vcard > ada-before.vcf";

/// `undo`.
#[derive(Debug, Args)]
#[command(after_help = UNDO_HELP)]
pub struct UndoArgs {
    /// Number of the run, as `history` lists it; without it the latest that has anything to take back
    #[arg(value_name = "RUN")]
    pub run: Option<i64>,
    /// Show what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Take back contacts as well that were changed again since, and delete those that a sync found on
    /// the server: the next sync that sends changes deletes them there
    #[arg(long)]
    pub force: bool,
}

const UNDO_HELP: &str = "\
Cards come back as edits made here, which the next `contactcmd sync carddav --direction sync` brings
to the server, a deleted contact to the book it was in; so it does with the deletion of a contact that
the run had added. A conflict that the run decided waits again, unless the server was told of the
decision already.
A contact that was changed again since is left as it is, and so is one that a sync found on the
server. With --force the first is taken back, and the second is deleted here, and on the server by the
next sync that sends changes; how many that would be is told before anything is done. An undo is a run too: `undo RUN` with its
number takes it back, while `undo` alone goes on to the run before.

Examples:
  contactcmd undo --dry-run
  contactcmd undo 17";
