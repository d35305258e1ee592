//! x86-64: the kernels of its instruction sets, if this CPU has their features.

mod avx2;
mod avx512;
mod maker;

use std::sync::LazyLock;

use crate::table::Table;

/// The kernels for AVX2 and FMA.
pub fn avx2() -> Option<&'static Table> {
    static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| {
        let available = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        available.then(avx2::table)
    });
    TABLE.as_ref()
}

/// The kernels for AVX-512. Without BF16 or VNNI, the GEMM of that dtype is AVX2's.
pub fn avx512() -> Option<&'static Table> {
    static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| {
        let available = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && avx2().is_some();
        available.then(|| {
            let bf16 = is_x86_feature_detected!("avx512bf16");
            avx512::table(maker::is_intel(), bf16, is_x86_feature_detected!("avx512vnni"))
        })
    });
    TABLE.as_ref()
}
