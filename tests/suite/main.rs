//! Everything that is tested across crates, in one binary.

// `cfg(test)` holds for all of it anyway; it tells clippy that helpers are test code too.
#[cfg(test)]
mod contracts;
