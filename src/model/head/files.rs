//! The two files of a head: reads and checks them, from a folder or from the binary.

use std::collections::BTreeSet;

use safetensors::{Dtype, SafeTensors};

use super::classifier::Head;
use super::descriptor::Descriptor;
use crate::model::checkpoint::fingerprint::sha256;
use crate::model::dense::{Dense, DenseActivation};
use crate::model::recipe_book::RecipeBook;

/// The bytes of `head.json` and `head.safetensors`, and the name of their folder.
#[derive(Clone, Debug)]
pub struct HeadFiles {
    /// The name of the head.
    pub name: String,
    /// Where the files are from, for messages.
    pub origin: String,
    /// `head.json`
    pub json: Vec<u8>,
    /// `head.safetensors`
    pub weights: Vec<u8>,
}

/// What a head must fit to be served.
#[derive(Clone, Copy)]
pub struct HeadContext<'a> {
    /// Recipes by name.
    pub recipes: &'a RecipeBook,
    /// The fingerprint of the encoder.
    pub fingerprint: &'a str,
}

/// Hexadecimal digits of a version: 64 bits.
const VERSION_DIGITS: usize = 16;

/// Why a head can't be served.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// Something in the files is wrong.
    #[error("head \"{name}\" ({origin}): {message}")]
    Broken {
        /// The head's name.
        name: String,
        /// Where its files are from.
        origin: String,
        /// What was found, and what is allowed.
        message: String,
    },
    /// The weights don't have the SHA-256 in `head.json`: one of the two files isn't written yet.
    #[error(
        "head \"{name}\" ({origin}): head.safetensors has the SHA-256 {found}; head.json says \
         {expected}"
    )]
    Unfinished {
        /// The head's name.
        name: String,
        /// Where its files are from.
        origin: String,
        /// The SHA-256 of the weights.
        found: String,
        /// The SHA-256 in `head.json`.
        expected: String,
    },
    /// The head was made for another encoder.
    #[error(
        "head \"{name}\" ({origin}) was made for another encoder: its fingerprint is {found}, \
         this encoder's is {expected}"
    )]
    OtherEncoder {
        /// The head's name.
        name: String,
        /// Where its files are from.
        origin: String,
        /// The fingerprint in `head.json`.
        found: String,
        /// The fingerprint of this encoder.
        expected: String,
    },
}

impl HeadFiles {
    /// The file with the description.
    pub const JSON: &str = "head.json";
    /// The file with the weights.
    pub const WEIGHTS: &str = "head.safetensors";

    /// Checks the files against each other and against the encoder, and loads the head.
    ///
    /// # Errors
    /// An invalid name, JSON that isn't a description, another SHA-256 of the weights, tensors that
    /// don't fit the recipe or the labels, the fingerprint of another encoder.
    pub fn load(&self, context: HeadContext<'_>) -> Result<Head, HeadError> {
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
        if descriptor.encoder != context.fingerprint {
            return Err(HeadError::OtherEncoder {
                name: self.name.clone(),
                origin: self.origin.clone(),
                found: descriptor.encoder,
                expected: context.fingerprint.to_owned(),
            });
        }
        let recipe = context
            .recipes
            .resolve(&descriptor.recipe)
            .map_err(|error| broken(format!("head.json: recipe: {error}")))?;
        let layers = self.layers(&descriptor).map_err(broken)?;
        let (name, version) = (self.name.clone(), self.version());
        let head = Head { name, version, descriptor, recipe, layers };
        head.check_widths().map_err(broken)?;
        Ok(head)
    }

    /// Identifies the content of the two files: the first digits of the SHA-256 over both.
    pub fn version(&self) -> String {
        let mut sum = sha256(&[self.json.as_slice(), &self.weights].concat());
        sum.truncate(VERSION_DIGITS);
        sum
    }

    fn descriptor(&self) -> Result<Descriptor, String> {
        let mut json = serde_json::Deserializer::from_slice(&self.json);
        let descriptor: Descriptor = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| format!("head.json: field \"{}\": {}", error.path(), error.inner()))?;
        if let Some(error) = descriptor.error() {
            return Err(format!("head.json: {error}"));
        }
        Ok(descriptor)
    }

    /// The layers: either `k.weight` and `k.bias` in the order of `k`, where numbers may be left out, as
    /// in PyTorch's `nn.Sequential`; or just `weight` and `bias`, as in `nn.Linear`.
    fn layers(&self, descriptor: &Descriptor) -> Result<Vec<Dense>, String> {
        let parsed = SafeTensors::deserialize(&self.weights)
            .map_err(|error| format!("head.safetensors: {error}"))?;
        let mut found = BTreeSet::new();
        for name in parsed.names() {
            let (number, kind) = match name.split_once('.') {
                Some((number, kind)) => (number.parse().ok().map(Some), kind),
                None => (Some(None), name),
            };
            match (number, kind) {
                (Some(number), "weight" | "bias") => found.insert(number),
                _ => {
                    return Err(format!(
                        "head.safetensors: tensor \"{name}\"; expected 0.weight, 0.bias and so on, \
                         or just weight and bias"
                    ));
                }
            };
        }
        let hidden_activation = match descriptor.hidden_activation {
            None if found.len() > 1 => {
                let message = "head.json: several layers need hidden_activation: tanh, relu, gelu \
                               or identity";
                return Err(message.to_owned());
            }
            hidden => hidden.unwrap_or(DenseActivation::Identity),
        };
        if found.len() > 1 && found.contains(&None) {
            return Err("head.safetensors: both numbered and unnumbered weight and bias".to_owned());
        }
        let last = found.last().copied();
        let layer = |&number: &Option<usize>| {
            let is_last = Some(number) == last;
            let activation = if is_last { DenseActivation::Identity } else { hidden_activation };
            read_layer(&parsed, number, activation)
        };
        found.iter().map(layer).collect()
    }
}

/// Reads one layer; `number` is `None` for tensors without a number.
fn read_layer(
    file: &SafeTensors<'_>,
    number: Option<usize>,
    activation: DenseActivation,
) -> Result<Dense, String> {
    let prefix = number.map(|number| format!("{number}.")).unwrap_or_default();
    let read = |kind: &str, rank: usize| {
        let name = format!("{prefix}{kind}");
        let invalid = |found: String| {
            format!(
                "head.safetensors: tensor \"{name}\": found {found}; expected F32 of rank {rank}"
            )
        };
        let view = file.tensor(&name).map_err(|_| invalid("nothing".to_owned()))?;
        let shape = view.shape().to_vec();
        if view.dtype() != Dtype::F32 || shape.len() != rank || shape.contains(&0) {
            return Err(invalid(format!("{:?} {shape:?}", view.dtype())));
        }
        let (bytes, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = bytes.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(invalid("a non-finite number".to_owned()));
        }
        Ok((shape, values))
    };
    let (shape, weight) = read("weight", 2)?;
    let (bias_shape, bias) = read("bias", 1)?;
    if shape[0] != bias_shape[0] {
        return Err(format!(
            "head.safetensors: {prefix}weight is {shape:?}, {prefix}bias {bias_shape:?}; the first \
             sizes must be equal"
        ));
    }
    Ok(Dense::new(weight, bias, activation))
}

/// Checks a head's name, which appears in answers and file paths: letters, digits, `-` and `_`.
///
/// # Errors
/// The name is not allowed; the error says why.
pub fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(allowed) {
        return Err("its name may only have letters, digits, \"-\" and \"_\"".to_owned());
    }
    if name == Head::CHECKPOINT {
        return Err(format!("\"{name}\" is reserved for the checkpoint's own classifier"));
    }
    Ok(())
}
