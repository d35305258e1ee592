//! `/tei/embed_sparse`: the weights of tokens, as sentence-transformers' `SparseEncoder` has them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use strata::config::Config;
use strata::model::encoder::EncoderChoice;
use strata_kernels::{Dtype, InstructionSet, Kernels};

use crate::support::app::{TestApp, config};
use crate::support::checkpoint::{edited, masked, masked_golden as golden, replace_tensors};
use crate::support::{root, tiny};

/// Of weights, to sentence-transformers in float64. Largest difference seen: 5.5e-6.
const TOLERANCE: f64 = 1e-5;

/// Of weights that are sums over up to 17 tokens. Largest difference seen: 1.1e-5.
const SUM_TOLERANCE: f64 = 4e-5;

/// The same by dtype; weights here are up to 2. Largest differences seen: 0.067 and 0.21.
const REDUCED_TOLERANCES: [(Dtype, f64); 2] = [(Dtype::Bf16, 0.1), (Dtype::Int8, 0.3)];

const NAMES: [&str; 9] = [
    "bert",
    "distilbert",
    "roberta",
    "mpnet",
    "modernbert",
    "nomic_bert",
    "gte",
    "electra",
    "albert",
];

/// Adds the files of a SparseEncoder, as the package's version 5 or 6 writes them.
fn write_modules(folder: &Path, version: u32, splade: &Value) {
    let package = "sentence_transformers.sparse_encoder";
    let types = match version {
        5 => {
            [format!("{package}.models.MLMTransformer"), format!("{package}.models.SpladePooling")]
        }
        _ => [
            "sentence_transformers.base.modules.transformer.Transformer".to_owned(),
            format!("{package}.modules.splade_pooling.SpladePooling"),
        ],
    };
    let [transformer, pooling] = types;
    let modules = json!([
        {"idx": 0, "name": "0", "path": "", "type": transformer},
        {"idx": 1, "name": "1", "path": "1_SpladePooling", "type": pooling},
    ]);
    let write = |name: &str, content: &Value| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content.to_string()).unwrap();
    };
    write("modules.json", &modules);
    write("1_SpladePooling/config.json", splade);
    write("config_sentence_transformers.json", &json!({"model_type": "SparseEncoder"}));
    if version > 5 {
        let text = json!({"method": "forward", "method_output_name": "logits"});
        let settings = json!({
            "transformer_task": "fill-mask",
            "modality_config": {"text": text},
            "module_output_name": "token_embeddings",
        });
        write("sentence_bert_config.json", &settings);
    }
}

fn sparse(folder: &Path) -> Config {
    let mut config = config(folder.to_owned());
    config.embed.sparse = true;
    config
}

/// The weights of all ids.
fn dense(row: &Value, ids: usize) -> Vec<f64> {
    let mut weights = vec![0.0; ids];
    let mut last = None;
    for one in row.as_array().unwrap() {
        let index = one["index"].as_u64().unwrap() as usize;
        assert!(last < Some(index), "{index} after {last:?}");
        last = Some(index);
        weights[index] = one["value"].as_f64().unwrap();
    }
    weights
}

/// The largest difference from the golden values of one kind of pooling.
async fn largest_difference(app: &TestApp, golden: &Value, pooling: &str, activation: &str) -> f64 {
    let mut largest = 0.0_f64;
    let cases = golden["cases"].as_array().unwrap().iter();
    let cases = cases.filter(|case| case["pooling"] == pooling && case["activation"] == activation);
    for case in cases {
        let answer = app.post("/tei/embed_sparse", json!({"inputs": case["text"]})).await.ok();
        let expected: Vec<f64> = serde_json::from_value(case["row"].clone()).unwrap();
        let found = dense(&answer[0], expected.len());
        assert!(found.iter().any(|weight| *weight > 0.0));
        for (found, expected) in found.iter().zip(&expected) {
            largest = largest.max((found - expected).abs());
        }
    }
    largest
}

#[tokio::test]
async fn weights_are_those_of_sentence_transformers_for_every_family() {
    let mut seen = 0.0_f64;
    for name in NAMES {
        let golden = golden(name);
        let folder = masked(&golden);
        let sets = InstructionSet::ALL.into_iter().filter(|set| Kernels::new(*set).is_some());
        let packed = sets.map(|set| (EncoderChoice::Packed, Some(set)));
        for (choice, set) in packed.chain([(EncoderChoice::Reference, None)]) {
            let mut config = sparse(folder.path());
            (config.encoder.choice, config.encoder.instruction_set) = (choice, set);
            let app = TestApp::new(&config);
            let largest = largest_difference(&app, &golden, "max", "relu").await;
            assert!(largest < TOLERANCE, "{name} {choice:?} {set:?}: {largest:.1e}");
            seen = seen.max(largest);
        }
    }
    println!("largest difference {seen:.1e}");
}

