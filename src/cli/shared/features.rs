//! What commands over a labelled file share: its texts through the encoder, with a progress bar, or from
//! the cache.

use std::env;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::{self, Failure, Parts, threads};
use crate::cli::ModelFlags;
use crate::config::Config;
use crate::model::checkpoint::ProblemType;
use crate::model::recipe::ResolvedRecipe;
use crate::training::{Column, Dataset, Extractor, Layout, Pools};

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
    /// What stands between the labels of a field of a table, where several may hold.
    #[arg(long, value_name = "TEXT", default_value = ",", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub label_separator: String,
}

/// What the labels are.
#[derive(Clone, Debug, Args)]
struct ProblemFlags {
    /// What the labels are: one a row, any number of them, or a number to be learnt
    /// [default: any number where JSON has lists, else one]
    #[arg(long, value_name = "TYPE")]
    problem_type: Option<Problem>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Problem {
    SingleLabel,
    MultiLabel,
    Regression,
}

impl ProblemFlags {
    fn problem_type(&self) -> Option<ProblemType> {
        Some(match self.problem_type? {
            Problem::SingleLabel => ProblemType::SingleLabelClassification,
            Problem::MultiLabel => ProblemType::MultiLabelClassification,
            Problem::Regression => ProblemType::Regression,
        })
    }
}

impl FileFlags {
    /// What is read of the file.
    pub fn layout(&self, problem_type: Option<ProblemType>) -> Layout {
        Layout {
            text: self.text.clone(),
            label: self.label.clone(),
            problem_type,
            separator: self.label_separator.clone(),
        }
    }
}

/// What fits layers to a labelled file is given.
#[derive(Clone, Debug, Args)]
pub struct TrainingFlags {
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    pub cache: CacheFlags,
    #[command(flatten)]
    pub file: FileFlags,
    #[command(flatten)]
    problem: ProblemFlags,
}

impl TrainingFlags {
    /// The configuration, the file, and the checkpoint.
    pub fn open(&self) -> Result<(Config, Dataset, Parts), Failure> {
        let config =
            Config::load(&self.model.clone().into_sources()?).map_err(Failure::unusable)?;
        // Whatever the encoder: candle fits the layers.
        threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        let layout = self.file.layout(self.problem.problem_type());
        let dataset = Dataset::read(&self.file.data, &layout).map_err(Failure::unusable)?;
        let parts = app::parts(&config).map_err(Failure::unusable)?;
        Ok((config, dataset, parts))
    }
}

/// Says what is odd about a file.
pub fn tell(dataset: &Dataset) {
    dataset.notes.iter().for_each(|note| eprintln!("{}: {note}", dataset.source.file));
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

/// What recipes read of every row, once through the encoder; on a terminal with a progress bar.
pub fn extract(
    parts: &Parts,
    config: &Config,
    dataset: &Dataset,
    recipes: &[&ResolvedRecipe],
    cache: &CacheFlags,
) -> anyhow::Result<Pools> {
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
    let pools = extractor.pools(dataset, recipes, &mut |texts| bar.inc(texts as u64));
    let took = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let pools = pools?;
    let (texts, taps) = (dataset.rows.len(), pools.taps);
    let from = match pools.cached {
        0.0 => String::new(),
        cached => format!(", {:.0} % from the cache", 100.0 * cached),
    };
    eprintln!("features: {texts} texts in {took:.1} s, {taps} pooled layers{from}");
    if pools.cut > 0 {
        eprintln!("{} texts were cut at {} tokens", pools.cut, parts.sequence_tokens);
    }
    if let (Some(error), Some(folder)) = (&pools.not_kept, folder) {
        eprintln!("features could not be kept in {}: {error}", folder.display());
    }
    Ok(pools)
}
