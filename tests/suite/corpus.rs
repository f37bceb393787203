//! Real cards from many programs. They stand beside the project, not in it: where they are
//! absent, these tests pass without having looked at anything.

use std::fs;
use std::path::{Path, PathBuf};

use contactcmd_domain::vcard::{
    Card, Known, Piece, Value, Version, check, convert, decode_file, diff, facts, index, normal,
    person, split,
};
use vcard::tree::cst::VcardCst;
use vcard::tree::wire::VcardWire;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vcards");

#[test]
fn every_file_comes_back_byte_for_byte() {
    for (path, file) in files() {
        assert_eq!(Card::parse(file.clone()).as_bytes(), file, "{path:?}");
        let joined: Vec<u8> = split(&file).iter().flat_map(Piece::bytes).copied().collect();
        assert_eq!(joined, file, "{path:?}");
        for card in cards(&file) {
            let card = Card::parse(card);
            let lines: Vec<u8> = card.lines().flat_map(|(_, line)| line).copied().collect();
            assert_eq!(lines, card.as_bytes(), "{path:?}");
        }
    }
}

#[test]
fn an_edited_name_changes_no_other_line() {
    let name = "Ünï, Tëst; Näme of some length that has to be folded somewhere \\ in the middle";
    let mut edited = 0;
    for (path, mut card) in parsed() {
        let Some(id) = card.properties_of(Known::Fn).next().map(|name| name.id()) else { continue };
        let before = card.clone();
        assert!(card.set(id, Value::Text(name)), "{path:?}");
        let read = card.property(id).map(|name| name.text());
        assert_eq!(read.as_deref(), Some(name), "{path:?}");
        let others = |card: &Card| -> Vec<Vec<u8>> {
            let lines = card.lines().filter(|(line, _)| *line != id);
            lines.map(|(_, line)| line.to_vec()).collect()
        };
        assert_eq!(others(&before), others(&card), "{path:?}");
        edited += 1;
    }
    assert!(edited > 1000 || !present(), "only {edited} cards were edited");
}

#[test]
fn setting_what_is_there_already_changes_no_meaning() {
    for (path, card) in parsed() {
        for property in card.properties().take(60) {
            let mut edited = card.clone();
            let text = property.text();
            // vCard 2.1 cannot say a backslash before a semicolon.
            if text.contains('\\') && card.version() == Version::V21 {
                continue;
            }
            edited.set(property.id(), Value::Text(&text));
            let read = edited.property(property.id()).map(|property| property.text());
            assert_eq!(read, Some(text), "{path:?} {}", property.name());
        }
    }
}

#[test]
fn a_removed_property_takes_nothing_but_its_label_along() {
    for (path, card) in parsed() {
        for property in card.properties().filter(|one| one.known() != Known::AbLabel).take(40) {
            let mut edited = card.clone();
            assert!(edited.remove(property.id()), "{path:?}");
            let gone: Vec<Vec<u8>> = {
                let left: Vec<&[u8]> = edited.lines().map(|(_, line)| line).collect();
                let mut left = left.into_iter().peekable();
                let lines = card.lines().map(|(_, line)| line);
                lines.filter(|line| left.next_if_eq(line).is_none()).map(<[u8]>::to_vec).collect()
            };
            assert_eq!(gone.first().map(Vec::as_slice), Some(card.line(property.id())), "{path:?}");
            for line in gone.iter().skip(1) {
                let line = String::from_utf8_lossy(line).to_ascii_uppercase();
                assert!(line.contains("X-ABLABEL") || line.contains("X-ABADR"), "{path:?} {line}");
            }
        }
    }
}

#[test]
fn an_independent_parser_cuts_the_same_tokens() {
    let mut agreed = 0;
    for (path, card) in parsed() {
        // It stops at what it takes for an error; such cards are ours alone.
        let Ok(theirs) = VcardCst::parse(card.as_bytes()) else { continue };
        let ours: Vec<Vec<u8>> = card.properties().map(|one| line_of(&one)).collect();
        let theirs: Vec<Vec<u8>> = theirs.props.into_iter().map(unfolded).collect();
        if ours == theirs {
            agreed += 1;
            continue;
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            // They keep empty parameters, the white space at the end of base64, and the first CR
            // of `\r\r\n`.
            let theirs = without_empty_params(theirs.trim_ascii_end());
            let theirs: Vec<u8> = theirs.into_iter().filter(|b| *b != b'\r').collect();
            let same = ours.trim_ascii_end() == theirs;
            let at = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
            assert!(same, "{path:?} at {at}\n{}\n{}", lossy(&ours[at..]), lossy(&theirs[at..]));
        }
        assert_eq!(ours.len(), theirs.len(), "{path:?}");
    }
    assert!(agreed > 1000 || !present(), "it agreed on {agreed} cards only");
}

