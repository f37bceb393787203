//! What to fetch, what to do, what to refuse: decisions only, as functions of values.
//!
//! The order is: [`snapshot`] (what is known here), outline (from hrefs and ETags alone: what to
//! fetch, what is gone), guard (too much would be deleted), then page by page plan and apply.

pub mod action;
pub mod decide;
pub mod gather;
pub mod guard;
pub mod likeness;
pub mod merge;
pub mod outline;
pub mod pick;
pub mod plan;
pub mod policy;
pub mod refusal;
pub mod snapshot;
pub mod upload;
