//! The fields of `config.json` that only DeBERTa-v2 has.

use serde_json::{Value, json};
use strata::model::checkpoint::EncoderConfig;

use super::configs::edited;

fn config(fields: &Value) -> EncoderConfig {
    edited("deberta-v2", fields).unwrap()
}

#[test]
fn the_kinds_of_scores_may_be_written_as_a_text_or_a_list() {
    for (written, c2p, p2c) in [
        (json!("p2c|c2p"), true, true),
        (json!("P2C | c2p"), true, true),
        (json!("c2p"), true, false),
        (json!(["p2c"]), false, true),
        (json!(["c2p", "p2c"]), true, true),
        (json!([]), false, false),
        (json!(""), false, false),
        (json!(null), false, false),
    ] {
        let spec = config(&json!({"pos_att_type": written})).spec;
        let projections = spec.layers[1].relative.as_ref().unwrap();
        let found = (projections.keys.is_some(), projections.queries.is_some());
        assert_eq!(found, (c2p, p2c), "{written}");
        assert_eq!(spec.score_terms, 1 + usize::from(c2p) + usize::from(p2c), "{written}");
    }
    let without = config(&json!({"relative_attention": false})).spec;
    assert!(without.relative.is_none() && without.layers[1].relative.is_none());
    // transformers divides by the root of three times the columns also then.
    assert_eq!(without.score_terms, 3);
}

#[test]
fn distances_have_as_many_rows_as_transformers_gives_them() {
    for (fields, span, most) in [
        (json!({"position_buckets": 8}), 8, Some(64)),
        (json!({"position_buckets": 8, "max_relative_positions": 30}), 8, Some(30)),
        (json!({"position_buckets": -1, "max_relative_positions": 30}), 30, None),
        (json!({"position_buckets": 0, "max_relative_positions": 0}), 64, None),
    ] {
        let relative = config(&fields).spec.relative.unwrap();
        let rows = relative.rows;
        assert_eq!((rows.span, rows.most, relative.table.rows), (span, most, 2 * span), "{fields}");
    }
    for (written, has_norm) in [("none", false), ("LAYER_NORM | other", true), ("layernorm", false)]
    {
        let relative = config(&json!({"norm_rel_ebd": written})).spec.relative.unwrap();
        assert_eq!(relative.norm.is_some(), has_norm, "{written}");
    }
}

#[test]
fn what_isn_t_computed_is_refused_by_its_field() {
    for (field, value) in [
        ("conv_kernel_size", json!(3)),
        ("attention_head_size", json!(16)),
        ("pooler_hidden_size", json!(16)),
        ("pooler_hidden_act", json!("mish")),
        ("embedding_size", json!(0)),
        ("pos_att_type", json!("p2p|c2p")),
        ("pos_att_type", json!(["C2P"])),
        ("pos_att_type", json!([1])),
        ("pos_att_type", json!(true)),
        ("position_buckets", json!(2)),
        ("position_buckets", json!(126)),
        ("position_buckets", json!(1 << 20)),
        ("position_buckets", json!("8")),
        ("relative_attention", json!("yes")),
        ("norm_rel_ebd", json!(null)),
    ] {
        let refused = edited("deberta-v2", &json!({(field): value})).err().unwrap();
        assert!(refused.contains(field), "{field} {value}: {refused}");
    }
    let linear = json!({"position_buckets": -1, "max_relative_positions": 1 << 20});
    let refused = edited("deberta-v2", &linear).err().unwrap();
    assert!(refused.contains("max_relative_positions is 1048576; at most 65536"), "{refused}");
    config(&json!({"position_buckets": 125}));
}
