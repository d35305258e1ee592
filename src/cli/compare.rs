//! `strata compare`: compares recipes on a labelled file.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::shared::{
    Failure, FitFlags, Opened, Progress, TrainingFlags, extract, print, print_json, print_notes,
    try_file, whole, write_report,
};
use crate::model::head::check_name;
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::RecipeBook;
use crate::training::comparison::{
    Candidate, Comparison, DEFAULT_FOLDS, candidates, check, compare,
};
use crate::training::{TrainingOptions, TrainingRecipe};

const EXAMPLES: &str = "\
Examples:
  # Ten recipes, with a report
  strata compare --data data/sentiment.tsv --quick --report comparison.html
  # All recipes, on a table with other names for its columns
  strata compare --data reviews.csv --text body --label stars";

/// Compare recipes on a labelled file.
///
/// The recipes are each layer alone, and the last four layers averaged, concatenated and weighted
/// with learned weights, each with four poolings. All features come from one run over the texts. Rows
/// that `train` holds out are not used.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Compare {
    #[command(flatten)]
    training: TrainingFlags,
    /// Compare only the ten most important recipes, as far as the encoder has the layers for them.
    #[arg(long)]
    quick: bool,
    /// Seed for assigning rows to folds.
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>)]
    seed: u64,
    #[command(flatten)]
    fit: FitFlags,
    /// Number of folds of the cross-validation.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_FOLDS, value_parser = parse_folds)]
    folds: usize,
    /// Also write an HTML report.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn parse_folds(written: &str) -> Result<usize, String> {
    let number = written.parse().ok().filter(|number| (2..=100).contains(number));
    number.ok_or_else(|| "it must be a number from 2 to 100".to_owned())
}

impl Compare {
    pub fn run(self) -> Result<(), Failure> {
        if let Some(file) = &self.report {
            try_file("--report", file).map_err(Failure::Unusable)?;
        }
        if self.training.classifies_tokens() {
            let message = "recipes are compared by texts and not by their tokens; train a head with \
                           each recipe, and compare what is printed";
            return Err(Failure::Unusable(anyhow!("--problem-type token: {message}")));
        }
        let opened = self.training.open(None)?;
        let Opened { dataset, parts, .. } = &opened;
        print_notes(dataset);
        let options = TrainingOptions {
            seed: self.seed,
            method: self.fit.method(),
            class_weights: self.fit.class_weights(),
            folds: Some(self.folds),
            ..TrainingOptions::default()
        };
        // Checked before the encoder starts, since encoding takes long.
        check(dataset, &options).map_err(Failure::unusable)?;
        let compared = self.recipes(&parts.recipes).map_err(Failure::failed)?;
        let recipes: Vec<_> = compared.iter().map(|(_, recipe)| &recipe.features).collect();
        let pooled = extract(&opened, &recipes, &self.training.cache).map_err(Failure::Failed)?;
        let mut progress =
            Progress::new("comparison", compared.len(), "recipes").map_err(Failure::Failed)?;
        let features = |recipe: &_| pooled.features(recipe);
        let found = compare(dataset, &compared, &features, &options, &mut |next| match next {
            Some(name) => progress.set_message(name),
            None => progress.add(1),
        });
        let seconds = progress.finish();
        let found = found?;
        eprintln!("{} recipes in {seconds:.1} s", compared.len());
        self.print(&found, &parts.recipes)
    }

    /// The recipes to compare, each as it is fitted.
    fn recipes(&self, book: &RecipeBook) -> anyhow::Result<Vec<(Candidate, TrainingRecipe)>> {
        let with_recipe = |candidate: Candidate| {
            let recipe = RecipeRef::Object(candidate.recipe.clone());
            Ok((candidate, TrainingRecipe::new(&recipe, book)?))
        };
        candidates(book.shape().layers, self.quick).into_iter().map(with_recipe).collect()
    }

    /// Prints the result and writes the report.
    fn print(&self, found: &Comparison, recipes: &RecipeBook) -> Result<(), Failure> {
        let best = found.outcomes.first().ok_or_else(|| Failure::Failed(anyhow!("no recipe")))?;
        let recipe = match recipes.name_of(&best.candidate.recipe) {
            Some(name) => name.to_owned(),
            None => serde_json::to_string(&best.candidate.recipe).map_err(Failure::failed)?,
        };
        // Arguments that are not Unicode can't be printed.
        let arguments = std::env::args_os().skip(2).map(|arg| arg.to_string_lossy().into_owned());
        let out = format!("heads/{}", head_name(&self.training.file.data));
        let train = train_command(&arguments.collect::<Vec<_>>(), &recipe, &out);
        if self.json {
            let json = JsonOutput { found, train: &train };
            print_json(&json)?;
        } else {
            print(format_args!("{found}\n\n{train}\n"))?;
        }
        match &self.report {
            Some(file) => write_report(file, &found.page(&train)).map_err(Failure::Failed),
            None => Ok(()),
        }
    }
}

/// The output of `--json`.
#[derive(Serialize)]
struct JsonOutput<'a> {
    #[serde(flatten)]
    found: &'a Comparison,
    /// The command that trains a head with the best recipe.
    train: &'a str,
}

/// A name for a head that is trained on `file`: the name of the file, with characters that a head's
/// name can't have replaced by "-".
fn head_name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(letter).collect();
    if check_name(&name).is_ok() { name } else { format!("{name}-head") }
}

/// Flags that `train` does not have or that mean something else there; whether a value follows.
const NOT_FOR_TRAIN: [(&str, bool); 4] =
    [("--quick", false), ("--json", false), ("--report", true), ("--folds", true)];

/// The command that trains a head in the way in which the recipes were fitted: with the same flags.
fn train_command(arguments: &[String], recipe: &str, out: &str) -> String {
    let mut line = vec!["strata", "train"];
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(flag) = arguments.next() {
        let not_for_train = NOT_FOR_TRAIN.iter().find(|(name, _)| {
            flag.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
        match not_for_train {
            None => line.push(flag),
            Some((name, true)) if flag == *name => {
                arguments.next();
            }
            Some(_) => {}
        }
    }
    line.extend(["--recipe", recipe, "--out", out]);
    // Only a NUL byte can't be quoted, and no argument contains one.
    let quoted = line.iter().map(|word| shlex::try_quote(word).unwrap_or_default());
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_gives_a_valid_name_for_a_head() {
        for (file, name) in [
            ("a/my file.v2.tsv", "my-file-v2"),
            ("données.csv", "donn-es"),
            ("checkpoint.tsv", "checkpoint-head"),
            ("..", "-head"),
        ] {
            assert_eq!(head_name(Path::new(file)), name);
            check_name(name).unwrap();
        }
    }

    #[test]
    fn the_command_keeps_the_flags_except_those_that_are_not_for_training() {
        let given = [
            "--data",
            "my file.csv",
            "--quick",
            "--report",
            "r.html",
            "--label=stars",
            "--folds=9",
        ];
        let given = given.map(str::to_owned);
        let line = train_command(&given, r#"{"layers":[-1]}"#, "heads/my-file");
        let expected = r#"strata train --data 'my file.csv' '--label=stars' --recipe '{"layers":[-1]}' --out heads/my-file"#;
        assert_eq!(line, expected);
    }
}
