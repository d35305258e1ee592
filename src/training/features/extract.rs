//! From texts to features: each text once through the encoder, those of like length together, and not
//! at all where a cache has what is wanted of it.

use std::path::Path;
use std::sync::Arc;

use super::cache::{Cache, Pool, Tap};
use super::error::EncodeError;
use super::matrix::Features;
use super::pooled::{Pools, Shard, taps_of};
use crate::model::Model;
use crate::model::recipe::{Combine, InvalidRecipe, Recipe, ResolvedRecipe, Shape};
use crate::model::task::{OutputSpec, TaskSpec};
use crate::sequence::Sequence;
use crate::text::{Input, LongText, Text, Tokenizer};
use crate::training::data::{Dataset, Row};

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

/// Texts that are encoded, kept and read together: what is lost if a run is cut off and, with a cache,
/// what is in memory at once. Of a file that grows at its end those in the last of these are encoded anew.
const SHARD: usize = 4096;

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
        let mut taps: Vec<Tap> = Vec::new();
        for tap in recipes.iter().flat_map(|recipe| taps_of(recipe)).flatten() {
            if !taps.contains(&tap) {
                taps.push(tap);
            }
        }
        let mut not_kept = None;
        let shards = dataset.rows.chunks(SHARD);
        let shards = shards.map(|rows| self.shard(rows, &taps, done, &mut not_kept));
        let shards = shards.collect::<Result<Vec<Shard>, _>>()?;
        let cached: usize = shards.iter().map(|shard| shard.cached * shard.texts).sum();
        Ok(Pools {
            cut: shards.iter().map(|shard| shard.cut).sum(),
            cached: cached as f64 / (taps.len() * dataset.rows.len()) as f64,
            taps: taps.len(),
            shards,
            output_builder: self.model.output_builder().clone(),
            not_kept,
        })
    }

    fn shard(
        &self,
        rows: &[Row],
        taps: &[Tap],
        done: &mut dyn FnMut(usize),
        not_kept: &mut Option<std::io::Error>,
    ) -> Result<Shard, EncodeError> {
        let cache = self.cache.map(|folder| self.cache_of(folder, rows));
        let mut shard = Shard::new(rows.len(), cache);
        let mut missing = Vec::new();
        for &tap in taps {
            match shard.pool(tap) {
                Some(pool) => (shard.cut, shard.cached) = (pool.cut, shard.cached + 1),
                None => missing.push(tap),
            }
        }
        if missing.is_empty() {
            done(rows.len());
            return Ok(shard);
        }
        for (&tap, pool) in missing.iter().zip(self.compute(rows, &missing, done)?) {
            shard.cut = pool.cut;
            match shard.cache.as_ref().map(|cache| cache.write(tap, &pool)) {
                Some(Ok(())) => continue,
                Some(Err(error)) => *not_kept = Some(error),
                None => {}
            }
            shard.here.push((tap, pool));
        }
        Ok(shard)
    }

    fn cache_of(&self, folder: &Path, rows: &[Row]) -> Cache {
        let encoder = self.model.encoder();
        let (name, dtype, set) = (encoder.name(), encoder.dtype(), encoder.instruction_set());
        let of = [self.fingerprint, name, dtype, set, env!("CARGO_PKG_VERSION")];
        Cache::of(folder, &of, rows.iter().map(|row| row.text.as_str()))
    }

    /// The rows of each tap, all from one pass over the texts.
    fn compute(
        &self,
        rows: &[Row],
        taps: &[Tap],
        done: &mut dyn FnMut(usize),
    ) -> Result<Vec<Pool>, EncodeError> {
        let outputs = taps.iter().map(|tap| self.output(*tap)).collect::<Result<_, _>>()?;
        let spec = TaskSpec::new(outputs);
        let mut sequences = Vec::with_capacity(rows.len());
        let mut cut = 0;
        for row in rows {
            let (sequence, truncated) = self.tokenize(row)?;
            cut += usize::from(truncated);
            sequences.push(sequence);
        }
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&row| sequences[row].tokens());
        let pool = |(_, pooling): &Tap| {
            let width = self.shape.hidden * pooling.width_factor();
            let values = vec![0.0; sequences.len() * width];
            Pool { rows: Features { rows: sequences.len(), width, values }, cut }
        };
        let mut pools: Vec<Pool> = taps.iter().map(pool).collect();
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let lens = rest.iter().map(|&row| sequences[row].tokens());
            let (pass, later) = rest.split_at(self.model.sequences_per_pass(lens, self.budget));
            let batch: Vec<&Sequence> = pass.iter().map(|&row| &sequences[row]).collect();
            for (&row, output) in pass.iter().zip(self.model.forward_whole(&batch, &spec)?) {
                for (Pool { rows, .. }, values) in pools.iter_mut().zip(output.values) {
                    rows.values[row * rows.width..][..rows.width].copy_from_slice(&values);
                }
            }
            done(pass.len());
            rest = later;
        }
        Ok(pools)
    }

    /// A tap's pooled row as it is.
    fn output(&self, (layer, pooling): Tap) -> Result<OutputSpec, InvalidRecipe> {
        let (layers, combine) = (vec![layer as i32], Combine::Mean);
        let recipe = Recipe { layers, combine, pooling, ..Recipe::default() };
        Ok(OutputSpec::Embedding(Arc::new(recipe.resolve(self.shape)?)))
    }

    fn tokenize(&self, row: &Row) -> Result<(Sequence, bool), EncodeError> {
        let line = row.line;
        let text = Text::parse(row.text.clone(), usize::MAX)
            .map_err(|error| EncodeError::Text { line, error })?;
        let input = Input { text, pair: None };
        let encoded = self
            .tokenizer
            .encode(&input, self.sequence_tokens, LongText::Truncate)
            .map_err(|error| EncodeError::Tokenize { line, error })?;
        let truncated = encoded.truncated();
        Ok((encoded.sequence, truncated))
    }
}
