//! Vectors of tokens and MaxSim, as sentence-transformers' `MultiVectorEncoder` has them; and the heads of
//! bge-m3.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use strata::config::Config;
use strata::model::encoder::EncoderChoice;
use strata_kernels::{Dtype, InstructionSet, Kernels};
use tempfile::TempDir;

use crate::support::answer::rows;
use crate::support::app::{TestApp, config};
use crate::support::checkpoint::{edited, replace_tensors};
use crate::support::root;

/// Of vectors and of the weights of tokens, to float64. Largest difference seen: 1.6e-6.
const TOLERANCE: f64 = 1e-5;

/// Of scores, which are sums of up to 14 products. Largest difference seen: 2.5e-6.
const SCORE_TOLERANCE: f64 = 1e-5;

/// Of vectors by dtype, whose columns are up to 1. Largest differences seen: 0.026 and 0.080.
const REDUCED_TOLERANCES: [(Dtype, f64); 2] = [(Dtype::Bf16, 0.05), (Dtype::Int8, 0.15)];

const NAMES: [&str; 7] =
    ["pylate", "pylate-words", "colbert", "mpnet", "short", "modernbert", "roberta"];

fn fixture(name: &str) -> std::path::PathBuf {
    root().join("tests/fixtures/multi_vector").join(name)
}

fn golden(name: &str) -> Value {
    serde_json::from_slice(&fs::read(fixture(name).join("golden.json")).unwrap()).unwrap()
}

/// A copy of the checkpoint: its encoder, and the files beside it.
fn checkpoint(name: &str, golden: &Value) -> TempDir {
    let encoder = root().join("tests/fixtures").join(golden["encoder"].as_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
        fs::copy(encoder.join(file), folder.path().join(file)).unwrap();
    }
    let folder = edited(folder.path(), |config| {
        config.extend(golden["config"].as_object().unwrap().clone());
    });
    replace_tensors(folder.path(), &[], &golden["tensors"]);
    copy_into(&fixture(name), folder.path());
    folder
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_into(&path, &target),
            false => fs::write(target, fs::read(&path).unwrap()).unwrap(),
        }
    }
}

/// Edits one of its files, which is JSON.
fn edit(folder: &Path, file: &str, edit: impl FnOnce(&mut Map<String, Value>)) {
    let file = folder.join(file);
    let mut fields = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    edit(&mut fields);
    fs::write(file, serde_json::to_vec(&fields).unwrap()).unwrap();
}

fn served(folder: &Path) -> Config {
    config(folder.to_owned())
}

fn refusal(folder: &Path) -> String {
    strata::app::load_only(&served(folder)).err().unwrap().to_string()
}

/// The texts of golden values.
fn texts(cases: &Value) -> Vec<&str> {
    cases.as_array().unwrap().iter().map(|case| case["text"].as_str().unwrap()).collect()
}

async fn vectors(app: &TestApp, input_type: &str, texts: &[&str]) -> Vec<Vec<Vec<f32>>> {
    let body = json!({"inputs": texts, "outputs": ["multi_vector"], "input_type": input_type});
    let answer = app.post("/embed", body).await.ok();
    let outputs = answer["outputs"].as_array().unwrap().iter();
    outputs.map(|output| rows(&output["multi_vector"])).collect()
}

/// The largest difference between vectors; their number has to be the same.
fn difference(found: &[Vec<f32>], expected: &Value) -> f64 {
    let expected: Vec<Vec<f64>> = serde_json::from_value(expected.clone()).unwrap();
    assert_eq!(found.len(), expected.len(), "vectors");
    let numbers = found.iter().flatten().zip(expected.iter().flatten());
    numbers.map(|(&found, expected)| (f64::from(found) - expected).abs()).fold(0.0, f64::max)
}

async fn largest_difference(app: &TestApp, golden: &Value) -> f64 {
    let mut largest = 0.0_f64;
    for (input_type, cases) in [("query", "queries"), ("document", "documents")] {
        let cases = &golden[cases];
        let found = vectors(app, input_type, &texts(cases)).await;
        for (found, case) in found.iter().zip(cases.as_array().unwrap()) {
            largest = largest.max(difference(found, &case["vectors"]));
        }
    }
    largest
}

