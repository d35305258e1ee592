//! From texts to answers, for `/embed` and `/classify`. A text that is read in windows is several
//! sequences to the batcher and one answer to the client.

use std::sync::Arc;
use std::time::Instant;

use tracing::Span;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::Inputs;
use super::state::Service;
use super::timings::StageTimings;
use super::wire::{Usage, WireLongText};
use crate::batching::{ClientId, Priority, Sequence, Submission};
use crate::model::PoolingMask;
use crate::model::output::{Output, PassOutput};
use crate::model::task::{Task, TaskSpec};
use crate::telemetry::panics;
use crate::text::{Input, LongText, TokenizeError, Window};

/// Up to this many bytes of text are tokenised on the runtime; more goes to a thread for blocking
/// work, so that the runtime can answer other requests. It is about a millisecond of work.
pub const INLINE_BYTES: usize = 16 * 1024;

/// Up to this many numbers are written on the runtime; more goes to a thread for blocking work.
const INLINE_NUMBERS: usize = 32 * 1024;

/// What was computed for a request's inputs.
pub struct Outcome {
    /// One output per input, in order.
    pub outputs: Vec<Output>,
    /// The inputs, with their prompts.
    pub inputs: Vec<Input>,
    /// The windows of each input: one, unless a long text was read in several.
    pub windows: Vec<Vec<Window>>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
    /// The time of each stage.
    pub timings: StageTimings,
}

/// Checks how many distinct layers a request reads.
///
/// # Errors
/// There are more than are allowed; `pointer` is the field that names them.
pub fn check_layers(service: &Service, spec: &TaskSpec, pointer: &str) -> Result<(), ApiError> {
    let (layers, limit) = (spec.distinct_layers(), service.limits.layers.get());
    if layers <= limit {
        return Ok(());
    }
    let message = format!("{layers} distinct layers in one request; at most {limit} are allowed");
    Err(ApiError::unacceptable(ErrorCode::TooManyLayers, pointer, message))
}

/// Tokenises the inputs, submits them to the batcher, and returns one output per input.
///
/// `answer_bytes` estimates an input's bytes in the answer from the input and its number of tokens.
///
/// # Errors
/// A text too long for `long_text: error`, an answer too large, a full queue, a deadline passed.
pub async fn run(
    service: &Arc<Service>,
    inputs: Inputs,
    spec: TaskSpec,
    long_text: WireLongText,
    deadline: Instant,
    answer_bytes: impl Fn(&Input, usize) -> usize,
) -> Result<Outcome, ApiError> {
    let started = Instant::now();
    let (inputs, windows) = tokenize(service, inputs, long_text).await?;
    let tokenize = started.elapsed();
    let tokens = |windows: &Vec<Window>| windows.iter().map(Window::counted_tokens).sum();
    let bytes = |(input, windows)| answer_bytes(input, tokens(windows));
    let estimate: usize = inputs.iter().zip(&windows).map(bytes).sum();
    let limit = service.limits.answer_bytes.get();
    if estimate > limit {
        let message = format!("the answer would have about {estimate} bytes; {limit} are allowed");
        return Err(ApiError::unacceptable(ErrorCode::AnswerTooLarge, "/inputs", message));
    }
    let spec = Arc::new(spec);
    let tasks = windows.iter().flat_map(|windows| tasks(windows, &spec));
    let sequences: Vec<_> =
        tasks.map(|item| Sequence { tokens: item.sequence.tokens(), item }).collect();
    let tokens = sequences.iter().map(|sequence| sequence.tokens).sum();
    let computed = service
        .batcher
        .submit(Submission {
            sequences,
            deadline: Some(deadline),
            client: ClientId::LOCAL,
            priority: Priority::default(),
        })?
        .await?;
    let timings = StageTimings {
        tokenize,
        queue: computed.timings.queue,
        forward: computed.timings.forward,
        passes: computed.passes,
        tokens,
    };
    let counts = windows.iter().map(Vec::len).collect();
    let outputs = join_windows(service, &spec, counts, computed.outputs).await?;
    let cut = windows
        .iter()
        .enumerate()
        .filter(|(_, windows)| windows.iter().any(|window| window.encoded.truncated()));
    let usage = Usage { tokens, truncated: cut.map(|(at, _)| at).collect() };
    Ok(Outcome { outputs, inputs, windows, usage, timings })
}

