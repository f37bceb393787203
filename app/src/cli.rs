//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A contact book for the command line that keeps itself and any CardDAV server the same
#[derive(Debug, Parser)]
#[command(name = "contactcmd", version)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
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

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Synchronise with a server
    #[command(subcommand)]
    Sync(Sync),
}

#[derive(Debug, Subcommand)]
pub enum Sync {
    /// Synchronise with a CardDAV server
    Carddav(SyncArgs),
}

#[derive(Debug, Args)]
pub struct SyncArgs {
    /// URL or host of the server
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// User name at the server
    #[arg(long, value_name = "USER")]
    pub username: Option<String>,
    /// The account of the config to use: the NAME of a `[carddav.NAME]` table
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
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
    /// Compare everything instead of asking the server what changed
    #[arg(long)]
    pub full: bool,
    /// How many contacts a run may delete: a number, or a percentage such as 25%
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
