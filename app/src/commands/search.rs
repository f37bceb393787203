//! `search`.

use contactcmd_domain::contact::fold;

use super::list;
use crate::cli::{Global, SearchArgs};
use crate::ui::clean;
use crate::{Exit, Failure, World};

/// Lists the contacts in which all words occur; exit 1 when there are none, as `grep` does.
///
/// # Errors
///
/// [`Exit::Usage`] without a word; else what opening or reading the store fails with.
pub fn run(args: &SearchArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let query = args.query.join(" ");
    let words = words(&query);
    if words.is_empty() {
        return Err(Failure::usage("there is no word to search for")
            .hint("`contactcmd list` gives all contacts"));
    }
    if list::print(&args.listing, words, global, world)? == 0 {
        world.ui.say(format!("nothing matches `{}`", clean(query.trim())));
        return Ok(Exit::Failed);
    }
    Ok(Exit::Done)
}

/// The words of a query as the store looks for them.
pub(super) fn words(query: &str) -> Vec<String> {
    fold(query).split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use crate::Exit;
    use crate::commands::testing::{Stage, contact};

    #[test]
    fn all_words_must_occur_without_case_and_accents() {
        let stage = Stage::new().contacts(vec![
            contact(1, "Jörg Müller"),
            contact(2, "Jörg Meier"),
            contact(3, "Ada Lovelace"),
        ]);
        // query -> names found
        let cases: [(&[&str], &[&str]); 5] = [
            (&["jorg"], &["Jörg Meier", "Jörg Müller"]),
            (&["MULLER", "jö"], &["Jörg Müller"]),
            (&["muller jorg"], &["Jörg Müller"]),
            (&["ada", "jorg"], &[]),
            (&["zuse"], &[]),
        ];
        for (query, names) in cases {
            let exit = stage.run(&[&["search"], query].concat());
            let printed = stage.take_stdout();
            let found: Vec<_> =
                printed.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect();
            assert_eq!(found, names, "{query:?}");
            assert_eq!(exit, if names.is_empty() { Exit::Failed } else { Exit::Done });
        }
        assert!(stage.stderr().ends_with("nothing matches `zuse`\n"), "{}", stage.stderr());
    }

    #[test]
    fn a_search_for_nothing_is_a_mistake() {
        let stage = Stage::new();
        assert_eq!(stage.run(&["search", "  "]), Exit::Usage);
        assert!(stage.stderr().contains("contactcmd list"), "{}", stage.stderr());
    }
}
