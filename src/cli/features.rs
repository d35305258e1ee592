//! What commands over a labelled file share: its texts through the encoder, with a progress bar.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};

use crate::app::Parts;
use crate::config::Config;
use crate::model::recipe::ResolvedRecipe;
use crate::training::encode::Extractor;
use crate::training::{Dataset, Features};

/// Features of every row, once through the encoder; on a terminal with a progress bar.
pub fn extract(
    parts: &Parts,
    config: &Config,
    dataset: &Dataset,
    recipe: &Arc<ResolvedRecipe>,
) -> anyhow::Result<Features> {
    let bar = ProgressBar::new(dataset.rows.len() as u64);
    let form = "features {wide_bar} {pos}/{len} texts, {per_sec}, {eta} to go";
    bar.set_style(ProgressStyle::with_template(form)?);
    let extractor = Extractor {
        model: &parts.model,
        tokenizer: &parts.tokenizer,
        sequence_tokens: parts.sequence_tokens,
        budget: config.batching.budget_tokens.get(),
    };
    let extracted = extractor.features(dataset, recipe, &mut |texts| bar.inc(texts as u64));
    let took = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let (features, cut) = extracted?;
    eprintln!("features: {} texts in {took:.1} s, {} columns", features.rows, features.width);
    if cut > 0 {
        eprintln!("{cut} texts were cut at {} tokens", parts.sequence_tokens);
    }
    Ok(features)
}
