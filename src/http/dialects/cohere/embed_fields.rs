//! The values of the fields of `POST /v2/embed`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::prompts::Purpose;
use crate::http::service::Service;
use crate::http::tokenizing::LongInput;
use crate::http::vectors::{Encoding, VectorFormat};
use crate::model::recipe::ResolvedRecipe;
use crate::quantization::Precision;
use crate::text::TruncationSide;

/// What the texts are for, which chooses one of the checkpoint's prompts.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CohereInputType)]
pub enum InputType {
    /// To be found.
    SearchDocument,
    /// To search with.
    SearchQuery,
    /// For a classifier.
    Classification,
    /// To be grouped.
    Clustering,
}

impl From<InputType> for Purpose {
    fn from(kind: InputType) -> Self {
        match kind {
            InputType::SearchDocument => Self::Document,
            InputType::SearchQuery => Self::Query,
            InputType::Classification => Self::Classification,
            InputType::Clustering => Self::Clustering,
        }
    }
}

/// An input of one text; Cohere also takes images, and several parts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CohereInput)]
pub struct MixedInput {
    /// Its only part.
    #[schema(min_items = 1, max_items = 1)]
    pub content: Vec<Content>,
}

/// A part of an input.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CohereContent)]
pub struct Content {
    /// What it is.
    #[serde(rename = "type")]
    _kind: ContentType,
    /// The text.
    pub text: String,
}

/// What a part of an input is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CohereContentType)]
enum ContentType {
    /// A text.
    Text,
}

/// The type of an embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CohereEmbeddingType)]
pub enum EmbeddingType {
    /// Lists of numbers.
    Float,
    /// -128 to 127: the calibrated range of each column in 256 steps.
    Int8,
    /// 0 to 255: the calibrated range of each column in 256 steps.
    Uint8,
    /// One bit per column, in numbers from -128 to 127.
    Binary,
    /// One bit per column, in numbers from 0 to 255.
    Ubinary,
    /// Little-endian f32, in base64.
    Base64,
}

impl EmbeddingType {
    /// How vectors of this type are written, of rows of `recipe` for texts with `prompt`.
    ///
    /// # Errors
    /// The ranges that it needs are not known.
    pub fn format(
        self,
        service: &Service,
        recipe: &ResolvedRecipe,
        prompt: &str,
    ) -> Result<VectorFormat, ApiError> {
        let (precision, encoding) = match self {
            Self::Float => (Precision::Float32, Encoding::Float),
            Self::Base64 => (Precision::Float32, Encoding::Base64),
            Self::Int8 => (Precision::Int8, Encoding::Float),
            Self::Uint8 => (Precision::Uint8, Encoding::Float),
            Self::Binary => (Precision::Binary, Encoding::Float),
            Self::Ubinary => (Precision::Ubinary, Encoding::Float),
        };
        VectorFormat::new(service, precision, encoding, recipe, prompt, "/embedding_types")
    }
}

/// What happens to a text with too many tokens.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = CohereTruncate)]
pub enum Truncate {
    /// It is refused.
    None,
    /// Its first tokens are left out.
    Start,
    /// Its last tokens are left out.
    End,
}

impl From<Truncate> for LongInput {
    fn from(truncate: Truncate) -> Self {
        match truncate {
            Truncate::None => Self::Error,
            Truncate::Start => Self::Truncate(Some(TruncationSide::Left)),
            Truncate::End => Self::Truncate(Some(TruncationSide::Right)),
        }
    }
}