/// The output of each text. `counts` has the number of windows of each text, `passes` the output of
/// each window, in order.
async fn join_windows(
    service: &Arc<Service>,
    spec: &Arc<TaskSpec>,
    counts: Vec<usize>,
    passes: Vec<PassOutput>,
) -> Result<Vec<Output>, ApiError> {
    let long = counts.iter().any(|&count| count > 1);
    let (service, spec) = (Arc::clone(service), Arc::clone(spec));
    let outputs = off_runtime(long, move || {
        let mut passes = passes.into_iter();
        let output = |count| service.output_builder.text_output(&spec, passes.by_ref().take(count));
        counts.into_iter().map(output).collect::<Vec<Output>>()
    })
    .await?;
    // The engine has checked the parts, but not their sums.
    if long && !outputs.iter().all(Output::is_finite) {
        return Err(ApiError::internal("joining a text's windows gave a non-finite number"));
    }
    Ok(outputs)
}

/// One task per window of a text.
fn tasks(windows: &[Window], spec: &Arc<TaskSpec>) -> impl Iterator<Item = Task> {
    let counted = windows.iter().map(|window| window.counted.clone());
    windows.iter().zip(PoolingMask::for_windows(counted.collect())).map(|(window, mask)| Task {
        sequence: window.encoded.sequence.clone(),
        spec: Arc::clone(spec),
        mask,
    })
}

/// Tokenises the inputs: each becomes one window, or several if it is read in windows.
async fn tokenize(
    service: &Arc<Service>,
    inputs: Inputs,
    long_text: WireLongText,
) -> Result<(Vec<Input>, Vec<Vec<Window>>), ApiError> {
    let Inputs { list, single } = inputs;
    let total: usize = list.iter().map(Input::bytes).sum();
    let service = Arc::clone(service);
    off_runtime(total > INLINE_BYTES, move || {
        let limit = service.sequence_tokens;
        let one_window = |input: &Input, long_text| {
            let encoded = service.tokenizer.encode(input, limit, long_text)?;
            Ok(vec![Window::from(encoded)])
        };
        let tokenize_one = |(index, input): (usize, &Input)| {
            let windows = match long_text {
                WireLongText::Truncate => one_window(input, LongText::Truncate),
                WireLongText::Error => one_window(input, LongText::Error),
                WireLongText::Window => service.tokenizer.encode_windows(input, limit),
            };
            windows.map_err(|error| match error {
                TokenizeError::TooLong { .. } | TokenizeError::PairTooLong { .. } => {
                    let pointer = Inputs::pointer(single, index);
                    ApiError::unacceptable(ErrorCode::TextTooLong, pointer, error.to_string())
                }
                TokenizeError::Failed { .. } => ApiError::internal(error),
            })
        };
        let windows = list.iter().enumerate().map(tokenize_one).collect::<Result<_, _>>()?;
        Ok((list, windows))
    })
    .await?
}

/// Writes an answer as JSON. `numbers` is about how many numbers it holds.
///
/// # Errors
/// It can't be written, which is a failure of the server.
pub async fn to_json<T: serde::Serialize + Send + 'static>(
    answer: T,
    numbers: usize,
) -> Result<Vec<u8>, ApiError> {
    let written =
        off_runtime(numbers > INLINE_NUMBERS, move || serde_json::to_vec(&answer)).await?;
    written.map_err(ApiError::internal)
}

/// Runs short work in place, and long work on a thread for blocking work within the current span.
///
/// # Errors
/// The long work panicked. The panic of short work is caught around the handler.
pub async fn off_runtime<T: Send + 'static>(
    long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    if !long {
        return Ok(work());
    }
    let span = Span::current();
    // Caught within the task, since tokio's error would quote the panic's message.
    let caught = move || panics::catch(|| span.in_scope(work));
    let done = tokio::task::spawn_blocking(caught).await.map_err(ApiError::internal)?;
    done.map_err(|panicked| ApiError::internal(format!("work on a blocking thread {panicked}")))
}
