//! The entities of texts, from what a classifier of tokens gives for each token.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::characters::Characters;
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::excerpt::excerpt;
use super::service::Service;
use crate::model::head::Head;
use crate::model::tagger::Tagger;
use crate::tags::{self, Aggregation, Entity, ScoredToken};
use crate::text::{Input, Window, Words};

/// About how many bytes an entity takes in the answer, without its text.
pub const ENTITY_BYTES: usize = 96;

/// The label that transformers leaves out if a request says nothing.
pub const OUTSIDE: &str = "O";

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
        let temperature = self.tagger.temperature();
        let rows = logits.chunks_exact(self.tagger.labels().len());
        let tokens = windows.iter().flat_map(Window::counted_places).zip(rows);
        let own = tokens.filter(|((encoded, at), _)| !encoded.special[*at]);
        own.map(|((encoded, at), logits)| {
            let logits = logits.iter().map(|&logit| f64::from(logit) / temperature);
            ScoredToken::new(logits, encoded.spans[at], words.continues(encoded, at))
        })
        .collect()
    }
}

fn span(entity: Entity, characters: &Characters<'_>) -> TaggedSpan {
    let Entity { label, score, start, end } = entity;
    TaggedSpan { label, score, start, end, text: characters.slice(start, end) }
}

/// The tagger that a request names; without a name the checkpoint's own classifier of tokens, or else
/// the only head that classifies tokens.
///
/// # Errors
/// There is none, none of that name, or there are several heads and no name.
pub fn choose(service: &Service, name: Option<&str>) -> Result<Arc<Tagger>, ApiError> {
    let set = service.heads();
    let own = service.tagger.as_ref();
    let trained = |name: &str| set.taggers.get(name).and_then(|head| head.tagger());
    let found = match name {
        Some(Head::CHECKPOINT) => own,
        Some(name) => trained(name),
        None => own.or_else(|| match set.taggers.len() {
            1 => set.taggers.values().find_map(|head| head.tagger()),
            _ => None,
        }),
    };
    if let Some(tagger) = found {
        return Ok(Arc::clone(tagger));
    }
    let own = own.map(|_| Head::CHECKPOINT);
    let known = own.into_iter().chain(set.taggers.keys().map(String::as_str));
    let known = known.collect::<Vec<_>>().join(", ");
    let listed = match known.as_str() {
        "" => "no head does".to_owned(),
        known => format!("those that do are {known}"),
    };
    let message = match name {
        None if known.is_empty() => {
            let message = "the checkpoint has no classifier of tokens (its architecture would end with \
                           ForTokenClassification), and no head of token_classification is loaded, so \
                           nothing can be tagged";
            return Err(ApiError::unacceptable(ErrorCode::NoTagger, "", message));
        }
        None => format!("there are several heads that classify tokens, {known}; name one"),
        Some(name) => match set.skipped.get(name) {
            Some(reason) => format!("head \"{name}\" was skipped: {reason}"),
            None if set.loaded.contains_key(name) => {
                format!("head \"{name}\" classifies texts and not tokens; {listed}")
            }
            None => format!("no head \"{}\" classifies tokens; {listed}", excerpt(name)),
        },
    };
    Err(ApiError::unacceptable(ErrorCode::UnknownHead, "/head", message))
}
