//! What commands over a labelled file share: its texts through the encoder, with a progress bar, or from
//! the cache.

use std::env;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::Parts;
use crate::config::Config;
use crate::model::recipe::ResolvedRecipe;
use crate::training::encode::{Extracted, Extractor};
use crate::training::{Column, Dataset, Features};

/// Which rows.
#[derive(Clone, Debug, Args)]
pub struct FileFlags {
    /// The labelled file: .tsv, .csv, .jsonl or .ndjson.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The column of texts, by its name or its number, counted from 1.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: Column,
    /// The column of labels, by its name or its number, counted from 1.
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub label: Column,
}

/// Where features are kept from one run to the next.
#[derive(Clone, Debug, Args)]
pub struct CacheFlags {
    /// Where each layer's pooled rows are kept, so that a second run needs no encoder
    /// [default: strata/features in XDG_CACHE_HOME, or in .cache at home]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Keep none, and use none.
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

/// Features of every row, once through the encoder; on a terminal with a progress bar.
pub fn extract(
    parts: &Parts,
    config: &Config,
    dataset: &Dataset,
    recipe: &ResolvedRecipe,
    cache: &CacheFlags,
) -> anyhow::Result<Features> {
    let bar = ProgressBar::new(dataset.rows.len() as u64);
    let form = "features {wide_bar} {pos}/{len} texts, {per_sec}, {eta} to go";
    bar.set_style(ProgressStyle::with_template(form)?);
    let folder = cache.folder();
    let extractor = Extractor {
        model: &parts.model,
        shape: parts.recipes.shape(),
        fingerprint: &parts.fingerprint,
        tokenizer: &parts.tokenizer,
        sequence_tokens: parts.sequence_tokens,
        budget: config.batching.budget_tokens.get(),
        cache: folder.as_deref(),
    };
    let extracted = extractor.features(dataset, recipe, &mut |texts| bar.inc(texts as u64));
    let took = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let Extracted { features, cut, cached, not_kept } = extracted?;
    let from = match cached {
        0 => String::new(),
        cached => format!(", {cached} of {} layers from the cache", recipe.layers.len()),
    };
    let Features { rows, width, .. } = &features;
    eprintln!("features: {rows} texts in {took:.1} s, {width} columns{from}");
    if cut > 0 {
        eprintln!("{cut} texts were cut at {} tokens", parts.sequence_tokens);
    }
    if let (Some(error), Some(folder)) = (not_kept, folder) {
        eprintln!("features could not be kept in {}: {error}", folder.display());
    }
    Ok(features)
}