#[test]
fn a_server_that_writes_a_card_anew_has_not_changed_it() {
    let mut rewritten = 0;
    for (path, card) in parsed() {
        let Ok(theirs) = VcardCst::parse(card.as_bytes()) else { continue };
        if card.lines().any(|(id, line)| card.property(id).is_none() && is_junk(line)) {
            continue;
        }
        // What is not UTF-8 no server writes anew.
        let Some(anew) = written_anew(theirs).map(Card::parse) else { continue };
        assert_eq!(normal(&card), normal(&anew), "{path:?}\n{}", lossy(anew.as_bytes()));
        assert_eq!(diff(&card, &anew), [], "{path:?}");
        rewritten += 1;
    }
    assert!(rewritten > 1000 || !present(), "{rewritten} cards were written anew");
}

#[test]
fn a_converted_card_has_the_same_name_and_stays_readable() {
    for (path, card) in parsed() {
        for version in [Version::V30, Version::V40] {
            let converted = convert(&card, version);
            assert_eq!(converted.stated_version(), Some(version), "{path:?}");
            assert_eq!(check(&converted), Ok(()), "{path:?}");
            assert_eq!(converted.name(), card.name(), "{path:?} {version:?}");
            let (before, after) = (person(&card), person(&converted));
            assert_eq!(before.emails.len(), after.emails.len(), "{path:?} {version:?}");
            assert_eq!(before.phones.len(), after.phones.len(), "{path:?} {version:?}");
            assert_eq!(before.addresses.len(), after.addresses.len(), "{path:?} {version:?}");
            // A picture that cannot be decoded is kept under another name.
            let kept = after.photo || converted.properties().any(|one| one.name() == "X-PHOTO");
            assert_eq!(before.photo, kept, "{path:?} {version:?}");
        }
    }
}

#[test]
fn damaged_cards_panic_nowhere_and_come_back_byte_for_byte() {
    let seeds: Vec<Vec<u8>> =
        parsed().map(|(_, card)| card.into_bytes()).filter(|card| card.len() < 3000).collect();
    if seeds.is_empty() {
        return;
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..20_000 {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        random.damage(&mut bytes, &seeds);
        let card = Card::parse(bytes.clone());
        assert_eq!(card.as_bytes(), bytes, "round {round}");
        let lines: Vec<u8> = card.lines().flat_map(|(_, line)| line).copied().collect();
        assert_eq!(lines, bytes, "round {round}");
        let joined: Vec<u8> = split(&bytes).iter().flat_map(Piece::bytes).copied().collect();
        assert_eq!(joined, bytes, "round {round}");
        assert!(!index(&card).person.name.is_empty(), "round {round}");
        assert_eq!(normal(&card), normal(&card.clone()), "round {round}");
        if round % 8 == 0 {
            let sound = check(&card).is_ok();
            let converted = convert(&card, Version::V40);
            assert!(!sound || check(&converted).is_ok(), "round {round}");
            let _ = convert(&card, Version::V30);
            let _ = facts(&card).iter().count();
            let _ = decode_file(&bytes);
        }
    }
}

/// A small generator (xorshift), so that every run damages the same cards in the same way.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound.max(1)
    }

    /// A quarter is cut short, the others get one to six random edits.
    fn damage(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        if self.below(4) == 0 {
            bytes.truncate(self.below(bytes.len()));
            return;
        }
        const PIECES: [&[u8]; 16] = [
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n ",
            b":",
            b";",
            b"\"",
            b"=",
            b"=\r\n",
            b"\\",
            b"\xff",
            b"BEGIN:VCARD\r\n",
            b"END:VCARD\r\n",
            b"AGENT:\n",
            b";ENCODING=QUOTED-PRINTABLE",
            b"\t",
        ];
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            let end = (at + self.below(20)).min(bytes.len());
            match self.below(5) {
                0 => drop(bytes.drain(at..end)),
                1 => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
                2 => bytes.get_mut(at).into_iter().for_each(|byte| *byte = self.0.to_le_bytes()[3]),
                3 => {
                    let copy = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, copy));
                }
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len());
                    let part = &other[from..(from + self.below(80)).min(other.len())];
                    drop(bytes.splice(at..at, part.iter().copied()));
                }
            }
        }
    }
}

/// One of our properties as one unfolded line.
fn line_of(property: &contactcmd_domain::vcard::Property<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    if let Some(group) = property.group() {
        line.extend_from_slice(group.as_bytes());
        line.push(b'.');
    }
    line.extend_from_slice(property.name().as_bytes());
    for param in property.params() {
        line.push(b';');
        if !param.is_bare() {
            line.extend_from_slice(param.name.as_bytes());
            line.push(b'=');
        }
        line.extend_from_slice(param.raw.as_bytes());
    }
    line.push(b':');
    line.extend_from_slice(&property.raw());
    line
}

