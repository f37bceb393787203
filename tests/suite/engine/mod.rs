//! The engine against the fake server: what a user loses, or does not.

mod crash;
mod discovery;
mod guards;
mod listing;
mod meeting;
mod pull;
mod setup;
pub(crate) mod stage;
mod trouble;
mod two_way;
mod writing;
