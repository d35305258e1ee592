//! `strata evaluate`: how good a head is on a labelled file.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::shared::features::{CacheFlags, FileFlags, extract, tell};
use super::{Failure, ModelFlags};
use crate::app;
use crate::config::Config;
use crate::model::checkpoint::ProblemType;
use crate::model::head::{Head, OutputActivation};
use crate::training::{Dataset, Evaluation, evaluate, is_held_out};

/// Score a head on a labelled file.
#[derive(Debug, Args)]
pub struct Evaluate {
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    cache: CacheFlags,
    /// The head: its name, or its folder.
    #[arg(long, value_name = "NAME|DIR")]
    head: String,
    /// A folder of more head folders to find the name in; may be repeated.
    #[arg(long, value_name = "DIR")]
    heads: Vec<PathBuf>,
    #[command(flatten)]
    file: FileFlags,
    /// Score the rows alone that training holds out.
    #[arg(long)]
    held_out: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Exit with 1 if the accuracy, from 0 to 1, is below this; of several labels the share of rows of
    /// which all are right.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    min_accuracy: Option<f64>,
}

fn share(written: &str) -> Result<f64, String> {
    let number = written.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "it must be a number from 0 to 1, such as 0.8".to_owned())
}

impl Evaluate {
    pub fn run(self) -> Result<(), Failure> {
        let mut sources = self.model.clone().into_sources()?;
        sources.flags.heads.clone_from(&self.heads);
        let config = Config::load(&sources).map_err(Failure::unusable)?;
        let parts = app::parts(&config).map_err(Failure::unusable)?;
        let head = app::head(&parts, &config, &self.head).map_err(Failure::unusable)?;
        can_be_scored(&head).map_err(Failure::Unusable)?;
        let of = head.descriptor();
        if self.min_accuracy.is_some() && of.problem_type == ProblemType::Regression {
            let error =
                anyhow!("--min-accuracy goes with labels; head \"{}\" gives numbers", head.name());
            return Err(Failure::Unusable(error));
        }
        let layout = self.file.layout(Some(of.problem_type));
        let dataset = Dataset::read_as(&self.file.data, &layout, &of.labels);
        let mut dataset = dataset.map_err(Failure::unusable)?;
        tell(&dataset);
        if self.held_out {
            let held_out = |row: &usize| is_held_out(&dataset.rows[*row].text);
            let rows: Vec<usize> = (0..dataset.rows.len()).filter(held_out).collect();
            dataset = dataset.of(&rows);
        }
        if dataset.rows.is_empty() {
            let file = self.file.data.display();
            return Err(Failure::Unusable(anyhow!("{file}: no row is held out, of all there are")));
        }
        if !self.held_out && was_trained_on(&head, &dataset.source.sha256) {
            eprintln!(
                "{} was trained on this file; --held-out scores the rows that it has not seen",
                head.name()
            );
        }
        let recipe = parts.recipes.resolve(&head.descriptor().recipe).map_err(Failure::unusable)?;
        let pools =
            extract(&parts, &config, &dataset, &[&recipe], &self.cache).map_err(Failure::Failed)?;
        let features = pools.features(&recipe).map_err(Failure::failed)?;
        if let Some((row, column)) = features.not_finite() {
            let line = dataset.rows[row].line;
            let error = anyhow!("the text on line {line}: feature {column} is not a finite number");
            return Err(Failure::Failed(error));
        }
        let found = evaluate(&head, &features, &dataset, self.held_out);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&found).map_err(Failure::failed)?);
        } else {
            println!("{found}");
        }
        self.judge(&found)
    }

    fn judge(&self, found: &Evaluation) -> Result<(), Failure> {
        let Some(least) = self.min_accuracy else { return Ok(()) };
        match found.scores.accuracy() {
            Some(accuracy) if accuracy >= least => Ok(()),
            Some(accuracy) => Err(Failure::Failed(anyhow!(
                "the accuracy is {accuracy:.4}, below --min-accuracy {least}"
            ))),
            // Refused before anything was scored.
            None => Ok(()),
        }
    }
}

/// Whether there are scores for what it says.
fn can_be_scored(head: &Head) -> anyhow::Result<()> {
    let of = head.descriptor();
    let several = of.labels.len() > 1;
    let wanted = match of.problem_type {
        ProblemType::SingleLabelClassification => (OutputActivation::Softmax, several),
        ProblemType::MultiLabelClassification => (OutputActivation::Sigmoid, true),
        ProblemType::Regression => (OutputActivation::None, !several),
    };
    if wanted == (of.activation, true) {
        return Ok(());
    }
    Err(anyhow!(
        "head \"{}\" can't be scored: those can that choose one of several labels by softmax, name \
         any number of labels by sigmoid, or give one number without an activation",
        head.name()
    ))
}

/// Whether its description says that it was trained on a file with that sum.
fn was_trained_on(head: &Head, sha256: &str) -> bool {
    let training = head.descriptor().training.as_ref();
    training.and_then(|of| of["data"]["sha256"].as_str()).is_some_and(|sum| sum == sha256)
}
