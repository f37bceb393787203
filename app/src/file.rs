//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes the file at `path`, in place of one that is there, so that nobody ever sees half of it;
/// only the user can read it. A symbolic link stays and its target is replaced. What is no regular
/// file, such as `/dev/stdout` or a pipe, is written to directly.
///
/// # Errors
///
/// What `write` failed with, or an [`io::Error`] of the file; what was there before is still there.
pub(crate) fn replace<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let mut file = OpenOptions::new().write(true).open(&path)?;
        write(&mut file)?;
        return Ok(file.flush()?);
    }
    let (file, draft) = create_beside(&path)?;
    let written = fill(file, write).and_then(|()| Ok(fs::rename(&draft, &path)?));
    if written.is_err() {
        // The error at hand says more than one from the clean-up would.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Makes a folder and those above it; new ones are the user's alone.
///
/// # Errors
///
/// An [`io::Error`] when one of them cannot be made.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

fn fill<E: From<io::Error>>(
    file: File,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffer = BufWriter::new(file);
    write(&mut buffer)?;
    let file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
    // Without this a crash after the rename can leave an empty file on some file systems.
    Ok(file.sync_all()?)
}

/// A new file in the same folder, because a rename works only within one file system.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_string_lossy().into_owned();
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    for attempt in 0..32 {
        let draft = path.with_file_name(format!(".{name}.{}-{attempt}.tmp", std::process::id()));
        match options.open(&draft) {
            Ok(file) => return Ok((file, draft)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Folder;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_draft() {
        let folder = Folder::new();
        let path = folder.path("a.vcf");
        replace::<io::Error>(&path, |out| out.write_all(b"old")).unwrap();
        let failed = replace::<io::Error>(&path, |out| {
            out.write_all(b"half")?;
            Err(io::ErrorKind::Other.into())
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.root()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn only_the_user_can_read_what_is_written_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = Folder::new();
        let (target, link) = (folder.path("target"), folder.path("link"));
        fs::write(&target, "old").unwrap();
        symlink(&target, &link).unwrap();
        replace::<io::Error>(&link, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);

        let inner = folder.path("one/two");
        make_folder(&inner).unwrap();
        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
