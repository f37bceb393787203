//! The engine against the fake server: what a user loses, or does not.

mod accounts;
mod crash;
mod discovery;
mod doctor;
mod guards;
mod listing;
mod meeting;
mod pull;
pub(crate) mod stage;
mod trouble;
mod two_way;
mod writing;
