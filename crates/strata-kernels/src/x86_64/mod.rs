//! x86-64: the kernels of its instruction sets, if this CPU has their features.

mod amx;
mod avx2;
mod avx512;
mod maker;

use std::sync::LazyLock;

#[cfg(test)]
pub use self::amx::Amx;
use self::amx::Tiles;
#[cfg(test)]
pub use self::maker::is_intel;
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
    static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| avx512_for(maker::is_intel()));
    TABLE.as_ref()
}

/// The kernels for AVX-512 of Intel's processors on another's, and the other way round.
#[cfg(test)]
pub fn avx512_of_other_makers() -> Option<&'static Table> {
    static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| avx512_for(!maker::is_intel()));
    TABLE.as_ref()
}

/// The kernels for AVX-512 that are fast on Intel's processors or on others. Both kinds run on both.
fn avx512_for(intel: bool) -> Option<Table> {
    let available = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && avx2().is_some();
    available.then(|| {
        let bf16 = is_x86_feature_detected!("avx512bf16");
        avx512::table(intel, bf16, is_x86_feature_detected!("avx512vnni"))
    })
}

/// The kernels for AMX's tiles, if the system lets this process use them.
pub fn amx() -> Option<&'static Table> {
    static TABLE: LazyLock<Option<Table>> =
        LazyLock::new(|| (tiles() == Tiles::Permitted).then(amx::table));
    TABLE.as_ref()
}

/// Whether this CPU has AMX, and the system does not let this process use its tiles.
pub fn tiles_are_refused() -> bool {
    tiles() == Tiles::Refused
}

/// Whether there are tiles, if there is what the kernels need beside them.
fn tiles() -> Tiles {
    static TILES: LazyLock<Tiles> = LazyLock::new(|| {
        let has_rest = avx512().is_some()
            && is_x86_feature_detected!("avx512bf16")
            && is_x86_feature_detected!("avx512vnni");
        if has_rest { Tiles::request() } else { Tiles::None }
    });
    *TILES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of AVX-512 on every CPU that has it.
    fn avx512_tables() -> Vec<Table> {
        let all = (0..8).map(|bits| [bits & 1, bits & 2, bits & 4].map(|bit| bit != 0));
        all.map(|[intel, bf16, vnni]| avx512::table(intel, bf16, vnni)).collect()
    }

    #[test]
    fn gemms_of_one_instruction_set_with_other_instructions_have_other_names() {
        for table in &avx512_tables() {
            for other in &avx512_tables() {
                for (one, other) in [(&table.bf16, &other.bf16), (&table.int8, &other.int8)] {
                    let same = one.instructions == other.instructions;
                    assert!(same || one.products != other.products, "{}", one.instructions);
                }
            }
        }
    }

    #[test]
    fn attention_in_f32_and_in_bf16_have_other_names() {
        for table in avx512_tables().into_iter().chain([avx2::table(), amx::table()]) {
            let in_f32 = table.attention_rounded as usize == table.attention as usize;
            assert_eq!(table.rounded_products == table.f32.products, in_f32);
        }
    }
}
