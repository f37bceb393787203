//! The tests that span crates, in one binary.

// `cfg(test)` says to clippy that helpers in here may unwrap.
#![cfg(test)]

mod cli;
mod contracts;
mod corpus;
mod engine;
mod fake;
mod program;
mod quirks;
mod scenarios;
mod simulation;
