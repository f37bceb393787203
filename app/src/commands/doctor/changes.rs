//! How a server tells what there is and what changed: its listing against its sync report.

use std::collections::HashSet;
use std::time::Duration;

use contactcmd_domain::dav::{
    BookInfo, Completeness, Delta, FullListing, HrefKey, ListCards, Location, NextPage, Quirks,
    SyncCollection, SyncToken,
};

use super::report::Finding;
use super::{Doctor, End, count};
use crate::remote::RemoteError;

/// At most so many pages of a report are read: enough to see that it is cut, and how.
const PAGES: usize = 10;

/// A token that no server gave.
const MADE_UP: &str = "contactcmd-made-up-token";

/// The pages of one report.
struct Report {
    delta: Delta,
    pages: usize,
    elapsed: Duration,
    /// Whether the last page could not be followed, and why.
    broken: Option<&'static str>,
}

impl Report {
    fn keys(&self) -> HashSet<HrefKey> {
        self.delta.changed().map(|card| card.href.key()).collect()
    }
}

impl Doctor<'_, '_> {
    /// The names and versions of all cards; `None` when there is no list of them.
    pub(super) async fn listing(&mut self, info: &BookInfo) -> Result<Option<FullListing>, End> {
        let asked = self.ask("a listing", &info.location, |book| ListCards { book }).await?;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                let words = format!("its cards cannot be listed: {}", self.mask.error(&error));
                self.notes.tell(Finding::fail(words));
                return Ok(None);
            }
        };
        let listing = answer.reply;
        let cards = listing.cards();
        let words = format!("a listing names {}", count(cards.len(), "card"));
        self.notes.tell(Finding::ok(words).took(answer.elapsed));
        if let Completeness::Cut { why } = listing.completeness() {
            let why = if self.mask.shows() { format!(": {why}") } else { String::new() };
            self.notes.tell(
                Finding::note(format!("the listing is not complete{why}"))
                    .means("no contact is taken for deleted because it is not in it"),
            );
        }
        if let Some(finding) = versions(&listing) {
            self.notes.tell(finding);
        }
        let ours = |name: String| name.starts_with(super::write_test::PREFIX);
        if cards.iter().any(|card| ours(card.href.file_name())) {
            self.notes.tell(
                Finding::note("a card of an earlier write test is still there")
                    .means(format!("delete the contact called `{}`", super::write_test::TITLE)),
            );
        }
        Ok(Some(listing))
    }

    /// Tells how the book reports what changed; what that teaches goes into `quirks`.
    pub(super) async fn changes(
        &mut self,
        info: &BookInfo,
        listing: &FullListing,
        quirks: &mut Quirks,
    ) -> Result<(), End> {
        let place = &info.location;
        let depth_one = quirks.sync_depth_one;
        let mut report = match self.report(place, None, depth_one).await? {
            Ok(report) => report,
            Err(error) => return self.no_first_report(info, quirks, &error).await,
        };
        if report.keys().is_empty() && !listing.cards().is_empty() && !depth_one {
            let Ok(other) = self.report(place, None, true).await? else { return Ok(()) };
            if !other.keys().is_empty() {
                quirks.sync_depth_one = true;
                report = other;
                self.notes.tell(
                    Finding::note("sync-collection says nothing unless it is asked with Depth: 1")
                        .means("it is asked so"),
                );
            }
        }
        let words = format!(
            "sync-collection names {} in {}",
            count(report.keys().len(), "card"),
            count(report.pages, "page")
        );
        self.notes.tell(Finding::ok(words).took(report.elapsed));
        for finding in judge(&report, listing) {
            self.notes.tell(finding);
        }
        match report.delta.token().cloned() {
            Some(token) => self.tokens(place, token, quirks.sync_depth_one).await,
            None => Ok(()),
        }
    }

    /// A server that does not report from nothing: perhaps from its property's token (Q52).
    async fn no_first_report(
        &mut self,
        info: &BookInfo,
        quirks: &Quirks,
        error: &RemoteError,
    ) -> Result<(), End> {
        let refused = format!("sync-collection from an empty token: {}", self.mask.error(error));
        let Some(token) = info.sync_token.clone() else {
            let finding = Finding::note(refused).means("changes are found by ctag and listings");
            self.notes.tell(finding);
            return Ok(());
        };
        self.notes.tell(
            Finding::note(refused).means("the token among its properties is taken, and a listing"),
        );
        let place = &info.location;
        match self.report(place, Some(token.clone()), quirks.sync_depth_one).await? {
            Ok(_) => self.tokens(place, token, quirks.sync_depth_one).await,
            Err(error) => {
                let words = format!("sync-collection from that token: {}", self.mask.error(&error));
                self.notes
                    .tell(Finding::note(words).means("changes are found by ctag and listings"));
                Ok(())
            }
        }
    }

    /// What a good token and a bad one give.
    async fn tokens(
        &mut self,
        place: &Location,
        token: SyncToken,
        depth_one: bool,
    ) -> Result<(), End> {
        let finding = match self.report(place, Some(token), depth_one).await? {
            Ok(report) => {
                let changes = report.keys().len() + report.delta.gone().count();
                match changes {
                    0 => Finding::ok("a report from its token says that nothing changed")
                        .took(report.elapsed),
                    _ => Finding::note(format!("a report from its token names {changes} changes"))
                        .means("somebody was at work, or it names too much; versions are compared"),
                }
            }
            Err(error) => Finding::note(format!("its own token: {}", self.mask.error(&error)))
                .means("everything is compared in every run"),
        };
        self.notes.tell(finding);
        let made_up = SyncToken(MADE_UP.to_owned());
        let finding = match self.report(place, Some(made_up), depth_one).await? {
            Ok(_) => Finding::note("a made-up token is accepted")
                .means("one that is too old may be as well: everything is compared every 7 days"),
            Err(error) => {
                let words = format!("a made-up token is refused: {}", self.mask.error(&error));
                match error.dav().is_some_and(SyncCollection::means_stale_token) {
                    true => Finding::ok(words).means("then everything is compared"),
                    false => Finding::note(words),
                }
            }
        };
        self.notes.tell(finding);
        Ok(())
    }

    async fn report(
        &mut self,
        place: &Location,
        token: Option<SyncToken>,
        depth_one: bool,
    ) -> Result<Result<Report, RemoteError>, End> {
        let delta = Delta::since(token.clone());
        let mut report = Report { delta, pages: 0, elapsed: Duration::ZERO, broken: None };
        let mut from = token;
        while report.pages < PAGES {
            let make = |book| SyncCollection { book, token: from.clone(), depth_one };
            let answer = match self.ask("sync-collection", place, make).await? {
                Ok(answer) => answer,
                Err(error) if report.pages == 0 => return Ok(Err(error)),
                Err(_) => {
                    report.broken = Some("the next page was refused");
                    return Ok(Ok(report));
                }
            };
            report.pages += 1;
            report.elapsed += answer.elapsed;
            match report.delta.add(answer.reply) {
                NextPage::Done => return Ok(Ok(report)),
                NextPage::From(next) => from = Some(next),
                NextPage::Stuck => {
                    report.broken = Some("its token leads nowhere new");
                    return Ok(Ok(report));
                }
            }
        }
        report.broken = Some("no more of it was read");
        Ok(Ok(report))
    }
}

