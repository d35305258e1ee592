//! The default model's folder in other layouts gives the rows of the folder as it is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::answer::rows;
use crate::support::app::{TestApp, config};
use crate::support::{assert_close, default_model};

/// The encoder is the same, and so is the length of its sequences. The largest difference seen is 0.
const TOLERANCE: f32 = 1e-6;

/// Files that stay where modules.json is.
const OF_THE_ROOT: [&str; 2] = ["modules.json", "config_sentence_transformers.json"];

async fn native(model: &Path) -> Vec<Vec<f32>> {
    let app = TestApp::new(&config(model.to_owned()));
    let long = "The quick brown fox jumps over the lazy dog. ".repeat(60);
    let texts = ["A gripping film.", "naïve café, 日本語 (42)", &long];
    let answer = app.post("/embed", json!({"inputs": texts, "recipe": "native"})).await;
    rows(&answer.ok()["embeddings"])
}

/// Links the files of the default model's root into a folder, except some.
fn link_files(to: &Path, except: &[&str]) {
    for entry in fs::read_dir(default_model()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_file() && !except.contains(&name.as_str()) {
            symlink(path.canonicalize().unwrap(), to.join(name)).unwrap();
        }
    }
}

fn write(folder: &Path, name: &str, content: &Value) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content.to_string()).unwrap();
}

async fn assert_same_rows(layout: &Path) {
    let (expected, found) = (native(&default_model()).await, native(layout).await);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_close(found, expected, TOLERANCE, "native");
    }
}

#[tokio::test]
async fn the_encoder_may_have_a_folder_of_its_own() {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    let encoder = root.join("0_Transformer");
    fs::create_dir(&encoder).unwrap();
    link_files(&encoder, &OF_THE_ROOT);
    let module = |index: usize, path: &str, kind: &str| {
        json!({"idx": index, "name": index.to_string(), "path": path,
               "type": format!("sentence_transformers.models.{kind}")})
    };
    let modules = [
        module(0, "0_Transformer", "Transformer"),
        module(1, "1_Pooling", "Pooling"),
        module(2, "2_Normalize", "Normalize"),
    ];
    write(root, "modules.json", &json!(modules));
    let pooling = json!({"word_embedding_dimension": 384, "pooling_mode_mean_tokens": true});
    write(root, "1_Pooling/config.json", &pooling);
    fs::create_dir(root.join("2_Normalize")).unwrap();
    assert_same_rows(root).await;
}

#[tokio::test]
async fn a_folder_of_version_6_is_read() {
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    let others = ["sentence_bert_config.json", "tokenizer_config.json"];
    link_files(root, &[&OF_THE_ROOT[..], &others[..]].concat());
    let module = |index: usize, path: &str, kind: &str| {
        json!({"idx": index, "name": index.to_string(), "path": path,
               "type": format!("sentence_transformers.{kind}")})
    };
    let modules = [
        module(0, "", "base.modules.transformer.Transformer"),
        module(1, "1_Pooling", "sentence_transformer.modules.pooling.Pooling"),
        module(2, "2_Normalize", "base.modules.normalize.Normalize"),
    ];
    write(root, "modules.json", &json!(modules));
    let names = "sentence_embedding";
    let normalize = json!({"module_input_name": names, "module_output_name": names});
    write(root, "2_Normalize/config.json", &normalize);
    let pooling =
        json!({"embedding_dimension": 384, "pooling_mode": "mean", "include_prompt": true});
    write(root, "1_Pooling/config.json", &pooling);
    let text = json!({"method": "forward", "method_output_name": "last_hidden_state"});
    let transformer = json!({"transformer_task": "feature-extraction",
        "modality_config": {"text": text}, "module_output_name": "token_embeddings"});
    write(root, "sentence_bert_config.json", &transformer);
    // The limit of 256 tokens is the tokenizer's there.
    let tokenizer = json!({"backend": "tokenizers", "do_lower_case": true, "is_local": true,
        "model_max_length": 256, "strip_accents": null, "tokenize_chinese_chars": true,
        "tokenizer_class": "BertTokenizer", "truncation_side": "right"});
    write(root, "tokenizer_config.json", &tokenizer);
    let prompts = json!({"model_type": "SentenceTransformer", "default_prompt_name": null,
        "prompts": {"document": "", "query": ""}, "similarity_fn_name": "cosine"});
    write(root, "config_sentence_transformers.json", &prompts);
    assert_same_rows(root).await;
}
