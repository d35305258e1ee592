//! Models of late interaction, which make a vector of each token: the folders of sentence-transformers'
//! MultiVectorEncoder, of PyLate and of ColBERT itself, and the heads of bge-m3.

mod bge_m3;
mod colbert;
mod modules;
mod pylate;
mod task_options;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::model::row_layer::RowLayer;

pub use bge_m3::{BgeM3, read as read_bge_m3};
pub use colbert::{ARCHITECTURE as COLBERT, LINEAR as COLBERT_LINEAR, read as read_colbert};
pub use modules::read as read_modules;
pub use pylate::{LateOptions, PyLateFields};
pub use task_options::{Expansion, ExpansionWidth, TaskOptions};

/// How vectors of tokens are made and compared.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiVector {
    /// The hidden state that is read.
    pub layer: usize,
    /// What is applied to the row of each token.
    pub layers: Vec<RowLayer>,
    /// Whether the first token of a sequence has no vector.
    pub skips_first: bool,
    /// How two texts are compared.
    pub similarity: Similarity,
    /// How queries and documents are read.
    pub text: LateText,
    /// Whether the model is made for them, so that documents are ranked by them.
    pub ranks: bool,
}

impl MultiVector {
    /// What defines vectors and scores, without the numbers of layers and what other files say of tokens.
    pub fn definition(&self) -> Value {
        let Self { layer, skips_first, similarity, text, .. } = self;
        let TaskOptions { query_length, document_length, expansion } = &text.tasks;
        let expansion = expansion.as_ref().map(|expansion| {
            let Expansion { width, tokens, attended, token } = expansion;
            json!([*width == ExpansionWidth::Fixed, tokens, attended, token])
        });
        let SkippedWords { words, in_queries, in_documents } = &text.skipped;
        json!([
            [layer, skips_first, similarity],
            [query_length, document_length, expansion],
            [words, in_queries, in_documents],
        ])
    }
}

/// How the vectors of two texts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Similarity {
    /// The sum over the query's vectors of the largest product with a vector of the document.
    #[default]
    MaxSim,
    /// Its mean over the query's vectors.
    MeanMaxSim,
}

/// How queries and documents are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LateText {
    /// Their lengths, and how queries are filled up.
    pub tasks: TaskOptions,
    /// The file that says so, for messages.
    pub file: PathBuf,
    /// The fields that have them, for messages.
    pub fields: LengthFields,
    /// Words that get no vector where they are a token.
    pub skipped: SkippedWords,
    /// Texts in front of queries and documents whose first word, or all of which, is one token if the
    /// vocabulary has it.
    pub markers: Vec<String>,
}

/// The fields that have lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthFields {
    /// That of the tokens to which queries are filled up.
    pub filled_query: &'static str,
    /// That of documents.
    pub document: &'static str,
}

impl LengthFields {
    /// Those of sentence-transformers.
    pub const SETTINGS: Self =
        Self { filled_query: "query_expansion.length", document: "document_length" };
}

impl Default for LengthFields {
    fn default() -> Self {
        Self::SETTINGS
    }
}

/// Words that get no vector where they are a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedWords {
    /// The words.
    pub words: Vec<String>,
    /// Whether they are skipped in queries.
    pub in_queries: bool,
    /// Whether they are skipped in documents.
    pub in_documents: bool,
}

impl SkippedWords {
    /// Python's `string.punctuation`, each sign in documents, as ColBERT does.
    pub fn punctuation() -> Self {
        let signs = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##;
        Self::in_documents(signs.chars().map(String::from).collect())
    }

    /// Words that are skipped in documents.
    pub fn in_documents(words: Vec<String>) -> Self {
        Self { words, in_queries: false, in_documents: true }
    }
}
