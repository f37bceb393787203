//! `add`.

use contactcmd_domain::contact::{ContactId, Person, fold};
use contactcmd_domain::vcard::{self, Card, Edit, Field, Said};
use contactcmd_ports::{Change, ContactRepo, ListQuery, NewContact, Open, RepoError, Summary};

use super::fields::{Asked, same_number};
use super::{open, open_after_asking};
use crate::cli::{AddArgs, FieldArgs, Global};
use crate::ui::{clean, contact, prompt};
use crate::{Exit, Failure, World};

/// Adds a contact: of the options, else of what it asks for. Prints its line with its id.
///
/// # Errors
///
/// [`Exit::Usage`] when an option cannot be used, or when there is nothing to call the contact by, or
/// no option and nobody to ask: nothing is added. Else what the store fails with.
pub fn run(args: &AddArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let asked;
    let asks = args.fields == FieldArgs::default();
    let fields = if asks {
        asked = ask(world)?;
        &asked
    } else {
        &args.fields
    };
    let id = ContactId::from_random((world.random)());
    let card = card(&Asked::of(&world.ui, fields, &[])?, id)?;
    let index = vcard::index(&card);
    let mut repo = match asks {
        true => open_after_asking(world, global)?,
        false => open(world, global, Open::Write)?,
    };
    if let Some(twin) = twin(repo.as_ref(), &index.person)? {
        let name = clean(&twin.person.name);
        world
            .ui
            .warn(format!("{name} was here already, with the same phone or e-mail: {}", twin.id));
    }
    let name = index.person.name.clone();
    let contact = NewContact { id, vcard: card.into_bytes(), index };
    let run = repo.begin_run("add", (world.now)())?;
    repo.apply(run, (world.now)(), &[Change::Insert { contact, link: None }])?;
    world.ui.result(contact::line('+', &name, &id.to_string()));
    Ok(Exit::Done)
}

/// The card of a new contact. Its UID is the id: one name less to keep apart.
///
/// PRODID is left out: it says nothing about the contact.
fn card(asked: &Asked<'_>, id: ContactId) -> Result<Card, Failure> {
    let (mut card, _) = asked.apply(&vcard::blank(&id.to_string()))?;
    if !vcard::fields(&card).iter().any(|said| said.field == Field::Name) {
        let name = vcard::derived_name(&card).ok_or_else(|| {
            Failure::usage("there is nothing to call the contact by")
                .hint("give a name, an organisation, an e-mail address or a phone number")
        })?;
        let edit = Edit::Add(Said::text(Field::Name, name));
        vcard::apply(&mut card, &edit).map_err(|unfit| Failure::new(Exit::Failed, unfit))?;
    }
    Ok(card)
}

/// A contact of the same name that has one of the e-mail addresses or phone numbers.
fn twin(repo: &dyn ContactRepo, new: &Person) -> Result<Option<Summary>, RepoError> {
    let query = ListQuery { named: Some(fold(&new.name)), ..ListQuery::default() };
    let same = |known: &Person| {
        let email = |one: &str| {
            let known = known.emails.iter();
            known.into_iter().any(|known| known.value.eq_ignore_ascii_case(one))
        };
        let phone = |one: &str| known.phones.iter().any(|known| same_number(&known.value, one));
        new.emails.iter().any(|one| email(&one.value))
            || new.phones.iter().any(|one| phone(&one.value))
    };
    Ok(repo.list(&query)?.contacts.into_iter().find(|known| same(&known.person)))
}

fn ask(world: &World) -> Result<FieldArgs, Failure> {
    if !prompt::can_ask(&world.ui) {
        return Err(Failure::usage("there is nobody to ask what the contact is called")
            .hint("use the options, such as `contactcmd add --given Ada --phone work=+1555`"));
    }
    world.ui.say("Leave empty what you do not know. A type can stand before a value: work=+1 555");
    questions(&mut |question| Ok(prompt::text(&world.ui, question)?.unwrap_or_default()))
}

/// The options that the answers amount to; phones and e-mail addresses are asked for until there is
/// no more.
fn questions(ask: &mut dyn FnMut(&str) -> Result<String, Failure>) -> Result<FieldArgs, Failure> {
    let mut one = |question: &str| -> Result<Option<String>, Failure> {
        let answer = ask(question)?.trim().to_owned();
        Ok((!answer.is_empty()).then_some(answer))
    };
    let mut fields = FieldArgs {
        given: one("Given name")?,
        family: one("Family name")?,
        org: one("Organisation")?,
        ..FieldArgs::default()
    };
    while let Some(phone) = one(if fields.phones.is_empty() { "Phone" } else { "Another phone" })? {
        fields.phones.push(phone);
    }
    while let Some(email) = one(if fields.emails.is_empty() { "E-mail" } else { "Another e-mail" })?
    {
        fields.emails.push(email);
    }
    fields.birthday = birthday(&mut one)?;
    fields.note = one("Note")?;
    Ok(fields)
}

