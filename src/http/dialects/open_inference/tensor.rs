//! Tensors in answers.

use serde::Serialize;
use serde::ser::Serializer;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::quantization::Values;

/// A tensor of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its dimensions: the texts, then what each of them has.
    pub shape: [usize; 2],
    /// Its elements, in row-major order.
    pub data: TensorData,
    /// Whether the request wants it in the binary form.
    pub binary: bool,
}

/// The elements of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorData {
    /// `FP32`, `INT8` or `UINT8`
    Numbers(Values),
    /// `BYTES`: texts.
    Texts(Vec<String>),
}

impl TensorData {
    /// The protocol's name of their type.
    pub fn datatype(&self) -> &'static str {
        match self {
            Self::Numbers(Values::Float32(_)) => "FP32",
            Self::Numbers(Values::Int8(_)) => "INT8",
            Self::Numbers(Values::Uint8(_)) => "UINT8",
            Self::Texts(_) => "BYTES",
        }
    }

    /// The binary form: numbers in little-endian order, texts with their length in front.
    pub fn into_binary(self) -> Vec<u8> {
        match self {
            Self::Numbers(values) => values.into_bytes(),
            Self::Texts(texts) => {
                let mut bytes = Vec::new();
                for text in texts {
                    // Labels, which are short.
                    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
                bytes
            }
        }
    }
}

/// One list: whole numbers would match more than one of several kinds of list, which `oneOf` forbids.
impl PartialSchema for TensorData {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let text = ObjectBuilder::new().schema_type(Type::String);
        let description = "The elements, in row-major order: numbers, or texts for `BYTES`.";
        let item = OneOfBuilder::new().item(number).item(text);
        ArrayBuilder::new().items(item).description(Some(description)).into()
    }
}

impl ToSchema for TensorData {}

impl Serialize for TensorData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Numbers(values) => values.serialize(serializer),
            Self::Texts(texts) => texts.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_form_is_little_endian_with_lengths_before_texts() {
        let numbers = TensorData::Numbers(Values::Float32(vec![1.0, -2.0]));
        assert_eq!(numbers.into_binary(), [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
        let texts = TensorData::Texts(vec!["a".to_owned(), String::new()]);
        assert_eq!(texts.into_binary(), [1, 0, 0, 0, b'a', 0, 0, 0, 0]);
    }
}
