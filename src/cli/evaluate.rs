//! `strata evaluate`: scores a head on a labelled file.

use std::fmt::Display;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::shared::{
    CacheFlags, Failure, FileFlags, LongTextFlags, Marked, ModelFlags, Opened, check_long_texts,
    check_takes_pairs, extract, print, print_json, print_notes, row_reader, show_fetching,
    token_features,
};
use crate::app::{self, Parts};
use crate::config::Config;
use crate::model::checkpoint::ProblemType;
use crate::model::head::{Head, OutputActivation};
use crate::training::{
    Dataset, EntityScores, Features, KnownLabels, ScoredRows, SeenTokens, TaggingEvaluation,
    TokenLabels, TrainingInput, evaluate, is_token_label,
};

const EXAMPLES: &str = "\
Examples:
  # A shipped head, on the rows that training has not seen; fails below 0.78
  strata evaluate --head sentiment --data data/sentiment.tsv --held-out \\
    --min-accuracy 0.78
  # Your own head, as JSON
  strata evaluate --head heads/stars --data reviews.csv --text body \\
    --label stars --json";

/// Score a head on a labelled file.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Evaluate {
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    cache: CacheFlags,
    /// Name or folder of the head.
    #[arg(long, value_name = "NAME|DIR")]
    head: String,
    /// Additional folder of head folders, for --head with a name; may be repeated.
    #[arg(long, value_name = "DIR")]
    heads: Vec<PathBuf>,
    #[command(flatten)]
    file: FileFlags,
    #[command(flatten)]
    long_text: LongTextFlags,
    /// Score only the rows that training holds out.
    #[arg(long)]
    held_out: bool,
    /// Leave out labels that the head doesn't have, and with one label per row also their rows.
    /// Otherwise these rows count as wrong.
    #[arg(long)]
    known_labels_only: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Exit with 1 if the accuracy, from 0 to 1, is below this. With several labels per row, accuracy
    /// is the share of rows with all labels right; with entities, that of words.
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    min_accuracy: Option<f64>,
}

fn parse_share(written: &str) -> Result<f64, String> {
    let number = written.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "it must be a number from 0 to 1, such as 0.8".to_owned())
}

impl Evaluate {
    pub fn run(self) -> Result<(), Failure> {
        let mut sources = self.model.clone().into_sources()?;
        sources.flags.heads.clone_from(&self.heads);
        let config = Config::load(&sources).map_err(Failure::unusable)?;
        let parts = app::load_parts(&config, &mut show_fetching()).map_err(Failure::unusable)?;
        let head = app::load_head(&parts, &config, &self.head).map_err(Failure::unusable)?;
        self.check_can_be_scored(&head).map_err(Failure::Unusable)?;
        check_takes_pairs(&parts, &self.file)?;
        let trained = training_input(&head);
        self.check_columns(&trained).map_err(Failure::Unusable)?;
        if head.tagger().is_some() {
            return self.run_on_tokens(&config, &parts, &head);
        }
        let long_texts = self.long_text.long_texts().unwrap_or(trained.long_texts);
        let reader = row_reader(&parts, long_texts);
        let dataset =
            self.read(&head, &|text, pair| reader.seen(text, pair)).map_err(Failure::Unusable)?;
        let opened = Opened { config, dataset, parts, long_texts };
        let Opened { dataset, parts, .. } = &opened;
        let recipe = parts.recipes.resolve(&head.descriptor().recipe).map_err(Failure::unusable)?;
        let pooled = extract(&opened, &[&recipe], &self.cache).map_err(Failure::Failed)?;
        let features = pooled.features(&recipe).map_err(Failure::failed)?;
        check_finite(&features, dataset)?;
        let rows = ScoredRows { held_out: self.held_out, truncated: pooled.truncated };
        let found = evaluate(&head, &features, dataset, rows);
        self.print(&found)?;
        // Without an accuracy, the minimum was refused before.
        let accuracy = found.assessment.scores.accuracy().unwrap_or(1.0);
        self.check_accuracy(accuracy, &found.correct_rows())
    }

    /// Scores a head that classifies tokens.
    fn run_on_tokens(&self, config: &Config, parts: &Parts, head: &Head) -> Result<(), Failure> {
        check_long_texts(self.long_text.long_texts())?;
        let marked = Marked { parts, file: &self.file, test: None };
        let mut tagged = marked.read()?;
        if self.held_out {
            tagged = tagged.held_out();
        }
        self.check_rows(head, &tagged.texts).map_err(Failure::Unusable)?;
        let data = marked.tokenise(tagged, TokenLabels::Known(&head.descriptor().labels))?;
        print_notes(&data.rows.dataset);
        let features =
            token_features(config, parts, &data, head.recipe()).map_err(Failure::Failed)?;
        check_finite(&features, &data.rows.dataset)?;
        let scored = ScoredRows { held_out: self.held_out, truncated: 0 };
        let found = TaggingEvaluation::new(head, &data, &features, scored);
        self.print(&found)?;
        let EntityScores { accuracy, words, .. } = found.entities;
        self.check_accuracy(accuracy, &format!("of {words} words"))
    }

