//! The two files of a head: reads and checks them, from a folder or from the binary.

use std::sync::Arc;

use serde_json::error::Category;
use strata_kernels::Kernels;

use super::classifier::Head;
use super::descriptor::{Descriptor, OutputActivation};
use super::layers::read_layers;
use crate::model::checkpoint::ProblemType;
use crate::model::checkpoint::fingerprint::sha256;
use crate::model::encoder::EncoderOptions;
use crate::model::recipe_book::RecipeBook;
use crate::model::row_layer::RowLayer;
use crate::model::tagger::Tagger;

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

/// The recipes and the encoder that a head must fit to be served.
#[derive(Clone, Copy)]
pub struct HeadContext<'a> {
    /// Recipes by name.
    pub recipes: &'a RecipeBook,
    /// The fingerprint of the encoder.
    pub fingerprint: &'a str,
    /// How the encoder computes, and with it heads that classify tokens.
    pub encoder: EncoderOptions,
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
         {expected}: write both files again"
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
         this encoder's is {expected}; serve that encoder, or train the head again with this one"
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
        let layers = read_layers(&self.weights, descriptor.hidden_activation).map_err(broken)?;
        let layers = layers.into_iter().map(RowLayer::dense).collect();
        let (name, version) = (self.name.clone(), self.version());
        let (score_activation, tagger) = (None, None);
        let mut head = Head { name, version, descriptor, recipe, layers, score_activation, tagger };
        head.check_widths().map_err(broken)?;
        if head.descriptor.problem_type == ProblemType::TokenClassification {
            head.tagger = Some(tagger_of(&head, context.encoder.row_kernels()).map_err(broken)?);
        }
        Ok(head)
    }

    /// Identifies the content of the two files: the first digits of the SHA-256 over both.
    pub fn version(&self) -> String {
        let mut sum = sha256(&[self.json.as_slice(), &self.weights].concat());
        sum.truncate(VERSION_DIGITS);
        sum
    }

    /// The description in `head.json`, checked. An error says what is invalid.
    fn descriptor(&self) -> Result<Descriptor, String> {
        let mut json = serde_json::Deserializer::from_slice(&self.json);
        let descriptor: Descriptor =
            serde_path_to_error::deserialize(&mut json).map_err(|error| {
                let (field, cause) = (error.path(), error.inner());
                match cause.classify() {
                    Category::Data => format!("head.json: field \"{field}\": {cause}"),
                    _ => format!("head.json: not valid JSON: {cause}; write it again"),
                }
            })?;
        let more = |cause| format!("head.json: not valid JSON: {cause}; write it again");
        json.end().map_err(more)?;
        descriptor.check().map_err(|message| format!("head.json: {message}"))?;
        Ok(descriptor)
    }
}

/// The layers of a head that classifies tokens. An error says what tokens can't have.
fn tagger_of(head: &Head, kernels: Kernels) -> Result<Arc<Tagger>, String> {
    let Head { descriptor, recipe, layers, .. } = head;
    recipe.check_for_tokens().map_err(|error| format!("head.json: recipe: {error}"))?;
    if descriptor.activation != OutputActivation::Softmax {
        return Err("head.json: activation of token_classification can only be softmax".to_owned());
    }
    let (labels, temperature) = (descriptor.labels.clone(), descriptor.temperature);
    Tagger::new(labels, Arc::clone(recipe), layers, temperature, kernels)
        .map(Arc::new)
        .map_err(|error| error.to_string())
}

/// Checks a head's name, which appears in responses and file paths: letters, digits, `-` and `_`.
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
