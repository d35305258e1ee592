//! A linear layer's weights in the order in which the micro-kernel reads them.
//!
//! Letters: `k` inputs, `n` outputs. A word holds 32 bits of `k`, as in `simd::micro_kernel`.
//! Panels follow each other; the words of a panel are in the order `[step][column]`. The columns
//! that fill up a last panel are 0, and so are the numbers that fill up a last word of `k`.

use std::io;

use crate::bf16::bf16;
use crate::dtype::Dtype;
use crate::kernels::Kernels;
use crate::packed_words::PackedWords;
use crate::table::{GemmKernel, Layout};

/// A linear layer to be packed. Its first output becomes the first column of a panel.
#[derive(Clone, Copy)]
pub struct PackedPart<'a> {
    /// `(n, k)`, row-major, as in checkpoints.
    pub weight: &'a [f32],
    /// `n` numbers.
    pub bias: &'a [f32],
}

/// One or several linear layers over the same input, packed.
pub struct PackedLinear {
    dtype: Dtype,
    k: usize,
    steps: usize,
    panel_columns: usize,
    layout: Layout,
    words: PackedWords,
    bias: Vec<f32>,
    scales: Vec<f32>,
    sums: Vec<f32>,
}

impl PackedLinear {
    /// Packs linear layers of `k` inputs for these kernels.
    ///
    /// With int8 a column's weights are rounded to `scale · -127..=127`, where `scale` is the
    /// maximum of their absolute values over 127.
    ///
    /// # Panics
    /// `k` is 0, or the weights of a part are not `n·k` numbers.
    ///
    /// # Errors
    /// There is not enough memory.
    pub fn pack(
        kernels: Kernels,
        dtype: Dtype,
        k: usize,
        parts: &[PackedPart<'_>],
    ) -> io::Result<Self> {
        let GemmKernel { panel_columns, layout, .. } = *kernels.gemm_kernel(dtype);
        let steps = k.div_ceil(dtype.numbers_per_word());
        let panels: usize = parts.iter().map(|part| part.bias.len().div_ceil(panel_columns)).sum();
        let columns = panels * panel_columns;
        let scaled_columns = if dtype == Dtype::Int8 { columns } else { 0 };
        let mut linear = Self {
            dtype,
            k,
            steps,
            panel_columns,
            layout,
            words: PackedWords::zeroed(columns * layout.whole_steps(steps))?,
            bias: vec![0.0; columns],
            scales: vec![0.0; scaled_columns],
            sums: vec![0.0; scaled_columns],
        };
        let mut column = 0;
        for part in parts {
            assert_eq!(part.weight.len(), part.bias.len() * k, "weights of a part");
            for (at, (row, bias)) in part.weight.chunks_exact(k).zip(part.bias).enumerate() {
                linear.bias[column + at] = *bias;
                linear.pack_column(column + at, row);
            }
            column += part.bias.len().next_multiple_of(panel_columns);
        }
        Ok(linear)
    }

    /// The dtype.
    #[inline]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The number of inputs, `k`.
    #[inline]
    pub fn inputs(&self) -> usize {
        self.k
    }

    /// The number of outputs, including those that fill up panels.
    #[inline]
    pub fn columns(&self) -> usize {
        self.bias.len()
    }

    /// The number of panels.
    #[inline]
    pub fn panels(&self) -> usize {
        self.columns() / self.panel_columns
    }

    /// Outputs per panel.
    #[inline]
    pub fn panel_columns(&self) -> usize {
        self.panel_columns
    }

    /// Words of `k` per column.
    #[inline]
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    #[inline]
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// Words of a panel, including those that fill up whole tiles.
    #[inline]
    pub(crate) fn panel_words(&self) -> usize {
        self.layout.whole_steps(self.steps) * self.panel_columns
    }

    #[inline]
    pub(crate) fn words(&self) -> &[u32] {
        self.words.as_slice()
    }

    /// One number per column.
    #[inline]
    pub(crate) fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// With int8, per column: the scale, `weight ≈ scale · byte`.
    #[inline]
    pub(crate) fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// With int8, per column: the sum of its weights, scaled.
    #[inline]
    pub(crate) fn sums(&self) -> &[f32] {
        &self.sums
    }

    /// Rounds the `k` weights of a column to the dtype, and writes them to its words.
    fn pack_column(&mut self, column: usize, weights: &[f32]) {
        let (panel, layout) = (self.panel_columns, self.layout);
        let panel_words = self.panel_words();
        let words = &mut self.words.as_mut_slice()[column / panel * panel_words..][..panel_words];
        let mut set = |step, word| words[layout.place_in_panel(step, column % panel, panel)] = word;
        match self.dtype {
            Dtype::F32 => {
                weights.iter().enumerate().for_each(|(step, weight)| set(step, weight.to_bits()));
            }
            Dtype::Bf16 => {
                for (step, pair) in weights.chunks(2).enumerate() {
                    let high = pair.get(1).map_or(0, |&weight| bf16(weight));
                    set(step, u32::from(bf16(pair[0])) | u32::from(high) << 16);
                }
            }
            Dtype::Int8 => {
                let max = weights.iter().fold(0.0_f32, |max, weight| max.max(weight.abs()));
                let factor = if max > 0.0 { 127.0 / max } else { 0.0 };
                let mut sum = 0_i32;
                for (step, four) in weights.chunks(4).enumerate() {
                    let mut bytes = [0_i8; 4];
                    for (byte, weight) in bytes.iter_mut().zip(four) {
                        *byte = (weight * factor).round_ties_even() as i8;
                        sum += i32::from(*byte);
                    }
                    set(step, u32::from_le_bytes(bytes.map(i8::cast_unsigned)));
                }
                // NaN if any weight is non-finite: otherwise such a weight would silently become 0.
                let non_finite: f32 = weights.iter().map(|weight| 0.0 * weight).sum();
                self.scales[column] = max / 127.0 + non_finite;
                self.sums[column] = sum as f32 * self.scales[column];
            }
        }
    }
}
