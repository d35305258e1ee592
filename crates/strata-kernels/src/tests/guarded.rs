//! Buffers that end at a protected page: an access beyond the end stops the test with a fault.

use memmap2::MmapMut;

/// Numbers at the end of their last page, followed by a page that can be neither read nor written.
pub struct Guarded {
    map: MmapMut,
    start: usize,
    len: usize,
}

const PAGE: usize = 4096;

impl Guarded {
    pub fn new(numbers: &[f32]) -> Self {
        let bytes = size_of_val(numbers);
        let usable = bytes.next_multiple_of(PAGE);
        let mut map = MmapMut::map_anon(usable + PAGE).unwrap();
        // SAFETY: it is the last page of a map that nothing else uses, and no data is in it.
        let done =
            unsafe { libc::mprotect(map.as_mut_ptr().add(usable).cast(), PAGE, libc::PROT_NONE) };
        assert_eq!(done, 0, "the page could not be protected");
        let mut guarded = Self { map, start: usable - bytes, len: numbers.len() };
        guarded.as_mut().copy_from_slice(numbers);
        guarded
    }

    pub fn as_ref(&self) -> &[f32] {
        // SAFETY: `len` numbers from `start` on lie before the protected page, aligned to 4 bytes.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(self.start).cast(), self.len) }
    }

    pub fn as_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and `self` is borrowed for writing.
        unsafe {
            let first = self.map.as_mut_ptr().add(self.start).cast();
            std::slice::from_raw_parts_mut(first, self.len)
        }
    }
}

#[test]
fn a_guarded_buffer_ends_at_its_page() {
    let guarded = Guarded::new(&[1.0, 2.0, 3.0]);
    assert_eq!(guarded.as_ref(), [1.0, 2.0, 3.0]);
    assert_eq!((guarded.as_ref().as_ptr() as usize + 12) % PAGE, 0);
}
