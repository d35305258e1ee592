//! The assembly that the micro-kernels share: tiles of up to 14 rows times 32 columns.
//!
//! Intel's processors have two ports for FMA, which also take scalar instructions. So a micro-kernel
//! comes near the peak only if nearly every instruction besides FMA is a load. Compilers add to an
//! address for each row, and spill registers if the loop is unrolled. Here each row has an address
//! with an index register, and several `k` share the counters.
//!
//! | registers | content |
//! |---|---|
//! | `zmm0` to `zmm27` | the sums, two registers per row |
//! | `zmm28`, `zmm29` | numbers of the right side |
//! | `zmm30` | a number of the left side in every lane |
//! | `rsi`, `rdi`, `rdx` | left side, right side, steps that remain |
//! | `r8` to `r14` | 1, 3, 5, 7, 9, 11 and 13 times the bytes between rows of the left side |
//! | `r15` | the sums in memory |

/// Rows of the highest tile.
pub const TILE_ROWS: usize = 14;

/// Expands to a block for each height from 1 to [`TILE_ROWS`], of which the one for `$rows` is
/// executed. The block receives its options and the rows of its tile: for each the index of its
/// numbers, and its two registers of sums.
macro_rules! by_height {
    ($rows:expr, $block:ident $options:tt) => {
        by_height!($rows, $block $options [] [
            (1: "", 0, 1) (2: "+ r8", 2, 3) (3: "+ r8 * 2", 4, 5) (4: "+ r9", 6, 7)
            (5: "+ r8 * 4", 8, 9) (6: "+ r10", 10, 11) (7: "+ r9 * 2", 12, 13)
            (8: "+ r11", 14, 15) (9: "+ r8 * 8", 16, 17) (10: "+ r12", 18, 19)
            (11: "+ r10 * 2", 20, 21) (12: "+ r13", 22, 23) (13: "+ r9 * 4", 24, 25)
            (14: "+ r14", 26, 27)
        ])
    };
    (
        $rows:expr, $block:ident $options:tt
        [$($row:tt)*] [($count:literal: $($last:tt)*) $($next:tt)*]
    ) => {
        if $rows == $count {
            $block!($options $($row)* ($($last)*))
        } else {
            by_height!($rows, $block $options [$($row)* ($($last)*)] [$($next)*])
        }
    };
    ($rows:expr, $block:ident $options:tt [$($row:tt)*] []) => {
        debug_assert!(false, "a tile of {} rows", $rows)
    };
}

/// Sets the sums of a row to 0.
macro_rules! zero {
    ($index:literal, $first:literal, $second:literal) => {
        concat!(
            "vpxord zmm",
            $first,
            ", zmm",
            $first,
            ", zmm",
            $first,
            "\n",
            "vpxord zmm",
            $second,
            ", zmm",
            $second,
            ", zmm",
            $second,
        )
    };
}

/// Adds the products of the row's number at `$offset` to its sums.
macro_rules! add_products {
    ($index:literal, $first:literal, $second:literal, $offset:literal) => {
        concat!(
            "vbroadcastss zmm30, dword ptr [rsi ",
            $index,
            " + ",
            $offset,
            "]\n",
            "vfmadd231ps zmm",
            $first,
            ", zmm28, zmm30\n",
            "vfmadd231ps zmm",
            $second,
            ", zmm29, zmm30",
        )
    };
}

/// Stores the sums of a row.
macro_rules! store {
    ($index:literal, $first:literal, $second:literal) => {
        concat!(
            "vmovups zmmword ptr [r15 + ",
            $first,
            " * 64], zmm",
            $first,
            "\n",
            "vmovups zmmword ptr [r15 + ",
            $second,
            " * 64], zmm",
            $second,
        )
    };
}

pub(super) use {add_products, by_height, store, zero};
