//! Scores of documents for a query: the way that every route which reranks takes.

use std::sync::Arc;
use std::time::Instant;

use axum::response::Response;
use serde::Serialize;

use super::caller::Caller;
use super::error::ApiError;
use super::inputs::{self, Inputs};
use super::memory::MemoryCharge;
use super::pipeline::{self, AnswerSize, Outcome};
use super::recipe::resolve;
use super::reply::Reply;
use super::state::{AppState, Service};
use super::timings::StageTimings;
use super::wire::{WireInput, WireInputs, WireLongText, WirePair};
use crate::model::head::{Head, OutputActivation};
use crate::model::recipe::{RecipeRef, ResolvedRecipe};
use crate::model::recipe_book::NATIVE;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// About how many bytes a result takes in an answer, without its document.
const RESULT_BYTES: usize = 64;

/// What scores a document for a query.
pub enum Scorer {
    /// The checkpoint's own classifier over the pair; it has one label.
    CrossEncoder(Arc<Head>),
    /// The cosine of the two rows of the recipe `native`.
    Cosine(Arc<ResolvedRecipe>),
}

impl Scorer {
    /// The scorer of the model: a checkpoint's own classifier of one label is a cross-encoder.
    ///
    /// # Errors
    /// None; the recipe `native` always exists.
    pub fn choose(service: &Service) -> Result<Self, ApiError> {
        let own = service.heads().loaded.get(Head::CHECKPOINT).cloned();
        match own.filter(|head| head.descriptor().labels.len() == 1) {
            Some(head) => Ok(Self::CrossEncoder(head)),
            None => {
                let native = RecipeRef::Name(NATIVE.to_owned());
                Ok(Self::Cosine(resolve(service, &native, None, "")?))
            }
        }
    }

    /// Its name in `/info`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CrossEncoder(_) => "cross-encoder",
            Self::Cosine(_) => "cosine",
        }
    }
}

/// Documents to be scored for a query.
pub struct RerankRequest {
    /// The query.
    pub query: String,
    /// The documents, which are the field `documents`.
    pub documents: Vec<String>,
    /// The JSON pointer of the documents.
    pub pointer: &'static str,
    /// What happens to a pair or text with too many tokens.
    pub long_text: WireLongText,
    /// Whether a cross-encoder's logits are wanted without its activation.
    pub raw: bool,
}

/// The scores of a request's documents.
pub struct Scores {
    /// One per document, in order.
    pub scores: Vec<f32>,
    /// Tokens computed, special tokens included.
    pub tokens: usize,
}

impl Scores {
    /// The documents' indices from the best to the worst, at most `top` of them. Of equal scores the
    /// first document is first.
    pub fn ranking(&self, top: Option<usize>) -> Vec<usize> {
        let mut ranking: Vec<usize> = (0..self.scores.len()).collect();
        ranking.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]));
        ranking.truncate(top.unwrap_or(usize::MAX));
        ranking
    }
}

/// Scores that were computed, and what it takes to answer with them.
pub struct ScoresAnswer {
    scores: Scores,
    deadline: Instant,
    memory: MemoryCharge,
    timings: StageTimings,
}

impl RerankRequest {
    /// Computes the scores. `answer_bytes` is about what each document takes in the answer beside its
    /// score.
    ///
    /// # Errors
    /// A text is blank or too long, or like [`pipeline::run`].
    pub async fn compute(
        self,
        state: &AppState,
        caller: Caller,
        echo: bool,
    ) -> Result<ScoresAnswer, ApiError> {
        let service = state.service()?;
        match Scorer::choose(service)? {
            Scorer::CrossEncoder(head) => self.by_pairs(state, service, caller, head, echo).await,
            Scorer::Cosine(recipe) => self.by_cosine(state, service, caller, recipe, echo).await,
        }
    }

    async fn by_pairs(
        self,
        state: &AppState,
        service: &Arc<Service>,
        mut caller: Caller,
        head: Arc<Head>,
        echo: bool,
    ) -> Result<ScoresAnswer, ApiError> {
        let Self { query, documents, pointer, long_text, raw } = self;
        let memory = &mut caller.memory;
        let query_alone = WireInputs::One(WireInput::Text(query.clone()));
        inputs::check_all(state, "/query", query_alone, "", memory)?;
        let pair =
            |document| WireInput::Pair(WirePair { text: query.clone(), pair: Some(document) });
        let pairs = WireInputs::Several(documents.into_iter().map(pair).collect());
        let inputs = inputs::check_all(state, pointer, pairs, "", memory)?;
        let spec = TaskSpec::new(vec![OutputSpec::Logits(Arc::clone(&head))]);
        let size = |input: &Input, _| result_size(input, 1, echo);
        let deadline = caller.deadline;
        let outcome = pipeline::run(service, inputs, spec, long_text, caller, size).await?;
        let Outcome { outputs, usage, timings, answer_memory, .. } = outcome;
        let logits = outputs.into_iter().flat_map(|output| output.values).flatten();
        let is_sigmoid = !raw && head.score_activation() == Some(OutputActivation::Sigmoid);
        let score = |logit: f32| if is_sigmoid { sigmoid(logit) } else { logit };
        let scores = Scores { scores: logits.map(score).collect(), tokens: usage.tokens };
        Ok(ScoresAnswer { scores, deadline, memory: answer_memory, timings })
    }

