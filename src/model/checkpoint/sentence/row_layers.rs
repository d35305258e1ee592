//! The modules after pooling: Dense, LayerNorm and Normalize.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::field::unusable;
use crate::model::checkpoint::error::{CheckpointError, read_json, read_optional_json};
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{LinearSpec, NormSpec};
use crate::model::checkpoint::weights::Weights;
use crate::model::dense::DenseActivation;
use crate::model::row_layer::{Residual, RowLayer};

#[derive(Deserialize)]
struct DenseFile {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "tanh")]
    activation_function: Value,
    #[serde(default)]
    use_residual: bool,
}

fn yes() -> bool {
    true
}

fn tanh() -> Value {
    "torch.nn.modules.activation.Tanh".into()
}

/// What a module is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The row of a text.
    Text,
    /// The row of each token.
    Tokens,
}

/// The names of a module's input and output.
#[derive(Default, Deserialize)]
struct ModuleNames {
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

impl ModuleNames {
    /// Checks the names in a module's `config.json`, which Normalize need not have: those of `level`, which
    /// are also taken for names that are missing, unless they have to be `written`.
    fn check(file: &Path, level: Level, written: bool) -> Result<(), CheckpointError> {
        let Self { module_input_name, module_output_name } =
            read_optional_json(file)?.unwrap_or_default();
        let needed = match level {
            Level::Text => "sentence_embedding",
            Level::Tokens => "token_embeddings",
        };
        let missing = || written.then(String::new);
        let names = [
            ("module_input_name", module_input_name.or_else(missing)),
            ("module_output_name", module_output_name),
        ];
        for (field, name) in names {
            if let Some(other) = name.filter(|name| name != needed) {
                let message = unusable(field, other, &format!("allowed is \"{needed}\""));
                return Err(CheckpointError::invalid(file, message));
            }
        }
        Ok(())
    }
}

/// Reads a Dense whose input has `width` columns.
///
/// # Errors
/// A field can't be served, or sizes or weights don't fit.
pub fn read_dense(dir: &Path, width: usize, level: Level) -> Result<RowLayer, CheckpointError> {
    let file = dir.join("config.json");
    let read: DenseFile = read_json(&file, "the dense layer's sizes")?;
    ModuleNames::check(&file, level, false)?;
    let invalid = |message: String| CheckpointError::invalid(&file, message);
    let activation = activation(&read.activation_function).map_err(invalid)?;
    check_width("in_features", read.in_features, width).map_err(invalid)?;
    let weights = Weights::open(dir, TensorNames::default())?;
    let outputs = read.out_features;
    if outputs == 0 {
        return Err(invalid(unusable("out_features", outputs, "at least 1 is needed")));
    }
    let linear = |module: &str| LinearSpec::new(module, width, outputs);
    let dense = weights.read_dense(&linear("linear").with_bias(read.bias), activation)?;
    let residual = if !read.use_residual {
        None
    } else if width == outputs {
        Some(Residual::Input)
    } else {
        let linear = linear("residual").with_bias(false);
        Some(Residual::Projected(weights.read_dense(&linear, DenseActivation::Identity)?))
    };
    Ok(RowLayer::Dense { dense, residual })
}

/// The function that a Python path names. sentence-transformers trusts PyTorch's own alone.
fn activation(written: &Value) -> Result<DenseActivation, String> {
    const PACKAGES: [&str; 4] = [
        "torch.nn.modules.activation.",
        "torch.nn.modules.linear.",
        "torch.nn.modules.",
        "torch.nn.",
    ];
    let path = written.as_str().unwrap_or_default();
    let name = PACKAGES.iter().find_map(|package| path.strip_prefix(package));
    match name {
        Some("Identity") => Ok(DenseActivation::Identity),
        Some("Tanh") => Ok(DenseActivation::Tanh),
        Some("ReLU") => Ok(DenseActivation::Relu),
        Some("GELU") => Ok(DenseActivation::Gelu),
        Some("Sigmoid") => Ok(DenseActivation::Sigmoid),
        Some("SiLU") => Ok(DenseActivation::Silu),
        _ => Err(unusable(
            "activation_function",
            written.clone(),
            "allowed are Identity, Tanh, ReLU, GELU, Sigmoid and SiLU of torch.nn",
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerNormFile {
    dimension: usize,
}

/// Added to the variance in a layer norm; PyTorch's default.
const LAYER_NORM_EPS: f64 = 1e-5;

/// Reads a LayerNorm whose input has `width` columns.
///
/// # Errors
/// Sizes or weights don't fit.
pub fn read_layer_norm(dir: &Path, width: usize) -> Result<RowLayer, CheckpointError> {
    let file = dir.join("config.json");
    let read: LayerNormFile = read_json(&file, "the layer norm's size")?;
    check_width("dimension", read.dimension, width)
        .map_err(|message| CheckpointError::invalid(&file, message))?;
    let module = "norm".to_owned();
    let norm = NormSpec { module, columns: width, has_bias: true, eps: LAYER_NORM_EPS };
    let (weight, bias) = Weights::open(dir, TensorNames::default())?.read_norm(&norm)?;
    Ok(RowLayer::LayerNorm { weight, bias, eps: norm.eps })
}

/// Reads a Normalize.
///
/// # Errors
/// It reads or writes something else than rows of this level. That of texts need not be named.
pub fn read_normalize(dir: &Path, level: Level) -> Result<RowLayer, CheckpointError> {
    ModuleNames::check(&dir.join("config.json"), level, level == Level::Tokens)?;
    Ok(RowLayer::Normalize)
}

fn check_width(field: &str, found: usize, width: usize) -> Result<(), String> {
    if found == width {
        return Ok(());
    }
    Err(unusable(field, found, &format!("the row before it has {width} columns")))
}
