//! Measures the cost of more heads: passes over the same texts for one head, in turn with passes
//! for three heads and an embedding, each with its own recipe.

use std::sync::Arc;

use strata::app::{self, Parts};
use strata::config::Config;
use strata::model::checkpoint::ProblemType;
use strata::model::head::{Dense, DenseActivation, Descriptor, Head};
use strata::model::recipe::{Combine, Pooling, Recipe, RecipeRef};
use strata::model::task::{OutputSpec, Task, TaskSpec};

use super::work::{passes, tasks_for};
use super::{TEXTS, median, rate};

const ROUNDS: usize = 9;

pub fn run(parts: &Parts, config: &Config, texts: &[String]) -> anyhow::Result<()> {
    let token_budget = config.batching.budget_tokens.get();
    let shipped = |name: &str| app::load_head(parts, config, name).map(OutputSpec::Logits);
    let embedding = parts.recipes.resolve(&RecipeRef::Name("last-four".to_owned()))?;
    let one = vec![shipped("sentiment")?];
    let many = vec![
        shipped("sentiment")?,
        shipped("register")?,
        OutputSpec::Logits(third_head(parts, config)?),
        OutputSpec::Embedding(embedding),
    ];
    let tasks = |spec| tasks_for(parts, texts, &Arc::new(TaskSpec::new(spec)));
    let (one, many): (Vec<Task>, Vec<Task>) = (tasks(one)?, tasks(many)?);
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let [alone, all] =
            [&one, &many].map(|tasks| rate(TEXTS, || passes(parts, tasks, token_budget)));
        let (alone, all) = (alone?, all?);
        if round > 0 {
            println!("round {round}: one head {alone:.1}, all {all:.1} texts/s");
            ratios.push(alone / all);
        }
    }
    println!("three heads and an embedding take {:.3} × one head's time (median)", median(ratios));
    Ok(())
}

/// A third head: five classes, two layers concatenated, mean and max pooling.
fn third_head(parts: &Parts, config: &Config) -> anyhow::Result<Arc<Head>> {
    let recipe = RecipeRef::Object(Recipe {
        layers: vec![-1, -5],
        combine: Combine::Concat,
        pooling: Pooling::MeanMax,
        ..Recipe::default()
    });
    let width = parts.recipes.resolve(&recipe)?.dimensions;
    let folder = tempfile::tempdir()?;
    let descriptor = Descriptor::new(
        ProblemType::SingleLabelClassification,
        ["a", "b", "c", "d", "e"].map(str::to_owned).into(),
        recipe,
        parts.fingerprint.clone(),
    );
    let layer = Dense::new(vec![0.01; 5 * width], vec![0.0; 5], DenseActivation::Identity);
    descriptor.save(&folder.path().join("third"), &[layer])?;
    let path = folder.path().join("third");
    Ok(app::load_head(parts, config, &path.to_string_lossy())?)
}
