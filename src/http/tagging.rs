//! The entities of texts, from what a checkpoint's classifier of tokens gives for each token.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::characters::Characters;
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::service::Service;
use crate::model::tagger::Tagger;
use crate::tags::{self, Aggregation, Entity, ScoredToken};
use crate::text::{Input, Window, Words};

/// About how many bytes an entity takes in the answer, without its text.
pub const ENTITY_BYTES: usize = 96;

/// How tokens become entities.
pub struct Tagging {
    /// What scores tokens.
    pub tagger: Arc<Tagger>,
    /// How they are joined.
    pub aggregation: Aggregation,
    /// The labels that are left out.
    pub ignored: Vec<String>,
}

/// A part of a text with its label.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaggedSpan {
    /// The label: of a token as the model has it, of an entity without `B-` or `I-`.
    pub label: String,
    /// The probability of the label; of an entity the mean over its tokens, or over its words.
    pub score: f64,
    /// Index of its first character, in Unicode characters of the text.
    pub start: usize,
    /// Index of the character after its last one.
    pub end: usize,
    /// Its characters.
    pub text: String,
}

impl Tagging {
    /// The spans of a text; `logits` are those of its tokens that count, window by window.
    pub fn spans(
        &self,
        service: &Service,
        input: &Input,
        windows: &[Window],
        logits: &[f32],
    ) -> Vec<TaggedSpan> {
        let tokens = self.tokens(service, input, windows, logits);
        let labels = self.tagger.labels();
        let entities = tags::entities(&tokens, labels, self.aggregation, &self.ignored);
        let characters = Characters::new(input.text.as_str());
        entities.into_iter().map(|entity| span(entity, &characters)).collect()
    }

    /// A text's own tokens with their scores, each once.
    fn tokens(
        &self,
        service: &Service,
        input: &Input,
        windows: &[Window],
        logits: &[f32],
    ) -> Vec<ScoredToken> {
        let words = Words::new(&service.tokenizer, input.text.as_str());
        let places = windows.iter().flat_map(|window| {
            let counted = (0..window.counted.len()).filter(|&at| window.counted[at]);
            counted.map(move |at| (&window.encoded, at))
        });
        let rows = logits.chunks_exact(self.tagger.labels().len());
        let own = places.zip(rows).filter(|((encoded, at), _)| !encoded.special[*at]);
        own.map(|((encoded, at), logits)| {
            ScoredToken::new(logits, encoded.spans[at], words.continues(encoded, at))
        })
        .collect()
    }
}

fn span(entity: Entity, characters: &Characters<'_>) -> TaggedSpan {
    let Entity { label, score, start, end } = entity;
    TaggedSpan { label, score, start, end, text: characters.slice(start, end) }
}

/// The tagger of a model.
///
/// # Errors
/// The checkpoint has no classifier of tokens.
pub fn tagger(service: &Service) -> Result<Arc<Tagger>, ApiError> {
    service.tagger.clone().ok_or_else(|| {
        let message = "the checkpoint has no classifier of tokens (its architecture would end with \
                       ForTokenClassification), so nothing can be tagged";
        ApiError::unacceptable(ErrorCode::NoTagger, "", message)
    })
}
