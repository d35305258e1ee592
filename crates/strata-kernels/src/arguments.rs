//! The arguments of the kernels. They hold pointers: the code that builds a value must make sure
//! that the guarantees in its documentation hold, and the kernels rely on them.

use std::ops::Range;

use crate::epilogue::Epilogue;
use crate::simd::matrix::TILE;
use crate::token_tables::TokenTables;

/// The left matrix of a matmul, in 32-bit words: word `(row, step)` is at
/// `row · row_stride + step · step_stride`.
#[derive(Clone, Copy)]
pub struct LeftWords {
    pub first: *const u32,
    pub row_stride: usize,
    pub step_stride: usize,
}

/// The left matrix of a matmul on a matrix unit, stored tile by tile: see
/// [`matrix`](crate::simd::matrix).
#[derive(Clone, Copy)]
pub struct LeftTiles {
    pub first: *const u32,
    /// Words from one tile of rows to the next.
    pub stride: usize,
}

impl LeftTiles {
    /// The first word of the tile that has a row.
    #[inline(always)]
    pub fn of_row(&self, row: usize) -> *const u32 {
        self.first.wrapping_add(row / TILE * self.stride)
    }
}

/// The words to prefetch while a tile is computed: in each step two registers of them, the first at
/// `first + step · step_stride`. Prefetching cannot fault, so the addresses need not be valid.
#[derive(Clone, Copy)]
pub struct Prefetch {
    pub first: *const u32,
    pub step_stride: usize,
}

/// The factors that turn the int8 sums of a block and a panel into numbers: see
/// [`PackedLinear`](crate::PackedLinear) and [`RowScale`](crate::table::RowScale).
#[derive(Clone, Copy)]
pub struct Int8Scales {
    /// The scale of each row of the block.
    pub row: *const f32,
    /// The minimum of each row.
    pub row_min: *const f32,
    /// The scale of each column of the panel.
    pub column: *const f32,
    /// The sum of each column's weights, scaled.
    pub column_sum: *const f32,
}

/// A block of rows times one panel of columns, or several.
///
/// Guarantees: `a` is valid for `rows` rows of `steps` words, `b` for `steps` times the panel's
/// columns, `bias` and the column scales for its columns, the row scales for `rows`. `out` is valid
/// for `rows` rows of as many columns, `out_stride` apart, and nothing else accesses them. What the
/// layout of the kernel needs is there: words in `a`, or tiles in `a_tiles`, and a mark for each row
/// in `by_fma` if they are parts.
#[derive(Clone, Copy)]
pub struct GemmArguments {
    pub a: LeftWords,
    pub a_tiles: LeftTiles,
    /// In f32 by six products: whether a row is computed by FMA.
    pub by_fma: *const bool,
    pub rows: usize,
    pub k: usize,
    /// Words of `k`.
    pub steps: usize,
    pub b: *const u32,
    /// What is read after `b`, to be prefetched: it need not be valid.
    pub next_panel: *const u32,
    pub bias: *const f32,
    pub scales: Option<Int8Scales>,
    pub epilogue: Epilogue,
    pub out: *mut f32,
    pub out_stride: usize,
    /// Where the outputs go instead, if the epilogue makes the left side of the next GEMM of them.
    pub out_tiles: Option<OutTiles>,
    /// On a matrix unit: the number of panels; `b`, `bias`, the column scales and `out` are those
    /// of the first one. Elsewhere there is one panel at a time.
    pub panels: usize,
    pub panel_words: usize,
    /// Memory that the layout needs: for sums on a matrix unit, or for a panel that is widened.
    pub scratch: *mut u32,
}

/// Outputs that are stored tile by tile, as the left side of the next GEMM.
///
/// Guarantees: the lines of all rows and panels are there, and nothing else accesses them.
#[derive(Clone, Copy)]
pub struct OutTiles {
    pub first: *mut u32,
    /// Words from one tile of rows to the next.
    pub stride: usize,
    /// In parts: the mark of each row.
    pub by_fma: *mut bool,
}

/// Rows to normalise in place.
///
/// Guarantees: `first` is valid for `rows` rows of `c` numbers, `stride` apart, and nothing else
/// accesses them; `gain` and `bias` are valid for `c` numbers.
pub struct LayerNormArguments {
    pub first: *mut f32,
    pub rows: usize,
    pub stride: usize,
    pub c: usize,
    pub gain: *const f32,
    pub bias: *const f32,
    pub eps: f32,
}

