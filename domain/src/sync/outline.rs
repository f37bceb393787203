//! The outline: from hrefs and ETags alone, what to fetch and what is gone.

use std::collections::{HashMap, HashSet};

use super::snapshot::Known;
use crate::dav::{Completeness, Delta, ETag, FullListing, Href, HrefKey, Listed};

/// What a listing comes to, before any card was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// Cards that are new, changed, or of unknown version.
    pub fetch: Vec<Href>,
    /// Links whose card the server named as gone, or left out of a complete listing.
    pub gone: Vec<Known>,
    /// Links whose card was not named: `gone`, and those a cut listing cannot speak of. A card that
    /// is new to us and has the UID of one of these was moved (Q75).
    pub unnamed: Vec<Known>,
    /// How many known cards were named as changed; see [`super::gather::looks_wrong`].
    pub changed_and_known: usize,
    /// Why nothing may be taken for deleted, if so.
    pub cut: Option<String>,
}

/// The outline of everything that is there against everything that is known here.
pub fn of_full(listing: &FullListing, known: Vec<Known>) -> Outline {
    let trusted = !shares_etags(listing.cards());
    let mut here: HashMap<HrefKey, Known> =
        known.into_iter().map(|link| (link.href.key(), link)).collect();
    let mut outline = Outline::default();
    let mut named = Vec::new();
    for card in listing.cards() {
        let key = card.href.key();
        match here.get(&key) {
            Some(link) if trusted && is_same(link, card) => {}
            Some(_) => {
                outline.changed_and_known += 1;
                outline.fetch.push(card.href.clone());
            }
            None if may_be_card(&card.href) => outline.fetch.push(card.href.clone()),
            None => {}
        }
        named.push(key);
    }
    match (listing.completeness(), listing.absent(here.keys())) {
        (_, Some(absent)) => {
            outline.gone = absent.iter().filter_map(|key| here.get(key)).cloned().collect();
        }
        (Completeness::Cut { why }, None) => outline.cut = Some(why.clone()),
        (Completeness::Complete, None) => {}
    }
    for key in named {
        here.remove(&key);
    }
    outline.unnamed = here.into_values().collect();
    sort(&mut outline.gone);
    sort(&mut outline.unnamed);
    outline
}

/// Adds what a report named just before the listing: a card that either names is there.
///
/// A card that came between the two is fetched; one that the listing was cut before is fetched too
/// (Q58, Q59); and nothing that the report named counts as gone.
pub fn with_report(mut outline: Outline, listing: &FullListing, report: &Delta) -> Outline {
    let listed: HashSet<HrefKey> = listing.cards().iter().map(|card| card.href.key()).collect();
    let only_reported: HashMap<HrefKey, &Listed> = report
        .changed()
        .map(|card| (card.href.key(), card))
        .filter(|(key, _)| !listed.contains(key))
        .collect();
    if only_reported.is_empty() {
        return outline;
    }
    outline.gone.retain(|link| !only_reported.contains_key(&link.href.key()));
    let known: HashMap<HrefKey, &Known> =
        outline.unnamed.iter().map(|link| (link.href.key(), link)).collect();
    let mut fetch: Vec<Href> = only_reported
        .iter()
        .filter(|(key, card)| match known.get(key) {
            Some(link) => !is_same(link, card),
            None => may_be_card(&card.href),
        })
        .map(|(_, card)| card.href.clone())
        .collect();
    fetch.sort();
    outline.fetch.extend(fetch);
    outline.unnamed.retain(|link| !only_reported.contains_key(&link.href.key()));
    outline
}

/// The outline of what happened since a token; `known` are the links at the hrefs it names.
pub fn of_delta(delta: &Delta, known: Vec<Known>) -> Outline {
    let here: HashMap<HrefKey, Known> =
        known.into_iter().map(|link| (link.href.key(), link)).collect();
    let mut outline = Outline::default();
    for card in delta.changed() {
        match here.get(&card.href.key()) {
            // SOGo repeats what it reported before; iCloud and Google report too much (Q66).
            Some(link) if is_same(link, card) => {}
            None if !may_be_card(&card.href) => {}
            _ => outline.fetch.push(card.href.clone()),
        }
        outline.changed_and_known += usize::from(here.contains_key(&card.href.key()));
    }
    outline.fetch.extend(delta.doubtful().cloned());
    // Deletions of cards that were never here are normal (Q63).
    outline.gone = delta.gone().filter_map(|href| here.get(&href.key())).cloned().collect();
    outline.unnamed.clone_from(&outline.gone);
    outline
}

/// Every href a delta names, so that the store can be asked for their links.
pub fn named_by(delta: &Delta) -> Vec<HrefKey> {
    let changed = delta.changed().map(|card| card.href.key());
    let rest = delta.gone().chain(delta.doubtful()).map(Href::key);
    changed.chain(rest).collect()
}

/// Whether a member of a book that is not known here may be a card: reports do not say what a member
/// is, and SOGo keeps lists (`.vlf`) in its books, others calendars and folders (Q73).
fn may_be_card(href: &Href) -> bool {
    let name = href.file_name().to_lowercase();
    let is_other = [".ics", ".vlf", ".ifb"].into_iter().any(|ending| name.ends_with(ending));
    !is_other && !href.as_str().ends_with('/')
}

