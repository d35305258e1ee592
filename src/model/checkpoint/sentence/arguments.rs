//! The arguments that a Transformer module hands on to transformers.

use serde_json::{Map, Value};

/// Where files come from. sentence-transformers replaces these by what it was called with.
const HUB: [&str; 8] = [
    "subfolder",
    "token",
    "cache_dir",
    "revision",
    "local_files_only",
    "trust_remote_code",
    "force_download",
    "proxies",
];

/// Arguments of the model that change how it is loaded or laid out, and not what it computes.
const LOADING: [&str; 7] = [
    "attn_implementation",
    "add_pooling_layer",
    "device_map",
    "low_cpu_mem_usage",
    "max_memory",
    "use_safetensors",
    "use_cache",
];

/// Arguments of a call of the tokenizer that only change how a batch is padded and returned.
const PADDING: [&str; 4] = ["padding", "pad_to_multiple_of", "return_tensors", "logits_to_keep"];

/// The arguments that don't say where files come from.
pub fn without_hub(mut arguments: Map<String, Value>) -> Map<String, Value> {
    arguments.retain(|name, _| !HUB.contains(&name.as_str()));
    arguments
}

/// Checks `model_kwargs`, or `model_args` as they were called.
///
/// # Errors
/// An argument would change what the model computes.
pub fn check_model_arguments(arguments: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in arguments {
        let is_f32 = ["auto", "float32", "torch.float32"].iter().any(|allowed| value == allowed);
        match name.as_str() {
            "dtype" | "torch_dtype" if value.is_null() || is_f32 => {}
            "dtype" | "torch_dtype" => {
                return Err(format!(
                    "model_kwargs: {name} is {value}; allowed are \"auto\" and \"float32\""
                ));
            }
            known if LOADING.contains(&known) => {}
            _ => return Err(format!("model_kwargs: {name} is {value}; it can't be served")),
        }
    }
    Ok(())
}

/// Checks `config_kwargs`, or `config_args` as they were called.
///
/// # Errors
/// An argument would change the encoder's config.
pub fn check_config_arguments(arguments: &Map<String, Value>) -> Result<(), String> {
    match arguments.iter().find(|(name, _)| *name != "use_cache") {
        Some((name, value)) => Err(format!(
            "config_kwargs: {name} is {value}; only what config.json itself says can be served"
        )),
        None => Ok(()),
    }
}

/// The length at which `processing_kwargs` cut a text: for all modalities, or else for texts.
///
/// # Errors
/// An argument would change the tokens in another way.
pub fn max_length(arguments: &Map<String, Value>) -> Result<Option<usize>, String> {
    let mut length = None;
    for part in ["text", "common"] {
        let Some(arguments) = arguments.get(part) else { continue };
        let arguments = arguments.as_object().ok_or_else(|| {
            format!("processing_kwargs: {part} is {arguments}; expected an object")
        })?;
        for (name, value) in arguments {
            match name.as_str() {
                "max_length" if value.is_null() => length = None,
                "max_length" => {
                    let allowed = value.as_u64().and_then(|length| usize::try_from(length).ok());
                    length = Some(allowed.ok_or_else(|| {
                        format!("processing_kwargs: max_length is {value}; expected a number")
                    })?);
                }
                "truncation" if *value == true || value == "longest_first" => {}
                "add_special_tokens" if *value == true => {}
                known if PADDING.contains(&known) => {}
                _ => {
                    return Err(format!(
                        "processing_kwargs: {name} is {value}; it can't be served"
                    ));
                }
            }
        }
    }
    Ok(length)
}