/// Rows of attention heads whose columns are rotated in place.
///
/// Guarantees: `first` is valid for `rows` rows of `heads · columns` numbers, `stride` apart, and
/// nothing else accesses them; `positions` is valid for `rows` numbers, and `cos` and `sin` for
/// `columns / 2` numbers at each of these positions, one position after another. `columns` is even.
pub struct RotationArguments {
    pub first: *mut f32,
    pub rows: usize,
    pub stride: usize,
    pub heads: usize,
    pub columns: usize,
    pub positions: *const u32,
    pub cos: *const f32,
    pub sin: *const f32,
}

/// Attention of one sequence and one attention head.
///
/// Guarantees: `q` is valid for `queries` rows of `d` columns, `q_stride` apart; `k` and `v` for
/// `t` rows of `d`, `kv_stride` apart; `out` for `queries` rows of `d`, `out_stride` apart;
/// `scratch` for [`attention_scratch`] numbers, and for [`rounded_scratch`] more if the matmuls are
/// in bf16. Nothing else accesses `out` and `scratch`. `t` is at least 1. The guarantees of
/// [`Distances`] and [`TokenTables`] hold.
pub struct AttentionArguments {
    pub q: *const f32,
    pub q_stride: usize,
    pub queries: usize,
    pub k: *const f32,
    pub v: *const f32,
    pub kv_stride: usize,
    pub t: usize,
    pub d: usize,
    /// `log₂ e / √d`: with it, `2^score` is the numerator of the softmax.
    pub scale: f32,
    /// What the distance of a query and a key changes.
    pub distances: Option<Distances>,
    /// What a query and a key add by their distance.
    pub tables: Option<TokenTables>,
    pub out: *mut f32,
    pub out_stride: usize,
    pub scratch: *mut f32,
}

impl AttentionArguments {
    /// The most queries of a block that begins at `first`: if keys may be too far away, its places
    /// are within one multiple of [`QUERIES`].
    #[inline(always)]
    pub fn most_queries(&self, first: usize) -> usize {
        match self.distances {
            Some(Distances { first_query, reach: Some(_), .. }) => {
                QUERIES - (first_query + first) % QUERIES
            }
            _ => QUERIES,
        }
    }

    /// The keys of the block of queries that begins at `first`. They depend on the places of these
    /// queries alone, rounded to whole blocks: so a query has the same keys, in the same order, in
    /// any block.
    #[inline(always)]
    pub fn keys_of(&self, first: usize) -> Range<usize> {
        let Some(Distances { first_query, reach: Some(reach), .. }) = self.distances else {
            return 0..self.t;
        };
        let block = (first_query + first) / QUERIES * QUERIES;
        let start = block.saturating_sub(reach) / KEY_STEP * KEY_STEP;
        start..self.t.min(block.saturating_add(QUERIES + reach))
    }
}

/// What the distance of a query and a key, `query − key`, changes.
///
/// Guarantees: the number of a distance is `distance` after `bias`. `bias` is valid for the distances
/// of all queries to their keys ([`AttentionArguments::keys_of`]), and for those of [`QUERIES`] more
/// queries.
#[derive(Clone, Copy)]
pub struct Distances {
    /// The place of the first query among the keys.
    pub first_query: usize,
    /// Added to the scores before they are scaled.
    pub bias: *const f32,
    /// How far away keys may be.
    pub reach: Option<usize>,
}

/// The first of a block's keys is a multiple of this, so that it begins a tile of keys.
pub const KEY_STEP: usize = 32;

/// Bytes of a line, in which rounded rows are stored.
pub const LINE_BYTES: usize = 64;

/// The place of number `at` in lines that begin `line_stride` bytes apart.
#[inline(always)]
pub fn in_lines<T>(first: *mut T, at: usize, line_stride: usize) -> *mut T {
    let per_line = LINE_BYTES / size_of::<T>();
    first.wrapping_byte_add(at / per_line * line_stride).wrapping_add(at % per_line)
}

/// The most lanes of a register, in any instruction set. Buffers are sized for it.
pub const MAX_LANES: usize = 16;

/// The most queries that attention computes at a time: two registers.
pub const QUERIES: usize = 2 * MAX_LANES;

/// Keys per block: after each block the running maximum is corrected.
pub const KEYS: usize = 64;

/// Numbers of scratch that attention with `d` columns per attention head needs: transposed queries,
/// transposed output, and a block of scores.
pub const fn attention_scratch(d: usize) -> usize {
    (2 * d + KEYS) * QUERIES
}

/// Numbers of scratch for keys, values and a block of queries in bf16, in rows of whole registers
/// of any instruction set.
pub const fn rounded_scratch(t: usize, d: usize) -> usize {
    (t + t.next_multiple_of(2) + QUERIES) * d.next_multiple_of(MAX_LANES) / 2
}
