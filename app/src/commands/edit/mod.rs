//! `edit`.

mod editor;

use contactcmd_domain::contact::{ContactId, Index, Uid};
use contactcmd_domain::sync::snapshot::StoredContact;
use contactcmd_domain::vcard::{self, Card, Followed};
use contactcmd_ports::{Change, ContactRepo, Editor, Open, Why};

use self::editor::Draft;
use super::fields::Asked;
use super::{meanwhile, open, open_after_asking, who};
use crate::cli::{EditArgs, FieldArgs, Global};
use crate::form::Form;
use crate::ui::{clean, contact, prompt};
use crate::{Exit, Failure, World};

/// Changes a contact by the options, or without any in the user's editor. Nothing is written unless
/// something changed.
///
/// # Errors
///
/// As for [`who::find`]; [`Exit::Usage`] when an option cannot be used, or when there is none and no
/// terminal; [`Exit::Failed`] when the editor failed, or when the contact was changed meanwhile: what
/// was typed is kept in a file then. Else what the store fails with.
pub fn run(args: &EditArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let by_options = args.fields != FieldArgs::default() || !args.remove.is_empty();
    if !by_options && !prompt::can_ask(&world.ui) {
        return Err(Failure::usage("there is no terminal to edit on")
            .hint("use the options, such as `--phone work=+1555`; `--help` lists them"));
    }
    // No lock is held while somebody types.
    let repo = open(world, global, Open::Read)?;
    let stored = contact_of(repo.as_ref(), &args.who.join(" "))?;
    let before = Card::parse(stored.vcard.clone());
    if by_options {
        let asked = Asked::of(&world.ui, &args.fields, &args.remove)?;
        drop(repo);
        let (after, name) = asked.apply(&before)?;
        let open = || open(world, global, Open::Write);
        finish(&Edited { stored, before, after, name }, &open, world)?;
        return Ok(Exit::Done);
    }
    let form = Form::of(&before, &|uid| name_of(repo.as_ref(), uid));
    drop(repo);
    let mut draft = Draft::new((world.random)(), form.text()).map_err(|error| {
        let error = anyhow::Error::new(error).context("the form cannot be written");
        Failure::new(Exit::Failed, error)
    })?;
    let result = in_editor(&form, &draft, world).and_then(|edited| {
        let (after, name) = edited.unwrap_or_else(|| (before.clone(), Followed::Kept));
        let open = || open_after_asking(world, global);
        finish(&Edited { stored, before: before.clone(), after, name }, &open, world)
    });
    result.map_err(|failure| keep(&mut draft, form.text(), failure))?;
    Ok(Exit::Done)
}

/// Opens the store for writing.
type OpenStore<'a> = dyn Fn() -> Result<Box<dyn ContactRepo>, Failure> + 'a;

/// A contact with its card before and after.
struct Edited {
    stored: StoredContact,
    before: Card,
    after: Card,
    name: Followed,
}

fn contact_of(repo: &dyn ContactRepo, who: &str) -> Result<StoredContact, Failure> {
    let found = who::find(repo, who)?;
    repo.contact(found.id)?.ok_or_else(|| meanwhile(&clean(&found.person.name)))
}

fn name_of(repo: &dyn ContactRepo, uid: &str) -> Option<String> {
    let here = repo.by_uid(&Uid(uid.to_owned()).key()).ok()?;
    here.into_iter().next().map(|contact| contact.name)
}

/// Lets the user edit until the form can be read; `None` when nothing was typed.
fn in_editor(
    form: &Form<'_>,
    draft: &Draft,
    world: &World,
) -> Result<Option<(Card, Followed)>, Failure> {
    let command = editor::command(world);
    let edit = || world.interrupt.left_to_another(|| draft.edit(&command));
    let again = || prompt::go_on(&world.ui, "Edit it again?").map(|yes| yes == Some(true));
    session(form, &edit, &mut |words| {
        world.ui.warn(clean(words));
        again()
    })
}

