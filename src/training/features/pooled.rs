//! Pooled rows of all texts of a file, from which the features of several recipes are combined.

use std::borrow::Cow;
use std::io;

use super::cache::{FeatureCache, PooledLayer, PooledRows};
use super::error::FeatureError;
use super::matrix::Features;
use crate::model::output::OutputBuilder;
use crate::model::recipe::{Pooling, ResolvedRecipe};

/// Pooled rows of all texts, on disk or in memory.
pub struct PooledFeatures {
    pub(super) shards: Vec<Shard>,
    pub(super) output_builder: OutputBuilder,
    /// How many pairs of a layer and a pooling there are.
    pub pooled_layers: usize,
    /// Texts that were longer than a sequence and were truncated.
    pub truncated: usize,
    /// The share of pooled rows that were in the cache.
    pub cached_share: f64,
    /// Why pooled rows could not be written to the cache.
    pub cache_error: Option<io::Error>,
}

/// A block of texts that are encoded and cached together.
pub(super) struct Shard {
    pub texts: usize,
    pub truncated: usize,
    /// Pooled layers that were already in the cache.
    pub cached: usize,
    pub cache: Option<FeatureCache>,
    /// Pooled rows that aren't in the cache.
    pub in_memory: Vec<(PooledLayer, PooledRows)>,
}

impl Shard {
    pub fn new(texts: usize, cache: Option<FeatureCache>) -> Self {
        Self { texts, truncated: 0, cached: 0, cache, in_memory: Vec::new() }
    }

    pub fn pooled_rows(&self, layer: PooledLayer) -> Option<Cow<'_, PooledRows>> {
        if let Some((_, pooled)) = self.in_memory.iter().find(|(other, _)| *other == layer) {
            return Some(Cow::Borrowed(pooled));
        }
        self.cache.as_ref()?.read(layer, self.texts).map(Cow::Owned)
    }
}

impl PooledFeatures {
    /// The features of a recipe, one of those for which rows were pooled.
    ///
    /// # Errors
    /// The cache has been cleared since, or the recipe is another.
    pub fn features(&self, recipe: &ResolvedRecipe) -> Result<Features, FeatureError> {
        let texts = self.shards.iter().map(|shard| shard.texts).sum();
        let mut values = Vec::with_capacity(texts * recipe.dimensions);
        for shard in &self.shards {
            let layers = pooled_layers(recipe).into_iter().map(|poolings| {
                let rows = poolings.into_iter().map(|layer| shard.pooled_rows(layer));
                rows.collect::<Option<Vec<_>>>()
            });
            let layers = layers.collect::<Option<Vec<_>>>().ok_or(FeatureError::CacheChanged)?;
            for text in 0..shard.texts {
                let row = |pooled: &Cow<'_, PooledRows>| pooled.features.row(text).to_vec();
                let rows: Vec<Vec<f32>> =
                    layers.iter().map(|poolings| poolings.iter().flat_map(row).collect()).collect();
                let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
                values.extend(self.output_builder.features(recipe, &rows));
            }
        }
        Ok(Features { rows: texts, width: recipe.dimensions, values })
    }
}

/// The pooled rows that a recipe needs, by layer, all layers of one pooling after those of the one
/// before. `mean_max` needs two, mean and max, so that rows that another recipe needs alone aren't
/// computed and kept twice. Texts have no prompt here, so none is left out.
pub(super) fn pooled_layers(recipe: &ResolvedRecipe) -> Vec<Vec<PooledLayer>> {
    let parts = |&pooling: &Pooling| match pooling {
        Pooling::MeanMax => vec![Pooling::Mean, Pooling::Max],
        other => vec![other],
    };
    let by_layer = |poolings: Vec<Pooling>| {
        let at = move |&layer: &usize| {
            poolings.iter().map(|&pooling| PooledLayer { layer, pooling }).collect()
        };
        recipe.layers.iter().map(at)
    };
    recipe.pooling.as_slice().iter().map(parts).flat_map(by_layer).collect()
}
