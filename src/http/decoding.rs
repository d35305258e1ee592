//! From token ids back to texts.

use std::sync::Arc;
use std::time::Instant;

use axum::response::Response;

use super::caller::Caller;
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::InputField;
use super::pipeline::{self, AnswerSize};
use super::reply::Reply;
use super::state::Service;
use super::text_pool::INLINE_BYTES;
use super::timings::StageTimings;

/// Bytes of memory that a list takes in addition to its ids.
const LIST_BYTES: usize = 64;

/// Up to this many ids are decoded on the runtime.
pub const INLINE_IDS: usize = INLINE_BYTES / 4;

/// Lists of token ids.
pub struct DecodingRequest {
    /// The lists, or the first of them.
    pub lists: Vec<Vec<u32>>,
    /// How many lists there are; more than any configuration allows were not kept.
    pub count: usize,
    /// The field that has them.
    pub field: InputField,
    /// Whether special tokens are left out.
    pub skip_special_tokens: bool,
}

impl DecodingRequest {
    /// Answers with one text per list.
    ///
    /// # Errors
    /// There are no lists or too many, one is empty or has an id that the tokenizer doesn't have, the
    /// answer would be too large, no memory is left, or the deadline passed.
    pub async fn answer(
        self,
        service: &Arc<Service>,
        caller: Caller,
    ) -> Result<Response, ApiError> {
        let Self { lists, count, field, skip_special_tokens } = self;
        let Caller { deadline, mut memory, .. } = caller;
        let started = Instant::now();
        check_lists(service, &lists, count, field)?;
        let ids: usize = lists.iter().map(Vec::len).sum();
        memory.try_resize(lists.len() * LIST_BYTES + ids * size_of::<u32>())?;
        let (pool, is_long) = (&service.text_pool, ids > INLINE_IDS);
        let handle = Arc::clone(service);
        let measure = move || -> Result<_, ApiError> {
            let measured = lists
                .iter()
                .enumerate()
                .map(|(index, ids)| most_bytes(&handle, ids, &field.pointer_to(index)));
            let bytes = measured.sum::<Result<usize, _>>()?;
            Ok((lists, bytes))
        };
        let (lists, bytes) = pool.run(is_long, deadline, measure).await??;
        // As much again for the texts, which exist beside the answer while it is written.
        let size = AnswerSize { numbers: bytes.div_ceil(2 * size_of::<f32>()), bytes };
        let answer_memory = pipeline::reserve(service, size, field.pointer, &mut memory)?;
        let handle = Arc::clone(service);
        let decode = move || -> Result<Vec<String>, _> {
            let text = |ids: &Vec<u32>| handle.tokenizer.decode(ids, skip_special_tokens);
            lists.iter().map(text).collect()
        };
        let texts = pool.run(is_long, deadline, decode).await?.map_err(ApiError::internal)?;
        let timings = StageTimings { tokenize: started.elapsed(), ..StageTimings::default() };
        let reply = Reply { numbers: size.numbers, deadline, memory: answer_memory, timings };
        reply.write(pool, move || texts).await
    }
}

/// Checks how many lists there are, and that none is empty.
pub fn check_lists(
    service: &Service,
    lists: &[Vec<u32>],
    count: usize,
    field: InputField,
) -> Result<(), ApiError> {
    let limit = service.limits.inputs.get();
    if count > limit {
        let message = format!("{count} lists of ids; at most {limit} are allowed");
        return Err(ApiError::unacceptable(ErrorCode::TooManyInputs, field.pointer, message));
    }
    let empty = lists.iter().position(Vec::is_empty).map(|index| field.pointer_to(index));
    match empty.or_else(|| lists.is_empty().then(|| field.pointer.to_owned())) {
        Some(pointer) => {
            let message = "the list is empty; at least one id is needed";
            Err(ApiError::unacceptable(ErrorCode::EmptyInputs, pointer, message))
        }
        None => Ok(()),
    }
}

/// The most bytes that the text of these ids can have: those of all tokens, with a space before each.
/// `pointer` is the place of the ids.
///
/// # Errors
/// The tokenizer doesn't have an id.
pub fn most_bytes(service: &Service, ids: &[u32], pointer: &str) -> Result<usize, ApiError> {
    let mut bytes = 0;
    for (at, &id) in ids.iter().enumerate() {
        let Some(token) = service.tokenizer.token(id) else {
            let message = format!("the tokenizer has no token with the id {id}");
            let pointer = format!("{pointer}/{at}");
            return Err(ApiError::unacceptable(ErrorCode::UnknownToken, pointer, message));
        };
        bytes += token.len() + 1;
    }
    Ok(bytes)
}
