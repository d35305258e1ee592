//! The answer of an inference over HTTP: JSON, then the binary forms of its outputs.

use std::io::{self, Write};

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::HEADER_LENGTH;
use super::inference::Inferred;
use super::tensor::{Tensor, TensorData};
use crate::http::answer_body::AnswerWriter;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::http::service::Service;

/// The JSON of an answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceResponse)]
pub struct WireAnswer {
    /// The model's name.
    model_name: String,
    /// The fingerprint of its encoder.
    model_version: String,
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// What the request used.
    parameters: AnswerParameters,
    /// The outputs, in the order in which the request names them.
    outputs: Vec<WireTensor>,
}

/// What a request used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceUsage)]
struct AnswerParameters {
    /// Tokens computed, special tokens included.
    tokens: usize,
    /// How many texts were cut.
    truncated_inputs: usize,
}

/// An output.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceOutputTensor)]
struct WireTensor {
    /// Its name.
    name: String,
    /// Its dimensions: the texts, then what each of them has.
    shape: [usize; 2],
    /// The type of its elements.
    datatype: &'static str,
    /// Its parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<TensorParameters>,
    /// Its elements, in row-major order, if they don't follow the JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<TensorData>,
}

/// Where a tensor is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceOutputTensorParameters)]
struct TensorParameters {
    /// The bytes of its binary form, which follow the JSON.
    binary_data_size: usize,
}

/// Writes the answer of a request with this id.
///
/// # Errors
/// The deadline passed, or it can't be written, which is a failure of the server.
pub async fn write(
    service: &Service,
    id: Option<String>,
    inferred: Inferred,
    reply: Reply,
) -> Result<Response, ApiError> {
    let (model_name, model_version) =
        (service.model.name.clone(), service.model.fingerprint.clone());
    let is_binary = inferred.has_binary();
    let media_type = if is_binary { "application/octet-stream" } else { "application/json" };
    let write = move |writer: &mut AnswerWriter| {
        let parameters = AnswerParameters {
            tokens: inferred.usage.tokens,
            truncated_inputs: inferred.usage.truncated.len(),
        };
        let (outputs, binary): (Vec<_>, Vec<_>) =
            inferred.into_tensors().into_iter().map(form).unzip();
        let answer = WireAnswer { model_name, model_version, id, parameters, outputs };
        if !is_binary {
            serde_json::to_writer(writer, &answer).map_err(io::Error::from)?;
            return Ok(0);
        }
        let json = serde_json::to_vec(&answer).map_err(io::Error::from)?;
        writer.write_all(&json)?;
        binary.iter().try_for_each(|bytes| writer.write_all(bytes))?;
        Ok(json.len())
    };
    let (mut response, length) = reply.write_with(&service.text_pool, media_type, write).await?;
    if is_binary {
        let headers = response.headers_mut();
        headers.insert(HEADER_LENGTH, length.into());
    }
    Ok(response)
}

/// A tensor in the JSON, and its binary form, which is empty if its elements are in the JSON.
fn form(tensor: Tensor) -> (WireTensor, Vec<u8>) {
    let Tensor { name, shape, data, binary } = tensor;
    let datatype = data.datatype();
    if !binary {
        let data = Some(data);
        return (WireTensor { name, shape, datatype, parameters: None, data }, Vec::new());
    }
    let bytes = data.into_binary();
    let parameters = Some(TensorParameters { binary_data_size: bytes.len() });
    (WireTensor { name, shape, datatype, parameters, data: None }, bytes)
}
