//! What has to be computed for the outputs of a request, checked against the model.

use std::sync::Arc;

use super::request::{OutputName, OutputsRequest};
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::head_results::CLASS_BYTES;
use crate::http::heads;
use crate::http::inputs::check_no_pairs;
use crate::http::pipeline::AnswerSize;
use crate::http::prompts::{Prompt, Purpose, choose_prompt, purpose_prompt};
use crate::http::recipe::{cut, resolve};
use crate::http::service::{LateInteraction, Reading, Service};
use crate::http::sparse::{self, sparse_size};
use crate::http::tagging::{self, ENTITY_BYTES, OUTSIDE, Tagging};
use crate::http::vectors::VectorFormat;
use crate::http::wire::WireInputs;
use crate::model::head::{Head, OutputActivation};
use crate::model::multi_vector::{MultiVectorHead, Role};
use crate::model::recipe::{RecipeRef, ResolvedRecipe};
use crate::model::recipe_book::NATIVE;
use crate::model::sparse::SparseHead;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::tags::Aggregation;
use crate::text::Input;

/// The outputs of a request, in the order in which they are computed and read.
pub struct WantedOutputs {
    /// The recipe of the dense row.
    pub dense: Option<Arc<ResolvedRecipe>>,
    /// What makes the sparse row.
    pub sparse: Option<Arc<SparseHead>>,
    /// What makes vectors of tokens, and of what.
    pub vectors: Option<(Arc<MultiVectorHead>, Role)>,
    /// The heads.
    pub heads: Vec<Arc<Head>>,
    /// What turns their logits into probabilities, instead of their own activations.
    pub activation: Option<OutputActivation>,
    /// How many labels are listed.
    pub top_k: Option<usize>,
    /// What finds entities.
    pub tagging: Option<Tagging>,
    /// What is in front of each text.
    pub prompt: Prompt,
    /// How the dense row is written.
    pub dense_format: VectorFormat,
    /// How vectors of tokens are written.
    pub vector_format: VectorFormat,
}

impl WantedOutputs {
    /// Checks the outputs.
    ///
    /// # Errors
    /// The model doesn't give one of them, or two of them need different tokens.
    pub fn new(service: &Service, request: &OutputsRequest) -> Result<Self, ApiError> {
        let wants = |output| request.outputs.contains(&output);
        check_fields(request)?;
        let default = || RecipeRef::Name(service.default_recipe.clone());
        let written = request.recipe.clone().unwrap_or_else(default);
        let dense = if wants(OutputName::Dense) {
            let recipe = resolve(service, &written, request.recipe_field)?;
            Some(cut(recipe, request.dimensions, "/dimensions")?)
        } else {
            None
        };
        let sparse = wants(OutputName::Sparse).then(|| sparse::head(service, "/outputs"));
        let role = Role::from(request.input_type.unwrap_or_default());
        let late = wants(OutputName::MultiVector).then(|| late(service)).transpose()?;
        let heads = match wants(OutputName::Heads) {
            true => heads::select(service, request.heads.as_deref())?,
            false => Vec::new(),
        };
        let tagger = wants(OutputName::Tags).then(|| tagging::choose(service, None));
        let aggregation = Aggregation::default();
        let tagging = tagger.transpose()?.map(|tagger| Tagging {
            tagger,
            aggregation,
            ignored: vec![OUTSIDE.to_owned()],
        });
        let is_native = matches!(&written, RecipeRef::Name(name) if name == NATIVE);
        let of_outputs = Prompts { service, outputs: &request.outputs, is_native, role };
        let prompt = of_outputs.choose(request.prompt.clone(), request.prompt_name.clone())?;
        let encoding = request.encoding.unwrap_or_default();
        let vector_format = VectorFormat::float32(encoding);
        let dense_format = match &dense {
            Some(recipe) => {
                let precision = request.precision.unwrap_or_default();
                let pointer = "/precision";
                VectorFormat::new(service, precision, encoding, recipe, &prompt.text, pointer)?
            }
            None => vector_format.clone(),
        };
        let wanted = Self {
            dense,
            sparse: sparse.transpose()?,
            vectors: late.map(|late| (Arc::clone(&late.head), role)),
            heads,
            activation: request.activation,
            top_k: request.top_k,
            tagging,
            prompt,
            dense_format,
            vector_format,
        };
        wanted.check_tokens(service, &request.outputs)?;
        Ok(wanted)
    }

    /// Checks that all outputs are of the same tokens.
    fn check_tokens(&self, service: &Service, outputs: &[OutputName]) -> Result<(), ApiError> {
        let others = outputs.iter().any(|output| *output != OutputName::MultiVector);
        if service.filling(self.reading()).is_some() && others {
            let message = "the vectors of a query are those of a query that is filled up with masks, which \
                           other outputs don't read; ask for \"multi_vector\" alone";
            return Err(unsupported("/outputs", message));
        }
        if self.tagging.is_some() && !self.prompt.text.is_empty() {
            let message = "\"tags\" are the places of entities in a text without a prompt";
            return Err(unsupported(self.prompt.pointer.unwrap_or("/outputs"), message));
        }
        Ok(())
    }

    /// Checks that no text is a pair where an output is of one text.
    pub fn check_inputs(&self, inputs: &WireInputs) -> Result<(), ApiError> {
        if self.tagging.is_none() && self.vectors.is_none() {
            return Ok(());
        }
        check_no_pairs(inputs, "\"tags\" and \"multi_vector\" are of one text")
    }

