//! Files that are written as a whole or not at all, and small files that are read as a whole.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use tempfile::Builder;

/// Permissions of a new file before the umask, as for [`std::fs::write`]; those of a temporary file
/// would let only its owner read it.
const MODE: u32 = 0o666;

/// Reads a regular file of at most `most` bytes as UTF-8. A pipe or a device could have no end.
///
/// # Errors
/// The file can't be read, isn't a regular file, has more bytes, or isn't UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    let read = File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if read as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(text)
}

/// Writes a file under a temporary name in the same folder, then renames it: a reader finds the old
/// file or the new one, never a part of either, also after a power cut. An existing file keeps its owner
/// and its permissions.
///
/// # Errors
/// The file can't be written or renamed, or whoever can read it now could not read it any more. No
/// temporary file is left behind.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut draft = Builder::new()
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    if let Ok(existing) = fs::metadata(path) {
        keep_owner(draft.as_file(), &existing)?;
        draft.as_file().set_permissions(existing.permissions())?;
    }
    draft.write_all(content)?;
    draft.as_file().sync_all()?;
    draft.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Gives a draft the owner and the group of the file that it will replace.
fn keep_owner(draft: &File, existing: &Metadata) -> io::Result<()> {
    let own = draft.metadata()?;
    let (owner, group) = (existing.uid(), existing.gid());
    if (own.uid(), own.gid()) == (owner, group) {
        return Ok(());
    }
    match fchown(draft, Some(owner), Some(group)) {
        // Another owner changes nothing where everybody may read the file.
        Err(_) if existing.mode() & 0o004 != 0 => Ok(()),
        Err(error) => {
            let message = format!("it belongs to user {owner} and group {group}: {error}");
            Err(io::Error::new(error.kind(), message))
        }
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_the_permissions_of_a_plain_write() {
        let folder = tempfile::tempdir().unwrap();
        let (path, plain) = (folder.path().join("head.json"), folder.path().join("plain"));
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        fs::write(&plain, b"").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }

    #[test]
    fn whoever_reads_the_old_file_keeps_it_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other_name) = (folder.path().join("head.json"), folder.path().join("link"));
        write_atomically(&path, b"old").unwrap();
        fs::hard_link(&path, &other_name).unwrap();
        let mut open = File::open(&path).unwrap();
        write_atomically(&path, b"new").unwrap();
        let mut content = String::new();
        open.read_to_string(&mut content).unwrap();
        assert_eq!(content, "old");
        assert_eq!(fs::read(&other_name).unwrap(), b"old");
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_file_that_is_replaced_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        fs::write(&path, b"old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    /// Only root can give files away.
    #[test]
    fn a_file_of_another_user_stays_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        fs::write(&path, b"old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        if std::os::unix::fs::chown(&path, Some(65_532), Some(65_532)).is_err() {
            assert_ne!(fs::metadata(&path).unwrap().uid(), 0, "root may give files away");
            return;
        }
        write_atomically(&path, b"new").unwrap();
        let kept = fs::metadata(&path).unwrap();
        assert_eq!((kept.uid(), kept.gid(), kept.mode() & 0o777), (65_532, 65_532, 0o600));
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn what_is_no_small_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        fs::write(&path, "abc").unwrap();
        assert_eq!(read_text(&path, 3).unwrap(), "abc");
        let said = |path: &Path, most| read_text(path, most).unwrap_err().to_string();
        assert_eq!(said(&path, 2), "it has more than 2 bytes");
        assert_eq!(said(Path::new("/dev/zero"), 2), "it is not a regular file");
        assert_eq!(said(folder.path(), 2), "it is not a regular file");
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("folder");
        fs::create_dir(&taken).unwrap();
        assert!(write_atomically(&taken, b"content").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
