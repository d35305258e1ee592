//! `strata evaluate`: scores a head on a labelled file.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::shared::{
    CacheFlags, Failure, FileFlags, ModelFlags, extract, print, print_json, print_notes,
};
use crate::app;
use crate::config::Config;
use crate::model::checkpoint::ProblemType;
use crate::model::head::{Head, OutputActivation};
use crate::training::{Dataset, Evaluation, evaluate, is_held_out};

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
    /// Score only the rows that training holds out.
    #[arg(long)]
    held_out: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Exit with 1 if the accuracy, from 0 to 1, is below this. With several labels per row, accuracy
    /// is the share of rows with all labels right.
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
        let parts = app::load_parts(&config).map_err(Failure::unusable)?;
        let head = app::load_head(&parts, &config, &self.head).map_err(Failure::unusable)?;
        check_can_be_scored(&head).map_err(Failure::Unusable)?;
        let descriptor = head.descriptor();
        if self.min_accuracy.is_some() && descriptor.problem_type == ProblemType::Regression {
            let error = anyhow!(
                "--min-accuracy needs a head with labels; head \"{}\" predicts a number; leave it out",
                head.name()
            );
            return Err(Failure::Unusable(error));
        }
        let layout = self.file.layout(Some(descriptor.problem_type));
        let dataset = Dataset::read_for_head(&self.file.data, &layout, &descriptor.labels);
        let mut dataset = dataset.map_err(Failure::unusable)?;
        print_notes(&dataset);
        if self.held_out {
            let held_out = |row: &usize| is_held_out(&dataset.rows[*row].text);
            let rows: Vec<usize> = (0..dataset.rows.len()).filter(held_out).collect();
            dataset = dataset.select(&rows);
        }
        if dataset.rows.is_empty() {
            let file = self.file.data.display();
            return Err(Failure::Unusable(anyhow!(
                "{file}: none of its rows is held out; leave out --held-out, or give more rows"
            )));
        }
        if !self.held_out && was_trained_on(&head, &dataset.source.sha256) {
            eprintln!(
                "{} was trained on this file; --held-out scores only the rows that it was not trained on",
                head.name()
            );
        }
        let recipe = parts.recipes.resolve(&head.descriptor().recipe).map_err(Failure::unusable)?;
        let pooled =
            extract(&parts, &config, &dataset, &[&recipe], &self.cache).map_err(Failure::Failed)?;
        let features = pooled.features(&recipe).map_err(Failure::failed)?;
        if let Some((row, column)) = features.first_non_finite() {
            let line = dataset.rows[row].line;
            let error = anyhow!(
                "the text on line {line}: feature {column} is not a finite number; try --dtype f32, or leave the text out"
            );
            return Err(Failure::Failed(error));
        }
        let found = evaluate(&head, &features, &dataset, self.held_out);
        if self.json {
            print_json(&found)?;
        } else {
            print(format_args!("{found}\n"))?;
        }
        self.check_accuracy(&found)
    }

    /// Fails if the accuracy is below `--min-accuracy`.
    fn check_accuracy(&self, found: &Evaluation) -> Result<(), Failure> {
        let Some(minimum) = self.min_accuracy else { return Ok(()) };
        match found.scores.accuracy() {
            Some(accuracy) if accuracy >= minimum => Ok(()),
            Some(accuracy) => Err(Failure::Failed(anyhow!(
                "the accuracy is {accuracy:.4}, below --min-accuracy {minimum}"
            ))),
            // Refused before scoring.
            None => Ok(()),
        }
    }
}

/// Fails if there are no scores for this kind of head.
fn check_can_be_scored(head: &Head) -> anyhow::Result<()> {
    let descriptor = head.descriptor();
    let several = descriptor.labels.len() > 1;
    let wanted = match descriptor.problem_type {
        ProblemType::SingleLabelClassification => (OutputActivation::Softmax, several),
        ProblemType::MultiLabelClassification => (OutputActivation::Sigmoid, true),
        ProblemType::Regression => (OutputActivation::None, !several),
    };
    if wanted == (descriptor.activation, true) {
        return Ok(());
    }
    Err(anyhow!(
        "head \"{}\" can't be scored; a head must choose one of several labels by softmax, any \
         number of labels by sigmoid, or predict one number without an activation",
        head.name()
    ))
}

/// Whether the head was trained on a file with this SHA-256.
fn was_trained_on(head: &Head, sha256: &str) -> bool {
    let training = head.descriptor().training.as_ref();
    training.and_then(|report| report["data"]["sha256"].as_str()).is_some_and(|sum| sum == sha256)
}
