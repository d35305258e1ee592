//! The sentence-transformers files of a checkpoint: pooling, dense layer, norm, prompts, length
//! limit.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::error::{CheckpointError, read_json, read_optional_json};
use super::weights::Weights;
use crate::model::dense::{Dense, DenseActivation};
use crate::model::pooling::Pooling;

/// The content of a checkpoint's sentence-transformers files, all of which are optional.
#[derive(Clone, Debug, Default)]
pub struct SentenceFiles {
    /// How the tokens of the last layer are pooled; the mean by default.
    pub pooling: Option<Pooling>,
    /// A dense layer after pooling.
    pub dense: Option<Dense>,
    /// Whether the row is normalised at the end.
    pub normalize: bool,
    /// Prompts by name: texts that are put in front of an input.
    pub prompts: BTreeMap<String, String>,
    /// The prompt of the recipe `native` for requests that name none.
    pub default_prompt: Option<String>,
    /// The longest sequence that the checkpoint was made for, special tokens included.
    pub max_seq_length: Option<usize>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    r#type: String,
}

#[derive(Deserialize)]
struct LengthFile {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
struct PromptFile {
    #[serde(default)]
    prompts: BTreeMap<String, String>,
    default_prompt_name: Option<String>,
}

#[derive(Deserialize)]
struct DenseFile {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    activation_function: Option<String>,
    #[serde(default)]
    use_residual: bool,
}

fn yes() -> bool {
    true
}

/// The names of a module's input and output; the pooled row by default.
#[derive(Default, Deserialize)]
struct ModuleNames {
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

impl ModuleNames {
    const POOLED: &str = "sentence_embedding";

    /// Checks the names in a module's `config.json`, which Normalize need not have.
    fn check(file: &Path) -> Result<(), CheckpointError> {
        let Self { module_input_name, module_output_name } =
            read_optional_json(file)?.unwrap_or_default();
        let names =
            [("module_input_name", module_input_name), ("module_output_name", module_output_name)];
        for (field, name) in names {
            if let Some(other) = name.filter(|name| name != Self::POOLED) {
                let message = format!("{field} is \"{other}\"; allowed is \"{}\"", Self::POOLED);
                return Err(CheckpointError::invalid(file, message));
            }
        }
        Ok(())
    }
}

/// The `pooling_mode_…` switches and their poolings.
const SWITCHES: [(&str, Pooling); 6] = [
    ("pooling_mode_cls_token", Pooling::Cls),
    ("pooling_mode_max_tokens", Pooling::Max),
    ("pooling_mode_mean_tokens", Pooling::Mean),
    ("pooling_mode_mean_sqrt_len_tokens", Pooling::MeanSqrtLen),
    ("pooling_mode_weightedmean_tokens", Pooling::WeightedMean),
    ("pooling_mode_lasttoken", Pooling::LastToken),
];

/// The values of `pooling_mode` and their poolings.
const MODES: [(&str, Pooling); 6] = [
    ("cls", Pooling::Cls),
    ("max", Pooling::Max),
    ("mean", Pooling::Mean),
    ("mean_sqrt_len_tokens", Pooling::MeanSqrtLen),
    ("weightedmean", Pooling::WeightedMean),
    ("lasttoken", Pooling::LastToken),
];

impl SentenceFiles {
    /// Reads the files in a checkpoint's folder. `hidden` is its hidden size.
    ///
    /// # Errors
    /// A file isn't JSON of the right form, a module is unknown, several poolings are on, or the
    /// dense layer doesn't fit.
    pub fn read(dir: &Path, hidden: usize) -> Result<Self, CheckpointError> {
        let mut sentence = Self::default();
        let length: Option<LengthFile> =
            read_optional_json(&dir.join("sentence_bert_config.json"))?;
        sentence.max_seq_length = length.and_then(|file| file.max_seq_length);
        sentence.read_prompts(&dir.join("config_sentence_transformers.json"))?;
        let list = dir.join("modules.json");
        let modules: Vec<Module> = read_optional_json(&list)?.unwrap_or_default();
        for module in modules {
            let path = dir.join(&module.path);
            match module.r#type.rsplit('.').next().unwrap_or_default() {
                "Transformer" => {}
                "Pooling" => sentence.pooling = Some(read_pooling(&path.join("config.json"))?),
                "Dense" if sentence.dense.is_none() && !sentence.normalize => {
                    let width = hidden * sentence.pooling.map_or(1, Pooling::width_factor);
                    sentence.dense = Some(read_dense(&path, width)?);
                }
                "Normalize" => {
                    ModuleNames::check(&path.join("config.json"))?;
                    sentence.normalize = true;
                }
                other => {
                    return Err(CheckpointError::invalid(
                        &list,
                        format!(
                            "module \"{other}\" at \"{}\"; allowed are Transformer, Pooling, at \
                             most one Dense, and Normalize, in this order",
                            module.path
                        ),
                    ));
                }
            }
        }
        Ok(sentence)
    }

