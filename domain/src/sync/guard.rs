//! Guards: a run that would delete too much is refused before its first write.

use std::fmt;
use std::str::FromStr;

/// How many contacts a run may delete on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxDelete {
    /// At most this many.
    Count(usize),
    /// At most this share of the book; ten contacts may always go, so that small books do not
    /// trip over two old colleagues. 0 % is none at all.
    Percent(u8),
}

/// Deletions that no percentage but 0 % forbids.
pub const ALWAYS_ALLOWED: usize = 10;

impl Default for MaxDelete {
    fn default() -> Self {
        Self::Percent(25)
    }
}

impl FromStr for MaxDelete {
    type Err = NotALimit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotALimit(text.to_owned());
        match text.trim().strip_suffix('%') {
            Some(percent) => {
                let percent = percent.trim().parse::<u8>().map_err(|_| wrong())?;
                if percent > 100 { Err(wrong()) } else { Ok(Self::Percent(percent)) }
            }
            None => text.trim().parse().map(Self::Count).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A text that is no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a number nor a percentage from 0% to 100%")]
pub struct NotALimit(pub String);

/// Why a run stops before its first write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Every contact that was known is gone.
    #[error("all {total} contacts of this book are gone from the {side}")]
    Emptied {
        /// Where they are gone.
        side: Side,
        /// How many there were.
        total: usize,
    },
    /// More would be deleted than is allowed.
    #[error("{deletes} of {total} contacts are gone from the {side}, and {limit} is the limit")]
    TooMany {
        /// Where they are gone.
        side: Side,
        /// How many would be deleted on the other side.
        deletes: usize,
        /// How many there were.
        total: usize,
        /// What was allowed.
        limit: MaxDelete,
    },
}

/// One of the two sides of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// This machine.
    Here,
    /// The server.
    There,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Here => "local store",
            Self::There => "server",
        })
    }
}

/// What a run is about to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doomed {
    /// Contacts that would be deleted.
    pub deletes: usize,
    /// Contacts that are gone from the other side, those included that an edit saves.
    pub gone: usize,
    /// Contacts that were known.
    pub total: usize,
}

/// Whether so much may be deleted because it is gone from `side`.
///
/// # Errors
///
/// [`Refused`]: stop before the first write, name the contacts and the option that allows it. An
/// emptied book (more than one contact) is refused at any limit below 100 %, whatever the count.
pub fn check(side: Side, doomed: Doomed, limit: MaxDelete) -> Result<(), Refused> {
    let Doomed { deletes, gone, total } = doomed;
    if deletes == 0 {
        return Ok(());
    }
    let allowed = match limit {
        MaxDelete::Count(count) => count,
        MaxDelete::Percent(0) => 0,
        MaxDelete::Percent(100) => return Ok(()),
        MaxDelete::Percent(percent) => (total * usize::from(percent) / 100).max(ALWAYS_ALLOWED),
    };
    let is_allowed = matches!(limit, MaxDelete::Count(count) if count >= deletes);
    if gone >= total && total > 1 && !is_allowed {
        return Err(Refused::Emptied { side, total });
    }
    if deletes > allowed {
        return Err(Refused::TooMany { side, deletes, total, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::MaxDelete::{Count, Percent};
    use super::*;

    #[test]
    fn deletions_within_the_limit_pass_and_others_are_refused() {
        // (gone, total, limit) -> passes
        let cases = [
            (0, 0, Percent(25), true),
            (1, 1, Percent(25), true),
            (10, 20, Percent(25), true),
            (11, 20, Percent(25), false),
            (25, 100, Percent(25), true),
            (26, 100, Percent(25), false),
            (2, 2, Percent(25), false),
            (10, 10, Percent(25), false),
            (300, 300, Percent(99), false),
            (300, 300, Percent(100), true),
            (300, 300, Count(300), true),
            (300, 300, Count(299), false),
            (5, 300, Count(4), false),
            (5, 300, Count(5), true),
            (1, 300, Percent(0), false),
            (0, 300, Percent(0), true),
            (10, 300, Percent(1), true),
            (11, 300, Percent(1), false),
        ];
        for (gone, total, limit, passes) in cases {
            let doomed = Doomed { deletes: gone, gone, total };
            let verdict = check(Side::There, doomed, limit);
            assert_eq!(verdict.is_ok(), passes, "{gone} of {total} at {limit}: {verdict:?}");
        }
    }

    #[test]
    fn an_emptied_book_is_refused_though_an_edit_saves_one() {
        let doomed = Doomed { deletes: 9, gone: 10, total: 10 };
        assert_eq!(
            check(Side::There, doomed, Percent(25)),
            Err(Refused::Emptied { side: Side::There, total: 10 })
        );
        assert_eq!(check(Side::There, doomed, Count(9)), Ok(()));
    }

    #[test]
    fn limits_read_as_they_are_written() {
        for (text, limit) in
            [("25%", Some(Percent(25))), ("0", Some(Count(0))), ("100 %", Some(Percent(100)))]
        {
            assert_eq!(text.parse().ok(), limit, "{text}");
        }
        for text in ["", "%", "101%", "-1", "many", "2.5%"] {
            assert!(text.parse::<MaxDelete>().is_err(), "{text}");
        }
    }
}
