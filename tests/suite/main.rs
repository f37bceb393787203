//! The tests that span crates, in one binary.

mod contracts;
mod engine;
