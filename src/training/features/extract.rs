//! From texts to pooled rows: each text passes through the encoder once, together with texts of
//! similar length, and not at all if the cache has all of its rows.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::cache::{EncoderIdentity, FeatureCache, PooledLayer, PooledRows};
use super::error::FeatureError;
use super::matrix::Features;
use super::passes::Passes;
use super::pooled::{PooledFeatures, Shard, pooled_layers};
use super::reading::RowReader;
use crate::model::Model;
use crate::model::output::Output;
use crate::model::recipe::{Combine, InvalidRecipe, Recipe, ResolvedRecipe, Shape};
use crate::model::task::{OutputSpec, TaskSpec};
use crate::training::data::{Dataset, Row};

/// Turns texts into pooled rows.
pub struct Extractor<'a> {
    /// The model whose encoder computes hidden states.
    pub model: &'a Model,
    /// The encoder's shape.
    pub shape: Shape,
    /// Identifies the encoder's weights, its tokenizer and its length limit.
    pub fingerprint: &'a str,
    /// Turns rows into sequences.
    pub reader: RowReader<'a>,
    /// Most tokens of a pass, counted as the encoder does.
    pub token_budget: usize,
    /// The folder of the cache.
    pub cache: Option<&'a Path>,
}

/// Texts that are encoded, cached and read together. An interrupted run loses at most that many,
/// and with a cache no more are in memory at once. If a file grows at its end, only its last block
/// is encoded anew.
const SHARD_TEXTS: usize = 4096;

impl Extractor<'_> {
    /// The pooled rows that these recipes need, all from one pass over those texts that aren't
    /// cached. `done` is called with the number of texts of each step.
    ///
    /// # Errors
    /// A text that can't be tokenised, or a failed pass.
    pub fn extract(
        &self,
        dataset: &Dataset,
        recipes: &[&ResolvedRecipe],
        done: &mut dyn FnMut(usize),
    ) -> Result<PooledFeatures, FeatureError> {
        let mut layers: Vec<PooledLayer> = Vec::new();
        for layer in recipes.iter().flat_map(|recipe| pooled_layers(recipe)).flatten() {
            if !layers.contains(&layer) {
                layers.push(layer);
            }
        }
        let mut cache_error = None;
        let shards = dataset.rows.chunks(SHARD_TEXTS);
        let shards = shards.map(|rows| self.extract_shard(rows, &layers, done, &mut cache_error));
        let shards = shards.collect::<Result<Vec<Shard>, _>>()?;
        let cached: usize = shards.iter().map(|shard| shard.cached * shard.texts).sum();
        Ok(PooledFeatures {
            truncated: shards.iter().map(|shard| shard.truncated).sum(),
            cached_share: cached as f64 / (layers.len() * dataset.rows.len()) as f64,
            pooled_layers: layers.len(),
            shards,
            output_builder: self.model.output_builder().clone(),
            cache_error,
        })
    }

    fn extract_shard(
        &self,
        rows: &[Row],
        layers: &[PooledLayer],
        done: &mut dyn FnMut(usize),
        cache_error: &mut Option<io::Error>,
    ) -> Result<Shard, FeatureError> {
        let cache = self.cache.map(|folder| self.shard_cache(folder, rows));
        let mut shard = Shard::new(rows.len(), cache);
        let mut missing = Vec::new();
        for &layer in layers {
            match shard.pooled_rows(layer).map(|pooled| pooled.truncated) {
                Some(truncated) => {
                    (shard.truncated, shard.cached) = (truncated, shard.cached + 1);
                }
                None => missing.push(layer),
            }
        }
        if missing.is_empty() {
            done(rows.len());
            return Ok(shard);
        }
        for (&layer, pooled) in missing.iter().zip(self.encode(rows, &missing, done)?) {
            shard.truncated = pooled.truncated;
            match shard.cache.as_ref().map(|cache| cache.write(layer, &pooled)) {
                Some(Ok(())) => continue,
                Some(Err(error)) => *cache_error = Some(error),
                None => {}
            }
            shard.in_memory.push((layer, pooled));
        }
        Ok(shard)
    }

    fn shard_cache(&self, folder: &Path, rows: &[Row]) -> FeatureCache {
        let numerics = self.model.encoder().numerics();
        let encoder = EncoderIdentity { fingerprint: self.fingerprint, numerics };
        FeatureCache::new(folder, encoder, self.reader.long_texts, rows)
    }

    /// The pooled rows of each layer, all from one pass over the texts.
    fn encode(
        &self,
        rows: &[Row],
        layers: &[PooledLayer],
        done: &mut dyn FnMut(usize),
    ) -> Result<Vec<PooledRows>, FeatureError> {
        let outputs = layers.iter().map(|layer| self.output(*layer)).collect::<Result<_, _>>()?;
        let spec = Arc::new(TaskSpec::new(outputs));
        let mut truncated = 0;
        let mut texts = Vec::with_capacity(rows.len());
        for row in rows {
            let windows = self.reader.windows(row)?;
            truncated += usize::from(windows.iter().any(|window| window.encoded.truncated()));
            texts.push(windows);
        }
        let empty = |layer: &PooledLayer| {
            let width = self.shape.hidden * layer.pooling.width_factor();
            let values = vec![0.0; rows.len() * width];
            PooledRows { features: Features { rows: rows.len(), width, values }, truncated }
        };
        let mut pooled: Vec<PooledRows> = layers.iter().map(empty).collect();
        let mut take = |row: usize, output: Output| {
            pooled.iter_mut().zip(output.values).for_each(|(pooled, values)| {
                pooled.features.row_mut(row).copy_from_slice(&values);
            });
        };
        let passes = Passes { model: self.model, token_budget: self.token_budget };
        passes.run(&spec, texts, &mut take, done)?;
        Ok(pooled)
    }

    /// The pooled row of one layer as an output.
    fn output(&self, pooled: PooledLayer) -> Result<OutputSpec, InvalidRecipe> {
        let PooledLayer { layer, pooling } = pooled;
        let (layers, combine) = (vec![layer as i32], Combine::Mean);
        let recipe = Recipe { layers, combine, pooling, ..Recipe::default() };
        Ok(OutputSpec::Embedding(Arc::new(recipe.resolve(self.shape)?)))
    }
}
