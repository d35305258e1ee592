//! From gRPC's messages to what the protocol's two forms have in common.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::protocol::inference::infer_parameter::ParameterChoice;
use super::protocol::inference::model_infer_request::{
    InferInputTensor, InferRequestedOutputTensor,
};
use super::protocol::inference::{InferParameter, ModelInferRequest};
use crate::http::dialects::open_inference::elements::Elements;
use crate::http::dialects::open_inference::inference::{InferRequest, InputTensor};
use crate::http::dialects::open_inference::inference::{MOST_OUTPUTS, check_count};
use crate::http::dialects::open_inference::parameters::{InputParameters, RequestParameters};
use crate::http::dialects::open_inference::requested::RequestedOutput;
use crate::http::error::ApiError;
use crate::http::json;

/// Whether a request's inputs are in the binary form; its answer is then, too.
pub fn is_raw(request: &ModelInferRequest) -> bool {
    !request.raw_input_contents.is_empty()
}

/// Reads a message.
///
/// # Errors
/// A parameter or a dimension can't be used, a text isn't UTF-8, or the binary forms aren't those of the
/// inputs.
pub fn read(message: ModelInferRequest) -> Result<InferRequest, ApiError> {
    let (raw, inputs) = (message.raw_input_contents, message.inputs);
    check_count(inputs.len())?;
    if message.outputs.len() > MOST_OUTPUTS {
        let message =
            format!("{} outputs; at most {MOST_OUTPUTS} are allowed", message.outputs.len());
        return Err(ApiError::invalid_field("/outputs".to_owned(), message));
    }
    if !raw.is_empty() && raw.len() != inputs.len() {
        let message = format!("{} binary forms, and {} inputs", raw.len(), inputs.len());
        return Err(ApiError::invalid_field("/raw_input_contents".to_owned(), message));
    }
    let mut raw = raw.into_iter();
    let input = |(index, input)| read_input(index, input, raw.next());
    let inputs = inputs.into_iter().enumerate().map(input).collect::<Result<_, _>>()?;
    let mut parameters: RequestParameters = read_parameters(message.parameters, "/parameters")?;
    // Numbers take as much room as in the binary form.
    parameters.binary_data_output = Some(true);
    let output = |(index, output)| {
        let InferRequestedOutputTensor { name, parameters: own } = output;
        let parameters = read_parameters(own, &format!("/outputs/{index}/parameters"))?;
        Ok(RequestedOutput { name, parameters })
    };
    let outputs = message.outputs.into_iter().enumerate().map(output);
    Ok(InferRequest { parameters, inputs, outputs: outputs.collect::<Result<_, ApiError>>()? })
}

fn read_input(
    index: usize,
    input: InferInputTensor,
    raw: Option<Vec<u8>>,
) -> Result<InputTensor, ApiError> {
    let place = |field: &str| format!("/inputs/{index}/{field}");
    let InferInputTensor { name, datatype, shape, parameters: own, contents } = input;
    let _: InputParameters = read_parameters(own, &place("parameters"))?;
    let dimension = |number: i64| {
        usize::try_from(number).map_err(|_| {
            ApiError::invalid_field(
                place("shape"),
                format!("{number} is no dimension; 0 or more is allowed"),
            )
        })
    };
    let shape = shape.into_iter().map(dimension).collect::<Result<_, _>>()?;
    let contents_place = match raw {
        Some(_) => format!("/raw_input_contents/{index}"),
        None => place("contents"),
    };
    let elements = match (raw, contents) {
        (Some(_), Some(_)) => {
            let message = "beside raw_input_contents, no input may have contents";
            return Err(ApiError::invalid_field(place("contents"), message.to_owned()));
        }
        (Some(raw), None) => Elements::from_binary(&raw),
        (None, contents) => Elements::from_bytes(&contents.unwrap_or_default().bytes_contents),
    };
    let elements = elements.map_err(|message| ApiError::invalid_field(contents_place, message))?;
    Ok(InputTensor { name, datatype, shape, elements })
}

