//! The recipe `native`, read module by module.

use super::layer_weights::{commutes, read_layer_weights};
use super::modality::TransformerOutput;
use super::modules::{ModuleClass, ModuleList};
use super::pooling::PoolingModule;
use super::row_layers::{Level, read_dense, read_layer_norm, read_normalize};
use super::transformer::TransformerModule;
use crate::field::unusable;
use crate::model::checkpoint::config::EncoderConfig;
use crate::model::checkpoint::error::CheckpointError;
use crate::model::checkpoint::spec::LinearSpec;
use crate::model::checkpoint::weights::Weights;
use crate::model::dense::DenseActivation;
use crate::model::pooling::Pooling;
use crate::model::recipe::{NativeRecipe, Recipe};
use crate::model::row_layer::RowLayer;

/// The parts of a checkpoint that its modules have to fit.
pub struct EncoderFiles<'a> {
    /// Its config.
    pub config: &'a EncoderConfig,
    /// Its tensors.
    pub weights: &'a Weights,
}

/// The recipe of a list of modules, the first of which is `transformer`.
///
/// # Errors
/// A module's files can't be used, or the modules don't make a row for a text.
pub fn read(
    transformer: &TransformerModule,
    modules: &ModuleList,
    encoder: &EncoderFiles<'_>,
    truncate_dim: Option<usize>,
) -> Result<NativeRecipe, CheckpointError> {
    let chain = Chain::start(transformer, encoder)?;
    chain.read(modules, encoder)?.finish(modules, truncate_dim)
}

/// The name of the encoder's pooler.
fn pooler(
    transformer: &TransformerModule,
    encoder: &EncoderFiles<'_>,
) -> Result<&'static str, CheckpointError> {
    let family = encoder.config.family;
    family.pooler.ok_or_else(|| {
        let file = transformer.text.file.as_deref().unwrap_or(encoder.weights.dir());
        let allowed = format!("a {} has no pooler", family.model_type);
        let field = "modality_config.text.method_output_name";
        CheckpointError::invalid(file, unusable(field, "pooler_output", &allowed))
    })
}

/// `native`, module by module.
struct Chain {
    native: NativeRecipe,
    /// Columns of the row; `None` before tokens are pooled.
    width: Option<usize>,
}

impl Chain {
    fn start(
        transformer: &TransformerModule,
        encoder: &EncoderFiles<'_>,
    ) -> Result<Self, CheckpointError> {
        let mut native = NativeRecipe::default();
        let mut width = None;
        let c = encoder.config.hidden_size;
        match transformer.output {
            TransformerOutput::HiddenState(layer) => {
                transformer.check_layer(layer, encoder.config.layers)?;
                native.recipe.layers = vec![layer];
            }
            TransformerOutput::Pooler => {
                let pooler = LinearSpec::new(pooler(transformer, encoder)?, c, c);
                let dense = encoder.weights.read_dense(&pooler, DenseActivation::Tanh)?;
                native.recipe.pooling = Pooling::Cls;
                native.row_layers = vec![RowLayer::dense(dense)];
                width = Some(c);
            }
            // As sentence-transformers reads a cross-encoder for embeddings: the mean of its tokens.
            TransformerOutput::Scores => width = Some(c),
            // Only in a sparse encoder, which has no such chain.
            TransformerOutput::Predictions => {}
        }
        Ok(Self { native, width })
    }

    fn read(
        mut self,
        modules: &ModuleList,
        encoder: &EncoderFiles<'_>,
    ) -> Result<Self, CheckpointError> {
        for module in &modules.others {
            let layer = match (module.class, self.width) {
                (ModuleClass::WeightedLayerPooling, None) => {
                    let file = modules.transformer.dir.join("config.json");
                    self.native.recipe =
                        read_layer_weights(module, &file, encoder.config, self.native.recipe)?;
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
                (ModuleClass::Dense, Some(width)) => read_dense(&module.dir, width, Level::Text)?,
                (ModuleClass::LayerNorm, Some(width)) => read_layer_norm(&module.dir, width)?,
                (ModuleClass::Normalize, Some(_)) => read_normalize(&module.dir, Level::Text)?,
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
            let allowed = "after a WeightedLayerPooling any other is allowed";
            return Err(unusable("pooling_mode", "max", allowed));
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
