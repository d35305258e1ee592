//! Working memory for numbers.

use std::ops::{Deref, DerefMut};
use std::slice;

use memmap2::MmapMut;

use crate::arguments::LINE_BYTES;

/// From this size on memory is asked for in large pages.
const LARGE_PAGE: usize = 2 << 20;

/// Numbers in memory that only grows. It begins at a multiple of 64 bytes, as matrix units read it
/// fastest. Large buffers are in large pages if the system has them: the rows of a GEMM's output lie
/// some kilobytes apart, and would each be in a page of their own.
#[derive(Default)]
pub struct Buffer {
    map: Option<MmapMut>,
}

impl Buffer {
    /// Makes room for `len` numbers and returns them. What they are is not defined if the buffer had
    /// to grow.
    ///
    /// # Panics
    /// There is not enough memory.
    pub fn grow(&mut self, len: usize) -> &mut [f32] {
        if self.len() < len {
            // The old memory first, so that both are never there at the same time.
            self.map = None;
            self.map = Some(map(len * size_of::<f32>()));
        }
        &mut self[..len]
    }
}

impl Deref for Buffer {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        let Some(map) = &self.map else { return &[] };
        // SAFETY: the map begins at a page, and any bytes are valid numbers.
        unsafe { slice::from_raw_parts(map.as_ptr().cast(), map.len() / size_of::<f32>()) }
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        let Some(map) = &mut self.map else { return &mut [] };
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(map.as_mut_ptr().cast(), map.len() / size_of::<f32>()) }
    }
}

fn map(bytes: usize) -> MmapMut {
    const { assert!(LARGE_PAGE.is_multiple_of(LINE_BYTES)) };
    let large = bytes >= LARGE_PAGE / 2;
    let len = if large { bytes.next_multiple_of(LARGE_PAGE) } else { bytes.max(1) };
    let map = MmapMut::map_anon(len).unwrap_or_else(|error| panic!("{len} bytes: {error}"));
    #[cfg(target_os = "linux")]
    if large {
        // Only a hint: without large pages the result is the same, a little slower.
        let _ = map.advise(memmap2::Advice::HugePage);
    }
    map
}
