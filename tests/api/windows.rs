//! `long_text: window`: a text that is longer than a sequence is read in windows.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::answer::floats;
use crate::support::app::{TestApp, at_least_one, config};
use crate::support::assert_close;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::tiny;

/// Sums in another order; the largest difference seen is 1e-6.
const TOLERANCE: f32 = 1e-5;
/// Tokens of a sequence.
const LIMIT: usize = 12;

fn app() -> (TestApp, TestHead, TempDir) {
    let mut config = config(tiny("sentence"));
    config.limits.sequence_tokens = Some(at_least_one(LIMIT));
    let folder = tempfile::tempdir().unwrap();
    config.heads = vec![folder.path().to_owned()];
    let head = TestHead::new(&Judge::new(&config), &json!("last-four"), &["glad", "sad"]);
    head.save(folder.path(), "mood");
    (TestApp::new(&config), head, folder)
}

fn long() -> String {
    (0..40)
        .map(|at| ["good", "film", "bad", "the", "was"][at * 7 % 5])
        .collect::<Vec<_>>()
        .join(" ")
}

async fn embed(app: &TestApp, recipe: &Value, tokens: bool) -> Value {
    let body = json!({"inputs": long(), "recipe": recipe, "tokens": tokens, "long_text": "window"});
    app.post("/embed", body).await.ok()
}

#[tokio::test]
async fn pooling_reads_every_counted_token_in_order() {
    let (app, ..) = app();
    let recipe = |pooling: &str| json!({"layers": [-1], "pooling": pooling});
    let rows = embed(&app, &recipe("mean"), true).await["embeddings"][0].clone();
    let rows: Vec<Vec<f32>> = rows.as_array().unwrap().iter().map(floats).collect();
    let t = rows.len() as f32;
    let column = |fold: &dyn Fn(&mut dyn Iterator<Item = f32>) -> f32| -> Vec<f32> {
        (0..rows[0].len()).map(|j| fold(&mut rows.iter().map(|row| row[j]))).collect()
    };
    let weighted = |x: &mut dyn Iterator<Item = f32>| {
        x.zip(1..).map(|(x, i)| x * i as f32).sum::<f32>() / (t * (t + 1.0) / 2.0)
    };
    for (pooling, expected) in [
        ("mean", column(&|x| x.sum::<f32>() / t)),
        ("mean_sqrt_len", column(&|x| x.sum::<f32>() / t.sqrt())),
        ("weighted_mean", column(&weighted)),
        ("max", column(&|x| x.fold(f32::NEG_INFINITY, f32::max))),
        ("last_token", rows[rows.len() - 1].clone()),
    ] {
        let answer = embed(&app, &recipe(pooling), false).await;
        assert_close(&floats(&answer["embeddings"][0]), &expected, TOLERANCE, pooling);
        assert_eq!(answer["usage"]["truncated"], json!([]));
        assert!(answer["usage"]["tokens"].as_u64().unwrap() > rows.len() as u64);
    }
}

#[tokio::test]
async fn token_rows_are_cut_and_normalised_one_by_one() {
    let (app, ..) = app();
    let whole = json!({"layers": [-1, -2], "combine": "concat"});
    let cut = json!({"layers": [-1, -2], "combine": "concat", "dimensions": 40, "normalize": true});
    let rows = |answer: Value| -> Vec<Vec<f32>> {
        answer["embeddings"][0].as_array().unwrap().iter().map(floats).collect()
    };
    let (whole, cut) = (rows(embed(&app, &whole, true).await), rows(embed(&app, &cut, true).await));
    assert_eq!(whole.len(), cut.len());
    for (whole, cut) in whole.iter().zip(&cut) {
        let norm = whole[..40].iter().map(|x| x * x).sum::<f32>().sqrt();
        let expected: Vec<f32> = whole[..40].iter().map(|x| x / norm).collect();
        assert_close(cut, &expected, TOLERANCE, "a token's row");
    }
}

#[tokio::test]
async fn logits_come_from_the_features_of_the_whole_text_and_explain_themselves() {
    let (app, head, _folder) = app();
    let features = embed(&app, &json!("last-four"), false).await;
    let body = json!({
        "inputs": ["a", long()], "heads": ["mood"], "long_text": "window", "explain": true,
        "embed": "last-four",
    });
    let answer = app.post("/classify", body).await.ok();
    let expected = head.logits(&floats(&features["embeddings"][0]));
    let result = &answer["results"][1]["mood"];
    assert_close(&floats(&result["logits"]), &expected, TOLERANCE, "logits");
    let embedding = floats(&answer["embeddings"][1]);
    assert_close(&embedding, &floats(&features["embeddings"][0]), TOLERANCE, "embedding");
    let mut sums = floats(&result["bias"]);
    for row in result["contributions"].as_array().unwrap() {
        sums.iter_mut().zip(floats(row)).for_each(|(sum, x)| *sum += x);
    }
    assert_close(&sums, &expected, TOLERANCE, "contributions and bias");
    // Every character that isn't a space is in one token.
    let tokens = result["tokens"].as_array().unwrap();
    let place = |token: &Value| (token["start"].as_u64().unwrap(), token["end"].as_u64().unwrap());
    let mut covered: Vec<u64> = tokens.iter().map(place).flat_map(|(a, b)| a..b).collect();
    covered.sort_unstable();
    let expected: Vec<u64> =
        (0..).zip(long().chars()).filter(|(_, c)| *c != ' ').map(|(at, _)| at).collect();
    assert_eq!(covered, expected);
}

#[tokio::test]
async fn a_short_text_has_the_same_answer_as_without_windows() {
    let (app, ..) = app();
    let ask = |long_text: &str| json!({"inputs": "a good film", "long_text": long_text});
    let plain = app.post("/embed", ask("truncate")).await.ok();
    assert_eq!(app.post("/embed", ask("window")).await.ok(), plain);
}

#[tokio::test]
async fn a_pair_that_is_too_long_is_refused_with_its_number_of_tokens() {
    let (app, ..) = app();
    let pair = json!([{"text": long(), "pair": "a"}]);
    let body = json!({"inputs": pair, "long_text": "window"});
    let problem = app.post("/embed", body).await.problem(422, "text_too_long", Some("/inputs/0"));
    assert!(problem["detail"].as_str().unwrap().contains("only a single text"), "{problem}");
}
