//! The fake is right where real servers were measured: the shapes of their answers.

mod reading;
mod sins;
mod talk;
mod wire;
mod writing;
