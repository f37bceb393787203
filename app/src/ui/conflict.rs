//! Two cards side by side.

use comfy_table::{ContentArrangement, Table, presets};
use contactcmd_domain::sync::pick::Difference;
use contactcmd_domain::vcard::Says;

use super::{Ui, clean_lines};

/// How much of a long text to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Long {
    /// Its beginning.
    Clipped,
    /// All of it.
    Whole,
}

/// What stands in the columns besides the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// Here and on the server.
    Both,
    /// Here, on the server, and when both last agreed.
    WithBase,
    /// When both last agreed, which the differences have as `here`, and on the server: it was
    /// deleted here.
    Deleted,
}

/// The fields in which two cards differ, a row each, as a table as wide as the terminal.
pub fn side_by_side(ui: &Ui, differences: &[Difference], columns: Columns, long: Long) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !ui.terminal.stdout {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(match columns {
        Columns::Both => vec!["", "Here", "On the server"],
        Columns::WithBase => vec!["", "Here", "On the server", "Before"],
        Columns::Deleted => vec!["", "Before", "On the server"],
    });
    for one in differences {
        let mut row = vec![words(&one.name(), long)];
        row.extend([&one.here, &one.there].map(|values| in_lines(values, long)));
        if columns == Columns::WithBase {
            row.push(in_lines(&one.base, long));
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// Some values in one short line: a menu gets confused by entries that are wider than the terminal.
pub fn in_a_line(values: &[Says]) -> String {
    const MOST: usize = 50;
    let values: Vec<_> = values.iter().map(|value| said(value, Long::Clipped)).collect();
    let line = values.join(", ").replace('\n', " ");
    match line.char_indices().nth(MOST) {
        Some((cut, _)) => format!("{}…", line.get(..cut).unwrap_or_default()),
        None if line.is_empty() => NOTHING.to_owned(),
        None => line,
    }
}

const NOTHING: &str = "-";

fn in_lines(values: &[Says], long: Long) -> String {
    let lines: Vec<_> = values.iter().map(|value| said(value, long)).collect();
    if lines.is_empty() { NOTHING.to_owned() } else { lines.join("\n") }
}

fn said(value: &Says, long: Long) -> String {
    match value {
        Says::Text(text) => words(text, long),
        Says::Bytes { media, length } => {
            let media = media.as_deref().unwrap_or("data");
            words(&format!("{media}, {}", size(*length)), long)
        }
    }
}

/// A text made harmless, and cut where it is long.
fn words(text: &str, long: Long) -> String {
    const MOST: usize = 200;
    let text = clean_lines(text).collect::<Vec<_>>().join("\n");
    let length = text.chars().count();
    if long == Long::Whole || length <= MOST {
        return text;
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}… ({} characters more)", length - MOST)
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use contactcmd_domain::sync::pick::Edited;

    use super::*;
    use crate::commands::testing::Stage;

    #[test]
    fn values_stand_side_by_side_and_long_ones_are_cut() {
        let text = |text: &str| vec![Says::Text(text.to_owned())];
        let difference = |field: &str, here, there| Difference {
            field: field.to_owned(),
            label: None,
            here,
            there,
            base: Vec::new(),
            edited: Edited::Both,
        };
        let photo = Says::Bytes { media: Some("image/png".into()), length: 12_001 };
        let differences = [
            difference("note", text("a\nb\u{1b}"), text(&"x".repeat(203))),
            difference("photo", vec![photo], Vec::new()),
        ];
        let ui = Stage::new().world().ui;
        let clipped = side_by_side(&ui, &differences, Columns::Both, Long::Clipped);
        let lines: Vec<_> = clipped.lines().map(str::trim_end).collect();
        assert_eq!(lines[0], "       Here              On the server");
        assert!(lines[1].starts_with("note   a                 xxx"), "{clipped}");
        assert!(lines[1].ends_with("x… (3 characters more)"), "{clipped}");
        assert_eq!(lines[2], "       b\u{fffd}");
        assert_eq!(lines[3], "photo  image/png, 13 kB  -");
        let whole = side_by_side(&ui, &differences, Columns::WithBase, Long::Whole);
        assert!(whole.contains(&"x".repeat(203)), "{whole}");
        assert_eq!(in_a_line(&differences[0].here), "a b\u{fffd}");
        assert_eq!(in_a_line(&differences[0].there), format!("{}…", "x".repeat(50)));
    }

    #[test]
    fn a_size_has_a_unit_that_fits() {
        for (bytes, words) in [(999, "999 bytes"), (1000, "1 kB"), (2_340_000, "2.3 MB")] {
            assert_eq!(size(bytes), words);
        }
    }
}
