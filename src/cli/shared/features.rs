//! Features of a labelled file: its texts through the encoder, or from the cache.

use anyhow::anyhow;

use super::cache_flags::CacheFlags;
use super::data_flags::{Opened, row_reader};
use super::progress::Progress;
use crate::model::recipe::ResolvedRecipe;
use crate::training::{Extractor, PooledFeatures};

/// Computes the pooled layers that the recipes read of every row, in one run through the encoder or
/// from the cache.
pub fn extract(
    opened: &Opened,
    recipes: &[&ResolvedRecipe],
    cache: &CacheFlags,
) -> anyhow::Result<PooledFeatures> {
    let Opened { config, dataset, parts, long_texts } = opened;
    let folder = cache.folder();
    let extractor = Extractor {
        model: &parts.model,
        shape: parts.recipes.shape(),
        fingerprint: &parts.fingerprint,
        reader: row_reader(parts, *long_texts),
        token_budget: config.batching.budget_tokens.get(),
        cache: folder.as_deref(),
    };
    let mut progress = Progress::new("features", dataset.rows.len(), "texts")?;
    let pooled = extractor.extract(dataset, recipes, &mut |texts| progress.add(texts));
    let seconds = progress.finish();
    let file = &dataset.source.file;
    let pooled = pooled.map_err(|error| anyhow!("{file}: {error}"))?;
    let (texts, layers) = (dataset.rows.len(), pooled.pooled_layers);
    let from = match pooled.cached_share {
        0.0 => String::new(),
        cached => format!(", {:.0} % from the cache", 100.0 * cached),
    };
    eprintln!("features: {texts} texts in {seconds:.1} s, {layers} pooled layers{from}");
    if pooled.truncated > 0 {
        let (truncated, tokens) = (pooled.truncated, parts.sequence_tokens);
        eprintln!(
            "{truncated} of {texts} texts were truncated to {tokens} tokens (--long-text window reads all)"
        );
    }
    if let (Some(error), Some(folder)) = (&pooled.cache_error, folder) {
        eprintln!("features could not be cached in {}: {error}", folder.display());
    }
    Ok(pooled)
}
