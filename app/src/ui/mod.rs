//! The only place that prints: results to stdout, talk to stderr, meaning without colour.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::Write;

/// What is a terminal and what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terminal {
    /// Somebody can be asked.
    pub stdin: bool,
    /// Results are read by a person.
    pub stdout: bool,
    /// Progress can be shown.
    pub stderr: bool,
}

/// How much to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Only what went wrong (`-q`).
    Quiet,
    /// The usual.
    #[default]
    Normal,
    /// What is done and why (`-v`).
    Detail,
    /// Every request: method, address, status (`-vv`). Never a header or a body.
    Trace,
}

/// Where words go.
pub struct Ui {
    out: RefCell<Box<dyn Write>>,
    err: RefCell<Box<dyn Write>>,
    /// What is a terminal.
    pub terminal: Terminal,
    /// How much to say.
    pub verbosity: Verbosity,
}

impl Ui {
    /// Prints to these.
    pub fn new(out: Box<dyn Write>, err: Box<dyn Write>, terminal: Terminal) -> Self {
        Self {
            out: RefCell::new(out),
            err: RefCell::new(err),
            terminal,
            verbosity: Verbosity::Normal,
        }
    }

    /// One line of the result, to stdout.
    pub fn result(&self, line: impl Display) {
        let _ = writeln!(self.out.borrow_mut(), "{line}");
    }

    /// One line of talk, to stderr.
    pub fn say(&self, line: impl Display) {
        self.talk(Verbosity::Normal, line);
    }

    /// One line for `-v`.
    pub fn detail(&self, line: impl Display) {
        self.talk(Verbosity::Detail, line);
    }

    /// One line for `-vv`.
    pub fn trace(&self, line: impl Display) {
        self.talk(Verbosity::Trace, line);
    }

    /// One line that is said even with `-q`.
    pub fn warn(&self, line: impl Display) {
        self.talk(Verbosity::Quiet, line);
    }

    fn talk(&self, from: Verbosity, line: impl Display) {
        if self.verbosity >= from {
            let _ = writeln!(self.err.borrow_mut(), "{line}");
        }
    }
}
