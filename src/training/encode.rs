//! From texts to features: each text once through the encoder, those of like length together.

use std::sync::Arc;

use super::dataset::Dataset;
use super::features::Features;
use crate::model::Model;
use crate::model::recipe::ResolvedRecipe;
use crate::model::task::{Ask, Asks, Sequence, Task};
use crate::text::{Input, InvalidText, LongText, Text, TokenizeError, Tokenizer};

/// What turns texts into features.
pub struct Extractor<'a> {
    /// The encoder.
    pub model: &'a Model,
    /// Its tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Tokens of a sequence, special tokens included; longer texts are cut.
    pub sequence_tokens: usize,
    /// Tokens of a pass, as the encoder counts them.
    pub budget: usize,
}

/// Why features could not be computed. Rows are counted from 0, in the order of the data.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A text that can't be tokenised.
    #[error("row {row}: {error}")]
    Text {
        /// Which.
        row: usize,
        /// Why.
        error: InvalidText,
    },
    /// The tokenizer failed on a text.
    #[error("row {row}: {error}")]
    Tokenize {
        /// Which.
        row: usize,
        /// Why.
        error: TokenizeError,
    },
    /// The encoder failed.
    #[error(transparent)]
    Encoder(#[from] candle_core::Error),
}

impl Extractor<'_> {
    /// The recipe's row of each text, `(rows, width)`, and how many texts were cut. `done` hears
    /// how many texts each pass took.
    ///
    /// # Errors
    /// A text that can't be tokenised, or a pass that failed.
    pub fn features(
        &self,
        dataset: &Dataset,
        recipe: &Arc<ResolvedRecipe>,
        done: &mut dyn FnMut(usize),
    ) -> Result<(Features, usize), EncodeError> {
        let asks = Arc::new(Asks::new(vec![Ask::Embedding(Arc::clone(recipe))]));
        let mut tasks = Vec::with_capacity(dataset.rows.len());
        let mut cut = 0;
        for (row, text) in dataset.rows.iter().map(|row| &row.text).enumerate() {
            let (task, truncated) = self.task(row, text, &asks)?;
            cut += usize::from(truncated);
            tasks.push(task);
        }
        let mut order: Vec<usize> = (0..tasks.len()).collect();
        order.sort_by_key(|&row| tasks[row].sequence.tokens());
        let width = recipe.dimensions;
        let mut values = vec![0.0; tasks.len() * width];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let lens = rest.iter().map(|&row| tasks[row].sequence.tokens());
            let (pass, later) = rest.split_at(self.model.fit(lens, self.budget));
            let batch: Vec<&Task> = pass.iter().map(|&row| &tasks[row]).collect();
            for (&row, answer) in pass.iter().zip(self.model.forward(&batch)?) {
                values[row * width..(row + 1) * width].copy_from_slice(&answer[0]);
            }
            done(pass.len());
            rest = later;
        }
        Ok((Features { rows: tasks.len(), width, values }, cut))
    }

    fn task(&self, row: usize, text: &str, asks: &Arc<Asks>) -> Result<(Task, bool), EncodeError> {
        let text = Text::parse(text.to_owned(), usize::MAX)
            .map_err(|error| EncodeError::Text { row, error })?;
        let input = Input { text, pair: None };
        let encoded = self
            .tokenizer
            .encode(&input, self.sequence_tokens, LongText::Truncate)
            .map_err(|error| EncodeError::Tokenize { row, error })?;
        let truncated = encoded.truncated();
        let sequence = Sequence { ids: encoded.ids, type_ids: encoded.type_ids };
        Ok((Task::whole(sequence, Arc::clone(asks)), truncated))
    }
}
