//! What a server holds, in two types that cannot be confused: absence means deletion in a complete
//! [`FullListing`] and nowhere else (Q55-Q59, Q74).

use std::collections::{HashMap, HashSet};

use super::{Href, HrefKey, Listed, SyncPage, SyncToken};

/// Every card of a book, as a PROPFIND of depth 1 gave them.
///
/// Made only by [`ListCards`](super::ListCards).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullListing {
    cards: Vec<Listed>,
    /// All that was named, cards or not: a card that became something else is not absent (Q73).
    named: HashSet<HrefKey>,
    completeness: Completeness,
}

/// Whether a listing names everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// A 207, well-formed, with the book's own row and no row of an error.
    Complete,
    /// Something is missing: nothing may be taken for deleted.
    Cut {
        /// What was wrong, for the report.
        why: String,
    },
}

impl FullListing {
    /// A listing whose every part was checked by the caller, which is [`ListCards`](super::ListCards)
    /// or a test. The last word on each href counts (Q64).
    pub(super) fn new(
        listed: Vec<Listed>,
        others: impl IntoIterator<Item = HrefKey>,
        completeness: Completeness,
    ) -> Self {
        let mut place: HashMap<HrefKey, usize> = HashMap::with_capacity(listed.len());
        let mut cards: Vec<Listed> = Vec::with_capacity(listed.len());
        for card in listed {
            let key = card.href.key();
            match place.get(&key).and_then(|at| cards.get_mut(*at)) {
                Some(earlier) => *earlier = card,
                None => {
                    place.insert(key, cards.len());
                    cards.push(card);
                }
            }
        }
        let named = place.into_keys().chain(others).collect();
        Self { cards, named, completeness }
    }

    /// A listing for the tests of whoever uses one.
    #[cfg(test)]
    pub(crate) fn for_tests(listed: Vec<Listed>, completeness: Completeness) -> Self {
        Self::new(listed, [], completeness)
    }

    /// The cards, each href once, in the server's order.
    pub fn cards(&self) -> &[Listed] {
        &self.cards
    }

    /// Whether everything is in it.
    pub fn completeness(&self) -> &Completeness {
        &self.completeness
    }

    /// Those of `known` that the server no longer has; `None` when the listing is not complete and
    /// therefore cannot say.
    ///
    /// A card that is there under another encoding of its name (Q79) is not absent.
    pub fn absent<'a>(&self, known: impl Iterator<Item = &'a HrefKey>) -> Option<Vec<HrefKey>> {
        if self.completeness != Completeness::Complete {
            return None;
        }
        let missing: Vec<&HrefKey> = known.filter(|key| !self.named.contains(*key)).collect();
        if missing.is_empty() {
            return Some(Vec::new());
        }
        let loosely: HashSet<String> = self.named.iter().map(HrefKey::loosely).collect();
        let gone = missing.into_iter().filter(|key| !loosely.contains(&key.loosely()));
        Some(gone.cloned().collect())
    }
}

/// The pages of a sync report, joined.
///
/// It says what changed and what is gone by name; a card that is not in it may be as it was, or
/// may have been left out (Q55). That holds for the report from an empty token as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    since: Option<SyncToken>,
    token: Option<SyncToken>,
    words: HashMap<HrefKey, Word>,
    /// The keys in the order in which the server first named them: the same answer, the same plan.
    order: Vec<HrefKey>,
    was_cut: bool,
    finished: bool,
}

/// What a report said about one href.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Changed(Listed),
    Gone(Href),
    /// Both, in whatever order (Q64).
    Doubtful(Href),
}

/// What to do after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextPage {
    /// That was the last.
    Done,
    /// The page was cut: ask again from this token.
    From(SyncToken),
    /// The page was cut and its token leads nowhere new (Q57): list everything instead.
    Stuck,
}

impl Delta {
    /// The report since `token`, or of everything that is there now for `None`.
    pub fn since(token: Option<SyncToken>) -> Self {
        Self {
            since: token,
            token: None,
            words: HashMap::new(),
            order: Vec::new(),
            was_cut: false,
            finished: false,
        }
    }

    /// Adds a page and says how to go on.
    pub fn add(&mut self, page: SyncPage) -> NextPage {
        let is_new = self.token.as_ref().or(self.since.as_ref()) != Some(&page.token);
        for listed in page.changed {
            self.note(listed.href.key(), Word::Changed(listed));
        }
        for href in page.gone {
            self.note(href.key(), Word::Gone(href));
        }
        self.token = Some(page.token.clone());
        self.was_cut |= page.truncated;
        self.finished = !page.truncated;
        match (page.truncated, is_new) {
            (false, _) => NextPage::Done,
            (true, true) => NextPage::From(page.token),
            (true, false) => NextPage::Stuck,
        }
    }

    fn note(&mut self, key: HrefKey, word: Word) {
        let next = match (self.words.get(&key), word) {
            (None, word) => {
                self.order.push(key.clone());
                word
            }
            (Some(Word::Changed(_)), word @ Word::Changed(_))
            | (Some(Word::Gone(_)), word @ Word::Gone(_)) => word,
            (_, Word::Changed(Listed { href, .. }) | Word::Gone(href) | Word::Doubtful(href)) => {
                Word::Doubtful(href)
            }
        };
        self.words.insert(key, next);
    }