/// Parameters, which are those that JSON has.
fn read_parameters<T: DeserializeOwned>(
    parameters: HashMap<String, InferParameter>,
    pointer: &str,
) -> Result<T, ApiError> {
    let value = |InferParameter { parameter_choice }| match parameter_choice {
        None => Value::Null,
        Some(ParameterChoice::BoolParam(flag)) => flag.into(),
        Some(ParameterChoice::Int64Param(number)) => number.into(),
        Some(ParameterChoice::StringParam(text)) => text.into(),
        Some(ParameterChoice::DoubleParam(number)) => number.into(),
        Some(ParameterChoice::Uint64Param(number)) => number.into(),
    };
    let object = parameters.into_iter().map(|(name, parameter)| (name, value(parameter)));
    json::from_value(Value::Object(object.collect()), pointer)
}

#[cfg(test)]
mod tests {
    use super::super::protocol::inference::InferTensorContents;
    use super::*;

    fn input(shape: &[i64], texts: &[&[u8]]) -> InferInputTensor {
        let bytes_contents = texts.iter().map(|text| text.to_vec()).collect();
        InferInputTensor {
            name: "text".to_owned(),
            datatype: "BYTES".to_owned(),
            shape: shape.to_vec(),
            contents: Some(InferTensorContents { bytes_contents, ..Default::default() }),
            ..Default::default()
        }
    }

    #[test]
    fn parameters_of_each_type_are_those_of_json() {
        let parameter = |choice| InferParameter { parameter_choice: Some(choice) };
        let own = HashMap::from([
            ("recipe".to_owned(), parameter(ParameterChoice::StringParam("last-four".to_owned()))),
            ("dimensions".to_owned(), parameter(ParameterChoice::Uint64Param(8))),
            ("timeout".to_owned(), parameter(ParameterChoice::Int64Param(7))),
            ("prompt".to_owned(), InferParameter { parameter_choice: None }),
        ]);
        let read: RequestParameters = read_parameters(own, "/parameters").unwrap();
        assert_eq!((read.dimensions, read.timeout, read.prompt), (Some(8), Some(7), None));
        let wrong = HashMap::from([(
            "dimensions".to_owned(),
            parameter(ParameterChoice::StringParam("8".to_owned())),
        )]);
        let error = read_parameters::<RequestParameters>(wrong, "/parameters").unwrap_err();
        assert_eq!(error.pointer(), Some("/parameters/dimensions"));
    }

    #[test]
    fn texts_come_in_either_form_and_not_in_both() {
        let plain = ModelInferRequest { inputs: vec![input(&[1], &[b"a"])], ..Default::default() };
        let read_plain = read(plain.clone()).unwrap();
        assert_eq!(read_plain.inputs[0].elements.texts, ["a"]);
        let bare = InferInputTensor { contents: None, ..input(&[1], &[]) };
        let raw = ModelInferRequest {
            inputs: vec![bare.clone()],
            raw_input_contents: vec![b"\x01\0\0\0a".to_vec()],
            ..Default::default()
        };
        assert!(is_raw(&raw) && !is_raw(&plain));
        assert_eq!(read(raw.clone()).unwrap().inputs[0].elements.texts, ["a"]);
        for (request, said) in [
            (
                ModelInferRequest { inputs: vec![input(&[1], &[b"a"])], ..raw.clone() },
                "/inputs/0/contents: beside raw_input_contents, no input may have contents",
            ),
            (
                ModelInferRequest { inputs: vec![bare.clone(), bare], ..raw.clone() },
                "/raw_input_contents: 1 binary forms, and 2 inputs",
            ),
            (
                ModelInferRequest { inputs: vec![input(&[-1], &[])], ..Default::default() },
                "/inputs/0/shape: -1 is no dimension; 0 or more is allowed",
            ),
            (
                ModelInferRequest { inputs: vec![input(&[1], &[b"\xff"])], ..Default::default() },
                "/inputs/0/contents: the element 0 is not UTF-8 at byte 0",
            ),
            (
                ModelInferRequest { raw_input_contents: vec![b"\x01".to_vec()], ..raw.clone() },
                "/raw_input_contents/0: the element 0 is cut off: 4 bytes of length come first",
            ),
            (
                ModelInferRequest { inputs: vec![input(&[], &[]); 3], ..Default::default() },
                "/inputs: 3 inputs; at most 2 are allowed: text and pair",
            ),
            (
                ModelInferRequest { outputs: vec![Default::default(); 1025], ..plain.clone() },
                "/outputs: 1025 outputs; at most 1024 are allowed",
            ),
        ] {
            let error = read(request).unwrap_err();
            assert_eq!(format!("{}: {error}", error.pointer().unwrap()), said);
        }
    }
}
