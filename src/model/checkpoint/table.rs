//! The numbers of tensors as they are stored, and a table that stays in its file: a row is read when it is
//! needed.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use safetensors::Dtype;

use super::map::MappedFile;

/// Numbers of a tensor: those of the file, or a copy as f32.
pub type Numbers<'a> = Cow<'a, [f32]>;

/// Whether the processor stores numbers as the files do.
const IS_LITTLE_ENDIAN: bool = 1_u32.to_le() == 1;

/// The type of a tensor's numbers, which are little-endian.
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

    /// Bytes per number.
    fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Stored numbers as f32: the stored ones themselves if they are that and lie as the processor wants
    /// them to, so that weights are packed without a copy of them.
    pub fn numbers(self, bytes: &[u8]) -> Numbers<'_> {
        match bytemuck::try_cast_slice(bytes) {
            Ok(numbers) if self == Self::F32 && IS_LITTLE_ENDIAN => Cow::Borrowed(numbers),
            _ => {
                let mut numbers = vec![0.0; bytes.len() / self.size()];
                self.read(bytes, &mut numbers, |number, stored| *number = stored);
                Cow::Owned(numbers)
            }
        }
    }

    /// Calls `each` with a number of `to` and the stored one of its place.
    fn read(self, bytes: &[u8], to: &mut [f32], each: impl Fn(&mut f32, f32)) {
        match self {
            Self::F64 => {
                zip(bytes.as_chunks().0, to, |bytes| f64::from_le_bytes(bytes) as f32, each)
            }
            Self::F32 => zip(bytes.as_chunks().0, to, f32::from_le_bytes, each),
            Self::F16 => {
                zip(bytes.as_chunks().0, to, |pair| half::f16::from_le_bytes(pair).to_f32(), each)
            }
            Self::Bf16 => {
                zip(bytes.as_chunks().0, to, |pair| half::bf16::from_le_bytes(pair).to_f32(), each)
            }
        }
    }
}

fn zip<const N: usize>(
    from: &[[u8; N]],
    to: &mut [f32],
    number: impl Fn([u8; N]) -> f32,
    each: impl Fn(&mut f32, f32),
) {
    to.iter_mut().zip(from).for_each(|(to, bytes)| each(to, number(*bytes)));
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
        let size = self.columns * self.format.size();
        let bytes = &self.file[self.bytes.clone()][row * size..][..size];
        self.format.read(bytes, to, |sum, number| *sum += number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_are_the_same_at_any_place_in_a_file() {
        let expected = [0.5_f32, -2.0, 0.0, 96.0, -0.125];
        let f64s = expected.iter().flat_map(|&x| f64::from(x).to_le_bytes()).collect();
        let f32s = expected.iter().flat_map(|x| x.to_le_bytes()).collect();
        let f16s = expected.iter().flat_map(|&x| half::f16::from_f32(x).to_le_bytes()).collect();
        let bf16s = expected.iter().flat_map(|&x| half::bf16::from_f32(x).to_le_bytes()).collect();
        let stored: [(Format, Vec<u8>); 4] =
            [(Format::F64, f64s), (Format::F32, f32s), (Format::F16, f16s), (Format::Bf16, bf16s)];
        for (format, bytes) in stored {
            for before in 0..8 {
                let file = [&vec![0xff; before], bytes.as_slice()].concat();
                assert_eq!(*format.numbers(&file[before..]), expected, "{format:?}, {before}");
            }
        }
    }
}
