//! Files that are written as a whole or not at all.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::Builder;

/// Permissions of a new file before the umask, as for [`std::fs::write`]; those of a temporary file
/// would let only its owner read it.
const MODE: u32 = 0o666;

/// Writes a file under a temporary name in the same folder, then renames it: a reader finds the old
/// file or the new one, never a part of either.
///
/// # Errors
/// The file can't be written or renamed. No temporary file is left behind.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut draft = Builder::new()
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    draft.write_all(content)?;
    draft.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

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
    fn a_write_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("folder");
        fs::create_dir(&taken).unwrap();
        assert!(write_atomically(&taken, b"content").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
