//! The lines of a scenario as values.

use contactcmd_tests::fake::Fault;

use super::cards::{Fields, fields};

/// One line.
#[derive(Debug)]
pub(super) enum Step {
    Server(String),
    With { knob: String, value: String },
    Book { name: String, read_only: bool },
    There(Hand),
    Client { client: char, deed: Deed, exit: Option<u8> },
    Sets { client: char, line: String },
    Fault { method: String, nth: usize, fault: Fault },
    Before { method: String, nth: usize, hand: Hand },
    Refuse(Refusal),
    Accept(String),
    Expect(Expectation),
}

/// What somebody else does on the server.
#[derive(Debug, Clone)]
pub(super) struct Hand {
    /// The book, if it is not the first.
    pub(super) book: Option<String>,
    pub(super) does: Does,
}

#[derive(Debug, Clone)]
pub(super) enum Does {
    Has(String, Fields),
    Edits(String, Fields),
    Deletes(String),
    /// To another name, under the same UID.
    Moves(String),
    Empties,
    IsSaved,
    IsRestored,
}

/// A command of a client.
#[derive(Debug)]
pub(super) enum Deed {
    Adds(String, Fields),
    Edits(String, Fields),
    Deletes(String),
    Imports(String, Fields),
    Syncs { direction: &'static str, options: Vec<String> },
    Runs(Vec<String>),
}

/// PUTs of `who` get `status`.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) who: String,
    pub(super) status: u16,
    /// The name of a condition element, or words.
    pub(super) words: String,
}

/// One side of a sync.
#[derive(Debug)]
pub(super) enum Side {
    There(Option<String>),
    Client(char),
}

#[derive(Debug)]
pub(super) enum Expectation {
    Contact(Side, String, Fields),
    NoContact(Side, String),
    Count(Side, usize),
    EveryoneAgrees,
    Says { client: char, text: String, says: bool },
    Keeps(char, String),
    Quiet(char, Option<u8>),
    Requests { at_least: usize, at_most: usize, method: String },
}

/// Reads one line.
pub(super) fn read(line: &str) -> Result<Step, String> {
    let (verb, rest) = word(line);
    match verb {
        "server" => Ok(Step::Server(rest.to_owned())),
        "with" => {
            let (knob, value) = rest.split_once(" = ").ok_or("with KNOB = VALUE")?;
            Ok(Step::With { knob: knob.to_owned(), value: value.to_owned() })
        }
        "book" => {
            let name = rest.trim_end_matches("read only").trim().to_owned();
            Ok(Step::Book { name, read_only: rest.ends_with("read only") })
        }
        "fault" => {
            let (method, nth, words) = nth_request(rest)?;
            Ok(Step::Fault { method, nth, fault: fault(words)? })
        }
        "before" => {
            let (request, there) = rest.split_once(": ").ok_or("before METHOD N: there ...")?;
            let (method, nth, _) = nth_request(request)?;
            let hand = hand(there).ok_or("before METHOD N: there ...")??;
            Ok(Step::Before { method, nth, hand })
        }
        "refuse" => {
            let (who, answer) = rest.split_once(": ").ok_or("refuse WHO: STATUS [WORDS]")?;
            let (status, words) = word(answer);
            let status = status.parse().map_err(|_| format!("{status} is no status"))?;
            let words = words.trim_matches('"').to_owned();
            Ok(Step::Refuse(Refusal { who: who.to_owned(), status, words }))
        }
        "accept" => Ok(Step::Accept(rest.to_owned())),
        "expect" => expectation(rest).map(Step::Expect),
        _ => match (hand(line), client(verb)) {
            (Some(hand), _) => hand.map(Step::There),
            (None, Some(client)) => of_client(client, rest),
            (None, None) => Err("nobody knows this line".to_owned()),
        },
    }
}

/// The first word and the rest.
pub(super) fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    (word, rest.trim())
}

fn client(word: &str) -> Option<char> {
    match word {
        "a" => Some('a'),
        "b" => Some('b'),
        _ => None,
    }
}

fn nth_request(text: &str) -> Result<(String, usize, &str), String> {
    let (method, rest) = word(text);
    let (nth, rest) = word(rest);
    let nth = nth.parse().map_err(|_| format!("METHOD N: {text}"))?;
    Ok((method.to_owned(), nth, rest))
}

fn fault(words: &str) -> Result<Fault, String> {
    Ok(match words {
        "dropped before" => Fault::DropBefore,
        "dropped after" => Fault::DropAfter,
        "silent before" => Fault::Timeout,
        "silent after" => Fault::TimeoutAfter,
        "cut after" => Fault::TruncateBody,
        "short" => Fault::ShortBody,
        "a page" => Fault::Html,
        "unreachable" => Fault::Unreachable,
        _ => {
            let status = words.strip_prefix("status ").and_then(|status| status.parse().ok());
            Fault::Status(status.ok_or_else(|| format!("no fault is called {words}"))?, None)
        }
    })
}

