//! `explain: true`: which heads can be explained, and the tokens with their places in the text.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use utoipa::ToSchema;

use super::characters::Characters;
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::service::Service;
use super::text_pool::INLINE_BYTES;
use crate::model::head::{Head, TokenAttribution};
use crate::text::{Encoded, Input, Window};

/// Bytes of a token in the answer, without its contributions and its text.
pub const TOKEN_BYTES: usize = 48;

/// A token and its place in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Token {
    /// The characters that it stands for, or the name of a special token.
    pub text: String,
    /// Index of its first character, in Unicode characters of the input. For special tokens and
    /// the tokens of a prompt, `start` and `end` are 0.
    pub start: usize,
    /// Index of the character after its last one.
    pub end: usize,
    /// Whether it belongs to the second text of a pair.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pair: bool,
}

/// How each head's logits are attributed to tokens.
///
/// # Errors
/// A head whose logits are not an exact sum over tokens. The message has its name, the reason, and
/// the heads that can be explained.
pub fn attributions(
    service: &Service,
    heads: &[Arc<Head>],
) -> Result<Vec<Arc<TokenAttribution>>, ApiError> {
    let c = service.recipes.shape().hidden;
    let attribution = |head: &Arc<Head>| {
        head.token_attribution(c).map(Arc::new).map_err(|reason| {
            let explainable = heads.iter().filter(|head| head.token_attribution(c).is_ok());
            let advice = match explainable.map(|head| head.name()).collect::<Vec<_>>()[..] {
                [] => "no head of this request can be explained".to_owned(),
                ref names => format!("these heads can be explained: {}", names.join(", ")),
            };
            let name = head.name();
            let message = format!(
                "head \"{name}\" can't be explained exactly: {reason}, so its logits are not sums \
                 over tokens; {advice}"
            );
            ApiError::unacceptable(ErrorCode::NotExplainable, "/explain", message)
        })
    };
    heads.iter().map(attribution).collect()
}

/// The counted tokens of each input, window by window. `windows` are those of each input. Each text
/// begins with `prompt`, which is not part of the client's text.
///
/// # Errors
/// The deadline passed, or the server failed.
pub async fn read_tokens(
    service: &Arc<Service>,
    inputs: Arc<Vec<Input>>,
    windows: Vec<Vec<Window>>,
    prompt: String,
    deadline: Instant,
) -> Result<Vec<Vec<Token>>, ApiError> {
    let (pool, service) = (&service.text_pool, Arc::clone(service));
    let long = inputs.iter().map(Input::bytes).sum::<usize>() > INLINE_BYTES;
    let read = move || {
        let windows_of_inputs = inputs.iter().zip(&windows);
        windows_of_inputs
            .map(|(input, windows)| tokens(&service, input, windows, &prompt))
            .collect()
    };
    pool.run(long, deadline, read).await
}

fn tokens(service: &Service, input: &Input, windows: &[Window], prompt: &str) -> Vec<Token> {
    let prompt = prompt.chars().count();
    let first = Characters::new(input.text.as_str());
    let second = input.pair.as_ref().map(|pair| Characters::new(pair.as_str()));
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
    let window_tokens = |window: &Window| -> Vec<Token> {
        let counted = (0..window.counted.len()).filter(|&at| window.counted[at]);
        counted.map(|at| token(&window.encoded, at)).collect()
    };
    windows.iter().flat_map(window_tokens).collect()
}
