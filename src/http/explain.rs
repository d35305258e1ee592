//! `explain: true`: which heads can be, and the tokens with their places in the text.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use super::pipeline::{INLINE_BYTES, off_runtime};
use super::state::Service;
use crate::model::head::{Head, TokenAttribution};
use crate::text::{Encoded, Input, Window};

/// Bytes of a token in the answer beside its contributions and its text.
pub const TOKEN_BYTES: usize = 48;

/// Bytes of the text of an input's tokens: each character is in one of them at most.
pub fn text_bytes(input: &Input) -> usize {
    input.text.as_str().len() + input.pair.as_ref().map_or(0, |pair| pair.as_str().len())
}

/// A token and its place in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Token {
    /// The characters that it stands for; the name of a special token.
    pub text: String,
    /// Its first character, counted in Unicode characters of the input. 0, as `end` is, for special
    /// tokens and those of a prompt.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
    /// Whether its place is in the second text of a pair.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pair: bool,
}

/// Splits each head's logits over tokens.
///
/// # Errors
/// A head for which there is no exact split; with its name, the reason, and which heads have one.
pub fn splits(
    service: &Service,
    heads: &[Arc<Head>],
) -> Result<Vec<Arc<TokenAttribution>>, ApiError> {
    let c = service.recipes.shape().hidden;
    let split = |head: &Arc<Head>| {
        head.token_attribution(c).map(Arc::new).map_err(|reason| {
            let able = heads
                .iter()
                .filter(|head| head.token_attribution(c).is_ok())
                .map(|head| head.name());
            let able = match able.collect::<Vec<_>>()[..] {
                [] => "none of the heads asked for can".to_owned(),
                ref names => format!("those that can: {}", names.join(", ")),
            };
            let name = head.name();
            let message = format!(
                "head \"{name}\" can't be explained exactly: {reason}, so its logits are no sums \
                 over tokens; {able}"
            );
            ApiError::unacceptable("not_explainable", "/explain", message)
        })
    };
    heads.iter().map(split).collect()
}

/// The tokens of each input that count, window by window. `prompt` is what their texts begin with and
/// their client didn't send.
///
/// # Errors
/// Only our own.
pub async fn tokens_of(
    service: &Arc<Service>,
    inputs: Vec<Input>,
    read: Vec<Vec<Window>>,
    prompt: String,
) -> Result<Vec<Vec<Token>>, ApiError> {
    let service = Arc::clone(service);
    let long = inputs.iter().map(text_bytes).sum::<usize>() > INLINE_BYTES;
    off_runtime(long, move || {
        let each = inputs.iter().zip(&read);
        each.map(|(input, windows)| tokens(&service, input, windows, &prompt)).collect()
    })
    .await
}

fn tokens(service: &Service, input: &Input, windows: &[Window], prompt: &str) -> Vec<Token> {
    let prompt = prompt.chars().count();
    let first = Characters::of(input.text.as_str());
    let second = input.pair.as_ref().map(|pair| Characters::of(pair.as_str()));
    let token = |encoded: &Encoded, at: usize| {
        if encoded.special[at] {
            let text = service.tokenizer.token(encoded.sequence.ids[at]).unwrap_or_default();
            return Token { text, start: 0, end: 0, pair: false };
        }
        let (start, end) = encoded.spans[at];
        match &second {
            Some(second) if encoded.second[at] => {
                Token { text: second.slice(start, end), start, end, pair: true }
            }
            _ => Token {
                text: first.slice(start, end),
                start: start.saturating_sub(prompt),
                end: end.saturating_sub(prompt),
                pair: false,
            },
        }
    };
    let of_window = |window: &Window| -> Vec<Token> {
        let counted = (0..window.counted.len()).filter(|&at| window.counted[at]);
        counted.map(|at| token(&window.encoded, at)).collect()
    };
    windows.iter().flat_map(of_window).collect()
}

/// A text by its characters.
struct Characters<'t> {
    text: &'t str,
    /// Where each begins, in bytes, and where the last ends.
    starts: Vec<usize>,
}

impl<'t> Characters<'t> {
    fn of(text: &'t str) -> Self {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        Self { text, starts }
    }

    fn slice(&self, start: usize, end: usize) -> String {
        let at = |character: usize| self.starts.get(character).copied().unwrap_or(self.text.len());
        self.text[at(start)..at(end)].to_owned()
    }
}
