//! The fields by which Jina's `/v1/embeddings` differs from OpenAI's.
//!
//! <https://api.jina.ai/docs>

use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::prompts::Purpose;
use crate::http::vectors::Encoding;
use crate::quantization::Precision;

/// What the texts are for, which chooses one of the checkpoint's prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = JinaTask)]
pub enum Task {
    /// To search with.
    #[serde(rename = "retrieval.query")]
    RetrievalQuery,
    /// To be found.
    #[serde(rename = "retrieval.passage")]
    RetrievalPassage,
    /// To be compared with each other.
    #[serde(rename = "text-matching")]
    TextMatching,
    /// For a classifier.
    #[serde(rename = "classification")]
    Classification,
    /// To be grouped.
    #[serde(rename = "clustering")]
    Clustering,
    /// The same.
    #[serde(rename = "separation")]
    Separation,
}

impl From<Task> for Purpose {
    fn from(task: Task) -> Self {
        match task {
            Task::RetrievalQuery => Self::Query,
            Task::RetrievalPassage => Self::Document,
            Task::TextMatching => Self::Matching,
            Task::Classification => Self::Classification,
            Task::Clustering | Task::Separation => Self::Clustering,
        }
    }
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = JinaEmbeddingType)]
pub enum EmbeddingType {
    /// Lists of numbers.
    Float,
    /// Little-endian f32, in base64.
    Base64,
    /// One bit per column, in numbers from -128 to 127.
    Binary,
    /// One bit per column, in numbers from 0 to 255.
    Ubinary,
}

impl EmbeddingType {
    pub fn format(self) -> (Precision, Encoding) {
        match self {
            Self::Float => (Precision::Float32, Encoding::Float),
            Self::Base64 => (Precision::Float32, Encoding::Base64),
            Self::Binary => (Precision::Binary, Encoding::Float),
            Self::Ubinary => (Precision::Ubinary, Encoding::Float),
        }
    }
}

/// Refuses late chunking, which pools the parts of one long text.
///
/// # Errors
/// It is asked for.
pub fn check_late_chunking(late_chunking: Option<bool>) -> Result<(), ApiError> {
    if late_chunking != Some(true) {
        return Ok(());
    }
    let message = "late_chunking is true, which isn't served; false is allowed, and /embed with \
                   \"tokens\": true has the rows to pool"
        .to_owned();
    Err(ApiError::InvalidField { pointer: "/late_chunking".to_owned(), message })
}
