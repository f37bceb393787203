//! `show`.

use contactcmd_domain::contact::Uid;
use contactcmd_ports::{ContactRepo, ExternalId, Open, RepoError, Summary};

use super::{open, who};
use crate::cli::{Global, ShowArgs};
use crate::ui::{clean, contact, json};
use crate::{Exit, Failure, World};

/// Shows one contact.
///
/// # Errors
///
/// As for [`who::find`]; else what opening or reading the store fails with.
pub fn run(args: &ShowArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let repo = open(world, global, Open::Read)?;
    let found = who::find(repo.as_ref(), &args.who.join(" "))?;
    let places = repo.external_ids(&[found.id])?;
    if args.json {
        json::object(&world.ui, &found, &places)?;
    } else {
        let places: Vec<ExternalId> = places.into_iter().map(|(_, place)| place).collect();
        contact::print(&world.ui, &found, &places, &members(repo.as_ref(), &found)?);
    }
    Ok(Exit::Done)
}

/// The members of a group by name where they are here, else as the card has them.
fn members(repo: &dyn ContactRepo, group: &Summary) -> Result<Vec<String>, RepoError> {
    let name = |member: &String| -> Result<String, RepoError> {
        let here = repo.by_uid(&Uid(member.clone()).key())?;
        let name = here.first().map_or(member, |contact| &contact.name);
        Ok(clean(name).into_owned())
    };
    group.person.members.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use contactcmd_domain::contact::Kind;

    use crate::Exit;
    use crate::commands::testing::{Stage, contact, id};

    #[test]
    fn a_group_shows_its_members_by_name_where_known() {
        let mut ada = contact(1, "Ada Lovelace");
        ada.uid = Some("UID-1".into());
        let mut group = contact(2, "Friends");
        group.person.kind = Kind::Group;
        group.person.members = vec!["urn:uuid:uid-1".into(), "urn:uuid:gone\u{1b}".into()];
        let stage = Stage::new().contacts(vec![ada, group]);
        assert_eq!(stage.run(&["show", "Friends"]), Exit::Done);
        let stdout = stage.stdout();
        assert!(stdout.starts_with("Friends (group of 2)\n\n"), "{stdout}");
        assert!(
            stdout.contains("Members  Ada Lovelace\n         urn:uuid:gone\u{fffd}\n"),
            "{stdout}"
        );
    }

    #[test]
    fn one_object_is_printed_for_programs() {
        let stage = Stage::new().contacts(vec![contact(1, "Ada Lovelace")]);
        assert_eq!(stage.run(&["show", "Ada", "Lovelace", "--json"]), Exit::Done);
        let read: serde_json::Value = serde_json::from_str(&stage.stdout()).unwrap();
        assert_eq!(read["id"], id(1).to_string());
    }

    #[test]
    fn nobody_found_is_a_failure_with_a_hint() {
        let stage = Stage::new();
        assert_eq!(stage.run(&["show", "nobody"]), Exit::Failed);
        assert!(stage.stderr().contains("contactcmd search"), "{}", stage.stderr());
        assert_eq!(stage.stdout(), "");
    }
}