    /// What the inputs are read for.
    pub fn reading(&self) -> Reading {
        self.vectors.as_ref().map_or(Reading::Text, |(_, role)| Reading::Late(*role))
    }

    /// The outputs in their order.
    pub fn spec(&self) -> TaskSpec {
        let dense = self.dense.clone().map(OutputSpec::Embedding);
        let sparse = self.sparse.clone().map(OutputSpec::Sparse);
        let vectors = self.vectors.clone().map(|(head, role)| OutputSpec::Vectors(head, role));
        let heads = self.heads.iter().cloned().map(OutputSpec::Logits);
        let tags = self.tagging.as_ref().map(|tagging| OutputSpec::Tags(tagging.tagger.clone()));
        let first = [dense, sparse, vectors].into_iter().flatten();
        TaskSpec::new(first.chain(heads).chain(tags).collect())
    }

    /// The size of a text's part of the answer.
    pub fn size(&self, input: &Input, tokens: usize) -> AnswerSize {
        let columns = self.dense.as_ref().map_or(0, |recipe| recipe.dimensions);
        let classes: usize = self.heads.iter().map(|head| head.descriptor().labels.len()).sum();
        let vectors = self.vectors.as_ref().map_or(0, |(head, _)| tokens * head.columns());
        let tags = self.tagging.as_ref().map_or(AnswerSize::default(), |tagging| AnswerSize {
            numbers: 3 * tokens * tagging.tagger.labels().len(),
            bytes: input.bytes() + tokens * ENTITY_BYTES,
        });
        let sparse =
            self.sparse.as_ref().map_or(AnswerSize::default(), |head| sparse_size(head, tokens));
        let vector_bytes = self
            .vectors
            .as_ref()
            .map_or(0, |(head, _)| tokens * self.vector_format.json_bytes(head.columns()));
        let rest = AnswerSize {
            numbers: columns + classes + vectors,
            bytes: self.dense_format.json_bytes(columns) + vector_bytes + classes * CLASS_BYTES,
        };
        [tags, sparse, rest].into_iter().sum()
    }
}

/// What the prompts of outputs depend on.
struct Prompts<'r> {
    service: &'r Service,
    outputs: &'r [OutputName],
    /// Whether the dense row is that of `native`.
    is_native: bool,
    role: Role,
}

impl Prompts<'_> {
    /// The prompt that a request chooses, or else the one that all of its outputs have.
    fn choose(&self, prompt: Option<String>, name: Option<String>) -> Result<Prompt, ApiError> {
        if prompt.is_some() || name.is_some() {
            return choose_prompt(self.service, prompt, name, "/prompt_name", false);
        }
        let mut prompts = self.outputs.iter().map(|output| self.prompt_of(*output));
        let first = prompts.next().unwrap_or_default();
        if prompts.any(|other| other.text != first.text) {
            let message = "the checkpoint has a prompt for some of these outputs that others don't have; \
                           choose one prompt for all by \"prompt\" or \"prompt_name\"";
            return Err(ApiError::unacceptable(ErrorCode::ConflictingPrompts, "/outputs", message));
        }
        Ok(first)
    }

    fn prompt_of(&self, output: OutputName) -> Prompt {
        let purpose = match (output, self.role) {
            (OutputName::MultiVector, Role::Query) => Purpose::Query,
            (OutputName::MultiVector, Role::Document) => Purpose::Document,
            (OutputName::Dense, _) if self.is_native => {
                let text = self.service.default_prompt.clone().unwrap_or_default();
                return Prompt { text, pointer: None };
            }
            _ => return Prompt::default(),
        };
        purpose_prompt(self.service, Some(purpose), None)
    }
}

/// Checks that there are outputs, and that each field has one that it changes.
fn check_fields(request: &OutputsRequest) -> Result<(), ApiError> {
    if request.outputs.is_empty() {
        let message = "the list is empty; at least one of dense, sparse, multi_vector, heads and tags is needed";
        return Err(unsupported("/outputs", message));
    }
    use OutputName::{Dense, Heads, MultiVector};
    let fields: [(&str, bool, &[OutputName]); 8] = [
        (request.recipe_field, request.recipe.is_some(), &[Dense]),
        ("/dimensions", request.dimensions.is_some(), &[Dense]),
        ("/precision", request.precision.is_some(), &[Dense]),
        ("/encoding", request.encoding.is_some(), &[Dense, MultiVector]),
        ("/heads", request.heads.is_some(), &[Heads]),
        ("/activation", request.activation.is_some(), &[Heads]),
        ("/top_k", request.top_k.is_some(), &[Heads]),
        ("/input_type", request.input_type.is_some(), &[MultiVector]),
    ];
    for (pointer, is_given, outputs) in fields {
        if is_given && !outputs.iter().any(|output| request.outputs.contains(output)) {
            let names: Vec<&str> = outputs.iter().map(|output| output.name()).collect();
            let names = names.join(" and ");
            let message = format!("it changes only {names}, which isn't among the outputs");
            return Err(unsupported(pointer, &message));
        }
    }
    Ok(())
}

fn late(service: &Service) -> Result<&LateInteraction, ApiError> {
    service.late.as_ref().ok_or_else(|| {
        let message = "vectors of tokens need a MultiVectorEncoder of sentence-transformers, a model of \
                       PyLate or ColBERT, or the heads of bge-m3; for rows of tokens as they are, \"tokens\" \
                       of /embed is true";
        unsupported("/outputs", message)
    })
}

fn unsupported(pointer: &str, message: &str) -> ApiError {
    ApiError::unacceptable(ErrorCode::OutputUnsupported, pointer, message)
}
