//! Suite.

// Says to clippy that helpers in here may unwrap.
#[cfg(test)]
mod fake;
