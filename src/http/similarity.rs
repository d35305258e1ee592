//! Cosines of texts with one text: the way that every route which compares rows takes.

use std::sync::Arc;

use super::caller::Caller;
use super::error::ApiError;
use super::inputs::Inputs;
use super::pipeline::{self, Outcome};
use super::reply::{INLINE_NUMBERS, Reply};
use super::scores::{Scores, ScoresAnswer, score_size};
use super::service::Service;
use super::tokenizing::LongInput;
use crate::model::recipe::ResolvedRecipe;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// Texts to be compared with one text, all of them checked.
pub struct SimilarityRequest {
    /// The one text.
    pub source: Inputs,
    /// The others.
    pub texts: Inputs,
    /// The recipe of their rows.
    pub recipe: Arc<ResolvedRecipe>,
    /// What happens to a text with too many tokens.
    pub long_text: LongInput,
    /// Whether the answer repeats the texts.
    pub echo: bool,
}

impl SimilarityRequest {
    /// Computes one cosine per text. The source may have another prompt than the texts, so they are
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
        let Self { source, texts, recipe, long_text, echo } = self;
        let spec = || TaskSpec::new(vec![OutputSpec::Embedding(Arc::clone(&recipe))]);
        let width = recipe.dimensions;
        let size = |input: &Input, _| score_size(input, width, echo);
        let (deadline, charge, clock) =
            (caller.deadline, caller.charge.clone(), caller.clock.clone());
        clock.tokenizing(source.count());
        let (source, texts) = tokio::try_join!(
            pipeline::prepare(service, source, spec(), long_text, of_source, size),
            pipeline::prepare(service, texts, spec(), long_text, caller, size),
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
        let is_long = rows.len() * width > INLINE_NUMBERS;
        let compare = move || rows.iter().map(|row| cosine(&source, row)).collect();
        let scores: Vec<f32> = service.text_pool.run(is_long, deadline, compare).await?;
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
