//! What must hold once the faults have stopped and everybody has synchronised twice.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use contactcmd_domain::vcard::{Card, Normal, content, normal};
use contactcmd_ports::{ContactRepo, Pending, Subject};

use super::bends::Weaker;
use super::cards::{Kind, Token, tokens, who};
use super::client::Client;
use super::ledger::{Intent, Ledger, What};
use super::server::Server;

/// Everything that is looked at.
pub(super) struct Court<'a> {
    pub(super) clients: &'a [Client],
    pub(super) server: &'a Server,
    pub(super) weaker: Weaker,
    /// Whether a sync was disturbed: then a client may not know that its edit arrived, and others who
    /// saw it there and changed it seem to have edited what both had before. Then an edit beats a
    /// removal and a deletion that knew it, and of two edits the later may lose.
    pub(super) disturbed: bool,
    /// Whether the server refused something out of hand, which is not tried again unless edited.
    pub(super) refused: bool,
    /// Whether one side was told to overwrite the other.
    pub(super) forced: bool,
    /// What somebody took out of a card between our write and our look at what became of it: to us the
    /// server did not keep it (Q90).
    pub(super) unsure: Vec<Kind>,
    /// Who was created there between our listing and our create, where a book may have two cards of one
    /// UID: then it has, and nobody merges them unasked (Q99). There also whose card moved away between our
    /// look and our write, where that makes it anew in the old place (Q118). And who has no UID, was moved and
    /// edited: nothing says any more that it is the same.
    pub(super) twins: HashSet<u32>,
    /// Whose card was deleted where one that is made anew has the version of the old one: who saw the old
    /// one does not see the new one (Q133).
    pub(super) reborn: HashSet<u32>,
}

/// The values that are not on any side any more and yet not lost.
struct Kept {
    /// Of every text that a conflict keeps.
    conflicts: HashSet<Token>,
    /// Of every text that some history keeps.
    remembered: HashSet<Token>,
}

/// The cards of one contact, side by side: the clients, then the server.
type Sides = Vec<Vec<Vec<u8>>>;

