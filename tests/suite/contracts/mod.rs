//! What the ports promise, restated as tests that any adapter can be put through.

mod repo;
