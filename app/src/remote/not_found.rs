//! What to say when nothing led to address books.

use std::fmt;

use contactcmd_ports::TransportError;

use crate::{Exit, Failure};

/// One step of discovery that led nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Where: an address, or `DNS of example.org`.
    pub place: String,
    /// What came of it.
    pub came: Came,
    /// The same for the user.
    pub words: String,
}

/// What came of a step, as far as it decides what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// Nobody answered.
    NoAnswer,
    /// DNS answered that there is nothing.
    NotInDns,
    /// DNS could not be asked.
    NoDns,
    /// A success that is no CardDAV, such as a login page.
    WebPage,
    /// A server answered, and has no address books there.
    Other,
}

impl Tried {
    pub(super) fn new(place: impl fmt::Display, came: Came, words: impl fmt::Display) -> Self {
        Self { place: place.to_string(), came, words: words.to_string() }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.words)
    }
}

/// Says what was tried, what each step answered, and what helps.
pub(super) fn explain(server: &str, tried: &[Tried], cause: Option<TransportError>) -> Failure {
    let words = format!("no address books were found at {server}");
    let page = tried.iter().find(|tried| tried.came == Came::WebPage);
    let (error, help) = match (cause.map(Failure::from), page) {
        (Some(failure), None) => (failure.error.context(words), failure.hint.unwrap_or_default()),
        (_, Some(page)) => (
            anyhow::Error::msg(words),
            format!(
                "a web page came in place of address books: the page of a network that wants you to log in \
                 first, of a single sign-on, or of a web site; open {} in a browser, or give the full \
                 CardDAV address that your provider documents",
                page.place
            ),
        ),
        (None, None) => (
            anyhow::Error::msg(words),
            "give the full CardDAV address that your provider documents".to_owned(),
        ),
    };
    let tried: Vec<String> = tried.iter().map(|tried| format!("\n  {tried}")).collect();
    Failure::new(Exit::Server, error).hint(format!("{help}; tried:{}", tried.concat()))
}
