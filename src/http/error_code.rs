//! The stable codes of errors, and the one table of their meaning, status and advice.

use axum::http::StatusCode;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Declares [`ErrorCode`] from the table: `/// meaning`, variant, code, status, advice.
macro_rules! error_codes {
    ($(#[doc = $meaning:literal] $variant:ident = $code:literal, $status:ident, $advice:literal;)*) => {
        /// The stable code of an error, for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As in the field `code`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status of every response with this code.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// What the client can do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice),* }
            }

            /// Its meaning, for the OpenAPI contract.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning.trim_ascii()),* }
            }
        }
    };
}

error_codes! {
    /// The body is not one JSON value in UTF-8.
    InvalidJson = "invalid_json", BAD_REQUEST,
        "Send one JSON object in UTF-8.";
    /// The body is not one message in gRPC's form.
    InvalidMessage = "invalid_message", BAD_REQUEST,
        "Send one message, as it is or with gzip.";
    /// A field has the wrong type, is unknown, or is missing.
    InvalidField = "invalid_field", BAD_REQUEST,
        "Compare the field with /openapi.yaml.";
    /// A header can't be read.
    InvalidHeader = "invalid_header", BAD_REQUEST,
        "Correct the header or leave it out.";
    /// The request has no key, or one that is not known.
    Unauthorized = "unauthorized", UNAUTHORIZED,
        "Send the header Authorization: Bearer KEY.";
    /// There is no such route.
    NotFound = "not_found", NOT_FOUND,
        "/openapi.yaml lists every route.";
    /// The route exists, but for other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED,
        "The header Allow lists the methods.";
    /// The body did not arrive in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT,
        "Send the body without pauses.";
    /// The body has more bytes than are allowed.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE,
        "Send the inputs in several requests.";
    /// The address has more bytes than are allowed.
    UriTooLong = "uri_too_long", URI_TOO_LONG,
        "Send the inputs in the body.";
    /// The content type is another one than the route reads.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "Add the header: with curl, -H 'content-type: application/json' for JSON.";
    /// The body is encoded in another way than gzip.
    UnsupportedContentEncoding = "unsupported_content_encoding", UNSUPPORTED_MEDIA_TYPE,
        "Send the body with gzip or as it is.";
    /// The list of inputs is empty.
    EmptyInputs = "empty_inputs", UNPROCESSABLE_ENTITY,
        "Send at least one text.";
    /// There are more inputs than are allowed.
    TooManyInputs = "too_many_inputs", UNPROCESSABLE_ENTITY,
        "Send the inputs in several requests.";
    /// A text has nothing but white space.
    BlankText = "blank_text", UNPROCESSABLE_ENTITY,
        "Leave blank texts out.";
    /// Nothing is left of a text in tokenisation, or beside a prompt that isn't pooled.
    NoTokens = "no_tokens", UNPROCESSABLE_ENTITY,
        "Leave such texts out.";
    /// A text or a prompt has more bytes than are allowed.
    TextTooLarge = "text_too_large", UNPROCESSABLE_ENTITY,
        "Send a shorter text, or send its parts as separate inputs.";
    /// A text has more tokens than the model reads, and the request doesn't allow cutting it.
    TextTooLong = "text_too_long", UNPROCESSABLE_ENTITY,
        "Send a shorter text, or \"long_text\": \"truncate\", or, for a single text, \"window\".";
    /// Two texts can't be read as a pair: the model has one token type, or each text has its own answer.
    PairsUnsupported = "pairs_unsupported", UNPROCESSABLE_ENTITY,
        "Send each text as a separate input.";
    /// Both a prompt and the name of one are given, or neither where heads and `native` differ in it.
    ConflictingPrompts = "conflicting_prompts", UNPROCESSABLE_ENTITY,
        "Send exactly one of \"prompt\" and \"prompt_name\".";
    /// The checkpoint has no prompt of this name.
    UnknownPrompt = "unknown_prompt", UNPROCESSABLE_ENTITY,
        "/info lists the prompts; \"prompt\" takes any text.";
    /// There is no model of this name.
    UnknownModel = "unknown_model", NOT_FOUND,
        "Send a name that /info lists, or none for the first model.";
    /// The inputs are token ids, which may be those of another tokenizer.
    TokenIdsUnsupported = "token_ids_unsupported", UNPROCESSABLE_ENTITY,
        "Send texts; in langchain-openai, set check_embedding_ctx_length=False.";
    /// The ranges that int8 and uint8 need are not known for this recipe, prompt and number of columns.
    NotCalibrated = "not_calibrated", UNPROCESSABLE_ENTITY,
        "/info lists what is calibrated; `strata calibrate` makes a file for `strata serve --calibration`.";
    /// A token id isn't one of the tokenizer's.
    UnknownToken = "unknown_token", UNPROCESSABLE_ENTITY,
        "Send ids of this model's own tokenizer.";
    /// The model has no head that gives sparse embeddings.
    SparseUnsupported = "sparse_unsupported", UNPROCESSABLE_ENTITY,
        "Ask for dense embeddings.";
    /// The model doesn't give an output that is asked for, or not beside the others.
    OutputUnsupported = "output_unsupported", UNPROCESSABLE_ENTITY,
        "/info says what the model gives; ask for the others in requests of their own.";
    /// There is no recipe of this name.
    UnknownRecipe = "unknown_recipe", UNPROCESSABLE_ENTITY,
        "/info lists the recipes and the model's layers.";
    /// The recipe doesn't fit the model, or contradicts itself.
    InvalidRecipe = "invalid_recipe", UNPROCESSABLE_ENTITY,
        "/info lists the recipes and the model's layers.";
    /// The embedding doesn't have this many dimensions.
    InvalidDimensions = "invalid_dimensions", UNPROCESSABLE_ENTITY,
        "/info lists the recipes and the model's layers.";
    /// The request reads more distinct layers than are allowed.
    TooManyLayers = "too_many_layers", UNPROCESSABLE_ENTITY,
        "Name fewer layers, recipes or heads.";
    /// There is no head of this name, or it was skipped.
    UnknownHead = "unknown_head", UNPROCESSABLE_ENTITY,
        "/info lists the heads.";
    /// No head is loaded.
    NoHeads = "no_heads", UNPROCESSABLE_ENTITY,
        "/info lists the heads.";
    /// The checkpoint has no classifier of tokens.
    NoTagger = "no_tagger", UNPROCESSABLE_ENTITY,
        "Ask a model of which /info shows a tagger, or a head of token_classification.";
    /// The checkpoint has no classifier that knows entailment.
    NoEntailment = "no_entailment", UNPROCESSABLE_ENTITY,
        "Ask a model for natural language inference, whose labels say which is entailment.";
    /// A template has no place for a label, or several.
    InvalidTemplate = "invalid_template", UNPROCESSABLE_ENTITY,
        "Write {} once, where the label belongs.";
    /// A head's logits are not an exact sum over tokens.
    NotExplainable = "not_explainable", UNPROCESSABLE_ENTITY,
        "Leave \"explain\" out, or name only heads that can be explained.";
    /// `top_k` is 0.
    InvalidTopK = "invalid_top_k", UNPROCESSABLE_ENTITY,
        "Send 1 or more, or leave it out.";
    /// The request has more tokens than the queue can hold.
    TooManyTokens = "too_many_tokens", UNPROCESSABLE_ENTITY,
        "Send the inputs in several requests.";
    /// The answer would have more bytes than are allowed.
    AnswerTooLarge = "answer_too_large", UNPROCESSABLE_ENTITY,
        "Send fewer inputs, or ask for fewer dimensions or for base64.";
    /// Too many tokens or bytes already wait.
    QueueFull = "queue_full", TOO_MANY_REQUESTS,
        "Wait as long as Retry-After says.";
    /// The key has used up its own limit of requests or tokens a second.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS,
        "Wait as long as Retry-After says.";
    /// The headers have more bytes than are allowed.
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE,
        "Send fewer headers.";
    /// The server failed. Its log has the cause under the request id.
    Internal = "internal", INTERNAL_SERVER_ERROR,
        "Try again. If the error stays, report the request id.";
    /// The model is being loaded.
    Starting = "starting", SERVICE_UNAVAILABLE,
        "Wait until /readyz answers 200.";
    /// The model could not be loaded.
    ModelBroken = "model_broken", SERVICE_UNAVAILABLE,
        "Ask another model that /info lists as ready; the server's log says what is wrong with this one.";
    /// The server is stopping.
    Draining = "draining", SERVICE_UNAVAILABLE,
        "Send the request to another instance.";
    /// The request's deadline passed before its answer was computed.
    DeadlineExceeded = "deadline_exceeded", GATEWAY_TIMEOUT,
        "Send fewer inputs, or a larger x-timeout-ms.";
    /// Computing the request alone takes longer than its deadline allows. Nothing was computed.
    DeadlineTooShort = "deadline_too_short", GATEWAY_TIMEOUT,
        "Send fewer inputs, or a larger x-timeout-ms.";
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A string with its possible values, and the table as its description.
impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        let codes = Self::ALL.iter().map(|code| code.as_str());
        let rows = Self::ALL.iter().map(|code| {
            let status = code.status().as_u16();
            format!("\n- `{}`, {status}: {}", code.as_str(), code.meaning())
        });
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!(
                "The stable code of an error.\n{}",
                rows.collect::<String>()
            )))
            .enum_values(Some(codes))
            .into()
    }
}

impl ToSchema for ErrorCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_variants_name_in_snake_case() {
        for code in ErrorCode::ALL {
            let words = code.as_str().split('_');
            let name: String =
                words.map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..])).collect();
            assert_eq!(name, format!("{code:?}"));
        }
    }

    #[test]
    fn every_code_is_an_error_with_advice() {
        for code in ErrorCode::ALL {
            let status = code.status();
            assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
            assert!(!code.advice().is_empty() && !code.meaning().is_empty(), "{code:?}");
        }
    }
}
