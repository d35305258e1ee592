//! Texts of token ids, for clients that tokenise by themselves.

use std::sync::Arc;

use super::caller::Caller;
use super::decoding::{INLINE_IDS, check_lists, most_bytes};
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::InputField;
use super::state::Service;

/// Bytes of memory that an id takes while its text is found.
const ID_BYTES: usize = 64;

/// Lists of token ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIds {
    /// The lists, or the first of them.
    pub lists: Vec<Vec<u32>>,
    /// How many lists there are; more than any configuration allows were not kept.
    pub count: usize,
}

impl TokenIds {
    /// The texts of which the tokenizer makes exactly these ids, so that they are read as any text is. Ids
    /// that it makes of no text are refused; others are taken as its own, whoever made them. `field` is
    /// the field that has the lists.
    ///
    /// # Errors
    /// There are no lists or too many, one is empty, too long, has an id that the tokenizer doesn't have,
    /// or is not what the tokenizer makes of any text; no memory is left, or the deadline passed.
    pub async fn into_texts(
        self,
        service: &Arc<Service>,
        caller: &mut Caller,
        field: InputField,
    ) -> Result<Vec<String>, ApiError> {
        let Self { lists, count } = self;
        check_lists(service, &lists, count, field)?;
        let limit = service.limits.text_bytes.get();
        let mut texts = Vec::with_capacity(lists.len());
        // One list at a time: after each, others have a turn.
        for (index, ids) in lists.into_iter().enumerate() {
            let pointer = field.pointer_to(index);
            if ids.len() > limit {
                let message = format!("{} ids; at most {limit} are allowed", ids.len());
                return Err(ApiError::unacceptable(ErrorCode::TextTooLarge, pointer, message));
            }
            caller.memory.try_grow(ids.len() * ID_BYTES)?;
            let (is_long, handle) = (ids.len() > INLINE_IDS, Arc::clone(service));
            let decode = move || -> Result<String, ApiError> {
                most_bytes(&handle, &ids, &pointer)?;
                let text = handle.tokenizer.text_of(&ids).map_err(ApiError::internal)?;
                text.ok_or_else(|| {
                    let message = "the model's tokenizer makes these ids of no text: another tokenizer \
                                   made them, they are padded, or they begin or end within a word; \
                                   send the text";
                    ApiError::unacceptable(ErrorCode::TokenIdsUnsupported, pointer, message)
                })
            };
            texts.push(service.text_pool.run(is_long, caller.deadline, decode).await??);
        }
        Ok(texts)
    }
}