impl Court<'_> {
    /// # Errors
    ///
    /// What is wrong, in words.
    pub(super) fn judge(&self) -> Result<(), String> {
        let ledger = self.server.ledger();
        let open = self.open();
        let kept = Kept { conflicts: self.kept_in_conflicts(), remembered: self.remembered() };
        for (person, sides) in self.people(&ledger) {
            let is_open = person.is_some_and(|person| open.contains(&person));
            let is_reborn = person.is_some_and(|person| self.reborn.contains(&person));
            if !is_open && !is_reborn && !self.weaker.refuses {
                self.are_equal(person, &sides)?;
            }
            if let Some(person) = person {
                self.intents(person, &sides, (&ledger, is_open, &kept))?;
            }
        }
        drop(ledger);
        self.clients.iter().try_for_each(texts_are_kept)?;
        self.nothing_waits(&open)?;
        let sins = self.server.fake.sins();
        if sins.is_empty() { Ok(()) } else { Err(format!("sins: {sins:?}")) }
    }

    /// Every contact that is somewhere or was wanted.
    fn people(&self, ledger: &Ledger) -> BTreeMap<Option<u32>, Sides> {
        let empty = || vec![Vec::new(); self.clients.len() + 1];
        let mut people: BTreeMap<Option<u32>, Sides> = BTreeMap::new();
        for intent in &ledger.intents {
            people.entry(Some(intent.who)).or_insert_with(empty);
        }
        for (at, client) in self.clients.iter().enumerate() {
            for contact in client.contacts() {
                people.entry(who(&contact.vcard)).or_insert_with(empty)[at].push(contact.vcard);
            }
        }
        for (_, text) in self.server.cards() {
            people.entry(who(&text)).or_insert_with(empty)[self.clients.len()].push(text);
        }
        people
    }

    /// Who waits for a person's decision, or for the server.
    fn open(&self) -> HashSet<u32> {
        let mut open = HashSet::new();
        for client in self.clients {
            let conflicts = client.store.conflicts(Some(client.book)).expect("conflicts are read");
            open.extend(conflicts.iter().filter_map(|one| who(&one.local)));
            open.extend(conflicts.iter().filter_map(|one| who(&one.remote)));
            let weaker = &self.weaker;
            if weaker.refuses || self.refused || weaker.undrops || weaker.silent || self.disturbed {
                let pending = client.store.pending(Some(client.book)).expect("pendings are read");
                let waits = |note: &Pending| match note.tried {
                    Some(_) => {
                        let is_unseen = (weaker.silent || self.disturbed)
                            && note.reason.ends_with("does not show it yet");
                        weaker.refuses || self.refused || is_put_back(note) || is_unseen
                    }
                    None => weaker.refuses,
                };
                let ids = pending.into_iter().filter_map(|note| match note.subject {
                    Subject::Contact(id) if waits(&note) => Some(id),
                    _ => None,
                });
                let contacts = client.store.contacts(&ids.collect::<Vec<_>>()).expect("contacts");
                open.extend(contacts.iter().filter_map(|contact| who(&contact.vcard)));
            }
        }
        open
    }

    /// A note on what could not be done goes once it was done.
    fn nothing_waits(&self, open: &HashSet<u32>) -> Result<(), String> {
        if self.weaker.refuses || self.refused {
            return Ok(());
        }
        let notes = |client: &Client| client.store.pending(Some(client.book)).expect("notes");
        let is_of_open = |client: &Client, note: &Pending| match note.subject {
            Subject::Contact(id) => {
                let found = client.store.with_tombstones(&[id]).expect("contacts");
                found.first().and_then(|one| who(&one.vcard)).is_some_and(|who| open.contains(&who))
            }
            // An offered card.
            Subject::Card(_) => !open.is_empty(),
        };
        // A server that puts back what it had cannot be told from one that is behind.
        let is_fine = |note: &Pending| !self.weaker.unkept.is_empty() && is_put_back(note);
        let left = self.clients.iter().flat_map(|client| {
            let notes = notes(client).into_iter();
            notes.filter(move |note| !is_fine(note) && !is_of_open(client, note))
        });
        match left.into_iter().next() {
            Some(note) => Err(format!("it still waits: {note:?}")),
            None => Ok(()),
        }
    }

    fn are_equal(&self, person: Option<u32>, sides: &Sides) -> Result<(), String> {
        let weak = !self.weaker.unkept.is_empty() || !self.unsure.is_empty();
        let first = self.essence(&sides[0]);
        let differs = |side: &Vec<Vec<u8>>| match weak {
            true => self.essence(side) != first,
            false => normals(side) != normals(&sides[0]),
        };
        let is_twin = person.is_some_and(|person| self.twins.contains(&person));
        let many = !is_twin && sides.iter().any(|side| is_doubled(side));
        if many || sides.iter().any(differs) {
            let what = if many { "stands twice" } else { "differs" };
            return Err(format!("contact {person:?} {what}:\n{}", show(sides)));
        }
        Ok(())
    }

    /// The values of one side that every side has to have.
    fn essence(&self, side: &[Vec<u8>]) -> BTreeSet<BTreeSet<Token>> {
        let kept = |token: &Token| {
            !self.weaker.unkept.contains(token.kind)
                && !self.unsure.iter().any(|kind| kind.property() == token.kind.property())
        };
        side.iter().map(|text| tokens(text).into_iter().filter(kept).collect()).collect()
    }

    fn intents(
        &self,
        person: u32,
        sides: &Sides,
        (ledger, is_open, kept): (&Ledger, bool, &Kept),
    ) -> Result<(), String> {
        let all: Vec<&Intent> = ledger.of(person).collect();
        let everywhere = |token: &Token| sides.iter().all(|side| has(side, token));
        let somewhere = |token: &Token| sides.iter().any(|side| has(side, token));
        let Kept { conflicts: kept, remembered } = kept;
        let is_reborn = self.reborn.contains(&person);
        for (at, intent) in all.iter().enumerate() {
            let later = &all[at + 1..];
            let fine = match intent.what {
                What::Put(token) => {
                    // Where FN is made of N, it keeps what was taken out of N until then.
                    let is_in_name =
                        token.kind == Kind::Middle && self.weaker.unkept.contains(Kind::FullName);
                    let unkept = self.weaker.unkept.contains(token.kind)
                        || is_in_name
                        || self.unsure.contains(&token.kind)
                        || self.weaker.refuses
                        || self.forced
                        || is_reborn
                        || is_open;
                    let unseen = self.weaker.unguarded
                        && (self.disturbed || self.weaker.refuses)
                        && !remembered.contains(&token);
                    unseen
                        || everywhere(&token)
                        || (unkept && (somewhere(&token) || remembered.contains(&token)))
                        || (is_open && kept.contains(&token))
                        || all.iter().any(|other| other.replaces(&token))
                        // Its author's own edit before it, which he does not know to have arrived.
                        || ((self.disturbed || self.weaker.silent) && kept.contains(&token))
                        || (kept.contains(&token)
                            && all.iter().any(|other| self.rivals(intent, other)))
                }
                What::Drop(token) => {
                    !somewhere(&token)
                        || is_open
                        || is_reborn
                        || self.twins.contains(&person)
                        || self.weaker.undrops
                        || self.unsure.contains(&token.kind)
                        || self.forced
                        || self.weaker.refuses
                        || self.weaker.unkept.contains(token.kind)
                        || later
                            .iter()
                            .any(|other| other.by == intent.by && other.what == What::Delete)
                        // Who put it there may not have seen it arrive.
                        || ((self.disturbed || self.weaker.silent)
                            && all.iter().any(|other| other.undoes(intent, &token)))
                        || all.iter().any(|other| self.rivals(intent, other))
                }
                What::Delete => {
                    sides.iter().all(Vec::is_empty)
                        || is_open
                        || self.twins.contains(&person)
                        || self.weaker.refuses
                        || later.iter().any(|other| other.by == intent.by)
                        || all.iter().any(|other| other.is_news_to(intent))
                        || ((self.disturbed || self.weaker.silent)
                            && all.iter().any(|other| {
                                other.may_beat(intent)
                                    || (self.weaker.nameless && matches!(other.what, What::Put(_)))
                            }))
                }
                What::Restore => {
                    sides.iter().all(|side| !side.is_empty())
                        || all.iter().any(|other| other.what == What::Delete)
                }
            };
            if !fine {
                let intents: Vec<String> = all.iter().map(|one| format!("{one}")).collect();
                let intents = intents.join("\n");
                let sides = show(sides);
                return Err(format!("lost: {intent}\nof contact {person}:\n{intents}\n{sides}"));
            }
        }
        Ok(())
    }

    /// Whether both touched one property and neither knew of the other.
    fn rivals(&self, this: &Intent, other: &Intent) -> bool {
        let (Some(one), Some(two)) = (this.token(), other.token()) else {
            return other.what == What::Delete && other.by != this.by;
        };
        let knew = matches!(other.what, What::Put(_)) && this.had.contains(&two)
            || matches!(this.what, What::Put(_)) && other.had.contains(&one);
        // Names are no values of their own in a new card, and yet meet another's.
        let is_new = other.had.is_empty() && matches!(other.what, What::Put(_));
        let same_property = is_new || one.kind.property() == two.kind.property();
        this.by != other.by && same_property && (self.disturbed || !knew)
    }

    /// Every value of a text that a conflict keeps.
    fn kept_in_conflicts(&self) -> HashSet<Token> {
        let conflicts = self.clients.iter().flat_map(|client| &client.store.conflicts);
        let texts = conflicts.flat_map(|conflict| [&conflict.local, &conflict.remote]);
        texts.flat_map(|text| tokens(text)).collect()
    }

    /// Every value of a text that some history keeps.
    fn remembered(&self) -> HashSet<Token> {
        self.clients.iter().flat_map(known_texts).flat_map(|text| tokens(&text)).collect()
    }
}

