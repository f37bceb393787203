//! What servers do to the text of a card. Crude on purpose: the shapes are those that were measured.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::card::{Card, is_named, lines, name, split_value, value};
use super::knobs::{Knobs, Rewrite, VersionAccept};

/// The card as another version than the stored one; `None` when it is served as stored.
///
/// sabre and Cyrus answer 3.0 unless 4.0 is asked for, and convert upwards too.
pub(super) fn served(knobs: &Knobs, card: &Card, asked: Option<&str>) -> Option<Vec<u8>> {
    if knobs.version_accept != VersionAccept::ServedAsThree {
        return None;
    }
    let asked = asked.filter(|version| *version == "4.0").unwrap_or("3.0");
    let four = card.bytes.windows(11).any(|window| window.eq_ignore_ascii_case(b"VERSION:4.0"));
    match (four, asked) {
        (true, "3.0") => Some(fold(&down(lines(&card.bytes)))),
        (false, "4.0") => Some(fold(&relabel(lines(&card.bytes), "4.0"))),
        _ => None,
    }
}

/// The text that is stored instead of `bytes`; `old` is the card that is replaced.
pub(super) fn rewrite(steps: &[Rewrite], bytes: Vec<u8>, old: Option<&Card>, seq: u64) -> Vec<u8> {
    if steps.is_empty() {
        return bytes;
    }
    let mut card = lines(&bytes);
    for step in steps {
        card = match step {
            Rewrite::FnFromN => fn_from_n(card),
            Rewrite::DropX => {
                without(card, |line| line.starts_with("X-") || line.starts_with("x-"))
            }
            Rewrite::SingleType => card.iter().map(|line| single_type(line)).collect(),
            Rewrite::Merge => merge(card, old),
            Rewrite::RegenPhoto => card.iter().map(|line| regenerate_photo(line)).collect(),
            Rewrite::AddRev => {
                let card = without(card, |line| is_named(line, "REV"));
                let (minute, second) = (seq / 60 % 60, seq % 60);
                with(card, format!("REV:2026-01-01T00:{minute:02}:{second:02}Z"))
            }
            Rewrite::DropProdid => without(card, |line| is_named(line, "PRODID")),
            Rewrite::UpperCaseGroups => card.iter().map(|line| upper_case_group(line)).collect(),
            Rewrite::Sort => sorted(card),
            Rewrite::EscapeN => card.iter().map(|line| escape_n(line)).collect(),
            Rewrite::Relabel3 => relabel(card, "3.0"),
            Rewrite::Lf => card,
            Rewrite::Entities => card.iter().map(|line| entities(line)).collect(),
            Rewrite::Ascii => card.iter().map(|line| ascii(line)).collect(),
        };
    }
    let folded = fold(&card);
    match steps.contains(&Rewrite::Lf) {
        true => folded.into_iter().filter(|byte| *byte != b'\r').collect(),
        false => folded,
    }
}

/// The old card with the properties of the new one that it has none of.
pub(super) fn merged(old: &[u8], new: Vec<u8>) -> Vec<u8> {
    fold(&merge(lines(old), Some(&Card::new(new))))
}

/// The card with a property added, before `END:VCARD`.
pub(super) fn added(bytes: &[u8], line: String) -> Vec<u8> {
    fold(&with(lines(bytes), line))
}

/// The card with another UID.
pub(super) fn with_uid(bytes: &[u8], uid: &str) -> Vec<u8> {
    let card = without(lines(bytes), |line| is_named(line, "UID"));
    fold(&with(card, format!("UID:{uid}")))
}

