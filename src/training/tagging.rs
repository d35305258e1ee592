//! What a head that classifies tokens is trained on and scored by: a row for each token, and the entities
//! that follow from the labels of words.

use std::ops::Range;

use super::checks::check;
use super::data::{
    DatasetError, OUTSIDE, Split, SplitError, TaggedDataset, TokenLabels, TokenRows, labels_of,
};
use super::error::TrainError;
use super::features::TokenisedText;
use super::logits::argmax;
use super::metrics::EntityScores;
use super::options::TrainingOptions;

/// Marked texts with their tokens, and the tokens that are rows.
#[derive(Debug)]
pub struct TaggingData {
    /// The texts.
    pub tagged: TaggedDataset,
    /// The tokens of each.
    pub texts: Vec<TokenisedText>,
    /// The rows.
    pub rows: TokenRows,
}

impl TaggingData {
    /// The rows of the tokens of texts.
    ///
    /// # Errors
    /// There are fewer than two labels.
    pub fn new(
        tagged: TaggedDataset,
        texts: Vec<TokenisedText>,
        labels: TokenLabels<'_>,
    ) -> Result<Self, DatasetError> {
        let characters = |text: &TokenisedText| -> Vec<Range<usize>> {
            text.tokens.iter().map(|token| token.characters.clone()).collect()
        };
        let tokens: Vec<_> = texts.iter().map(characters).collect();
        let rows = TokenRows::new(&tagged, &tokens, labels)?;
        Ok(Self { tagged, texts, rows })
    }

    /// The same without the rows of labels that a part of the split lacks, which can't be learned; they
    /// are noted as labels that are too rare.
    ///
    /// # Errors
    /// Fewer than two labels are left, or the texts can't be divided.
    pub fn without_unsplittable(
        mut self,
        options: &TrainingOptions,
    ) -> Result<(Self, Split), TrainError> {
        let mut without = Vec::new();
        loop {
            match check(&self.rows.dataset, options) {
                Err(TrainError::Split(SplitError::MissingLabel { label, .. }))
                    if !without.contains(&label) =>
                {
                    without.push(label);
                    self = Self::new(self.tagged, self.texts, TokenLabels::Trainable(&without))?;
                }
                other => return other.map(|split| (self, split)),
            }
        }
    }

    /// The scores of the entities of the texts that these `rows (n)` of tokens are all tokens of, with the
    /// logits `outputs (n,k)`. A word has the label that is predicted for its first token, or `O` if it
    /// has none.
    pub fn entities(&self, rows: &[usize], outputs: &[f64]) -> EntityScores {
        let TokenRows { dataset, places } = &self.rows;
        let labels = &dataset.labels;
        let mut predicted: Vec<Vec<Option<usize>>> =
            self.texts.iter().map(|text| vec![None; text.tokens.len()]).collect();
        let mut scored = vec![false; self.texts.len()];
        for (&row, logits) in rows.iter().zip(outputs.chunks_exact(labels.len())) {
            let (text, token) = places[row];
            predicted[text][token] = Some(argmax(logits));
            scored[text] = true;
        }
        let (mut actual, mut found) = (Vec::new(), Vec::new());
        for (at, text) in self.texts.iter().enumerate().filter(|(at, _)| scored[*at]) {
            let marked = &self.tagged.marked[at];
            let words: Vec<Range<usize>> = marked.words.clone().unwrap_or_else(|| text.words());
            let label = |token: Option<usize>| {
                let predicted = token.and_then(|token| predicted[at][token]);
                predicted.map_or_else(|| OUTSIDE.to_owned(), |label| labels[label].clone())
            };
            found.push(text.first_tokens(&words).into_iter().map(label).collect());
            actual.push(labels_of(&words, &marked.spans));
        }
        EntityScores::new(&actual, &found)
    }
}
