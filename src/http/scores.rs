//! Scores of texts, and the answer with them.

use axum::response::Response;
use serde::Serialize;

use super::error::ApiError;
use super::pipeline::AnswerSize;
use super::reply::Reply;
use super::service::Service;
use crate::text::Input;

/// About how many bytes a score takes in an answer, without its text.
const RESULT_BYTES: usize = 64;

/// The scores of a request's texts.
pub struct Scores {
    /// One per text, in order.
    pub scores: Vec<f32>,
    /// Tokens computed, special tokens included.
    pub tokens: usize,
}

impl Scores {
    /// The texts' indices from the best to the worst, at most `top` of them. Of equal scores the first
    /// text is first.
    pub fn ranking(&self, top: Option<usize>) -> Vec<usize> {
        let mut ranking: Vec<usize> = (0..self.scores.len()).collect();
        ranking.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]));
        ranking.truncate(top.unwrap_or(usize::MAX));
        ranking
    }
}

/// Scores that were computed, and the answer that waits for them.
pub struct ScoresAnswer {
    /// The scores.
    pub scores: Scores,
    /// The answer.
    pub reply: Reply,
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
        let Self { scores, reply } = self;
        reply.write(&service.text_pool, move || answer(scores)).await
    }
}

/// The size of a score in the answer. `numbers` are computed for it; `echo` is whether the answer
/// repeats the text.
pub fn score_size(input: &Input, numbers: usize, echo: bool) -> AnswerSize {
    AnswerSize { numbers, bytes: RESULT_BYTES + if echo { input.bytes() } else { 0 } }
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
}
