//! Vectors in an answer: their precision, and how numbers are written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::service::Service;
use crate::model::recipe::ResolvedRecipe;
use crate::quantization::{Precision, Quantizer, Values};

/// Typical bytes of a number in JSON, with sign, point, exponent and comma.
pub const FLOAT_BYTES: usize = 13;
/// The same for a whole number from -128 to 255.
const INTEGER_BYTES: usize = 5;

/// How vectors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// A list of numbers.
    #[default]
    Float,
    /// The bytes of the numbers in base64; f32 is little-endian.
    Base64,
}

/// The format of a request's vectors.
#[derive(Clone, Debug)]
pub struct VectorFormat {
    quantizer: Quantizer,
    encoding: Encoding,
}

impl VectorFormat {
    /// Numbers of f32.
    pub fn float32(encoding: Encoding) -> Self {
        Self { quantizer: Quantizer::Float32, encoding }
    }

    /// The format of rows of `recipe` for texts with `prompt`. `pointer` is the field that names the
    /// precision.
    ///
    /// # Errors
    /// The precision needs ranges that aren't known for these rows.
    pub fn new(
        service: &Service,
        precision: Precision,
        encoding: Encoding,
        recipe: &ResolvedRecipe,
        prompt: &str,
        pointer: &str,
    ) -> Result<Self, ApiError> {
        let ranges = || {
            service.calibrations.ranges(recipe, prompt).ok_or_else(|| {
                let message = format!(
                    "{} needs the range of each column, which isn't known for {} columns of this \
                     recipe with this prompt",
                    precision.name(),
                    recipe.dimensions
                );
                ApiError::unacceptable(ErrorCode::NotCalibrated, pointer, message)
            })
        };
        Ok(Self { quantizer: precision.quantizer(ranges)?, encoding })
    }

    /// The precision of its vectors.
    pub fn precision(&self) -> Precision {
        self.quantizer.precision()
    }

    /// About how many bytes a vector of `width` columns takes in an answer in JSON.
    pub fn json_bytes(&self, width: usize) -> usize {
        let precision = self.precision();
        let numbers = precision.numbers(width);
        match (self.encoding, precision) {
            (Encoding::Float, Precision::Float32) => numbers * FLOAT_BYTES,
            (Encoding::Float, _) => numbers * INTEGER_BYTES,
            (Encoding::Base64, _) => (numbers * precision.number_bytes()).div_ceil(3) * 4,
        }
    }

    /// A row in this format.
    pub fn vector(&self, row: Vec<f32>) -> Vector {
        let values = self.values(row);
        match self.encoding {
            Encoding::Float => Vector::Numbers(values),
            Encoding::Base64 => Vector::Base64(Base64::new(&values.into_bytes())),
        }
    }

    /// The numbers of all rows, one after the other, whatever the encoding.
    pub fn all_values(&self, rows: impl Iterator<Item = Vec<f32>>) -> Values {
        self.quantizer.convert_all(rows)
    }

    /// The numbers of a row, whatever the encoding.
    pub fn values(&self, row: Vec<f32>) -> Values {
        self.quantizer.convert(row)
    }
}

/// One vector.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Vector {
    /// A list of numbers.
    Numbers(Values),
    /// The bytes of the numbers, in base64.
    #[schema(value_type = String)]
    Base64(Base64),
}

/// Bytes in base64, as a string of JSON. No character of base64 is escaped there, so that it is written as
/// it is: to look at each character again would take as long as the encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64(String);

impl Base64 {
    fn new(bytes: &[u8]) -> Self {
        let mut json = String::with_capacity(bytes.len().div_ceil(3) * 4 + 2);
        json.push('"');
        STANDARD.encode_string(bytes, &mut json);
        json.push('"');
        Self(json)
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        json.serialize(serializer)
    }
}

impl From<Vec<f32>> for Vector {
    fn from(row: Vec<f32>) -> Self {
        Self::Numbers(Values::Float32(row))
    }
}

/// The embedding of one input.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Embedding {
    /// The pooled row.
    Pooled(Vector),
    /// One row per token, with `tokens: true`.
    Tokens(Vec<Vector>),
}
