//! The sentence-transformers files of a checkpoint: its modules, prompts and settings of text.
//!
//! They count only beside a `modules.json`, as in sentence-transformers itself. A module, a class or
//! a field that would change a row and can't be served is refused.

mod arguments;
mod layer_weights;
mod modality;
mod modules;
pub mod multi_vector;
mod native;
mod options;
mod pooling;
mod row_layers;
mod splade;
mod transformer;

use std::collections::BTreeMap;
use std::path::Path;

use super::config::ScoreActivation;
use super::error::CheckpointError;
use crate::field::unusable;
use crate::model::dense::Dense;
use crate::model::recipe::NativeRecipe;

use modality::TransformerOutput;
use modules::ModuleClass;
use options::{ModelKind, ModelOptions};
use transformer::TransformerModule;

pub use arguments::Arguments;
pub use modules::ModuleList;
pub use multi_vector::{MultiVector, Similarity};
pub use native::EncoderFiles;
pub use splade::{Splade, SpladeActivation, SpladePooling};
pub use transformer::TextOptions;

/// The content of a checkpoint's sentence-transformers files, all of which are optional.
#[derive(Clone, Debug, Default)]
pub struct SentenceFiles {
    /// The recipe `native`.
    pub native: NativeRecipe,
    /// Prompts by name: texts that are put in front of an input.
    pub prompts: BTreeMap<String, String>,
    /// The prompt of the recipe `native` for requests that name none.
    pub default_prompt: Option<String>,
    /// What is said about tokens.
    pub text: TextOptions,
    /// What is said about the tokens of the pairs that a cross-encoder scores.
    pub scoring_text: Option<TextOptions>,
    /// What a cross-encoder applies to its outputs; goes over the encoder's `config.json`.
    pub score_activation: Option<ScoreActivation>,
    /// Whether `native` has the encoder's pooler in it.
    pub reads_pooler: bool,
    /// How predictions of tokens become sparse rows, if the model makes these.
    pub splade: Option<Splade>,
    /// The weight of a token in the sparse rows of bge-m3, `(c) → (1)`.
    pub token_weight: Option<Dense>,
    /// How vectors of tokens are made, if the model makes these.
    pub multi_vector: Option<MultiVector>,
    /// Whether these have the layer of ColBERT in them that lies beside the encoder.
    pub reads_linear: bool,
}

impl SentenceFiles {
    /// Reads the files of the checkpoint in `dir`, which has these modules.
    ///
    /// # Errors
    /// A file isn't JSON of the right form, or the modules don't make a row that can be served.
    pub fn read(
        dir: &Path,
        modules: &ModuleList,
        encoder: &EncoderFiles<'_>,
    ) -> Result<Self, CheckpointError> {
        let mut transformer = TransformerModule::read(&modules.transformer.dir)?;
        if modules.transformer.class == ModuleClass::MlmTransformer {
            transformer.output = TransformerOutput::Predictions;
        }
        let options = ModelOptions::read(dir)?;
        check_kind(dir, modules, &transformer, &options)?;
        let mut files = Self::default();
        match (options.kind, transformer.output) {
            (ModelKind::SparseEncoder, _) => files.splade = Some(read_splade(modules)?),
            (ModelKind::MultiVectorEncoder, TransformerOutput::HiddenState(layer)) => {
                let options_file = dir.join(ModelOptions::FILE);
                let late = (options_file.as_path(), options.late);
                let read = multi_vector::read_modules(&transformer, layer, modules, encoder, late)?;
                files.multi_vector = Some(read);
            }
            _ => files.native = native::read(&transformer, modules, encoder, options.truncate_dim)?,
        }
        let reads_pooler = transformer.output == TransformerOutput::Pooler;
        // Made into a model for embeddings, a cross-encoder loses its own settings of text.
        let (text, scoring_text) = match options.kind {
            ModelKind::CrossEncoder => (TextOptions::default(), Some(transformer.text)),
            _ => (transformer.text, None),
        };
        if let Some(padding) = text.padding.as_ref().filter(|_| files.native.leaves_out_prompt) {
            let allowed = "the prompt's tokens, which a Pooling leaves out, would be counted wrong";
            let message = unusable(&padding.field, padding.value.clone(), allowed);
            let file = text.file.as_deref().unwrap_or(&modules.file);
            return Err(CheckpointError::invalid(file, message));
        }
        Ok(Self {
            prompts: options.prompts,
            default_prompt: options.default_prompt,
            text,
            scoring_text,
            score_activation: options.score_activation,
            reads_pooler,
            ..files
        })
    }
}