/// A mistake here must not cost what was answered before: it is asked for again.
fn birthday(
    one: &mut dyn FnMut(&str) -> Result<Option<String>, Failure>,
) -> Result<Option<String>, Failure> {
    let mut question = "Birthday (1980-01-15, --01-15 or 1980)";
    loop {
        match one(question)? {
            Some(day) if !vcard::Date::read(&day).is_some_and(|date| date.exists()) => {
                question = "That is no date. Birthday (1980-01-15, --01-15 or 1980)";
            }
            answer => return Ok(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Stage;

    /// The card without the line of its UID.
    fn added(stage: &Stage) -> String {
        let card = String::from_utf8(stage.repo.cards().pop().unwrap()).unwrap();
        let (before, uid) = card.split_once("UID:").unwrap();
        let (uid, after) = uid.split_once("\r\n").unwrap();
        assert_eq!(stage.stdout().trim_end().rsplit(' ').next(), Some(uid));
        format!("{before}{after}").replace("\r\n", "|")
    }

    #[test]
    fn a_new_card_has_all_that_servers_want() {
        let cases: [(&[&str], &str, &str); 6] = [
            (
                &["--given", "Ada", "--family", "Lovelace", "--prefix", "Lady"],
                "Lady Ada Lovelace",
                "N:Lovelace;Ada;;Lady;|FN:Lady Ada Lovelace|",
            ),
            (&["--fn", "Ada", "--given", "Augusta"], "Ada", "N:;Augusta;;;|FN:Ada|"),
            (&["--org", "Acme; Ltd"], "Acme; Ltd", "N:;;;;|FN:Acme\\; Ltd|ORG:Acme\\; Ltd|"),
            (&["--email", "a@b", "--phone", "1"], "a@b", "N:;;;;|FN:a@b|EMAIL:a@b|TEL:1|"),
            (&["--phone", "Hut=1"], "1", "N:;;;;|FN:1|item1.TEL:1|item1.X-ABLabel:Hut|"),
            (
                &["--nickname", "Bee", "--category", "x", "--category", "y,z", "--title", ""],
                "Bee",
                "N:;;;;|FN:Bee|NICKNAME:Bee|CATEGORIES:x,y\\,z|",
            ),
        ];
        for (args, name, lines) in cases {
            let stage = Stage::new();
            assert_eq!(stage.run(&[&["add"], args].concat()), Exit::Done, "{}", stage.stderr());
            assert!(stage.stdout().starts_with(&format!("+ {name}   ")), "{}", stage.stdout());
            let expected = format!("BEGIN:VCARD|VERSION:3.0|{lines}END:VCARD|");
            assert_eq!(added(&stage), expected, "{args:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_contact_is_not_added() {
        let cases: [(&[&str], &str); 6] = [
            (&["add"], "nobody to ask"),
            (&["add", "--note", "n"], "nothing to call the contact by"),
            (&["add", "--given", ""], "nothing to call the contact by"),
            (&["add", "--given", "A", "--birthday", "1981-02-29"], "--birthday: it is not a date"),
            (&["add", "--given", "A", "--phone", "work="], "--phone `work=` has no value"),
            (&["add", "--given", "A", "--address", "1;2;3;4;5;6"], "--address: an address has"),
        ];
        for (args, words) in cases {
            let stage = Stage::new();
            assert_eq!(stage.run(args), Exit::Usage, "{args:?}");
            assert!(stage.stderr().contains(words), "{args:?}: {}", stage.stderr());
            assert!(stage.repo.cards().is_empty(), "{args:?}");
        }
    }

    #[test]
    fn a_contact_that_seems_to_be_here_is_added_with_a_warning() {
        let known = "BEGIN:VCARD\r\nFN:Ada\r\nTEL:+1 (5) 55\r\nEMAIL:A@b\r\nEND:VCARD\r\n";
        let cases = [
            (&["add", "--fn", "ADA", "--phone", "work=+1555"][..], true),
            (&["add", "--fn", "Ada", "--email", "a@B"], true),
            (&["add", "--fn", "Ada", "--email", "c@d"], false),
            (&["add", "--fn", "Bob", "--email", "a@b"], false),
        ];
        for (args, warned) in cases {
            let stage = Stage::new().cards(&[known]);
            assert_eq!(stage.run(args), Exit::Done, "{args:?}");
            assert_eq!(stage.stderr().contains("was here already"), warned, "{args:?}");
            assert_eq!(stage.repo.cards().len(), 2, "{args:?}");
        }
    }

    #[test]
    fn answers_become_options_and_a_mistake_is_asked_for_again() {
        let answers =
            [" Ada ", "", "Acme", "work=1", "2", "", "", "tomorrow", "--12-10", "likes maths"];
        let mut answers = answers.into_iter();
        let mut asked = Vec::new();
        let fields = questions(&mut |question| {
            asked.push(question.to_owned());
            Ok(answers.next().unwrap().to_owned())
        });
        let expected = FieldArgs {
            given: Some("Ada".to_owned()),
            org: Some("Acme".to_owned()),
            phones: vec!["work=1".to_owned(), "2".to_owned()],
            birthday: Some("--12-10".to_owned()),
            note: Some("likes maths".to_owned()),
            ..FieldArgs::default()
        };
        assert_eq!(fields.unwrap(), expected);
        assert!(asked[8].starts_with("That is no date."), "{asked:?}");
    }
}
