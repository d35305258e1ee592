//! What JSON over HTTP and gRPC have in common: from tensors of texts to tensors of numbers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::elements::Elements;
use super::outputs::Outputs;
use super::parameters::RequestParameters;
use super::requested::RequestedOutput;
use super::tensor::Tensor;
use crate::batching::Priority;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::excerpt::excerpt;
use crate::http::inputs;
use crate::http::pipeline::{self, Outcome};
use crate::http::reply::Reply;
use crate::http::service::Service;
use crate::http::wire::{Usage, WireInput, WireInputs, WirePair};
use crate::model::output::Output;

/// The input that has the texts, and the one that has the second texts of pairs.
pub const TEXT: &str = "text";
pub const PAIR: &str = "pair";

/// The most inputs, and the most outputs that a request names.
const MOST_INPUTS: usize = 2;
#[cfg(feature = "grpc")]
pub const MOST_OUTPUTS: usize = 1024;

/// The datatype of texts.
pub const BYTES: &str = "BYTES";

/// A tensor of a request.
#[derive(Clone, Debug)]
pub struct InputTensor {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub datatype: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its elements.
    pub elements: Elements,
}

/// A request whose form is read.
#[derive(Clone, Debug)]
pub struct InferRequest {
    /// Its parameters.
    pub parameters: RequestParameters,
    /// Its inputs.
    pub inputs: Vec<InputTensor>,
    /// The outputs that it names; all, if it names none.
    pub outputs: Vec<RequestedOutput>,
}

/// What was computed for a request.
pub struct Inferred {
    outputs: Outputs,
    computed: Vec<Output>,
    /// Tokens, and which texts were cut.
    pub usage: Usage,
}

impl InferRequest {
    /// Computes the outputs.
    ///
    /// # Errors
    /// An input, an output or a parameter can't be used, or like [`pipeline::run`].
    pub async fn compute(
        self,
        service: &Arc<Service>,
        mut caller: Caller,
    ) -> Result<(Inferred, Reply), ApiError> {
        let Self { parameters, inputs, outputs } = self;
        if parameters.priority.is_some_and(|priority| priority > 1) {
            caller.priority = Priority::Batch;
        }
        if let Some(micros) = parameters.timeout {
            // The time to read the request is over already.
            let own = Instant::now().checked_add(Duration::from_micros(micros));
            caller.deadline = own.map_or(caller.deadline, |own| own.min(caller.deadline));
        }
        let (outputs, prompt) = Outputs::new(service, outputs, &parameters)?;
        let texts = texts(inputs)?;
        let inputs = inputs::check_all(service, "/text", texts, &prompt, &mut caller.memory)
            .map_err(in_its_tensor)?;
        let spec = outputs.spec();
        pipeline::check_layers(service, &spec, "/outputs")?;
        let (deadline, size) = (caller.deadline, outputs.size());
        let long_text = parameters.long_text.unwrap_or_default().into();
        let outcome = pipeline::run(service, inputs, spec, long_text, caller, |_, _| size).await?;
        let Outcome { outputs: computed, usage, answer_memory: memory, .. } = outcome;
        let numbers = computed.iter().map(Output::number_count).sum();
        Ok((Inferred { outputs, computed, usage }, Reply { numbers, deadline, memory }))
    }
}

impl Inferred {
    /// Whether an output is wanted in the binary form.
    pub fn has_binary(&self) -> bool {
        self.outputs.has_binary()
    }

    /// The outputs, in the order in which they were named.
    pub fn into_tensors(self) -> Vec<Tensor> {
        self.outputs.tensors(self.computed)
    }
}

/// Checks how many inputs there are.
///
/// # Errors
/// There are more than have names.
pub fn check_count(inputs: usize) -> Result<(), ApiError> {
    if inputs <= MOST_INPUTS {
        return Ok(());
    }
    let message = format!("{inputs} inputs; at most {MOST_INPUTS} are allowed: {TEXT} and {PAIR}");
    Err(ApiError::invalid_field("/inputs", message))
}

/// The error of a pair, whose texts are in two tensors.
fn in_its_tensor(error: ApiError) -> ApiError {
    let place = |pointer: &str| {
        let (index, tensor) = pointer.strip_prefix("/text/")?.split_once('/')?;
        Some(format!("/{tensor}/{index}"))
    };
    match error {
        ApiError::Unacceptable { code, pointer, message } => {
            let pointer = place(&pointer).unwrap_or(pointer);
            ApiError::Unacceptable { code, pointer, message }
        }
        other => other,
    }
}

