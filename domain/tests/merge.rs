//! What holds for every merge, tried on made-up cards and, where they stand beside the project, on
//! real ones from many programs, both with random edits.

#![expect(clippy::disallowed_methods, reason = "real cards are files beside the project")]
#![expect(clippy::indexing_slicing, reason = "the dice stay below the length")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use contactcmd_domain::sync::merge::{Compared, Merged, Prefer, absorb, merge};
use contactcmd_domain::vcard::{
    Card, Fact, Known, LineId, NewProperty, Piece, Property, Value, check, diff, facts, normal,
    same, split,
};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vcards");

const POLICIES: [Prefer; 3] = [Prefer::Remote, Prefer::Local, Prefer::Both];

/// Lines a card is made of; a few values only, so that both sides meet.
const LINES: [&str; 44] = [
    "FN:Ada",
    "FN:Bea",
    "N:Lovelace;Ada;;;",
    "N:Lovelace;Ada;King;;",
    "TEL;TYPE=home:+1 23",
    "TEL;TYPE=home:+1-23",
    "TEL;TYPE=work,cell:+1 24",
    "TEL:+1 25",
    "tel;type=WORK;type=pref:+1 23",
    "item1.TEL:+1 26\r\nitem1.X-ABLabel:Hut",
    "item1.TEL:+1 26\r\nitem1.EMAIL:g@h\r\nitem1.X-ABLabel:Hut",
    "item2.URL:http://a/\r\nitem2.X-ABLabel:_$!<HomePage>!$_",
    "EMAIL;TYPE=INTERNET:a@b",
    "EMAIL;TYPE=home:A@b",
    "EMAIL;X-A=1:c@d",
    "URL:http://a/",
    "URL;TYPE=work:http://a",
    "ADR;TYPE=home:;;1 Mill;Town;;1;",
    "item3.ADR:;;2 Mill;Town;;1;\r\nitem3.X-ABADR:us",
    "item5.ADR:;;3 Mill;Town;;1;\r\nitem5.X-APPLE-SUBLOCALITY:x\r\nitem5.X-ABADR:us",
    "item5.ADR:;;3 Mill;Town;;1;\r\nitem5.X-APPLE-SUBLOCALITY:y\r\nitem5.X-ABLabel:Hut",
    "ORG:Acme;Kites",
    "ORG:Acme;Lamps;",
    "TITLE:Keeper",
    "BDAY:1980-01-15",
    "BDAY;X-APPLE-OMIT-YEAR=1604:1604-01-15",
    "X-ANNIVERSARY:2001-02-03\r\nitem4.X-ABDATE:2001-02-03\r\nitem4.X-ABLabel:_$!<Anniversary>!$_",
    "NOTE:one",
    "NOTE;LANGUAGE=de:eins",
    "NOTE:a long note\\, with a comma\\nand a fold that is needed since it is lon\r\n ger",
    "CATEGORIES:a,b",
    "CATEGORIES:b,c",
    "NICKNAME:Ace",
    "item6.NICKNAME:Bee\r\nitem6.X-ABLabel:School",
    "PHOTO;ENCODING=b;TYPE=PNG:YQ==",
    "PHOTO;ENCODING=b;TYPE=PNG:Yg==",
    "PHOTO;VALUE=uri:http://a/b",
    "IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@b",
    "X-JABBER:a@b",
    "X-FOO:1",
    "X-FOO;A=1;B=\"2;3\":1",
    "UID:1",
    "half a line",
    "NOTE;QUOTED-PRINTABLE:ends=",
];

#[test]
fn every_law_holds_for_made_up_cards() {
    let mut dice = Dice(1);
    for _ in 0..300 {
        let base = made_up(&mut dice);
        laws(&base, &mut dice);
    }
}

#[test]
fn every_law_holds_for_real_cards() {
    let mut dice = Dice(2);
    for card in corpus().into_iter().step_by(4) {
        laws(&card, &mut dice);
    }
}

#[test]
fn cards_that_never_met_lose_nothing() {
    let mut dice = Dice(3);
    let real = corpus();
    for round in 0..300 {
        let (mut local, mut remote) = (made_up(&mut dice), made_up(&mut dice));
        if round % 3 == 0 && !real.is_empty() {
            local = real[dice.below(real.len())].clone();
            let other = &real[dice.below(real.len())];
            remote = if other.version() == local.version() { other.clone() } else { remote };
        }
        for prefer in POLICIES {
            let merged = merge(None, &local, &remote, prefer);
            // Another version has other names for some of it.
            if local.version() == remote.version() {
                told(&Card::parse(""), &[&local, &remote], &merged);
            }
            let again = merge(None, &merged.card, &merged.card, prefer);
            assert_eq!(again.card, merged.card);
            let more = merge(None, &local, &merged.card, prefer);
            assert_eq!(
                normal(&more.card),
                normal(&merged.card),
                "{prefer:?} {}",
                show(&[&local, &remote, &merged.card, &more.card])
            );
        }
    }
}

