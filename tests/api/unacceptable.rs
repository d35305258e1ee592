//! Requests that are well formed but can't be served: 422 with each code and its pointer.

use serde_json::{Value, json};

use crate::support::app::{TestApp, at_least_one, config};
use crate::support::tiny;

/// A tiny checkpoint with a classifier, and with low limits.
fn app() -> TestApp {
    let mut config = config(tiny("single-label"));
    config.limits.inputs = at_least_one(4);
    config.limits.text_bytes = at_least_one(600);
    config.limits.layers = at_least_one(2);
    config.limits.answer_bytes = at_least_one(4096);
    config.embed.recipe = "native".to_owned();
    TestApp::new(&config)
}

/// The `detail` of a refusal.
async fn refused(app: &TestApp, path: &str, body: Value, code: &str, pointer: &str) -> String {
    let problem = app.post(path, body).await.problem(422, code, Some(pointer));
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_empty_list_is_refused() {
    let app = app();
    for path in ["/embed", "/classify"] {
        refused(&app, path, json!({"inputs": []}), "empty_inputs", "/inputs").await;
    }
}

#[tokio::test]
async fn a_blank_text_is_refused_with_its_pointer() {
    let app = app();
    for (inputs, pointer) in [
        (json!(""), "/inputs"),
        (json!([" \t\n"]), "/inputs/0"),
        (json!(["a", "b", "\u{3000}"]), "/inputs/2"),
        (json!({"text": " "}), "/inputs/text"),
        (json!(["a", {"text": "b", "pair": ""}]), "/inputs/1/pair"),
    ] {
        for path in ["/embed", "/classify"] {
            // A blank text with a prompt is still blank.
            let body = json!({"inputs": inputs, "prompt": "query: "});
            refused(&app, path, body, "blank_text", pointer).await;
        }
    }
}

#[tokio::test]
async fn a_text_or_a_prompt_with_too_many_bytes_is_refused() {
    let app = app();
    let (most, more) = ("é".repeat(300), "é".repeat(301));
    app.post("/embed", json!({"inputs": most})).await.ok();
    for (body, pointer) in [
        (json!({"inputs": more}), "/inputs"),
        (json!({"inputs": ["a", more]}), "/inputs/1"),
        (json!({"inputs": {"text": "a", "pair": more}}), "/inputs/pair"),
        (json!({"inputs": "a", "prompt": more}), "/prompt"),
    ] {
        let detail = refused(&app, "/embed", body, "text_too_large", pointer).await;
        assert!(detail.contains("602") && detail.contains("600"), "{detail}");
    }
}

#[tokio::test]
async fn too_many_inputs_are_refused() {
    let app = app();
    app.post("/embed", json!({"inputs": vec!["a"; 4]})).await.ok();
    let detail =
        refused(&app, "/embed", json!({"inputs": vec!["a"; 5]}), "too_many_inputs", "/inputs")
            .await;
    assert!(detail.contains('5') && detail.contains('4'), "{detail}");
}

#[tokio::test]
async fn an_unknown_recipe_is_refused_with_the_known_ones() {
    let app = app();
    let embed = json!({"inputs": "a", "recipe": "last-five"});
    let detail = refused(&app, "/embed", embed, "unknown_recipe", "/recipe").await;
    assert!(detail.contains("last-five") && detail.contains("last-four-concat"), "{detail}");
    let classify = json!({"inputs": "a", "embed": "last-five"});
    refused(&app, "/classify", classify, "unknown_recipe", "/embed").await;
}

#[tokio::test]
async fn a_recipe_that_does_not_fit_is_refused_with_its_field() {
    let app = app();
    for (recipe, field) in [
        (json!({"layers": []}), "layers"),
        (json!({"layers": [4]}), "layers/0"),
        (json!({"layers": [-1, -5]}), "layers/1"),
        (json!({"layers": [0, 3, -1]}), "layers/2"),
        (json!({"layers": [-1], "weights": [1.0]}), "weights"),
        (json!({"layers": [-1], "combine": "weighted"}), "weights"),
        (json!({"layers": [-1, -2], "combine": "weighted", "weights": [1.0]}), "weights"),
    ] {
        for (path, name) in [("/embed", "recipe"), ("/classify", "embed")] {
            let body = json!({"inputs": "a", name: recipe});
            refused(&app, path, body, "invalid_recipe", &format!("/{name}/{field}")).await;
        }
    }
}

#[tokio::test]
async fn dimensions_of_0_or_too_many_are_refused() {
    let app = app();
    for dimensions in [0, 33] {
        let beside = json!({"inputs": "a", "dimensions": dimensions});
        refused(&app, "/embed", beside, "invalid_dimensions", "/dimensions").await;
        let recipe = json!({"layers": [-1], "dimensions": dimensions});
        let within = json!({"inputs": "a", "recipe": recipe});
        refused(&app, "/embed", within, "invalid_dimensions", "/recipe/dimensions").await;
    }
    let cut_twice =
        json!({"inputs": "a", "recipe": {"layers": [1], "dimensions": 4}, "dimensions": 5});
    refused(&app, "/embed", cut_twice, "invalid_dimensions", "/dimensions").await;
}

#[tokio::test]
async fn an_unknown_head_is_refused_with_the_known_ones() {
    let app = app();
    let body = json!({"inputs": "a", "heads": ["checkpoint", "mood"]});
    let detail = refused(&app, "/classify", body, "unknown_head", "/heads/1").await;
    assert!(detail.contains("mood") && detail.contains("checkpoint"), "{detail}");
    refused(&app, "/classify", json!({"inputs": "a", "heads": []}), "unknown_head", "/heads").await;
}

#[tokio::test]
async fn classification_without_a_loaded_head_is_refused() {
    let app = TestApp::tiny("sentence");
    refused(&app, "/classify", json!({"inputs": "a"}), "no_heads", "/heads").await;
}

#[tokio::test]
async fn too_many_distinct_layers_are_refused() {
    let app = app();
    let embed = json!({"inputs": "a", "recipe": {"layers": [1, 2, 3]}});
    refused(&app, "/embed", embed, "too_many_layers", "/recipe/layers").await;
    // The classifier reads the last layer, the recipe two others.
    let classify = json!({"inputs": "a", "embed": {"layers": [0, 1]}});
    refused(&app, "/classify", classify, "too_many_layers", "/heads").await;
    let same = json!({"inputs": "a", "embed": {"layers": [1, -1]}});
    app.post("/classify", same).await.ok();
}

#[tokio::test]
async fn a_text_with_too_many_tokens_is_refused_if_the_request_wants_it() {
    let app = app();
    let long = "never ".repeat(70);
    for (inputs, pointer) in
        [(json!(long), "/inputs"), (json!([long]), "/inputs/0"), (json!(["a", long]), "/inputs/1")]
    {
        let body = json!({"inputs": inputs, "long_text": "error"});
        let detail = refused(&app, "/embed", body, "text_too_long", pointer).await;
        assert!(detail.contains("72") && detail.contains("64"), "{detail}");
    }
    let body = json!({"inputs": "never ".repeat(62), "long_text": "error"});
    app.post("/embed", body).await.ok();
}

#[tokio::test]
async fn an_answer_that_would_be_too_large_is_refused_before_it_is_computed() {
    let app = app();
    let many = "film ".repeat(20);
    let body = |encoding: &str, texts: usize| json!({"inputs": vec![&many; texts], "tokens": true, "encoding": encoding});
    refused(&app, "/embed", body("float", 1), "answer_too_large", "/inputs").await;
    refused(&app, "/embed", body("base64", 2), "answer_too_large", "/inputs").await;
    app.post("/embed", body("base64", 1)).await.ok();
}

#[tokio::test]
async fn an_unknown_prompt_and_two_prompts_at_once_are_refused() {
    let app = app();
    for path in ["/embed", "/classify"] {
        let unknown = json!({"inputs": "a", "prompt_name": "query"});
        refused(&app, path, unknown, "unknown_prompt", "/prompt_name").await;
        let both = json!({"inputs": "a", "prompt": "b", "prompt_name": "query"});
        refused(&app, path, both, "conflicting_prompts", "/prompt_name").await;
    }
}

#[tokio::test]
async fn a_top_k_of_0_is_refused() {
    refused(&app(), "/classify", json!({"inputs": "a", "top_k": 0}), "invalid_top_k", "/top_k")
        .await;
}
