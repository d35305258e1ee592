//! The contribution of each token to a head's logits, compared with the logits.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use strata::app::{self, Parts};
use strata::model::checkpoint::ProblemType;
use strata::model::head::{
    Dense, DenseActivation, Descriptor, Head, NotExplainable, TokenAttribution,
};
use strata::model::recipe::RecipeRef;
use strata::model::task::{OutputSpec, TaskSpec};
use strata::text::LongText;
use tempfile::TempDir;

use crate::support::fixtures::{config, input};
use crate::support::{default_model, head_of, load, tiny};

/// Tolerance of the sum of bias and contributions to the logit. Largest difference seen: 1.1e-6.
const TOLERANCE: f64 = 1e-4;
const SNIPPETS: usize = 200;
const CLASSES: usize = 3;

/// A head of one layer over a recipe, with weights as large as trained ones.
fn head(parts: &Parts, recipe: &Value) -> Arc<Head> {
    let dir = TempDir::new().unwrap();
    let recipe: RecipeRef = serde_json::from_value(recipe.clone()).unwrap();
    let width = parts.recipes.resolve(&recipe).unwrap().dimensions;
    let descriptor = Descriptor::new(
        ProblemType::SingleLabelClassification,
        ["a", "b", "c"].map(str::to_owned).to_vec(),
        recipe,
        parts.fingerprint.clone(),
    );
    let weights: Vec<f32> =
        (0..CLASSES * width).map(|i| ((i * 37 % 101) as f32 - 50.0) / 500.0).collect();
    let layer = Dense::new(weights, vec![0.5, -0.25, 0.0], DenseActivation::Identity);
    descriptor.save(&dir.path().join("h"), &[layer]).unwrap();
    let folder = dir.path().join("h");
    app::load_head(parts, &config(&parts.checkpoint.dir), folder.to_str().unwrap()).unwrap()
}

/// Recipes with every pooling and combination that is a sum over tokens.
fn explainable() -> Vec<Value> {
    let mut recipes = Vec::new();
    for pooling in ["mean", "mean_sqrt_len", "weighted_mean"] {
        for combine in ["mean", "sum", "concat", "weighted"] {
            let mut recipe = json!({"layers": [-1, -3, 0], "combine": combine, "pooling": pooling});
            if combine == "weighted" {
                recipe["weights"] = json!([0.5, -1.5, 2.0]);
            }
            recipes.push(recipe);
        }
    }
    // Dimensions that end inside the columns of the second layer.
    recipes.push(json!({"layers": [-1, -2], "combine": "concat", "dimensions": 500}));
    recipes.push(json!({"layers": [-2], "combine": "max"}));
    recipes
}

fn snippets() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sentiment.tsv");
    let file = fs::read_to_string(file).expect("`make data` downloads the labelled texts");
    let texts = file.lines().skip(1).filter_map(|line| Some(line.split_once('\t')?.1.to_owned()));
    texts.take(SNIPPETS).collect()
}

#[test]
fn contributions_and_bias_add_up_to_the_logits() {
    let parts = load(&default_model());
    let heads: Vec<Arc<Head>> = explainable().iter().map(|recipe| head(&parts, recipe)).collect();
    let attributions: Vec<Arc<TokenAttribution>> =
        heads.iter().map(|head| Arc::new(head.token_attribution(384).unwrap())).collect();
    let mut specs: Vec<OutputSpec> = heads.iter().cloned().map(OutputSpec::Logits).collect();
    specs.extend(attributions.iter().cloned().map(OutputSpec::Contributions));
    let spec = TaskSpec::new(specs);
    let texts = snippets();
    assert_eq!(texts.len(), SNIPPETS);
    let mut worst = 0.0_f64;
    for text in texts {
        let encoded =
            parts.tokenizer.encode(&input(&text, None), 256, LongText::Truncate(None)).unwrap();
        let sequence = encoded.sequence;
        let output = parts.model.forward_whole(&[&sequence], &spec).unwrap().remove(0);
        let (logits, contributions) = output.values.split_at(heads.len());
        let heads = logits.iter().zip(contributions).zip(&attributions);
        for ((logits, contributions), attribution) in heads {
            assert_eq!(contributions.len(), sequence.tokens() * CLASSES);
            for (class, &logit) in logits.iter().enumerate() {
                let of_class = contributions.iter().skip(class).step_by(CLASSES);
                let sum: f64 = of_class.map(|&x| f64::from(x)).sum();
                let sum = sum + f64::from(attribution.bias()[class]);
                worst = worst.max((sum - f64::from(logit)).abs());
            }
        }
    }
    println!("bias and contributions: at most {worst:.1e} from the logits");
    assert!(worst < TOLERANCE, "{worst:.1e}");
}

#[test]
fn a_token_adds_the_product_of_its_own_row_and_the_heads_weights() {
    // One layer, mean pooling: the head's weights times the token's row, divided by the tokens.
    let parts = load(&default_model());
    let recipe = json!({"layers": [-2]});
    let head = head(&parts, &recipe);
    let resolved = parts.recipes.resolve(&serde_json::from_value(recipe).unwrap()).unwrap();
    let attribution = Arc::new(head.token_attribution(384).unwrap());
    let specs = vec![OutputSpec::Contributions(attribution), OutputSpec::Tokens(resolved)];
    let encoded = parts.tokenizer.encode(&input("A gripping film.", None), 256, LongText::Error);
    let sequence = encoded.unwrap().sequence;
    let output = parts.model.forward_whole(&[&sequence], &TaskSpec::new(specs)).unwrap().remove(0);
    let (contributions, rows) = (&output.values[0], &output.values[1]);
    for (i, row) in rows.chunks_exact(384).enumerate() {
        let logits = head.logits(row);
        let zero = head.logits(&vec![0.0; 384]);
        for class in 0..CLASSES {
            let expected = (logits[class] - zero[class]) / sequence.tokens() as f32;
            let found = contributions[i * CLASSES + class];
            assert!((found - expected).abs() < 1e-5, "token {i}: {found} for {expected}");
        }
    }
}

#[test]
fn a_head_that_cannot_be_explained_is_refused_with_the_reason() {
    let parts = load(&default_model());
    for (recipe, reason) in [
        (json!({"pooling": "cls"}), NotExplainable::OneToken),
        (json!({"pooling": "last_token"}), NotExplainable::OneToken),
        (json!({"pooling": "max"}), NotExplainable::PoolsByMaximum),
        (json!({"pooling": "mean_max"}), NotExplainable::PoolsByMaximum),
        (json!({"combine": "max"}), NotExplainable::CombinesByMaximum),
        (json!({"normalize": true}), NotExplainable::Normalized),
    ] {
        assert_eq!(head(&parts, &recipe).token_attribution(384).unwrap_err(), reason, "{recipe}");
    }
    let parts = load(&tiny("single-label"));
    assert_eq!(head_of(&parts).token_attribution(32).unwrap_err(), NotExplainable::HiddenLayers);
}