#[test]
fn damaged_cards_are_merged_without_panic_and_a_card_with_itself_is_itself() {
    let mut dice = Dice(4);
    for _ in 0..300 {
        let cards: Vec<Card> = (0..3).map(|_| damaged(&made_up(&mut dice), &mut dice)).collect();
        let (base, local, remote) = (&cards[0], &cards[1], &cards[2]);
        for prefer in POLICIES {
            for base in [None, Some(base)] {
                let merged = merge(base, local, remote, prefer).card;
                assert_eq!(merge(base, &merged, &merged, prefer).card, merged);
            }
        }
        absorb(base, local, remote);
    }
}

#[test]
fn two_cards_are_told_apart_as_their_normal_forms_are() {
    let mut dice = Dice(6);
    let made_up = (0..1000).map(|_| made_up(&mut Dice(dice.next()))).collect::<Vec<_>>();
    for card in made_up.iter().chain(&corpus()) {
        for other in [edited(card, &mut dice), damaged(card, &mut dice), made_up[0].clone()] {
            let expected = normal(card) == normal(&other);
            assert_eq!(same(card, &other), expected, "{}", show(&[card, &other]));
            assert_eq!(diff(card, &other).is_empty(), expected, "{}", show(&[card, &other]));
        }
    }
}

#[test]
fn three_cards_are_told_apart_as_two_are() {
    let mut dice = Dice(7);
    let made_up = (0..1000).map(|_| made_up(&mut Dice(dice.next()))).collect::<Vec<_>>();
    for base in made_up.iter().chain(&corpus()) {
        let (local, remote) = (edited(base, &mut dice), edited(base, &mut dice));
        let case = || show(&[base, &local, &remote]);
        let compared = Compared::of(Some(base), &local, &remote);
        assert_eq!(compared.is_local_as_agreed(), same(base, &local), "{}", case());
        assert_eq!(compared.is_remote_as_agreed(), same(base, &remote), "{}", case());
        assert_eq!(compared.is_agreed(), same(&local, &remote), "{}", case());
        let merged = compared.merge(Prefer::Both).card;
        for card in [base, &merged] {
            let two = [diff(&local, card), diff(&remote, card)];
            assert_eq!(compared.changes_to(card), two, "{}", case());
        }
    }
}

#[test]
fn what_a_server_only_drops_stays_here() {
    let mut dice = Dice(5);
    let made_up = (0..500).map(|_| made_up(&mut Dice(dice.next()))).collect::<Vec<_>>();
    for card in made_up.iter().chain(&corpus()) {
        let mut served = card.clone();
        for _ in 0..=dice.below(4) {
            let line = any_line(&served, &mut dice).and_then(|line| served.property(line));
            // Without its label it would be another thing.
            let belongs = |known| matches!(known, Known::AbLabel | Known::AbAdr);
            let line = line.filter(|line| !belongs(line.known())).map(|line| line.id());
            line.map(|line| served.remove(line));
        }
        if served.uid().is_none() {
            continue;
        }
        let absorbed = absorb(card, card, &served);
        let said = |card: &Card| show(&[card]);
        assert_eq!(absorbed.card.as_ref().map(said), None, "{}", show(&[card, &served]));
        assert_eq!(absorbed.not_kept, diff(card, &served));
    }
}

/// All that holds for a base and two cards edited from it.
fn laws(base: &Card, dice: &mut Dice) {
    let (local, remote) = (edited(base, dice), edited(base, dice));
    let case = || show(&[base, &local, &remote]);
    for prefer in POLICIES {
        let merge = |local: &Card, remote: &Card| merge(Some(base), local, remote, prefer);
        // An edit on one side is taken as it is; also where the other side has one of its own.
        assert_eq!(normal(&merge(&local, base).card), normal(&local), "{}", case());
        assert_eq!(normal(&merge(base, &remote).card), normal(&remote), "{}", case());
        let theirs = merge(&with_mark(base), &remote);
        assert_eq!(normal(&theirs.card), normal(&with_mark(&remote)), "{}", case());
        assert_eq!(theirs.contested, [], "{}", case());
        let ours = merge(&local, &with_mark(base));
        assert_eq!(normal(&ours.card), normal(&with_mark(&local)), "{}", case());
        // The same edit is one, and a merged card is merged.
        assert_eq!(merge(&local, &local).card, local, "{}", case());
        let merged = merge(&local, &remote);
        told(base, &[&local, &remote], &merged);
        untouched(base, &[&local, &remote], &merged.card);
        together(base, &[&local, &remote], &merged);
        assert_eq!(merge(&merged.card, &merged.card).card, merged.card);
    }
    let one = merge(Some(base), &local, &remote, Prefer::Remote);
    let other = merge(Some(base), &remote, &local, Prefer::Local);
    assert_eq!(normal(&one.card), normal(&other.card), "{}", case());
    assert_eq!(one.contested.len(), other.contested.len(), "{}", case());
}

