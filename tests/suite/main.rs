//! The tests that span crates, in one binary.

mod cli;
mod contracts;
mod corpus;
mod engine;
mod fake;
mod program;
