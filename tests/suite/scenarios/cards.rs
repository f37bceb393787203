//! Contacts of a scenario as vCards: written and edited as another client would, and looked at.

use contactcmd_domain::vcard::{self, Card, Content, Field};

/// What a line says of a contact, in order.
pub(super) type Fields = Vec<Part>;

/// One part: `phone work = +1 555`, or `no note`.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The word of a field, or the head of a vCard line.
    name: String,
    label: Option<String>,
    /// `None`: it is not there.
    value: Option<String>,
    /// Beside others of its name.
    also: bool,
}

/// Fields that the command line knows: its option and the property.
const WORDS: [(&str, &str); 11] = [
    ("given", ""),
    ("family", ""),
    ("nickname", "NICKNAME"),
    ("org", "ORG"),
    ("title", "TITLE"),
    ("birthday", "BDAY"),
    ("note", "NOTE"),
    ("url", "URL"),
    ("email", "EMAIL"),
    ("phone", "TEL"),
    ("category", "CATEGORIES"),
];

/// Reads `phone work = +1 555, also phone home = +1 556, note = first, no email`.
pub(super) fn fields(text: &str) -> Result<Fields, String> {
    text.split(", ").map(part).collect()
}

fn part(text: &str) -> Result<Part, String> {
    let (text, also) = text.strip_prefix("also ").map_or((text, false), |text| (text, true));
    let (head, value) = match (text.strip_prefix("no "), text.split_once(" = ")) {
        (Some(head), _) => (head, None),
        (None, Some((head, value))) => (head, Some(value.to_owned())),
        (None, None) => return Err(format!("FIELD = VALUE, or no FIELD: {text}")),
    };
    let (name, label) = head.split_once(' ').map_or((head, None), |(n, l)| (n, Some(l.to_owned())));
    Ok(Part { name: name.to_owned(), label, value, also })
}

impl Part {
    fn is_word(&self) -> bool {
        WORDS.iter().any(|(word, _)| *word == self.name)
    }

    /// The head of its line: `TEL;TYPE=work`.
    fn head(&self) -> String {
        let known = WORDS.iter().find(|(word, _)| *word == self.name);
        let name = known.map_or(self.name.as_str(), |(_, property)| property);
        match &self.label {
            Some(label) => format!("{name};TYPE={label}"),
            None => name.to_owned(),
        }
    }

    fn is_on(&self, line: &str) -> bool {
        let head = line.split_once(':').map_or(line, |(head, _)| head).to_ascii_uppercase();
        let wanted = self.head().to_ascii_uppercase();
        let name = |head: &str| head.split(';').next().unwrap_or_default().to_owned();
        let bare = |name: String| match (wanted.contains('.'), name.rsplit_once('.')) {
            (false, Some((_, bare))) => bare.to_owned(),
            _ => name,
        };
        let label = self.label.as_ref().map(|label| label.to_ascii_uppercase());
        bare(name(&head)) == name(&wanted) && label.is_none_or(|label| head.contains(&label))
    }

    /// The options of `add` and `edit` that say it.
    pub(super) fn options(&self) -> Result<[String; 2], String> {
        let Self { name, label, value, .. } = self;
        if !self.is_word() {
            return Err(format!("the command line has no --{name}: use `imports`"));
        }
        let labelled = |value: &str| match label {
            Some(label) => format!("{label}={value}"),
            None => value.to_owned(),
        };
        Ok(match value {
            Some(value) => [format!("--{name}"), labelled(value)],
            None => {
                let what = label.as_ref().map_or(name.clone(), |label| format!("{name}={label}"));
                ["--remove".to_owned(), what]
            }
        })
    }
}

/// A contact as other clients write one.
pub(super) fn new(who: &str, said: &Fields) -> Vec<u8> {
    let (given, family) = who.split_once(' ').unwrap_or((who, ""));
    let uid = format!("uid-{}", slug(who));
    let card = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{who}\r\nN:{family};{given};;;\r\nEND:VCARD\r\n"
    );
    edited(card.as_bytes(), said)
}

/// The card as another client would edit it: the line in question and no other.
pub(super) fn edited(card: &[u8], said: &Fields) -> Vec<u8> {
    let mut lines = lines(card);
    for part in said {
        let Some(value) = &part.value else {
            lines.retain(|line| !part.is_on(line));
            continue;
        };
        let found: Vec<usize> = (0..lines.len())
            .filter(|at| lines.get(*at).is_some_and(|line| part.is_on(line)))
            .collect();
        match found.as_slice() {
            [only] if !part.also => {
                let head = lines[*only].split_once(':').map_or("", |(head, _)| head).to_owned();
                lines[*only] = format!("{head}:{value}");
            }
            _ => lines.insert(lines.len() - 1, format!("{}:{value}", part.head())),
        }
    }
    lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect()
}

/// The name that is shown.
pub(super) fn name(card: &[u8]) -> String {
    Card::parse(card).name()
}

/// The start of a file name.
pub(super) fn slug(who: &str) -> String {
    who.to_lowercase().replace(' ', "-")
}

/// What of `said` the card does not say, or says twice.
pub(super) fn missing(card: &[u8], said: &Fields) -> Option<String> {
    let parsed = Card::parse(card);
    let known = vcard::fields(&parsed);
    said.iter().find_map(|part| {
        let times = match Field::named(&part.name).filter(|_| part.is_word()) {
            Some(field) => {
                let label = |label: &Option<String>| label.as_ref().map(|one| one.to_lowercase());
                known
                    .iter()
                    .filter(|one| one.field == field)
                    .filter(|one| part.label.is_none() || label(&one.label) == part.label)
                    .filter(|one| {
                        let is = |value: &String| one.content == Content::Text(value.clone());
                        part.value.as_ref().is_none_or(is)
                    })
                    .count()
            }
            None => lines(card)
                .iter()
                .filter(|line| part.is_on(line))
                .filter(|line| {
                    let value = line.split_once(':').map_or("", |(_, value)| value);
                    part.value.as_ref().is_none_or(|wanted| wanted == value)
                })
                .count(),
        };
        let wanted = usize::from(part.value.is_some());
        (times != wanted).then(|| format!("{part:?} is there {times} times"))
    })
}

/// The lines of a card, unfolded.
fn lines(card: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(card).replace("\r\n", "\n").replace("\n ", "");
    text.lines().map(str::to_owned).collect()
}
