//! From texts to features: each text once through the encoder, those of like length together, and not
//! at all where a cache has what is wanted of it.

use std::path::Path;
use std::sync::Arc;

use super::cache::{Cache, Pool, Tap};
use super::dataset::{Dataset, Row};
use super::features::Features;
use crate::model::Model;
use crate::model::finish::Finish;
use crate::model::recipe::{Combine, InvalidRecipe, Pooling, Recipe, ResolvedRecipe, Shape};
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

/// Pooled rows of texts, and how they came about.
pub struct Pools {
    taps: Vec<Tap>,
    pools: Vec<Pool>,
    finish: Finish,
    /// Texts that were longer than a sequence.
    pub cut: usize,
    /// Taps that were read from the cache.
    pub cached: usize,
    /// Why pooled rows could not be kept, if they could not.
    pub not_kept: Option<std::io::Error>,
}

impl Pools {
    /// Taps, each a layer and a pooling.
    pub fn taps(&self) -> usize {
        self.taps.len()
    }

    /// The recipe's row of each text. What it reads is among the taps.
    pub fn features(&self, recipe: &ResolvedRecipe) -> Features {
        let of = |tap: &Tap| self.taps.iter().position(|other| other == tap);
        let places: Vec<Vec<usize>> =
            taps_of(recipe).iter().map(|layer| layer.iter().filter_map(of).collect()).collect();
        let texts = self.pools.first().map_or(0, |pool| pool.rows.rows);
        let mut values = Vec::with_capacity(texts * recipe.dimensions);
        for text in 0..texts {
            let row = |at: &usize| self.pools[*at].rows.row(text);
            let rows: Vec<Vec<f32>> =
                places.iter().map(|layer| layer.iter().flat_map(row).copied().collect()).collect();
            let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
            values.extend(self.finish.features(recipe, &rows));
        }
        Features { rows: texts, width: recipe.dimensions, values }
    }
}

/// What a recipe reads, layer by layer: one pooling, or of `mean_max` the two that lie side by side in
/// it, so that neither is computed and kept twice.
fn taps_of(recipe: &ResolvedRecipe) -> Vec<Vec<Tap>> {
    let poolings: &[Pooling] = match &recipe.pooling {
        Pooling::MeanMax => &[Pooling::Mean, Pooling::Max],
        one => std::slice::from_ref(one),
    };
    let of = |&layer: &usize| poolings.iter().map(|&pooling| (layer, pooling)).collect();
    recipe.layers.iter().map(of).collect()
}

/// Why features could not be computed. Lines are those of the file, counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A text that can't be tokenised.
    #[error("line {line}: {error}")]
    Text {
        /// Which.
        line: u64,
        /// Why.
        error: InvalidText,
    },
    /// The tokenizer failed on a text.
    #[error("line {line}: {error}")]
    Tokenize {
        /// Which.
        line: u64,
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
    /// Whatever some recipes read of each text, all from one pass over those texts of which it isn't in
    /// the cache. `done` hears how many texts each step of it took.
    ///
    /// # Errors
    /// A text that can't be tokenised, or a pass that failed.
    pub fn pools(
        &self,
        dataset: &Dataset,
        recipes: &[&ResolvedRecipe],
        done: &mut dyn FnMut(usize),
    ) -> Result<Pools, EncodeError> {
        let texts: Vec<&str> = dataset.rows.iter().map(|row| row.text.as_str()).collect();
        let cache = self.cache.map(|folder| self.cache_of(folder, &texts));
        let mut taps: Vec<Tap> = Vec::new();
        for tap in recipes.iter().flat_map(|recipe| taps_of(recipe)).flatten() {
            if !taps.contains(&tap) {
                taps.push(tap);
            }
        }
        let read = |tap: &Tap| cache.as_ref().and_then(|cache| cache.read(*tap, texts.len()));
        let mut pools: Vec<Option<Pool>> = taps.iter().map(read).collect();
        let cached = pools.iter().flatten().count();
        let missing: Vec<usize> = (0..taps.len()).filter(|&at| pools[at].is_none()).collect();
        let mut not_kept = None;
        if !missing.is_empty() {
            let wanted: Vec<Tap> = missing.iter().map(|&at| taps[at]).collect();
            for (at, pool) in missing.into_iter().zip(self.compute(&dataset.rows, &wanted, done)?) {
                if let Some(cache) = &cache {
                    not_kept = cache.write(taps[at], &pool).err().or(not_kept);
                }
                pools[at] = Some(pool);
            }
        }
        let pools: Vec<Pool> = pools.into_iter().flatten().collect();
        let cut = pools.iter().map(|pool| pool.cut).max().unwrap_or(0);
        Ok(Pools { taps, pools, finish: self.model.finish().clone(), cut, cached, not_kept })
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
        rows: &[Row],
        taps: &[Tap],
        done: &mut dyn FnMut(usize),
    ) -> Result<Vec<Pool>, EncodeError> {
        let asks = taps.iter().map(|tap| self.ask(*tap)).collect::<Result<Vec<Ask>, _>>()?;
        let asks = Arc::new(Asks::new(asks));
        let mut tasks = Vec::with_capacity(rows.len());
        let mut cut = 0;
        for row in rows {
            let (task, truncated) = self.task(row, &asks)?;
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

    fn task(&self, row: &Row, asks: &Arc<Asks>) -> Result<(Task, bool), EncodeError> {
        let line = row.line;
        let text = Text::parse(row.text.clone(), usize::MAX)
            .map_err(|error| EncodeError::Text { line, error })?;
        let input = Input { text, pair: None };
        let encoded = self
            .tokenizer
            .encode(&input, self.sequence_tokens, LongText::Truncate)
            .map_err(|error| EncodeError::Tokenize { line, error })?;
        let truncated = encoded.truncated();
        let sequence = Sequence { ids: encoded.ids, type_ids: encoded.type_ids };
        Ok((Task::whole(sequence, Arc::clone(asks)), truncated))
    }
}
