//! `export vcard`.

use std::io;
use std::path::Path;

use contactcmd_domain::sync::snapshot::StoredContact;
use contactcmd_domain::vcard::{self, Card, Version};
use contactcmd_ports::{ContactRepo, Open};

use super::{open, who};
use crate::cli::{CardVersion, ExportArgs, Global};
use crate::{Exit, Failure, World, file};

/// How many cards are in memory at a time.
const PAGE: u32 = 500;

/// Writes one contact or all of them as vCards.
///
/// # Errors
///
/// As for [`who::find`]; [`Exit::Failed`] when the file cannot be written, and then an older one is
/// still there; [`Exit::Interrupted`]; else what reading the store fails with.
pub fn run(args: &ExportArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let repo = open(world, global, Open::Read)?;
    let export = Export { repo: repo.as_ref(), args, world };
    let Some(path) = args.output.as_deref().filter(|path| *path != Path::new("-")) else {
        return export.to_stdout();
    };
    let mut count = 0;
    let written = file::replace(path, |out| -> Result<(), Stop> {
        count = export.write(&mut |card| Ok::<(), Stop>(out.write_all(card)?))?;
        Ok(())
    });
    written.map_err(|stop| match stop {
        Stop::Failure(failure) => failure,
        Stop::File(error) => {
            let words = format!("cannot write {}", path.display());
            Failure::new(Exit::Failed, anyhow::Error::new(error).context(words))
        }
    })?;
    let contacts = if count == 1 { "contact" } else { "contacts" };
    world.ui.say(format!("{count} {contacts} written to {}", path.display()));
    Ok(Exit::Done)
}

/// What ends the writing early.
enum Stop {
    File(io::Error),
    Failure(Failure),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

struct Export<'a> {
    repo: &'a dyn ContactRepo,
    args: &'a ExportArgs,
    world: &'a World,
}

impl Export<'_> {
    fn to_stdout(&self) -> Result<Exit, Failure> {
        self.write(&mut |card| {
            self.world.ui.raw(card);
            Ok::<(), Failure>(())
        })?;
        Ok(Exit::Done)
    }

    /// Gives the cards one after the other to `out`, and then how many there were. A single card
    /// is not touched; among several each ends its last line, so that no two run together.
    fn write<E: From<Failure>>(
        &self,
        out: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        if !self.args.all {
            out(&self.form(self.one()?))?;
            return Ok(1);
        }
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.repo.cards_after(after, PAGE).map_err(Failure::from)?;
            let Some(last) = page.last() else { return Ok(count) };
            after = Some(last.id);
            for contact in page {
                let card = self.form(contact);
                out(&card)?;
                if !card.ends_with(b"\n") {
                    out(b"\r\n")?;
                }
                count += 1;
            }
            if self.world.interrupt.is_raised() {
                let error = anyhow::anyhow!("stopped after {count} contacts");
                return Err(Failure::new(Exit::Interrupted, error).into());
            }
            if self.world.ui.is_closed() {
                return Ok(count);
            }
        }
    }

    fn one(&self) -> Result<StoredContact, Failure> {
        let who = self.args.who.join(" ");
        let found = who::find(self.repo, &who)?;
        let contact = self.repo.contact(found.id)?;
        contact.ok_or_else(|| {
            Failure::new(Exit::Failed, anyhow::anyhow!("`{who}` was deleted meanwhile"))
        })
    }

    /// The card as stored, or converted when it has another version than was asked for.
    fn form(&self, contact: StoredContact) -> Vec<u8> {
        let version = match self.args.version {
            None => return contact.vcard,
            Some(CardVersion::Three) => Version::V30,
            Some(CardVersion::Four) => Version::V40,
        };
        let card = Card::parse(contact.vcard);
        if card.version() == version {
            card.into_bytes()
        } else {
            vcard::convert(&card, version).into_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{Folder, Stage, contact};

    fn stage() -> Stage {
        Stage::new().contacts((0..3u8).map(|n| contact(n, &format!("Contact {n}"))).collect())
    }

    #[test]
    fn one_card_is_written_byte_for_byte() {
        let stage = stage();
        assert_eq!(stage.run(&["export", "vcard", "Contact", "1"]), Exit::Done);
        assert_eq!(stage.stdout().as_bytes(), stage.repo.cards()[1]);
        assert_eq!(stage.stderr(), "");
    }

    #[test]
    fn all_cards_go_to_a_file_that_is_whole_or_not_there() {
        let (folder, stage) = (Folder::new(), stage());
        let path = folder.path("all.vcf");
        let file = path.to_str().unwrap();
        assert_eq!(stage.run(&["export", "vcard", "--all", "-o", file]), Exit::Done);
        assert_eq!(std::fs::read(&path).unwrap(), stage.repo.cards().concat());
        assert_eq!(stage.stderr(), format!("3 contacts written to {file}\n"));
        assert_eq!(stage.stdout(), "");

        let missing = folder.path("no/such/folder.vcf");
        let args = ["export", "vcard", "--all", "-o", missing.to_str().unwrap()];
        assert_eq!(stage.run(&args), Exit::Failed);
        assert!(stage.stderr().contains("error: cannot write "), "{}", stage.stderr());
    }

    #[test]
    fn a_contact_that_is_not_there_leaves_the_file_alone() {
        let (folder, stage) = (Folder::new(), stage());
        let path = folder.path("one.vcf");
        std::fs::write(&path, "old").unwrap();
        let args = ["export", "vcard", "nobody", "-o", path.to_str().unwrap()];
        assert_eq!(stage.run(&args), Exit::Failed);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
    }
}
