//! `--photo FILE`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use contactcmd_domain::vcard;

use crate::ui::Ui;
use crate::{Exit, Failure};

/// The largest picture that is taken: in base64 it is a third larger, and the card of which it is
/// part must stay below the 5 MiB that Nextcloud takes (Q105).
const LARGEST: u64 = 3_500 << 10;

/// From here on the user is told: some servers take no card above 1 MiB (Q105).
const LARGE: usize = 700 << 10;

/// Reads a picture that other programs show too: JPEG, PNG, GIF or WebP, by its bytes.
///
/// # Errors
///
/// [`Exit::Failed`] when the file cannot be read; [`Exit::Usage`] when it is something else or too
/// large: the hint says what helps.
pub(super) fn read(ui: &Ui, path: &Path) -> Result<Vec<u8>, Failure> {
    let name = path.display();
    let bytes = read_start(path).map_err(|error| {
        Failure::new(Exit::Failed, anyhow::Error::new(error).context(format!("cannot read {name}")))
    })?;
    let known = ["image/jpeg", "image/png", "image/gif", "image/webp"];
    if !vcard::sniff(&bytes).is_some_and(|media| known.contains(&media)) {
        return Err(Failure::usage(format!("{name} is no JPEG, PNG, GIF or WebP"))
            .hint("convert it to JPEG, which every address book shows"));
    }
    if bytes.len() as u64 > LARGEST {
        let limit = LARGEST >> 10;
        return Err(Failure::usage(format!("{name} is larger than {limit} KiB"))
            .hint("make it smaller; 500 by 500 pixels are plenty"));
    }
    if bytes.len() > LARGE {
        let size = bytes.len() >> 10;
        ui.warn(format!("{name} has {size} KiB; some servers refuse contacts above 1 MiB"));
    }
    Ok(bytes)
}

/// What a file holds, and of one that is too large a little more than is allowed.
fn read_start(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