/// The one module that follows the Transformer of a sparse encoder.
fn read_splade(modules: &ModuleList) -> Result<Splade, CheckpointError> {
    match modules.others.as_slice() {
        [only] if only.class == ModuleClass::SpladePooling => {
            Splade::read(&only.dir.join("config.json"))
        }
        others => {
            let titles: Vec<&str> = others.iter().map(|other| other.title.as_str()).collect();
            let found = if titles.is_empty() { "nothing".to_owned() } else { titles.join(", ") };
            let message = format!(
                "{found} after the Transformer of a SparseEncoder; one SpladePooling is needed"
            );
            Err(CheckpointError::invalid(&modules.file, message))
        }
    }
}

/// Checks that the files agree on whether the model makes rows, scores or sparse rows.
fn check_kind(
    dir: &Path,
    modules: &ModuleList,
    transformer: &TransformerModule,
    options: &ModelOptions,
) -> Result<(), CheckpointError> {
    let options_file = dir.join(ModelOptions::FILE);
    let wrong = |file: &Path, message: String| Err(CheckpointError::invalid(file, message));
    if let Some((field, value)) = &transformer.task_field
        && options.kind != ModelKind::MultiVectorEncoder
    {
        let file = transformer.text.file.as_deref().unwrap_or(&options_file);
        let allowed = "only a MultiVectorEncoder can have it";
        return wrong(file, unusable(field, value.clone(), allowed));
    }
    let task = |kind: &str, needed: &str| {
        let file = transformer.text.file.as_deref().unwrap_or(&options_file);
        let allowed = format!("a {kind} needs \"{needed}\"");
        wrong(file, unusable("transformer_task", transformer.task.as_deref(), &allowed))
    };
    let kind =
        |allowed: &str| wrong(&options_file, unusable("model_type", options.kind.name(), allowed));
    match (transformer.output, options.kind) {
        (TransformerOutput::Scores, ModelKind::CrossEncoder) => match modules.others.first() {
            None => Ok(()),
            Some(other) => {
                let message = format!(
                    "{} follows the Transformer of a CrossEncoder; nothing may",
                    other.title
                );
                wrong(&modules.file, message)
            }
        },
        (TransformerOutput::Predictions, ModelKind::SparseEncoder)
        | (TransformerOutput::HiddenState(_), ModelKind::MultiVectorEncoder) => Ok(()),
        (TransformerOutput::Pooler, ModelKind::MultiVectorEncoder) => {
            let file = transformer.text.file.as_deref().unwrap_or(&options_file);
            let allowed = "a MultiVectorEncoder needs \"token_embeddings\"";
            wrong(file, unusable("module_output_name", "sentence_embedding", allowed))
        }
        (
            TransformerOutput::Scores | TransformerOutput::Predictions,
            ModelKind::MultiVectorEncoder,
        ) => task("MultiVectorEncoder", "feature-extraction"),
        (TransformerOutput::Scores, _) => {
            kind("its Transformer gives scores, so \"CrossEncoder\" is needed")
        }
        (TransformerOutput::Predictions, _) => {
            kind("its Transformer predicts tokens, so \"SparseEncoder\" is needed")
        }
        (_, ModelKind::CrossEncoder) => task("CrossEncoder", "sequence-classification"),
        (_, ModelKind::SparseEncoder) => task("SparseEncoder", "fill-mask"),
        (_, ModelKind::SentenceTransformer) => Ok(()),
    }
}