impl Intent {
    /// Whether it took this value's place, knowing it.
    fn replaces(&self, token: &Token) -> bool {
        self.had.contains(token)
            && match self.what {
                What::Put(other) => {
                    other != *token && other.kind == token.kind && token.kind.is_single()
                }
                // A label goes with its phone.
                What::Drop(other) => other == *token,
                What::Delete => true,
                What::Restore => false,
            }
    }

    /// Whether it is the edit that this removal took back, which may not be known to have arrived.
    fn undoes(&self, removal: &Self, token: &Token) -> bool {
        !std::ptr::eq(self, removal) && self.what == What::Put(*token)
    }

    fn token(&self) -> Option<Token> {
        match self.what {
            What::Put(token) | What::Drop(token) => Some(token),
            What::Delete | What::Restore => None,
        }
    }

    /// Whether it is an edit by another, or one after a creation, of which the deleting side may not have
    /// known that it arrived.
    fn may_beat(&self, deletion: &Self) -> bool {
        matches!(self.what, What::Put(_)) && (self.by != deletion.by || !self.had.is_empty())
    }

    /// Whether the author of a deletion did not know of it.
    fn is_news_to(&self, deletion: &Self) -> bool {
        match self.what {
            What::Put(token) => !deletion.had.contains(&token),
            What::Drop(token) => deletion.had.contains(&token),
            What::Delete => false,
            What::Restore => true,
        }
    }
}

