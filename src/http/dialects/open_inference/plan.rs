//! The outputs of a request: what is computed for them, and the tensors that are made of it.

use std::collections::HashSet;
use std::iter;
use std::mem;
use std::sync::Arc;

use super::parameters::{OutputParameters, RequestParameters};
use super::tensor::{Tensor, TensorData};
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::excerpt::excerpt;
use crate::http::pipeline::AnswerSize;
use crate::http::prompts::{self, Prompt};
use crate::http::recipe::{cut, resolve};
use crate::http::service::Service;
use crate::http::top::check_top;
use crate::http::vectors::{Encoding, FLOAT_BYTES, VectorFormat};
use crate::model::head::{Head, OutputActivation};
use crate::model::output::Output;
use crate::model::recipe::{RecipeRef, ResolvedRecipe};
use crate::model::recipe_book::NATIVE;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::quantization::Values;

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

/// The outputs of a request.
pub struct Plan {
    outputs: Vec<PlannedOutput>,
    specs: Vec<OutputSpec>,
}

struct PlannedOutput {
    name: String,
    kind: Kind,
    /// Which of the computed lists it is made of.
    list: usize,
    binary: bool,
}

enum Kind {
    Embedding { format: VectorFormat, columns: usize },
    Scores { head: Arc<Head>, probabilities: bool, best: Option<usize> },
}

/// An output whose name and parameters are read.
enum Read {
    Embedding(Arc<ResolvedRecipe>),
    Scores { head: Arc<Head>, probabilities: bool },
}

impl Plan {
    /// The outputs that a request asks for, or all, if it names none; and the prompt of its texts.
    ///
    /// # Errors
    /// There is no such output, recipe or prompt, an output is named twice, or a parameter doesn't fit.
    pub fn new(
        service: &Service,
        requested: Vec<RequestedOutput>,
        parameters: &RequestParameters,
    ) -> Result<(Self, Prompt), ApiError> {
        let requested = match requested.is_empty() {
            false => requested,
            true => output_names(service)
                .into_iter()
                .map(|name| RequestedOutput { name, ..RequestedOutput::default() })
                .collect(),
        };
        let defaults = Defaults { service, parameters };
        let mut all = Vec::with_capacity(requested.len());
        let (mut natives, mut names) = (0, HashSet::new());
        for (index, output) in requested.iter().enumerate() {
            if !names.insert(&output.name) {
                let message = format!("the output \"{}\" is named twice", excerpt(&output.name));
                return Err(invalid(index, "name", message));
            }
            natives += usize::from(defaults.is_native(output));
            all.push(defaults.read(index, output)?);
        }
        let (prompt, name) = (parameters.prompt.clone(), parameters.prompt_name.clone());
        if natives > 0 && natives < all.len() && prompt.is_none() && name.is_none() {
            prompts::check_no_default(service, "/outputs")?;
        }
        let name_pointer = "/parameters/prompt_name";
        let prompt = prompts::choose_prompt(service, prompt, name, name_pointer, natives > 0)?;
        let mut plan = Self { outputs: Vec::with_capacity(all.len()), specs: Vec::new() };
        for (index, (output, read)) in requested.into_iter().zip(all).enumerate() {
            let kind = defaults.kind(index, &output.parameters, &read, &prompt)?;
            let list = plan.list(read);
            let binary = output.parameters.binary_data.or(parameters.binary_data_output);
            let binary = binary.unwrap_or(false);
            plan.outputs.push(PlannedOutput { name: output.name, kind, list, binary });
        }
        Ok((plan, prompt))
    }

    /// The place of the list that an output is made of. Logits are computed once for each head.
    fn list(&mut self, read: Read) -> usize {
        let spec = match read {
            Read::Embedding(recipe) => OutputSpec::Embedding(recipe),
            Read::Scores { head, .. } => {
                let is_its = |spec: &OutputSpec| match spec {
                    OutputSpec::Logits(other) => Arc::ptr_eq(other, &head),
                    _ => false,
                };
                if let Some(known) = self.specs.iter().position(is_its) {
                    return known;
                }
                OutputSpec::Logits(head)
            }
        };
        self.specs.push(spec);
        self.specs.len() - 1
    }

    /// What is computed for each text.
    pub fn spec(&self) -> TaskSpec {
        TaskSpec::new(self.specs.clone())
    }

    /// About how much of the answer a text has.
    pub fn size(&self) -> AnswerSize {
        self.outputs.iter().map(PlannedOutput::size).sum()
    }

    /// Whether an output is wanted in the binary form.
    pub fn has_binary(&self) -> bool {
        self.outputs.iter().any(|output| output.binary)
    }

