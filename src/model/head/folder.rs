//! Reads a head's two files, from a folder or from those built into the binary.

use std::collections::BTreeSet;

use safetensors::{Dtype, SafeTensors};

use super::{Activation, Dense, Descriptor, Head};
use crate::model::checkpoint::fingerprint::sha256;
use crate::model::recipe_book::RecipeBook;

/// The bytes of `head.json` and `head.safetensors`, and the name of their folder.
#[derive(Clone, Debug)]
pub struct HeadFiles {
    /// The head's name.
    pub name: String,
    /// Where they are from, for messages.
    pub origin: String,
    /// `head.json`
    pub json: Vec<u8>,
    /// `head.safetensors`
    pub weights: Vec<u8>,
}

/// Hexadecimal digits of a version, 64 bits.
const VERSION_DIGITS: usize = 16;

/// Why a head can't be served.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// Something in its files is wrong.
    #[error("head \"{name}\" ({origin}): {message}")]
    Broken {
        /// Its name.
        name: String,
        /// Where it is from.
        origin: String,
        /// What was found and what is allowed.
        message: String,
    },
    /// Its weights are not those that `head.json` has the sum of: one of the files is still to be
    /// written.
    #[error(
        "head \"{name}\" ({origin}): head.safetensors has the SHA-256 {found}; head.json says \
         {expected}"
    )]
    Unfinished {
        /// Its name.
        name: String,
        /// Where it is from.
        origin: String,
        /// The sum of the weights that are there.
        found: String,
        /// What `head.json` says.
        expected: String,
    },
    /// It was made for another encoder.
    #[error(
        "head \"{name}\" ({origin}) was made for another encoder: its fingerprint is {found}, \
         this encoder's is {expected}"
    )]
    OtherEncoder {
        /// Its name.
        name: String,
        /// Where it is from.
        origin: String,
        /// What `head.json` says.
        found: String,
        /// What this encoder has.
        expected: String,
    },
}

impl HeadFiles {
    /// Checks the files against each other and against this encoder.
    ///
    /// # Errors
    /// A name that can't be one, JSON that isn't a description, a sum that isn't that of the
    /// weights, tensors that don't fit recipe or labels, another encoder's fingerprint.
    pub fn load(&self, recipes: &RecipeBook, fingerprint: &str) -> Result<Head, HeadError> {
        let broken = |message: String| HeadError::Broken {
            name: self.name.clone(),
            origin: self.origin.clone(),
            message,
        };
        check_name(&self.name).map_err(broken)?;
        let descriptor = self.descriptor().map_err(broken)?;
        let sum = sha256(&self.weights);
        if sum != descriptor.weights_sha256 {
            return Err(HeadError::Unfinished {
                name: self.name.clone(),
                origin: self.origin.clone(),
                found: sum,
                expected: descriptor.weights_sha256,
            });
        }
        if descriptor.encoder != fingerprint {
            return Err(HeadError::OtherEncoder {
                name: self.name.clone(),
                origin: self.origin.clone(),
                found: descriptor.encoder,
                expected: fingerprint.to_owned(),
            });
        }
        let recipe = recipes
            .resolve(&descriptor.recipe)
            .map_err(|error| broken(format!("head.json: recipe: {error}")))?;
        let layers = self.layers(&descriptor).map_err(broken)?;
        let (name, version) = (self.name.clone(), self.version());
        let head = Head { name, version, descriptor, recipe, layers };
        head.check_widths().map_err(broken)?;
        Ok(head)
    }

    /// What tells the two files from any others: the beginning of the SHA-256 over both.
    pub fn version(&self) -> String {
        let mut sum = sha256(&[self.json.as_slice(), &self.weights].concat());
        sum.truncate(VERSION_DIGITS);
        sum
    }