#[tokio::test]
async fn vectors_are_those_of_sentence_transformers_for_every_layout() {
    let mut seen = 0.0_f64;
    for name in NAMES {
        let golden = golden(name);
        let folder = checkpoint(name, &golden);
        let sets = InstructionSet::ALL.into_iter().filter(|set| Kernels::new(*set).is_some());
        let packed = sets.map(|set| (EncoderChoice::Packed, Some(set)));
        for (choice, set) in packed.chain([(EncoderChoice::Reference, None)]) {
            let mut config = served(folder.path());
            (config.encoder.choice, config.encoder.instruction_set) = (choice, set);
            let app = TestApp::new(&config);
            let largest = largest_difference(&app, &golden).await;
            assert!(largest < TOLERANCE, "{name} {choice:?} {set:?}: {largest:.1e}");
            seen = seen.max(largest);
        }
    }
    println!("largest difference {seen:.1e}");
}

#[tokio::test]
async fn documents_are_ranked_by_max_sim() {
    let mut seen = 0.0_f64;
    for name in NAMES {
        let golden = golden(name);
        let folder = checkpoint(name, &golden);
        let app = TestApp::new(&served(folder.path()));
        assert_eq!(app.get("/info").await.ok()["reranks_by"], "max-sim");
        let documents = texts(&golden["documents"]);
        for (query, expected) in
            texts(&golden["queries"]).iter().zip(golden["scores"].as_array().unwrap())
        {
            let body = json!({"query": query, "texts": documents, "truncate": true});
            let answer = app.post("/tei/rerank", body).await.ok();
            assert_eq!(answer.as_array().unwrap().len(), documents.len());
            for one in answer.as_array().unwrap() {
                let expected = expected[one["index"].as_u64().unwrap() as usize].as_f64().unwrap();
                let found = one["score"].as_f64().unwrap();
                seen = seen.max((found - expected).abs());
                assert!((found - expected).abs() < SCORE_TOLERANCE, "{name}: {found} {expected}");
            }
            let body = json!({"query": query, "documents": documents});
            let cohere = app.post("/v2/rerank", body).await.ok();
            let results = cohere["results"].as_array().unwrap();
            assert_eq!(results[0]["index"], answer[0]["index"], "the best is first");
        }
    }
    println!("largest difference {seen:.1e}");
}

#[tokio::test]
async fn a_text_has_the_same_vectors_in_any_batch_and_near_ones_with_reduced_dtypes() {
    for name in ["pylate", "modernbert"] {
        let golden = golden(name);
        let folder = checkpoint(name, &golden);
        let tolerances = [(Dtype::F32, TOLERANCE)].into_iter().chain(REDUCED_TOLERANCES);
        for (dtype, tolerance) in tolerances {
            let mut config = served(folder.path());
            (config.encoder.dtype, config.encoder.choice) = (dtype, EncoderChoice::Packed);
            let app = TestApp::new(&config);
            for (input_type, cases) in [("query", "queries"), ("document", "documents")] {
                let texts = texts(&golden[cases]);
                let together = vectors(&app, input_type, &texts).await;
                for (text, together) in texts.iter().zip(together) {
                    assert_eq!(vectors(&app, input_type, &[text]).await[0], together, "{dtype:?}");
                }
            }
            let largest = largest_difference(&app, &golden).await;
            println!("{name} {dtype:?}: largest difference {largest:.1e}");
            assert!(largest < tolerance, "{name} {dtype:?}: {largest:.1e}");
        }
    }
}

