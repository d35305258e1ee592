//! What an instruction set offers: one function an operation, and what each is told.

/// Between the two feed-forward products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x·Φ(x)`, by the error function.
    Gelu,
    /// Its tanh form.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

/// What a product ends on, after its bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// Nothing more.
    Bias,
    /// The function between the two feed-forward products.
    Activation(Activation),
    /// What the output held before is added.
    Residual,
}

/// The left side of a tile: word `(row, step)` is at `row · rows + step · steps`.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    pub at: *const u32,
    pub rows: usize,
    pub steps: usize,
}

/// Words to ask for while a tile is computed, two registers each step from `at` on, `stride` apart. They
/// need not be anyone's.
#[cfg_attr(
    not(kernels_x86_64),
    expect(dead_code, reason = "plain loops leave it to the processor")
)]
#[derive(Clone, Copy)]
pub(crate) struct Ahead {
    pub at: *const u32,
    pub stride: usize,
}

/// What turns sums of int8 products into numbers; `row…` by row of the block, `column…` by column
/// of the panel.
pub(crate) struct Scales {
    pub row: *const f32,
    pub row_least: *const f32,
    pub column: *const f32,
    pub column_sum: *const f32,
}

/// A block of rows times a panel of columns.
///
/// Promises: `a` is valid for `rows` rows of `steps` words, `b` for `steps` times the panel's
/// columns, `bias` and the columns' scales for its columns, the rows' scales for `rows`; `out` is
/// valid, and nobody else's, for `rows` rows `out_stride` apart of as many columns.
pub(crate) struct Panel {
    pub a: Left,
    pub rows: usize,
    pub steps: usize,
    pub b: *const u32,
    pub bias: *const f32,
    pub scales: Option<Scales>,
    pub finish: Finish,
    pub out: *mut f32,
    pub out_stride: usize,
}

/// Rows to be normalised.
///
/// Promises: `first` is valid, and nobody else's, for `rows` rows of `c` numbers, `stride` apart;
/// `gain` and `bias` are valid for `c`.
pub(crate) struct NormRows {
    pub first: *mut f32,
    pub rows: usize,
    pub stride: usize,
    pub c: usize,
    pub gain: *const f32,
    pub bias: *const f32,
    pub eps: f32,
}

/// Attention of one sequence and head.
///
/// Promises: `q` is valid for `queries` rows `q_stride` apart of `d` columns, `k` and `v` for `t`
/// rows `kv_stride` apart of as many, `out` (nobody else's) for `queries` rows `out_stride` apart of
/// as many; `scratch` (nobody else's) for [`attention_scratch`] numbers, and [`rounded_scratch`] more
/// where they are rounded; `t` is at least 1.
pub(crate) struct Attention {
    pub q: *const f32,
    pub q_stride: usize,
    pub queries: usize,
    pub k: *const f32,
    pub v: *const f32,
    pub kv_stride: usize,
    pub t: usize,
    pub d: usize,
    /// `log₂ e / √d`: scores are scaled so that `2^score` is the softmax's numerator.
    pub scale: f32,
    pub out: *mut f32,
    pub out_stride: usize,
    pub scratch: *mut f32,
}

/// Queries that attention takes at a time, at most, and keys between two corrections of the running
/// maximum.
pub(crate) const QUERIES: usize = 32;
pub(crate) const KEYS: usize = 64;

/// Numbers that attention over heads `d` wide needs to work in: transposed queries, transposed
/// output, and a block of scores.
pub(crate) const fn attention_scratch(d: usize) -> usize {
    (2 * d + KEYS) * QUERIES
}

/// Room for keys, values and a block's queries in bf16, in rows of whole registers of 16.
pub(crate) const fn rounded_scratch(t: usize, d: usize) -> usize {
    (t + t.next_multiple_of(2) + QUERIES) * d.next_multiple_of(16) / 2
}

/// How one product is computed.
pub(crate) struct Product {
    /// Columns of a panel.
    pub columns: usize,
    /// The whole of it.
    pub product: unsafe fn(&Panel),
    /// Sums alone, as 32-bit words, of a tile of so many rows.
    pub tile: unsafe fn(usize, Left, usize, *const u32, Ahead, *mut u32),
    /// Rows of the highest tile.
    pub height: usize,
    /// The instructions in words.
    pub instructions: &'static str,
}

/// The functions of an instruction set. All are unsafe to call on a CPU without it.
pub(crate) struct Table {
    pub f32: Product,
    pub bf16: Product,
    pub int8: Product,
    /// Each row normalised in place, times gain plus bias.
    pub layer_norm: unsafe fn(&NormRows),
    pub attention: unsafe fn(&Attention),
    /// The same in bf16 with sums in f32, or as it is where that is no faster.
    pub attention_rounded: unsafe fn(&Attention),
    /// `n` numbers rounded to bf16.
    pub to_bf16: unsafe fn(*const f32, usize, *mut u16),
    /// `n` numbers to bytes, `x ≈ least + scale·q`; gives `(scale, least)`.
    pub quantize: unsafe fn(*const f32, usize, *mut u8) -> (f32, f32),
}
