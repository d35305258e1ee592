//! `strata train`: from a labelled file to a head's folder.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::features::{CacheFlags, FileFlags, extract};
use super::{Failure, ModelFlags, recipe_of};
use crate::app::{self, threads};
use crate::config::Config;
use crate::model::head::{Descriptor, check_name};
use crate::model::recipe::RecipeRef;
use crate::training::{
    ClassWeights, Dataset, Settings, Split, Stage, Trained, save_features, train,
};

/// Train a head on a labelled file.
#[derive(Debug, Args)]
pub struct Train {
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    cache: CacheFlags,
    #[command(flatten)]
    file: FileFlags,
    /// The features: a recipe's name, or a recipe object as JSON.
    #[arg(long, value_name = "RECIPE", default_value = "last-four-concat")]
    recipe: String,
    /// Where the head goes; its last part is the head's name.
    #[arg(long, value_name = "DIR/NAME")]
    out: PathBuf,
    /// What the validation part is drawn with.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What the rows of a label count: each the same, or all of one label as much as all of another.
    #[arg(long, value_name = "HOW", default_value = "none")]
    class_weights: ClassWeights,
    /// Cross-validate all rows in so many parts besides, 2 to 100; 0 for not at all.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = folds)]
    folds: usize,
    /// Also write features, labels and parts to this safetensors file, for other programs.
    #[arg(long, value_name = "FILE")]
    save_features: Option<PathBuf>,
}

fn folds(written: &str) -> Result<usize, String> {
    let number = written.parse().ok().filter(|number| *number == 0 || (2..=100).contains(number));
    number.ok_or_else(|| "it must be a number from 2 to 100, or 0".to_owned())
}

impl Train {
    pub fn run(self) -> Result<(), Failure> {
        let name = self.name().map_err(Failure::Unusable)?;
        let wanted = recipe_of(&self.recipe).map_err(Failure::Unusable)?;
        let config = Config::load(&self.model.into_sources()?).map_err(Failure::unusable)?;
        // Whatever the encoder: candle fits the head.
        threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        let dataset = Dataset::read(&self.file.data, &self.file.text, &self.file.label);
        let dataset = dataset.map_err(Failure::unusable)?;
        let parts = app::parts(&config).map_err(Failure::unusable)?;
        let recipe = parts.recipes.resolve(&wanted).map_err(Failure::unusable)?;
        eprintln!("{}: {} rows, labels {}", name, dataset.rows.len(), dataset.labels.join(", "));

        let features =
            extract(&parts, &config, &dataset, &recipe, &self.cache).map_err(Failure::Failed)?;
        let settings = Settings {
            seed: self.seed,
            class_weights: self.class_weights,
            folds: Some(self.folds).filter(|&folds| folds > 0),
            ..Settings::default()
        };
        if let Some(file) = &self.save_features {
            let split = Split::of(&dataset, self.seed).map_err(Failure::unusable)?;
            save_features(file, &features, &dataset, &split).map_err(Failure::failed)?;
        }
        let trained =
            train(&dataset, &features, &settings, &mut report).map_err(Failure::unusable)?;
        println!("{}", trained.report);
        let written = parts.recipes.written_out(&wanted).map_err(Failure::unusable)?;
        save(&self.out, &dataset, written, &parts.fingerprint, &trained)
            .map_err(Failure::Failed)?;
        println!("head \"{name}\" written to {}", self.out.display());
        Ok(())
    }

    fn name(&self) -> anyhow::Result<String> {
        let name = self.out.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        check_name(name).map_err(|message| anyhow!("--out {}: {message}", self.out.display()))?;
        Ok(name.to_owned())
    }
}

fn report(stage: Stage<'_>) {
    match stage {
        Stage::Tried(trial) => eprintln!(
            "C = {}: validation accuracy {:.2} %, log loss {:.4}",
            trial.strength,
            100.0 * trial.accuracy,
            trial.log_loss
        ),
        Stage::Folded(fold) => eprintln!("fold {fold} done"),
        Stage::Refitting { strength } => eprintln!("fitting all training rows with C = {strength}"),
    }
}

fn save(
    out: &Path,
    dataset: &Dataset,
    recipe: RecipeRef,
    fingerprint: &str,
    trained: &Trained,
) -> anyhow::Result<()> {
    let descriptor = Descriptor {
        temperature: trained.report.calibration.temperature as f32,
        training: Some(serde_json::to_value(&trained.report)?),
        ..Descriptor::choosing_one(dataset.labels.clone(), recipe, fingerprint.to_owned())
    };
    descriptor.save(out, &trained.weights, &trained.bias)?;
    Ok(())
}
