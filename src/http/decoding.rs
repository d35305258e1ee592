//! From token ids back to texts.

use std::sync::Arc;
use std::time::Instant;

use axum::response::Response;

use super::caller::Caller;
use super::error::ApiError;
use super::inputs::InputField;
use super::pipeline::{self, AnswerSize};
use super::reply::Reply;
use super::state::Service;
use super::timings::StageTimings;
use super::token_ids::{INLINE_IDS, TokenIds, most_bytes};

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
    /// There are no lists or too many, one is empty or has an id that the tokenizer doesn't have, the
    /// answer would be too large, no memory is left, or the deadline passed.
    pub async fn answer(
        self,
        service: &Arc<Service>,
        caller: Caller,
    ) -> Result<Response, ApiError> {
        let Self { ids, field, skip_special_tokens } = self;
        let charge = caller.charge();
        let Caller { deadline, mut memory, .. } = caller;
        let started = Instant::now();
        ids.check(service, field)?;
        let TokenIds { lists, .. } = ids;
        let ids: usize = lists.iter().map(Vec::len).sum();
        charge.take(ids)?;
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
        let timings = StageTimings::without_passes(started, texts.len());
        let reply = Reply { numbers: size.numbers, deadline, memory: answer_memory, timings };
        reply.write(pool, move || texts).await
    }
}
