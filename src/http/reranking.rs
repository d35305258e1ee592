//! Scores of documents for a query: the way that every route which reranks takes.

use std::sync::Arc;

use super::caller::Caller;
use super::error::ApiError;
use super::inputs::{self, INPUT_BYTES, Inputs};
use super::logits::LogitsRequest;
use super::prompts::{Prompt, Purpose, purpose_prompt};
use super::recipe::native;
use super::scores::{Scores, ScoresAnswer, score_size};
use super::service::{Reading, Service};
use super::similarity::{Comparison, SimilarityRequest};
use super::tokenizing::LongInput;
use super::wire::{WireInput, WireInputs, WirePair};
use super::wire_texts::WireTexts;
use crate::model::head::{Head, OutputActivation};
use crate::model::multi_vector::Role;
use crate::probabilities::sigmoid;
use crate::text::Input;

/// What scores a document for a query.
pub enum Scorer {
    /// The checkpoint's own classifier over the pair; it has one label.
    CrossEncoder(Arc<Head>),
    /// What is computed of each alone.
    Comparison(Comparison),
}

impl Scorer {
    /// The scorer of the model: a checkpoint's own classifier of one label is a cross-encoder, and a model
    /// of late interaction compares vectors of tokens.
    ///
    /// # Errors
    /// None; the recipe `native` always exists.
    pub fn choose(service: &Service) -> Result<Self, ApiError> {
        let own = service.heads().loaded.get(Head::CHECKPOINT).cloned();
        match own.filter(|head| head.descriptor().labels.len() == 1) {
            Some(head) => Ok(Self::CrossEncoder(head)),
            None => match service.late.as_ref().filter(|late| late.ranks) {
                Some(late) => Ok(Self::Comparison(Comparison::MaxSim(Arc::clone(&late.head)))),
                None => Ok(Self::Comparison(Comparison::Cosine(native(service, None)?))),
            },
        }
    }

    /// What a document is read for, with the query or alone.
    pub fn reading(&self) -> Reading {
        match self {
            Self::CrossEncoder(_) => Reading::Pair,
            Self::Comparison(comparison) => comparison.reading(Role::Document),
        }
    }

    /// Its name in `/info`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CrossEncoder(_) => "cross-encoder",
            Self::Comparison(Comparison::MaxSim(_)) => "max-sim",
            Self::Comparison(Comparison::Cosine(_)) => "cosine",
        }
    }
}

/// Documents to be scored for a query.
pub struct RerankRequest {
    /// The query.
    pub query: String,
    /// The documents, which are the field `documents`.
    pub documents: WireTexts,
    /// The JSON pointer of the documents.
    pub pointer: &'static str,
    /// What happens to a pair or text with too many tokens.
    pub long_text: LongInput,
    /// Applied to a cross-encoder's logits instead of its own score activation.
    pub activation: Option<OutputActivation>,
}

impl RerankRequest {
    /// Computes the scores. `echo` is whether the answer repeats the documents.
    ///
    /// # Errors
    /// A text is blank or too long, or like [`pipeline::run`](super::pipeline::run).
    pub async fn compute(self, caller: Caller, echo: bool) -> Result<ScoresAnswer, ApiError> {
        let service = &caller.service();
        match Scorer::choose(service)? {
            Scorer::CrossEncoder(head) => self.by_pairs(service, caller, head, echo).await,
            Scorer::Comparison(comparison) => {
                self.by_comparing(service, caller, comparison, echo).await
            }
        }
    }

    async fn by_pairs(
        self,
        service: &Arc<Service>,
        mut caller: Caller,
        head: Arc<Head>,
        echo: bool,
    ) -> Result<ScoresAnswer, ApiError> {
        let Self { query, documents, pointer, long_text, activation } = self;
        let memory = &mut caller.memory;
        let query_alone = WireInputs::One(WireInput::Text(query.clone()));
        inputs::check_all(service, "/query", query_alone, &Prompt::default(), memory)?;
        // Before the query is repeated for each document.
        let (count, bytes) = (documents.count(), documents.bytes());
        inputs::check_count(service, pointer, count)?;
        let total = bytes.saturating_add(count * query.len());
        let message =
            || format!("the {count} documents have {total} bytes with the query beside each");
        inputs::check_total(service, total, "/query", message)?;
        memory.try_resize(total + count * INPUT_BYTES)?;
        let pairs = documents.into_inputs(|document| {
            WireInput::Pair(WirePair { text: query.clone(), pair: Some(document) })
        });
        let checked = inputs::check_all(service, pointer, pairs, &Prompt::default(), memory);
        let inputs = Inputs { reading: Reading::Pair, ..checked.map_err(of_document)? };
        let activation = activation.or(head.score_activation());
        let scoring = LogitsRequest { inputs, head, long_text };
        let size = |input: &Input| score_size(input, 1, echo);
        let (logits, reply) = scoring.compute(service, caller, size).await?;
        let is_sigmoid = activation == Some(OutputActivation::Sigmoid);
        let score = |logit: f32| if is_sigmoid { sigmoid(logit.into()) as f32 } else { logit };
        let scores = logits.rows.into_iter().flatten().map(score).collect();
        Ok(ScoresAnswer { scores: Scores { scores, tokens: logits.usage.tokens }, reply })
    }

    /// The query and the documents have prompts of their own.
    async fn by_comparing(
        self,
        service: &Arc<Service>,
        mut caller: Caller,
        comparison: Comparison,
        echo: bool,
    ) -> Result<ScoresAnswer, ApiError> {
        let Self { query, documents, pointer, long_text, .. } = self;
        let query = WireInputs::One(WireInput::Text(query));
        let documents = documents.into_inputs(WireInput::Text);
        let mut of_query = caller.beside();
        let prompt = |purpose| purpose_prompt(service, Some(purpose), None);
        let (query_prompt, prompt) = (prompt(Purpose::Query), prompt(Purpose::Document));
        let memory = &mut of_query.memory;
        let query = inputs::check_all(service, "/query", query, &query_prompt, memory)?;
        let memory = &mut caller.memory;
        let documents = inputs::check_all(service, pointer, documents, &prompt, memory)?;
        let comparing =
            SimilarityRequest { source: query, texts: documents, comparison, long_text, echo };
        comparing.compute(service, of_query, caller).await
    }
}

/// A refusal of a pair as that of its document: the query was checked before.
fn of_document(error: ApiError) -> ApiError {
    match error {
        ApiError::Unacceptable { code, pointer, message } => {
            let pointer = pointer.trim_end_matches("/pair").to_owned();
            ApiError::Unacceptable { code, pointer, message }
        }
        other => other,
    }
}
