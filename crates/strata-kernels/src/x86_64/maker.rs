//! The maker of this processor.

use std::arch::x86_64::__cpuid;

/// Whether Intel made this processor.
pub fn is_intel() -> bool {
    // SAFETY: every x86-64 processor has the instruction and its leaf 0.
    #[expect(unused_unsafe, reason = "the function is safe from some version of Rust on")]
    let leaf = unsafe { __cpuid(0) };
    let maker = [leaf.ebx, leaf.edx, leaf.ecx].map(u32::to_le_bytes);
    maker.as_flattened() == b"GenuineIntel"
}
