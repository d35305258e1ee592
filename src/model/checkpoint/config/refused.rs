//! The fields of `config.json` that change what transformers computes and that no encoder here
//! obeys. Only the values that change nothing are allowed.

use serde_json::{Map, Value};

use crate::field::unusable;
use crate::model::checkpoint::families::Family;

/// A field, and the values of it that can be served.
struct Rule {
    field: &'static str,
    is_allowed: fn(&Value) -> bool,
    /// What is allowed, in words.
    only: &'static str,
}

const POSITION_TYPE: &str = "position_embedding_type";
const CODE: &str = "auto_map";

const RULES: [Rule; 15] = [
    // A decoder's tokens attend to those before them alone.
    Rule { field: "is_decoder", is_allowed: is_off, only: "false" },
    // transformers passes it on to its attention.
    Rule { field: "is_causal", is_allowed: is_off, only: "false" },
    Rule { field: "add_cross_attention", is_allowed: is_off, only: "false" },
    // transformers 4 obeys these two, transformers 5 ignores them.
    Rule { field: POSITION_TYPE, is_allowed: is_absolute, only: "\"absolute\"" },
    Rule { field: "pruned_heads", is_allowed: is_empty, only: "{}" },
    // Settings of single layers.
    Rule { field: "per_layer_config", is_allowed: is_empty, only: "{}" },
    Rule { field: "quantization_config", is_allowed: Value::is_null, only: "null" },
    Rule { field: "fusion_config", is_allowed: Value::is_null, only: "null" },
    // Other names of fields, which transformers then reads and writes in their place.
    Rule { field: "attribute_map", is_allowed: is_empty, only: "{}" },
    // A kernel from the hub, such as "kernels-community/flash-attn".
    Rule { field: "attn_implementation", is_allowed: is_built_in, only: "a built-in attention" },
    Rule { field: "_attn_implementation", is_allowed: is_built_in, only: "a built-in attention" },
    // These read other files, or run code of the checkpoint's own, unless a class has replaced it.
    Rule { field: "transformers_weights", is_allowed: Value::is_null, only: "null" },
    Rule { field: "configuration_files", is_allowed: is_empty, only: "[]" },
    Rule { field: CODE, is_allowed: is_empty, only: "{}" },
    Rule { field: "trust_remote_code", is_allowed: is_off, only: "false" },
];

/// Checks that no field asks for something that isn't computed. An error names the field.
pub fn check(family: &Family, fields: &Map<String, Value>) -> Result<(), String> {
    for Rule { field, is_allowed, only } in RULES {
        let has_no_effect = match field {
            POSITION_TYPE => !family.obeyed_position_type(),
            CODE => family.had_own_code(),
            _ => false,
        };
        if has_no_effect {
            continue;
        }
        if let Some(value) = fields.get(field).filter(|value| !is_allowed(value)) {
            return Err(unusable(field, value.clone(), &format!("only {only} can be served")));
        }
    }
    Ok(())
}

fn is_off(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
}

fn is_absolute(value: &Value) -> bool {
    value.is_null() || value == "absolute"
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(items) => items.is_empty(),
        _ => false,
    }
}

fn is_built_in(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|name| !name.contains('/'))
}