    /// The tensors of what was computed, one output per text.
    pub fn tensors(self, mut computed: Vec<Output>) -> Vec<Tensor> {
        let tensor = |output: PlannedOutput| {
            let PlannedOutput { name, kind, list, binary } = output;
            let rows = computed.len();
            let (columns, data) = match kind {
                Kind::Embedding { format, columns } => {
                    let rows = computed.iter_mut().map(|row| mem::take(&mut row.values[list]));
                    let numbers = format.precision().numbers(columns);
                    (numbers, TensorData::Numbers(format.all_values(rows)))
                }
                Kind::Scores { head, probabilities, best } => {
                    let rows =
                        computed.iter().map(|row| scores(&head, &row.values[list], probabilities));
                    let labels = &head.descriptor().labels;
                    match best {
                        None => {
                            let numbers = rows.flatten().collect();
                            (labels.len(), TensorData::Numbers(Values::Float32(numbers)))
                        }
                        Some(count) => {
                            let count = count.min(labels.len());
                            let texts = rows.flat_map(|row| best_classes(&row, labels, count));
                            (count, TensorData::Texts(texts.collect()))
                        }
                    }
                }
            };
            Tensor { name, shape: [rows, columns], data, binary }
        };
        self.outputs.into_iter().map(tensor).collect()
    }
}

impl PlannedOutput {
    fn size(&self) -> AnswerSize {
        match &self.kind {
            Kind::Embedding { format, columns } => {
                let numbers = format.precision().numbers(*columns);
                let bytes = match self.binary {
                    true => numbers * format.precision().number_bytes(),
                    false => format.json_bytes(*columns),
                };
                AnswerSize { numbers: *columns, bytes }
            }
            Kind::Scores { head, best, .. } => {
                let labels = &head.descriptor().labels;
                let number = if self.binary { size_of::<f32>() } else { FLOAT_BYTES };
                let label = |label: &String| label.len() + FLOAT_BYTES;
                let texts = best.map_or(0, |count| labels.iter().take(count).map(label).sum());
                AnswerSize { numbers: labels.len(), bytes: labels.len() * number + texts }
            }
        }
    }
}

/// What outputs are read with.
struct Defaults<'p> {
    service: &'p Service,
    parameters: &'p RequestParameters,
}

impl Defaults<'_> {
    /// Whether an output is the row of the recipe `native`, which has the checkpoint's default prompt.
    fn is_native(&self, output: &RequestedOutput) -> bool {
        let is_native = |name: &str| name == NATIVE;
        match output.parameters.recipe.as_ref().or(self.parameters.recipe.as_ref()) {
            _ if output.parameters.recipe.is_none() && output.name != EMBEDDING => false,
            Some(RecipeRef::Name(name)) => is_native(name),
            Some(RecipeRef::Object(_)) => false,
            None => is_native(&self.service.default_recipe),
        }
    }

    fn read(&self, index: usize, output: &RequestedOutput) -> Result<Read, ApiError> {
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

    fn kind(
        &self,
        index: usize,
        own: &OutputParameters,
        read: &Read,
        prompt: &Prompt,
    ) -> Result<Kind, ApiError> {
        match read {
            Read::Scores { head, probabilities } => Ok(Kind::Scores {
                head: Arc::clone(head),
                probabilities: *probabilities,
                best: own.classification,
            }),
            Read::Embedding(recipe) => {
                let pointer = match own.precision {
                    Some(_) => pointer(index, "parameters/precision"),
                    None => "/parameters/precision".to_owned(),
                };
                let precision = own.precision.or(self.parameters.precision).unwrap_or_default();
                let (encoding, text) = (Encoding::Float, &prompt.text);
                let format =
                    VectorFormat::new(self.service, precision, encoding, recipe, text, &pointer)?;
                Ok(Kind::Embedding { format, columns: recipe.dimensions })
            }
        }
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
    ApiError::InvalidField { pointer: pointer(index, field), message }
}

fn pointer(index: usize, field: &str) -> String {
    format!("/outputs/{index}/{field}")
}

/// A head's logits, or what it makes of them.
fn scores(head: &Head, logits: &[f32], probabilities: bool) -> Vec<f32> {
    if !probabilities {
        return logits.to_vec();
    }
    let decision = head.descriptor().decide(logits.to_vec(), None, None);
    decision.probabilities.unwrap_or(decision.logits)
}

/// The best classes as Triton writes them, best first: `value:index:label`.
fn best_classes(scores: &[f32], labels: &[String], count: usize) -> Vec<String> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order.truncate(count);
    order.into_iter().map(|index| format!("{}:{index}:{}", scores[index], labels[index])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_classes_have_value_index_and_label() {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let best = |count| best_classes(&[0.25, -1.5, 0.5], &labels, count);
        assert_eq!(best(2), ["0.5:2:c", "0.25:0:a"]);
        assert_eq!(best(3).last().unwrap(), "-1.5:1:b");
        // Of equal scores the first comes first.
        assert_eq!(best_classes(&[1.0, 1.0], &labels, 2), ["1:0:a", "1:1:b"]);
    }
}
