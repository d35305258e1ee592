//! The sentence-transformers files of a checkpoint: `native`, prompts, limits, and what is refused.

mod refused;
mod training;
mod windows;

use serde_json::json;
use strata::model::checkpoint::Checkpoint;
use strata::model::recipe::{Pooling, Poolings, RecipeRef};
use strata::model::recipe_book::NATIVE;
use strata::model::task::OutputSpec;
use strata::text::LongText;

use crate::support::fixtures::input;
use crate::support::pass::{main_output, outputs, rows};
use crate::support::{CheckpointCopy, Tiny, Worst, load, tiny};

/// Absolute tolerance for rows of length 1. Largest difference seen: 4.1e-7.
const EMBEDDINGS: f64 = 1e-5;

#[test]
fn native_agrees_with_sentence_transformers_from_text_to_embedding() {
    let (golden, parts) = (Tiny::read(Tiny::SENTENCE), load(&tiny(Tiny::SENTENCE)));
    let native = parts.recipes.resolve(&RecipeRef::Name(NATIVE.to_owned())).unwrap();
    assert_eq!(native.pooling, Poolings::One(Pooling::MeanSqrtLen));
    assert_eq!(serde_json::to_value(&native.row_layers).unwrap(), json!(["dense"]));
    assert!(native.normalize);
    assert_eq!(native.dimensions, 16);
    let output = OutputSpec::Embedding(native);
    let together = rows(&parts.model, &output, &golden.cases);
    let mut worst = Worst::default();
    for (index, case) in golden.cases.iter().enumerate() {
        let mut input = input(&case.text, case.pair.as_deref());
        if let Some(name) = &case.prompt_name {
            input.text = input.text.with_prompt(&parts.checkpoint.sentence.prompts[name]);
        }
        let limit = parts.sequence_tokens;
        let encoded = parts.tokenizer.encode(&input, limit, LongText::Truncate(None)).unwrap();
        let alone = outputs(&parts.model, vec![output.clone()], &[encoded.sequence]).remove(0);
        worst.compare(&alone.values[0], &case.expected, EMBEDDINGS, &format!("text {index} alone"));
        worst.compare(
            &together[index],
            &case.expected,
            EMBEDDINGS,
            &format!("text {index} in a batch"),
        );
    }
    worst.check("native with a dense layer");
}

#[test]
fn prompts_are_read_and_a_default_one_must_exist() {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    let sentence = Checkpoint::open(copy.dir()).unwrap().sentence;
    assert_eq!(sentence.prompts["query"], "query: ");
    assert_eq!(sentence.default_prompt, None);

    let file = "config_sentence_transformers.json";
    copy.edit_json(file, |json| json["default_prompt_name"] = "query".into());
    let sentence = Checkpoint::open(copy.dir()).unwrap().sentence;
    assert_eq!(sentence.default_prompt.unwrap(), "query: ");

    copy.edit_json(file, |json| json["default_prompt_name"] = "lost".into());
    refused(&copy, &[file, "default_prompt_name is \"lost\""]);
}

#[test]
fn pooling_is_read_from_switches_and_from_a_mode_with_or_without_a_list() {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    let poolings = [
        (json!({}), Pooling::Mean),
        (json!({"pooling_mode_cls_token": true}), Pooling::Cls),
        (json!({"pooling_mode_max_tokens": true}), Pooling::Max),
        (json!({"pooling_mode_weightedmean_tokens": true}), Pooling::WeightedMean),
        (json!({"pooling_mode_lasttoken": true}), Pooling::LastToken),
        (json!({"embedding_dimension": 32, "pooling_mode": "cls"}), Pooling::Cls),
        (json!({"pooling_mode": ["lasttoken"]}), Pooling::LastToken),
        (
            json!({"pooling_mode": "mean_sqrt_len_tokens", "include_prompt": true}),
            Pooling::MeanSqrtLen,
        ),
    ];
    for (written, pooling) in poolings {
        copy.edit_json("1_Pooling/config.json", |json| *json = written.clone());
        let sentence = Checkpoint::open(copy.dir()).unwrap().sentence;
        assert_eq!(sentence.native.recipe.pooling, pooling, "{written}");
    }
}