/// One of their lines, unfolded.
fn unfolded(mut line: vcard::tree::line::VcardLine<'_>) -> Vec<u8> {
    line.wire = VcardWire::default();
    let alone = VcardCst { begin: None, props: vec![line], end: None, trailing: "".into() };
    let bytes = alone.to_bytes();
    let end = bytes.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |at| at + 1);
    bytes[..end].to_vec()
}

/// A line without its empty parameters, which we pass over.
fn without_empty_params(line: &[u8]) -> Vec<u8> {
    let head = line.iter().position(|b| *b == b':').unwrap_or(line.len());
    let mut text = lossy(&line[..head]);
    while text.contains(";;") {
        text = text.replace(";;", ";");
    }
    let text = text.trim_end_matches(';');
    [text.as_bytes(), &line[head..]].concat()
}

/// A card as a server might write it: other order, case, folds and line ends, TYPE in one list.
fn written_anew(card: VcardCst<'_>) -> Option<Vec<u8>> {
    let mut lines: Vec<String> = Vec::new();
    let mut version = String::new();
    for line in card.props {
        let quoted = line.params.iter().any(|param| {
            param.name.get().eq_ignore_ascii_case("QUOTED-PRINTABLE")
                || param.values.iter().any(|v| v.get().eq_ignore_ascii_case("QUOTED-PRINTABLE"))
        });
        let name = line.name.get().to_ascii_uppercase();
        let mut params: Vec<String> = Vec::new();
        let mut types: Vec<String> = Vec::new();
        for param in &line.params {
            let values: Vec<&str> = param.values.iter().map(|value| value.get()).collect();
            let key = param.name.get().to_ascii_uppercase();
            match (key.as_str(), values.is_empty()) {
                ("TYPE", false) => types.extend(values.iter().map(|v| v.to_ascii_lowercase())),
                (_, true) => params.push(key),
                (_, false) => params.push(format!("{key}={}", values.join(","))),
            }
        }
        params.reverse();
        types.reverse();
        if !types.is_empty() {
            params.push(format!("TYPE={}", types.join(",")));
        }
        let whole = unfolded(line.clone());
        let whole = String::from_utf8(whole).ok()?;
        let head_length: usize = line.name.get().len()
            + line
                .params
                .iter()
                .map(|param| {
                    let values: Vec<&str> = param.values.iter().map(|value| value.get()).collect();
                    let has = !values.is_empty();
                    1 + param.name.get().len() + if has { 1 + values.join(",").len() } else { 0 }
                })
                .sum::<usize>();
        let value = &whole[head_length..];
        let head = params.iter().fold(name.clone(), |head, param| head + ";" + param);
        let line = format!("{head}{value}");
        if name == "VERSION" {
            version = line;
        } else {
            lines.push(if quoted { line } else { fold_anew(&line) });
        }
    }
    let version = Some(version).filter(|version| !version.is_empty());
    let lines: Vec<String> = version.into_iter().chain(lines).collect();
    Some(format!("BEGIN:VCARD\n{}\nEND:VCARD\n", lines.join("\n")).into_bytes())
}

fn fold_anew(line: &str) -> String {
    let mut out = String::new();
    for (at, c) in line.chars().enumerate() {
        if at > 0 && at % 31 == 0 {
            out.push_str("\n ");
        }
        out.push(c);
    }
    out
}

fn is_junk(line: &[u8]) -> bool {
    let text = lossy(line).trim().to_ascii_uppercase();
    !text.is_empty() && text != "BEGIN:VCARD" && text != "END:VCARD"
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(2000).collect()
}

/// The cards that can be kept as contacts, with the files they are from.
fn parsed() -> impl Iterator<Item = (PathBuf, Card)> {
    files().into_iter().flat_map(|(path, file)| {
        let file = decode_file(&file).into_owned();
        let cards: Vec<Card> = cards(&file).map(Card::parse).collect();
        let sound = cards.into_iter().filter(|card| check(card).is_ok());
        sound.map(|card| (path.clone(), card)).collect::<Vec<_>>()
    })
}

fn cards(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    split(file).into_iter().filter_map(|piece| match piece {
        Piece::Card(bytes) => Some(bytes),
        Piece::Other(_) => None,
    })
}

fn present() -> bool {
    Path::new(CORPUS).is_dir()
}

fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(CORPUS)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten().map(|entry| entry.path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_none_or(|kind| kind != "md") {
                let file = fs::read(&entry).unwrap_or_else(|error| panic!("{entry:?}: {error}"));
                found.push((entry, file));
            }
        }
    }
    found.sort();
    found
}
