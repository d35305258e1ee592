//! Which files of a repository are read when its model is loaded: no others are fetched.

use super::listing::{Listing, RemoteFile};

/// The list of a sentence-transformers model's modules, each with a folder.
pub const MODULES: &str = "modules.json";

/// Files beside the weights, in a checkpoint's folder and in those of its modules.
const NAMES: [&str; 13] = [
    "adapter_config.json",
    "added_tokens.json",
    "artifact.metadata",
    "colbert_linear.pt",
    "config.json",
    "config_sentence_transformers.json",
    "merges.txt",
    "sparse_linear.pt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
];

/// The beginning and end of the name of a Transformer's settings, of which there are several.
const SETTINGS: [&str; 2] = ["sentence_", "_config.json"];

/// Names of weights: the file itself, and the beginning and end of its shards.
const WEIGHTS: [(&str, &str, &str); 2] = [
    ("model.safetensors", "model-", ".safetensors"),
    ("pytorch_model.bin", "pytorch_model-", ".bin"),
];

/// The files of the model. `modules` are the folders in its `modules.json`, the encoder's first; none if it
/// has no such file.
///
/// # Errors
/// The encoder has no config or no weights that can be read.
pub fn needed<'l>(
    listing: &'l Listing,
    modules: Option<&[String]>,
) -> Result<Vec<&'l RemoteFile>, String> {
    let modules = modules.unwrap_or_default();
    let encoder = modules.first().map_or("", String::as_str);
    let mut folders = vec![""];
    folders.extend(modules.iter().map(String::as_str).filter(|folder| !folder.is_empty()));
    let mut files: Vec<&RemoteFile> = Vec::new();
    for folder in folders {
        let within = Folder::new(listing, folder);
        files.extend(within.files.iter().filter(|(name, _)| is_read(name)).map(|(_, file)| file));
        let weights = within.weights();
        if folder == encoder {
            if !within.has("config.json") {
                return Err(format!(
                    "it has no {}config.json, so it is no model of transformers",
                    within.path
                ));
            }
            if weights.is_empty() {
                return Err(within.no_weights(listing));
            }
        }
        // Beside modules of their own, those of the checkpoint's folder aren't read.
        if folder == encoder || !folder.is_empty() {
            files.extend(weights);
        }
    }
    files.extend(listing.files.iter().filter(|file| file.name == MODULES));
    Ok(files)
}

/// Whether a file beside the weights is read.
fn is_read(name: &str) -> bool {
    let [start, end] = SETTINGS;
    NAMES.contains(&name) || (name.starts_with(start) && name.ends_with(end))
}

/// The files that lie directly in one folder.
struct Folder<'l> {
    /// The folder with a `/` at its end, or nothing.
    path: String,
    files: Vec<(&'l str, &'l RemoteFile)>,
}

