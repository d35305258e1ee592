//! `/tokenize`: the tokens of texts.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ErrorBody;
use crate::http::dialects::openai::OpenAiInput;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs;
use crate::http::models::Wanted;
use crate::http::prompts;
use crate::http::tokens::{TextToken, TokensRequest};

/// The body of `POST /tokenize`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiTokenizeRequest, example = json!({"inputs": "A gripping film."}))]
pub struct TokenizeRequest {
    /// A text or a list of texts.
    inputs: OpenAiInput,
    /// Whether special tokens are added; by default they are.
    #[serde(default)]
    add_special_tokens: Option<bool>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    prompt_name: Option<String>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for TokenizeRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiToken)]
pub struct SimpleToken {
    /// Its id.
    id: u32,
    /// The characters that it stands for, or the name of a special token.
    text: String,
    /// Whether it is a special token that was added.
    special: bool,
    /// Its first character in the text with its prompt; null for a special token.
    start: Option<usize>,
    /// The character after its last one.
    stop: Option<usize>,
}

impl From<TextToken> for SimpleToken {
    fn from(TextToken { id, text, span }: TextToken) -> Self {
        let (start, stop) = (span.map(|(start, _)| start), span.map(|(_, stop)| stop));
        Self { id, text, special: span.is_none(), start, stop }
    }
}

/// Tokenises texts, however long they are.
#[utoipa::path(
    post, path = "/tokenize", operation_id = "tei_tokenize", tag = "text-embeddings-inference",
    request_body = TokenizeRequest,
    responses(
        (status = 200, body = Vec<Vec<SimpleToken>>, description = "One list per text, in order."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 413, 422, 424, 429 and others."),
        (status = "5XX", body = ErrorBody, description = "503, 504."),
    ),
)]
pub async fn tokenize(
    ApiJson { value: request, mut caller }: ApiJson<TokenizeRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let texts = request.inputs.into_texts(service, &mut caller, "/inputs").await?;
    let prompt = prompts::choose_prompt(service, None, request.prompt_name, "/prompt_name", true)?;
    let inputs = inputs::check_all(service, "/inputs", texts, &prompt, &mut caller.memory)?;
    let special_tokens = request.add_special_tokens.unwrap_or(true);
    let request = TokensRequest { inputs, special_tokens };
    request.answer(service, caller, SimpleToken::from).await
}
