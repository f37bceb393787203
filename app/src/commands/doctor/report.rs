//! What was found out, as values: told line by line, serialised for programs.

use std::fmt;
use std::time::Duration;

use contactcmd_domain::dav::Quirks;
use serde::Serialize;

use crate::ui::{Ui, Verbosity, clean};
use crate::{Exit, Failure};

/// One thing that was found out.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    /// What it is about.
    pub(super) about: About,
    /// The address book that it is about, if it is about one.
    pub(super) addressbook: Option<String>,
    /// How it went.
    pub(super) result: Verdict,
    /// What was asked and what came.
    pub(super) what: String,
    /// What that means.
    pub(super) meaning: Option<String>,
    /// How long it took.
    pub(super) milliseconds: Option<u64>,
}

/// Which part of the examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum About {
    /// The way from what was typed to the books.
    Discovery,
    /// Who was let in, and how.
    Login,
    /// What a book says about itself.
    Book,
    /// How changes are learnt.
    Changes,
    /// How cards are read.
    Cards,
    /// What was done with a card of our own.
    WriteTest,
    /// What is done otherwise than with other servers.
    Quirks,
}

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// As it should.
    Ok,
    /// Otherwise, and contactcmd can live with it.
    Note,
    /// So that something cannot be used.
    Fail,
}

impl Finding {
    fn new(result: Verdict, what: impl Into<String>) -> Self {
        Self {
            about: About::Discovery,
            addressbook: None,
            result,
            what: what.into(),
            meaning: None,
            milliseconds: None,
        }
    }

    /// It is as it should be.
    pub(super) fn ok(what: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, what)
    }

    /// It is not, and that does no harm.
    pub(super) fn note(what: impl Into<String>) -> Self {
        Self::new(Verdict::Note, what)
    }

    /// It cannot be used.
    pub(super) fn fail(what: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, what)
    }

    /// Good if `good`, else a note.
    pub(super) fn good_if(good: bool, what: impl Into<String>) -> Self {
        if good { Self::ok(what) } else { Self::note(what) }
    }

    /// Adds what it means.
    pub(super) fn means(mut self, meaning: impl Into<String>) -> Self {
        self.meaning = Some(meaning.into());
        self
    }

    /// Adds how long it took.
    pub(super) fn took(mut self, elapsed: Duration) -> Self {
        self.milliseconds = u64::try_from(elapsed.as_millis()).ok();
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.result {
            Verdict::Ok => "ok  ",
            Verdict::Note => "note",
            Verdict::Fail => "FAIL",
        };
        write!(f, "  {verdict}  {}", self.what)?;
        if let Some(meaning) = &self.meaning {
            write!(f, " — {meaning}")?;
        }
        match self.milliseconds {
            Some(milliseconds) => write!(f, "  ({milliseconds} ms)"),
            None => Ok(()),
        }
    }
}

/// One book, and how its server differs from others.
#[derive(Debug, Serialize)]
pub(super) struct BookQuirks {
    /// What it is called in the findings.
    pub(super) addressbook: String,
    /// All that is known, by whatever way.
    pub(super) quirks: Quirks,
    /// Whether something of it was learnt in this run.
    pub(super) learnt: bool,
}

/// Everything that was found out; the object that `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Of this program.
    pub(super) version: &'static str,
    /// Whether hosts, names, paths and the server's words are left out.
    pub(super) masked: bool,
    /// Whether the write test was asked for.
    pub(super) write_test: bool,
    /// How long it took.
    pub(super) seconds: f64,
    /// How many requests it took.
    pub(super) requests: u32,
    /// The exit code.
    pub(super) exit: u8,
    /// In the order in which they were made.
    pub(super) findings: Vec<Finding>,
    /// The books that were looked at.
    pub(super) books: Vec<BookQuirks>,
    /// Why nothing was asked at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl Report {
    /// A report with nothing in it yet.
    pub(super) fn new(masked: bool, write_test: bool) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            masked,
            write_test,
            seconds: 0.0,
            requests: 0,
            exit: 0,
            findings: Vec::new(),
            books: Vec::new(),
            error: None,
        }
    }
}

/// Takes findings, and tells them as they come.
pub(super) struct Notebook<'w> {
    ui: &'w Ui,
    json: bool,
    pub(super) report: Report,
    about: About,
    addressbook: Option<String>,
    heading: Option<String>,
    worst: Exit,
}

impl<'w> Notebook<'w> {
    /// An empty one; with `json` nothing is told before the end.
    pub(super) fn new(ui: &'w Ui, json: bool, report: Report) -> Self {
        Self {
            ui,
            json,
            report,
            about: About::Discovery,
            addressbook: None,
            heading: None,
            worst: Exit::Done,
        }
    }

    /// What the next findings are about.
    pub(super) fn about(&mut self, about: About) {
        self.about = about;
    }

    /// Which book the next findings are about.
    pub(super) fn at_book(&mut self, name: Option<String>) {
        self.addressbook = name;
    }

    /// Which book the findings are about.
    pub(super) fn addressbook(&self) -> Option<String> {
        self.addressbook.clone()
    }

    /// Takes a finding that needs no exit code of its own.
    pub(super) fn tell(&mut self, finding: Finding) {
        let exit = if finding.result == Verdict::Fail { Exit::Server } else { Exit::Done };
        self.worst = self.worst.worse(exit);
        let finding =
            Finding { about: self.about, addressbook: self.addressbook.clone(), ..finding };
        let is_wanted = finding.result == Verdict::Fail || self.ui.verbosity != Verbosity::Quiet;
        if !self.json && is_wanted {
            self.head();
            self.ui.result(clean(&finding.to_string()));
        }
        self.report.findings.push(finding);
    }

    /// Takes a finding after which the program ends with `exit`.
    pub(super) fn tell_end(&mut self, finding: Finding, exit: Exit) {
        self.tell(finding);
        self.ends_with(exit);
    }

    /// The program ends with this code, or a worse one.
    pub(super) fn ends_with(&mut self, exit: Exit) {
        // A failure that has a code of its own is not that of the server.
        let only_server = self.worst == Exit::Server && exit != Exit::Done;
        self.worst = if only_server { exit } else { self.worst.worse(exit) };
    }

    /// Prints the object, if that is what is wanted.
    pub(super) fn finish(mut self) -> Result<Exit, Failure> {
        self.report.exit = self.worst as u8;
        if self.json {
            let text = serde_json::to_string_pretty(&self.report)
                .map_err(|error| Failure::new(Exit::Failed, error))?;
            self.ui.result(text);
        }
        Ok(self.worst)
    }

    fn head(&mut self) {
        let heading = match (&self.addressbook, self.about) {
            (None, About::Discovery) => "discovery".to_owned(),
            (None, About::Login) => "login".to_owned(),
            (None, _) => "server".to_owned(),
            (Some(name), About::WriteTest) => format!("write test in {name}"),
            (Some(name), _) => format!("address book {name}"),
        };
        if self.heading.as_ref() != Some(&heading) {
            self.ui.result(clean(&heading));
            self.heading = Some(heading);
        }
    }
}
