//! The request for several outputs, as routes make it of their own.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::vectors::Encoding;
use crate::http::wire::{WireInputs, WireLongText};
use crate::model::head::OutputActivation;
use crate::model::multi_vector::Role;
use crate::model::recipe::RecipeRef;
use crate::quantization::Precision;

/// An output of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputName {
    /// The row of a recipe.
    Dense,
    /// A weight for each id of the vocabulary that has one.
    Sparse,
    /// A vector for each token.
    MultiVector,
    /// The results of heads, as in `/classify`.
    Heads,
    /// The entities, as in `/tag`.
    Tags,
}

impl OutputName {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Sparse => "sparse",
            Self::MultiVector => "multi_vector",
            Self::Heads => "heads",
            Self::Tags => "tags",
        }
    }
}

/// What a text is to a search by vectors of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// What is searched for.
    Query,
    /// What is found.
    #[default]
    Document,
}

impl From<InputType> for Role {
    fn from(input: InputType) -> Self {
        match input {
            InputType::Query => Self::Query,
            InputType::Document => Self::Document,
        }
    }
}

/// Texts, and the outputs wanted of each.
#[derive(Clone, Debug)]
pub struct OutputsRequest {
    /// The texts.
    pub inputs: WireInputs,
    /// The outputs.
    pub outputs: Vec<OutputName>,
    /// What the texts are, for vectors of tokens.
    pub input_type: Option<InputType>,
    /// The recipe of the dense row; by default the configured one.
    pub recipe: Option<RecipeRef>,
    /// The field that has it.
    pub recipe_field: &'static str,
    /// How many of its first columns to keep.
    pub dimensions: Option<usize>,
    /// How its columns are represented.
    pub precision: Option<Precision>,
    /// How vectors are written.
    pub encoding: Option<Encoding>,
    /// Heads by name; by default the configured ones.
    pub heads: Option<Vec<String>>,
    /// What turns logits into probabilities.
    pub activation: Option<OutputActivation>,
    /// How many labels to list.
    pub top_k: Option<usize>,
    /// A text in front of each input.
    pub prompt: Option<String>,
    /// The name of one of the checkpoint's prompts.
    pub prompt_name: Option<String>,
    /// What happens to a text with too many tokens.
    pub long_text: Option<WireLongText>,
}

impl OutputsRequest {
    /// A request that leaves all else to defaults.
    pub fn new(inputs: WireInputs, outputs: Vec<OutputName>) -> Self {
        Self {
            inputs,
            outputs,
            input_type: None,
            recipe: None,
            recipe_field: "/recipe",
            dimensions: None,
            precision: None,
            encoding: None,
            heads: None,
            activation: None,
            top_k: None,
            prompt: None,
            prompt_name: None,
            long_text: None,
        }
    }
}
