//! How a failure is told.

use crate::Failure;
use crate::ui::{Ui, clean, clean_lines};

/// Tells what happened, its causes below it, and after a blank line what helps.
pub fn print(ui: &Ui, failure: &Failure) {
    for line in lines(failure) {
        ui.warn(line);
    }
}

/// The lines that [`print`] writes. A cause that only repeats what stands above it is left out.
pub fn lines(failure: &Failure) -> Vec<String> {
    let mut told = failure.error.to_string();
    let mut lines = Vec::new();
    for (number, line) in clean_lines(&told).enumerate() {
        lines.push(if number == 0 { format!("error: {line}") } else { format!("  {line}") });
    }
    for cause in failure.error.chain().skip(1).map(ToString::to_string) {
        if !cause.is_empty() && !told.contains(&cause) {
            lines.push(format!("  {}", clean(cause.trim_end())));
            told = cause;
        }
    }
    if let Some(hint) = &failure.hint {
        lines.push(String::new());
        for (number, line) in clean_lines(hint).enumerate() {
            lines.push(if number == 0 { format!("hint: {line}") } else { format!("  {line}") });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::Exit;

    #[test]
    fn a_failure_says_what_happened_why_and_what_helps() {
        let cases = [
            (Failure::usage("no such account"), vec!["error: no such account"]),
            (
                Failure::usage("no such account").hint("there are:\nhome\nwork"),
                vec!["error: no such account", "", "hint: there are:", "  home", "  work"],
            ),
            (
                Failure::new(
                    Exit::Failed,
                    anyhow!("disk\u{1b}[2J full").context("cannot write a.vcf"),
                ),
                vec!["error: cannot write a.vcf", "  disk\u{fffd}[2J full"],
            ),
            (
                Failure::new(Exit::Failed, anyhow!("timed out").context("work: timed out")),
                vec!["error: work: timed out"],
            ),
        ];
        for (failure, expected) in cases {
            assert_eq!(lines(&failure), expected);
        }
    }
}
