//! Training: from a labelled file to a head.
//!
//! ```text
//! data ─► split ─┐
//!                ├─► search ─► temperature, thresholds ─► final fit ─► scores on held-out rows
//! features ──────┘
//! ```
//!
//! In reading order: [`TrainingOptions`] and [`train`]; `data` reads and splits a file; `features`
//! runs the encoder, which no other part uses; `metrics` scores outputs; `fit` fits layers;
//! `evaluation` cross-validates, compares recipes and scores heads; `report` shows results. [`TaggingData`]
//! does the same for the tokens of marked texts.
//!
//! Numbers are float64, except features and the weights of a finished head. The same data, features
//! and seed give the same bytes.

mod options;
mod tagging;
mod train;
mod trained;

mod data;
mod evaluation;
mod features;
mod fit;
mod metrics;
mod report;

mod checks;
mod error;
mod logits;
mod servable;
mod stage;

pub use checks::check;
pub use data::{
    Column, Dataset, DatasetError, KnownLabels, Layout, SeenTokens, Split, TaggedDataset,
    TaggedText, TokenLabels, TokenRows, is_held_out, is_token_label, parse_delimiter, read_texts,
};
pub use error::TrainError;
pub use evaluation::comparison;
pub use evaluation::{Evaluation, ScoredRows, TaggingEvaluation, evaluate};
pub use features::{
    EncoderIdentity, Extractor, Features, LongTexts, Passes, PooledFeatures, RowReader,
    TokenisedText, TrainingRecipe, save_features,
};
pub use fit::{Epoch, ResolvedMethod, Trial};
pub use metrics::EntityScores;
pub use options::{ClassWeights, HiddenLayers, Method, TrainingOptions};
pub use report::{TrainingInput, TrainingReport};
pub use stage::Stage;
pub use tagging::TaggingData;
pub use train::{train, train_tagger};
pub use trained::TrainedHead;

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests;
