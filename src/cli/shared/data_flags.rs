//! Flags that name a labelled file, and reading it.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::cache_flags::CacheFlags;
use super::failure::Failure;
use super::fetching::show_fetching;
use super::model_flags::ModelFlags;
use crate::app::{self, Parts, threads};
use crate::config::Config;
use crate::model::checkpoint::ProblemType;
use crate::training::{
    Column, Dataset, KnownLabels, Layout, LongTexts, RowReader, SeenTokens, parse_delimiter,
};

/// Flags that name a labelled file and its columns.
#[derive(Clone, Debug, Args)]
pub struct FileFlags {
    /// Labelled file: .tsv, .csv, .jsonl or .ndjson. With entities: .conll and the like, with a word and
    /// its tag per line, or .jsonl or .ndjson, with spans.
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Column of the texts: its name, or its number counted from 1; name:0 is the column called 0.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: Column,
    /// Column of second texts, for a head that classifies pairs.
    #[arg(long, value_name = "COLUMN")]
    pub pair: Option<Column>,
    /// Column of the labels: its name, or its number counted from 1.
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub label: Column,
    /// Column that says which rows belong together, such as an author: rows with the same value are all
    /// held out or none of them, and in one fold.
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<Column>,
    /// Separator between the labels of one row, in tables with several labels per row.
    #[arg(long, value_name = "TEXT", default_value = ",", value_parser = NonEmptyStringValueParser::new())]
    pub label_separator: String,
    /// Separator between the columns of a table: one character, or tab [default: a tab in TSV; in CSV
    /// the comma, semicolon, tab or | by which the file has the columns]
    #[arg(long, value_name = "CHARACTER", value_parser = parse_delimiter)]
    pub delimiter: Option<char>,
}

/// The flag for texts that are longer than a sequence.
#[derive(Clone, Copy, Debug, Args)]
pub struct LongTextFlags {
    /// Texts with more tokens than the model reads at once: truncate them, or read them in overlapping
    /// windows, as "long_text" does in a request.
    #[arg(long, value_name = "HOW")]
    long_text: Option<LongTextName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LongTextName {
    Truncate,
    Window,
}

impl LongTextFlags {
    /// What the flag says, if it is given.
    pub fn long_texts(self) -> Option<LongTexts> {
        Some(match self.long_text? {
            LongTextName::Truncate => LongTexts::Truncate,
            LongTextName::Window => LongTexts::Window,
        })
    }
}

/// The flag for the problem type.
#[derive(Clone, Debug, Args)]
struct ProblemFlags {
    /// Type of the labels: one label per row, any number of labels per row, a number, or entities in
    /// texts [default: multi-label if labels are JSON lists, otherwise single-label]
    #[arg(long, value_name = "TYPE")]
    problem_type: Option<ProblemName>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProblemName {
    SingleLabel,
    MultiLabel,
    Regression,
    Token,
}

impl ProblemFlags {
    fn problem_type(&self) -> Option<ProblemType> {
        Some(match self.problem_type? {
            ProblemName::SingleLabel => ProblemType::SingleLabelClassification,
            ProblemName::MultiLabel => ProblemType::MultiLabelClassification,
            ProblemName::Regression => ProblemType::Regression,
            ProblemName::Token => ProblemType::TokenClassification,
        })
    }
}

impl FileFlags {
    /// What to read from the file.
    pub fn layout(&self, problem_type: Option<ProblemType>) -> Layout {
        Layout {
            pair: self.pair.clone(),
            group: self.group.clone(),
            problem_type,
            separator: self.label_separator.clone(),
            delimiter: self.delimiter,
            ..Layout::new(self.text.clone(), self.label.clone())
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
    long_text: LongTextFlags,
    #[command(flatten)]
    problem: ProblemFlags,
}

/// A labelled file, and the model that will read it.
pub struct Opened {
    pub config: Config,
    pub dataset: Dataset,
    pub parts: Parts,
    pub long_texts: LongTexts,
}

impl TrainingFlags {
    /// Whether the labels are those of entities.
    pub fn classifies_tokens(&self) -> bool {
        self.problem.problem_type() == Some(ProblemType::TokenClassification)
    }

    /// Loads the configuration and the checkpoint.
    pub fn load_parts(&self) -> Result<(Config, Parts), Failure> {
        let config =
            Config::load(&self.model.clone().into_sources()?).map_err(Failure::unusable)?;
        // With every encoder, since candle fits the layers.
        threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        let parts = app::load_parts(&config, &mut show_fetching()).map_err(Failure::unusable)?;
        Ok((config, parts))
    }

    /// What happens to long texts, if a flag says it.
    pub fn long_texts(&self) -> Option<LongTexts> {
        self.long_text.long_texts()
    }

    /// Loads the configuration, the checkpoint and the labelled file. `test` is a file of held-out
    /// rows; without it, some of the rows are held out.
    pub fn open(&self, test: Option<&Path>) -> Result<Opened, Failure> {
        let (config, parts) = self.load_parts()?;
        check_takes_pairs(&parts, &self.file)?;
        let long_texts = self.long_text.long_texts().unwrap_or_default();
        let reader = row_reader(&parts, long_texts);
        let seen: &SeenTokens<'_> = &|text, pair| reader.seen(text, pair);
        let layout = self.file.layout(self.problem.problem_type());
        let layout = Layout { hold_out: test.is_none(), ..layout };
        let mut dataset =
            Dataset::read(&self.file.data, &layout, seen).map_err(Failure::unusable)?;
        if let Some(test) = test {
            let layout = Layout { problem_type: Some(dataset.problem_type()), ..layout };
            let labels = KnownLabels { labels: &dataset.labels, scores_others: true };
            let rows = Dataset::read_for_head(test, &layout, labels, seen);
            dataset = dataset.with_test(rows.map_err(Failure::unusable)?, seen);
        }
        Ok(Opened { config, dataset, parts, long_texts })
    }
}

/// Fails if pairs are wanted and the model reads none.
pub fn check_takes_pairs(parts: &Parts, file: &FileFlags) -> Result<(), Failure> {
    let takes_pairs = parts.tokenizer.takes_pairs(parts.checkpoint.config.token_types);
    match &file.pair {
        Some(column) if !takes_pairs => Err(Failure::Unusable(anyhow!(
            "--pair {column}: the model doesn't read pairs of texts; leave it out"
        ))),
        _ => Ok(()),
    }
}

/// Turns rows into the sequences of the model.
pub fn row_reader(parts: &Parts, long_texts: LongTexts) -> RowReader<'_> {
    let Parts { tokenizer, sequence_tokens, .. } = parts;
    RowReader { tokenizer, sequence_tokens: *sequence_tokens, long_texts }
}

/// Prints what is unusual about a file.
pub fn print_notes(dataset: &Dataset) {
    dataset.notes.iter().for_each(|note| eprintln!("{}: {note}", dataset.source.file));
}
