//! Fields for the Python code that came with a family's first checkpoints. The class of transformers that
//! has replaced this code reads none of them, so each may only ask for what that class computes.

use serde_json::Value;

use crate::field::unusable;
use crate::model::checkpoint::config::RawConfig;

/// Checks that none of the fields, each with what is computed, asks for something else. An error names
/// the field.
pub fn check(raw: &RawConfig, fields: &[(&str, Value)]) -> Result<(), String> {
    for (field, computed) in fields {
        let written = raw.others.get(*field).filter(|written| !written.is_null());
        if let Some(written) = written.filter(|written| !is_equal(written, computed)) {
            let allowed = format!("transformers computes {computed}, and only that can be served");
            return Err(unusable(field, written.clone(), &allowed));
        }
    }
    Ok(())
}

fn is_equal(written: &Value, computed: &Value) -> bool {
    match (written.as_f64(), computed.as_f64()) {
        (Some(written), Some(computed)) => written == computed,
        _ => written == computed,
    }
}
