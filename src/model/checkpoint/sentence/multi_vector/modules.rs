//! The modules of a model of late interaction: what is applied to the rows of tokens.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::pylate::words;
use super::{LateOptions, LateText, LengthFields, MultiVector, SkippedWords};
use crate::field::unusable;
use crate::model::checkpoint::error::{CheckpointError, read_optional_json};
use crate::model::checkpoint::sentence::modules::{Module, ModuleClass, ModuleList};
use crate::model::checkpoint::sentence::native::EncoderFiles;
use crate::model::checkpoint::sentence::row_layers::{Level, read_dense, read_normalize};
use crate::model::checkpoint::sentence::transformer::TransformerModule;
use crate::model::row_layer::RowLayer;

/// Reads the modules after the Transformer, which gives hidden state `layer`. `options_file` has
/// `options`.
///
/// # Errors
/// A module's files can't be used, or the modules don't make vectors of tokens.
pub fn read(
    transformer: &TransformerModule,
    layer: i32,
    modules: &ModuleList,
    encoder: &EncoderFiles<'_>,
    (options_file, options): (&Path, LateOptions),
) -> Result<MultiVector, CheckpointError> {
    transformer.check_layer(layer, encoder.config.layers)?;
    let states = encoder.config.layers + 1;
    let layer = if layer < 0 { states - layer.unsigned_abs() as usize } else { layer as usize };
    let mut width = encoder.config.hidden_size;
    let mut layers = Vec::new();
    let is_pylate = options.pylate_skipped.is_some();
    let mut skipped = None;
    for module in &modules.others {
        match module.class {
            // What makes one row of a text, in a model that was made from one.
            ModuleClass::Pooling if is_pylate => {}
            ModuleClass::Normalize if is_pylate => {}
            ModuleClass::Dense | ModuleClass::PyLateDense => {
                let layer = read_dense(&module.dir, width, Level::Tokens)?;
                width = layer.outputs(width);
                layers.push(layer);
            }
            ModuleClass::Normalize => layers.push(read_normalize(&module.dir, Level::Tokens)?),
            ModuleClass::MultiVectorMask if skipped.is_none() && !is_pylate => {
                skipped = Some(read_mask(&module.dir.join("config.json"))?);
            }
            _ => return Err(misplaced(modules, module)),
        }
    }
    if is_pylate {
        skipped = options.pylate_skipped;
        layers.push(RowLayer::Normalize);
    }
    let tasks = transformer.tasks.clone().or(options.tasks);
    if !layers.iter().any(|layer| matches!(layer, RowLayer::Dense { .. })) && is_pylate {
        let message = "the list has no Dense, which makes the vectors of tokens";
        return Err(CheckpointError::invalid(&modules.file, message));
    }
    if skipped.is_none() && tasks.expansion.is_some() {
        let message = "the list has no MultiVectorMask, which query_expansion needs";
        return Err(CheckpointError::invalid(&modules.file, message));
    }
    let of_settings = transformer.text.file.as_ref().filter(|_| transformer.task_field.is_some());
    let text = LateText {
        tasks,
        file: of_settings.map_or(options_file, PathBuf::as_path).to_owned(),
        fields: if of_settings.is_some() { LengthFields::SETTINGS } else { options.fields },
        skipped: skipped.unwrap_or_default(),
        markers: options.markers,
    };
    let similarity = options.similarity;
    Ok(MultiVector { layer, layers, skips_first: false, similarity, text, ranks: true })
}

fn misplaced(modules: &ModuleList, module: &Module) -> CheckpointError {
    let message = format!(
        "{} can't be served in a MultiVectorEncoder; allowed are Dense, one MultiVectorMask and \
         Normalize",
        module.title
    );
    CheckpointError::invalid(&modules.file, message)
}

/// Reads the `config.json` of a MultiVectorMask.
fn read_mask(file: &Path) -> Result<SkippedWords, CheckpointError> {
    let fields: Map<String, Value> = read_optional_json(file)?.unwrap_or_default();
    check_mask(&fields).map_err(|message| CheckpointError::invalid(file, message))
}

fn check_mask(fields: &Map<String, Value>) -> Result<SkippedWords, String> {
    let mut skipped = SkippedWords::in_documents(Vec::new());
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("skiplist_words" | "skiplist_tasks" | "keep_only_token_ids", Value::Null) => {}
            ("skiplist_words", written) => skipped.words = words(name, written)?,
            ("skiplist_tasks", written) => {
                let tasks = match written {
                    Value::String(one) => vec![one.clone()],
                    list => words(name, list)?,
                };
                let names = |task: &str| tasks.iter().any(|name| name == task);
                (skipped.in_queries, skipped.in_documents) = (names("query"), names("document"));
            }
            ("keep_only_token_ids", Value::Array(ids)) if ids.is_empty() => {}
            ("keep_only_token_ids", written) => {
                let allowed = "only null can be served; it is for the parts of images";
                return Err(unusable(name, written.clone(), allowed));
            }
            (_, written) => {
                let allowed = "allowed are skiplist_words, skiplist_tasks and keep_only_token_ids";
                return Err(unusable(name, written.clone(), allowed));
            }
        }
    }
    Ok(skipped)
}
