//! The driver of one remote book.
