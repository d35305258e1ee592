//! What a checkpoint's sentence-transformers files say: pooling, dense layer, norm, prompts, limit.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::error::{CheckpointError, read_json, read_optional_json};
use super::weights::Weights;
use crate::model::head::{Activation, Dense};
use crate::model::recipe::Pooling;

/// The sentence-transformers side of a checkpoint; all of it optional.
#[derive(Clone, Debug, Default)]
pub struct Sentence {
    /// How the last layer's tokens are pooled; masked mean where nothing is said.
    pub pooling: Option<Pooling>,
    /// A fully connected layer after pooling.
    pub dense: Option<Dense>,
    /// Whether the row is normalised at the end.
    pub normalize: bool,
    /// Texts to put in front of an input, by name.
    pub prompts: BTreeMap<String, String>,
    /// The prompt that `native` uses where a request names none.
    pub default_prompt: Option<String>,
    /// The longest sequence that it was made for, special tokens included.
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

/// What a module reads and writes; the pooled row where nothing is said.
#[derive(Default, Deserialize)]
struct Place {
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

impl Place {
    const POOLED: &str = "sentence_embedding";

    /// Checks what a module's `config.json` says of it; Normalize need not have one.
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

/// Every `pooling_mode_…` switch, with the pooling that it means.
const SWITCHES: [(&str, Pooling); 6] = [
    ("pooling_mode_cls_token", Pooling::Cls),
    ("pooling_mode_max_tokens", Pooling::Max),
    ("pooling_mode_mean_tokens", Pooling::Mean),
    ("pooling_mode_mean_sqrt_len_tokens", Pooling::MeanSqrtLen),
    ("pooling_mode_weightedmean_tokens", Pooling::WeightedMean),
    ("pooling_mode_lasttoken", Pooling::LastToken),
];

/// The same by the names that `pooling_mode` may have.
const MODES: [(&str, Pooling); 6] = [
    ("cls", Pooling::Cls),
    ("max", Pooling::Max),
    ("mean", Pooling::Mean),
    ("mean_sqrt_len_tokens", Pooling::MeanSqrtLen),
    ("weightedmean", Pooling::WeightedMean),
    ("lasttoken", Pooling::LastToken),
];

impl Sentence {
    /// Reads what there is in a checkpoint's directory. `hidden` is its hidden size.
    ///
    /// # Errors
    /// A file that isn't JSON of the right form, a module that isn't known, several poolings at
    /// once, a dense layer that doesn't fit.
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
                    Place::check(&path.join("config.json"))?;
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
                let message = format!("default_prompt_name is \"{name}\", which prompts lacks");
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
        // One alone may stand in a list.
        let one = match mode.as_array().map(Vec::as_slice) {
            Some([one]) => one,
            _ => mode,
        };
        let known = MODES.iter().find(|(name, _)| one == name);
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
            let message = format!("{} are all on; one can be served", several.join(", "));
            Err(CheckpointError::invalid(file, message))
        }
    }
}

fn read_dense(dir: &Path, width: usize) -> Result<Dense, CheckpointError> {
    let file = dir.join("config.json");
    let read: DenseFile = read_json(&file, "the dense layer's sizes")?;
    Place::check(&file)?;
    if read.use_residual {
        let message = "use_residual is true; only a layer without one can be served";
        return Err(CheckpointError::invalid(&file, message));
    }
    // A Python path: `torch.nn.modules.activation.Tanh`.
    let name = read.activation_function.as_deref().and_then(|path| path.rsplit('.').next());
    let activation = match name {
        None | Some("Tanh") => Activation::Tanh,
        Some("Identity") => Activation::Identity,
        Some("ReLU") => Activation::Relu,
        Some("GELU") => Activation::Gelu,
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