    /// The query and the documents have prompts of their own, so they are two submissions, which the
    /// batcher may put into one pass.
    async fn by_cosine(
        self,
        state: &AppState,
        service: &Arc<Service>,
        mut caller: Caller,
        recipe: Arc<ResolvedRecipe>,
        echo: bool,
    ) -> Result<ScoresAnswer, ApiError> {
        let Self { query, documents, pointer, long_text, .. } = self;
        let query = WireInputs::One(WireInput::Text(query));
        let documents = documents.into_iter().map(WireInput::Text).collect();
        let mut of_query = caller.beside(state);
        let query = prompted(state, service, "/query", query, "query", &mut of_query.memory)?;
        let documents = WireInputs::Several(documents);
        let documents =
            prompted(state, service, pointer, documents, "document", &mut caller.memory)?;
        let spec = || TaskSpec::new(vec![OutputSpec::Embedding(Arc::clone(&recipe))]);
        let width = recipe.dimensions;
        let size = |input: &Input, _| result_size(input, width, echo);
        let deadline = caller.deadline;
        let (query, documents) = tokio::try_join!(
            pipeline::run(service, query, spec(), long_text, of_query, size),
            pipeline::run(service, documents, spec(), long_text, caller, size),
        )?;
        let tokens = query.usage.tokens + documents.usage.tokens;
        let Outcome { outputs, timings, answer_memory, .. } = documents;
        let query: Vec<f32> = query.outputs.into_iter().flat_map(|o| o.values).flatten().collect();
        let rows = outputs.into_iter().flat_map(|output| output.values);
        let scores = Scores { scores: rows.map(|row| cosine(&query, &row)).collect(), tokens };
        Ok(ScoresAnswer { scores, deadline, memory: answer_memory, timings })
    }
}

impl ScoresAnswer {
    /// Writes what `answer` makes of the scores.
    ///
    /// # Errors
    /// The deadline passed, or it can't be written, which is a failure of the server.
    pub async fn write<T: Serialize>(
        self,
        service: &Service,
        answer: impl FnOnce(Scores) -> T + Send + 'static,
    ) -> Result<Response, ApiError> {
        let Self { scores, deadline, memory, timings } = self;
        let reply = Reply { numbers: scores.scores.len(), deadline, memory, timings };
        reply.write(&service.text_pool, move || answer(scores)).await
    }
}

/// Checked inputs with the model's prompt of this name, if it has one, or else its default prompt.
fn prompted(
    state: &AppState,
    service: &Service,
    pointer: &'static str,
    inputs: WireInputs,
    name: &str,
    memory: &mut MemoryCharge,
) -> Result<Inputs, ApiError> {
    let named = service.prompts.contains_key(name).then(|| name.to_owned());
    let prompt = inputs::choose_prompt(service, None, named, true)?;
    inputs::check_all(state, pointer, inputs, &prompt, memory)
}

/// `echo` is whether the answer repeats the document.
fn result_size(input: &Input, numbers: usize, echo: bool) -> AnswerSize {
    AnswerSize { numbers, bytes: RESULT_BYTES + if echo { input.bytes() } else { 0 } }
}

/// In float64; 0 if one of the rows is 0.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms == 0.0 { 0.0 } else { (dot(a, b) / norms) as f32 }
}

fn sigmoid(logit: f32) -> f32 {
    (1.0 / (1.0 + (-f64::from(logit)).exp())) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_first_and_equal_scores_keep_their_order() {
        let scores = Scores { scores: vec![0.1, 0.9, 0.9, -1.0], tokens: 0 };
        assert_eq!(scores.ranking(None), [1, 2, 0, 3]);
        assert_eq!(scores.ranking(Some(2)), [1, 2]);
    }

    #[test]
    fn a_cosine_does_not_depend_on_lengths() {
        assert_eq!(cosine(&[3.0, 4.0], &[6.0, 8.0]), 1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), 0.0);
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 2.0]), 0.0);
    }
}
