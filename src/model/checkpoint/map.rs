//! Maps weight files into memory. The only file outside the kernels that needs `unsafe`.

#![expect(unsafe_code, reason = "mapping a file is unsafe by nature; it is done only here")]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Mmap, UncheckedAdvice};

/// The bytes of a file, read from disk when they are first accessed. They are not checked here; the
/// parser checks header, lengths and types.
pub struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a whole file, for reading.
    ///
    /// # Errors
    /// The file can't be opened or mapped; an empty file can't be mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the mapping is private and read-only, and every byte pattern is a valid `u8`. The
        // bytes change, or reading them faults, only if somebody overwrites or truncates the file
        // in place while the server runs, which the README forbids: write a new file and rename it.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }

    /// Gives the pages that were read back to the system: they no longer count as memory of the
    /// process, and are read from disk again when they are next accessed.
    pub fn release_pages(&self) {
        // SAFETY: nothing was written to the mapping, so reading it again gives the same bytes:
        // those of the file. If the system refuses, the pages stay in memory.
        let _ = unsafe { self.0.unchecked_advise(UncheckedAdvice::DontNeed) };
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
