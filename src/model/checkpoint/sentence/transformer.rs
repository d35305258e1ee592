//! The settings of a Transformer module, in `sentence_bert_config.json` or under an older name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::arguments::{check_config_arguments, check_model_arguments, max_length, without_hub};
use super::modality::{TransformerOutput, output};
use crate::model::checkpoint::error::{CheckpointError, read_optional_json};

/// The names of the file; the first one with any content counts.
const FILES: [&str; 7] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

/// What the file says about tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextSettings {
    /// The longest sequence that the checkpoint was made for, special tokens included.
    pub max_seq_length: Option<usize>,
    /// The length at which sequences are cut, whatever other files say.
    pub max_length: Option<usize>,
    /// Whether texts are lower-cased before all else.
    pub lower_case: bool,
    /// What goes over `tokenizer_config.json`.
    pub tokenizer_arguments: Map<String, Value>,
}

/// The settings of a Transformer module.
#[derive(Clone, Debug)]
pub struct TransformerSettings {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// What it says about tokens.
    pub text: TextSettings,
    /// What the module gives to the next one.
    pub output: TransformerOutput,
}

/// The file as written. sentence-transformers too refuses other fields.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    max_seq_length: Option<usize>,
    do_lower_case: Option<bool>,
    tokenizer_name_or_path: Option<String>,
    transformer_task: Option<String>,
    modality_config: Option<BTreeMap<String, Value>>,
    module_output_name: Option<String>,
    processing_kwargs: Option<Map<String, Value>>,
    processor_kwargs: Option<Map<String, Value>>,
    tokenizer_args: Option<Map<String, Value>>,
    model_kwargs: Option<Map<String, Value>>,
    model_args: Option<Map<String, Value>>,
    config_kwargs: Option<Map<String, Value>>,
    config_args: Option<Map<String, Value>>,
    /// How a batch is laid out, which changes nothing.
    #[serde(rename = "unpad_inputs")]
    _unpad_inputs: Option<bool>,
    query_length: Option<Value>,
    document_length: Option<Value>,
    query_expansion: Option<Value>,
}

impl TransformerSettings {
    /// Reads the file in the Transformer's folder.
    ///
    /// # Errors
    /// A field has a value that can't be served.
    pub fn read(dir: &Path) -> Result<Self, CheckpointError> {
        for name in FILES {
            let file = dir.join(name);
            let fields: Option<Map<String, Value>> = read_optional_json(&file)?;
            if fields.is_some_and(|fields| !fields.is_empty()) {
                let raw: SettingsFile = read_optional_json(&file)?.unwrap_or_default();
                let (text, output) =
                    raw.check().map_err(|message| CheckpointError::invalid(&file, message))?;
                return Ok(Self { file: Some(file), text, output });
            }
        }
        let output = TransformerOutput::HiddenState(-1);
        Ok(Self { file: None, text: TextSettings::default(), output })
    }
}

impl SettingsFile {
    fn check(self) -> Result<(TextSettings, TransformerOutput), String> {
        let for_tasks = [
            ("query_length", &self.query_length),
            ("document_length", &self.document_length),
            ("query_expansion", &self.query_expansion),
        ];
        if let Some((field, Some(value))) = for_tasks.iter().find(|(_, value)| value.is_some()) {
            return Err(format!("{field} is {value}; only models without it can be served"));
        }
        if let Some(path) = &self.tokenizer_name_or_path {
            return Err(format!(
                "tokenizer_name_or_path is \"{path}\"; only the tokenizer in the Transformer's \
                 folder can be served"
            ));
        }
        // As in sentence-transformers, the older names win.
        let arguments =
            |old: Option<Map<_, _>>, new: Option<Map<_, _>>| old.or(new).unwrap_or_default();
        check_model_arguments(&without_hub(arguments(self.model_args, self.model_kwargs)))?;
        check_config_arguments(&without_hub(arguments(self.config_args, self.config_kwargs)))?;
        let output = output(
            self.transformer_task.as_deref(),
            self.modality_config.as_ref(),
            self.module_output_name.as_deref(),
        )?;
        let text = TextSettings {
            max_seq_length: self.max_seq_length,
            max_length: max_length(&self.processing_kwargs.unwrap_or_default())?,
            lower_case: self.do_lower_case.unwrap_or(false),
            tokenizer_arguments: without_hub(arguments(self.tokenizer_args, self.processor_kwargs)),
        };
        Ok((text, output))
    }
}