/// Whatever a side says anew is in the merged card or told of.
fn told(base: &Card, sides: &[&Card], merged: &Merged) {
    let known = values(base);
    let said = values(&merged.card);
    let (before, result) = (facts(base), facts(&merged.card));
    for side in sides {
        for fact in facts(side).iter().filter(|fact| fact.known != Known::Uid) {
            let value = (fact.name.to_vec(), identity(&fact));
            let found = known.contains(&value)
                || said.contains(&value)
                || has_parts(&fact, result.iter().chain(before.iter()))
                || is_noted(&text(side, &fact), &merged.card)
                || is_contested(&text(side, &fact), merged);
            assert!(
                found,
                "{:?} of {}merged {}{:?}",
                String::from_utf8_lossy(fact.normal),
                show(&[base, sides[0], sides[1]]),
                show(&[&merged.card]),
                merged.contested
            );
        }
    }
}

/// What all three say is in the merged card.
fn untouched(base: &Card, sides: &[&Card], merged: &Card) {
    let normals = |card: &Card| -> BTreeSet<Vec<u8>> {
        facts(card).iter().filter(|f| f.known != Known::Uid).map(|f| f.normal.to_vec()).collect()
    };
    let result = normals(merged);
    let sides: Vec<_> = sides.iter().map(|side| normals(side)).collect();
    for fact in facts(base).iter().filter(|fact| fact.known != Known::Uid) {
        let kept = sides.iter().all(|side| side.contains(fact.normal));
        // A note may have got a line more.
        let found = result.contains(fact.normal) || is_noted(&text(base, &fact), merged);
        assert!(!kept || found, "{}", String::from_utf8_lossy(fact.normal));
    }
}

/// Lines that share a group in the card they come from share one in the merged card, unless somebody
/// edited one of them.
fn together(base: &Card, sides: &[&Card], merged: &Merged) {
    let cards = [base, sides[0], sides[1], &merged.card];
    // Of what stands twice nobody can tell which it was.
    let mut twice = BTreeSet::new();
    for card in cards {
        let mut seen = BTreeSet::new();
        for fact in facts(card).iter() {
            let value = (fact.name.to_vec(), identity(&fact));
            if !seen.insert(value.clone()) {
                twice.insert(value);
            }
        }
    }
    let groups = cards.map(|card| groups(card, &twice));
    let says: Vec<BTreeSet<Vec<u8>>> =
        cards.iter().map(|card| facts(card).iter().map(|f| f.normal.to_vec()).collect()).collect();
    // Whoever edited a property may have parted it from the others.
    let name = |one: &Vec<u8>| one.split(|b| *b == 0xFF).next().unwrap_or_default().to_vec();
    let had: BTreeSet<Vec<u8>> = says[0].iter().map(name).collect();
    let is_edited = |one: &Vec<u8>| !says[0].contains(one) && had.contains(&name(one));
    for group in groups[..3].iter().flat_map(|groups| groups.values()) {
        let group: Vec<&Vec<u8>> = group.iter().filter(|one| !is_edited(one)).collect();
        for (one, other) in group.iter().flat_map(|a| group.iter().map(move |b| (*a, *b))) {
            // Where they stand apart somebody put them apart.
            let share = |groups: &BTreeMap<String, BTreeSet<Vec<u8>>>| {
                groups.values().any(|group| group.contains(one) && group.contains(other))
            };
            let both = |at: usize| says[at].contains(one) && says[at].contains(other);
            if both(3) && (0..3).all(|at| !both(at) || share(&groups[at])) {
                assert!(
                    share(&groups[3]),
                    "{} and {}{}merged {}",
                    String::from_utf8_lossy(one),
                    String::from_utf8_lossy(other),
                    show(&[base, sides[0], sides[1]]),
                    show(&[&merged.card])
                );
            }
        }
    }
}

