//! The body of an inference request over HTTP: JSON, then the binary forms of its inputs.

use axum::http::{HeaderMap, HeaderName};
use serde::Deserialize;
use utoipa::ToSchema;

use super::elements::Elements;
use super::inference::{InferRequest, InputTensor, check_count};
use super::model_path::ModelNamed;
use super::parameters::{InputParameters, OutputParameters, RequestParameters};
use super::requested::RequestedOutput;
use crate::http::content_type::{media_type, unsupported};
use crate::http::error::ApiError;
use crate::http::excerpt::excerpt;
use crate::http::json;
use crate::model::recipe::bounded_list;

/// The bytes of the JSON in front of binary tensors.
pub const HEADER_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");

/// The JSON of a request.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenInferenceRequest, example = json!({
    "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["A gripping film."]}],
    "outputs": [{"name": "embedding"}]
}))]
pub struct WireRequest {
    /// The model's name, which KServe's client repeats here.
    #[serde(default)]
    model_name: Option<String>,
    /// Its version.
    #[serde(default)]
    model_version: Option<String>,
    /// An id that the answer repeats.
    #[serde(default)]
    id: Option<String>,
    /// Its parameters.
    #[serde(default)]
    parameters: Option<RequestParameters>,
    /// Its inputs: `text`, and `pair` for the second texts of pairs.
    #[serde(deserialize_with = "bounded")]
    #[schema(max_items = 2)]
    inputs: Vec<WireInput>,
    /// The outputs that it wants; by default all.
    #[serde(default, deserialize_with = "bounded_list")]
    #[schema(max_items = 1024)]
    outputs: Option<Vec<WireOutput>>,
}

/// An input.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenInferenceInput)]
struct WireInput {
    /// Its name.
    name: String,
    /// Its dimensions: `[texts]` or `[texts, 1]`.
    #[serde(deserialize_with = "bounded")]
    shape: Vec<usize>,
    /// `BYTES`
    datatype: String,
    /// Its parameters.
    #[serde(default)]
    parameters: Option<InputParameters>,
    /// Its texts, if they don't follow the JSON.
    #[serde(default)]
    data: Option<Elements>,
}

/// An output that is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenInferenceOutput)]
struct WireOutput {
    /// Its name.
    name: String,
    /// What it is to be like.
    #[serde(default)]
    parameters: Option<OutputParameters>,
}

fn bounded<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Ok(bounded_list(deserializer)?.unwrap_or_default())
}

/// The bytes of the JSON, if binary tensors may follow.
///
/// # Errors
/// The header isn't a whole number.
pub fn header_length(headers: &HeaderMap) -> Result<Option<usize>, ApiError> {
    let Some(value) = headers.get(HEADER_LENGTH) else { return Ok(None) };
    match value.to_str().ok().and_then(|text| text.parse().ok()) {
        Some(length) => Ok(Some(length)),
        None => {
            let found = String::from_utf8_lossy(value.as_bytes());
            let message = format!(
                "{HEADER_LENGTH} is \"{}\"; it must be the number of bytes of the JSON",
                excerpt(&found)
            );
            Err(ApiError::InvalidHeader(message))
        }
    }
}

/// Checks the content type: JSON, bytes, or none, which Triton's client sends.
///
/// # Errors
/// It is another one, such as that of a form.
pub fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    match media_type(headers).as_deref() {
        None | Some("application/json" | "application/octet-stream") => Ok(()),
        Some(_) => Err(unsupported(headers, "application/json or application/octet-stream")),
    }
}

/// A request as it is sent over HTTP.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The model that it names, beside the path.
    pub named: ModelNamed,
    /// Its id.
    pub id: Option<String>,
    /// What is to be computed.
    pub request: InferRequest,
}

