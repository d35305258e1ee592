//! Scores of texts for one text, from what is computed of each alone: the way that every route which
//! compares texts takes.

use std::sync::Arc;

use super::caller::Caller;
use super::error::ApiError;
use super::inputs::Inputs;
use super::pipeline::{self, Outcome};
use super::reply::{INLINE_NUMBERS, Reply};
use super::scores::{Scores, ScoresAnswer, score_size};
use super::service::{Reading, Service};
use super::tokenizing::LongInput;
use crate::model::multi_vector::{MultiVectorHead, Role};
use crate::model::recipe::ResolvedRecipe;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// What is computed of each text, and how two of them are compared.
#[derive(Clone)]
pub enum Comparison {
    /// The recipe's rows, by their cosine.
    Cosine(Arc<ResolvedRecipe>),
    /// The vectors of tokens, by MaxSim.
    MaxSim(Arc<MultiVectorHead>),
}

impl Comparison {
    /// What a text in this role is read for.
    pub fn reading(&self, role: Role) -> Reading {
        match self {
            Self::Cosine(_) => Reading::Text,
            Self::MaxSim(_) => Reading::Late(role),
        }
    }

    fn spec(&self, role: Role) -> TaskSpec {
        TaskSpec::new(vec![match self {
            Self::Cosine(recipe) => OutputSpec::Embedding(Arc::clone(recipe)),
            Self::MaxSim(head) => OutputSpec::Vectors(Arc::clone(head), role),
        }])
    }

    /// The numbers that are computed of a text of so many tokens.
    fn numbers(&self, tokens: usize) -> usize {
        match self {
            Self::Cosine(recipe) => recipe.dimensions,
            Self::MaxSim(head) => tokens * head.columns(),
        }
    }

    /// The score of each text's numbers for those of `source`.
    fn scores(&self, source: &[f32], texts: &[Vec<f32>]) -> std::io::Result<Vec<f32>> {
        match self {
            Self::Cosine(_) => Ok(texts.iter().map(|text| cosine(source, text)).collect()),
            Self::MaxSim(head) => {
                let query = head.max_sim(source)?;
                Ok(texts.iter().map(|text| query.score(text)).collect())
            }
        }
    }
}

/// Texts to be compared with one text, all of them checked.
pub struct SimilarityRequest {
    /// The one text: a query, if roles count.
    pub source: Inputs,
    /// The others: documents.
    pub texts: Inputs,
    /// How they are compared.
    pub comparison: Comparison,
    /// What happens to a text with too many tokens.
    pub long_text: LongInput,
    /// Whether the answer repeats the texts.
    pub echo: bool,
}

impl SimilarityRequest {
    /// Computes one score per text. The source may have another prompt than the texts, so they are
    /// two submissions, which the batcher may put into one pass; `of_source` is the caller of the
    /// first. Queue and passes are measured of the second.
    ///
    /// # Errors
    /// As for [`pipeline::run`].
    pub async fn compute(
        self,
        service: &Arc<Service>,
        of_source: Caller,
        caller: Caller,
    ) -> Result<ScoresAnswer, ApiError> {
        let Self { source, texts, comparison, long_text, echo } = self;
        let size = |input: &Input, tokens| score_size(input, comparison.numbers(tokens), echo);
        let (deadline, charge, clock) =
            (caller.deadline, caller.charge.clone(), caller.clock.clone());
        clock.tokenizing(source.count());
        let [query, document] = [Role::Query, Role::Document];
        let source = Inputs { reading: comparison.reading(query), ..source };
        let texts = Inputs { reading: comparison.reading(document), ..texts };
        let (of_query, of_documents) = (comparison.spec(query), comparison.spec(document));
        let (source, texts) = tokio::try_join!(
            pipeline::prepare(service, source, of_query, long_text, of_source, size),
            pipeline::prepare(service, texts, of_documents, long_text, caller, size),
        )?;
        clock.tokenized(source.tokens());
        // One request to its key, which is let in as a whole or not at all.
        charge.take(source.tokens() + texts.tokens())?;
        let (source, texts) = tokio::try_join!(source.compute(), texts.compute())?;
        let tokens = source.usage.tokens + texts.usage.tokens;
        let Outcome { outputs, answer_memory: memory, .. } = texts;
        let source: Vec<f32> =
            source.outputs.into_iter().flat_map(|output| output.values).flatten().collect();
        let rows = outputs.into_iter().flat_map(|output| output.values);
        let rows: Vec<Vec<f32>> = rows.collect();
        let is_long = rows.iter().map(Vec::len).sum::<usize>() > INLINE_NUMBERS;
        let compare = move || comparison.scores(&source, &rows);
        let scores = service.text_pool.run(is_long, deadline, compare).await?;
        let scores = scores.map_err(ApiError::internal)?;
        let reply = Reply { numbers: scores.len(), deadline, memory };
        Ok(ScoresAnswer { scores: Scores { scores, tokens }, reply })
    }
}

/// In float64; 0 if one of the rows is 0.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms == 0.0 { 0.0 } else { (dot(a, b) / norms) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_does_not_depend_on_lengths() {
        assert_eq!(cosine(&[3.0, 4.0], &[6.0, 8.0]), 1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), 0.0);
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 2.0]), 0.0);
    }
}
