//! From texts to answers. A text that is read in windows is several
//! sequences to the batcher and one answer to the client.

use std::iter::Sum;
use std::sync::Arc;
use std::time::Instant;

use super::caller::Caller;
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::Inputs;
use super::memory::MemoryCharge;
use super::service::Service;
use super::timings::StageClock;
use super::tokenizing::{LongInput, Tokenizing};
use super::wire::Usage;
use super::without_prompt::WithoutPrompt;
use crate::batching::{Reservation, Sequence, Submission};
use crate::model::PoolingMask;
use crate::model::output::{Output, PassOutput};
use crate::model::task::{Task, TaskSpec};
use crate::text::{Input, Window};

/// What was computed for a request's inputs.
pub struct Outcome {
    /// One output per input, in order.
    pub outputs: Vec<Output>,
    /// The inputs, with their prompts.
    pub inputs: Arc<Vec<Input>>,
    /// The windows of each input: one, unless a long text was read in several.
    pub windows: Vec<Vec<Window>>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
    /// The memory of inputs and tokens.
    pub memory: MemoryCharge,
    /// The memory that the answer was estimated to need.
    pub answer_memory: MemoryCharge,
}

/// An estimate of an answer's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerSize {
    /// Numbers that are computed for it.
    pub numbers: usize,
    /// Bytes of its JSON.
    pub bytes: usize,
}

impl AnswerSize {
    /// Bytes of memory while it is written: its JSON, beside the numbers as they come from the
    /// encoder and as they are arranged for the answer.
    fn memory(self) -> usize {
        self.bytes + 2 * size_of::<f32>() * self.numbers
    }
}

impl Sum for AnswerSize {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), |sum, size| Self {
            numbers: sum.numbers.saturating_add(size.numbers),
            bytes: sum.bytes.saturating_add(size.bytes),
        })
    }
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

/// Reserves the memory of an answer, as a charge of its own beside `memory`, that of the request.
///
/// # Errors
/// The answer would be too large, or no memory is left. `pointer` is the field of the inputs.
pub fn reserve(
    service: &Service,
    estimate: AnswerSize,
    pointer: &str,
    memory: &mut MemoryCharge,
) -> Result<MemoryCharge, ApiError> {
    let (bytes, limit) = (estimate.bytes, service.limits.answer_bytes.get());
    if bytes > limit {
        let message = format!("the answer would have about {bytes} bytes; {limit} are allowed");
        return Err(ApiError::unacceptable(ErrorCode::AnswerTooLarge, pointer, message));
    }
    memory.try_grow(estimate.memory())?;
    Ok(memory.split(estimate.memory()))
}

/// Tokenises the inputs, submits them to the batcher, and returns one output per input.
///
/// `answer_size` estimates an input's part of the answer from the input and its number of tokens.
///
/// # Errors
/// A text too long for `long_text: error`, an answer too large, a full queue, a key over its limit, no
/// memory, a deadline passed.
pub async fn run(
    service: &Arc<Service>,
    inputs: Inputs,
    spec: TaskSpec,
    long_text: LongInput,
    caller: Caller,
    answer_size: impl Fn(&Input, usize) -> AnswerSize,
) -> Result<Outcome, ApiError> {
    let charge = caller.charge.clone();
    let prepared = prepare(service, inputs, spec, long_text, caller, answer_size).await?;
    charge.take(prepared.tokens())?;
    prepared.compute().await
}

/// Inputs that are tokenised and have room in the queue, which is given back if this is dropped.
pub struct Prepared<'s> {
    service: &'s Arc<Service>,
    room: Reservation<'s, Task, PassOutput>,
    spec: Arc<TaskSpec>,
    inputs: Arc<Vec<Input>>,
    windows: Vec<Vec<Window>>,
    /// The field of the inputs.
    pointer: &'static str,
    /// When room was reserved.
    queued: Instant,
    clock: StageClock,
    deadline: Instant,
    memory: MemoryCharge,
    answer_memory: MemoryCharge,
}