/// What a report and a listing of the same book say of each other.
fn judge(report: &Report, listing: &FullListing) -> Vec<Finding> {
    let mut findings = Vec::new();
    if report.pages > 1 || report.broken.is_some() {
        findings.push(
            Finding::note("the report is cut into pages").means("they are followed one by one"),
        );
    }
    if let Some(why) = report.broken {
        findings.push(
            Finding::note(format!("the report does not come to an end: {why}"))
                .means("a sync then compares everything"),
        );
        return findings;
    }
    let reported = report.keys();
    let listed: HashSet<HrefKey> = listing.cards().iter().map(|card| card.href.key()).collect();
    let (missing, more) =
        (listed.difference(&reported).count(), reported.difference(&listed).count());
    findings.push(match (missing, more) {
        (0, 0) => Finding::ok("report and listing name the same cards"),
        _ => Finding::note(format!(
            "of the listing {missing} are not in the report, of the report {more} not in the listing"
        ))
        .means("what either names is there; nothing is taken for deleted by one of them alone"),
    });
    findings
}

/// What is odd about the versions in a listing.
fn versions(listing: &FullListing) -> Option<Finding> {
    let cards = listing.cards();
    let versions: HashSet<&str> =
        cards.iter().filter_map(|card| Some(card.etag.as_ref()?.as_str())).collect();
    let without = cards.iter().filter(|card| card.etag.is_none()).count();
    if without > 0 {
        let words = format!("{} in the listing without a version", count(without, "card"));
        return Some(Finding::note(words).means("they are read to see whether they changed"));
    }
    (cards.len() > 1 && versions.len() == 1).then(|| {
        Finding::note("every card has the same version").means(
            "if that is no counter, a change that keeps the version is only seen by the text",
        )
    })
}
