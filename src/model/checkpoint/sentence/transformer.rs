//! The settings of a Transformer module, in `sentence_bert_config.json` or under an older name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::arguments::{Arguments, Padding, Processing};
use super::modality::{TransformerOutput, output};
use super::multi_vector::TaskOptions;
use crate::field::unusable;
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
pub struct TextOptions {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// The longest sequence that the checkpoint was made for, special tokens included.
    pub max_seq_length: Option<usize>,
    /// The length at which sequences are cut, whatever other files say.
    pub max_length: Option<usize>,
    /// What pads single texts, if anything.
    pub padding: Option<Padding>,
    /// Whether texts are lower-cased before all else.
    pub lower_case: bool,
    /// What goes over `tokenizer_config.json`.
    pub tokenizer_arguments: Arguments,
}

/// A Transformer module, as its file describes it.
#[derive(Clone, Debug)]
pub struct TransformerModule {
    /// `transformer_task` as written.
    pub task: Option<String>,
    /// What the file says about tokens.
    pub text: TextOptions,
    /// What the module gives to the next one.
    pub output: TransformerOutput,
    /// What depends on what a text is for; only a MultiVectorEncoder may have it.
    pub tasks: TaskOptions,
    /// A field that says so, and its value, for messages.
    pub task_field: Option<(&'static str, Value)>,
}

/// The file as written. sentence-transformers too refuses other fields.
#[derive(Deserialize)]
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

impl TransformerModule {
    /// Reads the file in the Transformer's folder.
    ///
    /// # Errors
    /// A field has a value that can't be served.
    pub fn read(dir: &Path) -> Result<Self, CheckpointError> {
        for name in FILES {
            let file = dir.join(name);
            let fields: Option<Map<String, Value>> = read_optional_json(&file)?;
            if let Some(fields) = fields.filter(|fields| !fields.is_empty()) {
                let raw = SettingsFile::deserialize(Value::Object(fields));
                let module =
                    raw.map_err(|cause| cause.to_string()).and_then(|raw| raw.check(&file));
                return module.map_err(|message| CheckpointError::invalid(&file, message));
            }
        }
        let output = TransformerOutput::HiddenState(-1);
        let (text, tasks) = (TextOptions::default(), TaskOptions::default());
        Ok(Self { task: None, text, output, tasks, task_field: None })
    }

    /// Checks that an encoder of `layers` layers has this hidden state; a negative number counts from
    /// the last one.
    ///
    /// # Errors
    /// It doesn't.
    pub fn check_layer(&self, layer: i32, layers: usize) -> Result<(), CheckpointError> {
        let states = i32::try_from(layers).unwrap_or(i32::MAX).saturating_add(1);
        match &self.text.file {
            Some(file) if !(-states..states).contains(&layer) => {
                let found = vec![Value::from("hidden_states"), layer.into()];
                let allowed = format!("the encoder has the hidden states 0 to {}", states - 1);
                let field = "modality_config.text.method_output_name";
                Err(CheckpointError::invalid(file, unusable(field, found, &allowed)))
            }
            _ => Ok(()),
        }
    }
}

impl SettingsFile {
    fn check(self, file: &Path) -> Result<TransformerModule, String> {
        let Self { query_length, document_length, query_expansion, .. } = &self;
        let tasks = TaskOptions::check(
            query_length.as_ref(),
            document_length.as_ref(),
            query_expansion.as_ref(),
        )?;
        let task_fields = [
            ("query_length", query_length),
            ("document_length", document_length),
            ("query_expansion", query_expansion),
        ];
        let task_field =
            task_fields.into_iter().find_map(|(field, value)| Some((field, value.clone()?)));
        if let Some(path) = &self.tokenizer_name_or_path {
            let allowed = "only the tokenizer in the Transformer's folder can be served";
            return Err(unusable("tokenizer_name_or_path", path.as_str(), allowed));
        }
        let model = ("model_kwargs", self.model_kwargs);
        Arguments::choose(("model_args", self.model_args), model).check_model()?;
        let config = ("config_kwargs", self.config_kwargs);
        Arguments::choose(("config_args", self.config_args), config).check_config()?;
        let output = output(
            self.transformer_task.as_deref(),
            self.modality_config.as_ref(),
            self.module_output_name.as_deref(),
        )?;
        let Processing { max_length, padding } =
            Processing::read(&self.processing_kwargs.unwrap_or_default())?;
        let text = TextOptions {
            file: Some(file.to_owned()),
            max_seq_length: self.max_seq_length,
            max_length,
            padding,
            lower_case: self.do_lower_case.unwrap_or(false),
            tokenizer_arguments: Arguments::choose(
                ("tokenizer_args", self.tokenizer_args),
                ("processor_kwargs", self.processor_kwargs),
            ),
        };
        let task = self.transformer_task;
        Ok(TransformerModule { task, text, output, tasks, task_field })
    }
}