impl<'l> Folder<'l> {
    fn new(listing: &'l Listing, folder: &str) -> Self {
        let path = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let files = listing.files.iter().filter_map(|file| {
            let name = file.name.strip_prefix(&path)?;
            (!name.contains('/')).then_some((name, file))
        });
        Self { files: files.collect(), path }
    }

    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|(known, _)| *known == name)
    }

    /// The weights in the form that is preferred: one file, or an index and its shards.
    fn weights(&self) -> Vec<&'l RemoteFile> {
        for (single, start, end) in WEIGHTS {
            let index = format!("{single}.index.json");
            let is_part = |name: &str| match (self.has(single), self.has(&index)) {
                (true, _) => name == single,
                (false, true) => name == index || (name.starts_with(start) && name.ends_with(end)),
                (false, false) => false,
            };
            let parts = self.files.iter().filter(|(name, _)| is_part(name));
            let parts: Vec<_> = parts.map(|(_, file)| *file).collect();
            if !parts.is_empty() {
                return parts;
            }
        }
        Vec::new()
    }

    fn no_weights(&self, listing: &Listing) -> String {
        let wanted = WEIGHTS.map(|(single, ..)| format!("{}{single}", self.path)).join(" or ");
        let has_onnx = listing.files.iter().any(|file| file.name.ends_with(".onnx"));
        let advice = match has_onnx {
            true => {
                "ONNX files can't be served, so name the repository of the model that they were made from"
            }
            false => "name a repository that has one of them",
        };
        format!("it has no {wanted}; {advice}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::listing::FileHash;

    fn listing(names: &[&str]) -> Listing {
        let file = |name: &&str| RemoteFile {
            name: (*name).to_owned(),
            bytes: 1,
            hash: FileHash::Git(String::new()),
        };
        Listing { commit: String::new(), files: names.iter().map(file).collect() }
    }

    fn names(listing: &Listing, modules: Option<&[&str]>) -> Result<Vec<String>, String> {
        let modules = modules
            .map(|folders| folders.iter().map(|&folder| folder.to_owned()).collect::<Vec<_>>());
        let files = needed(listing, modules.as_deref())?;
        let mut names: Vec<_> = files.iter().map(|file| file.name.clone()).collect();
        names.sort_unstable();
        Ok(names)
    }

    #[test]
    fn of_all_that_sentence_transformers_publishes_only_what_is_read_is_needed() {
        let all = listing(&[
            ".gitattributes",
            "1_Pooling/config.json",
            "2_Dense/config.json",
            "2_Dense/model.safetensors",
            "2_Dense/pytorch_model.bin",
            "README.md",
            "config.json",
            "config_sentence_transformers.json",
            "data_config.json",
            "model.safetensors",
            "modules.json",
            "onnx/model.onnx",
            "openvino/openvino_model.bin",
            "openvino/openvino_model.xml",
            "pytorch_model.bin",
            "rust_model.ot",
            "sentence_bert_config.json",
            "special_tokens_map.json",
            "tf_model.h5",
            "tokenizer.json",
            "tokenizer_config.json",
            "train_script.py",
            "vocab.txt",
        ]);
        assert_eq!(
            names(&all, Some(&["", "1_Pooling", "2_Dense", "3_Normalize"])).unwrap(),
            [
                "1_Pooling/config.json",
                "2_Dense/config.json",
                "2_Dense/model.safetensors",
                "config.json",
                "config_sentence_transformers.json",
                "model.safetensors",
                "modules.json",
                "sentence_bert_config.json",
                "special_tokens_map.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "vocab.txt",
            ]
        );
    }

    #[test]
    fn what_models_of_other_families_and_of_late_interaction_have_is_needed_too() {
        let bge_m3 = listing(&[
            "1_Pooling/config.json",
            "colbert_linear.pt",
            "config.json",
            "images/bm25.jpg",
            "long.jpg",
            "modules.json",
            "pytorch_model.bin",
            "sentencepiece.bpe.model",
            "sparse_linear.pt",
            "tokenizer.json",
        ]);
        let needed = names(&bge_m3, Some(&["", "1_Pooling", "2_Normalize"])).unwrap();
        for name in ["colbert_linear.pt", "sparse_linear.pt", "pytorch_model.bin"] {
            assert!(needed.iter().any(|file| file == name), "{name}: {needed:?}");
        }
        assert_eq!(needed.len(), 7, "{needed:?}");
        let colbert = ["artifact.metadata", "config.json", "model.safetensors", "vocab.txt"];
        assert_eq!(names(&listing(&colbert), None).unwrap(), colbert);
        let roberta = ["config.json", "merges.txt", "model.safetensors", "vocab.json"];
        assert_eq!(names(&listing(&roberta), None).unwrap(), roberta);
    }

    #[test]
    fn the_encoder_may_have_a_folder_and_weights_may_be_in_shards_or_of_pytorch() {
        let own = listing(&[
            "0_Transformer/config.json",
            "0_Transformer/pytorch_model.bin",
            "modules.json",
            "model.safetensors",
        ]);
        assert_eq!(
            names(&own, Some(&["0_Transformer"])).unwrap(),
            ["0_Transformer/config.json", "0_Transformer/pytorch_model.bin", "modules.json"]
        );
        let shards = listing(&[
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "pytorch_model.bin",
        ]);
        assert_eq!(
            names(&shards, None).unwrap(),
            [
                "config.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json"
            ]
        );
        let pickled = listing(&[
            "config.json",
            "pytorch_model-00001-of-00001.bin",
            "pytorch_model.bin.index.json",
            "training_args.bin",
            "optimizer.pt",
        ]);
        assert_eq!(
            names(&pickled, None).unwrap(),
            ["config.json", "pytorch_model-00001-of-00001.bin", "pytorch_model.bin.index.json"]
        );
    }

    #[test]
    fn a_repository_without_what_can_be_served_is_refused_with_the_reason() {
        let refusal = |files: &[&str]| names(&listing(files), None).unwrap_err();
        assert_eq!(
            refusal(&["README.md"]),
            "it has no config.json, so it is no model of transformers"
        );
        let onnx = refusal(&["config.json", "model.onnx"]);
        assert!(
            onnx.starts_with("it has no model.safetensors or pytorch_model.bin; ONNX files can't"),
            "{onnx}"
        );
        let other = refusal(&["config.json", "tf_model.h5"]);
        assert!(other.ends_with("name a repository that has one of them"), "{other}");
    }
}