impl std::fmt::Display for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} wants {:?}, having {:?}", self.by, self.what, self.had)
    }
}

/// Whether the server puts back what it had, Q112 (or is behind, which looks the same): after so many
/// times it is told, and left to a person.
fn is_put_back(note: &Pending) -> bool {
    note.reason.ends_with("shows the card as it was")
}

/// Every text that ever stood here stands here still or is in the history.
fn texts_are_kept(client: &Client) -> Result<(), String> {
    let known = known_texts(client);
    match client.texts.iter().find(|text| !known.contains(*text)) {
        Some(text) => {
            Err(format!("a text is gone without a trace: {}", String::from_utf8_lossy(text)))
        }
        None => Ok(()),
    }
}

fn known_texts(client: &Client) -> HashSet<Vec<u8>> {
    let mut known: HashSet<Vec<u8>> =
        client.contacts().into_iter().map(|contact| contact.vcard).collect();
    for past in client.store.past() {
        known.insert(past.before);
        known.extend(past.after);
    }
    known
}

/// Every text that this client replaced on the server was known to it, and is kept.
///
/// # Errors
///
/// The text that was not.
pub(super) fn replaced_are_kept(client: &Client, weaker: Weaker) -> Result<(), String> {
    let replaced = client.wire.take_replaced();
    if replaced.is_empty() || weaker.unguarded {
        return Ok(());
    }
    let known: HashSet<Normal> =
        known_texts(client).into_iter().map(|text| normal(&Card::parse(text))).collect();
    match replaced.into_iter().find(|text| !known.contains(&normal(&Card::parse(text.as_slice()))))
    {
        Some(text) => {
            let text = String::from_utf8_lossy(&text).into_owned();
            Err(format!("a text was replaced on the server and is kept nowhere: {text}"))
        }
        None => Ok(()),
    }
}

fn has(side: &[Vec<u8>], token: &Token) -> bool {
    side.iter().any(|text| tokens(text).contains(token))
}

/// Every card, in any order.
fn normals(side: &[Vec<u8>]) -> HashSet<Normal> {
    side.iter().map(|text| normal(&Card::parse(text.as_slice()))).collect()
}

/// Whether two cards are one: by UID, or by all that they say. A contact that was added again without a
/// UID, while somebody edited the old one, is another contact.
fn is_doubled(side: &[Vec<u8>]) -> bool {
    let cards: Vec<Card> = side.iter().map(|text| Card::parse(text.as_slice())).collect();
    let uids: HashSet<_> = cards.iter().filter_map(Card::uid).map(|uid| uid.key()).collect();
    let nameless = cards.iter().filter(|card| card.uid().is_none()).count();
    let contents: HashSet<Normal> = cards.iter().map(content).collect();
    uids.len() + nameless < cards.len() || contents.len() < cards.len()
}

fn show(sides: &Sides) -> String {
    let mut out = String::new();
    for (at, side) in sides.iter().enumerate() {
        let name = if at + 1 == sides.len() { "server" } else { ["a", "b", "c"][at] };
        out += &format!("-- {name}: {}\n", side.len());
        for text in side {
            out += &String::from_utf8_lossy(text);
        }
    }
    out
}