#[tokio::test]
async fn the_heads_of_bge_m3_are_read_beside_its_encoder() {
    let golden = golden("bge-m3");
    let folder = checkpoint("bge-m3", &golden);
    for choice in [EncoderChoice::Packed, EncoderChoice::Reference] {
        let mut config = served(folder.path());
        config.encoder.choice = choice;
        let app = TestApp::new(&config);
        let info = app.get("/info").await.ok();
        assert_eq!(info["reranks_by"], "cosine");
        assert_eq!(info["sparse"], json!({"method": "lexical", "dimensions": 134}));
        let texts = texts(&golden["documents"]);
        let body = json!({"inputs": texts, "outputs": ["dense", "multi_vector", "sparse"]});
        let answer = app.post("/embed", body).await;
        assert_eq!(answer.passes(), 1);
        let answer = answer.ok();
        let dense = app.post("/embed", json!({"inputs": texts})).await.ok();
        let tei = app.post("/tei/embed_sparse", json!({"inputs": texts})).await.ok();
        for (index, output) in answer["outputs"].as_array().unwrap().iter().enumerate() {
            let vectors = rows(&output["multi_vector"]);
            let largest = difference(&vectors, &golden["documents"][index]["vectors"]);
            assert!(largest < TOLERANCE, "{choice:?}: {largest:.1e}");
            let weights: Vec<(usize, f64)> =
                serde_json::from_value(golden["weights"][index].clone()).unwrap();
            let found = output["sparse"].as_array().unwrap();
            assert_eq!(found.len(), weights.len());
            for (found, (id, weight)) in found.iter().zip(&weights) {
                assert_eq!(found["index"], *id);
                let apart = (found["value"].as_f64().unwrap() - weight).abs();
                assert!(apart < TOLERANCE, "{choice:?} {id}: {apart:.1e}");
            }
            assert_eq!(output["dense"], dense["embeddings"][index]);
            assert_eq!(output["sparse"], tei[index]);
        }
    }
}

#[tokio::test]
async fn lengths_and_markers_are_those_of_the_files() {
    let golden = golden("pylate");
    let folder = checkpoint("pylate", &golden);
    let app = TestApp::new(&served(folder.path()));
    let info = app.get("/info").await.ok();
    let expected = json!({
        "dimensions": 16, "similarity": "maxsim", "query_tokens": 12, "filled_query_tokens": 12, "document_tokens": 20,
    });
    assert_eq!(info["multi_vector"], expected);
    assert_eq!(info["prompts"], json!({"query": "##s ", "document": "##e "}));
    assert_eq!(info["model"]["left_out"]["heads"], json!([]));
    let long = "the river and the rain ".repeat(9);
    let ask = |input_type: &str, long_text: &str| {
        json!({
            "inputs": long, "outputs": ["multi_vector"], "input_type": input_type,
            "long_text": long_text,
        })
    };
    let cut = app.post("/embed", ask("query", "truncate")).await.ok();
    assert_eq!(cut["usage"], json!({"tokens": 12, "truncated": [0]}));
    let refused = app.post("/embed", ask("query", "window")).await;
    refused.problem(422, "text_too_long", Some("/inputs"));
    let in_windows = app.post("/embed", ask("document", "window")).await.ok();
    let vectors = rows(&in_windows["outputs"][0]["multi_vector"]);
    // 45 words, the marker, and the special tokens of three windows.
    assert_eq!(vectors.len(), 45 + 1 + 2 * 3);
    assert!(in_windows["usage"]["truncated"].as_array().unwrap().is_empty());
}

#[test]
fn the_fingerprint_changes_with_all_that_makes_vectors() {
    let golden = golden("pylate");
    let fingerprint = |change: &dyn Fn(&Path)| {
        let folder = checkpoint("pylate", &golden);
        change(folder.path());
        strata::app::load_parts(&served(folder.path()), &mut |_| {}).unwrap().fingerprint
    };
    let mut found = vec![
        fingerprint(&|_| {}),
        fingerprint(&insert(OPTIONS, "skiplist_words", json!(["the"]))),
        fingerprint(&insert(OPTIONS, "query_length", json!(13))),
        fingerprint(&insert(OPTIONS, "document_length", json!(21))),
        fingerprint(&insert(OPTIONS, "similarity_fn_name", json!("meanmaxsim"))),
        fingerprint(&insert(OPTIONS, "query_prefix", json!("##ed "))),
        fingerprint(&|folder| {
            let file = folder.join("1_Dense/model.safetensors");
            let mut bytes = fs::read(&file).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(file, bytes).unwrap();
        }),
    ];
    let all = found.len();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), all);
}

