//! The precisions of an embedding.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::ranges::Ranges;

/// How the columns of an embedding are represented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As computed.
    #[default]
    Float32,
    /// -128 to 127: the calibrated range of each column in 256 steps.
    Int8,
    /// 0 to 255: the calibrated range of each column in 256 steps.
    Uint8,
    /// One bit per column, 1 if it is above 0; the first of eight columns is the highest bit of a byte.
    /// The numbers are those of `ubinary` less 128.
    Binary,
    /// Like `binary`, with bytes from 0 to 255.
    Ubinary,
}

impl Precision {
    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Binary => "binary",
            Self::Ubinary => "ubinary",
        }
    }

    /// Numbers of a row of `width` columns. Missing bits of the last byte are 0.
    pub fn numbers(self, width: usize) -> usize {
        match self {
            Self::Float32 | Self::Int8 | Self::Uint8 => width,
            Self::Binary | Self::Ubinary => width.div_ceil(8),
        }
    }

    /// Bytes of one number.
    pub fn number_bytes(self) -> usize {
        if self == Self::Float32 { size_of::<f32>() } else { 1 }
    }

    /// What converts rows to it. `ranges` looks up those of the rows, if they are needed.
    ///
    /// # Errors
    /// Those of `ranges`.
    pub fn quantizer<E>(
        self,
        ranges: impl FnOnce() -> Result<Arc<Ranges>, E>,
    ) -> Result<Quantizer, E> {
        Ok(match self {
            Self::Float32 => Quantizer::Float32,
            Self::Int8 => Quantizer::Int8(ranges()?),
            Self::Uint8 => Quantizer::Uint8(ranges()?),
            Self::Binary => Quantizer::Binary,
            Self::Ubinary => Quantizer::Ubinary,
        })
    }
}

/// Converts rows to a [`Precision`].
#[derive(Clone, Debug)]
pub enum Quantizer {
    /// Leaves them as they are.
    Float32,
    /// To `int8`, by these ranges.
    Int8(Arc<Ranges>),
    /// To `uint8`, by these ranges.
    Uint8(Arc<Ranges>),
    /// To `binary`.
    Binary,
    /// To `ubinary`.
    Ubinary,
}

impl Quantizer {
    /// The precision of its result.
    pub fn precision(&self) -> Precision {
        match self {
            Self::Float32 => Precision::Float32,
            Self::Int8(_) => Precision::Int8,
            Self::Uint8(_) => Precision::Uint8,
            Self::Binary => Precision::Binary,
            Self::Ubinary => Precision::Ubinary,
        }
    }

    /// A row in the precision. It has as many columns as the ranges.
    pub fn convert(&self, row: Vec<f32>) -> Values {
        match self {
            Self::Float32 => Values::Float32(row),
            Self::Int8(ranges) => Values::Int8(less_128(ranges.steps(&row))),
            Self::Uint8(ranges) => Values::Uint8(ranges.steps(&row)),
            Self::Binary => Values::Int8(less_128(bits(&row))),
            Self::Ubinary => Values::Uint8(bits(&row)),
        }
    }

    /// Several rows in the precision, one after the other.
    pub fn convert_all(&self, rows: impl Iterator<Item = Vec<f32>>) -> Values {
        match self {
            Self::Float32 => Values::Float32(rows.flatten().collect()),
            Self::Int8(ranges) => {
                Values::Int8(rows.flat_map(|row| less_128(ranges.steps(&row))).collect())
            }
            Self::Uint8(ranges) => Values::Uint8(rows.flat_map(|row| ranges.steps(&row)).collect()),
            Self::Binary => Values::Int8(rows.flat_map(|row| less_128(bits(&row))).collect()),
            Self::Ubinary => Values::Uint8(rows.flat_map(|row| bits(&row)).collect()),
        }
    }
}

/// The numbers of a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Values {
    /// `float32`
    Float32(Vec<f32>),
    /// `int8` and `binary`
    Int8(Vec<i8>),
    /// `uint8` and `ubinary`
    Uint8(Vec<u8>),
}

/// One list: whole numbers would match more than one of three kinds of list, which `oneOf` forbids.
impl PartialSchema for Values {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let description = "The numbers of a row; whole numbers unless the precision is `float32`.";
        ArrayBuilder::new().items(number).description(Some(description)).into()
    }
}

impl ToSchema for Values {}

impl Values {
    /// Their bytes, little-endian.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Float32(numbers) => {
                let mut bytes = vec![0; size_of_val(numbers.as_slice())];
                let (places, _) = bytes.as_chunks_mut();
                for (place, number) in places.iter_mut().zip(numbers) {
                    *place = number.to_le_bytes();
                }
                bytes
            }
            Self::Int8(numbers) => numbers.into_iter().map(|number| number as u8).collect(),
            Self::Uint8(numbers) => numbers,
        }
    }
}

fn less_128(bytes: Vec<u8>) -> Vec<i8> {
    bytes.into_iter().map(|byte| (byte ^ 0x80) as i8).collect()
}

/// One bit per column.
fn bits(row: &[f32]) -> Vec<u8> {
    let bit = |(column, &number): (usize, &f32)| u8::from(number > 0.0) << (7 - column);
    row.chunks(8).map(|columns| columns.iter().enumerate().map(bit).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_is_the_highest_bit_and_zero_is_not_above_zero() {
        let row = vec![1.0, 0.0, -0.0, -1.0, 1e-30, 0.5, -0.5, 2.0, 3.0];
        assert_eq!(Quantizer::Ubinary.convert(row.clone()), Values::Uint8(vec![0b1000_1101, 0x80]));
        assert_eq!(Quantizer::Binary.convert(row), Values::Int8(vec![13, 0]));
    }

    #[test]
    fn bytes_are_little_endian() {
        assert_eq!(Values::Float32(vec![1.0, -2.0]).into_bytes(), [0, 0, 128, 63, 0, 0, 0, 192]);
        assert_eq!(Values::Int8(vec![-128, -1, 127]).into_bytes(), [128, 255, 127]);
    }

    #[test]
    fn a_row_takes_as_many_numbers_as_are_announced() {
        let ranges = |width| Arc::new(Ranges::new(vec![-1.0; width], vec![1.0; width]).unwrap());
        for width in [1, 7, 8, 9, 384] {
            for precision in [
                Precision::Float32,
                Precision::Int8,
                Precision::Uint8,
                Precision::Binary,
                Precision::Ubinary,
            ] {
                let quantizer = precision.quantizer(|| Ok::<_, ()>(ranges(width))).unwrap();
                let bytes = quantizer.convert(vec![0.5; width]).into_bytes();
                assert_eq!(bytes.len(), precision.numbers(width) * precision.number_bytes());
                assert_eq!(quantizer.precision(), precision);
            }
        }
    }
}
