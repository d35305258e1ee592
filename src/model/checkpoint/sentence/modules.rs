//! `modules.json`: the modules of a sentence-transformers model and their folders.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::model::checkpoint::error::{CheckpointError, read_optional_json};

/// A module that can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleClass {
    Transformer,
    /// A Transformer that gives predictions of tokens, as version 5 called it.
    MlmTransformer,
    WeightedLayerPooling,
    Pooling,
    SpladePooling,
    MultiVectorMask,
    Dense,
    /// That of PyLate, which only a model of late interaction has.
    PyLateDense,
    Dropout,
    LayerNorm,
    Normalize,
}

impl ModuleClass {
    const ALL: [(Self, &str); 10] = [
        (Self::Transformer, "Transformer"),
        (Self::MlmTransformer, "MLMTransformer"),
        (Self::WeightedLayerPooling, "WeightedLayerPooling"),
        (Self::Pooling, "Pooling"),
        (Self::SpladePooling, "SpladePooling"),
        (Self::MultiVectorMask, "MultiVectorMask"),
        (Self::Dense, "Dense"),
        (Self::Dropout, "Dropout"),
        (Self::LayerNorm, "LayerNorm"),
        (Self::Normalize, "Normalize"),
    ];

    /// The packages in which versions 1 to 6 have these classes. Each class is found in a package
    /// by its name, and in the file that defines it.
    const PACKAGES: [&str; 6] = [
        "sentence_transformers.models.",
        "sentence_transformers.sentence_transformer.modules.",
        "sentence_transformers.base.modules.",
        "sentence_transformers.sparse_encoder.models.",
        "sentence_transformers.sparse_encoder.modules.",
        "sentence_transformers.multi_vector_encoder.modules.",
    ];

    /// The path of PyLate's Dense, which is read like that of sentence-transformers.
    const PYLATE_DENSE: &str = "pylate.models.Dense.Dense";

    /// Whether it has the encoder.
    fn is_transformer(self) -> bool {
        matches!(self, Self::Transformer | Self::MlmTransformer)
    }

    /// The class of a Python path, compared as a whole: another library's class may have the same
    /// name.
    fn from_path(path: &str) -> Option<Self> {
        if path == Self::PYLATE_DENSE {
            return Some(Self::PyLateDense);
        }
        let inside = Self::PACKAGES.iter().find_map(|package| path.strip_prefix(package))?;
        let (file, name) = inside.rsplit_once('.').unwrap_or((inside, inside));
        let (class, _) = *Self::ALL.iter().find(|(_, known)| *known == name)?;
        (file == name || file == snake_case(name)).then_some(class)
    }
}

/// `LayerNorm` → `layer_norm`
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// A module of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    pub class: ModuleClass,
    /// Its folder.
    pub dir: PathBuf,
    /// What the list says about it, for messages.
    pub title: String,
}

/// The modules of a checkpoint: a Transformer, and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleList {
    /// `modules.json`
    pub file: PathBuf,
    /// The Transformer, which has the encoder.
    pub transformer: Module,
    /// The modules after it, in their order.
    pub others: Vec<Module>,
}

#[derive(Deserialize)]
struct RawModule {
    name: String,
    path: String,
    r#type: String,
}

impl ModuleList {
    /// Reads the list of the checkpoint in `dir`; `None` if it has none.
    ///
    /// # Errors
    /// The list is empty, has a module that can't be served, or doesn't have its Transformer first
    /// and only there.
    pub fn read(dir: &Path) -> Result<Option<Self>, CheckpointError> {
        let file = dir.join("modules.json");
        let invalid = |message: String| CheckpointError::invalid(&file, message);
        let Some(raw): Option<Vec<RawModule>> = read_optional_json(&file)? else {
            return Ok(None);
        };
        let names = raw.iter().map(|module| module.name.as_str());
        if let Some(twice) = repeated(names) {
            return Err(invalid(format!("two modules have the name \"{twice}\"")));
        }
        let modules = raw.into_iter().map(|module| module.check(dir).map_err(invalid));
        let modules = modules.collect::<Result<Vec<Module>, _>>()?;
        let mut modules = modules.into_iter();
        let Some(transformer) = modules.next() else {
            return Err(invalid(
                "the list is empty; its first module must be a Transformer".into(),
            ));
        };
        if !transformer.class.is_transformer() {
            let title = &transformer.title;
            return Err(invalid(format!(
                "{title} is first; the first module must be a Transformer"
            )));
        }
        let others: Vec<Module> = modules.collect();
        if let Some(second) = others.iter().find(|other| other.class.is_transformer()) {
            let title = &second.title;
            return Err(invalid(format!(
                "{title} is a second Transformer; only one can be served"
            )));
        }
        Ok(Some(Self { file, transformer, others }))
    }
}

impl RawModule {
    fn check(self, dir: &Path) -> Result<Module, String> {
        let Self { path, r#type, .. } = self;
        let title = format!("module \"{type}\" at \"{path}\"");
        let Some(class) = ModuleClass::from_path(&r#type) else {
            let allowed = ModuleClass::ALL.map(|(_, name)| name).join(", ");
            return Err(format!("{title}; allowed are sentence-transformers' own {allowed}"));
        };
        let is_inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(&path).components().all(is_inside) {
            return Err(format!("{title}: its path leads out of the checkpoint"));
        }
        Ok(Module { class, dir: dir.join(path), title })
    }
}

/// A name that occurs twice.
fn repeated<'n>(names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_known_by_their_whole_path() {
        for (path, class) in [
            ("sentence_transformers.models.Transformer", Some(ModuleClass::Transformer)),
            ("sentence_transformers.models.Pooling.Pooling", Some(ModuleClass::Pooling)),
            (
                "sentence_transformers.base.modules.transformer.Transformer",
                Some(ModuleClass::Transformer),
            ),
            (
                "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
                Some(ModuleClass::Pooling),
            ),
            (
                "sentence_transformers.sentence_transformer.modules.layer_norm.LayerNorm",
                Some(ModuleClass::LayerNorm),
            ),
            ("sentence_transformers.sentence_transformer.modules.Dense", Some(ModuleClass::Dense)),
            (
                "sentence_transformers.sentence_transformer.modules.normalize.Normalize",
                Some(ModuleClass::Normalize),
            ),
            ("Pooling", None),
            ("pylate.models.Dense.Dense", Some(ModuleClass::PyLateDense)),
            ("pylate.models.ColBERT.ColBERT", None),
            (
                "sentence_transformers.multi_vector_encoder.modules.multi_vector_mask.MultiVectorMask",
                Some(ModuleClass::MultiVectorMask),
            ),
            ("custom_st.AttentionBased.Pooling", None),
            ("my.sentence_transformers.models.Pooling", None),
            ("sentence_transformers.models.other.Pooling", None),
            ("sentence_transformers.models.WordEmbeddings", None),
            ("sentence_transformers.base.modules.router.Router", None),
            (
                "sentence_transformers.sparse_encoder.modules.splade_pooling.SpladePooling",
                Some(ModuleClass::SpladePooling),
            ),
            (
                "sentence_transformers.sparse_encoder.models.MLMTransformer.MLMTransformer",
                Some(ModuleClass::MlmTransformer),
            ),
            ("sentence_transformers.sparse_encoder.models.SparseAutoEncoder", None),
        ] {
            assert_eq!(ModuleClass::from_path(path), class, "{path}");
        }
    }
}
