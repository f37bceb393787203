//! How to ask a server what changed: by token, by ctag, or everything.

use std::fmt;

use crate::contact::Timestamp;
use crate::dav::{CTag, Quirks, SyncToken};

/// Everything is compared at least this often, because servers forget deletions and accept stale
/// tokens without a word (Q55): 7 days, in milliseconds.
pub const FULL_EVERY: i64 = 7 * 24 * 60 * 60 * 1000;

/// What is remembered of the last run.
#[derive(Debug, Clone, Copy)]
pub struct Memory<'a> {
    /// The token to continue from.
    pub token: Option<&'a SyncToken>,
    /// The ctag read before the last listing.
    pub ctag: Option<&'a CTag>,
    /// When everything was last compared.
    pub full_at: Option<Timestamp>,
    /// What is known of the server.
    pub quirks: &'a Quirks,
}

/// How to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A `sync-collection` report from this token.
    Delta(SyncToken),
    /// Nothing, if the ctag is still this one; else [`Way::Full`].
    Ctag(CTag),
    /// Everything.
    Full(Because),
}

/// Why everything is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// There is no token and no ctag yet, or the last run did not finish.
    FirstRun,
    /// The user asked.
    Asked,
    /// The last full comparison is [`FULL_EVERY`] old, or the clock was turned back.
    Due,
    /// The server refused the token.
    StaleToken,
    /// The ctag changed, and the server has no `sync-collection`.
    CtagChanged,
    /// The report named nearly every known card: a server that lost its change log (Q55).
    LooksWrong,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstRun => "no finished run before this one",
            Self::Asked => "asked for",
            Self::Due => "once a week",
            Self::StaleToken => "the server does not know the last sync token any more",
            Self::CtagChanged => "the book changed, and the server cannot say how",
            Self::LooksWrong => "the server reported nearly every contact as changed",
        })
    }
}

/// How to ask, from what is remembered.
pub fn way(memory: &Memory<'_>, now: Timestamp, full_asked: bool) -> Way {
    if full_asked {
        return Way::Full(Because::Asked);
    }
    let recent = memory.full_at.is_some_and(|at| (0..FULL_EVERY).contains(&(now.0 - at.0)));
    match (memory.token, memory.ctag) {
        (None, None) => Way::Full(Because::FirstRun),
        _ if memory.full_at.is_none() => Way::Full(Because::FirstRun),
        _ if !recent => Way::Full(Because::Due),
        (Some(token), _) if !memory.quirks.no_sync_collection => Way::Delta(token.clone()),
        (_, Some(ctag)) => Way::Ctag(ctag.clone()),
        (Some(_), None) => Way::Full(Because::FirstRun),
    }
}

/// Whether a report from a token names so many of the `known` cards as changed that the server must
/// have lost its change log, and with it the deletions (Q55).
pub fn looks_wrong(changed_and_known: usize, known: u64) -> bool {
    known > 10 && changed_and_known as u64 * 10 >= known * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_safe_way_is_taken() {
        let (token, ctag) = (SyncToken("t".into()), CTag("c".into()));
        let (plain, no_sync) =
            (Quirks::default(), Quirks { no_sync_collection: true, ..Quirks::default() });
        let now = Timestamp(FULL_EVERY * 10);
        let fresh = Some(Timestamp(now.0 - 1000));
        let old = Some(Timestamp(now.0 - FULL_EVERY));
        let future = Some(Timestamp(now.0 + 1));
        let delta = || Way::Delta(token.clone());
        // (token, ctag, full_at, quirks, asked) -> way
        let cases = [
            (Some(&token), Some(&ctag), fresh, &plain, false, delta()),
            (Some(&token), None, fresh, &plain, false, delta()),
            (Some(&token), Some(&ctag), fresh, &no_sync, false, Way::Ctag(ctag.clone())),
            (None, Some(&ctag), fresh, &plain, false, Way::Ctag(ctag.clone())),
            (None, None, None, &plain, false, Way::Full(Because::FirstRun)),
            (None, None, fresh, &plain, false, Way::Full(Because::FirstRun)),
            (Some(&token), None, fresh, &no_sync, false, Way::Full(Because::FirstRun)),
            (Some(&token), Some(&ctag), None, &plain, false, Way::Full(Because::FirstRun)),
            (Some(&token), Some(&ctag), old, &plain, false, Way::Full(Because::Due)),
            (Some(&token), Some(&ctag), future, &plain, false, Way::Full(Because::Due)),
            (Some(&token), Some(&ctag), fresh, &plain, true, Way::Full(Because::Asked)),
        ];
        for (token, ctag, full_at, quirks, asked, expected) in cases {
            let memory = Memory { token, ctag, full_at, quirks };
            assert_eq!(way(&memory, now, asked), expected, "{memory:?} {asked}");
        }
    }

    #[test]
    fn a_report_of_nearly_everything_looks_wrong() {
        for (changed, known, wrong) in
            [(0, 0, false), (9, 10, false), (10, 11, true), (89, 100, false), (90, 100, true)]
        {
            assert_eq!(looks_wrong(changed, known), wrong, "{changed} of {known}");
        }
    }
}
