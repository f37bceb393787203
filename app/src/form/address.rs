//! An address in words.

use contactcmd_domain::vcard::ADDRESS_PARTS;

/// What the components of ADR are called in a form, in their order.
pub(super) const WORDS: [&str; ADDRESS_PARTS] =
    ["box", "extended", "street", "city", "region", "code", "country"];

/// Where in ADR the street is, with which an address begins for a person.
const STREET: usize = 2;

/// An address on one line: `STREET; CITY; REGION; CODE; COUNTRY`, of which the last may be left out,
/// or the seven components of ADR.
///
/// # Errors
///
/// What is wrong with it, for the user.
pub(crate) fn from_text(text: &str) -> Result<[String; ADDRESS_PARTS], &'static str> {
    let given: Vec<&str> = text.split(';').map(str::trim_ascii).collect();
    let first = match given.len() {
        ADDRESS_PARTS => 0,
        count if count <= ADDRESS_PARTS - STREET => STREET,
        _ => {
            return Err(
                "an address has up to five parts, STREET; CITY; REGION; CODE; COUNTRY, or \
                        the seven of a vCard",
            );
        }
    };
    let mut parts: [String; ADDRESS_PARTS] = Default::default();
    for (part, given) in parts.iter_mut().skip(first).zip(given) {
        given.clone_into(part);
    }
    Ok(parts)
}

/// An address by lines `part: value`; lines of one part are lines of its value.
///
/// # Errors
///
/// Which of the lines, from 0, is wrong, and what is.
pub(super) fn from_lines(lines: &[String]) -> Result<[String; ADDRESS_PARTS], (usize, String)> {
    let mut parts: [Vec<&str>; ADDRESS_PARTS] = Default::default();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let Some((word, value)) = line.split_once(':') else {
            let what = format!("`{line}` is no part of an address; write `street: {line}`");
            return Err((at, what));
        };
        let word = word.trim_ascii();
        let part = WORDS.iter().position(|known| known.eq_ignore_ascii_case(word));
        match part.and_then(|part| parts.get_mut(part)) {
            Some(part) => part.push(value.trim_ascii()),
            None => {
                let known = WORDS.join(", ");
                return Err((at, format!("there is no `{word}` in an address, only {known}")));
            }
        }
    }
    Ok(parts.map(|lines| lines.join("\n").trim_ascii().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_the_order_of_an_envelope_or_of_a_vcard() {
        let cases = [
            ("1 St", Some("||1 St||||")),
            ("1 St; Town", Some("||1 St|Town|||")),
            ("1 St;Town;;123;Land", Some("||1 St|Town||123|Land")),
            ("box;ext;1 St;Town;;123;Land", Some("box|ext|1 St|Town||123|Land")),
            ("1;2;3;4;5;6", None),
            ("1;2;3;4;5;6;7;8", None),
        ];
        for (text, parts) in cases {
            let read = from_text(text).ok().map(|parts| parts.join("|"));
            assert_eq!(read.as_deref(), parts, "{text}");
        }
    }
}
