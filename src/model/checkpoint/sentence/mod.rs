//! The sentence-transformers files of a checkpoint: its modules, prompts and settings of text.
//!
//! They count only beside a `modules.json`, as in sentence-transformers itself. A module, a class or
//! a field that would change a row and can't be served is refused.

mod arguments;
mod layer_weights;
mod modality;
mod modules;
mod options;
mod pooling;
mod row_layers;
mod transformer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config::BertConfig;
use super::error::CheckpointError;
use super::weights::Weights;
use crate::model::dense::{Dense, DenseActivation};
use crate::model::pooling::Pooling;
use crate::model::recipe::{NativeRecipe, Recipe};
use crate::model::row_layer::RowLayer;

use layer_weights::{commutes, read_layer_weights};
use modality::TransformerOutput;
use modules::{Module, ModuleClass};
use options::ModelOptions;
use pooling::PoolingModule;
use row_layers::{read_dense, read_layer_norm, read_normalize};
use transformer::TransformerSettings;

pub use modules::ModuleList;
pub use transformer::TextSettings;

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
    pub text: TextSettings,
    /// Files beyond the encoder's own that change what heads read: for the fingerprint.
    pub identity: Vec<PathBuf>,
}

/// The parts of a checkpoint that its modules have to fit.
pub struct Encoder<'a> {
    /// Its folder.
    pub dir: &'a Path,
    /// Its config.
    pub config: &'a BertConfig,
    /// Its tensors.
    pub weights: &'a Weights,
}

impl SentenceFiles {
    /// Reads the files of the checkpoint in `dir`, which has these modules.
    ///
    /// # Errors
    /// A file isn't JSON of the right form, or the modules don't make a row that can be served.
    pub fn read(
        dir: &Path,
        modules: &ModuleList,
        encoder: &Encoder<'_>,
    ) -> Result<Self, CheckpointError> {
        let settings = TransformerSettings::read(&modules.transformer.dir)?;
        let options = ModelOptions::read(dir)?;
        let is_scores = settings.output == TransformerOutput::Scores;
        if is_scores != options.is_cross_encoder || (is_scores && !modules.others.is_empty()) {
            let message = "a model that scores needs model_type \"CrossEncoder\", a single \
                           Transformer, and its transformer_task \"sequence-classification\"";
            return Err(CheckpointError::invalid(&ModelOptions::file(dir), message));
        }
        // As sentence-transformers reads a cross-encoder for embeddings: the mean of its tokens.
        let native = if is_scores {
            NativeRecipe::default()
        } else {
            let chain = Chain::start(settings.output, encoder)?;
            chain.read(modules, encoder)?.finish(modules, options.truncate_dim)?
        };
        let text = settings.text;
        let changes_tokens = text.lower_case || !text.tokenizer_arguments.is_empty();
        let mut identity: Vec<PathBuf> =
            settings.file.filter(|_| changes_tokens).into_iter().collect();
        if native.as_object().is_none() {
            identity.push(modules.file.clone());
            identity.extend(modules.others.iter().flat_map(files));
        }
        let ModelOptions { prompts, default_prompt, .. } = options;
        Ok(Self { native, prompts, default_prompt, text, identity })
    }
}

/// The files of a module that exist.
fn files(module: &Module) -> impl Iterator<Item = PathBuf> + use<> {
    let names = ["config.json", "model.safetensors"];
    let file = |name: &str| Some(module.dir.join(name)).filter(|file| file.is_file());
    names.map(file).into_iter().flatten()
}

/// `native`, module by module.
struct Chain {
    native: NativeRecipe,
    /// Columns of the row; `None` before tokens are pooled.
    width: Option<usize>,
}

impl Chain {
    fn start(output: TransformerOutput, encoder: &Encoder<'_>) -> Result<Self, CheckpointError> {
        let mut native = NativeRecipe::default();
        let mut width = None;
        match output {
            TransformerOutput::HiddenState(layer) => native.recipe.layers = vec![layer],
            TransformerOutput::Pooler => {
                let c = encoder.config.hidden_size;
                let dense = Dense::new(
                    encoder.weights.read("pooler.dense.weight", &[c, c])?,
                    encoder.weights.read("pooler.dense.bias", &[c])?,
                    DenseActivation::Tanh,
                );
                native.recipe.pooling = Pooling::Cls;
                native.row_layers = vec![RowLayer::Dense { dense, residual: None }];
                width = Some(c);
            }
            TransformerOutput::Scores => {}
        }
        Ok(Self { native, width })
    }

    fn read(
        mut self,
        modules: &ModuleList,
        encoder: &Encoder<'_>,
    ) -> Result<Self, CheckpointError> {
        for module in &modules.others {
            let layer = match (module.class, self.width) {
                (ModuleClass::WeightedLayerPooling, None) => {
                    let Encoder { dir, config, .. } = *encoder;
                    let recipe =
                        read_layer_weights(module, &modules.file, dir, config, self.native.recipe)?;
                    self.native.recipe = recipe;
                    continue;
                }
                (ModuleClass::Pooling, None) => {
                    let file = module.dir.join("config.json");
                    let read = PoolingModule::read(&file)?;
                    self.width = Some(encoder.config.hidden_size * read.poolings.len());
                    self.pool(read).map_err(|message| CheckpointError::invalid(&file, message))?;
                    continue;
                }
                (ModuleClass::Dropout, Some(_)) => continue,
                (ModuleClass::Dense, Some(width)) => read_dense(&module.dir, width)?,
                (ModuleClass::LayerNorm, Some(width)) => read_layer_norm(&module.dir, width)?,
                (ModuleClass::Normalize, Some(_)) => read_normalize(&module.dir)?,
                (_, None) => {
                    let message = format!("{} has no Pooling before it", module.title);
                    return Err(CheckpointError::invalid(&modules.file, message));
                }
                (_, Some(_)) => {
                    let message = format!("{} comes after tokens are pooled", module.title);
                    return Err(CheckpointError::invalid(&modules.file, message));
                }
            };
            self.width = self.width.map(|width| layer.outputs(width));
            self.native.row_layers.push(layer);
        }
        Ok(self)
    }

    fn pool(&mut self, module: PoolingModule) -> Result<(), String> {
        let PoolingModule { poolings, include_prompt } = module;
        let Recipe { layers, .. } = &self.native.recipe;
        if layers.len() > 1 && !poolings.iter().all(|&pooling| commutes(pooling)) {
            let message =
                "pooling_mode is \"max\" after a WeightedLayerPooling; allowed is any other";
            return Err(message.to_owned());
        }
        let mut poolings = poolings.into_iter();
        self.native.recipe.pooling = poolings.next().unwrap_or_default();
        self.native.more_poolings = poolings.collect();
        self.native.leaves_out_prompt = !include_prompt;
        Ok(())
    }

    /// The whole recipe. Columns are cut after all modules, also after a last Normalize.
    fn finish(
        self,
        modules: &ModuleList,
        truncate_dim: Option<usize>,
    ) -> Result<NativeRecipe, CheckpointError> {
        let Self { mut native, width } = self;
        let Some(width) = width else {
            let message = "the list has no Pooling, so that there is no row for a text";
            return Err(CheckpointError::invalid(&modules.file, message));
        };
        native.recipe.dimensions = truncate_dim.filter(|&kept| kept < width);
        if native.recipe.dimensions.is_none()
            && native.row_layers.last() == Some(&RowLayer::Normalize)
        {
            native.row_layers.pop();
            native.recipe.normalize = true;
        }
        Ok(native)
    }
}
