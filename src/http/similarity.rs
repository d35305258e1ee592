//! Scores of texts for one text, from what is computed of each alone: the way that every route which
//! compares texts takes.

use std::sync::Arc;
use std::time::Instant;

use super::caller::Caller;
use super::error::ApiError;
use super::inputs::Inputs;
use super::pipeline::{self, Outcome};
use super::reply::{INLINE_NUMBERS, Reply};
use super::scores::{Scores, ScoresAnswer, score_size};
use super::service::{Reading, Service};
use super::text_pool::TextPool;
use super::tokenizing::LongInput;
use crate::model::multi_vector::{MaxSim, MultiVectorHead, Role};
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

    /// What scores texts for one of these numbers.
    fn scorer(&self, source: Vec<f32>) -> std::io::Result<Scorer> {
        match self {
            Self::Cosine(_) => Ok(Scorer::Cosine(source)),
            Self::MaxSim(head) => {
                let vectors = source.len() / head.columns();
                Ok(Scorer::MaxSim { query: head.max_sim(&source)?, vectors })
            }
        }
    }
}

/// Scores texts for one text.
enum Scorer {
    /// Its row.
    Cosine(Vec<f32>),
    /// Its vectors, and how many there are.
    MaxSim { query: MaxSim, vectors: usize },
}

impl Scorer {
    fn score(&self, text: &[f32]) -> f32 {
        match self {
            Self::Cosine(source) => cosine(source, text),
            Self::MaxSim { query, .. } => query.score(text),
        }
    }

    /// How many products a text of so many numbers takes.
    fn products(&self, numbers: usize) -> usize {
        match self {
            Self::Cosine(_) => numbers,
            Self::MaxSim { vectors, .. } => vectors * numbers,
        }
    }
}

/// So many products are computed at once, and at least one text's. After that others have a turn, and the
/// request ends if its deadline has passed or its client has left.
const SLICE_PRODUCTS: usize = 32 * 1024 * 1024;

/// The score of each text.
async fn scores(
    pool: &TextPool,
    comparison: Comparison,
    source: Vec<f32>,
    texts: Vec<Vec<f32>>,
    deadline: Instant,
) -> Result<Vec<f32>, ApiError> {
    let is_long = source.len() > INLINE_NUMBERS;
    let scorer = pool.run(is_long, deadline, move || comparison.scorer(source)).await?;
    let scorer = Arc::new(scorer.map_err(ApiError::internal)?);
    let texts = Arc::new(texts);
    let mut scores = Vec::with_capacity(texts.len());
    while scores.len() < texts.len() {
        let (first, mut products) = (scores.len(), 0);
        let fits = |text: &&Vec<f32>| {
            products += scorer.products(text.len());
            products <= SLICE_PRODUCTS
        };
        let end = first + texts[first..].iter().take_while(fits).count().max(1);
        let is_long = products > INLINE_NUMBERS;
        let (scorer, texts) = (Arc::clone(&scorer), Arc::clone(&texts));
        let score = move || -> Vec<f32> {
            texts[first..end].iter().map(|text| scorer.score(text)).collect()
        };
        scores.extend(pool.run(is_long, deadline, score).await?);
    }
    // Products of finite vectors may still be too large.
    if !scores.iter().all(|score| score.is_finite()) {
        return Err(ApiError::internal("a score is not a finite number"));
    }
    Ok(scores)
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
        let scores = scores(&service.text_pool, comparison, source, rows, deadline).await?;
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