    fn print<T: Serialize + Display>(&self, found: &T) -> Result<(), Failure> {
        match self.json {
            true => print_json(found),
            false => print(format_args!("{found}\n")),
        }
    }

    /// Reads the rows to score.
    fn read(&self, head: &Head, seen: &SeenTokens<'_>) -> anyhow::Result<Dataset> {
        let descriptor = head.descriptor();
        let layout = self.file.layout(Some(descriptor.problem_type));
        let labels =
            KnownLabels { labels: &descriptor.labels, scores_others: !self.known_labels_only };
        let mut dataset = Dataset::read_for_head(&self.file.data, &layout, labels, seen)?;
        print_notes(&dataset);
        if self.held_out {
            dataset = dataset.held_out();
        }
        self.check_rows(head, &dataset)?;
        Ok(dataset)
    }

    /// Fails if there are no rows, and says if the head was trained on them.
    fn check_rows(&self, head: &Head, dataset: &Dataset) -> anyhow::Result<()> {
        if dataset.rows.is_empty() {
            let file = self.file.data.display();
            anyhow::bail!(
                "{file}: none of its rows is held out; leave out --held-out, or give more rows"
            );
        }
        if !self.held_out && was_trained_on(head, &dataset.source.sha256) {
            eprintln!(
                "{} was trained on this file; --held-out scores only the rows that it was not trained on",
                head.name()
            );
        }
        Ok(())
    }

    /// Fails if the head was trained with columns that the flags don't name.
    fn check_columns(&self, trained: &TrainingInput) -> anyhow::Result<()> {
        if let (Some(pair), None) = (&trained.pair, &self.file.pair) {
            anyhow::bail!(
                "the head was trained on pairs; name the column of second texts, such as --pair {pair}"
            );
        }
        // Without the groups, other rows would be held out.
        match (&trained.group, &self.file.group) {
            (Some(group), None) if self.held_out => Err(anyhow!(
                "the head was trained with groups, which decide what is held out; name their column, such \
                 as --group {group}"
            )),
            _ => Ok(()),
        }
    }

    /// Fails if there are no scores for this kind of head.
    fn check_can_be_scored(&self, head: &Head) -> anyhow::Result<()> {
        let (name, descriptor) = (head.name(), head.descriptor());
        let several = descriptor.labels.len() > 1;
        let wanted = match descriptor.problem_type {
            ProblemType::SingleLabelClassification => (OutputActivation::Softmax, several),
            ProblemType::MultiLabelClassification => (OutputActivation::Sigmoid, true),
            ProblemType::Regression => (OutputActivation::None, !several),
            ProblemType::TokenClassification => (OutputActivation::Softmax, true),
        };
        anyhow::ensure!(
            wanted == (descriptor.activation, true),
            "head \"{name}\" can't be scored; a head must choose one of several labels by softmax, any \
             number of labels by sigmoid, or predict one number without an activation"
        );
        let other = descriptor.labels.iter().find(|label| !is_token_label(label));
        if let (ProblemType::TokenClassification, Some(other)) = (descriptor.problem_type, other) {
            anyhow::bail!(
                "head \"{name}\" can't be scored: its label \"{other}\" is neither O nor B- or I- with a name"
            );
        }
        anyhow::ensure!(
            !self.known_labels_only || descriptor.problem_type != ProblemType::TokenClassification,
            "--known-labels-only: head \"{name}\" classifies tokens, and entities with other labels count \
             as not found; leave it out"
        );
        anyhow::ensure!(
            self.min_accuracy.is_none() || descriptor.problem_type != ProblemType::Regression,
            "--min-accuracy needs a head with labels; head \"{name}\" predicts a number; leave it out"
        );
        Ok(())
    }

    /// Fails if the accuracy is below `--min-accuracy`; `counts` says how many are right.
    fn check_accuracy(&self, accuracy: f64, counts: &str) -> Result<(), Failure> {
        match self.min_accuracy {
            Some(minimum) if accuracy < minimum => Err(Failure::Failed(anyhow!(
                "the accuracy is {accuracy:.4} ({counts}), below --min-accuracy {minimum}"
            ))),
            _ => Ok(()),
        }
    }
}

/// Fails if a feature is not a finite number.
fn check_finite(features: &Features, dataset: &Dataset) -> Result<(), Failure> {
    let Some((row, column)) = features.first_non_finite() else { return Ok(()) };
    let line = dataset.rows[row].line;
    Err(Failure::Failed(anyhow!(
        "the text on line {line}: feature {column} is not a finite number; try --dtype f32, or leave the text out"
    )))
}

/// How the rows were read that a head was trained on, as far as its description says.
fn training_input(head: &Head) -> TrainingInput {
    let training = head.descriptor().training.clone().unwrap_or_default();
    serde_json::from_value(training).unwrap_or_default()
}

/// Whether the head was trained on a file with this SHA-256.
fn was_trained_on(head: &Head, sha256: &str) -> bool {
    let training = head.descriptor().training.as_ref();
    training.and_then(|report| report["data"]["sha256"].as_str()).is_some_and(|sum| sum == sha256)
}
