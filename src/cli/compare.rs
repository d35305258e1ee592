//! `strata compare`: recipes scored against each other on a labelled file.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::features::{CacheFlags, FileFlags, ProblemFlags, extract, tell};
use super::fitting::FitFlags;
use super::{Failure, ModelFlags, write_page};
use crate::app::{self, threads};
use crate::config::Config;
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::RecipeBook;
use crate::training::candidate::Candidate;
use crate::training::comparison::{Comparison, Contender, compare, contenders};
use crate::training::{Dataset, Settings};

/// Score recipes against each other on a labelled file.
///
/// Every layer alone and the last four averaged, concatenated and weighted with learnt weights, each with
/// four poolings. One pass over the texts gives all features. Rows that `train` holds out take no part.
#[derive(Debug, Args)]
pub struct Compare {
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    cache: CacheFlags,
    #[command(flatten)]
    file: FileFlags,
    #[command(flatten)]
    problem: ProblemFlags,
    /// The ten recipes that matter most.
    #[arg(long)]
    quick: bool,
    /// What rows are drawn with.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    fit: FitFlags,
    /// In how many parts rows are cross-validated.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=100))]
    folds: u32,
    /// Also write a report to read in a browser.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub fn run(self) -> Result<(), Failure> {
        let config =
            Config::load(&self.model.clone().into_sources()?).map_err(Failure::unusable)?;
        // Whatever the encoder: candle fits the heads.
        threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        let layout = self.file.layout(self.problem.problem_type());
        let dataset = Dataset::read(&self.file.data, &layout).map_err(Failure::unusable)?;
        let parts = app::parts(&config).map_err(Failure::unusable)?;
        tell(&dataset);
        let entrants = self.entrants(&parts.recipes).map_err(Failure::failed)?;
        let read: Vec<_> = entrants.iter().map(|(_, candidate)| &candidate.reads).collect();
        let pools =
            extract(&parts, &config, &dataset, &read, &self.cache).map_err(Failure::Failed)?;
        let settings = Settings {
            seed: self.seed,
            method: self.fit.method(),
            class_weights: self.fit.class_weights(),
            ..Settings::default()
        };
        let folds = self.folds as usize;
        let bar = ProgressBar::new((entrants.len() * (folds + 1)) as u64);
        let form = "{wide_bar} {pos}/{len} fits, {eta} to go: {msg}";
        bar.set_style(ProgressStyle::with_template(form).map_err(Failure::failed)?);
        let of = |recipe: &_| pools.features(recipe);
        let found = compare(&dataset, &entrants, &of, (&settings, folds), &mut |next| match next {
            Some(name) => bar.set_message(name.to_owned()),
            None => bar.inc(1),
        });
        let took = bar.elapsed().as_secs_f64();
        bar.finish_and_clear();
        let found = found.map_err(Failure::unusable)?;
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
        let given: Vec<String> = std::env::args().skip(2).collect();
        let name = self.file.data.file_stem().unwrap_or_default().to_string_lossy();
        let advice = train_line(&given, &recipe, &format!("heads/{name}"));
        if self.json {
            println!("{}", serde_json::to_string_pretty(found).map_err(Failure::failed)?);
        } else {
            println!("{found}\n\n{advice}");
        }
        match &self.report {
            Some(file) => write_page(file, &found.page(&advice)).map_err(Failure::Failed),
            None => Ok(()),
        }
    }
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
        let line = train_line(&given, r#"{"layers":[-1]}"#, "heads/my file");
        let expected = r#"strata train --data 'my file.csv' '--label=stars' --recipe '{"layers":[-1]}' --out 'heads/my file'"#;
        assert_eq!(line, expected);
    }
}
