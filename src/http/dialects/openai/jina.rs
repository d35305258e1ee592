//! The fields by which Jina's `/v1/embeddings` differs from OpenAI's.
//!
//! <https://api.jina.ai/docs>

use serde::Deserialize;

use crate::http::error::ApiError;
use crate::http::prompts::Purpose;
use crate::http::vectors::Encoding;
use crate::quantization::Precision;

/// What the texts are for, which chooses one of the checkpoint's prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Task {
    #[serde(rename = "retrieval.query")]
    RetrievalQuery,
    #[serde(rename = "retrieval.passage")]
    RetrievalPassage,
    #[serde(rename = "text-matching")]
    TextMatching,
    #[serde(rename = "classification")]
    Classification,
    #[serde(rename = "clustering", alias = "separation")]
    Clustering,
}

impl From<Task> for Purpose {
    fn from(task: Task) -> Self {
        match task {
            Task::RetrievalQuery => Self::Query,
            Task::RetrievalPassage => Self::Document,
            Task::TextMatching => Self::Matching,
            Task::Classification => Self::Classification,
            Task::Clustering => Self::Clustering,
        }
    }
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingType {
    Float,
    Base64,
    Binary,
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