/// Edits (`edit` gives what was saved) until the form can be read or the user gives up. `again` says
/// what is wrong and asks.
fn session(
    form: &Form<'_>,
    edit: &dyn Fn() -> Result<String, Failure>,
    again: &mut dyn FnMut(&str) -> Result<bool, Failure>,
) -> Result<Option<(Card, Followed)>, Failure> {
    loop {
        let text = edit()?;
        // An emptied file is how one backs out of an editor, and no wish to lose the contact.
        if text == form.text() || text.trim().is_empty() {
            return Ok(None);
        }
        match form.apply(&text) {
            Ok(edited) => return Ok(Some(edited)),
            Err(mistake) => {
                if !again(&mistake.to_string())? {
                    let error = anyhow::Error::new(mistake).context("nothing is changed");
                    return Err(Failure::new(Exit::Failed, error));
                }
            }
        }
    }
}

/// Stores the edit, if it is one, and tells what it was.
fn finish(edited: &Edited, open: &OpenStore<'_>, world: &World) -> Result<(), Failure> {
    let Edited { stored, before, after, name } = edited;
    if before == after {
        world.ui.say(format!("{}: nothing to change", clean(&before.name())));
        return Ok(());
    }
    let mut card = after.clone();
    card.touch_rev((world.now)());
    let index = vcard::index(&card);
    let changes = vcard::diff(before, &card);
    let mut repo = open()?;
    let now = repo.contact(stored.id)?;
    if now.is_none_or(|now| now.vcard != stored.vcard) {
        return Err(meanwhile(&clean(&stored.name)));
    }
    let line = contact::line('~', &index.person.name, &contact::changes(&changes));
    let change = replace(stored.id, card, index);
    let run = repo.begin_run("edit", (world.now)())?;
    repo.apply(run, (world.now)(), &[change])?;
    world.ui.result(line);
    if *name == Followed::Left {
        let shown = clean(&after.name()).into_owned();
        world.ui.say(format!("the name that is shown stays `{shown}`; `--fn` changes it"));
    }
    Ok(())
}

fn replace(contact: ContactId, card: Card, index: Index) -> Change {
    let why = Why("edited".to_owned());
    Change::Replace { contact, vcard: card.into_bytes(), index, editor: Editor::User, why }
}