#[test]
fn poolings_that_cannot_be_served_are_refused() {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    let refusals = [
        (json!({"pooling_mode": []}), "pooling_mode is []; allowed are"),
        (json!({"pooling_mode": "attention"}), "pooling_mode is \"attention\"; allowed are"),
        (json!({"pooling_mode": ["mean", "splade"]}), "pooling_mode is \"splade\"; allowed are"),
        (json!({"include_prompt": null}), "include_prompt is null; allowed are true and false"),
        (json!({"pooling_mode_max_tokens": 1}), "pooling_mode_max_tokens is 1"),
        (
            json!({"pooling_mode_attention": true}),
            "pooling_mode_attention is true; allowed are embedding_dimension",
        ),
    ];
    for (written, message) in refusals {
        copy.edit_json("1_Pooling/config.json", |json| *json = written);
        refused(&copy, &["1_Pooling/config.json", message]);
    }
}

#[test]
fn a_dense_layer_may_only_read_and_write_the_pooled_row() {
    let golden = Tiny::read(Tiny::SENTENCE);
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    let file = "2_Dense/config.json";
    copy.edit_json(file, |json| {
        json["module_input_name"] = "sentence_embedding".into();
        json["module_output_name"] = json!(null);
        json["use_residual"] = false.into();
    });
    let (model, output) = main_output(&Checkpoint::open(copy.dir()).unwrap()).unwrap();
    let mut worst = Worst::default();
    for (found, case) in rows(&model, &output, &golden.cases).iter().zip(&golden.cases) {
        worst.compare(found, &case.expected, EMBEDDINGS, &case.text);
    }
    worst.check("native with a dense layer of the newer form");

    let refusals = [
        (
            "module_input_name",
            json!("token_embeddings"),
            "module_input_name is \"token_embeddings\"; allowed is \"sentence_embedding\"",
        ),
        (
            "module_output_name",
            json!("projected"),
            "module_output_name is \"projected\"; allowed is \"sentence_embedding\"",
        ),
        (
            "activation_function",
            json!("torch.nn.modules.activation.Softmax"),
            "activation_function is \"torch.nn.modules.activation.Softmax\"; allowed are Identity,",
        ),
        (
            "activation_function",
            json!("my_library.Identity"),
            "activation_function is \"my_library.Identity\"",
        ),
        ("activation_function", json!(null), "activation_function is null"),
        ("in_features", json!(64), "in_features is 64; the row before it has 32 columns"),
    ];
    for (field, value, message) in refusals {
        let copy = CheckpointCopy::new(Tiny::SENTENCE);
        copy.edit_json(file, |json| json[field] = value);
        refused(&copy, &[file, message]);
    }
}

#[test]
fn a_dense_layer_whose_weights_do_not_fit_is_refused() {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    copy.edit_json("2_Dense/config.json", |json| json["out_features"] = 17.into());
    let found =
        ["2_Dense/model.safetensors", "\"linear.weight\"", "found F32 [16, 32]", "[17, 32]"];
    refused(&copy, &found);
    copy.remove("2_Dense/model.safetensors");
    refused(&copy, &["2_Dense/model.safetensors: not found"]);
}

#[test]
fn a_normalize_may_only_read_and_write_the_pooled_row() {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    std::fs::create_dir(copy.file("3_Normalize")).unwrap();
    copy.write("3_Normalize/config.json", r#"{"module_input_name": "token_embeddings"}"#);
    refused(&copy, &["3_Normalize/config.json", "module_input_name is \"token_embeddings\""]);
    copy.write("3_Normalize/config.json", r#"{"module_input_name": "sentence_embedding"}"#);
    assert!(Checkpoint::open(copy.dir()).unwrap().sentence.native.recipe.normalize);
}

/// Checks that opening a copy fails with a message that contains all of `parts`.
fn refused(copy: &CheckpointCopy, parts: &[&str]) {
    let message = Checkpoint::open(copy.dir()).err().expect("refused").to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}
