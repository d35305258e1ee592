//! `POST /embed`: the answers are equal to the model's results in process.

use serde_json::{Value, json};

use crate::support::answer::{floats, from_base64, rows};
use crate::support::app::{TestApp, config};
use crate::support::judge::Judge;
use crate::support::{assert_close, default_model, tiny};

/// One text in a pass of its own on both sides: the same sums, and the largest difference seen is 0.
const TOLERANCE: f32 = 1e-6;

/// In a pass with other texts, padded to the longest; the largest difference seen is 1.6e-6.
const BATCHED: f32 = 1e-5;

const TEXT: &str = "The film was not very good.";

fn sentence() -> (TestApp, Judge) {
    let config = config(tiny("sentence"));
    (TestApp::new(&config), Judge::new(&config))
}

async fn embed(app: &TestApp, body: Value) -> Value {
    app.post("/embed", body).await.ok()
}

#[tokio::test]
async fn each_form_of_inputs_is_read_and_one_text_gives_a_list_of_one() {
    let (app, judge) = sentence();
    let expected = judge.row(TEXT, &json!("last-four"));
    for inputs in [json!(TEXT), json!([TEXT]), json!({"text": TEXT}), json!([{"text": TEXT}])] {
        let answer = embed(&app, json!({"inputs": inputs})).await;
        let embeddings = rows(&answer["embeddings"]);
        assert_eq!(embeddings.len(), 1, "{inputs}");
        assert_close(&embeddings[0], &expected, TOLERANCE, &inputs.to_string());
    }
}

#[tokio::test]
async fn a_pair_is_read_with_both_token_types() {
    let (app, judge) = sentence();
    let inputs = json!([{"text": "a film", "pair": "very good"}, {"text": "a film", "pair": null}]);
    let answer = embed(&app, json!({"inputs": inputs, "tokens": true})).await;
    let pair = judge.sequence("a film", Some("very good"));
    assert_eq!(pair.type_ids.last(), Some(&1));
    assert_eq!(answer["embeddings"][0].as_array().unwrap().len(), pair.tokens());
    assert_eq!(answer["embeddings"][1].as_array().unwrap().len(), judge.tokens("a film"));
}

#[tokio::test]
async fn every_built_in_recipe_on_the_default_model_matches_the_model() {
    let config = config(default_model());
    let (app, judge) = (TestApp::new(&config), Judge::new(&config));
    let recipes = [
        (json!("last-four"), json!({}), 384, json!([6, 5, 4, 3])),
        (json!("last-four-concat"), json!({"combine": "concat"}), 1536, json!([6, 5, 4, 3])),
        (json!("last-four-cls"), json!({"pooling": "cls"}), 384, json!([6, 5, 4, 3])),
        (json!("native"), json!({"layers": [-1], "normalize": true}), 384, json!([6])),
    ];
    for (name, object, width, layers) in recipes {
        let expected = judge.row(TEXT, &name);
        for recipe in [&name, &object] {
            let answer = embed(&app, json!({"inputs": TEXT, "recipe": recipe})).await;
            assert_eq!(answer["model"], "all-MiniLM-L6-v2");
            assert_eq!(answer["dimensions"], width, "{recipe}");
            assert_eq!(answer["recipe"]["dimensions"], width, "{recipe}");
            assert_eq!(answer["recipe"]["layers"], layers, "{recipe}");
            let row = floats(&answer["embeddings"][0]);
            assert_close(&row, &expected, TOLERANCE, &recipe.to_string());
        }
    }
}

#[tokio::test]
async fn each_pooling_and_each_combination_matches_the_model() {
    let (app, judge) = sentence();
    for pooling in
        ["mean", "cls", "max", "mean_sqrt_len", "weighted_mean", "last_token", "mean_max"]
    {
        for combine in ["mean", "sum", "max", "concat", "weighted"] {
            let mut recipe = json!({"layers": [0, -1], "pooling": pooling, "combine": combine});
            if combine == "weighted" {
                recipe["weights"] = json!([0.25, -1.5]);
            }
            let answer = embed(&app, json!({"inputs": TEXT, "recipe": recipe})).await;
            let row = floats(&answer["embeddings"][0]);
            assert_close(&row, &judge.row(TEXT, &recipe), TOLERANCE, &recipe.to_string());
            assert_eq!(answer["dimensions"], row.len());
            assert_eq!(answer["recipe"]["layers"], json!([0, 3]));
        }
    }
}

#[tokio::test]
async fn a_configured_recipe_is_used_by_its_name() {
    let mut config = config(tiny("sentence"));
    let object = json!({"layers": [1], "pooling": "max"});
    let recipe = serde_json::from_value(object.clone()).unwrap();
    config.recipes.insert("first-max".to_owned(), recipe);
    config.embed.recipe = "first-max".to_owned();
    let (app, judge) = (TestApp::new(&config), Judge::new(&config));
    for body in [json!({"inputs": TEXT}), json!({"inputs": TEXT, "recipe": "first-max"})] {
        let answer = embed(&app, body).await;
        let row = floats(&answer["embeddings"][0]);
        assert_close(&row, &judge.row(TEXT, &object), TOLERANCE, "first-max");
    }
}

