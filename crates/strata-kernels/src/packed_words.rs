//! Memory for packed weights.

use std::io;

use memmap2::MmapMut;

/// Words in their own pages, which are large if the system has large pages: every pass reads the
/// weights from beginning to end.
pub struct PackedWords {
    map: MmapMut,
    len: usize,
}

impl PackedWords {
    /// `len` words of 0.
    ///
    /// # Errors
    /// There is not enough memory.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        let map = MmapMut::map_anon((len * size_of::<u32>()).max(1))?;
        // Only a hint: without large pages the result is the same, a little slower.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self { map, len })
    }

    /// The words.
    #[inline]
    pub fn as_slice(&self) -> &[u32] {
        // SAFETY: the map is at least `len` words long and starts at a page, and any bytes are
        // valid words.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.len) }
    }

    /// The words, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [u32] {
        // SAFETY: as in `as_slice`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().cast(), self.len) }
    }
}
