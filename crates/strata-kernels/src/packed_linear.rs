//! A linear layer's weights in the order in which tiles read them.
//!
//! Letters: `k` inputs, `n` outputs. Words of `k` as in `tile`; a panel's words lie one after
//! another, `[step][column]`, panel after panel. Columns that fill a last panel up are zero, and so
//! are the numbers of `k` that fill a last word up.

use memmap2::MmapMut;

use super::scalar;
use super::{Dtype, Kernels};

/// A part of a linear layer that begins at a panel of its own.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// `(n, k)`, row-major, as checkpoints have it.
    pub weight: &'a [f32],
    /// `n` numbers.
    pub bias: &'a [f32],
}

/// One or several linear layers over the same input, packed.
pub struct Linear {
    pub(super) dtype: Dtype,
    pub(super) k: usize,
    /// Words of `k`.
    pub(super) steps: usize,
    /// Columns of a panel.
    pub(super) panel: usize,
    pub(super) words: Words,
    /// One a column, those that fill up included.
    pub(super) bias: Vec<f32>,
    /// With int8: the number that a unit of the column's weights stands for.
    pub(super) scales: Vec<f32>,
    /// With int8: the sum of the column's weights, scaled.
    pub(super) sums: Vec<f32>,
}

impl Linear {
    /// Packs parts of `k` inputs for these kernels.
    ///
    /// With int8 a column's weights are rounded to `scale · -127..=127`, `scale` the largest of
    /// their absolute values over 127.
    ///
    /// # Panics
    /// A part's sizes don't fit together.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn pack(
        kernels: Kernels,
        dtype: Dtype,
        k: usize,
        parts: &[Part<'_>],
    ) -> std::io::Result<Self> {
        let panel = kernels.product_of(dtype).columns;
        let steps = k.div_ceil(dtype.depth());
        let panels: usize = parts.iter().map(|part| part.bias.len().div_ceil(panel)).sum();
        let mut linear = Self {
            dtype,
            k,
            steps,
            panel,
            words: Words::zeroed(panels * steps * panel)?,
            bias: vec![0.0; panels * panel],
            scales: Vec::new(),
            sums: Vec::new(),
        };
        if dtype == Dtype::Int8 {
            linear.scales = vec![0.0; panels * panel];
            linear.sums = vec![0.0; panels * panel];
        }
        let mut column = 0;
        for part in parts {
            assert_eq!(part.weight.len(), part.bias.len() * k, "weights of a part");
            for (at, (row, bias)) in part.weight.chunks_exact(k).zip(part.bias).enumerate() {
                linear.bias[column + at] = *bias;
                linear.pack_column(column + at, row);
            }
            column += part.bias.len().next_multiple_of(panel);
        }
        Ok(linear)
    }

    /// The number format.
    #[inline]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// `k`, the number of inputs.
    #[inline]
    pub fn inputs(&self) -> usize {
        self.k
    }

    /// Outputs, those that fill panels up included.
    #[inline]
    pub fn columns(&self) -> usize {
        self.bias.len()
    }

    /// Panels of outputs.
    #[inline]
    pub fn panels(&self) -> usize {
        self.columns() / self.panel
    }

    /// Outputs of a panel.
    #[inline]
    pub fn panel_columns(&self) -> usize {
        self.panel
    }

    fn pack_column(&mut self, column: usize, weights: &[f32]) {
        let (panel, steps) = (self.panel, self.steps);
        let first = column / panel * steps * panel + column % panel;
        let words = self.words.as_mut_slice()[first..].iter_mut().step_by(panel);
        match self.dtype {
            Dtype::F32 => {
                words.zip(weights).for_each(|(word, weight)| *word = weight.to_bits());
            }
            Dtype::Bf16 => {
                for (word, pair) in words.zip(weights.chunks(2)) {
                    let high = pair.get(1).map_or(0, |&weight| scalar::bf16(weight));
                    *word = u32::from(scalar::bf16(pair[0])) | u32::from(high) << 16;
                }
            }
            Dtype::Int8 => {
                let largest = weights.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
                let factor = if largest > 0.0 { 127.0 / largest } else { 0.0 };
                let mut sum = 0_i32;
                for (word, four) in words.zip(weights.chunks(4)) {
                    let mut bytes = [0_i8; 4];
                    for (byte, weight) in bytes.iter_mut().zip(four) {
                        *byte = (weight * factor).round_ties_even() as i8;
                        sum += i32::from(*byte);
                    }
                    *word = u32::from_le_bytes(bytes.map(i8::cast_unsigned));
                }
                // A weight that isn't a number would otherwise be rounded to 0, and nobody know.
                let fault: f32 = weights.iter().map(|weight| 0.0 * weight).sum();
                self.scales[column] = largest / 127.0 + fault;
                self.sums[column] = sum as f32 * self.scales[column];
            }
        }
    }
}

/// Words in pages of their own, large ones where the system has them: weights are read from end to
/// end in every pass.
pub(super) struct Words {
    map: MmapMut,
    len: usize,
}

impl Words {
    fn zeroed(len: usize) -> std::io::Result<Self> {
        let map = MmapMut::map_anon((len * size_of::<u32>()).max(1))?;
        // Only a wish: without large pages it is as right, and a little slower.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self { map, len })
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u32] {
        // SAFETY: the map is at least `len` words long, at the start of a page, and any bytes are
        // words.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast(), self.len) }
    }

    fn as_mut_slice(&mut self) -> &mut [u32] {
        // SAFETY: as above, and `self` is borrowed for writing.
        unsafe { std::slice::from_raw_parts_mut(self.map.as_mut_ptr().cast(), self.len) }
    }
}
