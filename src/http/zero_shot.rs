//! Zero-shot classification: a classifier of natural language inference says how likely a text entails
//! "This example is LABEL.", for labels that the request brings (Yin et al. 2019, arXiv:1909.00161).

use std::sync::Arc;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::{self, INPUT_BYTES, Inputs};
use super::memory::MemoryCharge;
use super::service::Service;
use crate::model::head::Head;
use crate::probabilities::{sigmoid, softmax};
use crate::text::{Input, InvalidText, Text};

/// Which logits of a classifier say that a text entails another, or contradicts it.
#[derive(Clone)]
pub struct Entailment {
    head: Arc<Head>,
    entails: usize,
    contradicts: usize,
}

/// The labels of a request, and what each says of a text.
pub struct Hypotheses {
    labels: Vec<String>,
    /// The sentences, in the order of the labels.
    texts: Vec<Text>,
}

/// What stands before and after a label.
struct Template {
    before: String,
    after: String,
}

impl Template {
    /// Reads a template as `str.format` of Python does: `{}` is the label's place, and `{{` and `}}` are
    /// braces of the text.
    ///
    /// # Errors
    /// It has another number of places than one, or another brace.
    fn parse(template: &str) -> Result<Self, ApiError> {
        let refused =
            |message| ApiError::unacceptable(ErrorCode::InvalidTemplate, "/template", message);
        let mut parts = vec![String::new()];
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            let (text, from) = rest.split_at(at);
            let part = parts.len() - 1;
            parts[part].push_str(text);
            match from.as_bytes().get(..2) {
                Some(b"{}") => parts.push(String::new()),
                Some(b"{{") => parts[part].push('{'),
                Some(b"}}") => parts[part].push('}'),
                _ => {
                    let message = "a brace of the template has no other beside it; {} is the \
                                   label's place, and {{ and }} are braces";
                    return Err(refused(message.to_owned()));
                }
            }
            rest = &from[2..];
        }
        let places = parts.len() - 1;
        if let Some(last) = parts.last_mut() {
            last.push_str(rest);
        }
        <[String; 2]>::try_from(parts).map(|[before, after]| Self { before, after }).map_err(|_| {
            refused(format!("the template has {places} places for a label; one {{}} is needed"))
        })
    }
}

impl Entailment {
    /// The checkpoint's own classifier, if one of its labels begins with "entail". Contradiction is the
    /// first of its labels, or the last if the first is entailment, as in transformers' pipeline.
    ///
    /// # Errors
    /// There is no such classifier.
    pub fn find(service: &Service) -> Result<Self, ApiError> {
        let own = service.heads().loaded.get(Head::CHECKPOINT).cloned();
        let refused =
            |message: String| ApiError::unacceptable(ErrorCode::NoEntailment, "", message);
        let head = own.ok_or_else(|| {
            refused("the checkpoint has no classifier, so no label can be inferred".to_owned())
        })?;
        let labels = &head.descriptor().labels;
        let entails = labels.iter().position(|label| label.to_lowercase().starts_with("entail"));
        let entails = entails.filter(|_| labels.len() > 1).ok_or_else(|| {
            let labels = labels.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
            refused(format!("of the classifier's labels ({labels}) none begins with \"entail\""))
        })?;
        let contradicts = if entails == 0 { labels.len() - 1 } else { 0 };
        Ok(Self { head, entails, contradicts })
    }

    /// The classifier.
    pub fn head(&self) -> Arc<Head> {
        Arc::clone(&self.head)
    }

    /// The score of each label, from the logits for each of its sentences. If several labels may hold,
    /// or there is only one: the probability of entailment beside that of contradiction. Otherwise the
    /// probabilities of entailment among the labels.
    pub fn scores(&self, logits: &[Vec<f32>], multi_label: bool) -> Vec<f64> {
        let entails: Vec<f64> = logits.iter().map(|row| f64::from(row[self.entails])).collect();
        if multi_label || logits.len() == 1 {
            let score = |(entails, row): (&f64, &Vec<f32>)| {
                sigmoid(entails - f64::from(row[self.contradicts]))
            };
            return entails.iter().zip(logits).map(score).collect();
        }
        softmax(entails.into_iter()).collect()
    }
}

impl Hypotheses {
    /// Puts each label into the template, which has one `{}` for it.
    ///
    /// # Errors
    /// There is no label, one is blank, the sentences with them are too long, or the template has another
    /// number of places.
    pub fn new(service: &Service, labels: Vec<String>, template: &str) -> Result<Self, ApiError> {
        let Template { before, after } = Template::parse(template)?;
        if labels.is_empty() {
            let message = "the list is empty; at least one label is needed";
            return Err(ApiError::unacceptable(ErrorCode::EmptyInputs, "/labels", message));
        }
        let of_labels: usize = labels.iter().map(String::len).sum();
        let total = of_labels + labels.len() * (before.len() + after.len());
        let count = labels.len();
        inputs::check_total(service, total, "/template", || {
            format!("the {count} labels have {total} bytes with the template around each")
        })?;
        let limit = service.limits.text_bytes.get();
        let text = |(index, label): (usize, &String)| {
            let checked = Text::parse(label.clone(), limit)
                .and_then(|_| Text::parse(format!("{before}{label}{after}"), limit));
            checked.map_err(|error| {
                let code = match error {
                    InvalidText::Blank => ErrorCode::BlankText,
                    InvalidText::TooLong { .. } => ErrorCode::TextTooLarge,
                };
                ApiError::unacceptable(code, format!("/labels/{index}"), error.to_string())
            })
        };
        let texts = labels.iter().enumerate().map(text).collect::<Result<_, _>>()?;
        Ok(Self { labels, texts })
    }

    /// The labels, and a pair of each text with each sentence, text by text. `memory` is then charged for
    /// all of them.
    ///
    /// # Errors
    /// There are too many pairs, they are too large, no memory is left, or the model reads no pairs.
    pub fn pairs(
        self,
        service: &Service,
        texts: Inputs,
        memory: &mut MemoryCharge,
    ) -> Result<(Vec<String>, Inputs), ApiError> {
        let (count, limit) = (texts.count() * self.texts.len(), service.limits.inputs.get());
        let what = format!("{} texts with {} labels", texts.count(), self.texts.len());
        if count > limit {
            let message = format!("{what} are {count} pairs; at most {limit} are allowed");
            return Err(ApiError::unacceptable(ErrorCode::TooManyInputs, "/labels", message));
        }
        if !service.takes_pairs {
            let message = "the model reads no pairs, which a label and a text would be";
            return Err(ApiError::unacceptable(ErrorCode::PairsUnsupported, "/labels", message));
        }
        let of_texts: usize = texts.list.iter().map(Input::bytes).sum();
        let of_sentences: usize = self.texts.iter().map(|text| text.as_str().len()).sum();
        let total = of_texts * self.texts.len() + of_sentences * texts.count();
        inputs::check_total(service, total, "/labels", || format!("{what} have {total} bytes"))?;
        // The sentences exist beside the pairs for a moment, then the labels alone, which are shorter.
        memory.try_resize(total + of_sentences + count * INPUT_BYTES)?;
        let pair = |text: &Input| {
            let text = text.text.clone();
            self.texts
                .iter()
                .map(move |label| Input { text: text.clone(), pair: Some(label.clone()) })
        };
        let list = texts.list.iter().flat_map(pair).collect();
        let pairs = texts.expanded(list, self.texts.len());
        Ok((self.labels, pairs))
    }
}
