//! Pooled rows of a file's texts, from which any recipe over them is combined.

use std::borrow::Cow;

use super::cache::{Cache, Pool, Tap};
use super::error::EncodeError;
use super::matrix::Features;
use crate::model::output::OutputBuilder;
use crate::model::recipe::{Pooling, ResolvedRecipe};

/// Pooled rows of texts, in the cache or in memory, and how they came about.
pub struct Pools {
    pub(super) shards: Vec<Shard>,
    pub(super) output_builder: OutputBuilder,
    /// Layers with a pooling.
    pub taps: usize,
    /// Texts that were longer than a sequence.
    pub cut: usize,
    /// The share of pooled rows that were in the cache.
    pub cached: f64,
    /// Why pooled rows could not be kept, if they could not.
    pub not_kept: Option<std::io::Error>,
}

/// Some of the texts, those that are kept together.
pub(super) struct Shard {
    pub texts: usize,
    pub cut: usize,
    /// Taps that were in the cache before.
    pub cached: usize,
    pub cache: Option<Cache>,
    /// What isn't in the cache.
    pub here: Vec<(Tap, Pool)>,
}

impl Shard {
    pub fn new(texts: usize, cache: Option<Cache>) -> Self {
        Self { texts, cut: 0, cached: 0, cache, here: Vec::new() }
    }

    pub fn pool(&self, tap: Tap) -> Option<Cow<'_, Pool>> {
        if let Some((_, pool)) = self.here.iter().find(|(other, _)| *other == tap) {
            return Some(Cow::Borrowed(pool));
        }
        self.cache.as_ref()?.read(tap, self.texts).map(Cow::Owned)
    }
}

impl Pools {
    /// The recipe's row of each text. It is one of those that the pools are for.
    ///
    /// # Errors
    /// The cache has been cleared since, or the recipe is another.
    pub fn features(&self, recipe: &ResolvedRecipe) -> Result<Features, EncodeError> {
        let texts = self.shards.iter().map(|shard| shard.texts).sum();
        let mut values = Vec::with_capacity(texts * recipe.dimensions);
        for shard in &self.shards {
            let layers = taps_of(recipe).into_iter().map(|layer| {
                layer.into_iter().map(|tap| shard.pool(tap)).collect::<Option<Vec<_>>>()
            });
            let layers = layers.collect::<Option<Vec<_>>>().ok_or(EncodeError::Gone)?;
            for text in 0..shard.texts {
                let row = |pool: &Cow<'_, Pool>| pool.rows.row(text).to_vec();
                let rows: Vec<Vec<f32>> =
                    layers.iter().map(|layer| layer.iter().flat_map(row).collect()).collect();
                let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
                values.extend(self.output_builder.features(recipe, &rows));
            }
        }
        Ok(Features { rows: texts, width: recipe.dimensions, values })
    }
}

/// What a recipe reads, layer by layer: one pooling, or of `mean_max` the two that lie side by side in
/// it, so that neither is computed and kept twice.
pub(super) fn taps_of(recipe: &ResolvedRecipe) -> Vec<Vec<Tap>> {
    let poolings: &[Pooling] = match &recipe.pooling {
        Pooling::MeanMax => &[Pooling::Mean, Pooling::Max],
        one => std::slice::from_ref(one),
    };
    let of = |&layer: &usize| poolings.iter().map(|&pooling| (layer, pooling)).collect();
    recipe.layers.iter().map(of).collect()
}