/// A name to show, made from N.
pub(super) fn full_name(card: &[String]) -> Option<String> {
    let n = value(card, "N")?;
    let parts: Vec<&str> = n.split(';').collect();
    let order = [3, 1, 2, 0, 4];
    let words: Vec<&str> = order.iter().filter_map(|at| parts.get(*at).copied()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn with(mut card: Vec<String>, line: String) -> Vec<String> {
    let end = card.len().saturating_sub(1);
    card.insert(end, line);
    card
}

fn without(mut card: Vec<String>, drop: impl Fn(&str) -> bool) -> Vec<String> {
    card.retain(|line| !drop(line));
    card
}

fn relabel(card: Vec<String>, version: &str) -> Vec<String> {
    let relabelled = |line: String| match name(&line).as_str() {
        "VERSION" => format!("VERSION:{version}"),
        _ => line,
    };
    card.into_iter().map(relabelled).collect()
}

fn fn_from_n(card: Vec<String>) -> Vec<String> {
    let Some(full) = full_name(&card) else { return card };
    let renamed = |line: String| if name(&line) == "FN" { format!("FN:{full}") } else { line };
    card.into_iter().map(renamed).collect()
}

/// `TEL;TYPE=CELL,VOICE;TYPE=pref:1` becomes `TEL;TYPE=CELL:1`.
fn single_type(line: &str) -> String {
    let (head, value) = split_value(line);
    let mut seen = false;
    let mut kept = Vec::new();
    for param in head.split(';') {
        let is_type = param.get(..5).is_some_and(|key| key.eq_ignore_ascii_case("TYPE="));
        if is_type && seen {
            continue;
        }
        seen |= is_type;
        kept.push(if is_type { param.split(',').next().unwrap_or(param) } else { param });
    }
    format!("{}:{value}", kept.join(";"))
}

fn merge(mut card: Vec<String>, old: Option<&Card>) -> Vec<String> {
    for line in old.map(|old| lines(&old.bytes)).unwrap_or_default() {
        if !card.iter().any(|new| is_named(new, &name(&line))) {
            card = with(card, line);
        }
    }
    card
}

fn regenerate_photo(line: &str) -> String {
    if !is_named(line, "PHOTO") {
        return line.to_owned();
    }
    let data = split_value(line).1;
    let data = data.rsplit_once("base64,").map_or(data, |(_, data)| data);
    match STANDARD.decode(data.trim()) {
        Ok(bytes) => format!("PHOTO;ENCODING=B;TYPE=JPEG:{}", STANDARD.encode(bytes)),
        Err(_) => line.to_owned(),
    }
}

fn upper_case_group(line: &str) -> String {
    let (head, value) = split_value(line);
    let (name, params) = head.split_once(';').map_or((head, None), |(n, p)| (n, Some(p)));
    let params = params.map(|params| format!(";{params}")).unwrap_or_default();
    format!("{}{params}:{value}", name.to_ascii_uppercase())
}

/// Sorted by name, with BEGIN and VERSION first and END last.
fn sorted(card: Vec<String>) -> Vec<String> {
    let rank = |line: &String| match name(line).as_str() {
        "BEGIN" => (0, String::new()),
        "VERSION" => (1, String::new()),
        "END" => (3, String::new()),
        other => (2, other.to_owned()),
    };
    let mut card = card;
    card.sort_by_cached_key(rank);
    card
}

fn escape_n(line: &str) -> String {
    if !is_named(line, "N") {
        return line.to_owned();
    }
    let (head, value) = split_value(line);
    format!("{head}:{}", value.replace("\\,", ",").replace(',', "\\,"))
}

fn entities(line: &str) -> String {
    let (head, value) = split_value(line);
    format!("{head}:{}", value.replace('&', "&amp;").replace('\\', "&#92;"))
}

fn ascii(line: &str) -> String {
    line.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

/// 4.0 to 3.0 as sabre does it: what that loses is lost.
fn down(card: Vec<String>) -> Vec<String> {
    let card =
        without(relabel(card, "3.0"), |line| matches!(name(line).as_str(), "KIND" | "PRODID"));
    let converted = |line: String| {
        let (head, value) = split_value(&line);
        match (name(&line).as_str(), value) {
            ("N", _) => escape_n(&line),
            ("BDAY", value) if value.starts_with("--") && value.len() == 6 => {
                let (month, day) = value.trim_start_matches('-').split_at(2);
                format!("BDAY;X-APPLE-OMIT-YEAR=1604:1604-{month}-{day}")
            }
            ("PHOTO", value) if value.starts_with("data:") => regenerate_photo(&line),
            _ => format!("{head}:{value}"),
        }
    };
    let card: Vec<String> = card.into_iter().map(converted).collect();
    with(card, "PRODID:-//Example//Converter//EN".to_owned())
}

/// Lines with CRLF, folded at 75 octets, never inside a character.
fn fold(card: &[String]) -> Vec<u8> {
    let mut out = Vec::with_capacity(card.iter().map(|line| line.len() + 4).sum());
    for line in card {
        let mut width = 0;
        for c in line.chars() {
            if width + c.len_utf8() > 75 {
                out.extend_from_slice(b"\r\n ");
                width = 1;
            }
            width += c.len_utf8();
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe,Roe;Jo;;;\r\nFN:x\r\n\
        TEL;TYPE=CELL,VOICE;TYPE=pref:1\r\nitem1.X-ABLabel:a\r\nX-OWN:b\r\nPRODID:p\r\n\
        NOTE:& \\;\r\nTITLE:Caf\u{e9}\r\nEND:VCARD\r\n";

    fn after(step: Rewrite) -> String {
        let bytes = rewrite(&[step], CARD.as_bytes().to_vec(), None, 61);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn each_step_does_its_own_thing_and_no_other() {
        for (step, gone, come) in [
            (Rewrite::FnFromN, "FN:x", "FN:Jo Doe,Roe"),
            (Rewrite::DropX, "X-OWN:b", "item1.X-ABLabel:a"),
            (Rewrite::SingleType, "TYPE=pref", "TEL;TYPE=CELL:1"),
            (Rewrite::AddRev, "nothing", "REV:2026-01-01T00:01:01Z"),
            (Rewrite::DropProdid, "PRODID", "FN:x"),
            (Rewrite::UpperCaseGroups, "item1", "ITEM1.X-ABLABEL:a"),
            (Rewrite::EscapeN, "Doe,Roe", "N:Doe\\,Roe;Jo;;;"),
            (Rewrite::Lf, "\r", "FN:x\n"),
            (Rewrite::Entities, "& \\;", "NOTE:&amp; &#92;;"),
            (Rewrite::Ascii, "\u{e9}", "TITLE:Caf?"),
        ] {
            let card = after(step);
            assert!(!card.contains(gone), "{step:?} {card}");
            assert!(card.contains(come), "{step:?} {card}");
        }
    }

    #[test]
    fn merging_brings_back_what_the_client_removed() {
        let old = Card::new(CARD.as_bytes().to_vec());
        let new = CARD.replace("X-OWN:b\r\n", "");
        let stored = rewrite(&[Rewrite::Merge], new.into_bytes(), Some(&old), 1);
        assert!(String::from_utf8(stored).unwrap().contains("X-OWN:b\r\nEND:VCARD"));
    }

    #[test]
    fn a_four_is_served_as_a_three_unless_a_four_is_asked_for() {
        let knobs = Knobs { version_accept: VersionAccept::ServedAsThree, ..Knobs::default() };
        let four = "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:individual\r\nFN:x\r\nBDAY:--0229\r\n\
            PHOTO:data:image/png;base64,AAEC\r\nEND:VCARD\r\n";
        let card = Card::new(four.as_bytes().to_vec());
        assert_eq!(served(&knobs, &card, Some("4.0")), None);
        let three = String::from_utf8(served(&knobs, &card, None).unwrap()).unwrap();
        for line in [
            "VERSION:3.0\r\n",
            "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29\r\n",
            "PHOTO;ENCODING=B;TYPE=JPEG:AAEC\r\n",
        ] {
            assert!(three.contains(line), "{three}");
        }
        assert!(!three.contains("KIND"), "{three}");
    }
}
