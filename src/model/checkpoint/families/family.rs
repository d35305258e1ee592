//! What makes a family of encoders.

use serde_json::{Map, Value};

use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{ClassifierLayer, ClassifierSpec, EncoderSpec};

/// The layers that predict tokens, before the last one, and the name of that one's bias if it has one.
pub type PredictionLayers = (Vec<ClassifierLayer>, Option<&'static str>);

/// Reads the layers that predict tokens. An error names the field.
pub type Prediction = fn(&RawConfig) -> Result<PredictionLayers, String>;

/// A family of encoders.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// `model_type` of `config.json`.
    pub model_type: &'static str,
    /// The beginning of its classes' names, as in `BertModel`.
    pub class: &'static str,
    /// What may be different in the names of its tensors.
    pub tensors: TensorNames,
    /// The fields that have another name than in most families: the name in most, the name in this.
    pub names: &'static [(&'static str, &'static str)],
    /// Those of them that transformers reads by the common name too, and then prefers.
    pub aliases: &'static [&'static str],
    /// The fields with defaults, as most families name them.
    pub defaults: fn() -> Map<String, Value>,
    /// The encoder that a config describes. An error names the field.
    pub encoder: fn(&RawConfig) -> Result<EncoderSpec, String>,
    /// Its classifier, with so many outputs. An error names the field.
    pub classifier: fn(&RawConfig, usize) -> Result<ClassifierSpec, String>,
    /// The layers of its classifier of tokens, with so many outputs. An error names the field.
    pub tagger: fn(&RawConfig, usize) -> Result<Vec<ClassifierLayer>, String>,
    /// The layers that predict tokens after its encoder, if they are served.
    pub prediction: Option<Prediction>,
    /// The layer before the classifier that sentence-transformers can read, with tanh, `(c) → (c)`.
    pub pooler: Option<&'static str>,
    /// The tokenizer's class where no file names one.
    pub tokenizer_class: &'static str,
}

impl Family {
    /// Whether this is the family that is computed by candle-transformers as well.
    pub fn is_bert(&self) -> bool {
        self.model_type == "bert"
    }

    /// Whether transformers 4 obeyed `position_embedding_type`. mmBERT, a ModernBERT, has `sans_pos` there.
    pub fn obeyed_position_type(&self) -> bool {
        let absolute = ["bert", "roberta", "xlm-roberta", "camembert", "electra", "albert"];
        absolute.contains(&self.model_type)
    }

    /// Whether its checkpoints came with Python code that a class of transformers has replaced.
    pub fn had_own_code(&self) -> bool {
        matches!(self.model_type, "gte" | "nomic_bert")
    }

    /// Whether a checkpoint without token types is of this family.
    pub fn may_lack_types(&self) -> bool {
        matches!(self.model_type, "gte" | "deberta-v2")
    }

    /// The name in this family of a field that most call `field`.
    pub fn name_of(&self, field: &'static str) -> &'static str {
        let renamed = self.names.iter().find(|(common, _)| *common == field);
        renamed.map_or(field, |(_, own)| own)
    }
}
