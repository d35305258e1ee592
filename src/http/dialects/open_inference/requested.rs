//! The outputs that a request names, and their parameters.

use std::collections::HashSet;
use std::iter;
use std::sync::Arc;

use super::parameters::{OutputParameters, RequestParameters};
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::excerpt::excerpt;
use crate::http::recipe::{cut, resolve};
use crate::http::service::Service;
use crate::http::top::check_top;
use crate::model::head::{Head, OutputActivation};
use crate::model::recipe::{RecipeRef, ResolvedRecipe};
use crate::model::recipe_book::NATIVE;
use crate::quantization::Precision;

/// The output that is an embedding without having a recipe of its own.
pub const EMBEDDING: &str = "embedding";

/// What the names of a head's outputs end with.
const LOGITS: &str = "/logits";
const PROBABILITIES: &str = "/probabilities";

/// An output that a request asks for.
#[derive(Clone, Debug, Default)]
pub struct RequestedOutput {
    /// Its name.
    pub name: String,
    /// What it is to be like.
    pub parameters: OutputParameters,
}

/// The names of all outputs that a model has without a recipe in the request.
pub fn output_names(service: &Service) -> Vec<String> {
    let heads = service.heads();
    let of_head = |head: &Arc<Head>| {
        let has_probabilities = head.descriptor().activation != OutputActivation::None;
        let ends = iter::once(LOGITS).chain(has_probabilities.then_some(PROBABILITIES));
        ends.map(|end| format!("{}{end}", head.name())).collect::<Vec<_>>()
    };
    iter::once(EMBEDDING.to_owned()).chain(heads.loaded.values().flat_map(of_head)).collect()
}

/// An output whose name and parameters are read.
pub enum Read {
    /// The row of a recipe.
    Embedding(Arc<ResolvedRecipe>),
    /// A head's logits or probabilities.
    Scores {
        /// The head.
        head: Arc<Head>,
        /// Whether it is the latter.
        probabilities: bool,
    },
}

/// What outputs are read with.
pub struct Reader<'r> {
    /// The model.
    pub service: &'r Service,
    /// The parameters of the request.
    pub parameters: &'r RequestParameters,
}

impl Reader<'_> {
    /// The outputs that a request names, or all of the model's.
    ///
    /// # Errors
    /// One is named twice.
    pub fn named(&self, requested: Vec<RequestedOutput>) -> Result<Vec<RequestedOutput>, ApiError> {
        if requested.is_empty() {
            let output = |name| RequestedOutput { name, ..RequestedOutput::default() };
            return Ok(output_names(self.service).into_iter().map(output).collect());
        }
        let mut names = HashSet::new();
        match requested.iter().position(|output| !names.insert(&output.name)) {
            None => Ok(requested),
            Some(index) => {
                let name = excerpt(&requested[index].name);
                Err(invalid(index, "name", format!("the output \"{name}\" is named twice")))
            }
        }
    }

    /// Whether an output is the row of the recipe `native`, which has the checkpoint's default prompt.
    pub fn is_native(&self, output: &RequestedOutput) -> bool {
        let is_native = |name: &str| name == NATIVE;
        match output.parameters.recipe.as_ref().or(self.parameters.recipe.as_ref()) {
            _ if output.parameters.recipe.is_none() && output.name != EMBEDDING => false,
            Some(RecipeRef::Name(name)) => is_native(name),
            Some(RecipeRef::Object(_)) => false,
            None => is_native(&self.service.default_recipe),
        }
    }

    /// Reads an output.
    ///
    /// # Errors
    /// There is no such output or recipe, or a parameter doesn't fit.
    pub fn read(&self, index: usize, output: &RequestedOutput) -> Result<Read, ApiError> {
        let parameters = &output.parameters;
        if parameters.recipe.is_some() || output.name == EMBEDDING {
            if parameters.classification.is_some() {
                let message = "an embedding has no classes";
                return Err(invalid(index, "parameters/classification", message.to_owned()));
            }
            return self.recipe(index, parameters).map(Read::Embedding);
        }
        for (field, is_given) in [
            ("dimensions", parameters.dimensions.is_some()),
            ("precision", parameters.precision.is_some()),
        ] {
            if is_given {
                let message =
                    format!("only an embedding has this; it is \"{EMBEDDING}\", or has a recipe");
                return Err(invalid(index, &format!("parameters/{field}"), message));
            }
        }
        check_top(parameters.classification, &pointer(index, "parameters/classification"))?;
        let heads = self.service.heads();
        let named = |end| output.name.strip_suffix(end).and_then(|name| heads.loaded.get(name));
        let (head, probabilities) = match (named(LOGITS), named(PROBABILITIES)) {
            (Some(head), _) => (head, false),
            (None, Some(head)) if head.descriptor().activation != OutputActivation::None => {
                (head, true)
            }
            _ => return Err(self.unknown(index, &output.name)),
        };
        Ok(Read::Scores { head: Arc::clone(head), probabilities })
    }

    fn recipe(
        &self,
        index: usize,
        own: &OutputParameters,
    ) -> Result<Arc<ResolvedRecipe>, ApiError> {
        let place = |field: &str, is_own| match is_own {
            true => pointer(index, &format!("parameters/{field}")),
            false => format!("/parameters/{field}"),
        };
        let wanted = own.recipe.as_ref().or(self.parameters.recipe.as_ref()).cloned();
        let default = || RecipeRef::Name(self.service.default_recipe.clone());
        let wanted = wanted.unwrap_or_else(default);
        let recipe = resolve(self.service, &wanted, &place("recipe", own.recipe.is_some()))?;
        let dimensions = own.dimensions.or(self.parameters.dimensions);
        cut(recipe, dimensions, &place("dimensions", own.dimensions.is_some()))
    }

    /// The precision of an embedding, and the place that says so.
    pub fn precision(&self, index: usize, own: &OutputParameters) -> (Precision, String) {
        let place = match own.precision {
            Some(_) => pointer(index, "parameters/precision"),
            None => "/parameters/precision".to_owned(),
        };
        (own.precision.or(self.parameters.precision).unwrap_or_default(), place)
    }

    fn unknown(&self, index: usize, name: &str) -> ApiError {
        let known = output_names(self.service).join(", ");
        let message = format!(
            "there is no output \"{}\"; there is {known}, and any name with a recipe in its parameters",
            excerpt(name)
        );
        ApiError::unacceptable(ErrorCode::UnknownHead, pointer(index, "name"), message)
    }
}

fn invalid(index: usize, field: &str, message: String) -> ApiError {
    ApiError::invalid_field(pointer(index, field), message)
}

fn pointer(index: usize, field: &str) -> String {
    format!("/outputs/{index}/{field}")
}
