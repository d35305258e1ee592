//! Vectors in an answer: as numbers or in base64, and their size in bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Typical bytes of a number in JSON, with sign, point, exponent and comma.
pub const FLOAT_BYTES: usize = 13;

/// How vectors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// A list of numbers.
    #[default]
    Float,
    /// Little-endian f32, in base64.
    Base64,
}

impl Encoding {
    /// About how many bytes a vector of `width` numbers takes in the answer.
    pub fn vector_bytes(self, width: usize) -> usize {
        match self {
            Self::Float => width * FLOAT_BYTES,
            Self::Base64 => (width * size_of::<f32>()).div_ceil(3) * 4,
        }
    }
}

/// One vector.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Vector {
    /// A list of numbers.
    Float(Vec<f32>),
    /// Little-endian f32, in base64.
    Base64(String),
}

impl Vector {
    /// A row of numbers in the encoding that the client has chosen.
    pub fn new(row: Vec<f32>, encoding: Encoding) -> Self {
        match encoding {
            Encoding::Float => Self::Float(row),
            Encoding::Base64 => {
                let bytes: Vec<u8> = row.iter().flat_map(|number| number.to_le_bytes()).collect();
                Self::Base64(STANDARD.encode(bytes))
            }
        }
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
