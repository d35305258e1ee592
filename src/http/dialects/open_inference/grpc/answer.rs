//! From computed tensors to gRPC's messages.

use super::protocol::inference::infer_parameter::ParameterChoice;
use super::protocol::inference::model_infer_response::InferOutputTensor;
use super::protocol::inference::{InferParameter, InferTensorContents, ModelInferResponse};
use crate::http::dialects::open_inference::inference::Inferred;
use crate::http::dialects::open_inference::tensor::{Tensor, TensorData};
use crate::http::wire::Usage;
use crate::quantization::Values;

/// What an answer has beside its outputs.
pub struct Head {
    /// The model's name.
    pub model_name: String,
    /// The fingerprint of its encoder.
    pub model_version: String,
    /// The request's id.
    pub id: String,
}

/// The answer, with outputs in the binary form if they are to be `raw`.
pub fn write(head: Head, inferred: Inferred, raw: bool) -> ModelInferResponse {
    let Head { model_name, model_version, id } = head;
    let parameters = usage(&inferred.usage).into_iter().collect();
    let mut answer =
        ModelInferResponse { model_name, model_version, id, parameters, ..Default::default() };
    for Tensor { name, shape, data, .. } in inferred.into_tensors() {
        let shape = shape.iter().map(|&dimension| dimension as i64).collect();
        let datatype = data.datatype().to_owned();
        let contents = match raw {
            true => {
                answer.raw_output_contents.push(data.into_binary());
                None
            }
            false => Some(contents(data)),
        };
        let output = InferOutputTensor { name, datatype, shape, contents, ..Default::default() };
        answer.outputs.push(output);
    }
    answer
}

fn usage(usage: &Usage) -> [(String, InferParameter); 2] {
    let number = |number: usize| InferParameter {
        parameter_choice: Some(ParameterChoice::Int64Param(number as i64)),
    };
    [
        ("tokens".to_owned(), number(usage.tokens)),
        ("truncated_inputs".to_owned(), number(usage.truncated.len())),
    ]
}

fn contents(data: TensorData) -> InferTensorContents {
    let mut contents = InferTensorContents::default();
    match data {
        TensorData::Numbers(Values::Float32(numbers)) => contents.fp32_contents = numbers,
        TensorData::Numbers(Values::Int8(numbers)) => {
            contents.int_contents = numbers.into_iter().map(i32::from).collect();
        }
        TensorData::Numbers(Values::Uint8(numbers)) => {
            contents.uint_contents = numbers.into_iter().map(u32::from).collect();
        }
        TensorData::Texts(texts) => {
            contents.bytes_contents = texts.into_iter().map(String::into_bytes).collect();
        }
    }
    contents
}
