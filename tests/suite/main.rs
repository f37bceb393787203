//! One binary for everything that spans crates.

mod engine;
