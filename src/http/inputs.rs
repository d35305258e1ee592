//! A request's inputs, checked one by one before anything is computed.

use super::error::ApiError;
use super::state::Service;
use super::wire::{WireInput, WireInputs};
use crate::text::{Input, InvalidText, Text};

/// A request's inputs, checked.
pub struct Inputs {
    pub(super) list: Vec<Input>,
    /// Whether the client sent one alone: it then stands at `/inputs`, not at `/inputs/0`.
    pub(super) single: bool,
}

impl Inputs {
    pub(super) fn pointer(single: bool, index: usize) -> String {
        if single { "/inputs".to_owned() } else { format!("/inputs/{index}") }
    }
}

/// The prompt that goes in front of each input.
///
/// # Errors
/// Both are given, or the checkpoint has none of that name.
pub fn prompt(
    service: &Service,
    prompt: Option<String>,
    name: Option<&str>,
    native: bool,
) -> Result<String, ApiError> {
    match (prompt, name) {
        (Some(_), Some(_)) => Err(ApiError::unacceptable(
            "conflicting_prompts",
            "/prompt_name",
            "both \"prompt\" and \"prompt_name\" are given; one is allowed",
        )),
        (Some(prompt), None) => Ok(prompt),
        (None, Some(name)) => service.prompts.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = service.prompts.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!("the checkpoint has no prompt \"{name}\"; it has {known}");
            ApiError::unacceptable("unknown_prompt", "/prompt_name", message)
        }),
        (None, None) if native => Ok(service.default_prompt.clone().unwrap_or_default()),
        (None, None) => Ok(String::new()),
    }
}

/// Checks the inputs one by one and puts the prompt in front.
///
/// # Errors
/// There is none, there are too many, or one is blank or too large; with its place.
pub fn inputs(service: &Service, inputs: WireInputs, prompt: &str) -> Result<Inputs, ApiError> {
    let single = matches!(inputs, WireInputs::One(_));
    let list = inputs.into_list();
    let limit = service.limits.inputs.get();
    if list.is_empty() {
        let message = "the list is empty; at least one text is needed";
        return Err(ApiError::unacceptable("empty_inputs", "/inputs", message));
    }
    if list.len() > limit {
        let message = format!("{} inputs; at most {limit} are allowed", list.len());
        return Err(ApiError::unacceptable("too_many_inputs", "/inputs", message));
    }
    let bytes = service.limits.text_bytes.get();
    if prompt.len() > bytes {
        let message = format!("the prompt has {} bytes; at most {bytes} are allowed", prompt.len());
        return Err(ApiError::unacceptable("text_too_large", "/prompt", message));
    }
    let list = list.into_iter().enumerate().map(|(index, input)| {
        let pointer = Inputs::pointer(single, index);
        let input = input_of(input, &pointer, prompt, bytes)?;
        if input.pair.is_some() && !service.takes_pairs {
            let message = "this model has one token type, so it can't read two texts as a pair";
            let pointer = format!("{pointer}/pair");
            return Err(ApiError::unacceptable("pairs_unsupported", pointer, message));
        }
        Ok(input)
    });
    Ok(Inputs { list: list.collect::<Result<_, _>>()?, single })
}

fn input_of(
    input: WireInput,
    pointer: &str,
    prompt: &str,
    bytes: usize,
) -> Result<Input, ApiError> {
    let parse = |raw: String, pointer: String| {
        Text::parse(raw, bytes).map_err(|error| {
            let code = match error {
                InvalidText::Blank => "blank_text",
                InvalidText::TooLong { .. } => "text_too_large",
            };
            ApiError::unacceptable(code, pointer, error.to_string())
        })
    };
    let (text, pair) = match input {
        WireInput::Text(text) => (parse(text, pointer.to_owned())?, None),
        WireInput::Pair(two) => {
            let text = parse(two.text, format!("{pointer}/text"))?;
            let pair = two.pair.map(|pair| parse(pair, format!("{pointer}/pair"))).transpose()?;
            (text, pair)
        }
    };
    Ok(Input { text: text.with_prompt(prompt), pair })
}