#[tokio::test]
async fn a_sparse_encoder_says_by_its_files_how_weights_are_pooled() {
    let golden = golden("bert");
    for (version, pooling, activation) in
        [(6, "max", "relu"), (6, "sum", "relu"), (5, "max", "log1p_relu"), (5, "sum", "relu")]
    {
        let folder = masked(&golden);
        let splade = json!({"pooling_strategy": pooling, "activation_function": activation});
        write_modules(folder.path(), version, &splade);
        let app = TestApp::new(&config(folder.path().to_owned()));
        let largest = largest_difference(&app, &golden, pooling, activation).await;
        let tolerance = if pooling == "sum" { SUM_TOLERANCE } else { TOLERANCE };
        assert!(largest < tolerance, "{version} {splade}: {largest:.1e}");
        let info = app.get("/info").await.ok();
        let expected = json!({
            "method": "splade", "pooling": pooling, "activation": activation, "dimensions": 171,
        });
        assert_eq!(info["sparse"], expected);
        assert_eq!(info["model"]["left_out"]["heads"], json!([]));
        assert_eq!(app.get("/tei/info").await.ok()["model_type"]["embedding"]["pooling"], "splade");
    }
}

#[tokio::test]
async fn a_row_is_the_same_in_any_batch_and_near_with_reduced_dtypes() {
    let golden = golden("mpnet");
    let folder = masked(&golden);
    let tolerances = [(Dtype::F32, TOLERANCE)].into_iter().chain(REDUCED_TOLERANCES);
    for (dtype, tolerance) in tolerances {
        let mut config = sparse(folder.path());
        (config.encoder.dtype, config.encoder.choice) = (dtype, EncoderChoice::Packed);
        let app = TestApp::new(&config);
        let texts = ["the river", "they walk in the rain, and it was never very good", "a", "old"];
        let together = app.post("/tei/embed_sparse", json!({"inputs": texts})).await.ok();
        for (text, row) in texts.iter().zip(together.as_array().unwrap()) {
            let alone = app.post("/tei/embed_sparse", json!({"inputs": text})).await.ok();
            assert_eq!(alone[0], *row, "{dtype:?} {text}");
        }
        let largest = largest_difference(&app, &golden, "max", "relu").await;
        println!("{dtype:?}: largest difference {largest:.1e}");
        assert!(largest < tolerance, "{dtype:?}: {largest:.1e}");
    }
}

#[tokio::test]
async fn what_cannot_be_made_sparse_is_refused_by_name() {
    let plain = TestApp::tiny("sentence");
    let refused = plain.post("/tei/embed_sparse", json!({"inputs": "a"})).await;
    assert_eq!(refused.status, 424);
    assert!(plain.get("/info").await.ok().get("sparse").is_none());

    let error = |config: &Config| strata::app::load_only(config).err().unwrap().to_string();
    let without = error(&sparse(&tiny("sentence")));
    assert!(without.contains("\"architectures\" has to name BertForMaskedLM"), "{without}");
    let golden = golden("bert");
    let folder = masked(&golden);
    replace_tensors(folder.path(), &["cls.predictions.bias"], &json!({}));
    assert!(error(&sparse(folder.path())).contains("\"cls.predictions.bias\": found nothing"));
    let untied = edited(masked(&golden).path(), |config| {
        config.insert("tie_word_embeddings".to_owned(), json!(false));
    });
    let untied = error(&sparse(untied.path()));
    assert!(
        untied.contains("tie_word_embeddings is false") && untied.contains("only true"),
        "{untied}"
    );
    let deberta = edited(&root().join("tests/fixtures/families/deberta-v2"), |config| {
        config.insert("architectures".to_owned(), json!(["DebertaV2ForMaskedLM"]));
    });
    assert!(error(&sparse(deberta.path())).contains("model_type is \"deberta-v2\""));
}

#[test]
fn modules_that_make_no_sparse_row_are_refused() {
    let golden = golden("bert");
    let refused = |splade: Value, edit: &dyn Fn(&Path)| {
        let folder = masked(&golden);
        write_modules(folder.path(), 6, &splade);
        edit(folder.path());
        strata::app::load_only(&config(folder.path().to_owned())).err().unwrap().to_string()
    };
    let nothing = |_: &Path| {};
    let pooling = refused(json!({"pooling_strategy": "mean"}), &nothing);
    assert!(
        pooling.contains("pooling_strategy is \"mean\"; allowed are \"max\" and \"sum\""),
        "{pooling}"
    );
    let field = refused(json!({"topk": 3}), &nothing);
    assert!(field.contains("topk is 3") && field.contains("activation_function"), "{field}");
    let write = |folder: &Path, name: &str, content: Value| {
        fs::write(folder.join(name), content.to_string()).unwrap();
    };
    let dense = refused(json!({}), &|folder| {
        write(folder, "config_sentence_transformers.json", json!({}));
    });
    assert!(dense.contains("\"SparseEncoder\" is needed"), "{dense}");
    let hidden = refused(json!({}), &|folder| {
        write(folder, "sentence_bert_config.json", json!({}));
    });
    assert!(hidden.contains("a SparseEncoder needs \"fill-mask\""), "{hidden}");
    let alone = refused(json!({}), &|folder| {
        let kind = "sentence_transformers.base.modules.transformer.Transformer";
        let modules = json!([{"idx": 0, "name": "0", "path": "", "type": kind}]);
        write(folder, "modules.json", modules);
    });
    assert!(alone.contains("one SpladePooling is needed"), "{alone}");
}
