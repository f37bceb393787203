//! The engine against the fake server: what a user loses, or does not.

mod accounts;
mod auth;
mod cases;
mod crash;
mod dialects;
mod discovery;
mod doctor;
mod guards;
mod listing;
mod manners;
mod meeting;
mod oddities;
mod pull;
mod servers;
mod setup;
mod sign_in;
pub(crate) mod stage;
mod trouble;
mod two_way;
mod writing;