/// Keeps what was typed when it could not be used, and says where.
fn keep(draft: &mut Draft, form: &str, failure: Failure) -> Failure {
    match draft.text() {
        Ok(text) if text == form || text.trim().is_empty() => return failure,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return failure,
        _ => {}
    }
    let words = format!("what you typed is kept in {}", draft.keep().display());
    let hint = match &failure.hint {
        Some(hint) => format!("{words}\n{hint}"),
        None => words,
    };
    failure.hint(hint)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::commands::testing::{Folder, Stage};
    use crate::ui::Terminal;

    const ADA: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nX-KEPT;a=b: as  it is \r\n\
        N:Lovelace;Ada;;;\r\nFN:The Countess\r\nTEL;TYPE=CELL:1\r\nREV:20200101T000000Z\r\nEND:VCARD\r\n";

    const SOMEBODY: Terminal = Terminal { stdin: true, stdout: false, stderr: true };

    fn card(stage: &Stage) -> String {
        String::from_utf8(stage.repo.cards().remove(0)).unwrap()
    }

    #[test]
    fn options_change_what_they_name_and_the_line_says_so() {
        let stage = Stage::new().cards(&[ADA]);
        assert_eq!(
            stage.run(&["edit", "countess", "--phone", "cell=2", "--note", "n"]),
            Exit::Done
        );
        assert_eq!(stage.stdout(), "~ The Countess   phone cell changed, note added\n");
        let expected = ADA
            .replace("TEL;TYPE=CELL:1", "TEL;TYPE=CELL:2")
            .replace("REV:20200101T000000Z\r\n", "REV:19700101T000000Z\r\nNOTE:n\r\n");
        assert_eq!(card(&stage), expected);
        assert_eq!(stage.stderr(), "");
    }

    #[test]
    fn a_name_that_is_no_sum_of_its_parts_stays_and_this_is_said() {
        let stage = Stage::new().cards(&[ADA]);
        assert_eq!(stage.run(&["edit", "countess", "--family", "King"]), Exit::Done);
        assert_eq!(stage.stdout(), "~ The Countess   name changed\n");
        assert!(stage.stderr().contains("stays `The Countess`; `--fn`"), "{}", stage.stderr());
    }

    #[test]
    fn what_changes_nothing_or_cannot_be_done_writes_nothing() {
        let cases: [(&[&str], Exit, &str); 6] = [
            (&["edit", "countess", "--phone", "1"], Exit::Done, "The Countess: nothing to change"),
            (&["edit", "countess", "--remove", "note"], Exit::Usage, "has no note"),
            (
                &["edit", "countess", "--given", "A", "--birthday", "soon"],
                Exit::Usage,
                "not a date",
            ),
            (&["edit", "countess"], Exit::Usage, "no terminal"),
            (&["edit", "nobody", "--given", "A"], Exit::Failed, "there is no contact"),
            (&["edit", "countess", "--photo", "/nowhere.jpg"], Exit::Failed, "cannot read"),
        ];
        for (args, exit, words) in cases {
            let stage = Stage::new().cards(&[ADA]);
            assert_eq!(stage.run(args), exit, "{args:?}");
            assert!(stage.stderr().contains(words), "{args:?}: {}", stage.stderr());
            assert_eq!((card(&stage).as_str(), stage.stdout().as_str()), (ADA, ""), "{args:?}");
        }
    }

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        let folder = Folder::new();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let large = [b"\xff\xd8\xff".as_slice(), &vec![0; 800 << 10]].concat();
        let huge = [b"\xff\xd8\xff".as_slice(), &vec![0; 4 << 20]].concat();
        let cases = [
            (file("a.txt", b"\x89PNG\r\n"), Exit::Done, ""),
            (file("b.jpg", b"\x00\x00\x00\x18ftypheic"), Exit::Usage, "no JPEG, PNG, GIF or WebP"),
            (file("c.jpg", b""), Exit::Usage, "no JPEG"),
            (file("d.jpg", &large), Exit::Done, "some servers refuse"),
            (file("e.jpg", &huge), Exit::Usage, "larger than 3500 KiB"),
        ];
        for (path, exit, words) in cases {
            let stage = Stage::new().cards(&[ADA]);
            assert_eq!(stage.run(&["edit", "countess", "--photo", &path]), exit, "{path}");
            assert!(stage.stderr().contains(words), "{path}: {}", stage.stderr());
            let says = if exit == Exit::Done { "~ The Countess   photo added\n" } else { "" };
            assert_eq!(stage.stdout(), says, "{path}");
        }
    }

    /// A stage on which the editor puts `form` in the place of what it is given, and ends with `exit`.
    #[cfg(unix)]
    fn with_editor(folder: &Folder, form: &str, exit: &str) -> Stage {
        let path = folder.path("new form");
        std::fs::write(&path, form).unwrap();
        let editor = format!("f() {{ cp '{}' \"$1\"; {exit}; }}; f", path.display());
        Stage::new().cards(&[ADA]).terminal(SOMEBODY).env("EDITOR", "false").env("VISUAL", &editor)
    }

    #[test]
    #[cfg(unix)]
    fn the_editor_changes_the_contact() {
        let folder = Folder::new();
        let form = "name: The Countess\ngiven: Ada\nfamily: Lovelace\nphone work: 1\n";
        let stage = with_editor(&folder, form, "true");
        assert_eq!(stage.run(&["edit", "countess"]), Exit::Done, "{}", stage.stderr());
        assert_eq!(stage.stdout(), "~ The Countess   phone work changed\n");
        let expected = ADA.replace("CELL", "WORK").replace("2020", "1970");
        assert_eq!(card(&stage), expected);
    }

    #[test]
    #[cfg(unix)]
    fn leaving_the_editor_changes_nothing_and_what_was_typed_is_kept() {
        for command in ["true", "true --wait ''"] {
            let stage = Stage::new().cards(&[ADA]).terminal(SOMEBODY).env("EDITOR", command);
            assert_eq!(stage.run(&["edit", "countess"]), Exit::Done);
            assert_eq!(stage.stderr(), "The Countess: nothing to change\n");
        }
        let stage = Stage::new().cards(&[ADA]).terminal(SOMEBODY).env("EDITOR", "false");
        assert_eq!(stage.run(&["edit", "countess"]), Exit::Failed);
        assert!(!stage.stderr().contains("is kept"), "{}", stage.stderr());

        let folder = Folder::new();
        let stage = with_editor(&folder, "phone: 2\n", "false");
        assert_eq!(stage.run(&["edit", "countess"]), Exit::Failed);
        assert_eq!(card(&stage), ADA);
        let said = stage.stderr();
        let path = said.lines().find_map(|line| line.split("is kept in ").nth(1)).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "phone: 2\n");
        std::fs::remove_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_draft_is_private_and_goes() {
        use std::os::unix::fs::PermissionsExt;
        let draft = Draft::new(*uuid::Uuid::new_v4().as_bytes(), "x").unwrap();
        let mode = "[ \"$(stat -c %a \"$1\" 2>/dev/null || stat -f %Lp \"$1\")\" = 600 ]";
        assert_eq!(draft.edit(&format!("f() {{ {mode}; }}; f")).unwrap(), "x");
        let path = draft.edit("f() { printf %s \"$1\" > \"$1\"; }; f").unwrap();
        let folder = std::path::Path::new(&path).parent().unwrap().to_owned();
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        drop(draft);
        assert!(!folder.exists());
    }

    #[test]
    fn a_form_with_a_mistake_is_edited_again_until_the_user_gives_up() {
        let before = Card::parse(ADA);
        let form = Form::of(&before, &|_| None);
        let saved = RefCell::new(vec!["phone cell: 2", "fone: 2"]);
        let edit = || Ok(saved.borrow_mut().pop().unwrap().to_owned());
        let told = Cell::new(0);
        let mut again = |words: &str| {
            assert!(words.starts_with("line 1: there is no field `fone`"), "{words}");
            told.set(told.get() + 1);
            Ok(true)
        };
        let (after, _) = session(&form, &edit, &mut again).unwrap().unwrap();
        assert_eq!(vcard::fields(&after).len(), 2, "{after:?}");
        assert_eq!(told.get(), 1);

        let failure = session(&form, &|| Ok("x".to_owned()), &mut |_| Ok(false)).unwrap_err();
        assert_eq!(failure.exit, Exit::Failed);
        let emptied = session(&form, &|| Ok("\n".to_owned()), &mut |_| Ok(false)).unwrap();
        assert!(emptied.is_none());
    }

    #[test]
    fn a_contact_that_changed_meanwhile_is_not_overwritten() {
        let stage = Stage::new().cards(&[ADA]);
        let world = stage.world();
        let global = Global { database: Some("x".into()), verbose: 0, quiet: false };
        let repo = open(&world, &global, Open::Read).unwrap();
        let mut stored = contact_of(repo.as_ref(), "countess").unwrap();
        stored.vcard.push(b' ');
        let (before, after) = (Card::parse("FN:A\n"), Card::parse("FN:B\n"));
        let edited = Edited { stored, before, after, name: Followed::Kept };
        let open = || open(&world, &global, Open::Write);
        let failure = finish(&edited, &open, &world).unwrap_err();
        assert!(failure.error.to_string().contains("changed by another run"), "{failure:?}");
        assert_eq!(card(&stage), ADA);
    }
}
