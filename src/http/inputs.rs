//! Checks a request's inputs one by one, before anything is computed.

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::memory::MemoryCharge;
use super::prompts::Prompt;
use super::service::{Reading, Service};
use super::wire::{WireInput, WireInputs, WirePair};
use crate::text::{Input, InvalidText, Text};

/// Bytes of memory that an input takes in addition to its text and its tokens.
pub(super) const INPUT_BYTES: usize = 512;

/// The checked inputs of a request.
pub struct Inputs {
    pub(super) list: Vec<Input>,
    /// The field that has them.
    pub(super) field: InputField,
    /// The prompt that is in front of each; empty if there is none.
    pub(super) prompt: String,
    /// What they are read for.
    pub(super) reading: Reading,
}

impl Inputs {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Other inputs, of which `repeated` were made of each of these.
    #[must_use]
    pub fn expanded(self, list: Vec<Input>, repeated: usize) -> Self {
        Self { list, field: InputField { repeated, ..self.field }, ..self }
    }
}

/// The field of a request that has its inputs.
#[derive(Clone, Copy, Debug)]
pub struct InputField {
    /// Its JSON pointer.
    pub pointer: &'static str,
    /// Whether the client sent one input without a list: its pointer is then that of the field.
    pub single: bool,
    /// How many inputs were made of each that the client sent.
    pub repeated: usize,
}

impl InputField {
    /// The JSON pointer of an input.
    pub fn pointer_to(self, index: usize) -> String {
        let Self { pointer, single, repeated } = self;
        if single { pointer.to_owned() } else { format!("{pointer}/{}", index / repeated) }
    }
}

/// Checks the inputs, which are those at `pointer`, one by one, and puts the prompt in front of each.
/// `memory`, which was charged for the body, is then charged for the inputs.
///
/// # Errors
/// There is no input, there are too many, they are too large with their prompts, or one is blank, too
/// large, or an unsupported pair; with the pointer to it.
pub fn check_all(
    service: &Service,
    pointer: &'static str,
    inputs: WireInputs,
    prompt: &Prompt,
    memory: &mut MemoryCharge,
) -> Result<Inputs, ApiError> {
    let single = matches!(inputs, WireInputs::One(_));
    let field = InputField { pointer, single, repeated: 1 };
    let count = inputs.count();
    check_count(service, pointer, count)?;
    let (prompt, front) = (prompt.text.as_str(), prompt.pointer.unwrap_or(pointer));
    let bytes = service.limits.text_bytes.get();
    if prompt.len() > bytes {
        let message = format!("the prompt has {} bytes; at most {bytes} are allowed", prompt.len());
        return Err(ApiError::unacceptable(ErrorCode::TextTooLarge, front, message));
    }
    let list = inputs.into_list();
    let texts: usize = list.iter().map(WireInput::bytes).sum();
    let total = texts.saturating_add(count * prompt.len());
    let message =
        || format!("the {count} inputs have {total} bytes with the prompt in front of each");
    check_total(service, total, front, message)?;
    memory.try_resize(total + count * INPUT_BYTES)?;
    let list = list.into_iter().enumerate().map(|(index, input)| {
        let pointer = field.pointer_to(index);
        let input = check_one(input, &pointer, prompt, bytes)?;
        if input.pair.is_some() && !service.takes_pairs {
            let message = "this model has one token type, so it can't read two texts as a pair";
            let pointer = format!("{pointer}/pair");
            return Err(ApiError::unacceptable(ErrorCode::PairsUnsupported, pointer, message));
        }
        Ok(input)
    });
    Ok(Inputs {
        list: list.collect::<Result<_, _>>()?,
        field,
        prompt: prompt.to_owned(),
        reading: Reading::Text,
    })
}

/// Checks how many inputs there are.
///
/// # Errors
/// There is none, or there are too many. `pointer` is the field that has them.
pub fn check_count(service: &Service, pointer: &str, count: usize) -> Result<(), ApiError> {
    let limit = service.limits.inputs.get();
    if count == 0 {
        let message = "the list is empty; at least one text is needed";
        return Err(ApiError::unacceptable(ErrorCode::EmptyInputs, pointer, message));
    }
    if count > limit {
        let message = format!("{count} inputs; at most {limit} are allowed");
        return Err(ApiError::unacceptable(ErrorCode::TooManyInputs, pointer, message));
    }
    Ok(())
}

/// Checks that none of `/inputs` is a pair. `message` says why none may be.
///
/// # Errors
/// One is; with the pointer to it.
pub fn check_no_pairs(inputs: &WireInputs, message: &str) -> Result<(), ApiError> {
    let is_pair =
        |input: &WireInput| matches!(input, WireInput::Pair(WirePair { pair: Some(_), .. }));
    let pointer = match inputs {
        WireInputs::One(one) => is_pair(one).then(|| "/inputs".to_owned()),
        WireInputs::Several(several) => {
            several.iter().position(is_pair).map(|index| format!("/inputs/{index}"))
        }
        WireInputs::TooMany(_) => None,
    };
    pointer.map_or(Ok(()), |pointer| {
        Err(ApiError::unacceptable(ErrorCode::PairsUnsupported, pointer, message))
    })
}

/// Checks the bytes of inputs that have something in common, which is repeated for each: without that,
/// they can't be larger than their body was.
///
/// # Errors
/// They are too large. `pointer` is the field of what is repeated.
pub fn check_total(
    service: &Service,
    total: usize,
    pointer: &str,
    message: impl FnOnce() -> String,
) -> Result<(), ApiError> {
    let limit = service.body_bytes.get();
    if total <= limit {
        return Ok(());
    }
    let message = format!("{}; at most {limit} are allowed", message());
    Err(ApiError::unacceptable(ErrorCode::TextTooLarge, pointer, message))
}

fn check_one(
    input: WireInput,
    pointer: &str,
    prompt: &str,
    max_bytes: usize,
) -> Result<Input, ApiError> {
    let parse = |raw: String, pointer: String| {
        Text::parse(raw, max_bytes).map_err(|error| {
            let code = match error {
                InvalidText::Blank => ErrorCode::BlankText,
                InvalidText::TooLong { .. } => ErrorCode::TextTooLarge,
            };
            ApiError::unacceptable(code, pointer, error.to_string())
        })
    };
    let (text, pair) = match input {
        WireInput::Text(text) => (parse(text, pointer.to_owned())?, None),
        WireInput::Pair(pair) => {
            let text = parse(pair.text, format!("{pointer}/text"))?;
            let pair =
                pair.pair.map(|second| parse(second, format!("{pointer}/pair"))).transpose()?;
            (text, pair)
        }
    };
    Ok(Input { text: text.with_prompt(prompt), pair })
}