/// A line that starts with `there`, if it is one.
fn hand(line: &str) -> Option<Result<Hand, String>> {
    let (who, rest) = word(line);
    let book = match who.split_once('/') {
        Some(("there", book)) => Some(book.to_owned()),
        None if who == "there" => None,
        _ => return None,
    };
    Some(does(rest).map(|does| Hand { book, does }))
}

fn does(text: &str) -> Result<Does, String> {
    let (verb, rest) = word(text);
    Ok(match (verb, rest) {
        ("has", _) => {
            let (who, said) = about(rest)?;
            Does::Has(who, said)
        }
        ("edits", _) => {
            let (who, said) = about(rest)?;
            Does::Edits(who, said)
        }
        ("deletes", _) => Does::Deletes(rest.to_owned()),
        ("moves", _) => Does::Moves(rest.to_owned()),
        ("empties", _) => Does::Empties,
        ("is", "saved") => Does::IsSaved,
        ("is", "restored") => Does::IsRestored,
        _ => return Err(format!("the server cannot `{text}`")),
    })
}

/// `WHO: FIELDS`, or `WHO`.
fn about(text: &str) -> Result<(String, Fields), String> {
    match text.split_once(": ") {
        Some((who, said)) => Ok((who.to_owned(), fields(said)?)),
        None => Ok((text.trim_end_matches(':').to_owned(), Fields::default())),
    }
}

/// What a client does, and how it has to end.
fn of_client(client: char, text: &str) -> Result<Step, String> {
    let (text, exit) = exit(text)?;
    let (verb, rest) = word(text);
    let sync = |direction| {
        let options = rest.split_whitespace().map(str::to_owned).collect();
        Deed::Syncs { direction, options }
    };
    let deed = match verb {
        "sets" => return Ok(Step::Sets { client, line: rest.to_owned() }),
        "adds" | "edits" | "imports" => {
            let (who, said) = about(rest)?;
            match verb {
                "adds" => Deed::Adds(who, said),
                "edits" => Deed::Edits(who, said),
                _ => Deed::Imports(who, said),
            }
        }
        "deletes" => Deed::Deletes(rest.to_owned()),
        "syncs" => sync("sync"),
        "pulls" => sync("pull"),
        "pushes" => sync("push"),
        "runs" => Deed::Runs(rest.split_whitespace().map(str::to_owned).collect()),
        _ => return Err(format!("a client cannot `{verb}`")),
    };
    Ok(Step::Client { client, deed, exit })
}

/// The line without its `, exit N`, and N; `None` where the end does not matter.
fn exit(text: &str) -> Result<(&str, Option<u8>), String> {
    match text.rsplit_once(", exit ") {
        Some((text, "any")) => Ok((text, None)),
        Some((text, code)) => Ok((text, Some(code.parse().map_err(|_| format!("exit {code}"))?))),
        None => Ok((text, Some(0))),
    }
}

fn expectation(text: &str) -> Result<Expectation, String> {
    if text == "everyone agrees" {
        return Ok(Expectation::EveryoneAgrees);
    }
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{text} is no number"));
    let (subject, rest) = word(text);
    if let Some(count) = rest.strip_prefix("most ").filter(|_| subject == "at") {
        let (count, method) = word(count);
        let at_most = number(count)?;
        return Ok(Expectation::Requests { at_least: 0, at_most, method: method.to_owned() });
    }
    if subject == "exactly" {
        let (count, method) = word(rest);
        let count = number(count)?;
        let method = method.to_owned();
        return Ok(Expectation::Requests { at_least: count, at_most: count, method });
    }
    let side = match (subject.split_once('/'), client(subject)) {
        (_, Some(client)) => Side::Client(client),
        (Some(("there", book)), _) => Side::There(Some(book.to_owned())),
        (None, None) if subject == "there" => Side::There(None),
        _ => return Err(format!("nobody is called {subject}")),
    };
    if let Some(who) = rest.strip_prefix("has no ") {
        return Ok(Expectation::NoContact(side, who.to_owned()));
    }
    if let Some(count) = rest.strip_prefix("has ") {
        return Ok(Expectation::Count(side, number(count)?));
    }
    if let Side::Client(client) = side {
        let quoted = |verb: &str| {
            let text = rest.strip_prefix(verb)?.trim().strip_prefix('"')?;
            Some(text.strip_suffix('"')?.to_owned())
        };
        if let Some(text) = quoted("says") {
            return Ok(Expectation::Says { client, text, says: true });
        }
        if let Some(text) = quoted("does not say") {
            return Ok(Expectation::Says { client, text, says: false });
        }
        if let Some(text) = quoted("keeps") {
            return Ok(Expectation::Keeps(client, text));
        }
        if rest.starts_with("is quiet") {
            return Ok(Expectation::Quiet(client, exit(rest)?.1));
        }
    }
    let (who, said) = about(rest)?;
    Ok(Expectation::Contact(side, who, said))
}
