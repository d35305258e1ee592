//! A table that stays in its file: a row is read when it is needed.

use std::ops::Range;
use std::sync::Arc;

use safetensors::Dtype;

use super::map::MappedFile;

/// The type of a table's numbers, which are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    F64,
    F32,
    F16,
    Bf16,
}

impl Format {
    /// The format of a safetensors dtype, if it is one that is read.
    pub fn from_dtype(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::F64 => Some(Self::F64),
            Dtype::F32 => Some(Self::F32),
            Dtype::F16 => Some(Self::F16),
            Dtype::BF16 => Some(Self::Bf16),
            _ => None,
        }
    }
}

/// `(rows, columns)` numbers in a mapped file. The file stays mapped as long as the table exists.
pub struct Table {
    pub(super) file: Arc<MappedFile>,
    pub(super) bytes: Range<usize>,
    pub(super) format: Format,
    pub(super) columns: usize,
}

impl Table {
    /// Adds a row to `to`, which has as many columns.
    ///
    /// # Panics
    /// The table has no such row.
    pub fn add_row(&self, row: usize, to: &mut [f32]) {
        let size = match self.format {
            Format::F64 => 8,
            Format::F32 => 4,
            Format::F16 | Format::Bf16 => 2,
        };
        let bytes = &self.file[self.bytes.clone()][row * self.columns * size..];
        let bytes = &bytes[..self.columns * size];
        match self.format {
            Format::F64 => add(bytes.as_chunks().0, to, |bytes| f64::from_le_bytes(bytes) as f32),
            Format::F32 => add(bytes.as_chunks().0, to, f32::from_le_bytes),
            Format::F16 => {
                add(bytes.as_chunks().0, to, |pair| half::f16::from_le_bytes(pair).to_f32())
            }
            Format::Bf16 => {
                add(bytes.as_chunks().0, to, |pair| half::bf16::from_le_bytes(pair).to_f32())
            }
        }
    }
}

fn add<const N: usize>(from: &[[u8; N]], to: &mut [f32], number: impl Fn([u8; N]) -> f32) {
    to.iter_mut().zip(from).for_each(|(sum, bytes)| *sum += number(*bytes));
}