    fn read_prompts(&mut self, file: &Path) -> Result<(), CheckpointError> {
        let read: PromptFile = read_optional_json(file)?.unwrap_or_default();
        if let Some(name) = &read.default_prompt_name {
            let prompt = read.prompts.get(name).ok_or_else(|| {
                let message = format!("default_prompt_name is \"{name}\", which is not in prompts");
                CheckpointError::invalid(file, message)
            })?;
            self.default_prompt = Some(prompt.clone());
        }
        self.prompts = read.prompts;
        Ok(())
    }
}

fn read_pooling(file: &Path) -> Result<Pooling, CheckpointError> {
    let read: BTreeMap<String, serde_json::Value> = read_json(file, "how tokens are pooled")?;
    if read.get("include_prompt") == Some(&false.into()) {
        let message = "include_prompt is false; only pooling over prompt and text can be served";
        return Err(CheckpointError::invalid(file, message));
    }
    if let Some(mode) = read.get("pooling_mode") {
        // A single mode may be written as a list.
        let mode_name = match mode.as_array().map(Vec::as_slice) {
            Some([single]) => single,
            _ => mode,
        };
        let known = MODES.iter().find(|(name, _)| mode_name == name);
        return known.map(|(_, pooling)| *pooling).ok_or_else(|| {
            let allowed = MODES.map(|(name, _)| name).join(", ");
            let message = format!("pooling_mode is {mode}; allowed is one of {allowed}");
            CheckpointError::invalid(file, message)
        });
    }
    let on = |name: &&str| read.get(*name) == Some(&true.into());
    let names: Vec<_> = SWITCHES.iter().filter(|(name, _)| on(name)).collect();
    match names.as_slice() {
        [] => Ok(Pooling::Mean),
        [(_, pooling)] => Ok(*pooling),
        several => {
            let several: Vec<_> = several.iter().map(|(name, _)| *name).collect();
            let message = format!("{} are all on; only one can be served", several.join(", "));
            Err(CheckpointError::invalid(file, message))
        }
    }
}

fn read_dense(dir: &Path, width: usize) -> Result<Dense, CheckpointError> {
    let file = dir.join("config.json");
    let read: DenseFile = read_json(&file, "the dense layer's sizes")?;
    ModuleNames::check(&file)?;
    if read.use_residual {
        let message = "use_residual is true; only a layer without a residual can be served";
        return Err(CheckpointError::invalid(&file, message));
    }
    // A Python path: `torch.nn.modules.activation.Tanh`.
    let name = read.activation_function.as_deref().and_then(|path| path.rsplit('.').next());
    let activation = match name {
        None | Some("Tanh") => DenseActivation::Tanh,
        Some("Identity") => DenseActivation::Identity,
        Some("ReLU") => DenseActivation::Relu,
        Some("GELU") => DenseActivation::Gelu,
        Some(other) => {
            let message = format!(
                "activation_function is \"{other}\"; allowed are Identity, Tanh, ReLU and GELU"
            );
            return Err(CheckpointError::invalid(&file, message));
        }
    };
    if read.in_features != width {
        let message = format!("in_features is {}; pooled rows have {width}", read.in_features);
        return Err(CheckpointError::invalid(&file, message));
    }
    let weights = Weights::open(dir)?;
    let weight = weights.read("linear.weight", &[read.out_features, width])?;
    let bias = if read.bias {
        weights.read("linear.bias", &[read.out_features])?
    } else {
        vec![0.0; read.out_features]
    };
    Ok(Dense::new(weight, bias, activation))
}
