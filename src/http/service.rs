//! A model that serves: everything that handlers need to answer about it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::watch;

use super::model_card::ModelCard;
use super::text_pool::TextPool;
use crate::batching::Batcher;
use crate::config::{LimitsConfig, OpenAiConfig, TeiConfig};
use crate::heads::HeadSet;
use crate::model::multi_vector::{MultiVectorHead, Role};
use crate::model::output::{OutputBuilder, PassOutput};
use crate::model::recipe_book::RecipeBook;
use crate::model::sparse::SparseHead;
use crate::model::tagger::Tagger;
use crate::model::task::Task;
use crate::quantization::Calibrations;
use crate::text::{Filling, LateReader, TextReader, Tokenizer};

/// A model that is loaded, with the settings that its answers depend on.
pub struct Service {
    /// The description of the model.
    pub model: Arc<ModelCard>,
    /// Turns texts into tokens.
    pub tokenizer: Tokenizer,
    /// What reads the pairs that a cross-encoder scores, if it has settings of its own for them.
    pub scoring: Option<TextReader>,
    /// The threads for long work on text.
    pub text_pool: Arc<TextPool>,
    /// Recipes by name.
    pub recipes: RecipeBook,
    /// The current set of heads. A request reads it once, so that all its results come from one set.
    pub heads: watch::Receiver<Arc<HeadSet>>,
    /// The checkpoint's own classifier of tokens, if it has one.
    pub tagger: Option<Arc<Tagger>>,
    /// What makes sparse rows, if the model has it.
    pub sparse: Option<Arc<SparseHead>>,
    /// What makes vectors of tokens, if the model has it.
    pub late: Option<LateInteraction>,
    /// The ranges of embeddings, for integers of 8 bits.
    pub calibrations: Calibrations,
    /// The checkpoint's prompts by name.
    pub prompts: BTreeMap<String, String>,
    /// The prompt of the recipe `native` if a request names none.
    pub default_prompt: Option<String>,
    /// The recipe of `/embed` if a request names none.
    pub default_recipe: String,
    /// The heads of `/classify` if a request names none; `None` for all heads.
    pub default_heads: Option<Vec<String>>,
    /// The routes under `/v1`.
    pub openai: OpenAiConfig,
    /// The routes under `/tei`.
    pub tei: TeiConfig,
    /// Limits of one request.
    pub limits: LimitsConfig,
    /// The most bytes of a body.
    pub body_bytes: NonZeroUsize,
    /// The most tokens of a sequence, special tokens included.
    pub sequence_tokens: usize,
    /// Whether the model has two token types, so that it can read pairs.
    pub takes_pairs: bool,
    /// Joins the windows of a text into its output.
    pub output_builder: OutputBuilder,
    /// The handle to the model's worker.
    pub batcher: Batcher<Task, PassOutput>,
}

/// What makes vectors of tokens, and how the texts for it are read.
pub struct LateInteraction {
    /// From hidden states to vectors.
    pub head: Arc<MultiVectorHead>,
    /// The lengths of queries and documents.
    pub reader: LateReader,
    /// Whether documents are ranked by them.
    pub ranks: bool,
}

/// What inputs are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Rows, heads and tags.
    Text,
    /// Scores of pairs by a cross-encoder.
    Pair,
    /// Vectors of tokens.
    Late(Role),
}

impl Service {
    /// The tokenizer for inputs, and the most tokens of a sequence.
    pub fn reader(&self, reading: Reading) -> (&Tokenizer, usize) {
        match (reading, &self.scoring, &self.late) {
            (Reading::Pair, Some(TextReader { tokenizer, sequence_tokens }), _) => {
                (tokenizer, *sequence_tokens)
            }
            (Reading::Late(role), _, Some(late)) => {
                (&self.tokenizer, late.reader.most_tokens(role == Role::Query))
            }
            _ => (&self.tokenizer, self.sequence_tokens),
        }
    }

    /// What inputs are filled up with.
    pub fn filling(&self, reading: Reading) -> Option<Filling> {
        let late = self.late.as_ref().filter(|_| reading == Reading::Late(Role::Query));
        late.and_then(|late| late.reader.filling)
    }

    /// The current set of heads.
    pub fn heads(&self) -> Arc<HeadSet> {
        Arc::clone(&self.heads.borrow())
    }
}
