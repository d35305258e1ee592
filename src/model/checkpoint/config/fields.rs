//! The fields of `config.json` by the names and with the defaults of a family.

use serde_json::{Map, Value};

use super::raw::{MOST_LAYERS, RawConfig};
use crate::field::unusable;
use crate::model::checkpoint::families::Family;

const TYPES: &str = "type_vocab_size";

/// Reads the fields of a family. An error names the field.
pub fn read(family: &Family, mut fields: Map<String, Value>) -> Result<RawConfig, String> {
    let mut renamed = (family.defaults)();
    for (common, own) in family.names {
        let by_common = fields.shift_remove(*common).filter(|_| family.aliases.contains(common));
        let by_own = fields.shift_remove(*own);
        if let Some(value) = by_common.or(by_own) {
            fields.insert((*common).to_owned(), value);
        }
    }
    renamed.extend(fields);
    serde_path_to_error::deserialize(Value::Object(renamed)).map_err(|error| {
        let path = error.path().to_string();
        let own = family.names.iter().find(|(common, _)| *common == path);
        let field = own.map_or(path.as_str(), |(_, own)| own);
        format!("field \"{field}\": {}", error.inner())
    })
}

/// Checks that the activation is known, and that sizes are above 0 and fit together. An error
/// names the field.
pub fn check(family: &Family, raw: &RawConfig) -> Result<(), String> {
    let sizes = [
        ("vocab_size", raw.vocab_size),
        ("hidden_size", raw.hidden_size),
        ("num_hidden_layers", raw.num_hidden_layers),
        ("num_attention_heads", raw.num_attention_heads),
        ("intermediate_size", raw.intermediate_size),
        ("max_position_embeddings", raw.max_position_embeddings),
        (TYPES, raw.type_vocab_size),
    ];
    let may_be_none = |name: &str| name == TYPES && family.may_lack_types();
    if let Some((name, _)) = sizes.iter().find(|(name, size)| *size == 0 && !may_be_none(name)) {
        return Err(unusable(family.name_of(name), 0, "at least 1 is needed"));
    }
    if raw.num_hidden_layers > MOST_LAYERS {
        let (field, allowed) = ("num_hidden_layers", format!("at most {MOST_LAYERS} are read"));
        return Err(unusable(family.name_of(field), raw.num_hidden_layers, &allowed));
    }
    if !raw.hidden_size.is_multiple_of(raw.num_attention_heads) {
        let (heads, found) = (family.name_of("num_attention_heads"), raw.num_attention_heads);
        let allowed = format!("a multiple of {heads}, which is {found}, is needed");
        return Err(unusable(family.name_of("hidden_size"), raw.hidden_size, &allowed));
    }
    let activation = raw.activation().map(|_| ());
    activation.map_err(|allowed| {
        unusable(family.name_of("hidden_act"), raw.hidden_act.as_str(), &allowed)
    })
}
