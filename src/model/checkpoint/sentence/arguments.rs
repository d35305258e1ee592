//! The arguments that a Transformer module hands on to transformers.

use serde_json::{Map, Value};

use crate::field::unusable;

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
const LOADING: [&str; 6] = [
    "attn_implementation",
    "add_pooling_layer",
    "device_map",
    "low_cpu_mem_usage",
    "max_memory",
    "use_cache",
];

/// Arguments of a call of the tokenizer that only change what is returned, and how.
const WITHOUT_EFFECT: [&str; 3] = ["return_tensors", "return_attention_mask", "logits_to_keep"];

/// Arguments, and the field that has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// The field, for messages.
    pub field: &'static str,
    /// The arguments by name, without those that say where files come from.
    pub map: Map<String, Value>,
}

impl Arguments {
    /// The arguments of a field, or else of its older name: as in sentence-transformers, the older
    /// one wins.
    pub fn choose(
        (older, of_older): (&'static str, Option<Map<String, Value>>),
        (newer, of_newer): (&'static str, Option<Map<String, Value>>),
    ) -> Self {
        let (field, map) = match of_older {
            Some(map) => (older, map),
            None => (newer, of_newer.unwrap_or_default()),
        };
        let is_kept = |(name, _): &(String, Value)| !HUB.contains(&name.as_str());
        Self { field, map: map.into_iter().filter(is_kept).collect() }
    }

    /// Checks the model's arguments.
    ///
    /// # Errors
    /// An argument would change what the model computes.
    pub fn check_model(&self) -> Result<(), String> {
        for (name, value) in &self.map {
            let is_f32 = ["auto", "float32", "torch.float32"].iter().any(|known| value == known);
            match name.as_str() {
                "dtype" | "torch_dtype" if value.is_null() || is_f32 => {}
                "dtype" | "torch_dtype" => {
                    let allowed = "allowed are null, \"auto\" and \"float32\"";
                    return Err(self.unusable(name, value, allowed));
                }
                "use_safetensors" if value.is_null() || *value == true => {}
                known if LOADING.contains(&known) => {}
                _ => {
                    let known = LOADING.join(", ");
                    let allowed =
                        format!("allowed are dtype, torch_dtype, use_safetensors: true, {known}");
                    return Err(self.unusable(name, value, &allowed));
                }
            }
        }
        Ok(())
    }

    /// Checks the config's arguments.
    ///
    /// # Errors
    /// An argument would change the encoder's config.
    pub fn check_config(&self) -> Result<(), String> {
        match self.map.iter().find(|(name, _)| *name != "use_cache") {
            Some((name, value)) => {
                let allowed = "only what config.json itself says can be served";
                Err(self.unusable(name, value, allowed))
            }
            None => Ok(()),
        }
    }

    fn unusable(&self, name: &str, value: &Value, allowed: &str) -> String {
        unusable(&format!("{}.{name}", self.field), value.clone(), allowed)
    }
}

/// What `processing_kwargs` say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Processing {
    /// The length at which a text is cut.
    pub max_length: Option<usize>,
    /// An argument by which a single text is padded.
    pub padding: Option<Padding>,
}

/// An argument that pads single texts. Padded tokens change no row, unless a prompt's tokens are
/// counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Padding {
    /// Where it is written.
    pub field: String,
    /// Its value.
    pub value: Value,
}

impl Processing {
    /// Reads the arguments for texts and those for all modalities, which go over them.
    ///
    /// # Errors
    /// An argument would change the tokens in another way.
    pub fn read(arguments: &Map<String, Value>) -> Result<Self, String> {
        let mut read = Self::default();
        for part in ["text", "common"] {
            let Some(arguments) = arguments.get(part) else { continue };
            let field = format!("processing_kwargs.{part}");
            let list = arguments
                .as_object()
                .ok_or_else(|| unusable(&field, arguments.clone(), "an object is allowed"))?;
            for (name, value) in list {
                read.set(format!("{field}.{name}"), name, value)?;
            }
        }
        Ok(read)
    }

    fn set(&mut self, field: String, name: &str, value: &Value) -> Result<(), String> {
        let wrong = |allowed: &str| Err(unusable(&field, value.clone(), allowed));
        match name {
            "max_length" if value.is_null() => self.max_length = None,
            "max_length" => match value.as_u64().and_then(|length| usize::try_from(length).ok()) {
                Some(length) => self.max_length = Some(length),
                None => return wrong("a whole number is allowed"),
            },
            "truncation" if *value == true || value == "longest_first" => {}
            "truncation" => return wrong("allowed are true and \"longest_first\""),
            "add_special_tokens" if *value == true => {}
            "add_special_tokens" => return wrong("only true can be served"),
            "pad_to_multiple_of" if value.is_null() => {}
            "padding" if value != "max_length" => {}
            "padding" | "pad_to_multiple_of" => {
                self.padding = Some(Padding { field, value: value.clone() });
            }
            known if WITHOUT_EFFECT.contains(&known) => {}
            _ => {
                let known = WITHOUT_EFFECT.join(", ");
                return wrong(&format!(
                    "allowed are max_length, truncation, add_special_tokens, padding, \
                     pad_to_multiple_of, {known}"
                ));
            }
        }
        Ok(())
    }
}
