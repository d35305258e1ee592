//! Texts of token ids, for clients that tokenise by themselves.

use std::sync::Arc;

use super::caller::Caller;
use super::decoding::{INLINE_IDS, check_lists, most_bytes};
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::InputField;
use super::state::Service;

/// Lists of token ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIds {
    /// The lists, or the first of them.
    pub lists: Vec<Vec<u32>>,
    /// How many lists there are; more than any configuration allows were not kept.
    pub count: usize,
}

impl TokenIds {
    /// The texts of which the tokenizer makes exactly these ids: so they are read as any text is, and
    /// another tokenizer's ids are refused. `field` is the field that has the lists.
    ///
    /// # Errors
    /// There are no lists or too many, one is empty, has an id that the tokenizer doesn't have, or is not
    /// what the tokenizer makes of any text; no memory is left, or the deadline passed.
    pub async fn into_texts(
        self,
        service: &Arc<Service>,
        caller: &mut Caller,
        field: InputField,
    ) -> Result<Vec<String>, ApiError> {
        let Self { lists, count } = self;
        check_lists(service, &lists, count, field)?;
        let is_long = lists.iter().map(Vec::len).sum::<usize>() > INLINE_IDS;
        let (pool, handle) = (&service.text_pool, Arc::clone(service));
        let measure = move || most_bytes(&handle, &lists, field).map(|bytes| (lists, bytes));
        let (lists, bytes) = pool.run(is_long, caller.deadline, measure).await??;
        caller.memory.try_grow(bytes)?;
        let handle = Arc::clone(service);
        let decode = move || -> Result<Vec<String>, ApiError> {
            let text = |(index, ids): (usize, &Vec<u32>)| {
                let text = handle.tokenizer.text_of(ids).map_err(ApiError::internal)?;
                text.ok_or_else(|| {
                    let message = "the model's tokenizer makes these ids of no text; another tokenizer \
                                   made them, or they begin or end within a word: send the text";
                    let pointer = field.pointer_to(index);
                    ApiError::unacceptable(ErrorCode::TokenIdsUnsupported, pointer, message)
                })
            };
            lists.iter().enumerate().map(text).collect()
        };
        pool.run(is_long, caller.deadline, decode).await?
    }
}
