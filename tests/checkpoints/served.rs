//! What a server says about a checkpoint, and about requests that it can't answer as both libraries do.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::case::Case;
use crate::support::app::{TestApp, config};

/// A server of `KIND/CASE`, with its folder.
fn serve(case: &str) -> (TestApp, TempDir) {
    let (kind, name) = case.split_once('/').unwrap();
    let copy = Case::read(kind, name).write();
    (TestApp::new(&config(copy.path().to_owned())), copy)
}

#[tokio::test]
async fn info_lists_what_of_a_checkpoint_is_left_out() {
    let pooler = json!(["pooler.dense.bias", "pooler.dense.weight"]);
    for (case, heads, tensors) in [
        ("other-heads/BertForMaskedLM", json!(["BertForMaskedLM"]), &pooler),
        ("other-heads/own-code", json!(["Contriever"]), &pooler),
        ("decoders/none-of-them", json!([]), &pooler),
        // Here native has the pooler in it, and there the classifier.
        ("transformer-settings/pooler-output", json!([]), &json!([])),
        ("values/only-a-count", json!([]), &json!([])),
    ] {
        let (app, _copy) = serve(case);
        let info = app.get("/info").await.ok();
        let expected = json!({"heads": heads, "tensors": tensors});
        assert_eq!(info["model"]["left_out"], expected, "{case}");
    }
}

#[tokio::test]
async fn info_has_the_activation_of_a_cross_encoder_which_classify_does_not_apply() {
    for (case, activation) in [
        ("cross-encoders/identity", "none"),
        ("cross-encoders/sigmoid", "sigmoid"),
        ("cross-encoders/sigmoid-of-three", "sigmoid"),
        ("cross-encoders/identity-saved-beside-tanh", "none"),
        ("one-label/no-problem-type", "sigmoid"),
        ("values/only-a-count", "none"),
    ] {
        let (app, _copy) = serve(case);
        let info = app.get("/info").await.ok();
        assert_eq!(info["heads"]["checkpoint"]["score_activation"], activation, "{case}");
    }
}

#[tokio::test]
async fn heads_and_native_with_a_default_prompt_need_one_that_is_chosen() {
    let (app, _copy) = serve("prompts/default-beside-a-classifier");
    let body = |fields: Value| {
        let mut body = json!({"inputs": "the cat", "embed": "native"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    let refused = app.post("/classify", body(json!({}))).await;
    refused.problem(422, "conflicting_prompts", Some("/embed"));
    for prompt in [json!({"prompt": ""}), json!({"prompt_name": "query"})] {
        let both = app.post("/classify", body(prompt.clone())).await.ok();
        let mut alone = body(prompt.clone());
        alone.as_object_mut().unwrap().remove("embed");
        alone["recipe"] = "native".into();
        let rows = app.post("/embed", alone).await.ok();
        assert_eq!(both["embeddings"], rows["embeddings"], "{prompt}");
    }
}
