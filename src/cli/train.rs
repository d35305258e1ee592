//! `strata train`: trains a head on a labelled file and writes its folder.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::shared::{
    Failure, FitFlags, LONG_TEXTS, Marked, Opened, TrainingFlags, check_long_texts, extract,
    parse_recipe, print, print_notes, token_features, try_file, try_folder, whole, write_report,
};
use crate::app::Parts;
use crate::model::checkpoint::ProblemType;
use crate::model::head::{Descriptor, HeadFiles, check_name};
use crate::model::recipe::RecipeRef;
use crate::training::{
    Column, Dataset, EncoderIdentity, Epoch, Features, LongTexts, ResolvedMethod, Split, Stage,
    TokenLabels, TrainedHead, TrainingInput, TrainingOptions, TrainingRecipe, Trial, check,
    save_features, train, train_tagger,
};

const EXAMPLES: &str = "\
Examples:
  # A head for `strata serve --heads heads`
  strata train --data data/sentiment.tsv --out heads/tone
  # Several labels per row, a hidden layer, a recipe of your own, and a report
  strata train --data data/facets.tsv --problem-type multi-label --hidden 256 \\
    --recipe '{\"layers\": [-1, -2], \"combine\": \"concat\"}' \\
    --report facets.html --out heads/facets
  # Entities in texts, for /tag
  strata train --data train.conll --test test.conll --problem-type token \\
    --out heads/ner";

/// Train a head on a labelled file.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Train {
    #[command(flatten)]
    training: TrainingFlags,
    /// Features: the name of a recipe, or a recipe as a JSON object. If it combines by "weighted" and
    /// has no weights, the weights are learned.
    #[arg(long, value_name = "RECIPE", default_value = "last-four-concat")]
    recipe: String,
    /// Folder to write; its last part is the name of the head.
    #[arg(long, value_name = "DIR/NAME")]
    out: PathBuf,
    /// Labelled file to score the head on, with the columns of --data. No row of --data is held out
    /// then.
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// Seed for choosing the validation rows and for the initial weights of hidden layers.
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>)]
    seed: u64,
    #[command(flatten)]
    fit: FitFlags,
    /// Also cross-validate on all rows with this number of folds, 2 to 100; 0 for no cross-validation.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = parse_folds)]
    folds: usize,
    /// Also write an HTML report. It quotes texts.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Also write features, labels and splits to this safetensors file, for other programs.
    #[arg(long, value_name = "FILE")]
    save_features: Option<PathBuf>,
}

fn parse_folds(written: &str) -> Result<usize, String> {
    let number = written.parse().ok().filter(|number| *number == 0 || (2..=100).contains(number));
    number.ok_or_else(|| "it must be a number from 2 to 100, or 0".to_owned())
}

/// A trained head, and what it was trained on.
struct Finished<'a> {
    name: &'a str,
    parts: &'a Parts,
    candidate: &'a TrainingRecipe,
    problem_type: ProblemType,
    dataset: &'a Dataset,
    trained: TrainedHead,
}

impl Train {
    pub fn run(self) -> Result<(), Failure> {
        let name = self.name().map_err(Failure::Unusable)?;
        let wanted = parse_recipe(&self.recipe).map_err(Failure::Unusable)?;
        self.try_outputs().map_err(Failure::Unusable)?;
        if self.training.classifies_tokens() {
            return self.run_on_tokens(&name, &wanted);
        }
        let opened = self.training.open(self.test.as_deref())?;
        let Opened { dataset, parts, .. } = &opened;
        let candidate = candidate(&wanted, parts)?;
        eprintln!("{}: {} rows, labels {}", name, dataset.rows.len(), dataset.labels.join(", "));
        print_notes(dataset);
        let options = self.options(&candidate);
        // Checked before the encoder starts, since encoding takes long.
        let split = check(dataset, &options).map_err(Failure::unusable)?;

        let recipe = &candidate.features;
        let pooled = extract(&opened, &[recipe], &self.training.cache).map_err(Failure::Failed)?;
        let features = pooled.features(recipe).map_err(Failure::failed)?;
        self.save_features(&features, dataset, &split, parts)?;
        let mut trained = train(dataset, &features, &options, &mut print_stage)?;
        trained.report.input = self.input(opened.long_texts, pooled.truncated);
        let (candidate, problem_type) = (&candidate, dataset.problem_type());
        self.finish(Finished { name: &name, parts, candidate, problem_type, dataset, trained })
    }

    /// Trains a head that classifies tokens.
    fn run_on_tokens(&self, name: &str, wanted: &RecipeRef) -> Result<(), Failure> {
        let (config, parts) = self.training.load_parts()?;
        let candidate = candidate(wanted, &parts)?;
        let recipe = &candidate.features;
        recipe
            .check_for_tokens()
            .map_err(|error| Failure::Unusable(anyhow!("--recipe: {}: {error}", error.field)))?;
        check_long_texts(self.training.long_texts())?;
        let (file, test) = (&self.training.file, self.test.as_deref());
        let marked = Marked { parts: &parts, file, test };
        let data = marked.tokenise(marked.read()?, TokenLabels::Trainable(&[]))?;
        let options = self.options(&candidate);
        let (data, split) = data.without_unsplittable(&options).map_err(Failure::unusable)?;
        let dataset = &data.rows.dataset;
        let (texts, tokens) = (data.texts.len(), dataset.rows.len());
        eprintln!("{name}: {texts} texts, {tokens} tokens, labels {}", dataset.labels.join(", "));
        print_notes(dataset);
        let features = token_features(&config, &parts, &data, recipe).map_err(Failure::Failed)?;
        self.save_features(&features, dataset, &split, &parts)?;
        let mut trained = train_tagger(&data, &features, &options, &mut print_stage)?;
        trained.report.input = self.input(LONG_TEXTS, 0);
        let (parts, candidate) = (&parts, &candidate);
        let problem_type = ProblemType::TokenClassification;
        self.finish(Finished { name, parts, candidate, problem_type, dataset, trained })
    }