/// Tokenises the inputs and reserves room in the queue for them, as [`run`] does first.
///
/// # Errors
/// As for [`run`], without those of computing.
pub async fn prepare<'s>(
    service: &'s Arc<Service>,
    inputs: Inputs,
    spec: TaskSpec,
    long_text: LongInput,
    caller: Caller,
    answer_size: impl Fn(&Input, usize) -> AnswerSize,
) -> Result<Prepared<'s>, ApiError> {
    let Caller { deadline, client, priority, mut memory, clock, .. } = caller;
    clock.tokenizing(inputs.count());
    let Inputs { list, field, prompt, reading } = inputs;
    let inputs = Arc::new(list);
    let tokenizing = Tokenizing { service, inputs: &inputs, field, deadline };
    let windows = tokenizing.windows(reading, long_text, &mut memory).await?;
    let left_out = spec.leaves_out_prompt().then_some(prompt.as_str());
    let in_windows = long_text == LongInput::Window;
    let without_prompt = WithoutPrompt { service, field, prompt: left_out, in_windows, deadline };
    let mut masks = without_prompt.masks(&windows).await?.into_iter();
    clock.tokenized(windows.iter().flatten().map(|window| window.encoded.sequence.tokens()).sum());
    let tokens = |windows: &Vec<Window>| windows.iter().map(Window::counted_tokens).sum();
    let size = |(input, windows)| answer_size(input, tokens(windows));
    let estimate: AnswerSize = inputs.iter().zip(&windows).map(size).sum();
    let pointer = field.pointer;
    let answer_memory = reserve(service, estimate, pointer, &mut memory)?;
    let spec = Arc::new(spec);
    let tasks = windows.iter().flat_map(|windows| tasks(windows, &spec, &mut masks));
    let sequences: Vec<_> =
        tasks.map(|item| Sequence { tokens: item.sequence.tokens(), item }).collect();
    let submission = Submission { sequences, deadline: Some(deadline), client, priority };
    let refused = |error| ApiError::refused(error, pointer);
    let queued = Instant::now();
    let room = service.batcher.reserve(submission).map_err(refused)?;
    Ok(Prepared {
        service,
        room,
        spec,
        inputs,
        windows,
        pointer,
        queued,
        clock,
        deadline,
        memory,
        answer_memory,
    })
}

impl Prepared<'_> {
    /// The tokens of all inputs, special tokens included.
    pub fn tokens(&self) -> usize {
        self.room.tokens()
    }

    /// Submits the inputs to the batcher, and returns one output per input.
    ///
    /// # Errors
    /// The deadline passed, or the server stops or fails.
    pub async fn compute(self) -> Result<Outcome, ApiError> {
        let Self { service, room, spec, inputs, windows, queued, clock, deadline, .. } = self;
        let tokens = room.tokens();
        let pending = room.submit().map_err(|error| ApiError::refused(error, self.pointer))?;
        clock.queued(queued, pending.first_pass());
        let computed = pending.await?;
        clock.computed(queued, computed.timings, computed.passes);
        let counts = windows.iter().map(Vec::len).collect();
        let outputs = join_windows(service, &spec, counts, computed.outputs, deadline).await?;
        let cut = windows
            .iter()
            .enumerate()
            .filter(|(_, windows)| windows.iter().any(|window| window.encoded.truncated()));
        let usage = Usage { tokens, truncated: cut.map(|(at, _)| at).collect() };
        let (memory, answer_memory) = (self.memory, self.answer_memory);
        Ok(Outcome { outputs, inputs, windows, usage, memory, answer_memory })
    }
}

/// The output of each text. `counts` has the number of windows of each text, `passes` the output of
/// each window, in order.
async fn join_windows(
    service: &Arc<Service>,
    spec: &Arc<TaskSpec>,
    counts: Vec<usize>,
    passes: Vec<PassOutput>,
    deadline: Instant,
) -> Result<Vec<Output>, ApiError> {
    let long = counts.iter().any(|&count| count > 1);
    let (pool, service, spec) = (&service.text_pool, Arc::clone(service), Arc::clone(spec));
    let join = move || {
        let mut passes = passes.into_iter();
        let output = |count| service.output_builder.text_output(&spec, passes.by_ref().take(count));
        counts.into_iter().map(output).collect::<Vec<Output>>()
    };
    let outputs = pool.run(long, deadline, join).await?;
    // The engine has checked the parts, but not their sums.
    if long && !outputs.iter().all(Output::is_finite) {
        return Err(ApiError::internal("joining a text's windows gave a non-finite number"));
    }
    Ok(outputs)
}

/// One task per window of a text. `masks` has those without the prompt for each window.
fn tasks(
    windows: &[Window],
    spec: &Arc<TaskSpec>,
    masks: &mut impl Iterator<Item = PoolingMask>,
) -> Vec<Task> {
    let counted = windows.iter().map(|window| window.counted.clone());
    let task = |(window, mask): (&Window, Option<PoolingMask>)| Task {
        sequence: window.encoded.sequence.clone(),
        spec: Arc::clone(spec),
        mask,
        mask_without_prompt: masks.next(),
    };
    windows.iter().zip(PoolingMask::for_windows(counted.collect())).map(task).collect()
}
