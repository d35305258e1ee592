//! Whether this process may use tiles: the CPU has them, the system saves them, and it gives
//! permission, which a sandbox may refuse.

use std::arch::x86_64::{__cpuid_count, _xgetbv};

/// Bits of CPUID leaf 7, register EDX: AMX-BF16, AMX-TILE and AMX-INT8.
const CPU_BITS: u32 = 1 << 22 | 1 << 24 | 1 << 25;

/// Bits of XCR0: the system saves the configuration and the content of tiles.
const SYSTEM_BITS: u64 = 1 << 17 | 1 << 18;

/// `arch_prctl`'s request for permission, and the number of the feature "content of tiles".
#[cfg(target_os = "linux")]
const ARCH_REQ_XCOMP_PERM: i32 = 0x1023;
#[cfg(target_os = "linux")]
const XFEATURE_XTILEDATA: i32 = 18;

/// Whether this process has tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiles {
    /// The CPU has none.
    None,
    /// The CPU has them, but the system does not save them, or does not give permission.
    Refused,
    /// They can be used.
    Permitted,
}

impl Tiles {
    /// Asks the system for permission to use tiles, for all threads of this process. The CPU has to
    /// have AVX-512, and so the instructions that are used to find out.
    pub fn request() -> Self {
        let leaves = std::arch::x86_64::__get_cpuid_max(0).0;
        if leaves < 7 || __cpuid_count(7, 0).edx & CPU_BITS != CPU_BITS {
            return Self::None;
        }
        // SAFETY: the system has saved registers of AVX-512, so XGETBV is enabled.
        let saved = unsafe { xcr0() };
        if saved & SYSTEM_BITS == SYSTEM_BITS && request() {
            Self::Permitted
        } else {
            Self::Refused
        }
    }
}

/// # Safety
/// The system has enabled XSAVE.
#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: the caller guarantees it; XCR0 exists.
    unsafe { _xgetbv(0) }
}

#[cfg(target_os = "linux")]
fn request() -> bool {
    // SAFETY: the call has no effect on memory; it only lets this process use tiles.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// Only Linux is known to give it.
#[cfg(not(target_os = "linux"))]
fn request() -> bool {
    false
}
