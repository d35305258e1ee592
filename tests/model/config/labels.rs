//! `id2label`, `num_labels` and `problem_type`, and what they make of a classifier's outputs.

use serde_json::{Map, Value, json};
use strata::model::checkpoint::EncoderConfig;
use strata::model::head::OutputActivation::{self, None as NoActivation, Sigmoid, Softmax};

use super::{Golden, edited};
use crate::support::copy::Stored;
use crate::support::{CheckpointCopy, head_of, load};

fn labels(edits: &Map<String, Value>) -> Vec<String> {
    let config = EncoderConfig::read(&edited(edits).file("config.json")).unwrap();
    config.classifier.unwrap().labels
}

#[test]
fn labels_are_those_of_transformers_pipeline() {
    let golden = Golden::read().labels;
    assert!(golden.len() > 10);
    for case in golden {
        assert!(!case.labels.is_empty(), "{:?}", case.edits);
        // An output that the pipeline has no label for, and would fail at, has a number.
        let expected = case.labels.into_iter().enumerate().map(|(at, label)| match label {
            Some(Value::String(label)) => label,
            Some(other) => other.to_string(),
            None => format!("LABEL_{at}"),
        });
        assert_eq!(labels(&case.edits), expected.collect::<Vec<_>>(), "{:?}", case.edits);
    }
}

#[test]
fn labels_may_be_whole_numbers() {
    let edits = json!({"id2label": {"0": 7, "1": -1, "2": "seven", "3": "1"}});
    assert_eq!(labels(edits.as_object().unwrap()), ["7", "-1", "seven", "1"]);
}

/// A copy whose classifier has the first `count` labels.
fn classifier(problem_type: Option<&str>, count: usize) -> CheckpointCopy {
    let edits = json!({"id2label": null, "num_labels": count, "problem_type": problem_type});
    let copy = edited(edits.as_object().unwrap());
    copy.edit(|tensors| {
        for (name, columns) in [("classifier.weight", 32), ("classifier.bias", 1)] {
            let tensor = tensors.get_mut(name).unwrap();
            let mut shape = tensor.shape.clone();
            shape[0] = count;
            *tensor = Stored::f32(&shape, &tensor.numbers()[..count * columns]);
        }
    });
    copy
}

#[test]
fn probabilities_are_those_of_transformers_pipeline() {
    let golden = Golden::read().probabilities;
    assert_eq!(golden.len(), 8);
    for case in golden {
        let head = head_of(&load(classifier(case.problem_type.as_deref(), case.labels).dir()));
        let expected = match case.activation.as_deref() {
            Some("softmax") => Softmax,
            Some("none") => NoActivation,
            // transformers refuses one label with single_label_classification.
            Some("sigmoid") | None => Sigmoid,
            Some(other) => panic!("{other}"),
        };
        let name = format!("{:?}, {} labels", case.problem_type, case.labels);
        assert_eq!(head.descriptor().activation, expected, "{name}");
    }
}

#[test]
fn a_number_of_labels_that_the_classifier_does_not_have_is_refused() {
    for (field, value) in [("num_labels", json!(3)), ("id2label", json!({"0": "a"}))] {
        let edits = Map::from_iter([(field.to_owned(), value)]);
        let message = crate::broken::message(edited(&edits).dir());
        assert!(message.contains("\"classifier.weight\": found F32 [4, 32]"), "{message}");
    }
}

/// The activation of a `CrossEncoder`'s scores.
fn score_activation(edits: Value, count: usize) -> Option<OutputActivation> {
    let copy = classifier(None, count);
    copy.edit_json("config.json", |json| {
        json.as_object_mut().unwrap().extend(edits.as_object().unwrap().clone());
    });
    head_of(&load(copy.dir())).score_activation()
}

#[test]
fn the_activation_of_scores_is_that_of_sentence_transformers() {
    let (identity, sigmoid) =
        ("torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Sigmoid");
    let old = "sbert_ce_default_activation_function";
    let new = |path: Option<&str>| json!({"activation_fn": path, "version": "5.0.0"});
    let cases = [
        (json!({}), 1, Sigmoid),
        (json!({}), 4, NoActivation),
        (json!({old: identity}), 1, NoActivation),
        (json!({old: sigmoid}), 4, Sigmoid),
        (json!({old: null}), 1, Sigmoid),
        (json!({"sentence_transformers": new(Some(identity))}), 1, NoActivation),
        (json!({"sentence_transformers": new(Some(sigmoid)), old: identity}), 4, Sigmoid),
        // A null goes over the old name, too.
        (json!({"sentence_transformers": new(None), old: identity}), 1, Sigmoid),
        (json!({"sentence_transformers": {"version": "4.0.1"}, old: identity}), 1, NoActivation),
    ];
    for (edits, count, expected) in cases {
        assert_eq!(score_activation(edits.clone(), count), Some(expected), "{edits} {count}");
    }
}

#[test]
fn the_activation_of_a_folder_saved_by_a_cross_encoder_goes_over_the_config() {
    let copy = classifier(None, 1);
    let saved = json!({"model_type": "CrossEncoder", "activation_fn": "torch.nn.Identity"});
    copy.write("config_sentence_transformers.json", saved.to_string());
    let found = |copy: &CheckpointCopy| head_of(&load(copy.dir())).score_activation();
    // Only a folder with a list of modules is read so.
    assert_eq!(found(&copy), Some(Sigmoid));
    let transformer = "sentence_transformers.base.modules.transformer.Transformer";
    let modules = json!([{"idx": 0, "name": "0", "path": "", "type": transformer}]);
    copy.write("modules.json", modules.to_string());
    let task = json!({"transformer_task": "sequence-classification"});
    copy.write("sentence_bert_config.json", task.to_string());
    assert_eq!(found(&copy), Some(NoActivation));
    copy.edit_json("config_sentence_transformers.json", |json| {
        json["activation_fn"] = Value::Null;
    });
    assert_eq!(found(&copy), Some(Sigmoid));
}
