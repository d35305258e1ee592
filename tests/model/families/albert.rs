//! The fields of `config.json` that only ALBERT has, and its pooler.

use serde_json::json;
use strata::model::checkpoint::{Checkpoint, EncoderConfig, LeftOut};

use super::STRICT;
use super::configs::edited;
use super::golden::{Family, family};
use crate::support::copy::MODEL;
use crate::support::pass::{main_output, rows};
use crate::support::{CheckpointCopy, Worst};

/// The group of each layer, and its number there.
fn places(config: &EncoderConfig) -> Vec<(usize, usize)> {
    let number = |text: &str| text.parse::<usize>().unwrap();
    let place = |module: &str| {
        let parts: Vec<&str> = module.split('.').collect();
        assert_eq!((parts[1], parts[3]), ("albert_layer_groups", "albert_layers"), "{module}");
        (number(parts[2]), number(parts[4]))
    };
    config.spec.layers.iter().map(|layer| place(&layer.output.module)).collect()
}

#[test]
fn layers_are_divided_among_groups_as_transformers_does() {
    for (layers, groups, expected) in [
        (4, 1, vec![0, 0, 0, 0]),
        (4, 3, vec![0, 0, 1, 2]),
        (12, 5, vec![0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4]),
        (7, 9, vec![0, 1, 2, 3, 5, 6, 7]),
        // Here its quotient is rounded down, and a layer has a lower group than in whole numbers.
        (18, 14, vec![0, 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13]),
    ] {
        let fields = json!({"num_hidden_layers": layers, "num_hidden_groups": groups});
        let config = edited("albert", &fields).unwrap();
        let found: Vec<usize> = places(&config).into_iter().map(|(group, _)| group).collect();
        assert_eq!(found, expected, "{fields}");
        assert_eq!(config.layers, layers);
    }
}

#[test]
fn a_group_may_have_several_layers_with_a_hidden_state_each() {
    let fields = json!({"num_hidden_layers": 3, "inner_group_num": 2, "num_hidden_groups": 2});
    let config = edited("albert", &fields).unwrap();
    assert_eq!(places(&config), [(0, 0), (0, 1), (0, 0), (0, 1), (1, 0), (1, 1)]);
    assert_eq!(config.layers, 6);
    let (distinct, places) = config.spec.distinct_layers();
    assert_eq!((distinct.len(), places), (4, vec![0, 1, 0, 1, 2, 3]));
}

#[test]
fn what_can_t_be_computed_is_refused_by_its_field() {
    for (field, value, allowed) in [
        ("num_hidden_groups", json!(0), "at least 1"),
        ("num_hidden_groups", json!(null), "null"),
        ("num_hidden_groups", json!(1.5), "1.5"),
        ("inner_group_num", json!(0), "at least 1"),
        ("inner_group_num", json!(300), "times num_hidden_layers, 4, at most 1024"),
        ("inner_group_num", json!(u64::MAX), "at most 1024"),
        ("embedding_size", json!(0), "at least 1"),
        ("embedding_size", json!(null), "null"),
        ("type_vocab_size", json!(0), "at least 1"),
    ] {
        let refused = edited("albert", &json!({(field): value})).err().unwrap();
        assert!(refused.contains(field) && refused.contains(allowed), "{field} {value}: {refused}");
    }
}

#[test]
fn predictions_of_tokens_are_as_wide_as_the_tables_and_have_a_known_activation() {
    let names = json!({"architectures": ["AlbertForMaskedLM"]});
    let refused = edited("albert", &names).unwrap().prediction.unwrap().unwrap_err();
    assert!(refused.contains("hidden_act is \"gelu_new\"; before predictions"), "{refused}");
    let names = json!({"architectures": ["AlbertForMaskedLM"], "hidden_act": "gelu"});
    let prediction = edited("albert", &names).unwrap().prediction.unwrap().unwrap();
    assert_eq!((prediction.decoder.columns, prediction.layers.len()), (24, 2));
    assert_eq!(prediction.bias.as_deref(), Some("predictions.bias"));
}

#[test]
fn the_pooler_is_served_as_sentence_transformers_reads_it() {
    let (golden, copy) = (Family::read("albert"), CheckpointCopy::from_folder(&family("albert")));
    copy.edit_json("config.json", |json| json["architectures"] = json!(["AlbertModel"]));
    let kind = "sentence_transformers.models.Transformer";
    copy.create(
        "modules.json",
        json!([{"idx": 0, "name": "0", "path": "", "type": kind}]).to_string(),
    );
    let text = json!({"method": "forward", "method_output_name": "pooler_output"});
    let settings = json!({
        "transformer_task": "feature-extraction",
        "modality_config": {"text": text},
        "module_output_name": "sentence_embedding",
    });
    copy.create("sentence_bert_config.json", settings.to_string());
    let checkpoint = Checkpoint::open(copy.dir()).unwrap();
    let left = LeftOut::find(&checkpoint);
    assert_eq!(left.tensors, ["classifier.bias", "classifier.weight"]);

    // The classifier follows the pooler, so it makes logits of these rows.
    let (model, output) = main_output(&checkpoint).unwrap();
    let tensors = copy.tensors(MODEL);
    let [weight, bias] =
        ["weight", "bias"].map(|part| tensors[&format!("classifier.{part}")].numbers());
    let mut worst = Worst::default();
    for (index, row) in rows(&model, &output, &golden.tiny.cases).into_iter().enumerate() {
        let logit = |(weights, bias): (&[f32], &f32)| {
            weights.iter().zip(&row).map(|(weight, x)| weight * x).sum::<f32>() + bias
        };
        let found: Vec<f32> = weight.chunks(row.len()).zip(&bias).map(logit).collect();
        let expected = &golden.tiny.cases[index].expected;
        worst.compare(&found, expected, STRICT, &format!("text {index}"));
    }
    worst.check("albert's pooler");
}
