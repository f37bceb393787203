//! The name as it is shown (FN) kept in step with what it was made of.

use super::super::known::Known;
use super::super::person::{NAMELESS, one_line, person, what_to_call};
use super::super::{Card, Value};
use crate::contact::{Name, Person};

/// What became of the name when what it was made of changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// It was made of the parts before, and is now made of the new ones; or there was nothing to do.
    Kept,
    /// Parts of the name changed and the name is none that is made of them: it stays, and the user
    /// should know.
    Left,
}

/// What a card is called by everything in it but its FN; `None` when there is nothing to call it by.
pub fn derived_name(card: &Card) -> Option<String> {
    let name = what_to_call(&person(card), String::new());
    (name != NAMELESS).then_some(name)
}

/// Makes FN anew after an edit of what it was made of before: exactly then it follows, in the order
/// of the parts that it had.
pub fn follow_name(card: &mut Card, before: &Card) -> Followed {
    let (old, new) = (person(before), person(card));
    let shown = card.properties_of(Known::Fn).find(|name| !name.trimmed().is_empty());
    let Some((line, name)) = shown.map(|name| (name.id(), one_line(&name.text()))) else {
        return Followed::Kept;
    };
    let made = made_of(&old).into_iter().zip(made_of(&new)).find(|(old, _)| *old == name);
    match made {
        Some((_, new)) if new == name || new.is_empty() || new == NAMELESS => Followed::Kept,
        Some((_, new)) => {
            card.set(line, Value::Text(&new));
            Followed::Kept
        }
        None if old.names == new.names || made_of(&new).contains(&name) => Followed::Kept,
        None => Followed::Left,
    }
}

/// The names that programs make of the parts, the fullest first; some are empty.
fn made_of(person: &Person) -> [String; 6] {
    let none = Name::default();
    let Name { family, given, middle, prefix, suffix } = person.names.as_ref().unwrap_or(&none);
    let words = |parts: &[&String]| {
        let words: Vec<String> = parts.iter().map(|part| one_line(part)).collect();
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let listed = match (family.is_empty(), words(&[given, middle])) {
        (false, rest) if !rest.is_empty() => format!("{}, {rest}", one_line(family)),
        _ => String::new(),
    };
    [
        what_to_call(person, String::new()),
        words(&[prefix, given, middle, family, suffix]),
        words(&[given, middle, family]),
        words(&[given, family]),
        words(&[family, given, middle]),
        listed,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(lines: &str) -> Card {
        let lines = lines.replace('|', "\r\n");
        Card::parse(format!("BEGIN:VCARD\r\n{lines}\r\nEND:VCARD\r\n"))
    }

    #[test]
    fn the_name_follows_when_it_was_what_the_parts_gave() {
        let cases = [
            // (before, after the edit, FN then)
            ("FN:Ada Byron|N:Byron;Ada;;;", "N:King;Ada;;;", "Ada King", Followed::Kept),
            ("FN:Ada Byron|N:Byron;Ada;;Lady;", "N:King;Ada;;Lady;", "Ada King", Followed::Kept),
            ("FN:Byron Ada|N:Byron;Ada;;;", "N:King;Ada;;;", "King Ada", Followed::Kept),
            ("FN:Byron\\, Ada|N:Byron;Ada;;;", "N:King;Ada;;;", "King, Ada", Followed::Kept),
            ("FN:Acme|N:;;;;|ORG:Acme", "N:;;;;|ORG:Acme Ltd", "Acme Ltd", Followed::Kept),
            ("FN:a@b|EMAIL:a@b", "EMAIL:a@b|N:;Ada;;;", "Ada", Followed::Kept),
            ("FN:1|TEL:1", "NOTE:n", "1", Followed::Kept),
            ("FN:The Countess|N:Byron;Ada;;;", "N:King;Ada;;;", "The Countess", Followed::Left),
            ("FN:Ada King|N:Byron;Ada;;;", "N:King;Ada;;;", "Ada King", Followed::Kept),
            ("FN:The Countess|TEL:1", "TEL:2", "The Countess", Followed::Kept),
        ];
        for (before, after, name, followed) in cases {
            let before = card(before);
            let line = before.properties_of(Known::Fn).next().unwrap().text();
            let mut after = card(&format!("FN:{}|{after}", line.replace(',', "\\,")));
            assert_eq!(follow_name(&mut after, &before), followed, "{line}");
            assert_eq!(after.properties_of(Known::Fn).next().unwrap().text(), name);
        }
    }
}
