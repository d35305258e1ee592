//! Maps weight files into memory: the one file outside `kernels` that needs `unsafe`.

#![expect(unsafe_code, reason = "mapping a file is unsafe by nature; this file is the one place")]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Mmap, UncheckedAdvice};

/// A file's bytes, read as they are touched. Nothing is checked here: what looks at them checks
/// header, lengths and types before it believes any of them.
pub struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a whole file, for reading.
    ///
    /// # Errors
    /// What the system says of opening or mapping it; an empty file can't be mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the mapping is private and read-only, and every byte pattern is a valid `u8`.
        // The bytes change, or reading them faults, only if somebody rewrites or cuts the file in
        // place while the server runs, which README forbids: put a new file beside it and rename.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }

    /// Lets go of the pages that were read: they no longer count as this process's memory, and are
    /// read again when they are touched.
    pub fn let_go(&self) {
        // SAFETY: nothing was written to the mapping, so what comes back is what was there: the
        // file's bytes. Where the system refuses, the pages stay.
        let _ = unsafe { self.0.unchecked_advise(UncheckedAdvice::DontNeed) };
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
