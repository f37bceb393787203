//! Which contact is meant.

use contactcmd_domain::contact::{Uid, fold};
use contactcmd_ports::{ContactRepo, ListPage, ListQuery, RepoError, Summary};

use super::search::words;
use crate::ui::{clean, table};
use crate::{Exit, Failure};

/// The contact that `who` means: first by its whole name or nickname, then by id or the start of
/// one, then by UID, then by words that only one contact has.
///
/// # Errors
///
/// [`Exit::Usage`] when several are meant: they are listed with their ids. [`Exit::Failed`] when
/// there is none. [`RepoError`] as a failure.
pub fn find(repo: &dyn ContactRepo, who: &str) -> Result<Summary, Failure> {
    let who = who.trim();
    for look in [by_name, by_id, by_uid, by_words] {
        let found = look(repo, who)?;
        let mut contacts = found.contacts.into_iter();
        match (contacts.next(), contacts.next()) {
            (None, _) => {}
            (Some(only), None) => return Ok(only),
            (Some(one), Some(two)) => {
                let candidates: Vec<_> = [one, two].into_iter().chain(contacts).collect();
                return Err(ambiguous(who, &candidates, found.total));
            }
        }
    }
    Err(Failure::new(Exit::Failed, anyhow::anyhow!("there is no contact `{who}`"))
        .hint("`contactcmd search WORD` finds contacts by any word in them"))
}

/// How many of the contacts that could be meant are listed.
const CANDIDATES: u64 = 10;

/// A whole name counts before a nickname.
fn by_name(repo: &dyn ContactRepo, who: &str) -> Result<ListPage, RepoError> {
    let name = fold(who);
    if name.is_empty() {
        return Ok(ListPage::default());
    }
    let query =
        ListQuery { named: Some(name.clone()), limit: Some(CANDIDATES), ..ListQuery::default() };
    let found = repo.list(&query)?;
    let of_that_name = |contact: &&Summary| fold(&contact.person.name) == name;
    let mut by_that_name = found.contacts.iter().filter(of_that_name);
    match (by_that_name.next(), by_that_name.next()) {
        (Some(only), None) => Ok(ListPage { contacts: vec![only.clone()], total: 1 }),
        _ => Ok(found),
    }
}

/// Four digits or more, so that few names are taken for one.
fn by_id(repo: &dyn ContactRepo, who: &str) -> Result<ListPage, RepoError> {
    let digits = who.chars().filter(|c| *c != '-').count();
    let is_prefix = who.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if !is_prefix || !(4..=32).contains(&digits) {
        return Ok(ListPage::default());
    }
    Ok(whole(repo.by_id_prefix(who)?))
}

fn by_uid(repo: &dyn ContactRepo, who: &str) -> Result<ListPage, RepoError> {
    let mut found = Vec::new();
    for contact in repo.by_uid(&Uid(who.to_owned()).key())? {
        found.extend(repo.by_id_prefix(&contact.id.to_string())?);
    }
    Ok(whole(found))
}

fn by_words(repo: &dyn ContactRepo, who: &str) -> Result<ListPage, RepoError> {
    let words = words(who);
    if words.is_empty() {
        return Ok(ListPage::default());
    }
    repo.list(&ListQuery { words, limit: Some(CANDIDATES), ..ListQuery::default() })
}

fn whole(contacts: Vec<Summary>) -> ListPage {
    ListPage { total: contacts.len().try_into().unwrap_or(u64::MAX), contacts }
}

fn ambiguous(who: &str, candidates: &[Summary], total: u64) -> Failure {
    let mut words = format!("`{}` could be any of {total} contacts:", clean(who));
    let shown = candidates.iter().take(CANDIDATES.try_into().unwrap_or(usize::MAX));
    let ids: Vec<String> = candidates.iter().map(|contact| contact.id.to_string()).collect();
    let length = unique_length(&ids);
    let mut listed = 0;
    for (contact, id) in shown.zip(&ids) {
        let start = id.get(..length).unwrap_or(id);
        let mail = clean(table::first(&contact.person.emails));
        let line = format!("\n{start}  {}  {mail}", table::name(&contact.person));
        words.push_str(line.trim_end());
        listed += 1;
    }
    if total > listed {
        words.push_str(&format!("\nand {} more", total - listed));
    }
    Failure::usage(words).hint("give more of the name, or the id")
}

/// How much of the ids tells them apart; a group of digits at least.
fn unique_length(ids: &[String]) -> usize {
    let differ = |length: &usize| {
        let mut starts: Vec<_> = ids.iter().filter_map(|id| id.get(..*length)).collect();
        starts.sort_unstable();
        starts.windows(2).all(|pair| pair.first() != pair.last())
    };
    [8, 13, 18, 23].into_iter().find(differ).unwrap_or(36)
}

#[cfg(test)]
mod tests {
    use contactcmd_ports::Open;

    use super::*;
    use crate::commands::testing::{Memory, contact, id};

    fn book() -> impl ContactRepo {
        let mut byron = contact(1, "Ada Byron");
        byron.person.nicknames = vec!["Countess".into()];
        byron.uid = Some("urn:uuid:UID-1".into());
        let mut lovelace = contact(2, "Ada Lovelace");
        lovelace.person.nicknames = vec!["Ada Byron".into()];
        let mut beef = contact(3, "Beef");
        beef.uid = Some("uid-3".into());
        Memory::with(vec![byron, lovelace, beef, contact(0xbe, "Twin"), contact(0xbf, "Twin")])
            .open(Open::Read)
    }

    #[test]
    fn a_contact_is_found_by_name_id_uid_or_words() {
        let full = id(2).to_string();
        // what was typed -> the number of the contact, or the exit code
        let cases: [(&str, Result<u8, Exit>); 14] = [
            ("ada lovelace", Ok(2)),
            ("ADA BYRON", Ok(1)),
            ("countess", Ok(1)),
            (&full, Ok(2)),
            (&full[..4], Ok(2)),
            ("beef", Ok(3)),
            ("bebe", Ok(0xbe)),
            ("uid-1", Ok(1)),
            ("urn:uuid:UID-3", Ok(3)),
            ("love", Ok(2)),
            (" lovelace ada ", Ok(2)),
            ("ada", Err(Exit::Usage)),
            ("twin", Err(Exit::Usage)),
            ("nobody", Err(Exit::Failed)),
        ];
        for (who, expected) in cases {
            let found = find(&book(), who).map(|found| found.id).map_err(|failure| failure.exit);
            assert_eq!(found, expected.map(id), "{who}");
        }
    }

    #[test]
    fn several_are_listed_with_what_tells_them_apart() {
        let failure = find(&book(), "twin").unwrap_err();
        assert_eq!(
            failure.error.to_string(),
            "`twin` could be any of 2 contacts:\nbebebebe  Twin\nbfbfbfbf  Twin"
        );
        let many = (0..25).map(|n| contact(n, "Twin")).collect();
        let words =
            find(&Memory::with(many).open(Open::Read), "twin").unwrap_err().error.to_string();
        assert_eq!(words.lines().count(), 12, "{words}");
        assert!(words.ends_with("\nand 15 more"), "{words}");
    }
}