    /// The cards that changed or are new, each once. Not all of them did (Q66): compare the ETag.
    pub fn changed(&self) -> impl Iterator<Item = &Listed> {
        self.in_order().filter_map(|word| match word {
            Word::Changed(listed) => Some(listed),
            _ => None,
        })
    }

    /// The cards that the server says are gone, among them some that were never known here (Q63).
    pub fn gone(&self) -> impl Iterator<Item = &Href> {
        self.in_order().filter_map(|word| match word {
            Word::Gone(href) => Some(href),
            _ => None,
        })
    }

    /// The cards that were said to be changed and to be gone: fetch them, and believe the answer.
    pub fn doubtful(&self) -> impl Iterator<Item = &Href> {
        self.in_order().filter_map(|word| match word {
            Word::Doubtful(href) => Some(href),
            _ => None,
        })
    }

    fn in_order(&self) -> impl Iterator<Item = &Word> {
        self.order.iter().filter_map(|key| self.words.get(key))
    }

    /// The token to start from next time; `None` before the last page.
    pub fn token(&self) -> Option<&SyncToken> {
        self.token.as_ref().filter(|_| self.finished)
    }

    /// Whether it started from no token.
    pub fn is_initial(&self) -> bool {
        self.since.is_none()
    }

    /// Whether any page was cut. A first report that was cut may have skipped cards for good, since
    /// Stalwart's token then means "now" (Q58): compare with a listing.
    pub fn was_cut(&self) -> bool {
        self.was_cut
    }
}

#[cfg(test)]
mod tests {
    use super::super::ETag;
    use super::*;

    fn listed(href: &str, etag: &str) -> Listed {
        Listed { href: Href::new(href), etag: ETag::new(etag) }
    }

    fn keys(hrefs: &[&str]) -> Vec<HrefKey> {
        hrefs.iter().map(|href| Href::new(*href).key()).collect()
    }

    fn token(text: &str) -> SyncToken {
        SyncToken(text.to_owned())
    }

    #[test]
    fn only_a_complete_listing_says_what_is_absent() {
        let cards = vec![listed("/b/1.vcf", "1"), listed("/b/a%2540.vcf", "2")];
        let known = keys(&["/b/1.vcf", "/b/2.vcf", "/b/a%40.vcf", "/b/list.vcf"]);
        let others = keys(&["/b/list.vcf"]);
        let full = FullListing::new(cards.clone(), others.clone(), Completeness::Complete);
        assert_eq!(full.absent(known.iter()), Some(keys(&["/b/2.vcf"])));
        let cut = Completeness::Cut { why: "507".into() };
        let cut = FullListing::new(cards, others, cut);
        assert_eq!(cut.absent(known.iter()), None);
    }

    #[test]
    fn a_card_listed_twice_is_one_card_with_its_last_version() {
        let cards = vec![listed("/b/a@.vcf", "1"), listed("/b/2", "2"), listed("/b/a%40.vcf", "3")];
        let full = FullListing::new(cards, [], Completeness::Complete);
        assert_eq!(full.cards(), [listed("/b/a%40.vcf", "3"), listed("/b/2", "2")]);
    }

    fn page(changed: &[(&str, &str)], gone: &[&str], next: &str, truncated: bool) -> SyncPage {
        SyncPage {
            changed: changed.iter().map(|(href, etag)| listed(href, etag)).collect(),
            gone: gone.iter().map(|href| Href::new(*href)).collect(),
            token: token(next),
            truncated,
        }
    }

    #[test]
    fn pages_join_and_contradictions_are_doubtful() {
        let mut delta = Delta::since(Some(token("0")));
        let first = page(&[("/b/1", "a"), ("/b/2", "a"), ("/b/3", "a")], &["/b/4"], "1", true);
        assert_eq!(delta.add(first), NextPage::From(token("1")));
        assert_eq!(delta.token(), None);
        let second = page(&[("/b/1", "b"), ("/b/4", "a")], &["/b/2", "/b/5", "/b/5"], "2", false);
        assert_eq!(delta.add(second), NextPage::Done);
        assert_eq!(delta.token(), Some(&token("2")));
        let changed: Vec<_> = delta.changed().cloned().collect();
        assert_eq!(changed, [listed("/b/1", "b"), listed("/b/3", "a")]);
        assert_eq!(delta.gone().map(Href::as_str).collect::<Vec<_>>(), ["/b/5"]);
        assert_eq!(delta.doubtful().map(Href::as_str).collect::<Vec<_>>(), ["/b/2", "/b/4"]);
        assert!(delta.was_cut());
        assert!(!delta.is_initial());
    }

    #[test]
    fn a_cut_page_that_repeats_its_token_is_stuck() {
        let mut delta = Delta::since(Some(token("7")));
        assert_eq!(delta.add(page(&[], &[], "7", true)), NextPage::Stuck);
        let mut delta = Delta::since(None);
        assert_eq!(delta.add(page(&[], &[], "7", true)), NextPage::From(token("7")));
        assert_eq!(delta.add(page(&[], &[], "7", true)), NextPage::Stuck);
        assert_eq!(delta.token(), None);
        // Nothing new with the same token is simply nothing new.
        let mut delta = Delta::since(Some(token("7")));
        assert_eq!(delta.add(page(&[], &[], "7", false)), NextPage::Done);
    }
}