    fn options(&self, candidate: &TrainingRecipe) -> TrainingOptions {
        TrainingOptions {
            seed: self.seed,
            method: self.fit.method(),
            class_weights: self.fit.class_weights(),
            weighted_layers: candidate.weighted_layers,
            folds: Some(self.folds).filter(|&folds| folds > 0),
        }
    }

    /// Writes the features, if that is wanted.
    fn save_features(
        &self,
        features: &Features,
        dataset: &Dataset,
        split: &Split,
        parts: &Parts,
    ) -> Result<(), Failure> {
        let Some(file) = &self.save_features else { return Ok(()) };
        save_features(file, features, dataset, split, encoder(parts)).map_err(|error| {
            let file = file.display();
            Failure::Failed(anyhow!(
                "--save-features {file}: {error}; choose a file that can be written"
            ))
        })
    }

    /// Writes the head, then says how good it is.
    fn finish(&self, finished: Finished<'_>) -> Result<(), Failure> {
        let replaced = self.out.join(HeadFiles::JSON).exists();
        // Before anything is printed, so that no head is lost if that fails.
        self.save(&finished).map_err(Failure::Failed)?;
        let Finished { name, candidate, dataset, trained, .. } = finished;
        print(format_args!("{}\n", trained.report))?;
        if let Some(weights) = &trained.head.layer_weights {
            let layers = &candidate.features.layers;
            print(format_args!("learned weights of layers {layers:?}: {weights:?}\n"))?;
        }
        let instead = if replaced { ", in place of the head that was there" } else { "" };
        print(format_args!("head \"{name}\" written to {}{instead}\n", self.out.display()))?;
        if let Some(file) = &self.report {
            let page = trained.page(name, dataset, &self.recipe);
            write_report(file, &page).map_err(Failure::Failed)?;
        }
        Ok(())
    }

    /// Fails if a file or folder that will be written can't be.
    fn try_outputs(&self) -> anyhow::Result<()> {
        try_folder("--out", &self.out)?;
        self.report.as_ref().map_or(Ok(()), |file| try_file("--report", file))?;
        self.save_features.as_ref().map_or(Ok(()), |file| try_file("--save-features", file))
    }

    /// How texts were read.
    fn input(&self, long_texts: LongTexts, truncated: usize) -> TrainingInput {
        let column = |column: &Option<Column>| column.as_ref().map(Column::to_string);
        let file = &self.training.file;
        let (pair, group) = (column(&file.pair), column(&file.group));
        TrainingInput { pair, group, long_texts, truncated }
    }

    /// The name of the head.
    fn name(&self) -> anyhow::Result<String> {
        let name = self.out.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        check_name(name).map_err(|message| anyhow!("--out {}: {message}", self.out.display()))?;
        Ok(name.to_owned())
    }

    /// Writes the folder of the head.
    fn save(&self, finished: &Finished<'_>) -> anyhow::Result<()> {
        let Finished { parts, candidate, problem_type, dataset, trained, .. } = finished;
        let EncoderIdentity { fingerprint, numerics } = encoder(parts);
        let recipe = candidate.with_layer_weights(trained.head.layer_weights.as_deref());
        let mut training = serde_json::to_value(&trained.report)?;
        training["numerics"] = numerics.into();
        let descriptor = Descriptor {
            temperature: trained.decision.temperature() as f32,
            thresholds: trained.decision.thresholds.clone(),
            hidden_activation: trained.report.hidden.as_ref().map(|hidden| hidden.activation),
            training: Some(training),
            ..Descriptor::new(*problem_type, dataset.labels.clone(), recipe, fingerprint.to_owned())
        };
        descriptor.save(&self.out, &trained.head.layers).map_err(|error| {
            anyhow!("--out {}: {error}; choose a folder that can be written", self.out.display())
        })
    }
}

fn candidate(wanted: &RecipeRef, parts: &Parts) -> Result<TrainingRecipe, Failure> {
    TrainingRecipe::new(wanted, &parts.recipes)
        .map_err(|error| Failure::Unusable(anyhow!("--recipe: {error}")))
}

fn encoder(parts: &Parts) -> EncoderIdentity<'_> {
    let numerics = parts.model.encoder().numerics();
    EncoderIdentity { fingerprint: &parts.fingerprint, numerics }
}

/// Prints the progress of training.
fn print_stage(stage: Stage<'_>) {
    match stage {
        Stage::Trial(Trial { strength, loss, .. }) => {
            eprintln!("C = {strength}: loss {loss:.4}");
        }
        Stage::Epoch(Epoch { fitting_loss, loss, .. }) => {
            eprintln!("epoch: loss {fitting_loss:.4}, validation loss {loss:.4}");
        }
        Stage::OutOfFold { done, count } => eprintln!("fit {done} of {count} out of fold done"),
        Stage::Fold(fold) => eprintln!("fold {fold} done"),
        Stage::Refitting(ResolvedMethod::Linear { strength }) => {
            eprintln!("fitting all training rows with C = {strength}");
        }
        Stage::Refitting(ResolvedMethod::Hidden { epochs, .. }) => {
            eprintln!("fitting all training rows, {epochs} epochs");
        }
    }
}
