//! From what a form said and says to edits.

use contactcmd_domain::vcard::{Content, Edit, Field, Said};

use super::{Line, Shown};

/// The edits that lead from what was shown to what is there now, in the order to apply them in, each
/// with the line of the form that asks for it (`None`: a line that is gone).
///
/// Lines are paired as a person would: the same line, then another value of the same label, then
/// another label of the same value. Their order means nothing.
pub(super) fn edits(shown: &[Shown], lines: Vec<Line>) -> Vec<(Option<usize>, Edit)> {
    let mut gone: Vec<&Shown> = shown.iter().collect();
    let mut come = lines;
    let mut edits = Vec::new();
    for alike in [same, same_label, same_content] {
        come.retain(|line| {
            let Some(at) = gone.iter().position(|shown| alike(&shown.read, &line.said)) else {
                return true;
            };
            let shown = gone.remove(at);
            edits.extend(change(shown, &line.said).map(|edit| (Some(line.number), edit)));
            false
        });
    }
    // The name is made of its parts, so these come first.
    let (name, gone): (Vec<_>, Vec<_>) =
        gone.into_iter().partition(|shown| shown.said.field == Field::Name);
    let remove = |shown: &Shown| (None, Edit::Remove(shown.said.clone()));
    edits.extend(gone.into_iter().map(remove));
    edits.extend(come.into_iter().map(|line| (Some(line.number), Edit::Add(line.said))));
    edits.extend(name.into_iter().map(remove));
    edits
}

fn same(one: &Said, other: &Said) -> bool {
    one == other
}

fn same_label(one: &Said, other: &Said) -> bool {
    one.field == other.field && one.label == other.label
}

fn same_content(one: &Said, other: &Said) -> bool {
    one.field == other.field && one.content == other.content
}

fn change(shown: &Shown, now: &Said) -> Option<Edit> {
    let Shown { said, read } = shown;
    if read.content != now.content {
        Some(Edit::Set(said.clone(), changed_content(shown, &now.content)))
    } else if read.label != now.label {
        Some(Edit::Relabel(said.clone(), now.label.clone()))
    } else {
        None
    }
}

/// The new value; components of an address that were not touched are those of the card.
fn changed_content(shown: &Shown, now: &Content) -> Content {
    match (&shown.said.content, &shown.read.content, now) {
        (Content::Address(said), Content::Address(read), Content::Address(now)) => {
            let mut parts = now.clone();
            for ((part, read), said) in parts.iter_mut().zip(read).zip(said) {
                if *part == *read {
                    said.clone_into(part);
                }
            }
            Content::Address(parts)
        }
        _ => now.clone(),
    }
}
