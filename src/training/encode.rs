//! From texts to features: each text once through the encoder, those of like length together, and not
//! at all where a cache has what is wanted of it.

use std::path::Path;
use std::sync::Arc;

use super::cache::{Cache, Pool, Tap};
use super::dataset::Dataset;
use super::features::Features;
use crate::model::Model;
use crate::model::recipe::{Combine, InvalidRecipe, Recipe, ResolvedRecipe, Shape};
use crate::model::task::{Ask, Asks, Sequence, Task};
use crate::text::{Input, InvalidText, LongText, Text, TokenizeError, Tokenizer};

/// What turns texts into features.
pub struct Extractor<'a> {
    /// The encoder.
    pub model: &'a Model,
    /// What recipes need to know of it.
    pub shape: Shape,
    /// What tells its weights, its tokenizer and its limit from others.
    pub fingerprint: &'a str,
    /// Its tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Tokens of a sequence, special tokens included; longer texts are cut.
    pub sequence_tokens: usize,
    /// Tokens of a pass, as the encoder counts them.
    pub budget: usize,
    /// Where pooled rows are kept.
    pub cache: Option<&'a Path>,
}

/// Features, and how they came about.
pub struct Extracted {
    /// `(rows, width)`
    pub features: Features,
    /// Texts that were longer than a sequence.
    pub cut: usize,
    /// Layers that were read from the cache.
    pub cached: usize,
    /// Why pooled rows could not be kept, if they could not.
    pub not_kept: Option<std::io::Error>,
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
    /// A layer that the encoder doesn't have.
    #[error(transparent)]
    Layer(#[from] InvalidRecipe),
}

impl Extractor<'_> {
    /// The recipe's row of each text. `done` hears how many texts each pass took.
    ///
    /// # Errors
    /// A text that can't be tokenised, or a pass that failed.
    pub fn features(
        &self,
        dataset: &Dataset,
        recipe: &ResolvedRecipe,
        done: &mut dyn FnMut(usize),
    ) -> Result<Extracted, EncodeError> {
        let texts: Vec<&str> = dataset.rows.iter().map(|row| row.text.as_str()).collect();
        let cache = self.cache.map(|folder| self.cache_of(folder, &texts));
        let taps: Vec<Tap> = recipe.layers.iter().map(|&layer| (layer, recipe.pooling)).collect();
        let read = |tap: &Tap| cache.as_ref().and_then(|cache| cache.read(*tap, texts.len()));
        let mut pools: Vec<Option<Pool>> = taps.iter().map(read).collect();
        let cached = pools.iter().flatten().count();
        let missing: Vec<usize> = (0..taps.len()).filter(|&at| pools[at].is_none()).collect();
        let mut not_kept = None;
        if !missing.is_empty() {
            let wanted: Vec<Tap> = missing.iter().map(|&at| taps[at]).collect();
            for (at, pool) in missing.into_iter().zip(self.compute(&texts, &wanted, done)?) {
                if let Some(cache) = &cache {
                    not_kept = cache.write(taps[at], &pool).err().or(not_kept);
                }
                pools[at] = Some(pool);
            }
        }
        let pools: Vec<Pool> = pools.into_iter().flatten().collect();
        let mut values = Vec::with_capacity(texts.len() * recipe.dimensions);
        for text in 0..texts.len() {
            let rows: Vec<&[f32]> = pools.iter().map(|pool| pool.rows.row(text)).collect();
            values.extend(self.model.finish().features(recipe, &rows));
        }
        let features = Features { rows: texts.len(), width: recipe.dimensions, values };
        let cut = pools.iter().map(|pool| pool.cut).max().unwrap_or(0);
        Ok(Extracted { features, cut, cached, not_kept })
    }

    fn cache_of(&self, folder: &Path, texts: &[&str]) -> Cache {
        let encoder = self.model.encoder();
        let (name, dtype, set) = (encoder.name(), encoder.dtype(), encoder.instruction_set());
        let of = [self.fingerprint, name, dtype, set, env!("CARGO_PKG_VERSION")];
        Cache::of(folder, &of, texts.iter().copied())
    }

    /// The rows of each tap, all from one pass over the texts.
    fn compute(
        &self,
        texts: &[&str],
        taps: &[Tap],
        done: &mut dyn FnMut(usize),
    ) -> Result<Vec<Pool>, EncodeError> {
        let asks = taps.iter().map(|tap| self.ask(*tap)).collect::<Result<Vec<Ask>, _>>()?;
        let asks = Arc::new(Asks::new(asks));
        let mut tasks = Vec::with_capacity(texts.len());
        let mut cut = 0;
        for (row, text) in texts.iter().enumerate() {
            let (task, truncated) = self.task(row, text, &asks)?;
            cut += usize::from(truncated);
            tasks.push(task);
        }
        let mut order: Vec<usize> = (0..tasks.len()).collect();
        order.sort_by_key(|&row| tasks[row].sequence.tokens());
        let pool = |(_, pooling): &Tap| {
            let width = self.shape.hidden * pooling.width_factor();
            let values = vec![0.0; tasks.len() * width];
            Pool { rows: Features { rows: tasks.len(), width, values }, cut }
        };
        let mut pools: Vec<Pool> = taps.iter().map(pool).collect();
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let lens = rest.iter().map(|&row| tasks[row].sequence.tokens());
            let (pass, later) = rest.split_at(self.model.fit(lens, self.budget));
            let batch: Vec<&Task> = pass.iter().map(|&row| &tasks[row]).collect();
            for (&row, answer) in pass.iter().zip(self.model.forward(&batch)?) {
                for (Pool { rows, .. }, values) in pools.iter_mut().zip(answer) {
                    rows.values[row * rows.width..][..rows.width].copy_from_slice(&values);
                }
            }
            done(pass.len());
            rest = later;
        }
        Ok(pools)
    }

    /// A tap's pooled row as it is.
    fn ask(&self, (layer, pooling): Tap) -> Result<Ask, InvalidRecipe> {
        let (layers, combine) = (vec![layer as i32], Combine::Mean);
        let recipe = Recipe { layers, combine, pooling, ..Recipe::default() };
        Ok(Ask::Embedding(Arc::new(recipe.resolve(self.shape)?)))
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
