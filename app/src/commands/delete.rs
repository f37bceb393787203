//! `delete`.

use contactcmd_ports::{Change, ExternalId, Open, Summary, Why};

use super::{NOTHING, open, open_after_asking, who};
use crate::cli::{DeleteArgs, Global};
use crate::ui::{clean, contact, prompt, table};
use crate::{Exit, Failure, World};

/// Deletes a contact, after asking. One that is on a server gets a tombstone, so that the next sync
/// deletes it there; any other is gone, but for the history.
///
/// # Errors
///
/// As for [`who::find`]; [`Exit::Usage`] when it was not told `--yes` and nobody can be asked: nothing
/// is deleted then. Else what the store fails with.
pub fn run(args: &DeleteArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let (found, places) = {
        let repo = open(world, global, Open::Read)?;
        let found = who::find(repo.as_ref(), &args.who.join(" "))?;
        let places = repo.external_ids(&[found.id])?;
        (found, places.into_iter().map(|(_, place)| place).collect::<Vec<_>>())
    };
    if !args.yes && !confirm(&found, &places, world)? {
        world.ui.say(NOTHING);
        return Ok(Exit::Done);
    }
    // While it asked it held no lock: a sync may have run.
    let mut repo = match args.yes {
        true => open(world, global, Open::Write)?,
        false => open_after_asking(world, global)?,
    };
    let name = &found.person.name;
    let Some(_) = repo.contact(found.id)? else {
        let error = anyhow::anyhow!("{} was deleted meanwhile", clean(name));
        return Err(Failure::new(Exit::Failed, error));
    };
    let linked = !repo.external_ids(&[found.id])?.is_empty();
    let (contact, why) = (found.id, Why("deleted".to_owned()));
    let change =
        if linked { Change::Bury { contact, why } } else { Change::Delete { contact, why } };
    let run = repo.begin_run("delete", (world.now)())?;
    repo.apply(run, (world.now)(), &[change])?;
    world.ui.result(contact::line('-', name, &found.id.to_string()));
    if linked {
        world.ui.say("`contactcmd sync carddav --direction sync` deletes it on the server too");
    }
    world.ui.say("`contactcmd undo` brings it back");
    Ok(Exit::Done)
}

fn confirm(found: &Summary, places: &[ExternalId], world: &World) -> Result<bool, Failure> {
    let words = describe(found, places);
    prompt::confirm(&world.ui, &format!("Delete {words}?"))?.ok_or_else(|| {
        Failure::usage(format!("this would delete {words}; nobody can be asked"))
            .hint("`--yes` deletes it without asking")
    })
}

/// Who it is, so that nobody deletes a namesake.
fn describe(found: &Summary, places: &[ExternalId]) -> String {
    let person = &found.person;
    let mut words = vec![table::name(person).into_owned()];
    for values in [&person.phones, &person.emails] {
        words.push(clean(table::first(values)).into_owned());
    }
    words.retain(|word| !word.is_empty());
    let books: Vec<_> = places
        .iter()
        .map(|place| format!("{} of {}", clean(&place.addressbook), clean(&place.account)))
        .collect();
    let place = match books.as_slice() {
        [] => "only here".to_owned(),
        books => format!("here and in {}", books.join(", ")),
    };
    format!("{} ({place})", words.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::Exit;
    use crate::commands::testing::{Stage, id};

    const ADA: &str = "BEGIN:VCARD\r\nFN:Ada\r\nTEL:+44 20\r\nEMAIL:a@b\r\nEND:VCARD\r\n";
    const FRIENDS: &str = "BEGIN:VCARD\r\nFN:Friends\r\nX-ADDRESSBOOKSERVER-KIND:group\r\n\
        X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1\r\nEND:VCARD\r\n";

    #[test]
    fn a_contact_that_is_only_here_is_gone_and_its_groups_stay() {
        let stage = Stage::new().cards(&[ADA, FRIENDS]);
        assert_eq!(stage.run(&["delete", "ada", "--yes"]), Exit::Done);
        assert_eq!(stage.stdout(), format!("- Ada   {}\n", id(1)));
        assert!(stage.stderr().contains("`contactcmd undo`"), "{}", stage.stderr());
        assert_eq!(stage.repo.cards(), [FRIENDS.as_bytes()]);
        assert_eq!(stage.repo.buried(), []);
    }

    #[test]
    fn a_contact_that_is_on_a_server_gets_a_tombstone() {
        let stage = Stage::new().cards(&[ADA, FRIENDS]);
        stage.repo.link(id(1));
        assert_eq!(stage.run(&["delete", "ada", "-y"]), Exit::Done);
        assert_eq!(stage.repo.buried(), [id(1)]);
        assert!(stage.stderr().contains("on the server too"), "{}", stage.stderr());
    }

    #[test]
    fn nothing_is_deleted_when_nobody_can_be_asked_or_it_is_not_clear_who() {
        let cases = [
            (
                &["delete", "ada"][..],
                Exit::Usage,
                "delete Ada, +44 20, a@b (here and in Colleagues of work)",
            ),
            (&["delete", "nobody", "--yes"], Exit::Failed, "there is no contact `nobody`"),
            (&["delete", "Friends", "and", "more"], Exit::Failed, "no contact"),
            (&["delete", "twin", "--yes"], Exit::Usage, "could be any of 2"),
        ];
        let twin = "BEGIN:VCARD\r\nFN:Twin\r\nEND:VCARD\r\n";
        for (args, exit, words) in cases {
            let stage = Stage::new().cards(&[ADA, FRIENDS, twin, twin]);
            stage.repo.link(id(1));
            assert_eq!(stage.run(args), exit, "{args:?}");
            assert!(stage.stderr().contains(words), "{args:?}: {}", stage.stderr());
            assert_eq!((stage.repo.cards().len(), stage.stdout().as_str()), (4, ""), "{args:?}");
        }
    }
}
