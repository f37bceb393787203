//! The only place that prints: results to stdout, talk to stderr, meaning without colour.

pub mod conflict;
pub mod contact;
pub mod error;
pub mod json;
pub mod progress;
pub mod prompt;
pub mod report;
pub mod table;
mod text;

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};

pub use text::{clean, clean_lines};

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

impl Verbosity {
    /// What `-q` and the number of `-v` ask for.
    pub fn from_options(quiet: bool, verbose: u8) -> Self {
        match (quiet, verbose) {
            (true, _) => Self::Quiet,
            (false, 0) => Self::Normal,
            (false, 1) => Self::Detail,
            (false, _) => Self::Trace,
        }
    }
}

/// Where words go. Text of a card or a server must have gone through [`clean`] before it comes
/// here, except in JSON and in exported cards.
pub struct Ui {
    out: RefCell<Results>,
    err: RefCell<Box<dyn Write>>,
    /// What is a terminal.
    pub terminal: Terminal,
    /// How much to say.
    pub verbosity: Verbosity,
}

/// Stdout, and the first thing that went wrong with it: nothing is written after that.
struct Results {
    writer: BufWriter<Box<dyn Write>>,
    failed: Option<io::Error>,
}

impl Ui {
    /// Prints to these. Results are buffered here; [`Ui::finish`] must be called at the end.
    pub fn new(out: Box<dyn Write>, err: Box<dyn Write>, terminal: Terminal) -> Self {
        Self {
            out: RefCell::new(Results { writer: BufWriter::new(out), failed: None }),
            err: RefCell::new(err),
            terminal,
            verbosity: Verbosity::Normal,
        }
    }

    /// One line of the result, to stdout.
    pub fn result(&self, line: impl Display) {
        self.to_stdout(|out| writeln!(out, "{line}"));
        if self.terminal.stdout {
            self.flush();
        }
    }

    /// A part of the result as it is, without a line end of its own.
    pub fn raw(&self, bytes: &[u8]) {
        self.to_stdout(|out| out.write_all(bytes));
    }

    /// Whether nobody reads the result any more (`| head`) or it cannot be written: what is still
    /// to come can be left out. [`Ui::finish`] tells which.
    pub fn is_closed(&self) -> bool {
        self.out.borrow().failed.is_some()
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

    /// Writes out what is buffered; before asking something, and now and then in a long run.
    pub fn flush(&self) {
        self.to_stdout(|out| out.flush());
    }

    /// Writes out what is buffered, at the end of the program.
    ///
    /// # Errors
    ///
    /// The first [`io::Error`] of stdout: the result is not whole, so the program fails. That the
    /// reader went away (`| head`) is none: it has what it wanted.
    pub fn finish(&self) -> io::Result<()> {
        self.flush();
        match self.out.borrow_mut().failed.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    fn to_stdout(&self, write: impl FnOnce(&mut BufWriter<Box<dyn Write>>) -> io::Result<()>) {
        let mut out = self.out.borrow_mut();
        if out.failed.is_none()
            && let Err(error) = write(&mut out.writer)
        {
            out.failed = Some(error);
        }
    }

    /// What was said to stdout before goes out first, so that a terminal shows both in order. When
    /// stderr is gone there is nobody to tell.
    fn talk(&self, from: Verbosity, line: impl Display) {
        if self.verbosity >= from {
            self.flush();
            let _ = writeln!(self.err.borrow_mut(), "{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_fine_and_a_full_disk_is_not() {
        for (kind, fine) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)]
        {
            let ui = Ui::new(Box::new(Failing(kind)), Box::new(io::sink()), Terminal::default());
            ui.result("one");
            ui.flush();
            assert!(ui.is_closed());
            ui.result("two");
            assert_eq!(ui.finish().is_ok(), fine, "{kind:?}");
        }
    }

    #[test]
    fn options_set_how_much_is_said() {
        let cases = [
            (true, 0, Verbosity::Quiet),
            (false, 0, Verbosity::Normal),
            (false, 1, Verbosity::Detail),
            (false, 9, Verbosity::Trace),
        ];
        for (quiet, verbose, level) in cases {
            assert_eq!(Verbosity::from_options(quiet, verbose), level);
        }
    }
}