#[tokio::test]
async fn an_answer_of_another_kind_of_model_is_refused() {
    let app = TestApp::tiny("sentence");
    let body = json!({"inputs": "a", "outputs": ["multi_vector"]});
    let refused = app.post("/embed", body).await;
    refused.problem(422, "output_unsupported", Some("/outputs"));
    assert!(app.get("/info").await.ok().get("multi_vector").is_none());
}

/// What is said about the checkpoint after a change.
fn changed(name: &str, change: &dyn Fn(&Path)) -> String {
    let folder = checkpoint(name, &golden(name));
    change(folder.path());
    refusal(folder.path())
}

const OPTIONS: &str = "config_sentence_transformers.json";
const SETTINGS: &str = "sentence_bert_config.json";

/// Writes a field of a file.
fn insert(file: &'static str, field: &'static str, value: Value) -> impl Fn(&Path) {
    move |folder| edit(folder, file, |fields| drop(fields.insert(field.to_owned(), value.clone())))
}

#[test]
fn lengths_that_cannot_be_served_are_refused_with_their_file() {
    for (name, change, expected) in [
        ("pylate", insert(OPTIONS, "query_length", json!(0)), "query_length is 0"),
        (
            "pylate",
            insert(OPTIONS, "document_length", json!(65)),
            "config_sentence_transformers.json: document_length is 65; the encoder has 64",
        ),
        (
            "pylate",
            insert(OPTIONS, "query_length", json!(65)),
            "config_sentence_transformers.json: query_length is 65",
        ),
        (
            "colbert",
            insert("artifact.metadata", "doc_maxlen", json!(65)),
            "artifact.metadata: doc_maxlen is 65",
        ),
        (
            "mpnet",
            insert(SETTINGS, "query_expansion", json!({"strategy": "all", "length": 9})),
            "query_expansion.strategy is \"all\"; allowed are \"fixed\" and \"min\"",
        ),
        (
            "mpnet",
            insert(SETTINGS, "query_expansion", json!({"strategy": "min"})),
            "query_expansion.length is null",
        ),
        ("mpnet", insert(SETTINGS, "query_length", json!(9)), "at least 10 is allowed"),
        (
            "modernbert",
            insert(
                SETTINGS,
                "query_expansion",
                json!({"strategy": "fixed", "length": 12, "token": "[NO]"}),
            ),
            "query_expansion.token is \"[NO]\"",
        ),
    ] {
        let refused = changed(name, &change);
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
}

#[test]
fn fields_that_cannot_be_served_are_refused_by_name() {
    for (name, change, expected) in [
        ("pylate", insert("1_Dense/config.json", "out_features", json!(0)), "out_features is 0"),
        ("pylate", insert(OPTIONS, "query_prefix", json!(3)), "query_prefix is 3"),
        ("pylate", insert(OPTIONS, "skiplist_words", json!("the")), "skiplist_words is \"the\""),
        ("pylate", insert("1_Dense/config.json", "in_features", json!(8)), "in_features is 8"),
        (
            "mpnet",
            insert("4_MultiVectorMask/config.json", "keep_only_token_ids", json!([7])),
            "keep_only_token_ids is [7]; only null can be served",
        ),
        (
            "modernbert",
            insert(OPTIONS, "model_type", json!("SentenceTransformer")),
            "only a MultiVectorEncoder can have it",
        ),
        (
            "colbert",
            insert("artifact.metadata", "similarity", json!("l2")),
            "similarity is \"l2\"; allowed is \"cosine\"",
        ),
    ] {
        let refused = changed(name, &change);
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
}

#[test]
fn modules_and_layers_that_are_missing_are_named() {
    let without_mask = changed("mpnet", &|folder| {
        let file = folder.join("modules.json");
        let mut modules: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        modules.retain(|module| !module["path"].as_str().unwrap().contains("Mask"));
        fs::write(file, serde_json::to_vec(&modules).unwrap()).unwrap();
    });
    assert!(without_mask.contains("no MultiVectorMask"), "{without_mask}");
    let without_linear = changed("colbert", &|folder| {
        replace_tensors(folder, &["linear.weight"], &json!({}));
    });
    assert!(without_linear.contains("\"linear.weight\": found nothing"), "{without_linear}");
}
