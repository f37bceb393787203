//! Suite.

mod corpus;
