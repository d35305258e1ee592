//! Texts of token ids, for clients that tokenise by themselves.

use std::sync::Arc;

use super::caller::Caller;
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::InputField;
use super::service::Service;
use super::text_pool::INLINE_BYTES;

/// Bytes of memory that an id takes while its text is found.
pub const ID_BYTES: usize = 64;

/// Up to this many ids are decoded on the runtime.
pub const INLINE_IDS: usize = INLINE_BYTES / 4;

/// Lists of token ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIds {
    /// The lists, or the first of them.
    pub lists: Vec<Vec<u32>>,
    /// How many lists there are; more than any configuration allows were not kept.
    pub count: usize,
}

impl TokenIds {
    /// Checks how many lists there are, and that none is empty or has more ids than a text may have bytes.
    /// `field` is the field that has them.
    ///
    /// # Errors
    /// There are no lists or too many, or one is empty or too long.
    pub fn check(&self, service: &Service, field: InputField) -> Result<(), ApiError> {
        let Self { lists, count } = self;
        let limit = service.limits.inputs.get();
        if *count > limit {
            let message = format!("{count} lists of ids; at most {limit} are allowed");
            return Err(ApiError::unacceptable(ErrorCode::TooManyInputs, field.pointer, message));
        }
        let limit = service.limits.text_bytes.get();
        if let Some((index, ids)) = lists.iter().enumerate().find(|(_, ids)| ids.len() > limit) {
            let message = format!("{} ids; at most {limit} are allowed", ids.len());
            let pointer = field.pointer_to(index);
            return Err(ApiError::unacceptable(ErrorCode::TextTooLarge, pointer, message));
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
        self.check(service, field)?;
        let mut texts = Vec::with_capacity(self.lists.len());
        // One list at a time: after each, others have a turn.
        for (index, ids) in self.lists.into_iter().enumerate() {
            let pointer = field.pointer_to(index);
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
