//! Flags that name a labelled file, and reading it.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::features::CacheFlags;
use super::model_flags::ModelFlags;
use crate::app::{self, Parts, threads};
use crate::config::Config;
use crate::model::checkpoint::ProblemType;
use crate::training::{Column, Dataset, Layout};

/// Flags that name a labelled file and its columns.
#[derive(Clone, Debug, Args)]
pub struct FileFlags {
    /// Labelled file: .tsv, .csv, .jsonl or .ndjson.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Column of the texts: its name, or its number counted from 1.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: Column,
    /// Column of the labels: its name, or its number counted from 1.
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub label: Column,
    /// Separator between the labels of one row, in tables with several labels per row.
    #[arg(long, value_name = "TEXT", default_value = ",", value_parser = NonEmptyStringValueParser::new())]
    pub label_separator: String,
}

/// The flag for the problem type.
#[derive(Clone, Debug, Args)]
struct ProblemFlags {
    /// Type of the labels: one label per row, any number of labels per row, or a number
    /// [default: multi-label if labels are JSON lists, otherwise single-label]
    #[arg(long, value_name = "TYPE")]
    problem_type: Option<ProblemName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProblemName {
    SingleLabel,
    MultiLabel,
    Regression,
}

impl ProblemFlags {
    fn problem_type(&self) -> Option<ProblemType> {
        Some(match self.problem_type? {
            ProblemName::SingleLabel => ProblemType::SingleLabelClassification,
            ProblemName::MultiLabel => ProblemType::MultiLabelClassification,
            ProblemName::Regression => ProblemType::Regression,
        })
    }
}

impl FileFlags {
    /// What to read from the file.
    pub fn layout(&self, problem_type: Option<ProblemType>) -> Layout {
        Layout {
            text: self.text.clone(),
            label: self.label.clone(),
            problem_type,
            separator: self.label_separator.clone(),
        }
    }
}

/// Flags of the commands that fit layers to a labelled file.
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
    /// Loads the configuration, the labelled file and the checkpoint.
    pub fn open(&self) -> Result<(Config, Dataset, Parts), Failure> {
        let config =
            Config::load(&self.model.clone().into_sources()?).map_err(Failure::unusable)?;
        // With every encoder, since candle fits the layers.
        threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        let layout = self.file.layout(self.problem.problem_type());
        let dataset = Dataset::read(&self.file.data, &layout).map_err(Failure::unusable)?;
        let parts = app::load_parts(&config).map_err(Failure::unusable)?;
        Ok((config, dataset, parts))
    }
}

/// Prints what is unusual about a file.
pub fn print_notes(dataset: &Dataset) {
    dataset.notes.iter().for_each(|note| eprintln!("{}: {note}", dataset.source.file));
}
