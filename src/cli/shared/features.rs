//! Features of a labelled file: its texts through the encoder, or from the cache.

use std::env;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::Parts;
use crate::config::Config;
use crate::model::recipe::ResolvedRecipe;
use crate::training::{Dataset, Extractor, PooledFeatures};

/// Flags for the cache of features.
#[derive(Clone, Debug, Args)]
pub struct CacheFlags {
    /// Folder that caches pooled layers, so that a second run does not need the encoder
    /// [default: strata/features in $XDG_CACHE_HOME, or in ~/.cache]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Do not use the cache.
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
}

impl CacheFlags {
    fn folder(&self) -> Option<PathBuf> {
        if self.no_cache {
            return None;
        }
        let named = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let user = || named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
        self.cache.clone().or_else(|| Some(user()?.join("strata/features")))
    }
}

/// Computes the pooled layers that the recipes read of every text, in one run through the encoder or
/// from the cache, with a progress bar on a terminal.
pub fn extract(
    parts: &Parts,
    config: &Config,
    dataset: &Dataset,
    recipes: &[&ResolvedRecipe],
    cache: &CacheFlags,
) -> anyhow::Result<PooledFeatures> {
    let bar = ProgressBar::new(dataset.rows.len() as u64);
    let template = "features {wide_bar} {pos}/{len} texts, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template)?);
    let folder = cache.folder();
    let extractor = Extractor {
        model: &parts.model,
        shape: parts.recipes.shape(),
        fingerprint: &parts.fingerprint,
        tokenizer: &parts.tokenizer,
        sequence_tokens: parts.sequence_tokens,
        token_budget: config.batching.budget_tokens.get(),
        cache: folder.as_deref(),
    };
    let pooled = extractor.extract(dataset, recipes, &mut |texts| bar.inc(texts as u64));
    let seconds = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let file = &dataset.source.file;
    let pooled = pooled.map_err(|error| anyhow!("{file}: {error}"))?;
    let (texts, layers) = (dataset.rows.len(), pooled.pooled_layers);
    let from = match pooled.cached_share {
        0.0 => String::new(),
        cached => format!(", {:.0} % from the cache", 100.0 * cached),
    };
    eprintln!("features: {texts} texts in {seconds:.1} s, {layers} pooled layers{from}");
    if pooled.truncated > 0 {
        eprintln!("{} texts were truncated to {} tokens", pooled.truncated, parts.sequence_tokens);
    }
    if let (Some(error), Some(folder)) = (&pooled.cache_error, folder) {
        eprintln!("features could not be cached in {}: {error}", folder.display());
    }
    Ok(pooled)
}
