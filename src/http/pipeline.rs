//! What `/embed` and `/classify` share: from texts to answers, and the checks on the way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::ApiError;
use super::state::Service;
use super::wire::{Usage, WireInput, WireInputs, WireLongText};
use crate::batching::Sequence;
use crate::model::task::{Answer, Asks, Sequence as Tokens, Task};
use crate::text::{Encoded, Input, InvalidText, LongText, Text, TokenizeError};

/// Bytes of text that are tokenised on the spot; more goes to a thread for blocking work, so that
/// the runtime stays free to answer others. About a millisecond's worth.
const INLINE_BYTES: usize = 16 * 1024;

/// Numbers that are written on the spot; more goes to a thread for blocking work.
const INLINE_NUMBERS: usize = 32 * 1024;

/// Where a request's time went; becomes the header `Server-Timing`.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageTimings {
    /// Text to tokens.
    pub tokenize: Duration,
    /// Waiting for passes.
    pub queue: Duration,
    /// In passes.
    pub forward: Duration,
    /// Tokens computed.
    pub tokens: usize,
}

/// What a request's inputs came to.
pub struct Outcome {
    /// One an input, in order.
    pub answers: Vec<Answer>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
    /// Where the time went.
    pub timings: StageTimings,
}

/// A request's inputs, checked.
pub struct Inputs {
    list: Vec<Input>,
    /// Whether the client sent one alone: it then stands at `/inputs`, not at `/inputs/0`.
    single: bool,
}

impl Inputs {
    fn pointer(single: bool, index: usize) -> String {
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
    Ok(Input { text: text.prompted(prompt), pair })
}

/// What the wire says of long texts, as far as it is built.
///
/// # Errors
/// `window`.
pub fn long_text(wire: WireLongText) -> Result<LongText, ApiError> {
    match wire {
        WireLongText::Truncate => Ok(LongText::Truncate),
        WireLongText::Error => Ok(LongText::Error),
        WireLongText::Window => Err(not_yet("/long_text", "\"long_text\": \"window\"")),
    }
}

/// What isn't built yet says so.
pub fn not_yet(pointer: &str, what: &str) -> ApiError {
    ApiError::unacceptable("not_yet", pointer, format!("{what} is not yet in this version"))
}

/// Checks how many layers a request reads.
///
/// # Errors
/// More than are allowed.
pub fn check_layers(service: &Service, asks: &Asks, pointer: &str) -> Result<(), ApiError> {
    let (layers, limit) = (asks.distinct_layers(), service.limits.layers.get());
    if layers <= limit {
        return Ok(());
    }
    let message = format!("{layers} distinct layers in one request; at most {limit} are allowed");
    Err(ApiError::unacceptable("too_many_layers", pointer, message))
}

/// Tokenises the inputs, has them computed, and puts the answers in order.
///
/// `answer_bytes` estimates an input's share of the answer from its number of tokens.
///
/// # Errors
/// A text too long for `long_text: error`, an answer too large, a full queue, a deadline passed.
pub async fn run(
    service: &Arc<Service>,
    inputs: Inputs,
    asks: Asks,
    long_text: LongText,
    deadline: Instant,
    answer_bytes: impl Fn(usize) -> usize,
) -> Result<Outcome, ApiError> {
    let started = Instant::now();
    let encoded = tokenize(service, inputs, long_text).await?;
    let tokenize = started.elapsed();
    let estimate: usize = encoded.iter().map(|one| answer_bytes(one.ids.len())).sum();
    let limit = service.limits.answer_bytes.get();
    if estimate > limit {
        let message = format!("the answer would have about {estimate} bytes; {limit} are allowed");
        return Err(ApiError::unacceptable("answer_too_large", "/inputs", message));
    }
    let cut = encoded.iter().enumerate().filter(|(_, one)| one.truncated());
    let truncated = cut.map(|(at, _)| at).collect();
    let tokens = encoded.iter().map(|one| one.ids.len()).sum();
    let asks = Arc::new(asks);
    let sequences = encoded.into_iter().map(|one| {
        let sequence = Tokens { ids: one.ids, type_ids: one.type_ids };
        Sequence { tokens: sequence.tokens(), item: Task { sequence, asks: Arc::clone(&asks) } }
    });
    let computed = service.batcher.submit(sequences.collect(), Some(deadline))?.await?;
    let timings = StageTimings {
        tokenize,
        queue: computed.timings.queue,
        forward: computed.timings.forward,
        tokens,
    };
    Ok(Outcome { answers: computed.outputs, usage: Usage { tokens, truncated }, timings })
}

async fn tokenize(
    service: &Arc<Service>,
    inputs: Inputs,
    long_text: LongText,
) -> Result<Vec<Encoded>, ApiError> {
    let Inputs { list, single } = inputs;
    let bytes = |input: &Input| {
        input.text.as_str().len() + input.pair.as_ref().map_or(0, |pair| pair.as_str().len())
    };
    let total: usize = list.iter().map(bytes).sum();
    let service = Arc::clone(service);
    off_runtime(total > INLINE_BYTES, move || {
        let one = |(index, input): (usize, &Input)| {
            let limit = service.sequence_tokens;
            service.tokenizer.encode(input, limit, long_text).map_err(|error| match error {
                TokenizeError::TooLong { .. } => ApiError::unacceptable(
                    "text_too_long",
                    Inputs::pointer(single, index),
                    error.to_string(),
                ),
                TokenizeError::Failed => {
                    tracing::error!("the tokenizer failed on an input");
                    ApiError::Internal
                }
            })
        };
        list.iter().enumerate().map(one).collect()
    })
    .await?
}

/// Writes an answer as JSON; `numbers` says about how many numbers it holds.
///
/// # Errors
/// It can't be written, which is our fault.
pub async fn to_json<T: serde::Serialize + Send + 'static>(
    answer: T,
    numbers: usize,
) -> Result<Vec<u8>, ApiError> {
    let written =
        off_runtime(numbers > INLINE_NUMBERS, move || serde_json::to_vec(&answer)).await?;
    written.map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        ApiError::Internal
    })
}

/// Runs short work here and long work on a thread for blocking work.
async fn off_runtime<T: Send + 'static>(
    long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    if !long {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "blocking work failed");
        ApiError::Internal
    })
}