    fn descriptor(&self) -> Result<Descriptor, String> {
        let mut json = serde_json::Deserializer::from_slice(&self.json);
        let descriptor: Descriptor = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| format!("head.json: field \"{}\": {}", error.path(), error.inner()))?;
        if let Some(problem) = descriptor.problem() {
            return Err(format!("head.json: {problem}"));
        }
        Ok(descriptor)
    }

    /// `k.weight` and `k.bias`, in the order of `k`, whatever numbers are left out, as PyTorch's
    /// `nn.Sequential` has them; or `weight` and `bias` alone, as `nn.Linear` does.
    fn layers(&self, descriptor: &Descriptor) -> Result<Vec<Dense>, String> {
        let parsed = SafeTensors::deserialize(&self.weights)
            .map_err(|error| format!("head.safetensors: {error}"))?;
        let mut found = BTreeSet::new();
        for name in parsed.names() {
            let (at, kind) = match name.split_once('.') {
                Some((at, kind)) => (at.parse().ok().map(Some), kind),
                None => (Some(None), name),
            };
            match (at, kind) {
                (Some(at), "weight" | "bias") => found.insert(at),
                _ => {
                    return Err(format!(
                        "head.safetensors: tensor \"{name}\"; expected 0.weight, 0.bias and so on, \
                         or weight and bias alone"
                    ));
                }
            };
        }
        let between = match descriptor.hidden_activation {
            None if found.len() > 1 => {
                let message = "head.json: several layers need hidden_activation: tanh, relu, gelu \
                               or identity";
                return Err(message.to_owned());
            }
            hidden => hidden.unwrap_or(Activation::Identity),
        };
        if found.len() > 1 && found.contains(&None) {
            return Err("head.safetensors: weight and bias beside numbered ones".to_owned());
        }
        let last = found.last().copied();
        let layer = |at: Option<usize>| {
            let activation = if Some(at) == last { Activation::Identity } else { between };
            read_layer(&parsed, at, activation)
        };
        found.iter().map(|&at| layer(at)).collect()
    }
}

/// `at` is the layer's number, if it has one.
fn read_layer(
    file: &SafeTensors<'_>,
    at: Option<usize>,
    activation: Activation,
) -> Result<Dense, String> {
    let prefix = at.map(|at| format!("{at}.")).unwrap_or_default();
    let read = |kind: &str, rank: usize| {
        let name = format!("{prefix}{kind}");
        let wrong = |found: String| {
            format!(
                "head.safetensors: tensor \"{name}\": found {found}; expected F32 of rank {rank}"
            )
        };
        let view = file.tensor(&name).map_err(|_| wrong("nothing".to_owned()))?;
        let shape = view.shape().to_vec();
        if view.dtype() != Dtype::F32 || shape.len() != rank || shape.contains(&0) {
            return Err(wrong(format!("{:?} {shape:?}", view.dtype())));
        }
        let (bytes, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = bytes.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(wrong("a number that is not finite".to_owned()));
        }
        Ok((shape, values))
    };
    let (shape, weight) = read("weight", 2)?;
    let (bias_shape, bias) = read("bias", 1)?;
    if shape[0] != bias_shape[0] {
        return Err(format!(
            "head.safetensors: {prefix}weight is {shape:?}, {prefix}bias {bias_shape:?}; the first \
             numbers must be the same"
        ));
    }
    Ok(Dense::new(weight, bias, activation))
}

/// A head's name goes into answers and addresses: letters, digits, `-` and `_`.
///
/// # Errors
/// It can't be one; in words.
pub fn check_name(name: &str) -> Result<(), String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(fine) {
        return Err("its name may have letters, digits, \"-\" and \"_\" alone".to_owned());
    }
    if name == Head::CHECKPOINT {
        return Err(format!("\"{name}\" is kept for the checkpoint's own classifier"));
    }
    Ok(())
}

impl Head {
    fn check_widths(&self) -> Result<(), String> {
        let mut width = self.recipe.dimensions;
        for (at, layer) in self.layers.iter().enumerate() {
            if layer.inputs() != width {
                return Err(format!(
                    "layer {at} takes {} columns; {} gives {width}",
                    layer.inputs(),
                    if at == 0 { "the recipe" } else { "the layer before" }
                ));
            }
            width = layer.outputs();
        }
        if self.layers.is_empty() || width != self.descriptor.labels.len() {
            return Err(format!("{width} outputs for {} labels", self.descriptor.labels.len()));
        }
        Ok(())
    }
}