/// What stands in each group of which everybody knows what its labels belong to. Items of lists stand
/// on whatever line, and a label of nobody must not become somebody's.
fn groups(
    card: &Card,
    twice: &BTreeSet<(Vec<u8>, Vec<u8>)>,
) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
    let mut groups: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let left_out = [Known::AbLabel, Known::AbAdr, Known::Nickname, Known::Categories];
    for fact in facts(card).iter() {
        let is_known = !twice.contains(&(fact.name.to_vec(), identity(&fact)));
        if !is_known || left_out.contains(&fact.known) {
            continue;
        }
        if let Some(group) = card.property(fact.line).as_ref().and_then(Property::group) {
            groups.entry(group.to_lowercase()).or_default().insert(fact.normal.to_vec());
        }
    }
    groups.retain(|group, _| is_clear(card, group));
    groups
}

fn is_clear(card: &Card, group: &str) -> bool {
    let is_in = |one: &Property<'_>| one.group().is_some_and(|one| one.to_lowercase() == group);
    let count = |known| card.properties_of(known).filter(is_in).count();
    count(Known::AbLabel) < 2 && count(Known::AbAdr) < 2
}

fn values(card: &Card) -> BTreeSet<(Vec<u8>, Vec<u8>)> {
    facts(card).iter().map(|fact| (fact.name.to_vec(), identity(&fact))).collect()
}

/// A number by what is dialled, an address without case, a link without its last slash.
fn identity(fact: &Fact<'_>) -> Vec<u8> {
    let value = fact.value.to_ascii_lowercase();
    match fact.known {
        Known::Tel => {
            let kept = |b: &u8| b.is_ascii_alphanumeric() || b"+*#".contains(b) || !b.is_ascii();
            value.into_iter().filter(kept).collect()
        }
        Known::Url => value.strip_suffix(b"/").map_or(value.clone(), <[u8]>::to_vec),
        Known::Email | Known::Impp => value,
        _ => fact.value.to_vec(),
    }
}

/// Whether each component is one of a property of the same name, be it the old one.
fn has_parts<'a>(fact: &Fact<'_>, all: impl Iterator<Item = Fact<'a>>) -> bool {
    if !matches!(fact.known, Known::N | Known::Adr | Known::Org | Known::Gender) {
        return false;
    }
    let same: Vec<Fact<'_>> = all.filter(|one| one.known == fact.known).collect();
    let mut parts = fact.value.split(|b| *b == 0xFE).enumerate();
    parts.all(|(at, part)| {
        let has = |one: &Fact<'_>| one.value.split(|b| *b == 0xFE).nth(at) == Some(part);
        part.is_empty() || same.iter().any(has)
    })
}

fn text(card: &Card, fact: &Fact<'_>) -> String {
    let Some(property) = card.property(fact.line) else { return String::new() };
    match fact.known {
        Known::N | Known::Adr | Known::Org | Known::Gender => {
            let parts = property.components();
            let parts = parts.iter().map(|part| part.trim_ascii());
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
        }
        Known::Bday | Known::Anniversary | Known::AbDate => {
            String::from_utf8_lossy(fact.value).into_owned()
        }
        Known::Photo | Known::Logo | Known::Sound | Known::Key
            if fact.value.starts_with(&[0; 4]) =>
        {
            "bytes".to_owned()
        }
        _ => property.trimmed().trim_start_matches("tel:").to_owned(),
    }
}

fn is_noted(text: &str, merged: &Card) -> bool {
    let notes: Vec<String> = merged.properties_of(Known::Note).map(|note| note.text()).collect();
    let lines: BTreeSet<&str> = notes.iter().flat_map(|note| note.lines()).map(str::trim).collect();
    let mut wanted = text.lines().map(str::trim).filter(|line| !line.is_empty());
    wanted.all(|line| lines.contains(line)) && !text.is_empty()
}

fn is_contested(text: &str, merged: &Merged) -> bool {
    let starts = |said: &str| said.starts_with(text) || said.ends_with(text);
    merged.contested.iter().any(|one| starts(&one.local) || starts(&one.remote))
}

/// The card with an edit nothing else has to do with.
fn with_mark(card: &Card) -> Card {
    let mut card = card.clone();
    let value = Value::Text("mark");
    card.insert(&NewProperty { name: "X-MARK", label: None, params: &[], value });
    card
}

/// A card with a few edits.
fn edited(card: &Card, dice: &mut Dice) -> Card {
    let mut card = card.clone();
    for _ in 0..=dice.below(4) {
        edit(&mut card, dice);
    }
    card
}