/// Whether the version there is the one last agreed on. An unknown version is never the same.
fn is_same(link: &Known, card: &Listed) -> bool {
    match (&link.etag, &card.etag) {
        (Some(ours), Some(theirs)) => ours.same_version(theirs),
        _ => false,
    }
}

/// Whether different cards share an ETag: then they are small counters per card (SOGo, ownCloud 5;
/// Q133), and an equal one does not prove equal content across a gap in the history.
fn shares_etags(cards: &[Listed]) -> bool {
    let mut seen: HashSet<&str> = HashSet::with_capacity(cards.len());
    !cards
        .iter()
        .filter_map(|card| card.etag.as_ref())
        .map(ETag::as_str)
        .all(|tag| seen.insert(tag))
}

fn sort(links: &mut [Known]) {
    links.sort_by(|a, b| a.href.cmp(&b.href));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::ContactId;
    use crate::dav::{SyncPage, SyncToken};
    use crate::sync::snapshot::Here;

    fn link(href: &str, etag: &str) -> Known {
        let contact = ContactId::from_random([7; 16]);
        Known { contact, href: Href::new(href), etag: ETag::new(etag), here: Here::Same }
    }

    fn listed(href: &str, etag: &str) -> Listed {
        Listed { href: Href::new(href), etag: ETag::new(etag) }
    }

    fn hrefs(links: &[Known]) -> Vec<&str> {
        links.iter().map(|link| link.href.as_str()).collect()
    }

    fn full(cards: &[(&str, &str)], cut: bool) -> FullListing {
        let cards = cards.iter().map(|(href, etag)| listed(href, etag)).collect();
        let completeness =
            if cut { Completeness::Cut { why: "507".into() } } else { Completeness::Complete };
        FullListing::for_tests(cards, completeness)
    }

    #[test]
    fn only_new_changed_and_versionless_cards_are_fetched() {
        let known = vec![
            link("/b/same", "\"1\""),
            link("/b/weak", "\"2\""),
            link("/b/old", "\"3\""),
            link("/b/none", ""),
            link("/b/gone", "\"5\""),
        ];
        let listing = full(
            &[
                ("/b/same", "\"1\""),
                ("/b/weak", "W/\"2\""),
                ("/b/old", "\"33\""),
                ("/b/none", "\"4\""),
                ("/b/new", "\"6\""),
            ],
            false,
        );
        let outline = of_full(&listing, known);
        let fetch: Vec<&str> = outline.fetch.iter().map(Href::as_str).collect();
        assert_eq!(fetch, ["/b/old", "/b/none", "/b/new"]);
        assert_eq!(hrefs(&outline.gone), ["/b/gone"]);
        assert_eq!(outline.cut, None);
    }

    #[test]
    fn nothing_is_gone_from_a_cut_listing() {
        let outline = of_full(&full(&[("/b/1", "\"1\"")], true), vec![link("/b/2", "\"2\"")]);
        assert!(outline.gone.is_empty());
        assert_eq!(hrefs(&outline.unnamed), ["/b/2"]);
        assert!(outline.cut.is_some());
    }

    #[test]
    fn what_the_report_before_a_listing_named_is_there() {
        let known = vec![link("/b/2", "\"2\""), link("/b/3", "\"3\""), link("/b/4", "\"4\"")];
        let mut report = Delta::since(None);
        report.add(SyncPage {
            changed: vec![
                listed("/b/1", "\"1\""),
                listed("/b/2", "\"2\""),
                listed("/b/3", "\"33\""),
                listed("/b/5", "\"5\""),
            ],
            gone: Vec::new(),
            token: SyncToken("t".into()),
            truncated: true,
        });
        let listing = full(&[("/b/1", "\"1\"")], false);
        let outline = with_report(of_full(&listing, known), &listing, &report);
        let fetch: Vec<&str> = outline.fetch.iter().map(Href::as_str).collect();
        assert_eq!(fetch, ["/b/1", "/b/3", "/b/5"]);
        assert_eq!(hrefs(&outline.gone), ["/b/4"]);
        assert_eq!(hrefs(&outline.unnamed), ["/b/4"]);
    }

    #[test]
    fn shared_etags_prove_nothing_in_a_full_comparison() {
        let known = vec![link("/b/1", "\"gcs0\""), link("/b/2", "\"gcs0\"")];
        let outline = of_full(&full(&[("/b/1", "\"gcs0\""), ("/b/2", "\"gcs0\"")], false), known);
        assert_eq!(outline.fetch.len(), 2);
    }

    #[test]
    fn a_delta_speaks_only_of_what_it_names() {
        let mut delta = Delta::since(Some(SyncToken("1".into())));
        delta.add(SyncPage {
            changed: vec![listed("/b/1", "\"1\""), listed("/b/2", "\"22\""), listed("/b/3", "")],
            gone: vec![Href::new("/b/4"), Href::new("/b/never")],
            token: SyncToken("2".into()),
            truncated: false,
        });
        let known = vec![link("/b/1", "\"1\""), link("/b/2", "\"2\""), link("/b/4", "\"4\"")];
        let outline = of_delta(&delta, known);
        let fetch: Vec<&str> = outline.fetch.iter().map(Href::as_str).collect();
        assert_eq!(fetch, ["/b/2", "/b/3"]);
        assert_eq!(hrefs(&outline.gone), ["/b/4"]);
        assert_eq!(outline.changed_and_known, 2);
        assert_eq!(named_by(&delta).len(), 5);
    }
}
