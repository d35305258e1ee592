//! `strata bench`: what this machine makes of a checkpoint, in process and without HTTP, for whoever
//! sizes one.
//!
//! `work` makes passes of a file's texts or of synthetic lengths, `measure` times them, `machine`
//! reads what the system says, `report` shows it all.

mod machine;
mod measure;
mod report;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use clap::Args;

use super::{Failure, ModelFlags, recipe_of};
use crate::app::{self, Parts, threads};
use crate::config::Config;
use crate::model::encoder::EncoderKind;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::training::{Column, read_texts};
use measure::Bench as Measuring;
use report::{Encoder, Report};
use work::{Lengths, Texts};

const TEXT: &str = "text";
/// Seconds of one measurement.
const SECONDS: std::ops::RangeInclusive<f64> = 0.01..=3_600.0;
/// Sequences of a synthetic pass.
const MOST_IN_A_PASS: usize = 4_096;

/// Measure texts a second, latency and memory, in process.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(flatten)]
    model: ModelFlags,
    /// A file of texts, tokenised and computed in its order: .tsv, .csv, .jsonl or .ndjson.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// With --data, the column of texts by its name (default: text) or its number, counted from 1.
    #[arg(long, value_name = "COLUMN")]
    text: Option<Column>,
    /// With --data, only the first so many texts.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Synthetic sequences of so many tokens, up to the position table, in place of --data.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    length: Vec<usize>,
    /// With --length, sequences of a pass (default: as many as batching.budget_tokens holds).
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// What is computed: a recipe's name or object (default: embed.recipe).
    #[arg(long, value_name = "RECIPE")]
    recipe: Option<String>,
    /// Seconds that each measurement takes.
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    seconds: f64,
    /// Print JSON in place of a table.
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub fn run(self) -> Result<(), Failure> {
        self.check().map_err(Failure::Unusable)?;
        let config =
            Config::load(&self.model.clone().into_sources()?).map_err(Failure::unusable)?;
        let wanted = recipe_of(self.recipe.as_deref().unwrap_or(&config.embed.recipe))
            .map_err(Failure::Unusable)?;
        if config.encoder.kind() == EncoderKind::Reference {
            threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        }
        // Texts are tokenised in this pool, whatever the encoder computes in.
        threads::size_pool(config.encoder.threads).map_err(Failure::failed)?;
        let texts = self.texts().map_err(Failure::Unusable)?;
        let parts = app::parts(&config).map_err(Failure::unusable)?;
        self.check_lengths(parts.checkpoint.config.positions).map_err(Failure::Unusable)?;
        let recipe = parts.recipes.resolve(&wanted).map_err(Failure::unusable)?;
        let spec = Arc::new(TaskSpec::new(vec![OutputSpec::Embedding(Arc::clone(&recipe))]));

        let written = self.recipe.clone().unwrap_or_else(|| config.embed.recipe.clone());
        let report = self.measure(&config, &parts, texts, &spec, written);
        let report = report.map_err(Failure::Failed)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report).map_err(Failure::failed)?);
        } else {
            print!("{report}");
        }
        Ok(())
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
        let works = if self.data.is_some() { 1 } else { self.length.len() };
        let bench = Measuring::new(parts, spec, self.seconds, works)?;
        let before = machine::peak(&config.encoder);
        let mut results = Vec::new();
        if let Some(data) = &self.data {
            let name = data.file_name().unwrap_or_default().to_string_lossy();
            let mut work = Texts::new(parts, spec, texts, budget)?;
            results.push(bench.texts(&name, &mut work)?);
        }
        for &length in &self.length {
            let batch = self.batch.unwrap_or((budget / length).clamp(1, MOST_IN_A_PASS));
            results.push(bench.lengths(&Lengths::new(parts, spec, length, batch))?);
        }
        let peak = before.max(machine::peak(&config.encoder));
        bench.finish();
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            model: config.model.display().to_string(),
            recipe,
            encoder: Encoder::of(parts.model.encoder(), config.encoder.threads.get()),
            processor: machine::processor(),
            peak_gflops: peak / 1e9,
            memory: machine::memory(),
            results: results.into_iter().map(|result| result.under(peak)).collect(),
        })
    }

    fn texts(&self) -> anyhow::Result<Vec<String>> {
        let Some(data) = &self.data else {
            return Ok(Vec::new());
        };
        let column = self.text.clone().unwrap_or_else(|| Column::Name(TEXT.to_owned()));
        let mut texts = read_texts(data, &column)?;
        texts.truncate(self.limit.unwrap_or(usize::MAX));
        Ok(texts)
    }

    /// What can be said before anything is read.
    fn check(&self) -> anyhow::Result<()> {
        match (&self.data, self.length.as_slice()) {
            (Some(_), [_, ..]) => bail!("--data and --length can't be had at once; give one"),
            (None, []) => bail!("nothing to measure: give --data FILE or --length N"),
            (Some(_), []) if self.batch.is_some() => {
                bail!("--batch goes with --length; texts fill passes of batching.budget_tokens")
            }
            (None, _) if self.text.is_some() || self.limit.is_some() => {
                bail!("--text and --limit go with --data")
            }
            _ => {}
        }
        if self.limit == Some(0) {
            bail!("--limit 0: must be at least 1");
        }
        if let Some(batch) = self.batch.filter(|batch| !(1..=MOST_IN_A_PASS).contains(batch)) {
            bail!("--batch {batch}: must be 1 to {MOST_IN_A_PASS}");
        }
        if !SECONDS.contains(&self.seconds) {
            let (least, most) = (SECONDS.start(), SECONDS.end());
            bail!("--seconds {}: must be {least} to {most}", self.seconds);
        }
        // Whatever the position table has, it isn't this.
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