#[tokio::test]
async fn dimensions_keep_the_first_columns_before_normalisation() {
    let (app, judge) = sentence();
    let whole = judge.row(TEXT, &json!("last-four"));
    let answer = embed(&app, json!({"inputs": TEXT, "dimensions": 5})).await;
    assert_eq!(answer["dimensions"], 5);
    assert_close(&floats(&answer["embeddings"][0]), &whole[..5], TOLERANCE, "cut");

    let recipe = json!({"layers": [-1, -2, -3], "normalize": true, "dimensions": 5});
    let normal = json!({"inputs": TEXT, "recipe": recipe});
    let row = floats(&embed(&app, normal).await["embeddings"][0]);
    let norm = whole[..5].iter().map(|x| x * x).sum::<f32>().sqrt();
    let expected: Vec<f32> = whole[..5].iter().map(|x| x / norm).collect();
    assert_close(&row, &expected, TOLERANCE, "cut and normalised");
}

#[tokio::test]
async fn base64_is_the_same_numbers_bit_for_bit() {
    let (app, _) = sentence();
    for tokens in [false, true] {
        let ask = |encoding: &str| json!({"inputs": TEXT, "encoding": encoding, "tokens": tokens});
        let float = embed(&app, ask("float")).await["embeddings"][0].clone();
        let base64 = embed(&app, ask("base64")).await["embeddings"][0].clone();
        let bits = |row: Vec<f32>| row.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        if tokens {
            let decoded: Vec<_> =
                base64.as_array().unwrap().iter().map(|row| bits(from_base64(row))).collect();
            let numbers: Vec<_> = rows(&float).into_iter().map(bits).collect();
            assert_eq!(decoded, numbers);
        } else {
            assert_eq!(bits(from_base64(&base64)), bits(floats(&float)));
        }
    }
}

#[tokio::test]
async fn there_is_one_token_row_per_token_special_tokens_included() {
    let (app, judge) = sentence();
    let texts = ["a", TEXT];
    for (recipe, width) in [
        (json!("last-four"), 32),
        (json!({"layers": [-1, 0], "combine": "concat"}), 64),
        (json!({"layers": [1], "pooling": "mean_max"}), 32),
    ] {
        let body = json!({"inputs": texts, "recipe": recipe, "tokens": true});
        let answer = embed(&app, body).await;
        assert_eq!(answer["dimensions"], width, "{recipe}");
        for (at, text) in texts.iter().enumerate() {
            let got = rows(&answer["embeddings"][at]);
            assert_eq!(got.len(), judge.tokens(text), "{recipe}");
            assert!(got.iter().all(|row| row.len() == width), "{recipe}");
            assert_close(&got.concat(), &judge.token_rows(text, &recipe), BATCHED, text);
        }
    }
}

#[tokio::test]
async fn a_prompt_is_put_in_front_by_its_text_or_by_its_name() {
    let (app, judge) = sentence();
    let expected = judge.row(&format!("query: {TEXT}"), &json!("native"));
    assert_ne!(expected, judge.row(TEXT, &json!("native")));
    for (field, prompt) in [("prompt", "query: "), ("prompt_name", "query")] {
        let answer = embed(&app, json!({"inputs": TEXT, "recipe": "native", field: prompt})).await;
        assert_close(&floats(&answer["embeddings"][0]), &expected, TOLERANCE, field);
    }
    let empty = json!({"inputs": TEXT, "recipe": "native", "prompt_name": "passage"});
    let row = floats(&embed(&app, empty).await["embeddings"][0]);
    assert_close(&row, &judge.row(TEXT, &json!("native")), TOLERANCE, "passage");
}

#[tokio::test]
async fn usage_counts_tokens_and_names_the_inputs_that_were_cut() {
    let (app, judge) = sentence();
    let long = "never answer film ".repeat(20);
    let limit = judge.parts.sequence_tokens;
    assert_eq!(limit, 24);
    let answer = embed(&app, json!({"inputs": ["a", long, TEXT, long]})).await;
    assert_eq!(answer["usage"]["truncated"], json!([1, 3]));
    let tokens = judge.tokens("a") + judge.tokens(TEXT) + 2 * limit;
    assert_eq!(answer["usage"]["tokens"], tokens);
    let row = floats(&answer["embeddings"][1]);
    assert_close(&row, &judge.row(&long, &json!("last-four")), BATCHED, "cut text");
}

#[tokio::test]
async fn results_have_the_order_of_the_inputs_whatever_the_passes() {
    let mut config = config(tiny("sentence"));
    config.batching.budget_tokens = crate::support::app::at_least_one(32);
    let (app, judge) = (TestApp::new(&config), Judge::new(&config));
    let texts: Vec<String> =
        (0..60).map(|i| format!("{} film {i}", "never ".repeat(i * 7 % 11))).collect();
    let answer = embed(&app, json!({"inputs": texts})).await;
    let got = rows(&answer["embeddings"]);
    assert_eq!(got.len(), texts.len());
    for (text, row) in texts.iter().zip(&got) {
        assert_close(row, &judge.row(text, &json!("last-four")), BATCHED, text);
    }
}

#[tokio::test]
async fn text_that_only_becomes_empty_and_typed_special_tokens_are_embedded() {
    let (app, judge) = sentence();
    let texts = ["\u{200b}", "a [SEP] film [MASK] [PAD]", "\u{0}\u{1}"];
    let answer = embed(&app, json!({"inputs": texts})).await;
    for (text, row) in texts.iter().zip(rows(&answer["embeddings"])) {
        assert_close(&row, &judge.row(text, &json!("last-four")), BATCHED, text);
    }
    assert_eq!(judge.tokens("\u{200b}"), 2);
}

#[tokio::test]
async fn json_by_another_name_is_json() {
    let (app, _) = sentence();
    for kind in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/hal+json"] {
        let mut request = crate::support::app::post("/embed", json!({"inputs": "a"}).to_string());
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        app.send(request).await.ok();
    }
}