/// The texts of the inputs.
fn texts(inputs: Vec<InputTensor>) -> Result<WireInputs, ApiError> {
    let (mut text, mut pair) = (None, None);
    for (index, input) in inputs.into_iter().enumerate() {
        let invalid = |field: &str, message: String| {
            Err(ApiError::invalid_field(format!("/inputs/{index}/{field}"), message))
        };
        let name = excerpt(&input.name).into_owned();
        let place = match input.name.as_str() {
            TEXT => &mut text,
            PAIR => &mut pair,
            _ => {
                let message = format!("there is no input \"{name}\"; there is {TEXT}, and {PAIR}");
                return invalid("name", message);
            }
        };
        if place.is_some() {
            return invalid("name", format!("the input \"{name}\" is given twice"));
        }
        if input.datatype != BYTES {
            let found = excerpt(&input.datatype);
            return invalid("datatype", format!("\"{found}\" is no type of texts; {BYTES} is"));
        }
        let count = input.elements.count;
        match input.shape[..] {
            [rows] | [rows, 1] if rows == count => {}
            [_] | [_, 1] => {
                let shape = &input.shape;
                return invalid("shape", format!("{shape:?} doesn't fit the {count} elements"));
            }
            _ => {
                let message = format!("the shape has to be [{count}] or [{count}, 1]");
                return invalid("shape", message);
            }
        }
        *place = Some(input.elements);
    }
    let missing = |name| {
        let (pointer, message) = ("/inputs".to_owned(), format!("the input \"{name}\" is missing"));
        ApiError::InvalidField { pointer, message }
    };
    join(text.ok_or_else(|| missing(TEXT))?, pair)
}

/// Texts, with the second text of each, if there are any.
fn join(text: Elements, pair: Option<Elements>) -> Result<WireInputs, ApiError> {
    if text.count > text.texts.len() {
        return Ok(WireInputs::TooMany(text.count));
    }
    let Some(pair) = pair else {
        let texts = text.texts.into_iter().map(WireInput::Text);
        return Ok(WireInputs::Several(texts.collect()));
    };
    if pair.count != text.count {
        let message = format!("{} elements, and {} of {TEXT}", pair.count, text.count);
        return Err(ApiError::invalid_field(format!("/{PAIR}"), message));
    }
    let pairs = text.texts.into_iter().zip(pair.texts);
    let input = |(text, pair)| WireInput::Pair(WirePair { text, pair: Some(pair) });
    Ok(WireInputs::Several(pairs.map(input).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error_code::ErrorCode;

    fn input(name: &str, shape: &[usize], list: &[&str]) -> InputTensor {
        InputTensor {
            name: name.to_owned(),
            datatype: BYTES.to_owned(),
            shape: shape.to_vec(),
            elements: Elements::from_bytes(list).unwrap(),
        }
    }

    #[test]
    fn texts_may_have_a_second_dimension_of_one() {
        let both = [texts(vec![input(TEXT, &[2], &["a", "b"])])];
        let [Ok(flat)] = both else { panic!("refused") };
        assert_eq!(flat, texts(vec![input(TEXT, &[2, 1], &["a", "b"])]).unwrap());
        let pairs = texts(vec![input(PAIR, &[1], &["b"]), input(TEXT, &[1], &["a"])]).unwrap();
        let pair = WirePair { text: "a".to_owned(), pair: Some("b".to_owned()) };
        assert_eq!(pairs, WireInputs::Several(vec![WireInput::Pair(pair)]));
    }

    #[test]
    fn an_error_of_a_pair_names_the_tensor_of_the_text() {
        let place = |pointer: &str| {
            let error = ApiError::unacceptable(ErrorCode::BlankText, pointer, "");
            in_its_tensor(error).pointer().unwrap().to_owned()
        };
        assert_eq!(place("/text/3/pair"), "/pair/3");
        assert_eq!(place("/text/3/text"), "/text/3");
        assert_eq!(place("/text/3"), "/text/3");
        assert_eq!(place("/text"), "/text");
    }

    #[test]
    fn a_tensor_that_cannot_be_used_is_named() {
        let fp32 = InputTensor { datatype: "FP32".to_owned(), ..input(TEXT, &[1], &["a"]) };
        let one = || input(TEXT, &[1], &["a"]);
        for (inputs, said) in [
            (vec![], "/inputs: the input \"text\" is missing"),
            (vec![input("texts", &[1], &["a"])], "/inputs/0/name: there is no input \"texts\""),
            (vec![one(), one()], "/inputs/1/name: the input \"text\" is given twice"),
            (vec![fp32], "/inputs/0/datatype: \"FP32\" is no type of texts; BYTES is"),
            (vec![input(TEXT, &[2], &["a"])], "/inputs/0/shape: [2] doesn't fit the 1 elements"),
            (
                vec![input(TEXT, &[1, 2], &["a"])],
                "/inputs/0/shape: the shape has to be [1] or [1, 1]",
            ),
            (vec![input(TEXT, &[], &["a"])], "/inputs/0/shape: the shape has to be [1]"),
            (vec![one(), input(PAIR, &[2], &["a", "b"])], "/pair: 2 elements, and 1 of text"),
        ] {
            let error = texts(inputs).unwrap_err();
            let found = format!("{}: {error}", error.pointer().unwrap());
            assert!(found.starts_with(said), "{found}");
        }
    }
}
