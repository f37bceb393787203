//! Whose history is meant: also of a contact that is gone.

use contactcmd_domain::contact::{ContactId, fold};
use contactcmd_ports::ContactRepo;

use crate::commands::search::words;
use crate::commands::who;
use crate::{Exit, Failure};

/// The contacts that `who` means, with what they were last called: one that is here as
/// [`who::find`] finds it, and those of the same whole name that are gone. When nobody here is
/// meant, those who are gone by id, by the start of one, or by words.
///
/// # Errors
///
/// As for [`who::find`].
pub(super) fn find(repo: &dyn ContactRepo, who: &str) -> Result<Vec<(ContactId, String)>, Failure> {
    let who = who.trim();
    let gone = repo.gone()?;
    let of_that_name = |known: &&(ContactId, String)| fold(&known.1) == fold(who);
    let mut found: Vec<_> = gone.iter().filter(of_that_name).cloned().collect();
    match who::find(repo, who) {
        Ok(here) => found.insert(0, (here.id, here.person.name)),
        Err(failure) if failure.exit != Exit::Failed => return Err(failure),
        Err(nobody) => {
            if found.is_empty() {
                found = gone.into_iter().filter(|known| is_meant(known, who)).collect();
            }
            if found.is_empty() {
                return Err(nobody);
            }
        }
    }
    Ok(found)
}

fn is_meant((id, name): &(ContactId, String), who: &str) -> bool {
    let digits = |text: &str| text.replace('-', "").to_lowercase();
    let start = digits(who);
    if start.len() >= 4 && digits(&id.to_string()).starts_with(&start) {
        return true;
    }
    let (name, words) = (fold(name), words(who));
    !words.is_empty() && words.iter().all(|word| name.contains(word))
}
