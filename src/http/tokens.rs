//! The tokens of texts, for routes that show them: nothing is computed of them.

use std::sync::Arc;

use axum::response::Response;
use serde::Serialize;

use super::caller::Caller;
use super::characters::Characters;
use super::error::ApiError;
use super::inputs::Inputs;
use super::pipeline::{self, AnswerSize};
use super::reply::Reply;
use super::service::Service;
use super::tokenizing::Tokenizing;
use crate::text::{Encoded, Input};

/// About how many bytes a token takes in the answer, without its text.
const TOKEN_BYTES: usize = 80;

/// Texts to be tokenised, checked.
pub struct TokensRequest {
    /// The texts.
    pub inputs: Inputs,
    /// Whether special tokens are added.
    pub special_tokens: bool,
}

/// A token of a text.
#[derive(Debug)]
pub struct TextToken {
    /// Its id.
    pub id: u32,
    /// The characters that it stands for, or the name of a special token.
    pub text: String,
    /// The first character and the one after the last, in Unicode characters of the text with its
    /// prompt; `None` for a special token that was added.
    pub span: Option<(usize, usize)>,
}

impl TokensRequest {
    /// Tokenises the texts and writes one list per text, of what `token` makes of each token.
    ///
    /// # Errors
    /// The answer would be too large, no memory is left, a limit of the key is used up, or the deadline
    /// passed.
    pub async fn answer<T: Serialize>(
        self,
        service: &Arc<Service>,
        caller: Caller,
        token: impl Fn(TextToken) -> T + Send + 'static,
    ) -> Result<Response, ApiError> {
        let Caller { deadline, charge, mut memory, clock, .. } = caller;
        clock.tokenizing(self.inputs.count());
        let Inputs { list, field, .. } = self.inputs;
        let inputs = Arc::new(list);
        let tokenizing = Tokenizing { service, inputs: &inputs, field, deadline };
        let texts = tokenizing.whole_texts(self.special_tokens, &mut memory).await?;
        let tokens: usize = texts.iter().map(|text| text.sequence.tokens()).sum();
        clock.tokenized(tokens);
        let bytes: usize = inputs.iter().map(Input::bytes).sum();
        let size = AnswerSize {
            // For the tokens, which exist beside the answer while it is written.
            numbers: tokens * size_of::<TextToken>() / size_of::<f32>(),
            bytes: bytes + tokens * TOKEN_BYTES,
        };
        let answer_memory = pipeline::reserve(service, size, field.pointer, &mut memory)?;
        // Last: nothing counts of a request that is refused.
        charge.take(tokens)?;
        clock.responding();
        let reply = Reply { numbers: size.numbers, deadline, memory: answer_memory };
        let tokenizer = Arc::clone(service);
        let write = move || -> Vec<Vec<T>> {
            let both = inputs.iter().zip(&texts);
            let lists = both.map(|(input, text)| read(&tokenizer, input, text));
            let lists = lists.map(|list| list.into_iter().map(&token).collect()).collect();
            // It was for the texts and their ids.
            drop(memory);
            lists
        };
        reply.write(&service.text_pool, write).await
    }
}

/// The tokens of one text.
fn read(service: &Service, input: &Input, encoded: &Encoded) -> Vec<TextToken> {
    let characters = Characters::new(input.text.as_str());
    let token = |(at, &id): (usize, &u32)| {
        if encoded.special[at] {
            let text = service.tokenizer.token(id).unwrap_or_default();
            return TextToken { id, text, span: None };
        }
        let (start, end) = encoded.spans[at];
        TextToken { id, text: characters.slice(start, end), span: Some((start, end)) }
    };
    encoded.sequence.ids.iter().enumerate().map(token).collect()
}
