//! Checks a fetched file against the size and hash that the hub lists.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::listing::{FileHash, RemoteFile};

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

/// Checks a file, and makes sure that it is on the disk.
///
/// # Errors
/// It can't be read, or it isn't what the hub lists; the message says what differs.
pub fn check(path: &Path, listed: &RemoteFile) -> Result<(), String> {
    let unreadable = |error: io::Error| error.to_string();
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    if bytes != listed.bytes {
        return Err(format!("{bytes} bytes came, and the hub lists {}", listed.bytes));
    }
    let (kind, found) = match &listed.hash {
        FileHash::Sha256(_) => ("SHA-256", digits(&file, Sha256::new())),
        FileHash::Git(_) => {
            ("Git's SHA-1", digits(&file, Sha1::new_with_prefix(format!("blob {bytes}\0"))))
        }
    };
    let (found, wanted) = (found.map_err(unreadable)?, listed.hash.digits());
    if !found.eq_ignore_ascii_case(wanted) {
        return Err(format!("{kind} of what came is {found}, and the hub lists {wanted}"));
    }
    file.sync_all().map_err(unreadable)
}

/// The hash of a file in hexadecimal digits.
fn digits(mut file: &File, mut hash: impl Digest) -> io::Result<String> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&chunk[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hashes are those of `git hash-object` and `sha256sum`.
    #[test]
    fn a_file_is_compared_with_either_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "strata\n").unwrap();
        let git = FileHash::Git("e0e783dd8e4a00d204f8492bba7c1adf186046e6".to_owned());
        let sha256 = FileHash::Sha256(
            "2dfa0bab08e7e881c53d3659b4b4557bbdd3666f0713bb23598252f1ff4bc1df".to_owned(),
        );
        for hash in [git, sha256] {
            let mut listed = RemoteFile { name: "file".to_owned(), bytes: 7, hash };
            assert_eq!(check(&path, &listed), Ok(()));
            listed.bytes = 8;
            assert_eq!(check(&path, &listed).unwrap_err(), "7 bytes came, and the hub lists 8");
        }
        for hash in [FileHash::Git("00".repeat(20)), FileHash::Sha256("00".repeat(32))] {
            let listed = RemoteFile { name: "file".to_owned(), bytes: 7, hash };
            let message = check(&path, &listed).unwrap_err();
            assert!(message.contains("of what came is") && message.ends_with("0000"), "{message}");
        }
    }
}