/// Reads a body, whose JSON has `header` bytes, or all of them.
///
/// # Errors
/// It isn't JSON, a field is wrong, or the binary forms don't fit what the JSON says of them.
pub fn parse(body: &[u8], header: Option<usize>) -> Result<Sent, ApiError> {
    let length = header.unwrap_or(body.len());
    let Some((text, mut binary)) = body.split_at_checked(length) else {
        let bytes = body.len();
        let message = format!("{HEADER_LENGTH} is {length}, and the body has {bytes} bytes");
        return Err(ApiError::InvalidHeader(message));
    };
    let WireRequest { model_name: name, model_version: version, id, parameters, inputs, outputs } =
        json::parse(text)?;
    check_count(inputs.len())?;
    let mut read = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.into_iter().enumerate() {
        let WireInput { name, shape, datatype, parameters, data } = input;
        let size = parameters.and_then(|parameters| parameters.binary_data_size);
        let elements = match (data, size) {
            (Some(elements), None) => elements,
            (None, Some(size)) => {
                let field = format!("/inputs/{index}/parameters/binary_data_size");
                let Some((own, rest)) = binary.split_at_checked(size) else {
                    let left = binary.len();
                    return Err(ApiError::invalid_field(
                        field,
                        format!("{size} bytes, and {left} are left"),
                    ));
                };
                binary = rest;
                Elements::from_binary(own)
                    .map_err(|message| ApiError::invalid_field(field, message))?
            }
            (Some(_), Some(_)) => {
                let message = "both data and binary_data_size are given; one is allowed";
                return Err(ApiError::invalid_field(
                    format!("/inputs/{index}"),
                    message.to_owned(),
                ));
            }
            (None, None) => {
                let message = "neither data nor the parameter binary_data_size is given";
                return Err(ApiError::invalid_field(
                    format!("/inputs/{index}"),
                    message.to_owned(),
                ));
            }
        };
        read.push(InputTensor { name, datatype, shape, elements });
    }
    if !binary.is_empty() {
        let message = format!("{} bytes are left behind the binary tensors", binary.len());
        return Err(ApiError::invalid_field("/inputs".to_owned(), message));
    }
    let output = |WireOutput { name, parameters }| RequestedOutput {
        name,
        parameters: parameters.unwrap_or_default(),
    };
    let outputs = outputs.unwrap_or_default().into_iter().map(output).collect();
    let parameters = parameters.unwrap_or_default();
    let request = InferRequest { parameters, inputs: read, outputs };
    Ok(Sent { named: ModelNamed { name, version }, id, request })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &str = r#"{"name": "text", "shape": [0], "datatype": "BYTES", "data": []}"#;

    fn refusal(json: &str, binary: &[u8]) -> String {
        let body = [json.as_bytes(), binary].concat();
        let error = parse(&body, Some(json.len())).unwrap_err();
        format!("{}: {error}", error.pointer().unwrap_or_default())
    }

    fn with_input(rest: &str) -> String {
        format!(r#"{{"inputs": [{{"name": "text", "shape": [1], "datatype": "BYTES"{rest}}}]}}"#)
    }

    #[test]
    fn binary_tensors_follow_the_json_in_the_order_of_the_inputs() {
        let input = |name: &str, size: usize| {
            format!(
                r#"{{"name": "{name}", "shape": [1], "datatype": "BYTES",
                    "parameters": {{"binary_data_size": {size}}}}}"#
            )
        };
        let json =
            format!(r#"{{"id": "7", "inputs": [{}, {}]}}"#, input("text", 5), input("pair", 6));
        let body = [json.as_bytes(), b"\x01\0\0\0a\x02\0\0\0bc"].concat();
        let Sent { id, request, .. } = parse(&body, Some(json.len())).unwrap();
        assert_eq!(id.unwrap(), "7");
        let texts = request.inputs.into_iter().flat_map(|input| input.elements.texts);
        assert_eq!(texts.collect::<Vec<_>>(), ["a", "bc"]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let size =
            |size: usize| with_input(&format!(r#", "parameters": {{"binary_data_size": {size}}}"#));
        for (json, binary, said) in [
            (with_input(""), &b""[..], "/inputs/0: neither data nor"),
            (
                with_input(r#", "data": ["a"], "parameters": {"binary_data_size": 0}"#),
                b"",
                "/inputs/0: both",
            ),
            (with_input(r#", "data": ["a"]"#), b"ab", "/inputs: 2 bytes are left"),
            (size(3), b"ab", "/inputs/0/parameters/binary_data_size: 3 bytes, and 2 are left"),
            (size(2), b"ab", "/inputs/0/parameters/binary_data_size: the element 0 is cut off"),
            (with_input(r#", "data": "a""#), b"", "/inputs/0/data: invalid type: string"),
            (r#"{"inputs": [], "models": 1}"#.to_owned(), b"", "/models: unknown field"),
            (
                format!(r#"{{"inputs": [{0}, {0}, {0}]}}"#, INPUT),
                b"",
                "/inputs: 3 inputs; at most 2",
            ),
        ] {
            let found = refusal(&json, binary);
            assert!(found.starts_with(said), "{found}");
        }
        let error = parse(b"{}", Some(3)).unwrap_err().to_string();
        assert_eq!(error, "inference-header-content-length is 3, and the body has 2 bytes");
    }
}
