//! `strata bench`: measures the speed and memory of a checkpoint on this machine, without HTTP.
//!
//! `work` builds passes from a file's texts or from synthetic sequences, `measure` times them,
//! `machine` reads what the system reports, `results` and `report` hold and show the figures.

mod machine;
mod measure;
mod report;
mod results;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use clap::Args;

use super::shared::{
    Failure, ModelFlags, parse_recipe, print, print_json, seconds, show_fetching, whole,
};
use crate::app::{self, Parts, threads};
use crate::config::Config;
use crate::model::encoder::EncoderKind;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::training::{Column, read_texts};
use measure::Stopwatch;
use report::{Encoder, Report};
use work::{Lengths, Texts};

/// The default column of texts.
const TEXT: &str = "text";
/// Allowed seconds per measurement.
const SECONDS: std::ops::RangeInclusive<f64> = 0.01..=3_600.0;
/// Maximum number of sequences in a synthetic pass.
const MAX_BATCH: usize = 4_096;

const EXAMPLES: &str = "\
Examples:
  # The texts of a file, tokenisation included
  strata bench --data data/sentiment.tsv
  # Sequences of three lengths, in bf16
  strata bench --length 16,128,512 --dtype bf16";

/// Measure texts per second, latency and memory, without HTTP.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    #[command(flatten)]
    model: ModelFlags,
    /// File of texts, tokenised and computed in the order of the file: .tsv, .csv, .jsonl or .ndjson.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// With --data: column of the texts, its name (default: text) or its number counted from 1.
    #[arg(long, value_name = "COLUMN")]
    text: Option<Column>,
    /// With --data: use only the first N texts.
    #[arg(long, value_name = "N", value_parser = whole::<usize>)]
    limit: Option<usize>,
    /// Instead of --data: synthetic sequences of N tokens each, at most the checkpoint's positions.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = whole::<usize>)]
    length: Vec<usize>,
    /// With --length: sequences per pass (default: as many as fit into batching.budget_tokens).
    #[arg(long, value_name = "N", value_parser = whole::<usize>)]
    batch: Option<usize>,
    /// What to compute: the name of a recipe, or a recipe as a JSON object (default: embed.recipe).
    #[arg(long, value_name = "RECIPE")]
    recipe: Option<String>,
    /// Seconds per measurement.
    #[arg(long, value_name = "S", default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub fn run(self) -> Result<(), Failure> {
        self.check().map_err(Failure::Unusable)?;
        let config =
            Config::load(&self.model.clone().into_sources()?).map_err(Failure::unusable)?;
        let wanted = parse_recipe(self.recipe.as_deref().unwrap_or(&config.embed.recipe))
            .map_err(Failure::Unusable)?;
        if config.encoder.kind() == EncoderKind::Reference {
            threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        }
        // Texts are tokenised in this pool, even if the encoder computes in another.
        threads::size_pool(config.encoder.threads).map_err(Failure::failed)?;
        let texts = self.texts().map_err(Failure::Unusable)?;
        let parts = app::load_parts(&config, &mut show_fetching()).map_err(Failure::unusable)?;
        self.check_lengths(parts.checkpoint.config.max_tokens).map_err(Failure::Unusable)?;
        let recipe = parts.recipes.resolve(&wanted).map_err(Failure::unusable)?;
        let spec = Arc::new(TaskSpec::new(vec![OutputSpec::Embedding(Arc::clone(&recipe))]));

        let written = self.recipe.clone().unwrap_or_else(|| config.embed.recipe.clone());
        let report = self.measure(&config, &parts, texts, &spec, written);
        let report = report.map_err(Failure::Failed)?;
        if self.json {
            return print_json(&report);
        }
        print(report)
    }

    fn measure(
        &self,
        config: &Config,
        parts: &Parts,
        texts: Vec<String>,
        spec: &Arc<TaskSpec>,
        recipe: String,
    ) -> anyhow::Result<Report> {
        let budget = config.batching.budget_tokens.get();
        let measurements = if self.data.is_some() { 1 } else { self.length.len() };
        let stopwatch = Stopwatch::new(parts, spec, self.seconds, measurements)?;
        let before = machine::peak(&config.encoder)?;
        let mut results = Vec::new();
        if let Some(data) = &self.data {
            let name = data.file_name().unwrap_or_default().to_string_lossy();
            let mut work = Texts::new(parts, spec, texts, budget)?;
            results.push(stopwatch.texts(&name, &mut work)?);
        }
        for &length in &self.length {
            let batch = self.batch.unwrap_or((budget / length).clamp(1, MAX_BATCH));
            results.push(stopwatch.lengths(&Lengths::new(parts, spec, length, batch))?);
        }
        let peak = before.max(machine::peak(&config.encoder)?);
        stopwatch.finish();
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            model: config.model.display().to_string(),
            recipe,
            encoder: Encoder::new(parts.model.encoder(), config.encoder.threads.get()),
            processor: machine::processor(),
            peak_gflops: peak / 1e9,
            memory: machine::memory(),
            results: results.into_iter().map(|result| result.with_peak(peak)).collect(),
        })
    }

    /// The texts of `--data`.
    fn texts(&self) -> anyhow::Result<Vec<String>> {
        let Some(data) = &self.data else {
            return Ok(Vec::new());
        };
        let column = self.text.clone().unwrap_or_else(|| Column::Name(TEXT.to_owned()));
        let mut texts = read_texts(data, &column)?;
        texts.truncate(self.limit.unwrap_or(usize::MAX));
        Ok(texts)
    }

    /// Checks the flags, before anything is read.
    fn check(&self) -> anyhow::Result<()> {
        match (&self.data, self.length.as_slice()) {
            (Some(_), [_, ..]) => bail!("--data and --length exclude each other; give one of them"),
            (None, []) => bail!("nothing to measure: give --data FILE or --length N"),
            (Some(_), []) if self.batch.is_some() => {
                bail!("--batch needs --length; texts fill passes of batching.budget_tokens")
            }
            (None, _) if self.text.is_some() || self.limit.is_some() => {
                bail!("--text and --limit need --data")
            }
            _ => {}
        }
        if self.limit == Some(0) {
            bail!("--limit 0: must be at least 1");
        }
        if let Some(batch) = self.batch.filter(|batch| !(1..=MAX_BATCH).contains(batch)) {
            bail!("--batch {batch}: must be 1 to {MAX_BATCH}");
        }
        if !SECONDS.contains(&self.seconds) {
            let (min, max) = (SECONDS.start(), SECONDS.end());
            bail!("--seconds {}: must be {min} to {max}", self.seconds);
        }
        // The number of positions is not known yet; it is checked later.
        self.check_lengths(usize::MAX).map_err(|_| anyhow!("--length 0: must be at least 1"))
    }

    fn check_lengths(&self, positions: usize) -> anyhow::Result<()> {
        match self.length.iter().find(|length| !(1..=positions).contains(*length)) {
            Some(length) => {
                bail!("--length {length}: must be 1 to {positions}, the checkpoint's positions")
            }
            None => Ok(()),
        }
    }
}
