//! The doc comments of the ports, restated as tests: one function per promise, run against every
//! implementation.

mod credentials;
mod repo;
mod transport;