fn edit(card: &mut Card, dice: &mut Dice) {
    const VALUES: [&str; 6] = ["one", "two", "+1 27", "a@b", "2001-02-04", "Ünï; cödé,\nmore"];
    const LABELS: [Option<&str>; 4] = [None, Some("home"), Some("Hut"), Some("Boat")];
    const NAMES: [&str; 7] = ["TEL", "EMAIL", "NOTE", "X-FOO", "URL", "TITLE", "X-ABRELATEDNAMES"];
    let value = VALUES[dice.below(VALUES.len())];
    let line = any_line(card, dice);
    match (dice.below(9), line) {
        (0 | 1, Some(line)) => drop(card.set(line, Value::Text(value))),
        (2, Some(line)) => drop(card.remove(line)),
        (3, Some(line)) => {
            let types = ["home", "work,cell", "fax"][dice.below(3)];
            card.set_param(line, "TYPE", Some(types));
        }
        (4, Some(line)) => drop(card.set_component(line, dice.below(4), value)),
        (5, Some(line)) => drop(card.set(line, Value::List(&[value, "c"]))),
        (6, _) => {
            let from = made_up(dice);
            let donor = any_line(&from, dice).filter(|_| from.version() == card.version());
            donor.map(|donor| card.adopt(&from, donor));
        }
        (7, Some(line)) => join(card, line, ["x", "y"][dice.below(2)]),
        _ => {
            let (name, label) = (NAMES[dice.below(NAMES.len())], LABELS[dice.below(LABELS.len())]);
            card.insert(&NewProperty { name, label, params: &[], value: Value::Text(value) });
        }
    }
}

/// Adds a line to the group of another.
fn join(card: &mut Card, line: LineId, value: &str) {
    let group = card.property(line).and_then(|one| Some(one.group()?.to_owned()));
    let Some(group) = group.filter(|group| is_clear(card, &group.to_lowercase())) else { return };
    let new = format!("{group}.X-JOINED-{group}:{value}\r\n");
    let lines = card.lines().map(|(id, one)| match id == line {
        true => [new.as_bytes(), one].concat(),
        false => one.to_vec(),
    });
    *card = Card::parse(lines.collect::<Vec<_>>().concat());
}

/// A property that people edit.
fn any_line(card: &Card, dice: &mut Dice) -> Option<LineId> {
    let fixed = [Known::Uid, Known::Version, Known::Rev, Known::Prodid, Known::Agent];
    let lines: Vec<LineId> =
        card.properties().filter(|one| !fixed.contains(&one.known())).map(|one| one.id()).collect();
    lines.get(dice.below(lines.len().max(1))).copied()
}

fn made_up(dice: &mut Dice) -> Card {
    let mut text = String::from("BEGIN:VCARD\r\nVERSION:3.0\r\n");
    for number in 0..2 + dice.below(12) {
        // Each in a group of its own: more lines than labels in one group are anybody's guess.
        let lines = LINES[dice.below(LINES.len())].replace("item", &format!("item{number}"));
        text.push_str(&lines);
        text.push_str("\r\n");
    }
    text.push_str("END:VCARD\r\n");
    Card::parse(text)
}

fn damaged(card: &Card, dice: &mut Dice) -> Card {
    let mut bytes = card.as_bytes().to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len());
        match dice.below(4) {
            0 => bytes[at] = b"\n\r:;,=\\ \xFF."[dice.below(10)],
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"\n\r:;,=\\ \xC3."[dice.below(10)]),
            _ => {
                let version = [&b"VERSION:4.0\r\n"[..], b"VERSION:2.1\r\n"][dice.below(2)];
                bytes.splice(13..13, version.iter().copied());
            }
        }
    }
    Card::parse(bytes)
}

/// The real cards that a contact can be made of, of a size that people edit.
fn corpus() -> Vec<Card> {
    let mut cards = Vec::new();
    let mut folders = vec![Path::new(CORPUS).to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(file) = fs::read(&path) {
                let pieces = split(&file).into_iter();
                cards.extend(pieces.filter_map(|piece| match piece {
                    Piece::Card(card) if card.len() < 20_000 => Some(Card::parse(card)),
                    _ => None,
                }));
            }
        }
    }
    cards.retain(|card| check(card).is_ok());
    cards
}

fn show(cards: &[&Card]) -> String {
    cards.iter().map(|card| format!("\n{}\n", String::from_utf8_lossy(card.as_bytes()))).collect()
}

/// SplitMix64: the same run every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or_default()
    }
}
