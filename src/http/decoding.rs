//! From token ids back to texts.

use std::sync::Arc;
use std::time::Instant;

use axum::response::Response;

use super::caller::Caller;
use super::error::ApiError;
use super::inputs::InputField;
use super::pipeline::{self, AnswerSize};
use super::reply::Reply;
use super::service::Service;
use super::token_ids::{ID_BYTES, INLINE_IDS, TokenIds, most_bytes};

/// Bytes of memory that a list takes in addition to its ids.
const LIST_BYTES: usize = 64;

/// Token ids to be decoded.
pub struct DecodingRequest {
    /// The lists.
    pub ids: TokenIds,
    /// The field that has them.
    pub field: InputField,
    /// Whether special tokens are left out.
    pub skip_special_tokens: bool,
}

impl DecodingRequest {
    /// Answers with one text per list.
    ///
    /// # Errors
    /// There are no lists or too many, one is empty, too long or has an id that the tokenizer doesn't have, the
    /// answer would be too large, no memory is left, a limit of the key is used up, or the deadline passed.
    pub async fn answer(
        self,
        service: &Arc<Service>,
        caller: Caller,
    ) -> Result<Response, ApiError> {
        let Self { ids, field, skip_special_tokens } = self;
        let Caller { deadline, charge, mut memory, clock, .. } = caller;
        clock.tokenizing(ids.count);
        ids.check(service, field)?;
        let TokenIds { lists, .. } = ids;
        let ids: usize = lists.iter().map(Vec::len).sum();
        clock.tokenized(ids);
        memory.try_resize(lists.len() * LIST_BYTES + ids * size_of::<u32>())?;
        let is_long = ids > INLINE_IDS;
        let (lists, bytes) = measure(service, lists, field, is_long, deadline).await?;
        // As much again for the texts, which exist beside the answer while it is written.
        let size = AnswerSize { numbers: bytes.div_ceil(2 * size_of::<f32>()), bytes };
        let answer_memory = pipeline::reserve(service, size, field.pointer, &mut memory)?;
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        memory.try_grow(longest * ID_BYTES)?;
        // Last: nothing counts of a request that is refused.
        charge.take(ids)?;
        let mut texts = Vec::with_capacity(lists.len());
        for ids in lists {
            let handle = Arc::clone(service);
            let decode = move || handle.tokenizer.decode(&ids, skip_special_tokens);
            let text = service.text_pool.run(is_long, deadline, decode).await?;
            texts.push(text.map_err(ApiError::internal)?);
        }
        clock.responding();
        let reply = Reply { numbers: size.numbers, deadline, memory: answer_memory };
        reply.write(&service.text_pool, move || texts).await
    }
}

/// The lists again, and the most bytes of their texts. Like decoding, one list at a time: after each,
/// others have a turn.
///
/// # Errors
/// The tokenizer doesn't have an id, or the deadline passed.
async fn measure(
    service: &Arc<Service>,
    lists: Vec<Vec<u32>>,
    field: InputField,
    is_long: bool,
    deadline: Instant,
) -> Result<(Vec<Vec<u32>>, usize), ApiError> {
    let (mut measured, mut bytes) = (Vec::with_capacity(lists.len()), 0);
    for (index, ids) in lists.into_iter().enumerate() {
        let handle = Arc::clone(service);
        let work = move || {
            let bytes = most_bytes(&handle, &ids, &field.pointer_to(index));
            bytes.map(|bytes| (ids, bytes))
        };
        let (ids, more) = service.text_pool.run(is_long, deadline, work).await??;
        measured.push(ids);
        bytes += more;
    }
    Ok((measured, bytes))
}
