//! `strata compare`: recipes scored against each other on a labelled file.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::shared::features::{TrainingFlags, extract, tell};
use super::shared::fit_flags::{FitFlags, failure};
use super::{Failure, write_page};
use crate::model::head::check_name;
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::RecipeBook;
use crate::training::comparison::{Comparison, Contender, FOLDS, check, compare, contenders};
use crate::training::{Candidate, Settings};

/// Score recipes against each other on a labelled file.
///
/// Every layer alone and the last four averaged, concatenated and weighted with learnt weights, each with
/// four poolings. One pass over the texts gives all features. Rows that `train` holds out take no part.
#[derive(Debug, Args)]
pub struct Compare {
    #[command(flatten)]
    given: TrainingFlags,
    /// The ten recipes that matter most, or those of them that the encoder has layers for.
    #[arg(long)]
    quick: bool,
    /// What rows are drawn with.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    fit: FitFlags,
    /// In how many parts rows are cross-validated.
    #[arg(long, value_name = "N", default_value_t = FOLDS, value_parser = folds)]
    folds: usize,
    /// Also write a report to read in a browser.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn folds(written: &str) -> Result<usize, String> {
    let number = written.parse().ok().filter(|number| (2..=100).contains(number));
    number.ok_or_else(|| "it must be a number from 2 to 100".to_owned())
}

impl Compare {
    pub fn run(self) -> Result<(), Failure> {
        let (config, dataset, parts) = self.given.open()?;
        tell(&dataset);
        let settings = Settings {
            seed: self.seed,
            method: self.fit.method(),
            class_weights: self.fit.class_weights(),
            folds: Some(self.folds),
            ..Settings::default()
        };
        // Before the encoder takes its time.
        check(&dataset, &settings).map_err(Failure::unusable)?;
        let entrants = self.entrants(&parts.recipes).map_err(Failure::failed)?;
        let read: Vec<_> = entrants.iter().map(|(_, candidate)| &candidate.reads).collect();
        let pools = extract(&parts, &config, &dataset, &read, &self.given.cache)
            .map_err(Failure::Failed)?;
        let bar = ProgressBar::new((entrants.len() * (self.folds + 1)) as u64);
        let form = "{wide_bar} {pos}/{len} fits, {eta} to go: {msg}";
        bar.set_style(ProgressStyle::with_template(form).map_err(Failure::failed)?);
        let of = |recipe: &_| pools.features(recipe);
        let found = compare(&dataset, &entrants, &of, &settings, &mut |next| match next {
            Some(name) => bar.set_message(name.to_owned()),
            None => bar.inc(1),
        });
        let took = bar.elapsed().as_secs_f64();
        bar.finish_and_clear();
        let found = found.map_err(failure)?;
        eprintln!("{} recipes in {took:.1} s", entrants.len());
        self.tell(&found, &parts.recipes)
    }

    /// The recipes, as they are fitted.
    fn entrants(&self, recipes: &RecipeBook) -> anyhow::Result<Vec<(Contender, Candidate)>> {
        let all = contenders(recipes.shape().layers, self.quick).into_iter();
        let entrant = |contender: Contender| {
            let recipe = RecipeRef::Object(contender.recipe.clone());
            Ok((contender, Candidate::new(&recipe, recipes)?))
        };
        all.map(entrant).collect()
    }

    fn tell(&self, found: &Comparison, recipes: &RecipeBook) -> Result<(), Failure> {
        let best = found.outcomes.first().ok_or_else(|| Failure::Failed(anyhow!("no recipe")))?;
        let recipe = match recipes.name_of(&best.contender.recipe) {
            Some(name) => name.to_owned(),
            None => serde_json::to_string(&best.contender.recipe).map_err(Failure::failed)?,
        };
        // What isn't Unicode couldn't be printed either.
        let given = std::env::args_os().skip(2).map(|arg| arg.to_string_lossy().into_owned());
        let out = format!("heads/{}", head_name(&self.given.file.data));
        let train = train_line(&given.collect::<Vec<_>>(), &recipe, &out);
        if self.json {
            let json = Printed { found, train: &train };
            println!("{}", serde_json::to_string_pretty(&json).map_err(Failure::failed)?);
        } else {
            println!("{found}\n\n{train}");
        }
        match &self.report {
            Some(file) => write_page(file, &found.page(&train)).map_err(Failure::Failed),
            None => Ok(()),
        }
    }
}

/// What a program gets.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    found: &'a Comparison,
    /// The command that trains a head with the best recipe.
    train: &'a str,
}

/// A name for a head that is trained on a file: the file's, in letters that a name may have.
fn head_name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(letter).collect();
    if check_name(&name).is_ok() { name } else { format!("{name}-head") }
}

/// Flags that `train` doesn't have or means otherwise, and whether a value follows.
const OWN: [(&str, bool); 4] =
    [("--quick", false), ("--json", false), ("--report", true), ("--folds", true)];

/// The command that trains a head as the recipes were fitted: with the flags that were given.
fn train_line(given: &[String], recipe: &str, out: &str) -> String {
    let mut line = vec!["strata", "train"];
    let mut given = given.iter().map(String::as_str);
    while let Some(flag) = given.next() {
        let own = OWN.iter().find(|(name, _)| {
            flag.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
        match own {
            None => line.push(flag),
            Some((name, true)) if flag == *name => {
                given.next();
            }
            Some(_) => {}
        }
    }
    line.extend(["--recipe", recipe, "--out", out]);
    // What can't be quoted can't be an argument either.
    let quoted = line.iter().map(|word| shlex::try_quote(word).unwrap_or_default());
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_file_gives_a_name_that_a_head_may_have() {
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
    fn the_command_keeps_what_was_given_but_for_what_is_not_for_training() {
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
        let line = train_line(&given, r#"{"layers":[-1]}"#, "heads/my-file");
        let expected = r#"strata train --data 'my file.csv' '--label=stars' --recipe '{"layers":[-1]}' --out heads/my-file"#;
        assert_eq!(line, expected);
    }
}
