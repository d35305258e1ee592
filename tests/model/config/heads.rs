//! Architectures of which only the encoder is served.

use serde_json::{Value, json};
use strata::model::Model;
use strata::model::checkpoint::{Checkpoint, EncoderConfig, LeftOut};
use strata::model::head::Head;

use super::{NAME, with};
use crate::support::CheckpointCopy;
use crate::support::copy::Stored;

fn left_out(copy: &CheckpointCopy) -> LeftOut {
    LeftOut::find(&Checkpoint::open(copy.dir()).unwrap())
}

fn has_head(copy: &CheckpointCopy) -> bool {
    let checkpoint = Checkpoint::open(copy.dir()).unwrap();
    Head::from_checkpoint(&checkpoint, Model::shape_of(&checkpoint), "").unwrap().is_some()
}

const ENCODERS: [&str; 6] = [
    "BertForMaskedLM",
    "BertForPreTraining",
    "BertForNextSentencePrediction",
    "BertForQuestionAnswering",
    "BertForMultipleChoice",
    "BertLMHeadModel",
];

#[test]
fn the_encoder_of_an_architecture_with_another_head_is_served_and_the_head_is_named() {
    for name in ENCODERS {
        let copy = with("architectures", json!([name]));
        assert!(!has_head(&copy), "{name}");
        let left = left_out(&copy);
        assert_eq!(left.heads, [name]);
        assert_eq!(
            left.tensors,
            ["classifier.bias", "classifier.weight", "pooler.dense.bias", "pooler.dense.weight"]
        );
    }
}

#[test]
fn nothing_of_a_classifier_is_left_out() {
    assert_eq!(left_out(&CheckpointCopy::new(NAME)), LeftOut::default());
    for names in [
        json!(["BertForSequenceClassification", "BertModel"]),
        json!(["BertModel", "BertForSequenceClassification"]),
    ] {
        let copy = with("architectures", names);
        assert!(has_head(&copy));
        assert_eq!(left_out(&copy), LeftOut::default());
    }
}

#[test]
fn a_classifier_of_tokens_is_read_unless_there_is_one_of_texts() {
    let copy = with("architectures", json!(["BertForTokenClassification"]));
    assert!(!has_head(&copy));
    let config = EncoderConfig::read(&copy.file("config.json")).unwrap();
    assert_eq!(config.tagger.unwrap().labels[0], "toxic");
    let left = left_out(&copy);
    assert_eq!(left.heads, [""; 0]);
    assert_eq!(left.tensors, ["pooler.dense.bias", "pooler.dense.weight"]);

    let both = json!(["BertForTokenClassification", "BertForSequenceClassification"]);
    let copy = with("architectures", both);
    assert!(has_head(&copy));
    assert_eq!(left_out(&copy).heads, ["BertForTokenClassification"]);
}

#[test]
fn a_classifier_among_several_architectures_is_served() {
    let copy = with("architectures", json!(["BertForMaskedLM", "BertForSequenceClassification"]));
    assert!(has_head(&copy));
    assert_eq!(left_out(&copy).heads, ["BertForMaskedLM"]);
}

#[test]
fn tensors_that_are_not_read_are_listed_except_buffers() {
    let copy = CheckpointCopy::new(NAME);
    copy.edit(|tensors| {
        let bias = Stored::f32(&[2], &[1.0, 2.0]);
        for name in [
            "bert.embeddings.position_ids",
            "bert.encoder.layer.3.output.dense.bias",
            "cls.predictions.bias",
            "other.classifier.weight",
        ] {
            tensors.insert(name.to_owned(), bias.clone());
        }
    });
    let expected =
        ["cls.predictions.bias", "encoder.layer.3.output.dense.bias", "other.classifier.weight"];
    assert_eq!(left_out(&copy).tensors, expected);
}

#[test]
fn a_checkpoint_without_architectures_is_an_encoder() {
    for names in [Value::Null, json!([])] {
        let copy = with("architectures", names);
        assert!(!has_head(&copy));
        assert_eq!(left_out(&copy).heads, [""; 0]);
    }
}

#[test]
fn an_encoder_needs_no_pooler_and_its_labels_are_not_checked() {
    let copy = with("architectures", json!(["BertForQuestionAnswering"]));
    copy.edit(|tensors| tensors.retain(|name, _| !name.contains("pooler")));
    copy.edit_json("config.json", |json| json["id2label"] = json!({"one": "a"}));
    assert!(!has_head(&copy));
    let config = EncoderConfig::read(&copy.file("config.json")).unwrap();
    assert!(config.classifier.is_none());
}
