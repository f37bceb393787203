//! contactcmd: a contact book for the command line that keeps itself and any CardDAV server the
//! same, in both directions, without ever losing a contact or a part of one.
//!
//! This crate is the words and the order of doing: the command line, the config, the driver of one
//! remote book ([`remote`]) and the engine ([`sync`]). Everything from the world comes in through
//! [`World`]; [`main`] wires the real one.

pub mod cli;
pub mod commands;
pub mod config;
pub mod failure;
mod file;
mod form;
pub mod interrupt;
pub mod password;
pub mod paths;
pub mod remote;
mod run;
pub mod sync;
pub mod ui;
mod wire;
pub mod world;

pub use failure::{Exit, Failure};
pub use run::run;
pub use wire::{main, world as real_world};
pub use world::World;
